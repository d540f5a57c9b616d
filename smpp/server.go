package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// BindRequest is a bind that a Server is asked to decide.
type BindRequest struct {
	*Bind
	RemoteAddr net.Addr
	TLS        *tls.ConnectionState // nil without TLS
}

// Accept is what an accepted bind gets. The zero value is fine.
type Accept struct {
	SystemID string  // in the bind response
	Config   *Config // for this session; nil means Server.Config
	Data     any     // for Session.Data
}

// Server is the SMSC side: it accepts connections, has binds decided, and makes Sessions. Fields must
// not be changed after the first Serve or ServeConn.
type Server struct {
	// Authenticate decides a bind: StatusOK accepts. Compare passwords in constant time, and give
	// one status for a wrong system_id and a wrong password. It may take its time until ctx ends
	// (the session initialisation timer) and is called on a goroutine of the connection, so that one
	// that hangs holds up nobody else. Required.
	Authenticate func(ctx context.Context, b *BindRequest) (Accept, Status)
	// Config shapes the sessions.
	Config Config
	// OnSession is told of every session before its first PDU is sent or handled. May be nil.
	OnSession func(*Session)
	// OnRefused is told of binds that were refused, and of connections that ended before a bind
	// (systemID is empty then). It must not block. May be nil.
	OnRefused func(remote net.Addr, systemID string, why error)

	// TLS, when not nil, is spoken by Serve on every connection.
	TLS *tls.Config
	// InitTimeout is the session initialisation timer: from connect to bind (default 10 s).
	InitTimeout time.Duration
	// BindAttempts is how many binds may be tried on one connection (default 3).
	BindAttempts int
	// FailuresPerMinute is how many refused binds one address may have for one system_id in a
	// minute; five times as many for all its system_ids together; and ten times as many one
	// system_id from all addresses together, where addresses from which it has bound before go
	// free. Further ones are answered with ESME_RBINDFAIL without asking Authenticate. An IPv6
	// address counts as its /64. Default 10, negative: no limit.
	FailuresPerMinute int
	// MaxUnbound is how many connections may be open without a bind (default 4096), and
	// MaxUnboundPerAddress how many of one address (default 256, negative: no limit).
	MaxUnbound, MaxUnboundPerAddress int

	once    sync.Once
	limiter *bindLimiter
	ctx     context.Context
	stop    context.CancelFunc

	mu        sync.Mutex
	closed    bool
	listeners map[*net.Listener]struct{} // by pointer: not every net.Listener can be a key
	unbound   map[net.Conn]*string       // with its address, when it counts there
	waiting   map[string]int             // unbound connections by address
	sessions  map[*Session]struct{}
	wg        sync.WaitGroup
}

// ErrServerClosed is returned by Serve after Shutdown or Close.
var ErrServerClosed = errors.New("smpp: the server is closed")

func (srv *Server) init() {
	srv.once.Do(func() {
		orDefault(&srv.InitTimeout, 10*time.Second)
		orDefault(&srv.BindAttempts, 3)
		orDefault(&srv.FailuresPerMinute, 10)
		orDefault(&srv.MaxUnbound, 4096)
		orDefault(&srv.MaxUnboundPerAddress, 256)
		srv.limiter = newBindLimiter(srv.FailuresPerMinute)
		srv.ctx, srv.stop = context.WithCancel(context.Background())
		srv.listeners = make(map[*net.Listener]struct{})
		srv.unbound = make(map[net.Conn]*string)
		srv.waiting = make(map[string]int)
		srv.sessions = make(map[*Session]struct{})
	})
}

