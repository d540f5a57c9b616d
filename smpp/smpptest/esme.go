package smpptest

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/smpp"
)

// Delivery is a deliver_sm or data_sm that an ESME has received.
type Delivery struct {
	N       uint64 // 1 for the first
	Header  smpp.Header
	PDU     smpp.PDU // good during OnDeliver; in Deliveries it is a clone
	Receipt *smpp.Receipt
	At      time.Time
}

// DeliverReply is what an ESME does with a delivery. The zero value acknowledges it at once.
type DeliverReply struct {
	Status     smpp.Status
	Delay      time.Duration
	NoResponse bool
	Drop       bool // close the connection instead of answering
}

// ESMEConfig scripts an ESME.
type ESMEConfig struct {
	// Bind is whom to bind as; its Session.Handler is replaced.
	Bind smpp.BindConfig
	// OnDeliver decides what happens to a delivery; nil acknowledges. d is only good during the call.
	OnDeliver func(d *Delivery) DeliverReply
	// Keep is how many deliveries are remembered (default 10,000; negative: none).
	Keep int
}

// ESME is a scriptable ESME with one session. It is safe for concurrent use.
type ESME struct {
	*smpp.Session
	Wire     *Wire // under the session, to make it fail
	cfg      ESMEConfig
	timer    *schedule
	numbers  atomic.Uint64 // given out
	received atomic.Uint64 // dealt with

	news signal
	mu   sync.Mutex
	kept []Delivery
}

// Dial connects an ESME to an SMSC at "host:port".
func Dial(ctx context.Context, addr string, cfg ESMEConfig) (*ESME, error) {
	e := newESME(cfg)
	dial := e.cfg.Bind.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	e.cfg.Bind.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		e.Wire = NewWire(c)
		return e.Wire, nil
	}
	s, err := smpp.Dial(ctx, addr, e.cfg.Bind)
	return e.start(s, err)
}

// Connect binds an ESME directly to an SMSC of this package, over a pipe in memory. It works under
// testing/synctest.
func Connect(ctx context.Context, smsc *SMSC, cfg ESMEConfig) (*ESME, error) {
	e := newESME(cfg)
	e.Wire = NewWire(pipeTo(smsc))
	s, err := smpp.BindConn(ctx, e.Wire, e.cfg.Bind)
	return e.start(s, err)
}

func newESME(cfg ESMEConfig) *ESME {
	if cfg.Keep == 0 {
		cfg.Keep = 10000
	}
	if cfg.Bind.SystemID == "" {
		cfg.Bind.SystemID = "esme"
	}
	e := &ESME{cfg: cfg, timer: newSchedule()}
	e.cfg.Bind.Session.Handler = smpp.HandlerFunc(e.serve)
	return e
}

func (e *ESME) start(s *smpp.Session, err error) (*ESME, error) {
	if err != nil {
		e.timer.close()
		return nil, err
	}
	e.Session = s
	return e, nil
}

// Close ends the session at once and waits for it.
func (e *ESME) Close() error {
	err := e.Session.Close()
	<-e.Done()
	e.timer.close()
	return err
}

func (e *ESME) serve(p smpp.PDU, r smpp.Responder) {
	d := Delivery{N: e.numbers.Add(1), Header: r.Header(), PDU: p, At: time.Now()}
	if rc, ok := smpp.ReceiptFrom(p, true); ok {
		d.Receipt = &rc
	}
	var reply DeliverReply
	if e.cfg.OnDeliver != nil {
		reply = e.cfg.OnDeliver(&d)
	}
	e.mu.Lock()
	if len(e.kept) < e.cfg.Keep {
		kept := d
		kept.PDU = smpp.Clone(p)
		e.kept = append(e.kept, kept)
	}
	e.mu.Unlock()
	e.received.Add(1) // who waits for it finds it in Deliveries
	e.news.touch()
	switch {
	case reply.Drop:
		_ = r.Session().Close() // never fails
	case reply.NoResponse:
	case reply.Delay > 0:
		e.timer.after(reply.Delay, func() { _ = r.Respond(reply.Status, nil) }) // the session may be gone
	default:
		_ = r.Respond(reply.Status, nil) // the session may be gone
	}
}

// Deliveries lists what was delivered, the first Keep of it.
func (e *ESME) Deliveries() []Delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Delivery(nil), e.kept...)
}

// Delivered counts what was delivered.
func (e *ESME) Delivered() uint64 { return e.received.Load() }

// WaitDelivered waits until n deliveries have come.
func (e *ESME) WaitDelivered(ctx context.Context, n uint64) error {
	return e.news.wait(ctx, func() bool { return e.received.Load() >= n })
}

// Submit sends one message and waits for its message id.
func (e *ESME) Submit(ctx context.Context, p *smpp.SubmitSM) (string, error) {
	resp, err := e.Do(ctx, p)
	if r, ok := resp.(*smpp.SubmitSMResp); ok {
		return r.MessageID, err
	}
	return "", err
}

// Load is the outcome of SubmitMany.
type Load struct {
	Sent     int
	Outcomes map[smpp.Outcome]int
	Statuses map[smpp.Status]int // of the answered ones
	Elapsed  time.Duration
}

// SubmitMany sends n messages as fast as the window lets it, and waits for all answers. next makes
// the i-th message, from 0; it may give the same PDU each time. It stops early when ctx or the
// session ends, with the error.
func (e *ESME) SubmitMany(ctx context.Context, n int, next func(i int) *smpp.SubmitSM) (Load, error) {
	load := Load{Outcomes: make(map[smpp.Outcome]int), Statuses: make(map[smpp.Status]int)}
	var mu sync.Mutex
	var open sync.WaitGroup
	done := smpp.CompleteFunc(func(r smpp.Result) {
		mu.Lock()
		load.Outcomes[r.Outcome]++
		if r.Outcome == smpp.Answered {
			load.Statuses[r.Status]++
		}
		mu.Unlock()
		open.Done()
	})
	began := time.Now()
	var err error
	for i := 0; i < n && err == nil; i++ {
		open.Add(1)
		if err = e.Send(ctx, next(i), done); err != nil {
			open.Done()
		} else {
			load.Sent++
		}
	}
	open.Wait()
	load.Elapsed = time.Since(began)
	return load, err
}
