package e2e

import (
	"slices"
	"testing"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// silentOperator takes messages and sends no receipts but those that the test
// makes.
func silentOperator(t *testing.T) *smpptest.SMSC {
	t.Helper()
	smsc, err := smpptest.Start(smpptest.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { smsc.Close() })
	return smsc
}

// receiptFor makes the receipt of what the operator has received.
func receiptFor(m smpptest.Message, state smpp.MessageState) *smpp.DeliverSM {
	p := &smpp.DeliverSM{Source: m.Destination, Destination: m.Source, ESMClass: smpp.EsmReceipt}
	p.ShortMessage = smpp.Receipt{ID: m.MessageID, State: state, Submitted: 1, Err: "000"}.AppendText(nil)
	return p
}

// TestReceiptsWait: what happens while a customer is not bound, or bound as a
// transmitter only, waits in the database, also when the server starts anew, and
// comes in the order in which it happened.
func TestReceiptsWait(t *testing.T) {
	t.Parallel()
	far := silentOperator(t)
	s := serveCustomers(t, oneRoute(far.Addr(), "", "")+login("customer", "replies: [all]"))
	e := dial(t, s.smpp, "customer", smpp.Transceiver, smpptest.ESMEConfig{})
	var numbers []string
	for i := range 40 {
		numbers = append(numbers, ordinary(i))
	}
	ids := submits(t, e, numbers...)
	if err := far.WaitReceived(t.Context(), uint64(len(ids))); err != nil {
		t.Fatal(err)
	}
	e.Close()

	// The operator's messages in the order of the ids, then shuffled by a stride.
	byNumber := map[string]smpptest.Message{}
	for _, m := range far.Received() {
		byNumber[m.Destination.Addr] = m
	}
	var want []string
	happens := func(from, to int) {
		for i := from; i < to; i++ {
			k := i * 7 % len(ids)
			// Deliver returns when it is acknowledged, and so on disk.
			if err := far.Deliver(t.Context(), "e2e", receiptFor(byNumber[numbers[k]], smpp.StateDelivered)); err != nil {
				t.Fatal(err)
			}
			want = append(want, ids[k])
		}
	}
	happens(0, 20)
	transmitter := dial(t, s.smpp, "customer", smpp.Transmitter, smpptest.ESMEConfig{})
	if _, err := transmitter.Do(t.Context(), &smpp.EnquireLink{}); err != nil {
		t.Fatal(err)
	}
	s.stop()
	ended(t, transmitter, "the server has stopped")
	if n := transmitter.Delivered(); n != 0 {
		t.Errorf("a transmitter got %d deliveries", n)
	}
	s.start()
	eventually(t, "the operator is bound to again", func() bool { return len(far.Sessions()) > 0 })
	happens(20, 40)
	reply := &smpp.DeliverSM{Source: smpp.Address{TON: 1, NPI: 1, Addr: "8801712345678"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "8809612345678"}, ShortMessage: []byte("hi")}
	if err := far.Deliver(t.Context(), "e2e", reply); err != nil {
		t.Fatal(err)
	}
	r := dial(t, s.smpp, "customer", smpp.Receiver, smpptest.ESMEConfig{})
	delivered(t, r, len(want)+1)
	if got := receiptsOf(r); !slices.Equal(got, want) {
		t.Errorf("receipts of\n%v, want\n%v", got, want)
	}
	last := r.Deliveries()[len(want)].PDU.(*smpp.DeliverSM)
	if string(last.ShortMessage) != "hi" || last.ESMClass != 0 {
		t.Errorf("the last delivery is %+v", last)
	}
	s.stop()
	s.checked()
}

// TestReceiversShare: two receivers of a login share what there is; one dies in
// the middle, and what it had not acknowledged comes to the other.
func TestReceiversShare(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := serveCustomers(t, oneRoute(o.Addr(), "", "")+login("customer", "window: 10"))
	firm := dial(t, s.smpp, "customer", smpp.Receiver, smpptest.ESMEConfig{})
	frail := dial(t, s.smpp, "customer", smpp.Receiver, smpptest.ESMEConfig{OnDeliver: func(d *smpptest.Delivery) smpptest.DeliverReply {
		return smpptest.DeliverReply{Drop: d.N == 20}
	}})
	var numbers []string
	for i := range 200 {
		numbers = append(numbers, ordinary(i))
	}
	want := submits(t, dial(t, s.smpp, "customer", smpp.Transmitter, smpptest.ESMEConfig{}), numbers...)
	ended(t, frail, "it drops its connection")
	eventually(t, "every receipt is taken", func() bool {
		got := append(receiptsOf(frail), receiptsOf(firm)...)
		return len(slices.Compact(sorted(got))) == len(want)
	})
	if got := slices.Compact(sorted(append(receiptsOf(frail), receiptsOf(firm)...))); !slices.Equal(got, sorted(want)) {
		t.Errorf("receipts of\n%v, want\n%v", got, want)
	}
	if n := frail.Delivered(); n < 20 {
		t.Errorf("the first receiver had %d deliveries: the two do not share", n)
	}
	got := receiptsOf(firm)
	if twice := len(got) - len(slices.Compact(sorted(got))); twice != 0 {
		t.Errorf("%d receipts came twice to the receiver that acknowledged them", twice)
	}
	s.stop()
	s.checked()
}

// TestSlowReceivers: one customer does not answer, one does not even read;
// another account has its receipts all the same, and the first two have theirs
// when they behave again.
func TestSlowReceivers(t *testing.T) {
	t.Parallel()
	o := operator(t)
	configuration := oneRoute(o.Addr(), "", "") + login("silent", "window: 5") + anotherAccount("deaf", login("deaf", "window: 5")) + anotherAccount("brisk", login("brisk", ""))
	s := serveCustomers(t, configuration)
	for _, account := range []string{"deaf", "brisk"} {
		s.cli("account", "topup", account, "1000", "--reason", "test")
	}
	silent := dial(t, s.smpp, "silent", smpp.Transceiver, smpptest.ESMEConfig{OnDeliver: func(*smpptest.Delivery) smpptest.DeliverReply { return smpptest.DeliverReply{NoResponse: true} }})
	deaf, err := smpptest.DialConn(s.smpp)
	if err != nil {
		t.Fatal(err)
	}
	defer deaf.Close()
	if status, err := deaf.Bind(&smpp.Bind{Mode: smpp.Receiver, SystemID: "deaf", Password: customerPassword, InterfaceVersion: smpp.Version34}); err != nil || status != 0 {
		t.Fatalf("bind: %s, %v", status, err)
	}
	brisk := dial(t, s.smpp, "brisk", smpp.Transceiver, smpptest.ESMEConfig{})
	var numbers []string
	for i := range 100 {
		numbers = append(numbers, ordinary(i))
	}
	submits(t, dial(t, s.smpp, "deaf", smpp.Transmitter, smpptest.ESMEConfig{}), numbers...)
	wantSilent := submits(t, silent, numbers...)
	want := submits(t, brisk, numbers...)
	delivered(t, brisk, len(want))
	if got := receiptsOf(brisk); !slices.Equal(sorted(got), sorted(want)) {
		t.Errorf("%d receipts, want %d", len(got), len(want))
	}
	delivered(t, silent, 5) // a window full, and no more of them
	if n := silent.Delivered(); n != 5 {
		t.Errorf("%d deliveries without an answer, the window is 5", n)
	}
	silent.Close()
	again := dial(t, s.smpp, "silent", smpp.Receiver, smpptest.ESMEConfig{})
	delivered(t, again, len(wantSilent))
	if got := receiptsOf(again); !slices.Equal(sorted(got), sorted(wantSilent)) {
		t.Errorf("%d receipts, want %d", len(got), len(wantSilent))
	}
	deaf.Close()
	heard := dial(t, s.smpp, "deaf", smpp.Receiver, smpptest.ESMEConfig{})
	delivered(t, heard, len(numbers))
	s.stop()
	s.checked()
}
