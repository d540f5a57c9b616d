package sms

import (
	"cmp"
	"strings"
	"time"
)

// AttemptRef names one attempt to submit one part. Epoch is the fencing number
// of the owner that claimed it. RouteID and Tries are not part of the name: they
// are what the route's policy needs to know of it.
type AttemptRef struct {
	Message MessageID
	Seq     int // part, 1-based
	Attempt int
	Epoch   int64
	RouteID int64
	Tries   int // Message.Attempts when it was claimed
}

// Verdict is a connector's classification of an attempt. Connectors only
// classify; what follows is decided by flow from the route's policy.
type Verdict uint8

// Verdicts.
const (
	VerdictAccepted Verdict = 1 // the operator took it, UpstreamID may be empty
	VerdictRetry    Verdict = 2 // refused for a passing reason
	VerdictThrottle Verdict = 3 // slow down; says nothing about this message
	VerdictReject   Verdict = 4 // refused for good
	VerdictUnknown  Verdict = 5 // written, no answer: may have been sent
	VerdictDown     Verdict = 6 // certainly never written: handed back
)

var verdictNames = [...]string{"", "accepted", "retry", "throttle", "reject", "unknown", "down"}

// String is the word for the verdict, as metrics label it.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return ""
}

// Outcome is what became of one attempt. The connector fills the first block,
// flow the second.
type Outcome struct {
	AttemptRef
	ConnectorID int64
	Verdict     Verdict
	UpstreamID  string // the operator's id, as given
	UpstreamKey string // its canonical form, under which receipts find it; empty: UpstreamID itself
	Reason      Reason
	Code        string // raw code, such as "0x0000000B"
	Late        bool   // a second word on an attempt that was reported unknown: its answer came after all
	At          time.Time

	RetryAt time.Time // Retry, Throttle, Unknown with Resend: when it is due again
	AvoidID int64     // Retry: connector that should not have it next
	OnlyID  int64     // Down: connector that alone should have it next, of several that may not send for it
	Resend  bool      // Unknown: the route's policy resends, once
}

// Receipt is what an operator says of a submission later.
type Receipt struct {
	ConnectorID int64     // whose ids these are (Connector.Scope)
	IDs         []string  // candidate canonical forms of the upstream id, the likeliest first
	To          string    // the recipient's digits, a check on the match; may be empty
	Forms       []string  // how each of IDs was made of what the receipt says ("same", "hex to decimal", …), for the profile of the connector
	State       PartState // PartSent for an intermediate receipt
	Reason      Reason    // why it did not arrive, in our words; empty: what State says
	Code        string    // raw error code
	Raw         string    // the receipt without the message's text, as evidence
	At          time.Time // when it arrived
}

// ReceiptNote is what is kept of a receipt beside the event that it led to. The
// state and code of its part may say another thing: after an end, a receipt is
// evidence only.
type ReceiptNote struct {
	State PartState // that it gives its part
	Raw   string    // the receipt without the message's text
	At    time.Time // when it arrived; the event is later where it was held
}

// Why is the reason that the receipt gives for a part that did not arrive, at
// least what its state says; empty for one that did, or may yet.
func (rc *Receipt) Why() Reason {
	switch {
	case !rc.State.Final() || rc.State.delivered():
		return ""
	case rc.Reason != "":
		return rc.Reason
	case rc.State == PartExpired:
		return ReasonOpExpired
	case rc.State == PartRejected:
		return ReasonOperator
	}
	return ReasonUndelivered
}

// SameNumber says whether two spellings may be one number: equal, or one the
// end of the other once leading zeros are gone, since operators write national
// forms. An empty one agrees with anything.
func SameNumber(a, b string) bool {
	const enough = 7
	if a == b || a == "" || b == "" {
		return true
	}
	a, b = strings.TrimLeft(a, "+0"), strings.TrimLeft(b, "+0")
	if len(a) > len(b) {
		a, b = b, a
	}
	return a == b || len(a) >= enough && strings.HasSuffix(b, a)
}

// CompareMatch orders the parts that a receipt's upstream id may mean, the
// likeliest first, as for slices.SortFunc: operators use ids again, so unfinished
// messages come before finished ones and newer before older. Some give all parts
// of a message one id: they are answered in order.
func CompareMatch(a *Record, seqA int, b *Record, seqB int) int {
	return cmp.Or(
		falseFirst(a.State.Final(), b.State.Final()),
		cmp.Compare(b.ID, a.ID),
		falseFirst(a.Sub[seqA-1].State.Final(), b.Sub[seqB-1].State.Final()),
		cmp.Compare(seqA, seqB))
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
