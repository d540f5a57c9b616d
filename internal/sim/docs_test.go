package sim

import (
	"os"
	"strings"
	"testing"
)

// TestPageHasTheBehaviours: docs/smpp.md has the table of Behaviours, row by row.
func TestPageHasTheBehaviours(t *testing.T) {
	const page = "../../docs/smpp.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| number ends in | |\n|---|---|\n")
	for _, b := range Behaviours() {
		digits := b.Digits
		if digits == "" {
			digits = "other"
		}
		want.WriteString("| " + digits + " | " + b.Doc + " |\n")
	}
	if !strings.Contains(string(b), "\n"+want.String()+"\n") {
		t.Errorf("%s does not have this table:\n%s", page, want.String())
	}
}
