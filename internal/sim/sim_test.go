package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds every wait; nothing is expected to take so long.
const patience = 20 * time.Second

func start(t *testing.T, o Options) (*Simulator, *smpptest.ESME) {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, bind(t, s)
}

func bind(t *testing.T, s *Simulator) *smpptest.ESME {
	t.Helper()
	e, err := smpptest.Connect(t.Context(), s.SMSC(), smpptest.ESMEConfig{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func to(number string) *smpp.SubmitSM {
	return &smpp.SubmitSM{Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: "ACME"}, Destination: smpp.Address{Addr: number},
		RegisteredDelivery: smpp.ReceiptAlways, ShortMessage: []byte("hello")}
}

// receipts waits for n deliver_sm and reads them.
func receipts(t *testing.T, e *smpptest.ESME, n uint64) []smpp.Receipt {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := e.WaitDelivered(ctx, n); err != nil {
		t.Fatal(err)
	}
	var list []smpp.Receipt
	for _, d := range e.Deliveries() {
		if r, ok := smpp.ReceiptFrom(d.PDU, false); ok {
			list = append(list, r)
		}
	}
	return list
}

func TestBehaviours(t *testing.T) {
	refused := func(want smpp.Status) func(*testing.T, *smpptest.ESME, string, error) {
		return func(t *testing.T, _ *smpptest.ESME, _ string, err error) {
			var s *smpp.StatusError
			if !errors.As(err, &s) || s.Status != want {
				t.Errorf("answer %v, want %v", err, want)
			}
		}
	}
	states := func(want ...smpp.MessageState) func(*testing.T, *smpptest.ESME, string, error) {
		return func(t *testing.T, e *smpptest.ESME, id string, err error) {
			if err != nil || id == "" {
				t.Fatalf("id %q, %v", id, err)
			}
			list := receipts(t, e, uint64(len(want)))
			for i, w := range want {
				if list[i].State != w || smpp.MessageIDKey(list[i].ID) == "" {
					t.Errorf("receipt %d: %v of %q", i, list[i].State, list[i].ID)
				}
			}
		}
	}
	cases := map[string]func(*testing.T, *smpptest.ESME, string, error){
		"00": states(smpp.StateDelivered),
		"80": states(smpp.StateUndeliverable),
		"81": states(smpp.StateExpired),
		"82": states(smpp.StateRejected),
		"84": refused(smpp.StatusThrottled),
		"85": refused(smpp.StatusSysErr),
		"86": refused(smpp.StatusInvDstAdr),
		"87": states(smpp.StateDelivered),
		"88": states(smpp.StateDelivered, smpp.StateDelivered),
		"97": states(smpp.StateUndeliverable),
		"93": states(smpp.StateEnroute, smpp.StateDelivered),
	}
	for digits, want := range cases {
		t.Run(digits, func(t *testing.T) {
			_, e := start(t, Options{})
			id, err := e.Submit(t.Context(), to("88017000000"+digits))
			want(t, e, id, err)
		})
	}
}

func TestRefusesAtFirst(t *testing.T) {
	_, e := start(t, Options{})
	for i := range throttledTries + 1 {
		_, err := e.Submit(t.Context(), to("8801700000084"))
		if refused := err != nil; refused != (i < throttledTries) {
			t.Errorf("try %d: %v", i+1, err)
		}
	}
}

func TestHexIDMeetsItsReceipt(t *testing.T) {
	_, e := start(t, Options{})
	id, err := e.Submit(t.Context(), to("8801700000089"))
	if err != nil {
		t.Fatal(err)
	}
	r := receipts(t, e, 1)[0]
	if r.ID == id {
		t.Errorf("the ids %q are spelled alike", id)
	}
	for _, form := range smpp.MessageIDForms(r.ID) {
		if form == smpp.MessageIDKey(id) {
			return
		}
	}
	t.Errorf("response %q, receipt %q", id, r.ID)
}

func TestLinkDrops(t *testing.T) {
	s, e := start(t, Options{})
	if id, err := e.Submit(t.Context(), to("8801700000090")); err == nil {
		t.Fatalf("answered with %q", id)
	}
	again := bind(t, s)
	if _, err := again.Submit(t.Context(), to("8801700000090")); err != nil {
		t.Errorf("the next try: %v", err)
	}
}

func TestEcho(t *testing.T) {
	_, e := start(t, Options{ReplyTo: "8809600000000"})
	if _, err := e.Submit(t.Context(), to("8801700000092")); err != nil {
		t.Fatal(err)
	}
	receipts(t, e, 2)
	for _, d := range e.Deliveries() {
		if p, ok := d.PDU.(*smpp.DeliverSM); ok && p.ESMClass == 0 {
			if string(p.ShortMessage) != "hello" || p.Destination.Addr != "8809600000000" || p.Source.Addr != "8801700000092" {
				t.Errorf("echo %+v", p)
			}
			return
		}
	}
	t.Error("no echo")
}

// The place of a part goes back with its echo, in the header and in sar_ parameters.
func TestEchoOfParts(t *testing.T) {
	_, e := start(t, Options{ReplyTo: "8809600000000"})
	bySAR := to("8801700000092")
	bySAR.RegisteredDelivery = 0
	bySAR.TLVs.AddSAR(smpp.Concat{Ref: 7, Total: 2, Seq: 2})
	byUDH := to("8801700000092")
	byUDH.ESMClass, byUDH.ShortMessage = smpp.EsmUDHI, []byte("\x05\x00\x03\x07\x02\x01hello")
	whole := to("8801700000092")
	whole.ShortMessage = nil
	long := bytes.Repeat([]byte("x"), 300)
	if err := whole.TLVs.Add(smpp.TagMessagePayload, long); err != nil {
		t.Fatal(err)
	}
	for _, p := range []*smpp.SubmitSM{bySAR, byUDH, whole} {
		if _, err := e.Submit(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	receipts(t, e, 5)
	var got []string
	for _, d := range e.Deliveries() {
		p, ok := d.PDU.(*smpp.DeliverSM)
		if !ok || p.ESMClass&smpp.EsmTypeMask != 0 {
			continue
		}
		place, numbered := p.TLVs.SAR()
		switch {
		case numbered && place == (smpp.Concat{Ref: 7, Total: 2, Seq: 2}) && string(p.ShortMessage) == "hello" && p.ESMClass == 0:
			got = append(got, "sar")
		case p.ESMClass == smpp.EsmUDHI && string(p.ShortMessage) == "\x05\x00\x03\x07\x02\x01hello":
			got = append(got, "header")
		case bytes.Equal(p.Text(), long):
			got = append(got, "payload")
		}
	}
	if strings.Join(got, " ") != "sar header payload" {
		t.Errorf("echoes: %v", got)
	}
}

// A receipt for the last part only.
func TestLastPart(t *testing.T) {
	s, e := start(t, Options{})
	var last string
	for seq := uint8(1); seq <= 3; seq++ {
		p := to("8801700000095")
		p.TLVs.AddSAR(smpp.Concat{Ref: 7, Total: 3, Seq: seq})
		id, err := e.Submit(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		last = id
	}
	if list := receipts(t, e, 1); list[0].ID != last || list[0].State != smpp.StateDelivered {
		t.Errorf("receipt %+v, want that of %s", list[0], last)
	}
	if _, err := e.Submit(t.Context(), to("8801700000000")); err != nil { // one more, so that a late one would show
		t.Fatal(err)
	}
	if list := receipts(t, e, 2); len(list) != 2 || s.SMSC().Totals().Delivered > 2 {
		t.Errorf("%d receipts", len(list))
	}
}

// The receipt of 97 says why, in the way of the specification.
func TestAbsent(t *testing.T) {
	_, e := start(t, Options{})
	id, err := e.Submit(t.Context(), to("8801700000097"))
	if err != nil {
		t.Fatal(err)
	}
	r := receipts(t, e, 1)[0]
	if r.ID != id || r.NetworkError != (smpp.NetworkError{Type: 3, Code: 27}) || r.Err != "027" {
		t.Errorf("receipt %+v of %s", r, id)
	}
	unasked := to("8801700000097")
	unasked.RegisteredDelivery = 0
	if _, err := e.Submit(t.Context(), unasked); err != nil {
		t.Fatal(err)
	}
}

// data_sm and submit_multi are answered as submit_sm is.
func TestOtherWaysToSubmit(t *testing.T) {
	s, e := start(t, Options{Keep: 10})
	data := &smpp.DataSM{Source: smpp.Address{Addr: "1"}, Destination: smpp.Address{Addr: "8801700000000"}, RegisteredDelivery: smpp.ReceiptAlways}
	if err := data.TLVs.Add(smpp.TagMessagePayload, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	multi := &smpp.SubmitMulti{Source: smpp.Address{Addr: "1"}, RegisteredDelivery: smpp.ReceiptAlways, ShortMessage: []byte("hello"),
		Destinations: []smpp.Dest{{Address: smpp.Address{Addr: "8801700000080"}}}}
	for _, p := range []smpp.PDU{data, multi} {
		if _, err := e.Do(t.Context(), p); err != nil {
			t.Fatalf("%s: %v", p.Command(), err)
		}
	}
	list := receipts(t, e, 2)
	if list[0].State != smpp.StateDelivered || list[1].State != smpp.StateUndeliverable || len(s.Received()) != 2 {
		t.Errorf("receipts %+v", list)
	}
}

func TestNoReceiptUnlessAsked(t *testing.T) {
	s, e := start(t, Options{Keep: 10})
	p := to("8801700000000")
	p.RegisteredDelivery = 0
	if _, err := e.Submit(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Submit(t.Context(), to("8801700000001")); err != nil {
		t.Fatal(err)
	}
	if list := receipts(t, e, 1); len(list) != 1 {
		t.Errorf("%d receipts", len(list))
	}
	if n := len(s.Received()); n != 2 {
		t.Errorf("%d received", n)
	}
}

func TestPassword(t *testing.T) {
	s, err := Start(Options{SystemID: "me", Password: "right"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for password, want := range map[smpp.Secret]bool{"right": true, "wrong": false} {
		session, err := smpp.Dial(t.Context(), s.Addr(), smpp.BindConfig{SystemID: "me", Password: password})
		if (err == nil) != want {
			t.Errorf("password %s: %v", string(password), err)
		}
		if err == nil {
			session.Close()
			<-session.Done()
		}
	}
}

func TestRecordHoldsNoText(t *testing.T) {
	var out bytes.Buffer
	s, e := start(t, Options{Record: &out})
	if _, err := e.Submit(t.Context(), to("8801700000000")); err != nil {
		t.Fatal(err)
	}
	s.Close()
	var line submission
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if line.To != "8801700000000" || line.Octets != 5 || line.Does != "delivered" || strings.Contains(out.String(), "hello") {
		t.Errorf("record %s", out.String())
	}
}

func TestDescribeNamesEveryBehaviour(t *testing.T) {
	var out bytes.Buffer
	Describe(&out)
	for _, b := range Behaviours() {
		if !strings.Contains(out.String(), b.Doc) {
			t.Errorf("%s is missing", b.Name)
		}
	}
}
