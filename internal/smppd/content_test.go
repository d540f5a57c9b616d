package smppd

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func ucs2(s string) []byte { return gsm.AppendUCS2(nil, s) }

// TestTexts: what flow cuts and prices.
func TestTexts(t *testing.T) {
	packed := gsm.AppendPacked(nil, []byte("hello"), 0)
	for _, c := range []struct {
		name     string
		alphabet gsm.Charset
		coding   uint8
		octets   []byte
		kind     sms.Type
		text     string
	}{
		{"default is GSM-7", gsm.CharsetGSM7, 0, []byte{0x00, 'a', 0x1B, 0x65}, sms.TypeSMS, "@a€"},
		{"default is packed", gsm.CharsetGSM7Packed, 0, packed, sms.TypeSMS, "hello"},
		{"default is Latin-1", gsm.CharsetLatin1, 0, []byte{'@', 0xE9, 0xE7}, sms.TypeSMS, "@éç"},
		{"default is ASCII", gsm.CharsetASCII, 0, []byte("@ok"), sms.TypeSMS, "@ok"},
		{"ASCII", gsm.CharsetGSM7, 1, []byte("@ok"), sms.TypeSMS, "@ok"},
		{"Latin-1", gsm.CharsetGSM7, 3, []byte{0xE9}, sms.TypeSMS, "é"},
		{"Cyrillic", gsm.CharsetGSM7, 6, []byte{0xBF, 0xE0, 0xD8}, sms.TypeSMS, "При"},
		{"Hebrew", gsm.CharsetGSM7, 7, []byte{0xF9, 0xEC}, sms.TypeSMS, "של"},
		{"JIS", gsm.CharsetGSM7, 5, []byte{0x93, 0xFA}, sms.TypeSMS, "日"},
		{"ISO-2022-JP", gsm.CharsetGSM7, 10, []byte("\x1b$BF|\x1b(B"), sms.TypeSMS, "日"},
		{"extended Kanji", gsm.CharsetGSM7, 13, []byte{0xC6, 0xFC}, sms.TypeSMS, "日"},
		{"Korean", gsm.CharsetGSM7, 14, []byte{0xB0, 0xA1}, sms.TypeSMS, "가"},
		{"UCS-2", gsm.CharsetGSM7, 8, ucs2("নমস্কার 😀"), sms.TypeUnicode, "নমস্কার 😀"},
		{"UCS-2 is kept for ASCII", gsm.CharsetGSM7, 8, ucs2("abc"), sms.TypeUnicode, "abc"},
		{"flash 0x10", gsm.CharsetGSM7, 0x10, []byte("now"), sms.TypeFlash, "now"},
		{"flash 0xF0", gsm.CharsetGSM7, 0xF0, []byte("now"), sms.TypeFlash, "now"},
		{"flash 0x18", gsm.CharsetGSM7, 0x18, ucs2("এখন"), sms.TypeFlash, "এখন"},
		{"class 1", gsm.CharsetGSM7, 0xF1, []byte("me"), sms.TypeSMS, "me"},
	} {
		got, err := readContent(&message{coding: c.coding, short: c.octets}, c.alphabet)
		if err != nil || got.raw != nil || got.kind != c.kind || got.text != c.text {
			t.Errorf("%s: %+v %v, want %s %q", c.name, got, err, c.kind, c.text)
		}
		m := &message{coding: c.coding}
		if err := m.tlvs.Add(smpp.TagMessagePayload, c.octets); err != nil {
			t.Fatal(err)
		}
		if again, err := readContent(m, c.alphabet); err != nil || again != got {
			t.Errorf("%s as message_payload: %+v %v", c.name, again, err)
		}
	}
}

