package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/internal/store"
)

// gate is a flush that waits until it is let through, and notes its batches.
type gate struct {
	open    chan error
	batches [][]int
	ctx     context.Context
}

func newGate() *gate { return &gate{open: make(chan error)} }

func (g *gate) flush(ctx context.Context, items []int) ([]string, error) {
	g.batches, g.ctx = append(g.batches, slices.Clone(items)), ctx
	if err := <-g.open; err != nil {
		return nil, err
	}
	answers := make([]string, len(items))
	for i, n := range items {
		answers[i] = fmt.Sprint("answer ", n)
	}
	return answers, nil
}

type key struct{}

// do calls Do in a goroutine; the answers come in calls.
type answers struct {
	sync.WaitGroup
	text map[int]string
	err  map[int]error
	mu   sync.Mutex
}

func (a *answers) do(ctx context.Context, b *store.Batcher[int, string], item int) {
	if a.text == nil {
		a.text, a.err = map[int]string{}, map[int]error{}
	}
	a.Go(func() {
		text, err := b.Do(ctx, item)
		a.mu.Lock()
		defer a.mu.Unlock()
		a.text[item], a.err[item] = text, err
	})
}

// TestBatcherGroups: what comes while a flush runs forms the next, in order and
// not larger than max; everybody gets his own answer.
func TestBatcherGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := store.NewBatcher(3, g.flush)
		var a answers
		for n := range 6 {
			a.do(t.Context(), b, n)
			synctest.Wait() // a lone call does not wait for company
		}
		for range 3 {
			g.open <- nil
			synctest.Wait()
		}
		a.Wait()
		if want := [][]int{{0}, {1, 2, 3}, {4, 5}}; fmt.Sprint(g.batches) != fmt.Sprint(want) {
			t.Errorf("batches %v, want %v", g.batches, want)
		}
		for n := range 6 {
			if a.text[n] != fmt.Sprint("answer ", n) || a.err[n] != nil {
				t.Errorf("call %d was answered %q, %v", n, a.text[n], a.err[n])
			}
		}
		a.do(t.Context(), b, 7) // after it was idle
		synctest.Wait()
		g.open <- nil
		a.Wait()
		if a.text[7] != "answer 7" {
			t.Errorf("call 7 was answered %q", a.text[7])
		}
	})
}

// TestBatcherError: an error is everybody's of the batch, and nobody else's.
func TestBatcherError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := store.NewBatcher(10, g.flush)
		var a answers
		boom := errors.New("the disk is full")
		for n := range 4 {
			a.do(t.Context(), b, n)
			synctest.Wait()
		}
		g.open <- nil // call 0
		synctest.Wait()
		a.do(t.Context(), b, 4)
		synctest.Wait()
		g.open <- boom // calls 1 to 3
		synctest.Wait()
		g.open <- nil // call 4
		a.Wait()
		for n := range 5 {
			want := error(nil)
			if n >= 1 && n <= 3 {
				want = boom
			}
			if !errors.Is(a.err[n], want) || want != nil && a.text[n] != "" {
				t.Errorf("call %d was answered %q, %v", n, a.text[n], a.err[n])
			}
		}
	})
}

// TestBatcherDoAll: items of one caller stand next to each other, in order, also
// where they need several flushes; each has its own answer.
func TestBatcherDoAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := store.NewBatcher(4, g.flush)
		if results, errs := b.DoAll(t.Context(), nil); len(results)+len(errs) != 0 {
			t.Errorf("nothing is answered with %v, %v", results, errs)
		}
		var a answers
		a.do(t.Context(), b, 0) // is flushed, and holds up the others
		synctest.Wait()
		a.do(t.Context(), b, 1)
		synctest.Wait()
		var results []string
		var errs []error
		a.Go(func() { results, errs = b.DoAll(t.Context(), []int{10, 11, 12, 13, 14}) })
		synctest.Wait()
		a.do(t.Context(), b, 2)
		synctest.Wait()
		boom := errors.New("the disk is full")
		for _, err := range []error{nil, nil, boom} {
			g.open <- err
			synctest.Wait()
		}
		a.Wait()
		if want := "[[0] [1 10 11 12] [13 14 2]]"; fmt.Sprint(g.batches) != want {
			t.Errorf("batches %v, want %v", g.batches, want)
		}
		for i := range 5 {
			failed := i >= 3
			if failed && (!errors.Is(errs[i], boom) || results[i] != "") || !failed && (errs[i] != nil || results[i] != fmt.Sprint("answer ", 10+i)) {
				t.Errorf("item %d was answered %q, %v", i, results[i], errs[i])
			}
		}
		if a.text[1] != "answer 1" || !errors.Is(a.err[2], boom) {
			t.Errorf("the others were answered %v, %v", a.text, a.err)
		}
	})
}

