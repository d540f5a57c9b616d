package smpp_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// moody is an SMSC that nobody would like to be bound to.
func moody(*smpptest.Message) smpptest.Reply {
	switch n := rand.N(1000); {
	case n < 2:
		return smpptest.Reply{Drop: true}
	case n < 10:
		return smpptest.Reply{NoResponse: true}
	case n < 30:
		return smpptest.Reply{Nack: true, Status: smpp.StatusInvCmdID}
	case n < 60:
		return smpptest.Reply{Status: smpp.StatusThrottled}
	case n < 200:
		return smpptest.Reply{Delay: rand.N(30 * time.Millisecond)}
	}
	return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateDelivered}}}
}

// TestEveryRequestEndsOnce: many senders, an SMSC that answers in any order, late, never, or drops the
// link. Whatever Send has accepted is completed exactly once, and the window is never exceeded.
func TestEveryRequestEndsOnce(t *testing.T) {
	const senders, each, window, rounds = 8, 200, 20, 5
	smsc, err := smpptest.Start(smpptest.Config{OnSubmit: moody})
	if err != nil {
		t.Fatal(err)
	}
	defer smsc.Close()
	for range rounds {
		esme, err := smpptest.Dial(ctx, smsc.Addr(), smpptest.ESMEConfig{Bind: smpp.BindConfig{Session: smpp.Config{
			Window: window, ResponseTimeout: 20 * time.Millisecond}}})
		if err != nil {
			t.Fatal(err)
		}
		var accepted atomic.Int64
		var ends [senders * each]atomic.Int32
		var wg sync.WaitGroup
		for g := range senders {
			wg.Go(func() {
				for i := range each {
					n := g*each + i
					err := esme.Send(context.Background(), submit("x"), smpp.CompleteFunc(func(smpp.Result) {
						if n := esme.Stats().Open; n > window {
							t.Errorf("%d requests are open", n)
						}
						ends[n].Add(1)
					}))
					if errors.Is(err, smpp.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					accepted.Add(1)
				}
			})
		}
		wg.Wait()
		if rand.N(2) == 0 {
			_ = esme.Close()
		} else if err := esme.Unbind(ctx); err != nil {
			t.Error(err)
		}
		<-esme.Done()
		var total int64
		for i := range ends {
			n := ends[i].Load()
			total += int64(n)
			if n > 1 {
				t.Fatalf("request %d ended %d times", i, n)
			}
		}
		if total != accepted.Load() {
			t.Fatalf("%d accepted, %d ended", accepted.Load(), total)
		}
		_ = esme.Close()
	}
}

// TestSendDoesNotAllocate on the way out, nor for the response.
func TestSendDoesNotAllocate(t *testing.T) {
	smsc, err := smpptest.Start(smpptest.Config{Keep: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer smsc.Close()
	s, err := smpp.Dial(ctx, smsc.Addr(), smpp.BindConfig{SystemID: "a", Session: smpp.Config{Window: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close(); <-s.Done() }()
	p := submit("no allocation")
	answered := make(chan struct{}, 1)
	done := smpp.CompleteFunc(func(smpp.Result) { answered <- struct{}{} })
	n := testing.AllocsPerRun(2000, func() {
		if err := s.Send(ctx, p, done); err != nil {
			t.Fatal(err)
		}
		<-answered
	})
	if n >= 3 { // one or two belong to smpptest
		t.Errorf("%v allocations for a submit and its response", n)
	}
}
