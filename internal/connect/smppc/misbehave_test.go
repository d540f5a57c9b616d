package smppc_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// misbehaviour is something that operators do, and what follows here. The table
// stands in docs/smpp.md, row by row (TestSMPPPageHasTheMisbehaviours); each row
// has the test that proves it, over real sockets, through the connector into the
// life of a message.
type misbehaviour struct {
	name string
	does string
	test func(t *testing.T)
}

var misbehaviours = []misbehaviour{
	{"responses out of order", "each belongs to the submission with its sequence number; parts and ids are not mixed up", outOfOrder},
	{"a response twice, or with a number nobody asked under", "ignored, and logged; no place in the window is lost", strayResponses},
	{"a response that never comes", "after `response_timeout` the outcome is unknown: sent once more by the same connector (`on_unknown: resend`), charged once", responseLost},
	{"none the second time either", "the message is `held`, and closed as `unknown` at the end of its time; nothing is charged", responseLostTwice},
	{"a response that comes too late", "still taken: the part is `sent` under its id, and receipts for it match; with `on_unknown: hold` nothing is sent twice", responseLate},
	{"the same, when the second copy is out already (`on_unknown: resend`)", "the part is `sent` under the id that came first, and charged once; receipts for either copy match, and the customer is told once", responseLateTwice},
	{"a response without a message id", "taken as accepted; no receipt can match it, so it ends as `unknown`, reason `no_receipt`", noMessageID},
	{"throttle storm (ESME_RTHROTTLED)", "the link stays, nothing is rejected and no attempt is counted; every message arrives once, and its receipt matches", func(t *testing.T) { storm(t, smpp.StatusThrottled) }},
	{"queue full (ESME_RMSGQFUL)", "the same", func(t *testing.T) { storm(t, smpp.StatusMsgQFul) }},
	{"half-open TCP: reads, and never says anything", "the link is dropped after two unanswered enquire_links and bound again; what was written is unknown, and sent once more", halfOpen},
	{"a TCP peer that answers nothing at all, not even the bind", "the next host after `bind_timeout`", silentBind},
	{"garbage after a good PDU", "the good PDU counts; the link is dropped and bound again; what had no answer is unknown", garbageAfterGood},
	{"a PDU of a kind that nobody knows, or with a broken body", "answered with generic_nack or an error status; the link stays", brokenPDUs},
	{"a PDU split at every octet", "nothing: it is read when it is whole", splitPDUs},
	{"a payload of 64 KiB", "taken whole, up to 65,535 octets", hugePayload},
	{"a PDU beyond 70 KiB", "the link is dropped without reading it, and bound again", hugePDU},
	{"a receipt before the response", "held, and applied with the response", receiptFirst},
	{"a receipt on a sibling bind", "applied: ids belong to the connector, not to the bind", receiptOnSibling},
	{"a receipt twice", "acknowledged both times; the second is kept as evidence, the customer is told once", receiptTwice},
	{"another final receipt after the first", "kept as evidence; the state stays", receiptContradicts},
	{"a receipt after the message was closed as `unknown`", "replaces that end, once; no money moves", receiptAfterClose},
	{"a receipt with an unknown id", "acknowledged, and held for 72 hours; nothing else changes", receiptUnknown},
	{"an id in hexadecimal and then in decimal", "found all the same, and counted, so that `connector status` can propose `receipt_id`", receiptOtherBase},
	{"an id that is used again", "the message that is not finished, and then the newest, gets the receipt", idUsedAgain},
	{"a receipt for the last part only", "with `receipts: last` it is the word on all parts, and only that part asks for one", lastPartOnly},
	{"a receipt for the first part only", "likewise, with `receipts: first`", firstPartOnly},
	{"a receipt for the last part only, though all were asked for", "the message stays `sent`, and at the end of its time it is closed as `unknown`, reason `no_receipt`", lastPartOfAll},
	{"a receipt while our database is down", "answered with `refuse_status`; applied when the operator sends it again", receiptRefused},
	{"unbind in mid-window", "what is open is awaited, nothing new is sent; bound again", unbindMidWindow},
	{"restart in mid-window", "what had no answer is unknown and is sent once more; what had one is not", restartMidWindow},
}

