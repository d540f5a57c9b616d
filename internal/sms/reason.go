package sms

// Reason says why a message is not well, in our own stable words; the raw code
// of the operator is kept beside it.
type Reason string

// Reasons.
const (
	ReasonNumber      Reason = "invalid_number"      // the input is not a possible number
	ReasonNoRoute     Reason = "no_route"            // no rule sends this number
	ReasonNoPrice     Reason = "no_price"            // the price list has no price for it
	ReasonAccount     Reason = "account_disabled"    // at due time
	ReasonSender      Reason = "sender_not_allowed"  // at due time
	ReasonCredit      Reason = "insufficient_credit" // at due time
	ReasonRetrying    Reason = "retrying"            // refused for a passing reason, will be sent again
	ReasonThrottled   Reason = "throttled"           // the operator asked us to slow down
	ReasonLinkDown    Reason = "link_down"           // no connector of the route is up
	ReasonOutcome     Reason = "outcome_unknown"     // the link or the node died between submit and response
	ReasonOperator    Reason = "operator_rejected"   // the operator refused the submission for good
	ReasonAttempts    Reason = "attempts_exhausted"  // refused for passing reasons too often
	ReasonUndelivered Reason = "undelivered"         // receipt
	ReasonValidity    Reason = "validity_expired"    // our own timer, before it was sent
	ReasonOpExpired   Reason = "expired_at_operator" // receipt
	ReasonNoReceipt   Reason = "no_receipt"          // our own timer, after it was sent
	ReasonCanceled    Reason = "canceled"
	ReasonContent     Reason = "content_refused" // a connector cannot carry this content

	// What operators say in receipts, and some in answers, in one set of words.
	ReasonAbsent        Reason = "absent_subscriber"  // switched off, no coverage
	ReasonNobody        Reason = "unknown_subscriber" // no such number, not allotted
	ReasonBarred        Reason = "call_barred"        // by the subscriber or his operator
	ReasonHandsetFull   Reason = "memory_full"
	ReasonHandset       Reason = "handset_error"   // it cannot take this message
	ReasonNetwork       Reason = "network_error"   // somewhere on the way
	ReasonFiltered      Reason = "filtered"        // spam filter, black list, do not disturb
	ReasonNoCredit      Reason = "operator_credit" // our account at the operator is used up
	ReasonSenderRefused Reason = "sender_refused"  // the operator does not let this sender id through
)

// Retryable says that the same message may well arrive if it is sent again
// later: the cause lies in the moment and not in the message or the number.
func (r Reason) Retryable() bool {
	switch r {
	case ReasonRetrying, ReasonThrottled, ReasonLinkDown, ReasonAttempts, ReasonValidity, ReasonOpExpired, ReasonAbsent,
		ReasonHandsetFull, ReasonNetwork, ReasonNoCredit, ReasonCredit:
		return true
	}
	return false
}
