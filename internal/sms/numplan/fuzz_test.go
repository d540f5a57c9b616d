package numplan

import "testing"

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{
		"8801712345678", "+8801712345678", "008801712345678", "88+01712345678", "08801712345678", "1712345678",
		"\"01712345678\"", "2250102030405", "+44 (0)20 7946 0958", "8 (912) 345-67-89", "০১৭১২৩৪৫৬৭৮", "3921234567",
		"\xA001712345678\xff", "+0", "00", "++++", "\u202A\u00A0", "99999999999999999999999", "𝟎𝟏𝟕𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖",
	} {
		f.Add(s, uint16(20))
	}
	f.Fuzz(func(t *testing.T, input string, def uint16) {
		c := Country(int(def) % len(countries))
		n, err := Normalize(input, c)
		checkResult(t, input, c, n, err)
	})
}

func FuzzSplitRecipients(f *testing.F) {
	for _, s := range []string{
		"8801717171717+8801818181818", "+254711243807, +254711243808", "01711111111;01822222222\n01933333333",
		"+94777004416 +94777004417", "01717 171717 01818 181818", "\"01711111111,01822222222\"", ",,;;\n\n++  ",
		"01711111111 - 01822222222", "+880 1717 17171", "[\"01711111111\",\"01822222222\"]", "abc def", "\u060C\xff,\xA0",
	} {
		f.Add(s, uint16(20))
	}
	f.Fuzz(func(t *testing.T, to string, def uint16) {
		checkSplit(t, to, Country(int(def)%len(countries)))
	})
}

func FuzzClassifySender(f *testing.F) {
	for _, s := range []string{"ACME", "MY CAR WASH", "8809601234567", "16222", "+8801712345678", "H&M", " x", "é", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind, err := ClassifySender(s)
		if (kind == InvalidSender) != (err != nil) {
			t.Fatalf("%q: %v, %v", s, kind, err)
		}
		if kind != InvalidSender && (len(s) > MaxNumeric+1 || len(s) == 0) {
			t.Fatalf("%q accepted as %v", s, kind)
		}
	})
}
