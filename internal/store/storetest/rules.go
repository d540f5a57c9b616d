package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func ruleCases() []testCase {
	return []testCase{
		{"times are kept to the microsecond, in UTC", ruleTimes},
		{"a canceled call is written whole or not at all", ruleCanceled},
		{"a closed store", ruleClosed},
		{"empty slices", ruleEmpty},
		{"it can be written", rulePing},
	}
}

func ruleTimes(f *fix) {
	zone := time.FixedZone("somewhere", 5*3600+1800)
	fine := func(d time.Duration) time.Time { return noon.Add(d + 123456789*time.Nanosecond).In(zone) }
	coarse := func(d time.Duration) time.Time { return noon.Add(d + 123456*time.Microsecond) }
	f.now = fine(0)
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	c := f.call(a, 1, func(m *sms.Message) {
		m.DueAt, m.ExpiresAt, m.CloseAt, m.UpdatedAt = fine(0), fine(1), fine(2), fine(3)
		m.ExpiresAt, m.CloseAt, m.AskAt = fine(time.Hour), fine(2*time.Hour), fine(3*time.Hour)
	})
	c.Group.At, c.Group.SendAt = fine(4*time.Second), fine(5*time.Second)
	g := f.accept(c)
	want(f, "group", []time.Time{g.At, g.SendAt}, []time.Time{coarse(4 * time.Second), coarse(5 * time.Second)})
	got, next := f.claimNext(store.ClaimRequest{Limit: 1})
	want(f, "claimed", []time.Time{got[0].DueAt, got[0].ExpiresAt, got[0].CloseAt, got[0].UpdatedAt, got[0].Sub[0].At, got[0].AskAt, next},
		[]time.Time{coarse(0), coarse(time.Hour), coarse(2 * time.Hour), coarse(0), coarse(0), coarse(3 * time.Hour), {}})
	f.record(f.outcome(got[0].Record, 1, sms.VerdictRetry, retryAt(fine(time.Minute), 0)))
	_, next = f.claimNext(store.ClaimRequest{Limit: 1})
	want(f, "next", next, coarse(time.Minute))
	want(f, "next deadline", f.expired(1, letGo).Next, coarse(time.Hour))
	want(f, "oldest due", f.stats().OldestDue, coarse(time.Minute))
	_, _, events, err := f.s.Message(f.ctx, a, got[0].ID)
	f.ok(err)
	want(f, "event", events[0].At, coarse(0))
	want(f, "event of the delivery", f.leased(s)[0].Event, events[0])
	rows, err := f.s.Transfers(f.ctx, a, 0, 1)
	f.ok(err)
	want(f, "transfer", rows[0].At, coarse(0))
	f.receive(rules(a), f.inbound("x"))
	want(f, "inbox", f.inbox(a, store.InboxFilter{})[0].At, coarse(0))
	want(f, "doc", f.docs(store.DocFilter{Kind: sms.KindAccount})[0].UpdatedAt, coarse(0))
	f.ok(f.s.AddAuthFailures(f.ctx, []store.AuthFailure{{Count: 1, First: fine(0), Last: fine(1 * time.Second)}}))
	row := f.failures(0, 1)[0]
	want(f, "auth failure", []time.Time{row.First, row.Last}, []time.Time{coarse(0), coarse(time.Second)})
}

