package gsm

import (
	"errors"
	"fmt"
)

// Information element identifiers (TS 23.040 §9.2.3.24).
const (
	ElementConcat8      = 0x00
	ElementConcat16     = 0x08
	ElementSingleShift  = 0x24 // national language single shift
	ElementLockingShift = 0x25 // national language locking shift
)

// ErrUDH is wrapped by every error about a user data header.
var ErrUDH = errors.New("gsm: bad user data header")

// Element is one information element, its data raw.
type Element struct {
	ID   uint8
	Data []byte
}

// UDH is a user data header: its elements in the order of the wire, unknown and
// repeated ones included.
type UDH []Element

// ParseUDH separates the header from the body of a short message whose esm_class
// has the UDH indicator (SMPP 3.4 §5.2.12, TS 23.040 §9.2.3.24). Header and body
// share the octets.
//
// When the length of the header is right but its elements do not add up, the
// header is ignored as a whole (TS 23.040 §9.2.3.24): the error comes with a nil
// header and a good body. When the header is longer than the message, or there
// is no octet at all, the body is the whole input.
func ParseUDH(octets []byte) (header UDH, body []byte, err error) {
	if len(octets) == 0 {
		return nil, octets, fmt.Errorf("%w: no octets", ErrUDH)
	}
	length := int(octets[0])
	if length > len(octets)-1 {
		return nil, octets, fmt.Errorf("%w: length %d, but only %d octets follow", ErrUDH, length, len(octets)-1)
	}
	elements, body := octets[1:1+length:1+length], octets[1+length:]
	for rest := elements; len(rest) > 0; {
		if len(rest) < 2 {
			return nil, body, fmt.Errorf("%w: element 0x%02X has no length", ErrUDH, rest[0])
		}
		end := 2 + int(rest[1])
		if end > len(rest) {
			return nil, body, fmt.Errorf("%w: element 0x%02X has length %d, but only %d octets follow", ErrUDH, rest[0], rest[1], len(rest)-2)
		}
		header = append(header, Element{ID: rest[0], Data: rest[2:end:end]})
		rest = rest[end:]
	}
	return header, body, nil
}

// Len returns the octets of the header on the wire, its length octet included.
func (h UDH) Len() int {
	octets := 1
	for _, e := range h {
		octets += 2 + len(e.Data)
	}
	return octets
}

// Append appends the header. It returns dst as it was, and an error, when the
// elements are too long for the length octet.
func (h UDH) Append(dst []byte) ([]byte, error) {
	length := h.Len() - 1
	if length > 0xFF {
		return dst, fmt.Errorf("%w: elements of %d octets, at most 255 can be sent", ErrUDH, length)
	}
	dst = append(dst, byte(length))
	for _, e := range h {
		dst = append(dst, e.ID, byte(len(e.Data)))
		dst = append(dst, e.Data...)
	}
	return dst, nil
}

// Concat returns the concatenation of the header. Elements that make no sense
// (of wrong length, part 0, part 0 of 0, part 3 of 2) are ignored, and of several
// the last counts (TS 23.040 §9.2.3.24 and §9.2.3.24.1).
func (h UDH) Concat() (c Concat, ok bool) {
	for _, e := range h {
		var found Concat
		switch {
		case e.ID == ElementConcat8 && len(e.Data) == 3:
			found = Concat{Bits: Ref8, Ref: uint16(e.Data[0]), Total: e.Data[1], Seq: e.Data[2]}
		case e.ID == ElementConcat16 && len(e.Data) == 4:
			found = Concat{Bits: Ref16, Ref: uint16(e.Data[0])<<8 | uint16(e.Data[1]), Total: e.Data[2], Seq: e.Data[3]}
		default:
			continue
		}
		if found.Valid() {
			c, ok = found, true
		}
	}
	return c, ok
}

// National returns the tables that the header announces, GSM7 without any. As
// receivers have to, it ignores elements that make no sense or name a language
// without such a table, and of several takes the last (TS 23.038 §6.2.1.2.4, TS
// 23.040 §9.2.3.24.15, §9.2.3.24.16).
func (h UDH) National() Encoding {
	var locking, single Language
	for _, e := range h {
		if len(e.Data) != 1 {
			continue
		}
		switch l := Language(e.Data[0]); {
		case e.ID == ElementSingleShift && l.known():
			single = l
		case e.ID == ElementLockingShift && l.known() && l.locks():
			locking = l
		}
	}
	return National(locking, single)
}

// Concat numbers one part of a concatenated message. References of different
// width are different references.
type Concat struct {
	Ref   uint16
	Bits  RefBits
	Total uint8
	Seq   uint8 // from 1
}

// Valid reports whether Seq lies within 1 to Total.
func (c Concat) Valid() bool { return c.Seq >= 1 && c.Seq <= c.Total }

// Element returns c as an information element, for a [UDH] with others.
func (c Concat) Element() Element {
	e := c.AppendUDH(nil)
	return Element{ID: e[1], Data: e[3:]}
}

// AppendUDH appends a header that holds c alone: 6 octets, 7 with Bits 16.
func (c Concat) AppendUDH(dst []byte) []byte {
	if c.Bits == Ref16 {
		return append(dst, 6, ElementConcat16, 4, byte(c.Ref>>8), byte(c.Ref), c.Total, c.Seq)
	}
	return append(dst, 5, ElementConcat8, 3, byte(c.Ref), c.Total, c.Seq)
}
