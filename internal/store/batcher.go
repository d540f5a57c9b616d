package store

import (
	"context"
	"runtime"
	"sync"
)

// Batcher turns concurrent single calls into slices for a verb: what arrives
// while one flush runs forms the next. It never waits on a timer, so a lone
// call is not delayed, and under load one commit serves many callers.
type Batcher[T, R any] struct {
	flush func(context.Context, []T) ([]R, error)
	max   int

	mu      sync.Mutex
	waiting []*pending[T, R]
	busy    bool
}

type pending[T, R any] struct {
	item T
	res  R
	err  error
	done chan struct{}
}

// NewBatcher makes a batcher of at most max items a flush. flush answers in
// the order of its items; its context is never canceled by a caller that gave
// up, since other callers share the flush.
func NewBatcher[T, R any](max int, flush func(context.Context, []T) ([]R, error)) *Batcher[T, R] {
	return &Batcher[T, R]{flush: flush, max: max}
}

// Do adds item to the next flush and waits for its answer. When ctx ends first
// the item may still be written: that is ErrCommitUnknown for the caller.
func (b *Batcher[T, R]) Do(ctx context.Context, item T) (R, error) {
	p := &pending[T, R]{item: item, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, p)
	if !b.busy {
		b.busy = true
		go b.run(context.WithoutCancel(ctx))
	}
	b.mu.Unlock()
	select {
	case <-p.done:
		return p.res, p.err
	case <-ctx.Done():
		var none R
		return none, ErrCommitUnknown
	}
}

// run flushes until nothing waits.
func (b *Batcher[T, R]) run(ctx context.Context) {
	for {
		// Callers that can run now join this flush: under load that makes fewer
		// and fuller commits, and it costs a lone caller nothing.
		runtime.Gosched()
		b.mu.Lock()
		batch := b.waiting
		if len(batch) == 0 {
			b.busy = false
			b.mu.Unlock()
			return
		}
		n := min(len(batch), b.max)
		b.waiting = batch[n:]
		if n == len(batch) {
			b.waiting = nil
		}
		b.mu.Unlock()
		b.answer(ctx, batch[:n])
	}
}

func (b *Batcher[T, R]) answer(ctx context.Context, batch []*pending[T, R]) {
	items := make([]T, len(batch))
	for i, p := range batch {
		items[i] = p.item
	}
	results, err := b.flush(ctx, items)
	for i, p := range batch {
		if p.err = err; err == nil {
			p.res = results[i]
		}
		close(p.done)
	}
}
