package smppc

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
	"github.com/harkara/harkara/smpp"
)

// message is what deliver_sm and data_sm have in common.
type message struct {
	pdu                 smpp.PDU
	source, destination smpp.Address
	esmClass            uint8
	dataCoding          uint8
	text                []byte // with the user data header, if any
	tlvs                smpp.TLVs
}

// readMessage reads a request of the operator; false when it brings no message.
func readMessage(p smpp.PDU) (message, bool) {
	switch p := p.(type) {
	case *smpp.DeliverSM:
		return message{p, p.Source, p.Destination, p.ESMClass, p.DataCoding, p.Text(), p.TLVs}, true
	case *smpp.DataSM:
		return message{p, p.Source, p.Destination, p.ESMClass, p.DataCoding, p.Text(), p.TLVs}, true
	}
	return message{}, false
}

// receipt reads a receipt; false when the message is none. The result shares no
// memory with the PDU.
func (s *settings) receipt(m message, now time.Time) (sms.Receipt, bool) {
	r, ok := smpp.ReceiptFrom(m.pdu, s.ReceiptsWithoutFlag)
	if !ok {
		return sms.Receipt{}, false
	}
	return sms.Receipt{
		IDs:   s.receiptIDs(r),
		To:    s.receiptTo(m),
		State: partState(r),
		Code:  receiptCode(r),
		Raw:   rawReceipt(m, r),
		At:    now,
	}, true
}

// partState is what a message state means for a part (SMPP 3.4 §5.2.28). What is
// not final says only that the operator has the message, and so does UNKNOWN: no
// status is ever invented, the route's own time limit closes such parts.
func partState(r smpp.Receipt) sms.PartState {
	if r.Intermediate {
		return sms.PartSent
	}
	switch r.State {
	case smpp.StateDelivered:
		return sms.PartDelivered
	case smpp.StateExpired:
		return sms.PartExpired
	case smpp.StateRejected:
		return sms.PartRejected
	case smpp.StateDeleted, smpp.StateUndeliverable, smpp.StateSkipped:
		return sms.PartUndelivered
	}
	return sms.PartSent
}

// receiptIDs are the keys under which the response's id may have been stored,
// the likeliest first. The id of the TLV comes before that of the text, since
// SMPP defines it to be the response's.
func (s *settings) receiptIDs(r smpp.Receipt) []string {
	var keys []string
	for _, forms := range [][]string{s.idForms(r.TLVID, true), s.idForms(r.TextID, false)} {
		for _, key := range forms {
			if !contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// idForms are the keys of one spelling. MessageIDForms gives its own key first,
// then the id read as hexadecimal and written as decimal, then, for digits, the
// other way round. Where the setting says how the text writes ids, only that
// reading is left for it; a TLV often has the response's own spelling all the
// same.
func (s *settings) idForms(id string, tlv bool) []string {
	forms := smpp.MessageIDForms(id)
	if forms[0] == "" || len(forms[0]) > mostID {
		return nil // none, or no response ever had such a one
	}
	converted := forms[0]
	switch {
	case s.ReceiptID == "auto" || len(forms) == 1:
		return forms
	case s.ReceiptID == "hex":
		converted = forms[1]
	case s.ReceiptID == "decimal" && len(forms) == 3: // it is digits only
		converted = forms[2]
	}
	if tlv && converted != forms[0] {
		return []string{forms[0], converted}
	}
	return []string{converted}
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

// receiptTo is the recipient in digits, perhaps in national form, or nothing
// where the address is not plainly a phone number: a wrong one would keep the
// receipt from its message.
func (s *settings) receiptTo(m message) string {
	var a smpp.Address
	switch s.ReceiptTo {
	case "source":
		a = m.source
	case "destination":
		a = m.destination
	}
	digits, found := strings.CutPrefix(a.Addr, "+")
	if !found {
		digits, _ = strings.CutPrefix(a.Addr, "00")
	}
	if len(digits) <= numplan.MaxShortCode || len(digits) > 16 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return strings.Clone(digits)
}

// receiptCode is the raw error code: err: as written, else network_error_code as
// type/code, else the message state of what did not arrive.
func receiptCode(r smpp.Receipt) string {
	switch {
	case r.Err != "" && !strings.EqualFold(r.Err, "null"):
		return strings.Clone(r.Err[:min(len(r.Err), 32)])
	case r.HasNetworkError:
		return fmt.Sprintf("%d/%d", r.NetworkError.Type, r.NetworkError.Code)
	case r.State.Final() && r.State != smpp.StateDelivered:
		return fmt.Sprintf("0x%02X", uint8(r.State))
	}
	return ""
}

// mostID bounds an id: message_id has at most 64 octets, and some operators
// exceed that.
const mostID = 128

// mostRaw bounds what is kept of the text of a receipt as evidence, in octets.
const mostRaw = 512

// rawReceipt is the receipt as evidence: its text without the part that repeats
// the message, then the optional parameters that matter. A text without a known
// key could be anything, also the message, and is left out.
func rawReceipt(m message, r smpp.Receipt) string {
	b := make([]byte, 0, 256)
	if r.TextID != "" || r.Word != "" || r.Err != "" || r.DoneDate != "" {
		text := withoutText(plainText(m), r.Text)
		b = append(b, text[:min(len(text), mostRaw)]...)
	}
	for tag, v := range m.tlvs.All() {
		if len(b) > 2*mostRaw { // someone repeats them
			break
		}
		switch tag {
		case smpp.TagReceiptedMessageID, smpp.TagMessageState, smpp.TagNetworkErrorCode:
			if len(b) > 0 {
				b = append(b, ' ')
			}
			b = append(append(b, tag.String()...), '=')
			b = hex.AppendEncode(b, v[:min(len(v), mostID)])
		}
	}
	return strings.ToValidUTF8(string(b), "\uFFFD")
}

// plainText is the text of a receipt, which is ASCII or UCS-2.
func plainText(m message) string {
	if cs, _, _ := gsm.ParseDCS(m.dataCoding); cs == gsm.CharsetUCS2 && len(m.text) > 1 && m.text[0] == 0 {
		text, _ := gsm.Decode(cs, m.text)
		return text
	}
	return string(m.text)
}

// withoutText takes "text:" and its value out. What follows the value is kept:
// some operators write the state behind it.
func withoutText(raw, value string) string {
	at := -1
	for i := 0; i+len("text:") <= len(raw); i++ {
		if strings.EqualFold(raw[i:i+len("text:")], "text:") && (i == 0 || raw[i-1] == ' ' || raw[i-1] == '\n') {
			at = i
			break
		}
	}
	if at < 0 {
		return strings.TrimRight(raw, " \x00")
	}
	head := strings.TrimRight(raw[:at], " ")
	tail, ok := strings.CutPrefix(strings.TrimPrefix(raw[at+len("text:"):], " "), value)
	if tail = strings.Trim(tail, " \x00"); !ok || tail == "" {
		return head
	}
	return strings.TrimSpace(head + " " + tail)
}
