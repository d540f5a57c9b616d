package flow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// plant is a rig whose Flow works in its loops, with a far end that does what
// its scripts say when its time has come. In a bubble of synctest its time is
// virtual: what happens without waiting happens in no time at all.
type plant struct {
	*rig
	endWork, endRecord context.CancelFunc
	cutWork, cutRecord context.CancelFunc // ends of grace
	worked, recorded   chan error
	endFarEnd          context.CancelFunc
	farEnd             sync.WaitGroup
}

func newPlant(t *testing.T, change ...func(*rig)) *plant {
	t.Helper()
	first := func(r *rig) { r.clock, r.now = time.Now, time.Now() }
	p := &plant{rig: newRig(t, append([]func(*rig){first}, change...)...)}
	p.run()
	return p
}

// run starts the loops on a Flow that is open.
func (p *plant) run() {
	var work, workGrace, record, recordGrace, far context.Context
	work, p.endWork = context.WithCancel(context.Background())
	workGrace, p.cutWork = context.WithCancel(context.Background())
	record, p.endRecord = context.WithCancel(context.Background())
	recordGrace, p.cutRecord = context.WithCancel(context.Background())
	far, p.endFarEnd = context.WithCancel(context.Background())
	p.worked, p.recorded = make(chan error, 1), make(chan error, 1)
	f := p.flow
	go func() { p.worked <- f.Work(work, workGrace) }()
	go func() { p.recorded <- f.Record(record, recordGrace) }()
	p.farEnd.Go(func() {
		for far.Err() == nil {
			for _, l := range p.all() {
				l.Step(far, time.Now())
			}
			select {
			case <-far.Done():
			case <-time.After(time.Millisecond):
			}
		}
	})
	p.t.Cleanup(p.stop)
}

func (p *plant) all() []*fake.Connector {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*fake.Connector(nil), p.every...)
}

func (p *plant) named(name string) *fake.Connector {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.links[name]
}

// stop ends the plant in order; it says how long Work took. Stopping again does
// nothing.
func (p *plant) stop() {
	begin := time.Now()
	p.endWork()
	if p.worked != nil {
		if err := <-p.worked; err != nil {
			p.t.Errorf("Work: %v", err)
		}
		p.worked = nil
	}
	if took := time.Since(begin); took > drainWait+2*letGo+poll {
		p.t.Errorf("the end of the work took %s", took)
	}
	p.endRecord()
	if p.recorded != nil {
		if err := <-p.recorded; err != nil {
			p.t.Errorf("Record: %v", err)
		}
		p.recorded = nil
	}
	p.endFarEnd()
	p.farEnd.Wait()
	p.cutWork()
	p.cutRecord()
}

// soon waits until everything has happened that needs no waiting.
func (p *plant) soon(group int64, state sms.State) {
	p.t.Helper()
	synctest.Wait()
	if m := p.one(group); m.State != state {
		p.t.Fatalf("message is %s (%s), want %s at once", m.State, m.Reason, state)
	}
}

// TestNoWakeUpIsLost: whatever makes a message ready wakes those who take it on;
// nothing waits for a poll.
func TestNoWakeUpIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), func(r *rig) { r.script["a"] = fake.Accept })
		time.Sleep(time.Second + 37*time.Millisecond)
		p.soon(p.send(p.request(number(1))), sms.Sent) // accepted

		p.named("a").Down("test")
		g := p.send(p.request(number(2)))
		time.Sleep(poll + 13*time.Millisecond)
		p.soon(g, sms.Queued)
		p.named("a").Up()
		p.soon(g, sms.Sent) // the link is back

		p.named("a").SetScript(answers(verdict(sms.VerdictThrottle)))
		g = p.send(p.request(number(3)))
		p.soon(g, sms.Queued)
		p.named("a").SetScript(fake.Accept)
		time.Sleep(throttleWait - time.Millisecond)
		p.soon(g, sms.Queued)
		time.Sleep(time.Millisecond)
		p.soon(g, sms.Sent) // its time has come again

		later := p.request(number(4))
		later.SendAt = time.Now().Add(90 * time.Millisecond)
		g = p.send(later)
		time.Sleep(90 * time.Millisecond)
		p.soon(g, sms.Sent) // scheduled

		p.named("a").SetScript(fake.Hold)
		g = p.send(p.request(number(5)))
		p.soon(g, sms.Sending)
		p.named("a").Resolve(p.named("a").Open()[0], verdict(sms.VerdictAccepted))
		p.soon(g, sms.Sent) // answered
	})
}

