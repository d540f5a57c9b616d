package gsm

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// readNational reads testdata/national.txt: the tables by "tr locking" and so on.
func readNational(t *testing.T) map[string]table {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "national.txt"))
	if err != nil {
		t.Fatal(err)
	}
	known, name, place := map[string]table{}, "", 0
	for line := range strings.Lines(string(raw)) {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "\t"):
			row := known[name]
			for _, field := range strings.Fields(line) {
				if field != "." {
					if _, err := fmt.Sscanf(field, "%X", &row[place]); err != nil {
						t.Fatalf("%s %02X: %v", name, place, err)
					}
				}
				place++
			}
			known[name] = row
		default:
			name, place = strings.TrimSpace(line), 0
		}
	}
	return known
}

// TestNationalTables compares every place of all tables with those of other
// implementations.
func TestNationalTables(t *testing.T) {
	known := readNational(t)
	if len(known) != 25 {
		t.Fatalf("%d tables in the file; want 12 locking and 13 single ones", len(known))
	}
	for _, l := range Languages() {
		want, ok := known[l.String()+" locking"]
		if ok != l.locks() {
			t.Errorf("%v has a locking shift table: %v", l, ok)
		}
		a := alphabetOf(National(l, l))
		for septet, r := range want {
			if got := a.basic[septet]; ok && septet != escape && got != r {
				t.Errorf("%v locking %02X: %U, want %U", l, septet, got, r)
			}
		}
		for septet, r := range known[l.String()+" single"] {
			if got := a.shift[septet]; got != r {
				t.Errorf("%v single %02X: %U, want %U", l, septet, got, r)
			}
		}
	}
}

// TestNationalRoundTrip writes and reads every character of every table.
func TestNationalRoundTrip(t *testing.T) {
	for _, l := range Languages() {
		for _, e := range []Encoding{National(l, l), National(l, NoLanguage), National(NoLanguage, l)} {
			a := alphabetOf(e)
			if !e.Valid() {
				continue
			}
			for i, r := range append(a.basic[:], a.shift[:]...) {
				if r == noRune || i == escape {
					continue
				}
				septets, ok := AppendSeptets([]byte("head"), string(r), e)
				if !ok || DecodeSeptets(septets[4:], e) != string(r) {
					t.Errorf("%v: %U is written as %x, %v", e, r, septets, ok)
				}
				if held := compiled.holding(r); len(septets) == 5 != (held.locking>>e.Locking()&1 == 1) ||
					len(septets) == 6 && held.single>>e.Single()&1 == 0 {
					t.Errorf("%v: %U is written as %x but held by %+v", e, r, septets, held)
				}
			}
		}
	}
}

func TestSeptetsOfOtherEncodings(t *testing.T) {
	for _, e := range []Encoding{UCS2, Octets, National(Spanish, Turkish), National(14, 0), National(0, 15), 1 << 12, UCS2 | 1<<lockingShift} {
		if got, ok := AppendSeptets([]byte("head"), "a", e); ok || string(got) != "head" {
			t.Errorf("%v: got %q, %v; want dst as it was and false", e, got, ok)
		}
		if got := DecodeSeptets([]byte("a\x00\x1be"), e); got != "a@€" {
			t.Errorf("%v: reads %q; want the default alphabet", e, got)
		}
		if e.Valid() != (e <= Octets) {
			t.Errorf("%v is valid: %v", e, e.Valid())
		}
	}
	if got, ok := AppendSeptets(nil, "@", Auto); !ok || string(got) != "\x00" {
		t.Errorf("Auto: got %x, %v", got, ok)
	}
	// An empty place of a locking table is a space, and so is one that an escape
	// cannot find in either table.
	if got := DecodeSeptets([]byte{0x0C, 0x1B, 0x1B, 0x1B, 0x0E, 0x1B}, National(Bengali, NoLanguage)); got != "    " {
		t.Errorf("empty places read as %q", got)
	}
	// What the single table lacks is taken from the locking table in use.
	if got := DecodeSeptets([]byte{0x1B, 0x0B}, National(Turkish, NoLanguage)); got != "Ğ" {
		t.Errorf("got %q", got)
	}
}

