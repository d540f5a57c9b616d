package smsapi

import "unicode/utf8"

// object is a whole small reply.
func object(pairs ...string) []byte { return appendObject(make([]byte, 0, 192), pairs...) }

// appendObject appends a JSON object of names and values in the order given.
// Every value is a string, as the smsAPI wants it (Q8).
func appendObject(b []byte, pairs ...string) []byte {
	return append(appendPairs(append(b, '{'), pairs...), '}')
}

// appendPairs is the inside of an object.
func appendPairs(b []byte, pairs ...string) []byte {
	for i := 0; i+1 < len(pairs); i += 2 {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, pairs[i]), ':')
		b = appendString(b, pairs[i+1])
	}
	return b
}

// appendString appends s as a JSON string (RFC 8259 §7). What is not UTF-8
// becomes U+FFFD. U+2028 and U+2029 are escaped, since older JavaScript takes
// them for line ends.
func appendString(b []byte, s string) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	done := 0 // of s
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		var escape string
		switch {
		case c == '"':
			escape = `\"`
		case c == '\\':
			escape = `\\`
		case c == '\n':
			escape = `\n`
		case c == '\r':
			escape = `\r`
		case c == '\t':
			escape = `\t`
		case c < ' ':
			b = append(append(b, s[done:i]...), '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			i++
			done = i
			continue
		case r == utf8.RuneError && size == 1:
			escape = `\ufffd`
		case r == '\u2028':
			escape = `\u2028`
		case r == '\u2029':
			escape = `\u2029`
		default:
			i += size
			continue
		}
		b = append(append(b, s[done:i]...), escape...)
		i += size
		done = i
	}
	return append(append(b, s[done:]...), '"')
}
