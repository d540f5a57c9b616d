package numplan

// Limits of short codes and sender IDs.
const (
	MinShortCode = 3
	MaxShortCode = 8
	// MaxAlphanumeric is what fits the 7 octets of an alphanumeric
	// originating address (TS 23.040 §9.1.2.5).
	MaxAlphanumeric = 11
	MinNumeric      = 3
	MaxNumeric      = 15 // E.164
)

// IsShortCodeShape reports whether s has the shape of a short code: 3 to 8
// ASCII digits, the first not 0. As a recipient it counts only where a route
// lists it.
func IsShortCodeShape(s string) bool {
	return len(s) >= MinShortCode && len(s) <= MaxShortCode && s[0] != '0' && allDigits(s)
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// A SenderKind is the kind of a sender ID. Each is a type of number of its
// own on an SMPP link (SMPP 3.4 §5.2.5).
type SenderKind uint8

// The kinds of sender IDs.
const (
	InvalidSender SenderKind = iota
	Alphanumeric             // a name: up to 11 characters, at least one letter
	Numeric                  // a phone number: up to 15 digits
	ShortCode                // 3 to 8 digits that are no international number
)

var senderWords = [...]string{"invalid", "alphanumeric", "numeric", "short code"}

// String returns the kind in words.
func (k SenderKind) String() string {
	if int(k) >= len(senderWords) {
		return senderWords[InvalidSender]
	}
	return senderWords[k]
}

// A SenderReason says why a sender ID is invalid. The text is what to tell
// its owner.
type SenderReason string

// The reasons.
const (
	SenderEmpty     SenderReason = "sender ID is empty: give a name of up to 11 characters or a number of 3 to 15 digits"
	SenderBlanks    SenderReason = "sender ID begins or ends with a blank: remove it"
	SenderTooLong   SenderReason = "sender ID is too long: a name has at most 11 characters"
	SenderTooShort  SenderReason = "sender ID is too short: a number has at least 3 digits"
	SenderTooMany   SenderReason = "sender ID is too long: a number has at most 15 digits"
	SenderCharacter SenderReason = "sender ID has a character that is not allowed: use letters A to Z, digits, blank, dot, hyphen, underscore and &"
	SenderNoLetter  SenderReason = "sender ID is neither a name nor a number: a name has at least one letter, a number only digits"
)

// Error returns the reason.
func (r SenderReason) Error() string { return string(r) }

// ClassifySender returns the kind of a sender ID, and for an invalid one a
// SenderReason. It looks at the shape only; which senders an account may use
// is decided elsewhere. A number may be written with a leading +, which is
// not part of the sender ID.
//
// Names hold ASCII letters, digits, blanks and . - _ &: characters that
// every operator's alphabet has in one septet (TS 23.038 §6.2.1) and that
// handsets show alike.
func ClassifySender(s string) (SenderKind, error) {
	if s == "" {
		return InvalidSender, SenderEmpty
	}
	if s[0] == ' ' || s[len(s)-1] == ' ' {
		return InvalidSender, SenderBlanks
	}
	if digits := withoutPlus(s); allDigits(digits) {
		return classifyNumeric(digits, len(digits) < len(s))
	}
	letters := false
	for i := range len(s) {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			letters = true
		case c-'0' <= 9 || c == ' ' || c == '.' || c == '-' || c == '_' || c == '&':
		default:
			return InvalidSender, SenderCharacter
		}
	}
	switch {
	case !letters:
		return InvalidSender, SenderNoLetter
	case len(s) > MaxAlphanumeric:
		return InvalidSender, SenderTooLong
	}
	return Alphanumeric, nil
}

// withoutPlus removes the + before a number.
func withoutPlus(s string) string {
	if len(s) > 1 && s[0] == '+' {
		return s[1:]
	}
	return s
}

func classifyNumeric(digits string, plus bool) (SenderKind, error) {
	switch {
	case len(digits) < MinNumeric:
		return InvalidSender, SenderTooShort
	case len(digits) > MaxNumeric:
		return InvalidSender, SenderTooMany
	case plus || !IsShortCodeShape(digits):
		return Numeric, nil
	}
	if _, err := ParseE164(digits); err == nil {
		return Numeric, nil
	}
	return ShortCode, nil
}
