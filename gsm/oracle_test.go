package gsm

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// perlTables runs Perl's Encode::GSM0338, which was written by other people
// from the same clause.
func perlTables(t *testing.T) (encode, decode map[string]string) {
	t.Helper()
	out, err := exec.Command("perl", filepath.Join("testdata", "gsm0338.pl")).Output()
	if err != nil {
		t.Fatalf("perl with Encode::GSM0338 (Debian package perl) does not run: %v%s; run: make deps", err, stderrOf(err))
	}
	encode, decode = map[string]string{}, map[string]string{}
	for line := range strings.Lines(string(out)) {
		var direction, from, to string
		if _, err := fmt.Sscan(line, &direction, &from, &to); err != nil {
			t.Fatalf("line %q of gsm0338.pl: %v", line, err)
		}
		if direction == "E" {
			encode[from] = to
		} else {
			decode[from] = to
		}
	}
	return encode, decode
}

func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return ": " + strings.TrimSpace(string(exit.Stderr))
	}
	return ""
}

func TestPerlEncodesTheSame(t *testing.T) {
	perl, _ := perlTables(t)
	if len(perl) != 137 {
		t.Fatalf("perl encodes %d characters, want 137", len(perl))
	}
	for point := range rune(0x10000) {
		if utf16.IsSurrogate(point) {
			continue // no string holds one
		}
		octets, ok := AppendGSM7(nil, string(point))
		want, known := perl[fmt.Sprintf("%04X", point)]
		if got := strings.ToUpper(hex.EncodeToString(octets)); ok != known || got != want {
			t.Errorf("U+%04X: encoded %v to %q, perl %v to %q", point, ok, got, known, want)
		}
		if (Detect(string(point)) == GSM7) != known {
			t.Errorf("U+%04X: detected as %v, perl says GSM-7 is %v", point, Detect(string(point)), known)
		}
	}
}

func TestPerlDecodesTheSame(t *testing.T) {
	_, perl := perlTables(t)
	if len(perl) != 137 {
		t.Fatalf("perl decodes %d septets and escape pairs, want 137", len(perl))
	}
	for octets, point := range perl {
		raw, err := hex.DecodeString(octets)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := Decode(CharsetGSM7, raw)
		if got := fmt.Sprintf("%04X", []rune(text)[0]); got != point || len([]rune(text)) != 1 {
			t.Errorf("%s decodes to %q, perl says U+%s", octets, text, point)
		}
	}
}

type twilioQuestion struct {
	Text     string `json:"text"`
	Encoding string `json:"encoding"`
}

type twilioAnswer struct {
	Encoding string `json:"encoding"`
	Segments int    `json:"segments"`
	Units    []int  `json:"units"`  // UTF-16 units of each grapheme
	Points   []int  `json:"points"` // code points of each grapheme
	Cuts     []int  `json:"cuts"`   // UTF-16 units of each segment
}

func askTwilio(t *testing.T, questions []twilioQuestion) []twilioAnswer {
	t.Helper()
	input, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(repositoryRoot(t), ".cache", "npm", "node_modules")
	cmd := exec.Command("node", filepath.Join("testdata", "twilio.cjs"))
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("node with sms-segments-calculator in %s does not run: %v%s; run: make deps", modules, err, stderrOf(err))
	}
	var answers []twilioAnswer
	if err := json.Unmarshal(output, &answers); err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions", len(answers), len(questions))
	}
	return answers
}

// repositoryRoot walks up to go.mod.
func repositoryRoot(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		} else if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the working directory")
		}
		dir = parent
	}
}

