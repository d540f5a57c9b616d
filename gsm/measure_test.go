package gsm

import (
	"errors"
	"strings"
	"testing"
)

func TestMeasure(t *testing.T) {
	a, euro, aa, emoji := "a", "€", "আ", "😀"
	rep := strings.Repeat
	g := func(parts, units, limit, last int) Size {
		return Size{Encoding: GSM7, Parts: parts, Units: units, Limit: limit, LastUsed: last}
	}
	u := func(parts, units, limit, last int) Size {
		return Size{Encoding: UCS2, Charset: CharsetUCS2, Parts: parts, Units: units, Limit: limit, LastUsed: last}
	}
	wide := Options{RefBits: Ref16}
	tests := []struct {
		name string
		text string
		o    Options
		want Size
	}{
		{"empty", "", Options{}, g(1, 0, 160, 0)},
		{"empty as UCS-2", "", Options{Encoding: UCS2}, u(1, 0, 70, 0)},
		{"160", rep(a, 160), Options{}, g(1, 160, 160, 160)},
		{"161", rep(a, 161), Options{}, g(2, 161, 153, 8)},
		{"two full", rep(a, 306), Options{}, g(2, 306, 153, 153)},
		{"one more", rep(a, 307), Options{}, g(3, 307, 153, 1)},
		{"16 bits, alone", rep(a, 160), wide, g(1, 160, 160, 160)},
		{"16 bits, two full", rep(a, 304), wide, g(2, 304, 152, 152)},
		{"16 bits, one more", rep(a, 305), wide, g(3, 305, 152, 1)},
		{"explicit 8 bits", rep(a, 306), Options{RefBits: Ref8}, g(2, 306, 153, 153)},
		{"80 of the extension", rep(euro, 80), Options{}, g(1, 160, 160, 160)},
		{"81 of the extension leave a septet free", rep(euro, 81), Options{}, g(2, 162, 153, 10)},
		{"escape pair at the limit", rep(a, 152) + euro + rep(a, 20), Options{}, g(2, 174, 153, 22)},
		{"153 full, then a pair", rep(a, 153) + euro + rep(a, 6), Options{}, g(2, 161, 153, 8)},
		{"unused septets cost a part", rep(a, 152) + rep(euro, 77), Options{}, g(3, 306, 153, 2)},
		{"70", rep(aa, 70), Options{}, u(1, 70, 70, 70)},
		{"71", rep(aa, 71), Options{}, u(2, 71, 67, 4)},
		{"134", rep(aa, 134), Options{}, u(2, 134, 67, 67)},
		{"135", rep(aa, 135), Options{}, u(3, 135, 67, 1)},
		{"16 bits, 132", rep(aa, 132), wide, u(2, 132, 66, 66)},
		{"16 bits, 133", rep(aa, 133), wide, u(3, 133, 66, 1)},
		{"35 pairs", rep(emoji, 35), Options{}, u(1, 70, 70, 70)},
		{"70 pairs leave a unit free", rep(emoji, 70), Options{}, u(3, 140, 67, 8)},
		{"unicode on request", rep(a, 71), Options{Encoding: UCS2}, u(2, 71, 67, 4)},
		{"extension characters as UCS-2 are one unit", rep(euro, 70), Options{Encoding: UCS2}, u(1, 70, 70, 70)},
		{"sms on request", rep(a, 71), Options{Encoding: GSM7}, g(1, 71, 160, 71)},
		{"escape in the text", "a\x1be", Options{}, u(1, 3, 70, 3)},
		{"invalid bytes", "a\xff\xff", Options{}, u(1, 3, 70, 3)},
		{"without UDH the sizes stay", rep(a, 161), Options{NoUDH: true}, g(2, 161, 153, 8)},
		{"a greek text that latin1 lacks", "Ω", Options{Charset: CharsetLatin1}, u(1, 1, 70, 1)},
		{"as many as allowed", rep(a, 306), Options{Max: 2}, g(2, 306, 153, 153)},
		{"255", rep(a, 255*153), Options{}, g(255, 255*153, 153, 153)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Measure(tt.text, tt.o)
			if err != nil || got != tt.want {
				t.Fatalf("got %+v, %v; want %+v", got, err, tt.want)
			}
			if got.Left() != tt.want.Limit-tt.want.LastUsed {
				t.Fatalf("%d left of %+v", got.Left(), got)
			}
		})
	}
}

