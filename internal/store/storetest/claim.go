package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func claimCases() []testCase {
	return []testCase{
		{"lane, then due time, then id", claimOrder},
		{"limit", claimLimit},
		{"only what is due, of the route", claimDue},
		{"next", claimNext},
		{"not after its validity", claimExpired},
		{"the intent is stored", claimIntent},
		{"part rows", claimParts},
		{"single", claimSingle},
		{"only what is pending is sent again", claimAgain},
		{"messages share their group", claimGroup},
		{"who may take what", claimPinned},
		{"next looks at what this connector may take", claimPinnedNext},
		{"each message once, from many goroutines", claimRace},
	}
}

func claimOrder(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := func(minutes int) time.Time { return f.now.Add(time.Duration(minutes) * time.Minute) }
	plan := []struct {
		lane sms.Lane
		due  time.Time
	}{{sms.LaneBulk, at(-9)}, {sms.LaneNormal, at(-1)}, {sms.LaneFirst, at(0)}, {sms.LaneNormal, at(-3)},
		{sms.LaneFirst, at(-2)}, {sms.LaneNormal, at(-3)}, {sms.LaneBulk, at(-9)}}
	var ids []sms.MessageID
	for _, p := range plan {
		ids = append(ids, f.accept(f.call(a, 1, lane(p.lane), due(p.due))).FirstMessage)
	}
	var ordered []sms.MessageID
	for _, i := range []int{4, 2, 3, 5, 1, 0, 6} {
		ordered = append(ordered, ids[i])
	}
	want(f, "order", idsOf(f.claim(store.ClaimRequest{Limit: 100})), ordered)
}

func claimLimit(f *fix) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(f.call(a, 5))
	id := g.FirstMessage
	want(f, "first two", idsOf(f.claim(store.ClaimRequest{Limit: 2})), []sms.MessageID{id, id + 1})
	want(f, "next two", idsOf(f.claim(store.ClaimRequest{Limit: 2})), []sms.MessageID{id + 2, id + 3})
	want(f, "last one", idsOf(f.claim(store.ClaimRequest{Limit: 2})), []sms.MessageID{id + 4})
	want(f, "none", len(f.claim(store.ClaimRequest{Limit: 2})), 0)
}

func claimDue(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 1, due(f.now.Add(time.Second))))
	f.accept(f.call(a, 1, func(m *sms.Message) { m.RouteID = route + 1 }))
	f.accept(f.call(a, 1, scheduled(f.now.Add(time.Second))))
	f.accept(f.call(a, 1, failed))
	want(f, "none is due here", len(f.claim(store.ClaimRequest{Limit: 10})), 0)
	want(f, "other route", len(f.claim(store.ClaimRequest{RouteID: route + 1, Limit: 10})), 1)
	f.later(time.Second)
	want(f, "due at its very time", len(f.claim(store.ClaimRequest{Limit: 10})), 1)
}

func claimNext(f *fix) {
	a := f.account("a", 100*sms.Credit)
	next := func(limit int) time.Time {
		_, at := f.claimNext(store.ClaimRequest{Limit: limit})
		return at
	}
	want(f, "empty queue", next(10), time.Time{})
	soon, late := f.now.Add(time.Minute), f.now.Add(time.Hour)
	f.accept(f.call(a, 1, due(late), lane(sms.LaneFirst)))
	f.accept(f.call(a, 1, due(soon), lane(sms.LaneBulk)))
	f.accept(f.call(a, 1, func(m *sms.Message) { m.RouteID, m.DueAt = route+1, f.now.Add(time.Second) }))
	want(f, "earliest of all lanes of this route", next(10), soon)
	f.accept(f.call(a, 3))
	want(f, "some that are due are left", next(2), time.Time{})
	want(f, "all that are due were taken", next(2), soon)
	f.later(2 * time.Minute)
	want(f, "the first of the two", next(2), late)
	f.later(2 * time.Hour)
	want(f, "nothing is left", next(2), time.Time{})
	soon, late = f.now.Add(time.Minute), f.now.Add(time.Hour)
	f.accept(f.call(a, 1, due(soon), lane(sms.LaneFirst)))
	f.accept(f.call(a, 1, due(late), lane(sms.LaneBulk)))
	want(f, "the other way round", next(2), soon)
}

func claimExpired(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 1, func(m *sms.Message) { m.ExpiresAt = f.now.Add(time.Minute) }))
	f.accept(f.call(a, 1, lane(sms.LaneBulk), due(f.now.Add(time.Hour))))
	f.later(time.Minute)
	got, next := f.claimNext(store.ClaimRequest{Limit: 10})
	want(f, "it is left to ExpireDue", len(got), 0)
	want(f, "and hides nobody's due time", next, noon.Add(time.Hour))
	want(f, "expired", f.expire(), 1)
}

func claimIntent(f *fix) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(f.call(a, 1, parts(2)))
	f.later(time.Second)
	got := f.claim(store.ClaimRequest{Limit: 1})[0]
	r := f.read(a, g.FirstMessage)
	want(f, "claimed is what is stored", got.Record, r)
	want(f, "state", r.State, sms.Sending)
	want(f, "changed at", r.UpdatedAt, f.now)
	want(f, "history", f.history(r), "accept:queued claim:sending@3")
	want(f, "queue", len(f.queued()), 0)
	want(f, "money is still held", money(r)+" "+f.balance(a), "2/0/0 100/2/98")
}

