package smppc

import (
	"cmp"
	"errors"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
	"github.com/harkara/harkara/smpp"
)

// Limits of one message.
const (
	maxShortMessage = 254    // octets of short_message (SMPP 3.4 §5.2.21)
	maxPayload      = 0xFFFF // octets of message_payload (§5.3.2.32)
	oneUserData     = 140    // octets of one SMS (TS 23.040 §9.2.3.16)
)

// Errors of a submission that no operator could take. They hold none of it.
var (
	errEncoding = errors.New("smppc: the encoding is neither GSM-7 nor UCS-2, nor octets with their coding")
	errAlphabet = errors.New("smppc: the default alphabet of this operator lacks a character of the text")
	errTooLong  = errors.New("smppc: the part is longer than short_message: send it with long mode payload")
	errConcat   = errors.New("smppc: a numbered part cannot go out as message_payload")
)

// encoder makes a submit_sm of a submission. It is used again and again, since
// a session has encoded the PDU when its Send returns.
type encoder struct {
	pdu  smpp.SubmitSM
	text []byte
	tlvs smpp.TLVs

	// The last validity_period. Messages that follow each other mostly share it.
	seconds  int64
	validity string
}

// encode fills e.pdu. now is used for a relative validity.
func (e *encoder) encode(cfg *settings, s *connect.Submission, now time.Time) error {
	e.text, e.tlvs = e.text[:0], e.tlvs[:0]
	e.pdu = smpp.SubmitSM{
		ServiceType: cfg.ServiceType, Source: cfg.source(s.From), Destination: cfg.destination(s),
		PriorityFlag: cfg.Priority, ValidityPeriod: e.validityPeriod(cfg, s.ValidTo, now),
	}
	if s.Receipt {
		e.pdu.RegisteredDelivery = cfg.RegisteredDelivery
	}
	tables, err := e.header(cfg, s)
	if err != nil {
		return err
	}
	payload := s.Long == sms.LongPayload && s.Concat == nil && s.Group.Raw == nil && len(s.Payload) > oneMessage(s.Encoding)
	if payload {
		e.text = e.text[:0]
	}
	if len(e.text) > 0 {
		e.pdu.ESMClass |= smpp.EsmUDHI
	}
	if err := e.write(cfg, s, tables, payload); err != nil {
		return err
	}
	if err := e.place(payload); err != nil {
		return err
	}
	cfg.TLVs.appendTo(&e.tlvs, e.pdu.Source.Addr, e.pdu.Destination.Addr)
	e.pdu.TLVs = e.tlvs
	return nil
}

// place puts the text where it belongs.
func (e *encoder) place(payload bool) error {
	switch {
	case !payload && len(e.text) > maxShortMessage, len(e.text) > maxPayload:
		return errTooLong
	case payload:
		return e.tlvs.Add(smpp.TagMessagePayload, e.text)
	}
	e.pdu.ShortMessage = e.text
	return nil
}

// oneMessage is what one SMS holds in the encoding: octets, or septets beside the
// header that national tables need.
func oneMessage(enc gsm.Encoding) int {
	if enc.Kind() != gsm.GSM7 {
		return oneUserData
	}
	var buf [16]byte
	return (oneUserData - len(enc.AppendUDH(buf[:0], gsm.Concat{}))) * 8 / 7
}

// write appends the text in the alphabet of the link, behind the header, and sets
// data_coding. tables are those the septets are written in.
func (e *encoder) write(cfg *settings, s *connect.Submission, tables gsm.Encoding, payload bool) error {
	switch s.Encoding.Kind() {
	case gsm.GSM7:
	case gsm.UCS2:
		return e.writeUCS2(cfg, s, s.Payload)
	case gsm.Octets:
		if s.Group.Raw == nil {
			return errEncoding
		}
		e.pdu.DataCoding = s.Group.Coding
		e.text = append(e.text, s.Payload...)
		return nil
	default:
		return errEncoding
	}
	e.pdu.DataCoding = cfg.coding(s, gsm.CharsetGSM7)
	switch {
	case cfg.converts():
		return e.convert(cfg, s, tables, payload)
	case payload && tables != gsm.GSM7:
		// The operator cuts a payload, and would have to repeat in each part
		// which tables it is written in. Nobody does.
		return e.writeUCS2(cfg, s, gsm.AppendUCS2(nil, gsm.DecodeSeptets(s.Payload, tables)))
	case cfg.DefaultAlphabet == gsm.CharsetGSM7Packed:
		e.text = gsm.AppendPacked(e.text, s.Payload, len(e.text))
		return nil
	}
	e.text = append(e.text, s.Payload...)
	return nil
}

func (e *encoder) writeUCS2(cfg *settings, s *connect.Submission, payload []byte) error {
	e.pdu.DataCoding = cfg.coding(s, gsm.CharsetUCS2)
	e.text = append(e.text, payload...)
	return nil
}

// coding is the data_coding of a text in the default alphabet or UCS-2: that of
// the link. The classes 1 to 3, which an SMPP customer may have given it, are kept
// where the link's codes are those of TS 23.038 §4.
func (s *settings) coding(sub *connect.Submission, cs gsm.Charset) uint8 {
	plain, flash, own := s.DataCodingDefault, s.FlashDefault, s.DataCodingDefault == 0 && !s.converts()
	if cs == gsm.CharsetUCS2 {
		plain, flash, own = s.DataCodingUCS2, s.FlashUCS2, s.DataCodingUCS2 == smpp.CodingUCS2
	}
	switch {
	case sub.Type == sms.TypeFlash:
		return flash
	case sub.Group.Coding == 0 || !own:
		return plain
	}
	_, class, ok := gsm.ParseDCS(sub.Group.Coding)
	if !ok || class <= gsm.Class0 {
		return plain
	}
	if dcs, ok := gsm.DCS(cs, class); ok {
		return dcs
	}
	return plain
}

// source is the sender with its type and plan (SMPP 3.4 §5.2.5, §5.2.6).
func (s *settings) source(sender string) smpp.Address {
	from := cmp.Or(s.SourceAddress, sender)
	kind, _ := numplan.ClassifySender(from)
	switch kind {
	case numplan.Numeric:
		if from[0] == '+' {
			from = from[1:]
		}
		return s.SourceInternational.address(from)
	case numplan.ShortCode:
		return s.SourceShort.address(from)
	}
	return s.SourceAlphanumeric.address(from)
}

func (s *settings) destination(sub *connect.Submission) smpp.Address {
	if sub.Short {
		return s.DestinationShort.address(sub.To)
	}
	if s.DestinationPrefix != "" {
		return s.Destination.address(s.DestinationPrefix + sub.To)
	}
	return s.Destination.address(sub.To)
}

func (t tonNPI) address(digits string) smpp.Address {
	return smpp.Address{TON: smpp.TON(t.TON), NPI: smpp.NPI(t.NPI), Addr: digits}
}

// validityPeriod is validity_period in whole seconds (SMPP 3.4 §7.1.1). A message
// whose time is over is sent with the shortest one: what to do about it is
// flow's decision.
func (e *encoder) validityPeriod(cfg *settings, until, now time.Time) string {
	if until.IsZero() {
		return ""
	}
	switch cfg.Validity {
	case validityRelative:
		left := max(until.Sub(now), time.Second)
		if s := int64((left + time.Second - 1) / time.Second); s != e.seconds || e.validity == "" {
			e.seconds, e.validity = s, smpp.FormatRelative(time.Duration(s)*time.Second)
		}
		return e.validity
	case validityAbsolute:
		return smpp.FormatTime(until.UTC().Truncate(time.Second))
	}
	return ""
}
