package smpptest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

// replies asks a script about n messages, and gives what it does in short.
func replies(s Script, n int) string {
	var out []string
	for range n {
		r := s(new(Message))
		out = append(out, strings.TrimPrefix(r.Status.String(), "ESME_R")+"+"+r.Delay.String())
	}
	return strings.Join(out, " ")
}

func TestScripts(t *testing.T) {
	ok, throttled, full := Always(Reply{}), Always(Reply{Status: smpp.StatusThrottled}), Always(Reply{Status: smpp.StatusMsgQFul})
	for got, want := range map[string]string{
		replies(Between(2, 3, throttled, ok), 5):        "OK+0s THROTTLED+0s THROTTLED+0s OK+0s OK+0s",
		replies(InTurn(ok, full), 3):                    "OK+0s MSGQFUL+0s OK+0s",
		replies(Backwards(3, time.Second, ok), 4):       "OK+2s OK+1s OK+0s OK+2s",
		replies(InTurn(ok, Between(1, 1, full, ok)), 4): "OK+0s MSGQFUL+0s OK+0s OK+0s",
	} {
		if got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

// TestBackwards: the responses of a window come in the opposite order.
func TestBackwards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, e := pair(t, Config{OnSubmit: Backwards(4, time.Millisecond, Always(Reply{}))}, ESMEConfig{})
		seqs := make(chan uint32, 4)
		for range cap(seqs) {
			if err := e.Send(ctx, text("x"), smpp.CompleteFunc(func(r smpp.Result) { seqs <- r.Sequence })); err != nil {
				t.Fatal(err)
			}
		}
		got := []uint32{<-seqs, <-seqs, <-seqs, <-seqs}
		if !slices.Equal(got, []uint32{5, 4, 3, 2}) {
			t.Errorf("answered in the order %d", got)
		}
	})
}

func TestSpellings(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{HexAsDecimal("38601fa"), "59113978"},
		{HexAsDecimal("no number"), "no number"},
		{HexAsDecimal("5be9f816f19992a78c8e26442f8afa50"), "122174584639838785773360647896904170064"},
		{DecimalAsHex("59113978"), "38601fa"},
		{DecimalAsHex("38601fa"), "38601fa"},
		{UpperCase("38601fa"), "38601FA"},
		{ZeroPadded(10)("38601fa"), "00038601fa"},
		{ZeroPadded(3)("38601fa"), "38601fa"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s, want %s", tt.got, tt.want)
		}
	}
}

func TestConcat(t *testing.T) {
	sar := new(smpp.TLVs)
	sar.AddSAR(smpp.Concat{Ref: 300, Total: 3, Seq: 2})
	tests := []struct {
		name string
		m    Message
		want smpp.Concat
	}{
		{"SAR", Message{TLVs: *sar}, smpp.Concat{Ref: 300, Total: 3, Seq: 2}},
		{"8 bits", Message{ESMClass: smpp.EsmUDHI, Text: []byte("\x05\x00\x03\x2a\x02\x01Hi")}, smpp.Concat{Ref: 0x2a, Total: 2, Seq: 1}},
		{"16 bits behind a port", Message{ESMClass: smpp.EsmUDHI, Text: []byte("\x0c\x05\x04\x15\x81\x00\x00\x08\x04\x01\x2c\x02\x02Hi")}, smpp.Concat{Ref: 300, Total: 2, Seq: 2}},
		{"no UDHI", Message{Text: []byte("\x05\x00\x03\x2a\x02\x01Hi")}, smpp.Concat{}},
		{"another element", Message{ESMClass: smpp.EsmUDHI, Text: []byte("\x06\x05\x04\x15\x81\x00\x00Hi")}, smpp.Concat{}},
		{"cut off", Message{ESMClass: smpp.EsmUDHI, Text: []byte("\x05\x00\x03\x2a")}, smpp.Concat{}},
		{"an element that is longer than the header", Message{ESMClass: smpp.EsmUDHI, Text: []byte("\x05\x00\x09\x2a\x02\x01Hi")}, smpp.Concat{}},
		{"empty", Message{ESMClass: smpp.EsmUDHI}, smpp.Concat{}},
	}
	for _, tt := range tests {
		if got, ok := tt.m.Concat(); got != tt.want || ok != (tt.want.Total != 0) {
			t.Errorf("%s: %v %v, want %v", tt.name, got, ok, tt.want)
		}
	}
}

