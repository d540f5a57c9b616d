package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func ownerCases() []testCase {
	return []testCase{
		{"epochs grow", ownerEpochs},
		{"orphans", ownerOrphans},
		{"orphans that were closed", ownerClosedOrphans},
		{"a restart", ownerRestart},
	}
}

func (f *fix) orphans(epoch int64, limit int) []store.Orphan {
	f.Helper()
	list, err := f.s.Orphans(f.ctx, epoch, limit)
	f.ok(err)
	return list
}

func ownerEpochs(f *fix) {
	last := f.epoch
	for _, node := range []string{"a", "b", "a", ""} {
		epoch, err := f.s.Open(f.ctx, f.now, node)
		f.ok(err)
		if epoch <= last {
			f.Errorf("epoch %d after %d", epoch, last)
		}
		last = epoch
	}
	f.later(-time.Hour) // a clock that was set back
	epoch, err := f.s.Open(f.ctx, f.now, "a")
	f.ok(err)
	if epoch <= last {
		f.Errorf("epoch %d after %d", epoch, last)
	}
}

func ownerOrphans(f *fix) {
	a := f.account("a", 100*sms.Credit)
	old := f.send(a, parts(2))
	f.answered(old.Record, 1, "x")
	want(f, "of this epoch", len(f.orphans(f.epoch, 10)), 0)
	f.open()
	f.accept(f.call(a, 1))
	f.claim(store.ClaimRequest{ConnectorID: other, Limit: 1})
	want(f, "of earlier ones", f.orphans(f.epoch, 10), []store.Orphan{{ConnectorID: connector,
		AttemptRef: sms.AttemptRef{Message: old.ID, Seq: 2, Attempt: 1, Epoch: f.epoch - 1, RouteID: route}}})
	f.open()
	want(f, "of both earlier ones", len(f.orphans(f.epoch, 10)), 2)
	want(f, "limit", len(f.orphans(f.epoch, 1)), 1)
}

func ownerClosedOrphans(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.record(f.outcome(got.Record, 1, sms.VerdictRetry, retryAt(f.now, 0)))
	f.claim(store.ClaimRequest{Limit: 1})
	f.later(wait)
	f.expire()
	f.open()
	o := f.orphans(f.epoch, 10)
	want(f, "attempt, tries", []int{len(o), o[0].Attempt, o[0].Tries}, []int{1, 2, 1})
	f.record(sms.Outcome{AttemptRef: o[0].AttemptRef, ConnectorID: o[0].ConnectorID, Verdict: sms.VerdictUnknown, Reason: sms.ReasonOutcome})
	want(f, "none is left", len(f.orphans(f.epoch, 10)), 0)
	want(f, "the end stays", f.again(got.Record).State, sms.Unknown)
}

// ownerRestart is what flow does after a crash: every attempt of the dead owner
// is unknown, and its own late outcomes are fenced off.
func ownerRestart(f *fix) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(f.call(a, 3))
	dead := f.claim(store.ClaimRequest{Limit: 10})
	f.open()
	for range 2 {
		list := f.orphans(f.epoch, 2)
		var all []sms.Outcome
		for _, o := range list {
			all = append(all, sms.Outcome{AttemptRef: o.AttemptRef, ConnectorID: o.ConnectorID, Verdict: sms.VerdictUnknown, Reason: sms.ReasonOutcome,
				Resend: true, RetryAt: f.now})
		}
		f.record(all...)
	}
	alive := f.claim(store.ClaimRequest{Limit: 10})
	want(f, "all are sent again", len(alive), 3)
	f.record(f.outcome(dead[0].Record, 1, sms.VerdictReject), f.outcome(dead[1].Record, 1, sms.VerdictDown), f.outcome(dead[2].Record, 1, sms.VerdictAccepted, upstream("late")))
	for i, state := range []sms.State{sms.Sending, sms.Sending, sms.Sent} {
		want(f, "state", f.read(a, g.FirstMessage+sms.MessageID(i)).State, state)
	}
	want(f, "epoch", alive[0].Sub[0].Epoch, f.epoch)
}
