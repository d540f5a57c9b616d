package numplan

import (
	"iter"
	"strings"
	"unicode/utf8"
)

// A Recipient is one entry of a list of recipients.
type Recipient struct {
	Input  string // as written, without blanks around it
	Number Number // valid if Err is nil
	Err    error  // an *Error
}

// SplitRecipients splits a list of recipients as an account whose default
// country is def writes it, and normalises each.
//
// The list is cut at commas, semicolons and line ends. A piece that is one
// possible number once blanks, + and punctuation are removed is one
// recipient; any other is cut at blanks and before every +. Pieces without a
// letter or digit are no recipients. Bad numbers are, with Err set; the same
// number twice is yielded twice.
//
// The cost is linear in the length of the list, whatever it holds.
func SplitRecipients(to string, def Country) iter.Seq[Recipient] {
	return func(yield func(Recipient) bool) {
		for piece := range cut(to, isSeparator) {
			if !splitPiece(piece, def, yield) {
				return
			}
		}
	}
}

// splitPiece yields the recipients of what stood between two separators. It
// returns false when the caller has had enough.
func splitPiece(piece string, def Country, yield func(Recipient) bool) bool {
	n, err := Normalize(piece, def)
	if err == nil || !strings.ContainsFunc(piece, isInnerSeparator) {
		return give(piece, n, err, yield)
	}
	for word := range cut(piece, isBlank) {
		for len(word) > 0 {
			end := strings.IndexByte(word[1:], '+') + 1
			if end == 0 {
				end = len(word)
			}
			n, err := Normalize(word[:end], def)
			if !give(word[:end], n, err, yield) {
				return false
			}
			word = word[end:]
		}
	}
	return true
}

// give yields one recipient, unless it is only punctuation.
func give(input string, n Number, err error, yield func(Recipient) bool) bool {
	if e, ok := err.(*Error); ok && e.Reason == Empty {
		return true
	}
	return yield(Recipient{Input: input, Number: n, Err: err})
}

// cut yields the non-empty parts of s between runes for which sep is true,
// without blanks around them.
func cut(s string, sep func(rune) bool) iter.Seq[string] {
	return func(yield func(string) bool) {
		for len(s) > 0 {
			part := s
			if i := strings.IndexFunc(s, sep); i >= 0 {
				_, size := utf8.DecodeRuneInString(s[i:])
				part, s = s[:i], s[i+size:]
			} else {
				s = ""
			}
			if part = strings.TrimFunc(part, isBlank); part != "" && !yield(part) {
				return
			}
		}
	}
}

// isSeparator reports whether r ends a piece in every list: commas,
// semicolons and line ends, with their forms in other scripts.
func isSeparator(r rune) bool {
	switch r {
	case ',', ';', '\n', '\r', '\u060C', '\u061B', '\u3001', '\uFF0C', '\uFF1B':
		return true
	}
	return false
}

func isInnerSeparator(r rune) bool { return r == '+' || isBlank(r) }
