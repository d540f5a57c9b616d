package smppc_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

func TestSubmitAndReceipt(t *testing.T) {
	far := smsc(t, smpptest.Config{OnSubmit: func(*smpptest.Message) smpptest.Reply {
		return smpptest.Reply{MessageID: "00AB12", Receipts: []smpptest.Receipt{{State: smpp.StateDelivered}}}
	}})
	r := to(t, far.Addr(), 10, nil)
	r.send(1)
	o := r.awaitOutcomes(1)[1]
	if o.Verdict != sms.VerdictAccepted || o.UpstreamID != "00AB12" || o.UpstreamKey != "ab12" || o.ConnectorID != 7 || o.Code != "" {
		t.Errorf("outcome %+v", o)
	}
	r.await("the receipt", func() bool { return len(r.receipts) == 1 })
	got := r.receipts[0]
	if got.State != sms.PartDelivered || got.To != number(1) || got.ConnectorID != 7 || !slices.Contains(got.IDs, o.UpstreamKey) ||
		got.Code != "000" || strings.Contains(got.Raw, "Hello") || !strings.Contains(got.Raw, "stat:DELIVRD") {
		t.Errorf("receipt %+v", got)
	}
	r.close(time.Minute)
	if totals := far.Totals(); totals.Delivered != 1 || totals.Refused != 0 {
		t.Errorf("the SMSC counts %+v", totals)
	}
}

