package connecttest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// runAbilities tests what a connector need not have, where it has it.
func runAbilities(t *testing.T, h Harness) {
	probe := newRig(t, h)
	if _, ok := probe.c.(connect.Adjuster); ok {
		t.Run("AdjustTakesThePace", func(t *testing.T) { testAdjustPace(t, h) })
		t.Run("AdjustWidensTheWindow", func(t *testing.T) { testAdjustWider(t, h) })
		t.Run("AdjustNarrowsTheWindow", func(t *testing.T) { testAdjustNarrower(t, h) })
	}
	if _, ok := probe.c.(connect.Querier); ok {
		t.Run("QueryWithoutLink", func(t *testing.T) { testQueryWithoutLink(t, h) })
		if _, ok := probe.far.(Oracle); ok {
			t.Run("QueryIsAnsweredByReceipt", func(t *testing.T) { testQuery(t, h) })
		}
	}
}

// Content that a caller made arrives as he made it.
func testRaw(t *testing.T, h Harness) {
	r := connected(t, h)
	raw := &sms.Raw{Header: []byte{6, 5, 4, 0x0B, 0x84, 0x23, 0xF0}, Body: []byte{0, 0xFF, 0x1B, 0x80}}
	s := r.submission()
	s.Encoding, s.Payload = gsm.Octets, raw.Body
	s.Group.Raw, s.Group.Text, s.Group.Coding = raw, "", 4
	header, body := bytes.Clone(raw.Header), bytes.Clone(raw.Body)
	if err := r.c.Send(r.within(), s); err != nil {
		t.Fatalf("Send: %v", err)
	}
	q := r.request()
	if seen, ok := q.(Seen); ok && (!bytes.Equal(seen.Header(), header) || !bytes.Equal(seen.Body(), body)) {
		t.Errorf("the far end got % X and % X, want % X and % X", seen.Header(), seen.Body(), header, body)
	}
	q.Answer(sms.VerdictAccepted, "6a1")
	r.awaitOutcomes(1)
	r.want(s, sms.VerdictAccepted)
	if !bytes.Equal(raw.Header, header) || !bytes.Equal(raw.Body, body) {
		t.Error("the connector changed the content, which is shared")
	}
}

// A receipt is asked for where the submission says so.
func testReceiptAsked(t *testing.T, h Harness) {
	r := connected(t, h)
	for _, asked := range []bool{true, false} {
		s := r.submission()
		s.Receipt = asked
		if err := r.c.Send(r.within(), s); err != nil {
			t.Fatalf("Send: %v", err)
		}
		q := r.request()
		if seen, ok := q.(Seen); ok && seen.Receipt() != asked {
			t.Errorf("a receipt is asked for: %v, want %v", seen.Receipt(), asked)
		}
		q.Answer(sms.VerdictAccepted, "6a1")
	}
	r.awaitOutcomes(2)
}

// adjust changes the noun as an operator does.
func (r *rig) adjust(change func(*sms.Connector)) bool {
	next := *r.noun
	next.Version++
	change(&next)
	if !r.c.(connect.Adjuster).Adjust(&next) {
		return false
	}
	r.noun = &next
	return true
}

// steady checks that no link went down meanwhile.
func (r *rig) steady() {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	up := slices.IndexFunc(r.links, func(l connect.Link) bool { return l.Links == r.h.Links })
	for _, l := range r.links[up:] {
		if l.Links != r.h.Links {
			r.t.Errorf("a link was lost: %+v", l)
		}
	}
}

// Pace, mode, scope and name are the host's: no reason to refuse, and none to
// let go of a link.
func testAdjustPace(t *testing.T, h Harness) {
	r := connected(t, h)
	before := r.c.Info()
	took := r.adjust(func(c *sms.Connector) {
		c.Name, c.Pace, c.Mode, c.ScopeID = "renamed", 3, sms.ModePause, 5
	})
	if !took {
		t.Error("Adjust refuses a change of name, pace, mode and scope")
	}
	if after := r.c.Info(); after != before {
		t.Errorf("Info changed from %+v to %+v", before, after)
	}
	r.exchange(sms.VerdictAccepted, "6a1") // the host sees to the pause
	r.steady()
}

