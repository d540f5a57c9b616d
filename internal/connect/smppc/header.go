package smppc

import (
	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// header writes what stands before the text: the place of a part and the national
// tables, in a user data header or in sar_ parameters, or the header of content
// that the caller made. It returns the tables that the septets are written in.
func (e *encoder) header(cfg *settings, s *connect.Submission) (tables gsm.Encoding, err error) {
	e.pdu.ProtocolID = s.Group.Protocol
	if s.Group.Raw != nil {
		return e.rawHeader(cfg, s), nil
	}
	tables = s.Encoding
	tell := tables // which of them the handset is told
	if cfg.converts() {
		tell = gsm.GSM7
	}
	if s.Concat == nil {
		e.text = tell.AppendUDH(e.text, gsm.Concat{})
		return tables, nil
	}
	c := *s.Concat
	switch {
	case s.Long == sms.LongPayload:
		return tables, errConcat
	case s.Long == sms.LongSAR && len(tell.AppendUDH(e.text, gsm.Concat{})) == 0:
		// With a header for the tables, that numbers the parts too: an SMSC takes
		// one or the other.
		e.tlvs.AddSAR(smpp.Concat{Ref: c.Ref, Total: c.Total, Seq: c.Seq})
		return tables, nil
	case s.Long == sms.LongUDH16:
		c.Bits = gsm.Ref16
	default:
		c.Bits = gsm.Ref8
	}
	e.text = tell.AppendUDH(e.text, c)
	return tables, nil
}

// rawHeader writes the header as the caller made it, with two exceptions: one
// that is nothing but a concatenation becomes sar_ parameters where the route
// wants these, and one that names national tables loses them on a link whose
// default alphabet is not the septets themselves.
func (e *encoder) rawHeader(cfg *settings, s *connect.Submission) (tables gsm.Encoding) {
	raw := s.Group.Raw.Header
	if len(raw) == 0 {
		return gsm.GSM7
	}
	header, _, err := gsm.ParseUDH(raw)
	tables = header.National()
	if c, numbered := header.Concat(); numbered && len(header) == 1 && s.Long == sms.LongSAR {
		e.tlvs.AddSAR(smpp.Concat{Ref: c.Ref, Total: c.Total, Seq: c.Seq})
		return tables
	}
	if err == nil && tables != gsm.GSM7 && s.Encoding.Kind() == gsm.GSM7 && cfg.converts() {
		var kept gsm.UDH
		for _, element := range header {
			if element.ID != gsm.ElementSingleShift && element.ID != gsm.ElementLockingShift {
				kept = append(kept, element)
			}
		}
		if len(kept) > 0 {
			e.text, _ = kept.Append(e.text) // shorter than one that was long enough
		}
		return tables
	}
	e.text = append(e.text, raw...)
	return tables
}
