package smppc_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// The rows of misbehaviours that are about receipts.

func receiptFirst(t *testing.T) {
	b, _, far := bookTo(t, nil)
	ids := b.accept(1, 1)
	headers, _ := submits(t, far, 1)
	say(t, far, smpp.StatusOK, 5, receiptPDU("id:001f stat:DELIVRD"))
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdDeliverSMResp || h.Status != smpp.StatusOK {
		t.Fatalf("answered with %v, %v", h, err)
	}
	b.want("accept:queued claim:sending |  | 0 charged, 0 released", ids...)
	say(t, far, smpp.StatusOK, headers[0].Sequence, &smpp.SubmitSMResp{MessageID: "1F"})
	b.reaches(sms.Delivered, ids...)
	b.want(lineDelivered, ids...)
	b.receipts("held")
}

func receiptOnSibling(t *testing.T) {
	far := smsc(t, smpptest.Config{OnSubmit: func(*smpptest.Message) smpptest.Reply { return smpptest.Reply{MessageID: "AB"} }})
	b := newBook(t, far.Addr(), map[string]any{"binds": 2})
	b.up(2)
	ids := b.accept(1, 1)
	b.reaches(sms.Sent, ids...)
	from := far.Received()[0].Session
	for _, s := range far.Sessions() {
		if s != from {
			if _, err := s.Do(t.Context(), receiptPDU("id:ab stat:DELIVRD")); err != nil {
				t.Errorf("not acknowledged: %v", err)
			}
		}
	}
	b.want(lineDelivered, ids...)
}

// sentAs is a book with one message that is sent under the id.
func sentAs(t *testing.T, id string, edit ...func(*sms.Message)) (*book, *smpptest.SMSC, sms.MessageID) {
	t.Helper()
	far := smsc(t, smpptest.Config{OnSubmit: func(*smpptest.Message) smpptest.Reply { return smpptest.Reply{MessageID: id} }})
	b := newBook(t, far.Addr(), nil)
	ids := b.accept(1, 1, edit...)
	b.reaches(sms.Sent, ids...)
	return b, far, ids[0]
}

func receiptTwice(t *testing.T) {
	b, far, id := sentAs(t, "AB")
	deliver(t, far, "id:ab stat:DELIVRD")
	deliver(t, far, "id:ab stat:DELIVRD")
	b.receipts("applied same", "evidence same")
	b.want("accept:queued claim:sending answer:sent deliver:delivered evidence:delivered |  | 1 charged, 0 released", id)
	if n := b.told(); n != 1 {
		t.Errorf("the subscriber is told %d times", n)
	}
}

func receiptContradicts(t *testing.T) {
	b, far, id := sentAs(t, "AB")
	deliver(t, far, "id:ab stat:DELIVRD")
	deliver(t, far, "id:ab stat:UNDELIV err:001")
	deliver(t, far, "id:ab stat:ENROUTE")
	b.receipts("applied same", "evidence same", "evidence same")
	b.want("accept:queued claim:sending answer:sent deliver:delivered evidence:delivered evidence:delivered |  | 1 charged, 0 released", id)
}

func receiptAfterClose(t *testing.T) {
	b, far, id := sentAs(t, "AB")
	b.later(73 * time.Hour)
	deliver(t, far, "id:ab stat:UNDELIV err:001")
	deliver(t, far, "id:ab stat:DELIVRD")
	b.receipts("applied same", "evidence same")
	b.want("accept:queued claim:sending answer:sent close:unknown undeliver:undelivered evidence:undelivered | undelivered | 1 charged, 0 released", id)
	if n := b.told(); n != 2 {
		t.Errorf("the subscriber is told %d times: once of our own end and once of its replacement", n)
	}
}

func receiptUnknown(t *testing.T) {
	b, far, id := sentAs(t, "AB")
	deliver(t, far, "id:CD stat:UNDELIV")
	b.receipts("held")
	b.want(lineSent, id)
	if len(b.ledger.held) != 1 { // for how long is the store's, see its suite
		t.Errorf("%d receipts are held", len(b.ledger.held))
	}
}

