package numplan

import "math/bits"

// A Reason says why an input is not a number. The words of String are
// stable.
type Reason uint8

// The reasons.
const (
	Empty       Reason = iota + 1 // no digits, only blanks and punctuation, or nothing
	NotDigits                     // a letter or another character that is in no number
	TooShort                      // fewer digits than any number with these leading digits
	TooLong                       // more digits
	NotPossible                   // no number has this length and these leading digits
)

var reasonWords = [...]string{Empty: "empty", NotDigits: "not_digits", TooShort: "too_short", TooLong: "too_long", NotPossible: "not_possible"}

// String returns the reason as one word: empty, not_digits, too_short,
// too_long or not_possible.
func (r Reason) String() string {
	if int(r) >= len(reasonWords) {
		return ""
	}
	return reasonWords[r]
}

// An Error is the only error of Normalize and ParseE164. It does not hold
// the input, so that it can be logged.
type Error struct {
	Reason Reason
	// Country is the one the input was measured against: that of its
	// calling code, or the default. NoCountry if there was neither.
	Country Country
}

// Error says what is wrong and what to do.
func (e *Error) Error() string {
	where := ""
	if e.Country != NoCountry {
		where = " for " + e.Country.Name()
	}
	switch e.Reason {
	case Empty:
		return "no number: give digits with the country code, such as 8801712345678"
	case NotDigits:
		return "not a number: use only digits, with the country code, such as 8801712345678"
	case TooShort:
		return "number too short" + where + ": digits are missing"
	case TooLong:
		return "number too long" + where + ": remove the extra digits, or separate the numbers with commas"
	}
	return "not a possible number" + where + ": check it, and give it with its country code"
}

// measure is the error for national number nsn, which is not possible.
func (p *plan) measure(nsn []byte) *Error {
	e := &Error{Reason: NotPossible, Country: planCountries[p.first]}
	ref := follow(p.root, nsn)
	l := at(ref)
	switch {
	case ref&leafBit == 0 || len(nsn) < bits.TrailingZeros16(l.lengths) && l.lengths != 0:
		e.Reason = TooShort
	case len(nsn) >= bits.Len16(l.lengths) && l.lengths != 0:
		e.Reason = TooLong
	}
	return e
}
