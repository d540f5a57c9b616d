package flow

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// troubles are the ways in which a call of the store can fail.
var troubles = map[string]memory.Fault{
	"out of order":             {Err: sms.Unavailable("the database cannot serve now", nil)},
	"refuses":                  {Err: errors.New("a defect")},
	"answer lost, written":     {Err: store.ErrCommitUnknown, Commit: true},
	"answer lost, not written": {Err: store.ErrCommitUnknown},
}

// TestStoreFailsForAWhile, each verb in each way: everything ends as if nothing
// had happened, only later.
func TestStoreFailsForAWhile(t *testing.T) {
	verbs := []memory.Verb{memory.VerbClaim, memory.VerbRecordOutcomes, memory.VerbApplyReceipts, memory.VerbExpireDue,
		memory.VerbPurge, memory.VerbDocsVersion, memory.VerbReadDocs, memory.VerbOpen, memory.VerbOrphans}
	for _, verb := range verbs {
		for name, trouble := range troubles {
			t.Run(fmt.Sprintf("%s %s", verb, name), func(t *testing.T) {
				r := newRig(t, off("b"), func(r *rig) { r.script["a"] = fake.Deliver })
				groups := []int64{r.send(r.request(number(1)))}
				later := r.request(number(2))
				later.SendAt = noon.Add(3 * time.Second)
				groups = append(groups, r.send(later))
				r.step()
				edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.MaxParts = 7 }) // for the watcher
				r.fault = func(v memory.Verb) memory.Fault {
					if v == verb {
						return trouble
					}
					return memory.Fault{}
				}
				for i := range 10 {
					groups = append(groups, r.send(r.request(number(10+i))))
					r.pass(time.Second)
				}
				r.fault = nil
				r.pass(time.Minute)
				if got := r.flow.Catalog().Account(r.account.ID).MaxParts; got != 7 {
					t.Errorf("the configuration is not followed")
				}
				for _, g := range groups {
					r.want(g, sms.Delivered, "")
				}
				taken := 0
				for _, l := range r.every {
					taken += len(l.Got())
				}
				if taken != len(groups) {
					t.Errorf("%d submissions of %d messages", taken, len(groups))
				}
				r.wantMoney(sms.Money(100-len(groups))*sms.Credit, 0)
			})
		}
	}
}

// TestLostClaims: a claim whose answer is lost while other messages are on the
// wire. Those stay, the lost ones go again, each once.
func TestLostClaims(t *testing.T) {
	r := newRig(t, off("b"), func(r *rig) { r.script["a"] = fake.Hold })
	kept := r.send(r.request(number(1)))
	r.step()
	r.store.FailNext(memory.VerbClaim, store.ErrCommitUnknown)
	lost := r.send(r.request(number(2)))
	r.fault = func(memory.Verb) memory.Fault { return memory.Fault{} } // let the step fail
	r.step()
	r.fault = nil
	r.want(lost, sms.Sending, "")
	r.pass(time.Minute)
	r.want(lost, sms.Sending, "") // something of its epoch is still held
	r.links["a"].SetScript(fake.Accept)
	r.links["a"].Resolve(r.links["a"].Open()[0], verdict(sms.VerdictAccepted))
	r.pass(time.Second)
	r.want(kept, sms.Sent, "")
	m := r.want(lost, sms.Sent, "")
	if m.Sub[0].Attempt != 2 || m.Sub[0].Unknowns != 0 || r.got("a") != 2 {
		t.Errorf("part %+v, a took %d", m.Sub[0], r.got("a"))
	}
	r.send(r.request(number(3)))
	r.pass(time.Second)
	if n := len(r.flow.tenure.old); n != 0 {
		t.Errorf("%d epochs are still looked after", n)
	}
	if len(r.flow.tenure.held) != 1 {
		t.Errorf("held %v", r.flow.tenure.held)
	}
}

// TestLostClaimOfARunThatEnds is of unknown outcome for the next run.
func TestLostClaimOfARunThatEnds(t *testing.T) {
	r := newRig(t, off("b"))
	r.store.FailNext(memory.VerbClaim, store.ErrCommitUnknown)
	r.store.FailNext(memory.VerbOpen, errors.New("disk is full"))
	g := r.send(r.request(number(1)))
	r.fault = func(memory.Verb) memory.Fault { return memory.Fault{} }
	if _, err := r.flow.Step(context.Background(), r.now); err == nil {
		t.Fatal("the step should report the failure")
	}
	r.fault = nil
	r.open()
	r.pass(time.Second)
	if m := r.want(g, sms.Sent, ""); m.Sub[0].Unknowns != 1 {
		t.Errorf("part %+v", m.Sub[0])
	}
}

// TestOneBadOutcome that the store refuses though it works does not stop the
// others, and is not forgotten.
func TestOneBadOutcome(t *testing.T) {
	r := newRig(t, off("b"))
	broken := true
	r.flow.Store = pickyStore{Store: r.store, refuse: func(o sms.Outcome) bool { return broken && o.UpstreamID == "7" }}
	var groups []int64
	for i := range 40 {
		groups = append(groups, r.send(r.request(number(i))))
	}
	r.fault = func(memory.Verb) memory.Fault { return memory.Fault{} } // steps fail
	r.pass(10 * time.Second)
	sent, sending := 0, 0
	for _, g := range groups {
		switch r.one(g).State {
		case sms.Sent:
			sent++
		case sms.Sending:
			sending++
		}
	}
	if sent != 39 || sending != 1 {
		t.Fatalf("%d sent, %d sending", sent, sending)
	}
	if err := r.links["a"].Receipts(context.Background(), sms.Receipt{IDs: []string{"9"}, State: sms.PartDelivered}); err != nil {
		t.Errorf("a receipt waits for the bad outcome: %v", err)
	}
	broken, r.fault = false, nil
	r.pass(2 * asideFor)
	for i, g := range groups {
		if m := r.one(g); m.State != sms.Sent && m.State != sms.Delivered {
			t.Errorf("message %d is %s", i, m.State)
		}
	}
}

// pickyStore refuses batches with certain outcomes.
type pickyStore struct {
	Store
	refuse func(sms.Outcome) bool
}

func (s pickyStore) RecordOutcomes(ctx context.Context, now time.Time, scopes map[int64]int64, list []sms.Outcome) ([]store.Released, error) {
	for _, o := range list {
		if s.refuse(o) {
			return nil, errors.New("a row that should not exist")
		}
	}
	return s.Store.RecordOutcomes(ctx, now, scopes, list)
}

// TestStartNeedsProgress: a store on which orphans stay orphans does not turn
// the start into a loop.
func TestStartNeedsProgress(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script["a"] = fake.Hold })
	r.send(r.request(number(1)))
	r.step()
	_, err := New(context.Background(), Options{Store: deafStore{r.store}, Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, errNoProgress) {
		t.Errorf("%v", err)
	}
	r.open()
	r.step()
}

// deafStore says that it has recorded outcomes and does not.
type deafStore struct{ Store }

func (deafStore) RecordOutcomes(context.Context, time.Time, map[int64]int64, []sms.Outcome) ([]store.Released, error) {
	return nil, nil
}

// TestStartFails says why.
func TestStartFails(t *testing.T) {
	for _, verb := range []memory.Verb{memory.VerbOpen, memory.VerbReadDocs, memory.VerbOrphans} {
		r := newRig(t)
		broken := errors.New("disk is full")
		r.store.FailNext(verb, broken)
		if _, err := New(context.Background(), Options{Store: r.store}); !errors.Is(err, broken) {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

// TestOneBadCall fails alone, though it is stored together with others.
func TestOneBadCall(t *testing.T) {
	r := newRig(t)
	r.flow.Store = touchyStore{Store: r.store, word: "poison"}
	calls := make([]sms.Call, 21)
	for i := range calls {
		req := r.request(number(i))
		if i == 13 {
			req.Text = "poison"
		}
		call, err := r.flow.planner(r.now).plan(&req)
		if err != nil {
			t.Fatal(err)
		}
		call.Key, call.KeyUntil = fmt.Sprint(i), r.now.Add(time.Hour)
		calls[i] = call
	}
	done, err := r.flow.storeCalls(context.Background(), calls)
	if err != nil || len(done) != len(calls) {
		t.Fatalf("%d answers, %v", len(done), err)
	}
	for i, d := range done {
		if (d.Err != nil) != (i == 13) {
			t.Errorf("call %d: %v", i, d.Err)
		}
		if i != 13 && d.Group.Text != calls[i].Group.Text {
			t.Errorf("call %d has the answer of another", i)
		}
	}
	r.wantMoney(100*sms.Credit, 20*sms.Credit)
}

// touchyStore refuses batches with a certain text.
type touchyStore struct {
	Store
	word string
}

func (s touchyStore) Accept(ctx context.Context, now time.Time, calls []sms.Call) ([]store.Accepted, error) {
	for i := range calls {
		if calls[i].Group.Text == s.word {
			return nil, errors.New("a text that the database cannot hold")
		}
	}
	return s.Store.Accept(ctx, now, calls)
}

// TestAcceptWhileAnswersAreLost: the question is repeated, patiently, and the
// answer is true in the end, or says that it is not known.
func TestAcceptWhileAnswersAreLost(t *testing.T) {
	for name, c := range map[string]struct {
		lost    int // answers
		written bool
		then    error
		to      int
		ok      bool
		asked   int
		stored  int
	}{
		"once, written":                {1, true, nil, 1, true, 2, 1},
		"once, not written":            {1, false, nil, 1, true, 2, 1},
		"some times":                   {5, true, nil, 1, true, 6, 1},
		"a large call":                 {3, true, nil, largeFrom, true, 4, largeFrom},
		"for ever, written":            {1 << 30, true, nil, 1, false, 16, 1},
		"for ever, not written":        {1 << 30, false, nil, 1, false, 16, 0},
		"then it is out of order":      {1, true, sms.Unavailable("the database cannot serve now", nil), 1, false, 16, 1},
		"then it is refused, for sure": {1, false, sms.Fail(sms.CodeCredit, "the account has nothing left"), 1, false, 2, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, func(r *rig) { r.topUp(largeFrom * sms.Credit) })
				asked := 0
				r.fault = func(v memory.Verb) memory.Fault {
					switch {
					case v != memory.VerbAccept:
						return memory.Fault{}
					case asked < c.lost:
						asked++
						return memory.Fault{Err: store.ErrCommitUnknown, Commit: c.written && asked == 1}
					}
					asked++
					return memory.Fault{Err: c.then}
				}
				req := r.request()
				for i := range c.to {
					req.To = append(req.To, number(i))
				}
				begin := time.Now()
				_, err := r.flow.Accept(t.Context(), req)
				r.fault = nil
				if took := time.Since(begin); took > r.flow.CommitWait {
					t.Errorf("took %s", took)
				}
				if asked != c.asked || (err == nil) != c.ok {
					t.Errorf("asked %d times, want %d: %v", asked, c.asked, err)
				}
				if err != nil && c.asked == 16 && (sms.CodeOf(err) != sms.CodeUnavailable || err.Error() != "The database does not answer, and it is not known whether the message was stored; look for it before you send it again") {
					t.Errorf("%v", err)
				}
				if unknown := errors.Is(err, store.ErrCommitUnknown); unknown != (c.asked == 16) {
					t.Errorf("unknown %t: %v", unknown, err)
				}
				b := r.balance()
				if want := sms.Money(c.stored) * sms.Credit; b.Reserved != want {
					t.Errorf("%s reserved, want %s", b.Reserved, want)
				}
			})
		})
	}
}

