package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func deliveryCases() []testCase {
	return []testCase{
		{"rows for the subscribers of the account only", deliveryRows},
		{"every verb's events", deliveryEvents},
		{"in order of commit, limit", deliveryOrder},
		{"leased until", deliveryLease},
		{"acknowledged", deliveryAck},
		{"retried", deliveryRetry},
		{"released", deliveryRelease},
		{"a thousand", deliveryMany},
		{"of a subscriber that is gone", deliveryGone},
		{"each row once, from many goroutines", deliveryRace},
	}
}

// subscriber makes one that hears of the account from now on.
func (f *fix) subscriber(account int64, name string) int64 {
	f.Helper()
	n := &sms.Subscriber{Head: sms.Head{AccountID: account, Name: name}, Channel: "webhook"}
	f.ok(store.Save(f.ctx, f.s, f.now, "test", n))
	return n.ID
}

func (f *fix) deliveries(subscriber int64, limit int, until time.Time) []store.Delivery {
	f.Helper()
	list, err := f.s.ClaimDeliveries(f.ctx, f.now, subscriber, limit, until)
	f.ok(err)
	return list
}

// leased takes up to 100 rows for a minute.
func (f *fix) leased(subscriber int64) []store.Delivery {
	f.Helper()
	return f.deliveries(subscriber, 100, f.now.Add(time.Minute))
}

func eventsOf(list []store.Delivery) (events []sms.Event) {
	for _, d := range list {
		events = append(events, d.Event)
	}
	return events
}

func idsOfDeliveries(list []store.Delivery) (ids []int64) {
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids
}

func deliveryRows(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	f.accept(f.call(a, 1)) // before anybody listens
	one, two, third := f.subscriber(a, "one"), f.subscriber(a, "two"), f.subscriber(b, "third")
	id := f.accept(f.call(a, 1)).FirstMessage
	f.accept(f.call(f.account("c", 100*sms.Credit), 1))
	want(f, "rows", f.outstanding(), int64(2))
	_, _, events, err := f.s.Message(f.ctx, a, id)
	f.ok(err)
	for _, s := range []int64{one, two} {
		list := f.leased(s)
		want(f, "events", eventsOf(list), events)
		want(f, "row", []any{list[0].SubscriberID, list[0].Attempts}, []any{s, 0})
	}
	want(f, "of another account", len(f.leased(third)), 0)
	want(f, "nobody", len(f.leased(999999)), 0)
}

func deliveryEvents(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	r := f.sent(a, "x")
	f.apply(f.receipt(sms.PartDelivered, "x"), f.receipt(sms.PartDelivered, "x"))
	canceled := f.accept(f.call(a, 1)).FirstMessage
	f.cancel(a, canceled)
	f.accept(f.call(a, 1, scheduled(f.now.Add(time.Hour))))
	f.later(time.Hour)
	f.expire()
	f.later(validity)
	f.expire()
	want(f, "story", story(eventsOf(f.leased(s))), "accept:queued claim:sending@3 answer:sent#1@3 deliver:delivered#1@3 "+
		"evidence:delivered#1@3 accept:queued cancel:canceled accept:scheduled due:queued expire:expired")
	want(f, "state", f.again(r).State, sms.Delivered)
}

func deliveryOrder(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	for range 5 {
		f.accept(f.call(a, 2))
		f.later(-time.Second) // the clock of another node
	}
	f.later(time.Minute)
	var all []store.Delivery
	for _, n := range []int{3, 3, 3, 1, 0} {
		list := f.deliveries(s, 3, f.now.Add(time.Minute))
		want(f, "rows of a call", len(list), n)
		all = append(all, list...)
	}
	want(f, "rows", len(all), 10)
	seen := map[int64]bool{}
	for i, d := range all {
		if i > 0 && d.Event.Seq <= all[i-1].Event.Seq {
			f.Errorf("event %d comes after %d", d.Event.Seq, all[i-1].Event.Seq)
		}
		seen[d.ID] = true
	}
	want(f, "ids", len(seen), 10)
}

func deliveryLease(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, 1))
	first := f.leased(s)
	f.later(59 * time.Second)
	want(f, "while it is leased", len(f.leased(s)), 0)
	f.later(2 * time.Second)
	again := f.leased(s)
	want(f, "after the lease", idsOfDeliveries(again), idsOfDeliveries(first))
	want(f, "a lease is no attempt", again[0].Attempts, 0)
	want(f, "rows", f.outstanding(), int64(1))
}

