package smppc

import (
	"bytes"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

func TestInbound(t *testing.T) {
	packed := gsm.AppendPacked(nil, gsm7(t, "hello [you]"), 0)
	packedPart := gsm.AppendPacked([]byte{5, 0, 3, 9, 2, 1}, gsm7(t, "part one"), 6)
	tests := []struct {
		name     string
		settings string
		pdu      smpp.DeliverSM
		text     string
		segment  *sms.Segment
	}{
		{"GSM-7", "", smpp.DeliverSM{ShortMessage: gsm7(t, "STOP {1} è")}, "STOP {1} è", nil},
		{"nothing", "", smpp.DeliverSM{}, "", nil},
		{"UCS-2", "", smpp.DeliverSM{DataCoding: 8, ShortMessage: gsm.AppendUCS2(nil, "হ্যাঁ 👍")}, "হ্যাঁ 👍", nil},
		{"UCS-2 of class 1", "", smpp.DeliverSM{DataCoding: 0x19, ShortMessage: gsm.AppendUCS2(nil, "হ")}, "হ", nil},
		{"class 0", "", smpp.DeliverSM{DataCoding: 0xF0, ShortMessage: gsm7(t, "à")}, "à", nil},
		{"Latin-1", "", smpp.DeliverSM{DataCoding: 3, ShortMessage: []byte("\xe0@")}, "à@", nil},
		{"ASCII", "", smpp.DeliverSM{DataCoding: 1, ShortMessage: []byte("a@")}, "a@", nil},
		{"default alphabet is Latin-1", `"default_alphabet": "latin1"`, smpp.DeliverSM{ShortMessage: []byte("\xe0@")}, "à@", nil},
		{"default alphabet is packed", `"default_alphabet": "gsm7-packed"`, smpp.DeliverSM{ShortMessage: packed}, "hello [you]", nil},
		{"binary", "", smpp.DeliverSM{DataCoding: 4, ShortMessage: []byte{0, 0xFF}}, "hex:00ff", nil},
		{"alphabet that is not read", "", smpp.DeliverSM{DataCoding: 9, ShortMessage: []byte{0xE0}}, "hex:e0", nil},
		{"payload", "", smpp.DeliverSM{TLVs: tlvs(rawTLV(smpp.TagMessagePayload, "long"))}, "long", nil},
		{"header without numbers", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: append([]byte{6, 5, 4, 0x0B, 0x84, 0, 0}, gsm7(t, "port")...)}, "port", nil},
		{"header that makes no sense", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: append([]byte{2, 0, 9}, gsm7(t, "x")...)}, "x", nil},
		{"header longer than the message", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: []byte("Hi")}, "Hi", nil},
		{"header and no message", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI}, "", nil},
		{"one of one", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: append([]byte{5, 0, 3, 9, 1, 1}, gsm7(t, "x")...)}, "x", nil},
		{"part of an 8-bit reference", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: append([]byte{5, 0, 3, 9, 3, 2}, gsm7(t, "à")...)}, "",
			&sms.Segment{Ref: 9, Total: 3, Seq: 2, DCS: 0, Payload: gsm7(t, "à")}},
		{"part of a 16-bit reference", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, DataCoding: 8, ShortMessage: []byte{6, 8, 4, 1, 2, 2, 1, 0xD8}}, "",
			&sms.Segment{Ref: 0x102, Total: 2, Seq: 1, DCS: 8, Payload: []byte{0xD8}}},
		{"part by sar", "", smpp.DeliverSM{DataCoding: 3, ShortMessage: []byte("\xe0"), TLVs: tlvs(func(t *smpp.TLVs) { t.AddSAR(smpp.Concat{Ref: 7, Total: 2, Seq: 2}) })}, "",
			&sms.Segment{Ref: 7, Total: 2, Seq: 2, DCS: 3, Payload: []byte("\xe0")}},
		{"sar without sense", "", smpp.DeliverSM{ShortMessage: []byte("x"), TLVs: tlvs(func(t *smpp.TLVs) { t.AddSAR(smpp.Concat{Ref: 7, Total: 2, Seq: 3}) })}, "x", nil},
		{"packed part is unpacked", `"default_alphabet": "gsm7-packed"`, smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: packedPart}, "",
			&sms.Segment{Ref: 9, Total: 2, Seq: 1, DCS: 0, Payload: gsm7(t, "part one")}},
		{"part in a Latin-1 default", `"default_alphabet": "latin1"`, smpp.DeliverSM{ESMClass: smpp.EsmUDHI, ShortMessage: []byte{5, 0, 3, 9, 2, 1, 0xE0}}, "",
			&sms.Segment{Ref: 9, Total: 2, Seq: 1, DCS: 3, Payload: []byte{0xE0}}},
		{"part of class 0 in a Latin-1 default", `"default_alphabet": "latin1"`, smpp.DeliverSM{ESMClass: smpp.EsmUDHI, DataCoding: 0x10, ShortMessage: []byte{5, 0, 3, 9, 2, 1, 0xE0}}, "",
			&sms.Segment{Ref: 9, Total: 2, Seq: 1, DCS: 3, Payload: []byte{0xE0}}},
		{"binary part", "", smpp.DeliverSM{ESMClass: smpp.EsmUDHI, DataCoding: 0xF5, ShortMessage: []byte{5, 0, 3, 9, 2, 1, 0xE0}}, "",
			&sms.Segment{Ref: 9, Total: 2, Seq: 1, DCS: 4, Payload: []byte{0xE0}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.pdu.Source, tt.pdu.Destination = smpp.Address{Addr: "+8801712345678"}, smpp.Address{Addr: "+16789"}
			before := bytes.Clone(tt.pdu.ShortMessage)
			m, _ := readMessage(&tt.pdu)
			got := parsed(t, tt.settings).inbound(m, noon)
			if got.Segment != nil && tt.segment != nil {
				// The octets of the PDU may be overwritten later.
				clear(tt.pdu.ShortMessage)
			}
			want := sms.Inbound{From: "+8801712345678", To: "16789", Text: tt.text, Segment: tt.segment, At: noon}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v %+v\nwant %+v %+v", got, got.Segment, want, want.Segment)
			}
			if len(before) > 0 && got.Segment == nil && !bytes.Equal(before, tt.pdu.ShortMessage) {
				t.Error("the PDU was changed")
			}
		})
	}
}