func TestNationalNames(t *testing.T) {
	for e, name := range map[Encoding]string{
		National(Turkish, Turkish): "gsm7(tr/tr)", National(NoLanguage, Spanish): "gsm7(-/es)", National(Urdu, NoLanguage): "gsm7(ur/-)",
		National(NoLanguage, NoLanguage): "gsm7", Auto: "auto", UCS2: "ucs2", Octets: "octets",
	} {
		if e.String() != name {
			t.Errorf("got %q, want %q", e, name)
		}
		if back, err := ParseEncoding(name); err != nil || back != e {
			t.Errorf("%q reads as %v, %v", name, back, err)
		}
	}
	for name, says := range map[string]string{"": "use auto", "gsm7(tr)": "use auto", "gsm7(tr/tr": "use auto", "gsm7(xx/tr)": `"xx"`,
		"gsm7(es/es)": "use -/es", "GSM7": "use auto", "gsm7(/tr)": "use one of tr, es"} {
		if e, err := ParseEncoding(name); err == nil || e != Auto || !strings.Contains(err.Error(), says) {
			t.Errorf("%q reads as %v, %v; want an error that says %q", name, e, err, says)
		}
	}
	if GSM7 != 1 || UCS2 != 2 || Octets != 3 || National(Turkish, Spanish) != 0x211 {
		t.Error("the numbers of encodings are stored: they may not change")
	}
	if e := National(Hindi, Tamil); e.Kind() != GSM7 || e.Locking() != Hindi || e.Single() != Tamil {
		t.Errorf("%v is made of %v, %v, %v", e, e.Kind(), e.Locking(), e.Single())
	}
}

func TestLanguageNames(t *testing.T) {
	text, err := json.Marshal(Languages())
	if want := `["tr","es","pt","bn","gu","hi","kn","ml","or","pa","ta","te","ur"]`; err != nil || string(text) != want {
		t.Errorf("got %s, %v", text, err)
	}
	var back []Language
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, Languages()) {
		t.Errorf("reads as %v, %v", back, err)
	}
	l := Turkish
	for _, bad := range []string{"", "-", "de", "TR"} {
		if err := l.UnmarshalText([]byte(bad)); err == nil || l != Turkish || !strings.Contains(err.Error(), "tr, es") {
			t.Errorf("%q reads as %v, %v", bad, l, err)
		}
	}
	for _, bad := range []Language{NoLanguage, languages, 200} {
		if text, err := bad.MarshalText(); err == nil {
			t.Errorf("%v is written as %q", bad, text)
		}
	}
	if NoLanguage.String() != "-" || Language(200).String() != "language(200)" {
		t.Errorf("got %v, %v", NoLanguage, Language(200))
	}
}

