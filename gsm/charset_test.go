package gsm

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestAppendEncoded(t *testing.T) {
	tests := []struct {
		name string
		cs   Charset
		text string
		want string // hexadecimal; "-" when it cannot be encoded
	}{
		{"empty", CharsetGSM7, "", ""},
		{"at sign is septet zero", CharsetGSM7, "@", "00"},
		{"line ends", CharsetGSM7, "a\r\nb", "610d0a62"},
		{"greek capitals", CharsetGSM7, "ΔΦΩ", "101215"},
		{"C with cedilla is the capital", CharsetGSM7, "Ç", "09"},
		{"small c with cedilla", CharsetGSM7, "ç", "-"},
		{"extension", CharsetGSM7, "€[]", "1b651b3c1b3e"},
		{"form feed", CharsetGSM7, "\f", "1b0a"},
		{"escape never gets through", CharsetGSM7, "a\x1be", "-"},
		{"tab", CharsetGSM7, "a\tb", "-"},
		{"NUL", CharsetGSM7, "\x00", "-"},
		{"delete is not small a grave", CharsetGSM7, "\x7f", "-"},
		{"grave accent is not inverted question mark", CharsetGSM7, "`", "-"},
		{"bengali", CharsetGSM7, "আ", "-"},
		{"beyond the BMP, same low bits as A", CharsetGSM7, string(rune(0x10041)), "-"},
		{"invalid UTF-8", CharsetGSM7, "a\xff", "-"},
		{"packed", CharsetGSM7Packed, "hellohello", "e8329bfd4697d9ec37"},
		{"packed, not GSM-7", CharsetGSM7Packed, "ক", "-"},
		{"packed, empty", CharsetGSM7Packed, "", ""},
		{"ascii", CharsetASCII, "a@\t\n\f\r~", "6140090a0c0d7e"},
		{"ascii, escape", CharsetASCII, "\x1b", "-"},
		{"ascii, NUL", CharsetASCII, "\x00", "-"},
		{"ascii, delete", CharsetASCII, "\x7f", "-"},
		{"ascii, accent", CharsetASCII, "é", "-"},
		{"latin1", CharsetLatin1, "é@ÿ\u00a0", "e940ffa0"},
		{"latin1, C1 control", CharsetLatin1, "\u0085", "-"},
		{"latin1, escape", CharsetLatin1, "\x1b", "-"},
		{"latin1, euro", CharsetLatin1, "€", "-"},
		{"latin1, invalid UTF-8", CharsetLatin1, "\xe9", "-"},
		{"ucs2", CharsetUCS2, "aআ", "00610986"},
		{"ucs2, pair", CharsetUCS2, "😀", "d83dde00"},
		{"ucs2, last character", CharsetUCS2, "\U0010ffff", "dbffdfff"},
		{"ucs2, control", CharsetUCS2, "\x00\x1b", "0000001b"},
		{"ucs2, each invalid byte is one replacement", CharsetUCS2, "a\xff\xfeb", "0061fffdfffd0062"},
		{"ucs2, surrogate in UTF-8", CharsetUCS2, "\xed\xa0\xbd", "fffdfffdfffd"},
		{"ucs2, cut character", CharsetUCS2, "\xe0\xa6", "fffdfffd"},
		{"binary", CharsetBinary, "a", "-"},
		{"no such charset", Charset(200), "a", "-"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := AppendEncoded([]byte("head"), tt.cs, tt.text)
			if tt.want == "-" {
				if ok || string(got) != "head" {
					t.Fatalf("got %q, %v; want dst as it was and false", got, ok)
				}
				return
			}
			if !ok || string(got[:4]) != "head" || hex.EncodeToString(got[4:]) != tt.want {
				t.Fatalf("got %q + %x, %v; want head + %s", got[:4], got[4:], ok, tt.want)
			}
		})
	}
}

