package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func toldCases() []testCase {
	return []testCase{
		{"who handed it in is told what it wants to know", toldNotify},
		{"the ends of a life", toldEnds},
		{"a provisional end and its replacement", toldTwice},
		{"who gets every event gets it once", toldEvery},
		{"nobody of another account", toldForeign},
		{"somebody who is gone", toldGone},
		{"with the message as it is now", toldRecord},
		{"inbound", toldInbound},
		{"inbound that comes in pieces", toldSegments},
		{"inbound that nobody is told of", toldNobody},
		{"events and inbound in order of commit", toldOrder},
		{"a subscriber that moves to another account", toldMoved},
	}
}

const tellAll = sms.NotifyDelivered | sms.NotifyFailed | sms.NotifyProgress

// login makes an SMPP login.
func (f *fix) login(account int64, name string) int64 {
	f.Helper()
	n := &sms.Subscriber{Head: sms.Head{AccountID: account, Name: name}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{PasswordHash: "x"}}
	f.ok(store.Save(f.ctx, f.s, f.now, "test", n))
	return n.ID
}

// by says who handed a message in, and what it wants to know.
func by(subscriber int64, what sms.Notify) func(*sms.Message) {
	return func(m *sms.Message) { m.SubscriberID, m.Notify = subscriber, what }
}

// telling makes the rules tell them of all inbound messages.
func telling(r store.InboundRules, subscribers ...int64) store.InboundRules {
	r.Told = func(int64, string) []int64 { return subscribers }
	return r
}

// heard is the story that the subscriber is told, and acknowledges.
func (f *fix) heard(subscriber int64) string {
	f.Helper()
	list := f.leased(subscriber)
	f.ok(f.s.AckDeliveries(f.ctx, idsOfDeliveries(list)))
	return story(eventsOf(list))
}

func toldNotify(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	for _, c := range []struct {
		notify             sms.Notify
		state              sms.PartState
		afterAnswer, after string
	}{
		{tellAll, sms.PartDelivered, "answer:sent#1@3", "deliver:delivered#1@3"},
		{tellAll, sms.PartUndelivered, "answer:sent#1@3", "undeliver:undelivered#1@3"},
		{sms.NotifyDelivered, sms.PartDelivered, "", "deliver:delivered#1@3"},
		{sms.NotifyDelivered, sms.PartUndelivered, "", ""},
		{sms.NotifyFailed, sms.PartDelivered, "", ""},
		{sms.NotifyFailed, sms.PartExpired, "", "expire:expired#1@3"},
		{0, sms.PartDelivered, "", ""},
	} {
		got := f.send(a, by(s, c.notify))
		want(f, "before the answer", f.heard(s), "")
		f.answered(got.Record, 1, got.ID.String())
		want(f, "answer", f.heard(s), c.afterAnswer)
		f.apply(f.receipt(c.state, got.ID.String()), f.receipt(c.state, got.ID.String()))
		want(f, "receipt and a second one", f.heard(s), c.after)
		r := f.again(got.Record)
		want(f, "kept with the message", []any{r.SubscriberID, r.Notify}, []any{s, c.notify})
		_, _, events, err := f.s.Message(f.ctx, a, r.ID)
		f.ok(err)
		for _, e := range events {
			want(f, "who is told is no part of the history", e.SubscriberID, int64(0))
		}
	}
	want(f, "rows", f.outstanding(), int64(0))
}

func toldEnds(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	id := f.accept(f.call(a, 1, by(s, tellAll))).FirstMessage
	f.cancel(a, id)
	want(f, "canceled", f.heard(s), "cancel:canceled")
	got := f.send(a, by(s, tellAll))
	f.record(f.outcome(got.Record, 1, sms.VerdictReject, because(sms.ReasonOperator, "0x0B")))
	list := f.leased(s)
	want(f, "refused", story(eventsOf(list)), "reject:rejected#1@3")
	want(f, "why", []any{list[0].Event.Reason, list[0].Event.Code}, []any{sms.ReasonOperator, "0x0B"})
	f.ok(f.s.AckDeliveries(f.ctx, idsOfDeliveries(list)))
	f.accept(f.call(a, 1, by(s, tellAll)))
	f.later(validity)
	f.expire()
	want(f, "never sent", f.heard(s), "expire:expired")
	f.apply(f.receipt(sms.PartDelivered, "early"))
	f.answered(f.send(a, by(s, tellAll)).Record, 1, "early")
	want(f, "a receipt that overtook the answer", f.heard(s), "answer:sent#1@3 deliver:delivered#1@3")
}