func TestCheapest(t *testing.T) {
	rep, asian := strings.Repeat, []Language{Bengali, Hindi, Tamil, Urdu}
	tests := []struct {
		name     string
		text     string
		national []Language
		want     Encoding
		parts    int
		units    int
		limit    int
	}{
		{"plain text needs no tables", "Hello", []Language{Turkish}, GSM7, 1, 5, 160},
		{"nothing allowed", "ş", nil, UCS2, 1, 1, 70},
		{"one character: single is as short as locking", "ş", []Language{Turkish}, National(Turkish, NoLanguage), 1, 1, 155},
		{"an accent that only the single table has", "á", []Language{Spanish}, National(NoLanguage, Spanish), 1, 2, 155},
		{"accents that locking has", "áâãç", []Language{Spanish, Portuguese}, National(Portuguese, NoLanguage), 1, 4, 155},
		{"many of the extension", rep("€", 81), []Language{Turkish}, National(Turkish, NoLanguage), 1, 81, 155},
		{"a few of the extension do not pay for a header", "€€€", []Language{Turkish}, GSM7, 1, 6, 160},
		{"locking and single of one language", "নমস্কার [dhaka]", []Language{Bengali}, National(Bengali, NoLanguage), 1, 17, 155},
		{"digits of Bengali are in its single table", "মূল্য ৳৫০০", []Language{Bengali}, National(Bengali, Bengali), 1, 14, 152},
		{"two languages share a text", "नमस्ते ا", asian, UCS2, 1, 8, 70},
		{"locking of one, single of another", rep("नमस्ते ", 3) + "৫", asian, National(Hindi, Bengali), 1, 23, 152},
		{"no pair holds an emoji", "ş😀", []Language{Turkish}, UCS2, 1, 3, 70},
		{"155", rep("ş", 155), []Language{Turkish}, National(Turkish, NoLanguage), 1, 155, 155},
		{"156", rep("ş", 156), []Language{Turkish}, National(Turkish, NoLanguage), 2, 156, 149},
		{"the earlier of equals", "Á", []Language{Portuguese, Spanish}, National(Portuguese, NoLanguage), 1, 1, 155},
		{"empty", "", []Language{Turkish}, GSM7, 1, 0, 160},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Measure(tt.text, Options{National: tt.national})
			if err != nil || got.Encoding != tt.want || got.Parts != tt.parts || got.Units != tt.units || got.Limit != tt.limit {
				t.Fatalf("got %+v, %v", got, err)
			}
			again, err := Measure(tt.text, Options{Encoding: got.Encoding})
			if err != nil || again != got {
				t.Errorf("with the encoding chosen: %+v, %v", again, err)
			}
		})
	}
	// A link of other octets has no room for national septets.
	for _, cs := range []Charset{CharsetASCII, CharsetLatin1} {
		if got, err := Measure("ş", Options{Charset: cs, National: []Language{Turkish}}); err != nil || got.Encoding != UCS2 {
			t.Errorf("%v: %+v, %v", cs, got, err)
		}
	}
}

// TestCheapestIsCheapest tries every pair with an encoding of its own.
func TestCheapestIsCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Options{
			National: rapid.SliceOfN(rapid.SampledFrom(Languages()), 1, 4).Draw(t, "national"),
			RefBits:  rapid.SampledFrom([]RefBits{Ref8, Ref16}).Draw(t, "width"),
			Charset:  rapid.SampledFrom([]Charset{CharsetGSM7, CharsetGSM7Packed}).Draw(t, "charset"),
		}
		text := nationalTexts(o.National).Draw(t, "text")
		got, err := Measure(text, o)
		if err != nil {
			t.Fatal(err)
		}
		best, found := Size{}, false
		for _, locking := range append([]Language{NoLanguage}, o.National...) {
			for _, single := range append([]Language{NoLanguage}, o.National...) {
				size, err := Measure(text, Options{Encoding: National(locking, single), RefBits: o.RefBits, Charset: o.Charset})
				if err == nil && (!found || o.cheaper(size, best)) {
					best, found = size, true
				}
			}
		}
		if !found {
			best, _ = Measure(text, Options{Encoding: UCS2, RefBits: o.RefBits})
		}
		if got.Parts != best.Parts || o.onAir(got) != o.onAir(best) || got.Encoding.Kind() != best.Encoding.Kind() {
			t.Fatalf("chose %+v, best is %+v", got, best)
		}
		if wide, err := Measure(text, Options{Encoding: UCS2, RefBits: o.RefBits}); err != nil || wide.Parts < got.Parts {
			t.Fatalf("UCS-2 needs %d parts, %v needs %d", wide.Parts, got.Encoding, got.Parts)
		}
	})
}

