package gsm

import (
	"errors"
	"fmt"
	"strings"
)

// RefBits is the width of the concatenation reference: 8 bits (UDH of 6 octets)
// or 16 bits (UDH of 7 octets). Zero means 8.
type RefBits uint8

// The widths there are (TS 23.040 §9.2.3.24.1 and §9.2.3.24.8).
const (
	Ref8  RefBits = 8
	Ref16 RefBits = 16
)

// MaxParts is the most parts a concatenated message can have: its count is one
// octet (TS 23.040 §9.2.3.24.1).
const MaxParts = 255

// userDataOctets is the room for header and text in one short message
// (TS 23.040 §9.2.3.16).
const userDataOctets = 140

// The errors of [Measure], [Split] and [Preview], wrapped with the details.
// They never hold any of the text.
var (
	ErrTooManyParts = errors.New("gsm: text needs too many parts")
	ErrUnencodable  = errors.New("gsm: text cannot be written in this encoding")
	ErrOptions      = errors.New("gsm: bad options")
)

// Options say how a text is to be sent. The zero value chooses the encoding by
// the text, writes unpacked septets and an 8-bit concatenation reference, and
// allows 255 parts.
type Options struct {
	// Encoding is Auto, GSM7, UCS2, or exactly one pair of tables made with
	// [National]. A text cut with the Size.Encoding that Auto gave is cut alike.
	Encoding Encoding
	// National are the languages whose tables may be used (TS 23.038 §6.2.1.2).
	// With Auto the cheapest pair of tables that holds the whole text is chosen:
	// fewest parts, then fewest septets (headers count), then the default
	// tables, then the earlier language. They are for links of septets: with
	// another Charset none is used.
	National []Language
	// Charset is how the link writes a GSM-7 text: CharsetGSM7,
	// CharsetGSM7Packed, CharsetASCII or CharsetLatin1. Parts are counted in
	// septets all the same. UCS-2 texts are always CharsetUCS2.
	Charset Charset
	// RefBits sets the size of the UDH, and so the room in a part.
	RefBits RefBits
	// Ref is the concatenation reference; with RefBits 8 the UDH holds its low
	// octet.
	Ref uint16
	// NoUDH cuts to the same sizes but leaves the header out: the numbers then
	// travel in the SAR parameters (SMPP 3.4 §5.3.2.22 to §5.3.2.24).
	NoUDH bool
	// Max is the most parts allowed, 1 to 255; 0 means 255.
	Max int
}

// Size is what a text costs. A unit is a septet (GSM7; characters of the
// extension table take two) or a UTF-16 unit (UCS2; surrogate pairs take two).
type Size struct {
	Encoding Encoding // GSM7, with the tables chosen, or UCS2
	Charset  Charset  // of the octets that Split writes
	Parts    int      // at least 1, also for an empty text
	Units    int      // of the whole text
	Limit    int      // units that fit into each part: 160 or 70, 153/152 or 67/66 in a longer message, less beside shift elements
	LastUsed int      // units in the last part when all others are filled; to keep clusters whole, Split may put more there
}

// Left returns the units that may be added without another part.
func (s Size) Left() int { return s.Limit - s.LastUsed }

// Detect returns GSM7 when every character of the text is in the default
// alphabet or its extension table, otherwise UCS2.
func Detect(text string) Encoding {
	for _, r := range text {
		if defaultAlphabet.lookup(r) == unmapped {
			return UCS2
		}
	}
	return GSM7
}

// Measure returns the size of a text without building it and, unless it fails,
// without allocating. It fails exactly when [Split] fails, with ErrOptions,
// ErrUnencodable (an explicit GSM7 that the text or the charset does not allow)
// or ErrTooManyParts; with the last the size is complete all the same.
func Measure(text string, o Options) (Size, error) {
	if err := o.check(); err != nil {
		return Size{}, err
	}
	size, err := o.measure(text)
	if err != nil {
		return Size{}, err
	}
	if most := o.most(); size.Parts > most {
		return size, fmt.Errorf("%w: %d, at most %d are allowed; shorten the text", ErrTooManyParts, size.Parts, most)
	}
	return size, nil
}

