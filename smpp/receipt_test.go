package smpp

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestReceiptsInTheWild(t *testing.T) {
	if len(wild) != 34 {
		t.Errorf("%d receipts, want the 34 of the collection", len(wild))
	}
	for _, w := range wild {
		t.Run(w.name, func(t *testing.T) {
			var tlvs TLVs
			if w.tlvs != nil {
				w.tlvs(&tlvs)
			}
			esm := EsmReceipt
			if w.plain {
				esm = 0
			}
			deliver := &DeliverSM{ESMClass: esm, ShortMessage: []byte(w.text), TLVs: tlvs}
			got, ok := ReceiptFrom(deliver, true)
			if !ok || got != w.want {
				t.Errorf("got  %+v (%v)\nwant %+v", got, ok, w.want)
			}
			// The same as data_sm.
			data := &DataSM{ESMClass: esm, TLVs: tlvs}
			if _, ok := tlvs.MessagePayload(); !ok {
				_ = data.TLVs.Add(TagMessagePayload, []byte(w.text))
			}
			if got, ok := ReceiptFrom(data, true); !ok || got != w.want {
				t.Errorf("data_sm: %+v (%v)", got, ok)
			}
			// The same in UCS-2, where the text is ASCII.
			if w.text != "" && isASCII(w.text) {
				wide := *deliver
				wide.DataCoding, wide.ShortMessage = CodingUCS2, ucs2(w.text)
				if got, _ := ReceiptFrom(&wide, true); got != w.want {
					t.Errorf("UCS-2: %+v", got)
				}
			}
		})
	}
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r > 126 }) < 0
}

func ucs2(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, u)
	}
	return b
}

func TestIsReceipt(t *testing.T) {
	const text = "id:1 sub:001 stat:DELIVRD"
	withID := withTLVs(id("1"))
	tests := []struct {
		name        string
		pdu         PDU
		sure, sniff bool
	}{
		{"receipt", &DeliverSM{ESMClass: EsmReceipt}, true, true},
		{"receipt in store and forward mode", &DeliverSM{ESMClass: EsmReceipt | EsmStoreForward}, true, true},
		{"receipt with reply path", &DeliverSM{ESMClass: EsmReceipt | EsmReplyPath}, true, true},
		{"intermediate", &DeliverSM{ESMClass: EsmIntermediateReceipt}, true, true},
		{"TLV only", &DeliverSM{TLVs: withID}, true, true},
		{"data_sm with TLV", &DataSM{TLVs: withID}, true, true},
		{"text only", &DeliverSM{ShortMessage: []byte(text)}, false, true},
		{"text in message_payload", &DeliverSM{TLVs: withTLVs(func(l *TLVs) { _ = l.Add(TagMessagePayload, []byte(" ID:1 Stat:X")) })}, false, true},
		{"text in UCS-2", &DeliverSM{DataCoding: CodingUCS2, ShortMessage: ucs2(text)}, false, true},
		{"recipient's acknowledgement", &DeliverSM{ESMClass: EsmDeliveryAck, TLVs: withID, ShortMessage: []byte(text)}, false, false},
		{"manual acknowledgement", &DeliverSM{ESMClass: EsmManualAck, TLVs: withID}, false, false},
		{"conversation abort", &DeliverSM{ESMClass: EsmConversationAbort, TLVs: withID}, false, false},
		{"message", &DeliverSM{ShortMessage: []byte("hello")}, false, false},
		{"message with a header", &DeliverSM{ESMClass: EsmUDHI, ShortMessage: []byte("\x05\x00\x03\x01\x02\x01hi")}, false, false},
		{"message about an id", &DeliverSM{ShortMessage: []byte("id:5 is mine")}, false, false},
		{"message with a state", &DeliverSM{ShortMessage: []byte("my id:5 stat:OK")}, false, false},
		{"empty", &DeliverSM{}, false, false},
		{"submit_sm", &SubmitSM{ESMClass: EsmReceipt}, false, false},
	}
	for _, tt := range tests {
		if got := IsReceipt(tt.pdu, false); got != tt.sure {
			t.Errorf("%s: IsReceipt is %v", tt.name, got)
		}
		if got := IsReceipt(tt.pdu, true); got != tt.sniff {
			t.Errorf("%s: IsReceipt with sniff is %v", tt.name, got)
		}
		if _, got := ReceiptFrom(tt.pdu, true); got != tt.sniff {
			t.Errorf("%s: ReceiptFrom says %v", tt.name, got)
		}
	}
}

