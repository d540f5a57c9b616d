package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

func TestWhyNotCanceled(t *testing.T) {
	for state, want := range map[sms.State]string{
		sms.Queued: "may have been", sms.Sending: "being sent", sms.Held: "may have been sent", sms.Sent: "it was sent",
		sms.Delivered: "it has ended", sms.Unknown: "it has ended", sms.Canceled: "canceled before",
	} {
		if got := whyNotCanceled(&sms.Record{Message: sms.Message{State: state}}); !strings.Contains(got, want) {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
}

// What a simulator does not bring about: a message that waits in the queue after
// an unknown outcome, on nouns of which one was deleted.
func TestMessageDetail(t *testing.T) {
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	g := sms.Group{AccountID: 1, Number: 7, FirstMessage: 100, FirstRecipient: 40, Count: 3, Type: sms.TypeVoice, From: "ACME",
		Text: "geheim", File: "geheim.wav", Face: "smsapi", At: at, SendAt: at.Add(time.Hour)}
	r := sms.Record{Message: sms.Message{ID: 101, AccountID: 1, Group: 7, To: "8801712345678", Input: "01712345678", State: sms.Unknown,
		Provisional: true, Reason: sms.ReasonOutcome, Code: "link_lost\x1b[2J", Parts: 2, Units: 2, Price: sms.Credit, ChargeOn: sms.ChargeDelivered,
		Reserved: 2 * sms.Credit, Captured: sms.Credit, RouteID: 3, Pinned: true, OnlyID: 5, AvoidID: 6, Attempts: 4},
		Sub: []sms.Part{{Seq: 1, State: sms.PartDelivered, ConnectorID: 5, UpstreamID: "u1", Attempt: 1, Captured: sms.Credit},
			{Seq: 2, State: sms.PartUnknown, ConnectorID: 6, Attempt: 3, Unknowns: 2}}}
	events := []sms.Event{{At: at, Trigger: sms.OnHold, State: sms.Held, Part: 2, ConnectorID: 6, Reason: sms.ReasonOutcome},
		{At: at, Trigger: sms.OnEvidence, State: sms.Unknown, Part: 1, ConnectorID: 5, Code: "077",
			Receipt: &sms.ReceiptNote{State: sms.PartUndelivered, Raw: "id:u1 stat:UNDELIV\u202e err:077 0x1403=0007", At: at.Add(-time.Minute)}}}
	r.SubscriberID, r.Notify, r.ReceiptsOn, r.AskAt = 9, sms.NotifyDelivered|sms.NotifyProgress, sms.ReceiptsLast, at.Add(time.Minute)
	g.Raw = &sms.Raw{Header: []byte{5, 0, 3, 1, 2, 1}, Body: []byte("geheim")}
	g.Coding, g.Protocol = 4, 127
	n := names{logins: map[int64]string{9: "acme"}, routes: map[int64]string{3: "bd"}, connectors: map[int64]string{5: "gp"}}

	var b strings.Builder
	m := newMessageDetail(n, "shop", &r, &g, events, false)
	m.print(&b)
	got := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"message 101 (recipient 41) ", "state unknown (provisional) reason outcome_unknown code link_lost\uFFFD[2J ", "input 01712345678 ",
		"send at 2026-11-24 13:00:00 ", "route bd (the call asked for this route) ", "only over gp not over id:6 ", "refused 4 attempt(s) ",
		"price 1 × 2 unit(s), charged when delivered ", "money 2 reserved, 1 captured, 0 released ",
		"1 delivered gp 1 attempt u1 - 1 - ", "2 unknown id:6 3 attempts, 2 of unknown outcome - - 0 - ", "hold 2 held id:6 outcome_unknown -",
		"evidence 1 unknown gp - 077 ARRIVED PART SAYS CODE TAKEN_AS RECEIPT ",
		"2026-11-24 11:59:00 1 undelivered 077 evidence id:u1 stat:UNDELIV\uFFFD err:077 0x1403=0007",
		"(as it came: header 050003010201, 6 octets, data_coding 4, protocol_id 127) ", "receipts of the last part only ",
		"told SMPP login acme: sent, delivered ", "ask 2026-11-24 12:01:00 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	if strings.Contains(got, "geheim") || strings.Contains(got, "67656865696d") {
		t.Error("the text is shown")
	}
	text, err := json.Marshal(m)
	if want := `"code":"077","receipt":{"says":"undelivered","arrived":"2026-11-24T11:59:00Z","raw":"id:u1 stat:UNDELIV`; err != nil || !strings.Contains(string(text), want) {
		t.Errorf("%s is missing in %s, %v", want, text, err)
	}
	if n := strings.Count(string(text), `"receipt":`); n != 1 {
		t.Errorf("%d receipts, want one: %s", n, text)
	}
	b.Reset()
	newMessageDetail(n, "shop", &r, &g, events[:1], false).print(&b)
	if strings.Contains(b.String(), "ARRIVED") {
		t.Errorf("receipts where none came:\n%s", b.String())
	}
	b.Reset()
	newMessageDetail(n, "shop", &r, &g, events, true).print(&b)
	if !strings.Contains(b.String(), `"geheim"`) || !strings.Contains(b.String(), "geheim.wav") || !strings.Contains(b.String(), "67656865696d") {
		t.Errorf("the text is not shown:\n%s", b.String())
	}
}

// What others wrote does not steer the terminal of whoever reads it.
func TestVisible(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a\x00b\x1b[2J\x7f\u009b", "a\uFFFDb\uFFFD[2J\uFFFD\uFFFD"},
		{"88017\u202e1234\u202c", "88017\uFFFD1234\uFFFD"},
		{"\u2066x\u2069\u200e\u200f\u061c", "\uFFFDx\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"a\nb\u2028c\u2029d\xff", "a\uFFFDb\uFFFDc\uFFFDd\uFFFD"},
		{"আমি ক্\u200cষ 😀 שלום é e\u0301", "আমি ক্\u200cষ 😀 שלום é e\u0301"}, // with a zero-width non-joiner, which spelling needs
	} {
		if got := visible(c.text); got != c.want {
			t.Errorf("%q is shown as %q, want %q", c.text, got, c.want)
		}
	}
	var b strings.Builder
	printMessages(&b, []listed{{ID: 1, To: "88017\u202e1234"}}, 10)
	v, err := previewFlags{}.preview("a\u202eb", gsm.Options{RefBits: gsm.Ref8})
	if err != nil {
		t.Fatal(err)
	}
	v.print(&b)
	if out := b.String(); strings.Contains(out, "\u202e") || !strings.Contains(out, " 88017\uFFFD1234 ") || !strings.Contains(out, "\uFFFD U+202E at 2") {
		t.Errorf("a table:\n%s", out)
	}
}
