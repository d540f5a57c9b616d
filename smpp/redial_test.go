package smpp_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

func TestBackoffPause(t *testing.T) {
	b := smpp.Backoff{}
	for failures, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		seen := map[time.Duration]bool{}
		for range 50 {
			d := b.Pause(failures)
			seen[d] = true
			if d < want/2 || d > want {
				t.Errorf("%d failures: %v, want %v to %v", failures, d, want/2, want)
			}
		}
		if len(seen) < 10 {
			t.Errorf("%d failures: only %d different pauses", failures, len(seen))
		}
	}
}

// flaky is an SMSC that refuses binds, or closes sessions after some time.
type flaky struct {
	srv *smpp.Server

	mu     sync.Mutex
	status smpp.Status
	life   time.Duration // of a session; 0: for ever
	dials  int
	pauses []time.Duration
}

func (f *flaky) set(status smpp.Status, life time.Duration) {
	f.mu.Lock()
	f.status, f.life = status, life
	f.mu.Unlock()
}

func (f *flaky) lastPause() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.pauses[len(f.pauses)-1]
}

func (f *flaky) redial(t *testing.T) *smpp.Redial {
	f.srv = &smpp.Server{FailuresPerMinute: -1, Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
		f.mu.Lock()
		defer f.mu.Unlock()
		return smpp.Accept{}, f.status
	}}
	return &smpp.Redial{
		Dial: func(c context.Context) (*smpp.Session, error) {
			f.mu.Lock()
			f.dials++
			f.mu.Unlock()
			near, far := net.Pipe()
			f.srv.ServeConn(far)
			return smpp.BindConn(c, near, smpp.BindConfig{SystemID: "a"})
		},
		Up: func(s *smpp.Session) {
			f.mu.Lock()
			defer f.mu.Unlock()
			if f.life > 0 {
				time.AfterFunc(f.life, func() { _ = s.Close() })
			}
		},
		Down: func(_ *smpp.Session, why error, pause time.Duration) {
			if why == nil {
				t.Error("down without a reason")
			}
			f.mu.Lock()
			f.pauses = append(f.pauses, pause)
			f.mu.Unlock()
		},
	}
}

// TestRedial: SMSCs that drop after a good bind (F29), that stay, and that refuse.
func TestRedial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flaky
		r := f.redial(t)
		c, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		f.set(smpp.StatusOK, time.Second)
		go func() { ended <- r.Run(c) }()
		time.Sleep(10 * time.Minute)
		f.mu.Lock()
		if f.dials < 10 || f.dials > 25 {
			t.Errorf("%d binds in 10 minutes to an SMSC that drops every session", f.dials)
		}
		f.mu.Unlock()
		if last := f.lastPause(); last < 30*time.Second {
			t.Errorf("after many drops the pause is %v", last)
		}
		f.set(smpp.StatusOK, time.Hour) // now it stays: the pauses begin anew
		time.Sleep(2 * time.Hour)
		if last := f.lastPause(); last > time.Second {
			t.Errorf("after a session of an hour the pause is %v", last)
		}
		f.set(smpp.StatusInvPaswd, time.Second)
		time.Sleep(2 * time.Hour)
		if last := f.lastPause(); last < 150*time.Second || last > 5*time.Minute {
			t.Errorf("after a wrong password the pause is %v", last)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		_ = f.srv.Close()
	})
}

// TestRedialEnds with a session up, and closes it.
func TestRedialEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f flaky
		r := f.redial(t)
		c, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- r.Run(c) }()
		time.Sleep(time.Minute)
		if n := len(f.srv.Sessions()); n != 1 {
			t.Errorf("%d sessions", n)
		}
		cancel()
		<-ended
		synctest.Wait()
		if n := len(f.srv.Sessions()); n != 0 {
			t.Errorf("%d sessions after the end", n)
		}
		_ = f.srv.Close()
	})
}
