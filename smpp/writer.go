package smpp

import "time"

// outbox collects encoded PDUs until the writer takes them, all at once: one write for everything that
// was queued while the last one was under way. Session.mu guards it.
type outbox struct {
	buf     []byte
	spare   []byte
	answers int    // octets of buf that are answers
	base    uint64 // place of buf[0] in the stream of everything ever queued
	written uint64 // octets the socket has taken
	idle    bool   // the writer sleeps and must be woken
	closing bool   // the session ends when all is written
	reason  error  // why
}

const (
	// maxAnswers bounds the answers that are queued for a peer that does not read. (Requests are
	// bounded by the window.)
	maxAnswers = 1 << 20
	// keptBuffer is the greatest write buffer that is used again.
	keptBuffer = 256 << 10
)

// queueLocked encodes a PDU behind what is queued, and gives its place in the stream.
func (s *Session) queueLocked(st Status, seq uint32, p PDU) (uint64, error) {
	at := s.out.base + uint64(len(s.out.buf))
	buf, err := s.enc.appendFrame(s.out.buf, st, seq, p)
	if err != nil {
		return 0, err
	}
	s.out.buf = buf
	return at, nil
}

// wakeLocked tells whether the caller has to wake the writer.
func (o *outbox) wakeLocked() bool {
	wake := o.idle
	o.idle = false
	return wake
}

func (s *Session) afterQueue(wake bool) {
	s.counters.sent.Add(1)
	if wake {
		s.wakeWriter()
	}
}

func (s *Session) wakeWriter() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// answer queues a response. It never blocks.
func (s *Session) answer(st Status, seq uint32, p PDU) error {
	s.mu.Lock()
	wake, err := s.answerLocked(st, seq, p, 0)
	s.mu.Unlock()
	s.answered(wake, err, st, seq, p)
	return err
}

// answerLocked queues a response, with congestion_state when congestion (one more than it) is not 0.
func (s *Session) answerLocked(st Status, seq uint32, p PDU, congestion uint8) (wake bool, err error) {
	if s.state == stateClosing {
		return false, ErrClosed
	}
	if s.out.answers > maxAnswers {
		return false, ErrSlowPeer
	}
	before := len(s.out.buf)
	s.enc.congestion = congestion
	_, err = s.queueLocked(st, seq, p)
	s.enc.congestion = 0
	if err != nil {
		return false, err
	}
	s.out.answers += len(s.out.buf) - before
	return s.out.wakeLocked(), nil
}

// answered is what follows answerLocked, without the lock.
func (s *Session) answered(wake bool, err error, st Status, seq uint32, p PDU) {
	switch err {
	case nil:
	case ErrSlowPeer:
		s.shutdown(err)
		return
	default:
		return
	}
	s.afterQueue(wake)
	if s.cfg.Trace != nil {
		s.cfg.Trace(s, Outbound, Header{Command: p.Command(), Status: st, Sequence: seq}, p)
	}
}

// closeWhenWritten ends the session as soon as everything queued is written.
func (s *Session) closeWhenWritten(reason error) {
	s.mu.Lock()
	if !s.out.closing {
		s.out.closing, s.out.reason = true, reason
	}
	s.mu.Unlock()
	s.wakeWriter()
}

// writeLoop is the only one who writes to the connection.
func (s *Session) writeLoop() {
	defer s.io.Done()
	for {
		select {
		case <-s.wake:
		case <-s.closing:
			return
		}
		for s.writeQueued() {
		}
	}
}

// writeQueued writes all that is queued; false when there was nothing or the session ends.
func (s *Session) writeQueued() bool {
	s.mu.Lock()
	if s.state == stateClosing {
		s.mu.Unlock()
		return false
	}
	if len(s.out.buf) == 0 {
		s.out.idle = true
		closing, reason := s.out.closing, s.out.reason
		s.mu.Unlock()
		if closing {
			s.shutdown(reason)
		}
		return false
	}
	batch := s.out.buf
	s.out.buf, s.out.spare, s.out.answers = s.out.spare[:0], nil, 0
	s.out.base += uint64(len(batch))
	s.mu.Unlock()

	if s.cfg.WriteTimeout > 0 {
		_ = s.conn.SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout)) // if it fails, Write will too
	}
	n, err := s.conn.Write(batch)
	s.lastTx.Store(s.now())

	s.mu.Lock()
	s.out.written += uint64(n)
	if cap(batch) <= keptBuffer {
		s.out.spare = batch
	}
	s.mu.Unlock()
	if err != nil {
		s.linkLost(err)
		return false
	}
	return true
}