func (o Options) check() error {
	switch {
	case !o.Encoding.Valid() || o.Encoding == Octets:
		return fmt.Errorf("%w: %v for text: use Auto, GSM7, UCS2 or a value of National", ErrOptions, o.Encoding)
	case o.Charset > CharsetLatin1:
		return fmt.Errorf("%w: charset %v for GSM-7 text: use gsm7, gsm7-packed, ascii or latin1", ErrOptions, o.Charset)
	case o.Encoding > Octets && !o.Charset.septets():
		return fmt.Errorf("%w: %v cannot be written in charset %v: use gsm7 or gsm7-packed", ErrOptions, o.Encoding, o.Charset)
	case o.RefBits != 0 && o.RefBits != Ref8 && o.RefBits != Ref16:
		return fmt.Errorf("%w: reference of %d bits: use 8 or 16", ErrOptions, o.RefBits)
	case o.Max < 0 || o.Max > MaxParts:
		return fmt.Errorf("%w: at most %d parts asked: use 1 to 255, or 0 for 255", ErrOptions, o.Max)
	}
	for _, l := range o.National {
		if !l.known() {
			return fmt.Errorf("%w: %v has no national tables: use the constants Turkish to Urdu", ErrOptions, l)
		}
	}
	return nil
}

func (o Options) most() int {
	if o.Max == 0 {
		return MaxParts
	}
	return o.Max
}

// measure settles encoding and charset and counts. The limit on parts is not
// its business.
func (o Options) measure(text string) (Size, error) {
	if o.Encoding != UCS2 {
		if o.national() {
			if size, ok := o.cheapest(text); ok {
				return size, nil
			}
		} else {
			a := alphabetOf(o.Encoding)
			if septets, wide, ok := a.count(text); ok && o.Charset.carries(text) {
				return o.size(text, o.Encoding|GSM7, septets, wide), nil
			}
		}
		if o.Encoding != Auto {
			return Size{}, o.unencodable(text)
		}
	}
	units, wide := countUnits(text)
	return o.size(text, UCS2, units, wide), nil
}

// size counts the parts of a text of so many units, of which wide characters
// take two.
func (o Options) size(text string, e Encoding, units, wide int) Size {
	s := Size{Encoding: e, Charset: o.Charset, Units: units, Parts: 1, LastUsed: units}
	if e == UCS2 {
		s.Charset = CharsetUCS2
	}
	if s.Limit = capacity(e, o.headerLen(e, 1)); units > s.Limit {
		s.Limit = capacity(e, o.headerLen(e, 2))
		s.Parts, s.LastUsed = s.countParts(text, wide > 0)
	}
	return s
}

// headerLen returns the octets of the UDH, 0 without one, of each of so many
// parts.
func (o Options) headerLen(e Encoding, parts int) int {
	elements := e.elementsLen()
	switch {
	case parts > 1:
		return o.RefBits.headerLen() + elements
	case elements > 0:
		return 1 + elements
	default:
		return 0
	}
}

// carries reports whether a text that is known to be GSM-7 can be written in c,
// one of the charsets that Options.check lets pass.
func (c Charset) carries(text string) bool {
	if c != CharsetASCII && c != CharsetLatin1 {
		return true
	}
	for _, r := range text {
		if c.lacks(r) {
			return false
		}
	}
	return true
}

// unencodable names the place of the first character that stands in the way:
// the alphabet lacks it, or the charset of the link does.
func (o Options) unencodable(text string) error {
	a := alphabetOf(o.Encoding)
	at := strings.IndexFunc(text, func(r rune) bool { return a.lookup(r) == unmapped || o.Charset.lacks(r) })
	return fmt.Errorf("%w: the character at byte %d is not in %v, or not in charset %v; use UCS-2",
		ErrUnencodable, at, o.Encoding, o.Charset)
}

// countParts counts the parts of a text that does not fit into one, and the
// units of the last. Only characters of two units can leave a part unfilled.
func (s Size) countParts(text string, wide bool) (parts, last int) {
	if !wide {
		parts = (s.Units + s.Limit - 1) / s.Limit
		return parts, s.Units - (parts-1)*s.Limit
	}
	for text != "" {
		var end int
		end, last = s.take(text)
		text = text[end:]
		parts++
	}
	return parts, last
}

// take returns the end of the longest beginning of text that fits into one
// part, and its units.
func (s Size) take(text string) (end, units int) {
	if s.Encoding == UCS2 {
		return takeUnits(text, s.Limit)
	}
	a := alphabetOf(s.Encoding)
	return a.take(text, s.Limit)
}

// capacity returns the units beside a UDH of headerLen octets: 160, 153 and 152
// septets or 70, 67 and 66 UTF-16 units for headers of 0, 6 and 7 octets; 155 or
// 152 septets beside one or two shift elements, 149 or 146 beside them and an
// 8-bit concatenation.
func capacity(e Encoding, headerLen int) int {
	octets := userDataOctets - headerLen
	if e == UCS2 {
		return octets / 2
	}
	return octets * 8 / 7
}

// headerLen returns the octets of a UDH with a concatenation element alone.
func (b RefBits) headerLen() int {
	if b == Ref16 {
		return 7
	}
	return 6
}
