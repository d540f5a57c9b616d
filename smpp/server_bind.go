package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

var (
	errBindLimit    = errors.New("smpp: too many refused binds from this address")
	errBindAttempts = errors.New("smpp: too many refused binds on one connection")
	errUnbound      = errors.New("smpp: too many connections without a bind from this address")
	errBindNever    = errors.New("smpp: the peer sends other PDUs than a bind")
)

// bind leads the dialogue of a new connection up to the session; nil when there will be none.
func (srv *Server) bind(conn net.Conn) *Session {
	noDelay(conn)
	ctx, cancel := srv.ctx, context.CancelFunc(func() {})
	if srv.InitTimeout > 0 {
		ctx, cancel = context.WithTimeout(srv.ctx, srv.InitTimeout)
	}
	defer cancel()
	end := begin(ctx, conn, srv.InitTimeout)
	d := &serverDialogue{
		dialogue: dialogue{conn: conn, framer: NewFramer(conn, PreBindMaxPDU), cfg: &srv.Config},
		srv:      srv,
	}
	d.address = limitAddress(conn.RemoteAddr()) // may wait for a header of the PROXY protocol
	s, err := (*Session)(nil), errUnbound
	if srv.enter(conn, d.address) {
		s, err = d.run(ctx, end)
	}
	if err != nil {
		srv.mu.Lock()
		srv.leaveLocked(conn)
		srv.mu.Unlock()
		_ = conn.Close()
		srv.refused(conn, d.systemID, err)
		return nil
	}
	return s
}

// enter counts a connection among those of its address without a bind; false when they are too many.
func (srv *Server) enter(conn net.Conn, address string) bool {
	srv.mu.Lock()
	defer srv.mu.Unlock()
	if srv.MaxUnboundPerAddress >= 0 && srv.waiting[address] >= srv.MaxUnboundPerAddress {
		return false
	}
	srv.unbound[conn] = &address
	srv.waiting[address]++
	return true
}

// leaveLocked is the end of it, by a bind or without one.
func (srv *Server) leaveLocked(conn net.Conn) {
	if address := srv.unbound[conn]; address != nil {
		if srv.waiting[*address]--; srv.waiting[*address] == 0 {
			delete(srv.waiting, *address)
		}
	}
	delete(srv.unbound, conn)
}

// serverDialogue is the SMSC's side of a dialogue.
type serverDialogue struct {
	dialogue
	srv      *Server
	address  string // of the peer, for limits
	systemID string // of the last bind
	attempts int
}

func (d *serverDialogue) run(ctx context.Context, end func() bool) (*Session, error) {
	var state *tls.ConnectionState
	if t, ok := d.conn.(*tls.Conn); ok {
		if err := t.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("smpp: TLS: %w", err)
		}
		cs := t.ConnectionState()
		state = &cs
	}
	for range mostBeforeBind {
		h, p, bad, err := d.next()
		if err != nil {
			return nil, err
		}
		req, ok := p.(*Bind)
		if !ok {
			if err := d.other(h, p, bad); err != nil {
				return nil, err
			}
			continue
		}
		d.systemID = req.SystemID
		accept, st, err := d.decide(ctx, &BindRequest{Bind: req, RemoteAddr: d.conn.RemoteAddr(), TLS: state})
		if st == StatusOK {
			return d.start(h, req, accept, end)
		}
		if werr := d.write(st, h.Sequence, &BindResp{Mode: req.Mode}); werr != nil {
			return nil, werr
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, errBindNever
}

// decide asks the limiter and then Authenticate. An error means that the connection is to be closed
// after the answer.
func (d *serverDialogue) decide(ctx context.Context, b *BindRequest) (Accept, Status, error) {
	if !d.srv.limiter.allow(d.address, b.SystemID) {
		return Accept{}, StatusBindFail, errBindLimit
	}
	accept, st := d.authenticate(ctx, b)
	if st == StatusOK {
		d.srv.limiter.succeeded(d.address, b.SystemID)
		return accept, StatusOK, nil
	}
	if st == StatusAlyBnd { // it proved who it is, and has all its binds
		d.srv.limiter.succeeded(d.address, b.SystemID)
	} else {
		d.srv.limiter.failed(d.address, b.SystemID)
	}
	d.attempts++
	if d.attempts >= d.srv.BindAttempts {
		return accept, st, fmt.Errorf("%w: %w", errBindAttempts, &StatusError{Command: b.Command().Response(), Status: st})
	}
	d.srv.refused(d.conn, b.SystemID, &StatusError{Command: b.Command().Response(), Status: st})
	return accept, st, nil
}

// authenticate keeps a panic of the callback, on whatever a stranger sent, from ending the process.
func (d *serverDialogue) authenticate(ctx context.Context, b *BindRequest) (a Accept, st Status) {
	defer func() {
		if v := recover(); v != nil {
			d.srv.refused(d.conn, b.SystemID, fmt.Errorf("smpp: Authenticate panic: %v", v))
			st = StatusSysErr
		}
	}()
	if d.srv.Authenticate == nil {
		return Accept{}, StatusBindFail
	}
	return d.srv.Authenticate(ctx, b)
}

// start makes the session; the bind response is the first thing it writes.
func (d *serverDialogue) start(h Header, req *Bind, a Accept, end func() bool) (*Session, error) {
	resp := &BindResp{Mode: req.Mode, SystemID: a.SystemID}
	if req.InterfaceVersion >= Version34 { // SMPP 3.4 §5.2.4: older ESMEs must not see optional parameters
		resp.TLVs.AddUint8(TagSCInterfaceVersion, min(req.InterfaceVersion, Version50))
	}
	first, err := Append(nil, Header{Sequence: h.Sequence}, resp)
	if err != nil {
		return nil, err
	}
	if d.cfg.Trace != nil {
		d.cfg.Trace(nil, Outbound, Header{Command: resp.Command(), Sequence: h.Sequence}, resp)
	}
	if !end() {
		return nil, context.DeadlineExceeded
	}
	cfg := d.srv.Config
	if a.Config != nil {
		cfg = *a.Config
	}
	bind := Clone(req)
	s := newSession(sessionSetup{conn: d.conn, framer: d.framer, role: SMSC, bind: *bind, first: first,
		peer: peerInfo{systemID: bind.SystemID, version: bind.InterfaceVersion},
		data: a.Data, onStart: d.srv.register}, cfg)
	return s, nil
}

// register makes a session known before its first PDU.
func (srv *Server) register(s *Session) {
	srv.mu.Lock()
	srv.leaveLocked(s.conn)
	srv.sessions[s] = struct{}{}
	closed := srv.closed
	srv.mu.Unlock()
	if closed {
		_ = s.Close() // Shutdown did not see it any more
	}
	if srv.OnSession != nil {
		srv.OnSession(s)
	}
}
