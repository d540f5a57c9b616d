package store

import (
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// MatchOf is the answer to a receipt of the part p, as p was before the receipt,
// if that changes nothing.
func MatchOf(p sms.Part) Match {
	m := Match{Matched: ReceiptEvidence, First: !p.State.Final()}
	if p.State == sms.PartSent {
		m.SentAt = p.At
	}
	return m
}

// Release is the answer to a receipt that was held, of which m is the match.
func Release(rc sms.Receipt, m Match) Released {
	m.Matched, m.Form, rc.Forms = ReceiptReleased, 0, nil
	return Released{Scope: rc.ConnectorID, Receipt: rc, Match: m}
}

// Expire lets the deadline of a message that does not wait for its start have
// its effect. ask is called only if the operator is to be asked now.
func Expire(r *sms.Record, now time.Time, ask AskFunc) sms.Change {
	return r.Expire(now, r.AskDue(now) && ask(r))
}

// Asks says whether the change is that the operator is to be asked.
func Asks(c *sms.Change) bool {
	return slices.ContainsFunc(c.Events, func(e sms.Event) bool { return e.Trigger == sms.OnAsk })
}

// CloneRaw is a copy that no caller shares; what is empty is nil.
func CloneRaw(raw *sms.Raw) *sms.Raw {
	if raw == nil {
		return nil
	}
	c := *raw
	c.Header, c.Body = append([]byte(nil), raw.Header...), append([]byte(nil), raw.Body...)
	return &c
}

// CheckReplace says why the message's content cannot be replaced, whatever the
// new content is; nil if it may be.
func CheckReplace(r *sms.Record, g *sms.Group) error {
	switch {
	case !r.Replaceable(&sms.Replacement{}):
		return sms.Fail(sms.CodeConflict, "the message is on its way or has ended; only what waits to be sent can be replaced")
	case g.Count != 1:
		return sms.Fail(sms.CodeConflict, "the message shares its text with other recipients of one call; cancel it and send a new one")
	}
	return nil
}

// Unpaid is the error of a replacement that takes more units than are paid for.
func Unpaid() error {
	return sms.Fail(sms.CodeConflict, "the new content costs more than was reserved for the message; make it shorter, or cancel the message and send a new one")
}
