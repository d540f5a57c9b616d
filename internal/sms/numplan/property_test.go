package numplan

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// genCountry draws a default country, sometimes none.
var genCountry = rapid.Custom(func(t *rapid.T) Country {
	return rapid.SampledFrom(append(Countries(), NoCountry)).Draw(t, "default")
})

// genInput draws something like a number: digits that often begin with a
// calling code or trunk prefix, with the marks people write.
var genInput = rapid.Custom(func(t *rapid.T) string {
	var b strings.Builder
	b.WriteString(rapid.SampledFrom([]string{"", "", "+", "00", "+0", "0", "8", "06", " "}).Draw(t, "prefix"))
	c := rapid.SampledFrom(Countries()).Draw(t, "of")
	if rapid.Bool().Draw(t, "withCode") {
		b.WriteString(c.CallingCode())
	}
	for range rapid.IntRange(0, 13).Draw(t, "length") {
		b.WriteString(rapid.SampledFrom([]string{"", "", "", "", "", "", "-", " ", ".", "(", ")", "+", "\u00A0"}).Draw(t, "mark"))
		b.WriteByte('0' + rapid.Byte().Draw(t, "digit")%10)
	}
	return b.String()
})

// checkResult holds for every answer of Normalize.
func checkResult(t interface{ Fatalf(string, ...any) }, input string, def Country, n Number, err error) {
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Reason.String() == "" || n != (Number{}) {
			t.Fatalf("%q (%v): error %v beside %+v", input, def, err, n)
		}
		return
	}
	if len(n.E164) < 7 || len(n.E164) > 15 || !allDigits(n.E164) || n.E164[0] == '0' {
		t.Fatalf("%q (%v): %q is not E.164", input, def, n.E164)
	}
	if code := n.Country.CallingCode(); code == "" || !strings.HasPrefix(n.E164, code) || n.National() != n.E164[len(code):] {
		t.Fatalf("%q (%v): country %v of %q", input, def, n.Country, n.E164)
	}
	if n.Form == 0 || n.Form > WithoutPlus {
		t.Fatalf("%q (%v): form %d", input, def, n.Form)
	}
	// The national digits come from the input, in order.
	if digits := digitsOf(input); !strings.HasSuffix(digits, n.National()) {
		t.Fatalf("%q (%v): %q does not end like the input", input, def, n.E164)
	}
	checkIdempotence(t, n, def)
}

func checkIdempotence(t interface{ Fatalf(string, ...any) }, n Number, def Country) {
	for _, again := range []string{"+" + n.E164, "00" + n.E164} {
		m, err := Normalize(again, def)
		if err != nil || m.E164 != n.E164 || m.Country != n.Country || m.Mobile != n.Mobile {
			t.Fatalf("%s again with + (%v): %+v, %v", n.E164, def, m, err)
		}
	}
	if m, err := ParseE164(n.E164); err != nil || m.E164 != n.E164 {
		t.Fatalf("%s parsed again: %+v, %v", n.E164, m, err)
	}
	m, err := Normalize(n.E164, def)
	if err != nil {
		t.Fatalf("%s again (%v): %v", n.E164, def, err)
	}
	if m.E164 == n.E164 {
		return
	}
	// The one exception of the package comment: a foreign number whose
	// digits are a mobile number of the default country.
	foreign := n.Country.CallingCode() != def.CallingCode()
	national := m.Form == BareMobile || m.Form == WithTrunk && !slices.Contains(def.entry().trunks, "0")
	if !foreign || !national || !m.Mobile {
		t.Fatalf("%s again (%v): %s, read as %v", n.E164, def, m.E164, m.Form)
	}
}

// digitsOf keeps the digits of s, in ASCII.
func digitsOf(s string) string {
	var sc scan
	var out []byte
	for _, r := range s {
		sc = scan{}
		if sc.read(string(r)) == 0 {
			out = append(out, sc.digits()...)
		}
	}
	return string(out)
}

func TestNormalizeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input, def := genInput.Draw(t, "input"), genCountry.Draw(t, "def")
		n, err := Normalize(input, def)
		checkResult(t, input, def, n, err)
	})
}

// The same for every default country, with numbers of every other.
func TestEveryPairOfCountries(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 7))
	accepted := 0
	for _, def := range append(Countries(), NoCountry) {
		for _, of := range Countries() {
			nsn := make([]byte, 4+rnd.IntN(9))
			for i := range nsn {
				nsn[i] = '0' + byte(rnd.IntN(10))
			}
			prefix := []string{"+", "00", "", "0"}[rnd.IntN(4)]
			input := prefix + of.CallingCode() + string(nsn)
			if prefix == "0" {
				input = prefix + string(nsn)
			}
			n, err := Normalize(input, def)
			checkResult(t, input, def, n, err)
			if err == nil {
				accepted++
			}
		}
	}
	if accepted < 5000 {
		t.Errorf("only %d numbers accepted", accepted)
	}
}

// Marks between the digits never matter, as long as the first + stays first.
func TestMarksDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		input, def := genInput.Draw(t, "input"), genCountry.Draw(t, "def")
		clean := digitsOf(input)
		if i := strings.IndexAny(input, "+0123456789"); i >= 0 && input[i] == '+' {
			clean = "+" + clean
		}
		n, err := Normalize(input, def)
		m, err2 := Normalize(clean, def)
		if n != m || (err == nil) != (err2 == nil) {
			t.Fatalf("%q: %+v, %v; %q: %+v, %v", input, n, err, clean, m, err2)
		}
	})
}

// Every possible number of a country comes back from each way to write it
// with its calling code.
func TestFormsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, err := Normalize(genInput.Draw(t, "input"), genCountry.Draw(t, "def"))
		if err != nil || n.Country.ISO() == networkISO {
			return
		}
		for _, form := range []string{n.E164, "+" + n.E164, "00" + n.E164, `"` + n.E164 + `"`, "0" + n.E164} {
			if form[0] == '0' && form[1] != '0' && n.National()[0] == '0' {
				continue // the leading zero may belong to a national number
			}
			m, err := Normalize(form, n.Country)
			if form[0] == '0' && form[1] != '0' && m.Form == WithTrunk && m.E164 != n.E164 {
				continue // 0 and code can also be a national number, where numbers are long
			}
			if err != nil || m.E164 != n.E164 {
				t.Fatalf("%q as %q: %+v, %v", n.E164, form, m, err)
			}
		}
	})
}

// Lists: every recipient is a piece of the list, in order, and normalising
// it alone gives the same.
func TestSplitProperties(t *testing.T) {
	list := rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			b.WriteString(genInput.Draw(t, "number"))
			b.WriteString(rapid.SampledFrom([]string{",", ";", "\n", "\r\n", " ", "+", " +", ", ", "", "x", "\u060C"}).Draw(t, "sep"))
		}
		return b.String()
	})
	rapid.Check(t, func(t *rapid.T) {
		to, def := list.Draw(t, "to"), genCountry.Draw(t, "def")
		checkSplit(t, to, def)
	})
}

func checkSplit(t interface{ Fatalf(string, ...any) }, to string, def Country) {
	rest, digits := to, ""
	for r := range SplitRecipients(to, def) {
		i := strings.Index(rest, r.Input)
		if i < 0 || r.Input == "" || r.Input != strings.TrimFunc(r.Input, isBlank) {
			t.Fatalf("%q: recipient %q is no trimmed piece of %q", to, r.Input, rest)
		}
		rest = rest[i+len(r.Input):]
		n, err := Normalize(r.Input, def)
		if n != r.Number || (err == nil) != (r.Err == nil) {
			t.Fatalf("%q: recipient %+v, alone %+v, %v", to, r, n, err)
		}
		checkResult(t, r.Input, def, r.Number, r.Err)
		digits += digitsOf(r.Input)
	}
	if want := digitsOf(to); digits != want {
		t.Fatalf("%q: digits lost: %q, want %q", to, digits, want)
	}
}
