package flow

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/harkara/harkara/internal/obs/sparse"
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
// poll, until ctx ends. A step that fails is called again after a pause, however
// often the bell rings: what it needs is out of order.
func loop(ctx context.Context, clock func() time.Time, wake <-chan struct{}, s step, complain func(error)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	ring := wake
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-ring:
		}
		if ctx.Err() != nil {
			return // select takes any of several that are ready
		}
		next, err := s(ctx, clock())
		wait := poll
		ring = wake
		switch {
		case err != nil && ctx.Err() != nil:
			return
		case err != nil:
			complain(err)
			wait, ring = retryAfter, nil
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

// rung says whether the bell was rung, and silences it.
func (b bell) rung() bool {
	select {
	case <-b:
		return true
	default:
		return false
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

// complaint logs a trouble that comes again and again: the first time, and then
// now and then with the number of times between.
type complaint struct {
	log  *slog.Logger
	text string
	line sparse.Line
}

func (c *complaint) say(now time.Time, err error, args ...any) {
	if n, ok := c.line.Allow(now); ok {
		c.log.Error(c.text, append(args, "err", err, "suppressed", n)...)
	}
}

// within calls do and waits for its end, but no longer than until margin after
// the end of ctx; it says whether it ended. do goes on in any case.
func within(ctx context.Context, margin time.Duration, do func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	select {
	case <-done:
		return true
	case <-ctx.Done():
	}
	timer := time.NewTimer(margin)
	defer timer.Stop()
	select {
	case <-done:
		return true
	case <-timer.C:
		return false
	}
}
