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
	ended, waits := r.State.Final(), true
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
		r.Reason, r.Code = receiptReason(rc.State), rc.Code
		r.cancelPending(&c) // the message cannot become whole any more
	}
	r.settle(&c, ev)
	return c
}

// receiptTrigger names what a receipt says of its part.
func receiptTrigger(s PartState) Trigger {
	_, t := Fold([]Part{{State: s}})
	return t
}

func receiptReason(s PartState) Reason {
	switch s {
	case PartExpired:
		return ReasonOpExpired
	case PartRejected:
		return ReasonOperator
	}
	return ReasonUndelivered
}

// Start is what happens to a scheduled message at its due time: it joins the
// queue, or it is rejected for the reason given (empty: none).
func (r *Record) Start(refuse Reason, now time.Time) Change {
	var c Change
	if r.State != Scheduled {
		return c
	}
	if refuse != "" {
		r.Reason = refuse
		r.end(&c, Rejected, Event{Trigger: OnReject, Reason: refuse, At: now})
		return c
	}
	r.State, r.UpdatedAt, c.Touched = Queued, now, true
	r.log(&c, Event{At: now}, OnDue)
	return c
}

// Expire is what our own timer does when Deadline has passed: what was never
// sent expires, what may have been sent is closed as unknown, both provisional.
func (r *Record) Expire(now time.Time) Change {
	var c Change
	at, open := r.Deadline()
	if !open || now.Before(at) || r.State == Scheduled {
		return c
	}
	if r.State == Queued {
		return r.expireQueued(now)
	}
	r.Provisional = true
	r.Reason = ReasonNoReceipt
	if !r.Answered {
		r.Reason = ReasonOutcome
	}
	r.end(&c, Unknown, Event{Trigger: OnClose, Reason: r.Reason, At: now})
	return c
}

// expireQueued ends the waiting of the parts that were not sent; parts that
// were, or may have been, still wait for their receipts.
func (r *Record) expireQueued(now time.Time) Change {
	var c Change
	wait, cut := false, len(r.Sub) == 0
	for i := range r.Sub {
		p := &r.Sub[i]
		switch {
		case p.State == PartPending && p.Unknowns > 0:
			p.State, p.At = PartUnknown, now
			c.part(i)
		case p.State == PartPending:
			p.State, p.At, cut = PartCanceled, now, true
			c.part(i)
		}
		wait = wait || p.State == PartUnknown || p.State.Answered()
	}
	if cut && (r.Reason == "" || r.Reason == ReasonRetrying || r.Reason == ReasonThrottled) {
		r.Reason = ReasonValidity
	}
	if wait {
		r.settle(&c, Event{Trigger: OnExpire, Reason: r.Reason, At: now})
		return c
	}
	r.Provisional = true
	r.end(&c, Expired, Event{Trigger: OnExpire, Reason: r.Reason, At: now})
	return c
}

// Cancelable says whether nothing of the message was or may have been sent.
func (r *Record) Cancelable() bool {
	for _, p := range r.Sub {
		if p.State != PartPending || p.Unknowns > 0 {
			return false
		}
	}
	return r.State == Scheduled || r.State == Queued
}

// Cancel ends a message that was not sent yet; the zero Change means too late.
func (r *Record) Cancel(now time.Time) Change {
	var c Change
	if !r.Cancelable() {
		return c
	}
	r.cancelPending(&c)
	r.Reason = ReasonCanceled
	r.end(&c, Canceled, Event{Trigger: OnCancel, Reason: ReasonCanceled, At: now})
	return c
}

// settle recomputes the message from its parts and moves it if the table
// allows. ev carries what caused it; its Trigger names a move that Fold cannot
// tell apart (hand back, retry), or OnEvidence.
func (r *Record) settle(c *Change, ev Event) {
	c.Touched = true
	r.UpdatedAt = ev.At
	r.Answered = len(r.Sub) > 0
	for _, p := range r.Sub {
		r.Answered = r.Answered && p.State.Answered()
	}
	to, trigger := Fold(r.Sub)
	if to == Queued && ev.Trigger == OnHandBack {
		trigger = OnHandBack
	}
	from := r.State
	if r.Provisional && from.Final() {
		from = Sent
	}
	if to == r.State {
		r.Provisional = false // evidence confirms the end that our timer gave it
	}
	if _, ok := Next(from, trigger); to == r.State || !ok || r.Provisional && !to.Final() {
		r.log(c, ev, ev.Trigger) // something of a part, the message stays where it is
		return
	}
	if ev.Trigger == 0 {
		ev.Trigger = trigger
	}
	if to != Queued {
		r.OnlyID, r.AvoidID = 0, 0 // they are about the next attempt
	}
	if to.Final() {
		r.Provisional = false
		r.end(c, to, ev)
		return
	}
	if to == Sent && !r.refused() {
		r.Reason, r.Code = "", ""
	}
	r.State = to
	r.log(c, ev, ev.Trigger)
}

// refused says whether any part will not reach the handset.
func (r *Record) refused() bool {
	for _, p := range r.Sub {
		if p.State.Final() && !p.State.delivered() {
			return true
		}
	}
	return false
}

// end moves to a final state and gives back what is still held. After a
// provisional end nothing is held any more, so its replacement moves no money.
func (r *Record) end(c *Change, to State, ev Event) {
	if to == Delivered || to == Read {
		r.Reason, r.Code = "", ""
	}
	r.State, r.UpdatedAt, c.Touched = to, ev.At, true
	r.OnlyID, r.AvoidID = 0, 0
	if open := r.Open(); open > 0 {
		r.Released += open
		c.Release += open
	}
	r.log(c, ev, ev.Trigger)
}

// charge captures the price of part i when its state is the one the plan
// charges on, once, and only while the credit is still held.
func (r *Record) charge(c *Change, i int) {
	p := &r.Sub[i]
	due := p.State.Answered()
	if r.ChargeOn == ChargeDelivered {
		due = p.State.delivered()
	}
	amount := r.share(i)
	if !due || p.Captured != 0 || amount == 0 || r.Open() < amount {
		return
	}
	p.Captured = amount
	r.Captured += amount
	c.Capture += amount
	c.Captured = append(c.Captured, i)
}

// share is the price of part i: the units are spread over the submissions, the
// last takes the remainder.
func (r *Record) share(i int) Money {
	n := len(r.Sub)
	units := r.Units / n
	if i == n-1 {
		units = r.Units - units*(n-1)
	}
	return r.Price * Money(units)
}

func (r *Record) cancelPending(c *Change) {
	for i := range r.Sub {
		if p := &r.Sub[i]; p.State == PartPending {
			if p.State = PartCanceled; p.Unknowns > 0 {
				p.State = PartUnknown // an earlier attempt may have been sent
			}
			c.part(i)
		}
	}
}

// later moves the due time of the message to the latest its parts ask for.
func (r *Record) later(at time.Time) {
	if at.After(r.DueAt) {
		r.DueAt = at
	}
}

func (r *Record) log(c *Change, ev Event, t Trigger) {
	ev.AccountID, ev.MessageID, ev.State, ev.Trigger = r.AccountID, r.ID, r.State, t
	c.Events = append(c.Events, ev)
}

func (c *Change) part(i int) {
	for _, have := range c.Parts {
		if have == i {
			return
		}
	}
	c.Parts = append(c.Parts, i)
}
