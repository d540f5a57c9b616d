package main

import "encoding/binary"

// A cursor is the state of a region's automata after some leading digits.
type cursor struct {
	states  []int32
	leading int32 // state of region.leading; matched once it has accepted
}

const matched = int32(-2)

func newCursor(r *region) cursor {
	c := cursor{states: make([]int32, len(r.kinds)), leading: matched}
	for i := range c.states {
		c.states[i] = start
	}
	if r.leading != nil {
		c.leading = start
	}
	return c
}

// key identifies a question about the cursor.
func (c cursor) key(total, rest int) string {
	b := append(make([]byte, 0, 32), byte(total), byte(rest))
	b = binary.AppendVarint(b, int64(c.leading))
	for _, s := range c.states {
		b = binary.AppendVarint(b, int64(s))
	}
	return string(b)
}

func (c cursor) step(r *region, digit int) cursor {
	out := cursor{states: make([]int32, len(c.states)), leading: c.leading}
	if c.leading != matched {
		out.leading = r.leading.step(c.leading, digit)
		if r.leading.accept[out.leading] {
			out.leading = matched
		}
	}
	for i, s := range c.states {
		if out.leading != dead {
			out.states[i] = r.kinds[i].pattern.step(s, digit)
		}
	}
	return out
}

// facts is what is known of the numbers of a region under some leading
// digits: the lengths of mobile numbers and those of other numbers. A length
// can be in both.
type facts struct{ mobile, other lengthSet }

func (f facts) none() bool { return f.mobile|f.other == 0 }

// A probe answers questions about one region and remembers the answers.
type probe struct {
	r    *region
	memo map[string]facts
}

func newProbe(r *region) *probe { return &probe{r: r, memo: map[string]facts{}} }

// facts explores every number that continues cursor c, which stands after
// depth digits.
func (p *probe) facts(c cursor, depth int) facts {
	var f facts
	for n := depth; n < 16; n++ {
		g := p.ofLength(c, n, n-depth)
		f.mobile |= g.mobile
		f.other |= g.other
	}
	return f
}

// ofLength explores the numbers of exactly total digits, rest of which are
// still to come.
func (p *probe) ofLength(c cursor, total, rest int) facts {
	alive := false
	for i, s := range c.states {
		alive = alive || s != dead && p.r.kinds[i].lengths.has(total)
	}
	if !alive {
		return facts{}
	}
	if rest == 0 {
		return p.verdict(c, total)
	}
	key := c.key(total, rest)
	f, ok := p.memo[key]
	if !ok {
		for d := range 10 {
			g := p.ofLength(c.step(p.r, d), total, rest-1)
			f.mobile |= g.mobile
			f.other |= g.other
		}
		p.memo[key] = f
	}
	return f
}

// verdict says what one complete number is.
func (p *probe) verdict(c cursor, total int) facts {
	if c.leading != matched {
		return facts{}
	}
	var is [roleDemote + 1]bool
	for i, k := range p.r.kinds {
		if k.lengths.has(total) && k.pattern.accept[c.states[i]] {
			is[k.role] = true
		}
	}
	bit := lengthSet(1) << total
	switch {
	case is[roleMobile] && !is[roleDemote]:
		return facts{mobile: bit}
	case is[roleMobile] || is[roleOther]:
		return facts{other: bit}
	}
	return facts{}
}
