package sms

// State is where a message is in its life. The numbers are stored: never reuse one.
type State uint8

// States of a message (design.md §3).
const (
	Scheduled          State = 1
	Queued             State = 2
	Sending            State = 3  // claimed: the intent is stored, the answer is not
	Held               State = 4  // outcome unknown and the route's policy says wait
	Sent               State = 5  // every part was answered, a receipt may follow
	Delivered          State = 6  // final
	PartiallyDelivered State = 7  // final: some parts only
	Read               State = 8  // final: a channel's read receipt
	Undelivered        State = 9  // final: the network said no
	Expired            State = 10 // final, or provisional by our own timer
	Rejected           State = 11 // final: refused before or by the operator
	Canceled           State = 12 // final
	Failed             State = 13 // final: never sent, our side
	Unknown            State = 14 // provisional end: nobody said what became of it
)

var stateNames = [...]string{"", "scheduled", "queued", "sending", "held", "sent", "delivered", "partially_delivered",
	"read", "undelivered", "expired", "rejected", "canceled", "failed", "unknown"}

// String is the public word for the state.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return ""
}

// Final says that the state ends the life of a message (Unknown and Expired may
// be provisional all the same, see Message.Provisional).
func (s State) Final() bool { return s >= Delivered }

// States are all states in order, for tables and documentation.
func States() []State {
	all := make([]State, 0, len(stateNames)-1)
	for s := Scheduled; s <= Unknown; s++ {
		all = append(all, s)
	}
	return all
}

// Trigger is what moves a message from one state to another. The numbers are
// stored in event rows: never reuse one.
type Trigger uint8

// Triggers.
const (
	OnAccept      Trigger = 1 // first row of every history
	OnDue         Trigger = 2 // the scheduled time has come
	OnClaim       Trigger = 3 // a sender took it
	OnHandBack    Trigger = 4 // claimed but certainly never written
	OnRetry       Trigger = 5 // refused for a passing reason, or resent after an unknown outcome
	OnHold        Trigger = 6 // outcome unknown, nothing is resent
	OnAnswer      Trigger = 7 // every part has a response
	OnDeliver     Trigger = 8
	OnPartDeliver Trigger = 9
	OnRead        Trigger = 10
	OnUndeliver   Trigger = 11
	OnExpire      Trigger = 12 // the operator's receipt, or our own timer before anything was sent
	OnReject      Trigger = 13
	OnCancel      Trigger = 14
	OnFail        Trigger = 15
	OnClose       Trigger = 16 // our own timer after something may have been sent
	// OnEvidence keeps the state and adds to the history: a receipt after the
	// end, an intermediate receipt, a second response to a resent part.
	OnEvidence Trigger = 17
	OnReplace  Trigger = 18 // new content for what was not sent yet; the state stays
	OnAsk      Trigger = 19 // the operator is asked what became of it; the state stays
)

var triggerNames = [...]string{"", "accept", "due", "claim", "hand_back", "retry", "hold", "answer", "deliver",
	"part_deliver", "read", "undeliver", "expire", "reject", "cancel", "fail", "close", "evidence", "replace", "ask"}

// String is the word for the trigger.
func (t Trigger) String() string {
	if int(t) < len(triggerNames) {
		return triggerNames[t]
	}
	return ""
}

// Triggers are all triggers in order.
func Triggers() []Trigger {
	all := make([]Trigger, 0, len(triggerNames)-1)
	for t := OnAccept; t <= OnAsk; t++ {
		all = append(all, t)
	}
	return all
}

