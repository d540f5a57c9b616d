package gsm

import (
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUCS2 appends s as UTF-16, big-endian: UCS-2 (TS 23.038 §6.2.3) with
// surrogate pairs beyond U+FFFF, as every handset understands it. It allocates
// only to grow dst.
func AppendUCS2(dst []byte, s string) []byte {
	for _, r := range s {
		if r > 0xFFFF {
			high, low := utf16.EncodeRune(r)
			dst = append(dst, byte(high>>8), byte(high), byte(low>>8), byte(low))
			continue
		}
		dst = append(dst, byte(r>>8), byte(r))
	}
	return dst
}

// appendUCS2Text reads UTF-16BE. Lone surrogates and an odd last octet become
// one U+FFFD each.
func appendUCS2Text(dst, octets []byte) []byte {
	for len(octets) >= 2 {
		r := unit(octets)
		octets = octets[2:]
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if len(octets) >= 2 {
				low = unit(octets)
			}
			// DecodeRune answers U+FFFD unless the two really are a pair.
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				octets = octets[2:]
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	if len(octets) == 1 {
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	return dst
}

func unit(octets []byte) rune { return rune(octets[0])<<8 | rune(octets[1]) }

// countUnits returns the UTF-16 units of s and how many of its characters take
// two.
func countUnits(s string) (units, wide int) {
	for _, r := range s {
		units++
		if r > 0xFFFF {
			wide++
		}
	}
	return units + wide, wide
}

// takeUnits returns the end of the longest beginning of s that fits into limit
// UTF-16 units, and its size. No surrogate pair is cut.
func takeUnits(s string, limit int) (end, units int) {
	for i, r := range s {
		width := 1
		if r > 0xFFFF {
			width = 2
		}
		if units+width > limit {
			return i, units
		}
		units += width
	}
	return len(s), units
}
