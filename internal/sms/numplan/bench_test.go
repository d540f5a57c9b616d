package numplan

import (
	"strconv"
	"strings"
	"testing"
)

func BenchmarkNormalize(b *testing.B) {
	for _, bm := range []struct{ name, def, input string }{
		{"code", "BD", "8801712345678"},
		{"plus", "BD", "+8801712345678"},
		{"trunk", "BD", "01712345678"},
		{"bare", "BD", "1712345678"},
		{"foreign", "BD", "94777004416"},
		{"formatted", "BD", "+880 1712-345678"},
		{"bengali", "BD", "০১৭১২৩৪৫৬৭৮"},
		{"india", "IN", "9876543210"},
		{"refused", "BD", "0171234567"},
	} {
		b.Run(bm.name, func(b *testing.B) {
			c := in(b, bm.def)
			b.ReportAllocs()
			for b.Loop() {
				sink, _ = Normalize(bm.input, c)
			}
		})
	}
}

// The trie alone.
func BenchmarkLookup(b *testing.B) {
	for _, bm := range []struct{ name, def, nsn string }{{"BD", "BD", "1712345678"}, {"IN", "IN", "8916012345"}} {
		b.Run(bm.name, func(b *testing.B) {
			p, nsn := in(b, bm.def).plan(), []byte(bm.nsn)
			ok := false
			for b.Loop() {
				_, ok = p.possible(nsn)
			}
			if !ok {
				b.Fatal("not possible")
			}
		})
	}
}

func BenchmarkSplitRecipients(b *testing.B) {
	for _, count := range []int{1, 100, 10000, 100000} {
		var list strings.Builder
		for i := range count {
			list.WriteString("88017" + strconv.Itoa(10000000+i) + ",")
		}
		b.Run(strconv.Itoa(count), func(b *testing.B) {
			c, to := in(b, "BD"), list.String()
			b.ReportAllocs()
			for b.Loop() {
				for r := range SplitRecipients(to, c) {
					sink = r.Number
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(count), "ns/recipient")
		})
	}
}
