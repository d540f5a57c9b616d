package sms

import "time"

// Inbound is one message, or one segment of one, that came from a handset.
type Inbound struct {
	ConnectorID int64
	From        string // as the operator gave it
	To          string // our number
	Text        string // decoded text of a message that came whole
	Segment     *Segment
	At          time.Time
}

// Segment is a piece of a concatenated message: it is kept until its siblings
// are there. Its octets are joined before decoding, since other senders split
// surrogate pairs and escapes.
type Segment struct {
	Ref     uint16
	Total   uint8
	Seq     uint8 // 1-based
	DCS     uint8 // data_coding
	Payload []byte
}

// InboxMessage is what getinbox returns.
type InboxMessage struct {
	AccountID   int64 // 0: our number belongs to nobody; an operator sees these
	Number      int64 // counter of the account
	ConnectorID int64
	From        string
	To          string
	Text        string
	Partial     bool // some segments never came
	Read        bool
	At          time.Time
}
