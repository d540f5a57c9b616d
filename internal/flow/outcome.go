package flow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

const (
	retryFirst   = time.Second
	retryMost    = 5 * time.Minute
	throttleWait = time.Second
)

// Outcomes is called by the connector; it does not wait for the commit.
func (s *sender) Outcomes(outcomes []sms.Outcome) {
	now := s.flow.Now()
	var n [sms.VerdictDown + 1]int
	for i := range outcomes {
		o := &outcomes[i]
		if n[o.Verdict]++; o.Verdict == sms.VerdictThrottle {
			s.pace.slow(now)
		}
	}
	for v, count := range n {
		if count > 0 {
			s.flow.Meter.Outcome(s.noun.Name, sms.Verdict(v), count)
		}
	}
	s.flow.recorder.add(s, outcomes)
}

// decide adds to a connector's verdict what the route's policy makes of it.
func (f *Flow) decide(o *sms.Outcome, now time.Time) {
	if o.Verdict == sms.VerdictAccepted || o.Verdict == sms.VerdictReject {
		return
	}
	route := f.Catalog().Route(o.RouteID)
	switch o.Verdict {
	case sms.VerdictRetry:
		if route != nil && o.Tries+1 >= route.MaxAttempts {
			o.Verdict, o.Reason = sms.VerdictReject, sms.ReasonAttempts
			return
		}
		if o.Reason == "" {
			o.Reason = sms.ReasonRetrying
		}
		o.RetryAt = now.Add(backoff(o.Tries, retryFirst, retryMost, f.Jitter()))
		if route != nil && len(route.Connectors) > 1 {
			o.AvoidID = o.ConnectorID
			o.RetryAt = now // another connector may try at once
		}
	case sms.VerdictThrottle:
		// The pacer has slowed down; the message only has to come back.
		o.Reason = sms.ReasonThrottled
		o.RetryAt = now.Add(backoff(0, throttleWait, throttleWait, f.Jitter()))
	case sms.VerdictUnknown:
		o.Reason = sms.ReasonOutcome
		o.Resend = route != nil && route.OnUnknown == sms.UnknownResend
		o.RetryAt = now
	case sms.VerdictDown:
		if o.RetryAt.IsZero() {
			o.RetryAt = now
		}
	}
}

// recorder writes outcomes, many in one commit, in the order in which they
// came. Nothing that a connector reported is ever dropped: while the database
// fails it is kept and tried again, and claims stop, since they count what is open.
type recorder struct {
	flow    *Flow
	bell    bell
	looping atomic.Bool // run calls step; otherwise barrier does

	mu      sync.Mutex
	pending []sms.Outcome
	owners  []*sender
	added   uint64 // outcomes ever added
	written uint64 // outcomes ever recorded
	waiters []waiter
}

type waiter struct {
	until uint64
	done  chan struct{}
}

func newRecorder(f *Flow) *recorder { return &recorder{flow: f, bell: newBell()} }

// add takes outcomes of s, which counts them as open until they are recorded.
func (r *recorder) add(s *sender, list []sms.Outcome) {
	now := r.flow.Now()
	for i := range list {
		r.flow.decide(&list[i], now)
	}
	r.mu.Lock()
	r.pending = append(r.pending, list...)
	for range list {
		r.owners = append(r.owners, s)
	}
	r.added += uint64(len(list))
	r.mu.Unlock()
	r.bell.ring()
}

func (r *recorder) run(ctx, grace context.Context) error {
	r.looping.Store(true)
	work, stop := context.WithCancel(grace)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { loop(work, r.flow.Now, r.bell, r.step, r.flow.complain("outcomes")) })
	<-ctx.Done()
	r.bell.ring()
	err := r.barrier(grace)
	stop()
	wg.Wait()
	return err
}

// step records what is pending, MaxBatch at a time.
func (r *recorder) step(ctx context.Context, now time.Time) (time.Time, error) {
	r.mu.Lock()
	n := min(len(r.pending), r.flow.MaxBatch)
	batch, owners := r.pending[:n:n], r.owners[:n:n]
	r.mu.Unlock()
	if n == 0 {
		return time.Time{}, nil
	}
	if err := r.flow.Store.RecordOutcomes(ctx, now, r.flow.scopes(), batch); err != nil {
		return time.Time{}, err
	}
	r.mu.Lock()
	r.pending, r.owners = r.pending[n:], r.owners[n:]
	if len(r.pending) == 0 {
		r.pending, r.owners = nil, nil
	}
	r.written += uint64(n)
	r.release()
	r.mu.Unlock()
	r.settled(batch, owners)
	return now, nil
}

// settled counts down what is open and wakes those who may go on.
func (r *recorder) settled(batch []sms.Outcome, owners []*sender) {
	var route int64
	for i := range batch {
		if !batch[i].Late {
			owners[i].open.Add(-1)
		}
		if i == len(batch)-1 || owners[i] != owners[i+1] {
			owners[i].fillBell.ring()
		}
		if o := &batch[i]; o.Verdict != sms.VerdictAccepted && o.Verdict != sms.VerdictReject && o.RouteID != route {
			route = o.RouteID
			r.flow.host.wakeRoute(route)
		}
	}
}

// barrier waits until all that was added before it is recorded: a receipt that
// follows its response then finds the message.
func (r *recorder) barrier(ctx context.Context) error {
	r.mu.Lock()
	if r.written >= r.added {
		r.mu.Unlock()
		return nil
	}
	if !r.looping.Load() {
		r.mu.Unlock()
		return r.drain(ctx)
	}
	w := waiter{until: r.added, done: make(chan struct{})}
	r.waiters = append(r.waiters, w)
	r.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// drain records all that is pending.
func (r *recorder) drain(ctx context.Context) error {
	for {
		next, err := r.step(ctx, r.flow.Now())
		if err != nil || next.IsZero() {
			return err
		}
	}
}

func (r *recorder) release() {
	keep := r.waiters[:0]
	for _, w := range r.waiters {
		if w.until <= r.written {
			close(w.done)
		} else {
			keep = append(keep, w)
		}
	}
	r.waiters = keep
}

// scopes are the connectors whose upstream ids are kept under another's.
func (f *Flow) scopes() map[int64]int64 {
	var m map[int64]int64
	for _, c := range f.Catalog().Connectors() {
		if c.ScopeID != 0 {
			if m == nil {
				m = map[int64]int64{}
			}
			m[c.ID] = c.ScopeID
		}
	}
	return m
}

// adoptOrphans declares unknown what an owner that is gone had claimed: it may
// or may not have been written. The route's policy decides what follows.
func (f *Flow) adoptOrphans(ctx context.Context) error {
	for {
		orphans, err := f.Store.Orphans(ctx, f.epoch, f.MaxBatch)
		if err != nil || len(orphans) == 0 {
			return err
		}
		now := f.Now()
		list := make([]sms.Outcome, len(orphans))
		for i, o := range orphans {
			list[i] = sms.Outcome{AttemptRef: o.AttemptRef, ConnectorID: o.ConnectorID, Verdict: sms.VerdictUnknown, At: now}
			f.decide(&list[i], now)
		}
		if err := f.Store.RecordOutcomes(ctx, now, f.scopes(), list); err != nil {
			return err
		}
		f.Log.Warn("attempts of an earlier run have an unknown outcome", "attempts", len(list))
	}
}
