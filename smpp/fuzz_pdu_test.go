package smpp

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
	"unsafe"
)

// fuzzed says which commands each of the targets below feeds with any body: a request and its response
// together, and each PDU without a response alone. The three binds are one struct and one grammar.
var fuzzed = map[string][]CommandID{
	"FuzzBind": {CmdBindTransceiver, CmdBindTransceiverResp, CmdBindTransmitter, CmdBindTransmitterResp,
		CmdBindReceiver, CmdBindReceiverResp},
	"FuzzUnbind":            {CmdUnbind, CmdUnbindResp},
	"FuzzEnquireLink":       {CmdEnquireLink, CmdEnquireLinkResp},
	"FuzzSubmitSM":          {CmdSubmitSM, CmdSubmitSMResp},
	"FuzzDeliverSM":         {CmdDeliverSM, CmdDeliverSMResp},
	"FuzzDataSM":            {CmdDataSM, CmdDataSMResp},
	"FuzzSubmitMulti":       {CmdSubmitMulti, CmdSubmitMultiResp},
	"FuzzQuerySM":           {CmdQuerySM, CmdQuerySMResp},
	"FuzzCancelSM":          {CmdCancelSM, CmdCancelSMResp},
	"FuzzReplaceSM":         {CmdReplaceSM, CmdReplaceSMResp},
	"FuzzBroadcastSM":       {CmdBroadcastSM, CmdBroadcastSMResp},
	"FuzzQueryBroadcastSM":  {CmdQueryBroadcastSM, CmdQueryBroadcastSMResp},
	"FuzzCancelBroadcastSM": {CmdCancelBroadcastSM, CmdCancelBroadcastSMResp},
	"FuzzOutbind":           {CmdOutbind},
	"FuzzAlertNotification": {CmdAlertNotification},
	"FuzzGenericNack":       {CmdGenericNack},
}

func FuzzBind(f *testing.F)              { fuzzPDU(f) }
func FuzzUnbind(f *testing.F)            { fuzzPDU(f) }
func FuzzEnquireLink(f *testing.F)       { fuzzPDU(f) }
func FuzzSubmitSM(f *testing.F)          { fuzzPDU(f) }
func FuzzDeliverSM(f *testing.F)         { fuzzPDU(f) }
func FuzzDataSM(f *testing.F)            { fuzzPDU(f) }
func FuzzSubmitMulti(f *testing.F)       { fuzzPDU(f) }
func FuzzQuerySM(f *testing.F)           { fuzzPDU(f) }
func FuzzCancelSM(f *testing.F)          { fuzzPDU(f) }
func FuzzReplaceSM(f *testing.F)         { fuzzPDU(f) }
func FuzzBroadcastSM(f *testing.F)       { fuzzPDU(f) }
func FuzzQueryBroadcastSM(f *testing.F)  { fuzzPDU(f) }
func FuzzCancelBroadcastSM(f *testing.F) { fuzzPDU(f) }
func FuzzOutbind(f *testing.F)           { fuzzPDU(f) }
func FuzzAlertNotification(f *testing.F) { fuzzPDU(f) }
func FuzzGenericNack(f *testing.F)       { fuzzPDU(f) }

// TestEveryCommandIsFuzzed once, and under its own name.
func TestEveryCommandIsFuzzed(t *testing.T) {
	count := map[CommandID]int{}
	for _, cmds := range fuzzed {
		for _, c := range cmds {
			count[c]++
		}
	}
	for _, c := range commands {
		if count[c.id] != 1 {
			t.Errorf("%s is in %d fuzz targets", c.name, count[c.id])
		}
	}
	if len(count) != len(commands) {
		t.Errorf("%d commands are fuzzed, there are %d", len(count), len(commands))
	}
}

// fuzzPDU is the body of those targets, seeded with the golden PDUs.
func fuzzPDU(f *testing.F) {
	cmds := fuzzed[f.Name()]
	for _, frame := range goldenFrames(f) {
		h, _ := ParseHeader(frame)
		if i := slices.Index(cmds, h.Command); i >= 0 {
			body := frame[HeaderSize:]
			f.Add(uint8(i), uint32(h.Status), body)
			f.Add(uint8(i), uint32(h.Status), append(bytes.Clone(body), 0))
			f.Add(uint8(i), uint32(h.Status), body[:len(body)/2])
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, status uint32, body []byte) {
		cmd := cmds[int(which)%len(cmds)]
		frame := frameOf(cmd, Status(status), 7, body)
		h, p, err := Decode(frame)
		if p == nil || p.Command() != cmd || h.Status != Status(status) {
			t.Fatalf("%s decodes to %v, %v (%v)", cmd, h, p, err)
		}
		aliases(t, p, frame)
		keepsSecrets(t, p)
		if err == nil {
			repeats(t, h, p, body)
			return
		}
		var fe *FieldError
		if !errors.As(err, &fe) || fe.Command != cmd || fe.Field == "" || fe.Status == StatusOK {
			t.Fatalf("%s: error %#v", cmd, err)
		}
	})
}

