package memory

import (
	"context"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// ApplyReceipts implements store.Receiver.
func (s *Store) ApplyReceipts(ctx context.Context, now time.Time, receipts []sms.Receipt) ([]store.Match, error) {
	answers := make([]store.Match, len(receipts))
	err := s.run(ctx, VerbApplyReceipts, now, func(t *tx) error {
		for i, rc := range receipts {
			rc.At = micro(rc.At)
			rc.IDs = slices.Clone(rc.IDs)
			if ref, form, ok := t.match(rc); ok {
				answers[i] = t.receipt(ref, rc)
				answers[i].Form = form
			} else {
				t.hold(rc)
				answers[i].Matched = store.ReceiptHeld
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

// match finds the part a receipt speaks of: by the first of its ids that anybody
// has whose number agrees. form says which of them that was.
func (t *tx) match(rc sms.Receipt) (_ partRef, form int, ok bool) {
	for form, key := range rc.IDs {
		var fit []partRef
		for _, ref := range t.upstream[upstreamID{rc.ConnectorID, key}] {
			if sms.SameNumber(t.records[ref.id].To, rc.To) {
				fit = append(fit, ref)
			}
		}
		if len(fit) > 0 {
			return slices.MinFunc(fit, func(a, b partRef) int {
				return sms.CompareMatch(t.records[a.id], a.seq, t.records[b.id], b.seq)
			}), form, true
		}
	}
	return partRef{}, 0, false
}

func (t *tx) receipt(ref partRef, rc sms.Receipt) store.Match {
	put(t, t.evidence, ref.id, append(t.evidence[ref.id], rc))
	r, _ := t.load(ref.id)
	m := store.MatchOf(r.Sub[ref.seq-1])
	c := r.Receipt(ref.seq, rc, t.now)
	for i := range c.Events {
		c.Events[i].Receipt = &sms.ReceiptNote{State: rc.State, Raw: rc.Raw, At: rc.At}
	}
	t.save(r, c)
	if c.Touched {
		m.Matched = store.ReceiptApplied
	}
	return m
}

// hold keeps a receipt for a message whose id may still become known.
func (t *tx) hold(rc sms.Receipt) {
	t.last.held++
	n := t.last.held
	ids := upstreamIDs(rc)
	rc.IDs = make([]string, len(ids))
	for i, id := range ids {
		rc.IDs[i] = id.key
	}
	put(t, t.held, n, heldReceipt{rc, t.now})
	for _, id := range ids {
		put(t, t.heldBy, id, append(slices.Clip(t.heldBy[id]), n))
	}
}

func (t *tx) unhold(n int64) {
	for _, id := range upstreamIDs(t.held[n].receipt) {
		rest := slices.DeleteFunc(slices.Clone(t.heldBy[id]), func(have int64) bool { return have == n })
		if len(rest) == 0 {
			drop(t, t.heldBy, id)
		} else {
			put(t, t.heldBy, id, rest)
		}
	}
	drop(t, t.held, n)
}

// upstreamIDs are the ids a receipt may mean, each once.
func upstreamIDs(rc sms.Receipt) []upstreamID {
	var ids []upstreamID
	for _, key := range rc.IDs {
		if id := (upstreamID{rc.ConnectorID, key}); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// applyHeld applies the receipts that came before the id was known.
func (t *tx) applyHeld(id upstreamID) (released []store.Released) {
	for _, n := range slices.Clone(t.heldBy[id]) {
		rc := t.held[n].receipt
		if ref, _, ok := t.match(rc); ok {
			t.unhold(n)
			released = append(released, store.Release(rc, t.receipt(ref, rc)))
		}
	}
	return released
}

// Evidence returns the receipts that were matched to a message, in order of
// arrival. It is not part of the contract.
func (s *Store) Evidence(id sms.MessageID) []sms.Receipt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.state.evidence[id])
}