// next is the whole table. An absent pair is not allowed. Evidence (answers and
// receipts) may arrive in any open state: also while the message waits in the
// queue again after an unknown outcome.
var next = map[State]map[Trigger]State{
	Scheduled: {OnDue: Queued, OnCancel: Canceled, OnReject: Rejected, OnFail: Failed},
	Queued: evidence(map[Trigger]State{OnClaim: Sending, OnCancel: Canceled, OnFail: Failed, OnHold: Held,
		OnClose: Unknown}),
	Sending:   evidence(map[Trigger]State{OnHandBack: Queued, OnRetry: Queued, OnHold: Held, OnFail: Failed, OnClose: Unknown}),
	Held:      evidence(map[Trigger]State{OnRetry: Queued, OnFail: Failed, OnClose: Unknown}),
	Sent:      evidence(map[Trigger]State{OnClose: Unknown}),
	Delivered: {OnRead: Read},
}

// evidence adds what an operator's word does in every open state.
func evidence(m map[Trigger]State) map[Trigger]State {
	for t, s := range map[Trigger]State{OnAnswer: Sent, OnDeliver: Delivered, OnPartDeliver: PartiallyDelivered,
		OnRead: Read, OnUndeliver: Undelivered, OnExpire: Expired, OnReject: Rejected} {
		m[t] = s
	}
	return m
}

// Next is the state that follows, ok false where the pair is not allowed. A
// provisional end is replaced by evidence once; that is decided by Record, with
// Sent as the state it came from.
func Next(s State, t Trigger) (_ State, ok bool) {
	n, ok := next[s][t]
	return n, ok
}

// Leads says whether any trigger leads from one state to the other. The event of
// a part keeps the word for what happened to the part (a refusal, a delivery),
// while the message moves by what its parts add up to.
func Leads(from, to State) bool {
	for _, n := range next[from] {
		if n == to {
			return true
		}
	}
	return false
}

// PartState is where one part (one submission to the operator) is.
type PartState uint8

// States of a part. The numbers are stored: never reuse one.
const (
	PartPending     PartState = 1 // to be sent (again)
	PartSending     PartState = 2 // claimed: may be on the wire
	PartUnknown     PartState = 3 // written, no answer
	PartSent        PartState = 4 // answered with an upstream id
	PartDelivered   PartState = 5
	PartUndelivered PartState = 6
	PartExpired     PartState = 7
	PartRejected    PartState = 8
	PartCanceled    PartState = 9  // never sent, since a sibling was refused or the message ended
	PartRead        PartState = 10 // channel's read receipt
)

var partNames = [...]string{"", "pending", "sending", "unknown", "sent", "delivered", "undelivered", "expired",
	"rejected", "canceled", "read"}

// String is the word for the part state.
func (s PartState) String() string {
	if int(s) < len(partNames) {
		return partNames[s]
	}
	return ""
}

// Final says that nothing more is expected for the part.
func (s PartState) Final() bool { return s >= PartDelivered }

// Answered says that the operator spoke of this part: a response or a receipt.
func (s PartState) Answered() bool { return s >= PartSent && s != PartCanceled }

// delivered says that the part reached the handset.
func (s PartState) delivered() bool { return s == PartDelivered || s == PartRead }

// foldParts computes a message's state from its parts, each of which has a receipt.
// trigger is what to call the move; state is 0 while there are no parts.
func foldParts(parts []Part) (_ State, trigger Trigger) {
	var n [PartRead + 1]int
	for _, p := range parts {
		n[p.State]++
	}
	total := len(parts)
	good := n[PartDelivered] + n[PartRead]
	switch {
	case total == 0:
		return 0, 0
	case n[PartSending] > 0:
		return Sending, OnClaim
	case n[PartPending] > 0:
		return Queued, OnRetry
	case n[PartUnknown] > 0:
		return Held, OnHold
	case n[PartSent] > 0:
		return Sent, OnAnswer
	case n[PartRead] == total:
		return Read, OnRead
	case good == total:
		return Delivered, OnDeliver
	case good > 0:
		return PartiallyDelivered, OnPartDeliver
	case n[PartRejected] > 0:
		return Rejected, OnReject
	case n[PartUndelivered] > 0:
		return Undelivered, OnUndeliver
	case n[PartExpired] > 0:
		return Expired, OnExpire
	}
	return Canceled, OnCancel
}
