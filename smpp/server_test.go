package smpp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// refusals collects what OnRefused is told.
type refusals struct {
	mu   sync.Mutex
	list []string
}

func (r *refusals) add(_ net.Addr, systemID string, why error) {
	r.mu.Lock()
	r.list = append(r.list, fmt.Sprint(systemID, ": ", why))
	r.mu.Unlock()
}

// checkPassword accepts acme/pw.
func checkPassword(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
	if b.SystemID != "acme" || b.Password != "pw" {
		return smpp.Accept{}, smpp.StatusInvPaswd
	}
	return smpp.Accept{SystemID: "smsc", Data: "account 7", Config: &smpp.Config{Window: 33}}, smpp.StatusOK
}

func attach(srv *smpp.Server) *smpptest.Conn {
	near, far := net.Pipe()
	srv.ServeConn(near)
	return smpptest.NewConn(far)
}

func TestServerBind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused refusals
		bound := make(chan *smpp.Session, 1)
		srv := &smpp.Server{Authenticate: checkPassword, OnSession: func(s *smpp.Session) { bound <- s }, OnRefused: refused.add}
		c := attach(srv)
		// What is not a bind is refused, and the dialogue goes on.
		say(t, c, 0, 1, submit("x"))
		if h, _ := next[*smpp.SubmitSMResp](t, c); h.Status != smpp.StatusInvBndSts {
			t.Errorf("submit_sm before the bind: %v", h)
		}
		say(t, c, 0, 2, &smpp.EnquireLink{})
		next[*smpp.EnquireLinkResp](t, c)
		if _, err := c.Write(rawFrame(smpp.CmdBindTransceiver, 0, 3, "acme")); err != nil {
			t.Fatal(err)
		}
		if h, _ := next[*smpp.BindResp](t, c); h.Status != smpp.StatusInvCmdLen {
			t.Errorf("a broken bind: %v", h)
		}
		say(t, c, 0, 4, &smpp.Bind{SystemID: "acme", Password: "wrong"})
		if h, _ := next[*smpp.BindResp](t, c); h.Status != smpp.StatusInvPaswd || h.Length != 16 {
			t.Errorf("a wrong password: %+v", h)
		}
		say(t, c, 0, 5, &smpp.Bind{Mode: smpp.Transmitter, SystemID: "acme", Password: "pw", InterfaceVersion: smpp.Version34})
		h, p := next[*smpp.BindResp](t, c)
		if h.Status != smpp.StatusOK || p.SystemID != "smsc" || p.Mode != smpp.Transmitter {
			t.Errorf("bind: %v %v", h, p)
		}
		if v, ok := p.TLVs.Uint8(smpp.TagSCInterfaceVersion); !ok || v != smpp.Version34 {
			t.Errorf("sc_interface_version %x", v)
		}
		s := <-bound
		if s.Data() != "account 7" || s.Window() != 33 || s.Bound().Password != "" || s.PeerVersion() != smpp.Version34 || s.Mode() != smpp.Transmitter {
			t.Errorf("session %+v", s.Bound())
		}
		if got := srv.Sessions(); len(got) != 1 || got[0] != s {
			t.Errorf("sessions %v", got)
		}
		_ = c.Close()
		<-s.Done()
		synctest.Wait()
		if got := srv.Sessions(); len(got) != 0 {
			t.Errorf("sessions after the end: %v", got)
		}
		// An old ESME sees no optional parameter.
		c = attach(srv)
		say(t, c, 0, 1, &smpp.Bind{SystemID: "acme", Password: "pw", InterfaceVersion: 0x33})
		if _, p := next[*smpp.BindResp](t, c); len(p.TLVs) != 0 {
			t.Errorf("SMPP 3.3 gets %v", p)
		}
		_ = srv.Close()
		if len(refused.list) != 1 || !strings.Contains(refused.list[0], "ESME_RINVPASWD") || strings.Contains(refused.list[0], "wrong") {
			t.Errorf("refused %q", refused.list)
		}
	})
}