func toldTwice(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	f.sent(a, "x", by(s, sms.NotifyFailed|sms.NotifyDelivered))
	f.later(wait)
	f.expire()
	want(f, "closed by our timer", f.heard(s), "close:unknown")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	want(f, "then the truth", f.heard(s), "deliver:delivered#1@3")
}

func toldEvery(f *fix) {
	a := f.account("a", 100*sms.Credit)
	hook, s := f.subscriber(a, "hook"), f.login(a, "esme")
	f.sent(a, "x", by(hook, tellAll))
	want(f, "all, once each", f.heard(hook), "accept:queued claim:sending@3 answer:sent#1@3")
	f.sent(a, "y", by(s, tellAll))
	want(f, "the hook hears of those of others", f.heard(hook), "accept:queued claim:sending@3 answer:sent#1@3")
	want(f, "the login of its own", f.heard(s), "answer:sent#1@3")
}

func toldForeign(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	s := f.login(b, "esme")
	f.sent(a, "x", by(s, tellAll))
	f.receive(telling(rules(a), s), f.inbound("x"))
	want(f, "rows", f.outstanding(), int64(0))
	want(f, "claimed", len(f.leased(s)), 0)
}

func toldGone(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	f.sent(a, "x", by(s, tellAll))
	f.receive(telling(rules(a), s), f.inbound("x"))
	want(f, "rows", f.outstanding(), int64(2))
	n, err := store.Get[*sms.Subscriber](f.ctx, f.s, sms.KindSubscriber, store.DocFilter{ID: s})
	f.ok(err)
	f.ok(store.Delete(f.ctx, f.s, f.now, "test", n))
	want(f, "rows without it", f.outstanding(), int64(0))
	f.apply(f.receipt(sms.PartDelivered, "x"))
	f.receive(telling(rules(a), s), f.inbound("y"))
	want(f, "new ones", []any{f.outstanding(), len(f.leased(s))}, []any{int64(0), 0})
}

func toldRecord(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	c := f.call(a, 1, by(s, tellAll), parts(1))
	c.Group.Raw = &sms.Raw{Header: []byte{5, 0, 3, 7, 2, 1}, Body: []byte{0xFF, 0, 0xFE}}
	c.Group.Coding, c.Group.Protocol = 4, 0x41
	c.Group.Text = ""
	g := f.accept(c)
	r := f.claim(store.ClaimRequest{Limit: 1})[0].Record
	f.answered(r, 1, "x")
	f.later(time.Second)
	f.apply(f.receipt(sms.PartDelivered, "x"))
	list := f.leased(s)
	want(f, "story", story(eventsOf(list)), "answer:sent#1@3 deliver:delivered#1@3")
	for _, d := range list {
		want(f, "the message as it is now", d.Record, f.again(r))
		want(f, "its content", *d.Group, g)
		want(f, "no inbound", d.Inbound == nil, true)
	}
}