func TestCharsetKeepsTheCount(t *testing.T) {
	text := strings.Repeat("à~", 77) // '~' is two septets, but one octet of Latin-1
	for _, cs := range []Charset{CharsetGSM7, CharsetGSM7Packed, CharsetLatin1} {
		size, err := Measure(text, Options{Charset: cs})
		if err != nil || size.Encoding != GSM7 || size.Charset != cs || size.Units != 231 || size.Parts != 2 {
			t.Errorf("%v: %+v, %v", cs, size, err)
		}
	}
}

func TestMeasureErrors(t *testing.T) {
	tests := []struct {
		name string
		text string
		o    Options
		want error
		says string
	}{
		{"encoding", "a", Options{Encoding: 9}, ErrOptions, "encoding(9)"},
		{"charset", "a", Options{Charset: CharsetUCS2}, ErrOptions, "latin1"},
		{"width", "a", Options{RefBits: 12}, ErrOptions, "use 8 or 16"},
		{"negative most", "a", Options{Max: -1}, ErrOptions, "1 to 255"},
		{"most above 255", "a", Options{Max: 256}, ErrOptions, "1 to 255"},
		{"not GSM-7", "ab আ", Options{Encoding: GSM7}, ErrUnencodable, "byte 3"},
		{"not Latin-1", "ab €", Options{Encoding: GSM7, Charset: CharsetLatin1}, ErrUnencodable, "byte 3"},
		{"not ASCII", "é", Options{Encoding: GSM7, Charset: CharsetASCII}, ErrUnencodable, "byte 0"},
		{"invalid UTF-8", "\xff", Options{Encoding: GSM7}, ErrUnencodable, "byte 0"},
		{"256 parts", strings.Repeat("a", 255*153+1), Options{}, ErrTooManyParts, "256, at most 255"},
		{"256 parts of UCS-2", strings.Repeat("আ", 255*67+1), Options{}, ErrTooManyParts, "256, at most 255"},
		{"256 parts by the extension", strings.Repeat("€", 255*76+1), Options{}, ErrTooManyParts, "256, at most 255"},
		{"256 parts beside a shift element", strings.Repeat("ş", 255*149+1), Options{National: []Language{Turkish}}, ErrTooManyParts, "256, at most 255"},
		{"above the most", strings.Repeat("a", 307), Options{Max: 2}, ErrTooManyParts, "3, at most 2"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			size, err := Measure(tt.text, tt.o)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v; want %v that says %q", err, tt.want, tt.says)
			}
			if strings.Contains(err.Error(), "আ") || strings.Contains(err.Error(), "€") {
				t.Errorf("the error shows the text: %v", err)
			}
			if tooMany := tt.want == ErrTooManyParts; (size != Size{}) != tooMany {
				t.Errorf("size is %+v", size)
			} else if tooMany && (size.Parts < 3 || size.LastUsed == 0) {
				t.Errorf("size is not complete: %+v", size)
			}
			if segments, splitErr := Split(tt.text, tt.o); segments != nil || splitErr == nil || splitErr.Error() != err.Error() {
				t.Errorf("Split gives %d segments, %v; want the same error", len(segments), splitErr)
			}
		})
	}
}

func TestEncodingNames(t *testing.T) {
	for e, want := range map[Encoding]string{Auto: "auto", GSM7: "gsm7", UCS2: "ucs2", Octets: "octets", 7: "encoding(7)"} {
		if e.String() != want {
			t.Errorf("got %q, want %q", e, want)
		}
	}
}
