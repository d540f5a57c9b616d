package numplan

import "strings"

// A Form says how a number was written, that is, which reading of the
// package comment it matched.
type Form uint8

// The forms, in the order they are tried.
const (
	WithPlus        Form = iota + 1 // + or 00
	WithCallingCode                 // the calling code of the default country
	WithTrunk                       // national with the trunk prefix
	BareMobile                      // national without it
	WithoutPlus                     // another country's calling code
)

var formWords = [...]string{
	WithPlus: "international", WithCallingCode: "with country code", WithTrunk: "national",
	BareMobile: "national without prefix", WithoutPlus: "international without +",
}

// String describes the form in a few words, for people.
func (f Form) String() string {
	if int(f) >= len(formWords) {
		return ""
	}
	return formWords[f]
}

// A Number is a possible phone number.
type Number struct {
	// E164 is the calling code and the national number: 7 to 15 digits,
	// no +. It shares the memory of the input where the digits stood there.
	E164 string
	// Country is that of the calling code; where several share one, the
	// leading digits decide, and in doubt it is the main country.
	Country Country
	// Mobile reports whether it may be a mobile number.
	Mobile bool
	Form   Form
}

// National returns the number without its calling code.
func (n Number) National() string { return strings.TrimPrefix(n.E164, n.Country.CallingCode()) }

// Normalize reads one number as an account whose default country is def
// writes it. The package comment has the readings and their order. Blanks,
// dashes, dots, slashes, brackets and quotes are skipped, and digits of
// every script are taken. The error is an *Error.
//
// It allocates only the result, and not even that where the input holds the
// E.164 digits in one run.
func Normalize(input string, def Country) (Number, error) {
	var s scan
	if reason := s.read(input); reason != 0 {
		return Number{}, &Error{Reason: reason}
	}
	r, err := s.resolve(def)
	if err != nil {
		return Number{}, err
	}
	return s.number(input, r), nil
}

// ParseE164 reads the digits of an international number, with or without +
// or 00: what this package has returned before, or what an operator sends with type
// of number international (SMPP 3.4 §5.2.5). It never takes a number for a
// national one. The error is an *Error.
func ParseE164(input string) (Number, error) {
	var s scan
	if reason := s.read(input); reason != 0 {
		return Number{}, &Error{Reason: reason}
	}
	r, err := explicit(s.digits())
	if err != nil {
		return Number{}, err
	}
	return s.number(input, r), nil
}

// A reading is one way to take the scanned digits.
type reading struct {
	plan *plan
	from int // where the national number begins
	leaf leaf
	form Form
	// mobile: the national number may be a mobile one
	mobile bool
}

// resolve finds the reading of the digits.
func (s *scan) resolve(def Country) (reading, error) {
	d := s.digits()
	if def.CallingCode() == "" {
		def = NoCountry // out of range
	}
	if isDoubleZero(d) || s.plus && d[0] != '0' {
		return explicit(d)
	}
	if def != NoCountry {
		if r, ok := domestic(d, def); ok {
			return r, nil
		}
	}
	if r, ok := international(d, 0); ok {
		r.form = WithoutPlus
		return r, nil
	}
	return reading{}, domesticFailure(d, def)
}

// explicit is reading 1, of digits that are international beyond doubt.
func explicit(d []byte) (reading, error) {
	from := 0
	if isDoubleZero(d) {
		from = 2
	}
	r, ok := international(d, from)
	if !ok {
		return r, failure(d, from)
	}
	r.form = WithPlus
	return r, nil
}

func isDoubleZero(d []byte) bool { return len(d) > 2 && d[0] == '0' && d[1] == '0' }

// domestic tries readings 2 to 4.
func domestic(d []byte, def Country) (reading, bool) {
	p := def.plan()
	if begins(d, p.code) {
		if r, ok := p.afterCode(d, len(p.code)); ok {
			r.form = WithCallingCode
			return r, true
		}
	}
	if r, ok := withTrunk(d, def); ok {
		return r, true
	}
	if l := p.find(d); l.isMobile(len(d)) {
		return reading{plan: p, leaf: l, form: BareMobile, mobile: true}, true
	}
	return reading{}, false
}

