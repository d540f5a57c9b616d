package numplan

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestSplitRecipients(t *testing.T) {
	tests := []struct {
		def, to string
		want    []string // input=number, or input!reason
	}{
		{"BD", "", nil},
		{"BD", " ,;\n\r\n, ", nil},
		{"BD", "+", nil},
		{"BD", "-,\"\",()", nil},
		{"BD", "01711111111", []string{"01711111111=8801711111111"}},
		{"BD", "01711111111,01822222222;01933333333\n01544444444", []string{
			"01711111111=8801711111111", "01822222222=8801822222222", "01933333333=8801933333333", "01544444444=8801544444444"}},
		{"BD", "01711111111\r\n01822222222\r\n", []string{"01711111111=8801711111111", "01822222222=8801822222222"}},
		{"MV", "7712345，7712346；7712347、7712348؛7712349،7712340", []string{
			"7712345=9607712345", "7712346=9607712346", "7712347=9607712347", "7712348=9607712348", "7712349=9607712349", "7712340=9607712340"}},
		// The fixtures of the contract.
		{"BD", "+254711243807, +254711243808", []string{"+254711243807=254711243807", "+254711243808=254711243808"}},
		{"BD", " 254711243807,  254711243808", []string{"254711243807=254711243807", "254711243808=254711243808"}},
		{"BD", "8801717171717+8801818181818", []string{"8801717171717=8801717171717", "+8801818181818=8801818181818"}},
		{"BD", "8801717171717 8801818181818", []string{"8801717171717=8801717171717", "8801818181818=8801818181818"}},
		{"BD", " 252611", []string{"252611!too_short"}},
		// One number however it is spaced.
		{"BD", " 880 1717-171 717 ", []string{"880 1717-171 717=8801717171717"}},
		{"BD", "88+01717171717", []string{"88+01717171717=8801717171717"}},
		{"BD", "\"01717171717\"", []string{"\"01717171717\"=8801717171717"}},
		{"BD", "+880 1717 171717, 01818 181818", []string{"+880 1717 171717=8801717171717", "01818 181818=8801818181818"}},
		// Several numbers without separators.
		{"BD", "01717171717+01818181818", []string{"01717171717=8801717171717", "+01818181818=8801818181818"}},
		{"BD", "+94777004416 +94777004417", []string{"+94777004416=94777004416", "+94777004417=94777004417"}},
		{"BD", "01711111111 - 01822222222", []string{"01711111111=8801711111111", "01822222222=8801822222222"}},
		{"BD", "01711111111\t01822222222\u00A001933333333", []string{
			"01711111111=8801711111111", "01822222222=8801822222222", "01933333333=8801933333333"}},
		{"BD", "+14155550100++8801711111111", []string{"+14155550100=14155550100", "+8801711111111=8801711111111"}},
		{"MV", "7712345 9912345", []string{"7712345=9607712345", "9912345=9609912345"}},
		// Bad ones keep their input; the same number twice stays twice.
		{"BD", "01711111111,hello,01711111111", []string{"01711111111=8801711111111", "hello!not_digits", "01711111111=8801711111111"}},
		{"BD", "01711111111 abc", []string{"01711111111=8801711111111", "abc!not_digits"}},
		{"BD", "0171111111", []string{"0171111111!too_short"}},
		{"BD", "+999123", []string{"+999123!not_possible"}},
		{"BD", "[\"01711111111\",\"01822222222\"]", []string{"[\"01711111111\"=8801711111111", "\"01822222222\"]=8801822222222"}},
		{"BD", "০১৭১১১১১১১১،০১৮২২২২২২২২", []string{"০১৭১১১১১১১১=8801711111111", "০১৮২২২২২২২২=8801822222222"}},
		{"BD", "\xff,01711111111", []string{"\xff!not_digits", "01711111111=8801711111111"}},
		{"", "8801711111111,01711111111", []string{"8801711111111=8801711111111", "01711111111!not_possible"}},
	}
	for _, tt := range tests {
		t.Run(tt.def+" "+tt.to, func(t *testing.T) {
			var got []string
			for r := range SplitRecipients(tt.to, in(t, tt.def)) {
				var e *Error
				if errors.As(r.Err, &e) {
					got = append(got, r.Input+"!"+e.Reason.String())
				} else {
					got = append(got, r.Input+"="+r.Number.E164)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

// A caller may stop at any recipient, wherever it comes from.
func TestSplitStops(t *testing.T) {
	const to = "01711111111,01822222222 01933333333,01544444444"
	for limit := 1; limit <= 4; limit++ {
		seen := 0
		for range SplitRecipients(to, in(t, "BD")) {
			if seen++; seen == limit {
				break
			}
		}
		if seen != limit {
			t.Errorf("stopped after %d of %d", seen, limit)
		}
	}
}

// The work grows with the list and not faster: the scanner looks at each
// byte a fixed number of times, counted by what it allocates and by the
// recipients it finds in lists made to hurt it.
func TestSplitLargeLists(t *testing.T) {
	bd := in(t, "BD")
	var b strings.Builder
	const count = 20000
	for i := range count {
		b.WriteString("88017" + strconv.Itoa(10000000+i) + ",")
	}
	list := b.String()
	seen := 0
	allocs := testing.AllocsPerRun(1, func() {
		seen = 0
		for r := range SplitRecipients(list, bd) {
			if r.Err == nil {
				seen++
			}
		}
	})
	if seen != count {
		t.Errorf("%d recipients, want %d", seen, count)
	}
	if allocs > 20 {
		t.Errorf("%v allocations for a clean list", allocs)
	}
	for name, tt := range map[string]struct {
		unit string
		each int
	}{
		"digits": {"1", 0}, "blanks": {" ", 0}, "plus": {"+", 0}, "dashes": {"-", 0}, "dashes and blanks": {"- ", 0},
		"commas": {",", 0}, "digit and plus": {"1+", 1}, "digit and blank": {"1 ", 1}, "format characters": {"\u202A", 0},
		"invalid bytes": {"\xff", 0}, "plus after each number": {"8801712345678+", 1},
	} {
		const repeat = 100000
		seen := 0
		for range SplitRecipients(strings.Repeat(tt.unit, repeat), bd) {
			seen++
		}
		want := tt.each * repeat
		if tt.unit == "1" || tt.unit == "\xff" {
			want = 1 // one long piece that is no number
		}
		if seen != want {
			t.Errorf("%s: %d recipients, want %d", name, seen, want)
		}
	}
}
