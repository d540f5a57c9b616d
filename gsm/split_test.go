package gsm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestSplitGolden(t *testing.T) {
	rep := strings.Repeat
	cases := []struct {
		name string
		text string
		o    Options
	}{
		{"empty", "", Options{}},
		{"short", "Hello @ €5", Options{Ref: 7}},
		{"two parts", rep("0123456789", 16) + "!", Options{Ref: 0x1234}},
		{"two parts, 16-bit reference", rep("0123456789", 16) + "!", Options{Ref: 0x1234, RefBits: Ref16}},
		{"two parts, packed", rep("0123456789", 16) + "!", Options{Ref: 0xA5, Charset: CharsetGSM7Packed}},
		{"two parts, packed, 16-bit reference", rep("0123456789", 16) + "!", Options{Ref: 0xA5, RefBits: Ref16, Charset: CharsetGSM7Packed}},
		{"two parts, Latin-1", rep("0123456789", 15) + "àé~~~~~", Options{Ref: 1, Charset: CharsetLatin1}},
		{"two parts without UDH", rep("0123456789", 16) + "!", Options{Ref: 0x1234, NoUDH: true}},
		{"escape pair at the cut", rep("a", 152) + "€" + rep("b", 20), Options{Ref: 2}},
		{"one part with a single shift table", "¿Cómo está Ángel?", Options{National: []Language{Turkish, Spanish}}},
		{"two parts with both tables of Turkish", rep("şğıİ Ğ", 26), Options{Ref: 9, National: []Language{Turkish}}},
		{"two parts with a locking shift table, 16-bit reference", rep("Şeker ", 26), Options{Ref: 9, RefBits: Ref16, National: []Language{Turkish}}},
		{"two parts of Hindi, packed", rep("नमस्ते ", 26) + "[1]", Options{Ref: 9, Charset: CharsetGSM7Packed, National: []Language{Hindi}}},
		{"two parts of Hindi without UDH", rep("नमस्ते ", 26) + "[1]", Options{Ref: 9, NoUDH: true, National: []Language{Hindi}}},
		{"bengali", rep("আমার সোনার বাংলা, ", 5), Options{Ref: 255}},
		{"surrogate pair at the cut", rep("x", 66) + "😀" + rep("y", 5), Options{Ref: 3}},
		{"surrogate pair at the cut, 16-bit reference", rep("x", 65) + "😀" + rep("y", 5), Options{Ref: 3, RefBits: Ref16}},
	}
	var out strings.Builder
	for _, c := range cases {
		segments, err := Split(c.text, c.o)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		fmt.Fprintf(&out, "# %s\n", c.name)
		for _, s := range segments {
			fmt.Fprintf(&out, "%d/%d ref %d/%d %v units %d octets %d\n  text %q\n  head %x\n  body %s\n", s.Concat.Seq, s.Concat.Total,
				s.Concat.Ref, s.Concat.Bits, s.Charset, s.Units, len(s.Octets), s.Text, s.Octets[:s.HeaderLen], hex.EncodeToString(s.Body()))
		}
	}
	golden(t, "split.golden", out.String())
}

// golden compares with a file of testdata; `go test ./gsm -update` rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		var g, w string
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s, line %d:\n got %s\nwant %s", path, i+1, g, w)
		}
	}
}

// failer is what testing.T and rapid.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func TestSplitProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkSplit(t, texts().Draw(t, "text"), Options{
			Encoding: rapid.SampledFrom([]Encoding{Auto, Auto, GSM7, UCS2, National(Turkish, Turkish), National(NoLanguage, Spanish), National(Hindi, NoLanguage)}).Draw(t, "encoding"),
			National: rapid.SliceOfN(rapid.SampledFrom(Languages()), 0, 3).Draw(t, "national"),
			Charset:  Charset(rapid.IntRange(0, int(CharsetLatin1)).Draw(t, "charset")),
			RefBits:  rapid.SampledFrom([]RefBits{0, Ref8, Ref16}).Draw(t, "width"),
			Ref:      rapid.Uint16().Draw(t, "ref"),
			NoUDH:    rapid.Bool().Draw(t, "no udh"),
			Max:      rapid.SampledFrom([]int{0, 1, 2, 10, 255}).Draw(t, "most"),
		})
	})
}

