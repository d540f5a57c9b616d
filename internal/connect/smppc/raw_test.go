package smppc_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// submits reads n submit_sm.
func submits(t *testing.T, c *smpptest.Conn, n int) (headers []smpp.Header, tos []string) {
	t.Helper()
	for range n {
		h, p, err := c.Next()
		if err != nil {
			t.Fatal(err)
		}
		s, ok := p.(*smpp.SubmitSM)
		if !ok {
			t.Fatalf("got %v", p)
		}
		headers, tos = append(headers, h), append(tos, s.Destination.Addr)
	}
	return headers, tos
}

func say(t *testing.T, c *smpptest.Conn, st smpp.Status, seq uint32, p smpp.PDU) {
	t.Helper()
	if err := c.Send(st, seq, p); err != nil {
		t.Fatal(err)
	}
}

// F12: responses come in reverse order.
func TestResponsesInReverseOrder(t *testing.T) {
	r, _, far := rawTo(t, 10)
	r.send(10)
	headers, tos := submits(t, far, 10)
	for i, h := range slices.Backward(headers) {
		say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "id-" + tos[i]})
	}
	for id, o := range r.awaitOutcomes(10) {
		if o.UpstreamID != "id-"+number(id) {
			t.Errorf("message %d has %q", id, o.UpstreamID)
		}
	}
}

// F11: responses with wrong numbers, of wrong kinds, twice. Nothing is answered
// by them, no place in the window is lost, the log says so.
func TestUnexpectedResponses(t *testing.T) {
	r, _, far := rawTo(t, 3)
	for round := range 5 {
		r.send(3)
		headers, _ := submits(t, far, 3)
		for _, h := range headers {
			say(t, far, smpp.StatusOK, h.Sequence+1000, &smpp.SubmitSMResp{MessageID: "wrong"})
			say(t, far, smpp.StatusOK, h.Sequence, &smpp.QuerySMResp{MessageID: "wrong"})
			say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "right"})
			say(t, far, smpp.StatusInvDstAdr, h.Sequence, new(smpp.SubmitSMResp))
		}
		r.awaitOutcomes(3 * (round + 1))
	}
	all := r.awaitOutcomes(15)
	for id, o := range all {
		if o.UpstreamID != "right" || o.Late {
			t.Errorf("message %d: %+v", id, o)
		}
	}
	if len(all) != 15 || len(r.outcomes) != 15 {
		t.Errorf("%d outcomes of %d messages", len(r.outcomes), len(all))
	}
	r.close(0)
	if log := r.log.String(); !strings.Contains(log, "nobody waits for") || strings.Count(log, "nobody waits for") > 1 {
		t.Errorf("the log:\n%s", log)
	}
}

// A generic_nack refuses, whatever its status says; an alert_notification is
// neither answered nor a message.
func TestNackAndAlert(t *testing.T) {
	r, _, far := rawTo(t, 3)
	r.send(2)
	headers, _ := submits(t, far, 2)
	say(t, far, smpp.StatusOK, headers[0].Sequence, new(smpp.GenericNack))
	say(t, far, smpp.StatusInvCmdID, headers[1].Sequence, new(smpp.GenericNack))
	for id, o := range r.awaitOutcomes(2) {
		if o.Verdict != sms.VerdictReject || o.Code != "0x00000003" || o.UpstreamID != "" {
			t.Errorf("message %d: %+v", id, o)
		}
	}
	say(t, far, smpp.StatusOK, 1, new(smpp.AlertNotification))
	say(t, far, smpp.StatusOK, 2, &smpp.DataSM{TLVs: smpp.TLVs("\x04\x24\x00\x02Hi"), Source: smpp.Address{Addr: "1"}})
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdDataSMResp || h.Sequence != 2 || h.Status != smpp.StatusOK {
		t.Errorf("answered with %v, %v", h, err)
	}
	r.await("the message", func() bool { return len(r.inbound) == 1 })
	if in := r.inbound[0]; in.Text != "Hi" || in.From != "1" || in.ConnectorID != 7 {
		t.Errorf("inbound %+v", in)
	}
}

