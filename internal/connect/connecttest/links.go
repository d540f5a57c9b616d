package connecttest

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

func testLostLink(t *testing.T, h Harness) {
	r := connected(t, h)
	sent := r.fill()
	for range sent {
		r.request() // all of it is written, nothing is answered
	}
	r.far.Drop()
	r.awaitOutcomes(len(sent))
	for _, s := range sent {
		if o := r.want(s, sms.VerdictUnknown); o.Reason != sms.ReasonOutcome {
			t.Errorf("reason %q, want %q", o.Reason, sms.ReasonOutcome)
		}
	}
	r.awaitLinks(0)
	// The links come back by themselves, with the whole window.
	r.far.Restore()
	r.awaitLinks(h.Links)
	for range r.fill() {
		r.request().Answer(sms.VerdictAccepted, "1")
	}
	r.awaitOutcomes(2 * len(sent))
}

func testSendWithoutLink(t *testing.T, h Harness) {
	r := connected(t, h)
	r.far.Drop()
	r.awaitLinks(0)
	for range r.c.Info().Window + 2 {
		if err := r.c.Send(r.within(), r.submission()); !errors.Is(err, connect.ErrDown) {
			t.Fatalf("Send without a link returned %v, want connect.ErrDown", err)
		}
	}
	r.far.Restore()
	r.awaitLinks(h.Links)
	// What was refused never arrives: the next the far end sees is new.
	s := r.send()
	if got := r.request().To(); got != s.To {
		t.Errorf("the far end got a submission to %s, which was refused, want %s", got, s.To)
	}
}

func testLinkReported(t *testing.T, h Harness) {
	r := newRig(t, h)
	if l, ok := r.lastLink(); ok && l.Up {
		t.Error("a link was up before Connect")
	}
	if err := r.c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.awaitLinks(h.Links)
	for range 2 {
		r.far.Drop()
		r.awaitLinks(0)
		r.far.Restore()
		r.awaitLinks(h.Links)
	}
	r.exchange(sms.VerdictAccepted, "1")
	r.close(r.within())
	r.checkClosed()
}

// A Send that waits for the window does not outlive the last link.
func testLostLinkWakesSend(t *testing.T, h Harness) {
	r := connected(t, h)
	r.fill()
	waiting := r.submission()
	returned := make(chan error, 1)
	go func() { returned <- r.c.Send(r.within(), waiting) }()
	for range r.c.Info().Window {
		r.request()
	}
	r.far.Drop()
	if err := <-returned; !errors.Is(err, connect.ErrDown) {
		t.Errorf("Send that waited for the window returned %v when the link was lost, want connect.ErrDown", err)
	}
	r.awaitOutcomes(r.c.Info().Window)
}

// Links are cut again and again under load. For each submission the connector's
// word must fit what the far end saw.
func testLostLinkUnderLoad(t *testing.T, h Harness) {
	r := connected(t, h)
	loaded := r.load(6)
	for i := range 4 {
		n := r.count(sms.VerdictAccepted, sms.VerdictReject)
		r.await("traffic", func() bool {
			answered := 0
			for _, o := range r.outcomes {
				if o.Verdict == sms.VerdictAccepted || o.Verdict == sms.VerdictReject {
					answered++
				}
			}
			return answered >= n+10+i
		})
		r.far.Drop()
		r.awaitLinks(0)
		loaded.try(r.within())
		r.far.Restore()
		r.awaitLinks(h.Links)
	}
	loaded.stop()
	r.close(r.within())
	loaded.check()
}

// loaded is traffic that runs until it is stopped.
type loaded struct {
	r         *rig
	cancel    context.CancelFunc
	farCancel context.CancelFunc
	senders   sync.WaitGroup
	answerer  sync.WaitGroup

	mu    sync.Mutex
	hold  bool                           // the far end keeps one submission unanswered
	held  Request                        // that one
	taken map[string]*connect.Submission // by recipient
	not   map[string]*connect.Submission // Send returned an error
	seen  map[string]sms.Verdict         // by the far end, with its answer (0: none)
}

// load starts n senders and a far end that answers what it sees, but always
// keeps the last one until the next has come: so there is something in flight at
// any moment.
func (r *rig) load(n int) *loaded {
	l := &loaded{r: r, hold: r.c.Info().Window > 1, taken: map[string]*connect.Submission{}, not: map[string]*connect.Submission{}, seen: map[string]sms.Verdict{}}
	ctx, cancel := context.WithCancel(context.Background())
	farCtx, farCancel := context.WithCancel(context.Background())
	l.cancel, l.farCancel = cancel, farCancel
	l.answerer.Go(func() { l.answer(farCtx) })
	for range n {
		l.senders.Go(func() {
			for ctx.Err() == nil {
				l.one(ctx)
			}
		})
	}
	return l
}

