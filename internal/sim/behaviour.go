package sim

import (
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// Behaviour is what happens to messages for numbers that end in its digits.
type Behaviour struct {
	Digits string // the last two of the number; empty: every other number
	Name   string
	Doc    string

	reply script
	end   smpp.MessageState // of the message, as query_sm tells; StateEnroute: it stays in the SMSC
	code  uint8             // and its error_code
}

// throttledTries is how often a throttled number is refused before it goes.
const throttledTries = 3

// Behaviours are all there are, for the documentation; the last is the default.
func Behaviours() []Behaviour {
	return []Behaviour{
		{"80", "undelivered", "accepted, then a receipt UNDELIV err:001", finally(smpp.StateUndeliverable, "001"), smpp.StateUndeliverable, 1},
		{"81", "expired", "accepted, then a receipt EXPIRED", finally(smpp.StateExpired, "027"), smpp.StateExpired, 27},
		{"82", "rejected-later", "accepted, then a receipt REJECTD", finally(smpp.StateRejected, "00B"), smpp.StateRejected, 11},
		{"83", "no-receipt", "accepted, and never a receipt; it stays in the SMSC, where query_sm finds it ENROUTE and cancel_sm and replace_sm reach it",
			accept, smpp.StateEnroute, 0},
		{"84", "throttled", "ESME_RTHROTTLED three times, then delivered", refusedFirst(smpp.StatusThrottled, throttledTries), smpp.StateDelivered, 0},
		{"85", "busy", "ESME_RSYSERR once, then delivered", refusedFirst(smpp.StatusSysErr, 1), smpp.StateDelivered, 0},
		{"86", "refused", "ESME_RINVDSTADR", func(*Simulator, *smpptest.Message, gsm.Concat) smpptest.Reply {
			return smpptest.Reply{Status: smpp.StatusInvDstAdr}
		}, smpp.StateRejected, 0},
		{"87", "early-receipt", "the receipt comes before the response", early, smpp.StateDelivered, 0},
		{"88", "duplicate-receipt", "the receipt comes twice", func(s *Simulator, m *smpptest.Message, _ gsm.Concat) smpptest.Reply {
			rc := smpptest.Receipt{State: smpp.StateDelivered, After: s.ReceiptDelay}
			return smpptest.Reply{Receipts: []smpptest.Receipt{rc, rc}}
		}, smpp.StateDelivered, 0},
		{"89", "hex-id", "the response has a hexadecimal id, the receipt the same in decimal", hexID, smpp.StateDelivered, 0},
		{"90", "link-drop", "the link drops after the submission, without a response; the next try is delivered", dropFirst, smpp.StateDelivered, 0},
		{"91", "no-response", "the first submission is never answered; the next try is delivered", silentFirst, smpp.StateDelivered, 0},
		{"92", "echo", "delivered, and the handset replies with the same text", echo, smpp.StateDelivered, 0},
		{"93", "enroute", "a receipt ENROUTE, then DELIVRD", enroute, smpp.StateDelivered, 0},
		{"94", "slow", "delivered, the receipt 5 seconds later", func(s *Simulator, _ *smpptest.Message, _ gsm.Concat) smpptest.Reply {
			return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateDelivered, After: 5 * time.Second}}}
		}, smpp.StateDelivered, 0},
		{"95", "last-part", "a receipt DELIVRD for the last part of a text only", lastPart, smpp.StateDelivered, 0},
		{"96", "query-only", "accepted, and never a receipt, but query_sm says DELIVERED", accept, smpp.StateDelivered, 0},
		{"97", "absent", "accepted, then a receipt UNDELIV with network_error_code GSM 27, absent subscriber", absent, smpp.StateUndeliverable, 27},
		{"", "delivered", "accepted, then a receipt DELIVRD", deliver, smpp.StateDelivered, 0},
	}
}

// Describe prints the table of behaviours.
func Describe(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, b := range Behaviours() {
		digits := b.Digits
		if digits == "" {
			digits = "other"
		}
		fmt.Fprintf(t, "  …%s\t%s\n", digits, b.Doc)
	}
	t.Flush()
}

// table holds the behaviours by the last two digits; nil where the default applies.
type table struct {
	digits [100]*Behaviour
	other  *Behaviour
}

func newTable() *table {
	t := &table{}
	for _, b := range Behaviours() {
		if n, err := strconv.Atoi(b.Digits); err == nil {
			t.digits[n] = &b
		} else {
			t.other = &b
		}
	}
	return t
}

func (t *table) of(number string) *Behaviour {
	if len(number) >= 2 {
		if n, err := strconv.Atoi(number[len(number)-2:]); err == nil && n >= 0 && t.digits[n] != nil {
			return t.digits[n]
		}
	}
	return t.other
}

