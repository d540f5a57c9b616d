package gsm

import (
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestPerlCodePages(t *testing.T) {
	names := map[string]Charset{"iso-8859-5": CharsetCyrillic, "iso-8859-8": CharsetHebrew, "shiftjis": CharsetJIS,
		"iso-2022-jp": CharsetISO2022JP, "euc-jp": CharsetExtendedKanji, "euc-kr": CharsetKSC5601}
	args := []string{filepath.Join("testdata", "codepage.pl")}
	for name := range names {
		args = append(args, name)
	}
	out, err := exec.Command("perl", args...).Output()
	if err != nil {
		t.Fatalf("perl with Encode (Debian package perl) does not run: %v%s; run: make deps", err, stderrOf(err))
	}
	same := map[string]int{}
	for line := range strings.Lines(string(out)) {
		var name, octets string
		var point rune
		if _, err := fmt.Sscanf(line, "%s %X %s", &name, &point, &octets); err != nil {
			t.Fatalf("line %q of codepage.pl: %v", line, err)
		}
		if refusedControl(point) {
			continue
		}
		got, ok := AppendEncoded(nil, names[name], string(point))
		switch {
		case hex.EncodeToString(got) == octets:
			same[name]++
		case name == "iso-2022-jp" && strings.Contains(octets, "1b2428443f3f"):
			// JIS X 0212, for which perl writes question marks: we have what NEC and IBM added to X 0208.
			if !ok {
				continue
			}
		case name == "iso-2022-jp" && point >= 0xFF61 && point <= 0xFF9F && strings.HasPrefix(hex.EncodeToString(got), "1b2849"):
			// Katakana of half width, as such (JIS X 0201); perl makes wide ones of them.
		case name == "euc-jp" && strings.HasPrefix(octets, "8f") && ok && len(got) == 2:
			// X 0212 has it, but it stands in the rows of NEC and IBM too, which are shorter.
		default:
			t.Errorf("%s U+%04X: %x, %v; perl %s", name, point, got, ok, octets)
		}
		if back, _ := Decode(names[name], got); jisTwins.Replace(back) != jisTwins.Replace(string(point)) {
			t.Errorf("%s U+%04X: reads as %q", name, point, back)
		}
	}
	for name, least := range map[string]int{"iso-8859-5": 191, "iso-8859-8": 155, "shiftjis": 7037, "iso-2022-jp": 6968, "euc-jp": 12800, "euc-kr": 8321} {
		if same[name] < least {
			t.Errorf("%s: only %d characters are the same as perl's, want %d", name, same[name], least)
		}
	}
}

func TestCodePages(t *testing.T) {
	tests := []struct {
		cs   Charset
		text string
		want string // hexadecimal; "-" when it cannot be written
	}{
		{CharsetCyrillic, "Привет!", "bfe0d8d2d5e221"},
		{CharsetCyrillic, "שלום", "-"},
		{CharsetCyrillic, "a\x1b", "-"},
		{CharsetCyrillic, "\u0085", "-"},
		{CharsetCyrillic, "a\xff", "-"},
		{CharsetHebrew, "שלום", "f9ece5ed"},
		{CharsetHebrew, "é", "-"},
		{CharsetJIS, "カナかな漢字", "834a836982a982c88abf8e9a"},
		{CharsetJIS, "ｶﾅ", "b6c5"},
		{CharsetJIS, "〜", "8160"},
		{CharsetJIS, "한", "-"},
		{CharsetJIS, "\ufffd", "-"},
		{CharsetISO2022JP, "a漢b", "611b244234411b284262"},
		{CharsetISO2022JP, "\x1b", "-"},
		{CharsetExtendedKanji, "丂", "8fb0a1"},
		{CharsetKSC5601, "한국", "c7d1b1b9"},
		{CharsetKSC5601, "😀", "-"},
		{CharsetPictogram, "a", "-"},
	}
	for _, tt := range tests {
		got, ok := AppendEncoded([]byte("head"), tt.cs, tt.text)
		if tt.want == "-" {
			if ok || string(got) != "head" {
				t.Errorf("%v %q: %x, %v; want dst as it was and false", tt.cs, tt.text, got, ok)
			}
			continue
		}
		if !ok || hex.EncodeToString(got[4:]) != tt.want {
			t.Errorf("%v %q: %x, %v; want %s", tt.cs, tt.text, got, ok, tt.want)
		}
		if back, ok := AppendDecoded([]byte("head"), tt.cs, got[4:]); !ok || string(back) != "head"+jisTwins.Replace(tt.text) {
			t.Errorf("%v %q: reads as %q, %v", tt.cs, tt.text, back, ok)
		}
	}
	for cs, octets := range map[Charset]string{CharsetHebrew: "\xa1", CharsetJIS: "\x83", CharsetISO2022JP: "\xff", CharsetExtendedKanji: "\xff", CharsetKSC5601: "\xff"} {
		if got, ok := Decode(cs, []byte(octets)); !ok || got != "\ufffd" {
			t.Errorf("%v: %x reads as %q, %v", cs, octets, got, ok)
		}
	}
	// A character of two octets that is cut between two parts.
	part := func(seq uint8, octets string) Part {
		return Part{Concat: Concat{Ref: 1, Bits: Ref8, Total: 2, Seq: seq}, Charset: CharsetJIS, Body: []byte(octets)}
	}
	if got, _, err := Assemble([]Part{part(2, "\xbf\x8e\x9a"), part(1, "\x8a")}); got != "漢字" || err != nil {
		t.Errorf("assembled %q, %v", got, err)
	}
}
