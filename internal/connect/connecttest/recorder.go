package connecttest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// recorder is the Sink of the suite. It fails the test on its own when an
// attempt is reported twice, when an unknown one is, and when anything is
// reported after Close returned.
type recorder struct {
	t        *testing.T
	patience time.Duration

	mu        sync.Mutex
	expected  map[sms.AttemptRef]bool
	outcomes  []sms.Outcome
	byRef     map[sms.AttemptRef]sms.Outcome
	links     []connect.Link
	receipts  []sms.Receipt
	inbound   []sms.Inbound
	closed    bool                            // Close returned
	over      bool                            // the test ended
	last      string                          // what was reported last
	changed   chan struct{}                   // closed and replaced at every report
	onDeliver func(ctx context.Context) error // decides what Receipts and Inbound return
}

func newRecorder(t *testing.T, patience time.Duration) *recorder {
	return &recorder{t: t, patience: patience, expected: map[sms.AttemptRef]bool{}, byRef: map[sms.AttemptRef]sms.Outcome{},
		changed: make(chan struct{})}
}

// expect announces an attempt before it is sent.
func (r *recorder) expect(ref sms.AttemptRef) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.expected[ref] = true
}

func (r *recorder) notify(what string) {
	switch {
	case r.over: // the test cannot fail any more; do not crash the others
		return
	case r.closed:
		r.t.Errorf("%s after Close returned", what)
	}
	r.last = what
	close(r.changed)
	r.changed = make(chan struct{})
}

// Outcomes checks and keeps outcomes. A late acceptance after an unknown outcome
// is no second outcome.
func (r *recorder) Outcomes(outcomes []sms.Outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(outcomes) == 0 {
		r.t.Error("Outcomes was called with none")
	}
	for _, o := range outcomes {
		before, twice := r.byRef[o.AttemptRef]
		switch {
		case !r.expected[o.AttemptRef]:
			r.t.Errorf("an outcome (%v) for attempt %+v, which was never sent or changed on its way", o.Verdict, o.AttemptRef)
		case twice && !(o.Late && o.Verdict == sms.VerdictAccepted && before.Verdict == sms.VerdictUnknown):
			r.t.Errorf("attempt %+v was reported twice: %v, then %v", o.AttemptRef, before.Verdict, o.Verdict)
		case !twice && o.Late:
			r.t.Errorf("attempt %+v is late, but was never reported as unknown", o.AttemptRef)
		}
		if !twice {
			r.byRef[o.AttemptRef] = o
			r.outcomes = append(r.outcomes, o)
		}
		r.checkOutcome(o)
	}
	r.notify("Outcomes was called")
}

func (r *recorder) checkOutcome(o sms.Outcome) {
	if o.Verdict.String() == "" {
		r.t.Errorf("verdict %d is none", o.Verdict)
	}
	if o.ConnectorID != nounID {
		r.t.Errorf("the outcome names connector %d, want %d", o.ConnectorID, nounID)
	}
	if o.At.IsZero() {
		r.t.Error("the outcome has no time")
	}
	if o.Verdict != sms.VerdictAccepted && o.Reason == "" {
		r.t.Errorf("a %v outcome without a reason", o.Verdict)
	}
	if !o.RetryAt.IsZero() || o.AvoidID != 0 || o.Resend {
		r.t.Errorf("the outcome decides what follows (%+v); that is flow's", o)
	}
}

// Receipts keeps receipts when onDeliver allows.
func (r *recorder) Receipts(ctx context.Context, receipts []sms.Receipt) error {
	return r.deliver(ctx, len(receipts), "Receipts", func() { r.receipts = append(r.receipts, receipts...) })
}

// Inbound keeps messages when onDeliver allows.
func (r *recorder) Inbound(ctx context.Context, in []sms.Inbound) error {
	return r.deliver(ctx, len(in), "Inbound", func() { r.inbound = append(r.inbound, in...) })
}

func (r *recorder) deliver(ctx context.Context, n int, what string, keep func()) error {
	r.mu.Lock()
	on := r.onDeliver
	r.notify(what + " was called")
	r.mu.Unlock()
	if n == 0 {
		r.t.Errorf("%s was called with none", what)
	}
	if on != nil {
		if err := on(ctx); err != nil {
			return err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	keep()
	r.notify(what + " was running")
	return nil
}

// Link keeps a link report.
func (r *recorder) Link(l connect.Link) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.Up != (l.Links > 0) {
		r.t.Errorf("a link report says Up %v with %d links", l.Up, l.Links)
	}
	if !l.Up && l.Reason == "" {
		r.t.Error("a link report says down without a reason")
	}
	r.links = append(r.links, l)
	r.notify("Link was called")
}

func (r *recorder) setOnDeliver(f func(ctx context.Context) error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.onDeliver = f
}

// await waits until ok, which is called under the lock, is true.
func (r *recorder) await(what string, ok func() bool) {
	r.t.Helper()
	timeout := time.After(r.patience)
	for {
		r.mu.Lock()
		done, changed := ok(), r.changed
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			r.mu.Lock()
			state := fmt.Sprintf("%d outcomes, %d receipts, %d inbound, %d link reports, the last %+v",
				len(r.outcomes), len(r.receipts), len(r.inbound), len(r.links), r.links[max(0, len(r.links)-3):])
			r.mu.Unlock()
			r.t.Fatalf("waited in vain for %s; so far: %s", what, state)
		}
	}
}

func (r *recorder) awaitOutcomes(n int) {
	r.t.Helper()
	r.await(fmt.Sprintf("%d outcomes", n), func() bool { return len(r.outcomes) >= n })
}

// awaitLinks waits until so many links are reported to be up. To wait for all
// matters before the far end cuts them: one that is still being made may be up
// for a moment afterwards.
func (r *recorder) awaitLinks(n int) {
	r.t.Helper()
	r.await(fmt.Sprintf("a report of %d links", n), func() bool {
		return len(r.links) > 0 && r.links[len(r.links)-1].Links == n
	})
}

func (r *recorder) outcome(ref sms.AttemptRef) (sms.Outcome, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	o, ok := r.byRef[ref]
	return o, ok
}

func (r *recorder) lastLink() (connect.Link, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.links) == 0 {
		return connect.Link{}, false
	}
	return r.links[len(r.links)-1], true
}

// said is everything that was reported in words, for the search of secrets. What
// a receipt or an inbound message holds is not part of it.
func (r *recorder) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all strings.Builder
	for _, l := range r.links {
		fmt.Fprintf(&all, "%+v\n", l)
	}
	for _, o := range r.outcomes {
		fmt.Fprintf(&all, "%s %s\n", o.Reason, o.Code)
	}
	return all.String()
}

// log is a writer that keeps what a connector logs.
type log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

var errRefused = errors.New("connecttest: the sink refuses")

// count tells how many outcomes have one of the verdicts.
func (r *recorder) count(verdicts ...sms.Verdict) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, o := range r.outcomes {
		if slices.Contains(verdicts, o.Verdict) {
			n++
		}
	}
	return n
}
