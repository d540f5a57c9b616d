package smppd

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"flag"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

var update = flag.Bool("update", false, "write the golden files")

// told is a delivery row of an event that leads to the state.
func told(state sms.State, reason sms.Reason, code string) *store.Delivery {
	return &store.Delivery{Group: &sms.Group{FirstMessage: 1505918613192705, From: "ACME", At: noon, Text: "secret text"},
		Event:  sms.Event{MessageID: 1505918613192705, State: state, Reason: reason, Code: code, At: noon.Add(time.Hour)},
		Record: sms.Record{Message: sms.Message{To: "8801712345678"}, Sub: []sms.Part{{State: sms.PartDelivered}, {State: sms.PartUndelivered}, {State: sms.PartRead}}}}
}

// TestReceipts: every state, and what may stand in err.
func TestReceipts(t *testing.T) {
	dhaka, err := time.LoadLocation("Asia/Dhaka")
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	show := func(d *store.Delivery, form string, version uint8) {
		var p smpp.DeliverSM
		receipt(&p, d, form, dhaka, version)
		fmt.Fprintf(&b, "%v %s %q to %d version %#x\n  esm_class %#x, %v to %v\n  %s\n", d.Event.State, d.Event.Reason, d.Event.Code, d.Group.FirstMessage, version,
			p.ESMClass, p.Source, p.Destination, p.ShortMessage)
		for tag, v := range p.TLVs.All() {
			fmt.Fprintf(&b, "  %v %q\n", tag, v)
		}
		if got, ok := smpp.ReceiptFrom(&p, false); !ok || got.Conflict || got.TextID == "" {
			t.Errorf("%v: our own reader does not understand it: %+v", d.Event.State, got)
		}
	}
	for _, s := range sms.States() {
		show(told(s, "", ""), sms.IDDecimal, smpp.Version34)
	}
	for _, c := range []struct {
		reason sms.Reason
		code   string
	}{{sms.ReasonAbsent, "27"}, {sms.ReasonAbsent, "0D1"}, {sms.ReasonOperator, "0x0000000B"}, {sms.ReasonOperator, "0x00000400"},
		{sms.ReasonNetwork, "3/17"}, {sms.ReasonNetwork, "3/5000"}, {sms.ReasonNetwork, "x/17"}, {sms.ReasonFiltered, "SPAM"}, {sms.ReasonValidity, ""}, {"a_new_reason", ""},
		{sms.ReasonUndelivered, "000"}, {sms.ReasonUndelivered, "0"}, {sms.ReasonUndelivered, "3/0"}, {sms.ReasonUndelivered, "3/5"}, {"", "000"}} {
		show(told(sms.Undelivered, c.reason, c.code), sms.IDDecimal, smpp.Version34)
	}
	show(told(sms.Delivered, "", "000"), sms.IDHex, smpp.Version50)
	show(told(sms.Delivered, "", ""), sms.IDDecimal, 0x33)
	short := told(sms.Delivered, "", "")
	short.Record.To, short.Group.From = "16127", "8809600000001"
	show(short, sms.IDDecimal, smpp.Version34)
	if strings.Contains(b.String(), "secret") {
		t.Error("a receipt has the text of the message")
	}
	golden(t, "testdata/receipts.golden", b.String())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; look at it and run go test -update\n%s", file, got)
	}
}

// TestReceiptIsMadeAnew: nothing of the one before is left in the PDU.
func TestReceiptIsMadeAnew(t *testing.T) {
	var p, fresh smpp.DeliverSM
	receipt(&p, told(sms.Undelivered, sms.ReasonNetwork, "3/17"), sms.IDDecimal, time.UTC, smpp.Version34)
	receipt(&p, told(sms.Sent, "", ""), sms.IDHex, time.UTC, 0x33)
	receipt(&fresh, told(sms.Sent, "", ""), sms.IDHex, time.UTC, 0x33)
	if p.ESMClass != smpp.EsmIntermediateReceipt || string(p.ShortMessage) != string(fresh.ShortMessage) || len(p.TLVs) != 0 {
		t.Errorf("got %+v", p)
	}
}

