package smppc_test

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// These tests run under a fake clock, over connections in memory.

// piped is an SMSC without a network.
func piped(t *testing.T, cfg smpptest.Config) (*smpptest.SMSC, smppc.Options) {
	cfg.NoListen = true
	far := smsc(t, cfg)
	return far, smppc.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		near, end := net.Pipe()
		far.ServeConn(end)
		return near, nil
	}}
}

// silent is an SMSC that accepts the bind, reads everything, and says nothing.
func silent(binds *atomic.Int64) smppc.Options {
	return smppc.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		near, far := smpptest.Pipe()
		go func() {
			defer func() { _ = far.Close() }() // it may be closed already
			if _, err := far.AcceptBind(); err != nil {
				return
			}
			binds.Add(1)
			for {
				if _, _, err := far.Next(); err != nil {
					return
				}
			}
		}()
		return near, nil
	}}
}

// slowly are settings that reconnect by the default times.
func slowly(more map[string]any) map[string]any {
	all := map[string]any{"hosts": []string{"far"}, "reconnect_min": "1s", "reconnect_max": "60s"}
	for k, v := range more {
		all[k] = v
	}
	return all
}

// startIn is start within a bubble, where waiting costs nothing.
func startIn(t *testing.T, window int, more map[string]any, o smppc.Options) *rig {
	r := start(t, window, more, o)
	r.patience = 30 * 24 * time.Hour
	return r
}

// F9: the peer is there and does not answer. Two silent enquire_links end it.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var binds atomic.Int64
		r := startIn(t, 5, slowly(nil), silent(&binds))
		r.awaitUp(1)
		began := time.Now()
		r.send(5)
		for id, o := range r.awaitOutcomes(5) {
			if o.Verdict != sms.VerdictUnknown || o.Code != "link_lost" {
				t.Errorf("message %d: %+v", id, o)
			}
		}
		if took := time.Since(began); took != 40*time.Second {
			t.Errorf("it took %v to see that the peer is dead, want 20 s of silence and twice 10 s", took)
		}
		r.await("the report", func() bool { return !r.links[len(r.links)-1].Up })
		if reason := r.lastLink().Reason; !strings.Contains(reason, "did not answer enquire_link") {
			t.Errorf("reason %q", reason)
		}
		r.awaitUp(1)
		synctest.Wait()
		if binds.Load() != 2 {
			t.Errorf("%d binds", binds.Load())
		}
		r.close(0)
	})
}

// F10: the response comes 40 minutes late.
func TestLateResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, o := piped(t, smpptest.Config{OnSubmit: func(m *smpptest.Message) smpptest.Reply {
			switch m.N {
			case 1:
				return smpptest.Reply{Delay: 40 * time.Minute, MessageID: "Late1"}
			case 2:
				return smpptest.Reply{Delay: 40 * time.Minute, Status: smpp.StatusThrottled}
			}
			return smpptest.Reply{}
		}})
		r := startIn(t, 2, slowly(nil), o)
		r.awaitUp(1)
		began := time.Now()
		r.send(2)
		for id, out := range r.awaitOutcomes(2) {
			if out.Verdict != sms.VerdictUnknown || out.Code != "no_response" || out.Late || out.At.Sub(began) != time.Minute {
				t.Errorf("message %d: %+v", id, out)
			}
		}
		r.send(2) // the window is free again
		r.awaitOutcomes(5)
		late := r.outcomes[4]
		if late.Message != 1 || late.Verdict != sms.VerdictAccepted || !late.Late || late.UpstreamID != "Late1" ||
			late.UpstreamKey != "late1" || late.At.Sub(began) != 40*time.Minute {
			t.Errorf("the late one: %+v", late)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if len(r.outcomes) != 5 {
			t.Errorf("a late refusal was reported: %+v", r.outcomes[5:])
		}
		r.close(time.Minute)
		if n := far.Totals().Submits; n != 4 {
			t.Errorf("%d submits", n)
		}
	})
}