// What arrives is what was given, for each way of sending a long text.
func TestLongText(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	r := to(t, far.Addr(), 10, nil)
	text := strings.Repeat("The quick brown fox {jumps}. ", 12)
	segments, err := gsm.Split(text, gsm.Options{NoUDH: true, Ref: 0x1234, RefBits: gsm.Ref16})
	if err != nil {
		t.Fatal(err)
	}
	for _, long := range []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR} {
		for _, seg := range segments {
			s := r.submission()
			s.Payload, s.Concat, s.Long = seg.Octets, &seg.Concat, long
			if err := r.c.Send(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := r.submission()
	s.Long = sms.LongPayload
	s.Payload, _ = gsm.AppendGSM7(nil, text)
	if err := r.c.Send(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	n := len(segments)
	r.awaitOutcomes(3*n + 1)
	got := far.Received()
	for i, long := range []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR} {
		var parts []gsm.Part
		for _, m := range got[i*n : (i+1)*n] {
			part := gsm.Part{Charset: gsm.CharsetGSM7, Body: m.Text}
			if m.ESMClass&smpp.EsmUDHI != 0 {
				header, body, err := gsm.ParseUDH(m.Text)
				if err != nil {
					t.Fatal(err)
				}
				part.Body = body
				part.Concat, _ = header.Concat()
			} else if sar, ok := m.TLVs.SAR(); ok {
				part.Concat = gsm.Concat{Ref: sar.Ref, Bits: gsm.Ref16, Total: sar.Total, Seq: sar.Seq}
			}
			parts = append(parts, part)
		}
		back, missing, err := gsm.Assemble(parts)
		if err != nil || missing != 0 || back != text {
			t.Errorf("%s: %d missing, %v, text %q", long, missing, err, back)
		}
	}
	if last := got[3*n]; string(last.Text) != string(s.Payload) || !last.TLVs.Has(smpp.TagMessagePayload) {
		t.Errorf("the payload arrived as %q", last.Text)
	}
}

// F16, F17: each status is one verdict, with its code.
func TestStatuses(t *testing.T) {
	statuses := []smpp.Status{smpp.StatusSysErr, smpp.StatusSysErr, smpp.StatusSysErr, smpp.StatusOK, smpp.StatusInvDstAdr,
		smpp.StatusRxRAppn, 0x401, 0x404, 0x411, 0x412, smpp.StatusThrottled, smpp.StatusMsgQFul, 0x402}
	want := []sms.Verdict{sms.VerdictRetry, sms.VerdictRetry, sms.VerdictRetry, sms.VerdictAccepted, sms.VerdictReject,
		sms.VerdictReject, sms.VerdictReject, sms.VerdictReject, sms.VerdictReject, sms.VerdictReject, sms.VerdictThrottle, sms.VerdictThrottle, sms.VerdictRetry}
	far := smsc(t, smpptest.Config{OnSubmit: func(m *smpptest.Message) smpptest.Reply {
		st := statuses[m.N-1]
		return smpptest.Reply{Status: st, Nack: m.N%2 == 0 && st != smpp.StatusOK}
	}})
	r := to(t, far.Addr(), 1, map[string]any{"status_verdicts": map[string]string{"0x402": "retry"}})
	r.send(len(statuses))
	for id, o := range r.awaitOutcomes(len(statuses)) {
		st := statuses[id-1]
		code := fmt.Sprintf("0x%08X", uint32(st))
		if st == smpp.StatusOK {
			code = ""
		}
		if o.Verdict != want[id-1] || o.Code != code {
			t.Errorf("%s: %v with code %q, want %v with %q", st, o.Verdict, o.Code, want[id-1], code)
		}
	}
}

// F14: over the contracted rate the answers are throttles, none is lost, and the
// link stays.
func TestThrottle(t *testing.T) {
	far := smsc(t, smpptest.Config{Rate: 50})
	r := to(t, far.Addr(), 10, nil)
	r.send(200)
	n := map[sms.Verdict]int{}
	for _, o := range r.awaitOutcomes(200) {
		n[o.Verdict]++
		if o.Verdict == sms.VerdictThrottle && (o.Reason != sms.ReasonThrottled || o.Code != "0x00000058") {
			t.Errorf("outcome %+v", o)
		}
	}
	if n[sms.VerdictThrottle] != int(far.Totals().Throttled) || n[sms.VerdictThrottle] == 0 || n[sms.VerdictAccepted]+n[sms.VerdictThrottle] != 200 {
		t.Errorf("verdicts %v, the SMSC throttled %d", n, far.Totals().Throttled)
	}
	if len(r.links) != 1 {
		t.Errorf("links %+v", r.links)
	}
}

// F8: the SMSC is gone with a full window, and comes back.
func TestDropWithFullWindow(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	r := to(t, far.Addr(), 20, nil)
	far.Mute(true)
	r.send(20)
	if err := far.WaitReceived(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	far.Drop()
	for id, o := range r.awaitOutcomes(20) {
		if o.Verdict != sms.VerdictUnknown || o.Reason != sms.ReasonOutcome || o.Code != "link_lost" {
			t.Errorf("message %d: %+v", id, o)
		}
	}
	far.Mute(false)
	r.sendUp(20)
	for id, o := range r.awaitOutcomes(40) {
		if id > 20 && o.Verdict != sms.VerdictAccepted {
			t.Errorf("message %d after the reconnect: %v", id, o.Verdict)
		}
	}
	if log := r.log.String(); !strings.Contains(log, "link lost") || !strings.Contains(log, "retry_in=") {
		t.Errorf("the log does not tell:\n%s", log)
	}
}

// F20: a receipt comes on another bind than its message went out on.
func TestReceiptOnAnotherBind(t *testing.T) {
	far := smsc(t, smpptest.Config{SystemID: "far"})
	r := start(t, 10, map[string]any{"hosts": []string{far.Addr()}, "binds": 3}, smppc.Options{})
	r.awaitUp(3)
	for i := range 6 { // the SMSC takes one session after the other
		id := fmt.Sprint(i)
		if err := far.Deliver(t.Context(), "harkara", &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte("id:" + id + " stat:DELIVRD")}); err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range r.receipts {
		if got.ConnectorID != 7 || got.IDs[0] != fmt.Sprint(i) {
			t.Errorf("receipt %d: %+v", i, got)
		}
	}
	if len(r.receipts) != 6 {
		t.Errorf("%d receipts", len(r.receipts))
	}
}

// F21: the id of the response and that of the receipt are spelled differently.
func TestIDSpellings(t *testing.T) {
	tests := []struct{ response, text, tlv string }{
		{"5F00000A", "5f00000a", "-"},
		{"5f00000a", "1593835530", "-"},
		{"1593835530", "5F00000A", "-"},
		{"000123", "123", "-"},
		{"123", "0000000123", "-"},
		{"7b", "0000000123", "-"},
		{"812FC747812FC747", "9308878064722102087", "-"}, // above 2^63
		{"FFFFFFFFFFFFFFFFFFFFFFFF", "79228162514264337593543950335", "-"},
		{"0f8fad5b-d9cb-469f-a165-70867728950e", "0F8FAD5B-D9CB-469F-A165-70867728950E", "-"},
		{"38601FA", "0059113978", "38601fa"},
		{"59113978", "0059113978", "38601fa"},
		{"0x7B", "123", "-"},
	}
	far := smsc(t, smpptest.Config{OnSubmit: func(m *smpptest.Message) smpptest.Reply {
		tt := tests[m.N-1]
		return smpptest.Reply{MessageID: tt.response, Receipts: []smpptest.Receipt{{State: smpp.StateDelivered, ID: tt.text, TLVID: tt.tlv}}}
	}})
	r := to(t, far.Addr(), 1, nil)
	r.send(len(tests))
	all := r.awaitOutcomes(len(tests))
	r.await("the receipts", func() bool { return len(r.receipts) == len(tests) })
	for i, tt := range tests {
		o := all[sms.MessageID(i+1)]
		if o.UpstreamID != tt.response {
			t.Errorf("id %q, want it as given, %q", o.UpstreamID, tt.response)
		}
		if got := r.receipts[i]; !slices.Contains(got.IDs, o.UpstreamKey) {
			t.Errorf("response %q is stored as %q, receipt %q (%q) looks for %q", tt.response, o.UpstreamKey, tt.text, tt.tlv, got.IDs)
		}
	}
}

// The binds are spread over the hosts, and submissions go where there is room.
func TestSpread(t *testing.T) {
	a, b := smsc(t, smpptest.Config{}), smsc(t, smpptest.Config{})
	r := start(t, 5, map[string]any{"hosts": []string{a.Addr(), b.Addr()}, "binds": 4}, smppc.Options{})
	r.awaitUp(4)
	if len(a.Sessions()) != 2 || len(b.Sessions()) != 2 {
		t.Errorf("%d and %d sessions", len(a.Sessions()), len(b.Sessions()))
	}
	if r.c.Info().Window != 20 {
		t.Errorf("window %d", r.c.Info().Window)
	}
	a.Mute(true)
	r.send(100)
	if err := b.WaitReceived(t.Context(), 90); err != nil {
		t.Fatal(err)
	}
	if n := a.Totals().Submits; n > 10 {
		t.Errorf("%d went to the host that does not answer, its windows hold 10", n)
	}
	// Without one host its binds move to the other.
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := b.WaitFor(t.Context(), func() bool { return len(b.Sessions()) == 4 }); err != nil {
		t.Fatal(err)
	}
	r.awaitUp(4)
	r.close(time.Minute)
}

func TestTransmitterAndReceiver(t *testing.T) {
	var mu sync.Mutex
	modes := map[smpp.Mode]int{}
	far := smsc(t, smpptest.Config{OnBind: func(s *smpp.Session) {
		mu.Lock()
		defer mu.Unlock()
		modes[s.Mode()]++
	}})
	r := start(t, 5, map[string]any{"hosts": []string{far.Addr()}, "bind": "transmitter+receiver", "binds": 2,
		"system_type": "sys", "address_range": "^88"}, smppc.Options{})
	r.awaitUp(2)
	if err := far.WaitFor(t.Context(), func() bool { return len(far.Sessions()) == 4 }); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if modes[smpp.Transmitter] != 2 || modes[smpp.Receiver] != 2 {
		t.Errorf("binds %v", modes)
	}
	if bound := far.Sessions()[0].Bound(); bound.SystemID != "harkara" || bound.SystemType != "sys" || bound.AddressRange != "^88" || bound.InterfaceVersion != 0x34 {
		t.Errorf("bound as %+v", bound)
	}
	if r.c.Info().Window != 10 {
		t.Errorf("window %d: receivers have none", r.c.Info().Window)
	}
	r.send(20)
	r.awaitOutcomes(20)
}

// What no operator could take is an outcome, and takes no place in the window.
func TestContentThatCannotBeSent(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	r := to(t, far.Addr(), 1, nil)
	for i := range 4 {
		s := r.submission()
		switch i {
		case 0:
			s.Payload = make([]byte, 300)
		case 1:
			s.From = strings.Repeat("x", 30)
		case 2:
			s.Encoding = gsm.Auto
		}
		if err := r.c.Send(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for id, o := range r.awaitOutcomes(4) {
		switch {
		case id < 4 && (o.Verdict != sms.VerdictReject || o.Reason != sms.ReasonContent):
			t.Errorf("message %d: %+v", id, o)
		case id == 4 && o.Verdict != sms.VerdictAccepted:
			t.Errorf("message %d: %+v", id, o)
		}
	}
	if n := far.Totals().Submits; n != 1 {
		t.Errorf("%d arrived", n)
	}
	r.close(time.Minute)
	s := r.submission()
	s.Payload = make([]byte, 300)
	if err := r.c.Send(t.Context(), s); !errors.Is(err, connect.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestBadContentBeforeConnect(t *testing.T) {
	c, err := smppc.New(&sms.Connector{Settings: settings(map[string]any{"hosts": []string{"a"}})}, &sink{})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), &connect.Submission{Group: &sms.Group{}}); !errors.Is(err, connect.ErrDown) {
		t.Errorf("Send: %v", err)
	}
	if err := c.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectTwice(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	r := to(t, far.Addr(), 1, nil)
	if err := r.c.Connect(t.Context()); err == nil {
		t.Error("Connect works twice")
	}
	r.close(time.Minute)
	if err := r.c.Connect(t.Context()); !errors.Is(err, connect.ErrClosed) {
		t.Errorf("Connect after Close: %v", err)
	}
}

func TestPlugin(t *testing.T) {
	p := smppc.Plugin()
	if len(p.Types) != 1 || p.Types[0] != sms.TypeSMS {
		t.Errorf("types %v", p.Types)
	}
	c, err := p.New(&sms.Connector{Settings: settings(map[string]any{"hosts": []string{"a"}})}, &sink{})
	if err != nil {
		t.Fatal(err)
	}
	if c.Info() != (connect.Info{Protocol: "smpp", Window: 1}) {
		t.Errorf("info %+v", c.Info())
	}
}
