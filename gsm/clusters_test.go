package gsm

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

func TestSplitBetweenClusters(t *testing.T) {
	rep := strings.Repeat
	const family = "👨‍👩‍👧‍👦" // 11 units
	tests := []struct {
		name string
		text string
		o    Options
		want []int // units of each part
	}{
		{"nothing to spare", rep("я", 134), Options{}, []int{67, 67}},
		{"letter and mark", rep("я", 66) + "e\u0301" + rep("я", 10), Options{}, []int{66, 12}},
		{"letter and mark, to the last unit", rep("я", 66) + "e\u0301" + rep("я", 66), Options{}, []int{67, 67}},
		{"one unit to spare", rep("я", 66) + "e\u0301" + rep("я", 65), Options{}, []int{66, 67}},
		{"the first cut spends what is to spare", rep("я", 66) + "e\u0301" + rep("я", 65) + "e\u0301" + rep("я", 65), Options{}, []int{66, 67, 67}},
		{"the second cut too", rep("я", 66) + "e\u0301" + rep("я", 64) + "e\u0301" + rep("я", 65), Options{}, []int{66, 66, 67}},
		{"family", rep("я", 60) + family + rep("я", 40), Options{}, []int{60, 51}},
		{"family, no room", rep("я", 60) + family + rep("я", 60), Options{}, []int{66, 65}},
		{"flags are pairs", "я" + rep("🇧🇩", 20), Options{}, []int{65, 16}},
		{"line end", rep("я", 66) + "\r\n" + rep("я", 9), Options{}, []int{66, 11}},
		{"emoji with skin", rep("я", 65) + "👍🏽" + rep("я", 9), Options{}, []int{65, 13}},
		{"a cluster longer than a part", "e" + rep("\u0301", 80), Options{}, []int{67, 14}},
		{"vowel sign of Bengali", rep("ক", 66) + "নি" + rep("ক", 5), Options{}, []int{66, 7}},
		{"conjunct of Bengali", rep("ক", 66) + "ক্ষ" + rep("ক", 5), Options{}, []int{66, 8}},
		{"conjunct with joiner", rep("ক", 65) + "র্\u200Dয" + rep("ক", 5), Options{}, []int{65, 9}},
		{"virama kept apart", rep("ক", 64) + "ক্\u200Cষ" + rep("ক", 5), Options{}, []int{67, 6}},
		{"virama before a letter of another script", rep("ক", 65) + "ক্я" + rep("ক", 5), Options{}, []int{67, 6}},
		{"16 bits", rep("я", 65) + "e\u0301" + rep("я", 10), Options{RefBits: Ref16}, []int{65, 12}},
		{"national tables too", rep("क", 148) + "नि" + rep("क", 9), Options{National: []Language{Hindi}}, []int{148, 11}},
		{"GSM-7 has no clusters", rep("a", 152) + "\r\n" + rep("b", 9), Options{}, []int{153, 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkSplit(t, tt.text, tt.o)
			segments, err := Split(tt.text, tt.o)
			if err != nil || len(segments) != len(tt.want) {
				t.Fatalf("%d parts, %v; want %d", len(segments), err, len(tt.want))
			}
			for i, s := range segments {
				if s.Units != tt.want[i] {
					t.Errorf("part %d has %d units, want %d", i+1, s.Units, tt.want[i])
				}
			}
		})
	}
}

// TestClustersAreWholeWhereFree compares every cut with what a search over all
// clusters of the whole text finds: it lies between two, or the last place
// between two would have cost a part.
func TestClustersAreWholeWhereFree(t *testing.T) {
	pool := rapid.SampledFrom([]string{"я", "я", "я", "e\u0301", "👨‍👩‍👧‍👦", "🇧🇩", "👍🏽", "নি", "ক্ষ", "❤️", "1️⃣", "\r\n", "😀", "각", "\u0301", "\u200D"})
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Repeat(strings.Join(rapid.SliceOfN(pool, 1, 40).Draw(t, "pieces"), ""), rapid.IntRange(1, 5).Draw(t, "times"))
		o := Options{Encoding: UCS2, RefBits: rapid.SampledFrom([]RefBits{Ref8, Ref16}).Draw(t, "width")}
		segments, err := Split(text, o)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for i, s := range segments[:len(segments)-1] {
			rest := text[at:]
			boundary := lastBoundary(rest, capacity(UCS2, o.RefBits.headerLen()))
			if boundary > 0 && boundary != len(s.Text) {
				if plain := fill(unitsOf(rest[boundary:]), 0, capacity(UCS2, o.RefBits.headerLen())); plain <= len(segments)-i-1 {
					t.Fatalf("part %d ends at %d of %+q, between clusters at %d would fit", i+1, len(s.Text), rest, boundary)
				}
			}
			at += len(s.Text)
		}
	})
}

// lastBoundary returns the last place between clusters within limit units.
func lastBoundary(text string, limit int) int {
	last, at, units := 0, 0, 0
	clusters := uniseg.NewGraphemes(text)
	for clusters.Next() {
		n, _ := countUnits(clusters.Str())
		if units += n; units > limit {
			break
		}
		if at += len(clusters.Str()); !conjoined(text, at) {
			last = at
		}
	}
	return last
}

func unitsOf(text string) []int {
	var sizes []int
	for _, r := range text {
		n, _ := countUnits(string(r))
		sizes = append(sizes, n)
	}
	return sizes
}

// TestLonelyCharacters asks uniseg whether those ranges hold what they promise.
func TestLonelyCharacters(t *testing.T) {
	var all []rune
	last := rune(0)
	for _, span := range lonely {
		if span.first <= last || span.last < span.first {
			t.Errorf("%U to %U is out of order", span.first, span.last)
		}
		last = span.last
		for r := span.first; r <= span.last; r++ {
			all = append(all, r)
		}
		if alone(span.first-1) || alone(span.last+1) || !alone(span.first) || !alone(span.last) {
			t.Errorf("%U to %U: wrong ends", span.first, span.last)
		}
	}
	for i, r := range all {
		beside := all[(i*7919+13)%len(all)]
		if text := string([]rune{beside, r, beside, r}); uniseg.GraphemeClusterCount(text) != 4 {
			t.Errorf("%U and %U join", beside, r)
		}
	}
}