// TestBatcherDoAllCanceled: a caller that gives up knows of none, although some
// have their answer, and all are flushed.
func TestBatcherDoAllCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := store.NewBatcher(2, g.flush)
		ctx, cancel := context.WithCancel(t.Context())
		var results []string
		var errs []error
		var a answers
		a.Go(func() { results, errs = b.DoAll(ctx, []int{1, 2, 3}) })
		synctest.Wait()
		g.open <- nil // 1 and 2
		synctest.Wait()
		cancel()
		a.Wait()
		for i := range 3 {
			if !errors.Is(errs[i], store.ErrCommitUnknown) || results[i] != "" {
				t.Errorf("item %d was answered %q, %v, want ErrCommitUnknown", i, results[i], errs[i])
			}
		}
		g.open <- nil
		synctest.Wait()
		if want := "[[1 2] [3]]"; fmt.Sprint(g.batches) != want {
			t.Errorf("batches %v, want %v", g.batches, want)
		}
	})
}

// TestBatcherCanceled: a caller that gives up learns that nobody knows, its
// item is flushed all the same, and the others are not disturbed.
func TestBatcherCanceled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate()
		b := store.NewBatcher(10, g.flush)
		var a, gone answers
		ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "request 1"))
		gone.do(ctx, b, 1) // flushed at once
		synctest.Wait()
		gone.do(ctx, b, 2) // waits
		a.do(t.Context(), b, 3)
		synctest.Wait()
		cancel()
		gone.Wait()
		for n := 1; n <= 2; n++ {
			if !errors.Is(gone.err[n], store.ErrCommitUnknown) || gone.text[n] != "" {
				t.Errorf("call %d was answered %q, %v, want ErrCommitUnknown", n, gone.text[n], gone.err[n])
			}
		}
		if err := g.ctx.Err(); err != nil {
			t.Errorf("the flush was canceled by one of its callers: %v", err)
		}
		if g.ctx.Value(key{}) != "request 1" {
			t.Error("the flush lost the values of its context")
		}
		g.open <- nil
		synctest.Wait()
		g.open <- nil
		a.Wait()
		if a.text[3] != "answer 3" || fmt.Sprint(g.batches) != "[[1] [2 3]]" && fmt.Sprint(g.batches) != "[[1] [3 2]]" {
			t.Errorf("call 3 was answered %q, %v; batches %v", a.text[3], a.err[3], g.batches)
		}
	})
}

// TestBatcherRace: many callers, each gets his own answer, no batch is too large.
func TestBatcherRace(t *testing.T) {
	const callers, calls, most = 32, 50, 7
	var mu sync.Mutex
	batches := 0
	running := false
	b := store.NewBatcher(most, func(_ context.Context, items []int) ([]int, error) {
		mu.Lock()
		if running || len(items) == 0 || len(items) > most {
			t.Errorf("a batch of %d, another runs: %v", len(items), running)
		}
		running = true
		batches++
		mu.Unlock()
		answers := make([]int, len(items))
		for i, n := range items {
			answers[i] = -n
		}
		mu.Lock()
		running = false
		mu.Unlock()
		return answers, nil
	})
	var group sync.WaitGroup
	for i := range callers {
		group.Go(func() {
			for j := range calls {
				n := i*calls + j
				if j%5 == 0 {
					got, errs := b.DoAll(t.Context(), []int{n, n + 1<<20, n + 2<<20})
					if got[0] != -n || got[2] != -n-2<<20 || errors.Join(errs...) != nil {
						t.Errorf("calls from %d on were answered %d, %v", n, got, errs)
					}
					continue
				}
				if got, err := b.Do(t.Context(), n); err != nil || got != -n {
					t.Errorf("call %d was answered %d, %v", n, got, err)
				}
			}
		})
	}
	group.Wait()
	const items = callers * (calls + 2*calls/5)
	if batches < items/most || batches > items {
		t.Errorf("%d batches for %d calls", batches, items)
	}
}
