package smpptest

import (
	"encoding/binary"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/harkara/harkara/smpp"
)

// Wire is a connection that can be made to fail as networks and broken peers do, under a Session that
// works as it should. It is safe for concurrent use. Tamper and Inject need to see whole PDUs, so they
// have no effect under TLS.
type Wire struct {
	net.Conn
	closed chan struct{}
	once   sync.Once

	mu       sync.Mutex
	frozen   bool
	thaw     chan struct{} // closed when the wire thaws
	held     []byte        // what came in while it was frozen
	heldErr  error         // and how it ended
	woken    bool          // the read deadline was moved to wake Read
	deadline time.Time     // what it is otherwise
	piece    int
	tamper   map[wirePDU]func([]byte) []byte
	write    sync.Mutex // holds PDUs apart
}

// wirePDU is one PDU on its way out.
type wirePDU struct {
	command  smpp.CommandID
	sequence uint32
}

// NewWire makes a Wire of a connection.
func NewWire(c net.Conn) *Wire { return &Wire{Conn: c, closed: make(chan struct{})} }

// Freeze makes the connection half-open, as when the other machine is gone and nobody said so: what comes
// in is not seen, what is written vanishes, and nothing is closed. With false, what came in meanwhile
// is seen.
func (w *Wire) Freeze(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case on && !w.frozen:
		w.frozen, w.thaw = true, make(chan struct{})
	case !on && w.frozen:
		w.frozen, w.woken = false, true
		close(w.thaw)
		_ = w.Conn.SetReadDeadline(time.Unix(1, 0)) // a closed connection needs no waking
	}
}

// Split has everything written n octets at a time from now on; 0 is whole again.
func (w *Wire) Split(n int) {
	w.mu.Lock()
	w.piece = n
	w.mu.Unlock()
}

// Tamper has a PDU that is still to be written replaced by whatever change makes of it: nothing (it is
// lost on the way), itself and garbage, itself twice, a part of it.
func (w *Wire) Tamper(command smpp.CommandID, sequence uint32, change func(frame []byte) []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.tamper == nil {
		w.tamper = make(map[wirePDU]func([]byte) []byte)
	}
	w.tamper[wirePDU{command, sequence}] = change
}

// Inject writes octets between two PDUs.
func (w *Wire) Inject(octets []byte) error {
	w.write.Lock()
	defer w.write.Unlock()
	_, err := w.send(octets)
	return err
}

// Read keeps what comes in while the wire is frozen.
func (w *Wire) Read(b []byte) (int, error) {
	for {
		if n, err := w.takeHeld(b); n > 0 || err != nil {
			return n, err
		}
		n, err := w.Conn.Read(b)
		if n, err, ok := w.arrived(b[:n], err); ok {
			return n, err
		}
	}
}

// takeHeld gives what was kept, when the wire has thawed; after the end of the stream it waits for that.
func (w *Wire) takeHeld(b []byte) (int, error) {
	w.mu.Lock()
	thaw, ended := w.thaw, w.frozen && w.heldErr != nil
	w.mu.Unlock()
	if ended {
		select {
		case <-thaw:
		case <-w.closed:
			return 0, net.ErrClosed
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.frozen {
		return 0, nil
	}
	n := copy(b, w.held)
	w.held = w.held[n:]
	if n > 0 {
		return n, nil
	}
	return 0, w.heldErr
}

// arrived tells whether Read may return what the connection has given to it.
func (w *Wire) arrived(b []byte, err error) (int, error, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.woken && errors.Is(err, os.ErrDeadlineExceeded) {
		w.woken, err = false, w.Conn.SetReadDeadline(w.deadline)
		if len(b) == 0 && err == nil {
			return 0, nil, false
		}
	}
	if w.frozen || len(w.held) > 0 {
		w.held, w.heldErr = append(w.held, b...), err
		return 0, nil, false
	}
	return len(b), err, true
}

// SetDeadline is SetReadDeadline and SetWriteDeadline.
func (w *Wire) SetDeadline(t time.Time) error {
	return errors.Join(w.SetReadDeadline(t), w.SetWriteDeadline(t))
}

// SetReadDeadline is that of the connection.
func (w *Wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline, w.woken = t, false
	return w.Conn.SetReadDeadline(t)
}

// Write writes whole PDUs, changed where Tamper says so. It tells its caller that all is well.
func (w *Wire) Write(b []byte) (int, error) {
	w.write.Lock()
	defer w.write.Unlock()
	out := w.changed(b)
	if n, err := w.send(out); err != nil {
		return min(n, len(b)), err
	}
	return len(b), nil
}

// changed applies Tamper to the PDUs in b.
func (w *Wire) changed(b []byte) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.tamper) == 0 {
		return b
	}
	var out []byte
	for len(b) >= smpp.HeaderSize {
		n := int(binary.BigEndian.Uint32(b))
		if n < smpp.HeaderSize || n > len(b) {
			break
		}
		frame := b[:n:n]
		b = b[n:]
		h, _ := smpp.ParseHeader(frame) // it has a header
		k := wirePDU{h.Command, h.Sequence}
		if change := w.tamper[k]; change != nil {
			delete(w.tamper, k)
			frame = change(frame)
		}
		out = append(out, frame...)
	}
	return append(out, b...)
}

// send writes in pieces, or not at all.
func (w *Wire) send(b []byte) (int, error) {
	w.mu.Lock()
	frozen, piece := w.frozen, w.piece
	w.mu.Unlock()
	if frozen {
		return len(b), nil
	}
	if piece <= 0 {
		return w.Conn.Write(b)
	}
	written := 0
	for len(b) > 0 {
		n, err := w.Conn.Write(b[:min(piece, len(b))])
		written += n
		if err != nil {
			return written, err
		}
		b = b[n:]
	}
	return written, nil
}

// Close also ends a Read that waits.
func (w *Wire) Close() error {
	w.once.Do(func() { close(w.closed) })
	return w.Conn.Close()
}

// RemoteAddr leads back from a session to its wire: see wireOf.
func (w *Wire) RemoteAddr() net.Addr { return wireAddr{w.Conn.RemoteAddr(), w} }

type wireAddr struct {
	net.Addr
	wire *Wire
}

// wireOf is the wire under a session, nil when it has none.
func wireOf(s *smpp.Session) *Wire {
	a, _ := s.RemoteAddr().(wireAddr)
	return a.wire
}

// wiredListener makes wires of what it accepts.
type wiredListener struct {
	net.Listener
	wire func(net.Conn) *Wire
}

// Accept waits for the next connection.
func (l wiredListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wire(c), nil
}
