package memory

import (
	"cmp"
	"context"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// ExpireDue implements store.Keeper.
func (s *Store) ExpireDue(ctx context.Context, now time.Time, limit int, start store.StartFunc, ask store.AskFunc) (x store.Expired, err error) {
	err = s.run(ctx, VerbExpireDue, now, func(t *tx) error {
		var ids []sms.MessageID
		for d := range t.deadlines.all() {
			if d.at > t.now.UnixMicro() || len(ids) >= limit {
				break
			}
			ids = append(ids, d.id)
		}
		for _, id := range ids {
			r, c := t.expire(id, start, ask)
			if c.Touched {
				x.N++
			}
			if store.Asks(&c) {
				x.Ask = append(x.Ask, store.Asking{Record: *clone(r), From: t.groups[numbered{r.AccountID, r.Group}].From})
			}
		}
		for d := range t.deadlines.all() {
			x.Next = time.UnixMicro(d.at).UTC()
			break
		}
		return nil
	})
	if err != nil {
		return store.Expired{}, err
	}
	return x, nil
}

func (t *tx) expire(id sms.MessageID, start store.StartFunc, ask store.AskFunc) (r *sms.Record, c sms.Change) {
	r, _ = t.load(id)
	if r.State == sms.Scheduled {
		m, g := r.Message, t.groups[numbered{r.AccountID, r.Group}]
		c = r.Start(start(&m, &g, t.accounts[r.AccountID].balance.Available()), t.now)
	} else {
		c = store.Expire(r, t.now, ask)
	}
	t.save(r, c)
	return r, c
}

// Purge implements store.Keeper.
func (s *Store) Purge(ctx context.Context, now time.Time, partialAfter time.Duration, limit int, rules store.InboundRules) (n int, err error) {
	err = s.run(ctx, VerbPurge, now, func(t *tx) error {
		n = t.purgeKeys(limit) + t.purgeHeld(limit) + t.purgeSets(partialAfter, limit, rules)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (t *tx) purgeKeys(limit int) int {
	var over []keyOver
	for k := range t.keyEnd.all() {
		if k.until > t.now.UnixMicro() || len(over) >= limit {
			break
		}
		over = append(over, k)
	}
	for _, k := range over {
		remove(t, t.keyEnd, k)
		drop(t, t.keys, k.callKey)
	}
	return len(over)
}

func (t *tx) purgeHeld(limit int) int {
	n := 0
	for _, id := range sortedKeys(t.held, func(a, b int64) int { return int(a - b) }) {
		if n < limit && t.now.Sub(t.held[id].at) > store.HoldReceipts {
			t.unhold(id)
			n++
		}
	}
	return n
}

func (t *tx) purgeSets(after time.Duration, limit int, rules store.InboundRules) int {
	n := 0
	oldest := func(a, b setKey) int { return cmp.Or(t.sets[a].since.Compare(t.sets[b].since), a.compare(b)) }
	for _, key := range sortedKeys(t.sets, oldest) {
		if n < limit && t.now.Sub(t.sets[key].since) > after {
			t.join(key, true, rules)
			n++
		}
	}
	return n
}

// Replace implements store.Replacer.
func (s *Store) Replace(ctx context.Context, now time.Time, account int64, id sms.MessageID, decide store.ReplaceFunc) error {
	return s.run(ctx, VerbReplace, now, func(t *tx) error {
		r, ok := t.load(id)
		if !ok || r.AccountID != account {
			return noMessage(id)
		}
		key := numbered{account, r.Group}
		g := t.groups[key]
		if err := store.CheckReplace(r, &g); err != nil {
			return err
		}
		m, content := r.Message, g
		x, err := decide(&m, &content)
		if err != nil {
			return err
		}
		x.DueAt, x.ExpiresAt = micro(x.DueAt), micro(x.ExpiresAt)
		c := r.Replace(&x, t.now)
		if !c.Touched {
			return store.Unpaid()
		}
		t.save(r, c)
		g.Text, g.Raw = x.Text, store.CloneRaw(x.Raw)
		put(t, t.groups, key, g)
		return nil
	})
}

// Cancel implements store.Canceler.
func (s *Store) Cancel(ctx context.Context, now time.Time, account int64, ids []sms.MessageID) (canceled []sms.MessageID, err error) {
	err = s.run(ctx, VerbCancel, now, func(t *tx) error {
		for _, id := range ids {
			r, ok := t.load(id)
			if !ok || r.AccountID != account {
				continue
			}
			if c := r.Cancel(t.now); c.Touched {
				t.save(r, c)
				canceled = append(canceled, id)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return canceled, nil
}
