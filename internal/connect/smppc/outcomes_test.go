package smppc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// gatedSink takes outcomes when the test lets it.
type gatedSink struct {
	connect.Sink
	gate    chan struct{}
	batches [][]sms.Outcome
}

func (s *gatedSink) Outcomes(list []sms.Outcome) {
	<-s.gate
	s.batches = append(s.batches, list)
}

func TestOutcomesGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &gatedSink{gate: make(chan struct{})}
		released := 0
		o := newOutcomes(sink, func(*link) { released++ }, 3)
		go o.run()
		add := func(n int) {
			if !o.add(sms.Outcome{AttemptRef: sms.AttemptRef{Message: sms.MessageID(n)}}, &link{}) {
				t.Error("not taken")
			}
		}
		add(1)
		synctest.Wait() // the sink has the first, alone: nothing waits for more
		for n := 2; n <= 6; n++ {
			add(n)
		}
		if released != 1+3 {
			t.Errorf("%d places were given back, want those of the first and of 3 that may wait", released)
		}
		sink.gate <- struct{}{}
		synctest.Wait()
		sink.gate <- struct{}{}
		synctest.Wait()
		if released != 6 {
			t.Errorf("%d places were given back, want all 6", released)
		}
		add(7)
		close(sink.gate)
		o.end()
		if len(sink.batches) != 3 || len(sink.batches[0]) != 1 || len(sink.batches[1]) != 5 || len(sink.batches[2]) != 1 {
			t.Errorf("batches of %v", sink.batches)
		}
		n := sms.MessageID(0)
		for _, batch := range sink.batches {
			for _, out := range batch {
				if n++; out.Message != n {
					t.Errorf("outcome %d came as number %d", out.Message, n)
				}
			}
		}
		if o.add(sms.Outcome{}, nil) {
			t.Error("taken after the end")
		}
	})
}

func TestDeliveriesGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan error)
		var batches [][]int
		sink := func(_ context.Context, list []int) error {
			batches = append(batches, list)
			return <-gate
		}
		var failed []int
		d := newDeliveries(sink, smpp.StatusSysErr, func(n int, err error) { failed = append(failed, n) })
		far := newFarSession(t)
		go d.run(t.Context())
		far.deliver(1)
		d.put(1, far.responder())
		synctest.Wait()
		far.deliver(mostDeliveries + 1)
		for n := range mostDeliveries + 1 {
			if !d.put(n, far.responder()) {
				t.Fatal("not taken")
			}
		}
		gate <- nil
		gate <- errors.New("no")
		d.refuseNew()
		gate <- nil
		<-d.done
		synctest.Wait()
		if d.put(0, smpp.Responder{}) {
			t.Error("taken after the end")
		}
		if len(batches) != 3 || len(batches[0]) != 1 || len(batches[1]) != mostDeliveries || len(batches[2]) != 1 {
			t.Errorf("%d batches", len(batches))
		}
		if len(failed) != 1 || failed[0] != mostDeliveries {
			t.Errorf("failed %v", failed)
		}
		if ok, refused := far.answers[smpp.StatusOK], far.answers[smpp.StatusSysErr]; ok != 2 || refused != mostDeliveries {
			t.Errorf("%d acknowledged, %d refused", ok, refused)
		}
		far.close()
	})
}

// A commit that does not end ends with its context, and nothing more is handed over.
func TestDeliveriesAreCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		d := newDeliveries(func(ctx context.Context, _ []int) error {
			calls++
			<-ctx.Done()
			return ctx.Err()
		}, smpp.StatusRxTAppn, func(int, error) {})
		far := newFarSession(t)
		ctx, cancel := context.WithCancel(t.Context())
		go d.run(ctx)
		far.deliver(2)
		d.put(1, far.responder())
		synctest.Wait()
		d.put(2, far.responder())
		cancel()
		d.refuseNew()
		<-d.done
		synctest.Wait()
		if calls != 1 || far.answers[smpp.StatusRxTAppn] != 2 {
			t.Errorf("%d calls, answers %v", calls, far.answers)
		}
		far.close()
	})
}