// TestRaw: what goes out as it came.
func TestRaw(t *testing.T) {
	udh := unhex("05 00 03 4C 02 01")
	turkish := unhex("03 25 01 01")
	withHeader := func(octets []byte) func(*message) {
		return func(m *message) { m.esmClass, m.short = smpp.EsmUDHI, octets }
	}
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for _, c := range []struct {
		name     string
		alphabet gsm.Charset
		coding   uint8
		change   func(*message)
		header   string // hex
		encoding gsm.Encoding
		body     []byte
		outgoing uint8 // data_coding of octets; that of texts stays
		text     string
	}{
		{"part of GSM-7", gsm.CharsetGSM7, 0, withHeader(join(udh, []byte("part"))), "0500034c0201", gsm.GSM7, []byte("part"), 0, "part"},
		{"part of UCS-2", gsm.CharsetGSM7, 8, withHeader(join(udh, ucs2("অংশ"))), "0500034c0201", gsm.UCS2, ucs2("অংশ"), 0, "অংশ"},
		{"half a character is kept", gsm.CharsetGSM7, 8, withHeader(join(udh, []byte{0xD8, 0x3D})), "0500034c0201", gsm.UCS2, []byte{0xD8, 0x3D}, 0, "�"},
		{"part of Latin-1 that is GSM-7", gsm.CharsetLatin1, 0, withHeader(join(udh, []byte{0xE9})), "0500034c0201", gsm.GSM7, []byte{0x05}, 0, "é"},
		{"part of Latin-1 that is not", gsm.CharsetLatin1, 0, withHeader(join(udh, []byte{0xE7})), "0500034c0201", gsm.Octets, []byte{0xE7}, 3, "ç"},
		{"part of coding 3 that is not", gsm.CharsetGSM7, 3, withHeader(join(udh, []byte{0xE7})), "0500034c0201", gsm.Octets, []byte{0xE7}, 3, "ç"},
		{"part packed behind its header", gsm.CharsetGSM7Packed, 0, withHeader(gsm.AppendPacked(bytes.Clone(udh), []byte("hello"), len(udh))),
			"0500034c0201", gsm.GSM7, []byte("hello"), 0, "hello"},
		{"Turkish table", gsm.CharsetGSM7, 0, withHeader(join(turkish, []byte{0x04})), "03250101", gsm.National(gsm.Turkish, gsm.NoLanguage), []byte{0x04}, 0, "€"},
		{"part of Cyrillic", gsm.CharsetGSM7, 6, withHeader(join(udh, []byte{0xBF})), "0500034c0201", gsm.Octets, []byte{0xBF}, 6, "П"},
		{"binary", gsm.CharsetGSM7, 4, func(m *message) { m.short = []byte{1, 2, 0xFF} }, "", gsm.Octets, []byte{1, 2, 0xFF}, 4, ""},
		{"binary for the SIM", gsm.CharsetGSM7, 0xF6, func(m *message) { m.short, m.protocol = []byte{1}, 0x7F }, "", gsm.Octets, []byte{1}, 0xF6, ""},
		{"pictogram", gsm.CharsetGSM7, 9, func(m *message) { m.short = []byte{0xB0, 0xA1} }, "", gsm.Octets, []byte{0xB0, 0xA1}, 9, ""},
		{"message waiting", gsm.CharsetGSM7, 0xC8, func(m *message) { m.short = []byte("vm") }, "", gsm.Octets, []byte("vm"), 0xC8, ""},
		{"header alone", gsm.CharsetGSM7, 4, withHeader(unhex("04 01 02 80 03")), "0401028003", gsm.Octets, []byte{}, 4, ""},
		{"message waiting without a text", gsm.CharsetLatin1, 0xC8, func(*message) {}, "", gsm.Octets, []byte{}, 0xC8, ""},
		{"SAR", gsm.CharsetGSM7, 0, func(m *message) { m.short = []byte("sar"); m.tlvs.AddSAR(smpp.Concat{Ref: 0x0134, Total: 3, Seq: 2}) },
			"050003340302", gsm.GSM7, []byte("sar"), 0, "sar"},
		{"SAR packed", gsm.CharsetGSM7Packed, 0, func(m *message) {
			m.short = gsm.AppendPacked(nil, []byte("sar"), 0)
			m.tlvs.AddSAR(smpp.Concat{Ref: 1, Total: 3, Seq: 2})
		}, "050003010302", gsm.GSM7, []byte("sar"), 0, "sar"},
		{"ports", gsm.CharsetGSM7, 4, func(m *message) {
			m.short = []byte{0xAE}
			m.tlvs.AddUint16(smpp.TagDestinationPort, 2948)
			m.tlvs.AddUint16(smpp.TagSourcePort, 9200)
		}, "0605040b8423f0", gsm.Octets, []byte{0xAE}, 4, ""},
		{"ports of a part", gsm.CharsetGSM7, 8, func(m *message) {
			m.short = ucs2("x")
			m.tlvs.AddUint16(smpp.TagDestinationPort, 2948)
			m.tlvs.AddSAR(smpp.Concat{Ref: 9, Total: 2, Seq: 1})
		}, "0b000309020105040b840000", gsm.UCS2, ucs2("x"), 0, "x"},
	} {
		m := &message{coding: c.coding}
		c.change(m)
		before := bytes.Clone(m.short)
		if c.encoding != gsm.Octets {
			c.outgoing = c.coding
		}
		got, err := readContent(m, c.alphabet)
		if err != nil || got.raw == nil {
			t.Errorf("%s: %+v %v", c.name, got, err)
			continue
		}
		if h := hex.EncodeToString(got.raw.Header); h != c.header || got.encoding != c.encoding || !bytes.Equal(got.raw.Body, c.body) ||
			got.coding != c.outgoing || got.text != c.text {
			t.Errorf("%s: header %s, %v %x, coding %#x, text %q", c.name, h, got.encoding, got.raw.Body, got.coding, got.text)
		}
		clear(m.short) // the session uses its buffers again
		if len(c.header) > 0 && !bytes.Equal(got.raw.Body, c.body) {
			t.Errorf("%s: shares memory with the PDU", c.name)
		}
		copy(m.short, before)
	}
}