func TestOperatorMisbehaves(t *testing.T) {
	for _, m := range misbehaviours {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.test(t)
		})
	}
}

// Lines of messages that fared like most.
const (
	lineSent      = "accept:queued claim:sending answer:sent |  | 1 charged, 0 released"
	lineDelivered = "accept:queued claim:sending answer:sent deliver:delivered |  | 1 charged, 0 released"
	lineResent    = "accept:queued claim:sending retry:queued claim:sending answer:sent |  | 1 charged, 0 released"
)

// bookTo is a book at a raw SMSC, with the connection of its first bind.
func bookTo(t *testing.T, more map[string]any) (*book, *raw, *smpptest.Conn) {
	t.Helper()
	l := listen(t)
	b := newBook(t, l.Addr().String(), more)
	far := l.accept()
	b.up(1)
	return b, l, far
}

func outOfOrder(t *testing.T) {
	b, _, far := bookTo(t, nil)
	ids := b.accept(bookWindow, 1)
	headers, tos := submits(t, far, bookWindow)
	for i, h := range slices.Backward(headers) {
		say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "id-" + tos[i]})
	}
	b.reaches(sms.Sent, ids...)
	b.want(lineSent, ids...)
	for _, id := range ids {
		if r := b.message(id); r.Sub[0].UpstreamID != "id-"+r.To {
			t.Errorf("the message to %s has the id %s", r.To, r.Sub[0].UpstreamID)
		}
	}
}

func strayResponses(t *testing.T) {
	b, _, far := bookTo(t, nil)
	for range 3 {
		ids := b.accept(bookWindow, 1)
		headers, _ := submits(t, far, bookWindow)
		for _, h := range headers {
			say(t, far, smpp.StatusOK, h.Sequence+1000, &smpp.SubmitSMResp{MessageID: "wrong"})
			say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "right"})
			say(t, far, smpp.StatusInvDstAdr, h.Sequence, new(smpp.SubmitSMResp))
		}
		b.reaches(sms.Sent, ids...)
		b.want(lineSent, ids...)
	}
}

func responseLost(t *testing.T) {
	far := smsc(t, smpptest.Config{OnSubmit: func(m *smpptest.Message) smpptest.Reply {
		return smpptest.Reply{NoResponse: m.N <= 2, Receipts: []smpptest.Receipt{{State: smpp.StateDelivered, NoTLV: true}}[:min(1, m.N/3)]}
	}})
	b := newBook(t, far.Addr(), map[string]any{"response_timeout": "300ms"})
	ids := b.accept(1, 2)
	b.reaches(sms.Delivered, ids...)
	if line := b.line(ids[0]); strings.Count(line, "retry:") != 2 || !strings.HasSuffix(line, "deliver:delivered#2 |  | 2 charged, 0 released") {
		t.Errorf("two parts: %s", line)
	}
	refs := map[string]int{}
	for _, m := range far.Received() {
		refs[string(m.Text[:6])]++
	}
	if len(refs) != 2 || far.Totals().Submits != 4 {
		t.Errorf("headers %v of %d submissions: want each of two parts twice, with the same reference", refs, far.Totals().Submits)
	}
}

