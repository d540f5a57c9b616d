package flow

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// looping runs a loop on s in a bubble and counts its calls.
func looping(t *testing.T, wake <-chan struct{}, s step) (calls *atomic.Int64, complaints *atomic.Int64) {
	t.Helper()
	calls, complaints = new(atomic.Int64), new(atomic.Int64)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		loop(ctx, time.Now, wake, func(ctx context.Context, now time.Time) (time.Time, error) {
			calls.Add(1)
			return s(ctx, now)
		}, func(error) { complaints.Add(1) })
	}()
	t.Cleanup(func() { stop(); <-done })
	return calls, complaints
}

func idle(context.Context, time.Time) (time.Time, error) { return time.Time{}, nil }

func count(t *testing.T, what string, n *atomic.Int64, want int64) {
	t.Helper()
	synctest.Wait()
	if got := n.Swap(0); got != want {
		t.Errorf("%s: %d calls, want %d", what, got, want)
	}
}

func TestLoopWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := newBell()
		calls, _ := looping(t, wake, idle)
		count(t, "at the start", calls, 1)
		time.Sleep(10*poll + poll/2)
		count(t, "of itself", calls, 10)
		wake.ring()
		count(t, "rung", calls, 1)
		time.Sleep(poll - time.Millisecond)
		count(t, "before the next poll", calls, 0)
	})
}

func TestLoopKeepsAppointments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var at []time.Duration
		looping(t, nil, func(_ context.Context, now time.Time) (time.Time, error) {
			at = append(at, now.Sub(begin))
			switch len(at) {
			case 1:
				return now.Add(3 * time.Millisecond), nil
			case 2:
				return now, nil
			case 3:
				return now.Add(time.Hour), nil // polls all the same
			}
			return time.Time{}, nil
		})
		time.Sleep(poll + 4*time.Millisecond)
		synctest.Wait()
		if len(at) != 4 || at[1] != 3*time.Millisecond || at[2] != at[1] || at[3] != at[2]+poll {
			t.Errorf("called at %v", at)
		}
	})
}

// TestLoopPausesAfterAFailure, however often it is rung: the bells of a loaded
// node would turn an outage of the database into a storm on it.
func TestLoopPausesAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := newBell()
		var healthy atomic.Bool
		calls, complaints := looping(t, wake, func(context.Context, time.Time) (time.Time, error) {
			if !healthy.Load() {
				return time.Time{}, errors.New("disk is full")
			}
			return time.Time{}, nil
		})
		for range 199 {
			wake.ring()
			time.Sleep(5 * time.Millisecond)
		}
		count(t, "in a second of failures", calls, int64(time.Second/retryAfter))
		healthy.Store(true)
		time.Sleep(retryAfter)
		synctest.Wait()
		calls.Store(0)
		wake.ring()
		count(t, "afterwards", calls, 1)
		if complaints.Load() == 0 {
			t.Error("nobody was told")
		}
	})
}

// TestLoopEnds at once, also in the middle of a step that heeds its context.
func TestLoopEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		begin := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			loop(ctx, time.Now, nil, func(ctx context.Context, _ time.Time) (time.Time, error) {
				<-ctx.Done()
				return time.Time{}, ctx.Err()
			}, func(err error) { t.Errorf("complained of %v", err) })
		}()
		time.Sleep(time.Second)
		stop()
		<-done
		if took := time.Since(begin); took != time.Second {
			t.Errorf("ended after %s", took)
		}
	})
}

func TestComplaintsAreSparse(t *testing.T) {
	var out bytes.Buffer
	c := &complaint{log: slog.New(slog.NewTextHandler(&out, nil)), text: "step failed"}
	for i := range 100 {
		c.say(noon.Add(time.Duration(i)*retryAfter), errors.New("disk is full"), "loop", "outcomes")
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "loop=outcomes") || !strings.Contains(lines[0], "suppressed=0") || !strings.Contains(lines[1], "suppressed=39") {
		t.Errorf("25 seconds of the same trouble are logged as\n%s", out.String())
	}
}

func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		n      int
		jitter float64
		want   time.Duration
	}{
		{0, 1, time.Second}, {0, 0, time.Second / 2}, {3, 1, 8 * time.Second}, {3, 0.5, 6 * time.Second},
		{19, 1, retryMost}, {20, 1, retryMost}, {1 << 40, 0, retryMost / 2},
	} {
		if got := backoff(c.n, retryFirst, retryMost, c.jitter); got != c.want {
			t.Errorf("try %d, jitter %v: %s, want %s", c.n, c.jitter, got, c.want)
		}
	}
}

func TestWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if !within(ctx, time.Second, func() { time.Sleep(100 * time.Millisecond) }) || time.Since(begin) != 100*time.Millisecond {
			t.Error("what ended in time was not noticed")
		}
		if !within(ctx, time.Second, func() { time.Sleep(1500 * time.Millisecond) }) {
			t.Error("the margin was not given")
		}
		if within(ctx, time.Second, func() { time.Sleep(time.Minute) }) || time.Since(begin) > 3*time.Second {
			t.Error("waited too long")
		}
		time.Sleep(time.Minute) // for the one that is left
	})
}
