package smpp

import (
	"encoding/binary"
	"io"
	"strconv"
)

// Limits of command_length.
const (
	// DefaultMaxPDU fits a message_payload of 65,535 octets and everything around it.
	DefaultMaxPDU = 70 << 10
	// PreBindMaxPDU is enough for any bind, and all that a stranger may send.
	PreBindMaxPDU = 256
)

const (
	firstChunk = 1 << 10
	mostChunk  = 32 << 10
)

// Framer cuts a stream into PDUs. It reads as much as it can get at once, in buffers that it never
// writes to a second time: a frame, and all that aliases it, stays as it is for as long as it is kept.
// The price is about as many octets of short-lived memory as are received.
//
// Nothing is allocated for a PDU before its command_length has been checked.
type Framer struct {
	r          io.Reader
	max        int
	size       int    // of the next buffer
	buf        []byte // octets [start:end] were read and not yet taken
	start, end int
}

// NewFramer reads PDUs of at most maxPDU octets from r; 0 means DefaultMaxPDU.
func NewFramer(r io.Reader, maxPDU int) *Framer {
	f := &Framer{r: r, size: firstChunk}
	f.SetMax(maxPDU)
	return f
}

// SetMax changes the limit for the frames to come; 0 means DefaultMaxPDU.
func (f *Framer) SetMax(maxPDU int) {
	if maxPDU <= 0 {
		maxPDU = DefaultMaxPDU
	}
	f.max = max(maxPDU, HeaderSize)
}

// FrameError says that the stream cannot be cut into PDUs any more: command_length is impossible.
// The connection must be closed.
type FrameError struct {
	Header Header // Sequence and the rest are 0 when fewer than 16 octets were there
	Max    int
}

// Error gives the length and the limit.
func (e *FrameError) Error() string {
	return "smpp: command_length " + strconv.FormatUint(uint64(e.Header.Length), 10) +
		" is not between 16 and " + strconv.Itoa(e.Max) + ": the peer does not speak SMPP here, or the limit is too low"
}

// Next returns the next frame, a whole PDU. At the end of the stream the error is io.EOF between two
// PDUs and io.ErrUnexpectedEOF inside one.
func (f *Framer) Next() ([]byte, error) {
	for {
		frame, err := f.take()
		if frame != nil || err != nil {
			return frame, err
		}
		if err := f.fill(); err != nil {
			return nil, err
		}
	}
}

// Buffered is how many octets were read that belong to no frame returned yet.
func (f *Framer) Buffered() int { return f.end - f.start }

// take cuts a frame from what was read; nil when it is not all there.
func (f *Framer) take() ([]byte, error) {
	n, err := f.need()
	if err != nil || f.end-f.start < n {
		return nil, err
	}
	frame := f.buf[f.start : f.start+n : f.start+n]
	f.start += n
	return frame, nil
}

// need is the size of the frame at start, as far as it is known.
func (f *Framer) need() (int, error) {
	b := f.buf[f.start:f.end]
	if len(b) < 4 {
		return HeaderSize, nil
	}
	n := binary.BigEndian.Uint32(b)
	if n < HeaderSize || uint64(n) > uint64(f.max) {
		h, err := ParseHeader(b)
		if err != nil {
			h.Length = n
		}
		return 0, &FrameError{Header: h, Max: f.max}
	}
	return int(n), nil
}

// fill reads once.
func (f *Framer) fill() error {
	n, err := f.need()
	if err != nil {
		return err
	}
	f.room(n)
	for range 100 {
		n, err := f.r.Read(f.buf[f.end:])
		f.end += n
		switch {
		case n > 0:
			return nil // an error will come again
		case err == io.EOF && f.end > f.start:
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
	}
	return io.ErrNoProgress
}

// room makes place for a frame of n octets at start, in a new buffer when the old one is nearly full.
func (f *Framer) room(n int) {
	if free := len(f.buf) - f.end; len(f.buf)-f.start >= n && free >= min(f.size/4, 4<<10) {
		return
	}
	buf := make([]byte, max(f.size, n))
	f.end = copy(buf, f.buf[f.start:f.end])
	f.start, f.buf = 0, buf
	f.size = min(2*f.size, mostChunk)
}
