package smpp_test

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

// TestResponsesInAnyOrder is F12: responses are matched by sequence number.
func TestResponsesInAnyOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 5})
		done := make(results, 5)
		var seqs []uint32
		if err := s.Send(ctx, &smpp.SubmitSM{ServiceType: "too long"}, done); err == nil {
			t.Error("sent what cannot be encoded")
		}
		for i := range 5 {
			mustSend(t, s, submit(string(rune('a'+i))), done)
			h, p := next[*smpp.SubmitSM](t, peer)
			if string(p.ShortMessage) != string(rune('a'+i)) {
				t.Fatalf("%d-th submit is %q", i, p.ShortMessage)
			}
			seqs = append(seqs, h.Sequence)
		}
		if seqs[0] != 2 {
			t.Errorf("after the bind comes number %d", seqs[0])
		}
		for i := 1; i < 5; i++ {
			if seqs[i] != seqs[i-1]+1 {
				t.Errorf("sequence numbers %d do not go up one by one", seqs)
			}
		}
		for _, i := range []int{4, 1, 3, 0, 2} {
			id := string(rune('A' + i))
			say(t, peer, smpp.StatusOK, seqs[i], &smpp.SubmitSMResp{MessageID: id})
			r := <-done
			if r.Sequence != seqs[i] || r.Err() != nil || r.Response.(*smpp.SubmitSMResp).MessageID != id {
				t.Errorf("result %+v for sequence %d", r, seqs[i])
			}
		}
		if st := s.Stats(); st.Open != 0 || st.Unexpected != 0 {
			t.Errorf("%+v", st)
		}
	})
}

// TestResponseForms is F18 and more: every form of answer completes its request, once.
func TestResponseForms(t *testing.T) {
	tests := []struct {
		name   string
		status smpp.Status
		answer smpp.PDU // nil: a header only
		raw    string   // or this body
		id     string
		bad    bool
	}{
		{"with id", smpp.StatusOK, &smpp.SubmitSMResp{MessageID: "7"}, "", "7", false},
		{"empty id", smpp.StatusOK, &smpp.SubmitSMResp{}, "", "", false},
		{"no body", smpp.StatusOK, nil, "", "", false},
		{"id without NUL", smpp.StatusOK, nil, "38601fa", "38601fa", false},
		{"refused without body", smpp.StatusThrottled, nil, "", "", false},
		{"refused with body", smpp.StatusInvDstAdr, nil, "\x00", "", false},
		{"vendor status", 0x411, nil, "", "", false},
		{"broken body", smpp.StatusOK, nil, "7\x00\xff", "7", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				faults := 0
				s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Fault: func(*smpp.Session, error) { faults++ }})
				done := make(results, 1)
				mustSend(t, s, submit("x"), done)
				h, _ := next[*smpp.SubmitSM](t, peer)
				if tt.answer != nil {
					say(t, peer, tt.status, h.Sequence, tt.answer)
				} else if _, err := peer.Write(rawFrame(smpp.CmdSubmitSMResp, tt.status, h.Sequence, tt.raw)); err != nil {
					t.Fatal(err)
				}
				r := <-done
				if r.Outcome != smpp.Answered || r.Status != tt.status || r.Response.(*smpp.SubmitSMResp).MessageID != tt.id {
					t.Errorf("result %+v %v", r, r.Response)
				}
				if (r.BodyErr != nil) != tt.bad || (faults > 0) != tt.bad {
					t.Errorf("body error %v, %d faults", r.BodyErr, faults)
				}
				var se *smpp.StatusError
				if err := r.Err(); (err != nil) != (tt.status != smpp.StatusOK) || err != nil && (!errors.As(err, &se) || se.Status != tt.status) {
					t.Errorf("Err is %v", err)
				}
			})
		})
	}
}

func TestGenericNackCompletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 1})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusInvCmdID, h.Sequence, &smpp.GenericNack{})
		r := <-done
		if _, ok := r.Response.(*smpp.GenericNack); !ok || r.Status != smpp.StatusInvCmdID || r.Err() == nil {
			t.Errorf("result %+v", r)
		}
		if err := s.TrySend(submit("y"), done); err != nil {
			t.Errorf("the window's place was not given back: %v", err)
		}
		next[*smpp.SubmitSM](t, peer)
	})
}

