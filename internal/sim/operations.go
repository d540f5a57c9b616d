package sim

import (
	"strconv"
	"strings"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// mostSent is how many of the latest messages can be asked about.
const mostSent = 1 << 15

// sent is what the simulator knows of a message that it has accepted.
type sent struct {
	n      uint64 // of the message; 0: none
	sender string
	to     string // of those that stay in the SMSC, for the receipt of a cancellation
	asked  bool   // for a receipt
	end    smpp.MessageState
	code   uint8
	due    time.Time // when it is in its end
}

// sentTable has the latest messages. Simulator.mu guards it.
type sentTable struct {
	ring    [mostSent]sent
	senders map[string]string // one copy of each, so that a message costs no memory
}

func (t *sentTable) add(m *smpptest.Message, does *Behaviour, due time.Time) {
	sender, known := t.senders[m.Source.Addr]
	if !known {
		if len(t.senders) > 1000 {
			clear(t.senders) // a simulator may forget
		}
		sender = strings.Clone(m.Source.Addr)
		t.senders[sender] = sender
	}
	s := sent{n: m.N, sender: sender, asked: m.Registered&smpp.ReceiptMask != 0, end: does.end, code: does.code, due: due}
	if !does.end.Final() {
		s.to = strings.Clone(m.Destination.Addr)
	}
	t.ring[m.N%mostSent] = s
}

// find looks for the message of an id, as it was given in a response, and of the
// sender (SMPP 3.4 §4.8.1: it must be that of the submit_sm); nil when there is none.
func (s *Simulator) find(id, sender string) *sent {
	for _, base := range [...]int{10, 16} {
		n, err := strconv.ParseUint(id, base, 64)
		if n -= s.base; err != nil || n == 0 {
			continue
		}
		if found := &s.sent.ring[n%mostSent]; found.n == n && found.sender == sender {
			return found
		}
	}
	return nil
}

// onOther answers query_sm, cancel_sm and replace_sm. Only what stays in the SMSC
// (a behaviour without an end) can still be canceled or replaced.
func (s *Simulator) onOther(p smpp.PDU, r smpp.Responder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch p := p.(type) { // errors of Respond mean that the session is gone
	case *smpp.QuerySM:
		found := s.find(p.MessageID, p.Source.Addr)
		if found == nil {
			_ = r.Respond(smpp.StatusQueryFail, nil)
			return
		}
		_ = r.Respond(smpp.StatusOK, found.answer(p.MessageID, time.Now()))
	case *smpp.CancelSM:
		found := s.find(p.MessageID, p.Source.Addr)
		if found == nil || found.end.Final() {
			_ = r.Respond(smpp.StatusCancelFail, nil)
			return
		}
		found.end, found.due = smpp.StateDeleted, time.Now()
		receipt := deleted(p.MessageID, found) // p is the session's again once it was answered
		_ = r.Respond(smpp.StatusOK, nil)
		if found.asked {
			_ = s.smsc.Post(r.Session().PeerSystemID(), receipt) // it fails when the simulator ends
		}
	case *smpp.ReplaceSM:
		if found := s.find(p.MessageID, p.Source.Addr); found == nil || found.end.Final() {
			_ = r.Respond(smpp.StatusReplaceFail, nil)
			return
		}
		_ = r.Respond(smpp.StatusOK, nil)
	default:
		_ = r.Respond(smpp.StatusInvCmdID, nil)
	}
}

// answer to a query_sm (SMPP 3.4 §4.8.2).
func (f *sent) answer(id string, now time.Time) *smpp.QuerySMResp {
	a := &smpp.QuerySMResp{MessageID: id, State: smpp.StateEnroute}
	if f.end.Final() && !now.Before(f.due) {
		a.State, a.ErrorCode, a.FinalDate = f.end, f.code, smpp.FormatTime(f.due.UTC().Truncate(time.Second))
	}
	return a
}

// deleted is the receipt of a message that was canceled.
func deleted(id string, f *sent) *smpp.DeliverSM {
	rc := smpp.Receipt{ID: id, State: smpp.StateDeleted, Submitted: 1, SubmitDate: smpp.FormatReceiptTime(f.due),
		DoneDate: smpp.FormatReceiptTime(f.due), Err: "000"}
	p := &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, Source: smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: f.to},
		Destination: smpp.Address{Addr: f.sender}, ShortMessage: rc.AppendText(nil)}
	_ = p.TLVs.AddText(smpp.TagReceiptedMessageID, id) // it is short
	p.TLVs.AddUint8(smpp.TagMessageState, uint8(smpp.StateDeleted))
	return p
}