// F28: unbind with an open window that is never answered.
func TestPeerUnbindsAndKeepsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conns := make(chan *smpptest.Conn, 10)
		r := startIn(t, 5, slowly(nil), smppc.Options{Dial: func(context.Context, string, string) (net.Conn, error) {
			near, far := smpptest.Pipe()
			conns <- far
			return near, nil
		}})
		far := <-conns
		if _, err := far.AcceptBind(); err != nil {
			t.Fatal(err)
		}
		r.awaitUp(1)
		r.send(1)
		submits(t, far, 1)
		began := time.Now()
		say(t, far, smpp.StatusOK, 1, new(smpp.Unbind))
		if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdUnbindResp || time.Since(began) != 10*time.Second {
			t.Fatalf("got %v, %v after %v; want the answer when 10 s are over", h, err, time.Since(began))
		}
		if o := r.awaitOutcomes(1)[1]; o.Verdict != sms.VerdictUnknown {
			t.Errorf("outcome %+v", o)
		}
		r.await("the report", func() bool { return !r.links[len(r.links)-1].Up })
		if reason := r.lastLink().Reason; reason != "the operator at far:2775 unbound" {
			t.Errorf("reason %q", reason)
		}
		if _, err := (<-conns).AcceptBind(); err != nil { // it comes back
			t.Error(err)
		}
		r.close(0)
	})
}

// F29: every session ends right after its bind. There is no storm of binds.
func TestRestartLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var binds atomic.Int64
		_, o := piped(t, smpptest.Config{OnBind: func(s *smpp.Session) {
			binds.Add(1)
			_ = s.Close() // never fails
		}})
		r := startIn(t, 5, slowly(nil), o)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		// 1, 2, 4 ... 60 s, at least half of each: 7 binds until 63 s and one each 30 to 60 s then.
		if n := binds.Load(); n < 10 || n > 27 {
			t.Errorf("%d binds in ten minutes", n)
		}
		r.close(0)
	})
}

// A wrong password is tried again after minutes, and only then at the next host;
// the reason says what to do.
func TestWrongPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var binds atomic.Int64
		_, o := piped(t, smpptest.Config{Authenticate: func(b *smpp.BindRequest) smpp.Status {
			binds.Add(1)
			if b.Password != "right" {
				return smpp.StatusInvPaswd
			}
			return smpp.StatusOK
		}})
		var tried trail
		dial := o.Dial
		o.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			tried.add(addr)
			return dial(ctx, network, addr)
		}
		r := startIn(t, 5, slowly(map[string]any{"hosts": []string{"far", "other"}}), o)
		r.await("a report", func() bool { return len(r.links) > 0 })
		if link := r.lastLink(); link.Up || !strings.Contains(link.Reason, "ESME_RINVPASWD") || !strings.Contains(link.Reason, "check system_id and password") {
			t.Errorf("link %+v", link)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := binds.Load(); n != 1 || tried.String() != "far:2775" {
			t.Errorf("%d binds in two minutes, at %s; want 1", n, &tried)
		}
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if n := binds.Load(); n < 4 || n > 10 {
			t.Errorf("%d binds in 22 minutes, want one each 2.5 to 5", n)
		}
		if !strings.HasPrefix(tried.String(), "far:2775 other:2775 far:2775 other:2775") {
			t.Errorf("tried %s, want the hosts in turn", &tried)
		}
		if len(r.links) != int(binds.Load()) { // each names its host
			t.Errorf("%d binds were reported %d times", binds.Load(), len(r.links))
		}
		r.close(0)
		if strings.Contains(r.log.String(), password) || !strings.Contains(r.log.String(), "cannot bind") {
			t.Errorf("log:\n%s", r.log)
		}
	})
}

// trail keeps the hosts that were dialled.
type trail struct {
	mu    sync.Mutex
	hosts []string
}

func (l *trail) add(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hosts = append(l.hosts, host)
}

func (l *trail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.hosts, " ")
}

// A host that is down is passed over; one that is silent costs its timeout.
func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, live := piped(t, smpptest.Config{})
		var tried []string
		o := smppc.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			tried = append(tried, addr)
			switch addr {
			case "refuses:2775":
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("refused")}
			case "hangs:2775":
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return live.Dial(ctx, network, addr)
		}}
		began := time.Now()
		r := startIn(t, 5, slowly(map[string]any{"hosts": []string{"refuses", "hangs", "live"}}), o)
		r.awaitUp(1)
		if took := time.Since(began); took != 10*time.Second || strings.Join(tried, " ") != "refuses:2775 hangs:2775 live:2775" {
			t.Errorf("tried %v in %v", tried, took)
		}
		r.close(0)
	})
}

