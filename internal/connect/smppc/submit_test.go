package smppc

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func parsed(t testing.TB, more string) *settings {
	t.Helper()
	raw := []byte(minimal)
	if more != "" {
		raw = with(more)
	}
	s, err := parseSettings(raw)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func gsm7(t testing.TB, text string) []byte {
	t.Helper()
	septets, ok := gsm.AppendGSM7(nil, text)
	if !ok {
		t.Fatalf("%q is not GSM-7", text)
	}
	return septets
}

// submission is a plain one; change it per case.
func submission(t testing.TB, text string) *connect.Submission {
	return &connect.Submission{Type: sms.TypeSMS, From: "Harkara", FromIs: sms.SenderAlpha, To: "8801712345678",
		Encoding: gsm.GSM7, Payload: gsm7(t, text), Long: sms.LongUDH8, Group: &sms.Group{}}
}

// wire encodes a submission, puts it into a frame and reads it back, as the
// operator will.
func wire(t testing.TB, cfg *settings, s *connect.Submission) (*smpp.SubmitSM, error) {
	t.Helper()
	e := &encoder{text: []byte("what was there before"), tlvs: smpp.TLVs("likewise")}
	e.pdu.ESMClass = 0xFF
	if err := e.encode(cfg, s, noon); err != nil {
		return nil, err
	}
	frame, err := smpp.Append(nil, smpp.Header{Sequence: 1}, &e.pdu)
	if err != nil {
		return nil, err
	}
	_, p, err := smpp.Decode(frame)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*smpp.SubmitSM), nil
}