func toldInbound(f *fix) {
	a := f.account("a", 0)
	one, two, third := f.login(a, "one"), f.login(a, "two"), f.login(a, "third")
	r := telling(rules(a), two, one, two, 4711)
	f.receive(r, f.inbound("hello"))
	for _, s := range []int64{one, two} {
		list := f.leased(s)
		want(f, "rows", len(list), 1)
		want(f, "row", []any{list[0].SubscriberID, list[0].Attempts, list[0].Event, list[0].Record.ID, list[0].Group == nil},
			[]any{s, 0, sms.Event{}, sms.MessageID(0), true})
		want(f, "message", *list[0].Inbound, f.inbox(a, store.InboxFilter{})[0])
	}
	want(f, "not told", len(f.leased(third)), 0)
	f.ok(f.s.MarkRead(f.ctx, a, []int64{1}))
	f.later(time.Hour)
	want(f, "as it is now", f.leased(one)[0].Inbound.Read, true)
	asked := ""
	r.Told = func(account int64, to string) []int64 {
		asked = show([]any{account, to})
		return nil
	}
	f.receive(r, f.inbound("again"))
	want(f, "what Told is asked", asked, show([]any{a, "2626"}))
}

func toldSegments(f *fix) {
	a := f.account("a", 0)
	s := f.login(a, "esme")
	r := telling(rules(a), s)
	f.receive(r, f.segment(1, 2, 2, "b"))
	want(f, "half", len(f.leased(s)), 0)
	f.receive(r, f.segment(1, 1, 2, "a"))
	list := f.leased(s)
	want(f, "joined", []any{len(list), list[0].Inbound.Text}, []any{1, "a|b"})
	f.ok(f.s.AckDeliveries(f.ctx, idsOfDeliveries(list)))
	f.receive(r, f.segment(2, 1, 2, "half"))
	f.later(partialAfter + time.Second)
	_, err := f.s.Purge(f.ctx, f.now, partialAfter, 10, r)
	f.ok(err)
	list = f.leased(s)
	want(f, "what there is", []any{len(list), list[0].Inbound.Text, list[0].Inbound.Partial}, []any{1, "half", true})
	f.ok(f.s.RetryDeliveries(f.ctx, idsOfDeliveries(list), f.now))
	want(f, "retried", f.leased(s)[0].Attempts, 1)
}

func toldNobody(f *fix) {
	a := f.account("a", 0)
	s := f.login(a, "esme")
	f.receive(telling(rules(0), s), f.inbound("nobody's"))
	f.receive(telling(rules(a)), f.inbound("untold"))
	f.receive(telling(rules(a), 4711), f.inbound("told to nobody there is"))
	f.receive(rules(a), f.inbound("without the rule"))
	want(f, "rows", f.outstanding(), int64(0))
}

func toldOrder(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	r := telling(rules(a), s)
	f.sent(a, "x", by(s, tellAll))
	f.receive(r, f.inbound("one"), f.inbound("two"))
	f.apply(f.receipt(sms.PartDelivered, "x"))
	f.later(-time.Minute) // the clock of another node
	f.receive(r, f.inbound("three"))
	f.later(time.Hour)
	var order []string
	for _, limit := range []int{2, 2, 2} {
		for _, d := range f.deliveries(s, limit, f.now.Add(time.Hour)) {
			if d.Inbound != nil {
				order = append(order, d.Inbound.Text)
			} else {
				order = append(order, d.Event.Trigger.String())
			}
		}
	}
	want(f, "order", order, []string{"answer", "one", "two", "deliver", "three"})
	want(f, "rows by subscriber", f.stats().Deliveries, map[int64]int64{s: 5})
}

func toldMoved(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	s := f.login(a, "esme")
	f.sent(a, "x", by(s, tellAll))
	f.receive(telling(rules(a), s), f.inbound("x"))
	n, err := store.Get[*sms.Subscriber](f.ctx, f.s, sms.KindSubscriber, store.DocFilter{ID: s})
	f.ok(err)
	n.SMPP.Window = 7
	f.ok(store.Save(f.ctx, f.s, f.now, "test", n))
	want(f, "a change of the login", f.outstanding(), int64(2))
	n.AccountID = b
	f.ok(store.Save(f.ctx, f.s, f.now, "test", n))
	want(f, "nothing of the old account", f.outstanding(), int64(0))
	f.apply(f.receipt(sms.PartDelivered, "x"))
	f.sent(b, "y", by(s, tellAll))
	want(f, "only the new account's", f.heard(s), "answer:sent#1@3")
}
