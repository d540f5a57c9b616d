package smpp_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// pile is a handler that answers nothing and keeps the responders.
type pile chan smpp.Responder

func (p pile) ServeSMPP(_ smpp.PDU, r smpp.Responder) { p <- r }

// TestRespondLater: answers from another goroutine, in another order, each once.
func TestRespondLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := make(pile, 3)
		s, peer := bindTo(t, smpp.Receiver, smpp.Config{Handler: open})
		for i := range 3 {
			say(t, peer, smpp.StatusOK, uint32(100+i), deliver("x"))
		}
		rs := []smpp.Responder{<-open, <-open, <-open}
		if rs[1].Header().Sequence != 101 || rs[1].Session() != s {
			t.Errorf("responder %+v", rs[1].Header())
		}
		for _, i := range []int{2, 0, 1} {
			if err := rs[i].Respond(smpp.StatusOK, nil); err != nil {
				t.Fatal(err)
			}
			if h, _ := next[*smpp.DeliverSMResp](t, peer); h.Sequence != uint32(100+i) || h.Status != smpp.StatusOK {
				t.Errorf("answer %v", h)
			}
		}
		// Again, and after the slot serves another request.
		say(t, peer, smpp.StatusOK, 103, deliver("y"))
		other := <-open
		for i := range rs {
			if err := rs[i].Respond(smpp.StatusSysErr, nil); err != smpp.ErrAnswered {
				t.Errorf("second Respond: %v", err)
			}
		}
		if err := other.Respond(smpp.StatusRxTAppn, nil); err != nil {
			t.Error(err)
		}
		if h, _ := next[*smpp.DeliverSMResp](t, peer); h.Sequence != 103 || h.Status != smpp.StatusRxTAppn || h.Length != 17 {
			t.Errorf("answer %v", h)
		}
		if n := s.Stats().Inbound; n != 0 {
			t.Errorf("%d inbound open", n)
		}
	})
}

// asker has a peer that sends requests, and their responders.
func asker(t *testing.T) (*smpptest.Conn, func(smpp.PDU) smpp.Responder) {
	open := make(pile, 1)
	_, peer := boundBy(t, smpp.Transceiver, smpp.Config{Handler: open})
	return peer, func(p smpp.PDU) smpp.Responder {
		say(t, peer, smpp.StatusOK, 9, p)
		return <-open
	}
}

func TestRespondKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, ask := asker(t)
		r := ask(&smpp.DataSM{})
		_ = r.RespondID("d")
		if _, p := next[*smpp.DataSMResp](t, peer); p.MessageID != "d" {
			t.Errorf("data_sm: id %q", p.MessageID)
		}
		r = ask(&smpp.SubmitMulti{Destinations: []smpp.Dest{{}}})
		_ = r.RespondID("m")
		if _, p := next[*smpp.SubmitMultiResp](t, peer); p.MessageID != "m" {
			t.Errorf("submit_multi: id %q", p.MessageID)
		}
		r = ask(&smpp.QuerySM{MessageID: "1"})
		if err := r.RespondID("q"); err != smpp.ErrWrongBody {
			t.Errorf("RespondID for query_sm: %v", err)
		}
		_ = r.Respond(smpp.StatusOK, &smpp.QuerySMResp{MessageID: "1", State: smpp.StateEnroute})
		if _, p := next[*smpp.QuerySMResp](t, peer); p.State != smpp.StateEnroute {
			t.Errorf("query_sm: %v", p)
		}
		r = ask(&smpp.CancelSM{})
		_ = r.Respond(smpp.StatusCancelFail, nil)
		next[*smpp.CancelSMResp](t, peer)
	})
}

