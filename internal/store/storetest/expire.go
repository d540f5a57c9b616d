package storetest

import (
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func expireCases() []testCase {
	return []testCase{
		{"queued", expireQueued},
		{"queued with a part that was sent", expireHalfSent},
		{"sent, sending, held", expireOpen},
		{"scheduled: started", expireStart},
		{"scheduled: refused", expireRefuse},
		{"scheduled: what start is told", expireTold},
		{"ends are left alone", expireEnds},
		{"earliest first, limit, next", expireOrder},
		{"a started message that is over at once", expireStartedLate},
		{"many", expireMany},
		{"the operator is asked", expireAsk},
		{"asked again, until the end is near", expireAskAgain},
		{"nobody is asked what became of it", expireAskNone},
		{"nobody can be asked now", expireAskLater},
	}
}

func expireQueued(f *fix) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(f.call(a, 1, parts(3)))
	f.later(validity - time.Second)
	want(f, "before its time", f.expire(), 0)
	f.later(time.Second)
	want(f, "at its time", f.expire(), 1)
	r := f.read(a, g.FirstMessage)
	want(f, "message", []any{r.State, r.Provisional, r.Reason, r.UpdatedAt, r.Word()}, []any{sms.Expired, true, sms.ReasonValidity, f.now, "failed"})
	want(f, "history", f.history(r), "accept:queued expire:expired")
	want(f, "money", money(r)+" "+f.balance(a)+" "+f.transfers(a), "3/0/3 100/0/100 topup 100 reserve 3 release 3")
	want(f, "queue", len(f.queued()), 0)
	rows, err := f.s.Transfers(f.ctx, a, 0, 1)
	f.ok(err)
	want(f, "release", rows[0], sms.Transfer{ID: r.ReleaseID, AccountID: a, Kind: sms.TransferRelease, Debit: sms.Hold, Credit: sms.Wallet, Amount: 3 * sms.Credit, At: f.now})
	want(f, "once", f.expire(), 0)
}

func expireHalfSent(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(3))
	f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("x")), f.outcome(got.Record, 2, sms.VerdictRetry, retryAt(f.now.Add(100*time.Hour), 0)),
		f.outcome(got.Record, 3, sms.VerdictUnknown, resendAt(f.now.Add(time.Minute))))
	f.later(validity)
	want(f, "changed", f.expire(), 1)
	r := f.again(got.Record)
	want(f, "message", []any{r.State, money(r)}, []any{sms.Held, "3/1/0"})
	want(f, "parts", []sms.PartState{r.Sub[0].State, r.Sub[1].State, r.Sub[2].State}, []sms.PartState{sms.PartSent, sms.PartCanceled, sms.PartUnknown})
	want(f, "queue", len(f.queued()), 0)
	f.later(wait)
	want(f, "closed", f.expire(), 1)
	r = f.again(got.Record)
	want(f, "message", []any{r.State, r.Provisional, r.Reason, money(r)}, []any{sms.Unknown, true, sms.ReasonOutcome, "3/1/2"})
}

func expireOpen(f *fix) {
	a := f.account("a", 100*sms.Credit)
	sent := f.sent(a, "x")
	held, sending := f.send(a), f.send(a)
	f.record(f.outcome(held.Record, 1, sms.VerdictUnknown))
	f.later(validity + time.Second)
	want(f, "the end of validity is nothing to them", f.expire(), 0)
	f.later(wait)
	want(f, "changed", f.expire(), 3)
	for _, c := range []struct {
		r      sms.Record
		reason sms.Reason
		word   string
		money  string
	}{{sent, sms.ReasonNoReceipt, "sent", "1/1/0"}, {held.Record, sms.ReasonOutcome, "failed", "1/0/1"}, {sending.Record, sms.ReasonOutcome, "failed", "1/0/1"}} {
		r := f.again(c.r)
		want(f, "end", []any{r.State, r.Provisional, r.Reason, r.Word(), money(r)}, []any{sms.Unknown, true, c.reason, c.word, c.money})
	}
	want(f, "balance", f.balance(a)+" "+f.transfers(a), "99/0/99 topup 100 reserve 1 capture 1 reserve 1 reserve 1 release 2")
}

func expireStart(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := f.now.Add(time.Hour)
	g := f.accept(f.call(a, 1, scheduled(at)))
	want(f, "before its time", f.expire(), 0)
	want(f, "nothing to claim", len(f.claim(store.ClaimRequest{Limit: 1})), 0)
	f.now = at
	want(f, "at its time", f.expire(), 1)
	r := f.read(a, g.FirstMessage)
	want(f, "message", []any{r.State, r.DueAt, r.UpdatedAt, money(r)}, []any{sms.Queued, at, f.now, "1/0/0"})
	want(f, "history", f.history(r), "accept:scheduled due:queued")
	want(f, "claimed", len(f.claim(store.ClaimRequest{Limit: 1})), 1)
}

