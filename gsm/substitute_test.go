package gsm

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSubstitute(t *testing.T) {
	rep := strings.Repeat
	tests := []struct {
		name string
		text string
		o    Options
		want string
		list []Substitution // nil where the text has to stay
	}{
		{"nothing to do", "It's \"fine\" €5", Options{}, "", nil},
		{"quotes, dashes, dots", "“Ready” – it’s done…", Options{}, "\"Ready\" - it's done...",
			[]Substitution{{'“', `"`, 0, 1}, {'”', `"`, 8, 1}, {'–', "-", 12, 1}, {'’', "'", 18, 1}, {'…', "...", 27, 1}}},
		{"counted together", "’’ «a»", Options{}, "'' \"a\"", []Substitution{{'’', "'", 0, 2}, {'«', `"`, 7, 1}, {'»', `"`, 10, 1}}},
		{"one space for one", "10\u00A0000\tkm", Options{}, "10 000 km", []Substitution{{'\u00A0', " ", 2, 1}, {'\t', " ", 7, 1}}},
		{"zero width and controls vanish", "\uFEFFa\u200Bb\x00\x1b", Options{}, "ab",
			[]Substitution{{'\uFEFF', "", 0, 1}, {'\u200B', "", 4, 1}, {0, "", 8, 1}, {0x1B, "", 9, 1}}},
		{"line ends stay", "a\r\nb\f–", Options{}, "a\r\nb\f-", []Substitution{{'–', "-", 5, 1}}},
		{"line separators", "a\u2028b\vc", Options{}, "a\nb\nc", []Substitution{{'\u2028', "\n", 1, 1}, {'\v', "\n", 5, 1}}},
		{"fractions", "½ or 1½", Options{}, "1/2 or 1 1/2", []Substitution{{'½', "1/2", 0, 1}, {'½', " 1/2", 7, 1}}},
		{"full width", "ＳＡＬＥ！１０％", Options{}, "SALE!10%", []Substitution{{'Ｓ', "S", 0, 1}, {'Ａ', "A", 3, 1}, {'Ｌ', "L", 6, 1},
			{'Ｅ', "E", 9, 1}, {'！', "!", 12, 1}, {'１', "1", 15, 1}, {'０', "0", 18, 1}, {'％', "%", 21, 1}}},
		{"full-width backtick stays one", "｀", Options{}, "", nil},
		{"backtick stays", "code: a`b “x”", Options{}, "", nil},
		{"windows-1252", "don\u0092t \u0096 \u0080", Options{}, "don't - €", []Substitution{{0x92, "'", 3, 1}, {0x96, "-", 7, 1}, {0x80, "€", 10, 1}}},
		{"composed", "Cafe\u0301", Options{}, "Café", []Substitution{{'\u0301', "é", 3, 1}}},
		{"Ångström sign beside a mark", "\u212B\u0301 “", Options{}, "", nil},
		{"ohm sign", "10 \u2126", Options{}, "10 Ω", []Substitution{{'\u2126', "Ω", 3, 1}}},
		{"a mark that does not compose", "x\u0301 “", Options{}, "", nil},
		{"an accent that is not GSM-7", "á “x”", Options{}, "", nil},
		{"emoji", "“x” 😀", Options{}, "", nil},
		{"invalid bytes", "“\xff", Options{}, "", nil},
		{"unicode on request", "“x”", Options{Encoding: UCS2}, "", nil},
		{"sms on request", "“x”", Options{Encoding: GSM7}, `"x"`, []Substitution{{'“', `"`, 0, 1}, {'”', `"`, 4, 1}}},
		{"bad options", "“x”", Options{RefBits: 9}, "", nil},
		{"with tables", "“Şeker”", Options{National: []Language{Turkish}}, `"Şeker"`, []Substitution{{'“', `"`, 0, 1}, {'”', `"`, 9, 1}}},
		{"what tables hold stays", "ç áã`", Options{National: []Language{Portuguese}}, "", nil},
		{"danda", "আমি।", Options{National: []Language{Bengali}}, "আমি.", []Substitution{{'।', ".", 9, 1}}},
		{"danda that a table holds", "আমি।", Options{National: []Language{Bengali, Hindi}}, "", nil},
		{"danda that no pair holds", "আমি। ৫", Options{National: []Language{Bengali, Hindi}}, "আমি. ৫", []Substitution{{'।', ".", 9, 1}}},
		{"joiners of Bengali stay", "র\u200D্য", Options{National: []Language{Bengali}}, "", nil},
		{"exactly one pair", "“ş”", Options{Encoding: National(NoLanguage, Turkish)}, `"ş"`, []Substitution{{'“', `"`, 0, 1}, {'”', `"`, 5, 1}}},
		{"the link has no euro", "“€”", Options{Charset: CharsetLatin1}, "", nil},
		{"a part less by composing", rep("я", 134-2) + "и\u0306й", Options{}, rep("я", 132) + "йй", []Substitution{{'\u0306', "й", 264, 1}}},
		{"no part less", rep("я", 100) + "и\u0306", Options{}, "", nil},
		{"a part less without soft hyphens", rep("я\u00AD", 40), Options{}, rep("я", 40), []Substitution{{'\u00AD', "", 2, 40}}},
		{"quotes of Unicode texts stay", rep("я\u00AD", 40) + "”", Options{}, rep("я", 40) + "”", []Substitution{{'\u00AD', "", 2, 40}}},
		{"NFC would be longer", rep("\u09DC", 70) + "\u00AD", Options{}, rep("\u09DC", 70), []Substitution{{'\u00AD', "", 210, 1}}},
		{"tables, a part less", rep("\u09C7\u09BE", 80), Options{National: []Language{Bengali}}, rep("\u09CB", 80), []Substitution{{'\u09BE', "\u09CB", 0, 80}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, list := Substitute(tt.text, tt.o)
			if tt.list == nil {
				tt.want = tt.text
			}
			if got != tt.want || !reflect.DeepEqual(list, tt.list) {
				t.Fatalf("got %+q, %+v\nwant %+q, %+v", got, list, tt.want, tt.list)
			}
		})
	}
}

