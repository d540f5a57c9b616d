package smppc

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// septets are those of a text with national tables.
func septets(t testing.TB, text string, e gsm.Encoding) []byte {
	t.Helper()
	out, ok := gsm.AppendSeptets(nil, text, e)
	if !ok {
		t.Fatalf("%q is not %v", text, e)
	}
	return out
}

var turkish = gsm.National(gsm.Turkish, gsm.Turkish)

// National tables: each part tells them in its header, on links whose alphabet is
// the septets; on others the text is converted and nothing is told.
func TestEncodeNational(t *testing.T) {
	concat := &gsm.Concat{Ref: 0x1234, Bits: gsm.Ref8, Total: 3, Seq: 2}
	text := septets(t, "ışık", turkish)
	printed := strings.ReplaceAll(smpp.Print(&smpp.SubmitSM{ShortMessage: text}, true), "\n", "")
	_, printed, _ = strings.Cut(printed, `short_message="`)
	printed = strings.TrimSuffix(printed, `"`)
	full := septets(t, strings.Repeat("ş", 152), turkish)
	tests := []struct {
		name     string
		settings string
		change   func(s *connect.Submission)
		want     string
	}{
		{"one part", "", func(*connect.Submission) {}, `esm_class=0x40 … data_coding=0x00 … short_message="\x06$\x01\x01%\x01\x01` + printed + `"`},
		{"single shift alone", "", func(s *connect.Submission) {
			s.Encoding, s.Payload = gsm.National(gsm.NoLanguage, gsm.Spanish), septets(t, "á", gsm.National(gsm.NoLanguage, gsm.Spanish))
		}, `short_message="\x03$\x01\x02\x1ba"`},
		{"8-bit reference", "", func(s *connect.Submission) { s.Concat = concat }, `esm_class=0x40 … short_message="\v\x00\x034\x03\x02$\x01\x01%\x01\x01` + printed + `"`},
		{"16-bit reference", "", func(s *connect.Submission) { s.Concat, s.Long = concat, sms.LongUDH16 },
			`esm_class=0x40 … short_message="\f\b\x04\x124\x03\x02$\x01\x01%\x01\x01` + printed + `"`},
		{"sar becomes a header", "", func(s *connect.Submission) { s.Concat, s.Long = concat, sms.LongSAR },
			`esm_class=0x40 … short_message="\v\x00\x034\x03\x02$\x01\x01%\x01\x01` + printed + `"`},
		{"a payload that fits", "", func(s *connect.Submission) { s.Long, s.Payload = sms.LongPayload, full },
			`esm_class=0x40 … short_message="\x06$\x01\x01%\x01\x01`},
		{"a payload that does not", "", func(s *connect.Submission) {
			s.Long, s.Payload = sms.LongPayload, append(slices.Clone(full), full[:1]...)
		}, `esm_class=0x00 … data_coding=0x08 … short_message="" message_payload="` + strings.Repeat(`\x01_`, 153) + `"`},
		{"on a Latin-1 link, in UCS-2", `"default_alphabet": "latin1"`, func(*connect.Submission) {},
			`esm_class=0x00 … data_coding=0x08 … short_message="\x011\x01_\x011\x00k"`},
		{"on a Latin-1 link, in sar", `"default_alphabet": "latin1"`, func(s *connect.Submission) {
			s.Encoding, s.Concat, s.Long = gsm.National(gsm.NoLanguage, gsm.Spanish), concat, sms.LongSAR
			s.Payload, s.Group = septets(t, "á", s.Encoding), &sms.Group{Text: "éáí"}
		}, `esm_class=0x00 … data_coding=0x00 … short_message="\xe1" sar_msg_ref_num=0x1234`},
		{"what Latin-1 has", `"default_alphabet": "latin1"`, func(s *connect.Submission) {
			s.Encoding = gsm.National(gsm.NoLanguage, gsm.Spanish)
			s.Payload = septets(t, "á", s.Encoding)
		}, `esm_class=0x00 … data_coding=0x00 … short_message="\xe1"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := submission(t, "")
			s.Encoding, s.Payload = turkish, text
			tt.change(s)
			checkWire(t, parsed(t, tt.settings), s, tt.want)
		})
	}
}

// checkWire looks for the pieces of want, in order, in the PDU as it is printed.
func checkWire(t *testing.T, cfg *settings, s *connect.Submission, want string) *smpp.SubmitSM {
	t.Helper()
	p, err := wire(t, cfg, s)
	if err != nil {
		t.Fatal(err)
	}
	got := smpp.Print(p, true)
	rest := got
	for _, piece := range strings.Split(want, " … ") {
		_, after, found := strings.Cut(rest, piece)
		if !found {
			t.Fatalf("got %s\nwant %s", got, want)
		}
		rest = after
	}
	return p
}

// The packed form of national septets starts behind the whole header.
func TestEncodeNationalPacked(t *testing.T) {
	s := submission(t, "")
	s.Encoding, s.Payload = turkish, septets(t, "ışık", turkish)
	p, err := wire(t, parsed(t, `"default_alphabet": "gsm7-packed"`), s)
	if err != nil {
		t.Fatal(err)
	}
	header, body, err := gsm.ParseUDH(p.ShortMessage)
	if err != nil || header.National() != turkish {
		t.Fatalf("header %v, %v", header, err)
	}
	back, _, err := gsm.Assemble([]gsm.Part{{Charset: gsm.CharsetGSM7Packed, Encoding: turkish, HeaderLen: header.Len(), Body: body}})
	if err != nil || back != "ışık" {
		t.Errorf("text %q, %v", back, err)
	}
}

// Content that the caller made goes out as it is.
func TestEncodeRaw(t *testing.T) {
	concat := []byte{5, 0, 3, 9, 2, 1}
	port := []byte{6, 5, 4, 0x0B, 0x84, 0, 0}
	national := []byte{11, 0, 3, 9, 2, 1, 0x24, 1, 1, 0x25, 1, 1}
	text := septets(t, "ışık", turkish)
	tests := []struct {
		name     string
		settings string
		raw      sms.Raw
		coding   uint8
		protocol uint8
		enc      gsm.Encoding
		long     sms.LongMode
		want     string
	}{
		{"binary", "", sms.Raw{Header: port, Body: []byte{1, 0xFF}}, 0xF5, 0x41, gsm.Octets, sms.LongUDH8,
			`esm_class=0x40 protocol_id=65 … data_coding=0xf5 … short_message="\x06\x05\x04\v\x84\x00\x00\x01\xff"`},
		{"binary without a header", "", sms.Raw{Body: []byte{1, 0xFF}}, 4, 0, gsm.Octets, sms.LongUDH8,
			`esm_class=0x00 protocol_id=0 … data_coding=0x04 … short_message="\x01\xff"`},
		{"part in UCS-2", `"data_coding_ucs2": 24`, sms.Raw{Header: concat, Body: []byte{0xD8, 0}}, 99, 0, gsm.UCS2, sms.LongUDH16,
			`esm_class=0x40 … data_coding=0x18 … short_message="\x05\x00\x03\t\x02\x01\xd8\x00"`},
		{"part in GSM-7", `"data_coding_default": 1`, sms.Raw{Header: concat, Body: gsm7(t, "à")}, 0, 0, gsm.GSM7, sms.LongPayload,
			`esm_class=0x40 … data_coding=0x01 … short_message="\x05\x00\x03\t\x02\x01\x7f"`},
		{"part for a sar route", "", sms.Raw{Header: concat, Body: gsm7(t, "a")}, 0, 0, gsm.GSM7, sms.LongSAR,
			`esm_class=0x00 … short_message="a" sar_msg_ref_num=0x0009 sar_total_segments=0x02 sar_segment_seqnum=0x01`},
		{"header that is more than a concatenation, for a sar route", "", sms.Raw{Header: national, Body: text}, 0, 0, gsm.GSM7, sms.LongSAR,
			`esm_class=0x40 … short_message="\v\x00\x03\t\x02\x01$\x01\x01%\x01\x01`},
		{"port for a sar route", "", sms.Raw{Header: port, Body: []byte{1}}, 0, 0, gsm.Octets, sms.LongSAR, `esm_class=0x40 … short_message="\x06\x05\x04\v\x84\x00\x00\x01"`},
		{"packed behind its header", `"default_alphabet": "gsm7-packed"`, sms.Raw{Header: concat, Body: gsm7(t, "Hi")}, 0, 0, gsm.GSM7, sms.LongUDH8,
			`short_message="\x05\x00\x03\t\x02\x01\x90i"`},
		{"national on a Latin-1 link loses its tables", `"default_alphabet": "latin1"`, sms.Raw{Header: national, Body: text}, 0, 0, gsm.GSM7, sms.LongUDH8,
			`esm_class=0x40 … data_coding=0x08 … short_message="\x05\x00\x03\t\x02\x01\x011\x01_\x011\x00k"`},
		{"and its header, when there is nothing else", `"default_alphabet": "latin1"`, sms.Raw{Header: national[6:], Body: text}, 0, 0, gsm.GSM7, sms.LongUDH8,
			`esm_class=0x00 … data_coding=0x08 … short_message="\x011\x01_\x011\x00k"`},
		{"all that fits beside its header as UCS-2", `"default_alphabet": "ascii"`, sms.Raw{Header: concat, Body: gsm7(t, strings.Repeat("é", 67))}, 0, 0, gsm.GSM7, sms.LongUDH8,
			`esm_class=0x40 … data_coding=0x08 … short_message="\x05\x00\x03\t\x02\x01` + strings.Repeat(`\x00\xe9`, 67) + `"`},
		{"all that fits beside sar_ parameters as UCS-2", `"default_alphabet": "ascii"`, sms.Raw{Header: concat, Body: gsm7(t, strings.Repeat("é", 67))}, 0, 0, gsm.GSM7, sms.LongSAR,
			`esm_class=0x00 … data_coding=0x08 … short_message="` + strings.Repeat(`\x00\xe9`, 67) + `" sar_msg_ref_num=0x0009`},
		{"header that makes no sense goes as it is", `"default_alphabet": "latin1"`, sms.Raw{Header: []byte{2, 0, 9}, Body: gsm7(t, "à")}, 0, 0, gsm.GSM7, sms.LongSAR,
			`esm_class=0x40 … short_message="\x02\x00\t\xe0"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := submission(t, "")
			s.Encoding, s.Payload, s.Long = tt.enc, tt.raw.Body, tt.long
			s.Group = &sms.Group{Raw: &tt.raw, Coding: tt.coding, Protocol: tt.protocol}
			if tt.name == "and its header, when there is nothing else" {
				tt.raw.Header = append([]byte{6}, tt.raw.Header...)
			}
			before := bytes.Clone(tt.raw.Header)
			checkWire(t, parsed(t, tt.settings), s, tt.want)
			if !bytes.Equal(before, tt.raw.Header) {
				t.Error("the header was changed")
			}
		})
	}
	s := submission(t, "")
	s.Encoding, s.Payload, s.Group = gsm.Octets, make([]byte, 255), &sms.Group{Raw: &sms.Raw{}, Coding: 4}
	if _, err := wire(t, parsed(t, ""), s); !errors.Is(err, errTooLong) {
		t.Errorf("too long: %v", err)
	}
	s.Group.Raw = nil
	if _, err := wire(t, parsed(t, ""), s); !errors.Is(err, errEncoding) {
		t.Errorf("octets without a coding: %v", err)
	}
}

// A receipt is asked for the parts that are to have one.
func TestEncodeReceiptPerPart(t *testing.T) {
	for _, asked := range []bool{true, false} {
		s := submission(t, "Hi")
		s.Concat, s.Receipt = &gsm.Concat{Ref: 7, Total: 2, Seq: 1}, asked
		p, err := wire(t, parsed(t, `"registered_delivery": 17`), s)
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]uint8{true: 17}[asked]; p.RegisteredDelivery != want {
			t.Errorf("asked %v: registered_delivery %d", asked, p.RegisteredDelivery)
		}
	}
}

// The operator's own parameters stand behind ours.
func TestEncodeParameters(t *testing.T) {
	cfg := parsed(t, `"tlvs": [{"tag": "0x1400", "type": "string", "value": "1201159"}, {"tag": 5121, "type": "cstring", "value": "{sender}>{to}"},
		{"tag": "dest_network_type", "type": "uint8", "value": 1}, {"tag": "0x1402", "type": "uint16", "value": "0x0102"},
		{"tag": "0x1403", "type": "uint32", "value": 4278190081}, {"tag": "0x1404", "type": "hex", "value": "00ff"}, {"tag": "0x1405", "type": "string", "value": ""}],
		"destination_prefix": "+"`)
	s := submission(t, "Hi")
	s.Concat, s.Long = &gsm.Concat{Ref: 7, Total: 2, Seq: 1}, sms.LongSAR
	p := checkWire(t, cfg, s, `sar_segment_seqnum=0x01 tag_0x1400=`)
	var got []string
	for tag, v := range p.TLVs.All() {
		got = append(got, tag.String()+"="+string(v))
	}
	want := []string{"tag_0x1400=1201159", "tag_0x1401=Harkara>+8801712345678\x00", "dest_network_type=\x01", "tag_0x1402=\x01\x02",
		"tag_0x1403=\xff\x00\x00\x01", "tag_0x1404=\x00\xff", "tag_0x1405="}
	if !slices.Equal(got[3:], want) {
		t.Errorf("got %q\nwant %q", got[3:], want)
	}
}

// Fixed parameters cost nothing per message.
func TestEncodeParametersDoesNotAllocate(t *testing.T) {
	cfg, s, e := parsed(t, `"tlvs": [{"tag": "0x1400", "type": "string", "value": "1201159"}]`), submission(t, "Hi"), new(encoder)
	s.Encoding, s.Payload = turkish, septets(t, "ışık", turkish)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.encode(cfg, s, noon); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The class and the protocol_id that an SMPP customer gave a text reach the
// operator, where the link's codes are those of TS 23.038 §4.
func TestEncodeClass(t *testing.T) {
	for _, c := range []struct {
		settings string
		kind     sms.Type
		enc      gsm.Encoding
		coding   uint8
		want     string
	}{
		{"", sms.TypeSMS, gsm.GSM7, 0x11, "protocol_id=64 … data_coding=0x11"},
		{"", sms.TypeSMS, gsm.GSM7, 0xF2, "data_coding=0x12"},
		{"", sms.TypeUnicode, gsm.UCS2, 0x1B, "data_coding=0x1b"},
		{"", sms.TypeFlash, gsm.GSM7, 0x10, "data_coding=0x10"},
		{`"flash_default": 240`, sms.TypeFlash, gsm.GSM7, 0x10, "data_coding=0xf0"},
		{"", sms.TypeSMS, gsm.GSM7, 3, "data_coding=0x00"}, // Latin-1 was the customer's way to write it
		{`"data_coding_default": 1`, sms.TypeSMS, gsm.GSM7, 0x11, "data_coding=0x01"},
		{`"default_alphabet": "latin1"`, sms.TypeSMS, gsm.GSM7, 0x11, "data_coding=0x00"},
		{`"data_coding_ucs2": 24`, sms.TypeUnicode, gsm.UCS2, 0x19, "data_coding=0x18"},
	} {
		s := submission(t, "x")
		s.Type, s.Encoding, s.Group = c.kind, c.enc, &sms.Group{Type: c.kind, Text: "x", Coding: c.coding, Protocol: 0x40}
		if c.enc == gsm.UCS2 {
			s.Payload = gsm.AppendUCS2(nil, "x")
		}
		checkWire(t, parsed(t, c.settings), s, c.want)
	}
}
