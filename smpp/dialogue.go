package smpp

import (
	"context"
	"net"
	"time"
)

// dialogue is the exchange of PDUs before a session is bound, one after the other on one goroutine and
// under one deadline. Both ends use it.
type dialogue struct {
	conn   net.Conn
	framer *Framer
	cfg    *Config
}

// mostBeforeBind is how many PDUs may pass before the bind is decided.
const mostBeforeBind = 32

// begin limits everything on conn to timeout and to ctx. end lifts the limit, and is false when ctx
// ended before.
func begin(ctx context.Context, conn net.Conn, timeout time.Duration) (end func() bool) {
	if timeout > 0 {
		_ = conn.SetDeadline(time.Now().Add(timeout)) // where it fails, reads fail as well
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() bool {
		if !stop() {
			return false
		}
		return conn.SetDeadline(time.Time{}) == nil
	}
}

func (d *dialogue) write(st Status, seq uint32, p PDU) error {
	frame, err := Append(nil, Header{Status: st, Sequence: seq}, p)
	if err != nil {
		return err
	}
	if d.cfg.Trace != nil {
		d.cfg.Trace(nil, Outbound, Header{Command: p.Command(), Status: st, Sequence: seq}, p)
	}
	_, err = d.conn.Write(frame)
	return err
}

// next reads one PDU. p is nil when the command is unknown or the body broken; bad is then the status
// to answer with.
func (d *dialogue) next() (h Header, p PDU, bad Status, err error) {
	frame, err := d.framer.Next()
	if err != nil {
		if fe, ok := err.(*FrameError); ok {
			_ = d.write(StatusInvCmdLen, fe.Header.Sequence, new(GenericNack)) // SMPP 3.4 §4.3.1
		}
		return h, nil, 0, err
	}
	h, p, err = Decode(frame)
	if fe, ok := err.(*FieldError); ok && fe.harm != harmNone {
		bad = fe.Status
		if !h.Command.IsResponse() {
			p = nil
		}
	} else if !ok && err != nil {
		bad = StatusInvCmdID
	}
	if d.cfg.Trace != nil {
		d.cfg.Trace(nil, Inbound, h, p)
	}
	return h, p, bad, nil
}

// other answers a PDU that is not a bind: nothing else is allowed yet (SMPP 3.4 §2.3).
func (d *dialogue) other(h Header, p PDU, bad Status) error {
	switch {
	case h.Command.IsResponse():
		return nil
	case h.Command == CmdEnquireLink && p != nil:
		return d.write(StatusOK, h.Sequence, linkTestResp)
	case h.Command == CmdUnbind && p != nil:
		if err := d.write(StatusOK, h.Sequence, new(UnbindResp)); err != nil {
			return err
		}
		return ErrUnbound
	case h.Command.HasResponse():
		if bad == StatusOK {
			bad = StatusInvBndSts
		}
		return d.write(bad, h.Sequence, emptyResponse(h.Command))
	case h.Command.spec() == nil:
		return d.write(StatusInvCmdID, h.Sequence, new(GenericNack))
	}
	return nil
}

// noDelay switches Nagle's algorithm off: with it, a small window waits for the peer's delayed ACK.
func noDelay(conn net.Conn) {
	if c, ok := conn.(interface{ SetNoDelay(bool) error }); ok {
		_ = c.SetNoDelay(true) // only slower without
	}
}
