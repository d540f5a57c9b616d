// Package run starts the loops of the process and stops them in order.
//
// Every long-lived part is a loop, `func(ctx context.Context) error`, that
// belongs to a [Phase]. [Group.Run] runs them all until its context ends or one
// loop ends by itself, and then stops them phase by phase:
//
//	Intake   no new work comes in: listeners close, open calls are answered
//	Work     what is at hand is finished or handed back
//	Flush    outcomes still in memory reach the store
//	Close    the store and files close
//
// A loop is told to stop by the end of its ctx. What it still has to write after
// that uses [Grace], which lives until the soft limit (Intake, Work) or the hard
// limit (Flush, Close). Past the soft limit a phase that does not end is left
// behind, so that the later ones still save what they hold; past the hard limit
// Run returns and names the loops that are still running.
//
// The package knows nothing of what the loops do, and does not exit the process:
// that is for cmd.
package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/pprof"
	"sync"
	"time"
)

// Phase is a step of the shutdown. Lower phases stop first.
type Phase int

// The phases in the order in which they stop.
const (
	Intake Phase = iota
	Work
	Flush
	Close
)

const phases = 4

func (p Phase) String() string {
	switch p {
	case Intake:
		return "intake"
	case Work:
		return "work"
	case Flush:
		return "flush"
	case Close:
		return "close"
	}
	return fmt.Sprintf("phase %d", int(p))
}

// Causes that [context.Cause] gives for the end of a loop's context or of its
// grace context.
var (
	// ErrStop ends a loop's context when its phase is to stop.
	ErrStop = errors.New("stopping")
	// ErrLimit ends a grace context when its limit has passed.
	ErrLimit = errors.New("time to stop has run out")
	// ErrAborted ends every context when [Group.Abort] was called.
	ErrAborted = errors.New("stopped at once")
	// ErrEnded is the error of a loop that returned nil before it was asked to stop.
	ErrEnded = errors.New("ended by itself")
)

// Limits bounds the shutdown; both count from its beginning.
type Limits struct {
	// Soft is how long Intake and Work may finish what they hold; then the grace
	// contexts of both end, and Work is told to stop even if Intake has not. Half
	// of the time from Soft to Hard is left to them to give back what they could
	// not finish.
	Soft time.Duration
	// Hard is when Run returns, whatever is still running.
	Hard time.Duration
}

// DefaultLimits are used where a limit is zero.
var DefaultLimits = Limits{Soft: 15 * time.Second, Hard: 30 * time.Second}

// Group is a set of loops that run and stop together. Use [NewGroup].
type Group struct {
	limits Limits
	log    *slog.Logger
	dump   io.Writer

	mu      sync.Mutex
	loops   []*loop
	started bool

	abort     chan struct{}
	abortOnce sync.Once
}

type loop struct {
	name  string
	phase Phase
	run   func(context.Context) error
	done  chan struct{} // closed when the loop has returned
	err   error         // set before done is closed
}

// Option changes a [Group].
type Option func(*Group)

// WithDump sends the goroutine dump that is made when the hard limit passes to w
// instead of standard error.
func WithDump(w io.Writer) Option { return func(g *Group) { g.dump = w } }

// NewGroup makes an empty group. A zero limit takes its default; a hard limit
// that is not after the soft one is moved there. A nil log discards.
func NewGroup(limits Limits, log *slog.Logger, opts ...Option) *Group {
	if limits.Soft <= 0 {
		limits.Soft = DefaultLimits.Soft
	}
	if limits.Hard <= 0 {
		limits.Hard = DefaultLimits.Hard
	}
	limits.Hard = max(limits.Hard, limits.Soft)
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	g := &Group{limits: limits, log: log, dump: os.Stderr, abort: make(chan struct{})}
	for _, o := range opts {
		o(g)
	}
	return g
}

// Add adds a loop. The name appears in errors, logs and goroutine dumps. The loop
// must return soon after its ctx ends; an earlier return, with or without an
// error, stops the whole group, because a loop that is silently gone is worse
// than a restart. Add panics after Run was called or on an unknown phase: both
// are mistakes in cmd that no input can reach.
func (g *Group) Add(phase Phase, name string, run func(context.Context) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.started {
		panic("run: Add after Run: " + name)
	}
	if phase < Intake || phase > Close {
		panic(fmt.Sprintf("run: %s: unknown %s", name, phase))
	}
	g.loops = append(g.loops, &loop{name: name, phase: phase, run: run, done: make(chan struct{})})
}

// OnStop adds something that only has to be done when the phase stops, such as
// closing a file. Its ctx is the grace context of the phase.
func (g *Group) OnStop(phase Phase, name string, stop func(context.Context) error) {
	g.Add(phase, name, func(ctx context.Context) error {
		<-ctx.Done()
		return stop(Grace(ctx))
	})
}

// Abort makes Run end every context and return at once, without waiting for any
// loop. It may be called from any goroutine, any number of times.
func (g *Group) Abort() { g.abortOnce.Do(func() { close(g.abort) }) }

// Run starts every loop, waits until ctx ends or a loop returns, stops the
// phases in order, and returns what went wrong: nil after an orderly stop, else
// the joined errors of loops and a [*StuckError] for loops that did not end. It
// may be called once.
func (g *Group) Run(ctx context.Context) error {
	g.mu.Lock()
	if g.started {
		g.mu.Unlock()
		panic("run: Run called twice")
	}
	g.started = true
	g.mu.Unlock()

	s := newShutdown(g, ctx)
	defer s.release()
	ended := make(chan *loop, len(g.loops))
	for _, l := range g.loops {
		go l.start(s.contexts[l.phase], ended)
	}

	select {
	case <-ctx.Done():
		g.log.Info("stopping", "reason", context.Cause(ctx))
	case l := <-ended:
		g.log.Error("stopping: a loop has ended", "loop", l.name, "error", l.err)
	case <-g.abort:
	}
	return s.stop()
}

// start runs the loop and records how it ended.
func (l *loop) start(ctx context.Context, ended chan<- *loop) {
	// The label is inherited by the goroutines that the loop starts, so that the
	// watchdog's dump tells whose they are.
	pprof.SetGoroutineLabels(pprof.WithLabels(ctx, pprof.Labels("loop", l.name)))
	err := errGoexit // stays so if the loop ends its goroutine
	defer func() {
		l.err = l.verdict(err, ctx.Err() != nil)
		close(l.done)
		ended <- l
	}()
	err = Protect(l.name, func() error { return l.run(ctx) })
}

// errGoexit is the error of a loop that called runtime.Goexit.
var errGoexit = errors.New("ended its goroutine (runtime.Goexit)")

// verdict says what of a loop's end is an error.
func (l *loop) verdict(err error, stopping bool) error {
	var p *PanicError
	switch {
	case stopping && (err == nil || errors.Is(err, context.Canceled) || errors.Is(err, ErrStop)):
		return nil // the loop did as told, or only passes on that it was told to stop
	case err == nil:
		err = ErrEnded
	case errors.As(err, &p):
		return err // names its loop itself
	}
	return fmt.Errorf("%s: %w", l.name, err)
}
