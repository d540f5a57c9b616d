package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/harkara/harkara/smpp"
)

const systemID = "bench"

// customer is a system of a customer with one bind. What it knows of a message
// is the time when it was submitted, by its number; a receipt finds that by the
// message id, whichever of the answer and the receipt comes first.
type customer struct {
	mu        sync.Mutex
	begun     time.Time
	submitted []time.Duration // since begun
	ids       map[uint64]int  // messages that were answered and have no receipt yet
	early     map[uint64]time.Duration
	answers   []time.Duration
	receipts  []time.Duration
	accepted  time.Duration // the last answer
	settled   time.Duration // the last receipt
	failed    error
	over      chan struct{} // closed when every receipt is there, or one thing has failed
	done      bool
}

// submitAll submits n messages over one bind with the window, and waits for the
// receipt of each.
func submitAll(ctx context.Context, addr, password string, window, n int, r *result) error {
	c := &customer{submitted: make([]time.Duration, n), ids: map[uint64]int{}, early: map[uint64]time.Duration{}, over: make(chan struct{})}
	session, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: systemID, Password: smpp.Secret(password),
		Session: smpp.Config{Window: window, MaxInbound: 10_000, Handler: smpp.HandlerFunc(c.told)}})
	if err != nil {
		return err
	}
	defer session.Close()
	c.begun = time.Now()
	if err := c.submit(ctx, session, n); err != nil {
		return err
	}
	last, since := 0, time.Now()
	for {
		select {
		case <-c.over:
			return c.report(r)
		case <-session.Done():
			return fmt.Errorf("the session ended: %w", session.Err())
		case <-time.After(pollEvery):
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
		have := len(c.receipts)
		c.mu.Unlock()
		if have != last {
			last, since = have, time.Now()
		}
		if time.Since(since) > 30*time.Second {
			return fmt.Errorf("no receipt for 30 s: the customer has %d of %d", have, n)
		}
	}
}

// submit hands in the messages, as fast as the window lets it.
func (c *customer) submit(ctx context.Context, session *smpp.Session, n int) error {
	p := &smpp.SubmitSM{Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: sender},
		Destination:        smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN},
		RegisteredDelivery: smpp.ReceiptAlways, ShortMessage: []byte("The quick brown fox jumps over the lazy dog again")}
	for i := range n {
		p.Destination.Addr = "8801" + strconv.FormatInt(number(int64(i)), 10)
		at := time.Since(c.begun)
		c.mu.Lock()
		c.submitted[i] = at
		failed := c.failed
		c.mu.Unlock()
		if failed != nil {
			return failed
		}
		if err := session.Send(ctx, p, smpp.CompleteFunc(func(r smpp.Result) { c.answered(i, r) })); err != nil {
			return err
		}
	}
	return nil
}

func (c *customer) answered(i int, r smpp.Result) {
	now := time.Since(c.begun)
	err := r.Err()
	var id uint64
	if err == nil {
		id, err = strconv.ParseUint(r.Response.(*smpp.SubmitSMResp).MessageID, 10, 64)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.fail(err)
		return
	}
	c.accepted, c.answers = now, append(c.answers, now-c.submitted[i])
	if at, ok := c.early[id]; ok {
		delete(c.early, id)
		c.receipt(at - c.submitted[i])
		return
	}
	c.ids[id] = i
}

// told is the handler of receipts.
func (c *customer) told(p smpp.PDU, r smpp.Responder) {
	now := time.Since(c.begun)
	text, ok := smpp.TLVsOf(p).ReceiptedMessageID()
	id, err := strconv.ParseUint(text, 10, 64)
	state, _ := smpp.TLVsOf(p).MessageState()
	_ = r.Respond(smpp.StatusOK, nil) // a session that is gone is noticed by submitAll; p is not ours any more
	c.mu.Lock()
	defer c.mu.Unlock()
	if !ok || err != nil || state != smpp.StateDelivered {
		c.fail(fmt.Errorf("a receipt for %q with state %s", text, state))
		return
	}
	i, ok := c.ids[id]
	if !ok {
		if _, twice := c.early[id]; twice {
			c.fail(fmt.Errorf("two receipts for %d", id))
			return
		}
		c.early[id] = now
		return
	}
	delete(c.ids, id)
	c.receipt(now - c.submitted[i])
}

// receipt counts one; the lock is held.
func (c *customer) receipt(took time.Duration) {
	c.receipts = append(c.receipts, took)
	if len(c.receipts) == len(c.submitted) {
		c.settled = time.Since(c.begun)
		c.end()
	}
}

// fail and end are called with the lock held.
func (c *customer) fail(err error) {
	if c.failed == nil {
		c.failed = err
	}
	c.end()
}

func (c *customer) end() {
	if !c.done {
		c.done = true
		close(c.over)
	}
}

func (c *customer) report(r *result) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed != nil {
		return c.failed
	}
	r.accepted, r.answers, r.settled, r.receipts = c.accepted, slices.Clone(c.answers), c.settled, slices.Clone(c.receipts)
	slices.Sort(r.answers)
	slices.Sort(r.receipts)
	return nil
}