func TestEncode(t *testing.T) {
	concat := &gsm.Concat{Ref: 0x1234, Bits: gsm.Ref8, Total: 3, Seq: 2}
	tests := []struct {
		name     string
		settings string
		change   func(s *connect.Submission)
		want     string // String of the PDU, with the text
	}{
		{"plain", "", func(s *connect.Submission) {},
			`submit_sm service_type="" source_addr=5/0/"Harkara" dest_addr=1/1/"8801712345678" esm_class=0x00 protocol_id=0 priority_flag=0 schedule_delivery_time="" validity_period="" registered_delivery=0x00 replace_if_present_flag=0 data_coding=0x00 sm_default_msg_id=0 short_message="Hi"`},
		{"receipt, validity, class of service", `"service_type": "CMT", "priority": 2, "registered_delivery": 17`,
			func(s *connect.Submission) { s.Receipt, s.ValidTo = true, noon.Add(25*time.Hour+time.Millisecond) },
			`service_type="CMT" … priority_flag=2 schedule_delivery_time="" validity_period="000001010001000R" registered_delivery=0x11`},
		{"validity that is over", "", func(s *connect.Submission) { s.ValidTo = noon.Add(-time.Hour) }, `validity_period="000000000001000R"`},
		{"absolute validity", `"validity": "absolute"`, func(s *connect.Submission) { s.ValidTo = noon.Add(90 * time.Minute).In(time.FixedZone("", 6*3600)) },
			`validity_period="261124133000000+"`},
		{"no validity", `"validity": "none"`, func(s *connect.Submission) { s.ValidTo = noon.Add(time.Hour) }, `validity_period=""`},
		{"numeric sender", "", func(s *connect.Submission) { s.From = "8801700000000" }, `source_addr=1/1/"8801700000000"`},
		{"numeric sender with plus", "", func(s *connect.Submission) { s.From = "+8801700000000" }, `source_addr=1/1/"8801700000000"`},
		{"short code sender", "", func(s *connect.Submission) { s.From = "16789" }, `source_addr=3/0/"16789"`},
		{"sender by settings", `"source_address": "16789", "source_short": {"ton": 6, "npi": 9}`, func(s *connect.Submission) {}, `source_addr=6/9/"16789"`},
		{"short code recipient", "", func(s *connect.Submission) { s.To, s.Short = "999", true }, `dest_addr=3/0/"999"`},
		{"destination by settings", `"destination": {"ton": 0, "npi": 1}, "destination_prefix": "+"`, func(s *connect.Submission) {}, `dest_addr=0/1/"+8801712345678"`},
		{"prefix is not for short codes", `"destination_prefix": "00"`, func(s *connect.Submission) { s.To, s.Short = "999", true }, `dest_addr=3/0/"999"`},
		{"flash", "", func(s *connect.Submission) { s.Type = sms.TypeFlash }, `data_coding=0x10`},
		{"flash in UCS-2", "", func(s *connect.Submission) {
			s.Type, s.Encoding, s.Payload = sms.TypeFlash, gsm.UCS2, []byte{0x04, 0x1F}
		}, `data_coding=0x18 sm_default_msg_id=0 short_message="\x04\x1f"`},
		{"flash by settings", `"flash_default": 240, "flash_ucs2": 8`, func(s *connect.Submission) { s.Type = sms.TypeFlash }, `data_coding=0xf0`},
		{"UCS-2", "", func(s *connect.Submission) { s.Encoding, s.Payload = gsm.UCS2, []byte{0x04, 0x1F} }, `data_coding=0x08`},
		{"8-bit header", "", func(s *connect.Submission) { s.Concat = concat }, `esm_class=0x40 … short_message="\x05\x00\x034\x03\x02Hi"`},
		{"16-bit header", "", func(s *connect.Submission) { s.Concat, s.Long = concat, sms.LongUDH16 }, `esm_class=0x40 … short_message="\x06\b\x04\x124\x03\x02Hi"`},
		{"sar", "", func(s *connect.Submission) { s.Concat, s.Long = concat, sms.LongSAR },
			`esm_class=0x00 … short_message="Hi" sar_msg_ref_num=0x1234 sar_total_segments=0x03 sar_segment_seqnum=0x02`},
		{"payload that fits", "", func(s *connect.Submission) { s.Long = sms.LongPayload }, `short_message="Hi"`},
		{"payload", "", func(s *connect.Submission) { s.Long, s.Payload = sms.LongPayload, gsm7(t, strings.Repeat("x", 161)) },
			`short_message="" message_payload="` + strings.Repeat("x", 161) + `"`},
		{"payload in UCS-2", "", func(s *connect.Submission) {
			s.Long, s.Encoding, s.Payload = sms.LongPayload, gsm.UCS2, bytes.Repeat([]byte{0, 'x'}, 71)
		},
			`short_message="" message_payload="` + strings.Repeat(`\x00x`, 71) + `"`},
		{"packed", `"default_alphabet": "gsm7-packed"`, func(s *connect.Submission) { s.Payload = gsm7(t, "hellohello") }, `short_message="\xe82\x9b\xfdF\x97\xd9\xec7"`},
		{"packed behind a header", `"default_alphabet": "gsm7-packed"`, func(s *connect.Submission) { s.Concat = concat }, `short_message="\x05\x00\x034\x03\x02\x90i"`},
		{"Latin-1", `"default_alphabet": "latin1", "data_coding_default": 3`, func(s *connect.Submission) { s.Payload = gsm7(t, "à@é{") },
			`data_coding=0x03 sm_default_msg_id=0 short_message="\xe0@\xe9{"`},
		{"ASCII", `"default_alphabet": "ascii"`, func(s *connect.Submission) { s.Payload = gsm7(t, "a@[b") }, `data_coding=0x00 sm_default_msg_id=0 short_message="a@[b"`},
		{"a character that Latin-1 lacks, in one part", `"default_alphabet": "latin1"`, func(s *connect.Submission) { s.Payload = gsm7(t, "5€") },
			`data_coding=0x08 sm_default_msg_id=0 short_message="\x005 \xac"`},
		{"the same, as flash", `"default_alphabet": "latin1"`, func(s *connect.Submission) { s.Type, s.Payload = sms.TypeFlash, gsm7(t, "5€") }, `data_coding=0x18`},
		{"the same, in a payload", `"default_alphabet": "latin1"`, func(s *connect.Submission) { s.Long, s.Payload = sms.LongPayload, gsm7(t, strings.Repeat("€", 81)) },
			`data_coding=0x08 sm_default_msg_id=0 short_message="" message_payload="` + strings.Repeat(` \xac`, 81) + `"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := submission(t, "Hi")
			tt.change(s)
			payload := bytes.Clone(s.Payload)
			p, err := wire(t, parsed(t, tt.settings), s)
			if err != nil {
				t.Fatal(err)
			}
			got := smpp.Print(p, true)
			for _, want := range strings.Split(tt.want, " … ") {
				if !strings.Contains(got, want) {
					t.Errorf("got %s\nwant %s", got, want)
				}
			}
			if !bytes.Equal(payload, s.Payload) {
				t.Error("the payload was changed")
			}
		})
	}
}

func TestEncodeRefuses(t *testing.T) {
	concat := &gsm.Concat{Ref: 1, Total: 2, Seq: 1}
	tests := []struct {
		name     string
		settings string
		change   func(s *connect.Submission)
		want     error // nil: some error of package smpp
	}{
		{"no encoding", "", func(s *connect.Submission) { s.Encoding = gsm.Auto }, errEncoding},
		{"too long for short_message", "", func(s *connect.Submission) { s.Payload = gsm7(t, strings.Repeat("x", 255)) }, errTooLong},
		{"too long with its header", "", func(s *connect.Submission) { s.Concat, s.Payload = concat, gsm7(t, strings.Repeat("x", 249)) }, errTooLong},
		{"too long for a payload", "", func(s *connect.Submission) { s.Long, s.Payload = sms.LongPayload, make([]byte, 65536) }, errTooLong},
		{"a numbered payload", "", func(s *connect.Submission) { s.Concat, s.Long = concat, sms.LongPayload }, errConcat},
		{"a character that the alphabet lacks, in a full part", `"default_alphabet": "ascii"`,
			func(s *connect.Submission) { s.Payload = gsm7(t, strings.Repeat("é", 71)) }, errAlphabet},
		{"the same, in a part of several, though it would fit", `"default_alphabet": "ascii"`,
			func(s *connect.Submission) { s.Concat, s.Payload = concat, gsm7(t, "é") }, errAlphabet},
		{"the same, in another part", `"default_alphabet": "ascii"`,
			func(s *connect.Submission) { s.Concat, s.Group = concat, &sms.Group{Text: "Canary7351é"} }, errAlphabet},
		{"the same, in a payload that would take more parts", `"default_alphabet": "ascii"`,
			func(s *connect.Submission) { s.Long, s.Payload = sms.LongPayload, gsm7(t, strings.Repeat("é", 161)) }, errAlphabet},
		{"the same, in a part of the caller's own that is full", `"default_alphabet": "ascii"`, func(s *connect.Submission) {
			s.Payload, s.Group.Raw = gsm7(t, strings.Repeat("é", 68)), &sms.Raw{Header: []byte{5, 0, 3, 9, 2, 1}}
		}, errAlphabet},
		{"the same, with sar_ parameters", `"default_alphabet": "ascii"`, func(s *connect.Submission) {
			s.Payload, s.Group.Raw, s.Long = gsm7(t, strings.Repeat("é", 68)), &sms.Raw{Header: []byte{5, 0, 3, 9, 2, 1}}, sms.LongSAR
		}, errAlphabet},
		{"a long sender", "", func(s *connect.Submission) { s.From = strings.Repeat("x", 21) }, nil},
		{"a sender with NUL", "", func(s *connect.Submission) { s.From = "a\x00b" }, nil},
		{"a long number", "", func(s *connect.Submission) { s.To = strings.Repeat("1", 21) }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := submission(t, "Canary7351")
			tt.change(s)
			_, err := wire(t, parsed(t, tt.settings), s)
			if _, field := errors.AsType[*smpp.FieldError](err); err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && !field {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if strings.Contains(fmt.Sprint(err), "Canary7351") {
				t.Errorf("the error holds the text: %v", err)
			}
		})
	}
}

func TestEncodeDoesNotAllocate(t *testing.T) {
	cfg, s, e := parsed(t, ""), submission(t, strings.Repeat("x", 153)), new(encoder)
	s.Concat, s.Receipt, s.ValidTo = &gsm.Concat{Ref: 7, Total: 2, Seq: 1}, true, noon.Add(24*time.Hour)
	if n := testing.AllocsPerRun(100, func() {
		if err := e.encode(cfg, s, noon); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
