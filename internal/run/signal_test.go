package run

import (
	"context"
	"errors"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

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
	if len(again) > 0 {
		t.Error("the first signal already counts as the second")
	}
}

// Some supervisors signal the process and its group: that is one stop.
func TestSecondSignal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ch, done := make(chan os.Signal), make(chan struct{})
		ctx, cancel := context.WithCancelCause(t.Context())
		calls := 0
		go watchSignals(ch, done, cancel, func() { calls++ })
		ch <- syscall.SIGTERM
		<-ctx.Done()
		ch <- syscall.SIGTERM
		time.Sleep(sameSignal)
		ch <- os.Interrupt
		synctest.Wait()
		if calls != 0 {
			t.Errorf("%d calls after signals within %v", calls, sameSignal)
		}
		time.Sleep(time.Nanosecond)
		ch <- os.Interrupt
		synctest.Wait()
		if calls != 1 {
			t.Errorf("%d calls after a later signal", calls)
		}
		close(done)
	})
}

func TestSignalsReleased(t *testing.T) {
	ctx, release := Signals(t.Context(), func() { t.Error("called") })
	release()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("cause %v", err)
	}
}
