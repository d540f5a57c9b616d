package smpptest

import (
	"strconv"
	"time"

	"github.com/harkara/harkara/smpp"
)

// Message is a submit_sm, submit_multi or data_sm that the SMSC has received.
type Message struct {
	N           uint64 // 1 for the first message of this SMSC
	Session     *smpp.Session
	Header      smpp.Header
	PDU         smpp.PDU // good during OnSubmit; in Received it is a clone
	Source      smpp.Address
	Destination smpp.Address // first one of submit_multi
	ESMClass    uint8
	DataCoding  uint8
	Registered  uint8  // registered_delivery
	Text        []byte // short_message or message_payload
	TLVs        smpp.TLVs
	Received    time.Time
	MessageID   string // that it was answered with, empty when refused
	Status      smpp.Status
}

// fill takes the common fields out of the PDU.
func (m *Message) fill(p smpp.PDU) bool {
	m.PDU = p
	switch p := p.(type) {
	case *smpp.SubmitSM:
		m.Source, m.Destination, m.ESMClass, m.DataCoding = p.Source, p.Destination, p.ESMClass, p.DataCoding
		m.Registered, m.Text, m.TLVs = p.RegisteredDelivery, p.Text(), p.TLVs
	case *smpp.DataSM:
		m.Source, m.Destination, m.ESMClass, m.DataCoding = p.Source, p.Destination, p.ESMClass, p.DataCoding
		m.Registered, m.Text, m.TLVs = p.RegisteredDelivery, p.Text(), p.TLVs
	case *smpp.SubmitMulti:
		if len(p.Destinations) > 0 {
			m.Destination = p.Destinations[0].Address
		}
		m.Source, m.ESMClass, m.DataCoding = p.Source, p.ESMClass, p.DataCoding
		m.Registered, m.TLVs, m.Text = p.RegisteredDelivery, p.TLVs, p.ShortMessage
		if v, ok := p.TLVs.MessagePayload(); ok && len(m.Text) == 0 {
			m.Text = v
		}
	default:
		return false
	}
	return true
}

// clone makes the message independent of the session.
func (m Message) clone() Message {
	m.fill(smpp.Clone(m.PDU))
	return m
}

// Reply is what the SMSC does with a message. The zero value accepts it at once, with a new message id
// and no receipt.
type Reply struct {
	Status     smpp.Status
	MessageID  string        // empty: the SMSC's NewID
	Body       smpp.PDU      // takes the place of the response made from MessageID
	Delay      time.Duration // before the response
	NoResponse bool          // never answer
	Nack       bool          // answer with generic_nack and Status
	Drop       bool          // close the connection instead of answering
	DropAfter  bool          // close the connection right behind the response
	// Tamper makes what is written of the octets of the response: see Wire.Tamper, Twice and Behind.
	Tamper   func(response []byte) []byte
	Receipts []Receipt // sent whatever registered_delivery says
}

// Receipt is one delivery receipt, or anything else that follows a message.
type Receipt struct {
	State smpp.MessageState // as in the text and in message_state
	Word  string            // stat: of the text, if not that of State
	Err   string            // err: of the text; empty: 000
	ID    string            // id: of the text, if it is another than in the response
	Spell Spelling          // how id: of the text spells the id, if not as in the response
	TLVID string            // receipted_message_id; empty: that of the response, "-": no TLV
	NoTLV bool              // neither receipted_message_id nor message_state
	After time.Duration     // since the response was written
	Early bool              // before the response instead
	Over  Over              // on which of the ESME's binds
	PDU   *smpp.DeliverSM   // sent instead of a made one
}

// Over says on which bind a receipt comes.
type Over uint8

// Binds of a receipt, where there are several with the same system_id. When the one that is asked for is not
// there, any other will do.
const (
	AnyBind     Over = iota // all that can receive, in turn
	SameBind                // the one that the message came on
	SiblingBind             // another one
)

// allows tells whether a receipt for a message of one session may come on another.
func (o Over) allows(from, on *smpp.Session) bool {
	return o == AnyBind || (o == SameBind) == (from == on)
}

// deliverSM makes the PDU (SMPP 3.4 appendix B).
func (rc Receipt) deliverSM(m *Message) *smpp.DeliverSM {
	if rc.PDU != nil {
		return rc.PDU
	}
	id := rc.ID
	if id == "" {
		id = m.MessageID
	}
	if rc.Spell != nil {
		id = rc.Spell(id)
	}
	errCode := rc.Err
	if errCode == "" {
		errCode = "000"
	}
	r := smpp.Receipt{ID: id, Submitted: 1, SubmitDate: smpp.FormatReceiptTime(m.Received), State: rc.State, Word: rc.Word,
		DoneDate: smpp.FormatReceiptTime(time.Now()), Err: errCode, Text: string(m.Text)}
	if rc.State == smpp.StateDelivered {
		r.Delivered = 1
	}
	p := &smpp.DeliverSM{Source: m.Destination, Destination: m.Source, ESMClass: smpp.EsmReceipt, ShortMessage: r.AppendText(nil)}
	if rc.NoTLV {
		return p
	}
	if tlv := rc.TLVID; tlv != "-" {
		if tlv == "" {
			tlv = m.MessageID
		}
		_ = p.TLVs.AddText(smpp.TagReceiptedMessageID, tlv) // a message id is short
	}
	p.TLVs.AddUint8(smpp.TagMessageState, uint8(rc.State))
	return p
}

// newID is the default message id: hexadecimal and rising.
func newID(n uint64) string { return strconv.FormatUint(0x5f000000+n, 16) }
