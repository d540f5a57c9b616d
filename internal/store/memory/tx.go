package memory

import (
	"maps"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// tx is one call at work. It changes the state in place and remembers for each
// change how to take it back.
type tx struct {
	*state
	now    time.Time
	undo   []func()
	booked map[booking]int64 // transfers of this call
	done   bool
}

// booking is what one transfer of a call collects.
type booking struct {
	account int64
	kind    sms.TransferKind
}

func begin(s *state, now time.Time) *tx {
	t := &tx{state: s, now: now, booked: map[booking]int64{}}
	last := s.last
	t.onRollback(func() { s.last = last })
	return t
}

func (t *tx) commit() { t.done = true }

// end takes everything back, the latest change first, unless it was committed.
func (t *tx) end() {
	if t.done {
		return
	}
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
}

func (t *tx) onRollback(f func()) { t.undo = append(t.undo, f) }

// put sets a row. Values are never changed in place afterwards.
func put[K comparable, V any](t *tx, rows map[K]V, k K, v V) {
	old, had := rows[k]
	rows[k] = v
	t.onRollback(func() {
		if had {
			rows[k] = old
		} else {
			delete(rows, k)
		}
	})
}

// drop removes a row.
func drop[K comparable, V any](t *tx, rows map[K]V, k K) {
	if old, had := rows[k]; had {
		delete(rows, k)
		t.onRollback(func() { rows[k] = old })
	}
}

// add puts a key into a sorted set.
func add[K any](t *tx, set *ordered[K], k K) {
	if set.insert(k) {
		t.onRollback(func() { set.delete(k) })
	}
}

// remove takes a key out of a sorted set.
func remove[K any](t *tx, set *ordered[K], k K) {
	if set.delete(k) {
		t.onRollback(func() { set.insert(k) })
	}
}

// sortedKeys are the keys of a table in the order of compare.
func sortedKeys[K comparable, V any](rows map[K]V, compare func(a, b K) int) []K {
	set := newOrdered(compare)
	for k := range maps.Keys(rows) {
		set.insert(k)
	}
	keys := make([]K, 0, len(rows))
	for k := range set.all() {
		keys = append(keys, k)
	}
	return keys
}