func TestErrorCode(t *testing.T) {
	for _, c := range []struct {
		state  sms.State
		code   string
		reason sms.Reason
		want   uint8
	}{{sms.Delivered, "", "", 0}, {sms.Queued, "", sms.ReasonRetrying, 0}, {sms.Undelivered, "27", "", 27}, {sms.Undelivered, "3/17", "", 17}, {sms.Undelivered, "0x0B", "", 0xFF},
		{sms.Undelivered, "999", "", 0xFF}, {sms.Undelivered, "000", sms.ReasonUndelivered, 0xFF}, {sms.Undelivered, "ABC", "", 0xFF}, {sms.Expired, "", sms.ReasonValidity, 0xFF}} {
		if got := errorCode(c.state, c.code, c.reason); got != c.want {
			t.Errorf("%v %q %s: %d, want %d", c.state, c.code, c.reason, got, c.want)
		}
	}
}

// TestReplies: what a handset wrote, in the alphabet of the login.
func TestReplies(t *testing.T) {
	join := func(list []*smpp.DeliverSM) (text string) {
		parts := make([]gsm.Part, len(list))
		for i, p := range list {
			cs := gsm.CharsetGSM7
			if p.DataCoding == smpp.CodingUCS2 {
				cs = gsm.CharsetUCS2
			}
			parts[i] = gsm.Part{Charset: cs, Body: p.ShortMessage}
			if p.ESMClass == smpp.EsmUDHI {
				header, body, err := gsm.ParseUDH(p.ShortMessage)
				if err != nil {
					t.Fatal(err)
				}
				parts[i].Concat, _ = header.Concat()
				parts[i].Body = body
			}
			if len(p.ShortMessage) > 254 {
				t.Errorf("%d octets", len(p.ShortMessage))
			}
		}
		text, missing, err := gsm.Assemble(parts)
		if err != nil || missing != 0 {
			t.Fatalf("%d missing: %v", missing, err)
		}
		return text
	}
	for _, text := range []string{"", "stop", "1234567890 €", "নমস্কার", strings.Repeat("long ", 60), strings.Repeat("দীর্ঘ 😀", 40), strings.Repeat("x", 39_015)} {
		list := reply(&sms.InboxMessage{Number: 300, From: "+8801912345678", To: "8809601", Text: text}, gsm.CharsetGSM7)
		if got := join(list); got != text {
			t.Errorf("%.20q of %d becomes %.20q of %d", text, len(text), got, len(got))
		}
		if p := list[0]; p.Source != (smpp.Address{TON: 1, NPI: 1, Addr: "8801912345678"}) || p.Destination != (smpp.Address{TON: 3, Addr: "8809601"}) {
			t.Errorf("from %v to %v", p.Source, p.Destination)
		}
	}
	huge := strings.Repeat("😀", 20_000) // more than 255 parts
	if got := join(reply(&sms.InboxMessage{Text: huge}, gsm.CharsetGSM7)); got != huge[:len(got)] || len(got) < 4*8000 {
		t.Errorf("the beginning of a huge text has %d octets", len(got))
	}
	for _, c := range []struct {
		alphabet gsm.Charset
		text     string
		coding   uint8
		octets   string
	}{{gsm.CharsetLatin1, "é@", 0, "\xE9@"}, {gsm.CharsetLatin1, "€", 8, "\x20\xAC"}, {gsm.CharsetASCII, "a@", 0, "a@"}, {gsm.CharsetASCII, "é", 8, "\x00\xE9"},
		{gsm.CharsetGSM7Packed, "hello", 0, string(gsm.AppendPacked(nil, []byte("hello"), 0))}} {
		p := reply(&sms.InboxMessage{Text: c.text}, c.alphabet)[0]
		if p.DataCoding != c.coding || string(p.ShortMessage) != c.octets {
			t.Errorf("%v %q: coding %d %x", c.alphabet, c.text, p.DataCoding, p.ShortMessage)
		}
	}
	if p := reply(&sms.InboxMessage{From: "Bank", To: "16127", Text: "x"}, gsm.CharsetGSM7)[0]; p.Source != (smpp.Address{TON: 5, Addr: "Bank"}) || p.Destination.TON != smpp.TONNetworkSpecific {
		t.Errorf("from %v to %v", p.Source, p.Destination)
	}
}
