package smpptest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

// TestTamper: what an ESME makes of a response that is not as it should be.
func TestTamper(t *testing.T) {
	tests := []struct {
		name       string
		reply      Reply
		outcome    smpp.Outcome
		status     smpp.Status
		unexpected uint64
		frameError bool
	}{
		{"twice", Reply{Tamper: Twice}, smpp.Answered, smpp.StatusOK, 1, false},
		{"twice generic_nack", Reply{Nack: true, Status: smpp.StatusSysErr, Tamper: Twice}, smpp.Answered, smpp.StatusSysErr, 1, false},
		{"lost", Reply{Tamper: func([]byte) []byte { return nil }}, smpp.TimedOut, 0, 0, false},
		{"garbage behind", Reply{Tamper: Behind("HTTP/1.1 200 OK\r\n")}, smpp.Answered, smpp.StatusOK, 0, true},
		{"half of it and the end", Reply{Tamper: Half, DropAfter: true}, smpp.Lost, 0, 0, false},
		{"untouched", Reply{}, smpp.Answered, smpp.StatusOK, 0, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, e := pair(t, Config{OnSubmit: Always(tt.reply)}, ESMEConfig{Bind: smpp.BindConfig{Session: smpp.Config{ResponseTimeout: 10 * time.Second, PDUTimeout: -1}}})
				results := make(chan smpp.Result, 1)
				if err := e.Send(ctx, text("x"), smpp.CompleteFunc(func(r smpp.Result) { results <- r })); err != nil {
					t.Fatal(err)
				}
				if r := <-results; r.Outcome != tt.outcome || r.Status != tt.status {
					t.Errorf("%s %s, want %s %s", r.Outcome, r.Status, tt.outcome, tt.status)
				}
				synctest.Wait()
				if n := e.Stats().Unexpected; n != tt.unexpected {
					t.Errorf("%d unexpected responses, want %d", n, tt.unexpected)
				}
				var fe *smpp.FrameError
				if got := errors.As(e.Err(), &fe); got != tt.frameError {
					t.Errorf("the session ended with %v", e.Err())
				}
			})
		})
	}
}

// TestTamperOne: of PDUs written together only the one that is meant is changed.
func TestTamperOne(t *testing.T) {
	near, far := net.Pipe()
	w := NewWire(near)
	var all []byte
	for seq := range uint32(3) {
		all, _ = smpp.Append(all, smpp.Header{Sequence: seq + 1}, &smpp.EnquireLink{})
	}
	w.Tamper(smpp.CmdEnquireLink, 2, func([]byte) []byte { return []byte("two") })
	w.Tamper(smpp.CmdEnquireLinkResp, 3, func([]byte) []byte { return nil })
	got := make([]byte, 16+3+16+1)
	done := make(chan error, 1)
	go func() {
		_, err := far.Read(got[:])
		done <- err
	}()
	if n, err := w.Write(append(all, 'x')); err != nil || n != len(all)+1 {
		t.Errorf("wrote %d, %v", n, err)
	}
	want := slices.Concat(all[:16], []byte("two"), all[32:], []byte("x"))
	if err := <-done; err != nil || !bytes.Equal(got, want) {
		t.Errorf("% x, want % x (%v)", got, want, err)
	}
	_ = w.Close()
	if _, err := w.Write(all); err == nil {
		t.Error("wrote to a closed wire")
	}
	w.Split(5)
	if n, err := w.Write(all); err == nil || n != 0 {
		t.Errorf("wrote %d octets to a closed wire", n)
	}
	if err := w.Inject(all); err == nil {
		t.Error("injected into a closed wire")
	}
	_ = far.Close()
}

// TestSplit: a PDU cut at every octet, and in pieces of every size, in both directions.
func TestSplit(t *testing.T) {
	for size := 1; size <= 40; size++ {
		synctest.Test(t, func(t *testing.T) {
			c, e := pair(t, Config{Split: size}, ESMEConfig{})
			e.Wire.Split(size)
			for range 3 {
				if _, err := e.Submit(ctx, text("split")); err != nil {
					t.Fatal(err)
				}
			}
			if got := c.Received(); len(got) != 3 || string(got[2].Text) != "split" {
				t.Errorf("pieces of %d: received %d", size, len(got))
			}
		})
	}
}

// TestGreatestPayload is a message_payload of 65,535 octets, the most there can be, both ways.
func TestGreatestPayload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{}, ESMEConfig{})
		payload := bytes.Repeat([]byte("64 KiB. "), 1<<13)[:0xFFFF]
		p := text("")
		if err := p.TLVs.Add(smpp.TagMessagePayload, payload); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Submit(ctx, p); err != nil {
			t.Fatal(err)
		}
		if err := c.Deliver(ctx, "esme", (*smpp.DeliverSM)(p)); err != nil {
			t.Fatal(err)
		}
		if got := c.Received()[0].Text; !bytes.Equal(got, payload) {
			t.Errorf("the SMSC has %d octets", len(got))
		}
		if got := e.Deliveries()[0].PDU.(*smpp.DeliverSM).Text(); !bytes.Equal(got, payload) {
			t.Errorf("the ESME has %d octets", len(got))
		}
	})
}

