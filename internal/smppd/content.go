package smppd

import (
	"bytes"
	"strings"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// content is what a message says: a text that flow cuts, or one short message as
// the customer made it.
type content struct {
	kind     sms.Type
	text     string
	raw      *sms.Raw
	encoding gsm.Encoding // of raw
	coding   uint8        // data_coding
}

// elementPorts is the information element of 16-bit application ports (TS 23.040
// §9.2.3.24.4).
const elementPorts = 0x05

// readContent reads the octets by data_coding (SMPP 3.4 §5.2.19), esm_class and
// the optional parameters that stand for a user data header. alphabet is what the
// default alphabet of the login is.
//
// What has a header, is binary, or is no text that can be read goes out as it
// came; the rest is text.
func readContent(m *message, alphabet gsm.Charset) (content, error) {
	cs, class, ok := gsm.ParseDCS(m.coding)
	if !ok {
		return content{}, refuse(smpp.StatusInvDCS, "data_coding is reserved; use 0 for the default alphabet, 8 for UCS-2, 4 for binary")
	}
	c := content{kind: sms.TypeSMS, coding: m.coding}
	switch {
	case class == gsm.Class0:
		c.kind = sms.TypeFlash
	case cs == gsm.CharsetUCS2:
		c.kind = sms.TypeUnicode // the customer chose it
	}
	if cs == gsm.CharsetGSM7 {
		cs = alphabet
	}
	octets, err := m.body()
	if err != nil {
		return c, err
	}
	header, body, udh, err := m.header(octets)
	if err != nil {
		return c, err
	}
	waiting := m.coding >= 0xC0 && m.coding < 0xF0 // message waiting: the coding itself is the message
	if header == nil && !waiting {
		if c.text, ok, err = plainText(cs, body); ok || err != nil {
			return c, err
		}
	}
	if header == nil && !waiting && len(body) == 0 {
		return c, errEmpty
	}
	c.raw = &sms.Raw{Header: header}
	inHeader := 0
	if m.esmClass&smpp.EsmUDHI != 0 {
		inHeader = len(header)
	}
	if waiting || !c.rawText(cs, body, inHeader, udh) {
		c.encoding, c.raw.Body = gsm.Octets, bytes.Clone(body)
		if cs == alphabet && !waiting {
			c.coding, _ = gsm.DCS(cs, gsm.NoClass) // what 0 is with this login need not be what it is with the operator
		}
	}
	if c.raw.Body == nil {
		c.raw.Body = []byte{}
	}
	return c, c.check()
}

// body is the content of short_message or message_payload; it may only be in one
// of them (SMPP 3.4 §5.3.2.32).
func (m *message) body() ([]byte, error) {
	payload, ok := m.tlvs.MessagePayload()
	switch {
	case ok && len(m.short) > 0:
		return nil, refuse(smpp.StatusInvMsgLen, "The text is in short_message and in message_payload; use one of them")
	case ok:
		return payload, nil
	}
	return m.short, nil
}

// header separates the user data header, or makes one of the optional parameters
// that stand for it. It shares the octets.
func (m *message) header(octets []byte) (header, body []byte, udh gsm.UDH, err error) {
	if m.esmClass&smpp.EsmUDHI != 0 {
		udh, body, err = gsm.ParseUDH(octets)
		if err != nil {
			return nil, nil, nil, refuse(smpp.StatusInvEsmClass, "esm_class says that the text begins with a user data header, but there is no good one")
		}
		return bytes.Clone(octets[:len(octets)-len(body)]), body, udh, nil
	}
	if udh, err = m.elements(); err != nil || len(udh) == 0 {
		return nil, octets, nil, err
	}
	header, err = udh.Append(nil) // of two short elements: it cannot fail
	return header, octets, udh, err
}

// elements are the information elements that the optional parameters stand for:
// the place in a concatenated message (SMPP 3.4 §5.3.2.22 to §5.3.2.24) and
// application ports (§5.3.2.20, §5.3.2.21).
func (m *message) elements() (udh gsm.UDH, err error) {
	sar, ok := m.tlvs.SAR()
	switch {
	case !ok && (m.tlvs.Has(smpp.TagSARMsgRefNum) || m.tlvs.Has(smpp.TagSARTotalSegments) || m.tlvs.Has(smpp.TagSARSegmentSeqnum)):
		return nil, refuse(smpp.StatusMissingOptParam, "sar_msg_ref_num, sar_total_segments and sar_segment_seqnum go together")
	case ok && (sar.Seq == 0 || sar.Seq > sar.Total):
		return nil, refuse(smpp.StatusInvOptParamVal, "sar_segment_seqnum must be between 1 and sar_total_segments")
	case ok && sar.Total > 1:
		// The reference of 16 bits would leave a part one septet less than the 153
		// that nearly everybody cuts to, so its low octet has to do.
		c := gsm.Concat{Ref: sar.Ref, Bits: gsm.Ref8, Total: sar.Total, Seq: sar.Seq}
		udh = append(udh, c.Element())
	}
	if to, ok := m.tlvs.Uint16(smpp.TagDestinationPort); ok {
		from, _ := m.tlvs.Uint16(smpp.TagSourcePort)
		udh = append(udh, gsm.Element{ID: elementPorts, Data: []byte{byte(to >> 8), byte(to), byte(from >> 8), byte(from)}})
	}
	return udh, nil
}

// plainText decodes a text that flow cuts; ok is false for what is no text here.
func plainText(cs gsm.Charset, octets []byte) (text string, ok bool, err error) {
	text, ok = gsm.Decode(cs, octets)
	switch {
	case !ok:
		return "", false, nil
	case len(octets) == 0:
		return "", true, errEmpty
	case cs == gsm.CharsetUCS2 && !bytes.Equal(gsm.AppendUCS2(nil, text), octets):
		return "", true, refuse(smpp.StatusInvMsgLen, "The text is not UCS-2: it has an odd number of octets, or half a character")
	case cs != gsm.CharsetUCS2 && strings.ContainsRune(text, '\uFFFD'):
		return "", true, unreadable(cs)
	}
	return text, true, nil
}

var errEmpty = refuse(smpp.StatusInvMsgLen, "The message is empty")

func unreadable(cs gsm.Charset) error {
	return refuse(smpp.StatusInvDCS, "The text has octets that "+cs.String()+" does not have; check data_coding, and what the default alphabet of this login is")
}

// rawText fills in a part of a text: septets or UCS-2, and what can be read of
// it. It is false for what is no text, or cannot go out as one. inHeader is how
// many octets of header stood before body in the PDU, for packed septets.
func (c *content) rawText(cs gsm.Charset, body []byte, inHeader int, udh gsm.UDH) bool {
	tables := udh.National()
	switch cs {
	case gsm.CharsetGSM7:
		c.encoding, c.raw.Body = tables, bytes.Clone(body)
	case gsm.CharsetGSM7Packed:
		c.encoding, c.raw.Body = tables, gsm.AppendUnpacked(nil, body, inHeader, -1)
	case gsm.CharsetASCII, gsm.CharsetLatin1:
		c.text, _ = gsm.Decode(cs, body)
		septets, ok := gsm.AppendSeptets(nil, c.text, tables)
		if !ok {
			return false
		}
		c.encoding, c.raw.Body = tables, septets
	case gsm.CharsetUCS2:
		c.encoding, c.raw.Body = gsm.UCS2, bytes.Clone(body)
		c.text, _ = gsm.Decode(cs, body)
		return true
	default:
		c.text, _ = gsm.Decode(cs, body)
		return false
	}
	c.text = gsm.DecodeSeptets(c.raw.Body, tables)
	return true
}

// check refuses octets that are not of their encoding. Half a character in a part
// of UCS-2 is the customer's cut, half a unit is none.
func (c *content) check() error {
	switch c.encoding.Kind() {
	case gsm.UCS2:
		if len(c.raw.Body)%2 != 0 {
			return refuse(smpp.StatusInvMsgLen, "The text is not UCS-2: it has an odd number of octets")
		}
	case gsm.GSM7:
		for _, s := range c.raw.Body {
			if s >= 0x80 {
				return unreadable(gsm.CharsetGSM7)
			}
		}
	}
	return nil
}
