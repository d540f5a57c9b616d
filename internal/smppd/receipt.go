package smppd

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

// messageState is the state in the words of SMPP 3.4 §5.2.28. A message of which
// some parts arrived is none that was delivered. SCHEDULED came with SMPP 5.0.
func messageState(s sms.State, version uint8) smpp.MessageState {
	switch s {
	case sms.Scheduled:
		if version >= smpp.Version50 {
			return smpp.StateScheduled
		}
	case sms.Delivered, sms.Read:
		return smpp.StateDelivered
	case sms.PartiallyDelivered, sms.Undelivered:
		return smpp.StateUndeliverable
	case sms.Expired:
		return smpp.StateExpired
	case sms.Rejected, sms.Failed:
		return smpp.StateRejected
	case sms.Canceled:
		return smpp.StateDeleted
	case sms.Unknown:
		return smpp.StateUnknown
	}
	return smpp.StateEnroute
}

// ownCodes are the reasons that stand in err: where no operator gave a code that
// fits: 901 is the first. The order is part of the contract with customers: add at
// the end.
var ownCodes = []sms.Reason{
	sms.ReasonNumber, sms.ReasonNoRoute, sms.ReasonNoPrice, sms.ReasonAccount, sms.ReasonSender, sms.ReasonCredit,
	sms.ReasonOutcome, sms.ReasonOperator, sms.ReasonAttempts, sms.ReasonUndelivered, sms.ReasonValidity, sms.ReasonOpExpired,
	sms.ReasonNoReceipt, sms.ReasonCanceled, sms.ReasonContent, sms.ReasonAbsent, sms.ReasonNobody, sms.ReasonBarred,
	sms.ReasonHandsetFull, sms.ReasonHandset, sms.ReasonNetwork, sms.ReasonFiltered, sms.ReasonNoCredit, sms.ReasonSenderRefused,
}

// ownFirst is the code of the first of them, otherCode that of a reason that is
// not among them.
const (
	ownFirst  = 901
	otherCode = 999
)

// errText is err: of a receipt, three characters: the operator's code where it
// fits, else a code of our own for the reason. (A command_status, which connectors
// keep as 0x…, is another set of numbers and goes by its reason.) What arrived has
// 000, and nothing else has: some operators say so of what did not arrive.
func errText(s sms.State, code string, reason sms.Reason) string {
	if s == sms.Delivered || s == sms.Read || !s.Final() {
		return "000"
	}
	if e, ok := networkError(code); ok {
		if code = ""; e.Code <= 999 {
			code = strconv.Itoa(int(e.Code))
		}
	}
	if strings.Trim(code, "0") != "" && len(code) <= 3 {
		return strings.Repeat("0", 3-len(code)) + code
	}
	if i := slices.Index(ownCodes, reason); i >= 0 {
		return strconv.Itoa(ownFirst + i)
	}
	return strconv.Itoa(otherCode)
}

// errorCode is error_code of query_sm_resp, one octet (SMPP 3.4 §4.8.2).
func errorCode(s sms.State, code string, reason sms.Reason) uint8 {
	if n, err := strconv.Atoi(errText(s, code, reason)); err == nil && n <= 255 {
		return uint8(n)
	}
	return 0xFF
}

// networkError reads network_error_code where the operator gave one (SMPP 3.4
// §5.3.2.31), as the connector keeps it: type/code.
func networkError(code string) (e smpp.NetworkError, ok bool) {
	kind, number, found := strings.Cut(code, "/")
	k, err1 := strconv.ParseUint(kind, 10, 8)
	n, err2 := strconv.ParseUint(number, 10, 16)
	if !found || err1 != nil || err2 != nil {
		return e, false
	}
	return smpp.NetworkError{Type: uint8(k), Code: uint16(n)}, true
}

// receipt fills p with the receipt of an event (SMPP 3.4 appendix B). Its source
// is the recipient, its destination the sender. Dates are in the account's time
// zone, as SMSCs give their own local time; text: is empty, since the id says which
// message it is, and texts end up in logs.
func receipt(p *smpp.DeliverSM, d *store.Delivery, form string, zone *time.Location, version uint8) {
	ev := &d.Event
	state := messageState(ev.State, version)
	r := smpp.Receipt{ID: idText(d.Group.FirstMessage, form), State: state, Submitted: 1, Err: errText(ev.State, ev.Code, ev.Reason),
		SubmitDate: smpp.FormatReceiptTime(d.Group.At.In(zone)), DoneDate: smpp.FormatReceiptTime(ev.At.In(zone))}
	switch ev.State {
	case sms.Delivered, sms.Read:
		r.Delivered = 1
	case sms.PartiallyDelivered:
		r.Submitted, r.Delivered = parts(&d.Record)
	}
	*p = smpp.DeliverSM{ServiceType: p.ServiceType, Source: number(d.Record.To), Destination: party(d.Group.From),
		ESMClass: smpp.EsmReceipt, ShortMessage: r.AppendText(p.ShortMessage[:0]), TLVs: p.TLVs[:0]}
	if !ev.State.Final() {
		p.ESMClass = smpp.EsmIntermediateReceipt
	}
	if version < smpp.Version34 {
		return // no optional parameters there
	}
	_ = p.TLVs.AddText(smpp.TagReceiptedMessageID, r.ID) // an id always fits
	p.TLVs.AddUint8(smpp.TagMessageState, uint8(state))
	if e, ok := networkError(ev.Code); ok {
		p.TLVs.AddNetworkErrorCode(e)
	}
}

// parts counts those that were sent and those that arrived.
func parts(r *sms.Record) (sent, arrived int) {
	for _, p := range r.Sub {
		if p.State == sms.PartDelivered || p.State == sms.PartRead {
			arrived++
		}
	}
	return len(r.Sub), arrived
}