// TestWindowOfOne: each answer lets the next one go, and neither the claims nor
// the commits of outcomes make a pause.
func TestWindowOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), func(r *rig) {
			edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 1 })
			r.topUp(1000 * sms.Credit)
		})
		time.Sleep(time.Second)
		begin := time.Now()
		req := p.request()
		for i := range 1000 {
			req.To = append(req.To, number(i))
		}
		p.send(req)
		synctest.Wait()
		if n := len(p.named("a").Got()); n != 1000 || !time.Now().Equal(begin) {
			t.Errorf("%d of 1000 went in %s", n, time.Since(begin))
		}
	})
}

// TestFailoverAtOnce: when a link goes, the next connector takes what was not
// written without a pause, and what was written waits for its link.
func TestFailoverAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, func(r *rig) {
			r.script["a"] = func(n int, _ *connect.Submission) fake.Answer { return fake.Answer{Unwritten: n%2 == 0} }
			edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 10 })
		})
		time.Sleep(time.Second)
		for i := range 30 {
			p.send(p.request(number(i)))
		}
		synctest.Wait()
		p.named("a").Down("test")
		synctest.Wait()
		if n := len(p.named("b").Got()); n != 25 {
			t.Errorf("b took %d, want 25: all but the five that were written", n)
		}
		p.named("a").SetScript(fake.Accept)
		p.named("a").Up()
		synctest.Wait()
		if n := len(p.named("a").Got()); n != 15 {
			t.Errorf("a took %d, want 15: ten before, five again", n)
		}
	})
}

// TestPaceInLoops: the loops reach 95 % of the pace and never exceed it.
func TestPaceInLoops(t *testing.T) {
	for _, rate := range []float64{1, 30, 1000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var sent []time.Time
				p := newPlant(t, off("b"), pace("a", rate), func(r *rig) {
					r.topUp(10_000 * sms.Credit)
					r.script["a"] = func(int, *connect.Submission) fake.Answer {
						mu.Lock()
						defer mu.Unlock()
						sent = append(sent, time.Now())
						return fake.Answer{Verdict: sms.VerdictAccepted, After: 30 * time.Millisecond}
					}
				})
				seconds := max(3, 20/rate)
				req := p.request()
				for i := range int(2 * rate * seconds) {
					req.To = append(req.To, number(i))
				}
				p.send(req)
				time.Sleep(time.Duration(seconds * float64(time.Second)))
				synctest.Wait()
				mu.Lock()
				defer mu.Unlock()
				if got := float64(len(sent)) / seconds; got < 0.95*rate {
					t.Errorf("%.1f a second", got)
				}
				if most := mostIn(sent, time.Second); float64(most) > rate+1 {
					t.Errorf("%d in one second", most)
				}
			})
		})
	}
}

// TestIdleIsIdle: a node with nothing to do, or nothing that can be done, polls
// and does no more, whatever it waits for.
func TestIdleIsIdle(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*plant)
		most    int // calls of the store a second
	}{
		"nothing to do": {func(*plant) {}, 25},
		"links down":    {func(p *plant) { p.named("a").Down("x"); p.named("b").Down("x"); p.many(50) }, 15},
		"unanswered":    {func(p *plant) { p.named("a").SetScript(fake.Hold); p.many(50) }, 25},
		"full window":   {func(p *plant) { p.named("a").SetScript(fake.Hold); p.many(90) }, 25},
		"scheduled": {func(p *plant) {
			req := p.request(number(1))
			req.SendAt = time.Now().Add(time.Hour)
			p.send(req)
		}, 25},
		"refused for now": {func(p *plant) {
			p.named("a").SetScript(answers(verdict(sms.VerdictRetry)))
			p.named("b").SetScript(answers(verdict(sms.VerdictRetry)))
			p.many(1)
			time.Sleep(20 * time.Second)
		}, 26},
		"takes nothing": {func(p *plant) {
			p.named("a").SetScript(answers(fake.Answer{Refuse: connect.ErrDown}))
			p.many(1)
		}, 140},
		"only the other may": {func(p *plant) {
			only("b")(p.rig)
			time.Sleep(time.Second)
			p.named("b").Down("x")
			p.many(1)
			time.Sleep(time.Minute)
		}, 25},
		"held": {func(p *plant) {
			p.named("a").SetScript(answers(verdict(sms.VerdictUnknown)))
			p.many(3)
		}, 25},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var calls atomic.Int64
				p := newPlant(t, func(r *rig) {
					r.fault = func(memory.Verb) memory.Fault { calls.Add(1); return memory.Fault{} }
					edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 20 })
				})
				time.Sleep(time.Second)
				c.prepare(p)
				time.Sleep(time.Second)
				calls.Store(0)
				time.Sleep(10 * time.Second)
				if n := calls.Load() / 10; n > int64(c.most) {
					t.Errorf("%d calls of the store a second, want at most %d", n, c.most)
				}
				for _, l := range p.all() {
					for _, ref := range l.Open() {
						l.Resolve(ref, verdict(sms.VerdictAccepted))
					}
				}
			})
		})
	}
}

