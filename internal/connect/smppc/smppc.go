package smppc

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/obs/sparse"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// Protocol is the name in sms.Connector.Protocol.
const Protocol = "smpp"

// Options are what a connector needs of the process. The zero value is ready.
type Options struct {
	Log  *slog.Logger     // nil: slog.Default()
	Now  func() time.Time // stamps what is reported; nil: time.Now
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
}

// New builds a connector with default Options. It is a connect.Factory.
func New(c *sms.Connector, sink connect.Sink) (connect.Connector, error) {
	return Options{}.New(c, sink)
}

// Plugin is SMPP with default Options as a plug-in of the binary.
func Plugin() connect.Plugin { return Options{}.Plugin() }

// Plugin is SMPP as a plug-in of the binary.
func (o Options) Plugin() connect.Plugin {
	return connect.Plugin{Types: []sms.Type{sms.TypeSMS}, New: o.New, Advise: advise}
}

// Connector keeps the binds to one operator.
type Connector struct {
	id   int64
	noun atomic.Pointer[sms.Connector] // replaced by Adjust
	cfg  *settings
	opt  Options
	log  *slog.Logger
	sink connect.Sink

	pool      pool
	outcomes  *outcomes
	receipts  *deliveries[sms.Receipt]
	inbound   *deliveries[sms.Inbound]
	binds     []*bind
	binding   sync.WaitGroup // the goroutines that keep the binds up
	faults    sparse.Line
	refusals  sparse.Line
	commits   sparse.Line
	questions sparse.Line

	sinkCtx context.Context // of calls of the Sink that wait for a commit
	cutSink context.CancelFunc

	mu      sync.Mutex
	started bool
	closing bool
	closed  chan struct{} // closed when Close is through

	reporting sync.Mutex // keeps link reports in order; taken before mu
	reported  connect.Link
}

var _ connect.Connector = (*Connector)(nil)

// New builds a connector. The error says which setting is wrong; it holds no
// value of one.
func (o Options) New(noun *sms.Connector, sink connect.Sink) (connect.Connector, error) {
	cfg, err := parseSettings(noun.Settings)
	if err != nil {
		return nil, settingError(noun, err)
	}
	tls, err := cfg.TLS.config()
	if err != nil {
		return nil, settingError(noun, err)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	c := &Connector{id: noun.ID, cfg: cfg, opt: o, sink: sink, closed: make(chan struct{}),
		log: o.Log.With("connector", noun.Name)}
	live := *noun
	live.Window = max(noun.Window, 1)
	c.noun.Store(&live)
	c.pool.window = live.Window
	c.outcomes = newOutcomes(sink, c.pool.release, waiting(live.Window))
	c.receipts = newDeliveries(func(ctx context.Context, list []sms.Receipt) error {
		c.outcomes.hand() // the responses that came before them
		return sink.Receipts(ctx, list)
	}, cfg.refusal(), c.notCommitted)
	c.inbound = newDeliveries(sink.Inbound, cfg.refusal(), c.notCommitted)
	c.sinkCtx, c.cutSink = context.WithCancel(context.Background())
	for i, mode := range cfg.modes() {
		c.binds = append(c.binds, newBind(c, i, mode, tls))
	}
	return c, nil
}

// Info of the connector. The window counts all its binds that submit.
func (c *Connector) Info() connect.Info {
	return connect.Info{Protocol: Protocol, Window: c.noun.Load().Window * c.cfg.Binds}
}

// Connect starts to keep the binds up.
func (c *Connector) Connect(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return connect.ErrClosed
	case c.started:
		return errors.New("smppc: Connect was called before")
	}
	c.started = true
	go c.outcomes.run()
	go c.receipts.run(c.sinkCtx)
	go c.inbound.run(c.sinkCtx)
	for _, b := range c.binds {
		ctx, cancel := context.WithCancel(context.Background())
		b.cancel = cancel
		c.binding.Go(func() { b.run(ctx) })
	}
	return nil
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// Send submits one part on the bind with the fewest unanswered. While no bind is
// up it returns an error at once. What no operator could take is reported as
// rejected, since handing it back would not mend it.
func (c *Connector) Send(ctx context.Context, s *connect.Submission) error {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	if err := e.encode(c.cfg, s, c.opt.Now()); err != nil {
		return c.reject(s, err)
	}
	for {
		l, err := c.pool.take(ctx)
		if err != nil {
			return err
		}
		a := newAttempt(c, l, s.Attempt)
		if err = l.session.Send(ctx, &e.pdu, a); err == nil {
			return nil // a belongs to the session now
		}
		a.free()
		if again := c.giveBack(l, err); again {
			continue
		}
		if bad, ok := errors.AsType[*smpp.FieldError](err); ok {
			return c.reject(s, bad)
		}
		return err
	}
}

// reject reports a submission that cannot be written in SMPP at all.
func (c *Connector) reject(s *connect.Submission, why error) error {
	c.mu.Lock()
	usable := c.started && !c.closing
	c.mu.Unlock()
	switch {
	case !usable && !c.started:
		return connect.ErrDown
	case !usable:
		return connect.ErrClosed
	}
	if n, ok := c.refusals.Allow(c.opt.Now()); ok {
		c.log.Warn("a part cannot be sent over SMPP and is rejected", "message_id", s.Attempt.Message.String(),
			"part", s.Attempt.Seq, "err", why, "suppressed", n)
	}
	if !c.outcomes.add(sms.Outcome{AttemptRef: s.Attempt, ConnectorID: c.id, Verdict: sms.VerdictReject,
		Reason: sms.ReasonContent, At: c.opt.Now()}, nil) {
		return connect.ErrClosed
	}
	return nil
}

// Close unbinds when the unanswered submissions and the deliveries in hand are
// through, or cuts the links when ctx ends before.
func (c *Connector) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		<-c.closed
		return nil
	}
	c.closing = true
	started := c.started
	c.mu.Unlock()
	defer close(c.closed)
	defer c.cutSink()
	idle := c.pool.close()
	stop := context.AfterFunc(ctx, c.cutSink)
	defer stop()
	// While responses are awaited, receipts and replies are taken: not every
	// operator sends again what is refused.
	select {
	case <-idle:
	case <-ctx.Done():
	}
	c.receipts.refuseNew()
	c.inbound.refuseNew()
	if !started {
		return nil
	}
	for _, b := range c.binds {
		c.binding.Go(func() { b.leave(ctx) })
	}
	c.binding.Wait()
	// Every session is settled, so nothing is added any more.
	<-c.receipts.done
	<-c.inbound.done
	c.outcomes.end()
	c.reporting.Lock() // the last report of before may still be running
	defer c.reporting.Unlock()
	c.sink.Link(connect.Link{Reason: "closed"})
	return nil
}

