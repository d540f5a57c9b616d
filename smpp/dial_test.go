package smpp_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// dialPipe starts a bind over a pipe; the test plays the SMSC.
func dialPipe(c context.Context, b smpp.BindConfig) (*smpptest.Conn, chan error, *(*smpp.Session)) {
	near, far := net.Pipe()
	result := make(chan error, 1)
	var s *smpp.Session
	b.DialContext = func(context.Context, string, string) (net.Conn, error) { return near, nil }
	go func() {
		var err error
		s, err = smpp.Dial(c, "smsc:2775", b)
		result <- err
	}()
	return smpptest.NewConn(far), result, &s
}

func TestBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, result, s := dialPipe(ctx, smpp.BindConfig{Mode: smpp.Receiver, SystemID: "acme", Password: "pw", SystemType: "VMA",
			AddrTON: 1, AddrNPI: 1, AddressRange: "^88"})
		h, p := next[*smpp.Bind](t, peer)
		if h.Command != smpp.CmdBindReceiver || p.SystemID != "acme" || p.Password != "pw" || p.SystemType != "VMA" ||
			p.InterfaceVersion != smpp.Version34 || p.AddressRange != "^88" || p.AddrTON != 1 || p.AddrNPI != 1 {
			t.Errorf("bind %v", p)
		}
		// Other things may come first.
		say(t, peer, smpp.StatusOK, 9, &smpp.EnquireLink{})
		next[*smpp.EnquireLinkResp](t, peer)
		say(t, peer, smpp.StatusOK, 10, deliver("early"))
		if h, _ := next[*smpp.DeliverSMResp](t, peer); h.Status != smpp.StatusInvBndSts {
			t.Errorf("deliver_sm before the bind: %v", h)
		}
		if _, err := peer.Write(rawFrame(0x1FF, 0, 11, "")); err != nil {
			t.Fatal(err)
		}
		next[*smpp.GenericNack](t, peer)
		say(t, peer, smpp.StatusOK, 99, &smpp.BindResp{Mode: smpp.Receiver})
		say(t, peer, smpp.StatusOK, 12, &smpp.AlertNotification{})
		resp := &smpp.BindResp{Mode: smpp.Receiver, SystemID: "smsc"}
		resp.TLVs.AddUint8(smpp.TagSCInterfaceVersion, 0x50)
		// A link test right behind the response belongs to the session.
		frames, err := smpp.Append(nil, smpp.Header{Sequence: h.Sequence}, resp)
		if err != nil {
			t.Fatal(err)
		}
		if frames, err = smpp.Append(frames, smpp.Header{Sequence: 77}, &smpp.EnquireLink{}); err != nil {
			t.Fatal(err)
		}
		if _, err := peer.Write(frames); err != nil {
			t.Fatal(err)
		}
		if err := <-result; err != nil {
			t.Fatal(err)
		}
		if h, _ := next[*smpp.EnquireLinkResp](t, peer); h.Sequence != 77 {
			t.Errorf("answer %v", h)
		}
		bound := *s
		if bound.Role() != smpp.ESME || bound.Mode() != smpp.Receiver || bound.PeerSystemID() != "smsc" || bound.PeerVersion() != 0x50 ||
			bound.Bound().SystemID != "acme" || bound.Bound().Password != "" || bound.Window() != 10 || bound.Data() != nil ||
			bound.RemoteAddr() == nil || bound.LocalAddr() == nil {
			t.Errorf("session %+v", bound.Bound())
		}
		_ = bound.Close()
		<-bound.Done()
	})
}

func TestBindRefused(t *testing.T) {
	for name, answer := range map[string]smpp.PDU{"bind response": &smpp.BindResp{}, "generic_nack": &smpp.GenericNack{}} {
		synctest.Test(t, func(t *testing.T) {
			peer, result, _ := dialPipe(ctx, smpp.BindConfig{SystemID: "acme", Password: "hunter2"})
			h, _ := next[*smpp.Bind](t, peer)
			say(t, peer, smpp.StatusInvPaswd, h.Sequence, answer)
			err := <-result
			var se *smpp.StatusError
			if !errors.As(err, &se) || se.Status != smpp.StatusInvPaswd || !strings.Contains(err.Error(), "smsc:2775") || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: %v", name, err)
			}
			if _, _, err := peer.Next(); err == nil {
				t.Errorf("%s: the connection is still open", name)
			}
		})
	}
}

