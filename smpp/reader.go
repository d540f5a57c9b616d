package smpp

import (
	"errors"
	"fmt"
)

// UnexpectedKind says why a response is unexpected.
type UnexpectedKind uint8

// Kinds of unexpected responses.
const (
	LateResponse      UnexpectedKind = iota + 1 // its request had timed out
	DuplicateResponse                           // its request had been answered
	UnknownSequence                             // no request had this number, or long ago
	WrongCommand                                // the open request with this number is of another kind
)

// String names the kind.
func (k UnexpectedKind) String() string {
	names := [...]string{"?", "late", "duplicate", "unknown sequence number", "wrong command"}
	if int(k) < len(names) {
		return names[k]
	}
	return names[0]
}

// Unexpected is a response that matched no open request. Response is only good during the call.
type Unexpected struct {
	Kind     UnexpectedKind
	Header   Header
	Response PDU       // nil when the command is unknown
	Request  Completer // of a LateResponse: what Send was given; its Complete has been called with TimedOut
}

// reader is the state of the reading goroutine.
type reader struct {
	s         *Session
	dec       codec
	responses []PDU // one of each kind, used again and again
}

// readLoop is the only one who reads from the connection. It never waits for anything else.
func (s *Session) readLoop(f *Framer) {
	defer s.io.Done()
	r := reader{s: s, responses: []PDU{new(SubmitSMResp), new(DeliverSMResp)}}
	unfinished := false
	for {
		frame, err := f.take()
		if err == nil && frame == nil {
			if f.Buffered() > 0 && !unfinished {
				unfinished = true
				s.partial.Store(s.now())
			}
			err = f.fill()
			s.lastRx.Store(s.now())
			if err == nil {
				continue
			}
		}
		if err != nil {
			r.broken(err)
			return
		}
		if unfinished {
			unfinished = false
			s.partial.Store(0)
		}
		s.counters.received.Add(1)
		r.frame(frame)
	}
}

// broken ends the session: the connection is gone or cannot be cut into PDUs any more.
func (r *reader) broken(err error) {
	var fe *FrameError
	if !errors.As(err, &fe) {
		r.s.linkLost(err)
		return
	}
	// SMPP 3.4 §4.3.1: generic_nack answers a bad command_length.
	_ = r.s.answer(StatusInvCmdLen, fe.Header.Sequence, new(GenericNack))
	r.s.closeWhenWritten(err)
}

// frame handles one whole PDU.
func (r *reader) frame(frame []byte) {
	defer func() {
		if v := recover(); v != nil { // of Unexpected, Fault or Trace: only this session ends
			r.s.shutdown(panicError("a callback", v))
		}
	}()
	h, _ := ParseHeader(frame) // a frame has 16 octets at least
	body := frame[HeaderSize:]
	if h.Command.IsResponse() {
		r.response(h, body)
		return
	}
	r.request(h, body)
}

func (r *reader) trace(h Header, p PDU) {
	if r.s.cfg.Trace != nil {
		r.s.cfg.Trace(r.s, Inbound, h, p)
	}
}

// response completes the request that h answers.
func (r *reader) response(h Header, body []byte) {
	s := r.s
	p := r.reuse(h.Command)
	var bodyErr error
	if p != nil {
		if err := r.dec.decode(h.Command, body, p); err != nil {
			bodyErr = err
		}
	}
	r.trace(h, p)

	s.mu.Lock()
	sl, kind := s.slots.find(h.Sequence)
	if sl != nil && h.Command != CmdGenericNack && h.Command != sl.cmd.Response() {
		sl, kind = nil, WrongCommand
	}
	if sl == nil {
		late, wasLate := s.slots.late.take(h.Sequence)
		s.mu.Unlock()
		if wasLate {
			kind = LateResponse
		}
		s.counters.unexpected.Add(1)
		if s.cfg.Unexpected != nil {
			s.cfg.Unexpected(s, Unexpected{Kind: kind, Header: h, Response: p, Request: late})
		}
		return
	}
	windowed := sl.windowed
	done := s.slots.close(sl, slotAnswered)
	s.wakeDrainedLocked(false)
	s.mu.Unlock()
	if windowed {
		s.lastTraffic.Store(s.lastRx.Load())
	}
	if bodyErr != nil {
		s.fault(bodyErr)
	}
	s.complete(done, windowed, Result{Status: h.Status, Sequence: h.Sequence, Response: p, BodyErr: bodyErr})
}

// reuse finds the reader's own PDU of a kind; nil when the command is unknown.
func (r *reader) reuse(id CommandID) PDU {
	for _, p := range r.responses {
		if p.Command() == id {
			return p
		}
	}
	p := New(id)
	if p != nil {
		r.responses = append(r.responses, p)
	}
	return p
}

// request answers the peer's request itself, or hands it to the dispatcher.
func (r *reader) request(h Header, body []byte) {
	s := r.s
	switch h.Command {
	case CmdEnquireLink:
		r.trace(h, linkTest)
		_ = s.answer(StatusOK, h.Sequence, linkTestResp)
		return
	case CmdUnbind:
		r.trace(h, new(Unbind))
		s.peerUnbinds(h.Sequence)
		return
	}
	s.lastTraffic.Store(s.lastRx.Load())
	if h.Command.spec() == nil {
		r.trace(h, nil)
		s.fault(fmt.Errorf("%w 0x%08x", ErrUnknownCommand, uint32(h.Command)))
		_ = s.answer(StatusInvCmdID, h.Sequence, new(GenericNack))
		return
	}
	slot, st := s.admit(h)
	if slot == nil {
		r.trace(h, nil)
		r.refuse(h, st)
		return
	}
	if err := r.dec.decode(h.Command, body, slot.pdu); err != nil {
		s.fault(err)
		if !s.tolerates(err) {
			s.discard(slot)
			r.trace(h, nil)
			r.refuse(h, err.Status)
			return
		}
	}
	r.trace(h, slot.pdu)
	s.in.queue <- slot // has room for every slot there is
}

// tolerates tells whether a request is handled although its optional parameters are not whole; the whole
// ones before are kept. A stray NUL behind the fields says nothing, and either end drops it: SMSCs send it
// in deliver_sm, and the same clients work elsewhere. As ESME we also do without a parameter that is cut
// off, because an SMSC whose deliver_sm is refused sends it again for days and then gives up, and the
// receipt is lost; but not without message_payload, which is the message. As SMSC we refuse all else: a
// sm_length that is one too small would cost every message of that customer its last character.
func (s *Session) tolerates(err *FieldError) bool {
	return err.harm == harmNone || err.harm == harmOption && s.role == ESME
}

var (
	linkTest     = new(EnquireLink)     // read only
	linkTestResp = new(EnquireLinkResp) // read only
)

// refuse answers a request with an error, if it is one that has an answer.
func (r *reader) refuse(h Header, st Status) {
	if h.Command.HasResponse() {
		_ = r.s.answer(st, h.Sequence, emptyResponse(h.Command))
	}
}