// try sends one and notes whether it was taken.
func (l *loaded) try(ctx context.Context) (taken bool) {
	s := l.r.submission()
	err := l.r.c.Send(ctx, s)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.not[s.To] = s
		return false
	}
	l.taken[s.To] = s
	return true
}

func (l *loaded) one(ctx context.Context) {
	if l.try(ctx) {
		return
	}
	// Wait for the link rather than spin while it is down.
	l.r.mu.Lock()
	up := len(l.r.links) > 0 && l.r.links[len(l.r.links)-1].Up
	changed := l.r.changed
	l.r.mu.Unlock()
	if !up {
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

func (l *loaded) answer(ctx context.Context) {
	for i := 0; ; i++ {
		q, err := l.r.far.Next(ctx)
		if err != nil {
			return
		}
		v := sms.VerdictAccepted
		if i%5 == 0 {
			v = sms.VerdictReject
		}
		l.mu.Lock()
		if _, twice := l.seen[q.To()]; twice {
			l.r.t.Errorf("the far end got the submission to %s twice", q.To())
		}
		l.seen[q.To()] = v
		if l.hold {
			q, l.held = l.held, q
		}
		l.mu.Unlock()
		l.reply(q)
	}
}

// reply answers as it was decided when the submission came.
func (l *loaded) reply(q Request) {
	if q != nil {
		l.mu.Lock()
		v := l.seen[q.To()]
		l.mu.Unlock()
		q.Answer(v, "a"+q.To())
	}
}

// stop ends the senders; the far end answers on until check, at once now.
func (l *loaded) stop() {
	l.cancel()
	l.senders.Wait()
	l.mu.Lock()
	held := l.held
	l.hold, l.held = false, nil
	l.mu.Unlock()
	l.reply(held)
}

// check holds what was reported against what the far end saw. The connector is
// closed by now.
func (l *loaded) check() {
	t := l.r.t
	t.Helper()
	l.farCancel()
	l.answerer.Wait()
	for to, s := range l.not {
		if _, reported := l.r.outcome(s.Attempt); reported {
			t.Errorf("Send of the submission to %s returned an error, and yet it was reported", to)
		}
		if _, seen := l.seen[to]; seen {
			t.Errorf("Send of the submission to %s returned an error, and yet it was written", to)
		}
	}
	for to, s := range l.taken {
		o, reported := l.r.outcome(s.Attempt)
		answer, seen := l.seen[to]
		switch {
		case !reported:
			t.Errorf("the submission to %s was taken and never reported", to)
		case o.Verdict == sms.VerdictDown && seen:
			t.Errorf("the submission to %s is down (never written), but the far end has it", to)
		case o.Verdict == sms.VerdictDown || o.Verdict == sms.VerdictUnknown:
		case o.Verdict != answer:
			t.Errorf("the submission to %s is %v, but the far end said %v", to, o.Verdict, answer)
		}
	}
	if len(l.taken) == 0 {
		t.Error("nothing was ever taken")
	}
}

// No text and no secret in a log, a link report, an outcome or an error.
func testNothingSecret(t *testing.T, h Harness) {
	const canary = "Canary7351Text"
	r := newRig(t, h)
	r.text = canary
	var errs []string
	if err := r.c.Send(r.within(), r.submission()); err != nil {
		errs = append(errs, err.Error())
	}
	if err := r.c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.awaitLinks(h.Links)
	for _, v := range []sms.Verdict{sms.VerdictAccepted, sms.VerdictRetry, sms.VerdictThrottle, sms.VerdictReject} {
		r.exchange(v, "1")
	}
	if !h.NoReceipts {
		receiptDelivery(r.within(), r)
	}
	if !h.NoInbound {
		inboundDelivery(r.within(), r)
	}
	long := r.submission()
	long.Payload = []byte(strings.Repeat(canary, 100))
	_ = r.c.Send(r.within(), long) // cannot be carried, or is; either way it says nothing of the text
	r.far.Drop()
	r.awaitLinks(0)
	if err := r.c.Send(r.within(), r.submission()); err != nil {
		errs = append(errs, err.Error())
	}
	r.close(ended())
	if err := r.c.Send(r.within(), r.submission()); err != nil {
		errs = append(errs, err.Error())
	}
	said := r.said() + r.log.String() + strings.Join(errs, "\n")
	if said == "" {
		t.Error("nothing was said at all: the link was lost, and that is worth a word")
	}
	for _, secret := range append([]string{canary}, h.Secrets...) {
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), base64.RawStdEncoding.EncodeToString([]byte(secret))} {
			if strings.Contains(strings.ToLower(said), strings.ToLower(form)) {
				t.Errorf("a secret was said (%d characters of it, as %q...)", len(secret), form[:3])
			}
		}
	}
}
