package smpp

import (
	"encoding/hex"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMessageIDForms(t *testing.T) {
	tests := []struct {
		name, a, b string
	}{
		{"same", "38601fa", "38601fa"}, {"upper case", "38601FA", "38601fa"}, {"leading zeros", "0000436949", "436949"},
		{"decimal and hexadecimal", "0059113978", "38601fa"}, {"decimal and hexadecimal digits", "16", "10"}, {"zero", "0000", "0"},
		{"above 2^63", "812FC747A2B3C4D5", "9308878065284400341"}, {"128 bits", "ffffffffffffffffffffffffffffffff", "340282366920938463463374607431768211455"},
		{"UUID in two cases", "074E02EE1-4e2f-4a6e-a78b-4b247d756a22", "074e02ee1-4E2F-4A6E-A78B-4B247D756A22"},
		{"0x", "0x38601fa", "59113978"}, {"blanks", " 38601fa\x00", "38601fa"}, {"quotes", `"7"`, "7"}, {"64 digits", strings.Repeat("9", 64), "000" + strings.Repeat("9", 61) + "999"},
	}
	for _, tt := range tests {
		for _, pair := range [][2]string{{tt.a, tt.b}, {tt.b, tt.a}} {
			if key, forms := MessageIDKey(pair[0]), MessageIDForms(pair[1]); !contains(forms, key) {
				t.Errorf("%s: %q is stored as %q, and %q looked up as %q", tt.name, pair[0], key, pair[1], forms)
			}
		}
	}
	for in, want := range map[string]string{
		"": "", "0": "0", "00": "0", "c87c2273-7edb": "c87c2273-7edb", "0118Z-0122I": "0118z-0122i", "00ab": "ab", "rdwjwx": "rdwjwx", "0x": "0x", "0xzz": "0xzz",
	} {
		if got := MessageIDKey(in); got != want {
			t.Errorf("key of %q is %q, want %q", in, got, want)
		}
	}
	if f := MessageIDForms("0118Z-0122I"); len(f) != 1 {
		t.Errorf("forms of an id that is no number: %q", f)
	}
	if f := MessageIDForms("5"); len(f) != 1 {
		t.Errorf("forms of 5: %q", f)
	}
	if f := MessageIDForms("59113978"); len(f) != 3 || f[0] != "59113978" || f[2] != "38601fa" {
		t.Errorf("forms of 59113978: %q", f)
	}
	if f := MessageIDForms(strings.Repeat("9", 5000)); len(f) != 1 {
		t.Error("an id of 5000 digits is converted")
	}
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// TestMessageIDSpellings: any two spellings of one number find each other.
func TestMessageIDSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.Byte(), 1, 26).Draw(t, "number")
		spell := func(label string) string {
			s := stripZeros(hex.EncodeToString(n))
			switch rapid.IntRange(0, 2).Draw(t, label) {
			case 0:
				s = convert(s, 16, 10)
			case 1:
				s = strings.ToUpper(s)
			}
			return strings.Repeat("0", rapid.IntRange(0, 10).Draw(t, label+" zeros")) + s
		}
		a, b := spell("a"), spell("b")
		if !contains(MessageIDForms(b), MessageIDKey(a)) {
			t.Fatalf("%q is stored as %q, and %q looked up as %q", a, MessageIDKey(a), b, MessageIDForms(b))
		}
	})
}
