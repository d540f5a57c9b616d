package storetest

import (
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func cancelCases() []testCase {
	return []testCase{
		{"queued and scheduled", cancelWaiting},
		{"too late", cancelTooLate},
		{"handed back", cancelHandedBack},
		{"of another account", cancelForeign},
		{"claim and cancel race", cancelRace},
	}
}

// cancel returns what was canceled, in order of id.
func (f *fix) cancel(account int64, ids ...sms.MessageID) []sms.MessageID {
	f.Helper()
	got, err := f.s.Cancel(f.ctx, f.now, account, ids)
	f.ok(err)
	slices.Sort(got)
	return got
}

func cancelWaiting(f *fix) {
	a := f.account("a", 100*sms.Credit)
	queued := f.accept(f.call(a, 2)).FirstMessage
	later := f.accept(f.call(a, 1, scheduled(f.now.Add(time.Hour)))).FirstMessage
	f.later(time.Second)
	want(f, "canceled", f.cancel(a, later, queued, queued, 4711), []sms.MessageID{queued, later})
	for _, id := range []sms.MessageID{queued, later} {
		r := f.read(a, id)
		want(f, "message", []any{r.State, r.Provisional, r.Reason, money(r), r.UpdatedAt}, []any{sms.Canceled, false, sms.ReasonCanceled, "1/0/1", f.now})
	}
	want(f, "history", f.history(f.read(a, queued)), "accept:queued cancel:canceled")
	want(f, "the other is left", f.queued(), []sms.MessageID{queued + 1})
	want(f, "balance", f.balance(a)+" "+f.transfers(a), "100/1/99 topup 100 reserve 2 reserve 1 release 2")
	want(f, "twice", f.cancel(a, queued), []sms.MessageID(nil))
	f.later(time.Hour)
	want(f, "not started", f.expire(), 0)
	want(f, "none", f.cancel(a), []sms.MessageID(nil))
}

func cancelTooLate(f *fix) {
	a := f.account("a", 100*sms.Credit)
	sending := f.send(a).ID
	sent := f.sent(a, "x").ID
	unknown := f.send(a)
	f.record(f.outcome(unknown.Record, 1, sms.VerdictUnknown, resendAt(f.now.Add(time.Hour)))) // queued, but it may have been sent
	done := f.accept(f.call(a, 1, failed)).FirstMessage
	before := view(f)
	want(f, "canceled", f.cancel(a, sending, sent, unknown.ID, done), []sms.MessageID(nil))
	want(f, "nothing changed", view(f), before)
}

func cancelHandedBack(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	f.record(f.outcome(got.Record, 1, sms.VerdictDown), f.outcome(got.Record, 2, sms.VerdictDown))
	want(f, "canceled", f.cancel(a, got.ID), []sms.MessageID{got.ID})
	r := f.again(got.Record)
	want(f, "parts", []sms.PartState{r.Sub[0].State, r.Sub[1].State}, []sms.PartState{sms.PartCanceled, sms.PartCanceled})
}

func cancelForeign(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	id := f.accept(f.call(a, 1)).FirstMessage
	before := view(f)
	want(f, "canceled", f.cancel(b, id), []sms.MessageID(nil))
	want(f, "nothing changed", view(f), before)
}

func cancelRace(f *fix) {
	const messages = 60
	a := f.account("a", messages*sms.Credit)
	first := f.accept(f.call(a, messages)).FirstMessage
	claimed, canceled := map[sms.MessageID]bool{}, map[sms.MessageID]bool{}
	together(2, func(i int) error {
		for n := range messages / 3 {
			if i == 0 {
				list, _, err := f.s.Claim(f.ctx, f.now, store.ClaimRequest{RouteID: route, ConnectorID: connector, Epoch: f.epoch, Limit: 3})
				if err != nil {
					f.Errorf("Claim: %v", err)
				}
				for _, m := range list {
					claimed[m.ID] = true
				}
				continue
			}
			last := first + messages - 1 - sms.MessageID(3*n)
			ids, err := f.s.Cancel(f.ctx, f.now, a, []sms.MessageID{last, last - 1, last - 2})
			if err != nil {
				f.Errorf("Cancel: %v", err)
			}
			for _, id := range ids {
				canceled[id] = true
			}
		}
		return nil
	})
	want(f, "each is claimed or canceled", len(claimed)+len(canceled), messages)
	for id := range claimed {
		want(f, "claimed message", f.read(a, id).State, sms.Sending)
	}
	for id := range canceled {
		want(f, "canceled message", f.read(a, id).State, sms.Canceled)
	}
}
