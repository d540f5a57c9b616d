package smppc

import (
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
	oneGSM7         = 160    // septets of one SMS
	oneUCS2         = 140    // octets of one SMS
)

// Errors of a submission that no operator could take. They hold none of it.
var (
	errEncoding = errors.New("smppc: the encoding is neither GSM-7 nor UCS-2")
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
		ServiceType: cfg.ServiceType, Source: cfg.source(s), Destination: cfg.destination(s),
		PriorityFlag: cfg.Priority, ValidityPeriod: e.validityPeriod(cfg, s.ValidTo, now),
	}
	if s.Receipt {
		e.pdu.RegisteredDelivery = cfg.RegisteredDelivery
	}
	payload := s.Long == sms.LongPayload && s.Concat == nil && len(s.Payload) > oneMessage(s.Encoding)
	if s.Concat != nil {
		if err := e.number(s); err != nil {
			return err
		}
	}
	header := len(e.text)
	if err := e.write(cfg, s, header, payload); err != nil {
		return err
	}
	if payload {
		if len(e.text) > maxPayload {
			return errTooLong
		}
		if err := e.tlvs.Add(smpp.TagMessagePayload, e.text); err != nil {
			return err
		}
	} else {
		if len(e.text) > maxShortMessage {
			return errTooLong
		}
		e.pdu.ShortMessage = e.text
	}
	e.pdu.TLVs = e.tlvs
	return nil
}

func oneMessage(enc gsm.Encoding) int {
	if enc == gsm.UCS2 {
		return oneUCS2
	}
	return oneGSM7
}

// number writes the place of the part: a user data header, or the sar_
// parameters.
func (e *encoder) number(s *connect.Submission) error {
	c := *s.Concat
	switch s.Long {
	case sms.LongSAR:
		e.tlvs.AddSAR(smpp.Concat{Ref: c.Ref, Total: c.Total, Seq: c.Seq})
		return nil
	case sms.LongPayload:
		return errConcat
	case sms.LongUDH16:
		c.Bits = gsm.Ref16
	default:
		c.Bits = gsm.Ref8
	}
	e.text = c.AppendUDH(e.text)
	e.pdu.ESMClass |= smpp.EsmUDHI
	return nil
}

// write appends the text in the alphabet of the link, behind a header of so many
// octets, and sets data_coding.
func (e *encoder) write(cfg *settings, s *connect.Submission, header int, payload bool) error {
	flash := s.Type == sms.TypeFlash
	switch s.Encoding {
	case gsm.UCS2:
		return e.writeUCS2(cfg, s.Payload, flash)
	case gsm.GSM7:
	default:
		return errEncoding
	}
	e.pdu.DataCoding = cfg.DataCodingDefault
	if flash {
		e.pdu.DataCoding = cfg.FlashDefault
	}
	switch cfg.DefaultAlphabet {
	case gsm.CharsetGSM7:
		e.text = append(e.text, s.Payload...)
		return nil
	case gsm.CharsetGSM7Packed:
		e.text = gsm.AppendPacked(e.text, s.Payload, header)
		return nil
	}
	text, _ := gsm.Decode(gsm.CharsetGSM7, s.Payload) // septets always decode
	var ok bool
	if e.text, ok = gsm.AppendEncoded(e.text, cfg.DefaultAlphabet, text); ok {
		return nil
	}
	// The operator's alphabet lacks a character, such as €. The text may still go
	// out as UCS-2 if it takes no more than the one part that was priced.
	wide := gsm.AppendUCS2(nil, text)
	if !payload && header+len(wide) > oneUCS2 {
		return errAlphabet
	}
	return e.writeUCS2(cfg, wide, flash)
}

func (e *encoder) writeUCS2(cfg *settings, payload []byte, flash bool) error {
	e.pdu.DataCoding = cfg.DataCodingUCS2
	if flash {
		e.pdu.DataCoding = cfg.FlashUCS2
	}
	e.text = append(e.text, payload...)
	return nil
}

// source is the sender with its type and plan (SMPP 3.4 §5.2.5, §5.2.6).
func (s *settings) source(sub *connect.Submission) smpp.Address {
	from := s.SourceAddress
	if from == "" {
		from = sub.From
	}
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
