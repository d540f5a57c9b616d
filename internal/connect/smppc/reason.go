package smppc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// operatorReasons are the words that an operator's code may be given.
var operatorReasons = []sms.Reason{
	sms.ReasonAbsent, sms.ReasonNobody, sms.ReasonBarred, sms.ReasonHandsetFull, sms.ReasonHandset, sms.ReasonNetwork,
	sms.ReasonFiltered, sms.ReasonNoCredit, sms.ReasonSenderRefused, sms.ReasonContent, sms.ReasonOperator,
	sms.ReasonOpExpired, sms.ReasonUndelivered,
}

var (
	faultReasons       = fault(`must be an object such as {"001": "absent_subscriber", "3/27": "absent_subscriber"}, with ` + reasonWords())
	faultStatusReasons = fault(`must be an object such as {"0x00000404": "filtered"}, with ` + reasonWords())
	faultStates        = fault(`must be an object such as {"0": "delivered"}, with the words delivered, undelivered, expired, rejected, sent`)
)

func reasonWords() string {
	words := make([]string, len(operatorReasons))
	for i, r := range operatorReasons {
		words[i] = string(r)
	}
	return "the words " + strings.Join(words, ", ")
}

// networkReasons are network_error_codes of type GSM (SMPP 3.4 §5.3.2.31): the
// MAP errors of TS 29.002 §17.6.6, then those RP causes of TS 24.011 §8.2.5.4 and
// TP failure causes of TS 23.040 §9.2.3.22 whose numbers MAP does not use for
// short messages. What does not say why stays without a reason.
var networkReasons = map[uint16]sms.Reason{
	1:  sms.ReasonNobody,  // unknownSubscriber; RP: unassigned number
	5:  sms.ReasonNobody,  // unidentifiedSubscriber
	6:  sms.ReasonAbsent,  // absentSubscriberSM
	8:  sms.ReasonBarred,  // roamingNotAllowed; RP: operator determined barring
	9:  sms.ReasonBarred,  // illegalSubscriber
	11: sms.ReasonBarred,  // teleserviceNotProvisioned
	12: sms.ReasonHandset, // illegalEquipment
	13: sms.ReasonBarred,  // callBarred
	21: sms.ReasonNetwork, // facilityNotSupported; RP: transfer rejected
	27: sms.ReasonAbsent,  // absentSubscriber; RP: destination out of order
	31: sms.ReasonAbsent,  // subscriberBusyForMT-SMS
	32: sms.ReasonHandset, // sm-DeliveryFailure: the handset did not take it
	33: sms.ReasonAbsent,  // messageWaitingListFull: and he is away
	34: sms.ReasonNetwork, // systemFailure
	35: sms.ReasonNetwork, // dataMissing
	36: sms.ReasonNetwork, // unexpectedDataValue

	10: sms.ReasonBarred,      // RP: call barred
	22: sms.ReasonHandsetFull, // RP: memory capacity exceeded
	28: sms.ReasonNobody,      // RP: unidentified subscriber
	30: sms.ReasonNobody,      // RP: unknown subscriber
	38: sms.ReasonNetwork,     // RP: network out of order
	41: sms.ReasonNetwork,     // RP: temporary failure
	42: sms.ReasonNetwork,     // RP: congestion
	47: sms.ReasonNetwork,     // RP: resources unavailable
	50: sms.ReasonBarred,      // RP: facility not subscribed

	0xC0: sms.ReasonNetwork,     // TP: SC busy
	0xC2: sms.ReasonNetwork,     // TP: SC system failure
	0xC3: sms.ReasonNobody,      // TP: invalid SME address
	0xC4: sms.ReasonBarred,      // TP: destination SME barred
	0xD0: sms.ReasonHandsetFull, // TP: SIM storage full
	0xD1: sms.ReasonHandset,     // TP: no storage in SIM
	0xD2: sms.ReasonHandset,     // TP: error in MS
	0xD3: sms.ReasonHandsetFull, // TP: memory capacity exceeded
}

// networkTypeGSM is the type of network_error_code for GSM (SMPP 3.4 §5.3.2.31).
const networkTypeGSM = 3

// failureReasons are delivery_failure_reasons (SMPP 3.4 §5.3.2.33).
var failureReasons = [...]sms.Reason{sms.ReasonAbsent, sms.ReasonNobody, sms.ReasonNetwork, sms.ReasonNetwork}

// receiptReason says why the message did not arrive; empty where the receipt
// says no more than its state. Of err: codes only the setting knows the meaning:
// every operator has its own.
func (s *settings) receiptReason(r smpp.Receipt, tlvs smpp.TLVs) sms.Reason {
	if reason, ok := s.ReceiptReasons[codeKey(r.Err)]; ok && r.Err != "" {
		return reason
	}
	if r.HasNetworkError {
		if reason, ok := s.ReceiptReasons[codeKey(networkCode(r.NetworkError))]; ok {
			return reason
		}
		if reason, ok := networkReasons[r.NetworkError.Code]; ok && r.NetworkError.Type == networkTypeGSM {
			return reason
		}
	}
	if why, ok := tlvs.Uint8(smpp.TagDeliveryFailureReason); ok && int(why) < len(failureReasons) {
		return failureReasons[why]
	}
	return ""
}

// networkCode is network_error_code as it is kept, type before code.
func networkCode(e smpp.NetworkError) string { return fmt.Sprintf("%d/%d", e.Type, e.Code) }

// reasonTable says what the error codes of receipts mean at one operator: err: as
// it is written, or network_error_code as type/code.
type reasonTable map[string]sms.Reason

// UnmarshalJSON reads {"001": "absent_subscriber"}.
func (t *reasonTable) UnmarshalJSON(b []byte) error {
	words := map[string]sms.Reason{}
	if err := json.Unmarshal(b, &words); err != nil {
		return faultReasons
	}
	*t = reasonTable{}
	for code, reason := range words {
		if code == "" || !slices.Contains(operatorReasons, reason) {
			return faultReasons
		}
		(*t)[codeKey(code)] = reason
	}
	return nil
}

// codeKey is one spelling of a code: 1, 001 and 0001 are the same, and so are
// 00b and 00B.
func codeKey(code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	if short := strings.TrimLeft(code, "0"); short != "" {
		return short
	}
	return code[:min(len(code), 1)]
}

// stateTable says what the stat: words of receipts mean at one operator, or the
// numbers of message_state where receipts have no text.
type stateTable map[string]sms.PartState

// UnmarshalJSON reads {"0": "delivered"}.
func (t *stateTable) UnmarshalJSON(b []byte) error {
	words := map[string]string{}
	if err := json.Unmarshal(b, &words); err != nil {
		return faultStates
	}
	*t = stateTable{}
	known := []sms.PartState{sms.PartDelivered, sms.PartUndelivered, sms.PartExpired, sms.PartRejected, sms.PartSent}
	for word, name := range words {
		i := slices.IndexFunc(known, func(s sms.PartState) bool { return s.String() == name })
		if word == "" || i < 0 {
			return faultStates
		}
		(*t)[strings.ToUpper(word)] = known[i]
	}
	return nil
}

// of looks the receipt up.
func (t stateTable) of(r smpp.Receipt) (sms.PartState, bool) {
	if len(t) == 0 {
		return 0, false
	}
	word := strings.ToUpper(r.Word)
	if word == "" && r.State != smpp.NoState {
		word = strconv.Itoa(int(r.State))
	}
	s, ok := t[word]
	return s, ok
}
