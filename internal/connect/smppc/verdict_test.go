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
		v, reason := statusTable(nil).classify(st)
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
