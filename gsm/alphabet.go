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

// defaultShift is the default extension table (TS 23.038 §6.2.1.1).
var defaultShift = [128]rune{
	0x0A: '\f',
	0x14: '^',
	0x28: '{',
	0x29: '}',
	0x2F: '\\',
	0x3C: '[',
	0x3D: '~',
	0x3E: ']',
	0x40: '|',
	0x65: '€',
}

// code is a character's place in an alphabet: the septet itself, shifted plus
// the septet that follows an escape, or unmapped.
type code uint16

const (
	shifted  code = escape << 8
	unmapped code = 0xFFFF
)

// alphabet is one pair of tables, a basic (or national locking shift) one and
// an extension (or national single shift) one, compiled for both directions. It
// never changes once made. National languages are further values of this type.
type alphabet struct {
	basic [128]rune
	shift [128]rune
	// Characters to codes in two steps: the upper nine bits of a BMP character
	// choose a page, the lower seven a place in it. Page 0 maps nothing.
	index [512]uint8
	pages [][128]code
}

var defaultAlphabet = newAlphabet(defaultBasic, &defaultShift)

// newAlphabet compiles a basic table of 128 characters and a shift table. A
// character of both tables is written with the basic one, which is shorter.
func newAlphabet(basic string, shift *[128]rune) *alphabet {
	a := &alphabet{shift: *shift, pages: make([][128]code, 1, 8)}
	for i := range a.pages[0] {
		a.pages[0][i] = unmapped
	}
	for septet, r := range shift {
		if r != noRune {
			a.set(r, shifted|code(septet))
		}
	}
	septet := 0
	for _, r := range basic {
		a.basic[septet] = r
		if septet != escape {
			a.set(r, code(septet))
		}
		septet++
	}
	return a
}

func (a *alphabet) set(r rune, c code) {
	page := &a.index[r>>7]
	if *page == 0 {
		*page = uint8(len(a.pages))
		a.pages = append(a.pages, a.pages[0])
	}
	a.pages[*page][r&0x7F] = c
}

// lookup returns the place of r, or unmapped.
func (a *alphabet) lookup(r rune) code {
	if uint32(r) > 0xFFFF {
		return unmapped
	}
	return a.pages[a.index[uint32(r)>>7]][r&0x7F]
}

// count returns the septets s needs and how many of its characters take two;
// ok is false when s holds a character that the alphabet lacks.
func (a *alphabet) count(s string) (septets, wide int, ok bool) {
	for _, r := range s {
		switch c := a.lookup(r); {
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
	start := len(dst)
	for _, r := range s {
		c := a.lookup(r)
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
// 23.038 §6.2.1 and §6.2.1.1: an unknown extension is the character of the
// basic table, a doubled or dangling escape is a space. An octet above 0x7F is
// no septet and becomes U+FFFD.
func (a *alphabet) appendText(dst, septets []byte) []byte {
	for i := 0; i < len(septets); i++ {
		b := septets[i]
		switch {
		case b >= 0x80:
			dst = utf8.AppendRune(dst, utf8.RuneError)
		case b != escape:
			dst = utf8.AppendRune(dst, a.basic[b])
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
		return a.basic[septet]
	}
}
