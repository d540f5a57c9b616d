package gsm

import (
	"fmt"
	"slices"
	"strings"
)

// Language is a national language identifier (TS 23.038 §6.2.1.2.4). The zero
// value, [NoLanguage], stands for the default table.
type Language uint8

// The languages that have tables. Spanish has no locking shift table, the others
// have both.
const (
	NoLanguage Language = iota
	Turkish
	Spanish
	Portuguese
	Bengali
	Gujarati
	Hindi
	Kannada
	Malayalam
	Oriya
	Punjabi
	Tamil
	Telugu
	Urdu

	languages = iota
)

// languageNames are the names of ISO 639-1.
var languageNames = [languages]string{"-", "tr", "es", "pt", "bn", "gu", "hi", "kn", "ml", "or", "pa", "ta", "te", "ur"}

// Languages returns all languages that have tables, in the order of their
// identifiers.
func Languages() []Language {
	all := make([]Language, 0, languages-1)
	for l := Turkish; l < languages; l++ {
		all = append(all, l)
	}
	return all
}

// String returns the ISO 639-1 name, such as "tr", and "-" for NoLanguage.
func (l Language) String() string {
	if l < languages {
		return languageNames[l]
	}
	return fmt.Sprintf("language(%d)", uint8(l))
}

// ParseLanguage reads an ISO 639-1 name; NoLanguage has none.
func ParseLanguage(name string) (Language, error) {
	if i := slices.Index(languageNames[1:], name); i >= 0 {
		return Language(i + 1), nil
	}
	return NoLanguage, fmt.Errorf("gsm: no national tables for language %q: use one of %s",
		name, strings.Join(languageNames[1:], ", "))
}

// MarshalText returns the name. It fails for what [ParseLanguage] would not read.
func (l Language) MarshalText() ([]byte, error) {
	if !l.known() {
		return nil, fmt.Errorf("gsm: %v has no name", l)
	}
	return []byte(l.String()), nil
}

// UnmarshalText is [ParseLanguage].
func (l *Language) UnmarshalText(name []byte) error {
	parsed, err := ParseLanguage(string(name))
	if err == nil {
		*l = parsed
	}
	return err
}

func (l Language) known() bool { return l > NoLanguage && l < languages }

// locks reports whether there is a locking shift table, the default alphabet
// counting as one.
func (l Language) locks() bool { return l < languages && l != Spanish }