// A host that takes binds and drops the sessions is passed over. A session that
// lived for long begins again at its own host.
func TestOwnHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var good atomic.Bool
		_, own := piped(t, smpptest.Config{})
		theirs, other := piped(t, smpptest.Config{})
		var tried trail
		o := smppc.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			tried.add(addr)
			switch {
			case addr == "other:2775":
				return other.Dial(ctx, network, addr)
			case good.Load():
				return own.Dial(ctx, network, addr)
			}
			near, far := smpptest.Pipe()
			go func() {
				if _, err := far.AcceptBind(); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
				_ = far.Close() // never fails
			}()
			return near, nil
		}}
		r := startIn(t, 5, slowly(map[string]any{"hosts": []string{"mine", "other"}}), o)
		r.await("the second host", func() bool { return len(r.links) == 3 && r.links[2].Up })
		if !r.links[0].Up || r.links[1].Up || tried.String() != "mine:2775 other:2775" {
			t.Errorf("tried %s, links %+v; want the first host bound, lost, and not tried again", &tried, r.links)
		}
		good.Store(true)
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := tried.String(); got != "mine:2775 other:2775" {
			t.Errorf("a bind was moved while its session lived: %s", got)
		}
		theirs.Drop()
		r.await("its own host", func() bool { return tried.String() == "mine:2775 other:2775 mine:2775" && r.links[len(r.links)-1].Up })
		r.close(0)
	})
}

// Without any host the reason tells about the last one that was tried.
func TestNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := startIn(t, 5, slowly(map[string]any{"hosts": []string{"a", "b"}}), smppc.Options{Dial: func(ctx context.Context, _, addr string) (net.Conn, error) {
			if addr == "b:2775" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: net.UnknownNetworkError("refused")}
		}})
		r.await("a report", func() bool { return len(r.links) > 0 })
		if got := r.lastLink().Reason; got != "cannot bind to b:2775: no answer in time" {
			t.Errorf("reason %q", got)
		}
		r.close(0) // while a dial is under way
	})
}

// While Close waits for responses, what the operator delivers is taken: not every
// operator sends again what is refused.
func TestCloseTakesReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, o := piped(t, smpptest.Config{OnSubmit: func(*smpptest.Message) smpptest.Reply { return smpptest.Reply{Delay: 5 * time.Second} }})
		r := startIn(t, 5, map[string]any{"hosts": []string{"far"}}, o)
		r.awaitUp(1)
		r.send(1)
		synctest.Wait()
		closed := make(chan struct{})
		go func() {
			defer close(closed)
			r.close(10 * time.Second)
		}()
		synctest.Wait()
		if err := far.Deliver(t.Context(), "harkara", &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte("id:1 stat:DELIVRD")}); err != nil {
			t.Errorf("a receipt while Close waits for a response: %v", err)
		}
		<-closed
		for _, o := range r.awaitOutcomes(1) {
			if o.Verdict != sms.VerdictAccepted || len(r.receipts) != 1 {
				t.Errorf("%d receipts, outcome %+v", len(r.receipts), o)
			}
		}
	})
}

// Close does not wait longer than its context for a Sink that does not commit.
func TestCloseCutsCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, o := piped(t, smpptest.Config{})
		o.Log = slog.New(slog.DiscardHandler)
		s := &stuckSink{sink: &sink{t: t, changed: make(chan struct{})}}
		c, err := o.New(&sms.Connector{Head: sms.Head{ID: 7}, Window: 1, Settings: settings(map[string]any{"hosts": []string{"far"}})}, s)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		answer := make(chan error, 1)
		go func() {
			answer <- far.Deliver(t.Context(), "harkara", &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte("id:1 stat:DELIVRD")})
		}()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		if err := c.Close(ctx); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Close took %v", took)
		}
		if err := <-answer; err == nil {
			t.Error("the receipt was acknowledged without a commit")
		}
	})
}

// stuckSink never commits.
type stuckSink struct{ *sink }

func (s *stuckSink) Receipts(ctx context.Context, _ []sms.Receipt) error {
	<-ctx.Done()
	return ctx.Err()
}
