package run

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSignals(t *testing.T) {
	again := make(chan struct{}, 1)
	ctx, release := Signals(t.Context(), func() { again <- struct{}{} })
	defer release()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	var s *SignalError
	if err := context.Cause(ctx); !errors.As(err, &s) || s.Signal != syscall.SIGTERM || err.Error() != "signal: terminated" {
		t.Errorf("cause %v", err)
	}
	select {
	case <-again:
		t.Error("the first signal already counts as the second")
	default:
	}
	if err := self.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	<-again
}

func TestSignalsReleased(t *testing.T) {
	ctx, release := Signals(t.Context(), func() { t.Error("called") })
	release()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cause %v", err)
	}
}