func responseLostTwice(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	far.Mute(true)
	b := newBook(t, far.Addr(), map[string]any{"response_timeout": "30ms"})
	ids := b.accept(1, 1)
	b.reaches(sms.Held, ids...)
	b.later(73 * time.Hour)
	b.want("accept:queued claim:sending retry:queued claim:sending hold:held close:unknown | outcome_unknown | 0 charged, 1 released", ids...)
	if err := far.WaitReceived(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	if n := far.Totals().Submits; n != 2 {
		t.Errorf("%d submissions, want 2", n)
	}
}

func responseLate(t *testing.T) {
	b, _, far := bookTo(t, map[string]any{"response_timeout": "30ms"})
	b.mu.Lock()
	b.policy = sms.UnknownHold
	b.mu.Unlock()
	ids := b.accept(1, 1)
	headers, _ := submits(t, far, 1)
	b.reaches(sms.Held, ids...)
	say(t, far, smpp.StatusOK, headers[0].Sequence, &smpp.SubmitSMResp{MessageID: "77"})
	b.reaches(sms.Sent, ids...)
	say(t, far, smpp.StatusOK, 9, receiptPDU("id:77 stat:DELIVRD"))
	b.reaches(sms.Delivered, ids...)
	b.want("accept:queued claim:sending hold:held answer:sent deliver:delivered |  | 1 charged, 0 released", ids...)
}

func responseLateTwice(t *testing.T) {
	b, _, far := bookTo(t, map[string]any{"response_timeout": "300ms"})
	ids := b.accept(1, 1)
	first, _ := submits(t, far, 1)
	second, _ := submits(t, far, 1)
	say(t, far, smpp.StatusOK, first[0].Sequence, &smpp.SubmitSMResp{MessageID: "77"})
	b.reaches(sms.Sent, ids...)
	say(t, far, smpp.StatusOK, second[0].Sequence, &smpp.SubmitSMResp{MessageID: "88"})
	for i, id := range []string{"88", "77"} {
		say(t, far, smpp.StatusOK, uint32(i+1), receiptPDU("id:"+id+" stat:DELIVRD"))
	}
	b.receipts("applied same", "evidence same")
	if r := b.message(ids[0]); r.Sub[0].UpstreamID != "77" || b.told() != 1 {
		t.Errorf("sent under %q, the customer was told %d times", r.Sub[0].UpstreamID, b.told())
	}
	// Where the machine is slow the second copy has timed out too, and was held.
	got := strings.Replace(b.line(ids[0]), " hold:held", "", 1)
	if want := "accept:queued claim:sending retry:queued claim:sending answer:sent evidence:sent deliver:delivered evidence:delivered |  | 1 charged, 0 released"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func noMessageID(t *testing.T) {
	b, _, far := bookTo(t, nil)
	ids := b.accept(1, 1)
	headers, _ := submits(t, far, 1)
	say(t, far, smpp.StatusOK, headers[0].Sequence, new(smpp.SubmitSMResp))
	b.reaches(sms.Sent, ids...)
	say(t, far, smpp.StatusOK, 9, receiptPDU("id:77 stat:DELIVRD"))
	b.receipts("held")
	b.later(73 * time.Hour)
	b.want("accept:queued claim:sending answer:sent close:unknown | no_receipt | 1 charged, 0 released", ids...)
}

// storm refuses each message three times, and wants each to arrive once.
func storm(t *testing.T, status smpp.Status) {
	const refusals, messages = 3, 100
	var mu sync.Mutex
	tries := map[string]int{}
	far := smsc(t, smpptest.Config{OnSubmit: func(m *smpptest.Message) smpptest.Reply {
		mu.Lock()
		defer mu.Unlock()
		if tries[m.Destination.Addr]++; tries[m.Destination.Addr] <= refusals {
			return smpptest.Reply{Status: status}
		}
		return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateDelivered}}}
	}})
	b := newBook(t, far.Addr(), nil)
	ids := b.accept(messages, 1)
	b.reaches(sms.Delivered, ids...)
	b.want("accept:queued"+strings.Repeat(" claim:sending retry:queued", refusals)+" claim:sending answer:sent deliver:delivered |  | 1 charged, 0 released", ids...)
	for _, id := range ids {
		if r := b.message(id); r.Attempts != 0 {
			t.Errorf("message %s counts %d attempts", id, r.Attempts)
		}
	}
	if n := far.Totals().Submits; n != messages*(refusals+1) || len(far.Sessions()) != 1 || len(far.Refused()) != 0 {
		t.Errorf("%d submissions over %d sessions", n, len(far.Sessions()))
	}
}

func halfOpen(t *testing.T) {
	b, l, far := bookTo(t, map[string]any{"enquire_interval": "100ms", "enquire_timeout": "100ms"})
	ids := b.accept(3, 1)
	submits(t, far, 3)
	for n := 0; n < 2; { // it reads on, and answers nothing
		h, _, err := far.Next()
		if err != nil {
			t.Fatalf("the link ended after %d enquire_links: %v", n, err)
		}
		if h.Command == smpp.CmdEnquireLink {
			n++
		}
	}
	if _, _, err := far.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("after two enquire_links: %v, want the end of the link", err)
	}
	answerAll(t, l.accept(), 3)
	b.reaches(sms.Sent, ids...)
	b.want(lineResent, ids...)
}

