package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Allowance is a line of allow.txt: a finding that has a good reason.
type Allowance struct {
	Kind    Kind
	Subject string
	Reason  string
	Line    int
}

// minReason is the length below which a reason is none.
const minReason = 15

// ParseAllowances reads allow.txt: the kind, the subject and the reason, separated
// by blanks; # begins a comment, and blank lines are skipped.
func ParseAllowances(text string) ([]Allowance, error) {
	var list []Allowance
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		kind, rest, _ := strings.Cut(line, " ")
		subject, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
		reason = strings.TrimSpace(reason)
		if len(reason) < minReason {
			return nil, fmt.Errorf("allow.txt:%d: write a kind, a subject and a reason: %q", n, line)
		}
		list = append(list, Allowance{Kind: Kind(kind), Subject: subject, Reason: reason, Line: n})
	}
	return list, nil
}

// applyAllowances takes out what is allowed, and adds a finding for each line that
// allows nothing, so that the list does not outlive its reasons.
func applyAllowances(found []Finding, allowed []Allowance) []Finding {
	used := make([]bool, len(allowed))
	found = slices.DeleteFunc(found, func(f Finding) bool {
		for i, a := range allowed {
			if a.Kind == f.Kind && a.Subject == f.Subject() && !f.Hard {
				used[i] = true
				return true
			}
		}
		return false
	})
	for i, a := range allowed {
		if !used[i] {
			found = append(found, Finding{Kind: Stale, Path: "internal/arch/allow.txt", Line: a.Line, Hard: true,
				Why: fmt.Sprintf("%s %s is not found any more, or is past the hard limit: take the line out", a.Kind, a.Subject)})
		}
	}
	return found
}
