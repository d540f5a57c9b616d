package numplan

import (
	"errors"
	"testing"
	"unsafe"
)

// in returns the country with an ISO code.
func in(t testing.TB, iso string) Country {
	t.Helper()
	if iso == "" {
		return NoCountry
	}
	c, ok := ByISO(iso)
	if !ok {
		t.Fatalf("no country %q", iso)
	}
	return c
}

func TestNormalize(t *testing.T) {
	tests := []struct {
		def, input, want, country string
		mobile                    bool
		form                      Form
	}{
		// Every form of the contract, for Bangladesh.
		{"BD", "8801712345678", "8801712345678", "BD", true, WithCallingCode},
		{"BD", "01712345678", "8801712345678", "BD", true, WithTrunk},
		{"BD", "+8801712345678", "8801712345678", "BD", true, WithPlus},
		{"BD", "008801712345678", "8801712345678", "BD", true, WithPlus},
		{"BD", "88+01712345678", "8801712345678", "BD", true, WithCallingCode},
		{"BD", "08801712345678", "8801712345678", "BD", true, WithTrunk},
		{"BD", "1712345678", "8801712345678", "BD", true, BareMobile},
		{"BD", `"01712345678"`, "8801712345678", "BD", true, WithTrunk},
		{"BD", " 01712345678", "8801712345678", "BD", true, WithTrunk}, // a raw + of a query
		{"BD", " 8801712345678", "8801712345678", "BD", true, WithCallingCode},
		{"BD", "+01712345678", "8801712345678", "BD", true, WithTrunk},
		{"BD", "94777004416", "94777004416", "LK", true, WithoutPlus},
		{"BD", "2250102030405", "2250102030405", "CI", true, WithoutPlus},
		{"BD", "+2250102030405", "2250102030405", "CI", true, WithPlus},
		{"BD", "00225 01 02 03 04 05", "2250102030405", "CI", true, WithPlus},
		{"BD", "2348031234567", "2348031234567", "NG", true, WithoutPlus},
		{"BD", "254711243807", "254711243807", "KE", true, WithoutPlus},
		{"BD", "252612345678", "252612345678", "SO", true, WithoutPlus},
		{"BD", "9607712345", "9607712345", "MV", true, WithoutPlus},
		{"BD", "8801212345678", "8801212345678", "BD", true, WithCallingCode}, // 012: a range not opened yet
		{"BD", "1212345678", "8801212345678", "BD", true, BareMobile},
		{"BD", "029876543", "88029876543", "BD", false, WithTrunk}, // Dhaka, fixed
		{"BD", "880 (0)1712-345678", "8801712345678", "BD", true, WithCallingCode},
		{"BD", "+880 (0) 1712.345.678", "8801712345678", "BD", true, WithPlus},
		{"BD", "+00880 1712 345678", "8801712345678", "BD", true, WithPlus},

		// The other home markets.
		{"LK", "94777004416", "94777004416", "LK", true, WithCallingCode},
		{"LK", "0777004416", "94777004416", "LK", true, WithTrunk},
		{"LK", "777004416", "94777004416", "LK", true, BareMobile},
		{"LK", "0112345678", "94112345678", "LK", false, WithTrunk},
		{"NG", "08031234567", "2348031234567", "NG", true, WithTrunk},
		{"NG", "8031234567", "2348031234567", "NG", true, BareMobile},
		{"NG", "2349161234567", "2349161234567", "NG", true, WithCallingCode},
		{"KE", "0711243807", "254711243807", "KE", true, WithTrunk},
		{"KE", "0110123456", "254110123456", "KE", true, WithTrunk},
		{"KE", "711243807", "254711243807", "KE", true, BareMobile},
		{"CI", "0102030405", "2250102030405", "CI", true, WithTrunk},
		{"CI", "0708091011", "2250708091011", "CI", true, WithTrunk},
		{"CI", "2250708091011", "2250708091011", "CI", true, WithCallingCode},
		{"SO", "0612345678", "252612345678", "SO", true, WithTrunk},
		{"SO", "612345678", "252612345678", "SO", true, BareMobile},
		{"MV", "7712345", "9607712345", "MV", true, BareMobile},
		{"MV", "09607712345", "9607712345", "MV", true, WithTrunk}, // 0 and code, though MV has no trunk prefix
		{"IN", "09876543210", "919876543210", "IN", true, WithTrunk},
		{"IN", "9876543210", "919876543210", "IN", true, BareMobile},
		{"IN", "9123456789", "919123456789", "IN", true, BareMobile}, // begins with 91 and is not +91 23456789
		{"IN", "9112345678", "919112345678", "IN", true, BareMobile},
		{"IN", "919123456789", "919123456789", "IN", true, WithCallingCode},

		// Numbering plans with something of their own.
		{"GB", "07400 123456", "447400123456", "GB", true, WithTrunk},
		{"GB", "07911 123456", "447911123456", "GG", true, WithTrunk},
		{"GB", "+44 (0)20 7946 0958", "442079460958", "GB", false, WithPlus},
		{"GB", "07781 123456", "447781123456", "GG", true, WithTrunk},
		{"GB", "07797 712345", "447797712345", "JE", true, WithTrunk},
		{"US", "(201) 555-0123", "12015550123", "US", true, BareMobile},
		{"US", "1-416-555-0123", "14165550123", "CA", true, WithCallingCode},
		{"BD", "18765550123", "18765550123", "JM", true, WithoutPlus},
		{"DE", "0151 23456789", "4915123456789", "DE", true, WithTrunk},
		{"DE", "049 151 23456789", "4915123456789", "DE", true, WithTrunk},
		{"DE", "+49 (0)151/23456789", "4915123456789", "DE", true, WithPlus},
		{"DE", "0049 (0) 32 12345678901", "493212345678901", "DE", false, WithPlus}, // the longest input
		{"DE", "12025550123", "12025550123", "US", true, WithoutPlus},               // no German mobile begins with 12
		{"IT", "3921234567", "393921234567", "IT", true, BareMobile},                // not +39 21234567
		{"IT", "393921234567", "393921234567", "IT", true, WithCallingCode},
		{"IT", "06 6982 1234", "390669821234", "VA", false, WithTrunk}, // the leading zero stays
		{"IT", "0612345678", "390612345678", "IT", false, WithTrunk},
		{"IT", "+39 02 12345678", "390212345678", "IT", false, WithPlus},
		{"IT", "0393331234567", "393331234567", "IT", true, WithTrunk},
		{"IT", "4520123456", "4520123456", "DK", true, WithoutPlus},
		{"RU", "8 (912) 345-67-89", "79123456789", "RU", true, WithTrunk},
		{"RU", "+7 8 912 345-67-89", "79123456789", "RU", true, WithPlus},
		{"RU", "84912345678", "84912345678", "VN", true, WithoutPlus}, // 8 before a fixed number is not enough
		{"KZ", "87011234567", "77011234567", "KZ", true, WithTrunk},
		{"RU", "77011234567", "77011234567", "KZ", true, WithCallingCode},
		{"HU", "06 20 123 4567", "36201234567", "HU", true, WithTrunk},
		{"HU", "+36 06 20 123 4567", "36201234567", "HU", true, WithPlus},
		{"BY", "8 029 123-45-67", "375291234567", "BY", true, WithTrunk},
		{"LT", "86 12 34567", "37061234567", "LT", true, WithTrunk},
		{"GA", "062345678", "24162345678", "GA", true, WithTrunk},
		{"CN", "13123456789", "8613123456789", "CN", true, BareMobile},
		{"CN", "12025550123", "12025550123", "US", true, WithoutPlus},
		{"BD", "+8816 3123 4567", "881631234567", "001", true, WithPlus},

		// No default country: only the calling code counts.
		{"", "8801712345678", "8801712345678", "BD", true, WithoutPlus},
		{"", "+8801712345678", "8801712345678", "BD", true, WithPlus},
	}
	for _, tt := range tests {
		t.Run(tt.def+" "+tt.input, func(t *testing.T) {
			n, err := Normalize(tt.input, in(t, tt.def))
			if err != nil {
				t.Fatal(err)
			}
			if n.E164 != tt.want || n.Country.ISO() != tt.country || n.Mobile != tt.mobile || n.Form != tt.form {
				t.Errorf("got %s %s mobile=%v %q, want %s %s mobile=%v %q", n.E164, n.Country, n.Mobile, n.Form,
					tt.want, tt.country, tt.mobile, tt.form)
			}
		})
	}
}

