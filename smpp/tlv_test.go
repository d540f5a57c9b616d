package smpp

import (
	"bytes"
	"testing"
)

func TestTLVsKeepOrderDuplicatesAndZeroLength(t *testing.T) {
	var l TLVs
	l.AddUint16(TagDestinationPort, 80)
	if err := l.Add(TagAlertOnMessageDelivery, nil); err != nil {
		t.Fatal(err)
	}
	l.AddUint8(TagMoreMessagesToSend, 1)
	l.AddUint8(TagMoreMessagesToSend, 0)
	l.AddUint32(TagQOSTimeToLive, 3600)
	want := []struct {
		tag Tag
		v   string
	}{
		{TagDestinationPort, "\x00\x50"}, {TagAlertOnMessageDelivery, ""}, {TagMoreMessagesToSend, "\x01"},
		{TagMoreMessagesToSend, "\x00"}, {TagQOSTimeToLive, "\x00\x00\x0e\x10"},
	}
	i := 0
	for tag, v := range l.All() {
		if tag != want[i].tag || string(v) != want[i].v {
			t.Errorf("%d: %s=%x, want %s=%x", i, tag, v, want[i].tag, want[i].v)
		}
		i++
	}
	if i != len(want) || l.Len() != len(want) {
		t.Errorf("%d parameters, Len %d", i, l.Len())
	}
	for range l.All() {
		break // stopping early must not panic
	}
	if v, ok := l.Get(TagAlertOnMessageDelivery); !ok || len(v) != 0 {
		t.Errorf("zero length: %x %v", v, ok)
	}
	if v, ok := l.Uint8(TagMoreMessagesToSend); !ok || v != 1 {
		t.Errorf("the first of two: %d %v", v, ok)
	}
	if v, ok := l.Uint32(TagQOSTimeToLive); !ok || v != 3600 {
		t.Errorf("uint32: %d %v", v, ok)
	}
	if l.Has(TagCallbackNum) {
		t.Error("found what is not there")
	}
}

func TestTLVsChange(t *testing.T) {
	frame := []byte{0, 5, 0, 1, 7, 0, 6, 0, 1, 8, 0, 5, 0, 1, 9} // a read buffer
	before := bytes.Clone(frame)
	l := TLVs(frame)
	l.Delete(Tag(5))
	if !bytes.Equal(l, []byte{0, 6, 0, 1, 8}) {
		t.Errorf("after Delete: %x", []byte(l))
	}
	if !bytes.Equal(frame, before) {
		t.Error("Delete wrote into the buffer")
	}
	l.Delete(Tag(99))
	if err := l.Set(Tag(6), []byte{1, 2}); err != nil || !bytes.Equal(l, []byte{0, 6, 0, 2, 1, 2}) {
		t.Errorf("after Set: %x %v", []byte(l), err)
	}
}

func TestTLVTooLong(t *testing.T) {
	var l TLVs
	if err := l.Add(TagMessagePayload, make([]byte, 65535)); err != nil {
		t.Errorf("65535 octets: %v", err)
	}
	if v, ok := l.MessagePayload(); !ok || len(v) != 65535 {
		t.Errorf("read back %d octets", len(v))
	}
	before := len(l)
	if l.Add(TagMessagePayload, make([]byte, 65536)) != ErrTLVTooLong || l.Set(TagMessagePayload, make([]byte, 65536)) != ErrTLVTooLong ||
		l.AddText(TagMessagePayload, string(make([]byte, 65535))) != ErrTLVTooLong {
		t.Error("a value that is too long was taken")
	}
	if len(l) != before {
		t.Error("a refused value left something behind")
	}
}

func TestTLVAccessors(t *testing.T) {
	var l TLVs
	if _, ok := l.SAR(); ok {
		t.Error("SAR of nothing")
	}
	l.AddSAR(Concat{Ref: 0xBEEF, Total: 3, Seq: 2})
	if c, ok := l.SAR(); !ok || c != (Concat{0xBEEF, 3, 2}) {
		t.Errorf("SAR %+v %v", c, ok)
	}
	for name, tt := range map[string]struct {
		raw  string
		want string
	}{
		"with NUL": {"38601fa\x00", "38601fa"}, "without NUL": {"38601fa", "38601fa"}, "empty": {"", ""},
		"only NUL": {"\x00", ""}, "garbage behind NUL": {"7\x00zz", "7"},
	} {
		var l TLVs
		_ = l.Add(TagReceiptedMessageID, []byte(tt.raw))
		if id, ok := l.ReceiptedMessageID(); !ok || id != tt.want {
			t.Errorf("%s: %q %v", name, id, ok)
		}
	}
	for name, tt := range map[string]struct {
		raw  string
		want NetworkError
		ok   bool
	}{
		"GSM": {"\x03\x00\x0b", NetworkError{3, 11}, true}, "three digits": {"051", NetworkError{0, 51}, true},
		"too short": {"\x03\x00", NetworkError{}, false}, "too long": {"\x03\x00\x00\x00", NetworkError{}, false},
	} {
		var l TLVs
		_ = l.Add(TagNetworkErrorCode, []byte(tt.raw))
		if e, ok := l.NetworkErrorCode(); ok != tt.ok || e != tt.want {
			t.Errorf("%s: %+v %v", name, e, ok)
		}
	}
	var w TLVs
	w.AddUint8(TagUserMessageReference, 9) // one octet instead of two
	if v, ok := w.UserMessageReference(); !ok || v != 9 {
		t.Errorf("user_message_reference of one octet: %d %v", v, ok)
	}
	_ = w.Add(TagQOSTimeToLive, make([]byte, 5))
	_ = w.Add(TagMessageState, nil)
	_ = w.Add(TagSourcePort, make([]byte, 3))
	if _, ok := w.Uint32(TagQOSTimeToLive); ok {
		t.Error("five octets are no uint32")
	}
	if _, ok := w.MessageState(); ok {
		t.Error("no octet is no state")
	}
	if _, ok := w.Uint16(TagSourcePort); ok {
		t.Error("three octets are no uint16")
	}
	if _, ok := w.Text(TagCallbackNum); ok {
		t.Error("text of nothing")
	}
}
