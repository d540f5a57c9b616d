package gsm

import (
	"errors"
	"fmt"
)

// Part is one received part of a message.
type Part struct {
	// Concat numbers the part, from the UDH or the SAR parameters; the zero
	// value is a message of one part.
	Concat  Concat
	Charset Charset
	// Encoding has the national tables of septets, as [UDH.National] gives
	// them. The zero value is the default alphabet.
	Encoding Encoding
	// HeaderLen is the octets of the UDH that stood before Body. Only packed
	// septets need it.
	HeaderLen int
	Body      []byte
}

// The errors of [Assemble].
var (
	ErrParts   = errors.New("gsm: parts do not form one message")
	ErrNotText = errors.New("gsm: charset is not text that can be read")
)

// Assemble makes one text of the parts of a message, given in any order. Of
// several copies of a part the first counts. missing is the number of parts
// that are not there; the text is then that of the others.
//
// Other senders split surrogate pairs, UTF-16 units and escape pairs across
// parts, so neighbours of one charset are joined as octets before they are
// decoded. It fails with ErrParts when there is no part, when reference, width
// or total differ or a number lies outside the total, and with ErrNotText when
// a part is of a charset that [AppendDecoded] cannot read.
func Assemble(parts []Part) (text string, missing int, err error) {
	var bySeq [MaxParts + 1]*Part
	total, err := order(parts, &bySeq)
	if err != nil {
		return "", 0, err
	}
	var out []byte
	for seq := 1; seq <= total; {
		if bySeq[seq] == nil {
			missing++
			seq++
			continue
		}
		end := seq + 1
		for end <= total && bySeq[end] != nil && bySeq[end].joins(bySeq[seq]) {
			end++
		}
		if out, err = appendRun(out, bySeq[seq:end]); err != nil {
			return "", 0, err
		}
		seq = end
	}
	return string(out), missing, nil
}

// order files the parts by number and returns how many there should be.
func order(parts []Part, bySeq *[MaxParts + 1]*Part) (total int, err error) {
	if len(parts) == 0 {
		return 0, fmt.Errorf("%w: there are none", ErrParts)
	}
	first := parts[0].number()
	for i := range parts {
		c := parts[i].number()
		if !c.Valid() {
			return 0, fmt.Errorf("%w: part %d of %d", ErrParts, c.Seq, c.Total)
		}
		if c.Ref != first.Ref || c.Bits != first.Bits || c.Total != first.Total {
			return 0, fmt.Errorf("%w: references or totals differ", ErrParts)
		}
		if bySeq[c.Seq] == nil {
			bySeq[c.Seq] = &parts[i]
		}
	}
	return int(first.Total), nil
}

func (p *Part) number() Concat {
	if p.Concat == (Concat{}) {
		return Concat{Total: 1, Seq: 1}
	}
	return p.Concat
}

// joins reports whether two neighbours are octets of the same kind.
func (p *Part) joins(q *Part) bool {
	return p.Charset == q.Charset && (!p.Charset.septets() || p.Encoding|GSM7 == q.Encoding|GSM7)
}

// appendRun decodes neighbouring parts of one charset and one pair of tables.
func appendRun(dst []byte, run []*Part) ([]byte, error) {
	octets, cs := 0, run[0].Charset
	for _, p := range run {
		octets += len(p.Body)
	}
	if cs == CharsetUCS2 && octets%2 == 1 {
		// An octet was lost. Decoding part by part keeps the damage to its
		// part instead of shifting all that follows.
		for _, p := range run {
			dst = appendUCS2Text(dst, p.Body)
		}
		return dst, nil
	}
	joined := make([]byte, 0, octets)
	for _, p := range run {
		if cs == CharsetGSM7Packed {
			joined = AppendUnpacked(joined, p.Body, p.HeaderLen, -1)
		} else {
			joined = append(joined, p.Body...)
		}
	}
	if cs.septets() {
		return AppendSeptetsText(dst, joined, run[0].Encoding), nil
	}
	dst, ok := AppendDecoded(dst, cs, joined)
	if !ok {
		return dst, fmt.Errorf("%w: %v", ErrNotText, cs)
	}
	return dst, nil
}
