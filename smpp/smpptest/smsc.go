package smpptest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/smpp"
)

// Config scripts an SMSC. The zero value accepts every bind and every message.
type Config struct {
	// Addr is where to listen, as for net.Listen; default "127.0.0.1:0". Empty with NoListen.
	Addr string
	// NoListen makes an SMSC that only serves connections given to ServeConn.
	NoListen bool
	TLS      *tls.Config
	SystemID string // in bind responses; default "smpptest"

	// Session shapes the sessions. Its Handler is replaced; MaxInbound is 16,384 when zero.
	Session smpp.Config
	// Authenticate decides binds; nil accepts all.
	Authenticate func(*smpp.BindRequest) smpp.Status
	// OnBind is told of every session. May be nil.
	OnBind func(*smpp.Session)
	// OnSubmit decides what happens to a message; nil accepts. Calls of one session come one
	// after the other, those of several sessions at the same time. m is only good during the call.
	OnSubmit func(m *Message) Reply
	// OnOther answers query_sm, cancel_sm and replace_sm and the broadcasts; nil means SMSC.Answer,
	// which knows the messages that Remember keeps, and refuses the rest.
	OnOther func(p smpp.PDU, r smpp.Responder)
	// OnDeliverResp is told of every outcome of a deliver_sm. May be nil.
	OnDeliverResp func(p *smpp.DeliverSM, r smpp.Result)
	// NewID makes message ids from the number of the message.
	NewID func(n uint64) string

	// Rate is how many messages a second are accepted from all sessions together; the rest is
	// answered with ESME_RTHROTTLED. 0: no limit.
	Rate int
	// Keep is how many messages Received remembers (default 10,000; negative: none). Later ones
	// are only counted.
	Keep int
	// Remember is how many accepted messages are remembered with their state, so that they can be
	// queried, canceled and replaced (default 0); the oldest are forgotten first.
	Remember int
	// Split has everything written so many octets at a time (0: whole).
	Split int
	// Redeliver is how often a deliver_sm is tried again after an error status, a timeout or a
	// lost link (default 0: never), each time after RedeliverAfter (default 1 s).
	Redeliver      int
	RedeliverAfter time.Duration
}

// SMSC is a scriptable SMSC. It is safe for concurrent use.
type SMSC struct {
	cfg   Config
	srv   *smpp.Server
	addr  net.Addr
	timer *schedule
	rate  rateLimit
	mute  atomic.Bool
	news  signal

	numbers                                                atomic.Uint64 // of messages, given out
	submits, throttled, deliverOK, deliverBad, deliverLost atomic.Uint64

	archive archive

	mu       sync.Mutex
	listener net.Listener // nil while it does not listen
	received []Message
	refused  []Refusal
	mailbox  map[string]*mailbox // by system_id
}

// Refusal is a connection or bind that failed.
type Refusal struct {
	SystemID string
	Why      error
}

// Start starts an SMSC.
func Start(cfg Config) (*SMSC, error) {
	if cfg.SystemID == "" {
		cfg.SystemID = "smpptest"
	}
	if cfg.Keep == 0 {
		cfg.Keep = 10000
	}
	if cfg.NewID == nil {
		cfg.NewID = newID
	}
	if cfg.RedeliverAfter == 0 {
		cfg.RedeliverAfter = time.Second
	}
	c := &SMSC{cfg: cfg, timer: newSchedule(), rate: rateLimit{perSecond: cfg.Rate},
		archive: archive{most: cfg.Remember}, mailbox: make(map[string]*mailbox)}
	session := cfg.Session
	if session.MaxInbound == 0 {
		session.MaxInbound = 1 << 14 // unanswered messages are part of the game
	}
	session.Handler = smpp.HandlerFunc(c.serve)
	c.srv = &smpp.Server{Authenticate: c.authenticate, Config: session, OnSession: c.bound, OnRefused: c.notBound,
		TLS: cfg.TLS, FailuresPerMinute: -1, MaxUnboundPerAddress: -1}
	if cfg.NoListen {
		return c, nil
	}
	if cfg.Addr == "" {
		cfg.Addr = "127.0.0.1:0"
	}
	if err := c.listen(cfg.Addr); err != nil {
		c.timer.close()
		return nil, err
	}
	return c, nil
}

func (c *SMSC) listen(addr string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	c.listener, c.addr = l, l.Addr()
	go func() { _ = c.srv.Serve(wiredListener{l, c.wire}) }() // ends with the listener
	return nil
}

func (c *SMSC) wire(conn net.Conn) *Wire {
	w := NewWire(conn)
	w.Split(c.cfg.Split)
	return w
}

// Addr is "host:port", empty with NoListen.
func (c *SMSC) Addr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.addr == nil {
		return ""
	}
	return c.addr.String()
}

// ServeConn serves one connection, for example one end of net.Pipe.
func (c *SMSC) ServeConn(conn net.Conn) { c.srv.ServeConn(c.wire(conn)) }

