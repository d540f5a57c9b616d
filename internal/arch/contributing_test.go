package arch

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the import table into CONTRIBUTING.md")

// markdown prints the table for people.
func markdown() string {
	var b strings.Builder
	b.WriteString("| room | may import | since |\n|---|---|---|\n")
	for _, r := range table {
		may := r.list(false)
		if may == everything || strings.HasPrefix(may, everything+",") {
			may = "everything"
		}
		if len(r.tests) > 0 {
			may += "; in tests the doubles"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", r.name, may, r.why)
	}
	fmt.Fprintf(&b, "\nThe doubles are %s.\n", strings.Join(doubles, ", "))
	return b.String()
}

// What CONTRIBUTING.md says of the imports is what the test above holds.
func TestContributingHasTheTable(t *testing.T) {
	file := filepath.Join("..", "..", "CONTRIBUTING.md")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin import table -->\n", "<!-- end import table -->"
	before, rest, found := strings.Cut(string(b), begin)
	got, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("CONTRIBUTING.md has no %q and %q", begin, end)
	}
	if got == markdown() {
		return
	}
	if !*update {
		t.Fatalf("the import table in CONTRIBUTING.md is not the one of table.go: run go test ./internal/arch -update")
	}
	if err := os.WriteFile(file, []byte(before+begin+markdown()+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
