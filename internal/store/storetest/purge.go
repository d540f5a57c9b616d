package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func purgeCases() []testCase {
	return []testCase{
		{"keys that are over", purgeKeys},
		{"receipts held too long", purgeHeld},
		{"incomplete inbound", purgePartial},
		{"a segment after the partial message", purgeLateSegment},
		{"nothing to do", purgeNothing},
		{"limit", purgeLimit},
	}
}

const partialAfter = time.Hour

func (f *fix) purge(limit int, account int64) int {
	f.Helper()
	n, err := f.s.Purge(f.ctx, f.now, partialAfter, limit, rules(account))
	f.ok(err)
	return n
}

func purgeKeys(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(keyed(f.call(a, 1), "short", f.now.Add(time.Minute)))
	f.accept(keyed(f.call(a, 1), "long", f.now.Add(time.Hour)))
	f.later(2 * time.Minute)
	want(f, "one is over", f.purge(100, a), 1)
	want(f, "the other still answers", f.acceptAll(keyed(f.call(a, 1), "long", f.now.Add(time.Hour)))[0].Replayed, true)
	want(f, "its messages stay", f.balance(a), "100/2/98")
}

func purgeHeld(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.apply(f.receipt(sms.PartDelivered, "old", "older form"))
	f.later(store.HoldReceipts - time.Minute)
	f.apply(f.receipt(sms.PartUndelivered, "new"))
	want(f, "not yet", f.purge(100, a), 0)
	want(f, "held", f.stats().HeldReceipts, int64(2))
	f.later(2 * time.Minute)
	want(f, "the old one goes", f.purge(100, a), 1)
	want(f, "held", f.stats().HeldReceipts, int64(1))
	f.answered(got.Record, 1, "old")
	want(f, "it is gone", f.again(got.Record).State, sms.Sent)
	second := f.send(a)
	f.answered(second.Record, 1, "new")
	want(f, "the new one is there", f.again(second.Record).State, sms.Undelivered)
}

func purgePartial(f *fix) {
	a := f.account("a", 0)
	at := f.now
	f.receive(rules(a), f.segment(1, 3, 3, "three"), f.segment(1, 1, 3, "one"))
	f.later(partialAfter - time.Minute)
	f.receive(rules(a), f.segment(2, 1, 2, "young"))
	want(f, "not yet", f.purge(100, a), 0)
	f.later(2 * time.Minute)
	if f.purge(100, a) == 0 {
		f.Error("Purge says that it did nothing")
	}
	want(f, "inbox", f.inbox(a, store.InboxFilter{}), []sms.InboxMessage{{AccountID: a, Number: 1, ConnectorID: connector,
		From: "+8801711111111", To: "2626", Text: "one|three", Partial: true, At: at}})
	want(f, "done", f.purge(100, a), 0)
	f.receive(rules(a), f.inbound("later"))
	want(f, "counter", f.inbox(a, store.InboxFilter{})[0].Number, int64(2))
	f.receive(rules(a), f.segment(2, 2, 2, "and whole"))
	want(f, "the young set is still there", f.texts(a)[0], "young|and whole")
}

func purgeLateSegment(f *fix) {
	a := f.account("a", 0)
	f.receive(rules(a), f.segment(1, 1, 2, "one"))
	f.later(partialAfter + time.Minute)
	f.purge(100, a)
	f.receive(rules(a), f.segment(1, 2, 2, "two"))
	want(f, "one is gone", f.texts(a), []string{"one"})
	f.later(partialAfter - time.Minute)
	want(f, "the late one has its own time", f.purge(100, a), 0)
	f.later(2 * time.Minute)
	f.purge(100, a)
	want(f, "both partial", f.texts(a), []string{"two", "one"})
}

func purgeNothing(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 1))
	f.sent(a, "x")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	f.receive(rules(a), f.inbound("hello"))
	f.later(10_000 * time.Hour)
	before := view(f)
	want(f, "rows", f.purge(100, a), 0)
	want(f, "nothing changed", view(f), before)
}

func purgeLimit(f *fix) {
	a := f.account("a", 100*sms.Credit)
	for _, key := range []string{"a", "b", "c"} {
		f.accept(keyed(f.call(a, 1), key, f.now.Add(time.Minute)))
	}
	f.later(time.Hour)
	want(f, "two, then the last, then none", []int{f.purge(2, a), f.purge(2, a), f.purge(2, a)}, []int{2, 1, 0})
	for range 3 {
		f.apply(f.receipt(sms.PartDelivered, "nobody"))
	}
	f.later(store.HoldReceipts + time.Hour)
	want(f, "held receipts", []int{f.purge(2, a), f.purge(2, a), f.purge(2, a)}, []int{2, 1, 0})
}