// Server is the SMPP server underneath.
func (c *SMSC) Server() *smpp.Server { return c.srv }

// Sessions lists the bound sessions.
func (c *SMSC) Sessions() []*smpp.Session { return c.srv.Sessions() }

// Close ends everything at once.
func (c *SMSC) Close() error {
	err := c.srv.Close()
	c.timer.close()
	c.mu.Lock()
	boxes := c.mailbox
	c.mailbox = nil
	c.mu.Unlock()
	for _, b := range boxes {
		b.close()
	}
	return err
}

// Shutdown unbinds all sessions in good order and closes.
func (c *SMSC) Shutdown(ctx context.Context) error {
	return errors.Join(c.srv.Shutdown(ctx), c.Close())
}

// Down stops listening and unbinds every session, as an operator does for maintenance; when ctx ends
// first (because messages are not answered), the rest is closed. Up ends it. What is to be delivered waits.
func (c *SMSC) Down(ctx context.Context) error {
	c.mu.Lock()
	if c.listener != nil {
		_ = c.listener.Close() // Serve ends with it
		c.listener = nil
	}
	c.mu.Unlock()
	var wg sync.WaitGroup
	for _, s := range c.srv.Sessions() {
		wg.Go(func() { _ = s.Unbind(ctx) }) // its only error is ctx's
	}
	wg.Wait()
	return ctx.Err()
}

// Up listens again on the address of before. Without an address there is nothing to do.
func (c *SMSC) Up() error {
	if addr := c.Addr(); addr != "" {
		return c.listen(addr)
	}
	return nil
}

// Freeze makes every link half-open, or whole again: see Wire.Freeze. New links are whole.
func (c *SMSC) Freeze(on bool) {
	for _, w := range c.wires() {
		w.Freeze(on)
	}
}

// Inject writes octets between two PDUs on every link: an unbind while messages are open, garbage, a PDU
// with a sequence number of its own.
func (c *SMSC) Inject(octets []byte) error {
	var errs []error
	for _, w := range c.wires() {
		errs = append(errs, w.Inject(octets))
	}
	return errors.Join(errs...)
}

func (c *SMSC) wires() []*Wire {
	var wires []*Wire
	for _, s := range c.srv.Sessions() {
		if w := wireOf(s); w != nil {
			wires = append(wires, w)
		}
	}
	return wires
}

// Drop closes every connection at once, as a crash does; the SMSC goes on listening.
func (c *SMSC) Drop() {
	for _, s := range c.srv.Sessions() {
		_ = s.Close() // never fails
	}
}

// Mute makes the SMSC swallow messages without any answer (true), or answer again (false). Links
// stay up: enquire_link is answered.
func (c *SMSC) Mute(on bool) { c.mute.Store(on) }

func (c *SMSC) authenticate(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
	st := smpp.StatusOK
	if c.cfg.Authenticate != nil {
		st = c.cfg.Authenticate(b)
	}
	return smpp.Accept{SystemID: c.cfg.SystemID}, st
}

func (c *SMSC) bound(s *smpp.Session) {
	if s.Mode().CanReceive() {
		if b := c.box(s.PeerSystemID()); b != nil {
			b.join(s)
		}
	}
	if c.cfg.OnBind != nil {
		c.cfg.OnBind(s)
	}
	c.news.touch()
}

func (c *SMSC) notBound(_ net.Addr, systemID string, why error) {
	c.mu.Lock()
	c.refused = append(c.refused, Refusal{SystemID: systemID, Why: why})
	c.mu.Unlock()
	c.news.touch()
}

// Totals are the running totals of an SMSC.
type Totals struct {
	Submits   uint64 // messages received, whatever became of them
	Throttled uint64 // of these, refused by Config.Rate
	Delivered uint64 // deliver_sm that were acknowledged
	Refused   uint64 // deliver_sm that were answered with an error
	Lost      uint64 // deliver_sm whose outcome is unknown or that were never written
}

// Totals gives the totals.
func (c *SMSC) Totals() Totals {
	return Totals{c.submits.Load(), c.throttled.Load(), c.deliverOK.Load(), c.deliverBad.Load(), c.deliverLost.Load()}
}

// Received lists the messages that were received, the first Config.Keep of them, with what they were answered.
func (c *SMSC) Received() []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Message(nil), c.received...)
}

// Refused lists binds and connections that failed.
func (c *SMSC) Refused() []Refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Refusal(nil), c.refused...)
}

// WaitFor waits until cond is true, looking whenever something was received, bound or acknowledged.
func (c *SMSC) WaitFor(ctx context.Context, cond func() bool) error { return c.news.wait(ctx, cond) }

// WaitReceived waits until n messages have been received.
func (c *SMSC) WaitReceived(ctx context.Context, n uint64) error {
	return c.WaitFor(ctx, func() bool { return c.submits.Load() >= n })
}