// aliases checks that decoding took no memory of its own for what is of any length: every string and
// octet string is a piece of the frame, no two overlap, and a list has no more room than a few octets of
// the frame for each element could pay for.
func aliases(t *testing.T, p PDU, frame []byte) {
	t.Helper()
	start := uintptr(unsafe.Pointer(unsafe.SliceData(frame)))
	total := 0
	var walk func(v reflect.Value)
	piece := func(at unsafe.Pointer, n int) {
		total += n
		if n > 0 && (uintptr(at) < start || uintptr(at)+uintptr(n) > start+uintptr(len(frame))) {
			t.Fatalf("%d octets of %s are not in the frame", n, p.Command())
		}
	}
	walk = func(v reflect.Value) {
		switch {
		case v.Kind() == reflect.String:
			piece(unsafe.Pointer(unsafe.StringData(v.String())), v.Len())
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
			piece(unsafe.Pointer(unsafe.SliceData(v.Bytes())), v.Len())
		case v.Kind() == reflect.Slice:
			if v.Len() > 255 || v.Cap() > 2*v.Len()+8 || 2*v.Len() > len(frame) {
				t.Fatalf("a list of %d elements, room for %d, from %d octets", v.Len(), v.Cap(), len(frame))
			}
			for i := range v.Len() {
				walk(v.Index(i))
			}
		case v.Kind() == reflect.Struct:
			for i := range v.NumField() {
				walk(v.Field(i))
			}
		}
	}
	walk(reflect.ValueOf(p).Elem())
	if total > len(frame)-HeaderSize {
		t.Fatalf("%d octets of fields from a body of %d", total, len(frame)-HeaderSize)
	}
}

// keepsSecrets checks that printing does not depend on passwords, nor, unless it is asked for texts, on
// texts.
func keepsSecrets(t *testing.T, p PDU) {
	t.Helper()
	other := Clone(p)
	v := reflect.ValueOf(other).Elem()
	if f := v.FieldByName("Password"); f.IsValid() {
		f.SetString(f.String() + "!")
	}
	if Print(p, true) != Print(other, true) {
		t.Fatalf("the password shows in %s", Print(p, true))
	}
	if f := v.FieldByName("ShortMessage"); f.IsValid() {
		flip(f.Bytes())
	}
	for tag, text := range TLVsOf(other).All() {
		if tag == TagMessagePayload || tag == TagAdditionalStatusInfoText {
			flip(text)
		}
	}
	if other.String() != p.String() {
		t.Fatalf("the text shows in %s", p)
	}
}

func flip(b []byte) {
	for i := range b {
		b[i] ^= 0xFF
	}
}

// repeats checks that what was decoded encodes to an equal PDU, and a request to the same octets.
func repeats(t *testing.T, h Header, p PDU, body []byte) {
	t.Helper()
	frame, err := Append(nil, h, p)
	if err != nil {
		// Read, but not written: short_message of 255 octets, and long ids in responses.
		var fe *FieldError
		if !errors.As(err, &fe) || !h.Command.IsResponse() && fe.Field != "short_message" {
			t.Fatalf("%s cannot be encoded: %v", Print(p, true), err)
		}
		return
	}
	if !h.Command.IsResponse() && !bytes.Equal(frame[HeaderSize:], body) {
		t.Fatalf("% x is encoded as % x", body, frame[HeaderSize:])
	}
	_, again, err := Decode(frame)
	if err != nil || Print(again, true) != Print(p, true) {
		t.Fatalf("%s becomes %s (%v)", Print(p, true), Print(again, true), err)
	}
	twice, err := Append(nil, h, again)
	if err != nil || !bytes.Equal(twice, frame) {
		t.Fatalf("% x is encoded again as % x (%v)", frame, twice, err)
	}
	if c := Clone(p); Print(c, true) != Print(p, true) {
		t.Fatalf("the clone is %s", Print(c, true))
	}
}