func FuzzInbound(f *testing.F) {
	f.Add([]byte{5, 0, 3, 9, 2, 1, 0xE0}, []byte{}, uint8(smpp.EsmUDHI), uint8(0), uint8(gsm.CharsetGSM7Packed))
	f.Add([]byte("text"), []byte(tlvs(func(t *smpp.TLVs) { t.AddSAR(smpp.Concat{Ref: 7, Total: 2, Seq: 2}) })), uint8(0), uint8(8), uint8(0))
	f.Fuzz(func(t *testing.T, text, params []byte, esm, coding, alphabet uint8) {
		cfg := defaults()
		cfg.DefaultAlphabet = []gsm.Charset{gsm.CharsetGSM7, gsm.CharsetGSM7Packed, gsm.CharsetASCII, gsm.CharsetLatin1, gsm.CharsetHebrew}[alphabet%5]
		m, _ := readMessage(&smpp.DeliverSM{ESMClass: esm, DataCoding: coding, ShortMessage: text, TLVs: params})
		in := cfg.inbound(m, noon)
		if !utf8.ValidString(in.Text) {
			t.Errorf("text %q", in.Text)
		}
		if s := in.Segment; s != nil && (s.Seq < 1 || s.Seq > s.Total || s.Total < 2 || in.Text != "") {
			t.Errorf("segment %+v with text %q", s, in.Text)
		}
	})
}