// ruleCanceled tries each verb with a context that is over.
func ruleCanceled(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	got := f.send(a)
	f.accept(f.call(a, 1))
	f.receive(rules(a), f.inbound("x"))
	ids := idsOfDeliveries(f.deliveries(s, 1, f.now))
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	for name, call := range map[string]func() error{
		"Accept": func() error { _, err := f.s.Accept(ctx, f.now, []sms.Call{f.call(a, 1)}); return err },
		"Claim": func() error {
			_, _, err := f.s.Claim(ctx, f.now, store.ClaimRequest{RouteID: route, ConnectorID: connector, Epoch: f.epoch, Limit: 1})
			return err
		},
		"RecordOutcomes": func() error {
			_, err := f.s.RecordOutcomes(ctx, f.now, nil, []sms.Outcome{f.outcome(got.Record, 1, sms.VerdictAccepted)})
			return err
		},
		"ApplyReceipts": func() error {
			_, err := f.s.ApplyReceipts(ctx, f.now, []sms.Receipt{f.receipt(sms.PartDelivered, "x")})
			return err
		},
		"AddInbound": func() error { return f.s.AddInbound(ctx, f.now, []sms.Inbound{f.inbound("y")}, rules(a)) },
		"ExpireDue":  func() error { _, err := f.s.ExpireDue(ctx, f.now.Add(validity), 10, letGo, canAsk); return err },
		"Cancel":     func() error { _, err := f.s.Cancel(ctx, f.now, a, []sms.MessageID{got.ID + 1}); return err },
		"AckDeliveries": func() error {
			return f.s.AckDeliveries(ctx, ids)
		},
		"Replace": func() error {
			return f.s.Replace(ctx, f.now, a, got.ID+1, func(*sms.Message, *sms.Group) (sms.Replacement, error) { return content("new", 1), nil })
		},
		"Post": func() error {
			_, err := f.s.Post(ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: 1})
			return err
		},
		"WriteDocs": func() error {
			_, err := f.s.WriteDocs(ctx, f.now, "test", []store.DocChange{{Doc: doc(sms.KindRule, "new")}})
			return err
		},
		"MarkRead": func() error { return f.s.MarkRead(ctx, a, []int64{1}) },
	} {
		before := view(f)
		err := call()
		switch {
		case err == nil:
			if view(f) == before {
				f.Errorf("%s says that it is done, and nothing was written", name)
			}
		case errors.Is(err, store.ErrCommitUnknown):
		default:
			f.refused(err, sms.CodeUnavailable)
			want(f, name+" failed and wrote nothing", view(f), before)
		}
	}
}

func ruleClosed(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.ok(f.s.Close())
	f.refused(f.s.Ping(f.ctx), sms.CodeUnavailable)
	_, err := f.s.Accept(f.ctx, f.now, []sms.Call{f.call(a, 1)})
	f.refused(err, sms.CodeUnavailable)
	_, _, err = f.s.Claim(f.ctx, f.now, store.ClaimRequest{RouteID: route, ConnectorID: connector, Epoch: f.epoch, Limit: 1})
	f.refused(err, sms.CodeUnavailable)
	_, err = f.s.Balance(f.ctx, a)
	f.refused(err, sms.CodeUnavailable)
	_, _, err = f.s.ReadDocs(f.ctx, store.DocFilter{})
	f.refused(err, sms.CodeUnavailable)
	_, err = f.s.ClaimDeliveries(f.ctx, f.now, 1, 1, f.now)
	f.refused(err, sms.CodeUnavailable)
	f.refused(f.s.ReleaseDeliveries(f.ctx, []int64{1}), sms.CodeUnavailable)
	_, err = f.s.Messages(f.ctx, a, store.MessageFilter{Limit: 1})
	f.refused(err, sms.CodeUnavailable)
	f.refused(f.replace(a, 1, content("new", 1)), sms.CodeUnavailable)
	f.refused(f.s.Sweep(f.ctx, store.Visitor{}), sms.CodeUnavailable)
	if err := f.s.Close(); err != nil {
		f.Errorf("closed twice: %v", err)
	}
}

// ruleEmpty hands over nothing: nothing happens.
func ruleEmpty(f *fix) {
	a := f.account("a", 100*sms.Credit)
	before := view(f)
	f.acceptAll()
	f.record()
	f.apply()
	f.receive(rules(a))
	f.cancel(a)
	f.ok(f.s.AckDeliveries(f.ctx, nil))
	f.ok(f.s.RetryDeliveries(f.ctx, nil, f.now))
	f.ok(f.s.ReleaseDeliveries(f.ctx, nil))
	f.ok(f.s.MarkRead(f.ctx, a, nil))
	f.ok(f.s.AddAuthFailures(f.ctx, nil))
	want(f, "limit 0", len(f.claim(store.ClaimRequest{})), 0)
	want(f, "view", view(f), before)
}

func rulePing(f *fix) {
	before := view(f)
	f.ok(f.s.Ping(f.ctx))
	want(f, "Ping changes nothing", view(f), before)
}
