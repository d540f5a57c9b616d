package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sim"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestCustomerKill kills the server at random moments while a customer submits
// with a full window and takes receipts. Afterwards every message that was
// answered is there, was submitted, and the customer was told its end; no
// receipt came twice but one whose acknowledgement died with the server.
func TestCustomerKill(t *testing.T) {
	t.Parallel()
	rounds := 4
	if proof() {
		rounds = 40
	}
	far, err := sim.Start(sim.Options{Latency: 2 * time.Millisecond, ReceiptDelay: 3 * time.Millisecond, Keep: 10_000_000})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	s := newServer(t, oneRoute(far.Addr(), "response_timeout: 2s", "validity: 6s\nreceipt_wait: 3s")+login("customer", ""), "acme")
	s.smpp = freeAddr(t)
	s.cli("account", "topup", "acme", "1000000", "--reason", "test")
	c := &survivor{accepted: map[string]string{}, told: map[string][]telling{}}
	for range rounds {
		s.start()
		c.round++
		c.submits(t, s, time.Duration(150+rand.IntN(400))*time.Millisecond)
	}
	s.start()
	c.round++
	e := dial(t, s.smpp, "customer", smpp.Receiver, c.listens())
	waitFinal(t, s)
	eventually(t, "the customer is told the end of every message", func() bool { return c.untold() == 0 })
	e.Close()
	s.stop()
	s.checked()
	c.reconcile(t, s, far)
}

// survivor is a customer who remembers.
type survivor struct {
	round int
	next  int

	mu       sync.Mutex
	accepted map[string]string    // number by message id
	told     map[string][]telling // by message id
}

// telling is a receipt, and in which life of the server it came.
type telling struct {
	round int
	state smpp.MessageState
}

// listens takes receipts.
func (c *survivor) listens() smpptest.ESMEConfig {
	round := c.round
	return smpptest.ESMEConfig{Keep: -1, OnDeliver: func(d *smpptest.Delivery) smpptest.DeliverReply {
		c.mu.Lock()
		defer c.mu.Unlock()
		if d.Receipt != nil {
			c.told[d.Receipt.ID] = append(c.told[d.Receipt.ID], telling{round, d.Receipt.State})
		}
		return smpptest.DeliverReply{}
	}}
}

// submits keeps the window full until the server is killed.
func (c *survivor) submits(t *testing.T, s *server, life time.Duration) {
	t.Helper()
	e := dial(t, s.smpp, "customer", smpp.Transceiver, c.listens())
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	kill := time.AfterFunc(life, func() { _ = s.cmd.Process.Kill() })
	defer kill.Stop()
	var open sync.WaitGroup
	for {
		c.next++
		to := ordinary(c.next)
		open.Add(1)
		err := e.Send(ctx, submitSM(to, "hello"), smpp.CompleteFunc(func(r smpp.Result) {
			defer open.Done()
			if r.Outcome != smpp.Answered {
				return // nobody knows
			}
			if r.Status != smpp.StatusOK {
				t.Errorf("submit_sm to %s: %s", to, r.Status)
				return
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			c.accepted[r.Response.(*smpp.SubmitSMResp).MessageID] = to
		}))
		if err != nil {
			open.Done()
			break
		}
	}
	open.Wait()
	e.Close()
	s.kill()
}

// untold counts the accepted messages without a receipt.
func (c *survivor) untold() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.accepted {
		if len(c.told[id]) == 0 {
			n++
		}
	}
	return n
}

// told are the states of messages as receipts say them.
var toldAs = map[sms.State]smpp.MessageState{sms.Delivered: smpp.StateDelivered, sms.Undelivered: smpp.StateUndeliverable,
	sms.Rejected: smpp.StateRejected, sms.Expired: smpp.StateExpired, sms.Unknown: smpp.StateUnknown}

// reconcile compares what the customer knows with the database and the operator.
func (c *survivor) reconcile(t *testing.T, s *server, far *sim.Simulator) {
	t.Helper()
	records, balance := dump(t, s)
	byID := map[string]sms.Record{}
	var captured sms.Money
	for _, r := range records {
		byID[fmt.Sprint(r.ID)] = r
		captured += r.Captured
	}
	submitted := map[string]int{}
	for _, m := range far.Received() {
		submitted[m.Destination.Addr]++
	}
	delivered, again, replaced := 0, 0, 0
	for id, to := range c.accepted {
		r, ok := byID[id]
		if !ok || r.To != to {
			t.Errorf("message %s to %s was accepted and is not there", id, to)
			continue
		}
		told := c.told[id]
		if last := told[len(told)-1].state; last != toldAs[r.State] {
			t.Errorf("message %s is %s, the customer was told %s last", id, r.State, last)
		}
		for i, x := range told {
			switch {
			case slices.Contains(told[:i], x):
				t.Errorf("message %s: the customer was told %s twice in one life of the server", id, x.state)
			case i > 0 && x.state == told[i-1].state:
				again++ // its acknowledgement died with the server
			case i > 0:
				if told[i-1].state != smpp.StateUnknown && told[i-1].state != smpp.StateExpired {
					t.Errorf("message %s: the customer was told %s after %s", id, x.state, told[i-1].state)
				}
				replaced++ // a provisional end
			}
		}
		if r.State == sms.Delivered {
			delivered++
			if submitted[to] == 0 {
				t.Errorf("message %s is delivered, the operator never saw it", id)
			}
		}
		if n := submitted[to]; n > len(r.Sub)+r.Sub[0].Unknowns {
			t.Errorf("the operator saw %d submissions of message %s, which had %d unknown outcomes", n, id, r.Sub[0].Unknowns)
		}
	}
	for id := range c.told {
		if _, ok := byID[id]; !ok {
			t.Errorf("the customer was told of message %s, which is not there", id)
		}
	}
	if len(c.accepted) < 100 || delivered < len(c.accepted)/2 {
		t.Errorf("%d accepted, %d delivered: the test had too little to break", len(c.accepted), delivered)
	}
	if want := 1_000_000*sms.Credit - captured; balance.Posted != want || balance.Reserved != 0 {
		t.Errorf("posted %s, reserved %s; want %s and 0", balance.Posted, balance.Reserved, want)
	}
	t.Logf("%d answered, %d kept without an answer, %d receipts came again, %d replaced provisional ends",
		len(c.accepted), len(records)-len(c.accepted), again, replaced)
}
