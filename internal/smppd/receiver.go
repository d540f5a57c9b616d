package smppd

import "time"

const (
	// answerWithin is how long a deliver_sm waits for its answer, unless the
	// configuration of the sessions says otherwise: what a receiver has that went
	// silent goes to another one then.
	answerWithin = 15 * time.Second
	// How long a receiver is left out that let a deliver_sm time out: longer each
	// time, until it answers again.
	asideFirst = 30 * time.Second
	asideMost  = 10 * time.Minute
)

// receiver is what a deliverer knows of a session that it delivers over. It
// belongs under the deliverer's mutex.
//
// Who lets a PDU time out is silent: others get everything, and it is tried with
// one PDU now and then. One that only answers late, because its window is more
// than it can work off in time, is offered half as much, and slowly more again.
type receiver struct {
	open   int       // PDUs under way
	silent int       // times it was left out since its last answer, 0: it answers
	aside  time.Time // until when, if others are there
	most   float64   // PDUs that may be under way, 0: as its window says
	cut    time.Time // most is not cut again before
}

// takes says whether it may be offered one more. alone: all receivers are silent,
// and left out is none of them.
func (r *receiver) takes(now time.Time, alone bool) bool {
	switch {
	case r.silent > 0:
		return r.open == 0 && (alone || !now.Before(r.aside))
	case r.most > 0:
		return r.open < int(r.most)
	}
	return true
}

// answered notes an answer, whatever it says.
func (r *receiver) answered(window int) {
	r.silent = 0
	if r.most == 0 {
		return
	}
	if r.most += 1 / r.most; r.most >= float64(window) {
		r.most = 0
	}
}

// timedOut notes that there was none in time. All that was under way together
// counts as one.
func (r *receiver) timedOut(now time.Time, window int, waited time.Duration) {
	if r.silent == 0 && !now.Before(r.cut) {
		if r.most == 0 {
			r.most = float64(window)
		}
		r.most, r.cut = max(1, r.most/2), now.Add(waited)
	}
	if r.silent == 0 || !now.Before(r.aside) {
		r.aside = now.Add(doubled(asideFirst, asideMost, r.silent))
		r.silent++
	}
}