// Serve accepts connections until the listener fails or the server is closed, and closes the listener.
func (srv *Server) Serve(l net.Listener) error {
	srv.init()
	srv.mu.Lock()
	if srv.closed {
		srv.mu.Unlock()
		_ = l.Close()
		return ErrServerClosed
	}
	srv.listeners[&l] = struct{}{}
	srv.mu.Unlock()
	defer func() {
		_ = l.Close()
		srv.mu.Lock()
		delete(srv.listeners, &l)
		srv.mu.Unlock()
	}()
	for pause := time.Duration(0); ; {
		conn, err := l.Accept()
		if err == nil {
			pause = 0
			if srv.TLS != nil {
				noDelay(conn)
				conn = tls.Server(conn, srv.TLS)
			}
			srv.ServeConn(conn)
			continue
		}
		if srv.ctx.Err() != nil {
			return ErrServerClosed
		}
		if !temporary(err) {
			return err
		}
		// Out of file descriptors, or a connection that was gone before it was accepted.
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		select {
		case <-time.After(pause):
		case <-srv.ctx.Done():
			return ErrServerClosed
		}
	}
}

func temporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// ServeConn serves one connection on goroutines of its own; it does not wait. Connections that the
// SMSC has opened itself (Outbind) and in-memory pipes come in this way too.
func (srv *Server) ServeConn(conn net.Conn) {
	srv.init()
	srv.mu.Lock()
	if srv.closed || len(srv.unbound) >= srv.MaxUnbound {
		srv.mu.Unlock()
		_ = conn.Close()
		srv.refused(conn, "", errors.New("smpp: too many connections without a bind, or shutting down"))
		return
	}
	srv.unbound[conn] = nil
	srv.wg.Add(1)
	srv.mu.Unlock()
	go func() {
		defer srv.wg.Done()
		if s := srv.bind(conn); s != nil {
			<-s.Done()
			srv.mu.Lock()
			delete(srv.sessions, s)
			srv.mu.Unlock()
		}
	}()
}

func (srv *Server) refused(conn net.Conn, systemID string, why error) {
	if srv.OnRefused != nil {
		srv.OnRefused(conn.RemoteAddr(), systemID, why)
	}
}

// Outbind sends an outbind over a connection to an ESME (SMPP 3.4 §4.1.7), and then serves the
// connection: the ESME is expected to bind.
func (srv *Server) Outbind(conn net.Conn, p *Outbind) error {
	srv.init()
	err := srv.ctx.Err()
	if err == nil {
		end := begin(srv.ctx, conn, srv.InitTimeout)
		d := dialogue{conn: conn, cfg: &srv.Config}
		err = d.write(StatusOK, 1, p)
		if !end() && err == nil {
			err = ErrServerClosed
		}
	}
	if err != nil {
		_ = conn.Close()
		return err
	}
	srv.ServeConn(conn)
	return nil
}

// Sessions lists the sessions that are bound now, in no order.
func (srv *Server) Sessions() []*Session {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	list := make([]*Session, 0, len(srv.sessions))
	for s := range srv.sessions {
		list = append(list, s)
	}
	return list
}

// Close ends everything at once and waits for it.
func (srv *Server) Close() error {
	srv.closeDoors()
	for _, s := range srv.Sessions() {
		_ = s.Close() // never fails
	}
	srv.wg.Wait()
	return nil
}

// Shutdown stops accepting, unbinds every session in good order and waits. When ctx ends first, the
// rest is closed at once and the error is ctx's.
func (srv *Server) Shutdown(ctx context.Context) error {
	srv.closeDoors()
	var wg sync.WaitGroup
	for _, s := range srv.Sessions() {
		wg.Go(func() { _ = s.Unbind(ctx) }) // its only error is ctx's, looked at below
	}
	wg.Wait()
	err := ctx.Err()
	_ = srv.Close() // never fails
	return err
}

func (srv *Server) closeDoors() {
	srv.init()
	srv.mu.Lock()
	srv.closed = true
	srv.stop()
	for l := range srv.listeners {
		_ = (*l).Close() // its Accept reports what matters
	}
	for c := range srv.unbound {
		_ = c.Close() // nobody is bound on it
	}
	srv.mu.Unlock()
}