func expireRefuse(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := f.now.Add(time.Hour)
	g := f.accept(f.call(a, 2, scheduled(at)))
	f.now = at
	x := f.expired(10, func(m *sms.Message, _ *sms.Group, _ sms.Money) sms.Reason {
		if m.ID == g.FirstMessage {
			return sms.ReasonAccount
		}
		return ""
	})
	want(f, "changed", x.N, 2)
	want(f, "next is the validity of the other", x.Next, at.Add(validity))
	r := f.read(a, g.FirstMessage)
	want(f, "message", []any{r.State, r.Provisional, r.Reason, money(r)}, []any{sms.Rejected, false, sms.ReasonAccount, "1/0/1"})
	want(f, "history", f.history(r), "accept:scheduled reject:rejected")
	want(f, "the other", f.read(a, g.FirstMessage+1).State, sms.Queued)
	want(f, "balance", f.balance(a), "100/1/99")
}

func expireTold(f *fix) {
	a := f.account("a", 100*sms.Credit, creditLimit(7*sms.Credit))
	at := f.now.Add(time.Hour)
	g := f.accept(f.call(a, 1, scheduled(at), parts(4)))
	_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferAdjust, Amount: -3 * sms.Credit})
	f.ok(err)
	_, err = updateAccount(f, a, func(n *sms.Account) { n.CreditLimit = 0 })
	f.ok(err)
	f.now = at
	stored, calls := f.read(a, g.FirstMessage), 0
	f.expired(10, func(m *sms.Message, group *sms.Group, available sms.Money) sms.Reason {
		calls++
		want(f, "message", *m, stored.Message)
		want(f, "group", *group, g)
		want(f, "available", available, 93*sms.Credit)
		m.To, m.State, group.Text = "changed", sms.Delivered, "changed" // must not reach the store
		return ""
	})
	want(f, "calls", calls, 1)
	want(f, "message", []any{f.read(a, g.FirstMessage).To, f.read(a, g.FirstMessage).State}, []any{stored.To, sms.Queued})
}

func expireEnds(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 1, failed))
	r := f.sent(a, "x")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	canceled := f.accept(f.call(a, 1)).FirstMessage
	_, err := f.s.Cancel(f.ctx, f.now, a, []sms.MessageID{canceled})
	f.ok(err)
	f.later(1000 * time.Hour)
	x := f.expired(10, letGo)
	want(f, "nothing", []any{x.N, x.Next.IsZero(), f.again(r).State}, []any{0, true, sms.Delivered})
}

func expireOrder(f *fix) {
	a := f.account("a", 100*sms.Credit)
	var ids []sms.MessageID
	for _, minutes := range []int{30, 10, 20, 10} {
		at := f.now.Add(time.Duration(minutes) * time.Minute)
		ids = append(ids, f.accept(f.call(a, 1, func(m *sms.Message) { m.ExpiresAt = at })).FirstMessage)
	}
	step := func(limit int) (int, time.Duration) {
		x := f.expired(limit, letGo)
		return x.N, x.Next.Sub(noon)
	}
	n, next := step(10)
	want(f, "before", []any{n, next}, []any{0, 10 * time.Minute})
	f.later(25 * time.Minute)
	n, next = step(2)
	want(f, "the two earliest", []any{n, next}, []any{2, 20 * time.Minute})
	states := func() (s []sms.State) {
		for _, id := range ids {
			s = append(s, f.read(a, id).State)
		}
		return s
	}
	want(f, "states", states(), []sms.State{sms.Queued, sms.Expired, sms.Queued, sms.Expired})
	n, next = step(2)
	want(f, "the rest that is over", []any{n, next}, []any{1, 30 * time.Minute})
	want(f, "states", states(), []sms.State{sms.Queued, sms.Expired, sms.Expired, sms.Expired})
}

func expireStartedLate(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := f.now.Add(time.Hour)
	g := f.accept(f.call(a, 1, scheduled(at)))
	f.later(1000 * time.Hour) // the node was down
	x := f.expired(1, letGo)
	want(f, "started, and due again", []any{x.N, x.Next}, []any{1, at.Add(validity)})
	want(f, "then it expires", f.expire(), 1)
	want(f, "history", f.history(f.read(a, g.FirstMessage)), "accept:scheduled due:queued expire:expired")
}

func expireMany(f *fix) {
	a := f.account("a", 1000*sms.Credit)
	f.accept(f.call(a, 1000))
	f.later(validity)
	total := 0
	for range 4 {
		total += f.expired(300, letGo).N
	}
	want(f, "all", total, 1000)
	want(f, "balance", f.balance(a), "1000/0/1000")
}

// askAt sets when the operator is asked.
func askAt(at time.Time) func(*sms.Message) { return func(m *sms.Message) { m.AskAt = at } }

