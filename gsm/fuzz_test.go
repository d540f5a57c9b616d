package gsm

import (
	"bytes"
	"errors"
	"testing"
	"unicode/utf8"
)

func FuzzParseUDH(f *testing.F) {
	for _, seed := range []string{"", "\x00", "\x05\x00\x03\xa5\x02\x01text", "\x06\x08\x04\xa5\xb6\x02\x02text",
		"\x0b\x05\x04\x0b\x84\x23\xf0\x00\x03\x07\x02\x01x", "\xff\x00", "\x01\x00", "\x05\x00\x04\x01\x02\x01"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, octets []byte) {
		before := bytes.Clone(octets)
		header, body, err := ParseUDH(octets)
		if !bytes.HasSuffix(octets, body) {
			t.Fatalf("body %x is not the end of the message", body)
		}
		if err != nil {
			if !errors.Is(err, ErrUDH) || header != nil {
				t.Fatalf("header %v, error %v", header, err)
			}
			return
		}
		if c, ok := header.Concat(); ok != c.Valid() {
			t.Fatalf("concatenation %+v, %v", c, ok)
		}
		back, err := header.Append(nil)
		if err != nil || !bytes.Equal(append(back, body...), before) {
			t.Fatalf("written again as %x, %v", back, err)
		}
	})
}

func FuzzSplit(f *testing.F) {
	for _, text := range []string{"", english, longEnglish, longBengali, longEuro, longTurkish, "😀\x1b\xff", "\xed\xa0\xbd", "e\u0301👨‍👩‍👧‍👦"} {
		f.Add(text, uint16(Auto), uint16(0), uint8(0), uint8(0), uint16(0), false, 0)
		f.Add(text, uint16(Auto), uint16(1<<Turkish|1<<Bengali|1<<Hindi), uint8(0), uint8(0), uint16(0), false, 0)
		f.Add(text, uint16(UCS2), uint16(0), uint8(CharsetLatin1), uint8(Ref16), uint16(300), true, 3)
		f.Add(text, uint16(GSM7), uint16(0), uint8(CharsetGSM7Packed), uint8(Ref8), uint16(1), false, 255)
		f.Add(text, uint16(National(Bengali, Turkish)), uint16(0), uint8(CharsetGSM7), uint8(Ref16), uint16(1), false, 255)
	}
	f.Fuzz(func(t *testing.T, text string, encoding, allowed uint16, charset, bits uint8, ref uint16, noUDH bool, most int) {
		o := Options{Encoding: Encoding(encoding), Charset: Charset(charset), RefBits: RefBits(bits), Ref: ref, NoUDH: noUDH, Max: most}
		for _, l := range Languages() {
			if allowed>>l&1 == 1 {
				o.National = append(o.National, l)
			}
		}
		checkSplit(t, text, o)
	})
}

func FuzzDecode(f *testing.F) {
	for cs := CharsetGSM7; cs <= CharsetKSC5601; cs++ {
		for _, octets := range []string{"", "text", "\x1b", "\x1b\x65", "\xd8\x3d\xde\x00", "\xd8\x3d", "\xe1\x70\x38\x1c\x0e\x87\x01"} {
			f.Add(uint8(cs), []byte(octets))
		}
	}
	f.Fuzz(func(t *testing.T, charset uint8, octets []byte) {
		cs := Charset(charset)
		text, ok := Decode(cs, octets)
		if ok != (cs <= CharsetKSC5601 && cs != CharsetBinary && cs != CharsetPictogram) || !utf8.ValidString(text) {
			t.Fatalf("%v decodes to %q, %v", cs, text, ok)
		}
		if alone, missing, err := Assemble([]Part{{Charset: cs, Body: octets}}); (err == nil) != ok || alone != text || missing != 0 {
			t.Fatalf("assembled alone to %q, %d missing, %v; decoded to %q", alone, missing, err, text)
		}
		if n := len([]rune(text)); ok && n > len(octets)*8/7 {
			t.Fatalf("%d characters from %d octets", n, len(octets))
		}
		// What was read can be written and read again without change.
		if again, encodable := AppendEncoded(nil, CharsetUCS2, text); encodable {
			if back, _ := Decode(CharsetUCS2, again); back != text {
				t.Fatalf("got %q, want %q", back, text)
			}
		}
	})
}

func FuzzAssemble(f *testing.F) {
	f.Add(uint8(CharsetUCS2), []byte("\x00a\xd8\x3d\xde\x00\x00b"), uint8(4), uint8(6), uint8(0))
	f.Add(uint8(CharsetGSM7), []byte("a\x1be\x1b<"), uint8(2), uint8(5), uint8(6))
	f.Add(uint8(CharsetGSM7Packed), []byte("\xe8\x32\x9b\xfd\x46\x97"), uint8(1), uint8(1), uint8(7))
	f.Fuzz(func(t *testing.T, charset uint8, octets []byte, first, second, headerLen uint8) {
		cs := Charset(charset)
		i := min(int(first), len(octets))
		j := min(max(int(second), i), len(octets))
		var parts []Part
		for seq, body := range [][]byte{octets[:i], octets[i:j], octets[j:]} {
			parts = append(parts, Part{Concat: Concat{Total: 3, Seq: uint8(seq + 1)}, Charset: cs, HeaderLen: int(headerLen), Body: body})
		}
		text, missing, err := Assemble([]Part{parts[2], parts[0], parts[1], parts[0]})
		_, readable := AppendDecoded(nil, cs, nil)
		if (err == nil) != readable || missing != 0 || !utf8.ValidString(text) {
			t.Fatalf("%v assembles to %q, %d missing, %v", cs, text, missing, err)
		}
		// Where octets are cut does not matter, except for packed septets (each
		// part starts anew) and UCS-2 that has lost an octet.
		if err != nil || cs == CharsetGSM7Packed || cs == CharsetUCS2 && len(octets)%2 == 1 {
			return
		}
		if want, _ := Decode(cs, octets); text != want {
			t.Fatalf("got %q, want %q", text, want)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("\xe1\x70\x38\x1c\x0e\x87\x01"), 0, -1)
	f.Add([]byte("\xc2"), 6, 1)
	f.Add([]byte(""), 8, 160)
	f.Fuzz(func(t *testing.T, packed []byte, headerLen, n int) {
		septets := AppendUnpacked(nil, packed, headerLen, n)
		if n >= 0 && len(septets) > n || len(septets) > len(packed)*8/7 {
			t.Fatalf("%d septets of %d octets, %d asked", len(septets), len(packed), n)
		}
		again := AppendPacked(nil, septets, headerLen)
		if back := AppendUnpacked(nil, again, headerLen, len(septets)); !bytes.Equal(back, septets) {
			t.Fatalf("got %x, want %x", back, septets)
		}
	})
}
