package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var limits = Limits{Soft: 10 * time.Second, Hard: 20 * time.Second}

// journal notes what happens and when, in fake time.
type journal struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

func newJournal() *journal { return &journal{began: time.Now()} }

func (j *journal) note(what string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("%s %s", time.Since(j.began), what))
}

func (j *journal) check(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if got := strings.Join(j.lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// loop runs until it is told to stop, then works for a while.
func (j *journal) loop(name string, work time.Duration) func(context.Context) error {
	return func(ctx context.Context) error {
		<-ctx.Done()
		j.note(name + " told")
		select {
		case <-time.After(work):
			j.note(name + " done")
		case <-Grace(ctx).Done():
			j.note(name + " gave up: " + context.Cause(Grace(ctx)).Error())
		}
		return ctx.Err()
	}
}

// stuck neither stops nor looks at its context until released.
func stuck(release <-chan struct{}) func(context.Context) error {
	return func(context.Context) error { <-release; return nil }
}

// after returns a context that ends after d.
func after(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(d, func() { cancel(errors.New("told to")) })
	return ctx
}

func TestOrderedStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		var log bytes.Buffer
		g := NewGroup(limits, slog.New(slog.NewTextHandler(&log, nil)))
		g.OnStop(Close, "store", func(ctx context.Context) error { j.note("closed"); return ctx.Err() })
		g.Add(Flush, "outcomes", j.loop("outcomes", time.Second))
		g.Add(Work, "send", j.loop("send", 3*time.Second))
		g.Add(Intake, "http", j.loop("http", 2*time.Second))
		g.Add(Intake, "smpp", j.loop("smpp", time.Second+time.Millisecond))
		if err := g.Run(after(t, time.Minute)); err != nil {
			t.Error(err)
		}
		j.lines = j.lines[1:] // http and smpp are told in any order
		j.lines[0] = "told"
		j.check(t, "told", "1m1.001s smpp done", "1m2s http done",
			"1m2s send told", "1m5s send done", "1m5s outcomes told", "1m6s outcomes done", "1m6s closed")
		for _, want := range []string{"reason=\"told to\"", "msg=stopped took=6s"} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("no %s in\n%s", want, log.String())
			}
		}
	})
}

func TestSoftLimitEndsIntakeAndWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		g := NewGroup(limits, nil)
		g.Add(Intake, "http", j.loop("http", 8*time.Second))
		g.Add(Work, "send", j.loop("send", time.Hour))
		g.Add(Flush, "outcomes", j.loop("outcomes", 5*time.Second)) // lives past the soft limit
		if err := g.Run(after(t, 0)); err != nil {
			t.Error(err)
		}
		j.check(t, "0s http told", "8s http done", "8s send told", "10s send gave up: time to stop has run out",
			"10s outcomes told", "15s outcomes done")
	})
}

func TestStuckIntakeDoesNotKeepTheRestFromStopping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := newJournal()
		var dump bytes.Buffer
		g := NewGroup(limits, nil, WithDump(&dump))
		release := make(chan struct{})
		g.Add(Intake, "http", stuck(release))
		g.Add(Work, "send", j.loop("send", time.Second))
		g.Add(Flush, "outcomes", j.loop("outcomes", time.Second))
		g.OnStop(Close, "store", func(context.Context) error { j.note("closed"); return nil })
		err := g.Run(after(t, 0))
		// Work is told at the soft limit, Flush half way to the hard one.
		j.check(t, "10s send told", "10s send gave up: time to stop has run out",
			"15s outcomes told", "16s outcomes done", "16s closed")
		var s *StuckError
		if !errors.As(err, &s) || len(s.Loops) != 1 || s.Loops[0] != "intake/http" || s.After != limits.Hard {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(dump.String(), `"loop":"http"`) || !strings.Contains(dump.String(), ".stuck.") {
			t.Errorf("the dump does not show the loop:\n%s", dump.String())
		}
		close(release)
	})
}

func TestLoopLeftBehindMayStillEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(limits, nil)
		release := make(chan struct{})
		time.AfterFunc(18*time.Second, func() { close(release) })
		g.Add(Intake, "http", stuck(release))
		g.Add(Work, "send", stuck(release))
		began := time.Now()
		if err := g.Run(after(t, 0)); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 18*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestHardLimitNamesEveryCulprit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var dump, log bytes.Buffer
		g := NewGroup(limits, slog.New(slog.NewTextHandler(&log, nil)), WithDump(&dump))
		release := make(chan struct{})
		g.Add(Work, "send", stuck(release))
		g.Add(Flush, "outcomes", stuck(release))
		g.OnStop(Close, "store", func(context.Context) error { return nil })
		err := g.Run(after(t, 0))
		if err == nil || err.Error() != "still running 20s after the stop began: work/send, flush/outcomes, close/store" {
			t.Errorf("got %v", err)
		}
		if !strings.Contains(log.String(), "work/send") || !strings.Contains(dump.String(), `"loop":"outcomes"`) {
			t.Errorf("log %s\ndump %s", log.String(), dump.String())
		}
		close(release)
		synctest.Wait()
	})
}

