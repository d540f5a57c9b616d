package smpp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"
	"unsafe"
)

// codecMode is what a walk over the fields of a PDU does with each of them.
type codecMode uint8

const (
	decoding codecMode = iota // octets of in → field
	encoding                  // field → octets appended to out
	printing                  // field → name=value appended to out
	cloning                   // field → a copy of its own
	seeking                   // only finds the optional parameters
)

// codec walks the field list of a PDU. Every method below is one kind of field and knows every
// mode. The first error stops the work; later fields become zero, so that a PDU struct can be used
// again and again without old values shining through.
type codec struct {
	mode    codecMode
	lenient bool // decoding a response: long strings, missing ends and missing fields are no errors
	texts   bool // printing: show message texts
	in      []byte
	out     []byte
	err     *FieldError
	found   *TLVs // seeking: where they are
	// congestion, when not 0, is congestion_state + 1, added to the response that is encoded.
	congestion uint8
}

// FieldError says which field of a PDU is wrong. It never holds the value.
type FieldError struct {
	Command CommandID
	Field   string // name in the specification
	Status  Status // what a peer that sent this is answered with
	Reason  string
	harm    harm
}

// harm says what a message loses with optional parameters that are not whole.
type harm uint8

const (
	harmUnknown harm = iota // another field is wrong, or message_payload is cut off
	harmOption              // the end of an optional parameter, or up to three octets more than the fields hold
	harmNone                // nothing: up to three octets that are NUL
)

// Error names the field and the reason.
func (e *FieldError) Error() string {
	return "smpp: " + e.Command.String() + ": " + e.Field + " " + e.Reason + " (" + e.Status.String() + ")"
}

const truncated = "is missing: the PDU ends before it"

func (c *codec) fail(field string, st Status, reason string) {
	if c.err == nil {
		c.err = &FieldError{Field: field, Status: st, Reason: reason}
	}
}

// aliasString makes a string of octets without copying them. It is the only use of unsafe: the frame
// is never written to after it was read (framer.go), which is what a string needs.
func aliasString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

