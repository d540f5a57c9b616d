package smpp

// Handler receives the peer's requests: submit_sm and the like on the SMSC side; deliver_sm, data_sm
// and alert_notification on the ESME side. (enquire_link and unbind are answered by the session.)
type Handler interface {
	// ServeSMPP is called for one request after the other, in the order they came, on a goroutine
	// of the session that does nothing else; it may block without holding up responses. Every
	// request must be answered once, now or later, from any goroutine, in any order, with
	// r.Respond. Until then it counts against Config.MaxInbound.
	//
	// p is used again after Respond: take what is needed before. Its strings and octets may be
	// kept (see PDU). A panic is answered with ESME_RSYSERR and reported to Config.Fault.
	ServeSMPP(p PDU, r Responder)
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(p PDU, r Responder)

// ServeSMPP calls f.
func (f HandlerFunc) ServeSMPP(p PDU, r Responder) { f(p, r) }

// inbox holds the peer's requests that are not answered yet. Session.mu guards all but the queue.
type inbox struct {
	most  int
	slots []*inboundSlot
	free  []*inboundSlot
	busy  int
	queue chan *inboundSlot // for the dispatcher; room for every slot, so putting never blocks
}

type inboundSlot struct {
	gen    uint32 // raised with every answer: an old Responder is recognised
	busy   bool
	header Header
	pdu    PDU
}

func newInbox(most int) inbox {
	return inbox{most: most, queue: make(chan *inboundSlot, most)}
}

// admit finds a slot for a request, or the status to refuse it with.
func (s *Session) admit(h Header) (*inboundSlot, Status) {
	if st := s.checkInbound(h.Command); st != StatusOK {
		return nil, st
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	in := &s.in
	var slot *inboundSlot
	switch n := len(in.free); {
	case n > 0:
		slot = in.free[n-1]
		in.free = in.free[:n-1]
	case len(in.slots) < in.most:
		slot = new(inboundSlot)
		in.slots = append(in.slots, slot)
	default:
		s.counters.throttled.Add(1)
		if s.role == SMSC {
			return nil, StatusThrottled
		}
		return nil, StatusMsgQFul
	}
	in.busy++
	slot.busy, slot.header = true, h
	if slot.pdu == nil || slot.pdu.Command() != h.Command {
		slot.pdu = New(h.Command)
	}
	return slot, StatusOK
}

// checkInbound refuses what the peer may not send on this bind (SMPP 3.4 §2.3). An ESME takes messages
// on whatever bind they come: refusing them would lose receipts.
func (s *Session) checkInbound(cmd CommandID) Status {
	switch cmd {
	case CmdBindReceiver, CmdBindTransmitter, CmdBindTransceiver:
		return StatusAlyBnd
	case CmdSubmitSM, CmdSubmitMulti, CmdQuerySM, CmdCancelSM, CmdReplaceSM,
		CmdBroadcastSM, CmdQueryBroadcastSM, CmdCancelBroadcastSM:
		if s.role != SMSC || !s.bind.Mode.CanSubmit() {
			return StatusInvBndSts
		}
	case CmdDataSM:
		if s.role == SMSC && !s.bind.Mode.CanSubmit() {
			return StatusInvBndSts
		}
	case CmdDeliverSM, CmdAlertNotification, CmdOutbind:
		if s.role != ESME || cmd == CmdOutbind {
			return StatusInvBndSts
		}
	}
	if s.cfg.Handler == nil {
		if s.role == SMSC {
			return StatusSysErr
		}
		return StatusRxTAppn
	}
	return StatusOK
}

// discard gives back a slot that needs no Respond.
func (s *Session) discard(slot *inboundSlot) {
	s.mu.Lock()
	s.releaseLocked(slot)
	s.mu.Unlock()
}

func (s *Session) releaseLocked(slot *inboundSlot) {
	slot.gen++
	slot.busy = false
	s.in.free = append(s.in.free, slot)
	s.in.busy--
	s.wakeDrainedLocked(false)
}

// dispatchLoop calls the handler.
func (s *Session) dispatchLoop() {
	for {
		select {
		case slot := <-s.in.queue:
			select {
			case <-s.closing: // it could not be answered any more; the peer will send it again
				return
			default:
			}
			s.dispatch(slot)
		case <-s.closing:
			return
		}
	}
}

func (s *Session) dispatch(slot *inboundSlot) {
	r := Responder{s: s, slot: slot, gen: slot.gen, header: slot.header}
	defer func() {
		if v := recover(); v != nil {
			s.fault(panicError("the handler of "+r.header.Command.String(), v))
			_ = r.Respond(StatusSysErr, nil) // ErrAnswered is fine
		}
	}()
	s.cfg.Handler.ServeSMPP(slot.pdu, r)
	if !r.header.Command.HasResponse() {
		_ = r.Respond(StatusOK, nil) // only gives the slot back
	}
}

// Responder answers one request of the peer. It is a small value: copy it, keep it, use it from any
// goroutine.
type Responder struct {
	s      *Session
	slot   *inboundSlot
	gen    uint32
	header Header
	// congestion is one more than the congestion_state to send; 0: none.
	congestion uint8
}

// Session is where the request came from.
func (r Responder) Session() *Session { return r.s }

// Header is the header of the request.
func (r Responder) Header() Header { return r.header }

// Respond answers the request. A nil body is the empty response of the right kind. It does not wait
// for the network, and does not allocate with a nil body or a body that is already on the heap; the
// body may be used again afterwards.
//
// Only the first call counts: a further one returns ErrAnswered. After the end of the session it
// returns ErrClosed, and the peer has no answer. When the body cannot be encoded (*FieldError) or is
// not the response to this request (ErrWrongBody), the request is still unanswered.
//
// For a request without a response (alert_notification) nothing is sent.
func (r Responder) Respond(st Status, body PDU) error {
	cmd := r.header.Command
	if body == nil {
		body = emptyResponse(cmd)
	} else if body.Command() != cmd.Response() {
		return ErrWrongBody
	}
	return r.respond(st, body)
}

// WithCongestion is a Responder whose response also has congestion_state, how busy this end is in percent
// (SMPP 5.0 §4.8.4.18). A peer below SMPP 5.0 is not shown it.
func (r Responder) WithCongestion(percent uint8) Responder {
	if r.s.Version() >= Version50 {
		r.congestion = min(percent, 100) + 1
	}
	return r
}

// Nack answers the request with generic_nack (SMPP 3.4 §4.3) instead of its own response. It counts as
// the one answer, as Respond does.
func (r Responder) Nack(st Status) error { return r.respond(st, new(GenericNack)) }

func (r Responder) respond(st Status, body PDU) error {
	s := r.s
	hasResponse := r.header.Command.HasResponse()
	s.mu.Lock()
	if !r.slot.busy || r.slot.gen != r.gen {
		s.mu.Unlock()
		return ErrAnswered
	}
	var wake bool
	var err error
	if hasResponse {
		wake, err = s.answerLocked(st, r.header.Sequence, body, r.congestion)
	}
	if _, bad := err.(*FieldError); !bad {
		s.releaseLocked(r.slot)
	}
	s.mu.Unlock()
	if hasResponse {
		s.answered(wake, err, st, r.header.Sequence, body)
	}
	return err
}

// RespondID answers submit_sm, data_sm, submit_multi or broadcast_sm with success and a message id. It does not allocate.
func (r Responder) RespondID(messageID string) error {
	b := idBodies.Get().(*idBody)
	defer idBodies.Put(b)
	var body PDU
	switch r.header.Command {
	case CmdSubmitSM:
		b.submit.MessageID, body = messageID, &b.submit
	case CmdDataSM:
		b.data.MessageID, body = messageID, &b.data
	case CmdSubmitMulti:
		b.multi.MessageID, body = messageID, &b.multi
	case CmdBroadcastSM:
		b.broadcast.MessageID, body = messageID, &b.broadcast
	default:
		return ErrWrongBody
	}
	return r.Respond(StatusOK, body)
}
