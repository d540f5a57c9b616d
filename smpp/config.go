package smpp

import (
	"errors"
	"time"
)

// Config shapes a Session. The zero value is ready to use; a negative duration switches a timer off.
type Config struct {
	// Window is how many of our requests may wait for their response (default 10). Send blocks
	// when it is full. enquire_link and unbind do not count.
	Window int
	// MaxInbound is how many of the peer's requests may wait for the handler's Respond (default
	// 512). When it is reached, further ones are answered at once with ESME_RTHROTTLED (SMSC
	// side) or ESME_RMSGQFUL (ESME side), so that responses never wait behind a slow handler.
	MaxInbound int
	// MaxPDU bounds command_length (default DefaultMaxPDU).
	MaxPDU int

	// ResponseTimeout is how long a request waits for its response (default 60 s).
	ResponseTimeout time.Duration
	// EnquireInterval is how long nothing may be received, or nothing sent, before an
	// enquire_link is sent (default 20 s).
	EnquireInterval time.Duration
	// EnquireTimeout is how long the peer may stay silent after it (default 10 s).
	EnquireTimeout time.Duration
	// EnquireMisses is after how many such silences in a row the peer is dead (default 2).
	EnquireMisses int
	// InactivityTimeout closes a session that carried nothing but enquire_link for this long
	// (SMPP 3.4 §7.2; default: never).
	InactivityTimeout time.Duration
	// WriteTimeout is how long one write may take (default 10 s).
	WriteTimeout time.Duration
	// PDUTimeout is how long a PDU may take from its first octet to its last (default 10 s).
	PDUTimeout time.Duration
	// UnbindTimeout is how long the peer's unbind waits for open requests, and ours for its
	// response (default 10 s).
	UnbindTimeout time.Duration

	// Handler receives the peer's requests. Without one they are refused with a temporary error.
	Handler Handler
	// Unexpected is told of responses that match no open request: late, duplicate or unknown.
	// It runs on the reading goroutine and must not block; a panic ends the session. May be nil.
	Unexpected func(*Session, Unexpected)
	// Fault is told of what a peer did wrong and what was survived: a bad body, an unknown command,
	// a panic of the handler. It must not block; a panic ends the session. May be nil.
	Fault func(*Session, error)
	// Trace is shown every PDU; s is nil before the bind is accepted, and p is nil when it could not
	// be decoded. String() of a PDU hides passwords and texts. It is called from several goroutines
	// at once, and must not block, nor keep p. May be nil.
	Trace func(s *Session, d Direction, h Header, p PDU)
}

// Direction is the way a PDU went.
type Direction uint8

// Directions.
const (
	Inbound  Direction = iota // from the peer
	Outbound                  // to the peer
)

// String is in or out.
func (d Direction) String() string {
	if d == Outbound {
		return "out"
	}
	return "in"
}

func orDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

// withDefaults fills in what was left zero.
func (c Config) withDefaults() Config {
	orDefault(&c.Window, 10)
	c.Window = min(max(c.Window, 1), maxWindow)
	orDefault(&c.MaxInbound, 512)
	c.MaxInbound = min(max(c.MaxInbound, 1), maxWindow)
	orDefault(&c.MaxPDU, DefaultMaxPDU)
	orDefault(&c.ResponseTimeout, 60*time.Second)
	orDefault(&c.EnquireInterval, 20*time.Second)
	orDefault(&c.EnquireTimeout, 10*time.Second)
	orDefault(&c.EnquireMisses, 2)
	orDefault(&c.InactivityTimeout, -1)
	orDefault(&c.WriteTimeout, 10*time.Second)
	orDefault(&c.PDUTimeout, 10*time.Second)
	orDefault(&c.UnbindTimeout, 10*time.Second)
	return c
}

// maxWindow keeps the slot table (a power of two above twice the window) far below the sequence space.
const maxWindow = 1 << 20

// Errors of sessions. Those that Send returns mean that nothing was written; those in a Result say
// what is known of a request that had been accepted by Send.
var (
	ErrClosed     = errors.New("smpp: the session is closed")
	ErrUnbinding  = errors.New("smpp: the session is unbinding: use another one")
	ErrWindowFull = errors.New("smpp: the window is full")
	ErrBindMode   = errors.New("smpp: this session's bind does not allow that request")
	ErrNotRequest = errors.New("smpp: not a request that has a response")
	ErrAnswered   = errors.New("smpp: the request was answered before")
	ErrWrongBody  = errors.New("smpp: the body is not the response to this request")

	ErrTimeout    = errors.New("smpp: no response in time: the outcome is unknown")
	ErrLost       = errors.New("smpp: the link was lost before the response: the outcome is unknown")
	ErrNotWritten = errors.New("smpp: the link was lost before the request was written")

	ErrDeadPeer   = errors.New("smpp: the peer did not answer enquire_link")
	ErrInactive   = errors.New("smpp: inactivity timeout")
	ErrPDUTimeout = errors.New("smpp: the peer began a PDU and did not finish it in time")
	ErrSlowPeer   = errors.New("smpp: the peer does not read what it is sent")
	ErrUnbound    = errors.New("smpp: unbound")
)

// StatusError is a response with an error status.
type StatusError struct {
	Command CommandID // of the response
	Status  Status
}

// Error gives command, status and meaning.
func (e *StatusError) Error() string {
	s := "smpp: " + e.Command.String() + ": " + e.Status.String()
	if d := e.Status.Describe(); d != "" {
		s += " (" + d + ")"
	}
	return s
}