// What people paste between and around digits, and digits of other scripts.
func TestNormalizeCleaning(t *testing.T) {
	const want = "8801712345678"
	for _, input := range []string{
		"+880 1712-345678", "880.1712.345678", "(880) 1712 345 678", "[880]1712345678", "880/1712345678",
		"\"8801712345678\"", "'8801712345678", "\u201C8801712345678\u201D", "\u00AB8801712345678\u00BB",
		"\t8801712345678\r\n", "880\u00A01712\u00A0345678", "880\u202F1712\u2009345678", "\xA08801712345678",
		"\u202A+8801712345678\u202C", "\uFEFF8801712345678", "8801712\u200B345678", "8801712\u00AD345678",
		"880\u20111712\u2013345\u2014678", "880\u22121712345678", "880\u00B71712\u2022345678", "<+8801712345678>",
		"০১৭১২৩৪৫৬৭৮",               // Bengali
		"+٨٨٠١٧١٢٣٤٥٦٧٨",            // Arabic-Indic
		"۰۱۷۱۲۳۴۵۶۷۸",               // Persian
		"०१७१२३४५६७८",               // Devanagari
		"\uFF0B８８０１７１２３４５６７８",       // fullwidth
		"８８０\uFF0D１７１２\uFF0E３４５６７８", // and its punctuation
		"𝟎𝟏𝟕𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",               // mathematical bold
		"০1৭12৩45৬78",               // mixed
	} {
		n, err := Normalize(input, in(t, "BD"))
		if err != nil || n.E164 != want {
			t.Errorf("%q: got %q, %v", input, n.E164, err)
		}
	}
}