// A wider window lets more out at once, also what waits already.
func testAdjustWider(t *testing.T, h Harness) {
	r := connected(t, h)
	before := r.c.Info()
	r.fill()
	waiting := r.submission()
	returned := make(chan error, 1)
	go func() { returned <- r.c.Send(r.within(), waiting) }()
	if !r.adjust(func(c *sms.Connector) { c.Window *= 2 }) {
		if after := r.c.Info(); after != before {
			t.Errorf("Adjust refused, and yet Info changed from %+v to %+v", before, after)
		}
		r.request().Answer(sms.VerdictAccepted, "6a1")
		if err := <-returned; err != nil {
			t.Errorf("Send: %v", err)
		}
		return
	}
	wide := r.c.Info().Window
	if wide <= before.Window {
		t.Fatalf("the window is %d, it was %d", wide, before.Window)
	}
	if err := <-returned; err != nil {
		t.Fatalf("Send that waited for the window returned %v", err)
	}
	for range wide - before.Window - 1 {
		r.send()
	}
	for range wide {
		r.request().Answer(sms.VerdictAccepted, "6a1")
	}
	r.awaitOutcomes(wide)
	r.steady()
}

// A narrower window takes nothing back: it holds for what follows.
func testAdjustNarrower(t *testing.T, h Harness) {
	r := connected(t, h)
	before := r.c.Info().Window
	r.fill()
	if !r.adjust(func(c *sms.Connector) { c.Window = 1 }) {
		if after := r.c.Info().Window; after != before {
			t.Errorf("Adjust refused, and yet the window is %d and not %d", after, before)
		}
		return
	}
	narrow := r.c.Info().Window
	if narrow >= before {
		t.Fatalf("the window is %d, it was %d", narrow, before)
	}
	for range before {
		r.request().Answer(sms.VerdictAccepted, "6a1")
	}
	r.awaitOutcomes(before)
	r.fill()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.c.Send(ctx, r.submission()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send into a full narrow window returned %v, want the end of its context", err)
	}
	for range narrow {
		r.request().Answer(sms.VerdictAccepted, "6a1")
	}
	r.awaitOutcomes(before + narrow)
	r.steady()
}

// question is about a submission that the far end took.
func question(s *connect.Submission, id string) connect.Query {
	return connect.Query{Attempt: s.Attempt, UpstreamID: id, From: s.From, FromIs: s.FromIs, To: s.To}
}

// What cannot be asked is an error, and nothing is reported.
func testQueryWithoutLink(t *testing.T, h Harness) {
	r := connected(t, h)
	s := r.exchange(sms.VerdictAccepted, "6a1")
	r.far.Drop()
	r.awaitLinks(0)
	ask := func() error { return r.c.(connect.Querier).Query(r.within(), question(s, "6a1")) }
	if err := ask(); !errors.Is(err, connect.ErrDown) && !errors.Is(err, connect.ErrNoQuery) {
		t.Errorf("Query without a link returned %v, want connect.ErrDown or connect.ErrNoQuery", err)
	}
	r.close(ended())
	if err := ask(); !errors.Is(err, connect.ErrClosed) && !errors.Is(err, connect.ErrNoQuery) {
		t.Errorf("Query after Close returned %v, want connect.ErrClosed or connect.ErrNoQuery", err)
	}
}

// The answer to a question comes as a receipt; what the far end does not know
// brings nothing.
func testQuery(t *testing.T, h Harness) {
	r := connected(t, h)
	known, unknown := r.exchange(sms.VerdictAccepted, "6a1"), r.exchange(sms.VerdictAccepted, "6a2")
	r.far.(Oracle).Know("6a1", sms.PartDelivered)
	for _, q := range []connect.Query{question(unknown, "6a2"), question(known, "6a1")} {
		if err := r.c.(connect.Querier).Query(r.within(), q); err != nil {
			t.Fatalf("Query: %v", err)
		}
	}
	key := cmp.Or(r.want(known, sms.VerdictAccepted).UpstreamKey, "6a1")
	r.await("the answer", func() bool { return len(r.receipts) > 0 })
	r.close(r.within())
	r.mu.Lock()
	defer r.mu.Unlock()
	rc := r.receipts[0]
	if len(r.receipts) != 1 || rc.State != sms.PartDelivered || !slices.Contains(rc.IDs, key) || rc.ConnectorID != nounID {
		t.Errorf("the answers are %+v, want one: 6a1 is delivered", r.receipts)
	}
	if len(rc.Forms) != len(rc.IDs) {
		t.Errorf("forms %q of ids %q: each has its own", rc.Forms, rc.IDs)
	}
}