// withTrunk tries reading 3. Among the ways to take the leading 0, one that
// gives a mobile number wins: 049 151… is a German mobile number, not one in
// the area 491.
func withTrunk(d []byte, def Country) (best reading, found bool) {
	p := def.plan()
	consider := func(r reading, ok bool) {
		if ok && (!found || r.mobile && !best.mobile) {
			r.form = WithTrunk
			best, found = r, true
		}
	}
	if d[0] == '0' {
		consider(p.at(d, 0)) // the 0 belongs to the number
	}
	for _, t := range def.entry().trunks {
		if begins(d, t) {
			consider(p.afterTrunk(d, t, len(t)))
		}
	}
	if d[0] == '0' && begins(d[1:], p.code) {
		consider(p.afterCode(d, 1+len(p.code)))
	}
	return best, found
}

// international tries the digits from from on with the calling code they
// begin with.
func international(d []byte, from int) (reading, bool) {
	p := planOf(d[from:])
	if p.code == "" {
		return reading{}, false
	}
	return p.afterCode(d, from+len(p.code))
}

// afterCode reads the national number that begins at from, after a calling
// code, dropping a trunk prefix if it is only possible without.
func (p *plan) afterCode(d []byte, from int) (reading, bool) {
	if r, ok := p.at(d, from); ok {
		return r, true
	}
	for _, t := range planCountries[p.first].entry().trunks {
		if begins(d[from:], t) {
			if r, ok := p.afterTrunk(d, t, from+len(t)); ok {
				return r, true
			}
		}
	}
	return reading{}, false
}

// afterTrunk reads the national number that begins at from, after trunk
// prefix t.
func (p *plan) afterTrunk(d []byte, t string, from int) (reading, bool) {
	r, ok := p.at(d, from)
	return r, ok && (r.mobile || t[0] == '0')
}

// at reads the national number that begins at from.
func (p *plan) at(d []byte, from int) (reading, bool) {
	nsn := d[from:]
	l, ok := p.possible(nsn)
	return reading{plan: p, from: from, leaf: l, mobile: l.isMobile(len(nsn))}, ok
}

func begins(d []byte, prefix string) bool {
	return len(d) >= len(prefix) && string(d[:len(prefix)]) == prefix
}

// number makes the result of a reading.
func (s *scan) number(input string, r reading) Number {
	n := Number{Country: r.plan.country(r.leaf), Mobile: r.mobile, Form: r.form}
	d, code := s.digits(), r.plan.code
	start := r.from - len(code)
	switch {
	case start < 0 || string(d[start:r.from]) != code:
		n.E164 = code + string(d[r.from:])
	case s.offset >= 0:
		n.E164 = input[s.offset+start : s.offset+s.n]
	default:
		n.E164 = string(d[start:])
	}
	return n
}

// failure says why the international number from from on is not possible.
func failure(d []byte, from int) error {
	p := planOf(d[from:])
	switch n := len(d) - from; {
	case p.code != "":
		return p.measure(d[from+len(p.code):])
	case n < 3:
		return &Error{Reason: TooShort}
	case n > 15:
		return &Error{Reason: TooLong}
	}
	return &Error{Reason: NotPossible}
}

// domesticFailure says why digits without + are no number: measured as
// what they most look like.
func domesticFailure(d []byte, def Country) error {
	if def == NoCountry {
		return failure(d, 0)
	}
	p := def.plan()
	if begins(d, p.code) {
		return p.measure(d[len(p.code):])
	}
	for _, t := range def.entry().trunks {
		if t[0] == '0' && begins(d, t) {
			return p.measure(d[len(t):])
		}
	}
	if len(d) > 15 {
		return &Error{Reason: TooLong}
	}
	return p.measure(d)
}
