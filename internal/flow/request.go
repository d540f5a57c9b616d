package flow

import (
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Request is one call of a face: the same content for one or many recipients.
type Request struct {
	AccountID int64
	Face      string // "smsapi", "api", ...
	Type      sms.Type
	From      string
	To        []string     // as the caller wrote them, one recipient each
	Text      string       // with Raw: what can be read of it
	Raw       *sms.Raw     // content that is sent as it is, instead of Text
	Encoding  gsm.Encoding // of Raw, and of nothing else
	Coding    uint8        // data_coding and protocol_id of SMPP, see sms.Group
	Protocol  uint8
	File      string
	Language  string
	Duration  time.Duration
	SendAt    time.Time     // zero or past: at once
	ValidFor  time.Duration // from SendAt on; zero, or longer than the route's: the route's
	RouteID   int64         // 0: default routing rules
	Key       string        // idempotency key; empty: none
	KeyFor    time.Duration

	// Urgent is the priority_flag of SMPP 3.4 §5.2.14, 0 to 3. 0 leaves the lane to
	// the class of the sender, 1 is normal at least, 2 and 3 go first unless the
	// class is promotional, and are normal then.
	Urgent int

	SubscriberID int64 // system of the customer that is told what becomes of it, 0 none
	Notify       sms.Notify
}

// Result is the answer to one Request of several.
type Result struct {
	store.Accepted
	Err error
}

// Replacement is new content for a message that was not sent yet.
type Replacement struct {
	Text     string
	Raw      *sms.Raw
	Encoding gsm.Encoding  // of Raw
	SendAt   time.Time     // zero: as before
	ValidFor time.Duration // from the new SendAt on, or else from now; zero: as before
	Notify   sms.Notify
}
