package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// table_gen.go is what the generator writes now.
func TestTableIsCurrent(t *testing.T) {
	want, err := generate()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../table_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("table_gen.go is out of date: run go generate ./internal/sms/numplan")
	}
}

// An automaton accepts what the regular expression accepts, for every
// pattern of the metadata.
func TestAutomatonIsTheRegexp(t *testing.T) {
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	for _, m := range collection.GetMetadata() {
		for _, desc := range []*phonenumbers.PhoneNumberDesc{m.GetMobile(), m.GetFixedLine(), m.GetVoip()} {
			pattern := desc.GetNationalNumberPattern()
			if pattern == "" || pattern == "NA" {
				continue
			}
			a, err := newAutomaton(pattern)
			if err != nil {
				t.Fatal(err)
			}
			re := regexp.MustCompile("^(?:" + pattern + ")$")
			for range 20 {
				digits := []byte(desc.GetExampleNumber())
				for i := rnd.IntN(len(digits) + 1); i < len(digits); i++ {
					digits[i] = '0' + byte(rnd.IntN(10))
				}
				digits = append(digits, "0123456"[:rnd.IntN(2)]...)
				want := re.Match(digits)
				if got := a.matches(string(digits)); got != want {
					t.Errorf("%s: %q on %s: got %v", m.GetId(), pattern, digits, got)
				}
				if want {
					accepted++
				}
			}
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d accepted numbers compared", accepted)
	}
}

func TestAutomatonOfNothing(t *testing.T) {
	for _, pattern := range []string{"", "NA"} {
		a, err := newAutomaton(pattern)
		if err != nil {
			t.Fatal(err)
		}
		if a.matches("") || a.matches("0") || a.matches("123456789") {
			t.Errorf("%q accepts a number", pattern)
		}
	}
}

func TestAutomatonRefusesBadPatterns(t *testing.T) {
	for _, pattern := range []string{"(", "[", `\d{1001}`} {
		if _, err := newAutomaton(pattern); err == nil || !strings.Contains(err.Error(), "pattern") {
			t.Errorf("%q: %v", pattern, err)
		}
	}
}

// A small plan, whose trie can be read by eye.
func TestTrie(t *testing.T) {
	r := &region{iso: "XA", code: "990"}
	second := &region{iso: "XB", code: "990"}
	for _, add := range []struct {
		r       *region
		as      role
		pattern string
	}{
		{r, roleMobile, `1[3-9]\d{6}`},    // most of 1: the rest of 1 too
		{r, roleMobile, `4[35]\d{6}`},     // little of 4: not the rest
		{r, roleOther, `2\d{5}`},          // fixed
		{r, roleOther, `5\d{7}`},          // fixed, except
		{r, roleMobile, `55\d{6}`},        //   this, except
		{r, roleDemote, `5555\d{4}`},      //     that
		{second, roleMobile, `77\d{6}`},   // the neighbour
		{r, roleOther, `7[0-6]\d{6}|9`},   // 9 alone is shorter than E.164 allows
		{r, roleMobile, `6[0-9]{5,14}`},   // longer than E.164 allows
		{r, roleOther, `3\d{4}|3\d{7}`},   // two lengths, told apart by
		{r, roleOther, `30\d{3}|31\d{6}`}, //   the second digit or not
	} {
		if err := add.r.add(add.as, add.pattern, 0xFFFF); err != nil {
			t.Fatal(err)
		}
	}
	trie := buildTrie(&plan{code: "990", regions: []*region{r, second}, reject: []string{"19"}})
	eight, six := lengthSet(1<<8), lengthSet(1<<6)
	all := trie.find("80000000").lengths
	for nsn, want := range map[string]leaf{
		"13000000": {lengths: eight, mobile: eight, known: true},
		"12000000": {lengths: eight, mobile: eight, known: true},
		"19000000": {},
		"43000000": {lengths: eight, mobile: eight, known: true},
		"44000000": {lengths: eight, known: true},
		"20000000": {lengths: six, known: true},
		"51000000": {lengths: eight, known: true},
		"55000000": {lengths: eight, mobile: eight, known: true},
		"55550000": {lengths: eight, known: true},
		"77000000": {region: 1, lengths: eight, mobile: eight, known: true},
		"70000000": {lengths: eight, known: true},
		"78000000": {lengths: eight, known: true},
		"60000000": {lengths: 0x1FC0, mobile: 0x1FC0, known: true}, // 6 to 12 digits
		"30000000": {lengths: 1<<5 | eight, known: true},
		"80000000": {lengths: 0x1FE0}, // unknown: any length of the plan, 5 to 12
		"90000000": {lengths: all},
		"00000000": {},
	} {
		if got := trie.find(nsn); got != want {
			t.Errorf("%s: got %+v, want %+v", nsn, got, want)
		}
	}
}

func TestRegionName(t *testing.T) {
	for _, tt := range []struct{ iso, code, want string }{
		{"BD", "880", "Bangladesh"}, {"001", "870", "Inmarsat"},
	} {
		if got, err := regionName(tt.iso, tt.code); err != nil || got != tt.want {
			t.Errorf("%s: got %q, %v", tt.iso, got, err)
		}
	}
	if _, err := regionName("!", "999"); err == nil {
		t.Error("a name for no region")
	}
}

func TestTableTooLarge(t *testing.T) {
	if _, err := (&table{plans: make([]*plan, 256)}).source(); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("got %v", err)
	}
}
