package gsm

import (
	"fmt"
	"strings"
)

// Encoding says what travels over the air, and so how parts are counted: a kind
// in bits 0 to 3 and, with GSM7, the national tables: the [Language] of the
// locking shift table in bits 4 to 7 and of the single shift table in bits 8 to
// 11. It may be stored as its number.
type Encoding uint16

// The kinds. GSM7 alone is the default alphabet with its extension table; see
// [National] for others.
const (
	Auto   Encoding = iota // GSM7 where the text and the link's charset allow, otherwise UCS2
	GSM7                   // 7-bit alphabet (TS 23.038 §6.2.1)
	UCS2                   // UTF-16 (TS 23.038 §6.2.3)
	Octets                 // 8-bit data, no text (TS 23.038 §6.2.2)
)

const (
	kindMask     = 0xF
	lockingShift = 4
	singleShift  = 8
	tableMask    = 0xF
)

var encodingNames = [...]string{"auto", "gsm7", "ucs2", "octets"}

// National returns GSM7 with the tables of two languages (TS 23.038
// §6.2.1.2.2, §6.2.1.2.3); NoLanguage is the default table. The result is
// refused by everything that writes text when a language has no such table.
func National(locking, single Language) Encoding {
	return GSM7 | Encoding(locking&tableMask)<<lockingShift | Encoding(single&tableMask)<<singleShift
}

// Kind returns Auto, GSM7, UCS2 or Octets: the encoding without its tables.
func (e Encoding) Kind() Encoding { return e & kindMask }

// Locking returns the language of the locking shift table.
func (e Encoding) Locking() Language { return Language(e >> lockingShift & tableMask) }

// Single returns the language of the single shift table.
func (e Encoding) Single() Language { return Language(e >> singleShift & tableMask) }

// Valid reports whether e is a kind, or GSM7 with tables that there are.
func (e Encoding) Valid() bool {
	if e <= Octets {
		return true
	}
	return e.Kind() == GSM7 && e>>(singleShift+4) == 0 && e.Locking().locks() && e.Single() < languages
}

// String returns "auto", "gsm7", "ucs2", "octets" or, with national tables, such
// as "gsm7(tr/tr)", where "-" is a default table: locking before single.
func (e Encoding) String() string {
	switch {
	case !e.Valid():
		return fmt.Sprintf("encoding(%d)", uint16(e))
	case e > Octets:
		return fmt.Sprintf("gsm7(%v/%v)", e.Locking(), e.Single())
	default:
		return encodingNames[e]
	}
}

// ParseEncoding reads what [Encoding.String] returns.
func ParseEncoding(name string) (Encoding, error) {
	for e, known := range encodingNames {
		if name == known {
			return Encoding(e), nil
		}
	}
	tables, national := strings.CutPrefix(name, "gsm7(")
	tables, closed := strings.CutSuffix(tables, ")")
	if locking, single, both := strings.Cut(tables, "/"); national && closed && both {
		return parseNational(locking, single)
	}
	return Auto, fmt.Errorf("gsm: no encoding %q: use auto, gsm7, ucs2, octets or national tables such as gsm7(tr/tr)", name)
}

func parseNational(locking, single string) (Encoding, error) {
	var pair [2]Language
	for i, name := range [2]string{locking, single} {
		if name == languageNames[NoLanguage] {
			continue
		}
		l, err := ParseLanguage(name)
		if err != nil {
			return Auto, err
		}
		pair[i] = l
	}
	e := National(pair[0], pair[1])
	if !e.Valid() {
		return Auto, fmt.Errorf("gsm: language %v has no locking shift table: use -/%v", pair[0], pair[1])
	}
	return e, nil
}

// Elements returns the information elements that tell the receiver the national
// tables, in the order in which they follow the concatenation: single shift,
// then locking shift (TS 23.040 §9.2.3.24.15 and §9.2.3.24.16). Every part has
// to carry them. There are none for the default tables.
func (e Encoding) Elements() []Element {
	if e.Kind() != GSM7 {
		return nil
	}
	var elements []Element
	if l := e.Single(); l != NoLanguage {
		elements = append(elements, Element{ID: ElementSingleShift, Data: []byte{byte(l)}})
	}
	if l := e.Locking(); l != NoLanguage {
		elements = append(elements, Element{ID: ElementLockingShift, Data: []byte{byte(l)}})
	}
	return elements
}

// elementsLen is the octets of Elements in a header.
func (e Encoding) elementsLen() int {
	octets := 0
	if e.Kind() != GSM7 {
		return octets
	}
	if e.Single() != NoLanguage {
		octets += 3
	}
	if e.Locking() != NoLanguage {
		octets += 3
	}
	return octets
}

// AppendUDH appends the user data header of one part of a message in encoding e:
// the concatenation c unless that is a lone part (or zero), then the shift
// elements. It appends nothing when there is nothing to tell.
func (e Encoding) AppendUDH(dst []byte, c Concat) []byte {
	start := len(dst)
	if c.Total > 1 {
		dst = c.AppendUDH(dst)
	} else if e.elementsLen() > 0 {
		dst = append(dst, 0)
	} else {
		return dst
	}
	for _, shift := range [2]struct {
		id uint8
		l  Language
	}{{ElementSingleShift, e.Single()}, {ElementLockingShift, e.Locking()}} {
		if e.Kind() == GSM7 && shift.l != NoLanguage {
			dst = append(dst, shift.id, 1, byte(shift.l))
			dst[start] += 3
		}
	}
	return dst
}
