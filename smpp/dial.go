package smpp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// BindConfig says how to reach and bind to an SMSC.
type BindConfig struct {
	Mode         Mode   // zero value: Transceiver
	SystemID     string // at most 15 octets
	Password     Secret // SMPP 3.4 allows 8 octets; many SMSCs take more
	SystemType   string
	Version      uint8 // interface_version; 0 means Version34
	AddrTON      TON
	AddrNPI      NPI
	AddressRange string

	// TLS, when not nil, encrypts the connection. ServerName is filled in from the address.
	TLS *tls.Config
	// DialTimeout limits connecting, with the TLS handshake (default 10 s).
	DialTimeout time.Duration
	// BindTimeout limits the wait for the bind response (default 10 s).
	BindTimeout time.Duration
	// DialContext replaces the network; nil means TCP with keep-alive.
	DialContext func(ctx context.Context, network, addr string) (net.Conn, error)

	// Session shapes the session after the bind.
	Session Config
}

func (b *BindConfig) pdu() *Bind {
	v := b.Version
	if v == 0 {
		v = Version34
	}
	return &Bind{Mode: b.Mode, SystemID: b.SystemID, Password: b.Password, SystemType: b.SystemType,
		InterfaceVersion: v, AddrTON: b.AddrTON, AddrNPI: b.AddrNPI, AddressRange: b.AddressRange}
}

func timeout(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return max(d, 0)
}

const (
	defaultDialTimeout = 10 * time.Second
	defaultBindTimeout = 10 * time.Second
)

// Dial connects to addr ("host:port") and binds. A refused bind is a *StatusError.
func Dial(ctx context.Context, addr string, b BindConfig) (*Session, error) {
	conn, err := b.dial(ctx, addr)
	if err != nil {
		return nil, fmt.Errorf("smpp: cannot connect to %s: %w", addr, err)
	}
	s, err := BindConn(ctx, conn, b)
	if err != nil {
		return nil, fmt.Errorf("smpp: cannot bind to %s as %q: %w", addr, b.SystemID, err)
	}
	return s, nil
}

func (b *BindConfig) dial(ctx context.Context, addr string) (net.Conn, error) {
	if d := timeout(b.DialTimeout, defaultDialTimeout); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	dial := b.DialContext
	if dial == nil {
		dial = (&net.Dialer{KeepAlive: 15 * time.Second}).DialContext
	}
	conn, err := dial(ctx, "tcp", addr)
	if err != nil || b.TLS == nil {
		return conn, err
	}
	noDelay(conn)
	cfg := b.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName, _, _ = net.SplitHostPort(addr)
	}
	t := tls.Client(conn, cfg)
	if err := t.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return t, nil
}

// BindConn binds over a connection that exists already, and closes it on error.
func BindConn(ctx context.Context, conn net.Conn, b BindConfig) (*Session, error) {
	return bindOn(ctx, conn, NewFramer(conn, b.Session.MaxPDU), b)
}

func bindOn(ctx context.Context, conn net.Conn, framer *Framer, b BindConfig) (*Session, error) {
	noDelay(conn)
	d := &dialogue{conn: conn, framer: framer, cfg: &b.Session}
	limit := timeout(b.BindTimeout, defaultBindTimeout)
	end := begin(ctx, conn, limit)
	resp, err := d.bind(b.pdu())
	if ok := end(); err == nil && !ok {
		err = context.Cause(ctx)
	}
	if err != nil {
		_ = conn.Close()
		if cause := context.Cause(ctx); cause != nil {
			return nil, cause
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, fmt.Errorf("smpp: no answer to the bind within %s: %w", limit, err)
		}
		return nil, err
	}
	v, _ := resp.TLVs.Uint8(TagSCInterfaceVersion)
	return newSession(sessionSetup{conn: conn, framer: framer, role: ESME, bind: *b.pdu(),
		peer: peerInfo{systemID: resp.SystemID, version: v}, lastSeq: bindSequence}, b.Session), nil
}

const bindSequence = 1

// bind sends the bind and waits for its response.
func (d *dialogue) bind(req *Bind) (*BindResp, error) {
	if err := d.write(StatusOK, bindSequence, req); err != nil {
		return nil, err
	}
	for range mostBeforeBind {
		h, p, bad, err := d.next()
		if err != nil {
			return nil, err
		}
		if h.Sequence == bindSequence && (h.Command == req.Command().Response() || h.Command == CmdGenericNack) {
			resp, ok := p.(*BindResp)
			if h.Status != StatusOK || !ok {
				return nil, &StatusError{Command: h.Command, Status: h.Status}
			}
			return Clone(resp), nil
		}
		if err := d.other(h, p, bad); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("smpp: the peer sends other PDUs than the bind response")
}

// AcceptOutbind is the ESME's side of an outbind (SMPP 3.4 §2.2.1): it waits on a connection that the
// SMSC has opened for the outbind, asks choose what to bind with, and binds. choose checks system_id
// and password; an error from it closes the connection.
func AcceptOutbind(ctx context.Context, conn net.Conn, choose func(*Outbind) (BindConfig, error)) (*Session, error) {
	d := &dialogue{conn: conn, framer: NewFramer(conn, PreBindMaxPDU), cfg: &Config{}}
	end := begin(ctx, conn, defaultBindTimeout)
	out, err := d.outbind()
	if ok := end(); err == nil && !ok {
		err = context.Cause(ctx)
	}
	var b BindConfig
	if err == nil {
		b, err = choose(out)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	d.framer.SetMax(b.Session.MaxPDU)
	return bindOn(ctx, conn, d.framer, b)
}

func (d *dialogue) outbind() (*Outbind, error) {
	for range mostBeforeBind {
		h, p, bad, err := d.next()
		if err != nil {
			return nil, err
		}
		if out, ok := p.(*Outbind); ok {
			return out, nil
		}
		if err := d.other(h, p, bad); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("smpp: the peer sends other PDUs than outbind")
}
