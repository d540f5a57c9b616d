package smppc

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"time"

	"github.com/harkara/harkara/smpp"
)

// bind is one bind that is kept up: it dials, fails over between the hosts, and
// binds again after a pause when the session ends. It has a host of its own, and
// is at another one only as long as it must: it is never moved while its session
// lives, since that takes a further bind, which operators limit.
type bind struct {
	c      *Connector
	index  int
	mode   smpp.Mode
	config smpp.BindConfig
	home   int       // its own host
	host   int       // the one that was tried last; only run's goroutine
	failed bool      // and that it was no good; likewise
	since  time.Time // when the session was bound; likewise
	cancel context.CancelFunc

	// Guarded by Connector.mu.
	session *smpp.Session
	link    *link
	why     string // why it is down; empty while it is up or was never tried
}

func newBind(c *Connector, index int, mode smpp.Mode, tls *tls.Config) *bind {
	s := c.cfg
	host := index
	if s.Bind == bindPair {
		host = index / 2 // transmitter and receiver of a pair begin at one host
	}
	return &bind{c: c, index: index, mode: mode, home: host, host: host, cancel: func() {}, config: smpp.BindConfig{
		Mode: mode, SystemID: s.SystemID, Password: s.Password, SystemType: s.SystemType, Version: s.version(),
		AddrTON: smpp.TON(s.AddressTON), AddrNPI: smpp.NPI(s.AddressNPI), AddressRange: s.AddressRange,
		TLS: tls, DialTimeout: s.ConnectTimeout.Std(), BindTimeout: s.BindTimeout.Std(), DialContext: c.opt.Dial,
		Session: smpp.Config{
			MaxInbound: s.MaxInbound, ResponseTimeout: s.ResponseTimeout.Std(),
			EnquireInterval: s.EnquireInterval.Std(), EnquireTimeout: s.EnquireTimeout.Std(), UnbindTimeout: s.UnbindTimeout.Std(),
			Handler: c, Unexpected: c.unexpected, Fault: c.fault,
		},
	}}
}

// run keeps the bind up until ctx ends.
func (b *bind) run(ctx context.Context) {
	s := b.c.cfg
	redial := smpp.Redial{
		Dial: b.dial, Up: b.up, Down: b.down,
		Backoff: smpp.Backoff{Min: s.ReconnectMin.Std(), Max: s.ReconnectMax.Std(),
			Refused: s.ReconnectRefused.Std(), Stable: s.ReconnectStable.Std()},
	}
	_ = redial.Run(ctx) // ends with ctx, and says only that
}

// dial tries each host once, beginning with its own, or behind one that was no
// good. A wrong password is not tried at the next host: it is one account.
func (b *bind) dial(ctx context.Context) (*smpp.Session, error) {
	var err error
	config := b.config
	config.Session.Window = b.c.noun.Load().Window
	for i := range b.c.cfg.Hosts {
		if i > 0 || b.failed {
			b.host++
		}
		var s *smpp.Session
		if s, err = smpp.Dial(ctx, b.addr(), config); err == nil {
			b.failed, b.since = false, time.Now()
			return s, nil
		}
		if b.failed = true; ctx.Err() != nil || refused(err) {
			break
		}
	}
	return nil, err
}

// refused says that the operator does not know these credentials.
func refused(err error) bool {
	status, ok := errors.AsType[*smpp.StatusError](err)
	return ok && (status.Status == smpp.StatusInvPaswd || status.Status == smpp.StatusInvSysID)
}

// addr is the host of the session, or the one that was tried last.
func (b *bind) addr() string { return b.c.cfg.Hosts[b.host%len(b.c.cfg.Hosts)] }

func (b *bind) up(s *smpp.Session) {
	c := b.c
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		_ = s.Close() // never fails
		return
	}
	b.session, b.why = s, ""
	s.SetWindow(c.noun.Load().Window) // it may have changed since the bind began
	if b.mode.CanSubmit() {
		b.link = &link{session: s}
		c.pool.add(b.link)
	}
	c.mu.Unlock()
	c.log.Info("bound", "bind", b.index, "mode", b.mode.String(), "remote", s.RemoteAddr().String(), "smsc", s.PeerSystemID())
	c.report()
}

func (b *bind) down(s *smpp.Session, why error, pause time.Duration) {
	c := b.c
	c.mu.Lock()
	l := b.link
	b.session, b.link, b.why = nil, nil, describe(b.addr(), s != nil, why)
	reason, closing := b.why, c.closing
	c.mu.Unlock()
	if s != nil {
		b.settle()
	}
	if l != nil {
		c.pool.remove(l)
	}
	if closing {
		return
	}
	if s == nil {
		c.log.Warn("cannot bind", "bind", b.index, "mode", b.mode.String(), "err", reason, "retry_in", pause.String())
	} else {
		c.log.Warn("link lost", "bind", b.index, "mode", b.mode.String(), "err", reason, "retry_in", pause.String())
	}
	c.report()
}

// settle chooses where to begin after a session: at its own host, or at the next
// one when the session did not live long. A host that takes binds and drops them
// is as bad as one that takes none.
func (b *bind) settle() {
	if time.Since(b.since) < b.c.cfg.ReconnectStable.Std() {
		b.failed = true
		return
	}
	b.host = b.home
}

// describe puts an error into words for the operator of the platform. They are
// the same as long as the trouble is (no ports, no times), since each new reason
// is reported.
func describe(addr string, bound bool, err error) string {
	what := "cannot bind to " + addr + ": "
	if bound {
		what = "lost the link to " + addr + ": "
	}
	var op *net.OpError
	var timeout net.Error
	switch {
	case refused(err):
		return what + root(err).Error() + ": check system_id and password"
	case errors.Is(err, smpp.ErrUnbound):
		return "the operator at " + addr + " unbound"
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return what + "the operator closed the connection"
	case errors.As(err, &timeout) && timeout.Timeout():
		return what + "no answer in time"
	case errors.As(err, &op):
		return what + root(op.Err).Error()
	}
	return what + root(err).Error()
}

// root is the innermost error.
func root(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// leave ends the bind: in good order until ctx ends.
func (b *bind) leave(ctx context.Context) {
	b.c.mu.Lock()
	s := b.session
	b.c.mu.Unlock()
	if s != nil {
		_ = s.Unbind(ctx) // cut short when ctx ends, which is no error here
	}
	b.cancel()
}

// unexpected looks at responses that match no open request.
func (c *Connector) unexpected(_ *smpp.Session, u smpp.Unexpected) {
	if a, ok := u.Request.(*attempt); ok && u.Kind == smpp.LateResponse {
		a.late(u.Header.Status, u.Response)
		return
	}
	if n, ok := c.faults.Allow(c.opt.Now()); ok {
		c.log.Warn("the operator sent a response that nobody waits for", "kind", u.Kind.String(),
			"pdu", u.Header.String(), "suppressed", n)
	}
}

// fault is told of what the operator does wrong.
func (c *Connector) fault(_ *smpp.Session, err error) {
	if n, ok := c.faults.Allow(c.opt.Now()); ok {
		c.log.Warn("the operator breaks the protocol", "err", err, "suppressed", n)
	}
}
