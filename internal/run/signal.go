package run

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// SignalError is the cause of a context that ended because of a signal.
type SignalError struct{ Signal os.Signal }

func (e *SignalError) Error() string { return fmt.Sprintf("signal: %s", e.Signal) }

// Signals returns a context that ends with a [*SignalError] at the first SIGINT
// or SIGTERM; a second one calls again, which usually is [Group.Abort]. Call
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

// watchSignals ends the context at the first signal and calls again at every
// later one.
func watchSignals(ch <-chan os.Signal, done <-chan struct{}, cancel context.CancelCauseFunc, again func()) {
	stopping := false
	for {
		select {
		case s := <-ch:
			if stopping {
				again()
			}
			stopping = true
			cancel(&SignalError{Signal: s})
		case <-done:
			return
		}
	}
}
