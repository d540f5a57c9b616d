package storetest

import (
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func listCases() []testCase {
	return []testCase{
		{"each state", listStates},
		{"pages, newest first", listPages},
		{"of one account, of all, of nobody", listAccounts},
		{"held ones are counted", listHeld},
		{"nothing to list", listNothing},
	}
}

// list wants the messages to be as Message has them, and returns their ids.
func (f *fix) list(account int64, filter store.MessageFilter) (ids []sms.MessageID) {
	f.Helper()
	if filter.Limit == 0 {
		filter.Limit = 1000
	}
	list, err := f.s.Messages(f.ctx, account, filter)
	f.ok(err)
	for _, m := range list {
		want(f, "message of the list", m, f.read(m.AccountID, m.ID).Message)
		ids = append(ids, m.ID)
	}
	return ids
}

// ofEachState makes two messages of each state that a story can lead to.
func ofEachState(f *fix, account int64) map[sms.State][]sms.MessageID {
	f.Helper()
	made := map[sms.State][]sms.MessageID{}
	add := func(s sms.State, id sms.MessageID) {
		want(f, "state", f.read(account, id).State, s)
		made[s] = append(made[s], id)
	}
	for i, s := range []sms.PartState{sms.PartDelivered, sms.PartRead, sms.PartUndelivered, sms.PartExpired, sms.PartRejected} {
		for n := range 2 {
			r := f.sent(account, s.String()+string(rune('a'+n)))
			f.apply(f.receipt(s, s.String()+string(rune('a'+n))))
			add([]sms.State{sms.Delivered, sms.Read, sms.Undelivered, sms.Expired, sms.Rejected}[i], r.ID)
		}
	}
	for range 2 {
		add(sms.Sent, f.sent(account, "sent").ID)
		add(sms.Sending, f.send(account, parts(2)).ID)
		held := f.send(account)
		f.record(f.outcome(held.Record, 1, sms.VerdictUnknown))
		add(sms.Held, held.ID)
		partial := f.send(account, parts(2))
		f.record(f.outcome(partial.Record, 1, sms.VerdictAccepted, upstream("p")), f.outcome(partial.Record, 2, sms.VerdictReject))
		f.apply(f.receipt(sms.PartDelivered, "p"))
		add(sms.PartiallyDelivered, partial.ID)
		add(sms.Failed, f.accept(f.call(account, 1, failed)).FirstMessage)
		canceled := f.accept(f.call(account, 1)).FirstMessage
		f.cancel(account, canceled)
		add(sms.Canceled, canceled)
		unknown := f.send(account, func(m *sms.Message) { m.ExpiresAt, m.CloseAt = f.now.Add(time.Minute), f.now.Add(time.Minute) })
		f.later(time.Minute)
		f.expire()
		add(sms.Unknown, unknown.ID)
	}
	for range 2 {
		add(sms.Scheduled, f.accept(f.call(account, 1, scheduled(f.now.Add(time.Hour)))).FirstMessage)
		add(sms.Queued, f.accept(f.call(account, 1)).FirstMessage)
	}
	return made
}

func listStates(f *fix) {
	a := f.account("a", 1000*sms.Credit)
	made := ofEachState(f, a)
	want(f, "states made", len(made), len(sms.States()))
	newest := func(states ...sms.State) (ids []sms.MessageID) {
		for _, s := range states {
			ids = append(ids, made[s]...)
		}
		slices.Sort(ids)
		slices.Reverse(ids)
		return ids
	}
	for _, account := range []int64{a, 0} {
		for _, s := range sms.States() {
			want(f, s.String(), f.list(account, store.MessageFilter{States: []sms.State{s}}), newest(s))
			want(f, s.String()+" on the second page", f.list(account, store.MessageFilter{States: []sms.State{s}, Limit: 1, Before: made[s][1]}), made[s][:1])
		}
		for _, some := range [][]sms.State{{sms.Held, sms.Scheduled}, {sms.Sent, sms.Queued, sms.Sending}, {sms.Held, sms.Failed}, sms.States(),
			{sms.Scheduled, sms.Queued, sms.Sending, sms.Held, sms.Sent}} {
			want(f, show(some), f.list(account, store.MessageFilter{States: some}), newest(some...))
			want(f, show(some)+" limited", f.list(account, store.MessageFilter{States: some, Limit: 3}), newest(some...)[:3])
		}
		want(f, "a state twice", f.list(account, store.MessageFilter{States: []sms.State{sms.Held, sms.Held}}), newest(sms.Held))
		want(f, "no such state", len(f.list(account, store.MessageFilter{States: []sms.State{0, 99}})), 0)
		want(f, "all", f.list(account, store.MessageFilter{}), newest(sms.States()...))
	}
}

func listPages(f *fix) {
	a := f.account("a", 100*sms.Credit)
	var ids []sms.MessageID
	for _, n := range []int{1, 5, 3, 1} {
		first := f.accept(f.call(a, n)).FirstMessage
		for i := range n {
			ids = append(ids, first+sms.MessageID(i))
		}
		f.later(25 * time.Hour)
	}
	slices.Reverse(ids)
	for _, account := range []int64{a, 0} {
		for _, states := range [][]sms.State{nil, {sms.Queued}, {sms.Queued, sms.Failed}} {
			for limit := 1; limit <= 4; limit++ {
				var all []sms.MessageID
				for page := f.list(account, store.MessageFilter{States: states, Limit: limit}); len(page) > 0; {
					all = append(all, page...)
					page = f.list(account, store.MessageFilter{States: states, Limit: limit, Before: page[len(page)-1]})
				}
				want(f, "pages together", all, ids)
			}
		}
	}
}

func listAccounts(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	one, two := f.accept(f.call(a, 1)).FirstMessage, f.accept(f.call(b, 1)).FirstMessage
	three := f.accept(f.call(a, 1)).FirstMessage
	for _, states := range [][]sms.State{nil, {sms.Queued}} {
		want(f, "a", f.list(a, store.MessageFilter{States: states}), []sms.MessageID{three, one})
		want(f, "b", f.list(b, store.MessageFilter{States: states}), []sms.MessageID{two})
		want(f, "all", f.list(0, store.MessageFilter{States: states}), []sms.MessageID{three, two, one})
		want(f, "nobody", len(f.list(4711, store.MessageFilter{States: states})), 0)
	}
}

func listHeld(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.send(a)
	want(f, "none", f.stats().Held, int64(0))
	f.record(f.outcome(got.Record, 1, sms.VerdictUnknown))
	want(f, "one", f.stats().Held, int64(1))
	f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("late")))
	want(f, "it was answered", []any{f.stats().Held, f.again(got.Record).State}, []any{int64(0), sms.Sent})
}

func listNothing(f *fix) {
	a := f.account("a", 100*sms.Credit)
	want(f, "no messages", len(f.list(a, store.MessageFilter{})), 0)
	f.accept(f.call(a, 1))
	for _, limit := range []int{-1, 0} {
		for _, states := range [][]sms.State{nil, {sms.Queued}} {
			for _, account := range []int64{a, 0} {
				list, err := f.s.Messages(f.ctx, account, store.MessageFilter{Limit: limit, States: states})
				f.ok(err)
				want(f, "no room", len(list), 0)
			}
		}
	}
}