// many sends n messages, one a call.
func (p *plant) many(n int) (groups []int64) {
	p.t.Helper()
	for i := range n {
		groups = append(groups, p.send(p.request(number(i))))
	}
	return groups
}

// TestStopInTheMiddle: no claims after the end of the work, answers are waited
// for, the rest is handed back or of unknown outcome, and written down.
func TestStopInTheMiddle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), func(r *rig) {
			edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 10 })
			r.script["a"] = func(n int, _ *connect.Submission) fake.Answer {
				if n <= 4 {
					return fake.Answer{} // never answered
				}
				return fake.Answer{Verdict: sms.VerdictAccepted, After: 3 * time.Second}
			}
		})
		groups := p.many(30)
		time.Sleep(time.Second)
		begin := time.Now()
		p.stop()
		if took := time.Since(begin); took < drainWait || took > drainWait+time.Second {
			t.Errorf("took %s", took)
		}
		states := map[string]int{}
		for _, g := range groups {
			m := p.one(g)
			if m.Reason == sms.ReasonLinkDown {
				m.Reason = "" // handed back, as good as never claimed
			}
			states[fmt.Sprintf("%s %s", m.State, m.Reason)]++
		}
		if want := map[string]int{"sent ": 6, "queued outcome_unknown": 4, "queued ": 20}; fmt.Sprint(states) != fmt.Sprint(want) {
			t.Errorf("%v, want %v", states, want)
		}
		p.rig.script["a"] = fake.Accept
		p.open()
		p.run()
		time.Sleep(time.Second)
		for _, g := range groups {
			p.want(g, sms.Sent, "")
		}
	})
}

// TestStopWithoutGrace is as fast as the grace is short.
func TestStopWithoutGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), func(r *rig) { r.script["a"] = fake.Hold })
		groups := p.many(5)
		synctest.Wait()
		begin := time.Now()
		p.cutWork()
		p.stop()
		if took := time.Since(begin); took > 0 {
			t.Errorf("took %s", took)
		}
		for _, g := range groups {
			p.want(g, sms.Queued, sms.ReasonOutcome)
		}
	})
}

// stubborn is a connector that ignores the end of its contexts.
type stubborn struct {
	connect.Connector
	inSend, inClose bool
	letGo           chan struct{}
}

func (s stubborn) Send(ctx context.Context, sub *connect.Submission) error {
	if s.inSend {
		<-s.letGo
		return connect.ErrDown
	}
	return s.Connector.Send(ctx, sub)
}

func (s stubborn) Close(ctx context.Context) error {
	if s.inClose {
		<-s.letGo
		return errors.New("at last")
	}
	return s.Connector.Close(ctx)
}

// TestStubbornConnectors are left behind, and do not keep the others from being
// closed in order.
func TestStubbornConnectors(t *testing.T) {
	for name, s := range map[string]stubborn{"in Send": {inSend: true}, "in Close": {inClose: true}, "in both": {inSend: true, inClose: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s.letGo = make(chan struct{})
				p := newPlant(t, func(r *rig) {
					r.wrap = func(name string, c connect.Connector) connect.Connector {
						if name == "a" {
							s.Connector = c
							return s
						}
						return c
					}
				})
				groups := p.many(20)
				time.Sleep(time.Second)
				p.stop()
				sending := 0
				for _, g := range groups {
					switch m := p.one(g); m.State {
					case sms.Sending:
						sending++
					case sms.Queued, sms.Sent:
					default:
						t.Errorf("message is %s (%s)", m.State, m.Reason)
					}
				}
				if want := map[bool]int{true: 1}[s.inSend]; sending != want {
					t.Errorf("%d are sending, want %d", sending, want)
				}
				close(s.letGo)
				synctest.Wait()
				p.wrap = nil
				p.open()
				p.run()
				time.Sleep(time.Second)
				for _, g := range groups {
					p.want(g, sms.Sent, "")
				}
			})
		})
	}
}