func TestRespondBodies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer, ask := asker(t)
		r := ask(submit("x"))
		if err := r.Respond(smpp.StatusOK, &smpp.DeliverSMResp{}); err != smpp.ErrWrongBody {
			t.Errorf("a body of another command: %v", err)
		}
		var fe *smpp.FieldError
		if err := r.RespondID(strings.Repeat("9", 65)); !errors.As(err, &fe) {
			t.Errorf("an id that is too long: %v", err)
		}
		if err := r.RespondID("38601fa"); err != nil { // still unanswered
			t.Errorf("after two refused bodies: %v", err)
		}
		if _, p := next[*smpp.SubmitSMResp](t, peer); p.MessageID != "38601fa" {
			t.Errorf("id %q", p.MessageID)
		}
		r = ask(submit("x"))
		if err := r.Respond(smpp.StatusInvDstAdr, nil); err != nil {
			t.Error(err)
		}
		if h, _ := next[*smpp.SubmitSMResp](t, peer); h.Status != smpp.StatusInvDstAdr || h.Length != 16 {
			t.Errorf("a refused submit_sm has a body: %+v", h)
		}
		r = ask(submit("x"))
		_ = r.Nack(smpp.StatusInvCmdID)
		if h, _ := next[*smpp.GenericNack](t, peer); h.Status != smpp.StatusInvCmdID || h.Sequence != 9 {
			t.Errorf("nack: %v", h)
		}
		r = ask(submit("x"))
		_ = r.Session().Close()
		<-r.Session().Done()
		if err := r.RespondID("z"); err != smpp.ErrClosed {
			t.Errorf("after the end: %v", err)
		}
		if err := r.RespondID("z"); err != smpp.ErrAnswered {
			t.Errorf("after the end, again: %v", err)
		}
	})
}

// TestMaxInbound: a handler that does not answer holds up neither responses nor link tests, and the
// peer is told to slow down.
func TestMaxInbound(t *testing.T) {
	for _, role := range []smpp.Role{smpp.SMSC, smpp.ESME} {
		t.Run(role.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				open, free := make(pile), make(chan struct{})
				cfg := smpp.Config{MaxInbound: 3, Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
					<-free // blocks, on top of not answering
					open.ServeSMPP(p, r)
				})}
				want, request := smpp.StatusThrottled, smpp.PDU(submit("x"))
				s, peer := (*smpp.Session)(nil), (*smpptest.Conn)(nil)
				if role == smpp.SMSC {
					s, peer = boundBy(t, smpp.Transceiver, cfg)
				} else {
					want, request = smpp.StatusMsgQFul, deliver("x")
					s, peer = bindTo(t, smpp.Transceiver, cfg)
				}
				for i := range 3 {
					say(t, peer, smpp.StatusOK, uint32(i+1), request)
				}
				for i := range 2 {
					say(t, peer, smpp.StatusOK, uint32(i+11), request)
					h, _, err := peer.Next()
					if err != nil || h.Status != want || h.Sequence != uint32(i+11) {
						t.Errorf("one too many is answered with %v, %v; want %s", h, err, want)
					}
				}
				say(t, peer, smpp.StatusOK, 20, &smpp.EnquireLink{})
				next[*smpp.EnquireLinkResp](t, peer)
				if st := s.Stats(); st.Throttled != 2 || st.Inbound != 3 {
					t.Errorf("%+v", st)
				}
				close(free)
				for i := range 3 {
					r := <-open
					_ = r.Respond(smpp.StatusOK, nil)
					if h, _, err := peer.Next(); err != nil || h.Status != smpp.StatusOK || h.Sequence != uint32(i+1) {
						t.Errorf("answer %v, %v", h, err)
					}
				}
				say(t, peer, smpp.StatusOK, 30, request)
				_ = (<-open).Respond(smpp.StatusOK, nil)
				if h, _, err := peer.Next(); err != nil || h.Status != smpp.StatusOK {
					t.Errorf("there is room again: %v, %v", h, err)
				}
			})
		})
	}
}

