package gsm

import (
	"bytes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

func TestPackedVectors(t *testing.T) {
	tests := []struct {
		name      string
		septets   string // hexadecimal
		headerLen int
		packed    string
	}{
		{"nothing", "", 0, ""},
		{"nothing behind a header", "", 6, ""},
		{"one", "61", 0, "61"},
		{"seven leave seven bits", "61616161616161", 0, "e170381c0e8701"},
		{"eight fill seven octets", "6161616161616161", 0, "e170381c0e87c3"},
		{"nine", "616161616161616161", 0, "e170381c0e87c361"},
		// 6 octets are 48 bits, septet 7 begins at bit 49: one fill bit.
		{"one fill bit behind 6 octets", "61", 6, "c2"},
		{"a full octet behind 6 octets", "6161", 6, "c261"},
		{"no fill bits behind 7 octets", "61", 7, "61"},
		// 8 octets are 64 bits, the next boundary is 70: six fill bits.
		{"six fill bits behind 8 octets", "61", 8, "4018"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			septets, err := hex.DecodeString(tt.septets)
			if err != nil {
				t.Fatal(err)
			}
			packed := AppendPacked([]byte("head"), septets, tt.headerLen)
			if got := hex.EncodeToString(packed[4:]); got != tt.packed || string(packed[:4]) != "head" {
				t.Fatalf("packed to %s, want %s", got, tt.packed)
			}
			for _, n := range []int{len(septets), -1} {
				back := AppendUnpacked([]byte("head"), packed[4:], tt.headerLen, n)
				if string(back[:4]) != "head" || !bytes.Equal(back[4:], septets) {
					t.Errorf("unpacked %d to %x, want %s", n, back[4:], tt.septets)
				}
			}
		})
	}
}

func TestUnpackedLength(t *testing.T) {
	eight := []byte{0xe1, 0x70, 0x38, 0x1c, 0x0e, 0x87, 0xc3}
	seven := []byte{0xe1, 0x70, 0x38, 0x1c, 0x0e, 0x87, 0x01}
	tests := []struct {
		name      string
		packed    []byte
		headerLen int
		n, want   int
	}{
		{"as many as told", eight, 0, 3, 3},
		{"none", eight, 0, 0, 0},
		{"more than there are", eight, 0, 160, 8},
		{"by itself", eight, 0, -1, 8},
		{"padding is no at sign", seven, 0, -1, 7},
		{"unless told so", seven, 0, 8, 8},
		{"only fill bits", nil, 6, 5, 0},
		{"one octet behind six fill bits", []byte{0xff}, 8, -1, 0},
		{"negative header", []byte{0x61}, -3, 1, 1},
	}
	for _, tt := range tests {
		if got := len(AppendUnpacked(nil, tt.packed, tt.headerLen, tt.n)); got != tt.want {
			t.Errorf("%s: %d septets, want %d", tt.name, got, tt.want)
		}
	}
}

func TestPackedRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		septets := rapid.SliceOfN(rapid.ByteRange(0, 0x7F), 0, 200).Draw(t, "septets")
		headerLen := rapid.IntRange(0, 139).Draw(t, "header")
		packed := AppendPacked(nil, septets, headerLen)
		if got := AppendUnpacked(nil, packed, headerLen, len(septets)); !bytes.Equal(got, septets) {
			t.Fatalf("got %x, want %x", got, septets)
		}
		bits := headerLen*8 + len(packed)*8
		if end := (headerLen*8+6)/7*7 + 7*len(septets); len(septets) > 0 && (bits < end || bits >= end+8) {
			t.Fatalf("%d septets behind %d octets end at bit %d, but %d bits were written", len(septets), headerLen, end, bits)
		}
	})
}
