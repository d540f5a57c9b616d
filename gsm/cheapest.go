package gsm

import (
	"math/bits"
	"slices"
)

// national reports whether a choice of national tables is open.
func (o Options) national() bool {
	return o.Encoding == Auto && len(o.National) > 0 && o.Charset.septets()
}

// septets reports whether c writes septets, which alone can be of other tables
// than the default ones.
func (c Charset) septets() bool { return c == CharsetGSM7 || c == CharsetGSM7Packed }

// cheapest chooses the tables for a text; ok is false when no pair holds all of
// it. UCS-2 never needs fewer parts than a pair that does: two septets are
// smaller than a UTF-16 unit, and 145 of them (the least room there is) hold 72
// characters where UCS-2 holds 67.
//
// A character costs one septet when the locking table holds it and otherwise
// two, so the single table decides only whether a pair is possible: one pass over
// the text settles all pairs.
func (o Options) cheapest(text string) (best Size, ok bool) {
	characters, pairs := o.pairs(text)
	if pairs.escaped[NoLanguage] == 0 {
		return o.size(text, GSM7, characters, 0), true // one septet each, no header
	}
	consider := func(locking Language) {
		if pairs.singles[locking] == 0 || !locking.locks() {
			return
		}
		wide := pairs.escaped[locking]
		e := National(locking, o.single(locking, pairs.singles[locking]))
		size := o.size(text, e, characters+wide, wide)
		if !ok || o.cheaper(size, best) {
			best, ok = size, true
		}
	}
	consider(NoLanguage)
	for _, l := range o.National {
		consider(l)
	}
	return best, ok
}

// pairs are the tables that may hold a text, by locking shift table.
type pairs struct {
	escaped [languages]int    // the characters that the table lacks
	singles [languages]uint16 // the single shift tables that hold all of those, a bit each
}

func (o Options) pairs(text string) (characters int, p pairs) {
	allowed := uint16(1) << NoLanguage
	for _, l := range o.National {
		allowed |= 1 << l
	}
	for l := range p.singles {
		p.singles[l] = allowed
	}
	for _, r := range text {
		characters++
		held := compiled.holding(r)
		for lack := allowed &^ held.locking; lack != 0; lack &= lack - 1 {
			l := bits.TrailingZeros16(lack)
			p.escaped[l]++
			p.singles[l] &= held.single
		}
	}
	return characters, p
}

// single chooses among single shift tables that all do: the default one, which
// needs no element, then that of the same language, then the first allowed. does
// has the bit of at least one.
func (o Options) single(locking Language, does uint16) Language {
	if does&(1<<NoLanguage) != 0 {
		return NoLanguage
	}
	if does&(1<<locking) != 0 {
		return locking
	}
	first := slices.IndexFunc(o.National, func(l Language) bool { return does&(1<<l) != 0 })
	return o.National[first]
}

// cheaper reports whether a is strictly better than b. Since the default tables
// and the earlier languages are looked at first, they win what is equal.
func (o Options) cheaper(a, b Size) bool {
	if a.Parts != b.Parts {
		return a.Parts < b.Parts
	}
	return o.onAir(a) < o.onAir(b)
}

// onAir returns the septets of a whole message, those of the headers included.
func (o Options) onAir(s Size) int {
	return s.Units + s.Parts*((o.headerLen(s.Encoding, s.Parts)*8+6)/7)
}