func claimParts(f *fix) {
	a := f.account("a", 100*sms.Credit)
	for _, n := range []int{1, 3, 0} { // a voice call has no parts of text and is one submission all the same
		got := f.send(a, func(m *sms.Message) { m.Parts, m.Units = n, 1 })
		want(f, "part rows", len(got.Sub), max(1, n))
		for i, p := range got.Sub {
			want(f, "part", p, sms.Part{Seq: i + 1, State: sms.PartSending, ConnectorID: connector, Attempt: 1, Epoch: f.epoch, At: f.now})
		}
	}
}

func claimSingle(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 1, parts(5)))
	got := f.claim(store.ClaimRequest{Limit: 1, Single: true})[0]
	want(f, "part rows", len(got.Sub), 1)
	f.answered(got.Record, 1, "x")
	want(f, "one submission captures all units", money(f.again(got.Record)), "5/5/0")
}

func claimAgain(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(3))
	f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("one")), f.outcome(got.Record, 2, sms.VerdictRetry, retryAt(f.now, 0)),
		f.outcome(got.Record, 3, sms.VerdictAccepted, upstream("three")))
	f.open()
	f.later(time.Second)
	again := f.claim(store.ClaimRequest{Limit: 1, ConnectorID: other, Single: true})[0]
	states := make([]sms.PartState, 3)
	for i, p := range again.Sub {
		states[i] = p.State
	}
	want(f, "states", states, []sms.PartState{sms.PartSent, sms.PartSending, sms.PartSent})
	want(f, "the part that is sent again", again.Sub[1], sms.Part{Seq: 2, State: sms.PartSending, ConnectorID: other, Attempt: 2, Epoch: f.epoch, At: f.now})
	want(f, "as stored", f.again(again.Record), again.Record)
}

func claimGroup(f *fix) {
	a := f.account("a", 100*sms.Credit)
	c := f.call(a, 2)
	c.Group.Text = "first text"
	g := f.accept(c)
	f.accept(f.call(a, 1))
	got := f.claim(store.ClaimRequest{Limit: 10})
	want(f, "content", *got[0].Group, g)
	if got[0].Group != got[1].Group || got[1].Group == got[2].Group {
		f.Error("messages of a group do not share it, or those of two groups do")
	}
}

// claimPinned looks who gets which of three messages: one that the connector
// refused for now, one whose outcome it does not know, one that is fresh.
func claimPinned(f *fix) {
	a := f.account("a", 100*sms.Credit)
	for i, c := range []struct {
		what string
		r    store.ClaimRequest
		want string
	}{
		{"another connector", store.ClaimRequest{ConnectorID: other}, "avoiding fresh "},
		{"another connector, alone", store.ClaimRequest{ConnectorID: other, Alone: true}, "avoiding fresh "},
		{"another connector, spill", store.ClaimRequest{ConnectorID: other, Spill: true}, "avoiding "},
		{"the same connector", store.ClaimRequest{ConnectorID: connector}, "pinned fresh "},
		{"the same connector, alone", store.ClaimRequest{ConnectorID: connector, Alone: true}, "avoiding pinned fresh "},
		{"the same connector, spill", store.ClaimRequest{ConnectorID: connector, Spill: true}, "pinned "},
		{"the same connector, alone and spill", store.ClaimRequest{ConnectorID: connector, Alone: true, Spill: true}, "pinned "},
	} {
		c.r.RouteID, c.r.Limit = 100+int64(i), 10
		f.accept(f.call(a, 2, func(m *sms.Message) { m.RouteID = c.r.RouteID }))
		first := f.claim(store.ClaimRequest{RouteID: c.r.RouteID, Limit: 2})
		f.record(f.outcome(first[0].Record, 1, sms.VerdictRetry, retryAt(f.now, connector)),
			f.outcome(first[1].Record, 1, sms.VerdictUnknown, resendAt(f.now)))
		fresh := f.accept(f.call(a, 1, func(m *sms.Message) { m.RouteID = c.r.RouteID })).FirstMessage
		names := map[sms.MessageID]string{first[0].ID: "avoiding ", first[1].ID: "pinned ", fresh: "fresh "}
		got := ""
		for _, m := range f.claim(c.r) {
			got += names[m.ID]
		}
		want(f, c.what, got, c.want)
	}
}

func claimPinnedNext(f *fix) {
	a := f.account("a", 100*sms.Credit)
	pinned := f.send(a)
	f.record(f.outcome(pinned.Record, 1, sms.VerdictUnknown, resendAt(f.now)))
	soon := f.now.Add(time.Minute)
	f.accept(f.call(a, 1, due(soon)))
	got, next := f.claimNext(store.ClaimRequest{Limit: 10, ConnectorID: other})
	want(f, "another connector gets", len(got), 0)
	want(f, "and comes back for", next, soon)
	got, next = f.claimNext(store.ClaimRequest{Limit: 10, ConnectorID: other, Spill: true})
	want(f, "with spill it gets", len(got), 0)
	want(f, "and there is nothing to come back for", next, time.Time{})
}

func claimRace(f *fix) {
	const messages = 200
	a := f.account("a", messages*sms.Credit)
	f.accept(f.call(a, messages))
	got := together(8, func(int) (ids []sms.MessageID) {
		for range messages + 1 {
			list, _, err := f.s.Claim(f.ctx, f.now, store.ClaimRequest{RouteID: route, ConnectorID: connector, Epoch: f.epoch, Limit: 7})
			if err != nil {
				f.Errorf("Claim: %v", err)
			}
			if len(list) == 0 {
				return ids
			}
			ids = append(ids, idsOf(list)...)
		}
		f.Error("there is no end of messages")
		return ids
	})
	times := map[sms.MessageID]int{}
	for _, ids := range got {
		for _, id := range ids {
			times[id]++
		}
	}
	want(f, "messages claimed", len(times), messages)
	for id, n := range times {
		want(f, "times that "+id.String()+" was claimed", n, 1)
	}
}
