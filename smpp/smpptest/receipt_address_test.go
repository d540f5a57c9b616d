package smpptest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// A receipt that is sent later speaks of the message it was made for, although
// the session has long used its PDU for others.
func TestLateReceiptKeepsItsAddress(t *testing.T) {
	const n = 2000
	smsc, err := smpptest.Start(smpptest.Config{
		OnSubmit: func(m *smpptest.Message) smpptest.Reply {
			return smpptest.Reply{MessageID: m.Destination.Addr, Receipts: []smpptest.Receipt{{State: smpp.StateDelivered, After: time.Millisecond}}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer smsc.Close()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	esme, err := smpptest.Dial(ctx, smsc.Addr(), smpptest.ESMEConfig{Bind: smpp.BindConfig{Session: smpp.Config{Window: 100}}})
	if err != nil {
		t.Fatal(err)
	}
	defer esme.Close()
	if _, err := esme.SubmitMany(ctx, n, func(i int) *smpp.SubmitSM {
		return &smpp.SubmitSM{Destination: smpp.Address{Addr: fmt.Sprint(8801700000000 + i)}, ShortMessage: []byte("x")}
	}); err != nil {
		t.Fatal(err)
	}
	if err := esme.WaitDelivered(ctx, n); err != nil {
		t.Fatal(err)
	}
	for _, d := range esme.Deliveries() {
		if from := d.PDU.(*smpp.DeliverSM).Source.Addr; d.Receipt == nil || d.Receipt.ID != from {
			t.Fatalf("the receipt from %s is of %+v", from, d.Receipt)
		}
	}
}