// F18: odd ids and missing bodies.
func TestOddResponses(t *testing.T) {
	r, _, far := rawTo(t, 10)
	frame := func(st smpp.Status, seq uint32, body string) []byte {
		b := make([]byte, 16, 16+len(body))
		binary.BigEndian.PutUint32(b, uint32(16+len(body)))
		binary.BigEndian.PutUint32(b[4:], uint32(smpp.CmdSubmitSMResp))
		binary.BigEndian.PutUint32(b[8:], uint32(st))
		binary.BigEndian.PutUint32(b[12:], seq)
		return append(b, body...)
	}
	tests := []struct {
		status  smpp.Status
		body    string
		id      string
		verdict sms.Verdict
	}{
		{0, "\x00", "", sms.VerdictAccepted},
		{0, "", "", sms.VerdictAccepted}, // no body with success
		{0, strings.Repeat("x", 65) + "\x00", strings.Repeat("x", 65), sms.VerdictAccepted},
		{0, "no-nul", "no-nul", sms.VerdictAccepted},
		{smpp.StatusInvDstAdr, "", "", sms.VerdictReject},
		{smpp.StatusInvDstAdr, "\x00", "", sms.VerdictReject},
		{smpp.StatusSysErr, "junk\x00\x01\x02", "", sms.VerdictRetry},
		{0, "a\x00\x00\x1e\x00", "a", sms.VerdictAccepted}, // half a TLV
	}
	r.send(len(tests))
	headers, _ := submits(t, far, len(tests))
	for i, tt := range tests {
		if _, err := far.Write(frame(tt.status, headers[i].Sequence, tt.body)); err != nil {
			t.Fatal(err)
		}
	}
	for id, o := range r.awaitOutcomes(len(tests)) {
		if tt := tests[id-1]; o.Verdict != tt.verdict || o.UpstreamID != tt.id {
			t.Errorf("body %q: %v with id %q, want %v with %q", tt.body, o.Verdict, o.UpstreamID, tt.verdict, tt.id)
		}
	}
}

// F19: the receipt stands before the response, in one write.
func TestReceiptBeforeResponse(t *testing.T) {
	r, _, far := rawTo(t, 10)
	r.send(1)
	headers, _ := submits(t, far, 1)
	both, err := smpp.Append(nil, smpp.Header{Sequence: 5}, &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, ShortMessage: []byte("id:1f stat:DELIVRD")})
	if err != nil {
		t.Fatal(err)
	}
	both, err = smpp.Append(both, smpp.Header{Sequence: headers[0].Sequence}, &smpp.SubmitSMResp{MessageID: "1F"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := far.Write(both); err != nil {
		t.Fatal(err)
	}
	o := r.awaitOutcomes(1)[1]
	r.await("the receipt", func() bool { return len(r.receipts) == 1 })
	if !slices.Contains(r.receipts[0].IDs, o.UpstreamKey) {
		t.Errorf("the receipt looks for %q, the response is %q", r.receipts[0].IDs, o.UpstreamKey)
	}
	if h, p, err := far.Next(); err != nil || h.Command != smpp.CmdDeliverSMResp || h.Sequence != 5 || h.Status != smpp.StatusOK {
		t.Errorf("answered with %v %v %v", h, p, err)
	}
}

// F28: the SMSC unbinds with an open window: what it has is awaited, nothing new
// is sent, the bind comes back.
func TestPeerUnbinds(t *testing.T) {
	r, l, far := rawTo(t, 5)
	r.send(4)
	headers, _ := submits(t, far, 4)
	say(t, far, smpp.StatusOK, 1, new(smpp.Unbind))
	say(t, far, smpp.StatusOK, 2, new(smpp.EnquireLink))
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdEnquireLinkResp { // so it has read the unbind
		t.Fatalf("got %v, %v", h, err)
	}
	if err := r.c.Send(t.Context(), r.submission()); !errors.Is(err, connect.ErrDown) {
		t.Errorf("Send on a link that is unbinding: %v", err)
	}
	if link := r.lastLink(); link.Up || link.Reason == "" {
		t.Errorf("link %+v", link)
	}
	for _, h := range headers {
		say(t, far, smpp.StatusOK, h.Sequence, &smpp.SubmitSMResp{MessageID: "1"})
	}
	if h, _, err := far.Next(); err != nil || h.Command != smpp.CmdUnbindResp {
		t.Fatalf("got %v, %v", h, err)
	}
	for id, o := range r.awaitOutcomes(4) {
		if o.Verdict != sms.VerdictAccepted {
			t.Errorf("message %d: %+v", id, o)
		}
	}
	again := l.accept()
	r.sendUp(1)
	submits(t, again, 1)
}

// Bytes that no SMSC sends end the link, and only that.
func TestGarbage(t *testing.T) {
	for _, garbage := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "\x00\x00\x00\x00", "\x00\x00\x00\x0f", "\x7f\xff\xff\xff"} {
		r, l, far := rawTo(t, 5)
		r.send(1)
		submits(t, far, 1)
		if _, err := io.WriteString(far, garbage); err != nil {
			t.Fatal(err)
		}
		if o := r.awaitOutcomes(1)[1]; o.Verdict != sms.VerdictUnknown {
			t.Errorf("%q: %+v", garbage, o)
		}
		l.accept()
		r.sendUp(1)
		r.close(0)
		if strings.Contains(r.log.String(), "Bad Request") {
			t.Errorf("the log repeats what came:\n%s", r.log)
		}
	}
}