// TestSplitAtEveryLength walks over every limit of the first four parts.
func TestSplitAtEveryLength(t *testing.T) {
	for _, o := range []Options{{}, {RefBits: Ref16}, {Charset: CharsetGSM7Packed}, {Encoding: UCS2}} {
		for _, text := range []string{strings.Repeat("a", 470), strings.Repeat("€", 240), strings.Repeat("আ", 210),
			strings.Repeat("😀", 110), "a" + strings.Repeat("€", 240), "a" + strings.Repeat("😀", 110)} {
			for end := range text {
				checkSplit(t, text[:end], o)
			}
		}
	}
}

// checkSplit splits a text and checks everything that Split promises.
func checkSplit(t failer, text string, o Options) {
	t.Helper()
	size, measureErr := Measure(text, o)
	segments, err := Split(text, o)
	if fmt.Sprint(err) != fmt.Sprint(measureErr) {
		t.Fatalf("Split says %v, Measure %v", err, measureErr)
	}
	if err != nil {
		checkRefusal(t, text, o, size, err)
		return
	}
	if len(segments) != size.Parts || size.Parts != expectedParts(text, size, o) {
		t.Fatalf("%d segments, measured %d, expected %d", len(segments), size.Parts, expectedParts(text, size, o))
	}
	joined, units, parts := "", 0, []Part{}
	for i, s := range segments {
		checkSegment(t, s, size, o)
		if want := (Concat{Ref: reference(o), Bits: width(o), Total: uint8(size.Parts), Seq: uint8(i + 1)}); s.Concat != want {
			t.Fatalf("segment %d is numbered %+v, want %+v", i, s.Concat, want)
		}
		joined, units = joined+s.Text, units+s.Units
		parts = append(parts, Part{Concat: s.Concat, Charset: s.Charset, Encoding: s.UDH().National(), HeaderLen: s.HeaderLen, Body: s.Body()})
	}
	if joined != text || units != size.Units || segments[len(segments)-1].Units < size.LastUsed {
		t.Fatalf("segments hold %q of %d units, last %d; measured %+v", joined, units, segments[len(segments)-1].Units, size)
	}
	got, missing, err := Assemble(parts)
	if err != nil || missing != 0 || got != canonical(text) && !ambiguous(segments) {
		t.Fatalf("assembled %q, %d missing, %v; want %q", got, missing, err, canonical(text))
	}
}

func reference(o Options) uint16 {
	if o.RefBits == Ref16 || o.NoUDH {
		return o.Ref
	}
	return o.Ref & 0xFF
}

func width(o Options) RefBits {
	if o.RefBits == Ref16 {
		return Ref16
	}
	return Ref8
}

func checkRefusal(t failer, text string, o Options, size Size, err error) {
	t.Helper()
	switch {
	case errors.Is(err, ErrTooManyParts):
		if size.Parts <= o.most() || size.Parts != expectedParts(text, size, o) {
			t.Fatalf("refused %d parts, at most %d allowed, expected %d", size.Parts, o.most(), expectedParts(text, size, o))
		}
	case errors.Is(err, ErrUnencodable):
		_, ok := AppendEncoded(nil, o.Charset, text)
		if o.Encoding > Octets {
			_, ok = AppendSeptets(nil, text, o.Encoding)
		}
		if o.Encoding.Kind() != GSM7 || ok && (o.Encoding > Octets || Detect(text) == GSM7) {
			t.Fatalf("refused a text that %v can write", o.Charset)
		}
	case !errors.Is(err, ErrOptions):
		t.Fatalf("error of no kind: %v", err)
	}
}