func TestAppendDecoded(t *testing.T) {
	tests := []struct {
		name   string
		cs     Charset
		octets string // hexadecimal
		want   string
	}{
		{"every row", CharsetGSM7, "00101f202f303f404f505f606f707f", "@ΔÉ /0?¡OP§¿opà"},
		{"extension", CharsetGSM7, "1b651b0a1b2f", "€\f\\"},
		{"unknown extension is the basic character", CharsetGSM7, "1b611b0d1b00", "a\r@"},
		{"doubled escape is a space", CharsetGSM7, "1b1b65", " e"},
		{"dangling escape is a space", CharsetGSM7, "611b", "a "},
		{"octet above 7F", CharsetGSM7, "61e962", "a\ufffdb"},
		{"escape before an octet above 7F", CharsetGSM7, "1be9", " \ufffd"},
		{"packed", CharsetGSM7Packed, "e8329bfd4697d9ec37", "hellohello"},
		{"packed, empty", CharsetGSM7Packed, "", ""},
		{"ascii", CharsetASCII, "6140001b80", "a@\x00\x1b\ufffd"},
		{"latin1", CharsetLatin1, "e98540", "é\u0085@"},
		{"ucs2", CharsetUCS2, "00610986d83dde00", "aআ😀"},
		{"ucs2, high surrogate alone", CharsetUCS2, "d83d0061", "\ufffda"},
		{"ucs2, high surrogate at the end", CharsetUCS2, "0061d83d", "a\ufffd"},
		{"ucs2, low surrogate alone", CharsetUCS2, "de000061", "\ufffda"},
		{"ucs2, reversed pair", CharsetUCS2, "de00d83d", "\ufffd\ufffd"},
		{"ucs2, high before a pair", CharsetUCS2, "d83dd83dde00", "\ufffd😀"},
		{"ucs2, odd octet", CharsetUCS2, "006100", "a\ufffd"},
		{"ucs2, odd octet after a high surrogate", CharsetUCS2, "d83dde", "\ufffd\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			octets, err := hex.DecodeString(tt.octets)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := AppendDecoded([]byte("head"), tt.cs, octets)
			if !ok || string(got) != "head"+tt.want {
				t.Fatalf("got %q, %v; want %q", got, ok, "head"+tt.want)
			}
		})
	}
	for _, cs := range []Charset{CharsetBinary, CharsetPictogram, Charset(200)} {
		if got, ok := AppendDecoded([]byte("head"), cs, []byte("a")); ok || string(got) != "head" {
			t.Errorf("%v: got %q, %v; want dst as it was and false", cs, got, ok)
		}
		if text, ok := Decode(cs, []byte("a")); ok || text != "" {
			t.Errorf("%v: Decode gives %q, %v", cs, text, ok)
		}
	}
}

func TestCharsetNames(t *testing.T) {
	for cs := CharsetGSM7; cs <= CharsetKSC5601; cs++ {
		text, err := json.Marshal(cs)
		if err != nil {
			t.Fatal(err)
		}
		var back Charset
		if err := json.Unmarshal(text, &back); err != nil || back != cs {
			t.Errorf("%s reads as %v, %v", text, back, err)
		}
	}
	cs := CharsetLatin1
	if err := cs.UnmarshalText([]byte("latin-1")); err == nil || !strings.Contains(err.Error(), "latin1") {
		t.Errorf("an unknown name gives %v; want an error that lists the names", err)
	}
	if cs != CharsetLatin1 {
		t.Errorf("an unknown name changed the charset to %v", cs)
	}
	if got := Charset(200).String(); got != "charset(200)" {
		t.Errorf("got %q", got)
	}
}

