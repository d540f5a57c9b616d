package smsapi

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// stream is a connection whose request lines are repaired on the way in; see
// repairer. Clean bytes are read into the caller's buffer and scanned there:
// no copy, no allocation, no buffering. Deadlines and the header limit of
// http.Server hold, since every Read waits on the connection itself and every
// byte handed over is counted.
//
// Like other connections it allows one Read and one Write at a time.
type stream struct {
	net.Conn
	repair repairer
	out    []byte // replacement to be handed over first
	in     []byte // input read but not yet scanned
	small  [4 * maxLookahead]byte
	excess int  // bytes thrown away after a repaired request
	over   bool // the last answer was given
}

// maxExcess bounds what is read and thrown away after a repaired request, in
// bytes. Some is read so that a client that has miscounted its Content-Length
// still gets its answer and not a connection reset.
const maxExcess = 64 << 10

// Read implements net.Conn.
func (c *stream) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return c.Conn.Read(p)
	}
	for {
		if len(c.out) > 0 || len(c.in) > 0 {
			if n, err := c.replay(p); n > 0 || err != nil {
				return n, err
			}
			continue
		}
		switch c.repair.state {
		case passing:
			return c.Conn.Read(p)
		case draining:
			return 0, c.drain()
		}
		n, err := c.Conn.Read(p)
		if n <= 0 {
			return n, err
		}
		k, v := c.repair.scan(p[:n], n)
		if v == clean {
			return n, err
		}
		// An error that came with bytes comes again with the next Read.
		c.keep(p[k:n])
		c.apply(v)
		if k > 0 {
			return k, nil
		}
	}
}

// keep copies what the caller's buffer cannot hold: a few bytes of lookahead,
// or the rest of a read that needs a repair.
func (c *stream) keep(rest []byte) {
	if len(rest) <= len(c.small) {
		c.in = c.small[:copy(c.small[:], rest)]
		return
	}
	c.in = append([]byte(nil), rest...)
}

// apply carries out an edit at the beginning of c.in.
func (c *stream) apply(v verdict) {
	if v == edit {
		c.in, c.out = c.in[c.repair.take:], c.repair.put
	}
	if len(c.in) == 0 {
		c.in = nil
	}
}

// replay hands over out and in. It may return 0, nil when all of them was
// dropped.
func (c *stream) replay(p []byte) (n int, err error) {
	for n < len(p) {
		if len(c.out) > 0 {
			k := copy(p[n:], c.out)
			n, c.out = n+k, c.out[k:]
			continue
		}
		if len(c.in) == 0 {
			break
		}
		k, v := c.repair.scan(c.in, min(len(c.in), len(p)-n))
		n, c.in = n+copy(p[n:], c.in[:k]), c.in[k:]
		c.apply(v)
		if v == more {
			if n > 0 {
				break
			}
			if err := c.fill(); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// fill reads more of the bytes that a decision needs. At the end of the input
// there is nothing left to decide: what is kept passes as it is.
func (c *stream) fill() error {
	k := copy(c.small[:], c.in) // fewer than maxLookahead
	n, err := c.Conn.Read(c.small[k:])
	c.in = c.small[:k+max(n, 0)]
	switch {
	case n > 0:
		return nil
	case errors.Is(err, io.EOF):
		c.repair.state = passing
		return nil
	case err == nil:
		return io.ErrNoProgress
	}
	return err
}

// drain waits for the end of the connection and throws away what comes.
// net/http reads while a handler runs, to learn that the client has gone, so
// this must not report an end that has not come.
func (c *stream) drain() error {
	for c.excess < maxExcess {
		n, err := c.Conn.Read(c.small[:])
		if err != nil {
			return err
		}
		c.excess += max(n, 1)
	}
	return io.EOF
}

// Write implements net.Conn. What net/http answers by itself, without a
// handler, goes out as JSON. It is the end of the connection, so nothing can
// follow it.
func (c *stream) Write(p []byte) (int, error) {
	if c.over {
		return 0, net.ErrClosed
	}
	json := inJSON(p)
	if json == nil {
		return c.Conn.Write(p)
	}
	c.over = true
	if _, err := c.Conn.Write(json); err != nil {
		return 0, err
	}
	return len(p), nil
}

// NetConn returns the connection below. Reading from it directly loses bytes.
func (c *stream) NetConn() net.Conn { return c.Conn }

// CloseWrite shuts down the writing side; net/http does so after an error
// reply, for the client to read it.
func (c *stream) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return errors.ErrUnsupported
}

// plainConn is a stream on an unencrypted connection. It has no method
// ConnectionState, by which net/http would take it for TLS.
type plainConn struct{ stream }

// ReadFrom keeps the sendfile path of net/http open, which takes it for the
// inside of a reply.
func (c *plainConn) ReadFrom(r io.Reader) (int64, error) {
	if c.over {
		return 0, net.ErrClosed
	}
	if w, ok := c.Conn.(io.ReaderFrom); ok {
		return w.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// tlsConn is a stream on a TLS connection after its handshake.
type tlsConn struct {
	stream
	tls *tls.Conn
}

// ConnectionState is where net/http takes http.Request.TLS from.
func (c *tlsConn) ConnectionState() tls.ConnectionState { return c.tls.ConnectionState() }
