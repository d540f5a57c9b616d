package main

import (
	"slices"
	"strings"
)

// How deep the trie looks. Deeper is nearer to allocation, which must not
// decide: a range opened after the tables were made has to be taken for what
// its neighbours are.
const (
	maxDepth    = 6 // to tell mobile from other numbers, and region from region
	lengthDepth = 3 // to tell the lengths of one range from another's

	// crowd is how many of the ten digits after a prefix must lead to
	// mobile numbers for an unknown one to be taken for mobile too.
	crowd = 5
)

// A leaf is what the leading digits decide.
type leaf struct {
	region  int       // index in plan.regions
	lengths lengthSet // possible lengths of the national number
	mobile  lengthSet // those at which it may be a mobile number
	known   bool      // the first digit is in use
}

// A node of the trie is a leaf (kids nil) or has ten children.
type node struct {
	leaf leaf
	kids *[10]*node
}

// find walks to the leaf of a national number.
func (n *node) find(nsn string) leaf {
	for i := 0; n.kids != nil; i++ {
		n = n.kids[nsn[i]-'0']
	}
	return n.leaf
}

// A grower builds the trie of one plan.
type grower struct {
	plan   *plan
	probes []*probe
}

// A view is what all regions of a plan know about some leading digits.
type view struct {
	facts
	cursors []cursor
	regions []int // those with known numbers
}

func buildTrie(p *plan) *node {
	g := &grower{plan: p}
	cursors := make([]cursor, len(p.regions))
	for i, r := range p.regions {
		g.probes = append(g.probes, newProbe(r))
		cursors[i] = newCursor(r)
	}
	return g.grow(g.look(cursors, 0), "", leaf{}, false)
}

func (g *grower) look(cursors []cursor, depth int) view {
	v := view{cursors: cursors}
	for i, c := range cursors {
		f := g.probes[i].facts(c, depth)
		if !f.none() {
			v.regions = append(v.regions, i)
		}
		v.mobile |= f.mobile
		v.other |= f.other
	}
	return v
}

// after returns the view one digit further.
func (g *grower) after(v view, digit, depth int) view {
	next := make([]cursor, len(v.cursors))
	for i, c := range v.cursors {
		next[i] = c.step(g.plan.regions[i], digit)
	}
	return g.look(next, depth)
}

// grow returns the node for prefix, of which v is the view. unknown is the
// answer when no number with this prefix is known; crowded says that most
// neighbours of the prefix are mobile.
func (g *grower) grow(v view, prefix string, unknown leaf, crowded bool) *node {
	switch {
	case slices.Contains(g.plan.reject, prefix):
		return &node{}
	case v.none() && prefix == "0":
		// 0 is dialled in front of numbers: none begins with it unless
		// some are known to.
		return &node{}
	case v.none():
		return &node{leaf: unknown}
	}
	here := leaf{region: v.regions[0], lengths: v.mobile | v.other, mobile: v.mobile, known: true}
	if len(prefix) == maxDepth {
		return &node{leaf: here}
	}
	var kids [10]view
	mobile, gaps := 0, 0
	for d := range kids {
		kids[d] = g.after(v, d, len(prefix)+1)
		if kids[d].mobile != 0 {
			mobile++
		}
		if kids[d].none() {
			gaps++
		}
	}
	// Unknown digits are taken for what their neighbours are; an unknown
	// first digit has none.
	gap := here
	if prefix == "" {
		gap = leaf{lengths: here.lengths}
	} else if crowded = mobile >= crowd || crowded && v.other == 0; !crowded {
		gap.mobile = 0
	}
	mixed := len(v.regions) > 1 || v.mobile&v.other != 0 || g.rejectsBelow(prefix)
	lengths := len(prefix) < lengthDepth && !oneLength(here.lengths)
	if prefix != "" && !mixed && !lengths && (gaps == 0 || gap == here) {
		return &node{leaf: here}
	}
	n := &node{kids: new([10]*node)}
	for d, kid := range kids {
		n.kids[d] = g.grow(kid, prefix+string(rune('0'+d)), gap, crowded)
	}
	return n.merged()
}

// rejectsBelow reports whether some longer prefix is rejected.
func (g *grower) rejectsBelow(prefix string) bool {
	return slices.ContainsFunc(g.plan.reject, func(r string) bool {
		return len(r) > len(prefix) && strings.HasPrefix(r, prefix)
	})
}

// merged returns the node as a leaf if its children are equal leaves.
func (n *node) merged() *node {
	for _, k := range n.kids {
		if k.kids != nil || k.leaf != n.kids[0].leaf {
			return n
		}
	}
	return n.kids[0]
}

func oneLength(s lengthSet) bool { return s&(s-1) == 0 }