// farSession is a session to deliver over, and what was answered on it.
type farSession struct {
	t         *testing.T
	near, far *smpp.Session
	queue     chan smpp.Responder
	srv       *smpp.Server

	mu      sync.Mutex
	answers map[smpp.Status]int
}

func newFarSession(t *testing.T) *farSession {
	f := &farSession{t: t, queue: make(chan smpp.Responder, 2*mostDeliveries), answers: map[smpp.Status]int{}}
	bound := make(chan *smpp.Session, 1)
	f.srv = &smpp.Server{Config: smpp.Config{Window: 2 * mostDeliveries}, OnSession: func(s *smpp.Session) { bound <- s },
		Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			return smpp.Accept{}, smpp.StatusOK
		}}
	var err error
	f.near, err = smpp.BindConn(t.Context(), pipeTo(f.srv), smpp.BindConfig{SystemID: "a", Session: smpp.Config{MaxInbound: 2 * mostDeliveries,
		Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { f.queue <- r })}})
	if err != nil {
		t.Fatal(err)
	}
	f.far = <-bound
	return f
}

// deliver sends n deliver_sm.
func (f *farSession) deliver(n int) {
	f.t.Helper()
	for range n {
		if err := f.far.Send(f.t.Context(), &smpp.DeliverSM{}, f); err != nil {
			f.t.Fatal(err)
		}
	}
}

// Complete counts answers.
func (f *farSession) Complete(r smpp.Result) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Outcome == smpp.Answered {
		f.answers[r.Status]++
	}
}

func (f *farSession) responder() smpp.Responder { return <-f.queue }

func (f *farSession) close() {
	_ = f.near.Close() // never fails
	_ = f.srv.Close()  // never fails
	<-f.near.Done()
}

// TestReceiptsFollowOutcomes: the Sink hears of a response before the receipt
// that came behind it, so that the receipt finds its message.
func TestReceiptsFollowOutcomes(t *testing.T) {
	smsc, err := smpptest.Start(smpptest.Config{OnSubmit: func(*smpptest.Message) smpptest.Reply {
		return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateDelivered}}}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer smsc.Close()
	const n = 2000
	sink := &orderSink{known: map[string]bool{}, up: make(chan struct{}), done: make(chan struct{}), want: n}
	c, err := New(&sms.Connector{Head: sms.Head{ID: 1, Name: "a"}, Protocol: "smpp", Window: 50,
		Settings: fmt.Appendf(nil, `{"hosts": [%q], "system_id": "a"}`, smsc.Addr())}, sink)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-sink.up
	for i := range n {
		s := connect.Submission{Group: &sms.Group{}, Attempt: sms.AttemptRef{Message: sms.MessageID(i + 1), Seq: 1, Attempt: 1}, Type: sms.TypeSMS, From: "ACME",
			FromIs: sms.SenderAlpha, To: "8801712345678", Encoding: gsm.GSM7, Payload: []byte("x"), Receipt: true}
		if err := c.Send(t.Context(), &s); err != nil {
			t.Fatal(err)
		}
	}
	<-sink.done
	if err := c.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if sink.early > 0 {
		t.Errorf("%d of %d receipts overtook their response", sink.early, n)
	}
}

// orderSink counts receipts whose response it has not heard of.
type orderSink struct {
	mu       sync.Mutex
	known    map[string]bool
	early    int
	seen     int
	want     int
	up, done chan struct{}
	linked   sync.Once
}

func (s *orderSink) Outcomes(list []sms.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range list {
		s.known[o.UpstreamKey] = true
	}
}

func (s *orderSink) Receipts(_ context.Context, list []sms.Receipt) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range list {
		if !slices.ContainsFunc(r.IDs, func(id string) bool { return s.known[id] }) {
			s.early++
		}
		if s.seen++; s.seen == s.want {
			close(s.done)
		}
	}
	return nil
}

func (s *orderSink) Inbound(context.Context, []sms.Inbound) error { return nil }

func (s *orderSink) Link(l connect.Link) {
	if l.Up {
		s.linked.Do(func() { close(s.up) })
	}
}