func TestBindFails(t *testing.T) {
	tests := []struct {
		name string
		peer func(*testing.T, *smpptest.Conn)
		want string
	}{
		{"silence", func(t *testing.T, c *smpptest.Conn) { next[*smpp.Bind](t, c) }, "no answer to the bind within 10s"},
		{"closed", func(t *testing.T, c *smpptest.Conn) { next[*smpp.Bind](t, c); _ = c.Close() }, "EOF"},
		{"closed before the bind is read", func(_ *testing.T, c *smpptest.Conn) { _ = c.Close() }, "closed"},
		{"not SMPP", func(t *testing.T, c *smpptest.Conn) {
			next[*smpp.Bind](t, c)
			go func() { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }() // not read to its end
			next[*smpp.GenericNack](t, c)
		}, "does not speak SMPP"},
		{"unbind", func(t *testing.T, c *smpptest.Conn) {
			next[*smpp.Bind](t, c)
			say(t, c, smpp.StatusOK, 4, &smpp.Unbind{})
			next[*smpp.UnbindResp](t, c)
		}, "unbound"},
		{"endless other PDUs", func(t *testing.T, c *smpptest.Conn) {
			next[*smpp.Bind](t, c)
			for range 32 {
				say(t, c, smpp.StatusOK, 4, &smpp.EnquireLink{})
				next[*smpp.EnquireLinkResp](t, c)
			}
		}, "other PDUs"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				peer, result, _ := dialPipe(ctx, smpp.BindConfig{SystemID: "acme"})
				began := time.Now()
				tt.peer(t, peer)
				err := <-result
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				_ = peer.Close()
			})
		})
	}
}

func TestBindCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		peer, result, _ := dialPipe(short, smpp.BindConfig{SystemID: "acme", BindTimeout: -1})
		next[*smpp.Bind](t, peer)
		if err := <-result; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		_, result, _ = dialPipe(ctx, smpp.BindConfig{SystemID: strings.Repeat("x", 16)})
		var fe *smpp.FieldError
		if err := <-result; !errors.As(err, &fe) {
			t.Errorf("a system_id that is too long: %v", err)
		}
	})
}

func TestDialFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	if _, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: "a"}); err == nil || !strings.Contains(err.Error(), addr) {
		t.Errorf("nobody listens: %v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := smpp.Dial(ctx, "smsc:2775", smpp.BindConfig{SystemID: "a", DialContext: func(c context.Context, _, _ string) (net.Conn, error) {
			<-c.Done()
			return nil, c.Err()
		}})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("a network that swallows SYNs: %v after %v", err, time.Since(began))
		}
	})
}

// TestOutbind: the SMSC opens the connection, and the ESME binds on it.
func TestOutbind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bound := make(chan *smpp.Session, 1)
		srv := &smpp.Server{Authenticate: acceptAll, OnSession: func(s *smpp.Session) { bound <- s }}
		near, far := net.Pipe()
		outbound := make(chan error, 1)
		go func() { outbound <- srv.Outbind(near, &smpp.Outbind{SystemID: "smsc", Password: "pw"}) }()
		s, err := smpp.AcceptOutbind(ctx, far, func(p *smpp.Outbind) (smpp.BindConfig, error) {
			if p.SystemID != "smsc" || p.Password != "pw" {
				t.Errorf("outbind %v", p)
			}
			return smpp.BindConfig{Mode: smpp.Receiver, SystemID: "acme"}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := <-outbound; err != nil {
			t.Error(err)
		}
		if smsc := <-bound; smsc.PeerSystemID() != "acme" || s.PeerSystemID() != "smsc" {
			t.Errorf("%q is bound to %q", smsc.PeerSystemID(), s.PeerSystemID())
		}
		if err := s.Unbind(ctx); err != nil {
			t.Error(err)
		}
		_ = srv.Close()
		// After the end, and with a stranger.
		near, far = net.Pipe()
		go func() { outbound <- srv.Outbind(near, &smpp.Outbind{}) }()
		if _, err := far.Read(make([]byte, 1)); err == nil {
			t.Error("a closed server sends an outbind")
		}
		if err := <-outbound; err == nil {
			t.Error("Outbind of a closed server")
		}
	})
}

func TestAcceptOutbindFails(t *testing.T) {
	refuse := errors.New("who are you?")
	choose := func(*smpp.Outbind) (smpp.BindConfig, error) { return smpp.BindConfig{}, refuse }
	for name, tt := range map[string]struct {
		peer func(*smpptest.Conn)
		want error
	}{
		"refused": {func(c *smpptest.Conn) { _ = c.Send(0, 1, &smpp.Outbind{SystemID: "x"}) }, refuse},
		"silence": {func(*smpptest.Conn) {}, os.ErrDeadlineExceeded},
		"submits": {func(c *smpptest.Conn) {
			for range 32 {
				_ = c.Send(0, 1, submit("x")) // the end of it is what counts
				_, _, _ = c.Next()
			}
		}, nil},
	} {
		synctest.Test(t, func(t *testing.T) {
			a, b := smpptest.Pipe()
			go tt.peer(a)
			_, err := smpp.AcceptOutbind(ctx, b.Conn, choose)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
			_ = a.Close()
		})
	}
}
