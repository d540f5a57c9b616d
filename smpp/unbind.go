package smpp

import (
	"context"
	"time"
)

// Unbind ends the session in good order: no new requests, wait for the open ones in both directions,
// unbind, wait for unbind_resp (Config.UnbindTimeout), close, wait until all is settled. When ctx
// ends, the rest is cut short: the connection is closed and the error is ctx's. A handler must not
// call it before it has answered its own request.
func (s *Session) Unbind(ctx context.Context) error {
	if !s.beginUnbind() { // somebody else is at it
		select {
		case <-s.done:
			return nil
		case <-ctx.Done():
			return s.abandon(ctx)
		}
	}
	if err := s.waitDrained(ctx.Done()); err != nil {
		return s.abandon(ctx)
	}
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	w := make(waiter, 1)
	if _, err := s.enqueueRequest(new(Unbind), w, false); err != nil {
		<-s.done // the link was lost meanwhile
		return nil
	}
	var timeout <-chan time.Time
	if s.cfg.UnbindTimeout > 0 {
		t := time.NewTimer(s.cfg.UnbindTimeout)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case <-w:
	case <-timeout:
	case <-ctx.Done():
		return s.abandon(ctx)
	}
	s.shutdown(ErrUnbound)
	<-s.done
	return nil
}

func (s *Session) abandon(ctx context.Context) error {
	s.shutdown(ErrClosed)
	<-s.done
	return ctx.Err()
}

// beginUnbind stops new requests of ours; false when that had happened already.
func (s *Session) beginUnbind() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != stateBound {
		return false
	}
	s.state = stateUnbinding
	return true
}

// waitDrained waits until no request is open in either direction, or the session is closed.
func (s *Session) waitDrained(stop <-chan struct{}) error {
	s.mu.Lock()
	if s.slots.open == 0 && s.in.busy == 0 || s.state == stateClosing {
		s.mu.Unlock()
		return nil
	}
	if s.drained == nil {
		s.drained = make(chan struct{})
	}
	ch := s.drained
	s.mu.Unlock()
	select {
	case <-ch:
		return nil
	case <-stop:
		return context.Canceled
	}
}

// peerUnbinds waits for open requests, answers and closes (SMPP 3.4 §4.2). Responses to requests of
// ours may still come, as the peer has them already.
func (s *Session) peerUnbinds(seq uint32) {
	s.beginUnbind() // or our own Unbind has begun already
	s.mu.Lock()
	again := s.peerUnbinding
	s.peerUnbinding = true
	s.mu.Unlock()
	if again {
		return
	}
	go func() {
		stop, cancel := context.WithTimeout(context.Background(), max(s.cfg.UnbindTimeout, 0))
		defer cancel()
		_ = s.waitDrained(stop.Done()) // after the timeout the peer has its answer all the same
		s.mu.Lock()
		s.ending = true
		s.mu.Unlock()
		_ = s.answer(StatusOK, seq, new(UnbindResp)) // a closed session needs no answer
		s.closeWhenWritten(ErrUnbound)
	}()
}