func TestLoopsThatEndEarlyStopTheGroup(t *testing.T) {
	broken := errors.New("socket closed")
	tests := []struct {
		name string
		loop func(context.Context) error
		want string
		is   error
	}{
		{"error", func(context.Context) error { return broken }, "http: socket closed", broken},
		{"nil", func(context.Context) error { return nil }, "http: ended by itself", ErrEnded},
		{"canceled although nobody did", func(context.Context) error { return context.Canceled }, "http: context canceled", context.Canceled},
		{"panic", func(context.Context) error { panic("oh no: apitoken=abc") }, "http: panic: oh no: apitoken=[redacted]\n", nil},
		{"panic with an error", func(context.Context) error { panic(broken) }, "http: panic: socket closed\n", broken},
		{"goexit", func(context.Context) error { runtime.Goexit(); return nil }, "http: ended its goroutine (runtime.Goexit)", errGoexit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				j := newJournal()
				g := NewGroup(limits, nil)
				g.Add(Intake, "http", tt.loop)
				g.Add(Work, "send", j.loop("send", time.Second))
				err := g.Run(t.Context())
				if err == nil || !strings.HasPrefix(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
					t.Errorf("got %v, want %s", err, tt.want)
				}
				var p *PanicError
				if strings.HasPrefix(tt.name, "panic") && (!errors.As(err, &p) || p.Loop != "http" || !bytes.Contains(p.Stack, []byte("run_test.go"))) {
					t.Errorf("no stack of the panic in %v", err)
				}
				j.check(t, "0s send told", "1s send done")
			})
		})
	}
}

func TestErrorsWhileStoppingAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(limits, nil)
		g.OnStop(Flush, "outcomes", func(context.Context) error { return errors.New("disk full") })
		g.OnStop(Close, "store", func(context.Context) error { return errors.New("not closed") })
		err := g.Run(after(t, 0))
		if err == nil || err.Error() != "outcomes: disk full\nstore: not closed" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAbort(t *testing.T) {
	for _, when := range []time.Duration{-time.Second, time.Second, 16 * time.Second} {
		t.Run(when.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := NewGroup(limits, nil)
				release := make(chan struct{})
				var cause error
				g.Add(Intake, "http", stuck(release))
				g.Add(Work, "send", func(ctx context.Context) error { <-Grace(ctx).Done(); cause = context.Cause(Grace(ctx)); return nil })
				ctx := after(t, 2*time.Second)
				time.AfterFunc(2*time.Second+when, func() { g.Abort(); g.Abort() })
				began := time.Now()
				if err := g.Run(ctx); !errors.Is(err, ErrAborted) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(began); took != 2*time.Second+when {
					t.Errorf("took %s", took)
				}
				synctest.Wait()
				if want := map[bool]error{true: ErrAborted, false: ErrLimit}[when < limits.Soft]; !errors.Is(cause, want) {
					t.Errorf("the grace context ended with %v, want %v", cause, want)
				}
				close(release)
			})
		})
	}
}

func TestGraceOutsideOfAGroup(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "v"))
	cancel()
	if g := Grace(ctx); g.Err() != nil || g.Value(key{}) != "v" {
		t.Errorf("err %v, value %v", g.Err(), g.Value(key{}))
	}
}

func TestMisuseInCmdPanics(t *testing.T) {
	mustPanic := func(name, want string, f func()) {
		t.Helper()
		defer func() {
			if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), want) {
				t.Errorf("%s: panic %v, want %s", name, p, want)
			}
		}()
		f()
	}
	g := NewGroup(Limits{}, nil)
	if g.limits != DefaultLimits {
		t.Errorf("limits %+v", g.limits)
	}
	if g := NewGroup(Limits{Soft: time.Minute}, nil); g.limits.Hard != time.Minute {
		t.Errorf("the hard limit is before the soft one: %+v", g.limits)
	}
	mustPanic("phase", "unknown phase 7", func() { g.Add(7, "x", nil) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Run(ctx); err != nil {
		t.Error(err)
	}
	mustPanic("add", "Add after Run: late", func() { g.Add(Work, "late", nil) })
	mustPanic("run", "Run called twice", func() { g.Run(ctx) })
}
