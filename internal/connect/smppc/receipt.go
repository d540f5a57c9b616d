package smppc

import (
	"encoding/hex"
	"fmt"
	"slices"
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
	ids, forms := s.receiptIDs(r)
	receipt := sms.Receipt{
		IDs:   ids,
		Forms: forms,
		To:    s.receiptTo(m),
		State: s.partState(r),
		Code:  receiptCode(r),
		Raw:   s.rawReceipt(m, r),
		At:    now,
	}
	if receipt.State.Final() && receipt.State != sms.PartDelivered {
		receipt.Reason = s.receiptReason(r, m.tlvs)
	}
	return receipt, true
}

// partState is what a message state means for a part (SMPP 3.4 §5.2.28). What is
// not final says only that the operator has the message, and so does UNKNOWN: no
// status is ever invented, the route's own time limit closes such parts.
func (s *settings) partState(r smpp.Receipt) sms.PartState {
	if r.Intermediate {
		return sms.PartSent
	}
	if state, ok := s.ReceiptStates.of(r); ok {
		return state
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

// How an id of a receipt was made of what the receipt says (sms.Receipt.Forms): as
// it is; hexadecimal where the response was decimal; the other way round. The
// words name the setting: what is found by "decimal to hex" asks for receipt_id
// decimal. Ids of receipted_message_id have words of their own.
var (
	textForms = []string{"same", "hex to decimal", "decimal to hex"}
	tlvForms  = []string{"tlv same", "tlv hex to decimal", "tlv decimal to hex"}
)

// receiptIDs are the keys under which the response's id may have been stored,
// the likeliest first, with their forms. The id of the TLV comes before that of
// the text, since SMPP defines it to be the response's.
func (s *settings) receiptIDs(r smpp.Receipt) (keys, forms []string) {
	keys, forms = s.idForms(r.TLVID, true)
	more, moreForms := s.idForms(r.TextID, false)
	if len(keys) == 0 {
		return more, moreForms
	}
	keys, forms = slices.Clip(keys), slices.Clip(forms)
	for i, key := range more {
		if !contains(keys, key) {
			keys, forms = append(keys, key), append(forms, moreForms[i])
		}
	}
	return keys, forms
}

// idForms are the keys of one spelling. MessageIDForms gives its own key first,
// then the id read as hexadecimal and written as decimal, then, for digits, the
// other way round. Where the setting says how the text writes ids, only that
// reading is left for it; a TLV often has the response's own spelling all the
// same.
func (s *settings) idForms(id string, tlv bool) (keys, forms []string) {
	keys = smpp.MessageIDForms(id)
	if keys[0] == "" || len(keys[0]) > mostID {
		return nil, nil // none, or no response ever had such a one
	}
	if forms = textForms[:len(keys)]; tlv {
		forms = tlvForms[:len(keys)]
	}
	pick := 0
	switch {
	case s.ReceiptID == "auto" || len(keys) == 1:
		return keys, forms
	case s.ReceiptID == "hex":
		pick = 1
	case s.ReceiptID == "decimal" && len(keys) == 3: // it is digits only
		pick = 2
	}
	if tlv && pick > 0 {
		return []string{keys[0], keys[pick]}, []string{forms[0], forms[pick]}
	}
	return keys[pick : pick+1], forms[pick : pick+1]
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
		return networkCode(r.NetworkError)
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
// the message, then the optional parameters that matter, and those that
// receipt_tlvs names. A text without a known
// key could be anything, also the message, and is left out.
func (s *settings) rawReceipt(m message, r smpp.Receipt) string {
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
		case smpp.TagReceiptedMessageID, smpp.TagMessageState, smpp.TagNetworkErrorCode, smpp.TagDeliveryFailureReason:
		default:
			if !slices.Contains(s.ReceiptTLVs, tag) {
				continue
			}
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(append(b, tag.String()...), '=')
		b = hex.AppendEncode(b, v[:min(len(v), mostID)])
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
