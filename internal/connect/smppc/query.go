package smppc

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

var _ connect.Querier = (*Connector)(nil)

// Query asks with query_sm what became of a part (SMPP 3.4 §4.8). The question
// takes a place in the window as a submission does.
func (c *Connector) Query(ctx context.Context, q connect.Query) error {
	if c.cfg.Query != queryOn {
		return connect.ErrNoQuery
	}
	// The source must be that of the submit_sm (§4.8.1).
	pdu := &smpp.QuerySM{MessageID: q.UpstreamID, Source: c.cfg.source(q.From)}
	for {
		l, err := c.pool.take(ctx)
		if err != nil {
			return err
		}
		err = l.session.Send(ctx, pdu, &question{c: c, link: l, id: q.UpstreamID, to: q.To})
		if err == nil {
			return nil // the answer gives the place back
		}
		if again := c.giveBack(l, err); !again {
			return err
		}
	}
}

// giveBack returns the place of a request that was not written. again says that
// another link may take it.
func (c *Connector) giveBack(l *link, err error) (again bool) {
	_, bad := errors.AsType[*smpp.FieldError](err)
	if !bad && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		c.retire(l) // it is ending; others may be up
		again = true
	}
	c.pool.release(l)
	return again
}

// question is a query_sm on its way.
type question struct {
	c    *Connector
	link *link
	id   string
	to   string
}

// formQuery in sms.Receipt.Forms: the answer to our own question.
const formQuery = "query"

// Complete hands an answer over as a receipt. An operator that does not know, or
// does not answer, brings nothing: the question may be asked again.
func (q *question) Complete(r smpp.Result) {
	c := q.c
	c.pool.release(q.link)
	answer, ok := r.Response.(*smpp.QuerySMResp)
	if r.Outcome == smpp.Answered && r.Status == smpp.StatusOK && ok && r.BodyErr == nil {
		if receipt, ok := c.cfg.queried(answer); ok {
			receipt.ConnectorID, receipt.To, receipt.At = c.noun.Load().Scope(), q.to, c.opt.Now()
			receipt.IDs, receipt.Forms = []string{smpp.MessageIDKey(q.id)}, []string{formQuery}
			c.receipts.putQuiet(receipt)
			return
		}
	}
	if n, ok := c.questions.Allow(c.opt.Now()); ok {
		c.log.Warn("the operator does not say what became of a part (query_sm)",
			"outcome", r.Outcome.String(), "status", r.Status.String(), "suppressed", n)
	}
}

// queried reads an answer (SMPP 3.4 §4.8.2); false when it says nothing.
func (s *settings) queried(a *smpp.QuerySMResp) (sms.Receipt, bool) {
	r := smpp.Receipt{State: a.State}
	if a.State == smpp.StateUnknown || a.State > smpp.StateSkipped {
		return sms.Receipt{}, false
	}
	receipt := sms.Receipt{State: s.partState(r), Raw: fmt.Sprintf("query_sm_resp message_state=%02x final_date=%.16q error_code=%d",
		uint8(a.State), a.FinalDate, a.ErrorCode)}
	if a.ErrorCode != 0 {
		r.Err = strconv.Itoa(int(a.ErrorCode))
	}
	receipt.Code = receiptCode(r)
	if receipt.State.Final() && receipt.State != sms.PartDelivered {
		receipt.Reason = s.receiptReason(r, a.TLVs)
	}
	return receipt, true
}