// TestProtocolErrors is F27 and F31: what is answered, and that the session goes on.
func TestProtocolErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var faults []error
		handled := 0
		s, peer := boundBy(t, smpp.Transceiver, smpp.Config{
			Fault:   func(_ *smpp.Session, err error) { faults = append(faults, err) },
			Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { handled++; _ = r.RespondID("ok") }),
		})
		tests := []struct {
			name   string
			cmd    smpp.CommandID
			body   string
			answer smpp.CommandID
			status smpp.Status
		}{
			{"unknown command", 0x1FF, "anything", smpp.CmdGenericNack, smpp.StatusInvCmdID},
			{"unknown command without body", 0x00010000, "", smpp.CmdGenericNack, smpp.StatusInvCmdID},
			{"no body", smpp.CmdSubmitSM, "", smpp.CmdSubmitSMResp, smpp.StatusInvCmdLen},
			{"source too long", smpp.CmdSubmitSM, "\x00\x00\x00123456789012345678901234567890\x00", smpp.CmdSubmitSMResp, smpp.StatusInvSrcAdr},
			{"query with a broken TLV", smpp.CmdQuerySM, "1\x00\x00\x00\x00\x00\x1e", smpp.CmdQuerySMResp, smpp.StatusInvOptParStream},
			{"second bind", smpp.CmdBindTransceiver, "a\x00b\x00\x00\x34\x00\x00\x00", smpp.CmdBindTransceiverResp, smpp.StatusAlyBnd},
			{"deliver_sm from an ESME", smpp.CmdDeliverSM, "", smpp.CmdDeliverSMResp, smpp.StatusInvBndSts},
		}
		for i, tt := range tests {
			if _, err := peer.Write(rawFrame(tt.cmd, 0, uint32(i+1), tt.body)); err != nil {
				t.Fatal(err)
			}
			h, _, err := peer.Next()
			if err != nil || h.Command != tt.answer || h.Status != tt.status || h.Sequence != uint32(i+1) {
				t.Errorf("%s: answered with %v, %v; want %s %s", tt.name, h, err, tt.answer, tt.status)
			}
		}
		// No answer at all: the good submit behind them is answered next.
		for _, cmd := range []smpp.CommandID{smpp.CmdAlertNotification, smpp.CmdOutbind} {
			if _, err := peer.Write(rawFrame(cmd, 0, 77, "\x00")); err != nil {
				t.Fatal(err)
			}
		}
		say(t, peer, smpp.StatusOK, 99, submit("good"))
		if h, p := next[*smpp.SubmitSMResp](t, peer); h.Sequence != 99 || p.MessageID != "ok" {
			t.Errorf("the session does not go on: %v %v", h, p)
		}
		if handled != 1 {
			t.Errorf("the handler was called %d times", handled)
		}
		if len(faults) != 5 || s.Stats().Faults != 5 {
			t.Errorf("faults: %v", faults)
		}
		if !errors.Is(faults[0], smpp.ErrUnknownCommand) {
			t.Errorf("first fault %v", faults[0])
		}
	})
}

// TestFramingErrorCloses is F30 after the bind.
func TestFramingErrorCloses(t *testing.T) {
	for _, head := range []string{"\x00\x00\x00\x00abcdabcdabcdabcd", "\x00\x00\x00\x0fabcdabcdabcdabcd", "\x7f\xff\xff\xff\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x2a",
		"HTTP/1.1 200 OK\r\n", "AMQP"} {
		synctest.Test(t, func(t *testing.T) {
			s, peer := boundBy(t, smpp.Transceiver, smpp.Config{})
			go func() { _, _ = peer.Write([]byte(head)) }() // it may not be read to its end
			h, p, err := peer.Next()
			if _, ok := p.(*smpp.GenericNack); err != nil || !ok || h.Status != smpp.StatusInvCmdLen {
				t.Errorf("%q is answered with %v %v", head, h, err)
			}
			if strings.HasSuffix(head, "\x2a") && h.Sequence != 42 {
				t.Errorf("the sequence number is lost: %v", h)
			}
			<-s.Done()
			var fe *smpp.FrameError
			if !errors.As(s.Err(), &fe) {
				t.Errorf("ended with %v", s.Err())
			}
		})
	}
}

// TestSplitStream is F32: PDUs octet by octet, and 500 in one write.
func TestSplitStream(t *testing.T) {
	const n = 500
	var octets bytes.Buffer
	for i := range n {
		f, err := smpp.Append(nil, smpp.Header{Sequence: uint32(i + 1)}, submit(fmt.Sprint("text ", i)))
		if err != nil {
			t.Fatal(err)
		}
		octets.Write(f)
	}
	for _, slow := range []bool{false, true} {
		t.Run(fmt.Sprint("octet by octet ", slow), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var texts []string
				_, peer := boundBy(t, smpp.Transceiver, smpp.Config{Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
					texts = append(texts, string(p.(*smpp.SubmitSM).ShortMessage))
					_ = r.RespondID("x")
				})})
				w := peer.Conn
				if slow {
					w = smpptest.Dribble{Conn: w}
				}
				sent := make(chan error, 1)
				go func() {
					_, err := w.Write(octets.Bytes())
					sent <- err
				}()
				for i := range n {
					if h, _ := next[*smpp.SubmitSMResp](t, peer); h.Sequence != uint32(i+1) {
						t.Fatalf("answer %d is for %d", i+1, h.Sequence)
					}
				}
				if err := <-sent; err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				for i := range texts {
					if texts[i] != fmt.Sprint("text ", i) {
						t.Fatalf("message %d is %q", i, texts[i])
					}
				}
				if len(texts) != n {
					t.Errorf("%d messages", len(texts))
				}
			})
		})
	}
}

func TestHandlerPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fault error
		_, peer := bindTo(t, smpp.Transceiver, smpp.Config{
			Fault: func(_ *smpp.Session, err error) { fault = err },
			Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
				if string(p.(*smpp.DeliverSM).ShortMessage) == "poison" {
					panic("cannot digest")
				}
				_ = r.Respond(smpp.StatusOK, nil)
			}),
		})
		say(t, peer, smpp.StatusOK, 1, deliver("poison"))
		if h, _ := next[*smpp.DeliverSMResp](t, peer); h.Status != smpp.StatusSysErr {
			t.Errorf("answered with %v", h)
		}
		if fault == nil || !strings.Contains(fault.Error(), "cannot digest") || !strings.Contains(fault.Error(), "inbound_test.go") {
			t.Errorf("fault %v", fault)
		}
		if strings.Contains(fault.Error(), "poison") {
			t.Error("the fault shows the text")
		}
		say(t, peer, smpp.StatusOK, 2, deliver("food"))
		if h, _ := next[*smpp.DeliverSMResp](t, peer); h.Status != smpp.StatusOK {
			t.Errorf("the next one: %v", h)
		}
	})
}

// TestCallbackPanic: one of Complete is survived, one of a hook ends the session, none the process.
func TestCallbackPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fault error
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Window: 1,
			Fault:      func(_ *smpp.Session, err error) { fault = err },
			Unexpected: func(*smpp.Session, smpp.Unexpected) { panic("surprise") },
		})
		mustSend(t, s, submit("x"), smpp.CompleteFunc(func(smpp.Result) { panic("oops") }))
		h, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{})
		synctest.Wait()
		if fault == nil || !strings.Contains(fault.Error(), "oops") || s.Err() != nil {
			t.Errorf("fault %v, session %v", fault, s.Err())
		}
		done := make(results, 1)
		mustSend(t, s, submit("y"), done)
		next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, 12345, &smpp.SubmitSMResp{})
		<-s.Done()
		if r := <-done; r.Outcome != smpp.Lost || !strings.Contains(s.Err().Error(), "surprise") {
			t.Errorf("%+v, session %v", r, s.Err())
		}
	})
}

func TestNoHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, smsc := bindTo(t, smpp.Transceiver, smpp.Config{})
		say(t, smsc, smpp.StatusOK, 1, deliver("x"))
		if h, _ := next[*smpp.DeliverSMResp](t, smsc); h.Status != smpp.StatusRxTAppn {
			t.Errorf("ESME: %v", h)
		}
		_, esme := boundBy(t, smpp.Transceiver, smpp.Config{})
		say(t, esme, smpp.StatusOK, 1, submit("x"))
		if h, _ := next[*smpp.SubmitSMResp](t, esme); h.Status != smpp.StatusSysErr {
			t.Errorf("SMSC: %v", h)
		}
	})
}

// TestBindModes: a receiver may not submit; an ESME takes messages on whatever bind they come.
func TestBindModes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.Respond(smpp.StatusOK, nil) })
		_, receiver := boundBy(t, smpp.Receiver, smpp.Config{Handler: ok})
		for _, p := range []smpp.PDU{submit("x"), &smpp.DataSM{}, &smpp.QuerySM{}, &smpp.CancelSM{}, &smpp.ReplaceSM{}, &smpp.SubmitMulti{}} {
			say(t, receiver, smpp.StatusOK, 1, p)
			if h, _, err := receiver.Next(); err != nil || h.Status != smpp.StatusInvBndSts || h.Command != p.Command().Response() {
				t.Errorf("a receiver sends %s: %v %v", p.Command(), h, err)
			}
		}
		_, smsc := bindTo(t, smpp.Transmitter, smpp.Config{Handler: ok})
		say(t, smsc, smpp.StatusOK, 1, deliver("receipt"))
		if h, _ := next[*smpp.DeliverSMResp](t, smsc); h.Status != smpp.StatusOK {
			t.Errorf("a transmitter is delivered to: %v", h)
		}
		say(t, smsc, smpp.StatusOK, 2, submit("x"))
		if h, _ := next[*smpp.SubmitSMResp](t, smsc); h.Status != smpp.StatusInvBndSts {
			t.Errorf("an SMSC submits: %v", h)
		}
	})
}

