package run

import (
	"context"
	"errors"
	"fmt"
	"runtime/pprof"
	"strings"
	"time"
)

// StuckError names the loops that had not returned when the hard limit passed or
// the group was aborted.
type StuckError struct {
	Loops []string // as "phase/name"
	After time.Duration
}

func (e *StuckError) Error() string {
	return fmt.Sprintf("still running %s after the stop began: %s", e.After.Round(time.Millisecond), strings.Join(e.Loops, ", "))
}

// graceKey is the context key of a loop's grace context.
type graceKey struct{}

// Grace returns the context for what a loop still writes after its own ctx has
// ended: an answer, an outcome, a claim handed back. It ends with cause [ErrLimit]
// at the soft limit in the phases Intake and Work, and at the hard limit in Flush
// and Close. Outside of a [Group] it is ctx without its end. What must be written
// even later, such as a claim handed back because its submission was given up at
// the soft limit, uses [context.WithoutCancel] and a short deadline of its own.
//
// Rooms that must not import this package get it from cmd as an argument.
func Grace(ctx context.Context) context.Context {
	if g, ok := ctx.Value(graceKey{}).(context.Context); ok {
		return g
	}
	return context.WithoutCancel(ctx)
}

// shutdown holds the contexts of a running group and ends them in order.
type shutdown struct {
	g        *Group
	contexts [phases]context.Context
	cancel   [phases]context.CancelCauseFunc
	expire   [phases]context.CancelCauseFunc // ends the grace contexts
	began    time.Time
}

func newShutdown(g *Group, parent context.Context) *shutdown {
	s := &shutdown{g: g}
	// The end of parent starts the shutdown; it must not end the later phases.
	base := context.WithoutCancel(parent)
	for p := range s.contexts {
		var grace context.Context
		grace, s.expire[p] = context.WithCancelCause(base)
		s.contexts[p], s.cancel[p] = context.WithCancelCause(context.WithValue(grace, graceKey{}, grace))
	}
	return s
}

// release ends all contexts, so that what was left behind is at least told.
func (s *shutdown) release() {
	for p := range s.contexts {
		s.cancel[p](ErrStop)
		s.expire[p](ErrLimit)
	}
}

// stop runs the phases of the shutdown.
func (s *shutdown) stop() error {
	s.began = time.Now()
	limits := s.g.limits
	soft := time.AfterFunc(limits.Soft, func() {
		s.expire[Intake](ErrLimit)
		s.expire[Work](ErrLimit) // ends the loops' contexts with it
	})
	defer soft.Stop()
	// Intake and Work get half of what follows the soft limit; the rest is kept
	// for the outcomes that only Flush can save.
	forced := time.NewTimer(limits.Soft + (limits.Hard-limits.Soft)/2)
	defer forced.Stop()
	hard := time.NewTimer(limits.Hard)
	defer hard.Stop()

	leave, left := forced.C, false
	for p := Intake; p <= Close; p++ {
		if p == Flush {
			leave = nil
		}
		s.cancel[p](ErrStop)
		switch s.wait(p, leave, hard.C, left) {
		case waitLeft:
			left = true
			s.g.log.Warn("going on without loops that do not stop", "phase", p.String(), "loops", s.running(p, p))
		case waitHard:
			return s.watchdog()
		case waitAborted:
			return s.aborted()
		}
	}
	return s.waitLeftBehind(hard.C, left)
}

type waitResult int

const (
	waitDone waitResult = iota
	waitLeft
	waitHard
	waitAborted
)

// wait returns when the loops of phase p have returned, or why it did not wait
// any longer. Once one phase was left behind (left), leave has fired and Work is
// only asked to stop, not waited for.
func (s *shutdown) wait(p Phase, leave, hard <-chan time.Time, left bool) waitResult {
	for _, l := range s.g.loops {
		if l.phase != p {
			continue
		}
		if left && p <= Work {
			select {
			case <-l.done:
				continue
			default:
				return waitLeft
			}
		}
		select {
		case <-l.done:
		case <-leave:
			return waitLeft
		case <-hard:
			return waitHard
		case <-s.g.abort:
			return waitAborted
		}
	}
	return waitDone
}

// waitLeftBehind gives loops that were left behind the time until the hard limit.
func (s *shutdown) waitLeftBehind(hard <-chan time.Time, left bool) error {
	if left {
		for p := Intake; p <= Work; p++ {
			switch s.wait(p, nil, hard, false) {
			case waitHard:
				return s.watchdog()
			case waitAborted:
				return s.aborted()
			}
		}
	}
	s.g.log.Info("stopped", "took", time.Since(s.began))
	return s.errs()
}

// watchdog reports the loops that keep the process from ending.
func (s *shutdown) watchdog() error {
	stuck := &StuckError{Loops: s.running(Intake, Close), After: time.Since(s.began)}
	s.g.log.Error("hard limit has passed", "loops", stuck.Loops, "after", stuck.After)
	fmt.Fprintf(s.g.dump, "harkara: %v\ngoroutines (label \"loop\" names their loop):\n", stuck)
	if err := pprof.Lookup("goroutine").WriteTo(s.g.dump, 1); err != nil {
		s.g.log.Error("goroutine dump failed", "error", err)
	}
	return errors.Join(s.errs(), stuck)
}

func (s *shutdown) aborted() error {
	for p := range s.contexts {
		s.cancel[p](ErrAborted)
		s.expire[p](ErrAborted)
	}
	s.g.log.Warn("stopped at once", "still_running", s.running(Intake, Close))
	return errors.Join(s.errs(), ErrAborted)
}

// running lists the loops of phases from..to that have not returned.
func (s *shutdown) running(from, to Phase) []string {
	var names []string
	for _, l := range s.g.loops {
		if l.phase < from || l.phase > to {
			continue
		}
		select {
		case <-l.done:
		default:
			names = append(names, l.phase.String()+"/"+l.name)
		}
	}
	return names
}

// errs joins the errors of the loops that have returned.
func (s *shutdown) errs() error {
	var errs []error
	for _, l := range s.g.loops {
		select {
		case <-l.done:
			errs = append(errs, l.err)
		default:
		}
	}
	return errors.Join(errs...)
}
