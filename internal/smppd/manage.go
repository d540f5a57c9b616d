package smppd

import (
	"context"
	"strings"

	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// owned is the first of the ids that is a message of the login's account, and whose
// originator must be the one that the request names.
func (b *bind) owned(ctx context.Context, ids []sms.MessageID, source smpp.Address, mismatch smpp.Status) (r sms.Record, g sms.Group, err error) {
	for _, id := range ids {
		r, g, _, err = b.server.Store.Message(ctx, b.login.noun.Load().AccountID, id)
		if err == nil || sms.CodeOf(err) != sms.CodeNotFound {
			break
		}
	}
	if err == nil && !sameSender(g.From, source) {
		err = refuse(mismatch, "source_addr is not that of the message")
	}
	return r, g, err
}

// kept is the address for use after the PDU is gone.
func kept(a smpp.Address) smpp.Address {
	a.Addr = strings.Clone(a.Addr)
	return a
}

// querySM answers a query_sm (SMPP 3.4 §4.8). Of a submit_multi it is about the
// first message.
func (b *bind) querySM(v view, p *smpp.QuerySM) (func(context.Context) (smpp.PDU, error), error) {
	ids, err := parseIDs(p.MessageID, v.login.SMPP.MessageID)
	if err != nil {
		return nil, err
	}
	asked, source, zone := strings.Clone(p.MessageID), kept(p.Source), v.cat.Zone(v.login.AccountID)
	return func(ctx context.Context) (smpp.PDU, error) {
		r, _, err := b.owned(ctx, ids, source, smpp.StatusQueryFail)
		if err != nil {
			return nil, err
		}
		resp := &smpp.QuerySMResp{MessageID: asked, State: messageState(r.State, b.session.Version()), ErrorCode: errorCode(r.State, r.Code, r.Reason)}
		if r.State.Final() {
			resp.FinalDate = smpp.FormatTime(r.UpdatedAt.In(zone))
		}
		return resp, nil
	}, nil
}

// cancelSM answers a cancel_sm (SMPP 3.4 §4.9). Of a submit_multi it cancels all
// that were not sent, or the one to destination_addr.
func (b *bind) cancelSM(v view, p *smpp.CancelSM) (func(context.Context) (smpp.PDU, error), error) {
	if p.MessageID == "" {
		return nil, refuse(smpp.StatusCancelFail, "Canceling by addresses is not supported; give the message_id")
	}
	ids, err := parseIDs(p.MessageID, v.login.SMPP.MessageID)
	if err != nil {
		return nil, err
	}
	source, to := kept(p.Source), ""
	if p.Destination.Addr != "" {
		if to, err = recipient(p.Destination, v.zone); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context) (smpp.PDU, error) {
		r, g, err := b.owned(ctx, ids, source, smpp.StatusCancelFail)
		if err != nil {
			return nil, err
		}
		messages := []sms.Message{r.Message}
		if g.Count > 1 && g.FirstMessage == r.ID {
			if _, messages, err = b.server.Store.Group(ctx, g.AccountID, g.Number); err != nil {
				return nil, err
			}
		}
		var those []sms.MessageID
		for i := range messages {
			if sms.SameNumber(messages[i].To, to) {
				those = append(those, messages[i].ID)
			}
		}
		ended, err := b.server.Door.Cancel(ctx, g.AccountID, those)
		if err == nil && len(ended) == 0 {
			err = refuse(smpp.StatusCancelFail, "The message was sent already, or has ended")
		}
		return new(smpp.CancelSMResp), err
	}, nil
}

// replaceSM answers a replace_sm (SMPP 3.4 §4.10) while the message waits in our
// queue. It has no data_coding: the new text is written in the one of the old.
func (b *bind) replaceSM(v view, p *smpp.ReplaceSM) (func(context.Context) (smpp.PDU, error), error) {
	ids, err := parseIDs(p.MessageID, v.login.SMPP.MessageID)
	if err != nil {
		return nil, err
	}
	if err := checkFixed(0, p.SMDefaultMsgID); err != nil {
		return nil, err
	}
	m := &message{schedule: strings.Clone(p.ScheduleDeliveryTime), validity: strings.Clone(p.ValidityPeriod),
		short: append([]byte{}, p.ShortMessage...), tlvs: append(smpp.TLVs{}, p.TLVs...)}
	x := flow.Replacement{Notify: notify(p.RegisteredDelivery)}
	if x.SendAt, err = v.schedule(m); err != nil {
		return nil, err
	}
	source, alphabet := kept(p.Source), v.login.SMPP.Alphabet
	return func(ctx context.Context) (smpp.PDU, error) {
		r, g, err := b.owned(ctx, ids, source, smpp.StatusReplaceFail)
		switch {
		case err != nil:
			return nil, err
		case g.Raw != nil:
			return nil, refuse(smpp.StatusReplaceFail, "A part of a message, or a binary one, cannot be replaced; cancel it and send a new one")
		}
		if m.coding = g.Coding; m.coding == 0 && g.Type == sms.TypeUnicode { // of another face
			m.coding = smpp.CodingUCS2
		}
		c, err := readContent(m, alphabet)
		if err != nil {
			return nil, err
		}
		x.Text, x.Raw, x.Encoding = c.text, c.raw, c.encoding
		from := x.SendAt
		if from.IsZero() {
			from = r.DueAt // as it stays
		}
		if x.ValidFor, err = v.validity(m, from); err != nil {
			return nil, err
		}
		err = b.server.Door.Replace(ctx, g.AccountID, r.ID, x)
		if sms.CodeOf(err) == sms.CodeConflict && err != nil {
			err = refuse(smpp.StatusReplaceFail, "The message was sent already, has ended, has other recipients, or the new text costs more")
		}
		return new(smpp.ReplaceSMResp), err
	}, nil
}