// TestAlertNotification: it reaches the handler and is never answered, whatever the handler does.
func TestAlertNotification(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		s, peer := bindTo(t, smpp.Receiver, smpp.Config{Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
			a := p.(*smpp.AlertNotification)
			got = append(got, a.Source.Addr)
			if len(got) == 1 {
				if err := r.Respond(smpp.StatusOK, nil); err != nil {
					t.Errorf("Respond: %v", err)
				}
			}
		})})
		for _, from := range []string{"111", "222"} {
			say(t, peer, smpp.StatusOK, 5, &smpp.AlertNotification{Source: smpp.Address{Addr: from}})
		}
		say(t, peer, smpp.StatusOK, 6, &smpp.EnquireLink{})
		if h, _ := next[*smpp.EnquireLinkResp](t, peer); h.Sequence != 6 {
			t.Errorf("answer %v", h)
		}
		synctest.Wait()
		if len(got) != 2 || got[0] != "111" || got[1] != "222" {
			t.Errorf("alerts of %q", got)
		}
		if n := s.Stats().Inbound; n != 0 {
			t.Errorf("%d alerts still open", n)
		}
	})
}

func TestNotify(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, peer := boundBy(t, smpp.Receiver, smpp.Config{})
		if err := s.Notify(&smpp.AlertNotification{Source: smpp.Address{Addr: "111"}}); err != nil {
			t.Fatal(err)
		}
		if _, p := next[*smpp.AlertNotification](t, peer); p.Source.Addr != "111" {
			t.Errorf("%v", p)
		}
		if err := s.Notify(&smpp.AlertNotification{Source: smpp.Address{Addr: strings.Repeat("1", 70)}}); err == nil {
			t.Error("an address of 70 octets was sent")
		}
		_ = s.Close()
		if err := s.Notify(&smpp.AlertNotification{}); err != smpp.ErrClosed {
			t.Errorf("after Close: %v", err)
		}
	})
}

// TestTrace: every PDU is shown, and no password.
func TestTrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var lines []string
		s, peer := bindTo(t, smpp.Transceiver, smpp.Config{Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.Respond(smpp.StatusOK, nil) }),
			Trace: func(_ *smpp.Session, d smpp.Direction, h smpp.Header, p smpp.PDU) {
				mu.Lock()
				lines = append(lines, fmt.Sprint(d, " ", h, " ", p))
				mu.Unlock()
			}})
		done := make(results, 1)
		mustSend(t, s, submit("private"), done)
		h, _ := next[*smpp.SubmitSM](t, peer)
		say(t, peer, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "7"})
		say(t, peer, smpp.StatusOK, 5, deliver("private"))
		next[*smpp.DeliverSMResp](t, peer)
		if _, err := peer.Write(rawFrame(0x1FF, 0, 6, "")); err != nil {
			t.Fatal(err)
		}
		next[*smpp.GenericNack](t, peer)
		synctest.Wait()
		trace := strings.Join(lines, "\n")
		for _, want := range []string{"out bind_transceiver seq=1", "in bind_transceiver_resp seq=1", "out submit_sm seq=2", "in submit_sm_resp seq=2 ESME_ROK submit_sm_resp message_id=\"7\"",
			"in deliver_sm seq=5", "out deliver_sm_resp seq=5", "in command 0x1ff seq=6 ESME_ROK <nil>", "out generic_nack seq=6 ESME_RINVCMDID"} {
			if !strings.Contains(trace, want) {
				t.Errorf("%q is missing in\n%s", want, trace)
			}
		}
		if strings.Contains(trace, "secret") || strings.Contains(trace, "private") {
			t.Errorf("the trace shows secrets:\n%s", trace)
		}
	})
}
