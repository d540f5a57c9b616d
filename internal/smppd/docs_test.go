package smppd

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

const customersPage = "../../docs/smppd.md"

func readPage(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(customersPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// section is the text below a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, text, found := strings.Cut(readPage(t), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("%s has no section %q", customersPage, heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	return text
}

// statusName finds the constants of package smpp, as the code of this room writes
// them, and the names of the specification, as the page does.
var (
	statusConst = regexp.MustCompile(`smpp\.(Status[A-Za-z]+)`)
	statusName  = regexp.MustCompile(`ESME_R[A-Z]+`)
)

// TestPageHasTheStatuses: every status that a request can get is on the page, and
// no other.
func TestPageHasTheStatuses(t *testing.T) {
	want := map[string]bool{}
	for _, file := range []string{"status.go", "session.go", "submit.go", "content.go", "address.go", "multi.go", "manage.go"} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range statusConst.FindAllStringSubmatch(string(code), -1) {
			if st, ok := named[m[1]]; !ok {
				t.Errorf("%s uses %s, which this test does not know: add it to named", file, m[1])
			} else if st != smpp.StatusOK {
				want[st.String()] = true
			}
		}
	}
	table := section(t, "What the answers mean")
	for name := range want {
		if !strings.Contains(table, name) {
			t.Errorf("%s does not explain %s", customersPage, name)
		}
	}
	for _, name := range statusName.FindAllString(table, -1) {
		if !want[name] {
			t.Errorf("%s explains %s, which no request gets", customersPage, name)
		}
	}
}

// named are the statuses by the names of their constants.
var named = map[string]smpp.Status{"StatusOK": smpp.StatusOK, "StatusInvDstAdr": smpp.StatusInvDstAdr, "StatusSubmitFail": smpp.StatusSubmitFail,
	"StatusInvSrcAdr": smpp.StatusInvSrcAdr, "StatusInvMsgLen": smpp.StatusInvMsgLen, "StatusInvMsgID": smpp.StatusInvMsgID, "StatusThrottled": smpp.StatusThrottled,
	"StatusSysErr": smpp.StatusSysErr, "StatusInvDCS": smpp.StatusInvDCS, "StatusInvCmdID": smpp.StatusInvCmdID, "StatusInvSubRep": smpp.StatusInvSubRep,
	"StatusInvRepFlag": smpp.StatusInvRepFlag, "StatusInvDftMsgID": smpp.StatusInvDftMsgID, "StatusInvPrtFlg": smpp.StatusInvPrtFlg,
	"StatusInvEsmClass": smpp.StatusInvEsmClass, "StatusInvSched": smpp.StatusInvSched, "StatusInvExpiry": smpp.StatusInvExpiry,
	"StatusMissingOptParam": smpp.StatusMissingOptParam, "StatusInvOptParamVal": smpp.StatusInvOptParamVal, "StatusInvDstTON": smpp.StatusInvDstTON,
	"StatusInvSrcTON": smpp.StatusInvSrcTON, "StatusInvNumDests": smpp.StatusInvNumDests, "StatusCntSubDL": smpp.StatusCntSubDL,
	"StatusQueryFail": smpp.StatusQueryFail, "StatusCancelFail": smpp.StatusCancelFail, "StatusReplaceFail": smpp.StatusReplaceFail}

// TestPageHasTheErrCodes: the numbers are a contract.
func TestPageHasTheErrCodes(t *testing.T) {
	table := section(t, "Receipts")
	for i, reason := range ownCodes {
		if cell := fmt.Sprintf("| %d | %s |", ownFirst+i, reason); !strings.Contains(table, cell) {
			t.Errorf("%s does not have %q", customersPage, cell)
		}
	}
	if next := fmt.Sprintf("| %d |", ownFirst+len(ownCodes)); strings.Contains(table, next) {
		t.Errorf("%s has %q", customersPage, next)
	}
	if !strings.Contains(table, fmt.Sprint(otherCode, " is any other")) {
		t.Errorf("%s does not say what %d is", customersPage, otherCode)
	}
}

// TestPageHasTheStates: the stat words that receipts have.
func TestPageHasTheStates(t *testing.T) {
	table := section(t, "Receipts")
	for _, s := range sms.States() {
		if word := messageState(s, smpp.Version34).Word(); !strings.Contains(table, "\n| "+word+" |") {
			t.Errorf("%s does not explain stat:%s, of %v", customersPage, word, s)
		}
	}
}

// TestEveryCodeHasAStatus: of the table in status.go, and no row stands behind one
// that hides it.
func TestEveryCodeHasAStatus(t *testing.T) {
	all := []sms.Code{sms.CodeInvalid, sms.CodeUnauthorized, sms.CodeForbidden, sms.CodeNotFound, sms.CodeConflict, sms.CodeCredit,
		sms.CodeTooLarge, sms.CodeThrottled, sms.CodeUnavailable, sms.CodeInternal}
	general := map[sms.Code]bool{}
	for _, row := range statuses {
		if general[row.code] {
			t.Errorf("the row %s %s is never reached", row.code, row.reason)
		}
		if row.reason == "" {
			general[row.code] = true
		}
	}
	for _, code := range all {
		if !general[code] {
			t.Errorf("%s has no general row", code)
		}
	}
	if slices.ContainsFunc(statuses, func(r statusRow) bool { return r.status == smpp.StatusOK }) {
		t.Error("an error is no success")
	}
}
