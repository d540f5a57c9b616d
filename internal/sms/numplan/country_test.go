package numplan

import (
	"slices"
	"testing"
	"unicode"
)

func TestByISO(t *testing.T) {
	for iso, want := range map[string]string{"BD": "880", "bd": "880", "LK": "94", "CI": "225", "US": "1", "CA": "1", "XK": "383", "AC": "247", "ZW": "263"} {
		c, ok := ByISO(iso)
		if !ok || c.CallingCode() != want {
			t.Errorf("%q: got %v %q, %v", iso, c, c.CallingCode(), ok)
		}
	}
	for _, iso := range []string{"", "B", "BGD", "XX", "ZZ", "001", "00", "é"} {
		if c, ok := ByISO(iso); ok || c != NoCountry {
			t.Errorf("%q: got %v", iso, c)
		}
	}
}

func TestByCallingCode(t *testing.T) {
	for code, want := range map[string]string{"880": "BD", "1": "US", "7": "RU", "44": "GB", "39": "IT", "599": "CW", "998": "UZ", "881": "001"} {
		if c, ok := ByCallingCode(code); !ok || c.ISO() != want {
			t.Errorf("%q: got %v, %v", code, c, ok)
		}
	}
	for _, code := range []string{"", "0", "88", "8801", "999", "800", "+880", "x"} {
		if c, ok := ByCallingCode(code); ok || c != NoCountry {
			t.Errorf("%q: got %v", code, c)
		}
	}
}

func TestParseCountry(t *testing.T) {
	for s, want := range map[string]string{"BD": "BD", " bd ": "BD", "880": "BD", "+880": "BD", "1": "US"} {
		if c, err := ParseCountry(s); err != nil || c.ISO() != want {
			t.Errorf("%q: got %v, %v", s, c, err)
		}
	}
	for _, s := range []string{"", "+", "Bangladesh", "999", "881", "001"} {
		if c, err := ParseCountry(s); err == nil || c != NoCountry {
			t.Errorf("%q: got %v", s, c)
		}
	}
	_, err := ParseCountry("Bangladesh")
	if want := `unknown country "Bangladesh": give a two-letter ISO code such as BD or a calling code such as 880`; err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

func TestCountries(t *testing.T) {
	list := Countries()
	if len(list) != 245 {
		t.Errorf("%d countries", len(list))
	}
	if !slices.IsSortedFunc(list, func(a, b Country) int { return slices.Compare([]byte(a.ISO()), []byte(b.ISO())) }) {
		t.Error("not by ISO code")
	}
	for _, c := range list {
		if back, ok := ByISO(c.ISO()); !ok || back != c {
			t.Errorf("%v: ByISO gives %v", c, back)
		}
		if c.Name() == "" || c.String() != c.ISO() || !unicode.IsUpper(rune(c.Name()[0])) && c.ISO() != "AX" {
			t.Errorf("%v: name %q", c, c.Name())
		}
		main, ok := ByCallingCode(c.CallingCode())
		if !ok || main.CallingCode() != c.CallingCode() {
			t.Errorf("%v: calling code %q", c, c.CallingCode())
		}
	}
}

func TestNoCountry(t *testing.T) {
	for _, c := range []Country{NoCountry, 60000} {
		if c.ISO() != "" || c.Name() != "" || c.CallingCode() != "" || c.String() != "" {
			t.Errorf("%d: %q %q %q", c, c.ISO(), c.Name(), c.CallingCode())
		}
	}
	if _, err := Normalize("01712345678", 60000); err == nil {
		t.Error("an unknown country read a national number")
	}
}

func TestDigitValue(t *testing.T) {
	checked := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.Is(unicode.Nd, r) {
			continue
		}
		// The ten digits of a script follow each other, so the value is
		// the number of neighbours of value 0 to 8 below.
		want := byte(0)
		if unicode.Is(unicode.Nd, r-1) {
			want = (digitValue(r-1) + 1) % 10
		}
		if got := digitValue(r); got != want {
			t.Errorf("%U: got %d, want %d", r, got, want)
		}
		checked++
	}
	if checked < 600 || digitValue('৭') != 7 || digitValue('٣') != 3 || digitValue('𝟗') != 9 {
		t.Errorf("%d digits checked", checked)
	}
}
