package smppc

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/harkara/harkara/smpp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The whole table, as an operator reads it: every status of SMPP 3.4, those of
// 5.0, and samples of what vendors send.
func TestVerdictTable(t *testing.T) {
	var got bytes.Buffer
	row := func(st smpp.Status) {
		v, reason := defaults().classify(st)
		name := st.String()
		if st.Describe() == "" {
			name = "-"
		}
		fmt.Fprintf(&got, "%s %-22s %-9s %s\n", statusCode(st), name, v, reason)
	}
	for st := smpp.Status(0); st <= 0x106; st++ {
		if st.Describe() != "" || st >= 0x100 {
			row(st)
		}
	}
	for _, st := range []smpp.Status{0x400, 0x401, 0x404, 0x411, 0x412, 0x4FF, 0x500, 0x7FFFFFFF, 0xFFFFFFFF} {
		row(st)
	}
	const golden = "testdata/verdicts.golden"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the table is not that of %s (run with -update to accept it):\n%s", golden, &got)
	}
}

// One operator's own meaning of a status: the verdict and the reason are two
// settings. Of a throttle the reason is always that we are to slow down.
func TestStatusSettings(t *testing.T) {
	cfg := parsed(t, `"status_verdicts": {"0x401": "retry", "0x402": "throttle"},
		"status_reasons": {"0x401": "operator_credit", "0x402": "operator_credit", "1028": "filtered", "0x0B": "content_refused"}`)
	for st, want := range map[smpp.Status]string{
		0x401: "retry operator_credit", 0x402: "throttle throttled", 0x404: "reject filtered", 0x405: "reject operator_rejected",
		smpp.StatusInvDstAdr: "reject content_refused", smpp.StatusInvSrcAdr: "reject sender_refused", smpp.StatusOK: "accepted ",
	} {
		if v, reason := cfg.classify(st); fmt.Sprintf("%s %s", v, reason) != want {
			t.Errorf("%s: %s %s, want %s", st, v, reason, want)
		}
	}
}
