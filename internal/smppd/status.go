package smppd

import (
	"errors"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

// refusal is why a request is not done: the command_status, and the words that go
// with it as additional_status_info_text.
type refusal struct {
	status smpp.Status
	why    string
}

// Error is the words.
func (r *refusal) Error() string { return r.why }

func refuse(status smpp.Status, why string) error { return &refusal{status, why} }

// statusRow says which command_status an error of the flow becomes.
type statusRow struct {
	code   sms.Code
	reason sms.Reason // empty: any that has no row of its own
	status smpp.Status
	words  string // empty: those of the error
}

// statuses is searched from the top. SMPP has no status for credit or routes
// (SMPP 3.4 §5.1.3): what trying again does not mend is ESME_RSUBMITFAIL, so that
// clients, which try again after ESME_RTHROTTLED and ESME_RMSGQFUL, do not.
var statuses = []statusRow{
	{sms.CodeInvalid, sms.ReasonNumber, smpp.StatusInvDstAdr, ""},
	{sms.CodeForbidden, sms.ReasonNoRoute, smpp.StatusInvDstAdr, ""},
	{sms.CodeForbidden, sms.ReasonNoPrice, smpp.StatusSubmitFail, ""},
	{sms.CodeForbidden, sms.ReasonSender, smpp.StatusInvSrcAdr, ""},
	{sms.CodeForbidden, "", smpp.StatusSubmitFail, ""},
	{sms.CodeInvalid, "", smpp.StatusSubmitFail, ""},
	{sms.CodeTooLarge, "", smpp.StatusInvMsgLen, ""},
	{sms.CodeCredit, "", smpp.StatusSubmitFail, "Insufficient balance; top up the account"},
	{sms.CodeUnauthorized, "", smpp.StatusSubmitFail, ""},
	{sms.CodeNotFound, "", smpp.StatusInvMsgID, ""},
	{sms.CodeConflict, "", smpp.StatusSubmitFail, ""},
	{sms.CodeThrottled, "", smpp.StatusThrottled, ""},
	{sms.CodeUnavailable, "", smpp.StatusSysErr, "Service is temporarily unavailable; try again later"},
	{sms.CodeInternal, "", smpp.StatusSysErr, "Internal error; try again later"},
}

// refusalOf is the answer to an error. It is nil when nobody knows whether the
// message was kept: every answer would be a lie.
func refusalOf(err error) *refusal {
	if errors.Is(err, store.ErrCommitUnknown) {
		return nil
	}
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	code, reason := sms.CodeOf(err), sms.ReasonOf(err)
	for _, row := range statuses {
		if row.code != code || row.reason != "" && row.reason != reason {
			continue
		}
		if row.words != "" {
			return &refusal{row.status, row.words}
		}
		return &refusal{row.status, err.Error()}
	}
	return &refusal{smpp.StatusSysErr, "Internal error; try again later"}
}

// reasonStatus is the status of one recipient that was refused among others.
func reasonStatus(reason sms.Reason) smpp.Status {
	switch reason {
	case sms.ReasonNumber, sms.ReasonNoRoute:
		return smpp.StatusInvDstAdr
	case sms.ReasonSender:
		return smpp.StatusInvSrcAdr
	case sms.ReasonContent:
		return smpp.StatusInvMsgLen
	}
	return smpp.StatusSubmitFail
}

// spoken is the status as a peer of the version knows it: those above 0xFF came
// with SMPP 5.0 §4.7.6.
func spoken(status smpp.Status, version uint8) smpp.Status {
	if status == smpp.StatusInvDCS && version < smpp.Version50 {
		return smpp.StatusSubmitFail
	}
	return status
}