// TestTwilioCountsTheSame compares about 2,000 texts with Twilio's calculator.
// There is one legitimate difference: Twilio never cuts inside a grapheme (an
// emoji family, a letter with its marks), also where that costs a further part;
// this package does where it has to. So:
//   - where every grapheme is one character the counts must be equal;
//   - otherwise ours must not be above theirs, and theirs must be what filling
//     parts with whole graphemes gives, so that nothing else hides behind it;
//   - where whole graphemes cost nothing the cuts must be at the same places
//     (but for conjuncts, which Twilio's older rules do not know).
func TestTwilioCountsTheSame(t *testing.T) {
	questions := twilioTexts()
	answers := askTwilio(t, questions)
	kinds := map[string]int{}
	for i, question := range questions {
		answer := answers[i]
		size, err := Measure(question.Text, Options{Encoding: encodingFor(question.Encoding)})
		if err != nil {
			t.Fatalf("text %d %+q: %v", i, question.Text, err)
		}
		if want := map[string]Encoding{"GSM-7": GSM7, "UCS-2": UCS2}[answer.Encoding]; size.Encoding != want {
			t.Errorf("text %d %+q: %v, twilio %s", i, question.Text, size.Encoding, answer.Encoding)
			continue
		}
		if single(answer.Points) {
			kinds[answer.Encoding+", one character a grapheme"]++
			if size.Parts != answer.Segments {
				t.Errorf("text %d %+q: %d parts, twilio %d", i, question.Text, size.Parts, answer.Segments)
			}
			continue
		}
		kinds["graphemes of several characters"]++
		if size.Parts < answer.Segments {
			kinds["a part more for whole graphemes"]++
		}
		if size.Parts == answer.Segments && size.Parts > 1 && !strings.Contains(question.Text, "\u09CD") {
			kinds["the same cuts"]++
			if got := cuts(t, question); !slices.Equal(got, answer.Cuts) {
				t.Errorf("text %d %+q: cut to %v units, twilio %v", i, question.Text, got, answer.Cuts)
			}
		}
		if whole := fill(answer.Units, 70, 67); size.Parts > answer.Segments || answer.Segments != whole {
			t.Errorf("text %d %+q: %d parts, twilio %d, whole graphemes need %d", i, question.Text, size.Parts, answer.Segments, whole)
		}
	}
	for _, kind := range []string{"GSM-7, one character a grapheme", "UCS-2, one character a grapheme",
		"graphemes of several characters", "a part more for whole graphemes", "the same cuts"} {
		if kinds[kind] < 10 {
			t.Errorf("only %d texts of the kind %q: the comparison says little", kinds[kind], kind)
		}
	}
	t.Log(kinds)
}

// cuts returns the units of each segment of a text.
func cuts(t *testing.T, question twilioQuestion) []int {
	t.Helper()
	segments, err := Split(question.Text, Options{Encoding: encodingFor(question.Encoding)})
	if err != nil {
		t.Fatal(err)
	}
	units := make([]int, len(segments))
	for i, s := range segments {
		units[i] = s.Units
	}
	return units
}

func encodingFor(twilio string) Encoding {
	if twilio == "UCS-2" {
		return UCS2
	}
	return Auto
}

func single(points []int) bool {
	for _, n := range points {
		if n != 1 {
			return false
		}
	}
	return true
}

// fill counts the parts that pieces of these sizes fill when none may be cut.
func fill(sizes []int, alone, concatenated int) int {
	sum := 0
	for _, size := range sizes {
		sum += size
	}
	if sum <= alone {
		return 1
	}
	parts, used := 1, 0
	for _, size := range sizes {
		if used+size > concatenated {
			parts, used = parts+1, 0
		}
		used += size
	}
	return parts
}

// twilioTexts makes the same texts in every run, most of them within a few
// characters of a limit.
func twilioTexts() []twilioQuestion {
	random := rand.New(rand.NewPCG(1, 2))
	basic := strings.Split(strings.ReplaceAll(defaultBasic, "\x1b", ""), "")
	extension := strings.Split("^{}\\[~]|€\f", "")
	bmp := strings.Split("আমারসনএসকжшЯ中文字かなабвçñêÿ“”’…–—\tœ", "")
	astral := strings.Split("😀🎉🚀𝒜𐍈", "")
	clusters := []string{"👨‍👩‍👧‍👦", "🇧🇩", "👍🏽", "é", "ক্ষ", "নি", "❤️", "1️⃣"}
	mixes := []struct {
		pools  [][]string
		limits []int
	}{
		{[][]string{basic}, []int{160, 153, 306, 459}},
		{[][]string{basic, basic, basic, extension}, []int{160, 153, 306, 459}},
		{[][]string{extension}, []int{80, 76, 152}},
		{[][]string{basic, bmp}, []int{70, 67, 134, 201}},
		{[][]string{bmp, bmp, astral}, []int{70, 67, 134, 201}},
		{[][]string{astral}, []int{35, 33, 66}},
		{[][]string{basic, bmp, clusters}, []int{40, 60, 70, 134}},
		{[][]string{astral, clusters}, []int{16, 29, 40}},
	}
	var questions []twilioQuestion
	for i := range 2000 {
		mix := mixes[i%len(mixes)]
		characters := max(mix.limits[random.IntN(len(mix.limits))]+random.IntN(9)-4, 0)
		var text strings.Builder
		for range characters {
			pool := mix.pools[random.IntN(len(mix.pools))]
			io.WriteString(&text, pool[random.IntN(len(pool))])
		}
		encoding := "auto"
		if random.IntN(8) == 0 {
			encoding = "UCS-2"
		}
		questions = append(questions, twilioQuestion{Text: text.String(), Encoding: encoding})
	}
	return append(questions, twilioQuestion{Text: "", Encoding: "auto"}, twilioQuestion{Text: "a\r\nb", Encoding: "auto"})
}