// TestBeforeBind is F30: whatever a stranger sends, the connection ends within the init timer.
func TestBeforeBind(t *testing.T) {
	tests := []struct {
		name string
		send func(*smpptest.Conn)
		want string
	}{
		{"silence", func(*smpptest.Conn) {}, "timeout"},
		{"HTTP", func(c *smpptest.Conn) { _, _ = c.Write([]byte("GET / HTTP/1.1\r\n")) }, "does not speak SMPP"},
		{"TLS hello", func(c *smpptest.Conn) { _, _ = c.Write([]byte("\x16\x03\x01\x02\x00\x01\x00\x01")) }, "does not speak SMPP"},
		{"257 octets", func(c *smpptest.Conn) {
			_, _ = c.Write(rawFrame(smpp.CmdBindTransceiver, 0, 1, strings.Repeat("x", 241)))
		}, "256"},
		{"an octet a second", func(c *smpptest.Conn) {
			for _, octet := range rawFrame(smpp.CmdBindTransceiver, 0, 1, "acme\x00pw\x00") {
				if _, err := c.Write([]byte{octet}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}, "timeout"},
		{"one octet short", func(c *smpptest.Conn) { _, _ = c.Write(rawFrame(smpp.CmdBindTransceiver, 0, 1, "acme\x00")[:20]) }, "timeout"},
		{"unbind", func(c *smpptest.Conn) { _ = c.Send(0, 1, &smpp.Unbind{}) }, "unbound"},
		{"closed at once", func(c *smpptest.Conn) { _ = c.Close() }, "EOF"},
		{"link tests only", func(c *smpptest.Conn) {
			for c.Send(0, 1, &smpp.EnquireLink{}) == nil {
			}
		}, "other PDUs than a bind"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var refused refusals
				srv := &smpp.Server{Authenticate: checkPassword, OnRefused: refused.add}
				c := attach(srv)
				began := time.Now()
				sent := make(chan struct{})
				go func() {
					tt.send(c)
					close(sent)
				}()
				for { // read all answers up to the end
					if _, _, err := c.Next(); err != nil {
						break
					}
				}
				synctest.Wait()
				if took := time.Since(began); took > 10*time.Second {
					t.Errorf("ended after %v", took)
				}
				if len(refused.list) != 1 || !strings.Contains(refused.list[0], tt.want) {
					t.Errorf("refused %q, want %q", refused.list, tt.want)
				}
				_ = c.Close()
				_ = srv.Close()
				<-sent
			})
		})
	}
}

func TestBindAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused refusals
		srv := &smpp.Server{Authenticate: checkPassword, OnRefused: refused.add, FailuresPerMinute: 4}
		wrong := &smpp.Bind{SystemID: "acme", Password: "wrong"}
		c := attach(srv)
		for i := range 3 {
			if st, err := c.Bind(wrong); err != nil || st != smpp.StatusInvPaswd {
				t.Errorf("try %d: %v %v", i, st, err)
			}
		}
		began := time.Now()
		if _, _, err := c.Next(); err == nil || time.Since(began) != 0 {
			t.Error("the connection stays open after three wrong passwords")
		}
		c = attach(srv)
		if st, err := c.Bind(wrong); err != nil || st != smpp.StatusInvPaswd {
			t.Errorf("fourth failure: %v %v", st, err)
		}
		if st, err := c.Bind(&smpp.Bind{SystemID: "acme", Password: "pw"}); err != nil || st != smpp.StatusBindFail {
			t.Errorf("the right password after four failures: %v %v", st, err)
		}
		if _, _, err := c.Next(); err == nil {
			t.Error("the connection stays open")
		}
		time.Sleep(20 * time.Second)
		c = attach(srv)
		if st, err := c.Bind(&smpp.Bind{SystemID: "acme", Password: "pw"}); err != nil || st != smpp.StatusOK {
			t.Errorf("the right password, 20 s later: %v %v", st, err)
		}
		_ = srv.Close()
	})
}

// TestTooManyBinds: who proved who it is and has all its binds is no guesser; it
// must not lock itself out.
func TestTooManyBinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &smpp.Server{FailuresPerMinute: 3, Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			return smpp.Accept{}, smpp.StatusAlyBnd
		}}
		for i := range 10 {
			c := attach(srv)
			if st, err := c.Bind(&smpp.Bind{SystemID: "acme", Password: "pw"}); err != nil || st != smpp.StatusAlyBnd {
				t.Errorf("bind %d: %v %v", i, st, err)
			}
			_ = c.Close()
		}
		_ = srv.Close()
	})
}