// TestWindow: Send waits for a place, TrySend does not, a place is given back once, and before Complete.
func TestWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 2})
		done := make(results, 10)
		again := make(chan error, 1)
		mustSend(t, s, submit("1"), smpp.CompleteFunc(func(smpp.Result) { again <- s.TrySend(submit("3"), done) }))
		mustSend(t, s, submit("2"), done)
		h1, _ := next[*smpp.SubmitSM](t, peer)
		h2, _ := next[*smpp.SubmitSM](t, peer)
		if err := s.TrySend(submit("x"), done); err != smpp.ErrWindowFull {
			t.Errorf("TrySend on a full window: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := s.Send(short, submit("x"), done); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Send on a full window: %v", err)
		}
		go func() { _ = peer.Send(smpp.StatusOK, h1.Sequence, &smpp.SubmitSMResp{}) }() // next fails without it
		h3, _ := next[*smpp.SubmitSM](t, peer)
		if err := <-again; err != nil {
			t.Errorf("TrySend from Complete: %v", err)
		}
		if err := s.TrySend(submit("x"), done); err != smpp.ErrWindowFull {
			t.Errorf("the window has grown: %v", err)
		}
		blocked := make(chan error, 1)
		go func() { blocked <- s.Send(ctx, submit("4"), done) }()
		synctest.Wait()
		say(t, peer, smpp.StatusOK, h2.Sequence, &smpp.SubmitSMResp{})
		if err := <-blocked; err != nil {
			t.Errorf("the waiting Send: %v", err)
		}
		if _, p := next[*smpp.SubmitSM](t, peer); string(p.ShortMessage) != "4" {
			t.Errorf("sent %q", p.ShortMessage)
		}
		// A duplicate of an answered one gives nothing back.
		say(t, peer, smpp.StatusOK, h2.Sequence, &smpp.SubmitSMResp{})
		synctest.Wait()
		if err := s.TrySend(submit("x"), done); err != smpp.ErrWindowFull {
			t.Errorf("a duplicate response made room: %v", err)
		}
		say(t, peer, smpp.StatusOK, h3.Sequence, &smpp.SubmitSMResp{})
		blocked2 := make(chan error, 1)
		mustSend(t, s, submit("5"), done)
		go func() { blocked2 <- s.Send(ctx, submit("6"), done) }()
		next[*smpp.SubmitSM](t, peer)
		synctest.Wait()
		_ = s.Close()
		if err := <-blocked2; err != smpp.ErrClosed {
			t.Errorf("the Send that waits when the session ends: %v", err)
		}
	})
}

// TestTimeoutAndLateResponse is F10: a request times out, gives its place back, and its response, 40
// minutes later, finds its owner.
func TestTimeoutAndLateResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []smpp.Unexpected
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 1, ResponseTimeout: 30 * time.Second, EnquireInterval: -1,
			Unexpected: func(_ *smpp.Session, u smpp.Unexpected) {
				u.Response = smpp.Clone(u.Response)
				got = append(got, u)
			}})
		done := make(results, 1)
		began := time.Now()
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		r := <-done
		if r.Outcome != smpp.TimedOut || r.Err() != smpp.ErrTimeout {
			t.Errorf("result %+v", r)
		}
		if took := time.Since(began); took != 30*time.Second {
			t.Errorf("timed out after %v", took)
		}
		mustSend(t, s, submit("y"), done) // the place is free
		h2, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, h2.Sequence, &smpp.SubmitSMResp{MessageID: "y"})
		if r := <-done; r.Err() != nil {
			t.Errorf("the next one: %v", r.Err())
		}
		time.Sleep(40 * time.Minute)
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "late"})
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "again"})
		synctest.Wait()
		if len(got) != 2 || got[0].Kind != smpp.LateResponse || got[0].Request != smpp.Completer(done) ||
			got[0].Response.(*smpp.SubmitSMResp).MessageID != "late" {
			t.Fatalf("unexpected %+v", got)
		}
		if got[1].Kind != smpp.UnknownSequence || got[1].Request != nil {
			t.Errorf("the second late response: %+v", got[1])
		}
		if st := s.Stats(); st.Timeouts != 1 || st.Unexpected != 2 {
			t.Errorf("%+v", st)
		}
	})
}