func deliveryAck(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, 3))
	ids := idsOfDeliveries(f.leased(s))
	f.ok(f.s.AckDeliveries(f.ctx, []int64{ids[0], ids[2], ids[2], 1 << 40}))
	f.ok(f.s.AckDeliveries(f.ctx, nil))
	want(f, "rows", f.outstanding(), int64(1))
	f.ok(f.s.RetryDeliveries(f.ctx, []int64{ids[0]}, f.now)) // it is gone
	f.later(2 * time.Minute)
	want(f, "left", idsOfDeliveries(f.leased(s)), ids[1:2])
}

func deliveryRetry(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, 2))
	list := f.leased(s)
	f.ok(f.s.RetryDeliveries(f.ctx, []int64{list[0].ID}, f.now.Add(10*time.Second)))
	f.later(9 * time.Second)
	want(f, "before it is due", len(f.leased(s)), 0)
	f.later(2 * time.Second)
	again := f.leased(s)
	want(f, "due again before its lease would have ended", idsOfDeliveries(again), idsOfDeliveries(list[:1]))
	want(f, "attempts", again[0].Attempts, 1)
	want(f, "event", again[0].Event, list[0].Event)
	f.ok(f.s.RetryDeliveries(f.ctx, idsOfDeliveries(list), f.now))
	again = f.leased(s)
	want(f, "attempts", []int{again[0].Attempts, again[1].Attempts}, []int{2, 1})
	want(f, "the older event comes first again", again[0].ID, list[0].ID)
}

func deliveryRelease(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, 3))
	list := f.leased(s)
	f.ok(f.s.ReleaseDeliveries(f.ctx, []int64{list[2].ID, list[1].ID, 1 << 40}))
	f.ok(f.s.ReleaseDeliveries(f.ctx, nil))
	again := f.leased(s)
	want(f, "due at once, in order", idsOfDeliveries(again), idsOfDeliveries(list[1:]))
	want(f, "no attempt", []int{again[0].Attempts, again[1].Attempts}, []int{0, 0})
	f.ok(f.s.RetryDeliveries(f.ctx, []int64{list[0].ID}, f.now.Add(time.Hour)))
	f.ok(f.s.ReleaseDeliveries(f.ctx, []int64{list[0].ID}))
	want(f, "a retry is not taken back", len(f.leased(s)), 0)
	f.ok(f.s.AckDeliveries(f.ctx, []int64{list[1].ID}))
	f.ok(f.s.ReleaseDeliveries(f.ctx, []int64{list[1].ID}))
	f.later(2 * time.Hour)
	want(f, "nor is an acknowledgement", len(f.leased(s)), 2)
}

// deliveryMany: whoever claims much gets it all, and once.
func deliveryMany(f *fix) {
	const n = 1000
	a := f.account("a", n*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, n))
	list := f.deliveries(s, n/2, f.now.Add(time.Minute))
	list = append(list, f.deliveries(s, n, f.now.Add(time.Minute))...)
	want(f, "rows", len(list), n)
	for i, d := range list {
		if i > 0 && d.ID <= list[i-1].ID || d.Record.ID != d.Event.MessageID || d.Group.Count != n {
			f.Fatalf("row %d: %+v", i, d)
		}
	}
	want(f, "none is left", len(f.leased(s)), 0)
	f.ok(f.s.AckDeliveries(f.ctx, idsOfDeliveries(list)))
	want(f, "rows", f.outstanding(), int64(0))
}

func deliveryGone(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.subscriber(a, "stays")
	gone := f.subscriber(a, "goes")
	f.accept(f.call(a, 1))
	n, err := store.Get[*sms.Subscriber](f.ctx, f.s, sms.KindSubscriber, store.DocFilter{ID: gone})
	f.ok(err)
	f.ok(store.Delete(f.ctx, f.s, f.now, "test", n))
	want(f, "rows", f.outstanding(), int64(1))
	want(f, "claimed", len(f.leased(gone)), 0)
	f.accept(f.call(a, 1))
	want(f, "rows", f.outstanding(), int64(2))
}

func deliveryRace(f *fix) {
	const events = 60
	a := f.account("a", events*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, events))
	got := together(6, func(int) (ids []int64) {
		for range events + 1 {
			list, err := f.s.ClaimDeliveries(f.ctx, f.now, s, 7, f.now.Add(time.Minute))
			if err != nil {
				f.Errorf("ClaimDeliveries: %v", err)
			}
			if len(list) == 0 {
				return ids
			}
			ids = append(ids, idsOfDeliveries(list)...)
		}
		f.Error("there is no end of rows")
		return ids
	})
	times := map[int64]int{}
	for _, ids := range got {
		for _, id := range ids {
			times[id]++
		}
	}
	want(f, "rows claimed", len(times), events)
	for _, n := range times {
		want(f, "times a row was claimed", n, 1)
	}
}