func TestNormalizeErrors(t *testing.T) {
	tests := []struct {
		def, input string
		reason     Reason
		country    string
	}{
		{"BD", "", Empty, ""},
		{"BD", " \u00A0-+()\"\" ", Empty, ""},
		{"BD", "01712x45678", NotDigits, ""},
		{"BD", "+880 1712 345678 ext 5", NotDigits, ""},
		{"BD", "01712,345678", NotDigits, ""},
		{"BD", "0171²345678", NotDigits, ""}, // a superscript is no decimal digit
		{"BD", "01712345678\x00", NotDigits, ""},
		{"BD", "01712345678\xff", NotDigits, ""},
		{"BD", "abc", NotDigits, ""},
		{"BD", "0171234567", TooShort, "BD"},  // one digit missing
		{"BD", "017123456789", TooLong, "BD"}, // one too many
		{"BD", "880171234567", TooShort, "BD"},
		{"BD", "88017123456789", TooLong, "BD"},
		{"BD", "171234567", TooShort, "BD"},
		{"BD", "+880", TooShort, "BD"},
		{"BD", "1", TooShort, "BD"},
		{"BD", "252611", TooShort, "BD"},
		{"BD", "+252611", TooShort, "SO"},
		{"BD", "+94 77 700 441", TooShort, "LK"},
		{"BD", "94777004416777", TooLong, "BD"},
		{"BD", "1234567890123456", TooLong, ""},
		{"BD", "880171234567888017123456788", TooLong, ""},
		{"BD", "০১৭১২৩৪৫৬৭৮০১৭১২৩৪৫৬৭৮", TooLong, ""},
		{"BD", "+999 1234567", NotPossible, ""},
		{"BD", "+800 12345678", NotPossible, ""}, // toll-free: takes no message
		{"BD", "00", NotPossible, "BD"},
		{"BD", "000", TooShort, ""},
		{"BD", "+0", TooShort, "BD"},
		{"BD", "+00", NotPossible, "BD"},
		{"RU", "8495123456", NotPossible, "RU"}, // a length of Russia, with 8 in front or not
		{"US", "1 123 456 7890", NotPossible, "US"},
		{"US", "+1 023 456 7890", NotPossible, "US"},
		{"US", "911", TooShort, "US"},
		{"GB", "+44 0", NotPossible, "GB"},
		{"CI", "01020304", TooShort, "CI"}, // the eight digits of before 2021
		{"CI", "+225 01020304", TooShort, "CI"},
		{"IT", "+39 21234567", NotPossible, "IT"},
		{"DK", "012345678", NotPossible, "DK"},
		{"IN", "+91 1800 123 4567", TooLong, "IN"},
		{"", "01712345678", NotPossible, ""},
		{"", "12", TooShort, ""},
	}
	for _, tt := range tests {
		t.Run(tt.def+" "+tt.input, func(t *testing.T) {
			n, err := Normalize(tt.input, in(t, tt.def))
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("got %+v, %v", n, err)
			}
			if e.Reason != tt.reason || e.Country.ISO() != tt.country {
				t.Errorf("got %v %q, want %v %q", e.Reason, e.Country, tt.reason, tt.country)
			}
			if n != (Number{}) {
				t.Errorf("a number beside the error: %+v", n)
			}
			if e.Error() == "" || e.Reason.String() == "" {
				t.Error("no text")
			}
		})
	}
}

