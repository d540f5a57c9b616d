package smppc_test

import (
	"os"
	"strings"
	"testing"
)

// TestSMPPPageHasTheMisbehaviours: docs/smpp.md has the table of misbehaviours,
// row by row, so what it promises is what the tests of the rows assert.
func TestSMPPPageHasTheMisbehaviours(t *testing.T) {
	const page = "../../../docs/smpp.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| the operator sends, or does | what Harkara does |\n|---|---|\n")
	for _, m := range misbehaviours {
		want.WriteString("| " + m.name + " | " + m.does + " |\n")
	}
	_, section, _ := strings.Cut(string(b), "\n## When the operator misbehaves\n")
	section, _, _ = strings.Cut(section, "\n## ")
	if !strings.HasSuffix(section, "\n\n"+want.String()) {
		t.Errorf("the section When the operator misbehaves of %s does not have this table:\n%s", page, want.String())
	}
}
