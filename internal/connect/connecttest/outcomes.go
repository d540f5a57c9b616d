package connecttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

func testInfo(t *testing.T, h Harness) {
	r := newRig(t, h)
	before := r.c.Info()
	if before.Protocol == "" {
		t.Error("Info has no protocol")
	}
	if before.Window < 1 {
		t.Errorf("Info.Window is %d", before.Window)
	}
	if err := r.c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.awaitLinks(h.Links)
	if after := r.c.Info(); after != before {
		t.Errorf("Info changed from %+v to %+v", before, after)
	}
}

func testVerdicts(t *testing.T, h Harness) {
	r := connected(t, h)
	for i, v := range []sms.Verdict{sms.VerdictAccepted, sms.VerdictRetry, sms.VerdictThrottle, sms.VerdictReject} {
		t.Run(v.String(), func(t *testing.T) {
			id := fmt.Sprintf("6a%d", i)
			o := r.want(r.exchange(v, id), v)
			if v == sms.VerdictAccepted && (o.UpstreamID != id || o.Reason != "") {
				t.Errorf("accepted with id %q and reason %q, want id %q and none", o.UpstreamID, o.Reason, id)
			}
			if v != sms.VerdictAccepted && (o.UpstreamID != "" || o.Code == "") {
				t.Errorf("refused with id %q and code %q, want no id and the raw code", o.UpstreamID, o.Code)
			}
		})
	}
}

// Whatever the far end says and in whatever order, each attempt is reported once.
func testExactlyOnce(t *testing.T, h Harness) {
	r := connected(t, h)
	const total = 300
	verdicts := []sms.Verdict{sms.VerdictAccepted, sms.VerdictRetry, sms.VerdictThrottle, sms.VerdictReject}
	want := make(map[string]sms.Verdict, total)
	answered := make(chan struct{})
	size := r.c.Info().Window
	go func() {
		defer close(answered)
		random := rand.New(rand.NewPCG(1, 2))
		var open []Request
		for seen := 0; seen < total || len(open) > 0; {
			// Answer in random order, but never let the window starve.
			if len(open) == size || seen == total || len(open) > 0 && random.IntN(3) == 0 {
				i := random.IntN(len(open))
				q, v := open[i], verdicts[random.IntN(len(verdicts))]
				open = append(open[:i], open[i+1:]...)
				want[q.To()] = v
				q.Answer(v, "1"+q.To())
				if random.IntN(4) == 0 {
					q.Answer(sms.VerdictReject, "")
				}
				continue
			}
			ctx, cancel := context.WithTimeout(context.Background(), r.patience)
			q, err := r.far.Next(ctx)
			cancel()
			if err != nil {
				t.Errorf("the far end has seen %d of %d: %v", seen, total, err)
				return
			}
			open = append(open, q)
			seen++
		}
	}()
	var sent []*connect.Submission
	for i := range total {
		s := r.submission()
		// The suite's own window: the far end above waits for a full one.
		if err := r.c.Send(r.within(), s); err != nil {
			t.Fatalf("Send %d: %v", i, err)
		}
		sent = append(sent, s)
	}
	<-answered
	r.awaitOutcomes(total)
	for _, s := range sent {
		r.want(s, want[s.To])
	}
}

func testReadOnly(t *testing.T, h Harness) {
	r := connected(t, h)
	s := r.submission()
	before, payload := *s, bytes.Clone(s.Payload)
	group := *s.Group
	if err := r.c.Send(r.within(), s); err != nil {
		t.Fatal(err)
	}
	r.request().Answer(sms.VerdictAccepted, "1")
	r.awaitOutcomes(1)
	if !bytes.Equal(s.Payload, payload) || *s.Group != group || s.To != before.To || s.From != before.From || s.Attempt != before.Attempt {
		t.Error("the connector changed the submission, which is shared")
	}
}