func TestErrorTexts(t *testing.T) {
	bd := in(t, "BD")
	for want, e := range map[string]Error{
		"no number: give digits with the country code, such as 8801712345678":               {Reason: Empty},
		"not a number: use only digits, with the country code, such as 8801712345678":       {Reason: NotDigits},
		"number too short for Bangladesh: digits are missing":                               {Reason: TooShort, Country: bd},
		"number too long: remove the extra digits, or separate the numbers with commas":     {Reason: TooLong},
		"not a possible number for Bangladesh: check it, and give it with its country code": {Reason: NotPossible, Country: bd},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	for r, want := range map[Reason]string{0: "", Empty: "empty", NotDigits: "not_digits", TooShort: "too_short", TooLong: "too_long", NotPossible: "not_possible", 99: ""} {
		if got := r.String(); got != want {
			t.Errorf("Reason %d: got %q, want %q", r, got, want)
		}
	}
}

func TestParseE164(t *testing.T) {
	for input, want := range map[string]string{
		"8801712345678":    "8801712345678",
		"+880 1712 345678": "8801712345678",
		"008801712345678":  "8801712345678",
		"13105550123":      "13105550123",
	} {
		n, err := ParseE164(input)
		if err != nil || n.E164 != want || n.Form != WithPlus {
			t.Errorf("%q: got %+v, %v", input, n, err)
		}
	}
	for input, want := range map[string]Reason{
		"": Empty, "x": NotDigits, "01712345678": NotPossible, "1712345678": TooShort, "16222": TooShort,
		"88": TooShort, "9991234567890123": TooLong,
	} {
		_, err := ParseE164(input)
		var e *Error
		if !errors.As(err, &e) || e.Reason != want {
			t.Errorf("%q: got %v, want %v", input, err, want)
		}
	}
}

func TestNationalAndForm(t *testing.T) {
	n, err := Normalize("01712345678", in(t, "BD"))
	if err != nil || n.National() != "1712345678" {
		t.Errorf("got %q, %v", n.National(), err)
	}
	for f, want := range map[Form]string{0: "", WithPlus: "international", WithCallingCode: "with country code",
		WithTrunk: "national", BareMobile: "national without prefix", WithoutPlus: "international without +", 99: ""} {
		if got := f.String(); got != want {
			t.Errorf("form %d: got %q, want %q", f, got, want)
		}
	}
}

// Clean input is returned as a piece of itself; only a number that needs
// another beginning is built, once.
func TestNormalizeAllocations(t *testing.T) {
	bd := in(t, "BD")
	for input, want := range map[string]float64{
		"8801712345678":          0,
		"+8801712345678":         0,
		"  \"008801712345678\" ": 0,
		"08801712345678":         0,
		"94777004416":            0,
		"01712345678":            1,
		"1712345678":             1,
		"+880 1712-345678":       1,
		"৮৮০১৭১২৩৪৫৬৭৮":              1,
		"+880 (0)1712345678":         1,
		"\u202A+8801712345678\u202C": 0,
	} {
		if got := testing.AllocsPerRun(100, func() { sink, _ = Normalize(input, bd) }); got != want {
			t.Errorf("%q: %v allocations, want %v", input, got, want)
		}
	}
	input := "+8801712345678"
	n, err := Normalize(input, bd)
	if err != nil || unsafe.StringData(n.E164) != unsafe.StringData(input[1:]) {
		t.Errorf("the result is a copy: %q, %v", n.E164, err)
	}
}

var sink Number

// In the home markets a bare mobile number is never also a foreign number:
// readings 4 and 5 cannot collide, however the ranges grow.
func TestHomeMarketsAreUnambiguous(t *testing.T) {
	for _, iso := range []string{"BD", "LK", "NG", "KE", "CI", "MV"} {
		p := in(t, iso).plan()
		for length := 4; length <= 15; length++ {
			nsn := []byte("000000000000000")[:length]
			for prefix := range 10000 {
				copy(nsn, []byte{'0' + byte(prefix/1000), '0' + byte(prefix/100%10), '0' + byte(prefix/10%10), '0' + byte(prefix%10)})
				for _, tail := range "0257" {
					for i := 4; i < length; i++ {
						nsn[i] = byte(tail)
					}
					if !p.find(nsn).isMobile(length) {
						continue
					}
					if r, ok := international(nsn, 0); ok {
						t.Fatalf("%s: bare mobile %s is also +%s %s", iso, nsn, r.plan.code, nsn[r.from:])
					}
				}
			}
		}
	}
}
