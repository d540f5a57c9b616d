package gsm

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestPreview(t *testing.T) {
	tests := []struct {
		name       string
		text       string
		o          Options
		parts      int
		characters int
		left       int
		outside    []Outsider
	}{
		{"empty", "", Options{}, 1, 0, 160, nil},
		{"GSM-7", "5 € ok", Options{}, 1, 6, 153, nil},
		{"long GSM-7", strings.Repeat("a", 161), Options{}, 2, 161, 145, nil},
		{"quotes", "é “x” “", Options{}, 1, 7, 63, []Outsider{{'“', 3, 2, 2}, {'”', 7, 4, 1}}},
		{"emoji and control", "a\t😀", Options{}, 1, 3, 66, []Outsider{{'\t', 1, 1, 1}, {'😀', 2, 2, 1}}},
		{"invalid UTF-8", "a\xff\xfe", Options{}, 1, 3, 67, []Outsider{{'\ufffd', 1, 1, 2}}},
		{"UCS-2 on request", "abc", Options{Encoding: UCS2}, 1, 3, 67, nil},
		{"the link has no euro", "a€", Options{Charset: CharsetLatin1}, 1, 2, 68, []Outsider{{'€', 1, 1, 1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Preview(tt.text, tt.o)
			if err != nil || got.Parts != tt.parts || got.Characters != tt.characters || got.Left() != tt.left {
				t.Fatalf("got %+v, %v", got, err)
			}
			if !reflect.DeepEqual(got.Outside, tt.outside) {
				t.Errorf("outside GSM-7: %+v, want %+v", got.Outside, tt.outside)
			}
			if size, _ := Measure(tt.text, tt.o); got.Size != size {
				t.Errorf("size %+v, measured %+v", got.Size, size)
			}
		})
	}
}

func TestPreviewExplainsRefusals(t *testing.T) {
	got, err := Preview("a “", Options{Encoding: GSM7})
	if want := []Outsider{{'“', 2, 2, 1}}; !errors.Is(err, ErrUnencodable) || !reflect.DeepEqual(got.Outside, want) {
		t.Errorf("got %+v, %v; want %+v and ErrUnencodable", got, err, want)
	}
	got, err = Preview(strings.Repeat("আ", 71), Options{Max: 1})
	if !errors.Is(err, ErrTooManyParts) || got.Parts != 2 || len(got.Outside) != 1 || got.Outside[0].Count != 71 {
		t.Errorf("got %+v, %v; want 2 parts and ErrTooManyParts", got, err)
	}
	if got, err := Preview("a", Options{RefBits: 9}); !errors.Is(err, ErrOptions) || !reflect.DeepEqual(got, Report{}) {
		t.Errorf("got %+v, %v; want ErrOptions", got, err)
	}
}