// F8 with RST, and the line between Unknown and Down: of all that was taken,
// exactly what reached the wire is unknown.
func TestWrittenIsUnknownUnwrittenIsDown(t *testing.T) {
	const taken, room = 60, 3000
	l := listen(t)
	var choked *choke
	o := smppc.Options{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		choked = &choke{Conn: c, room: room, closed: make(chan struct{})}
		return choked, err
	}}
	r := start(t, 100, map[string]any{"hosts": []string{l.Addr().String()}, "reconnect_min": "1h", "reconnect_max": "1h"}, o)
	far := l.accept()
	r.awaitUp(1)
	var size int
	for range taken {
		s := r.submission()
		s.Payload, _ = gsm.AppendGSM7(nil, strings.Repeat("x", 100))
		if err := r.c.Send(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	// The far end reads all that is let through, then resets the connection.
	var whole []string
	for bound := bindSize(t); bound+size < room; {
		h, p, err := far.Next()
		if err != nil {
			t.Fatal(err)
		}
		if size += int(h.Length); bound+size+int(h.Length) > room {
			bound = room // the next is cut
		}
		whole = append(whole, p.(*smpp.SubmitSM).Destination.Addr)
	}
	if err := far.Conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := far.Close(); err != nil {
		t.Fatal(err)
	}
	all := r.awaitOutcomes(taken)
	var unknown []string
	for id := sms.MessageID(1); id <= taken; id++ {
		switch o := all[id]; {
		case o.Verdict == sms.VerdictUnknown && len(unknown) == int(id)-1:
			unknown = append(unknown, number(id))
		case o.Verdict == sms.VerdictDown && o.Reason == sms.ReasonLinkDown && o.Code == "":
		default:
			t.Errorf("message %d: %+v", id, o)
		}
	}
	// The last one is cut in the middle: part of it was written.
	if len(unknown) != len(whole)+1 || !slices.Equal(unknown[:len(whole)], whole) {
		t.Errorf("%d are unknown, %d arrived whole and one in part", len(unknown), len(whole))
	}
	if len(whole) < 10 || len(whole) > taken-10 {
		t.Errorf("%d of %d arrived: the test proves nothing", len(whole), taken)
	}
}

// bindSize is the length of the bind that every test sends.
func bindSize(t *testing.T) int {
	t.Helper()
	b, err := smpp.Append(nil, smpp.Header{Sequence: 1}, &smpp.Bind{SystemID: "harkara", Password: password, InterfaceVersion: smpp.Version34})
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}

// choke lets so many octets through and then blocks, as a socket does whose peer
// does not read.
type choke struct {
	net.Conn
	room   int
	once   sync.Once
	closed chan struct{}
}

func (c *choke) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b[:min(len(b), c.room)])
	c.room -= n
	if err != nil || n == len(b) {
		return n, err
	}
	<-c.closed
	return n, net.ErrClosed
}

func (c *choke) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
