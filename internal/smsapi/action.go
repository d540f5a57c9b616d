package smsapi

// Action is one of the four calls.
type Action uint8

// The calls. NoAction is an unknown or missing action, which the handler
// answers with "request":"" and a helpful message (Q10).
const (
	NoAction Action = iota
	ActionSendSMS
	ActionGroupStatus
	ActionGetInbox
	ActionBalance
)

// String returns the word for the "request" field of a reply; "" for NoAction.
func (a Action) String() string {
	switch a {
	case ActionSendSMS:
		return SendSMS.String()
	case ActionGroupStatus:
		return GroupStatus.String()
	case ActionGetInbox:
		return GetInbox.String()
	case ActionBalance:
		return Balance.String()
	}
	return ""
}

// Action finds the call that is meant by the presence of its parameter, with
// any value and at any position (Q1).
//
// When several are present the first in the order of the documentation wins:
// sendsms, groupstatus, getinbox, balance. Refusing such a call would break
// clients that do not encode their text: "text=Rent & balance" makes a stray
// parameter named balance (Q6). Order of appearance would break those that
// put the action last. A stray piece can come only from a text, and only
// sendsms has one.
func (p *Params) Action() Action {
	switch {
	case p.Has(SendSMS):
		return ActionSendSMS
	case p.Has(GroupStatus):
		return ActionGroupStatus
	case p.Has(GetInbox):
		return ActionGetInbox
	case p.Has(Balance):
		return ActionBalance
	}
	return NoAction
}