// TestReceiptState: message_state wins, unless it is not final and the text is.
func TestReceiptState(t *testing.T) {
	tests := []struct {
		tlv      MessageState
		word     string
		want     MessageState
		conflict bool
	}{
		{StateDelivered, "DELIVRD", StateDelivered, false},
		{StateDelivered, "UNDELIV", StateDelivered, true},
		{StateEnroute, "DELIVRD", StateDelivered, true},
		{StateEnroute, "ACCEPTD", StateEnroute, true},
		{StateUnknown, "EXPIRED", StateExpired, true},
		{StateUnknown, "NONSENSE", StateUnknown, false},
		{MessageState(77), "DELIVRD", StateDelivered, false},
		{MessageState(77), "NONSENSE", NoState, false},
	}
	for _, tt := range tests {
		p := &DeliverSM{ESMClass: EsmReceipt, ShortMessage: []byte("id:1 stat:" + tt.word), TLVs: withTLVs(state(tt.tlv))}
		if r, _ := ReceiptFrom(p, false); r.State != tt.want || r.Conflict != tt.conflict {
			t.Errorf("TLV %s, text %s: %s, conflict %v", tt.tlv, tt.word, r.State, r.Conflict)
		}
	}
	if r, _ := ReceiptFrom(&DeliverSM{ESMClass: EsmIntermediateReceipt | EsmStoreForward}, false); !r.Intermediate {
		t.Error("an intermediate notification is not marked")
	}
	if r, _ := ReceiptFrom(&DeliverSM{ESMClass: EsmReceipt, ShortMessage: []byte("id:5"), TLVs: withTLVs(id(""))}, false); r.ID != "5" {
		t.Errorf("an empty receipted_message_id hides the id of the text: %+v", r)
	}
}

func TestStateOf(t *testing.T) {
	for word, want := range map[string]MessageState{
		"DELIVRD": StateDelivered, "delivrd": StateDelivered, "FAILED": StateUndeliverable, "REJECTED": StateRejected, "BUFFRED": StateEnroute,
		"BUFFERD": StateEnroute, "ACKED": StateAccepted, "SKIPPED": StateSkipped, "BADSTAT": StateUnknown, "0": StateScheduled, "2": StateDelivered,
		"9": StateSkipped, "": NoState, "10": NoState, "X": NoState, "DELIVR": NoState,
	} {
		if got := StateOf(word); got != want {
			t.Errorf("%q is %s, want %s", word, got, want)
		}
	}
	for s := StateScheduled; s <= StateSkipped; s++ {
		if got := StateOf(s.Word()); got != s {
			t.Errorf("%s is written %s, which is %s", s, s.Word(), got)
		}
	}
	if NoState.Word() != "UNKNOWN" || NoState.Final() || StateAccepted.Final() || !StateDelivered.Final() {
		t.Error("NoState or Final is wrong")
	}
}

// TestReceiptText: what is written is read back.
func TestReceiptText(t *testing.T) {
	at := time.Date(2026, 11, 24, 22, 15, 0, 0, time.UTC)
	r := Receipt{ID: "38601fa", Submitted: 1, Delivered: 1, SubmitDate: FormatReceiptTime(at), DoneDate: FormatReceiptTime(time.Time{}),
		State: StateDelivered, Err: "000", Text: "a text that is longer than twenty octets"}
	const want = "id:38601fa sub:001 dlvrd:001 submit date:2611242215 done date:0000000000 stat:DELIVRD err:000 text:a text that is longe"
	text := r.AppendText(nil)
	if string(text) != want {
		t.Errorf("%s", text)
	}
	back := ParseReceipt(text)
	r.TextID, r.Word, r.Text = r.ID, "DELIVRD", r.Text[:20]
	if back != r {
		t.Errorf("read back %+v", back)
	}
	if s := string((Receipt{ID: "1", Submitted: -1, Delivered: 4000, Word: "FAILED", State: NoState}).AppendText([]byte("> "))); !strings.HasPrefix(s, "> id:1 sub:000 dlvrd:999 submit date: done date: stat:FAILED") {
		t.Error(s)
	}
}

// TestReceiptTextIsNotTrusted: the text of the message may hold anything.
func TestReceiptTextIsNotTrusted(t *testing.T) {
	r := ParseReceipt([]byte("id:1 sub:001 dlvrd:001 submit date:2611242200 done date:2611242201 stat:DELIVRD err:000 text:id:999 stat:EXPIRED err:7"))
	if r.TextID != "1" || r.Word != "DELIVRD" || r.Err != "000" || r.Text != "id:999 stat:EXPIRED err:7" {
		t.Errorf("%+v", r)
	}
}

func TestReceiptLimits(t *testing.T) {
	long := "id:1 stat:DELIVRD text:" + strings.Repeat("x", 100_000)
	if r := ParseReceipt([]byte(long)); r.TextID != "1" || len(r.Text) > mostReceipt {
		t.Errorf("id %q, %d octets of text", r.TextID, len(r.Text))
	}
	text := []byte("id:0123456789 sub:001 dlvrd:001 submit date:0809011130 done date:0809011131 stat:DELIVRD err:000 text:testing")
	if n := testing.AllocsPerRun(100, func() { ParseReceipt(text) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	kept := ParseReceipt(text)
	clear(text)
	if kept.TextID != "0123456789" {
		t.Error("the receipt changed with the buffer")
	}
}

func TestParseReceiptNeverFails(t *testing.T) {
	words := []string{"id:", "sub:", "dlvrd:", "submit date:", "done date:", "stat:", "err:", "text:", " ", "DELIVRD", "001", "\x00", "id", ":", "é"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(words), 0, 30).Draw(t, "words"), "")
		r := ParseReceipt([]byte(text))
		for _, v := range []string{r.TextID, r.Word, r.Err, r.Text, r.SubmitDate, r.DoneDate} {
			if !strings.Contains(text, v) {
				t.Fatalf("%q is not from %q", v, text)
			}
		}
	})
}
