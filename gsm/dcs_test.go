package gsm

import "testing"

// TestParseDCS covers all 256 values.
func TestParseDCS(t *testing.T) {
	type row struct {
		from, to byte
		cs       Charset
		class    Class
		ok       bool
	}
	rows := []row{
		// SMPP 3.4 §5.2.19
		{0x00, 0x00, CharsetGSM7, NoClass, true},
		{0x01, 0x01, CharsetASCII, NoClass, true},
		{0x02, 0x02, CharsetBinary, NoClass, true},
		{0x03, 0x03, CharsetLatin1, NoClass, true},
		{0x04, 0x04, CharsetBinary, NoClass, true},
		{0x05, 0x05, CharsetJIS, NoClass, true},
		{0x06, 0x06, CharsetCyrillic, NoClass, true},
		{0x07, 0x07, CharsetHebrew, NoClass, true},
		{0x08, 0x08, CharsetUCS2, NoClass, true},
		{0x09, 0x09, CharsetPictogram, NoClass, true},
		{0x0A, 0x0A, CharsetISO2022JP, NoClass, true},
		{0x0B, 0x0C, CharsetGSM7, NoClass, false},
		{0x0D, 0x0D, CharsetExtendedKanji, NoClass, true},
		{0x0E, 0x0E, CharsetKSC5601, NoClass, true},
		{0x0F, 0x0F, CharsetGSM7, NoClass, false},
		// TS 23.038 §4: reserved, message waiting
		{0x80, 0xBF, CharsetGSM7, NoClass, false},
		{0xC0, 0xDF, CharsetGSM7, NoClass, true},
		{0xE0, 0xEF, CharsetUCS2, NoClass, true},
		// automatic deletion, no class; compressed
		{0x40, 0x43, CharsetGSM7, NoClass, true},
		{0x44, 0x47, CharsetBinary, NoClass, true},
		{0x48, 0x4B, CharsetUCS2, NoClass, true},
		{0x4C, 0x4F, CharsetGSM7, NoClass, false},
		{0x20, 0x2F, CharsetBinary, NoClass, true},
		{0x60, 0x6F, CharsetBinary, NoClass, true},
	}
	for class := range byte(4) {
		c := []Class{Class0, Class1, Class2, Class3}[class]
		for _, group := range []byte{0x10, 0x50} {
			rows = append(rows,
				row{group + class, group + class, CharsetGSM7, c, true},
				row{group + 0x4 + class, group + 0x4 + class, CharsetBinary, c, true},
				row{group + 0x8 + class, group + 0x8 + class, CharsetUCS2, c, true},
				row{group + 0xC + class, group + 0xC + class, CharsetGSM7, c, false})
		}
		for _, base := range []byte{0x30, 0x34, 0x38, 0x3C, 0x70, 0x74, 0x78, 0x7C} {
			rows = append(rows, row{base + class, base + class, CharsetBinary, c, true})
		}
		rows = append(rows,
			row{0xF0 + class, 0xF0 + class, CharsetGSM7, c, true}, row{0xF4 + class, 0xF4 + class, CharsetBinary, c, true},
			row{0xF8 + class, 0xF8 + class, CharsetGSM7, c, true}, row{0xFC + class, 0xFC + class, CharsetBinary, c, true})
	}
	covered := map[byte]bool{}
	for _, r := range rows {
		for v := int(r.from); v <= int(r.to); v++ {
			if covered[byte(v)] {
				t.Errorf("0x%02X stands twice in the table", v)
			}
			covered[byte(v)] = true
			if cs, class, ok := ParseDCS(byte(v)); cs != r.cs || class != r.class || ok != r.ok {
				t.Errorf("0x%02X is %v, %v, %v; want %v, %v, %v", v, cs, class, ok, r.cs, r.class, r.ok)
			}
		}
	}
	if len(covered) != 256 {
		t.Errorf("the table covers %d values", len(covered))
	}
}

func TestDCS(t *testing.T) {
	tests := []struct {
		cs    Charset
		class Class
		want  byte
		ok    bool
	}{
		{CharsetGSM7, NoClass, 0x00, true},
		{CharsetGSM7Packed, NoClass, 0x00, true},
		{CharsetASCII, NoClass, 0x01, true},
		{CharsetLatin1, NoClass, 0x03, true},
		{CharsetBinary, NoClass, 0x04, true},
		{CharsetUCS2, NoClass, 0x08, true},
		{CharsetKSC5601, NoClass, 0x0E, true},
		{CharsetGSM7, Class0, 0x10, true},
		{CharsetGSM7Packed, Class3, 0x13, true},
		{CharsetBinary, Class1, 0x15, true},
		{CharsetUCS2, Class0, 0x18, true},
		{CharsetUCS2, Class2, 0x1A, true},
		{CharsetLatin1, Class0, 0, false},
		{CharsetGSM7, Class(9), 0, false},
		{Charset(200), NoClass, 0, false},
	}
	for _, tt := range tests {
		dcs, ok := DCS(tt.cs, tt.class)
		if dcs != tt.want || ok != tt.ok {
			t.Errorf("%v, %v is 0x%02X, %v; want 0x%02X, %v", tt.cs, tt.class, dcs, ok, tt.want, tt.ok)
		}
		if cs, class, known := ParseDCS(dcs); ok && (!known || class != tt.class || cs != tt.cs && tt.cs != CharsetGSM7Packed) {
			t.Errorf("0x%02X reads as %v, %v, %v; want %v, %v", dcs, cs, class, known, tt.cs, tt.class)
		}
	}
}

func TestClassNames(t *testing.T) {
	for class, want := range map[Class]string{NoClass: "none", Class0: "class 0", Class3: "class 3", 9: "class(9)"} {
		if class.String() != want {
			t.Errorf("got %q, want %q", class, want)
		}
	}
}
