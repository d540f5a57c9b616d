package flow

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// counting is a store that notes the batches of Accept.
type counting struct {
	Store
	batches [][]string // recipients
}

func (s *counting) Accept(ctx context.Context, now time.Time, calls []sms.Call) ([]store.Accepted, error) {
	var to []string
	for _, c := range calls {
		to = append(to, c.Messages[0].To)
	}
	s.batches = append(s.batches, to)
	return s.Store.Accept(ctx, now, calls)
}

// callMeter counts as a face is counted.
type callMeter struct {
	noMeter
	accepted, messages int
	refused            map[sms.Code]int
}

func (m *callMeter) Accepted(_ string, n int, _ time.Duration) { m.accepted++; m.messages += n }
func (m *callMeter) Refused(_ string, code sms.Code, _ time.Duration) {
	m.refused[code]++
}

// TestAcceptAll: each has its answer in its place, the good ones stand in one
// commit in their order, and the bad ones hurt nobody.
func TestAcceptAll(t *testing.T) {
	meter := &callMeter{refused: map[sms.Code]int{}}
	r := newRig(t, func(r *rig) { r.options.Meter = meter })
	s := &counting{Store: r.flow.Store}
	r.flow.Store = s
	keyed := r.request(number(5))
	keyed.Key, keyed.KeyFor = "k", time.Hour
	nobody := r.request(number(2))
	nobody.From = "nobody"
	dear := r.request(number(3))
	for i := range 200 {
		dear.To = append(dear.To, number(1000+i))
	}
	reqs := []Request{r.request(number(1)), nobody, dear, r.request("x"), r.request(number(4), number(40)), keyed, keyed}
	got := r.flow.AcceptAll(t.Context(), reqs)
	want := []struct {
		code   sms.Code
		reason sms.Reason
		number int64
		again  bool
	}{{number: 1}, {code: sms.CodeForbidden, reason: sms.ReasonSender}, {code: sms.CodeCredit, reason: sms.ReasonCredit},
		{code: sms.CodeInvalid, reason: sms.ReasonNumber}, {number: 2}, {number: 3}, {number: 3, again: true}}
	for i, w := range want {
		g := got[i]
		if (g.Err == nil) != (w.code == "") || w.code != "" && sms.CodeOf(g.Err) != w.code || sms.ReasonOf(g.Err) != w.reason {
			t.Errorf("request %d: %v (%s)", i, g.Err, sms.ReasonOf(g.Err))
		}
		if g.Group.Number != w.number || g.Replayed != w.again {
			t.Errorf("request %d: group %d, replayed %t; want %d, %t", i, g.Group.Number, g.Replayed, w.number, w.again)
		}
	}
	if len(s.batches) != 1 || fmt.Sprint(s.batches[0]) != fmt.Sprint([]string{number(1), number(3), number(4), number(5), number(5)}) {
		t.Errorf("batches %v", s.batches)
	}
	if meter.accepted != 3 || meter.messages != 4 || len(meter.refused) != 3 {
		t.Errorf("counted %d calls with %d messages, refused %v", meter.accepted, meter.messages, meter.refused)
	}
	r.wantMoney(100*sms.Credit, 4*sms.Credit)
	if none := r.flow.AcceptAll(t.Context(), nil); len(none) != 0 || len(s.batches) != 1 {
		t.Errorf("nothing is answered with %d", len(none))
	}
	r.step()
	if r.got("a") != 4 {
		t.Errorf("a took %d", r.got("a"))
	}
}

// TestAcceptAllWithLargeOnes: a large call has its own commit, in its place.
func TestAcceptAllWithLargeOnes(t *testing.T) {
	r := newRig(t, func(r *rig) { r.topUp(10 * largeFrom * sms.Credit) })
	s := &counting{Store: r.flow.Store}
	r.flow.Store = s
	large := r.request()
	for i := range largeFrom {
		large.To = append(large.To, number(1000+i))
	}
	got := r.flow.AcceptAll(t.Context(), []Request{large, r.request(number(1)), r.request(number(2)), large, r.request(number(3))})
	for i, g := range got {
		if g.Err != nil || g.Group.Number != int64(i+1) {
			t.Errorf("request %d: group %d, %v", i, g.Group.Number, g.Err)
		}
	}
	want := [][]string{{number(1000)}, {number(1), number(2)}, {number(1000)}, {number(3)}}
	if fmt.Sprint(s.batches) != fmt.Sprint(want) {
		t.Errorf("batches %v, want %v", s.batches, want)
	}
	r.store.FailNext(memory.VerbAccept, errors.New("disk is full"))
	if got := r.flow.AcceptAll(t.Context(), []Request{large})[0]; got.Err == nil || got.Group.Number != 0 {
		t.Errorf("%+v", got)
	}
}

// TestAcceptAllWhileAnswersAreLost: all of a lost commit are asked after
// together; none is doubled, and none is called refused that was kept.
func TestAcceptAllWhileAnswersAreLost(t *testing.T) {
	for name, c := range map[string]struct {
		lost    int
		written bool
		ok      bool
		stored  sms.Money
	}{
		"once, written":         {1, true, true, 3},
		"once, not written":     {1, false, true, 3},
		"for ever, written":     {1 << 30, true, false, 3},
		"for ever, not written": {1 << 30, false, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				asked := 0
				r.fault = func(v memory.Verb) memory.Fault {
					if asked++; v != memory.VerbAccept || asked > c.lost {
						return memory.Fault{}
					}
					return memory.Fault{Err: store.ErrCommitUnknown, Commit: c.written && asked == 1}
				}
				got := r.flow.AcceptAll(t.Context(), []Request{r.request(number(1)), r.request("x"), r.request(number(2), number(3))})
				r.fault = nil
				if sms.CodeOf(got[1].Err) != sms.CodeInvalid {
					t.Errorf("the bad one: %v", got[1].Err)
				}
				for _, i := range []int{0, 2} {
					unknown := sms.CodeOf(got[i].Err) == sms.CodeUnavailable && errors.Is(got[i].Err, store.ErrCommitUnknown)
					if (got[i].Err == nil) != c.ok || got[i].Replayed || unknown == c.ok {
						t.Errorf("request %d: replayed %t, %v", i, got[i].Replayed, got[i].Err)
					}
				}
				r.wantMoney(100*sms.Credit, c.stored*sms.Credit)
			})
		})
	}
}

// TestCreditErrorIsACopy: the store may give one error to many.
func TestCreditErrorIsACopy(t *testing.T) {
	shared := sms.Fail(sms.CodeCredit, "the account has nothing left")
	var in intake
	in.settle(store.Accepted{Err: shared}, nil)
	if shared.Reason != "" || sms.ReasonOf(in.err) != sms.ReasonCredit || in.err.Error() != shared.Message {
		t.Errorf("the store's %+v, the caller's %+v", shared, in.err)
	}
}