// checkSegment looks at one segment alone: header, size, and that its body
// decodes to its own text, which it would not if a pair had been cut.
func checkSegment(t failer, s Segment, size Size, o Options) {
	t.Helper()
	if s.Charset != size.Charset || s.Units > size.Limit || len(s.Octets) != cap(s.Octets) {
		t.Fatalf("segment %+v of %+v", s, size)
	}
	// Also when the header is left to somebody else it has to fit.
	wire := s.Encoding.AppendUDH(nil, s.Concat)
	if room := userDataOctets - len(wire); size.Encoding == UCS2 && 2*s.Units > room || size.Encoding != UCS2 && 7*s.Units > 8*room {
		t.Fatalf("no room for %x beside %d units", wire, s.Units)
	}
	if made, err := s.UDH().Append(nil); err != nil || len(s.UDH()) > 0 && !bytes.Equal(made, wire) || len(s.UDH()) == 0 && wire != nil {
		t.Fatalf("header %v is written as %x, %v and as %x", s.UDH(), made, err, wire)
	}
	if hasHeader := (size.Parts > 1 || size.Encoding > Octets) && !o.NoUDH; hasHeader != (s.HeaderLen > 0) {
		t.Fatalf("header of %d octets in a message of %d parts", s.HeaderLen, size.Parts)
	}
	if s.HeaderLen > 0 {
		header, body, err := ParseUDH(s.Octets)
		if err != nil || header.Len() != s.HeaderLen || string(body) != string(s.Body()) {
			t.Fatalf("header %x parses as %v, %v", s.Octets[:s.HeaderLen], header, err)
		}
		if c, ok := header.Concat(); ok != (size.Parts > 1) || ok && c != s.Concat || header.National()|s.Encoding != s.Encoding|GSM7 {
			t.Fatalf("header %x is %+v, want %+v", s.Octets[:s.HeaderLen], c, s.Concat)
		}
	}
	// On the air a septet is 7 bits and the header is padded to whole septets.
	bits := s.HeaderLen*8 + 16*s.Units
	if size.Encoding != UCS2 {
		bits = (s.HeaderLen*8+6)/7*7 + 7*s.Units
	}
	if bits > userDataOctets*8 || s.Charset == CharsetGSM7Packed && len(s.Octets) > userDataOctets {
		t.Fatalf("segment of %d bits, %d octets", bits, len(s.Octets))
	}
	switch {
	case s.Charset == CharsetGSM7:
		if got := DecodeSeptets(s.Body(), s.Encoding); got != canonical(s.Text) {
			t.Fatalf("segment decodes to %q, want %q", got, s.Text)
		}
	case s.Charset != CharsetGSM7Packed || s.HeaderLen == 0 && s.Encoding == GSM7:
		if got, ok := Decode(s.Charset, s.Body()); !ok || got != canonical(s.Text) && !paddingSwallowedAt(s.Charset, s.Body(), got, s.Text) {
			t.Fatalf("segment decodes to %q, want %q", got, s.Text)
		}
	}
}

// expectedParts counts parts by the text alone, without the default tables.
func expectedParts(text string, size Size, o Options) int {
	var sizes []int
	alphabet := alphabetOf(size.Encoding)
	for _, r := range text {
		width := 1
		if size.Encoding > Octets && alphabet.lookup(r) >= shifted || size.Encoding == UCS2 && r > 0xFFFF || size.Encoding == GSM7 && strings.ContainsRune("^{}\\[~]|€\f", r) {
			width = 2
		}
		sizes = append(sizes, width)
	}
	alone, long := map[int]int{3: 155, 6: 152}, map[int]int{3: 149, 6: 146}
	if o.RefBits == Ref16 {
		long = map[int]int{3: 148, 6: 145}
	}
	switch n := 3 * len(size.Encoding.Elements()); {
	case n > 0:
		return fill(sizes, alone[n], long[n])
	case size.Encoding == UCS2 && o.RefBits == Ref16:
		return fill(sizes, 70, 66)
	case size.Encoding == UCS2:
		return fill(sizes, 70, 67)
	case o.RefBits == Ref16:
		return fill(sizes, 160, 152)
	default:
		return fill(sizes, 160, 153)
	}
}

// ambiguous reports whether a packed segment ends with a septet zero, '@' in the
// default alphabet, that looks like padding (see AppendUnpacked).
func ambiguous(segments []Segment) bool {
	for _, s := range segments {
		bits := len(s.Body())*8 - fillBits(s.HeaderLen)
		septets, _ := AppendSeptets(nil, s.Text, s.Encoding)
		if s.Charset == CharsetGSM7Packed && bytes.HasSuffix(septets, []byte{0}) && bits%7 == 0 {
			return true
		}
	}
	return false
}

func TestSegmentsDoNotShareRoom(t *testing.T) {
	segments, err := Split(strings.Repeat("a", 161), Options{})
	if err != nil {
		t.Fatal(err)
	}
	before := string(segments[1].Octets)
	_ = append(segments[0].Octets, "overflow"...)
	if string(segments[1].Octets) != before {
		t.Fatal("appending to one segment changed the next")
	}
}

func TestSplitAllocatesTwice(t *testing.T) {
	for _, text := range []string{english, longEnglish, longBengali, longEuro} {
		if got := testing.AllocsPerRun(50, func() { Split(text, Options{}) }); got != 2 {
			t.Errorf("%d bytes: %v allocations, want 2 (the segments and their octets)", len(text), got)
		}
	}
}
