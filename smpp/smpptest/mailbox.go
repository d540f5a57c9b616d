package smpptest

import (
	"context"
	"errors"
	"sync"

	"github.com/harkara/harkara/smpp"
)

// mailbox holds what is to be delivered to one system_id, until one of its sessions can take it. One
// goroutine empties it, in order; receipts wait here when no receiver is bound, as at a real SMSC.
type mailbox struct {
	smsc *SMSC

	mu       sync.Mutex
	queue    []letter
	sessions []*smpp.Session
	turn     int
	wake     chan struct{}
	ctx      context.Context
	cancel   context.CancelFunc
	done     chan struct{}
}

// letter is one deliver_sm on its way.
type letter struct {
	pdu   *smpp.DeliverSM
	tries int
	box   *mailbox
	over  Over
	from  *smpp.Session     // of the message it is about
	then  func(smpp.Result) // nil, or who waits for the outcome: then it is not tried again
}

// box finds the mailbox of a system_id; nil when the SMSC is closed.
func (c *SMSC) box(systemID string) *mailbox {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mailbox == nil {
		return nil
	}
	b := c.mailbox[systemID]
	if b == nil {
		b = &mailbox{smsc: c, wake: make(chan struct{}, 1), done: make(chan struct{})}
		b.ctx, b.cancel = context.WithCancel(context.Background())
		c.mailbox[systemID] = b
		go b.loop()
	}
	return b
}

// post sends a receipt when its time has come.
func (c *SMSC) post(m *Message, rc Receipt) {
	b := c.box(m.Session.PeerSystemID())
	if b == nil {
		return
	}
	if rc.After <= 0 {
		if l, ok := c.receipt(b, m, &rc); ok {
			b.put(l)
		}
		return
	}
	late := *m // its fields may be kept, its PDU is the session's again once it was answered
	late.PDU = nil
	c.timer.after(rc.After, func() {
		if l, ok := c.receipt(b, &late, &rc); ok {
			b.put(l)
		}
	})
}

// receipt makes the receipt of a message; false when the message was canceled meanwhile.
func (c *SMSC) receipt(b *mailbox, m *Message, rc *Receipt) (letter, bool) {
	if !c.archive.receipt(m.MessageID, rc.State, rc.Err) {
		return letter{}, false
	}
	return letter{pdu: rc.deliverSM(m), box: b, over: rc.Over, from: m.Session}, true
}

// sendEarly sends a receipt before the response is queued; when there is nobody to take it now, it
// waits like the others.
func (c *SMSC) sendEarly(m *Message, rc Receipt) {
	b := c.box(m.Session.PeerSystemID())
	if b == nil {
		return
	}
	if l, ok := c.receipt(b, m, &rc); ok && !b.send(&l) {
		b.put(l)
	}
}

// address finds the mailbox for a deliver_sm that can be sent.
func (c *SMSC) address(systemID string, p *smpp.DeliverSM) (*mailbox, error) {
	if _, err := smpp.Append(nil, smpp.Header{}, p); err != nil {
		return nil, err
	}
	b := c.box(systemID)
	if b == nil {
		return nil, smpp.ErrServerClosed
	}
	return b, nil
}

// Post queues a deliver_sm for a system_id, and does not wait. It is kept until a receiver or
// transceiver with that system_id is bound.
func (c *SMSC) Post(systemID string, p *smpp.DeliverSM) error {
	b, err := c.address(systemID, p)
	if err != nil {
		return err
	}
	b.put(letter{pdu: smpp.Clone(p)})
	return nil
}

// Deliver is Post that waits for the answer. It is not tried again.
func (c *SMSC) Deliver(ctx context.Context, systemID string, p *smpp.DeliverSM) error {
	b, err := c.address(systemID, p)
	if err != nil {
		return err
	}
	answer := make(chan error, 1)
	b.put(letter{pdu: smpp.Clone(p), then: func(r smpp.Result) { answer <- r.Err() }})
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-b.ctx.Done():
		return smpp.ErrServerClosed
	}
}

func (b *mailbox) put(l letter) {
	l.box = b
	b.mu.Lock()
	b.queue = append(b.queue, l)
	b.mu.Unlock()
	b.nudge()
}

