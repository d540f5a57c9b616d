package smpp

import (
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// Role is which end of the session we are.
type Role uint8

// Roles.
const (
	ESME Role = iota // the client that binds
	SMSC             // the server that is bound to
)

// String is ESME or SMSC.
func (r Role) String() string {
	if r == SMSC {
		return "SMSC"
	}
	return "ESME"
}

// Session is one bound SMPP session, from either end. It is made by Dial, BindConn or a Server, and
// is safe for concurrent use.
//
// Five goroutines serve it: reader, writer, dispatcher (calls the Handler), keeper (timers and the
// end) and, while the peer unbinds, one more. All end with the session.
type Session struct {
	conn  net.Conn
	cfg   Config
	role  Role
	bind  Bind // without the password
	peer  peerInfo
	data  any
	start time.Time

	window  window        // places for our requests in flight
	wake    chan struct{} // tells the writer that there is something to write
	closing chan struct{} // closed when the session begins to end
	done    chan struct{} // closed when everything is settled
	io      sync.WaitGroup

	lastRx, lastTx, lastTraffic, partial atomic.Int64 // session clock; partial is 0 or the begin of an unfinished PDU
	counters                             counters

	mu            sync.Mutex
	state         sessionState
	ending        bool  // unbind or unbind_resp was queued: the peer may close now
	err           error // why the session ended
	peerUnbinding bool  // unbind was received
	slots         slotTable
	enc           codec
	out           outbox
	in            inbox
	drained       chan struct{} // closed when nothing is open any more; nil when nobody waits
}

type sessionState uint8

const (
	stateBound     sessionState = iota
	stateUnbinding              // no new requests of ours
	stateClosing
)

// peerInfo is what the peer said of itself when it bound.
type peerInfo struct {
	systemID string
	version  uint8
}

// sessionSetup is what the bind dialogue hands over.
type sessionSetup struct {
	conn    net.Conn
	framer  *Framer // may hold PDUs that came with the bind
	role    Role
	bind    Bind
	peer    peerInfo
	data    any
	lastSeq uint32
	first   []byte // to be written before all else
	onStart func(*Session)
}

func newSession(set sessionSetup, cfg Config) *Session {
	cfg = cfg.withDefaults()
	set.bind.Password = ""
	s := &Session{
		conn: set.conn, cfg: cfg, role: set.role, bind: set.bind, peer: set.peer, data: set.data,
		start:   time.Now().Add(-time.Nanosecond), // so that 0 never is a time of the session
		wake:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		done:    make(chan struct{}),
		slots:   newSlotTable(cfg.Window, set.lastSeq),
		in:      newInbox(cfg.MaxInbound),
	}
	s.window.resize(cfg.Window)
	s.out.buf, s.out.idle = set.first, set.first == nil
	now := s.now()
	s.lastRx.Store(now)
	s.lastTx.Store(now)
	s.lastTraffic.Store(now)
	set.framer.SetMax(cfg.MaxPDU)
	if set.first != nil {
		s.wakeWriter()
	}
	if set.onStart != nil { // from here on others may use s
		set.onStart(s)
	}
	s.io.Add(2)
	go s.readLoop(set.framer)
	go s.writeLoop()
	go s.dispatchLoop()
	go s.keepLoop()
	return s
}

// now is the session clock: nanoseconds since its start, never 0.
func (s *Session) now() int64 { return int64(time.Since(s.start)) }

// Role tells which end we are.
func (s *Session) Role() Role { return s.role }

// Mode is what the ESME is bound as.
func (s *Session) Mode() Mode { return s.bind.Mode }

// Bound is the bind request of the session, without its password.
func (s *Session) Bound() Bind { return s.bind }

// PeerSystemID is the system_id of the other end: the SMSC's from bind_resp, or the ESME's from bind.
func (s *Session) PeerSystemID() string { return s.peer.systemID }

// PeerVersion is the peer's interface_version, 0 when it gave none.
func (s *Session) PeerVersion() uint8 { return s.peer.version }

// Version is the interface_version that both ends have agreed on: the lower of the two. An SMSC that gives
// none counts as SMPP 3.4.
func (s *Session) Version() uint8 {
	if s.role == SMSC {
		return min(s.peer.version, Version50)
	}
	if s.peer.version == 0 {
		return min(s.bind.InterfaceVersion, Version34)
	}
	return min(s.bind.InterfaceVersion, s.peer.version)
}

// RemoteAddr is the peer's network address.
func (s *Session) RemoteAddr() net.Addr { return s.conn.RemoteAddr() }

// LocalAddr is our network address.
func (s *Session) LocalAddr() net.Addr { return s.conn.LocalAddr() }

// Data is what Server.Authenticate attached to the session.
func (s *Session) Data() any { return s.data }

// Window is the greatest number of our requests in flight.
func (s *Session) Window() int { return s.window.capacity() }

// SetWindow changes the greatest number of our requests in flight, at once and for the rest of the
// session: less than 1 counts as 1, more than 1,048,576 as that. A greater window wakes Sends that wait;
// a smaller one lets what is in flight finish and holds new requests back until there is room.
func (s *Session) SetWindow(n int) {
	n = min(max(n, 1), maxWindow)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots.grow(n) // first, so that there is a slot for whoever gets a place
	s.window.resize(n)
}

// Done is closed when the session has ended and every request has been completed.
func (s *Session) Done() <-chan struct{} { return s.done }

// Closing is closed as soon as the session begins to end.
func (s *Session) Closing() <-chan struct{} { return s.closing }

// Err says why the session ended: nil while it lives; ErrUnbound after an unbind of either side;
// ErrClosed after Close.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close ends the session at once, without unbind. It does not wait: see Done. Open requests are
// completed with Lost or NotWritten.
func (s *Session) Close() error {
	s.shutdown(ErrClosed)
	return nil
}

// CloseWhenWritten is Close after everything queued so far, and whatever is queued until then, has been
// written. It does not wait.
func (s *Session) CloseWhenWritten() { s.closeWhenWritten(ErrClosed) }

// shutdown begins the end; only the first reason counts.
func (s *Session) shutdown(why error) {
	s.mu.Lock()
	if s.state == stateClosing {
		s.mu.Unlock()
		return
	}
	s.state = stateClosing
	s.err = why
	s.mu.Unlock()
	close(s.closing)
	_ = s.conn.Close() // wakes reader and writer; a second error would say nothing new
}

// linkLost is shutdown after an error of the connection. A peer that closes behind an unbind is right.
func (s *Session) linkLost(err error) {
	s.mu.Lock()
	if s.ending {
		err = ErrUnbound
	}
	s.mu.Unlock()
	s.shutdown(err)
}

// settle completes what is still open, when reader and writer are gone and so the count of octets
// written is final. It runs on the keeper.
func (s *Session) settle() {
	s.io.Wait()
	for {
		s.mu.Lock()
		sl := s.slots.head
		if sl == nil {
			s.wakeDrainedLocked(true)
			s.mu.Unlock()
			break
		}
		res := Result{Outcome: Lost, Sequence: sl.seq, Cause: s.err}
		if sl.offset >= s.out.written {
			res.Outcome = NotWritten
		}
		windowed := sl.windowed
		done := s.slots.close(sl, slotTimedOut)
		s.mu.Unlock()
		s.complete(done, windowed, res)
	}
	close(s.done)
}

// complete gives the window's place back, and then tells the owner: a Send from Complete does not block.
func (s *Session) complete(done Completer, windowed bool, r Result) {
	if windowed {
		s.window.release()
	}
	if done == nil {
		return
	}
	defer func() {
		if v := recover(); v != nil {
			s.fault(panicError("Complete", v))
		}
	}()
	done.Complete(r)
}

// panicError reports a panic of a callback. Callbacks see what strangers send, so none may end the process.
func panicError(where string, v any) error {
	return fmt.Errorf("smpp: panic in %s: %v\n%s", where, v, debug.Stack())
}

// wakeDrainedLocked tells who waits for the end of all open requests.
func (s *Session) wakeDrainedLocked(always bool) {
	if s.drained != nil && (always || s.slots.open == 0 && s.in.busy == 0) {
		close(s.drained)
		s.drained = nil
	}
}

func (s *Session) fault(err error) {
	s.counters.faults.Add(1)
	if s.cfg.Fault != nil {
		s.cfg.Fault(s, err)
	}
}

// counters are the running totals of a session.
type counters struct {
	sent, received, timeouts, unexpected, throttled, faults atomic.Uint64
}

// Stats are the running totals of a session and what it holds now.
type Stats struct {
	Sent       uint64 // PDUs queued for writing
	Received   uint64 // whole PDUs read
	Timeouts   uint64 // requests without a response in time
	Unexpected uint64 // responses that matched nothing
	Throttled  uint64 // requests of the peer refused because MaxInbound were open
	Faults     uint64 // protocol errors survived
	Open       int    // our requests that wait for a response
	Inbound    int    // the peer's requests that wait for Respond
	Queued     int    // octets not yet handed to the socket
}

// Stats gives the totals.
func (s *Session) Stats() Stats {
	c := &s.counters
	st := Stats{Sent: c.sent.Load(), Received: c.received.Load(), Timeouts: c.timeouts.Load(),
		Unexpected: c.unexpected.Load(), Throttled: c.throttled.Load(), Faults: c.faults.Load()}
	s.mu.Lock()
	st.Open, st.Inbound, st.Queued = s.slots.open, s.in.busy, len(s.out.buf)
	s.mu.Unlock()
	return st
}
