package sms

import "time"

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
	to, trigger := r.Fold()
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
		r.Provisional = r.timedOut(to)
		r.end(c, to, ev)
		return
	}
	if to == Sent && !r.refused() {
		r.Reason, r.Code = "", ""
	}
	r.State = to
	r.log(c, ev, ev.Trigger)
	if to == Sent {
		r.notify(c, NotifyProgress)
		if !r.AskAt.IsZero() && r.AskAt.Before(ev.At) { // it waited long in the queue
			r.AskAt = ev.At.Add(min(askLate, r.CloseAt.Sub(ev.At)/2))
		}
	}
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
	was := r.State
	r.State, r.UpdatedAt, c.Touched = to, ev.At, true
	r.OnlyID, r.AvoidID = 0, 0
	if open := r.Open(); open > 0 {
		r.Released += open
		c.Release += open
	}
	r.log(c, ev, ev.Trigger)
	switch {
	case was == Delivered: // read: no other end
	case to == Delivered || to == Read:
		r.notify(c, NotifyDelivered)
	case to == PartiallyDelivered:
		r.notify(c, NotifyDelivered|NotifyFailed)
	default:
		r.notify(c, NotifyFailed)
	}
}

// notify addresses the last event to the subscriber, if it wants to know of any
// of what.
func (r *Record) notify(c *Change, what Notify) {
	if r.SubscriberID != 0 && r.Notify&what != 0 {
		c.Events[len(c.Events)-1].SubscriberID = r.SubscriberID
	}
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
