package smppc

import (
	"unicode/utf8"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
)

// converts says that a text in the default alphabet is no septets on this link, so
// that it has no national tables either: the operator makes the septets.
func (s *settings) converts() bool {
	return s.DefaultAlphabet != gsm.CharsetGSM7 && s.DefaultAlphabet != gsm.CharsetGSM7Packed
}

// convert writes septets in the default alphabet of the link, behind the header.
// Where that lacks a character, such as €, the text goes as UCS-2 if it takes no
// more parts than were priced, or not at all. The parts of one text all decide by
// the whole of it, so that none goes out without the others, or in another
// alphabet than they.
func (e *encoder) convert(cfg *settings, s *connect.Submission, tables gsm.Encoding, payload bool) error {
	if s.Concat != nil && !e.holds(cfg.DefaultAlphabet, s.Group.Text) {
		return errAlphabet
	}
	text := gsm.DecodeSeptets(s.Payload, tables)
	var ok bool
	if e.text, ok = gsm.AppendEncoded(e.text, cfg.DefaultAlphabet, text); ok {
		return nil
	}
	// A text that is cut for septets is too long for it: a full part has 74
	// characters or more, and 67 are the most in UCS-2.
	if s.Concat != nil || !payload && !e.fitsUCS2(text) || payload && moreAsUCS2(text, s.Encoding) {
		return errAlphabet
	}
	return e.writeUCS2(cfg, s, gsm.AppendUCS2(nil, text))
}

// holds says whether the alphabet has all of a text. It works behind what is
// written already, and takes it away again.
func (e *encoder) holds(alphabet gsm.Charset, text string) bool {
	written := len(e.text)
	var ok bool
	e.text, ok = gsm.AppendEncoded(e.text, alphabet, text)
	e.text = e.text[:written]
	return ok
}

// fitsUCS2 says whether a text fits into one SMS beside the header, also where the
// operator makes that of sar_ parameters.
func (e *encoder) fitsUCS2(text string) bool {
	const sarHeader = 6 // TS 23.040 §9.2.3.24.1, with its length octet
	header := len(e.text)
	if header == 0 && len(e.tlvs) > 0 {
		header = sarHeader
	}
	return header+2*utf8.RuneCountInString(text) <= oneUserData // septets have no character outside the BMP
}

// moreAsUCS2 says whether a payload takes more parts in UCS-2 than it was priced
// for. An encoding that there is not has none.
func moreAsUCS2(text string, priced gsm.Encoding) bool {
	narrow, _ := gsm.Measure(text, gsm.Options{Encoding: priced})
	wide, _ := gsm.Measure(text, gsm.Options{Encoding: gsm.UCS2}) // complete also when it is too many
	return wide.Parts > narrow.Parts
}