// TestRoundTrip encodes any text in every charset; where that works the octets
// decode to the same text.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		cs := Charset(rapid.IntRange(int(CharsetGSM7), int(CharsetKSC5601)).Draw(t, "charset"))
		octets, ok := AppendEncoded(nil, cs, text)
		if !ok {
			if cs == CharsetUCS2 {
				t.Fatalf("UCS-2 refused a text")
			}
			return
		}
		got, ok := Decode(cs, octets)
		want := canonical(text)
		if cs == CharsetJIS || cs == CharsetISO2022JP || cs == CharsetExtendedKanji {
			want = jisTwins.Replace(want)
		}
		if !ok || got != want && !paddingSwallowedAt(cs, octets, got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

// paddingSwallowedAt recognises the one ambiguity of packed septets: a final
// '@' that fills the last octet looks like padding (see AppendUnpacked).
func paddingSwallowedAt(cs Charset, octets []byte, got, want string) bool {
	return cs == CharsetGSM7Packed && len(octets)%7 == 0 && got+"@" == want
}

// canonical is how the package reads a string: each invalid byte is U+FFFD.
func canonical(text string) string { return string([]rune(text)) }

// texts draws strings of all kinds that matter here, invalid UTF-8 included,
// often near a part's limit.
func texts() *rapid.Generator[string] {
	basic := rapid.SampledFrom(strings.Split(strings.ReplaceAll(defaultBasic, "\x1b", ""), ""))
	ascii := rapid.Map(rapid.IntRange(' ', '~'), func(r int) string { return string(rune(r)) })
	extension := rapid.SampledFrom(strings.Split("^{}\\[~]|€\f", ""))
	outside := rapid.OneOf(
		rapid.Map(rapid.Rune(), func(r rune) string { return string(r) }),
		rapid.SampledFrom(strings.Split("şğıİçáÁõनमस्ते৳اردو", "")),
		rapid.SampledFrom([]string{"😀", "আ", "é", "\x1b", "\t", "\xff", "\xed\xa0\xbd", "👨‍👩‍👧‍👦"}),
	)
	return rapid.Custom(func(t *rapid.T) string {
		pools := []*rapid.Generator[string]{basic, ascii, extension, outside}
		most := rapid.IntRange(0, len(pools)-1).Draw(t, "kinds")
		pieces := rapid.SliceOfN(rapid.OneOf(pools[:most+1]...), 0, 12).Draw(t, "pieces")
		fill := rapid.SampledFrom([]int{0, 0, 60, 66, 67, 70, 130, 150, 152, 153, 160, 300, 306}).Draw(t, "fill")
		filler := pools[rapid.IntRange(0, most).Draw(t, "filler")].Draw(t, "filler text")
		cut := rapid.IntRange(0, len(pieces)).Draw(t, "cut")
		return strings.Join(pieces[:cut], "") + strings.Repeat(filler, fill) + strings.Join(pieces[cut:], "")
	})
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, 4096)
	octets, _ := AppendGSM7(nil, longEnglish)
	units := AppendUCS2(nil, longBengali)
	tests := map[string]func(){
		"AppendGSM7":            func() { AppendGSM7(buf, longEnglish) },
		"AppendUCS2":            func() { AppendUCS2(buf, longBengali) },
		"AppendLatin1":          func() { AppendLatin1(buf, english) },
		"AppendASCII":           func() { AppendASCII(buf, english) },
		"AppendEncoded packed":  func() { AppendEncoded(buf, CharsetGSM7Packed, english) },
		"AppendDecoded GSM-7":   func() { AppendDecoded(buf, CharsetGSM7, octets) },
		"AppendDecoded UCS-2":   func() { AppendDecoded(buf, CharsetUCS2, units) },
		"Detect":                func() { Detect(longEnglish) },
		"Measure GSM-7":         func() { Measure(longEnglish, Options{Max: 10}) },
		"Measure UCS-2":         func() { Measure(longBengali, Options{}) },
		"Measure with wide":     func() { Measure(longEuro, Options{RefBits: Ref16}) },
		"Measure Latin-1":       func() { Measure(english, Options{Charset: CharsetLatin1}) },
		"Measure national":      func() { Measure(longTurkish, Options{National: nationalFour}) },
		"AppendSeptets":         func() { AppendSeptets(buf, turkish, National(Turkish, Turkish)) },
		"Encoding.AppendUDH":    func() { National(Turkish, Turkish).AppendUDH(buf, Concat{Total: 2, Seq: 1}) },
		"Concat.AppendUDH":      func() { Concat{Total: 2, Seq: 1}.AppendUDH(buf) },
		"UDH.Concat of nothing": func() { UDH(nil).Concat() },
	}
	for name, f := range tests {
		if got := testing.AllocsPerRun(100, f); got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	}
}

func TestTablesAreWhole(t *testing.T) {
	if n := utf8.RuneCountInString(defaultBasic); n != 128 {
		t.Fatalf("the default alphabet has %d places, want 128", n)
	}
	seen := map[rune]bool{}
	for _, r := range defaultBasic {
		if seen[r] {
			t.Errorf("%q stands twice in the default alphabet", r)
		}
		seen[r] = true
	}
}
