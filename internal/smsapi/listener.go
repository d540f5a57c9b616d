package smsapi

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// Listener wraps the connections of a plain listener so that request lines
// with raw blanks and newlines reach net/http in a form that it accepts. Give
// it to http.Server.Serve.
type Listener struct{ net.Listener }

// NewListener wraps l, which must accept unencrypted connections. A *tls.Conn
// from it is passed on unwrapped; use NewTLSListener for TLS.
func NewListener(l net.Listener) *Listener { return &Listener{l} }

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if _, ok := c.(*tls.Conn); ok {
		return c, nil
	}
	return &plainConn{stream{Conn: c}}, nil
}

// DefaultHandshakeTimeout bounds a TLS handshake.
const DefaultHandshakeTimeout = 10 * time.Second

// TLSOptions are the settings of a TLSListener. The zero value is usable.
type TLSOptions struct {
	// HandshakeTimeout bounds a handshake; 0 means DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// OnHandshakeError, if set, is told about handshakes that failed, from
	// several goroutines. It must not call Close.
	OnHandshakeError func(remote net.Addr, err error)
}

// TLSListener accepts TLS connections and hands them out after their
// handshake: those that speak HTTP/1 wrapped like those of Listener, with
// their ConnectionState, and those that have negotiated another protocol
// (HTTP/2) as the bare *tls.Conn that net/http asks for. Give it to
// http.Server.Serve, not ServeTLS.
type TLSListener struct {
	inner    net.Listener
	config   *tls.Config
	opt      TLSOptions
	accepted chan accepted
	done     <-chan struct{}
	stop     context.CancelFunc
	running  sync.WaitGroup
}

type accepted struct {
	conn net.Conn
	err  error
}

// NewTLSListener serves TLS on the connections of l and starts to accept at
// once. The config needs a certificate. If it names no protocols, h2 and
// http/1.1 are offered; then TLSConfig of the http.Server must be nil or name
// h2 too. Close ends it.
func NewTLSListener(l net.Listener, config *tls.Config, opt TLSOptions) *TLSListener {
	if len(config.NextProtos) == 0 {
		config = config.Clone()
		config.NextProtos = []string{"h2", "http/1.1"}
	}
	if opt.HandshakeTimeout <= 0 {
		opt.HandshakeTimeout = DefaultHandshakeTimeout
	}
	ctx, stop := context.WithCancel(context.Background())
	t := &TLSListener{inner: l, config: config, opt: opt, accepted: make(chan accepted), done: ctx.Done(), stop: stop}
	t.running.Go(func() { t.run(ctx) })
	return t
}

// Accept waits for the next connection whose handshake is finished.
func (t *TLSListener) Accept() (net.Conn, error) {
	select {
	case a := <-t.accepted:
		return a.conn, a.err
	case <-t.done:
		return nil, net.ErrClosed
	}
}

// Addr returns the address of the listener below.
func (t *TLSListener) Addr() net.Addr { return t.inner.Addr() }

// Close closes the listener, and the connections it has not handed out. It
// returns when nothing of it runs any more.
func (t *TLSListener) Close() error {
	t.stop()
	err := t.inner.Close()
	t.running.Wait()
	return err
}

// run accepts. Each handshake has its own goroutine, so that a slow client
// holds up nobody else.
func (t *TLSListener) run(ctx context.Context) {
	for {
		raw, err := t.inner.Accept()
		if err == nil {
			t.running.Go(func() { t.handshake(ctx, raw) })
			continue
		}
		// Accept hands the error to http.Server, which waits and calls again
		// if it is temporary.
		if !t.hand(accepted{err: err}) || errors.Is(err, net.ErrClosed) {
			return
		}
	}
}

// hand gives a to a caller of Accept; false if the listener is closed.
func (t *TLSListener) hand(a accepted) bool {
	select {
	case t.accepted <- a:
		return true
	case <-t.done:
		return false
	}
}

func (t *TLSListener) handshake(ctx context.Context, raw net.Conn) {
	ctx, cancel := context.WithTimeout(ctx, t.opt.HandshakeTimeout)
	defer cancel()
	conn := tls.Server(raw, t.config)
	if err := conn.HandshakeContext(ctx); err != nil {
		if t.opt.OnHandshakeError != nil {
			t.opt.OnHandshakeError(raw.RemoteAddr(), err)
		}
		answerPlainHTTP(err, t.opt.HandshakeTimeout)
		raw.Close()
		return
	}
	if !t.hand(accepted{conn: wrapTLS(conn)}) {
		raw.Close()
	}
}

// wrapTLS wraps a connection unless it speaks something else than HTTP/1.
func wrapTLS(c *tls.Conn) net.Conn {
	switch c.ConnectionState().NegotiatedProtocol {
	case "", "http/1.1", "http/1.0":
		return &tlsConn{stream: stream{Conn: c}, tls: c}
	}
	return c
}

// answerPlainHTTP tells a client that speaks plain HTTP to this port what is
// wrong, in the shape of the smsAPI's errors.
func answerPlainHTTP(err error, timeout time.Duration) {
	var header tls.RecordHeaderError
	if !errors.As(err, &header) || header.Conn == nil {
		return
	}
	switch string(header.RecordHeader[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
	default:
		return
	}
	header.Conn.SetWriteDeadline(time.Now().Add(timeout))
	header.Conn.Write(page(http.StatusBadRequest, "This port speaks HTTPS; use https:// in the address"))
}
