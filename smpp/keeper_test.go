package smpp_test

import (
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

// TestHalfOpen is F9: the peer reads and never answers. It is dead after one interval and two timeouts.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 1})
		done := make(results, 1)
		began := time.Now()
		mustSend(t, s, submit("x"), done) // the window is full: enquire_link must not wait for it
		next[*smpp.SubmitSM](t, peer)
		h1, _ := next[*smpp.EnquireLink](t, peer)
		if at := time.Since(began); at != 20*time.Second {
			t.Errorf("first enquire_link after %v", at)
		}
		h2, _ := next[*smpp.EnquireLink](t, peer)
		if at := time.Since(began); at != 30*time.Second || h2.Sequence == h1.Sequence {
			t.Errorf("second enquire_link after %v", at)
		}
		<-s.Done()
		if at := time.Since(began); at != 40*time.Second {
			t.Errorf("dead after %v", at)
		}
		if s.Err() != smpp.ErrDeadPeer {
			t.Errorf("ended with %v", s.Err())
		}
		if r := <-done; r.Outcome != smpp.Lost || r.Cause != smpp.ErrDeadPeer {
			t.Errorf("the open request: %+v", r)
		}
	})
}

// TestKeepAlive: a quiet link lives for a day, and any sign of life counts.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{EnquireInterval: time.Minute, ResponseTimeout: -1})
		began, n := time.Now(), 0
		for time.Since(began) < 24*time.Hour {
			h, _ := next[*smpp.EnquireLink](t, peer)
			n++
			if n%2 == 0 {
				say(t, peer, smpp.StatusOK, h.Sequence, &smpp.EnquireLinkResp{})
			} else { // never answered, but a PDU of the peer's own comes
				say(t, peer, smpp.StatusOK, 5, &smpp.EnquireLink{})
				next[*smpp.EnquireLinkResp](t, peer)
			}
		}
		if n != 24*60 {
			t.Errorf("%d enquire_links in a day", n)
		}
		if s.Err() != nil || s.Stats().Open > 1 {
			t.Errorf("%v, %+v", s.Err(), s.Stats())
		}
	})
}

// TestIntervalShorterThanTimeout: an answered enquire_link is followed by the next after the interval,
// however long a missing answer would be waited for.
func TestIntervalShorterThanTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, peer := bindTo(t, smpp.Transceiver, smpp.Config{EnquireInterval: time.Second, EnquireTimeout: time.Minute})
		began := time.Now()
		for n := 1; n <= 30; n++ {
			h, _ := next[*smpp.EnquireLink](t, peer)
			if at := time.Since(began); at != time.Duration(n)*time.Second {
				t.Fatalf("enquire_link %d after %v", n, at)
			}
			say(t, peer, smpp.StatusOK, h.Sequence, &smpp.EnquireLinkResp{})
		}
	})
}

// TestBusyLinkIsNotAsked: while PDUs go both ways no enquire_link is needed; when only our own writes
// go out and nothing comes back, it is.
func TestBusyLinkIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 1000})
		done := make(results, 1000)
		for range 30 {
			time.Sleep(5 * time.Second)
			mustSend(t, s, submit("x"), done)
			h, _ := next[*smpp.SubmitSM](t, peer) // fails on an enquire_link
			say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{})
		}
		silent := time.Now()
		asked := false
		for !asked && time.Since(silent) < time.Minute {
			time.Sleep(5 * time.Second)
			mustSend(t, s, submit("x"), done)
			for {
				_, p, err := peer.Next()
				if err != nil {
					t.Fatal(err)
				}
				if _, ok := p.(*smpp.EnquireLink); !ok {
					break
				}
				asked = true
			}
		}
		if !asked {
			t.Error("a peer that does not answer submits is never asked")
		}
	})
}

// TestSlowPDU is F30's slowloris: a PDU that is begun must be finished in time, though octets come.
func TestSlowPDU(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := boundBy(t, smpp.Transceiver, smpp.Config{EnquireInterval: -1})
		frame := rawFrame(smpp.CmdEnquireLink, 0, 1, "")
		if _, err := peer.Write(frame); err != nil { // a whole one first
			t.Fatal(err)
		}
		next[*smpp.EnquireLinkResp](t, peer)
		time.Sleep(time.Hour) // nothing at all is no crime
		began := time.Now()
		for i := 0; s.Err() == nil; i = (i + 1) % 15 {
			if _, err := peer.Write(frame[i : i+1]); err != nil {
				break
			}
			time.Sleep(time.Second)
		}
		<-s.Done()
		if s.Err() != smpp.ErrPDUTimeout {
			t.Errorf("ended with %v", s.Err())
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

// TestStalledPeer: a peer that does not read ends the session by the write deadline, and response
// timers run meanwhile.
func TestStalledPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := bindTo(t, smpp.Transceiver, smpp.Config{EnquireInterval: -1, ResponseTimeout: 3 * time.Second})
		done := make(results, 1)
		began := time.Now()
		mustSend(t, s, submit("x"), done)
		if r := <-done; r.Outcome != smpp.TimedOut || time.Since(began) != 3*time.Second {
			t.Errorf("%s after %v", r.Outcome, time.Since(began))
		}
		<-s.Done()
		if !errors.Is(s.Err(), os.ErrDeadlineExceeded) || time.Since(began) != 10*time.Second {
			t.Errorf("ended after %v with %v", time.Since(began), s.Err())
		}
	})
}

// TestPeerThatNeverReads: answers for a peer that floods and does not read are bounded.
func TestPeerThatNeverReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := boundBy(t, smpp.Transceiver, smpp.Config{WriteTimeout: -1, EnquireInterval: -1})
		flood := rawFrame(smpp.CmdEnquireLink, 0, 1, "")
		for range 12 {
			flood = append(flood, flood...)
		}
		n := 0
		for ; s.Err() == nil && n < 100; n++ {
			if _, err := peer.Write(flood); err != nil {
				break
			}
			synctest.Wait()
		}
		<-s.Done()
		if s.Err() != smpp.ErrSlowPeer {
			t.Errorf("ended with %v", s.Err())
		}
		if octets := n * len(flood); octets > 2<<20 {
			t.Errorf("%d octets of answers were queued", octets)
		}
	})
}

func TestInactivity(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.Respond(smpp.StatusOK, nil) })
		s, peer := boundBy(t, smpp.Transceiver, smpp.Config{InactivityTimeout: 10 * time.Minute, EnquireInterval: -1, Handler: ok})
		time.Sleep(9 * time.Minute)
		say(t, peer, smpp.StatusOK, 1, submit("x"))
		next[*smpp.SubmitSMResp](t, peer)
		began := time.Now()
		for range 9 { // link tests are no activity
			time.Sleep(time.Minute)
			say(t, peer, smpp.StatusOK, 2, &smpp.EnquireLink{})
			next[*smpp.EnquireLinkResp](t, peer)
		}
		<-s.Done()
		if s.Err() != smpp.ErrInactive || time.Since(began) != 10*time.Minute {
			t.Errorf("ended after %v with %v", time.Since(began), s.Err())
		}
	})
}

// TestTimersOff: with every timer off a silent session stays.
func TestTimersOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{ResponseTimeout: -1, EnquireInterval: -1, PDUTimeout: -1, WriteTimeout: -1})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		time.Sleep(1000 * time.Hour)
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "7"})
		if r := <-done; r.Err() != nil {
			t.Error(r.Err())
		}
	})
}