func testWindowBlocks(t *testing.T, h Harness) {
	r := connected(t, h)
	r.fill()
	// With a full window nothing more is taken.
	full := r.submission()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.c.Send(ctx, full); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("Send into a full window returned %v, want the end of its context", err)
	}
	// One answer makes room for one.
	waiting := r.submission()
	returned := make(chan error, 1)
	go func() { returned <- r.c.Send(r.within(), waiting) }()
	first := r.request()
	select {
	case err := <-returned:
		t.Fatalf("Send returned %v before there was room", err)
	default:
	}
	first.Answer(sms.VerdictAccepted, "1")
	select {
	case err := <-returned:
		if err != nil {
			t.Fatalf("Send returned %v when there was room", err)
		}
	case <-time.After(r.patience):
		t.Fatal("an answer made no room in the window")
	}
	for range r.c.Info().Window {
		r.request().Answer(sms.VerdictAccepted, "2")
	}
	r.awaitOutcomes(r.c.Info().Window + 1)
	if _, reported := r.outcome(full.Attempt); reported {
		t.Error("an attempt that was not taken was reported")
	}
}

// A Send that gave up leaves no hole in the window.
func testWindowContext(t *testing.T, h Harness) {
	r := connected(t, h)
	sent := r.fill()
	for range 3 * r.c.Info().Window {
		if err := r.c.Send(ended(), r.submission()); !errors.Is(err, context.Canceled) {
			t.Fatalf("Send with an ended context into a full window returned %v", err)
		}
	}
	for range sent {
		r.request().Answer(sms.VerdictAccepted, "1")
	}
	r.awaitOutcomes(len(sent))
	for range r.fill() {
		r.request().Answer(sms.VerdictAccepted, "2")
	}
	r.awaitOutcomes(2 * len(sent))
}

func testCloseWaits(t *testing.T, h Harness) {
	r := connected(t, h)
	sent := r.fill()
	var wg sync.WaitGroup
	wg.Go(func() { r.close(r.within()) })
	// The window is full, so this returns ErrClosed when Close has begun.
	for begun := r.within(); !errors.Is(r.c.Send(ended(), r.submission()), connect.ErrClosed); runtime.Gosched() {
		if begun.Err() != nil {
			t.Fatal("Send is not refused with connect.ErrClosed while Close waits")
		}
	}
	for range sent {
		r.request().Answer(sms.VerdictAccepted, "1")
	}
	wg.Wait()
	for _, s := range sent {
		r.want(s, sms.VerdictAccepted)
	}
	r.checkClosed()
}

// checkClosed checks what must hold after Close.
func (r *rig) checkClosed() {
	r.t.Helper()
	if err := r.c.Send(r.within(), r.submission()); !errors.Is(err, connect.ErrClosed) {
		r.t.Errorf("Send after Close returned %v, want connect.ErrClosed", err)
	}
	if l, ok := r.lastLink(); !ok || l.Up {
		r.t.Errorf("the last link report is %+v, want one that says down", l)
	}
	if r.last != "Link was called" {
		r.t.Errorf("the last report before Close returned is %q, want a Link", r.last)
	}
	r.close(ended()) // a second time does nothing
}

func testCloseReportsRest(t *testing.T, h Harness) {
	r := connected(t, h)
	sent := r.fill()
	var last Request
	for range sent {
		last = r.request() // so all of it was on the wire
	}
	r.close(ended())
	for _, s := range sent {
		r.want(s, sms.VerdictUnknown)
	}
	last.Answer(sms.VerdictAccepted, "1")
	r.checkClosed()
}

func testCloseWithoutConnect(t *testing.T, h Harness) {
	r := newRig(t, h)
	if err := r.c.Send(r.within(), r.submission()); !errors.Is(err, connect.ErrDown) {
		t.Errorf("Send before Connect returned %v, want connect.ErrDown", err)
	}
	r.close(r.within())
	if err := r.c.Send(r.within(), r.submission()); !errors.Is(err, connect.ErrClosed) {
		t.Errorf("Send after Close returned %v, want connect.ErrClosed", err)
	}
}

// Close in the middle of traffic: what was taken is reported, the rest is not.
func testCloseUnderLoad(t *testing.T, h Harness) {
	r := connected(t, h)
	loaded := r.load(4)
	r.awaitOutcomes(20)
	r.close(ended())
	loaded.stop()
	loaded.check()
	r.checkClosed()
}