func untilNUL(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

func (c *codec) uint8(name string, p *uint8) {
	switch c.mode {
	case decoding:
		if c.err != nil || len(c.in) == 0 {
			*p = 0
			c.fail(name, StatusInvCmdLen, truncated)
			return
		}
		*p = c.in[0]
		c.in = c.in[1:]
	case encoding:
		c.out = append(c.out, *p)
	case printing:
		c.label(name)
		c.out = strconv.AppendUint(c.out, uint64(*p), 10)
	}
}

// flags is a uint8 that prints in hexadecimal.
func (c *codec) flags(name string, p *uint8) {
	if c.mode == printing {
		c.label(name)
		c.out = append(c.out, "0x"...)
		c.out = hex.AppendEncode(c.out, []byte{*p})
		return
	}
	c.uint8(name, p)
}

func (c *codec) uint32(name string, p *uint32) {
	switch c.mode {
	case decoding:
		if c.err != nil || len(c.in) < 4 {
			*p = 0
			c.fail(name, StatusInvCmdLen, truncated)
			return
		}
		*p = binary.BigEndian.Uint32(c.in)
		c.in = c.in[4:]
	case encoding:
		c.out = binary.BigEndian.AppendUint32(c.out, *p)
	case printing:
		c.label(name)
		c.out = append(c.out, "0x"...)
		c.out = strconv.AppendUint(c.out, uint64(*p), 16)
	}
}

// cstring is a C-octet string of at most size octets with its NUL (SMPP 3.4 §3.1).
func (c *codec) cstring(name string, size int, bad Status, p *string) {
	switch c.mode {
	case decoding:
		*p = c.takeCString(name, size, bad)
	case encoding:
		c.putCString(name, size, bad, *p)
	case printing:
		c.label(name)
		c.out = strconv.AppendQuote(c.out, *p)
	case cloning:
		*p = strings.Clone(*p)
	}
}

// secret is a cstring that prints as stars.
func (c *codec) secret(name string, size int, bad Status, p *Secret) {
	if c.mode == printing {
		c.label(name)
		c.out = append(c.out, stars...)
		return
	}
	c.cstring(name, size, bad, (*string)(p))
}

func (c *codec) takeCString(name string, size int, bad Status) string {
	if c.err != nil {
		return ""
	}
	if len(c.in) != 0 && c.in[0] == 0 { // the most common string is the empty one
		c.in = c.in[1:]
		return ""
	}
	// The bytes of short strings are looked at one by one: quicker than a call of IndexByte.
	n := min(len(c.in), size)
	for i := 1; i < n; i++ {
		if c.in[i] == 0 {
			s := aliasString(c.in[:i])
			c.in = c.in[i+1:]
			return s
		}
	}
	return c.takeOddCString(name, size, bad)
}

// takeOddCString reads a string that is too long or has no end.
func (c *codec) takeOddCString(name string, size int, bad Status) string {
	end := bytes.IndexByte(c.in, 0)
	switch {
	case end >= 0 && c.lenient:
		s := aliasString(c.in[:end])
		c.in = c.in[end+1:]
		return s
	case len(c.in) > 0 && c.lenient:
		s := aliasString(c.in)
		c.in = nil
		return s
	case end >= 0 || len(c.in) >= size:
		c.fail(name, bad, "is longer than "+strconv.Itoa(size-1)+" octets")
	default:
		c.fail(name, StatusInvCmdLen, truncated)
	}
	return ""
}

func (c *codec) putCString(name string, size int, bad Status, s string) {
	if len(s) >= size {
		c.fail(name, bad, "is longer than "+strconv.Itoa(size-1)+" octets")
		return
	}
	if strings.IndexByte(s, 0) >= 0 {
		c.fail(name, bad, "contains a NUL octet")
		return
	}
	c.out = append(append(c.out, s...), 0)
}

// addressField is the name of an address and the status for a bad one.
type addressField struct {
	name string
	bad  Status
}

// address is TON, NPI and the address itself as a cstring.
func (c *codec) address(f *addressField, size int, p *Address) {
	switch c.mode {
	case decoding:
		if c.err != nil || len(c.in) < 3 {
			*p = Address{}
			c.fail(f.name, StatusInvCmdLen, truncated)
			return
		}
		p.TON, p.NPI = TON(c.in[0]), NPI(c.in[1])
		c.in = c.in[2:]
		p.Addr = c.takeCString(f.name, size, f.bad)
	case encoding:
		c.out = append(c.out, byte(p.TON), byte(p.NPI))
		c.putCString(f.name, size, f.bad, p.Addr)
	case printing:
		c.label(f.name)
		c.out = strconv.AppendUint(c.out, uint64(p.TON), 10)
		c.out = append(c.out, '/')
		c.out = strconv.AppendUint(c.out, uint64(p.NPI), 10)
		c.out = append(c.out, '/')
		c.out = strconv.AppendQuote(c.out, p.Addr)
	case cloning:
		p.Addr = strings.Clone(p.Addr)
	}
}

// text is an octet string behind a one-octet length: sm_length and short_message. SMPP 3.4 §5.2.21
// allows 254 octets; 255, which SMPP 5.0 allows, is read but not written.
func (c *codec) text(name string, most int, p *[]byte) {
	switch c.mode {
	case decoding:
		if c.err != nil || len(c.in) == 0 {
			*p = nil
			c.fail("sm_length", StatusInvCmdLen, truncated)
			return
		}
		n := 1 + int(c.in[0])
		if n > len(c.in) {
			*p = nil
			c.fail("sm_length", StatusInvMsgLen, "is more than the octets that follow")
			return
		}
		*p = c.in[1:n:n]
		c.in = c.in[n:]
	case encoding:
		if len(*p) > most {
			c.fail(name, StatusInvMsgLen, "is longer than "+strconv.Itoa(most)+" octets: use message_payload")
			return
		}
		c.out = append(append(c.out, byte(len(*p))), *p...)
	case printing:
		c.label(name)
		c.octets(*p, c.texts)
	case cloning:
		*p = bytes.Clone(*p)
	}
}

// tlvs is the rest of the PDU.
func (c *codec) tlvs(p *TLVs) {
	switch c.mode {
	case decoding:
		*p = nil
		if c.err != nil || len(c.in) == 0 {
			return
		}
		whole := TLVs(c.in).whole()
		*p = TLVs(c.in[:whole:whole])
		if whole < len(c.in) {
			c.fail("optional parameters", StatusInvOptParStream, "do not add up to the end of the PDU")
			c.err.harm = harmOf(c.in[whole:])
		}
	case encoding:
		if !p.valid() {
			c.fail("optional parameters", StatusInvOptParStream, "are not whole: build them with Add")
			return
		}
		c.out = append(c.out, *p...)
	case printing:
		for tag, v := range p.All() {
			c.label(tag.String())
			if tag == TagMessagePayload || tag == TagAdditionalStatusInfoText {
				c.octets(v, c.texts)
			} else {
				c.out = append(c.out, "0x"...)
				c.out = hex.AppendEncode(c.out, v)
			}
		}
	case cloning:
		*p = bytes.Clone(*p)
	case seeking:
		c.found = p
	}
}

// harmOf judges the octets that are left over behind whole parameters.
func harmOf(rest []byte) harm {
	switch {
	case len(rest) < 4 && len(bytes.Trim(rest, "\x00")) == 0:
		return harmNone
	case len(rest) < 4:
		return harmOption
	case Tag(binary.BigEndian.Uint16(rest)) == TagMessagePayload:
		return harmUnknown
	}
	return harmOption
}

// list is a counted list: a one-octet count and then the fields of each element.
func list[T any](c *codec, name string, most int, bad Status, p *[]T, fields func(*T, *codec)) {
	switch c.mode {
	case decoding:
		var n uint8
		c.uint8(name, &n)
		*p = nil
		for range n {
			var e T
			if fields(&e, c); c.err != nil {
				return
			}
			*p = append(*p, e) // grows with what is really there, not with what the count promises
		}
		return
	case encoding:
		if len(*p) > most {
			c.fail(name, bad, "is more than "+strconv.Itoa(most))
			return
		}
		c.out = append(c.out, byte(len(*p)))
	case printing:
		c.label(name)
		c.out = strconv.AppendInt(c.out, int64(len(*p)), 10)
	case cloning:
		*p = append([]T(nil), *p...)
	}
	for i := range *p {
		fields(&(*p)[i], c)
	}
}

func (c *codec) label(name string) {
	c.out = append(c.out, ' ')
	c.out = append(c.out, name...)
	c.out = append(c.out, '=')
}

// octets prints a message text, or only its length.
func (c *codec) octets(b []byte, show bool) {
	if show {
		c.out = strconv.AppendQuote(c.out, string(b))
		return
	}
	c.out = append(c.out, '<')
	c.out = strconv.AppendInt(c.out, int64(len(b)), 10)
	c.out = append(c.out, " octets>"...)
}
