package smppd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// slowDoor lets nothing through until open is closed, and remembers what came.
type slowDoor struct {
	Door
	open chan struct{}

	mu      sync.Mutex
	batches []int
	fail    func(flow.Request) error // instead of the flow; nil: goes on
}

func (d *slowDoor) AcceptAll(ctx context.Context, reqs []flow.Request) []flow.Result {
	d.mu.Lock()
	d.batches = append(d.batches, len(reqs))
	fail := d.fail
	d.mu.Unlock()
	if d.open != nil {
		<-d.open
	}
	if fail == nil {
		return d.Door.AcceptAll(ctx, reqs)
	}
	list := make([]flow.Result, len(reqs))
	for i := range reqs {
		if list[i].Err = fail(reqs[i]); list[i].Err == nil {
			list[i] = d.Door.AcceptAll(ctx, reqs[i:i+1])[0]
		}
	}
	return list
}

// TestWindowGoesTogether: while one batch is in the store the rest of the window
// gathers, and goes into the next commit as a whole.
func TestWindowGoesTogether(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.open = make(chan struct{})
		e := r.esme("shop", smpp.Transmitter)
		var answered sync.WaitGroup
		var mu sync.Mutex
		var order []string
		send := func() {
			answered.Add(1)
			err := e.Send(r.ctx, hello(), smpp.CompleteFunc(func(res smpp.Result) {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, strings.Clone(res.Response.(*smpp.SubmitSMResp).MessageID))
				answered.Done()
			}))
			if err != nil {
				t.Fatal(err)
			}
		}
		send()
		synctest.Wait()
		for range 99 {
			send()
		}
		synctest.Wait()
		close(door.open)
		answered.Wait()
		if fmt.Sprint(door.batches) != "[1 99]" {
			t.Errorf("batches %v", door.batches)
		}
		for i := 1; i < len(order); i++ {
			a, _ := parseID(order[i-1], sms.IDDecimal)
			b, _ := parseID(order[i], sms.IDDecimal)
			if b != a+1 {
				t.Fatalf("answer %d has id %d after %d", i, b, a)
			}
		}
	}, func(_ *rig, o *Options) { o.Door = door })
}

// TestMoreThanTheWindow: what is over it is refused at once, and the session goes on.
func TestMoreThanTheWindow(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.open = make(chan struct{})
		e := r.esme("shop", smpp.Transmitter)
		got := make(chan smpp.Status, 12)
		for range 12 {
			if err := e.Send(r.ctx, hello(), smpp.CompleteFunc(func(res smpp.Result) { got <- res.Status })); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		if len(got) != 2 || <-got != smpp.StatusThrottled || <-got != smpp.StatusThrottled {
			t.Fatalf("%d answers before the commit", len(got))
		}
		close(door.open)
		synctest.Wait()
		for len(got) > 0 {
			if st := <-got; st != smpp.StatusOK {
				t.Errorf("one within the window got %v", st)
			}
		}
		r.submit(e, hello(), smpp.StatusOK)
	}, func(r *rig, o *Options) { o.Door, r.shop.SMPP.Window = door, 10 })
}

// TestRate: over all binds of the login, and of no other.
func TestRate(t *testing.T) {
	bubble(t, func(r *rig) {
		a, b, other := r.esme("shop", smpp.Transmitter), r.esme("shop", smpp.Transmitter), r.esme("other", smpp.Transmitter)
		r.wait(time.Second)
		for i := range 20 {
			want := smpp.StatusOK
			if i >= 10 {
				want = smpp.StatusThrottled
			}
			e := a
			if i%2 == 1 {
				e = b
			}
			r.submit(e, hello(), want)
			r.submit(other, hello(), smpp.StatusOK)
		}
		r.wait(time.Second / 2)
		ok := 0
		for range 20 {
			if _, err := a.Submit(r.ctx, hello()); err == nil {
				ok++
			}
		}
		if ok != 5 {
			t.Errorf("%d more after half a second, want 5", ok)
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Rate = 10 })
}

func TestGate(t *testing.T) {
	var g gate
	if !g.pass(noon, 0, 1000) {
		t.Error("no limit")
	}
	if !g.pass(noon, 0.5, 1) || g.pass(noon, 0.5, 1) || g.pass(noon.Add(time.Second), 0.5, 1) || !g.pass(noon.Add(2*time.Second), 0.5, 1) {
		t.Error("one every two seconds")
	}
	g = gate{}
	if !g.pass(noon, 10, 30) || g.pass(noon.Add(2*time.Second), 10, 1) || !g.pass(noon.Add(3*time.Second), 10, 1) {
		t.Error("thirty at once take three seconds")
	}
	// What came under a greater rate is no debt of more than a second under the new one.
	g = gate{}
	if !g.pass(noon, 1000, 900) || g.pass(noon, 10, 1) || !g.pass(noon.Add(100*time.Millisecond), 10, 1) || g.pass(noon.Add(100*time.Millisecond), 10, 1) {
		t.Error("a rate that is lowered")
	}
	if !g.pass(noon.Add(200*time.Millisecond), 1000, 1) || !g.pass(noon.Add(200*time.Millisecond), 1000, 900) {
		t.Error("a rate that is raised")
	}
	// Over an hour no more than the rate passes, however it is asked.
	g = gate{}
	passed := 0
	for i := range 3600 * 50 {
		if g.pass(noon.Add(time.Duration(i)*20*time.Millisecond), 7, 1) {
			passed++
		}
	}
	if passed < 7*3600-7 || passed > 7*3600+7 {
		t.Errorf("%d passed in an hour at 7 a second", passed)
	}
}

// TestStatuses: the errors of the flow, as the customer sees them.
func TestStatuses(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transmitter)
		long := strings.Repeat("long ", 100)
		for _, c := range []struct {
			name   string
			change func(*smpp.SubmitSM)
			want   smpp.Status
		}{
			{"good", func(*smpp.SubmitSM) {}, smpp.StatusOK},
			{"sender", func(p *smpp.SubmitSM) { p.Source.Addr = "NOBODY" }, smpp.StatusInvSrcAdr},
			{"no sender", func(p *smpp.SubmitSM) { p.Source.Addr = "" }, smpp.StatusInvSrcAdr},
			{"number", func(p *smpp.SubmitSM) { p.Destination.Addr = "88017" }, smpp.StatusInvDstAdr},
			{"no price", func(p *smpp.SubmitSM) { p.Destination.Addr = "4915112345678" }, smpp.StatusSubmitFail},
			{"too long", func(p *smpp.SubmitSM) {
				p.ShortMessage = nil
				_ = p.TLVs.Add(smpp.TagMessagePayload, []byte(strings.Repeat(long, 100)))
			}, smpp.StatusInvMsgLen},
			{"part too long", func(p *smpp.SubmitSM) {
				p.ESMClass, p.ShortMessage = smpp.EsmUDHI, append([]byte{5, 0, 3, 1, 2, 1}, long[:154]...)
			}, smpp.StatusInvMsgLen},
			{"coding", func(p *smpp.SubmitSM) { p.DataCoding = 0x0B }, smpp.StatusSubmitFail},
		} {
			if _, err := e.Submit(r.ctx, hello(c.change)); statusOf(err) != c.want {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		r.topUp(r.acme, -99_990*sms.Credit)
		for range 20 {
			if _, err := e.Submit(r.ctx, hello()); err != nil && statusOf(err) != smpp.StatusSubmitFail {
				t.Errorf("without credit: %v", err)
			}
		}
		if _, err := e.Submit(r.ctx, hello()); statusOf(err) != smpp.StatusSubmitFail {
			t.Errorf("without credit: %v", err)
		}
		for code, want := range map[sms.Code]smpp.Status{sms.CodeUnavailable: smpp.StatusSysErr, sms.CodeInternal: smpp.StatusSysErr,
			sms.CodeThrottled: smpp.StatusThrottled, sms.CodeUnauthorized: smpp.StatusSubmitFail, "new": smpp.StatusSysErr} {
			door.fail = func(flow.Request) error { return sms.Fail(code, "secret inside") }
			resp, err := e.Do(r.ctx, hello())
			if statusOf(err) != want {
				t.Errorf("%s: %v, want %v", code, err, want)
			}
			text, _ := smpp.TLVsOf(resp).Text(smpp.TagAdditionalStatusInfoText)
			if want == smpp.StatusSysErr && strings.Contains(text, "inside") {
				t.Errorf("%s: the customer sees %q", code, text)
			}
		}
	}, func(_ *rig, o *Options) { o.Door = door })
}

// TestTroublesDoNotFillTheLog: a database that is away is said now and then.
func TestTroublesDoNotFillTheLog(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.fail = func(flow.Request) error { return sms.Unavailable("away", nil) }
		e := r.esme("shop", smpp.Transmitter)
		for range 25 {
			r.submit(e, hello(), smpp.StatusSysErr)
			r.wait(time.Second)
		}
		if n := strings.Count(r.logs.String(), "a request failed"); n != 3 {
			t.Errorf("%d lines in 25 seconds", n)
		}
		if !strings.Contains(r.logs.String(), "suppressed=9") {
			t.Errorf("log %s", r.logs)
		}
	}, func(_ *rig, o *Options) { o.Door = door })
}

// TestUnknownIsNotAnswered: when nobody knows whether a message was kept, the
// session ends, which says just that; the others of the batch have their answers.
func TestUnknownIsNotAnswered(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.open = make(chan struct{})
		door.fail = func(q flow.Request) error {
			if q.Text == "lost" {
				return sms.Unavailable("not known", store.ErrCommitUnknown)
			}
			return nil
		}
		e := r.esme("shop", smpp.Transmitter)
		results := make(chan smpp.Result, 3)
		for _, text := range []string{"one", "lost", "three"} {
			p := hello(func(p *smpp.SubmitSM) { p.ShortMessage = []byte(text) })
			if err := e.Send(r.ctx, p, smpp.CompleteFunc(func(res smpp.Result) { results <- res })); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		close(door.open)
		<-e.Done()
		outcomes := map[smpp.Outcome]int{}
		for range 3 {
			outcomes[(<-results).Outcome]++
		}
		if outcomes[smpp.Answered] != 2 || outcomes[smpp.Lost] != 1 {
			t.Errorf("outcomes %v", outcomes)
		}
	}, func(_ *rig, o *Options) { o.Door = door })
}

// TestDefectsAreSurvived: a panic behind the face ends one session and says no word
// of what was in it.
func TestDefectsAreSurvived(t *testing.T) {
	door := &slowDoor{}
	bubble(t, func(r *rig) {
		door.fail = func(flow.Request) error { panic("hello") }
		e, other := r.esme("shop", smpp.Transmitter), r.esme("other", smpp.Transmitter)
		if _, err := e.Submit(r.ctx, hello()); !errors.Is(err, smpp.ErrLost) {
			t.Errorf("got %v", err)
		}
		door.fail = nil
		r.submit(other, hello(), smpp.StatusOK)
		if log := r.logs.String(); !strings.Contains(log, "panicked") || strings.Contains(log, "hello") {
			t.Errorf("log %s", log)
		}
	}, func(_ *rig, o *Options) { o.Door = door })
}

// TestOtherOperations are refused and the session goes on.
func TestOtherOperations(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver, func(c *smpptest.ESMEConfig) { c.Bind.Version = smpp.Version50 })
		if _, err := e.Do(r.ctx, &smpp.BroadcastSM{Source: smpp.Address{Addr: "ACME"}}); statusOf(err) != smpp.StatusInvCmdID {
			t.Errorf("broadcast_sm: %v", err)
		}
		r.submit(e, hello(), smpp.StatusOK)
		payload := &smpp.DataSM{Source: smpp.Address{TON: 5, Addr: "ACME"}, Destination: smpp.Address{TON: 1, Addr: "8801712345678"}}
		_ = payload.TLVs.Add(smpp.TagMessagePayload, []byte("data"))
		resp, err := e.Do(r.ctx, payload)
		if err != nil {
			t.Fatal(err)
		}
		if _, g := r.message(resp.(*smpp.DataSMResp).MessageID); g.Text != "data" {
			t.Errorf("data_sm has %q", g.Text)
		}
		synctest.Wait()
		if n := r.meter.answered(smpp.CmdBroadcastSM, smpp.StatusInvCmdID); n != 1 {
			t.Errorf("counted %d", n)
		}
	})
}
