package memory

import (
	"context"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/store"
)

// maxFailures is how many rows of refused credentials are kept.
const maxFailures = 10_000

// AddAuthFailures implements store.Audit.
func (s *Store) AddAuthFailures(ctx context.Context, failures []store.AuthFailure) error {
	return s.run(ctx, VerbAddAuthFailures, time.Time{}, func(t *tx) error {
		for _, f := range failures {
			f.First, f.Last = micro(f.First), micro(f.Last)
			t.addFailure(f)
		}
		for t.failureOrder.len() > maxFailures {
			for oldest := range t.failureOrder.all() {
				drop(t, t.failures, oldest.failureKey)
				remove(t, t.failureOrder, oldest)
				break
			}
		}
		return nil
	})
}

func (t *tx) addFailure(f store.AuthFailure) {
	key := failureKey{f.AccountID, f.APIKey, f.From, f.Reason}
	if old, ok := t.failures[key]; ok {
		remove(t, t.failureOrder, failureAge{old.Last.UnixMicro(), key})
		f.Count += old.Count
		if old.First.Before(f.First) {
			f.First = old.First
		}
		if old.Last.After(f.Last) {
			f.Last = old.Last
		}
	}
	put(t, t.failures, key, f)
	add(t, t.failureOrder, failureAge{f.Last.UnixMicro(), key})
}

// AuthFailures implements store.Audit.
func (s *Store) AuthFailures(ctx context.Context, account int64, limit int) (list []store.AuthFailure, err error) {
	err = s.look(ctx, VerbAuthFailures, func(t *tx) error {
		for _, age := range slices.Backward(slices.Collect(t.failureOrder.all())) {
			if len(list) < limit && (account == 0 || age.account == account) {
				list = append(list, t.failures[age.failureKey])
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
