package smppc

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/smpp"
)

// idSpellings are how one id may stand in the response, in the text and in the
// TLV of its receipt; "" where it does not.
var idSpellings = []struct{ response, text, tlv, form string }{
	{"5F00000A", "5f00000a", "", "same"},
	{"5f00000a", "0x5F00000A", "", "same"},
	{"5f00000a", "1593835530", "", "decimal to hex"},
	{"1593835530", "5F00000A", "", "hex to decimal"},
	{"000123", "0000000123", "", "same"},
	{"5f00000a", "0001593835530", "5F00000A", "tlv same"},
	{"1593835530", "1593835530", "5f00000a", "tlv hex to decimal"},
	{"5f00000a", "someone else's", "1593835530", "tlv decimal to hex"},
	{"5f00000a", "5f00000a", "42", "same"}, // the TLV is about something else
	{"5f00000a", "", "5f00000a", "tlv same"},
	{"FFFFFFFFFFFFFFFFFFFFFFFF", "79228162514264337593543950335", "", "decimal to hex"},
	{"0f8fad5b-d9cb-469f-a165-70867728950e", "0F8FAD5B-D9CB-469F-A165-70867728950E", "", "same"},
	{"0118Z-0122I", "0118z-0122i", "", "same"},
}

// TestReceiptVariants: each of the texts of the field, with each spelling of its
// id, in each form in which it may come, finds the part that the response named,
// by the form that the profile then shows; what else the receipt says is read as
// before.
func TestReceiptVariants(t *testing.T) {
	id := regexp.MustCompile(`(?i)\bid:\S*`)
	cfg := parsed(t, "")
	for _, sample := range receiptSamples {
		if !id.MatchString(sample.text) {
			continue // without an id in the text: only a TLV can name it, see TestReceiptSamples
		}
		for _, sp := range idSpellings {
			text := id.ReplaceAllLiteralString(sample.text, "id:"+strings.ReplaceAll(sp.text, " ", "_"))
			params := slices.Clone(sample.tlvs)
			params.Delete(smpp.TagReceiptedMessageID)
			if sp.tlv != "" {
				if err := params.AddText(smpp.TagReceiptedMessageID, sp.tlv); err != nil {
					t.Fatal(err)
				}
			}
			for _, how := range []string{"deliver_sm", "payload", "data_sm", "UCS-2"} {
				got := readSample(t, cfg, how, text, params)
				at := slices.Index(got.IDs, smpp.MessageIDKey(sp.response))
				name := fmt.Sprintf("%s/%s, response %s, text %s, TLV %s", sample.name, how, sp.response, sp.text, sp.tlv)
				switch {
				case at < 0:
					t.Errorf("%s: looks for %q", name, got.IDs)
				case got.Forms[at] != sp.form:
					t.Errorf("%s: found by %q, want %q", name, got.Forms[at], sp.form)
				}
				if got.State != sample.state || got.Code != sample.code {
					t.Errorf("%s: %v with code %q, want %v with %q", name, got.State, got.Code, sample.state, sample.code)
				}
			}
		}
	}
}

// TestReceiptVariantsAreAllThere: the samples are numbered as in the list of what
// was seen in the field; none is left out.
func TestReceiptVariantsAreAllThere(t *testing.T) {
	const variants = 34
	seen := map[string]bool{}
	for _, sample := range receiptSamples {
		number, _, _ := strings.Cut(sample.name, " ")
		seen[number] = true
	}
	for n := 1; n <= variants; n++ {
		if !seen[fmt.Sprint(n)] {
			t.Errorf("no sample of variant %d", n)
		}
	}
}
