package gsm

import "unicode/utf8"

const (
	// escape announces that the next septet is looked up in the extension table.
	escape = 0x1B
	// noRune marks an empty place of a table; U+0000 is in no GSM alphabet.
	noRune = 0
)

// defaultBasic is the GSM 7-bit default alphabet in septet order, sixteen a
// line (TS 23.038 §6.2.1). Place 0x1B is the escape.
const defaultBasic = "@£$¥èéùìòÇ\nØø\rÅå" +
	"Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ" +
	" !\"#¤%&'()*+,-./" +
	"0123456789:;<=>?" +
	"¡ABCDEFGHIJKLMNO" +
	"PQRSTUVWXYZÄÖÑÜ§" +
	"¿abcdefghijklmno" +
	"pqrstuvwxyzäöñüà"

// code is a character's place in an alphabet: the septet itself, shifted plus
// the septet that follows an escape, or unmapped.
type code uint16

const (
	shifted  code = escape << 8
	unmapped code = 0xFFFF
)

// codes lead from characters to their places, in two steps: the upper nine bits
// of a BMP character choose a page, the lower seven a place in it. Page 0 maps
// nothing. The loops over texts look up ASCII at once.
type codes struct {
	ascii [128]code
	index [512]uint8
	pages [][128]code
}

// alphabet is a pair of tables in both directions. It is made of parts that
// never change, so making one costs nothing.
type alphabet struct {
	basic, shift *table
	// A character is looked for in first, then, unless nil, in second. The
	// default alphabet has all in first.
	first, second *codes
}

var defaultAlphabet = alphabetOf(GSM7)

// alphabetOf returns the tables of a valid encoding of kind GSM7.
func alphabetOf(e Encoding) alphabet {
	locking, single := e.Locking(), e.Single()
	a := alphabet{basic: &compiled.locking[locking], shift: &compiled.single[single]}
	if locking == NoLanguage && single == NoLanguage {
		a.first = &compiled.defaults
	} else {
		a.first, a.second = &compiled.lockingCodes[locking], &compiled.singleCodes[single]
	}
	return a
}

func newCodes() codes {
	c := codes{pages: make([][128]code, 1, 8)}
	for i := range c.pages[0] {
		c.pages[0][i], c.ascii[i] = unmapped, unmapped
	}
	return c
}

func (c *codes) addBasic(t *table) {
	for septet, r := range t {
		if septet != escape && r != noRune {
			c.set(r, code(septet))
		}
	}
}

func (c *codes) addShift(t *table) {
	for septet, r := range t {
		if r != noRune {
			c.set(r, shifted|code(septet))
		}
	}
}

// set gives r its place, unless it has one: of two septets the lower is written,
// and of both tables the basic one, which is shorter.
func (c *codes) set(r rune, at code) {
	if c.at(r) != unmapped {
		return
	}
	if r < utf8.RuneSelf {
		c.ascii[r] = at
	}
	page := &c.index[r>>7]
	if *page == 0 {
		*page = uint8(len(c.pages))
		c.pages = append(c.pages, c.pages[0])
	}
	c.pages[*page][r&0x7F] = at
}

// at returns the place of a BMP character, or unmapped.
func (c *codes) at(r rune) code { return c.pages[c.index[uint32(r)>>7&0x1FF]][r&0x7F] }

// lookup returns the place of r, or unmapped.
func (a *alphabet) lookup(r rune) code {
	if uint32(r) > 0xFFFF {
		return unmapped
	}
	if c := a.first.at(r); c != unmapped || a.second == nil {
		return c
	}
	return a.second.at(r)
}

// count returns the septets s needs and how many of its characters take two;
// ok is false when s holds a character that the alphabet lacks.
func (a *alphabet) count(s string) (septets, wide int, ok bool) {
	ascii := &a.first.ascii
	for _, r := range s {
		c := unmapped
		if r < utf8.RuneSelf {
			c = ascii[r]
		}
		if c == unmapped {
			c = a.lookup(r)
		}
		switch {
		case c < shifted:
			septets++
		case c == unmapped:
			return 0, 0, false
		default:
			septets += 2
			wide++
		}
	}
	return septets, wide, true
}

// take returns the end of the longest beginning of s that fits into limit
// septets, and its size. Characters are never cut, so no escape pair is.
func (a *alphabet) take(s string, limit int) (end, septets int) {
	for i, r := range s {
		width := 1
		if a.lookup(r) >= shifted {
			width = 2
		}
		if septets+width > limit {
			return i, septets
		}
		septets += width
	}
	return len(s), septets
}

// append writes s as septets, one an octet. When a character is missing from
// the alphabet it returns dst as it was, and false.
func (a *alphabet) append(dst []byte, s string) ([]byte, bool) {
	start, ascii := len(dst), &a.first.ascii
	for _, r := range s {
		c := unmapped
		if r < utf8.RuneSelf {
			c = ascii[r]
		}
		if c == unmapped {
			c = a.lookup(r)
		}
		if c < shifted {
			dst = append(dst, byte(c))
			continue
		}
		if c == unmapped {
			return dst[:start], false
		}
		dst = append(dst, escape, byte(c))
	}
	return dst, true
}

// appendText reads septets, one an octet, by the rules for receivers of TS
// 23.038 §6.2.1, §6.2.1.1 and §6.2.1.2: an unknown extension is the character of
// the basic table, a doubled or dangling escape and an empty place are a space.
// An octet above 0x7F is no septet and becomes U+FFFD.
func (a *alphabet) appendText(dst, septets []byte) []byte {
	for i := 0; i < len(septets); i++ {
		b := septets[i]
		switch {
		case b >= 0x80:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case b != escape:
			dst = utf8.AppendRune(dst, a.basic.character(b))
		case i+1 == len(septets) || septets[i+1] >= 0x80:
			dst = append(dst, ' ')
		default:
			i++
			dst = utf8.AppendRune(dst, a.extension(septets[i]))
		}
	}
	return dst
}

// extension returns the character that an escape and this septet stand for.
func (a *alphabet) extension(septet byte) rune {
	switch r := a.shift[septet]; {
	case r != noRune:
		return r
	case septet == escape:
		return ' '
	default:
		return a.basic.character(septet)
	}
}