func expireAsk(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := f.now.Add(time.Hour + 5*time.Nanosecond)
	r := f.sent(a, "x", askAt(at), parts(2))
	f.answered(r, 2, "y")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	want(f, "next", f.expired(10, letGo), store.Expired{Next: noon.Add(time.Hour)})
	f.later(time.Hour)
	x := f.expired(10, letGo)
	r = f.again(r)
	want(f, "asked", x, store.Expired{N: 1, Next: r.AskAt, Ask: []store.Asking{{Record: r, From: "ACME"}}})
	want(f, "about", len(x.Ask[0].Unreceipted()), 1)
	want(f, "state", []any{r.State, r.AskAt, r.UpdatedAt}, []any{sms.Sent, f.now.Add((wait - time.Hour) / 2), f.now})
	want(f, "history", f.history(r), "accept:queued claim:sending@3 answer:sending#1@3 answer:sent#2@3 deliver:sent#1@3 ask:sent")
	want(f, "once", f.expired(10, letGo), store.Expired{Next: r.AskAt})
	x.Ask[0].Sub[0].Code = "changed" // must not reach the store
	f.apply(f.receipt(sms.PartDelivered, "y"))
	want(f, "answered", f.expired(10, letGo), store.Expired{})
	want(f, "parts", f.again(r).Sub[0].Code, "")
}

func expireAskAgain(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x", askAt(f.now.Add(time.Minute)))
	asked := 0
	for {
		x := f.expired(10, letGo)
		asked += len(x.Ask)
		if x.Next.IsZero() {
			break
		}
		if asked > 20 {
			f.Fatal("there is no end of asking")
		}
		f.now = x.Next
	}
	want(f, "asked", asked, 10)
	want(f, "end", []any{f.again(r).State, f.now}, []any{sms.Unknown, noon.Add(wait)})
}

func expireAskNone(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := f.now.Add(time.Minute)
	queued := f.accept(f.call(a, 1, askAt(at), due(f.now.Add(48*time.Hour)))).FirstMessage
	held := f.send(a, askAt(at))
	f.record(f.outcome(held.Record, 1, sms.VerdictUnknown))
	sending := f.send(a, askAt(at))
	done := f.sent(a, "x", askAt(at))
	f.apply(f.receipt(sms.PartDelivered, "x"))
	f.later(time.Hour)
	want(f, "nothing to do", f.expired(10, letGo), store.Expired{Next: noon.Add(validity)})
	f.answered(sending.Record, 1, "late")
	want(f, "the answer was late: its receipt gets some time", f.expired(10, letGo), store.Expired{Next: f.now.Add(time.Hour)})
	f.later(time.Hour)
	x := f.expired(10, letGo)
	want(f, "asked", []any{x.N, len(x.Ask), x.Ask[0].ID}, []any{1, 1, sending.ID})
	want(f, "states", []sms.State{f.read(a, queued).State, f.again(held.Record).State, f.again(done).State}, []sms.State{sms.Queued, sms.Held, sms.Delivered})
}

func expireAskLater(f *fix) {
	a := f.account("a", 100*sms.Credit)
	one, two := f.sent(a, "x", askAt(f.now.Add(time.Hour))), f.sent(a, "y", askAt(f.now.Add(time.Hour)), to("8801700000002"))
	f.accept(f.call(a, 1, scheduled(f.now.Add(time.Hour))))
	f.later(time.Hour)
	var about []sms.MessageID
	expired := func(ask store.AskFunc) store.Expired {
		f.Helper()
		x, err := f.s.ExpireDue(f.ctx, f.now, 10, letGo, ask)
		f.ok(err)
		return x
	}
	x := expired(func(r *sms.Record) bool {
		about = append(about, r.ID)
		want(f, "about", []any{r.State, len(r.Unreceipted())}, []any{sms.Sent, 1})
		return r.ID == two.ID
	})
	slices.Sort(about)
	want(f, "called for what is to be asked about", slices.Compact(about), []sms.MessageID{one.ID, two.ID})
	one, two = f.again(one), f.again(two)
	want(f, "asked", x, store.Expired{N: 3, Next: f.now.Add(5 * time.Minute), Ask: []store.Asking{{Record: two, From: "ACME"}}})
	want(f, "put off", []any{one.State, one.AskAt, one.UpdatedAt}, []any{sms.Sent, f.now.Add(5 * time.Minute), f.now})
	want(f, "history", f.history(one), "accept:queued claim:sending@3 answer:sent#1@3")
	want(f, "nothing before", expired(canAsk).N, 0)
	f.later(5 * time.Minute)
	x = expired(canAsk)
	want(f, "then it can be", []any{x.N, len(x.Ask)}, []any{1, 1})
	want(f, "history", f.history(one), "accept:queued claim:sending@3 answer:sent#1@3 ask:sent")
	f.later(wait)
	expired(func(*sms.Record) bool { f.Error("asked at the end"); return true })
	want(f, "closed", f.again(one).State, sms.Unknown)
}