// TestUnexpectedResponses is F11.
func TestUnexpectedResponses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var kinds []smpp.UnexpectedKind
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{EnquireInterval: -1,
			Unexpected: func(_ *smpp.Session, u smpp.Unexpected) { kinds = append(kinds, u.Kind) }})
		done := make(results, 1)
		mustSend(t, s, submit("x"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.DeliverSMResp{})           // of another command
		say(t, peer, smpp.StatusOK, h.Sequence+1000, &smpp.SubmitSMResp{})       // never sent
		say(t, peer, smpp.StatusOK, h.Sequence|0x80000000, &smpp.SubmitSMResp{}) // outside the range
		say(t, peer, smpp.StatusOK, 0, &smpp.GenericNack{})
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "1"})
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "2"}) // twice
		if _, err := peer.Write(rawFrame(0x80000112, 0, 5, "")); err != nil {       // a response nobody knows
			t.Fatal(err)
		}
		synctest.Wait()
		if r := <-done; r.Response.(*smpp.SubmitSMResp).MessageID != "1" {
			t.Errorf("result %+v", r)
		}
		want := []smpp.UnexpectedKind{smpp.WrongCommand, smpp.UnknownSequence, smpp.UnknownSequence, smpp.UnknownSequence, smpp.DuplicateResponse, smpp.UnknownSequence}
		if len(kinds) != len(want) {
			t.Fatalf("%v, want %v", kinds, want)
		}
		for i := range want {
			if kinds[i] != want[i] {
				t.Errorf("%d: %v, want %v", i, kinds[i], want[i])
			}
		}
	})
}

// TestSequenceWrap is F13: after 0x7FFFFFFF comes 1, and no number that is still open.
func TestSequenceWrap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 4, EnquireInterval: -1})
		done := make(results, 4)
		smpp.SetSequence(s, smpp.MaxSequence-2)
		var seqs []uint32
		for range 4 {
			mustSend(t, s, submit("x"), done)
			h, _ := next[*smpp.SubmitSM](t, peer)
			seqs = append(seqs, h.Sequence)
		}
		if seqs[0] != smpp.MaxSequence-1 || seqs[1] != smpp.MaxSequence || seqs[2] != 1 || seqs[3] != 2 {
			t.Errorf("sequence numbers %#x", seqs)
		}
		// The next number would be one that is still open.
		say(t, peer, smpp.StatusOK, seqs[0], &smpp.SubmitSMResp{})
		<-done
		smpp.SetSequence(s, 0)
		mustSend(t, s, submit("y"), done)
		if h, _ := next[*smpp.SubmitSM](t, peer); h.Sequence != 3 {
			t.Errorf("number %d, while 1 and 2 are open", h.Sequence)
		}
	})
}

// TestLostOrNotWritten is F8: what the peer cannot have seen is told from what it may have.
func TestLostOrNotWritten(t *testing.T) {
	frame := func(text string) int {
		b, err := smpp.Append(nil, smpp.Header{}, submit(text))
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}
	a, b := frame("a"), frame("bb")
	for _, tt := range []struct {
		name string
		read int // octets the peer takes before it is gone
		want [3]smpp.Outcome
	}{
		{"nothing", 0, [3]smpp.Outcome{smpp.NotWritten, smpp.NotWritten, smpp.NotWritten}},
		{"one octet", 1, [3]smpp.Outcome{smpp.Lost, smpp.NotWritten, smpp.NotWritten}},
		{"the first", a, [3]smpp.Outcome{smpp.Lost, smpp.NotWritten, smpp.NotWritten}},
		{"half of the second", a + b/2, [3]smpp.Outcome{smpp.Lost, smpp.Lost, smpp.NotWritten}},
		{"two", a + b, [3]smpp.Outcome{smpp.Lost, smpp.Lost, smpp.NotWritten}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 3})
				var done [3]results
				for i, text := range []string{"a", "bb", "ccc"} {
					done[i] = make(results, 1)
					mustSend(t, s, submit(text), done[i])
					if i != 0 { // the first is on its way; the others are queued together behind it
						synctest.Wait()
					}
				}
				if _, err := io.ReadFull(peer.Conn, make([]byte, tt.read)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				_ = peer.Close()
				<-s.Done()
				for i := range done {
					r := <-done[i]
					if r.Outcome != tt.want[i] || r.Cause == nil || r.Err() == nil {
						t.Errorf("request %d: %s, cause %v; want %s", i, r.Outcome, r.Cause, tt.want[i])
					}
				}
				if err := s.Send(ctx, submit("x"), nil); err != smpp.ErrClosed {
					t.Errorf("Send after the end: %v", err)
				}
			})
		})
	}
}