// TestReplacedWhileStopping: a connector that waits for its successor does not
// go on claiming once the work has ended.
func TestReplacedWhileStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), func(r *rig) {
			r.wrap = func(_ string, c connect.Connector) connect.Connector {
				if len(r.every) > 1 {
					c.(*fake.Connector).Down("never comes up")
				}
				return c
			}
		})
		time.Sleep(time.Second)
		edit(p.rig, sms.KindConnector, "a", otherSettings)
		time.Sleep(time.Second)
		g := p.send(p.request(number(1)))
		time.Sleep(poll + time.Millisecond)
		p.want(g, sms.Sent, "") // by the old one
		begin := time.Now()
		p.stop()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("took %s", took)
		}
		g = p.send(p.request(number(2)))
		time.Sleep(time.Minute)
		p.want(g, sms.Queued, "")
	})
}

// TestOutage: for a while the database does nothing at all. Nothing is lost,
// nothing goes twice, and the node does not hammer at it.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		var calls atomic.Int64
		p := newPlant(t, off("b"), func(r *rig) {
			r.topUp(1000 * sms.Credit)
			r.script["a"] = func(int, *connect.Submission) fake.Answer {
				return fake.Answer{Verdict: sms.VerdictAccepted, After: 20 * time.Millisecond,
					Receipts: []fake.Receipt{{State: sms.PartDelivered, After: 30 * time.Millisecond}}}
			}
			r.fault = func(memory.Verb) memory.Fault {
				if calls.Add(1); broken.Load() {
					return troubles["out of order"]
				}
				return memory.Fault{}
			}
			edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 50 })
		})
		time.Sleep(time.Second)
		groups := p.many(200)
		time.Sleep(45 * time.Millisecond)
		broken.Store(true)
		calls.Store(0)
		time.Sleep(10 * time.Second)
		if n := calls.Load(); n > 10*4*7 {
			t.Errorf("%d calls of a database that is out of order in 10 seconds", n)
		}
		if _, err := p.flow.Accept(t.Context(), p.request(number(1))); err == nil {
			t.Error("accepted without a database")
		}
		broken.Store(false)
		time.Sleep(5 * time.Second)
		for _, g := range groups {
			p.want(g, sms.Delivered, "")
		}
		if n := len(p.named("a").Got()); n != len(groups) {
			t.Errorf("%d submissions", n)
		}
	})
}

// TestStopDuringAnOutage ends with its grace, and says what was not saved.
func TestStopDuringAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		p := newPlant(t, off("b"), func(r *rig) {
			r.script["a"] = fake.Hold
			r.fault = func(memory.Verb) memory.Fault {
				if broken.Load() {
					return troubles["out of order"]
				}
				return memory.Fault{}
			}
		})
		g := p.many(1)[0]
		time.Sleep(time.Second)
		a := p.named("a")
		broken.Store(true)
		a.Resolve(a.Open()[0], verdict(sms.VerdictAccepted))
		refused := make(chan error, 1)
		go func() {
			refused <- a.Receipts(context.Background(), sms.Receipt{IDs: []string{"1"}, State: sms.PartDelivered})
		}()
		time.Sleep(time.Second)
		p.endWork()
		time.Sleep(drainWait + 2*letGo + time.Second) // the receipt keeps the fake from closing
		p.endRecord()
		time.AfterFunc(2*time.Second, p.cutRecord)
		begin := time.Now()
		if err := <-p.recorded; err == nil {
			t.Error("Record did not say that outcomes are lost")
		}
		if took := time.Since(begin); took != 2*time.Second {
			t.Errorf("Record took %s", took)
		}
		if err := <-refused; err == nil {
			t.Error("a receipt was acknowledged")
		}
		broken.Store(false)
		p.recorded = nil
		p.stop()
		p.rig.script["a"] = fake.Accept
		p.open()
		p.run()
		time.Sleep(time.Second)
		if m := p.want(g, sms.Sent, ""); m.Sub[0].Unknowns != 1 {
			t.Errorf("part %+v", m.Sub[0])
		}
	})
}

// TestReceiptsFromTheSendersOwnGoroutine: a channel may answer and receipt a
// submission before its Send returns; nothing waits for itself.
func TestReceiptsFromTheSendersOwnGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, func(r *rig) { r.script["a"] = fake.Deliver })
		time.Sleep(time.Second)
		for _, g := range p.many(50) {
			p.soon(g, sms.Delivered)
		}
	})
}

