package storetest

import (
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func acceptCases() []testCase {
	return []testCase{
		{"numbers", acceptNumbers},
		{"everything is kept", acceptKeepsAll},
		{"queued, scheduled and failed", acceptStates},
		{"queue and event rows", acceptRows},
		{"answers stand in the order of the calls", acceptOrder},
		{"a key answers with the first group", acceptReplay},
		{"a key is of one account", acceptKeyPerAccount},
		{"a key ends", acceptKeyEnds},
		{"calls of one batch see each other's keys", acceptReplayInBatch},
		{"a refused call leaves no key", acceptRefusedKey},
		{"no key", acceptNoKey},
		{"the same key from many goroutines", acceptKeyRace},
		{"ten thousand recipients", acceptMany},
	}
}

func acceptNumbers(f *fix) {
	a := f.account("a", 100*sms.Credit, func(a *sms.Account) { a.GroupStart, a.RecipientStart = 5000, 90000 })
	b := f.account("b", 100*sms.Credit)
	got := f.acceptAll(f.call(a, 3), f.call(b, 1), f.call(a, 2))
	want(f, "group numbers", []int64{got[0].Group.Number, got[1].Group.Number, got[2].Group.Number}, []int64{5000, 1, 5001})
	want(f, "recipient numbers", []int64{got[0].Group.FirstRecipient, got[1].Group.FirstRecipient, got[2].Group.FirstRecipient}, []int64{90000, 1, 90003})
	want(f, "counters of a", f.counters(a), store.Counters{Group: 5002, Recipient: 90005, Inbox: 1})
	want(f, "counters of b", f.counters(b), store.Counters{Group: 2, Recipient: 2, Inbox: 1})
	seen := map[sms.MessageID]bool{}
	for i, n := range []int{3, 1, 2} {
		g := got[i].Group
		_, list, err := f.s.Group(f.ctx, g.AccountID, g.Number)
		f.ok(err)
		want(f, "messages of the group", len(list), n)
		for j, m := range list {
			if m.ID <= 0 || m.ID != g.FirstMessage+sms.MessageID(j) || seen[m.ID] {
				f.Errorf("message %d of group %d has id %s after %s, or one that was used", j, g.Number, m.ID, g.FirstMessage)
			}
			seen[m.ID] = true
			want(f, "recipient", g.RecipientNumber(m.ID), g.FirstRecipient+int64(j))
			want(f, "group of the message", m.Group, g.Number)
		}
	}
}

func acceptKeepsAll(f *fix) {
	a := f.account("a", 100*sms.Credit)
	c := f.call(a, 1)
	at := f.now.Add(-time.Second)
	c.Group = sms.Group{AccountID: a, Count: 1, Type: sms.TypeVoice, From: "MY CAR WASH", Text: "আমার \x00 text\n€ 😀", File: "https://x.example/f.mp3",
		Language: "bn-BD", Duration: 90 * time.Second, Face: "api", At: at, SendAt: f.now.Add(time.Hour)}
	c.Messages[0] = sms.Message{AccountID: a, To: "8801711111111", Input: "01711-111111", State: sms.Scheduled, Reason: sms.ReasonLinkDown,
		Code: "0x0000000B", Encoding: 2, Parts: 3, Units: 6, Price: 350_000, ChargeOn: sms.ChargeDelivered, Reserved: 2_100_000,
		RouteID: 12, Pinned: true, Lane: sms.LaneBulk, DueAt: f.now.Add(time.Hour), ExpiresAt: f.now.Add(2 * time.Hour),
		CloseAt: f.now.Add(3 * time.Hour), UpdatedAt: f.now}
	c.Need = 2_100_000
	got := f.accept(c)
	g, list, err := f.s.Group(f.ctx, a, got.Number)
	f.ok(err)
	want(f, "group as answered and as read", got, g)
	planned := c.Group
	planned.Number, planned.FirstMessage, planned.FirstRecipient = 1, g.FirstMessage, 1
	want(f, "group", g, planned)
	m := c.Messages[0]
	m.ID, m.Group, m.ReserveID = g.FirstMessage, 1, list[0].ReserveID
	want(f, "messages", list, []sms.Message{m})
	want(f, "record", f.read(a, g.FirstMessage), sms.Record{Message: m})
}

func acceptStates(f *fix) {
	a := f.account("a", 100*sms.Credit)
	c := f.call(a, 3)
	failed(&c.Messages[1])
	scheduled(f.now.Add(time.Hour))(&c.Messages[2])
	c.Need = 2 * sms.Credit
	g := f.accept(c)
	for i, w := range []string{"accept:queued", "accept:failed", "accept:scheduled"} {
		want(f, "history", f.history(f.read(a, g.FirstMessage+sms.MessageID(i))), w)
	}
	_, _, events, err := f.s.Message(f.ctx, a, g.FirstMessage+1)
	f.ok(err)
	e := sms.Event{Seq: events[0].Seq, AccountID: a, MessageID: g.FirstMessage + 1, At: f.now, Trigger: sms.OnAccept, State: sms.Failed, Reason: sms.ReasonNumber}
	want(f, "event of the failed one", events, []sms.Event{e})
	bad := f.read(a, g.FirstMessage+1)
	want(f, "failed input is kept", bad.Input, "not a number")
	want(f, "failed costs nothing", money(bad), "0/0/0")
	want(f, "balance", f.balance(a), "100/2/98")
	want(f, "queue", f.queued(), []sms.MessageID{g.FirstMessage})
	want(f, "the scheduled one is the next to look at", f.expired(10, letGo).Next, f.now.Add(time.Hour))
}

func acceptRows(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 2, due(f.now.Add(time.Minute)), lane(sms.LaneFirst)))
	f.accept(f.call(a, 1, func(m *sms.Message) { m.RouteID = 8 }))
	st := f.stats()
	want(f, "queue by route", st.Queued, map[int64]int64{route: 2, 8: 1})
	want(f, "oldest due", st.OldestDue, f.now)
}

