package main

import (
	"strings"
	"testing"
	"time"

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
	events := []sms.Event{{At: at, Trigger: sms.OnHold, State: sms.Held, Part: 2, ConnectorID: 6, Reason: sms.ReasonOutcome}}
	r.SubscriberID, r.Notify, r.ReceiptsOn, r.AskAt = 9, sms.NotifyDelivered|sms.NotifyProgress, sms.ReceiptsLast, at.Add(time.Minute)
	g.Raw = &sms.Raw{Header: []byte{5, 0, 3, 1, 2, 1}, Body: []byte("geheim"), Coding: 4, Protocol: 127}
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
	b.Reset()
	newMessageDetail(n, "shop", &r, &g, events, true).print(&b)
	if !strings.Contains(b.String(), `"geheim"`) || !strings.Contains(b.String(), "geheim.wav") || !strings.Contains(b.String(), "67656865696d") {
		t.Errorf("the text is not shown:\n%s", b.String())
	}
}
