package sms

import (
	"time"

	"github.com/harkara/harkara/gsm"
)

// Type is what the customer asked to send.
type Type string

// Types of the smsAPI.
const (
	TypeSMS      Type = "sms"
	TypeUnicode  Type = "unicode" // SMS, always UCS-2
	TypeFlash    Type = "flash"   // SMS, message class 0
	TypeVoice    Type = "voice"
	TypeMMS      Type = "mms"
	TypeWhatsApp Type = "whatsapp"
)

// Types lists them in the order of the documentation.
func Types() []Type { return []Type{TypeSMS, TypeUnicode, TypeFlash, TypeVoice, TypeMMS, TypeWhatsApp} }

// Channel is the kind of connector that carries the type: the three text types
// go over "sms", the others over their own name.
func (t Type) Channel() Type {
	if t == TypeUnicode || t == TypeFlash {
		return TypeSMS
	}
	return t
}

// Encoding is that of gsm, named here so that a store need not know gsm.
type Encoding = gsm.Encoding

// Lane is the priority of a message in the queue of its route: a lower lane is
// claimed first.
type Lane uint8

// Lanes.
const (
	LaneFirst  Lane = 0 // one-time passwords
	LaneNormal Lane = 1
	LaneBulk   Lane = 2 // promotions and calls with very many recipients
)

// Lanes in claiming order.
func Lanes() []Lane { return []Lane{LaneFirst, LaneNormal, LaneBulk} }

// Group is one accepted call: the content, stored once, for all its recipients.
// Its id is (AccountID, Number); Number is what the smsAPI calls group_id.
type Group struct {
	AccountID      int64
	Number         int64
	FirstMessage   MessageID // ids of its messages are consecutive
	FirstRecipient int64     // so are the recipient numbers of the smsAPI
	Count          int
	Type           Type
	From           string // the sender in its approved spelling
	Text           string
	File           string        // voice, mms, whatsapp
	Language       string        // text to speech
	Duration       time.Duration // voice
	Raw            *Raw          // content that the caller has already cut or that is no text; nil: Text is the content
	Coding         uint8         // data_coding as an SMPP customer gave it: the class of a text, and all of octets that are no text
	Protocol       uint8         // protocol_id as an SMPP customer gave it
	Face           string        // which face took it: smsapi, api, smpp, portal, campaign
	At             time.Time     // of acceptance
	SendAt         time.Time     // zero: at once
}

// Raw is the content of one short message as the caller made it: a part of a
// long text with its user data header, or octets that are no text. It is one
// submission and one unit, and goes out as it came. Text of its group is what
// can be read of it, for people.
type Raw struct {
	Header []byte // user data header with its length octet (TS 23.040 §9.2.3.24), empty: none
	Body   []byte // GSM7: septets, one an octet; UCS2 and Octets: octets
}

// RecipientNumber is the smsAPI's recipients[].id of a message of this group.
func (g *Group) RecipientNumber(id MessageID) int64 {
	return g.FirstRecipient + int64(id-g.FirstMessage)
}

// ChargeOn says which event of a part captures its price.
type ChargeOn uint8

// When a part is charged.
const (
	ChargeAccepted  ChargeOn = 0 // the operator took it (default)
	ChargeDelivered ChargeOn = 1
)

// Notify says which moves of a message its subscriber is told of.
type Notify uint8

// What a subscriber may want to know. The bits are stored.
const (
	NotifyDelivered Notify = 1 << 0 // it arrived
	NotifyFailed    Notify = 1 << 1 // it ended in any other way
	NotifyProgress  Notify = 1 << 2 // the operator took it
)