func TestAuthenticate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused refusals
		srv := &smpp.Server{OnRefused: refused.add}
		if st, err := attach(srv).Bind(&smpp.Bind{SystemID: "a"}); err != nil || st != smpp.StatusBindFail {
			t.Errorf("without Authenticate: %v %v", st, err)
		}
		_ = srv.Close()
		srv = &smpp.Server{OnRefused: refused.add, Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) { panic("oops") }}
		if st, err := attach(srv).Bind(&smpp.Bind{SystemID: "a"}); err != nil || st != smpp.StatusSysErr {
			t.Errorf("a panic: %v %v", st, err)
		}
		_ = srv.Close()
		if s := strings.Join(refused.list, "\n"); !strings.Contains(s, "oops") {
			t.Errorf("refused %s", s)
		}
		// One that takes too long sees the end of its context, and the peer the end of the connection.
		srv = &smpp.Server{Authenticate: func(c context.Context, _ *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			<-c.Done()
			return smpp.Accept{}, smpp.StatusOK
		}}
		began := time.Now()
		if st, err := attach(srv).Bind(&smpp.Bind{SystemID: "a"}); err == nil {
			t.Errorf("a bind that took too long is answered with %v", st)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("ended after %v", took)
		}
		// A system_id that cannot be sent.
		srv2 := &smpp.Server{Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			return smpp.Accept{SystemID: strings.Repeat("x", 16)}, smpp.StatusOK
		}}
		if _, err := attach(srv2).Bind(&smpp.Bind{SystemID: "a"}); err == nil {
			t.Error("a system_id of 16 octets was sent")
		}
		_ = srv.Close()
		_ = srv2.Close()
	})
}

func TestMaxUnbound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &smpp.Server{Authenticate: acceptAll, MaxUnbound: 2}
		a, b := attach(srv), attach(srv)
		if _, _, err := attach(srv).Next(); err == nil {
			t.Error("the third connection was not closed")
		}
		if st, err := a.Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
			t.Errorf("first: %v %v", st, err)
		}
		d := attach(srv) // there is room again
		if st, err := d.Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
			t.Errorf("fourth: %v %v", st, err)
		}
		_ = srv.Close()
		if _, _, err := b.Next(); err == nil {
			t.Error("Close leaves a connection without bind open")
		}
	})
}

func TestShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &smpp.Server{Authenticate: acceptAll}
		good, bad := attach(srv), attach(srv)
		for _, c := range []*smpptest.Conn{good, bad} {
			if st, err := c.Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
				t.Fatal(st, err)
			}
		}
		short, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		down := make(chan error, 1)
		began := time.Now()
		go func() { down <- srv.Shutdown(short) }()
		h, _ := next[*smpp.Unbind](t, good)
		say(t, good, smpp.StatusOK, h.Sequence, &smpp.UnbindResp{})
		next[*smpp.Unbind](t, bad) // and no answer
		if err := <-down; !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("Shutdown: %v after %v", err, time.Since(began))
		}
		if _, _, err := attach(srv).Next(); err == nil {
			t.Error("a closed server accepts a connection")
		}
		if err := srv.Serve(&brokenListener{}); err != smpp.ErrServerClosed {
			t.Errorf("Serve: %v", err)
		}
	})
}

// brokenListener fails temporarily once, then for good.
type brokenListener struct{ n int }

type temporaryError struct{ error }

func (temporaryError) Temporary() bool { return true }

func (l *brokenListener) Accept() (net.Conn, error) {
	l.n++
	if l.n < 4 {
		return nil, temporaryError{errors.New("too many open files")}
	}
	return nil, errors.New("gone")
}
func (*brokenListener) Close() error   { return nil }
func (*brokenListener) Addr() net.Addr { return nil }

func TestServeErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &smpp.Server{Authenticate: acceptAll}
		l := &brokenListener{}
		began := time.Now()
		if err := srv.Serve(l); err == nil || err.Error() != "gone" || l.n != 4 {
			t.Errorf("Serve: %v after %d", err, l.n)
		}
		if took := time.Since(began); took != 35*time.Millisecond { // 5 + 10 + 20
			t.Errorf("paused %v", took)
		}
		_ = srv.Close()
	})
}
