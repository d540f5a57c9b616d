package connecttest

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

const (
	nounID   = 77
	nounName = "conformance"
	// window is what the suite configures; a connector may have more of it (one
	// per link) or less, Info tells.
	window = 4
)

// rig is one connector under test, with everything around it.
type rig struct {
	*recorder
	h    Harness
	noun *sms.Connector
	c    connect.Connector
	far  FarEnd
	log  *log
	next atomic.Int64
	text string
}

// newRig builds a connector that is not connected.
func newRig(t *testing.T, h Harness) *rig {
	t.Helper()
	r := &rig{recorder: newRecorder(t, h.Patience), h: h, log: new(log), text: "conformance"}
	noun := &sms.Connector{Head: sms.Head{ID: nounID, Name: nounName, Version: 1}, Enabled: true, Window: window}
	r.noun = noun
	r.c, r.far = h.New(t, Options{Noun: noun, Sink: r.recorder,
		Log: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	t.Cleanup(func() {
		r.close(ended())
		r.mu.Lock()
		defer r.mu.Unlock()
		r.over = true
	})
	return r
}

// connected builds a connector and waits for its link.
func connected(t *testing.T, h Harness) *rig {
	t.Helper()
	r := newRig(t, h)
	if err := r.c.Connect(t.Context()); err != nil {
		t.Fatalf("Connect: %v", err)
	}
	r.awaitLinks(h.Links)
	return r
}

// ended is a context that is over.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// within is a context for what must happen.
func (r *rig) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	r.t.Cleanup(cancel)
	return ctx
}

// close closes the connector; whatever is reported afterwards fails the test.
func (r *rig) close(ctx context.Context) {
	r.t.Helper()
	if err := r.c.Close(ctx); err != nil {
		r.t.Errorf("Close: %v", err)
	}
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
}

// submission makes the next one and announces it to the recorder.
func (r *rig) submission() *connect.Submission {
	n := r.next.Add(1)
	ref := sms.AttemptRef{Message: sms.MessageID(1000 + n), Seq: 1, Attempt: 1, Epoch: 9, RouteID: 5, Tries: 2}
	r.expect(ref)
	payload, _ := gsm.AppendGSM7(nil, r.text)
	return &connect.Submission{
		Attempt: ref, Type: r.h.Type, From: "Harkara", FromIs: sms.SenderAlpha, To: to(n),
		Encoding: gsm.GSM7, Payload: payload, Long: sms.LongUDH8, Receipt: true,
		Group: &sms.Group{AccountID: 1, Number: n, Count: 1, Type: r.h.Type, From: "Harkara", Text: r.text},
	}
}

// to is the recipient of the nth submission, so that the far end can tell.
func to(n int64) string { return fmt.Sprintf("88017%08d", n) }

// send sends one and fails the test when it is not taken.
func (r *rig) send() *connect.Submission {
	r.t.Helper()
	s := r.submission()
	if err := r.c.Send(r.within(), s); err != nil {
		r.t.Fatalf("Send: %v", err)
	}
	return s
}

// request waits for the next submission at the far end.
func (r *rig) request() Request {
	r.t.Helper()
	q, err := r.far.Next(r.within())
	if err != nil {
		r.t.Fatalf("the far end has seen no submission: %v", err)
	}
	return q
}

// exchange sends one, and the far end answers it.
func (r *rig) exchange(v sms.Verdict, id string) *connect.Submission {
	r.t.Helper()
	s := r.send()
	r.request().Answer(v, id)
	r.await("the outcome", func() bool { _, ok := r.byRef[s.Attempt]; return ok })
	return s
}

// want checks the verdict of one attempt that was reported.
func (r *rig) want(s *connect.Submission, verdicts ...sms.Verdict) sms.Outcome {
	r.t.Helper()
	o, ok := r.outcome(s.Attempt)
	if !ok {
		r.t.Errorf("no outcome of the submission to %s", s.To)
		return o
	}
	for _, v := range verdicts {
		if o.Verdict == v {
			return o
		}
	}
	r.t.Errorf("the submission to %s is %v, want one of %v", s.To, o.Verdict, verdicts)
	return o
}

// fill sends until the window is full and returns the submissions.
func (r *rig) fill() []*connect.Submission {
	r.t.Helper()
	var sent []*connect.Submission
	for range r.c.Info().Window {
		sent = append(sent, r.send())
	}
	return sent
}
