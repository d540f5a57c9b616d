package smpp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func stream(t testing.TB, n int) (octets []byte, frames [][]byte) {
	t.Helper()
	for i := range n {
		p := &SubmitSM{Source: alpha, Destination: phone, ShortMessage: bytes.Repeat([]byte{'a' + byte(i%26)}, i%200)}
		f, err := Append(nil, Header{Sequence: uint32(i + 1)}, p)
		if err != nil {
			t.Fatal(err)
		}
		octets, frames = append(octets, f...), append(frames, f)
	}
	return octets, frames
}

// TestFramerSplits: one octet at a time, or 500 PDUs at once, give the same frames, and a frame stays
// what it is while others are read.
func TestFramerSplits(t *testing.T) {
	octets, frames := stream(t, 500)
	for name, r := range map[string]io.Reader{
		"one octet":      iotest.OneByteReader(bytes.NewReader(octets)),
		"all at once":    bytes.NewReader(octets),
		"halves":         iotest.HalfReader(bytes.NewReader(octets)),
		"error with end": iotest.DataErrReader(bytes.NewReader(octets)),
	} {
		t.Run(name, func(t *testing.T) {
			f := NewFramer(r, 0)
			var got [][]byte
			for {
				frame, err := f.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, frame)
			}
			if len(got) != len(frames) {
				t.Fatalf("%d frames, want %d", len(got), len(frames))
			}
			for i := range frames {
				if !bytes.Equal(got[i], frames[i]) {
					t.Fatalf("frame %d is %x, want %x", i, got[i], frames[i])
				}
			}
		})
	}
}

func TestFramerAnySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var octets []byte
		var want []int
		for range rapid.IntRange(1, 20).Draw(t, "frames") {
			n := HeaderSize + rapid.IntRange(0, 3000).Draw(t, "size")
			want = append(want, n)
			octets = binary.BigEndian.AppendUint32(octets, uint32(n))
			octets = append(octets, make([]byte, n-4)...)
		}
		f := NewFramer(&chunked{t: t, rest: octets}, 0)
		for i, n := range want {
			frame, err := f.Next()
			if err != nil || len(frame) != n {
				t.Fatalf("frame %d: %d octets, %v; want %d", i, len(frame), err, n)
			}
		}
		if _, err := f.Next(); err != io.EOF || f.Buffered() != 0 {
			t.Fatalf("at the end: %v, %d left", err, f.Buffered())
		}
	})
}

// chunked reads in pieces of any size.
type chunked struct {
	t    *rapid.T
	rest []byte
}

func (c *chunked) Read(b []byte) (int, error) {
	if len(c.rest) == 0 {
		return 0, io.EOF
	}
	n := min(len(b), len(c.rest), rapid.IntRange(0, 5000).Draw(c.t, "piece"))
	copy(b, c.rest[:n])
	c.rest = c.rest[n:]
	return n, nil
}

// TestFramerBadLength: what is not SMPP is refused by its first four octets, and nothing is allocated for it.
func TestFramerBadLength(t *testing.T) {
	for name, tt := range map[string]struct {
		head string
		max  int
	}{
		"zero": {"\x00\x00\x00\x00\x00\x00\x00\x15", 0}, "15": {"\x00\x00\x00\x0f", 0}, "2 GiB": {"\x7f\xff\xff\xff", 0}, "4 GiB": {"\xff\xff\xff\xff\x00\x00\x00\x04", 0},
		"HTTP": {"HTTP/1.1 200 OK\r\n", 0}, "AMQP": {"AMQP\x00\x00\x09\x01", 0}, "TLS hello": {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 0},
		"one above": {"\x00\x01\x18\x01", 0}, "one above the limit before the bind": {"\x00\x00\x01\x01", PreBindMaxPDU},
	} {
		t.Run(name, func(t *testing.T) {
			f := NewFramer(iotest.OneByteReader(bytes.NewReader([]byte(tt.head))), tt.max)
			var fe *FrameError
			if _, err := f.Next(); !errors.As(err, &fe) || fe.Error() == "" {
				t.Fatalf("error %v", err)
			}
			if fe.Header.Length != binary.BigEndian.Uint32([]byte(tt.head)) {
				t.Errorf("length %d", fe.Header.Length)
			}
			if len(f.buf) > firstChunk {
				t.Errorf("%d octets allocated", len(f.buf))
			}
		})
	}
}

func TestFramerLimits(t *testing.T) {
	big := make([]byte, DefaultMaxPDU)
	binary.BigEndian.PutUint32(big, uint32(len(big)))
	f := NewFramer(bytes.NewReader(append(big, frameOf(CmdEnquireLink, 0, 1, nil)...)), 0)
	if frame, err := f.Next(); err != nil || len(frame) != DefaultMaxPDU {
		t.Fatalf("the greatest PDU: %d octets, %v", len(frame), err)
	}
	if frame, err := f.Next(); err != nil || len(frame) != HeaderSize {
		t.Fatalf("the one behind it: %d octets, %v", len(frame), err)
	}
	if len(f.buf) > mostChunk {
		t.Errorf("a buffer of %d octets is kept after one great PDU", len(f.buf))
	}
	f = NewFramer(bytes.NewReader(frameOf(CmdEnquireLink, 0, 1, nil)), 1)
	if _, err := f.Next(); err != nil {
		t.Errorf("a limit below 16 refuses headers: %v", err)
	}
}

func TestFramerEnds(t *testing.T) {
	whole := frameOf(CmdEnquireLink, 0, 1, nil)
	for n := 1; n < len(whole); n++ {
		f := NewFramer(bytes.NewReader(whole[:n]), 0)
		if _, err := f.Next(); err != io.ErrUnexpectedEOF {
			t.Errorf("%d octets: %v", n, err)
		}
	}
	f := NewFramer(iotest.ErrReader(io.ErrClosedPipe), 0)
	if _, err := f.Next(); err != io.ErrClosedPipe {
		t.Errorf("an error of the reader: %v", err)
	}
	f = NewFramer(stuck{}, 0)
	if _, err := f.Next(); err != io.ErrNoProgress {
		t.Errorf("a reader that reads nothing: %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }
