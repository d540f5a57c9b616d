package flow

import (
	"context"
	"errors"
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
		if o.Verdict == 0 || int(o.Verdict) >= len(n) {
			o.Verdict = sms.VerdictUnknown // a connector that does not know its own mind
		}
		n[o.Verdict]++
	}
	s.pace.heard(now, n[sms.VerdictAccepted]+n[sms.VerdictReject]+n[sms.VerdictRetry]+n[sms.VerdictThrottle], n[sms.VerdictThrottle])
	if n[sms.VerdictDown] > 0 {
		s.stumble(now)
	}
	for v, count := range n {
		if count > 0 {
			s.flow.Meter.Outcome(s.noun().Name, sms.Verdict(v), count)
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
		f.decideRetry(o, route, now)
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

// decideRetry lets each other connector of the route that is up try at once,
// and then waits longer and longer, until the attempts of the route run out.
func (f *Flow) decideRetry(o *sms.Outcome, route *sms.Route, now time.Time) {
	if route != nil && o.Tries+1 >= route.MaxAttempts {
		o.Verdict, o.Reason = sms.VerdictReject, sms.ReasonAttempts
		return
	}
	if o.Reason == "" {
		o.Reason = sms.ReasonRetrying
	}
	o.RetryAt = now
	if others := len(f.host.roster.Load().routes[o.RouteID].others(o.ConnectorID, nil)); o.Tries >= others {
		o.RetryAt = now.Add(backoff(o.Tries-others, retryFirst, retryMost, f.Jitter()))
	}
	if route != nil && len(route.Connectors) > 1 {
		o.AvoidID = o.ConnectorID
	}
}

// record writes outcomes, and counts the receipts that were waiting for them.
func (f *Flow) record(ctx context.Context, now time.Time, scopes map[int64]int64, list []sms.Outcome) error {
	released, err := f.Store.RecordOutcomes(ctx, now, scopes, list)
	if err != nil {
		return err
	}
	f.countReleased(released)
	return nil
}

// errNoProgress keeps a defect of the store from turning the start into a loop.
var errNoProgress = errors.New("the store keeps attempts in state sending after their outcome was recorded")

// adoptOrphans declares unknown what an owner that is gone had claimed: it may
// or may not have been written. The route's policy decides what follows.
func (f *Flow) adoptOrphans(ctx context.Context, epoch int64) error {
	var last sms.AttemptRef
	for {
		orphans, err := f.Store.Orphans(ctx, epoch, f.MaxBatch)
		if err != nil || len(orphans) == 0 {
			return err
		}
		if orphans[0].AttemptRef == last {
			return errNoProgress
		}
		last = orphans[0].AttemptRef
		now := f.Now()
		list := make([]sms.Outcome, len(orphans))
		for i, o := range orphans {
			list[i] = sms.Outcome{AttemptRef: o.AttemptRef, ConnectorID: o.ConnectorID, Verdict: sms.VerdictUnknown, At: now}
			f.decide(&list[i], now)
		}
		if err := f.record(ctx, now, f.scopes(), list); err != nil {
			return err
		}
		f.Log.Warn("attempts of an earlier run have an unknown outcome", "attempts", len(list))
	}
}
