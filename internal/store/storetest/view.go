package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// view is everything that can be seen of a store without changing it, as text.
func view(f *fix) string {
	f.Helper()
	text, err := seen(f.ctx, f.s, identity{})
	f.ok(err)
	return text
}

// differences are the lines that only one of two texts has.
func differences(a, b string) string {
	count := map[string]int{}
	for line := range strings.Lines(b + "\n") {
		count[line]++
	}
	var d strings.Builder
	for line := range strings.Lines(a + "\n") {
		if count[line]--; count[line] < 0 {
			d.WriteString("- " + line)
		}
	}
	for line := range strings.Lines(b + "\n") {
		if count[line] > 0 {
			count[line]--
			d.WriteString("+ " + line)
		}
	}
	if d.Len() == 0 {
		return "the same lines in another order:\n" + a + "\n\n" + b
	}
	return d.String()
}

// naming prints the numbers that a store gives out. Two stores may give
// different ones to the same things; RunModel compares them by other names.
type naming interface {
	doc(kind sms.Kind, id int64) string
	message(id sms.MessageID) string
	transfer(id int64) string
	epoch(n int64) string
}

// identity prints the numbers as they are.
type identity struct{}

func (identity) doc(_ sms.Kind, id int64) string { return fmt.Sprint(id) }
func (identity) message(id sms.MessageID) string { return id.String() }
func (identity) transfer(id int64) string        { return fmt.Sprint(id) }
func (identity) epoch(n int64) string            { return fmt.Sprint(n) }

// seen lists every row of the store.
func seen(ctx context.Context, s store.Store, n naming) (string, error) {
	v := &viewer{n: n}
	if err := s.Sweep(ctx, v.visitor()); err != nil {
		return "", err
	}
	slices.Sort(v.queue)
	slices.Sort(v.transfers)
	v.lines = append(append(v.lines, v.transfers...), v.queue...)
	for _, read := range []func(context.Context, store.Store) error{v.readStats, v.readHistories, v.readInboxes, v.readDocs, v.readAudit} {
		if err := read(ctx, s); err != nil {
			return "", err
		}
	}
	return strings.Join(v.lines, "\n"), nil
}

type viewer struct {
	n         naming
	lines     []string
	transfers []string
	queue     []string
	accounts  []int64
	messages  []sms.Record
}

func (v *viewer) add(format string, args ...any) {
	v.lines = append(v.lines, fmt.Sprintf(format, args...))
}

func (v *viewer) account(id int64) string { return v.n.doc(sms.KindAccount, id) }

func (v *viewer) visitor() store.Visitor {
	return store.Visitor{
		Balance: func(b sms.Balance, c store.Counters) error {
			v.accounts = append(v.accounts, b.AccountID)
			v.add("balance %s: posted %s reserved %s limit %s next %+v", v.account(b.AccountID), b.Posted, b.Reserved, b.CreditLimit, c)
			return nil
		},
		Transfer: func(t sms.Transfer) error {
			v.transfers = append(v.transfers, fmt.Sprintf("transfer %s of %s: %s %d>%d %s %q by %q key %q at %s", v.n.transfer(t.ID),
				v.account(t.AccountID), t.Kind, t.Debit, t.Credit, t.Amount, t.Reason, t.By, t.Key, t.At))
			return nil
		},
		Record: func(r sms.Record) error {
			v.messages = append(v.messages, r)
			v.add("%s", v.record(r))
			return nil
		},
		Group: func(g sms.Group) error {
			v.add("%s", v.group(g))
			return nil
		},
		Queue: func(id sms.MessageID, route int64, lane sms.Lane, due time.Time) error {
			v.queue = append(v.queue, fmt.Sprintf("queue %s: route %d lane %d due %s", v.n.message(id), route, lane, due))
			return nil
		},
		Finding: func(text string) error { return fmt.Errorf("the driver reports: %s", text) },
	}
}

func (v *viewer) record(r sms.Record) string {
	text := fmt.Sprintf("message %s of %s: reserve %s release %s", v.n.message(r.ID), v.account(r.AccountID), v.n.transfer(r.ReserveID), v.n.transfer(r.ReleaseID))
	m := r.Message
	m.ID, m.AccountID, m.ReserveID, m.ReleaseID = 0, 0, 0, 0
	text += fmt.Sprintf(" %+v", m)
	for _, p := range r.Sub {
		text += fmt.Sprintf("\n  part: capture %s epoch %s", v.n.transfer(p.CaptureID), v.n.epoch(p.Epoch))
		p.CaptureID, p.Epoch = 0, 0
		text += fmt.Sprintf(" %+v", p)
	}
	return text
}

func (v *viewer) group(g sms.Group) string {
	text := fmt.Sprintf("group %d of %s from %s:", g.Number, v.account(g.AccountID), v.n.message(g.FirstMessage))
	if g.Raw != nil {
		text += fmt.Sprintf(" raw %+v", *g.Raw)
	}
	g.AccountID, g.FirstMessage, g.Raw = 0, 0, nil
	return text + fmt.Sprintf(" %+v", g)
}

func (v *viewer) event(e sms.Event) string {
	text := fmt.Sprintf("event of %s of %s:", v.n.message(e.MessageID), v.account(e.AccountID))
	if e.Receipt != nil {
		text += fmt.Sprintf(" receipt %+v", *e.Receipt)
	}
	e.Seq, e.MessageID, e.AccountID, e.Receipt = 0, 0, 0, nil
	return text + fmt.Sprintf(" %+v", e)
}

func (v *viewer) readStats(ctx context.Context, s store.Store) error {
	st, err := s.Stats(ctx)
	v.add("stats: %+v", st)
	return err
}

func (v *viewer) readHistories(ctx context.Context, s store.Store) error {
	for _, r := range v.messages {
		again, g, events, err := s.Message(ctx, r.AccountID, r.ID)
		if err != nil {
			return fmt.Errorf("message %s: %w", r.ID, err)
		}
		if a, b := v.record(again), v.record(r); a != b {
			return fmt.Errorf("answers of Message and Sweep differ:\n%s\n%s", a, b)
		}
		v.add("message %s is of %s", v.n.message(r.ID), v.group(g))
		for _, e := range events {
			v.add("%s", v.event(e))
		}
	}
	return nil
}

func (v *viewer) readInboxes(ctx context.Context, s store.Store) error {
	for _, a := range append(v.accounts, 0) { // 0: what is nobody's
		list, err := s.Inbox(ctx, a, store.InboxFilter{Limit: 10_000})
		if err != nil {
			return err
		}
		for _, m := range list {
			m.AccountID = 0
			v.add("inbox of %s: %+v", v.account(a), m)
		}
	}
	return nil
}

func (v *viewer) readDocs(ctx context.Context, s store.Store) error {
	docs, version, err := s.ReadDocs(ctx, store.DocFilter{})
	v.add("configuration %d", version)
	for _, d := range docs {
		v.add("%s %s: account %s name %q key %q version %d at %s", d.Kind, v.n.doc(d.Kind, d.ID), v.account(d.AccountID), d.Name, d.UniqueKey, d.Version, d.UpdatedAt)
	}
	return err
}

func (v *viewer) readAudit(ctx context.Context, s store.Store) error {
	list, err := s.AuthFailures(ctx, 0, 100_000)
	for _, x := range list {
		v.add("refused: %+v", x)
	}
	return err
}