// TestSubstituteProperties changes any text: it pays or nothing is changed, a
// second time changes nothing, and the list tells the truth about the original.
func TestSubstituteProperties(t *testing.T) {
	odd := rapid.Custom(func(t *rapid.T) string {
		pieces := rapid.OneOf(rapid.SampledFrom(slices.Sorted(maps.Keys(replacements))), rapid.SampledFrom([]rune("½1\u0301ея\u0306")))
		return string(rapid.SliceOfN(pieces, 0, 20).Draw(t, "odd"))
	})
	rapid.Check(t, func(t *rapid.T) {
		text := odd.Draw(t, "before") + texts().Draw(t, "text") + odd.Draw(t, "after")
		o := Options{
			Encoding: rapid.SampledFrom([]Encoding{Auto, Auto, GSM7, UCS2, National(Turkish, Turkish)}).Draw(t, "encoding"),
			National: rapid.SliceOfN(rapid.SampledFrom(Languages()), 0, 2).Draw(t, "national"),
		}
		checkSubstitute(t, text, o)
	})
}

func checkSubstitute(t failer, text string, o Options) {
	t.Helper()
	got, list := Substitute(text, o)
	if o.check() == nil && o.hopeless(text) {
		if made, change := o.toGSM7(text); change != nil {
			t.Fatalf("gave up on %+q, which can be %+q", text, made)
		}
	}
	if list == nil {
		if got != text {
			t.Fatalf("changed %+q to %+q without a word", text, got)
		}
		return
	}
	before, beforeErr := o.measure(text)
	after, err := o.measure(got)
	if err != nil || (beforeErr == nil && before.Encoding != UCS2 || after.Encoding == UCS2) && after.Parts >= before.Parts {
		t.Fatalf("from %+v (%v) to %+v (%v) does not pay", before, beforeErr, after, err)
	}
	if again, more := Substitute(got, o); more != nil && after.Encoding != UCS2 {
		t.Fatalf("%+q changes again, to %+q", got, again)
	}
	for _, s := range list {
		if s.Count < 1 || s.Count > strings.Count(text, string(s.From)) || !strings.Contains(text[s.Offset:], string(s.From)) {
			t.Fatalf("%+q: no such substitution: %+v", text, s)
		}
		if s.To != "" && !strings.Contains(got, s.To) {
			t.Fatalf("%+q has nothing of %+v", got, s)
		}
	}
	if utf8.ValidString(text) != utf8.ValidString(got) {
		t.Fatalf("%+q became %+q", text, got)
	}
}