// answerAll accepts n submissions, and enquire_links, on a connection.
func answerAll(t *testing.T, far *smpptest.Conn, n int) {
	t.Helper()
	for n > 0 {
		h, p, err := far.Next()
		if err != nil {
			t.Fatal(err)
		}
		switch p := p.(type) {
		case *smpp.SubmitSM:
			say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "id-" + p.Destination.Addr})
			n--
		case *smpp.EnquireLink:
			say(t, far, smpp.StatusOK, h.Sequence, new(smpp.EnquireLinkResp))
		default:
			t.Fatalf("got %v", p)
		}
	}
}

func silentBind(t *testing.T) {
	silent := listen(t) // the connections wait in its backlog
	far := smsc(t, smpptest.Config{})
	b := newBook(t, far.Addr(), map[string]any{"hosts": []string{silent.Addr().String(), far.Addr()}, "bind_timeout": "50ms"})
	ids := b.accept(1, 1)
	b.reaches(sms.Sent, ids...)
	b.want(lineSent, ids...)
}

func garbageAfterGood(t *testing.T) {
	b, l, far := bookTo(t, nil)
	ids := b.accept(2, 1)
	headers, tos := submits(t, far, 2)
	frame, err := smpp.Append(nil, smpp.Header{Sequence: headers[0].Sequence}, &smpp.SubmitSMResp{MessageID: "id-" + tos[0]})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Write(append(frame, "HTTP/1.1 400 Bad Request\r\n\r\n"...)); err != nil {
		t.Fatal(err)
	}
	again := l.accept()
	headers, resent := submits(t, again, 1)
	if resent[0] != tos[1] {
		t.Errorf("sent again: %s, which was answered", resent[0])
	}
	say(t, again, smpp.StatusOK, headers[0].Sequence, &smpp.SubmitSMResp{MessageID: "again"})
	b.reaches(sms.Sent, ids...)
	b.want(lineSent, ids[0])
	b.want(lineResent, ids[1])
}

func brokenPDUs(t *testing.T) {
	b, _, far := bookTo(t, nil)
	for _, tt := range []struct {
		frame string
		want  smpp.CommandID
	}{
		{"\x00\x00\x00\x10\x00\x00\x77\x77\x00\x00\x00\x00\x00\x00\x00\x05", smpp.CmdGenericNack},
		{"\x00\x00\x00\x13\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x06abc", smpp.CmdDeliverSMResp},
	} {
		if _, err := io.WriteString(far, tt.frame); err != nil {
			t.Fatal(err)
		}
		if h, _, err := far.Next(); err != nil || h.Command != tt.want || h.Status == smpp.StatusOK || h.Sequence != uint32(tt.frame[15]) {
			t.Errorf("answered with %v, %v", h, err)
		}
	}
	ids := b.accept(1, 1)
	answerAll(t, far, 1)
	b.reaches(sms.Sent, ids...)
	b.want(lineSent, ids...)
}

