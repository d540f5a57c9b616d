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

// pending is one item, and round those of one caller: Do allocates both in one.
type pending[T, R any] struct {
	item  T
	res   R
	err   error
	round *round
}

type round struct {
	left int // items without an answer; run's own, once they wait
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
	var one struct {
		pending[T, R]
		all round
	}
	one.item, one.round, one.all = item, &one.all, round{left: 1, done: make(chan struct{})}
	b.mu.Lock()
	b.waiting = append(b.waiting, &one.pending)
	b.start(ctx)
	b.mu.Unlock()
	if !one.all.wait(ctx) {
		var none R
		return none, ErrCommitUnknown
	}
	return one.res, one.err
}

// DoAll is Do for several items. They stand next to each other in the flush, in
// their order, unless there are more than fit into one. results and errs stand
// in that order too. When ctx ends first, all are ErrCommitUnknown.
func (b *Batcher[T, R]) DoAll(ctx context.Context, items []T) (results []R, errs []error) {
	results, errs = make([]R, len(items)), make([]error, len(items))
	if len(items) == 0 {
		return results, errs
	}
	all := &round{left: len(items), done: make(chan struct{})}
	list := make([]pending[T, R], len(items))
	b.mu.Lock()
	for i := range list {
		list[i].item, list[i].round = items[i], all
		b.waiting = append(b.waiting, &list[i])
	}
	b.start(ctx)
	b.mu.Unlock()
	answered := all.wait(ctx)
	for i := range list {
		if errs[i] = ErrCommitUnknown; answered {
			results[i], errs[i] = list[i].res, list[i].err
		}
	}
	return results, errs
}

// start flushes if nobody does. The lock is held.
func (b *Batcher[T, R]) start(ctx context.Context) {
	if !b.busy {
		b.busy = true
		go b.run(context.WithoutCancel(ctx))
	}
}

// wait says whether all have their answer.
func (r *round) wait(ctx context.Context) bool {
	select {
	case <-r.done:
		return true
	case <-ctx.Done():
		return false
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
		if p.round.left--; p.round.left == 0 {
			close(p.round.done)
		}
	}
}
