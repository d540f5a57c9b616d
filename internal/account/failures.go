package account

import (
	"context"
	"net/netip"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/store"
)

// failuresMost bounds what is gathered between two writes: an attacker who
// tries many keys fills no memory. What is over it is counted under one entry.
const failuresMost = 1000

// shownOfUnknown is how much of a key nobody knows is kept: it may be a secret
// that was put into the wrong field.
const shownOfUnknown = 4

// Failures gathers refused credentials and writes them now and then.
type Failures struct {
	audit store.Audit

	mu   sync.Mutex
	rows map[failure]*store.AuthFailure
}

type failure struct {
	account           int64
	key, from, reason string
}

// NewFailures makes one that writes to audit.
func NewFailures(audit store.Audit) *Failures {
	return &Failures{audit: audit, rows: map[failure]*store.AuthFailure{}}
}

// add counts one refusal. account is 0 and key cut short where nobody knows them.
func (f *Failures) add(account int64, key string, from netip.Addr, reason string, now time.Time) {
	if f == nil {
		return
	}
	id := failure{account: account, key: key, from: from.String(), reason: reason}
	f.mu.Lock()
	defer f.mu.Unlock()
	row := f.rows[id]
	if row == nil && len(f.rows) >= failuresMost {
		id = failure{key: "(many)", from: "(many)", reason: reason}
		row = f.rows[id]
	}
	if row == nil {
		row = &store.AuthFailure{AccountID: id.account, APIKey: id.key, From: id.from, Reason: id.reason, First: now}
		f.rows[id] = row
	}
	row.Count++
	row.Last = now
}

func short(key string) string {
	if len(key) > shownOfUnknown {
		return key[:shownOfUnknown] + "…"
	}
	return key
}

// Flush writes what was gathered; on an error it is kept for the next time.
func (f *Failures) Flush(ctx context.Context) error {
	f.mu.Lock()
	rows := f.rows
	f.rows = map[failure]*store.AuthFailure{}
	f.mu.Unlock()
	if len(rows) == 0 {
		return nil
	}
	list := make([]store.AuthFailure, 0, len(rows))
	for _, row := range rows {
		list = append(list, *row)
	}
	err := f.audit.AddAuthFailures(ctx, list)
	if err != nil {
		f.mu.Lock()
		for id, row := range rows {
			if again := f.rows[id]; again != nil {
				again.Count += row.Count
				again.First = row.First
			} else if len(f.rows) < failuresMost {
				f.rows[id] = row
			}
		}
		f.mu.Unlock()
	}
	return err
}

// Run flushes every period until ctx ends, and once more then.
func (f *Failures) Run(ctx context.Context, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return f.Flush(context.WithoutCancel(ctx))
		case <-tick.C:
			_ = f.Flush(ctx) // kept and tried again at the next tick
		}
	}
}
