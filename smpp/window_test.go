package smpp

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// TestWindow holds the window against a plain model: never more than size are let in, those who wait
// are let in first come first served, and no place is lost, whatever is resized or given up.
func TestWindow(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		actions := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 60).Draw(rt, "actions")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 6), 60, 60).Draw(rt, "sizes")
		synctest.Test(t, func(t *testing.T) { playWindow(t, actions, sizes) })
	})
}

// waitingSend is one goroutine in acquire.
type waitingSend struct {
	cancel context.CancelFunc
	done   chan error
}

func playWindow(t *testing.T, actions, sizes []int) {
	var w window
	var queue []waitingSend
	size, used := sizes[0], 0
	w.resize(size)
	for i, a := range actions {
		switch {
		case a == 0:
			size = sizes[i]
			w.resize(size)
		case a == 1 && used > 0:
			used--
			w.release()
		case a == 2 && len(queue) > 0:
			k := sizes[i] % len(queue)
			queue[k].cancel()
			if err := <-queue[k].done; !errors.Is(err, context.Canceled) {
				t.Fatalf("gave up with %v", err)
			}
			queue = append(queue[:k], queue[k+1:]...)
		case a == 3:
			free := used < size && len(queue) == 0
			if got := w.tryAcquire(); got != free {
				t.Fatalf("tryAcquire %v with %d of %d used, %d waiting", got, used, size, len(queue))
			}
			if free {
				used++
			}
		case a > 3:
			ctx, cancel := context.WithCancel(context.Background())
			s := waitingSend{cancel, make(chan error, 1)}
			go func() { s.done <- w.acquire(ctx, nil) }()
			queue = append(queue, s)
		}
		synctest.Wait()
		for used < size && len(queue) > 0 {
			select {
			case err := <-queue[0].done:
				if err != nil {
					t.Fatal(err)
				}
			default:
				t.Fatalf("the first of %d waits with %d of %d used", len(queue), used, size)
			}
			queue[0].cancel()
			queue = queue[1:]
			used++
		}
		for k, s := range queue {
			if len(s.done) != 0 {
				t.Fatalf("number %d was let in with %d of %d used", k, used, size)
			}
		}
		if w.used != used || w.capacity() != size {
			t.Fatalf("%d of %d used, want %d of %d", w.used, w.capacity(), used, size)
		}
	}
	for _, s := range queue {
		s.cancel()
		<-s.done
	}
}

// TestWindowClosing: who waits is told of the end, and a place given at that moment is not lost.
func TestWindowClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w window
		closing := make(chan struct{})
		errs := make(chan error, 2)
		for range cap(errs) {
			go func() { errs <- w.acquire(context.Background(), closing) }()
		}
		synctest.Wait()
		close(closing)
		for range cap(errs) {
			if err := <-errs; !errors.Is(err, ErrClosed) {
				t.Errorf("got %v", err)
			}
		}
		// A canceled context and a free place at once: either is right, and the count agrees.
		w.resize(1)
		for range 200 {
			if !w.tryAcquire() {
				t.Fatal("a place was lost")
			}
			ctx, cancel := context.WithCancel(context.Background())
			go func() { errs <- w.acquire(ctx, nil) }()
			synctest.Wait()
			go cancel()
			w.release()
			if err := <-errs; err == nil {
				w.release()
			}
			cancel()
		}
	})
}

func TestWindowDoesNotAllocate(t *testing.T) {
	var w window
	w.resize(1)
	ctx := context.Background()
	full, released := make(chan struct{}), make(chan struct{})
	go func() {
		for range full {
			w.release()
		}
		close(released)
	}()
	n := testing.AllocsPerRun(1000, func() {
		if err := w.acquire(ctx, nil); err != nil {
			t.Error(err)
		}
		full <- struct{}{}
	})
	close(full)
	<-released
	if n >= 1 {
		t.Errorf("%v allocations an acquire", n)
	}
}