// TestReceiptWays: an early receipt is before its response even without a delay; on a sibling bind, on the
// same, twice, of another spelling, of an unknown id, and of the last part only.
func TestReceiptWays(t *testing.T) {
	delivered := func(more Receipt) []Receipt {
		more.State = smpp.StateDelivered
		return []Receipt{more}
	}
	// Between two connections there is no order, so those on both come later.
	twice := append(delivered(Receipt{After: time.Second}), delivered(Receipt{After: time.Second})...)
	part := func(seq int) *smpp.SubmitSM {
		p := text(fmt.Sprintf("\x05\x00\x03\x2a\x02%cHi", seq))
		p.ESMClass = smpp.EsmUDHI
		return p
	}
	tests := []struct {
		name   string
		script Script
		send   []*smpp.SubmitSM
		want   string // "first 1 ID" for a receipt on the first bind after one response
	}{
		{"early", Always(Reply{Receipts: delivered(Receipt{Early: true, Over: SameBind})}), []*smpp.SubmitSM{text("x"), text("x")}, "first 0 00AB, first 1 00AB"},
		{"sibling", Always(Reply{Receipts: delivered(Receipt{Over: SiblingBind, After: time.Second})}), []*smpp.SubmitSM{text("x"), text("x")}, "second 1 00AB, second 2 00AB"},
		{"same", Always(Reply{Receipts: delivered(Receipt{Over: SameBind})}), []*smpp.SubmitSM{text("x"), text("x")}, "first 1 00AB, first 2 00AB"},
		{"in turn, twice", Always(Reply{Receipts: twice}), []*smpp.SubmitSM{text("x")}, "first 1 00AB, second 1 00AB"},
		{"spelled", Always(Reply{Receipts: delivered(Receipt{Over: SameBind, Spell: HexAsDecimal})}), []*smpp.SubmitSM{text("x")}, "first 1 171"},
		{"unknown", Always(Reply{Receipts: delivered(Receipt{Over: SameBind, ID: "nobody's"})}), []*smpp.SubmitSM{text("x")}, "first 1 nobody's"},
		{"last part", LastPartOnly(Always(Reply{Receipts: delivered(Receipt{Over: SameBind})})), []*smpp.SubmitSM{part(1), part(2), text("x")}, "first 2 00AB, first 3 00AB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var got []string
				responses := 0
				bind := func(name string) ESMEConfig { // the trace is in the order of the wire
					return ESMEConfig{Bind: smpp.BindConfig{Session: smpp.Config{Trace: func(_ *smpp.Session, d smpp.Direction, _ smpp.Header, p smpp.PDU) {
						mu.Lock()
						defer mu.Unlock()
						if r, ok := smpp.ReceiptFrom(p, false); ok && d == smpp.Inbound {
							got = append(got, fmt.Sprint(name, " ", responses, " ", r.TextID))
						} else if _, ok := p.(*smpp.SubmitSMResp); ok {
							responses++
						}
					}}}}
				}
				c, first := pair(t, Config{OnSubmit: tt.script, NewID: func(uint64) string { return "00AB" }}, bind("first"))
				join(t, c, bind("second"))
				for _, p := range tt.send {
					if _, err := first.Submit(ctx, p); err != nil {
						t.Fatal(err)
					}
					time.Sleep(2 * time.Second)
				}
				mu.Lock()
				defer mu.Unlock()
				if tt.name == "in turn, twice" {
					slices.Sort(got)
				}
				if all := strings.Join(got, ", "); all != tt.want {
					t.Errorf("got  %s\nwant %s", all, tt.want)
				}
			})
		})
	}
}

// TestNoSibling: a receipt for a sibling bind that is not there comes all the same.
func TestNoSibling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, e := pair(t, Config{OnSubmit: Always(Reply{Receipts: []Receipt{{Over: SiblingBind}}})}, ESMEConfig{})
		if _, err := e.Submit(ctx, text("x")); err != nil {
			t.Fatal(err)
		}
		if err := e.WaitDelivered(ctx, 1); err != nil {
			t.Error(err)
		}
	})
	// And an early one where nobody can take it comes after the bind of who can.
	synctest.Test(t, func(t *testing.T) {
		c, tx := pair(t, Config{OnSubmit: Always(Reply{Receipts: []Receipt{{Early: true}}})}, ESMEConfig{Bind: smpp.BindConfig{Mode: smpp.Transmitter}})
		if _, err := tx.Submit(ctx, text("x")); err != nil {
			t.Fatal(err)
		}
		rx := join(t, c, ESMEConfig{Bind: smpp.BindConfig{Mode: smpp.Receiver}})
		if err := rx.WaitDelivered(ctx, 1); err != nil {
			t.Error(err)
		}
	})
}