func (b *mailbox) nudge() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func (b *mailbox) join(s *smpp.Session) {
	b.mu.Lock()
	b.sessions = append(b.sessions, s)
	b.mu.Unlock()
	b.nudge()
}

func (b *mailbox) close() {
	b.cancel()
	<-b.done
}

func (b *mailbox) loop() {
	defer close(b.done)
	var batch []letter
	for {
		select {
		case <-b.wake:
		case <-b.ctx.Done():
			return
		}
		for {
			batch = b.take(batch[:0])
			if len(batch) == 0 {
				break
			}
			for i := range batch {
				if !b.send(&batch[i]) {
					b.putBack(batch[i:])
					break
				}
			}
			if b.ctx.Err() != nil {
				return
			}
		}
	}
}

// take takes all that is queued, if there is a session to send it on.
func (b *mailbox) take(into []letter) []letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pruneLocked()
	if len(b.sessions) == 0 {
		return into
	}
	into = append(into, b.queue...)
	b.queue = b.queue[:0]
	return into
}

func (b *mailbox) putBack(letters []letter) {
	b.mu.Lock()
	b.queue = append(append([]letter(nil), letters...), b.queue...)
	b.mu.Unlock()
	b.nudge()
}

// pruneLocked forgets sessions that have ended.
func (b *mailbox) pruneLocked() {
	live := b.sessions[:0]
	for _, s := range b.sessions {
		select {
		case <-s.Closing():
		default:
			live = append(live, s)
		}
	}
	clear(b.sessions[len(live):])
	b.sessions = live
}

// send sends on the next session in turn; false when there is none left.
func (b *mailbox) send(l *letter) bool {
	for {
		b.mu.Lock()
		b.pruneLocked()
		if len(b.sessions) == 0 {
			b.mu.Unlock()
			return false
		}
		s := b.chooseLocked(l)
		b.mu.Unlock()
		err := s.Send(b.ctx, l.pdu, &delivery{*l})
		switch {
		case err == nil:
			return true
		case b.ctx.Err() != nil:
			return false
		case errors.Is(err, smpp.ErrClosed): // pruned in the next round
		case errors.Is(err, smpp.ErrUnbinding):
			b.leave(s)
		default: // a PDU of Receipt that cannot be encoded: nobody would ever take it
			b.smsc.outcome(l, smpp.Result{Outcome: smpp.NotWritten, Cause: err}, false)
			return true
		}
	}
}

// chooseLocked takes the next session in turn that the letter may go over.
func (b *mailbox) chooseLocked(l *letter) *smpp.Session {
	b.turn++
	for i := range b.sessions {
		if s := b.sessions[(b.turn+i)%len(b.sessions)]; l.over.allows(l.from, s) {
			return s
		}
	}
	return b.sessions[b.turn%len(b.sessions)]
}

func (b *mailbox) leave(s *smpp.Session) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, have := range b.sessions {
		if have == s {
			b.sessions = append(b.sessions[:i], b.sessions[i+1:]...)
			return
		}
	}
}

// delivery completes a letter.
type delivery struct{ letter }

// Complete counts the outcome and tries again where the script says so.
func (d *delivery) Complete(r smpp.Result) { d.box.smsc.outcome(&d.letter, r, true) }

func (c *SMSC) outcome(l *letter, r smpp.Result, again bool) {
	switch {
	case r.Outcome != smpp.Answered:
		c.deliverLost.Add(1)
	case r.Status != smpp.StatusOK:
		c.deliverBad.Add(1)
	default:
		c.deliverOK.Add(1)
	}
	if c.cfg.OnDeliverResp != nil {
		c.cfg.OnDeliverResp(l.pdu, r)
	}
	switch {
	case l.then != nil:
		l.then(r)
	case again && r.Outcome == smpp.NotWritten: // it never left
		l.box.put(*l)
	case again && (r.Outcome != smpp.Answered || r.Status != smpp.StatusOK) && l.tries < c.cfg.Redeliver:
		next := *l
		next.tries++
		c.timer.after(c.cfg.RedeliverAfter, func() { l.box.put(next) })
	}
	c.news.touch()
}
