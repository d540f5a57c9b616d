package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func readerCases() []testCase {
	return []testCase{
		{"a group", readerGroup},
		{"a message with everything", readerMessage},
		{"nothing of another account", readerTenants},
		{"what is not there", readerMissing},
		{"a balance", readerBalance},
		{"answers do not share memory with the store", readerCopies},
	}
}

func readerGroup(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.accept(f.call(a, 3))
	second := f.accept(f.call(a, 1))
	got := f.claim(store.ClaimRequest{Limit: 2})
	f.record(f.outcome(got[1].Record, 1, sms.VerdictReject))
	g, list, err := f.s.Group(f.ctx, a, first.Number)
	f.ok(err)
	want(f, "group", g, first)
	var states []sms.State
	for i, m := range list {
		want(f, "id", m.ID, first.FirstMessage+sms.MessageID(i))
		want(f, "message", m, f.read(a, m.ID).Message)
		states = append(states, m.State)
	}
	want(f, "states in order of id", states, []sms.State{sms.Sending, sms.Rejected, sms.Queued})
	_, list, err = f.s.Group(f.ctx, a, second.Number)
	f.ok(err)
	want(f, "the second group has its own", []sms.MessageID{list[0].ID}, []sms.MessageID{second.FirstMessage})
}

func readerMessage(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	at := f.now
	f.later(time.Second)
	f.record(f.outcome(got.Record, 2, sms.VerdictRetry, because(sms.ReasonThrottled, "0x58")))
	r, g, events, err := f.s.Message(f.ctx, a, got.ID)
	f.ok(err)
	want(f, "group", g, *got.Group)
	want(f, "parts", []int{len(r.Sub), r.Sub[0].Seq, r.Sub[1].Seq}, []int{2, 1, 2})
	for i := range events {
		if i > 0 && events[i].Seq <= events[i-1].Seq {
			f.Errorf("event %d after %d", events[i].Seq, events[i-1].Seq)
		}
		events[i].Seq = 0
	}
	want(f, "history", events, []sms.Event{
		{AccountID: a, MessageID: got.ID, At: at, Trigger: sms.OnAccept, State: sms.Queued},
		{AccountID: a, MessageID: got.ID, At: at, Trigger: sms.OnClaim, State: sms.Sending, ConnectorID: connector},
		{AccountID: a, MessageID: got.ID, At: f.now, Trigger: sms.OnRetry, State: sms.Sending, Part: 2, ConnectorID: connector, Reason: sms.ReasonThrottled, Code: "0x58"},
	})
}

func readerTenants(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	g := f.accept(f.call(a, 2))
	f.accept(f.call(a, 1)) // group 2 of a; b has none
	f.accept(f.call(b, 1))
	f.receive(rules(a), f.inbound("secret"))
	_, _, err := f.s.Group(f.ctx, b, 2)
	f.refused(err, sms.CodeNotFound)
	_, list, err := f.s.Group(f.ctx, b, 1)
	f.ok(err)
	want(f, "group 1 of b is b's", []any{len(list), list[0].AccountID}, []any{1, b})
	_, _, _, err = f.s.Message(f.ctx, b, g.FirstMessage)
	f.refused(err, sms.CodeNotFound)
	_, _, _, err = f.s.Message(f.ctx, 0, g.FirstMessage)
	f.refused(err, sms.CodeNotFound)
	want(f, "inbox", f.texts(b), []string{})
	want(f, "inbox before", len(f.inbox(b, store.InboxFilter{Before: 100})), 0)
	want(f, "unread", len(f.inbox(b, store.InboxFilter{UnreadOnly: true})), 0)
	want(f, "inbox of the house", f.texts(0), []string{})
	want(f, "transfers", f.transfers(b), "topup 100 reserve 1")
}

func readerMissing(f *fix) {
	a := f.account("a", 100*sms.Credit)
	_, _, err := f.s.Group(f.ctx, a, 1)
	f.refused(err, sms.CodeNotFound)
	_, _, err = f.s.Group(f.ctx, 999999, 1)
	f.refused(err, sms.CodeNotFound)
	_, _, _, err = f.s.Message(f.ctx, a, 1)
	f.refused(err, sms.CodeNotFound)
	_, err = f.s.Balance(f.ctx, 999999)
	f.refused(err, sms.CodeNotFound)
	want(f, "inbox", f.texts(a), []string{})
	want(f, "unknown account", f.texts(999999)[:0], []string{})
	f.ok(f.s.MarkRead(f.ctx, a, []int64{1}))
}

func readerBalance(f *fix) {
	a := f.account("a", 10*sms.Credit, creditLimit(5*sms.Credit))
	f.send(a)
	b, err := f.s.Balance(f.ctx, a)
	f.ok(err)
	want(f, "balance", b, sms.Balance{AccountID: a, Posted: 10 * sms.Credit, Reserved: sms.Credit, CreditLimit: 5 * sms.Credit})
}

// readerCopies changes all that a call returned or took, and looks whether the
// store noticed.
func readerCopies(f *fix) {
	a := f.account("a", 100*sms.Credit)
	c := f.call(a, 1, parts(2))
	g := f.accept(c)
	in := f.segment(1, 1, 2, "one")
	f.receive(rules(a), in)
	got := f.claim(store.ClaimRequest{Limit: 1})[0]
	before := view(f)
	c.Messages[0].To, in.Segment.Payload[0] = "changed", 'X'
	got.To, got.Sub[0].State, got.Group.Text = "changed", sms.PartRejected, "changed"
	r, _, events, err := f.s.Message(f.ctx, a, g.FirstMessage)
	f.ok(err)
	r.Sub[0].State, events[0].State = sms.PartRejected, sms.Failed
	docs, _, err := f.s.ReadDocs(f.ctx, store.DocFilter{})
	f.ok(err)
	docs[0].Body[0] = 'X'
	want(f, "the store", view(f), before)
	_, err = store.Catalog(f.ctx, f.s)
	f.ok(err)
	f.receive(rules(a), f.segment(1, 2, 2, "two"))
	want(f, "text", f.texts(a), []string{"one|two"})
}