// TestKnownKeyAfterALostAnswer: the answer to a call that was known from an
// earlier one says so, also when it took a second question to get it.
func TestKnownKeyAfterALostAnswer(t *testing.T) {
	r := newRig(t)
	req := r.request(number(1))
	req.Key, req.KeyFor = "k", time.Hour
	first, err := r.flow.Accept(context.Background(), req)
	if err != nil || first.Replayed {
		t.Fatalf("replayed %t, %v", first.Replayed, err)
	}
	r.store.FailNext(memory.VerbAccept, store.ErrCommitUnknown)
	again, err := r.flow.Accept(context.Background(), req)
	if err != nil || !again.Replayed || again.Group.Number != first.Group.Number {
		t.Errorf("group %d after %d, replayed %t, %v", again.Group.Number, first.Group.Number, again.Replayed, err)
	}
	r.store.FailNext(memory.VerbAccept, store.ErrCommitUnknown)
	fresh, err := r.flow.Accept(context.Background(), r.request(number(2)))
	if err != nil || fresh.Replayed {
		t.Errorf("a call without a key: replayed %t, %v", fresh.Replayed, err)
	}
	r.wantMoney(100*sms.Credit, 2*sms.Credit)
}

// TestCancelWithoutAnAnswer says that it is not known.
func TestCancelWithoutAnAnswer(t *testing.T) {
	r := newRig(t)
	r.store.FailNext(memory.VerbCancel, store.ErrCommitUnknown)
	_, err := r.flow.Cancel(context.Background(), r.account.ID, nil)
	if sms.CodeOf(err) != sms.CodeUnavailable || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestReceiptsAreRefusedUnlessStored: the operator sends them again, and
// whatever became of the first try they count once.
func TestReceiptsAreRefusedUnlessStored(t *testing.T) {
	for name, trouble := range troubles {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			g := r.send(r.request(number(1)))
			r.step()
			id := r.one(g).Sub[0].UpstreamID
			r.store.Inject(memory.VerbApplyReceipts, trouble)
			receipt := sms.Receipt{IDs: []string{id}, State: sms.PartDelivered}
			if err := r.links["a"].Receipts(context.Background(), receipt); err == nil {
				t.Fatal("acknowledged")
			}
			if err := r.links["a"].Receipts(context.Background(), receipt); err != nil {
				t.Fatal(err)
			}
			r.want(g, sms.Delivered, "")
			r.wantMoney(99*sms.Credit, 0)
		})
	}
}

// TestReceiptsWaitForOutcomes: while outcomes cannot be stored no receipt is
// acknowledged, since it could not find its message.
func TestReceiptsWaitForOutcomes(t *testing.T) {
	r := newRig(t)
	g := r.send(r.request(number(1)))
	r.fault = func(v memory.Verb) memory.Fault {
		if v == memory.VerbRecordOutcomes {
			return troubles["out of order"]
		}
		return memory.Fault{}
	}
	r.step()
	receipt := sms.Receipt{IDs: []string{"1"}, State: sms.PartDelivered}
	if err := r.links["a"].Receipts(context.Background(), receipt); err == nil {
		t.Fatal("acknowledged")
	}
	r.fault = nil
	if err := r.links["a"].Receipts(context.Background(), receipt); err != nil {
		t.Fatal(err)
	}
	r.want(g, sms.Delivered, "")
}