func receiptOtherBase(t *testing.T) {
	for response, receipt := range map[string]string{
		"5F00000A":   "1593835530 applied decimal to hex",
		"1593835530": "5f00000a applied hex to decimal",
		"000123":     "123 applied same",
	} {
		b, far, id := sentAs(t, response)
		spelling, found, _ := strings.Cut(receipt, " ")
		deliver(t, far, "id:"+spelling+" stat:DELIVRD")
		b.receipts(found)
		b.want(lineDelivered, id)
	}
}

func idUsedAgain(t *testing.T) {
	b, far, first := sentAs(t, "AB")
	deliver(t, far, "id:ab stat:DELIVRD")
	second := b.accept(1, 1)
	b.reaches(sms.Sent, second...)
	deliver(t, far, "id:ab stat:UNDELIV err:001")
	b.want(lineDelivered, first)
	b.want("accept:queued claim:sending answer:sent undeliver:undelivered | undelivered | 1 charged, 0 released", second...)
}

// receiptFor is an SMSC that sends a receipt for one part of each text, and tells
// the registered_delivery of all.
func receiptFor(t *testing.T, part byte) (far *smpptest.SMSC, asked func() string) {
	far = smsc(t, smpptest.Config{OnSubmit: func(m *smpptest.Message) smpptest.Reply {
		if m.Text[5] == part { // of the header: the number of the part
			return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateDelivered}}}
		}
		return smpptest.Reply{}
	}})
	return far, func() string {
		var list []string
		for _, m := range far.Received() {
			list = append(list, fmt.Sprint(m.Registered))
		}
		return strings.Join(list, " ")
	}
}

func lastPartOnly(t *testing.T) {
	far, asked := receiptFor(t, 3)
	b := newBook(t, far.Addr(), nil)
	ids := b.accept(1, 3, func(m *sms.Message) { m.ReceiptsOn = sms.ReceiptsLast })
	b.reaches(sms.Delivered, ids...)
	b.want("accept:queued claim:sending answer:sending#1 answer:sending#2 answer:sent#3 deliver:delivered#3 |  | 3 charged, 0 released", ids...)
	if got := asked(); got != "0 0 1" {
		t.Errorf("registered_delivery of the parts: %s", got)
	}
}

// The receipt may come before the other parts are answered.
func firstPartOnly(t *testing.T) {
	far, asked := receiptFor(t, 1)
	b := newBook(t, far.Addr(), nil)
	ids := b.accept(1, 3, func(m *sms.Message) { m.ReceiptsOn = sms.ReceiptsFirst })
	b.reaches(sms.Delivered, ids...)
	if line := b.line(ids[0]); !strings.HasSuffix(line, " |  | 3 charged, 0 released") || b.told() != 1 {
		t.Errorf("told %d times: %s", b.told(), line)
	}
	if got := asked(); got != "1 0 0" {
		t.Errorf("registered_delivery of the parts: %s", got)
	}
}

func lastPartOfAll(t *testing.T) {
	far, asked := receiptFor(t, 3)
	b := newBook(t, far.Addr(), nil)
	ids := b.accept(1, 3)
	b.receipts("applied tlv same")
	b.later(73 * time.Hour)
	b.want("accept:queued claim:sending answer:sending#1 answer:sending#2 answer:sent#3 deliver:sent#3 close:unknown | no_receipt | 3 charged, 0 released", ids...)
	if got := asked(); got != "1 1 1" {
		t.Errorf("registered_delivery of the parts: %s", got)
	}
}

func receiptRefused(t *testing.T) {
	far := smsc(t, smpptest.Config{OnSubmit: func(*smpptest.Message) smpptest.Reply { return smpptest.Reply{MessageID: "AB"} },
		Redeliver: 1000, RedeliverAfter: time.Millisecond})
	b := newBook(t, far.Addr(), nil)
	ids := b.accept(1, 1)
	b.reaches(sms.Sent, ids...)
	b.change(func() { b.broken = errors.New("the disk is full") })
	if err := far.Post("harkara", receiptPDU("id:ab stat:DELIVRD")); err != nil {
		t.Fatal(err)
	}
	if err := far.WaitFor(t.Context(), func() bool { return far.Totals().Refused > 0 }); err != nil {
		t.Fatal(err)
	}
	b.want(lineSent, ids...)
	b.change(func() { b.broken = nil })
	b.reaches(sms.Delivered, ids...)
	b.want(lineDelivered, ids...)
}
