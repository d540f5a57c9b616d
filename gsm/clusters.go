package gsm

import (
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// A grapheme cluster is what a reader takes for one character: a letter with its
// marks, an emoji of several parts, a flag (Unicode UAX #29). Handsets show a
// message before all its parts are there, and some never join them, so it is kinder
// to cut between clusters.

// cut chooses where the next part of text, left units long, ends when so many
// parts follow: as late as possible, but between clusters where that costs no
// further part.
func (s Size) cut(text string, left, follow int) (end, units int) {
	if follow == 0 {
		return len(text), left
	}
	end, units = s.take(text)
	if s.Encoding == GSM7 || between(text, end) {
		return end, units
	}
	whole := wholeClusters(text, end)
	if whole == 0 || whole == end {
		return end, units
	}
	_, short := s.take(text[:whole])
	if !s.fits(text[whole:], left-short, follow) {
		return end, units
	}
	return whole, short
}

// fits reports whether a text of so many units needs no more than these parts.
func (s Size) fits(text string, units, parts int) bool {
	if units > parts*s.Limit {
		return false
	}
	if units <= parts*s.Limit-(parts-1) {
		return true // each part but the last leaves at most one unit free
	}
	n, _ := s.countParts(text, true)
	return n <= parts
}

// wholeClusters returns the end of the last cluster of text that ends at or
// before end, 0 for none. text begins a cluster.
func wholeClusters(text string, end int) int {
	_, width := utf8.DecodeRuneInString(text[end:])
	rest := text[:end+width] // the next character decides whether a cluster ends before it
	last, at, state := 0, 0, -1
	for len(rest) > 0 {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if at += len(cluster); at > end {
			break
		}
		if !conjoined(text, at) {
			last = at
		}
	}
	return last
}

// conjoined reports whether a virama before at and a consonant after it make one
// conjunct, perhaps with a joiner between them (UAX #29 GB9c, which uniseg does
// not know yet).
func conjoined(text string, at int) bool {
	next, _ := utf8.DecodeRuneInString(text[at:])
	before, width := utf8.DecodeLastRuneInString(text[:at])
	if before == '\u200D' {
		before, _ = utf8.DecodeLastRuneInString(text[:at-width])
	}
	switch before {
	case 0x094D, 0x09CD, 0x0ACD, 0x0B4D, 0x0C4D, 0x0D4D: // the scripts of GB9c
		// The blocks are laid out alike: letters from 0x05, consonants from
		// 0x15 to 0x39 and a few from 0x58 to 0x5F.
		block := before &^ 0x7F
		place := next - block
		return place >= 0x15 && place <= 0x39 || place >= 0x58 && place <= 0x5F
	}
	return false
}

// between reports, without looking at more of the text, that at lies between two
// characters that each are a cluster alone. Where it is false the clusters have to
// be found out.
func between(text string, at int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:at])
	after, _ := utf8.DecodeRuneInString(text[at:])
	return alone(before) && alone(after)
}

// lonely are ranges of characters that never join a neighbour that is of them
// too: letters, digits and signs, without marks, controls, Hangul, flags.
var lonely = [...]struct{ first, last rune }{
	{' ', '~'}, {0xA0, 0xAC}, {0xAE, 0x2FF}, {0x370, 0x482}, {0x48A, 0x58F}, {0x5D0, 0x5EA}, {0x620, 0x64A},
	{0x671, 0x6D3}, {0x904, 0x939}, {0x985, 0x9B9}, {0x9E6, 0x9F1}, {0xA05, 0xA39}, {0xA85, 0xAB9}, {0xB05, 0xB39},
	{0xB85, 0xBB9}, {0xC05, 0xC39}, {0xC85, 0xCB9}, {0xD05, 0xD39}, {0xE01, 0xE30}, {0x2010, 0x2027}, {0x20A0, 0x20BF},
	{0x3041, 0x3096}, {0x30A1, 0x30FA}, {0x4E00, 0x9FFF}, {0xFF01, 0xFF5E},
}

func alone(r rune) bool {
	for _, span := range lonely {
		if r <= span.last {
			return r >= span.first
		}
	}
	return false
}
