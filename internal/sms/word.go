package sms

import (
	"slices"
	"time"
)

// Fold computes the state of the message from its parts. trigger is what to call
// the move; state is 0 while there are no parts.
//
// A message whose parts were all answered waits for receipts, unless none can
// come (Route.Receipts): then it ends by what is known of the other parts. The
// text as a whole was refused, whatever the operator took of it; or the rest of
// it was not sent in time.
func (r *Record) Fold() (_ State, trigger Trigger) {
	state, trigger := foldParts(r.Sub)
	if state != Sent || !r.wordless() {
		return state, trigger
	}
	known := slices.DeleteFunc(slices.Clone(r.Sub), func(p Part) bool { return p.State == PartSent })
	if state, trigger = foldParts(known); state == Canceled {
		return Expired, OnExpire // nobody refused it: our own timer ended the waiting of the rest
	}
	return state, trigger
}

// word is the part whose receipt is the word on all, nil where each has its own.
func (r *Record) word() *Part {
	switch n := len(r.Sub); {
	case n < 2 || r.ReceiptsOn == ReceiptsAll:
		return nil
	case r.ReceiptsOn == ReceiptsLast:
		return &r.Sub[n-1]
	}
	return &r.Sub[0]
}

// wordless says that nothing will be heard of the parts that the operator took:
// the one part that has the receipt was refused when it was submitted, or never
// sent. Had it a receipt, spread would have told them.
func (r *Record) wordless() bool {
	w := r.word()
	return w != nil && w.State.Final()
}

// spread takes the receipt of the one part that has one for the word on the
// others that the operator took. A part that was refused when it was submitted
// says nothing about them.
func (r *Record) spread(c *Change, now time.Time) {
	w := r.word()
	if w == nil || !w.State.Final() || w.State == PartCanceled || w.State == PartRejected && w.UpstreamID == "" {
		return
	}
	for i := range r.Sub {
		if p := &r.Sub[i]; p.State == PartSent {
			p.State, p.Code, p.At = w.State, w.Code, now
			c.part(i)
			r.charge(c, i)
		}
	}
}

// timedOut says that an end is our own timer's: no operator said that it expired.
func (r *Record) timedOut(end State) bool {
	return end == Expired && !slices.ContainsFunc(r.Sub, func(p Part) bool { return p.State == PartExpired })
}