func splitPDUs(t *testing.T) {
	b, _, far := bookTo(t, nil)
	frame := func(h smpp.Header, p smpp.PDU) []byte {
		out, err := smpp.Append(nil, h, p)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	size := len(frame(smpp.Header{}, &smpp.SubmitSMResp{MessageID: "id-000"})) // the same for every response
	for at := 1; at < size; at++ {
		ids := b.accept(1, 1)
		headers, _ := submits(t, far, 1)
		id := fmt.Sprintf("id-%03d", at)
		response := frame(smpp.Header{Sequence: headers[0].Sequence}, &smpp.SubmitSMResp{MessageID: id})
		for _, piece := range [][]byte{response[:at], response[at:]} {
			if _, err := far.Write(piece); err != nil {
				t.Fatal(err)
			}
		}
		b.reaches(sms.Sent, ids...)
		receipt := frame(smpp.Header{Sequence: uint32(at)}, receiptPDU("id:"+id+" stat:DELIVRD err:000"))
		if _, err := (smpptest.Dribble{Conn: far.Conn}).Write(receipt); err != nil {
			t.Fatal(err)
		}
		if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdDeliverSMResp || h.Sequence != uint32(at) || h.Status != smpp.StatusOK {
			t.Fatalf("answered with %v, %v", h, err)
		}
		b.reaches(sms.Delivered, ids...)
		b.want(lineDelivered, ids...)
	}
}

func hugePayload(t *testing.T) {
	far := smsc(t, smpptest.Config{})
	b := newBook(t, far.Addr(), nil)
	b.up(1)
	text := strings.Repeat("0123456789abcde", 4369) // 65,535 octets
	p := &smpp.DeliverSM{Source: smpp.Address{Addr: number(1)}, Destination: smpp.Address{Addr: "16222"}}
	if err := p.TLVs.Add(smpp.TagMessagePayload, []byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := far.Deliver(t.Context(), "harkara", p); err != nil {
		t.Errorf("not acknowledged: %v", err)
	}
	if len(b.inbox) != 1 || b.inbox[0].Text != text {
		t.Errorf("%d messages in the inbox", len(b.inbox))
	}
}

func hugePDU(t *testing.T) {
	b, l, far := bookTo(t, nil)
	const most = 70 << 10
	p := &smpp.DeliverSM{Source: smpp.Address{Addr: number(1)}, Destination: smpp.Address{Addr: "16222"}}
	fill := func(tag smpp.Tag, n int) []byte {
		if err := p.TLVs.Add(tag, make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		frame, err := smpp.Append(nil, smpp.Header{Sequence: 1}, p)
		if err != nil {
			t.Fatal(err)
		}
		return frame
	}
	size := len(fill(smpp.TagMessagePayload, 65000))
	if _, err := far.Write(fill(0x1400, most-size-4)); err != nil { // four are its tag and length
		t.Fatal(err)
	}
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdDeliverSMResp || h.Status != smpp.StatusOK {
		t.Fatalf("a PDU of 70 KiB is answered with %v, %v", h, err)
	}
	announced := binary.BigEndian.AppendUint32(nil, most+1)
	if _, err := io.WriteString(far, string(announced)+"\x00\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x02"); err != nil {
		t.Fatal(err)
	}
	// It is refused by its length, and not because the rest does not come.
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdGenericNack || h.Status != smpp.StatusInvCmdLen {
		t.Fatalf("a PDU of one octet more is answered with %v, %v", h, err)
	}
	if h, _, err := far.Next(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, %v; want the end of the link", h, err)
	}
	again := l.accept()
	ids := b.accept(1, 1)
	answerAll(t, again, 1)
	b.reaches(sms.Sent, ids...)
}

func unbindMidWindow(t *testing.T) {
	b, l, far := bookTo(t, nil)
	ids := b.accept(4, 1)
	headers, _ := submits(t, far, 4)
	say(t, far, smpp.StatusOK, 1, new(smpp.Unbind))
	say(t, far, smpp.StatusOK, 2, new(smpp.EnquireLink))
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdEnquireLinkResp { // so it has read the unbind
		t.Fatalf("got %v, %v", h, err)
	}
	more := b.accept(2, 1)
	b.up(0)
	for _, h := range headers {
		say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: fmt.Sprint(h.Sequence)})
	}
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdUnbindResp {
		t.Fatalf("got %v, %v; want nothing new, and unbind_resp behind the last answer", h, err)
	}
	b.reaches(sms.Sent, ids...)
	b.want(lineSent, ids...)
	answerAll(t, l.accept(), 2)
	b.reaches(sms.Sent, more...)
	b.want(lineSent, more...)
}

func restartMidWindow(t *testing.T) {
	b, l, far := bookTo(t, nil)
	ids := b.accept(bookWindow, 1)
	headers, tos := submits(t, far, bookWindow)
	const answered = 3
	for i := range answered {
		say(t, far, smpp.StatusOK, headers[i].Sequence, &smpp.SubmitSMResp{MessageID: "id-" + tos[i]})
	}
	b.reaches(sms.Sent, ids[:answered]...)
	if err := far.Conn.(*net.TCPConn).SetLinger(0); err != nil { // a reset, as of a killed process
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	again := l.accept()
	answerAll(t, again, bookWindow-answered)
	b.reaches(sms.Sent, ids...)
	b.want(lineSent, ids[:answered]...)
	b.want(lineResent, ids[answered:]...)
}
