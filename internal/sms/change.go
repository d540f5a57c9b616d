package sms

import (
	"cmp"
	"time"
)

// Event is one row of a message's history, written in the transaction of the
// change itself.
type Event struct {
	Seq         int64 // store's number, in order of commit
	AccountID   int64
	MessageID   MessageID
	At          time.Time
	Trigger     Trigger
	State       State // after it
	Part        int   // 0: the message as a whole
	ConnectorID int64
	Reason      Reason
	Code        string
	Receipt     *ReceiptNote // what the receipt behind it said, if there is one; only store.Reader.Message fills it in

	// SubscriberID is who else is told, beside the subscribers of all events of
	// the account; 0 nobody. It is for the store to write a delivery row, and no
	// part of the history.
	SubscriberID int64
}

// Change is what a life-cycle function did to a Record, for the store to write.
// The zero Change means: nothing to write.
type Change struct {
	Touched  bool     // the message row changed
	Parts    []int    // indices into Sub that changed or are new
	Captured []int    // indices into Sub whose price was captured
	Capture  Money    // sum of those
	Release  Money    // credit given back
	Upstream []int    // indices into Sub of the parts that UpstreamIDs belong to
	IDs      []string // the upstream keys to remember, one per entry of Upstream
	Events   []Event
	Replaced bool // what acceptance wrote of the message changed too: encoding, parts, units, notify, times
}

// Claim makes the intent to send: pending parts become sending. parts is the
// number of submissions, used when the rows do not exist yet.
func (r *Record) Claim(connectorID, epoch int64, parts int, now time.Time) Change {
	var c Change
	if r.State != Queued {
		return c
	}
	if len(r.Sub) == 0 {
		r.Sub = make([]Part, parts)
		for i := range r.Sub {
			r.Sub[i] = Part{Seq: i + 1, State: PartPending}
		}
	}
	for i := range r.Sub {
		p := &r.Sub[i]
		if p.State == PartPending {
			p.State, p.ConnectorID, p.Epoch, p.At = PartSending, connectorID, epoch, now
			p.Attempt++
			c.part(i)
		}
	}
	r.OnlyID, r.AvoidID = 0, 0
	r.settle(&c, Event{Trigger: OnClaim, ConnectorID: connectorID, At: now})
	return c
}

// Outcome applies what a connector said of an attempt. An outcome of an attempt
// that is no longer the live one changes nothing, except that an acceptance is
// always evidence: its id is remembered and the part counts as sent.
func (r *Record) Outcome(o Outcome, now time.Time) Change {
	var c Change
	i := o.Seq - 1
	if i < 0 || i >= len(r.Sub) {
		return c
	}
	p := &r.Sub[i]
	live := p.Attempt == o.Attempt && p.Epoch == o.Epoch && (p.State == PartSending || p.State == PartUnknown)
	ev := Event{Part: o.Seq, ConnectorID: o.ConnectorID, Reason: o.Reason, Code: o.Code, At: now}
	if o.Verdict == VerdictAccepted {
		r.accepted(&c, i, o, ev)
		return c
	}
	if !live || o.Verdict != VerdictReject && p.State != PartSending {
		return c
	}
	p.Code, p.At = o.Code, now
	c.part(i)
	// What becomes of a message that cannot become whole was said by the refusal.
	ended, waits := r.State.Final() || r.refused(), true
	switch o.Verdict {
	case VerdictReject:
		ev.Trigger = OnReject
		r.reject(&c, p)
	case VerdictUnknown:
		p.Unknowns++
		p.State, ev.Trigger = PartUnknown, OnHold
		if o.Resend && p.Unknowns == 1 && r.again(p, o) {
			ev.Trigger = OnRetry
		}
	case VerdictDown:
		ev.Trigger = OnHandBack
		waits = r.again(p, o)
	case VerdictRetry:
		r.Attempts = max(r.Attempts, o.Tries+1) // the parts of one claim count once
		fallthrough
	case VerdictThrottle:
		ev.Trigger = OnRetry
		waits = r.again(p, o)
	}
	if waits && !ended || o.Verdict == VerdictReject && p.State == PartRejected {
		r.Reason, r.Code = o.Reason, o.Code
	}
	r.settle(&c, ev)
	return c
}