func acceptOrder(f *fix) {
	rich, poor := f.account("rich", 10*sms.Credit), f.account("poor", 2*sms.Credit)
	before := view(f)
	refused := f.acceptAll(f.call(poor, 3), f.call(999999, 1))
	f.refused(refused[0].Err, sms.CodeCredit)
	f.refused(refused[1].Err, sms.CodeNotFound)
	want(f, "refused calls leave no trace", view(f), before)

	got := f.acceptAll(f.call(rich, 1), f.call(poor, 3), f.call(999999, 1), f.call(poor, 2), f.call(rich, 2))
	codes := make([]sms.Code, len(got))
	for i, x := range got {
		if x.Err != nil {
			codes[i] = sms.CodeOf(x.Err)
			want(f, "group of a refused call", x.Group, sms.Group{})
		}
	}
	want(f, "codes", codes, []sms.Code{"", sms.CodeCredit, sms.CodeNotFound, "", ""})
	want(f, "numbers", []int64{got[0].Group.Number, got[3].Group.Number, got[4].Group.Number}, []int64{1, 1, 2})
	want(f, "counters of the one refused before", f.counters(poor), store.Counters{Group: 2, Recipient: 3, Inbox: 1})
	want(f, "balances", f.balance(rich)+" "+f.balance(poor), "10/3/7 2/2/0")
}

func keyed(c sms.Call, key string, until time.Time) sms.Call {
	c.Key, c.KeyUntil = key, until
	return c
}

func acceptReplay(f *fix) {
	a := f.account("a", 2*sms.Credit)
	until := f.now.Add(time.Hour)
	first := f.acceptAll(keyed(f.call(a, 2), "k", until))[0]
	want(f, "first is no replay", first.Replayed, false)
	before := view(f)
	f.later(time.Minute)
	c := keyed(f.call(a, 1), "k", until.Add(time.Hour)) // other content, and no credit is left for it
	c.Group.Text = "another text"
	second := f.acceptAll(c)[0]
	f.ok(second.Err)
	want(f, "replayed", second.Replayed, true)
	want(f, "group", second.Group, first.Group)
	want(f, "nothing was written", view(f), before)
	want(f, "another key", sms.CodeOf(f.acceptAll(keyed(f.call(a, 1), "K", until))[0].Err), sms.CodeCredit)
}

