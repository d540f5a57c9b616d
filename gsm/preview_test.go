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
		{"quotes", "é “x” “", Options{}, 1, 7, 63, []Outsider{{'“', 3, 2, 2, `"`, true}, {'”', 7, 4, 1, `"`, true}}},
		{"emoji and control", "a\t😀", Options{}, 1, 3, 66, []Outsider{{'\t', 1, 1, 1, " ", true}, {'😀', 2, 2, 1, "", false}}},
		{"invalid UTF-8", "a\xff\xfe", Options{}, 1, 3, 67, []Outsider{{'\ufffd', 1, 1, 2, "", false}}},
		{"zero width, fraction", "1\u200b½", Options{}, 1, 3, 67, []Outsider{{'\u200b', 1, 1, 1, "", true}, {'½', 4, 2, 1, "1/2", true}}},
		{"with tables", "ş ş", Options{National: []Language{Turkish}}, 1, 3, 152, nil},
		{"no pair of tables", "şğ 😀", Options{National: []Language{Spanish, Turkish}}, 1, 4, 65, []Outsider{{'😀', 5, 3, 1, "", false}}},
		{"two scripts", "नमस्ते আ", Options{National: []Language{Bengali, Hindi}}, 1, 8, 62, []Outsider{{'আ', 19, 7, 1, "", false}}},
		{"UCS-2 on request", "abc", Options{Encoding: UCS2}, 1, 3, 67, nil},
		{"the link has no euro", "a€", Options{Charset: CharsetLatin1}, 1, 2, 68, []Outsider{{'€', 1, 1, 1, "", false}}},
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
	if want := []Outsider{{'“', 2, 2, 1, `"`, true}}; !errors.Is(err, ErrUnencodable) || !reflect.DeepEqual(got.Outside, want) {
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

func TestPreviewOfChoices(t *testing.T) {
	got, err := Preview("“Ş” á", Options{National: []Language{Turkish, Spanish, Portuguese}})
	if err != nil || got.Encoding != UCS2 || got.Parts != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	var list []string
	for _, n := range got.National {
		list = append(list, n.Language.String()+" "+n.Size.Encoding.String())
	}
	if want := []string{"tr ucs2", "es ucs2", "pt ucs2"}; !reflect.DeepEqual(list, want) {
		t.Errorf("by language: %v, want %v", list, want)
	}
	if want := National(Turkish, Spanish); got.Smart == nil || got.Smart.Text != `"Ş" á` || got.Smart.Size.Encoding != want ||
		len(got.Smart.Substitutions) != 2 {
		t.Errorf("smart: %+v, want %v", got.Smart, want)
	}
	got, err = Preview(strings.Repeat("ş", 200), Options{National: []Language{Turkish, Bengali}})
	if err != nil || got.Parts != 2 || got.Smart != nil || len(got.National) != 2 || got.National[0].Size != got.Size || got.National[1].Size.Parts != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	// Of UCS-2 on request, and of one pair on request, there is no choice.
	for _, e := range []Encoding{UCS2, National(Turkish, NoLanguage)} {
		if got, err := Preview("ş", Options{Encoding: e, National: []Language{Turkish}}); err != nil || got.National != nil || got.Encoding != e {
			t.Errorf("%v: got %+v, %v", e, got, err)
		}
	}
	// Smart substitution of a text that is too long all the same.
	got, err = Preview(strings.Repeat("“", 400), Options{Max: 1})
	if !errors.Is(err, ErrTooManyParts) || got.Parts != 6 || got.Smart == nil || got.Smart.Size.Parts != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
	got, err = Preview("“ş”", Options{Encoding: GSM7})
	if !errors.Is(err, ErrUnencodable) || got.Smart != nil || len(got.Outside) != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}
