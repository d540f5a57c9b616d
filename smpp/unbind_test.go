package smpp_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

// TestUnbind: no new requests, the window drains, answers still go out, then unbind.
func TestUnbind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(pile, 1)
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Handler: open})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, 50, deliver("y"))
		r := <-open
		unbound := make(chan error, 2)
		go func() { unbound <- s.Unbind(ctx) }()
		go func() { unbound <- s.Unbind(ctx) }() // twice does no harm
		synctest.Wait()
		if err := s.Send(ctx, submit("z"), done); err != smpp.ErrUnbinding {
			t.Errorf("Send while unbinding: %v", err)
		}
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "7"})
		if res := <-done; res.Err() != nil {
			t.Errorf("the open request: %v", res.Err())
		}
		synctest.Wait() // still one of the peer's is open
		if err := r.Respond(smpp.StatusOK, nil); err != nil {
			t.Error(err)
		}
		next[*smpp.DeliverSMResp](t, peer)
		u, _ := next[*smpp.Unbind](t, peer)
		say(t, peer, smpp.StatusOK, u.Sequence, &smpp.UnbindResp{})
		for range 2 {
			if err := <-unbound; err != nil {
				t.Error(err)
			}
		}
		if s.Err() != smpp.ErrUnbound {
			t.Errorf("ended with %v", s.Err())
		}
		if err := s.Unbind(ctx); err != nil {
			t.Errorf("Unbind of what is closed: %v", err)
		}
	})
}

// TestUnbindAndPeerCloses: a peer that closes instead of answering has unbound as well.
func TestUnbindAndPeerCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		unbound := make(chan error, 1)
		go func() { unbound <- s.Unbind(ctx) }()
		next[*smpp.Unbind](t, peer)
		_ = peer.Close()
		if err := <-unbound; err != nil || s.Err() != smpp.ErrUnbound {
			t.Errorf("Unbind %v, ended with %v", err, s.Err())
		}
	})
}

func TestUnbindWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		unbound := make(chan error, 1)
		began := time.Now()
		go func() { unbound <- s.Unbind(ctx) }()
		next[*smpp.Unbind](t, peer)
		if err := <-unbound; err != nil || time.Since(began) != 10*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

// TestUnbindCutShort: the window does not drain before ctx ends.
func TestUnbindCutShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		next[*smpp.SubmitSM](t, peer)
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if err := s.Unbind(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Unbind: %v", err)
		}
		if r := <-done; r.Outcome != smpp.Lost {
			t.Errorf("the open request: %+v", r)
		}
		if s.Err() != smpp.ErrClosed {
			t.Errorf("ended with %v", s.Err())
		}
	})
}

// TestPeerUnbinds is F28: open responses are waited for, then unbind_resp, then the end.
func TestPeerUnbinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		done := make(results, 2)
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, 60, &smpp.Unbind{})
		say(t, peer, smpp.StatusOK, 61, &smpp.Unbind{}) // impatient
		synctest.Wait()
		if err := s.Send(ctx, submit("z"), done); err != smpp.ErrUnbinding {
			t.Errorf("Send after the peer's unbind: %v", err)
		}
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "7"})
		if r := <-done; r.Err() != nil {
			t.Errorf("the open request: %v", r.Err())
		}
		if h, _ := next[*smpp.UnbindResp](t, peer); h.Sequence != 60 {
			t.Errorf("answer %v", h)
		}
		<-s.Done()
		if s.Err() != smpp.ErrUnbound {
			t.Errorf("ended with %v", s.Err())
		}
	})
}

func TestPeerUnbindsAndNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		next[*smpp.SubmitSM](t, peer)
		began := time.Now()
		say(t, peer, smpp.StatusOK, 60, &smpp.Unbind{})
		next[*smpp.UnbindResp](t, peer)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("answered after %v", took)
		}
		<-s.Done()
		if r := <-done; r.Outcome != smpp.Lost || r.Cause != smpp.ErrUnbound {
			t.Errorf("the open request: %+v", r)
		}
	})
}

// TestBothUnbind at the same time.
func TestBothUnbind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		unbound := make(chan error, 1)
		go func() { unbound <- s.Unbind(ctx) }()
		synctest.Wait()
		say(t, peer, smpp.StatusOK, 60, &smpp.Unbind{})
		synctest.Wait()
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{})
		if r := <-done; r.Err() != nil {
			t.Errorf("the open request: %v", r.Err())
		}
		for range 2 { // unbind and unbind_resp, in either order
			if _, _, err := peer.Next(); err != nil {
				break
			}
		}
		if err := <-unbound; err != nil || s.Err() != smpp.ErrUnbound {
			t.Errorf("Unbind %v, ended with %v", err, s.Err())
		}
	})
}

// TestCloseFromCallbacks: neither Complete nor a handler deadlocks by closing the session.
func TestCloseFromCallbacks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) {
			_ = r.Session().Close()
		})})
		say(t, peer, smpp.StatusOK, 1, deliver("x"))
		<-s.Done()
		s2, peer2 := bindTo(t, smpp.Transceiver, smpp.Config{})
		mustSend(t, s2, submit("x"), smpp.CompleteFunc(func(smpp.Result) { _ = s2.Close() }))
		h, _ := next[*smpp.SubmitSM](t, peer2)
		say(t, peer2, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{})
		<-s2.Done()
		_ = s2.Close()
	})
}

// TestCloseWhenWritten: what is queued still goes out.
func TestCloseWhenWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{})
		done := make(results, 2)
		mustSend(t, s, submit("1"), done)
		mustSend(t, s, submit("2"), done)
		s.CloseWhenWritten()
		next[*smpp.SubmitSM](t, peer)
		next[*smpp.SubmitSM](t, peer)
		<-s.Done()
		for range 2 {
			if r := <-done; r.Outcome != smpp.Lost {
				t.Errorf("%+v", r)
			}
		}
	})
}
