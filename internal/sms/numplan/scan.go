package numplan

import (
	"unicode"
	"unicode/utf8"
)

// maxDigits is how many digits an input can have: 15 of E.164, 00 in front,
// and a 0 after the calling code that does not belong there.
const maxDigits = 18

// A scan is an input reduced to its digits.
type scan struct {
	buf    [maxDigits]byte
	n      int
	plus   bool // + stands before the first digit
	offset int  // where the digits stand in the input as one run; -1 if they do not
}

func (s *scan) digits() []byte { return s.buf[:s.n] }

// read fills s. It skips what people write between digits, and takes the
// digits of any script; a + inside is skipped too (88+01…). The cost is
// linear in the input, and a number that is too long ends it.
func (s *scan) read(input string) Reason {
	for i := 0; i < len(input); i++ {
		c := input[i]
		switch {
		case c-'0' <= 9:
			if s.n == 0 {
				s.offset = i
			} else if s.offset+s.n != i {
				s.offset = -1
			}
			if s.n == maxDigits {
				return TooLong
			}
			s.buf[s.n] = c
			s.n++
		case c == '+':
			s.plus = s.plus || s.n == 0
		case c < utf8.RuneSelf:
			if !ignoredASCII(c) {
				return NotDigits
			}
		default:
			r, size := utf8.DecodeRuneInString(input[i:])
			if reason := s.rune(r, size, c); reason != 0 {
				return reason
			}
			i += size - 1
		}
	}
	if s.n == 0 {
		return Empty
	}
	return 0
}

// rune takes a character outside ASCII; first is its first byte.
func (s *scan) rune(r rune, size int, first byte) Reason {
	switch {
	case r == utf8.RuneError && size == 1:
		if first != 0xA0 { // the no-break space of an old Windows client
			return NotDigits
		}
	case r == '\uFF0B': // fullwidth +
		s.plus = s.plus || s.n == 0
	case unicode.Is(unicode.Nd, r):
		if s.n == maxDigits {
			return TooLong
		}
		s.offset = -1
		s.buf[s.n] = '0' + digitValue(r)
		s.n++
	case !isBlank(r) && !unicode.In(r, unicode.Cf, unicode.Pd, unicode.Ps, unicode.Pe, unicode.Pi, unicode.Pf) && !ignoredSign(r):
		return NotDigits
	}
	return 0
}

// ignoredASCII reports whether c may stand between the digits of a number.
func ignoredASCII(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\v', '\f', '\r', '-', '.', '/', '(', ')', '[', ']', '{', '}', '<', '>', '"', '\'', '`':
		return true
	}
	return false
}

// ignoredSign reports whether r is one of the signs that look like a dash or
// a dot but are in no category of dashes.
func ignoredSign(r rune) bool {
	switch r {
	case '\u2212', '\u00B7', '\u2022', '\u2219', '\u22C5', '\uFF0E', '\uFF0F', '\u30FC', '\uFF02', '\uFF07':
		return true
	}
	return false
}

// isBlank reports whether r separates words: Unicode's white space.
func isBlank(r rune) bool { return unicode.IsSpace(r) }

// digitValue returns the value of a decimal digit of any script. Unicode
// encodes those of a script as ten code points in order (Nd, The Unicode
// Standard §4.6), and every range of the table begins with a zero.
func digitValue(r rune) byte {
	for _, rg := range unicode.Nd.R16 {
		if r <= rune(rg.Hi) {
			return byte((r - rune(rg.Lo)) % 10)
		}
	}
	for _, rg := range unicode.Nd.R32 {
		if r <= rune(rg.Hi) {
			return byte((r - rune(rg.Lo)) % 10)
		}
	}
	return 0
}
