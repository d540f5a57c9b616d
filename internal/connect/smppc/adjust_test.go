package smppc_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// adjusted is the noun of the rig with another window.
func adjusted(window int, raw json.RawMessage) *sms.Connector {
	return &sms.Connector{Head: sms.Head{ID: 7, Name: "oper"}, Window: window, Settings: raw}
}

// The window changes while traffic flows: the binds stay, a larger one lets those
// who wait go on at once, a smaller one lets what is open finish.
func TestAdjustWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		far, o := piped(t, smpptest.Config{})
		far.Mute(true)
		r := startIn(t, 2, slowly(map[string]any{"binds": 2}), o)
		r.awaitUp(2)
		raw := settings(slowly(map[string]any{"binds": 2}))
		adjuster := r.c.(connect.Adjuster)
		var senders sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		next := make(chan *connect.Submission)
		go func() {
			defer close(next)
			for range 100 {
				select {
				case next <- r.submission():
				case <-hold:
					return
				}
			}
		}()
		for range 30 {
			senders.Go(func() {
				for s := range next {
					if err := r.c.Send(ctx, s); err != nil {
						return
					}
				}
			})
		}
		arrived := func(want uint64) {
			t.Helper()
			if synctest.Wait(); far.Totals().Submits != want {
				t.Errorf("%d arrived, want %d", far.Totals().Submits, want)
			}
		}
		arrived(4)
		if !adjuster.Adjust(adjusted(5, raw)) || r.c.Info().Window != 10 {
			t.Errorf("window %d", r.c.Info().Window)
		}
		arrived(10)
		if !adjuster.Adjust(adjusted(3, raw)) {
			t.Error("not taken")
		}
		arrived(10)
		time.Sleep(time.Minute + time.Second) // the response timeout frees the places
		arrived(16)                           // 6 of a window of 3 on 2 binds
		if got := len(far.Sessions()); got != 2 || len(r.links) > 2 {
			t.Errorf("%d sessions, links %+v", got, r.links)
		}
		close(hold)
		cancel()
		r.close(0)
		senders.Wait()
	})
}

// What a connector cannot take over while it lives, and what is no change.
func TestAdjustRefuses(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	more := map[string]any{"hosts": []string{far.Addr()}}
	r := to(t, far.Addr(), 3, nil)
	adjuster := r.c.(connect.Adjuster)
	tests := []struct {
		name string
		noun *sms.Connector
		want bool
	}{
		{"nothing", adjusted(3, settings(more)), true},
		{"pace, mode, scope, name", &sms.Connector{Head: sms.Head{ID: 7, Name: "other"}, Pace: 9, Mode: sms.ModePause, ScopeID: 5, Window: 3, Settings: settings(more)}, true},
		{"a default that is written down", adjusted(3, settings(map[string]any{"hosts": []string{far.Addr()}, "binds": 1})), true},
		{"a setting", adjusted(3, settings(map[string]any{"hosts": []string{far.Addr()}, "binds": 2})), false},
		{"the password", adjusted(3, json.RawMessage(strings.ReplaceAll(string(settings(more)), password, "other"))), false},
		{"settings that cannot work", adjusted(3, json.RawMessage(`{}`)), false},
		{"another connector", &sms.Connector{Head: sms.Head{ID: 8}, Window: 3, Settings: settings(more)}, false},
		{"another protocol", &sms.Connector{Head: sms.Head{ID: 7}, Protocol: "http", Window: 3, Settings: settings(more)}, false},
	}
	for _, tt := range tests {
		if got := adjuster.Adjust(tt.noun); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
		if w := r.c.Info().Window; w != 3 {
			t.Errorf("%s: window %d", tt.name, w)
		}
	}
	// The scope of the last one that was taken counts.
	if !adjuster.Adjust(&sms.Connector{Head: sms.Head{ID: 7}, ScopeID: 5, Window: 1, Settings: settings(more)}) {
		t.Fatal("not taken")
	}
	if err := far.Deliver(t.Context(), "harkara", &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte("id:1 stat:DELIVRD")}); err != nil {
		t.Fatal(err)
	}
	if got := r.receipts[0].ConnectorID; got != 5 {
		t.Errorf("the receipt is of scope %d", got)
	}
	r.close(time.Minute)
	if adjuster.Adjust(adjusted(9, settings(more))) {
		t.Error("taken after Close")
	}
}

// With the window grows what may wait for a Sink that is slow: all of it, and not
// only the window, can be sent while the Sink takes nothing.
func TestAdjustWhatMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, o := piped(t, smpptest.Config{})
		s := &slowSink{sink: &sink{t: t, changed: make(chan struct{})}, gate: make(chan struct{})}
		r := &rig{sink: s.sink}
		raw := settings(slowly(nil))
		c, err := o.New(adjusted(1, raw), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Connect(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.awaitUp(1)
		ctx, cancel := context.WithCancel(t.Context())
		var sender sync.WaitGroup
		sender.Go(func() {
			for c.Send(ctx, r.submission()) == nil {
			}
		})
		synctest.Wait() // the Sink has the first outcomes in hand, and the sender stands still
		before := far.Totals().Submits
		if !c.(connect.Adjuster).Adjust(adjusted(11, raw)) {
			t.Fatal("not taken")
		}
		synctest.Wait()
		// Four times the window may wait, and a thousand.
		if n := far.Totals().Submits - before; n < 4*(11-1) {
			t.Errorf("%d more were sent, want at least 40", n)
		}
		cancel()
		sender.Wait()
		close(s.gate)
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// slowSink takes no outcomes before its gate is closed.
type slowSink struct {
	*sink
	gate chan struct{}
}

func (s *slowSink) Outcomes(list []sms.Outcome) {
	<-s.gate
	s.sink.Outcomes(list)
}

// A bind that comes up later has the window of then, also one that has begun
// already.
func TestAdjustWhileDown(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	begun, open := make(chan struct{}, 1), make(chan struct{})
	r := start(t, 1, map[string]any{"hosts": []string{far.Addr()}}, smppc.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		begun <- struct{}{}
		select {
		case <-open:
		case <-ctx.Done():
			return nil, errors.New("no")
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
	<-begun
	if !r.c.(connect.Adjuster).Adjust(adjusted(20, settings(map[string]any{"hosts": []string{far.Addr()}}))) {
		t.Fatal("not taken")
	}
	far.Mute(true)
	close(open)
	r.awaitUp(1)
	r.send(20) // none is answered
	if err := far.WaitReceived(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
}