// TestSARFits: a part cut to 153 septets, as nearly everybody does, still fits one
// message with the header that SAR becomes.
func TestSARFits(t *testing.T) {
	m := &message{short: bytes.Repeat([]byte{'a'}, 153)}
	m.tlvs.AddSAR(smpp.Concat{Ref: 0xFFFF, Total: 2, Seq: 1})
	c, err := readContent(m, gsm.CharsetGSM7)
	if err != nil || len(gsm.AppendPacked(bytes.Clone(c.raw.Header), c.raw.Body, len(c.raw.Header))) > 140 {
		t.Errorf("header %x: %v", c.raw.Header, err)
	}
}

func TestContentRefused(t *testing.T) {
	sar := func(change func(*smpp.TLVs)) smpp.TLVs {
		var tlvs smpp.TLVs
		change(&tlvs)
		return tlvs
	}
	for _, c := range []struct {
		name string
		m    message
		want smpp.Status
	}{
		{"reserved coding", message{coding: 0x0B, short: []byte("x")}, smpp.StatusInvDCS},
		{"reserved group", message{coding: 0x80, short: []byte("x")}, smpp.StatusInvDCS},
		{"no septet", message{short: []byte{0xE9}}, smpp.StatusInvDCS},
		{"no ASCII", message{coding: 1, short: []byte{0xE9}}, smpp.StatusInvDCS},
		{"no septet in a part", message{esmClass: smpp.EsmUDHI, short: unhex("05 00 03 4C 02 01 E9")}, smpp.StatusInvDCS},
		{"odd UCS-2 in a part", message{coding: 8, esmClass: smpp.EsmUDHI, short: unhex("05 00 03 4C 02 01 00 61 00")}, smpp.StatusInvMsgLen},
		{"odd UCS-2", message{coding: 8, short: []byte{0, 'a', 0}}, smpp.StatusInvMsgLen},
		{"half a character", message{coding: 8, short: []byte{0xD8, 0x3D}}, smpp.StatusInvMsgLen},
		{"header longer than the text", message{esmClass: smpp.EsmUDHI, short: []byte{9, 0}}, smpp.StatusInvEsmClass},
		{"header that does not add up", message{esmClass: smpp.EsmUDHI, short: unhex("03 00 03 4C 61")}, smpp.StatusInvEsmClass},
		{"no header", message{esmClass: smpp.EsmUDHI}, smpp.StatusInvEsmClass},
		{"empty", message{}, smpp.StatusInvMsgLen},
		{"empty binary", message{coding: 4}, smpp.StatusInvMsgLen},
		{"empty pictograms", message{coding: 9}, smpp.StatusInvMsgLen},
		{"empty 8-bit", message{coding: 2}, smpp.StatusInvMsgLen},
		{"empty payload", message{coding: 0xF4, tlvs: sar(func(t *smpp.TLVs) { _ = t.Add(smpp.TagMessagePayload, nil) })}, smpp.StatusInvMsgLen},
		{"text twice", message{short: []byte("a"), tlvs: sar(func(t *smpp.TLVs) { _ = t.Add(smpp.TagMessagePayload, []byte("b")) })}, smpp.StatusInvMsgLen},
		{"SAR without total", message{short: []byte("a"), tlvs: sar(func(t *smpp.TLVs) { t.AddUint16(smpp.TagSARMsgRefNum, 1) })}, smpp.StatusMissingOptParam},
		{"SAR 0 of 2", message{short: []byte("a"), tlvs: sar(func(t *smpp.TLVs) { t.AddSAR(smpp.Concat{Total: 2}) })}, smpp.StatusInvOptParamVal},
		{"SAR 3 of 2", message{short: []byte("a"), tlvs: sar(func(t *smpp.TLVs) { t.AddSAR(smpp.Concat{Total: 2, Seq: 3}) })}, smpp.StatusInvOptParamVal},
	} {
		_, err := readContent(&c.m, gsm.CharsetGSM7)
		statusIs(t, c.name, err, c.want)
	}
}

// TestSAROfOne is a text like any other.
func TestSAROfOne(t *testing.T) {
	m := &message{short: []byte("alone")}
	m.tlvs.AddSAR(smpp.Concat{Ref: 1, Total: 1, Seq: 1})
	if c, err := readContent(m, gsm.CharsetGSM7); err != nil || c.raw != nil || c.text != "alone" {
		t.Errorf("%+v %v", c, err)
	}
}
