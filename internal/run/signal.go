package run

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// SignalError is the cause of a context that ended because of a signal.
type SignalError struct{ Signal os.Signal }

func (e *SignalError) Error() string { return fmt.Sprintf("signal: %s", e.Signal) }

// Signals returns a context that ends with a [*SignalError] at the first SIGINT
// or SIGTERM; a later one calls again, which usually is [Group.Abort]. Call
// release when the program has stopped, to give the signals their default
// meaning back.
func Signals(parent context.Context, again func()) (ctx context.Context, release func()) {
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(parent)
	done := make(chan struct{})
	go watchSignals(ch, done, cancel, again)
	return ctx, func() {
		signal.Stop(ch)
		close(done)
		cancel(context.Canceled)
	}
}

// sameSignal is how soon a further signal is taken for the same one: some
// supervisors signal the process and its group, and mean one stop.
const sameSignal = 500 * time.Millisecond

// watchSignals ends the context at the first signal and calls again at every
// later one.
func watchSignals(ch <-chan os.Signal, done <-chan struct{}, cancel context.CancelCauseFunc, again func()) {
	var first time.Time
	for {
		select {
		case s := <-ch:
			switch {
			case first.IsZero():
				first = time.Now()
				cancel(&SignalError{Signal: s})
			case time.Since(first) > sameSignal:
				again()
			}
		case <-done:
			return
		}
	}
}