// TestStartedWithoutRecord: receipts that come before Record runs are stored by
// those who bring them, and no outcome is lost between the two.
func TestStartedWithoutRecord(t *testing.T) {
	for range 50 {
		r := newRig(t, off("b"), func(r *rig) { r.clock = time.Now })
		groups := []int64{}
		for i := range 20 {
			groups = append(groups, r.send(r.request(number(i))))
		}
		ctx, end := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		r.mu.Lock()
		r.script["a"] = fake.Deliver
		r.mu.Unlock()
		wg.Go(func() { _ = r.flow.Work(ctx, context.Background()) })
		record, endRecord := context.WithCancel(context.Background())
		var recording sync.WaitGroup
		recording.Go(func() { _ = r.flow.Record(record, context.Background()) })
		for _, g := range groups {
			for r.one(g).State != sms.Delivered {
				runtime.Gosched()
			}
		}
		end()
		wg.Wait()
		endRecord()
		recording.Wait()
	}
}

// TestUnderLoad runs the real loops in real time, for the race detector: many
// callers, links that come and go, a configuration that changes, a database
// that fails now and then, an end in the middle; and then another run, after
// which everything has ended and everything adds up.
func TestUnderLoad(t *testing.T) {
	var faults, healthy atomic.Bool
	copies := newCopies()
	r := newRig(t, func(r *rig) {
		r.clock, r.now = time.Now, time.Now()
		r.topUp(1_000_000 * sms.Credit)
		r.options.CommitWait = 100 * time.Millisecond
		r.fault = func(v memory.Verb) memory.Fault {
			if !faults.Load() || rand.IntN(40) > 0 {
				return memory.Fault{}
			}
			return []memory.Fault{troubles["out of order"], troubles["answer lost, written"], troubles["answer lost, not written"]}[rand.IntN(3)]
		}
		script := func(_ int, s *connect.Submission) fake.Answer {
			if healthy.Load() {
				return copies.deliver(s)
			}
			return copies.answer(s, rand.IntN)
		}
		r.script["a"], r.script["b"] = script, script
		for _, name := range []string{"a", "b"} {
			edit(r, sms.KindConnector, name, func(n *sms.Connector) { n.Window = 40 })
		}
	})
	p := &plant{rig: r}
	p.run()
	faults.Store(true)

	stop := make(chan struct{})
	var callers, chaos sync.WaitGroup
	var accepted atomic.Int64
	for c := range 8 {
		callers.Go(func() {
			for i := range 150 {
				req := r.request(number(c*1000+i), number(c*1000+i+500))
				if _, err := r.flow.Accept(context.Background(), req); err == nil {
					accepted.Add(1)
				}
			}
		})
	}
	chaos.Go(func() {
		for round := 0; ; round++ {
			select {
			case <-stop:
				return
			case <-time.After(7 * time.Millisecond):
			}
			l := p.named([]string{"a", "b"}[round%2])
			if l == nil {
				continue
			}
			switch round % 5 {
			case 0, 1:
				l.Down("chaos")
			case 2, 3:
				l.Up()
			case 4:
				reconfigure(r, round)
			}
		}
	})
	callers.Wait()
	close(stop)
	chaos.Wait()
	p.stop() // in the middle

	faults.Store(false)
	healthy.Store(true)
	for _, name := range []string{"a", "b"} {
		edit(r, sms.KindConnector, name, func(n *sms.Connector) { n.Mode = sms.ModeRun })
	}
	p.open()
	p.run()
	if accepted.Load() == 0 {
		t.Fatal("nothing was accepted")
	}
	left := func() (n int64) {
		stats, err := r.store.Stats(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range stats.Queued {
			n += q
		}
		return n
	}
	for left() > 0 {
		select {
		case <-t.Context().Done():
			t.Fatal("messages wait for ever")
		case <-time.After(5 * time.Millisecond):
		}
	}
	p.stop()
	copies.compare(t, r.store)
}

// reconfigure changes a connector while it runs. The store may refuse.
func reconfigure(r *rig, round int) {
	list, err := store.Find[*sms.Connector](context.Background(), r.store, sms.KindConnector, store.DocFilter{})
	if err != nil {
		return
	}
	round /= 5
	n := list[round%len(list)]
	switch round / 2 % 5 {
	case 0, 1:
		n.Window = 20 + round%30
	case 2:
		n.Mode = []sms.ConnectorMode{sms.ModePause, sms.ModeDrain, sms.ModeRun}[round/10%3]
	case 3:
		otherSettings(n)
	case 4:
		n.Pace = float64(1000 * (round % 3))
	}
	_ = store.Save(context.Background(), r.store, time.Now(), "chaos", n) // a fault is as good as a change
}