// reject ends a part that the operator refused for good. The refusal of a
// resend says nothing of the first copy, which may have been taken: operators
// refuse duplicates. Such a part stays unknown.
func (r *Record) reject(c *Change, p *Part) {
	if p.State == PartSending && p.Unknowns > 0 {
		p.State = PartUnknown
		return
	}
	p.State = PartRejected
	r.cancelPending(c)
}

// again makes a part wait for its next attempt. A part that may have been sent
// before goes by the same connector only; one whose sibling was refused does
// not go at all, since the message cannot become whole; waits is false then.
func (r *Record) again(p *Part, o Outcome) (waits bool) {
	p.State = PartPending
	for i := range r.Sub {
		if r.Sub[i].State == PartRejected {
			p.State = PartCanceled
			if p.Unknowns > 0 {
				p.State = PartUnknown
			}
			return false
		}
	}
	r.later(o.RetryAt)
	switch {
	case p.Unknowns > 0:
		r.OnlyID, r.AvoidID = o.ConnectorID, 0
	case o.OnlyID != 0 && r.OnlyID == 0:
		r.OnlyID, r.AvoidID = o.OnlyID, 0
	case r.OnlyID == 0:
		r.AvoidID = o.AvoidID
	}
	return true
}

func (r *Record) accepted(c *Change, i int, o Outcome, ev Event) {
	p := &r.Sub[i]
	if key := cmp.Or(o.UpstreamKey, o.UpstreamID); key != "" {
		c.Upstream, c.IDs = append(c.Upstream, i), append(c.IDs, key)
	}
	if p.State.Answered() {
		// Another copy was answered, or a receipt overtook the response.
		if p.UpstreamID == "" {
			p.UpstreamID = o.UpstreamID
			c.part(i)
		}
		if p.Unknowns > 0 {
			r.log(c, ev, OnEvidence)
		}
		return
	}
	p.State, p.UpstreamID, p.ConnectorID, p.Code, p.At = PartSent, o.UpstreamID, o.ConnectorID, "", ev.At
	c.part(i)
	r.charge(c, i)
	r.spread(c, ev.At)
	ev.Trigger = OnAnswer
	r.settle(c, ev)
}

// Receipt applies a receipt that was matched to part seq. After a final state
// that is not provisional it is evidence only.
func (r *Record) Receipt(seq int, rc Receipt, now time.Time) Change {
	var c Change
	i := seq - 1
	if i < 0 || i >= len(r.Sub) {
		return c
	}
	p := &r.Sub[i]
	ev := Event{Part: seq, ConnectorID: p.ConnectorID, Code: rc.Code, At: now, Trigger: receiptTrigger(rc.State)}
	upgrade := rc.State == PartRead && p.State == PartDelivered
	ended := r.State.Final() && !r.Provisional
	if p.State.Final() && p.State != PartCanceled && !upgrade || ended && !(upgrade && r.State == Delivered) ||
		rc.State == PartSent && p.State.Answered() {
		r.log(&c, ev, OnEvidence)
		return c
	}
	p.State, p.Code, p.At = rc.State, rc.Code, now
	c.part(i)
	r.charge(&c, i)
	if rc.State.Final() && !rc.State.delivered() {
		ev.Reason = rc.Why()
		r.Reason, r.Code = ev.Reason, rc.Code
		r.cancelPending(&c) // the message cannot become whole any more
	}
	r.spread(&c, now)
	r.settle(&c, ev)
	return c
}

// receiptTrigger names what a receipt says of its part.
func receiptTrigger(s PartState) Trigger {
	_, t := foldParts([]Part{{State: s}})
	return t
}
