// Package arch holds the shape of the house as a test: which room may import
// which (table.go, from design.md §2), and the habits of size and naming
// (habits.go). `go test ./internal/arch` reads the source tree, without building
// it, and prints the reason for everything that it finds.
//
// A finding about a habit that has a good reason is listed in allow.txt with that
// reason. A forbidden import, and what is past a hard limit, cannot be listed:
// change the code, or the table together with the design.
package arch

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Kind is the rule that a finding is about. It is the first word of a line of
// allow.txt.
type Kind string

// The rules.
const (
	Import    Kind = "import"     // an edge that the table does not have
	Stdlib    Kind = "stdlib"     // a domain room that does I/O or reads the clock
	Cgo       Kind = "cgo"        // import "C"
	Parse     Kind = "parse"      // a file that is not Go
	FileLines Kind = "file-lines" // a file that is too long
	FuncLines Kind = "func-lines" // a function that is too long
	Methods   Kind = "methods"    // an interface that is too wide
	Init      Kind = "init"       // a function called init
	Name      Kind = "name"       // a package or file whose name says nothing
	Sleep     Kind = "sleep"      // time.Sleep in a test outside of synctest.Test
	Share     Kind = "share"      // a package that is too much of the whole
	Stale     Kind = "stale"      // a line of allow.txt that nothing needs
)

// Finding is one departure from the shape.
type Finding struct {
	Kind Kind
	Path string // the file, or the folder of a package
	Line int    // 0 for a file or folder as a whole
	Name string // the function or interface, if it is about one
	Hard bool   // may not be listed in allow.txt
	Why  string
}

// Subject is how allow.txt names it: path, or path#name.
func (f Finding) Subject() string {
	if f.Name == "" {
		return f.Path
	}
	return f.Path + "#" + f.Name
}

func (f Finding) String() string {
	at := f.Path
	if f.Line > 0 {
		at = fmt.Sprintf("%s:%d", f.Path, f.Line)
	}
	s := fmt.Sprintf("%s: %s: %s", at, f.Kind, f.Why)
	if !f.Hard {
		s += fmt.Sprintf("\n\t(with a good reason: add %q and the reason to internal/arch/allow.txt)", string(f.Kind)+" "+f.Subject())
	}
	return s
}

// Check holds a tree against all rules and returns what is not allowed, sorted.
func Check(t *Tree, allowed []Allowance) []Finding {
	found := slices.Clone(t.broken)
	for _, f := range t.Files {
		found = append(found, checkImports(t.Module, f)...)
		found = append(found, checkDomain(f)...)
		found = append(found, checkHabits(f)...)
	}
	found = append(found, checkSleeps(t)...)
	found = append(found, checkShares(t)...)
	found = applyAllowances(found, allowed)
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), a.Line-b.Line, strings.Compare(string(a.Kind), string(b.Kind)))
	})
	return found
}
