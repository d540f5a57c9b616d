package memory

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Group implements store.Reader.
func (s *Store) Group(ctx context.Context, account, number int64) (g sms.Group, list []sms.Message, err error) {
	err = s.look(ctx, VerbGroup, func(t *tx) (err error) {
		g, list, err = t.group(account, number)
		return err
	})
	if err != nil {
		return sms.Group{}, nil, err
	}
	return g, list, nil
}

func (t *tx) group(account, number int64) (sms.Group, []sms.Message, error) {
	g, ok := t.groups[numbered{account, number}]
	if !ok {
		return g, nil, sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no group %d", number))
	}
	var list []sms.Message
	for id := g.FirstMessage; ; id++ {
		r, ok := t.records[id]
		if !ok || r.AccountID != account || r.Group != number {
			return g, list, nil
		}
		list = append(list, r.Message)
	}
}

// Message implements store.Reader.
func (s *Store) Message(ctx context.Context, account int64, id sms.MessageID) (r sms.Record, g sms.Group, events []sms.Event, err error) {
	err = s.look(ctx, VerbMessage, func(t *tx) error {
		row, ok := t.load(id)
		if !ok || row.AccountID != account {
			return noMessage(id)
		}
		r, g, events = *row, t.groups[numbered{account, row.Group}], slices.Clone(t.history[id])
		for i := range events {
			if note, ok := t.notes[events[i].Seq]; ok {
				events[i].Receipt = &note
			}
		}
		return nil
	})
	if err != nil {
		return sms.Record{}, sms.Group{}, nil, err
	}
	return r, g, events, nil
}

func noMessage(id sms.MessageID) error {
	return sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no message %s", id))
}

// Messages implements store.Lister.
func (s *Store) Messages(ctx context.Context, account int64, f store.MessageFilter) (list []sms.Message, err error) {
	err = s.look(ctx, VerbMessages, func(t *tx) error {
		ids := sortedKeys(t.records, cmp.Compare[sms.MessageID])
		for _, id := range slices.Backward(ids) {
			m := t.records[id].Message
			if len(list) < f.Limit && (f.Before == 0 || id < f.Before) && (account == 0 || m.AccountID == account) &&
				(len(f.States) == 0 || slices.Contains(f.States, m.State)) {
				list = append(list, m)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// Balance implements store.Reader.
func (s *Store) Balance(ctx context.Context, account int64) (b sms.Balance, err error) {
	err = s.look(ctx, VerbBalance, func(t *tx) error {
		row, ok := t.accounts[account]
		if !ok {
			return noAccount(account)
		}
		b = row.balance
		return nil
	})
	if err != nil {
		return sms.Balance{}, err
	}
	return b, nil
}

// Stats implements store.Gauge.
func (s *Store) Stats(ctx context.Context) (st store.Stats, err error) {
	err = s.look(ctx, VerbStats, func(t *tx) error {
		st = store.Stats{Queued: map[int64]int64{}, HeldReceipts: int64(len(t.held)), Deliveries: map[int64]int64{}}
		for row := range t.outbox.all() {
			st.Deliveries[row.subscriber]++
		}
		for _, r := range t.records {
			if r.State == sms.Held {
				st.Held++
			}
		}
		for row := range t.queue.all() {
			st.Queued[row.route]++
			if due := time.UnixMicro(row.due).UTC(); st.OldestDue.IsZero() || due.Before(st.OldestDue) {
				st.OldestDue = due
			}
		}
		return nil
	})
	if err != nil {
		return store.Stats{}, err
	}
	return st, nil
}

// Ping implements store.Gauge.
func (s *Store) Ping(ctx context.Context) error {
	return s.look(ctx, VerbPing, func(*tx) error { return nil })
}

// Sweep implements store.Sweep. Callbacks may use the store: they see the rows
// as they were when Sweep began, and nil ones are left out.
func (s *Store) Sweep(ctx context.Context, v store.Visitor) error {
	var (
		docs      []store.Doc
		accounts  []account
		transfers []sms.Transfer
		records   []*sms.Record
		groups    []sms.Group
		queue     []queueRow
	)
	err := s.look(ctx, VerbSweep, func(t *tx) error {
		for _, k := range sortedKeys(t.docs, docKey.compare) {
			d := t.docs[k]
			d.Body = slices.Clone(d.Body)
			docs = append(docs, d)
		}
		accounts = slices.SortedFunc(maps.Values(t.accounts), func(a, b account) int {
			return cmp.Compare(a.balance.AccountID, b.balance.AccountID)
		})
		transfers = slices.SortedFunc(maps.Values(t.transfers), func(a, b sms.Transfer) int { return cmp.Compare(a.ID, b.ID) })
		records = slices.SortedFunc(maps.Values(t.records), func(a, b *sms.Record) int { return cmp.Compare(a.ID, b.ID) })
		groups = slices.SortedFunc(maps.Values(t.groups), func(a, b sms.Group) int {
			return numbered{a.AccountID, a.Number}.compare(numbered{b.AccountID, b.Number})
		})
		queue = slices.Collect(t.queue.all())
		return nil
	})
	if err != nil {
		return err
	}
	return cmp.Or(
		visit(docs, v.Doc != nil, func(d store.Doc) error { return v.Doc(d) }),
		visit(accounts, v.Balance != nil, func(a account) error { return v.Balance(a.balance, a.next) }),
		visit(transfers, v.Transfer != nil, func(row sms.Transfer) error { return v.Transfer(row) }),
		visit(records, v.Record != nil, func(r *sms.Record) error { return v.Record(*clone(r)) }),
		visit(groups, v.Group != nil, func(g sms.Group) error { return v.Group(g) }),
		visit(queue, v.Queue != nil, func(row queueRow) error {
			return v.Queue(row.id, row.route, row.lane, time.UnixMicro(row.due).UTC())
		}))
}

func visit[T any](rows []T, wanted bool, f func(T) error) error {
	if !wanted {
		return nil
	}
	for _, row := range rows {
		if err := f(row); err != nil {
			return err
		}
	}
	return nil
}
