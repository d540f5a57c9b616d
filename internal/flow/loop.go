package flow

import (
	"context"
	"math/rand/v2"
	"time"
)

// poll is how long a loop that nobody wakes sleeps at most: another process may
// have written what it should see (the command line, another node).
const poll = 200 * time.Millisecond

// retryAfter is the pause after a step that failed.
const retryAfter = 250 * time.Millisecond

// step does what is due at now and returns when it wants to be called next;
// the zero time means: when woken.
type step func(ctx context.Context, now time.Time) (next time.Time, err error)

// loop calls s when it asked to be called, when wake rings, and at least every
// poll, until ctx ends. A step that fails is called again after a pause.
func loop(ctx context.Context, clock func() time.Time, wake <-chan struct{}, s step, complain func(error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-wake:
		}
		now := clock()
		next, err := s(ctx, now)
		wait := poll
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case err != nil:
			complain(err)
			wait = retryAfter
		case !next.IsZero():
			wait = min(poll, max(0, next.Sub(clock())))
		}
		timer.Reset(wait)
	}
}

// bell wakes a loop; ringing it twice is ringing it once.
type bell chan struct{}

func newBell() bell { return make(bell, 1) }

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

func randomJitter() float64 { return rand.Float64() }

// backoff is how long to wait before try n (from 0): doubling from first to
// most, with the upper half random so that many messages do not come back at once.
func backoff(n int, first, most time.Duration, jitter float64) time.Duration {
	d := most
	if n < 20 {
		d = min(most, first<<n)
	}
	return d/2 + time.Duration(jitter*float64(d/2))
}
