package smppc

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// verdicts says what a command_status of submit_sm_resp means (SMPP 3.4
// §5.1.3). It lists what is not a final refusal, with the reason why not;
// everything else is: errors of the message, of an address or of the settings
// (INVDSTADR, INVSRCADR, INVMSGLEN, INVSERTYP, RX_P_APPN, RX_R_APPN, ...), the
// vendors' codes from 0x400 on, and what nobody knows. A refusal that nobody
// understands must not be tried again for ever; status_verdicts in the settings
// overrides a row for one operator.
//
// MSGQFUL is also how some operators say that our balance there is zero; that is
// a throttle too, the links stay up and the host slows down.
var verdicts = map[smpp.Status]sms.Verdict{
	smpp.StatusOK:        sms.VerdictAccepted,
	smpp.StatusThrottled: sms.VerdictThrottle, // faster than the contract
	smpp.StatusMsgQFul:   sms.VerdictThrottle, // their queue is full

	smpp.StatusSysErr:          sms.VerdictRetry, // their system, not the message
	smpp.StatusRxTAppn:         sms.VerdictRetry, // temporary by its name
	smpp.StatusSubmitFail:      sms.VerdictRetry, // "submit failed", without a reason
	smpp.StatusDeliveryFailure: sms.VerdictRetry, // the same of data_sm
	smpp.StatusQueryFail:       sms.VerdictRetry, // seen for overload
	smpp.StatusUnknownErr:      sms.VerdictRetry, // they do not know themselves
	smpp.StatusInvBndSts:       sms.VerdictRetry, // they think that we are not bound
	smpp.StatusAlyBnd:          sms.VerdictRetry, // likewise about the bind
	smpp.StatusBindFail:        sms.VerdictRetry,
	smpp.StatusInvPaswd:        sms.VerdictRetry,
	smpp.StatusInvSysID:        sms.VerdictRetry,
	smpp.StatusSerTypUnavail:   sms.VerdictRetry, // SMPP 5.0 §4.7.6
}

// refusals are the statuses that say why a message is refused for good.
var refusals = map[smpp.Status]sms.Reason{
	smpp.StatusInvSrcAdr: sms.ReasonSenderRefused,
	smpp.StatusInvSrcTON: sms.ReasonSenderRefused,
	smpp.StatusInvSrcNPI: sms.ReasonSenderRefused,
	smpp.StatusInvDstAdr: sms.ReasonNobody,
}

// classify gives the verdict of a response, with its reason. Of a throttle the
// reason is always that we are to slow down.
func (s *settings) classify(st smpp.Status) (sms.Verdict, sms.Reason) {
	v, reason := s.StatusVerdicts.classify(st)
	if why, ok := s.StatusReasons[st]; ok && (v == sms.VerdictReject || v == sms.VerdictRetry) {
		return v, why
	}
	return v, reason
}

func (t statusTable) classify(st smpp.Status) (sms.Verdict, sms.Reason) {
	v, ok := t[st]
	if !ok {
		if v, ok = verdicts[st]; !ok {
			v = sms.VerdictReject
		}
	}
	switch v {
	case sms.VerdictThrottle:
		return v, sms.ReasonThrottled
	case sms.VerdictRetry:
		return v, sms.ReasonRetrying
	case sms.VerdictReject:
		return v, cmp.Or(refusals[st], sms.ReasonOperator)
	}
	return v, ""
}

// statusCode is the raw code of a status as outcomes carry it.
func statusCode(st smpp.Status) string { return fmt.Sprintf("0x%08X", uint32(st)) }

// Codes of outcomes that no status explains.
const (
	codeNoResponse = "no_response" // the response timeout
	codeLinkLost   = "link_lost"   // the link ended before the response
)

// statusTable overrides verdicts for one operator.
type statusTable map[smpp.Status]sms.Verdict

// UnmarshalJSON reads {"0x00000401": "retry"}.
func (t *statusTable) UnmarshalJSON(b []byte) error {
	*t = statusTable{}
	return eachRefusal(b, func(st smpp.Status, word string) bool {
		verdict, ok := map[string]sms.Verdict{"retry": sms.VerdictRetry, "throttle": sms.VerdictThrottle, "reject": sms.VerdictReject}[word]
		(*t)[st] = verdict
		return ok
	})
}

// statusReasons say why, for one operator.
type statusReasons map[smpp.Status]sms.Reason

// UnmarshalJSON reads {"0x00000404": "filtered"}.
func (t *statusReasons) UnmarshalJSON(b []byte) error {
	*t = statusReasons{}
	return eachRefusal(b, func(st smpp.Status, word string) bool {
		(*t)[st] = sms.Reason(word)
		return slices.Contains(operatorReasons, sms.Reason(word))
	})
}

// errRefusals is put into better words by decodeStrict.
var errRefusals = errors.New("not a table of refusals")

// eachRefusal reads an object of words by command_status.
func eachRefusal(b []byte, set func(st smpp.Status, word string) bool) error {
	words := map[string]string{}
	if err := json.Unmarshal(b, &words); err != nil {
		return err
	}
	for code, word := range words {
		n, err := strconv.ParseUint(code, 0, 32)
		if err != nil || n == uint64(smpp.StatusOK) || !set(smpp.Status(n), word) {
			return errRefusals
		}
	}
	return nil
}
