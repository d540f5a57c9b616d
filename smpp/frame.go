package smpp

import (
	"encoding/binary"
	"errors"
	"strconv"
	"sync"
)

// HeaderSize is the size of the header of every PDU (SMPP 3.4 §3.2).
const HeaderSize = 16

// MaxSequence is the greatest sequence_number (SMPP 3.4 §3.2).
const MaxSequence = 0x7FFFFFFF

// Header is the header of a PDU (SMPP 3.4 §3.2).
type Header struct {
	Length   uint32 // command_length: octets of the whole PDU
	Command  CommandID
	Status   Status
	Sequence uint32
}

// ErrShort is returned for fewer octets than a header or its command_length needs.
var ErrShort = errors.New("smpp: the frame is shorter than its header says")

// ParseHeader reads the header at the start of b.
func ParseHeader(b []byte) (Header, error) {
	if len(b) < HeaderSize {
		return Header{}, ErrShort
	}
	return Header{
		Length:   binary.BigEndian.Uint32(b),
		Command:  CommandID(binary.BigEndian.Uint32(b[4:])),
		Status:   Status(binary.BigEndian.Uint32(b[8:])),
		Sequence: binary.BigEndian.Uint32(b[12:]),
	}, nil
}

var codecs = sync.Pool{New: func() any { return new(codec) }}

// Append encodes p as a whole frame and appends it to dst. Command and length come from p; of h only
// Status and Sequence are used. On error dst is returned as it was, and the error is a *FieldError.
//
// A response with an error status and no content is written without a body where SMPP 3.4 says so
// (§4.4.2: "the body is not returned if the command_status is non-zero").
func Append(dst []byte, h Header, p PDU) ([]byte, error) {
	c := codecs.Get().(*codec)
	out, err := c.appendFrame(dst, h.Status, h.Sequence, p)
	*c = codec{}
	codecs.Put(c)
	if err != nil {
		return dst, err
	}
	return out, nil
}

// appendFrame is Append with a codec of the caller's.
func (c *codec) appendFrame(dst []byte, st Status, seq uint32, p PDU) ([]byte, error) {
	id := p.Command()
	start := len(dst)
	c.mode, c.err = encoding, nil
	c.out = append(dst, 0, 0, 0, 0,
		byte(id>>24), byte(id>>16), byte(id>>8), byte(id),
		byte(st>>24), byte(st>>16), byte(st>>8), byte(st),
		byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq))
	if c.congestion != 0 || !bodyless(id, st, p) {
		p.fields(c)
	}
	out := c.out
	if c.congestion != 0 { // optional parameters end the PDU
		out = append(out, byte(TagCongestionState>>8), byte(TagCongestionState&0xFF), 0, 1, c.congestion-1)
	}
	c.out = nil
	if c.err != nil {
		c.err.Command = id
		return dst, c.err
	}
	binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start))
	return out, nil
}

// bodyless tells whether the body of a response is left out: SMPP 3.4 §4.1.2, §4.4.2.
func bodyless(id CommandID, st Status, p PDU) bool {
	if st == StatusOK {
		return false
	}
	switch r := p.(type) {
	case *SubmitSMResp:
		return r.MessageID == "" && len(r.TLVs) == 0
	case *BindResp:
		return r.SystemID == "" && len(r.TLVs) == 0
	}
	return false
}

// Decode reads the one frame that b holds. An unknown command gives a nil PDU and ErrUnknownCommand;
// a bad body gives a *FieldError and a PDU with the fields before the bad one. In both cases the
// header is good.
//
// The PDU aliases b: b must not be changed while the PDU is in use, unless the PDU is cloned.
func Decode(b []byte) (Header, PDU, error) {
	h, err := ParseHeader(b)
	if err != nil {
		return h, nil, err
	}
	if int64(h.Length) != int64(len(b)) {
		return h, nil, ErrShort
	}
	p := New(h.Command)
	if p == nil {
		return h, nil, ErrUnknownCommand
	}
	return h, p, DecodeBody(h, b[HeaderSize:], p)
}

// ErrUnknownCommand is returned for a command_id that is neither in SMPP 3.4 nor in 5.0.
var ErrUnknownCommand = errors.New("smpp: unknown command_id")

// DecodeBody reads a body into p, which must be of the command in h, without allocating (lists of
// submit_multi apart). Every field of p is overwritten. p aliases body.
//
// Responses are read leniently, because what they say has already happened: no body, a body that
// ends early and over-long strings are accepted, whatever the status.
func DecodeBody(h Header, body []byte, p PDU) error {
	c := codecs.Get().(*codec)
	err := c.decode(h.Command, body, p)
	*c = codec{}
	codecs.Put(c)
	if err != nil {
		return err
	}
	return nil
}

// decode is DecodeBody with a codec of the caller's.
func (c *codec) decode(id CommandID, body []byte, p PDU) *FieldError {
	if p.Command() != id && !setMode(p, id) {
		return &FieldError{Command: id, Field: "command_id", Status: StatusInvCmdID,
			Reason: "does not belong to a " + p.Command().String()}
	}
	c.mode, c.in, c.err, c.lenient = decoding, body, nil, id.IsResponse()
	if c.lenient && len(body) == 0 {
		c.err = errNoBody // makes every field zero
	}
	p.fields(c)
	err := c.err
	c.in, c.err = nil, nil
	if err == nil || err == errNoBody {
		return nil
	}
	err.Command = id
	return err
}

var errNoBody = &FieldError{Reason: "no body"}

// setMode lets a Bind or BindResp take any of its three commands.
func setMode(p PDU, id CommandID) bool {
	for _, m := range [...]Mode{Transceiver, Transmitter, Receiver} {
		switch p := p.(type) {
		case *Bind:
			if m.command() == id {
				p.Mode = m
				return true
			}
		case *BindResp:
			if m.command().Response() == id {
				p.Mode = m
				return true
			}
		}
	}
	return false
}

// Print gives the name and the fields of a PDU in one line: "submit_sm service_type="" …". Passwords
// are never shown; message texts only when texts is true, else their length.
func Print(p PDU, texts bool) string {
	c := codec{mode: printing, texts: texts}
	c.out = append(make([]byte, 0, 256), p.Command().String()...)
	p.fields(&c)
	return string(c.out)
}

// String gives command, status and sequence number.
func (h Header) String() string {
	return h.Command.String() + " seq=" + strconv.FormatUint(uint64(h.Sequence), 10) + " " + h.Status.String()
}