type script = func(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply

// finally accepts and sends one final receipt, if the message asked for one.
func finally(state smpp.MessageState, code string) script {
	return func(s *Simulator, m *smpptest.Message, _ gsm.Concat) smpptest.Reply {
		if m.Registered&smpp.ReceiptMask == 0 {
			return smpptest.Reply{}
		}
		return smpptest.Reply{Receipts: []smpptest.Receipt{{State: state, Err: code, After: s.ReceiptDelay}}}
	}
}

// accept takes a message and sends nothing about it.
func accept(*Simulator, *smpptest.Message, gsm.Concat) smpptest.Reply { return smpptest.Reply{} }

func deliver(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply {
	return finally(smpp.StateDelivered, "")(s, m, part)
}

// first counts the tries of one part and says whether this one is among the first n.
func (s *Simulator) first(m *smpptest.Message, part gsm.Concat, n int) bool {
	key := m.Source.Addr + "\x00" + m.Destination.Addr + "\x00" + strconv.Itoa(int(part.Ref)) + "." + strconv.Itoa(int(part.Seq))
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tries) > 100_000 {
		clear(s.tries) // a simulator may forget
	}
	if s.tries[key] >= n {
		delete(s.tries, key)
		return false
	}
	s.tries[key]++
	return true
}

func refusedFirst(status smpp.Status, n int) script {
	return func(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply {
		if s.first(m, part, n) {
			return smpptest.Reply{Status: status}
		}
		return deliver(s, m, part)
	}
}

func dropFirst(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply {
	if s.first(m, part, 1) {
		return smpptest.Reply{Drop: true}
	}
	return deliver(s, m, part)
}

func silentFirst(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply {
	if s.first(m, part, 1) {
		return smpptest.Reply{NoResponse: true}
	}
	return deliver(s, m, part)
}

func early(s *Simulator, m *smpptest.Message, _ gsm.Concat) smpptest.Reply {
	id := s.id(m.N)
	return smpptest.Reply{MessageID: id, Receipts: []smpptest.Receipt{{State: smpp.StateDelivered, ID: id, TLVID: id, Early: true}}}
}

func hexID(s *Simulator, m *smpptest.Message, _ gsm.Concat) smpptest.Reply {
	n := s.base + m.N
	return smpptest.Reply{MessageID: fmt.Sprintf("%X", n), Receipts: []smpptest.Receipt{{State: smpp.StateDelivered,
		ID: strconv.FormatUint(n, 10), TLVID: "-", After: s.ReceiptDelay}}}
}

func enroute(s *Simulator, _ *smpptest.Message, _ gsm.Concat) smpptest.Reply {
	return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateEnroute, After: s.ReceiptDelay},
		{State: smpp.StateDelivered, After: s.ReceiptDelay + 50*time.Millisecond}}}
}

func lastPart(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply {
	if part.Seq < part.Total {
		return smpptest.Reply{}
	}
	return deliver(s, m, part)
}

// absent sends a receipt that says in network_error_code why (TS 29.002: 27 is
// absentSubscriber).
func absent(s *Simulator, m *smpptest.Message, _ gsm.Concat) smpptest.Reply {
	if m.Registered&smpp.ReceiptMask == 0 {
		return smpptest.Reply{}
	}
	id, date := s.id(m.N), smpp.FormatReceiptTime(m.Received)
	rc := smpp.Receipt{ID: id, State: smpp.StateUndeliverable, Submitted: 1, SubmitDate: date, DoneDate: date, Err: "027"}
	p := &smpp.DeliverSM{Source: m.Destination, Destination: m.Source, ESMClass: smpp.EsmReceipt, ShortMessage: rc.AppendText(nil)}
	_ = p.TLVs.AddText(smpp.TagReceiptedMessageID, id) // it is short
	p.TLVs.AddUint8(smpp.TagMessageState, uint8(smpp.StateUndeliverable))
	p.TLVs.AddNetworkErrorCode(smpp.NetworkError{Type: 3, Code: 27})
	return smpptest.Reply{MessageID: id, Receipts: []smpptest.Receipt{{PDU: smpp.Clone(p), After: s.ReceiptDelay}}}
}

// echo replies part by part, as a handset that sends the same text back would.
func echo(s *Simulator, m *smpptest.Message, part gsm.Concat) smpptest.Reply {
	reply := deliver(s, m, part)
	to := m.Source
	if to.TON == smpp.TONAlphanumeric && s.ReplyTo != "" {
		to = smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: s.ReplyTo}
	}
	answer := &smpp.DeliverSM{Source: m.Destination, Destination: to}
	answer.DataCoding, answer.ESMClass = m.DataCoding, m.ESMClass&smpp.EsmUDHI
	answer.ShortMessage = append([]byte(nil), m.Text...)
	if len(answer.ShortMessage) > 254 {
		answer.ShortMessage = nil
		_ = answer.TLVs.Add(smpp.TagMessagePayload, m.Text) // it came in one, so it fits
	}
	if place, ok := m.TLVs.SAR(); ok {
		answer.TLVs.AddSAR(place)
	}
	reply.Receipts = append(reply.Receipts, smpptest.Receipt{PDU: answer, After: s.ReceiptDelay})
	return reply
}
