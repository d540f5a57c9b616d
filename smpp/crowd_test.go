package smpp_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// remoteConn is a connection that comes from wherever the test says.
type remoteConn struct {
	net.Conn
	remote string
}

func (c remoteConn) RemoteAddr() net.Addr { return &net.UnixAddr{Name: c.remote, Net: "test"} }

func attachFrom(srv *smpp.Server, remote string) *smpptest.Conn {
	near, far := net.Pipe()
	srv.ServeConn(remoteConn{near, remote})
	return smpptest.NewConn(far)
}

// TestMaxUnboundPerAddress: one address cannot take all places, and gives them back by binding or going.
func TestMaxUnboundPerAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var refused refusals
		srv := &smpp.Server{Authenticate: acceptAll, MaxUnboundPerAddress: 2, OnRefused: refused.add}
		a, b := attachFrom(srv, "x"), attachFrom(srv, "x")
		synctest.Wait()
		if _, _, err := attachFrom(srv, "x").Next(); err == nil {
			t.Error("the third connection was not closed")
		}
		synctest.Wait()
		if len(refused.list) != 1 || refused.list[0] != ": smpp: too many connections without a bind from this address" {
			t.Errorf("refused %q", refused.list)
		}
		if st, err := attachFrom(srv, "y").Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
			t.Errorf("another address: %v %v", st, err)
		}
		if st, err := a.Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
			t.Errorf("first: %v %v", st, err)
		}
		_ = b.Close()
		synctest.Wait()
		for i := range 4 { // bound ones do not count
			if st, err := attachFrom(srv, "x").Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
				t.Errorf("%d-th in the places of those: %v %v", i, st, err)
			}
		}
		_ = srv.Close()

		free := &smpp.Server{Authenticate: acceptAll, MaxUnboundPerAddress: -1}
		for range 300 {
			attachFrom(free, "x")
		}
		if st, err := attachFrom(free, "x").Bind(&smpp.Bind{}); err != nil || st != smpp.StatusOK {
			t.Errorf("without a limit: %v %v", st, err)
		}
		_ = free.Close()
	})
}

// TestHangingAuthenticate: a database that does not answer for some accounts holds up neither the binds
// of others nor the sessions there are, and the init timer ends it.
func TestHangingAuthenticate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := 0
		var mu sync.Mutex
		srv := &smpp.Server{InitTimeout: 5 * time.Second, Config: smpp.Config{Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.RespondID("7") })},
			Authenticate: func(ctx context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
				if b.SystemID == "stuck" {
					mu.Lock()
					hanging++
					mu.Unlock()
					<-ctx.Done()
					return smpp.Accept{}, smpp.StatusSysErr
				}
				return smpp.Accept{}, smpp.StatusOK
			}}
		bound := attach(srv)
		if st, err := bound.Bind(&smpp.Bind{SystemID: "good"}); err != nil || st != smpp.StatusOK {
			t.Fatal(st, err)
		}
		began := time.Now()
		var stuck []*smpptest.Conn
		for range 200 {
			c := attach(srv)
			say(t, c, smpp.StatusOK, 1, &smpp.Bind{SystemID: "stuck"})
			stuck = append(stuck, c)
		}
		synctest.Wait()
		if hanging != 200 {
			t.Fatalf("%d of 200 hang", hanging)
		}
		if st, err := attach(srv).Bind(&smpp.Bind{SystemID: "good"}); err != nil || st != smpp.StatusOK {
			t.Errorf("another bind: %v %v", st, err)
		}
		say(t, bound, smpp.StatusOK, 2, submit("x"))
		next[*smpp.SubmitSMResp](t, bound)
		if took := time.Since(began); took != 0 {
			t.Errorf("held up for %s", took)
		}
		for _, c := range stuck {
			h, _, err := c.Next()
			if err == nil && h.Status == smpp.StatusSysErr { // the answer may still get out at that instant
				_, _, err = c.Next()
			}
			if err == nil || time.Since(began) != 5*time.Second {
				t.Errorf("a stuck bind ended with %v %v after %s", h, err, time.Since(began))
			}
		}
		_ = srv.Close()
	})
}

// TestIdleSockets: as many connections as the machine allows, up to 10,000, half of them bound and half
// silent, and one customer between them is served as ever.
func TestIdleSockets(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	idle := 10_000
	if most := (int(min(limit.Cur, 1<<20)) - 500) / 2; most < idle { // both ends are in this process
		idle = most
	}
	if idle < 100 {
		t.Fatalf("only %d file descriptors: raise ulimit -n", limit.Cur)
	}
	addr := listen(t, &smpp.Server{Authenticate: acceptAll, InitTimeout: time.Minute, MaxUnbound: idle, MaxUnboundPerAddress: -1,
		Config: smpp.Config{EnquireInterval: -1, Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.RespondID("7") })}})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	conns := make([]*smpptest.Conn, idle)
	var wg sync.WaitGroup
	const dialers = 50
	for d := range dialers {
		wg.Go(func() {
			for i := d; i < idle; i += dialers {
				c, err := smpptest.DialConn(addr)
				if err != nil {
					t.Error(err)
					return
				}
				conns[i] = c
				if i%2 == 1 {
					continue
				}
				if st, err := c.Bind(&smpp.Bind{SystemID: fmt.Sprint("idle", i)}); err != nil || st != smpp.StatusOK {
					t.Error(st, err)
					return
				}
			}
		})
	}
	wg.Wait()
	defer func() {
		for _, c := range conns {
			if c != nil {
				_ = c.Close()
			}
		}
	}()
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapInuse + after.StackInuse - before.HeapInuse - before.StackInuse) / uint64(idle)
	t.Logf("%d idle sockets (limit %d), %d octets for both ends of each", idle, limit.Cur, each)
	if each > 64<<10 {
		t.Errorf("an idle socket takes %d octets", each)
	}
	s, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: "busy", Session: smpp.Config{Window: 100}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(results, 1000)
	for range cap(done) {
		mustSend(t, s, submit("x"), done)
	}
	for range cap(done) {
		if r := <-done; r.Err() != nil {
			t.Fatal(r.Err())
		}
	}
	if err := s.Unbind(ctx); err != nil {
		t.Error(err)
	}
}