func FuzzSubstitute(f *testing.F) {
	for _, text := range []string{"", "“x” ½ 1½", "e\u0301\u0301\u0301", "\xff\u0301", longBengali + "\u00AD", "\u09C7\u09BE\u200D"} {
		f.Add(text, uint16(Auto), uint8(0))
		f.Add(text, uint16(GSM7), uint8(Turkish))
		f.Add(text, uint16(UCS2), uint8(Bengali))
	}
	f.Fuzz(func(t *testing.T, text string, encoding uint16, language uint8) {
		o := Options{Encoding: Encoding(encoding), National: []Language{Language(language)}}
		if o.National[0] == NoLanguage {
			o.National = nil
		}
		checkSubstitute(t, text, o)
		if utf8.ValidString(text) {
			if _, err := Preview(text, o); err == nil {
				_, err = Split(text, o)
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

// TestReplacementsAreGSM7 makes sure that none puts one problem for another.
func TestReplacementsAreGSM7(t *testing.T) {
	for r, to := range replacements {
		if _, ok := AppendGSM7(nil, to); !ok || Detect(string(r)) == GSM7 || unicode.IsMark(r) && to != "" {
			t.Errorf("%U becomes %q", r, to)
		}
	}
	for _, group := range looksLike {
		for _, r := range group.from {
			if replacements[r] != group.to {
				t.Errorf("%U stands in two groups: %q and %q", r, group.to, replacements[r])
			}
		}
	}
}

// TestTwilioReplacesTheSame compares with Twilio's smart encoding: what is
// replaced there is replaced here, or the difference and its reason stand here.
func TestTwilioReplacesTheSame(t *testing.T) {
	modules := filepath.Join(repositoryRoot(t), ".cache", "npm", "node_modules")
	cmd := exec.Command("node", filepath.Join("testdata", "smartmap.cjs"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("node with sms-segments-calculator in %s does not run: %v%s; run: make deps", modules, err, stderrOf(err))
	}
	var twilio map[string]string
	if err := json.Unmarshal(out, &twilio); err != nil {
		t.Fatal(err)
	}
	if len(twilio) < 250 {
		t.Fatalf("only %d replacements read", len(twilio))
	}
	reasons := map[string]string{
		"`": "may be part of a password or a command",
	}
	add := func(reason, characters string) {
		for _, r := range characters {
			reasons[string(r)] = reason
		}
	}
	add("a mark of the letter before it", "\u0302\u0303\u0313\u0314\u0326\u0330\u0332\u0334\u0337\u0338\u0347\u1DCD\u20D2\u20D3\u20E5")
	add("one space for one", "\t\u00A0\u2000\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000")
	add("a line separator is a line end", "\u2028\u2029")
	add("Windows-1252, or nothing", "\u0080\u008D\u0090\u009B\u009F")
	for from, to := range twilio {
		r, _ := utf8.DecodeRuneInString(from)
		got, ok := replacement(0, r)
		if same := ok && got == to; same == (reasons[from] != "") {
			t.Errorf("%s becomes %q (%v) here, %q at Twilio; reason to differ: %q", fmt.Sprintf("%U", r), got, ok, to, reasons[from])
		}
	}
}