// TestFreeze is half-open TCP: the ESME finds out by its link tests, and what it had sent is unknown.
func TestFreeze(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		timers := smpp.Config{EnquireInterval: 20 * time.Second, EnquireTimeout: 10 * time.Second, EnquireMisses: 2}
		c, e := pair(t, Config{Session: smpp.Config{EnquireInterval: -1}}, ESMEConfig{Bind: smpp.BindConfig{Session: timers}})
		began := time.Now()
		c.Freeze(true)
		c.Freeze(true) // nothing new
		if _, err := e.Submit(ctx, text("into the void")); !errors.Is(err, smpp.ErrLost) {
			t.Errorf("submit: %v", err)
		}
		<-e.Done()
		if took := time.Since(began); took != 40*time.Second || !errors.Is(e.Err(), smpp.ErrDeadPeer) {
			t.Errorf("found out after %s: %v", took, e.Err())
		}

		e2 := join(t, c, ESMEConfig{Bind: smpp.BindConfig{SystemID: "two", Session: timers}})
		c.Freeze(true)
		result := make(chan error, 1)
		go func() {
			_, err := e2.Submit(ctx, text("kept"))
			result <- err
		}()
		time.Sleep(25 * time.Second) // one link test is not answered
		c.Freeze(false)
		if err := <-result; err != nil {
			t.Errorf("after the thaw: %v", err)
		}
		if got := c.Received(); len(got) != 1 || string(got[0].Text) != "kept" {
			t.Errorf("received %d", len(got))
		}
	})
}

// TestInjectUnbind: the SMSC unbinds in mid-window, with messages that it will never answer.
func TestInjectUnbind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{OnSubmit: Between(1, 2, Always(Reply{}), Always(Reply{NoResponse: true}))}, ESMEConfig{})
		results := make(chan smpp.Result, 5)
		for range cap(results) {
			if err := e.Send(ctx, text("x"), smpp.CompleteFunc(func(r smpp.Result) { results <- r })); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.WaitReceived(ctx, 5); err != nil {
			t.Fatal(err)
		}
		unbind, _ := smpp.Append(nil, smpp.Header{Sequence: 99}, &smpp.Unbind{})
		if err := c.Inject(unbind); err != nil {
			t.Fatal(err)
		}
		<-e.Done()
		outcomes := map[smpp.Outcome]int{}
		for range cap(results) {
			outcomes[(<-results).Outcome]++
		}
		if outcomes[smpp.Answered] != 2 || outcomes[smpp.Lost] != 3 || !errors.Is(e.Err(), smpp.ErrUnbound) {
			t.Errorf("%v, %v", outcomes, e.Err())
		}
	})
}

// TestDownAndUp: an operator's restart, on the same address; what is to be delivered waits meanwhile.
func TestDownAndUp(t *testing.T) {
	c, err := Start(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	addr := c.Addr()
	e, err := Dial(ctx, addr, ESMEConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Down(ctx); err != nil {
		t.Error(err)
	}
	<-e.Done()
	if !errors.Is(e.Err(), smpp.ErrUnbound) {
		t.Errorf("the session ended with %v", e.Err())
	}
	_ = e.Close()
	if _, err := Dial(ctx, addr, ESMEConfig{}); err == nil {
		t.Error("bound while it is down")
	}
	if err := c.Post("esme", &smpp.DeliverSM{ShortMessage: []byte("while you were out")}); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second changes nothing
		if err := c.Up(); err != nil || c.Addr() != addr {
			t.Fatal(err, c.Addr())
		}
	}
	e, err = Dial(ctx, addr, ESMEConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.WaitDelivered(ctx, 1); err != nil {
		t.Error(err)
	}
	quiet, err := Start(Config{NoListen: true, OnSubmit: Always(Reply{NoResponse: true})})
	if err != nil {
		t.Fatal(err)
	}
	defer quiet.Close()
	if err := quiet.Up(); err != nil {
		t.Error(err)
	}
	stuck, err := Connect(ctx, quiet, ESMEConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	done := make(chan smpp.Result, 1)
	if err := stuck.Send(ctx, text("x"), smpp.CompleteFunc(func(r smpp.Result) { done <- r })); err != nil {
		t.Fatal(err)
	}
	if err := quiet.WaitReceived(ctx, 1); err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(ctx)
	cancel()
	if err := quiet.Down(gone); !errors.Is(err, context.Canceled) || (<-done).Outcome != smpp.Lost {
		t.Errorf("with a message that is never answered: %v", err)
	}
}
