package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func sweepCases() []testCase {
	return []testCase{
		{"every row once, in order", sweepAll},
		{"an error stops it", sweepStops},
		{"callbacks that are left out", sweepPartial},
		{"one snapshot, and callbacks may write", sweepSnapshot},
		{"a snapshot while others write", sweepRace},
		{"an empty store", sweepEmpty},
	}
}

// busy fills the store with a bit of everything.
func busy(f *fix) int64 {
	f.Helper()
	a := f.account("a", 100*sms.Credit)
	f.subscriber(a, "s")
	f.accept(f.call(a, 2, parts(2)))
	got := f.claim(store.ClaimRequest{Limit: 1})[0]
	f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("1")), f.outcome(got.Record, 2, sms.VerdictReject))
	f.apply(f.receipt(sms.PartDelivered, "1"), f.receipt(sms.PartDelivered, "early"))
	f.accept(f.call(a, 1, scheduled(f.now.Add(validity))))
	f.receive(rules(a), f.inbound("hello"), f.segment(1, 1, 2, "half"))
	return a
}

func sweepAll(f *fix) {
	a := busy(f)
	var order []string
	add := func(s string) error {
		order = append(order, s)
		return nil
	}
	f.ok(f.s.Sweep(f.ctx, store.Visitor{
		Balance: func(b sms.Balance, c store.Counters) error {
			want(f, "balance", b, sms.Balance{AccountID: a, Posted: 99 * sms.Credit, Reserved: 3 * sms.Credit})
			want(f, "counters", c, store.Counters{Group: 3, Recipient: 4, Inbox: 2})
			return add("balance")
		},
		Transfer: func(t sms.Transfer) error { return add(t.Kind.String()) },
		Record: func(r sms.Record) error {
			want(f, "record", r, f.read(a, r.ID))
			return add(r.State.String())
		},
		Group: func(g sms.Group) error {
			got, _, err := f.s.Group(f.ctx, a, g.Number)
			want(f, "group", g, got)
			return errors.Join(err, add(fmt.Sprintf("group %d", g.Number)))
		},
		Finding: func(text string) error { return add("finding " + text) },
	}))
	n := map[string]int{}
	for _, s := range order {
		n[s]++
	}
	want(f, "rows", n, map[string]int{"balance": 1, "topup": 1, "reserve": 2, "capture": 1, "release": 1,
		"partially_delivered": 1, "queued": 1, "scheduled": 1, "group 1": 1, "group 2": 1})
	want(f, "order of records", order[6:9], []string{"partially_delivered", "queued", "scheduled"})
}

func sweepStops(f *fix) {
	a := busy(f)
	f.accept(f.call(a, 1))
	stop := errors.New("enough")
	calls := 0
	count := func() error {
		calls++
		return stop
	}
	for name, v := range map[string]store.Visitor{
		"balance":  {Balance: func(sms.Balance, store.Counters) error { return count() }},
		"transfer": {Transfer: func(sms.Transfer) error { return count() }},
		"record":   {Record: func(sms.Record) error { return count() }},
		"group":    {Group: func(sms.Group) error { return count() }},
		"queue":    {Queue: visitQueue(count)},
	} {
		calls = 0
		if err := f.s.Sweep(f.ctx, v); !errors.Is(err, stop) {
			f.Errorf("%s: Sweep returned %v", name, err)
		}
		want(f, name+" callbacks", calls, 1)
	}
}

func visitQueue(f func() error) func(sms.MessageID, int64, sms.Lane, time.Time) error {
	return func(sms.MessageID, int64, sms.Lane, time.Time) error { return f() }
}

func sweepPartial(f *fix) {
	busy(f)
	f.ok(f.s.Sweep(f.ctx, store.Visitor{}))
}

func sweepSnapshot(f *fix) {
	a := f.account("a", 10*sms.Credit)
	f.accept(f.call(a, 1))
	var transfers, records, groups, queue int
	f.ok(f.s.Sweep(f.ctx, store.Visitor{
		Balance: func(sms.Balance, store.Counters) error {
			got, err := f.s.Accept(f.ctx, f.now, []sms.Call{f.call(a, 1)})
			if err != nil {
				return err
			}
			return got[0].Err
		},
		Transfer: func(sms.Transfer) error { transfers++; return nil },
		Record:   func(sms.Record) error { records++; return nil },
		Group:    func(sms.Group) error { groups++; return nil },
		Queue:    visitQueue(func() error { queue++; return nil }),
	}))
	want(f, "rows of the snapshot", []int{transfers, records, groups, queue}, []int{2, 1, 1, 1})
	want(f, "what was written meanwhile", f.balance(a), "10/2/8")
}

func sweepRace(f *fix) {
	a := f.account("a", 1000*sms.Credit)
	findings := together(3, func(i int) (bad []string) {
		for n := range 12 {
			if i > 0 {
				bad = append(bad, sweepFindings(f.ctx, f.s)...)
				continue
			}
			id := fmt.Sprint(n)
			if _, err := f.s.Accept(f.ctx, f.now, []sms.Call{f.call(a, 2)}); err != nil {
				return []string{err.Error()}
			}
			list, _, err := f.s.Claim(f.ctx, f.now, store.ClaimRequest{RouteID: route, ConnectorID: connector, Epoch: f.epoch, Limit: 1})
			if err != nil || len(list) != 1 {
				return []string{fmt.Sprintf("claimed %d: %v", len(list), err)}
			}
			_, err = f.s.RecordOutcomes(f.ctx, f.now, nil, []sms.Outcome{f.outcome(list[0].Record, 1, sms.VerdictAccepted, upstream(id))})
			if err != nil {
				return []string{err.Error()}
			}
		}
		return bad
	})
	want(f, "findings", findings, make([][]string, 3))
}

func sweepEmpty(f *fix) {
	fail := errors.New("a row in an empty store")
	f.ok(f.s.Sweep(f.ctx, store.Visitor{
		Balance:  func(sms.Balance, store.Counters) error { return fail },
		Transfer: func(sms.Transfer) error { return fail },
		Record:   func(sms.Record) error { return fail },
		Group:    func(sms.Group) error { return fail },
		Queue:    visitQueue(func() error { return fail }),
		Finding:  func(string) error { return fail },
	}))
	st := f.stats()
	want(f, "stats", []any{len(st.Queued), st.HeldReceipts, st.Held, len(st.Deliveries), st.OldestDue.IsZero()}, []any{0, int64(0), int64(0), 0, true})
}