func TestDo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{EnquireInterval: -1, ResponseTimeout: time.Minute})
		go answer(peer, // Do fails without it
			reply{smpp.StatusOK, &smpp.QuerySMResp{MessageID: "1", State: smpp.StateDelivered}},
			reply{smpp.StatusCancelFail, &smpp.CancelSMResp{}}, reply{})
		p, err := s.Do(ctx, &smpp.QuerySM{MessageID: "1"})
		if q, ok := p.(*smpp.QuerySMResp); err != nil || !ok || q.State != smpp.StateDelivered {
			t.Errorf("query: %v %v", p, err)
		}
		p, err = s.Do(ctx, &smpp.CancelSM{MessageID: "1"})
		var se *smpp.StatusError
		if _, ok := p.(*smpp.CancelSMResp); !ok || !errors.As(err, &se) || se.Status != smpp.StatusCancelFail {
			t.Errorf("cancel: %v %v", p, err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if _, err := s.Do(short, &smpp.ReplaceSM{MessageID: "1"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("replace: %v", err)
		}
		if open := s.Stats().Open; open != 1 {
			t.Errorf("%d open: the abandoned request must keep its place until its timeout", open)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if open := s.Stats().Open; open != 0 {
			t.Errorf("%d open after the timeout", open)
		}
	})
}

func TestWhatMayBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		esmeRx, _ := bindTo(t, smpp.Receiver, smpp.Config{})
		esmeTx, _ := bindTo(t, smpp.Transmitter, smpp.Config{})
		smscTx, _ := boundBy(t, smpp.Transmitter, smpp.Config{})
		smscRx, _ := boundBy(t, smpp.Receiver, smpp.Config{})
		for _, tt := range []struct {
			name string
			s    *smpp.Session
			p    smpp.PDU
			want error
		}{
			{"receiver submits", esmeRx, submit("x"), smpp.ErrBindMode},
			{"receiver sends data_sm", esmeRx, &smpp.DataSM{}, smpp.ErrBindMode},
			{"receiver queries", esmeRx, &smpp.QuerySM{}, smpp.ErrBindMode},
			{"transmitter delivers", esmeTx, deliver("x"), smpp.ErrBindMode},
			{"SMSC delivers to a transmitter", smscTx, deliver("x"), smpp.ErrBindMode},
			{"SMSC sends data_sm to a transmitter", smscTx, &smpp.DataSM{}, smpp.ErrBindMode},
			{"SMSC submits", smscRx, submit("x"), smpp.ErrBindMode},
			{"second bind", esmeTx, &smpp.Bind{}, smpp.ErrNotRequest},
			{"unbind", esmeTx, &smpp.Unbind{}, smpp.ErrNotRequest},
			{"a response", esmeTx, &smpp.SubmitSMResp{}, smpp.ErrNotRequest},
			{"nothing", esmeTx, nil, smpp.ErrNotRequest},
		} {
			if err := tt.s.Send(ctx, tt.p, nil); err != tt.want {
				t.Errorf("%s: Send: %v", tt.name, err)
			}
			if err := tt.s.TrySend(tt.p, nil); err != tt.want {
				t.Errorf("%s: TrySend: %v", tt.name, err)
			}
			if _, err := tt.s.Do(ctx, tt.p); err != tt.want {
				t.Errorf("%s: Do: %v", tt.name, err)
			}
		}
		if err := esmeTx.Notify(&smpp.AlertNotification{}); err != smpp.ErrBindMode {
			t.Errorf("an ESME alerts: %v", err)
		}
		var fe *smpp.FieldError
		if err := esmeTx.Send(ctx, &smpp.SubmitSM{ServiceType: "toolong"}, nil); !errors.As(err, &fe) {
			t.Errorf("a PDU that cannot be encoded: %v", err)
		}
		if st := esmeTx.Stats(); st.Open != 0 || st.Sent != 0 || st.Queued != 0 {
			t.Errorf("refused requests left something behind: %+v", st)
		}
	})
}

func rawFrame(cmd smpp.CommandID, st smpp.Status, seq uint32, body string) []byte {
	n := uint32(16 + len(body))
	b := []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	for _, v := range []uint32{uint32(cmd), uint32(st), seq} {
		b = append(b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return append(b, body...)
}
