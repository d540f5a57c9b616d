package gsm

import (
	"errors"
	"strings"
	"testing"
)

func TestAssemble(t *testing.T) {
	part := func(seq, total uint8, cs Charset, octets string) Part {
		return Part{Concat: Concat{Ref: 9, Bits: Ref8, Total: total, Seq: seq}, Charset: cs, Body: unhex(t, octets)}
	}
	packed := func(seq, total uint8, text string) Part {
		septets, ok := AppendGSM7(nil, text)
		if !ok {
			t.Fatalf("%q is not GSM-7", text)
		}
		p := part(seq, total, CharsetGSM7Packed, "")
		p.HeaderLen, p.Body = 6, AppendPacked(nil, septets, 6)
		return p
	}
	tests := []struct {
		name    string
		parts   []Part
		want    string
		missing int
	}{
		{"one without numbers", []Part{{Charset: CharsetGSM7, Body: unhex(t, "6100")}}, "a@", 0},
		{"in order", []Part{part(1, 2, CharsetGSM7, "61"), part(2, 2, CharsetGSM7, "62")}, "ab", 0},
		{"in disorder", []Part{part(3, 3, CharsetGSM7, "63"), part(1, 3, CharsetGSM7, "61"), part(2, 3, CharsetGSM7, "62")}, "abc", 0},
		{"twice, the first counts", []Part{part(2, 2, CharsetGSM7, "62"), part(1, 2, CharsetGSM7, "61"), part(2, 2, CharsetGSM7, "7a")}, "ab", 0},
		{"surrogate pair cut", []Part{part(2, 2, CharsetUCS2, "de000062"), part(1, 2, CharsetUCS2, "0061d83d")}, "a😀b", 0},
		{"unit cut", []Part{part(1, 2, CharsetUCS2, "006109"), part(2, 2, CharsetUCS2, "860062")}, "aআb", 0},
		{"octet lost", []Part{part(1, 2, CharsetUCS2, "006109"), part(2, 2, CharsetUCS2, "00620063")}, "a\ufffdbc", 0},
		{"escape pair cut", []Part{part(1, 2, CharsetGSM7, "611b"), part(2, 2, CharsetGSM7, "6562")}, "a€b", 0},
		{"packed", []Part{packed(1, 2, "hello "), packed(2, 2, "world€")}, "hello world€", 0},
		{"packed, empty part", []Part{packed(1, 2, "hello"), packed(2, 2, "")}, "hello", 0},
		{"charset changes", []Part{part(1, 3, CharsetGSM7, "61"), part(2, 3, CharsetUCS2, "0986"), part(3, 3, CharsetLatin1, "e9")}, "aআé", 0},
		{"middle missing", []Part{part(3, 3, CharsetGSM7, "63"), part(1, 3, CharsetGSM7, "61")}, "ac", 1},
		{"halves of a pair do not meet across a gap", []Part{part(1, 3, CharsetUCS2, "d83d"), part(3, 3, CharsetUCS2, "de00")}, "\ufffd\ufffd", 1},
		{"first and last missing", []Part{part(2, 3, CharsetGSM7, "62")}, "b", 2},
		{"255 parts", []Part{part(255, 255, CharsetGSM7, "7a")}, "z", 254},
		{"empty bodies", []Part{part(1, 2, CharsetUCS2, ""), part(2, 2, CharsetUCS2, "")}, "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, missing, err := Assemble(tt.parts)
			if err != nil || got != tt.want || missing != tt.missing {
				t.Fatalf("got %q, %d missing, %v; want %q, %d", got, missing, err, tt.want, tt.missing)
			}
		})
	}
}

func TestAssembleErrors(t *testing.T) {
	c := Concat{Ref: 9, Bits: Ref8, Total: 2, Seq: 1}
	with := func(change func(*Concat)) []Part {
		other := c
		change(&other)
		return []Part{{Concat: c}, {Concat: other}}
	}
	tests := []struct {
		name  string
		parts []Part
		want  error
		says  string
	}{
		{"none", nil, ErrParts, "none"},
		{"other reference", with(func(c *Concat) { c.Ref = 8 }), ErrParts, "differ"},
		{"other width", with(func(c *Concat) { c.Bits = Ref16 }), ErrParts, "differ"},
		{"other total", with(func(c *Concat) { c.Total = 3 }), ErrParts, "differ"},
		{"part 0", with(func(c *Concat) { c.Seq = 0 }), ErrParts, "part 0 of 2"},
		{"part 3 of 2", with(func(c *Concat) { c.Seq = 3 }), ErrParts, "part 3 of 2"},
		{"numbered and not", []Part{{Concat: c}, {}}, ErrParts, "differ"},
		{"binary", []Part{{Charset: CharsetBinary, Body: []byte("secret")}}, ErrNotText, "binary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			text, missing, err := Assemble(tt.parts)
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "secret") {
				t.Fatalf("got %v; want %v that says %q", err, tt.want, tt.says)
			}
			if text != "" || missing != 0 {
				t.Errorf("got %q, %d missing beside the error", text, missing)
			}
		})
	}
}