func acceptKeyPerAccount(f *fix) {
	a, b := f.account("a", 9*sms.Credit), f.account("b", 9*sms.Credit)
	got := f.acceptAll(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)), keyed(f.call(b, 1), "k", f.now.Add(time.Hour)))
	want(f, "replays", []bool{got[0].Replayed, got[1].Replayed}, []bool{false, false})
	want(f, "accounts", []int64{got[0].Group.AccountID, got[1].Group.AccountID}, []int64{a, b})
}

func acceptKeyEnds(f *fix) {
	a := f.account("a", 9*sms.Credit)
	f.accept(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)))
	f.later(59 * time.Minute)
	want(f, "before its end", f.acceptAll(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)))[0].Replayed, true)
	f.later(2 * time.Minute)
	again := f.acceptAll(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)))[0]
	want(f, "after its end", again.Replayed, false)
	want(f, "number", again.Group.Number, int64(2))
	f.later(time.Minute)
	want(f, "the new group answers now", f.acceptAll(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)))[0].Group.Number, int64(2))
}

func acceptReplayInBatch(f *fix) {
	a := f.account("a", 9*sms.Credit)
	until := f.now.Add(time.Hour)
	got := f.acceptAll(keyed(f.call(a, 1), "k", until), f.call(a, 1), keyed(f.call(a, 2), "k", until))
	want(f, "replays", []bool{got[0].Replayed, got[1].Replayed, got[2].Replayed}, []bool{false, false, true})
	want(f, "group", got[2].Group, got[0].Group)
	want(f, "balance", f.balance(a), "9/2/7")
}

func acceptRefusedKey(f *fix) {
	a := f.account("a", 2*sms.Credit)
	until := f.now.Add(time.Hour)
	got := f.acceptAll(keyed(f.call(a, 3), "k", until), keyed(f.call(a, 2), "k", until), keyed(f.call(a, 3), "k", until))
	f.refused(got[0].Err, sms.CodeCredit)
	f.ok(got[1].Err)
	want(f, "replays", []bool{got[0].Replayed, got[1].Replayed, got[2].Replayed}, []bool{false, false, true})
}

func acceptNoKey(f *fix) {
	a := f.account("a", 9*sms.Credit)
	until := f.now.Add(time.Hour)
	got := f.acceptAll(keyed(f.call(a, 1), "", until), keyed(f.call(a, 1), "", until))
	want(f, "numbers", []int64{got[0].Group.Number, got[1].Group.Number}, []int64{1, 2})
}

func acceptKeyRace(f *fix) {
	a := f.account("a", 100*sms.Credit)
	answers := together(16, func(int) store.Accepted {
		got, err := f.s.Accept(f.ctx, f.now, []sms.Call{keyed(f.call(a, 1), "k", f.now.Add(time.Hour))})
		if err != nil {
			return store.Accepted{Err: err}
		}
		return got[0]
	})
	fresh := 0
	for _, x := range answers {
		f.ok(x.Err)
		want(f, "group", x.Group, answers[0].Group)
		if !x.Replayed {
			fresh++
		}
	}
	want(f, "calls that were stored", fresh, 1)
	want(f, "balance", f.balance(a), "100/1/99")
}

func acceptMany(f *fix) {
	const n = 10_000
	a := f.account("a", n*sms.Credit)
	g := f.accept(f.call(a, n))
	_, list, err := f.s.Group(f.ctx, a, g.Number)
	f.ok(err)
	want(f, "messages", len(list), n)
	for i, m := range list {
		if m.ID != g.FirstMessage+sms.MessageID(i) || m.To != fmt.Sprintf("88017%08d", i) {
			f.Fatalf("message %d is %s to %s", i, m.ID, m.To)
		}
	}
	want(f, "balance", f.balance(a), "10000/10000/0")
	want(f, "transfers", f.transfers(a), "topup 10000 reserve 10000")
	want(f, "next group", f.counters(a), store.Counters{Group: 2, Recipient: n + 1, Inbox: 1})
}
