package smppc

import (
	"strings"
	"sync"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// attempt is a submission on its way. The session tells it the outcome, once,
// and later perhaps of a late response.
type attempt struct {
	c    *Connector
	link *link
	ref  sms.AttemptRef
}

var attempts = sync.Pool{New: func() any { return new(attempt) }}

func newAttempt(c *Connector, l *link, ref sms.AttemptRef) *attempt {
	a := attempts.Get().(*attempt)
	a.c, a.link, a.ref = c, l, ref
	return a
}

func (a *attempt) free() {
	*a = attempt{}
	attempts.Put(a)
}

// Complete reports the outcome (smpp.Completer).
func (a *attempt) Complete(r smpp.Result) {
	o := sms.Outcome{AttemptRef: a.ref, ConnectorID: a.c.id, At: a.c.opt.Now()}
	switch r.Outcome {
	case smpp.Answered:
		a.answered(&o, r.Status, r.Response)
	case smpp.TimedOut:
		o.Verdict, o.Reason, o.Code = sms.VerdictUnknown, sms.ReasonOutcome, codeNoResponse
	case smpp.Lost:
		o.Verdict, o.Reason, o.Code = sms.VerdictUnknown, sms.ReasonOutcome, codeLinkLost
	case smpp.NotWritten:
		o.Verdict, o.Reason = sms.VerdictDown, sms.ReasonLinkDown
	}
	a.c.outcomes.add(o, a.link)
	if r.Outcome != smpp.TimedOut { // else the session keeps it for a late response
		a.free()
	}
}

// answered reads a response.
func (a *attempt) answered(o *sms.Outcome, st smpp.Status, resp smpp.PDU) {
	body, ok := resp.(*smpp.SubmitSMResp)
	if !ok && st == smpp.StatusOK { // generic_nack, which refuses whatever its status says
		st = smpp.StatusInvCmdID
	}
	o.Verdict, o.Reason = a.c.cfg.classify(st)
	if o.Verdict != sms.VerdictAccepted {
		o.Code = statusCode(st)
		return
	}
	// Cloned, since the string would keep the whole read buffer.
	o.UpstreamID = strings.Clone(body.MessageID)
	o.UpstreamKey = smpp.MessageIDKey(o.UpstreamID)
}

// late reports an acceptance that came after its time. A refusal changes
// nothing: what is unknown stays so until evidence comes.
func (a *attempt) late(st smpp.Status, resp smpp.PDU) {
	o := sms.Outcome{AttemptRef: a.ref, ConnectorID: a.c.id, At: a.c.opt.Now()}
	if a.answered(&o, st, resp); o.Verdict == sms.VerdictAccepted {
		o.Late = true
		a.c.outcomes.add(o, nil)
	}
}