// report tells the Sink of the links when something changed. From Close on
// there is only its own last report.
func (c *Connector) report() {
	c.reporting.Lock()
	defer c.reporting.Unlock()
	now := connect.Link{Links: c.pool.up()}
	now.Up = now.Links > 0
	c.mu.Lock()
	closing := c.closing
	now.Reason = c.reasonLocked()
	c.mu.Unlock()
	if closing {
		return
	}
	if !now.Up && now.Reason == "" {
		now.Reason = "the operator unbinds"
	}
	if now != c.reported {
		c.reported = now
		c.sink.Link(now)
	}
}

// reasonLocked says why binds are down, each reason once.
func (c *Connector) reasonLocked() string {
	var reasons []string
	for _, b := range c.binds {
		if b.why != "" && !contains(reasons, b.why) {
			reasons = append(reasons, b.why)
		}
	}
	return strings.Join(reasons, "; ")
}

// retire takes a link out of use before its session has ended.
func (c *Connector) retire(l *link) {
	if c.pool.remove(l) {
		c.report()
	}
}

// ServeSMPP takes what the operator delivers (smpp.Handler). It does not block.
func (c *Connector) ServeSMPP(p smpp.PDU, r smpp.Responder) {
	m, ok := readMessage(p)
	if !ok {
		return // alert_notification, which has no answer
	}
	now := c.opt.Now()
	if receipt, ok := c.cfg.receipt(m, now); ok {
		receipt.ConnectorID = c.noun.Load().Scope()
		ok = c.receipts.put(receipt, r)
		c.answerUnless(ok, r)
		return
	}
	in := c.cfg.inbound(m, now)
	in.ConnectorID = c.id
	c.answerUnless(c.inbound.put(in, r), r)
}

// answerUnless asks for what was not taken again, since we are closing.
func (c *Connector) answerUnless(taken bool, r smpp.Responder) {
	if !taken {
		_ = r.Respond(c.cfg.refusal(), nil) // when the link is gone, the operator delivers again anyhow
	}
}

func (c *Connector) notCommitted(n int, err error) {
	if suppressed, ok := c.commits.Allow(c.opt.Now()); ok {
		c.log.Warn("deliveries could not be stored; the operator was asked to send them again",
			"count", n, "err", err, "suppressed", suppressed)
	}
}