// Message is one recipient of a group.
type Message struct {
	ID        MessageID
	AccountID int64
	Group     int64  // number of its group
	To        string // E.164 digits without +, empty when the input was not a number
	Input     string // as the caller wrote it, kept when it differs from To

	State       State
	Provisional bool   // State is an end that real evidence may still replace, once
	Reason      Reason // why it is not (yet) well; empty when all is well
	Code        string // raw code behind Reason: SMPP status, receipt err, SIP code

	Encoding  Encoding
	Parts     int   // parts of the text as counted and priced at acceptance
	Answered  bool  // every part has a response or a receipt
	Units     int   // what is priced: parts, started intervals, messages
	Price     Money // of one unit, frozen at acceptance
	ChargeOn  ChargeOn
	Reserved  Money
	Captured  Money
	Released  Money
	ReserveID int64 // transfer that reserved, 0 when nothing was
	ReleaseID int64 // transfer that released, 0 when nothing was

	RouteID      int64
	Pinned       bool // the caller named the route
	Lane         Lane
	OnlyID       int64       // connector that alone may send it (resend after an unknown outcome), 0 any
	AvoidID      int64       // connector that just refused it, 0 none
	ReceiptsOn   ReceiptMode // which parts have a receipt
	SubscriberID int64       // system of the customer that handed it in and is told of it, 0 none
	Notify       Notify      // of what
	Attempts     int         // claims with a refusal that counted against the route's limit, however many parts

	DueAt     time.Time // when it may be sent (again)
	ExpiresAt time.Time // end of validity
	CloseAt   time.Time // end of waiting for receipts
	AskAt     time.Time // when the operator is asked what became of it, zero: never
	UpdatedAt time.Time
}

// Deadline is when the message needs attention by itself; ok is false for ends.
// ExpiresAt and CloseAt are always set.
func (m *Message) Deadline() (_ time.Time, ok bool) {
	switch {
	case m.State == Scheduled:
		return m.DueAt, true
	case m.State == Queued:
		return m.ExpiresAt, true
	case m.State == Sent && !m.AskAt.IsZero() && m.AskAt.Before(m.CloseAt):
		return m.AskAt, true
	case !m.State.Final():
		return m.CloseAt, true
	}
	return time.Time{}, false
}

// Open is the credit still held for the message.
func (m *Message) Open() Money { return m.Reserved - m.Captured - m.Released }

// Part is one submission to the operator. Its row is made when the message is
// first claimed.
type Part struct {
	Seq         int // 1-based
	State       PartState
	ConnectorID int64
	UpstreamID  string // as the operator gave it
	Attempt     int    // number of the latest attempt
	Epoch       int64  // of the owner that made it
	Unknowns    int    // attempts whose outcome was never learnt
	Code        string // raw code of the last refusal or receipt
	Captured    Money
	CaptureID   int64 // transfer that captured
	At          time.Time
}

// Record is a message with its parts: what the life-cycle functions of
// change.go and due.go work on, and what a store reads and writes in one transaction.
type Record struct {
	Message
	Sub []Part // in order of Seq; empty before the first claim
}

// Word is the recipient status of the smsAPI (compat.md §5): exactly "queued",
// "sent" or "failed".
func (m *Message) Word() string {
	switch m.State {
	case Sent, Delivered, PartiallyDelivered, Read:
		return "sent"
	case Undelivered, Expired, Rejected, Canceled, Failed:
		return "failed"
	case Unknown:
		if m.Answered {
			return "sent"
		}
		return "failed"
	}
	return "queued"
}

// GroupWord is the group_status of the smsAPI: sent if any recipient is sent,
// else queued if any is queued, else failed.
func GroupWord(words []string) string {
	best := "failed"
	for _, w := range words {
		switch w {
		case "sent":
			return "sent"
		case "queued":
			best = "queued"
		}
	}
	return best
}

// Call is what flow hands to the store: one accepted request, planned and
// priced, not yet numbered.
type Call struct {
	Key      string    // idempotency key, unique per account
	KeyUntil time.Time // how long the key answers with the first result
	Group    Group     // Number, FirstMessage, FirstRecipient are the store's
	Messages []Message // ID and Group are the store's
	Need     Money     // sum of Reserved
}
