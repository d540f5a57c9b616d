package flow

import (
	"context"
	"slices"
	"time"
)

// Step does once, in a fixed order and on the caller's goroutine, what Work and
// Record do in loops: the configuration, each sender in order of its id, the
// outcomes, the clock. It returns when something will be due (zero: nothing
// known). A Flow is either stepped, as by the simulation, which replays a seed
// exactly, or it works; never both.
func (f *Flow) Step(ctx context.Context, now time.Time) (time.Time, error) {
	if _, err := f.watcher.step(ctx, now); err != nil {
		return now, err
	}
	select {
	case <-f.host.change:
		f.host.reconcile(ctx)
	default:
	}
	var next time.Time
	for _, do := range f.steps() {
		at, err := do(ctx, now)
		if err != nil {
			return now, err
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, f.recorder.drain(ctx)
}

func (f *Flow) steps() []step {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	ids := make([]int64, 0, len(f.host.running))
	for id := range f.host.running {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var list []step
	for _, id := range ids {
		list = append(list, f.host.running[id].fill, f.host.running[id].drain)
	}
	return append(list, f.recorder.step, f.keeper.step)
}

// Stop ends a stepped Flow in order, as the end of Work and Record does.
func (f *Flow) Stop(ctx context.Context) error {
	ended, end := context.WithCancel(ctx)
	end()
	f.host.run(ended, ctx)
	return f.recorder.drain(ctx)
}
