package sms

import "time"

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
//
// Before that, at AskAt, the operator is to be asked. If it can be (ask), the
// change is an OnAsk event alone, and AskAt moves on, each time by half of what
// is left; if it cannot, AskAt moves on by askAgain and nothing else happens. Of
// parts without an id nobody can ever be asked.
func (r *Record) Expire(now time.Time, ask bool) Change {
	var c Change
	at, open := r.Deadline()
	if !open || now.Before(at) || r.State == Scheduled {
		return c
	}
	if r.State == Queued {
		return r.expireQueued(now)
	}
	if r.AskDue(now) {
		return r.ask(now, ask)
	}
	r.Provisional = true
	r.Reason = ReasonNoReceipt
	if !r.Answered {
		r.Reason = ReasonOutcome
	}
	r.end(&c, Unknown, Event{Trigger: OnClose, Reason: r.Reason, At: now})
	return c
}

// AskDue says whether Expire would have the operator asked at that time.
func (r *Record) AskDue(now time.Time) bool {
	return r.State == Sent && !r.AskAt.IsZero() && !now.Before(r.AskAt) && now.Before(r.CloseAt)
}

func (r *Record) ask(now time.Time, can bool) (c Change) {
	c.Touched, r.UpdatedAt = true, now
	switch {
	case len(r.Unreceipted()) == 0: // the operator gave no id to ask by
		r.AskAt = time.Time{}
		return c
	case !can:
		if r.AskAt = now.Add(askAgain); !r.AskAt.Before(r.CloseAt) {
			r.AskAt = time.Time{}
		}
		return c
	}
	if r.AskAt = now.Add(r.CloseAt.Sub(now) / 2); r.CloseAt.Sub(r.AskAt) < askLeast {
		r.AskAt = time.Time{}
	}
	r.log(&c, Event{At: now}, OnAsk)
	return c
}

const (
	// askLeast is how much time must be left for another question.
	askLeast = 5 * time.Minute
	// askAgain is when the operator is asked that cannot be asked now.
	askAgain = 5 * time.Minute
	// askLate is how long a receipt is waited for that was to be asked about when
	// its message had not even been sent.
	askLate = time.Hour
)

// Unreceipted are the parts that an operator took and of which nothing else is
// known: those to ask about.
func (r *Record) Unreceipted() (list []Part) {
	for _, p := range r.Sub {
		if p.State == PartSent && p.UpstreamID != "" {
			list = append(list, p)
		}
	}
	return list
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

// Replacement is new content for a message that was not sent yet. The price of
// a unit stays.
type Replacement struct {
	Text      string
	Raw       *Raw
	Encoding  Encoding
	Parts     int
	Units     int
	DueAt     time.Time // zero: as before
	ExpiresAt time.Time // zero: as before
	Notify    Notify
}

// Replaceable says whether the content can still be replaced: nobody has claimed
// the message yet, and what is reserved pays for the new units.
func (r *Record) Replaceable(x *Replacement) bool {
	need, ok := r.Price.Times(x.Units)
	return r.Cancelable() && len(r.Sub) == 0 && ok && need <= r.Reserved
}

// Replace puts new content in place of the old; the zero Change means that it
// is not Replaceable. What is reserved too much is released at the end. A
// scheduled message stays scheduled, and a queued one queued, until DueAt. The
// store replaces Text and Raw of the group, which must have no other message.
func (r *Record) Replace(x *Replacement, now time.Time) Change {
	var c Change
	if !r.Replaceable(x) {
		return c
	}
	r.Encoding, r.Parts, r.Units, r.Notify = x.Encoding, x.Parts, x.Units, x.Notify
	if !x.ExpiresAt.IsZero() {
		r.CloseAt = r.CloseAt.Add(x.ExpiresAt.Sub(r.ExpiresAt))
		r.ExpiresAt = x.ExpiresAt
	}
	if !x.DueAt.IsZero() {
		if !r.AskAt.IsZero() {
			r.AskAt = r.AskAt.Add(x.DueAt.Sub(r.DueAt))
		}
		r.DueAt = x.DueAt
	}
	c.Touched, c.Replaced, r.UpdatedAt = true, true, now
	r.log(&c, Event{At: now}, OnReplace)
	return c
}
