package smpp

import (
	"bytes"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// goldenFrames are the octets of testdata, as a corpus.
func goldenFrames(f *testing.F) [][]byte {
	f.Helper()
	files, err := filepath.Glob("testdata/*.hex")
	if err != nil || len(files) == 0 {
		f.Fatal("no golden PDUs", err)
	}
	var frames [][]byte
	for _, name := range files {
		frames = append(frames, readHex(f, name))
	}
	return frames
}

// FuzzFramer: a stream gives the same frames however it is cut, and never more memory than was sent.
func FuzzFramer(f *testing.F) {
	for _, frame := range goldenFrames(f) {
		f.Add(append(bytes.Clone(frame), frame...), uint16(0))
	}
	f.Add([]byte("\x7f\xff\xff\xff"), uint16(300))
	f.Add([]byte("HTTP/1.1 200 OK"), uint16(0))
	f.Fuzz(func(t *testing.T, stream []byte, limit uint16) {
		read := func(r io.Reader) (frames [][]byte, end error) {
			fr := NewFramer(r, int(limit))
			for {
				frame, err := fr.Next()
				if err != nil {
					if cap(fr.buf) > max(mostChunk, DefaultMaxPDU) {
						t.Fatalf("a buffer of %d octets", cap(fr.buf))
					}
					return frames, err
				}
				frames = append(frames, frame)
			}
		}
		fast, err1 := read(bytes.NewReader(stream))
		slow, err2 := read(iotest.OneByteReader(bytes.NewReader(stream)))
		_, bad1 := err1.(*FrameError)
		_, bad2 := err2.(*FrameError)
		if len(fast) != len(slow) || bad1 != bad2 || !bytes.Equal(bytes.Join(fast, nil), bytes.Join(slow, nil)) {
			t.Fatalf("%d frames (%v) at once, %d frames (%v) octet by octet", len(fast), err1, len(slow), err2)
		}
	})
}

// FuzzTLVs: any octets can be looked at and changed.
func FuzzTLVs(f *testing.F) {
	f.Add([]byte(someTLVs), uint16(TagMoreMessagesToSend), []byte("x"))
	f.Add([]byte{4, 0x24, 0xFF, 0xFF, 1}, uint16(TagMessagePayload), []byte{})
	f.Fuzz(func(t *testing.T, raw []byte, tag uint16, value []byte) {
		l := TLVs(raw[:len(raw):len(raw)]) // as decoding gives them
		whole := l.valid()
		n := 0
		for got, v := range l.All() {
			n++
			if first, ok := l.Get(got); !ok || n == 1 && !bytes.Equal(first, v) {
				t.Fatalf("%s is there and is not", got)
			}
		}
		if n != l.Len() {
			t.Fatalf("%d parameters, Len %d", n, l.Len())
		}
		l.SAR()
		l.NetworkErrorCode()
		l.ReceiptedMessageID()
		l.MessageState()
		before := bytes.Clone(raw)
		if err := l.Set(Tag(tag), value); err != nil {
			return // too long
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the octets of the frame were changed")
		}
		if got, ok := l.Get(Tag(tag)); whole && (!ok || !bytes.Equal(got, value)) {
			t.Fatalf("set %x, got %x", value, got)
		}
		if whole && !l.valid() {
			t.Fatal("Set broke the parameters")
		}
	})
}

// FuzzReceipt: any text gives a Receipt whose parts are from the text.
func FuzzReceipt(f *testing.F) {
	for _, w := range wild {
		var tlvs TLVs
		if w.tlvs != nil {
			w.tlvs(&tlvs)
		}
		f.Add([]byte(w.text), []byte(tlvs), EsmReceipt, CodingDefault)
		f.Add(ucs2(w.text), []byte(tlvs), uint8(0), CodingUCS2)
	}
	f.Fuzz(func(t *testing.T, text, tlvs []byte, esm, coding uint8) {
		r := ParseReceipt(text)
		narrow := receiptText(text, CodingDefault)
		for _, v := range []string{r.TextID, r.Word, r.Err, r.Text, r.SubmitDate, r.DoneDate} {
			if !strings.Contains(narrow, v) {
				t.Fatalf("%q is not from %q", v, narrow)
			}
		}
		p := &DeliverSM{ESMClass: esm, DataCoding: coding, ShortMessage: text, TLVs: tlvs}
		got, ok := ReceiptFrom(p, true)
		if ok != IsReceipt(p, true) || ok && got.ID != got.TLVID && got.ID != got.TextID {
			t.Fatalf("%+v (%v)", got, ok)
		}
		// An id that is itself a key can be read where that key stood before, and
		// cannot be written before it.
		_, key := keyAt(r.TextID, 0)
		if back := ParseReceipt(r.AppendText(nil)); key == 0 && r.TextID != "" && back.TextID == "" {
			t.Fatalf("%+v is written and read as %+v", r, back)
		}
		ParseReceiptTime(r.DoneDate, time.UTC)
		if forms := MessageIDForms(got.ID); forms[0] != MessageIDKey(got.ID) {
			t.Fatalf("the forms of %q are %q", got.ID, forms)
		}
	})
}

// FuzzTime: what parses formats to the same instant.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"", "261124221500000+", "000000010000000R", "991231235959948-", "20110314181534", "2026-11-24T22:15:00Z"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 24, 22, 15, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		ParseReceiptTime(s, time.UTC)
		at, err := ParseTime(s, now)
		if err != nil || at.IsZero() || s[15] == 'R' {
			return
		}
		back, err := ParseTime(FormatTime(at), now)
		if err != nil || !back.Equal(at) {
			t.Fatalf("%q is %v, which is written %q (%v)", s, at, FormatTime(at), err)
		}
	})
}
