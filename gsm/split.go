package gsm

// Segment is one short message of a text.
type Segment struct {
	// Octets is what short_message takes: the UDH, HeaderLen octets of it,
	// then the text in Charset.
	Octets    []byte
	HeaderLen int
	Charset   Charset
	// Encoding is that of the message, with its national tables.
	Encoding Encoding
	// Text is the piece of the text that this segment carries.
	Text string
	// Units is the size of Text in septets or UTF-16 units.
	Units int
	// Concat numbers the segment; a lone one is 1 of 1. Its Bits are always
	// the width that the segments were cut for, so that a UDH made of it later
	// (after NoUDH) fits. With NoUDH its Ref keeps all 16 bits, for the SAR
	// parameters.
	Concat Concat
}

// Body returns the octets after the UDH.
func (s Segment) Body() []byte { return s.Octets[s.HeaderLen:] }

// UDH returns the user data header of the segment, nil for none: also after
// NoUDH, when somebody else has to write it.
func (s Segment) UDH() UDH {
	var header UDH
	if s.Concat.Total > 1 {
		header = UDH{s.Concat.Element()}
	}
	return append(header, s.Encoding.Elements()...)
}

// Split cuts a text into segments, as full as possible: 160 septets or 70
// UTF-16 units alone, 153 or 67 in a longer message, 152 or 66 with a 16-bit
// reference (TS 23.040 §9.2.3.24.1), and less beside the elements of national
// tables (also with NoUDH: whoever writes the header has to tell the tables, see
// [Encoding.AppendUDH]). No escape pair and no surrogate pair is cut, and, with
// UCS-2 or national tables, no grapheme cluster (a letter with its marks, an emoji
// of several characters) where sparing it costs no further part. An empty text is
// one empty segment. It fails as [Measure] does, and otherwise returns exactly the
// parts that Measure counts. The segments share one buffer, each clipped to its
// own octets.
func Split(text string, o Options) ([]Segment, error) {
	size, err := Measure(text, o)
	if err != nil {
		return nil, err
	}
	header := 0
	if !o.NoUDH {
		header = o.headerLen(size.Encoding, size.Parts)
	}
	segments := make([]Segment, size.Parts)
	buf := make([]byte, 0, size.Parts*header+size.octets())
	left := size.Units
	for i := range segments {
		end, units := size.cut(text, left, size.Parts-i-1)
		seg := Segment{
			HeaderLen: header,
			Charset:   size.Charset,
			Encoding:  size.Encoding,
			Text:      text[:end],
			Units:     units,
			Concat:    o.concat(i+1, size.Parts),
		}
		text, left = text[end:], left-units
		start := len(buf)
		if header > 0 {
			buf = seg.Encoding.AppendUDH(buf, seg.Concat)
		}
		buf = seg.appendBody(buf)
		seg.Octets = buf[start:len(buf):len(buf)]
		segments[i] = seg
	}
	return segments, nil
}

// octets bounds the octets of the whole text.
func (s Size) octets() int {
	if s.Encoding == UCS2 {
		return 2 * s.Units
	}
	return s.Units
}

func (o Options) concat(seq, total int) Concat {
	c := Concat{Ref: o.Ref, Bits: Ref8, Total: uint8(total), Seq: uint8(seq)}
	switch {
	case o.RefBits == Ref16:
		c.Bits = Ref16
	case !o.NoUDH:
		c.Ref &= 0xFF
	}
	return c
}

// appendBody writes the text of the segment. Measure has made sure that the
// charset holds it.
func (s Segment) appendBody(dst []byte) []byte {
	switch s.Charset {
	case CharsetGSM7Packed:
		dst, _ = appendPackedText(dst, s.Text, s.Encoding, s.HeaderLen)
	case CharsetGSM7:
		dst, _ = AppendSeptets(dst, s.Text, s.Encoding)
	default:
		dst, _ = AppendEncoded(dst, s.Charset, s.Text)
	}
	return dst
}
