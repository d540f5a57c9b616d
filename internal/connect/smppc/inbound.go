package smppc

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// inbound reads a message from a handset. The result shares no memory with the
// PDU.
func (s *settings) inbound(m message, now time.Time) sms.Inbound {
	in := sms.Inbound{From: strings.Clone(m.source.Addr), To: ownNumber(m.destination.Addr), At: now}
	body, headerLen, tables := m.text, 0, gsm.GSM7
	concat, numbered := sar(m.tlvs)
	if m.esmClass&smpp.EsmUDHI != 0 {
		// A header that makes no sense is left out, the text still counts
		// (TS 23.040 §9.2.3.24).
		header, rest, _ := gsm.ParseUDH(body)
		body, headerLen = rest, len(body)-len(rest)
		if c, ok := header.Concat(); ok {
			concat, numbered = c, true
		}
		tables = header.National()
	}
	cs, _, _ := gsm.ParseDCS(m.dataCoding)
	if cs == gsm.CharsetGSM7 {
		cs = s.DefaultAlphabet
	}
	if cs == gsm.CharsetGSM7Packed { // nobody behind this knows that this link packs
		body, cs = gsm.AppendUnpacked(nil, body, headerLen, -1), gsm.CharsetGSM7
	}
	if cs == gsm.CharsetGSM7 && tables != gsm.GSM7 { // nor which national tables it was written in
		body, cs = gsm.AppendUCS2(nil, gsm.DecodeSeptets(body, tables)), gsm.CharsetUCS2
	}
	if numbered && concat.Total > 1 {
		in.Segment = &sms.Segment{Ref: concat.Ref, Total: concat.Total, Seq: concat.Seq,
			DCS: plainDCS(cs), Payload: append([]byte{}, body...)}
		return in
	}
	in.Text = decode(cs, body)
	return in
}

// decode makes text of octets. What has no text (binary messages, pictograms) is
// shown in hexadecimal, so that nothing is lost.
func decode(cs gsm.Charset, body []byte) string {
	if text, ok := gsm.Decode(cs, body); ok {
		return text
	}
	return "hex:" + hex.EncodeToString(body)
}

// plainDCS is the data_coding under which the octets of a segment are read
// without knowing this link: 0 is always unpacked GSM-7, and a Latin-1 or ASCII
// default alphabet has its own.
func plainDCS(cs gsm.Charset) uint8 {
	dcs, _ := gsm.DCS(cs, gsm.NoClass) // every charset that ParseDCS gives has one
	return dcs
}

// sar reads the sar_ parameters (SMPP 3.4 §5.3.2.22 to §5.3.2.24); false when
// they number nothing.
func sar(tlvs smpp.TLVs) (gsm.Concat, bool) {
	t, ok := tlvs.SAR()
	c := gsm.Concat{Ref: t.Ref, Bits: gsm.Ref16, Total: t.Total, Seq: t.Seq}
	return c, ok && c.Valid()
}

// ownNumber is our number in the digits under which it is configured.
func ownNumber(addr string) string {
	if digits, ok := strings.CutPrefix(addr, "+"); ok {
		addr = digits
	}
	return strings.Clone(addr)
}
