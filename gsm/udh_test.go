package gsm

import (
	"bytes"
	"encoding/hex"
	"errors"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	octets, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return octets
}

func TestParseUDH(t *testing.T) {
	tests := []struct {
		name   string
		octets string
		header UDH
		body   string
		concat Concat
	}{
		{"8 bits", "05 00 03 a5 03 02 6162", UDH{{0, []byte{0xa5, 3, 2}}}, "6162", Concat{0xa5, Ref8, 3, 2}},
		{"16 bits", "06 08 04 a5b6 03 02 6162", UDH{{8, []byte{0xa5, 0xb6, 3, 2}}}, "6162", Concat{0xa5b6, Ref16, 3, 2}},
		{"no element", "00 61", nil, "61", Concat{}},
		{"no body", "05 00 03 01 01 01", UDH{{0, []byte{1, 1, 1}}}, "", Concat{1, Ref8, 1, 1}},
		{"empty element", "02 70 00 61", UDH{{0x70, []byte{}}}, "61", Concat{}},
		{"ports, then concatenation", "0b 05 04 0b84 23f0 00 03 07 02 01 61",
			UDH{{5, []byte{0x0b, 0x84, 0x23, 0xf0}}, {0, []byte{7, 2, 1}}}, "61", Concat{7, Ref8, 2, 1}},
		{"the last one counts", "0b 00 03 01 02 01 08 04 0002 02 02 61",
			UDH{{0, []byte{1, 2, 1}}, {8, []byte{0, 2, 2, 2}}}, "61", Concat{2, Ref16, 2, 2}},
		{"the last good one counts", "0a 00 03 01 02 01 00 03 01 02 03",
			UDH{{0, []byte{1, 2, 1}}, {0, []byte{1, 2, 3}}}, "", Concat{1, Ref8, 2, 1}},
		{"part 0", "05 00 03 01 02 00", UDH{{0, []byte{1, 2, 0}}}, "", Concat{}},
		{"of 0", "05 00 03 01 00 01", UDH{{0, []byte{1, 0, 1}}}, "", Concat{}},
		{"part 3 of 2", "05 00 03 01 02 03", UDH{{0, []byte{1, 2, 3}}}, "", Concat{}},
		{"8 bits, too long", "06 00 04 01 02 01 00", UDH{{0, []byte{1, 2, 1, 0}}}, "", Concat{}},
		{"16 bits, too short", "05 08 03 01 02 01", UDH{{8, []byte{1, 2, 1}}}, "", Concat{}},
		{"16 bits, too long", "07 08 05 00 01 02 01 00", UDH{{8, []byte{0, 1, 2, 1, 0}}}, "", Concat{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			octets := unhex(t, tt.octets)
			header, body, err := ParseUDH(octets)
			if err != nil || !reflect.DeepEqual(header, tt.header) || hex.EncodeToString(body) != tt.body {
				t.Fatalf("got %v, %x, %v; want %v, %s", header, body, err, tt.header, tt.body)
			}
			if c, ok := header.Concat(); c != tt.concat || ok != (tt.concat != Concat{}) {
				t.Errorf("concatenation is %+v, %v; want %+v", c, ok, tt.concat)
			}
			back, err := header.Append([]byte("head"))
			if err != nil || !bytes.Equal(back[4:], octets[:len(octets)-len(body)]) || header.Len() != len(back)-4 {
				t.Errorf("written again as %x of length %d, %v", back[4:], header.Len(), err)
			}
		})
	}
}

func TestParseUDHRefusesGarbage(t *testing.T) {
	tests := []struct {
		name, octets, body, says string
	}{
		{"nothing", "", "", "no octets"},
		{"header past the end", "06 00 03 01 02 01", "06 00 03 01 02 01", "only 5 octets follow"},
		{"length 255", "ff", "ff", "only 0 octets follow"},
		{"element without length", "01 00 61", "61", "has no length"},
		{"element past the end", "05 00 04 01 02 01 61", "61", "only 3 octets follow"},
		{"second element past the end", "07 00 03 01 02 01 70 01 61", "61", "only 0 octets follow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			header, body, err := ParseUDH(unhex(t, tt.octets))
			if !errors.Is(err, ErrUDH) || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want an error that says %q", err, tt.says)
			}
			if header != nil || !bytes.Equal(body, unhex(t, tt.body)) {
				t.Errorf("got header %v, body %x; want none, %s", header, body, tt.body)
			}
		})
	}
}

func TestAppendUDHTooLong(t *testing.T) {
	for _, h := range []UDH{{{1, make([]byte, 254)}}, {{1, make([]byte, 300)}}, {{1, make([]byte, 150)}, {2, make([]byte, 150)}}} {
		if got, err := h.Append([]byte("head")); !errors.Is(err, ErrUDH) || string(got) != "head" {
			t.Errorf("header of %d octets: %q, %v; want dst as it was and an error", h.Len(), got, err)
		}
	}
	if got, err := (UDH{{1, make([]byte, 253)}}).Append(nil); err != nil || len(got) != 256 {
		t.Errorf("the longest header gives %d octets, %v", len(got), err)
	}
}

func TestUDHRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var header UDH
		for i := range rapid.IntRange(0, 4).Draw(t, "elements") {
			header = append(header, Element{ID: uint8(0x70 + i), Data: rapid.SliceOfN(rapid.Byte(), 0, 30).Draw(t, "data")})
		}
		c := Concat{Ref: rapid.Uint16().Draw(t, "ref"), Bits: Ref16, Total: rapid.ByteMin(1).Draw(t, "total")}
		c.Seq = rapid.ByteRange(1, c.Total).Draw(t, "seq")
		if rapid.Bool().Draw(t, "8 bits") {
			c.Bits, c.Ref = Ref8, c.Ref&0xFF
		}
		header = append(header, c.Element())
		octets, err := header.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, body, err := ParseUDH(append(octets, "body"...))
		if err != nil || !reflect.DeepEqual(got, header) || string(body) != "body" {
			t.Fatalf("got %v, %q, %v; want %v", got, body, err, header)
		}
		if found, ok := got.Concat(); !ok || found != c {
			t.Fatalf("concatenation is %+v, want %+v", found, c)
		}
	})
}