// nationalTexts draws texts of the characters of a few tables.
func nationalTexts(of []Language) *rapid.Generator[string] {
	var pool []string
	for _, l := range append([]Language{NoLanguage}, of...) {
		a := alphabetOf(National(l, l))
		for i, r := range append(a.basic[:], a.shift[:]...) {
			if r != noRune && i != escape {
				pool = append(pool, string(r))
			}
		}
	}
	return rapid.Custom(func(t *rapid.T) string {
		kinds := rapid.SliceOfN(rapid.SampledFrom(pool), 1, 6).Draw(t, "kinds")
		pieces := rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 40).Draw(t, "pieces")
		return strings.Repeat(strings.Join(pieces, ""), rapid.IntRange(1, 12).Draw(t, "times"))
	})
}

func TestNationalSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		national := rapid.SliceOfN(rapid.SampledFrom(Languages()), 1, 4).Draw(t, "national")
		checkSplit(t, nationalTexts(national).Draw(t, "text"), Options{
			National: national,
			Charset:  rapid.SampledFrom([]Charset{CharsetGSM7, CharsetGSM7Packed}).Draw(t, "charset"),
			RefBits:  rapid.SampledFrom([]RefBits{Ref8, Ref16}).Draw(t, "width"),
			Ref:      rapid.Uint16().Draw(t, "ref"),
			NoUDH:    rapid.Bool().Draw(t, "no udh"),
		})
	})
}

func TestUDHNational(t *testing.T) {
	e := func(id uint8, data ...byte) Element { return Element{ID: id, Data: data} }
	tests := []struct {
		name string
		h    UDH
		want Encoding
	}{
		{"none", nil, GSM7},
		{"both", UDH{e(0, 7, 2, 1), e(ElementSingleShift, 1), e(ElementLockingShift, 3)}, National(Portuguese, Turkish)},
		{"single", UDH{e(ElementSingleShift, 13)}, National(NoLanguage, Urdu)},
		{"the last counts", UDH{e(ElementSingleShift, 13), e(ElementSingleShift, 1)}, National(NoLanguage, Turkish)},
		{"no such language", UDH{e(ElementSingleShift, 1), e(ElementSingleShift, 14), e(ElementLockingShift, 0)}, National(NoLanguage, Turkish)},
		{"Spanish locks nothing", UDH{e(ElementLockingShift, 2)}, GSM7},
		{"of wrong length", UDH{e(ElementLockingShift), e(ElementSingleShift, 1, 1)}, GSM7},
	}
	for _, tt := range tests {
		if got := tt.h.National(); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
	if got := UCS2.Elements(); got != nil || (UCS2|1<<lockingShift).Elements() != nil {
		t.Errorf("UCS-2 has elements %v", got)
	}
}

// TestAssembleNational reads each part by its own tables.
func TestAssembleNational(t *testing.T) {
	part := func(seq uint8, e Encoding, octets string) Part {
		return Part{Concat: Concat{Ref: 9, Bits: Ref8, Total: 3, Seq: seq}, Encoding: e, Body: unhex(t, octets)}
	}
	got, missing, err := Assemble([]Part{part(3, GSM7, "04"), part(1, National(Turkish, NoLanguage), "04"), part(2, Auto, "041b65")})
	if got != "€è€è" || missing != 0 || err != nil {
		t.Errorf("got %q, %d, %v", got, missing, err)
	}
	// An escape pair that is cut between two parts of the same tables.
	got, _, err = Assemble([]Part{part(1, National(NoLanguage, Turkish), "1b"), part(2, National(NoLanguage, Turkish), "73"), part(3, 0xFFFF, "00")})
	if got != "ş@" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestNationalOptions(t *testing.T) {
	for says, o := range map[string]Options{
		"octets":                      {Encoding: Octets},
		"encoding(33)":                {Encoding: National(Spanish, NoLanguage)},
		"written in charset latin1":   {Encoding: National(Turkish, NoLanguage), Charset: CharsetLatin1},
		"language(14) has no":         {National: []Language{Turkish, 14}},
		"- has no national":           {National: []Language{NoLanguage}},
		"byte 1 is not in gsm7(-/tr)": {Encoding: National(NoLanguage, Turkish)},
	} {
		if _, err := Measure("aআ", o); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v; want it to say %q", o, err, says)
		}
	}
}
