package smpptest

import (
	"strconv"
	"sync"
	"time"

	"github.com/harkara/harkara/smpp"
)

// archive remembers accepted messages by their id, as far as query_sm, cancel_sm and replace_sm need it.
type archive struct {
	most int // 0: nothing is remembered

	mu    sync.Mutex
	by    map[string]*Stored
	order []string // ids in a ring, oldest at next
	next  int
}

// Stored is a message that the SMSC remembers.
type Stored struct {
	Message   Message // without its PDU; Text is that of the last replace_sm
	State     smpp.MessageState
	FinalDate time.Time // zero until the state is final
	ErrorCode uint8     // of the last receipt
}

// add remembers an accepted message.
func (a *archive) add(m *Message) {
	if a.most <= 0 || m.MessageID == "" {
		return
	}
	s := &Stored{Message: *m, State: smpp.StateEnroute}
	if p, ok := m.PDU.(*smpp.SubmitSM); ok && p.ScheduleDeliveryTime != "" {
		s.State = smpp.StateScheduled
	}
	s.Message.PDU = nil // it is the session's again once it was answered
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.by = make(map[string]*Stored)
	}
	if a.by[m.MessageID] == nil {
		if len(a.order) < a.most {
			a.order = append(a.order, m.MessageID)
		} else {
			delete(a.by, a.order[a.next])
			a.order[a.next] = m.MessageID
			a.next = (a.next + 1) % a.most
		}
	}
	a.by[m.MessageID] = s
}

// find needs the source address too (SMPP 3.4 §4.8.1).
func (a *archive) find(id string, source smpp.Address) *Stored {
	if s := a.by[id]; s != nil && s.Message.Source.Addr == source.Addr {
		return s
	}
	return nil
}

// receipt brings the state up to a receipt that is sent; false when the message was canceled before, and
// nothing more is heard of it.
func (a *archive) receipt(id string, state smpp.MessageState, code string) bool {
	if a.most <= 0 {
		return true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.by[id]
	if s == nil {
		return true
	}
	if s.State == smpp.StateDeleted && state != smpp.StateDeleted {
		return false
	}
	if n, err := strconv.ParseUint(code, 10, 8); err == nil {
		s.ErrorCode = uint8(n)
	}
	s.set(state)
	return true
}

func (s *Stored) set(state smpp.MessageState) {
	s.State = state
	if state.Final() && s.FinalDate.IsZero() {
		s.FinalDate = time.Now()
	}
}

// Stored finds a remembered message by the id it was answered with (see Config.Remember).
func (c *SMSC) Stored(id string) (Stored, bool) {
	c.archive.mu.Lock()
	defer c.archive.mu.Unlock()
	s := c.archive.by[id]
	if s == nil {
		return Stored{}, false
	}
	return *s, true
}

// SetState changes the state of a remembered message, without a receipt; false when there is none.
func (c *SMSC) SetState(id string, state smpp.MessageState) bool {
	c.archive.mu.Lock()
	defer c.archive.mu.Unlock()
	s := c.archive.by[id]
	if s != nil {
		s.set(state)
	}
	return s != nil
}

// Answer answers query_sm, cancel_sm and replace_sm from the messages that are remembered (SMPP 3.4 §4.8
// to §4.10), and refuses what else there is. A message must be asked for with its source address.
func (c *SMSC) Answer(p smpp.PDU, r smpp.Responder) {
	var st smpp.Status
	var body smpp.PDU
	switch p := p.(type) {
	case *smpp.QuerySM:
		body, st = c.archive.query(p)
	case *smpp.CancelSM:
		var gone []Message
		gone, st = c.archive.cancel(p)
		defer func() {
			for _, m := range gone {
				if m.Registered&smpp.ReceiptMask != smpp.ReceiptNone {
					c.post(&m, Receipt{State: smpp.StateDeleted})
				}
			}
		}()
	case *smpp.ReplaceSM:
		st = c.archive.replace(p)
	default:
		st = smpp.StatusInvMsgID
	}
	_ = r.Respond(st, body) // a closed session needs no answer
}

func (a *archive) query(p *smpp.QuerySM) (smpp.PDU, smpp.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.find(p.MessageID, p.Source)
	if s == nil {
		return nil, smpp.StatusInvMsgID
	}
	resp := &smpp.QuerySMResp{MessageID: p.MessageID, State: s.State, ErrorCode: s.ErrorCode}
	if !s.FinalDate.IsZero() {
		resp.FinalDate = smpp.FormatTime(s.FinalDate)
	}
	return resp, smpp.StatusOK
}

// cancel gives the messages that it has canceled.
func (a *archive) cancel(p *smpp.CancelSM) ([]Message, smpp.Status) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if p.MessageID != "" || a.most <= 0 {
		s := a.find(p.MessageID, p.Source)
		switch {
		case s == nil:
			return nil, smpp.StatusInvMsgID
		case s.State.Final():
			return nil, smpp.StatusCancelFail
		}
		s.set(smpp.StateDeleted)
		return []Message{s.Message}, smpp.StatusOK
	}
	var gone []Message
	for i := range a.order { // all between the two addresses, the oldest first
		s := a.by[a.order[(a.next+i)%len(a.order)]]
		if s.Message.Source.Addr == p.Source.Addr && s.Message.Destination.Addr == p.Destination.Addr && !s.State.Final() {
			s.set(smpp.StateDeleted)
			gone = append(gone, s.Message)
		}
	}
	if len(gone) == 0 {
		return nil, smpp.StatusCancelFail
	}
	return gone, smpp.StatusOK
}

func (a *archive) replace(p *smpp.ReplaceSM) smpp.Status {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.find(p.MessageID, p.Source)
	switch {
	case s == nil:
		return smpp.StatusInvMsgID
	case s.State.Final():
		return smpp.StatusReplaceFail
	}
	s.Message.Text = append([]byte(nil), p.ShortMessage...)
	s.Message.Registered = p.RegisteredDelivery
	return smpp.StatusOK
}
