package smppd

import (
	"context"
	"strings"

	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// submitMulti reads a submit_multi (SMPP 3.4 §4.5). Destinations that cannot be
// numbers at all are left to flow, which refuses them one by one.
func (v view) submitMulti(p *smpp.SubmitMulti) (flow.Request, []smpp.Address, error) {
	if len(p.Destinations) == 0 {
		return flow.Request{}, nil, refuse(smpp.StatusInvNumDests, "number_of_dests must be between 1 and 254")
	}
	if err := checkFixed(p.ReplaceIfPresent, p.SMDefaultMsgID); err != nil {
		return flow.Request{}, nil, err
	}
	m := message{source: p.Source, esmClass: p.ESMClass, protocol: p.ProtocolID, priority: p.PriorityFlag, registered: p.RegisteredDelivery,
		coding: p.DataCoding, schedule: p.ScheduleDeliveryTime, validity: p.ValidityPeriod, short: p.ShortMessage, tlvs: p.TLVs}
	req, err := v.request(&m)
	if err != nil {
		return req, nil, err
	}
	multi := make([]smpp.Address, len(p.Destinations))
	req.To = make([]string, len(p.Destinations))
	for i, d := range p.Destinations {
		if d.List != "" {
			return req, nil, refuse(smpp.StatusCntSubDL, "There are no distribution lists; use SME addresses (dest_flag 1)")
		}
		multi[i] = d.Address
		multi[i].Addr = strings.Clone(d.Address.Addr)
		if req.To[i], err = recipient(d.Address, v.zone); err != nil {
			req.To[i] = d.Address.Addr + "?" // no number: it fails alone
		}
	}
	return req, multi, nil
}

// multiResp is the answer to a submit_multi that was kept: the id of its first
// message stands for all of them, also in their receipts, and those that were
// refused are listed.
func (b *bind) multiResp(ctx context.Context, t *task, g *sms.Group, form string) smpp.PDU {
	resp := &smpp.SubmitMultiResp{MessageID: idText(g.FirstMessage, form)}
	_, messages, err := b.server.Store.Group(ctx, g.AccountID, g.Number)
	if err != nil {
		// The messages are kept all the same, and the answer must say so. Those that
		// were refused will be found by query_sm.
		b.server.Log.Error("smpp: the refused destinations of a submit_multi could not be read", "group", g.Number, "err", err)
		return resp
	}
	failed := map[string]sms.Reason{}
	for i := range messages {
		if m := &messages[i]; m.State == sms.Failed {
			failed[m.To], failed[m.Input] = m.Reason, m.Reason
		}
	}
	delete(failed, "") // of messages without a number, or whose input was the number
	for i, to := range t.req.To {
		if reason, ok := failed[strings.TrimSpace(to)]; ok {
			resp.Unsuccess = append(resp.Unsuccess, smpp.Unsuccess{Address: t.multi[i], Status: reasonStatus(reason)})
		}
	}
	return resp
}
