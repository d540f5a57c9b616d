package main

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
)

// An automaton recognises the digit strings of one metadata pattern. States
// are numbered as they are discovered; state 0 is dead, state 1 the start.
//
// The trie needs questions a regexp cannot answer ("does any number of this
// length with these leading digits exist, and is each of them a mobile
// one?"), so the patterns are run as state machines.
type automaton struct {
	prog   *syntax.Prog
	sets   [][]uint32 // state -> sorted program counters
	accept []bool
	next   [][10]int32 // -1: not computed yet
	byKey  map[string]int32
}

const (
	dead  = int32(0)
	start = int32(1)
)

// newAutomaton compiles pattern, which is matched against a whole number.
// The pattern "NA" or "" (the type does not exist) gives an automaton that
// accepts nothing.
func newAutomaton(pattern string) (*automaton, error) {
	if pattern == "" || pattern == "NA" {
		pattern = "[^0-9]" // no digit string matches
	}
	parsed, err := syntax.Parse("(?:"+pattern+")", syntax.Perl)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	prog, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", pattern, err)
	}
	a := &automaton{prog: prog, byKey: map[string]int32{}}
	a.intern(nil)
	a.intern(a.closure([]uint32{uint32(prog.Start)}))
	return a, nil
}

// step returns the state after digit (0 to 9).
func (a *automaton) step(state int32, digit int) int32 {
	if to := a.next[state][digit]; to >= 0 {
		return to
	}
	var out []uint32
	r := rune('0' + digit)
	for _, pc := range a.sets[state] {
		if inst := &a.prog.Inst[pc]; isRune(inst) && inst.MatchRune(r) {
			out = append(out, inst.Out)
		}
	}
	to := a.intern(a.closure(out))
	a.next[state][digit] = to
	return to
}

func isRune(inst *syntax.Inst) bool {
	switch inst.Op {
	case syntax.InstRune, syntax.InstRune1, syntax.InstRuneAny, syntax.InstRuneAnyNotNL:
		return true
	}
	return false
}

// closure follows the instructions that consume nothing.
func (a *automaton) closure(pcs []uint32) []uint32 {
	seen := map[uint32]bool{}
	var out []uint32
	for stack := slices.Clone(pcs); len(stack) > 0; {
		pc := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		switch inst := &a.prog.Inst[pc]; inst.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			stack = append(stack, inst.Out, inst.Arg)
		case syntax.InstCapture, syntax.InstNop:
			stack = append(stack, inst.Out)
		case syntax.InstEmptyWidth:
			// Anchors are not used in the number patterns; following
			// one would accept too much, so the number is dropped.
		default:
			out = append(out, pc)
		}
	}
	slices.Sort(out)
	return out
}

func (a *automaton) intern(set []uint32) int32 {
	var key strings.Builder
	for _, pc := range set {
		fmt.Fprintf(&key, "%d,", pc)
	}
	if id, ok := a.byKey[key.String()]; ok {
		return id
	}
	id := int32(len(a.sets))
	a.byKey[key.String()] = id
	a.sets = append(a.sets, set)
	a.accept = append(a.accept, slices.ContainsFunc(set, func(pc uint32) bool {
		return a.prog.Inst[pc].Op == syntax.InstMatch
	}))
	a.next = append(a.next, [10]int32{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1})
	return id
}

// matches reports whether digits is accepted as a whole.
func (a *automaton) matches(digits string) bool {
	state := start
	for i := range len(digits) {
		if state = a.step(state, int(digits[i]-'0')); state == dead {
			return false
		}
	}
	return a.accept[state]
}
