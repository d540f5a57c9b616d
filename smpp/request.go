package smpp

import "context"

// Outcome says how a request ended.
type Outcome uint8

// Outcomes.
const (
	Answered   Outcome = iota // a response, or generic_nack, came: see Status
	TimedOut                  // no response in time: the peer may have acted on it or not
	Lost                      // the link ended after at least part of it was written: unknown, as above
	NotWritten                // the link ended before any octet of it was written: the peer never saw it
)

// String names the outcome.
func (o Outcome) String() string {
	names := [...]string{"answered", "timed out", "lost", "not written"}
	if int(o) < len(names) {
		return names[o]
	}
	return "outcome?"
}

// Result is how a request ended. A Response is only good during Complete, since the next response of
// its kind overwrites it; its strings and octets may be kept (see PDU).
type Result struct {
	Outcome  Outcome
	Status   Status // command_status of the response
	Sequence uint32
	Response PDU   // nil unless Answered; *GenericNack when the peer did not understand
	BodyErr  error // the response's body was broken; what could be read is in Response
	Cause    error // why the link ended, for Lost and NotWritten
}

// Err turns the result into an error: nil for a good answer, *StatusError for a bad one, else
// ErrTimeout, ErrLost or ErrNotWritten.
func (r Result) Err() error {
	switch r.Outcome {
	case TimedOut:
		return ErrTimeout
	case Lost:
		return ErrLost
	case NotWritten:
		return ErrNotWritten
	}
	if r.Status != StatusOK {
		return &StatusError{Command: r.Response.Command(), Status: r.Status}
	}
	return nil
}

// Congestion is the peer's congestion_state in percent (SMPP 5.0 §4.8.4.18), false when it gave none. A
// sender that slows down above 90 is throttled less.
func (r Result) Congestion() (percent uint8, ok bool) {
	if r.Response == nil {
		return 0, false
	}
	return TLVsOf(r.Response).CongestionState()
}

// Completer is told how a request ended, exactly once, on one of the session's goroutines. It must
// not block. Its place in the window is free by then, so it may Send the next request, unless other
// goroutines wait in Send as well: they are served first (then use TrySend). A panic is reported to
// Config.Fault.
type Completer interface{ Complete(Result) }

// CompleteFunc is a function as a Completer.
type CompleteFunc func(Result)

// Complete calls f.
func (f CompleteFunc) Complete(r Result) { f(r) }

// Send queues a request and returns; done is told the outcome later. It waits for a place in the
// window until ctx ends; ctx means nothing afterwards. When Send returns an error the request was
// certainly not written and done is never called: ctx's error, ErrClosed, ErrUnbinding, ErrBindMode,
// ErrNotRequest, or a *FieldError for fields that cannot be encoded.
//
// The request is encoded before Send returns and may be changed afterwards. Send does not allocate.
func (s *Session) Send(ctx context.Context, req PDU, done Completer) error {
	if err := s.checkRequest(req); err != nil {
		return err
	}
	if err := s.window.acquire(ctx, s.closing); err != nil {
		return err
	}
	return s.sendWindowed(req, done)
}

// TrySend is Send that returns ErrWindowFull instead of waiting.
func (s *Session) TrySend(req PDU, done Completer) error {
	if err := s.checkRequest(req); err != nil {
		return err
	}
	if !s.window.tryAcquire() {
		return ErrWindowFull
	}
	return s.sendWindowed(req, done)
}

func (s *Session) sendWindowed(req PDU, done Completer) error {
	_, err := s.enqueueRequest(req, done, true)
	if err != nil {
		s.window.release()
	}
	return err
}

// enqueueRequest registers the request and only then makes it visible to the writer.
func (s *Session) enqueueRequest(req PDU, done Completer, windowed bool) (uint32, error) {
	now := s.now()
	s.mu.Lock()
	switch {
	case s.state == stateClosing:
		s.mu.Unlock()
		return 0, ErrClosed
	case s.state == stateUnbinding && windowed:
		s.mu.Unlock()
		return 0, ErrUnbinding
	}
	sl := s.slots.add()
	sl.cmd, sl.done, sl.windowed = req.Command(), done, windowed
	sl.deadline = now + int64(s.cfg.ResponseTimeout)
	seq := sl.seq
	offset, err := s.queueLocked(StatusOK, seq, req)
	if err != nil {
		s.slots.close(sl, slotUnused)
		s.slots.last = seq - 1 // nothing was sent under it
		s.mu.Unlock()
		return 0, err
	}
	sl.offset = offset
	wake := s.out.wakeLocked()
	s.mu.Unlock()
	s.afterQueue(wake)
	if windowed {
		s.lastTraffic.Store(now)
	}
	if s.cfg.Trace != nil {
		s.cfg.Trace(s, Outbound, Header{Command: req.Command(), Sequence: seq}, req)
	}
	return seq, nil
}

// checkRequest refuses what this end may not send on this bind (SMPP 3.4 §2.3).
func (s *Session) checkRequest(req PDU) error {
	if req == nil {
		return ErrNotRequest
	}
	switch cmd := req.Command(); cmd {
	case CmdSubmitSM, CmdSubmitMulti, CmdQuerySM, CmdCancelSM, CmdReplaceSM,
		CmdBroadcastSM, CmdQueryBroadcastSM, CmdCancelBroadcastSM:
		if s.role != ESME || !s.bind.Mode.CanSubmit() {
			return ErrBindMode
		}
	case CmdDeliverSM:
		if s.role != SMSC || !s.bind.Mode.CanReceive() {
			return ErrBindMode
		}
	case CmdDataSM:
		if s.role == ESME && !s.bind.Mode.CanSubmit() || s.role == SMSC && !s.bind.Mode.CanReceive() {
			return ErrBindMode
		}
	case CmdEnquireLink:
	default: // binds are over, unbind has a method of its own
		return ErrNotRequest
	}
	return nil
}

// Do sends a request and waits for its response, which the caller may keep. An error status gives the
// response and a *StatusError. When ctx ends first the error is ctx's: the request may have been acted
// upon, and it keeps its place in the window until its response or timeout.
func (s *Session) Do(ctx context.Context, req PDU) (PDU, error) {
	w := make(waiter, 1)
	if err := s.Send(ctx, req, w); err != nil {
		return nil, err
	}
	select {
	case r := <-w:
		return r.Response, r.Err()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// waiter hands a Result to a waiting goroutine.
type waiter chan Result

// Complete never blocks: the channel has room for the one result.
func (w waiter) Complete(r Result) {
	if r.Response != nil {
		r.Response = Clone(r.Response)
	}
	w <- r
}

// Notify sends an alert_notification, which has no response (SMPP 3.4 §4.12).
func (s *Session) Notify(p *AlertNotification) error {
	if s.role != SMSC || !s.bind.Mode.CanReceive() {
		return ErrBindMode
	}
	s.mu.Lock()
	if s.state != stateBound {
		s.mu.Unlock()
		return ErrClosed
	}
	s.slots.last = s.slots.last%MaxSequence + 1
	seq := s.slots.last
	_, err := s.queueLocked(StatusOK, seq, p)
	wake := err == nil && s.out.wakeLocked()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.afterQueue(wake)
	if s.cfg.Trace != nil {
		s.cfg.Trace(s, Outbound, Header{Command: CmdAlertNotification, Sequence: seq}, p)
	}
	return nil
}
