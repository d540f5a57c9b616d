package flow

import (
	"context"
	"errors"
	"time"
)

// Step does once, in a fixed order and on the caller's goroutine, what Work and
// Record do in loops: the configuration, each sender in order of its id, the
// outcomes, the clock. It returns when something will be due (zero: nothing
// known). As with the loops, one that fails does not keep the others from their
// work. A Flow is either stepped, as by the simulation, which replays a seed
// exactly, or it works; never both.
func (f *Flow) Step(ctx context.Context, now time.Time) (next time.Time, err error) {
	var errs []error
	do := func(s step) {
		at, err := s(ctx, now)
		next, errs = sooner(next, at), append(errs, err)
	}
	do(f.watcher.step)
	if f.host.change.rung() {
		f.host.reconcile(ctx, ctx, now)
	}
	do(f.host.stepLeavers)
	for _, s := range f.host.senders() {
		do(s.fill)
		do(s.drain)
		if s.asks != nil {
			do(s.asks.step)
		}
	}
	do(f.keeper.step)
	errs = append(errs, f.recorder.drain(ctx))
	if f.rung() {
		next = now
	}
	return next, errors.Join(errs...)
}

// rung says whether any step has reason to be called again at once.
func (f *Flow) rung() bool {
	any := f.keeper.wake.rung() || len(f.host.change) > 0
	for _, s := range f.host.senders() {
		fill, drain := s.fillBell.rung(), s.drainBell.rung()
		any = any || fill || drain
	}
	return any
}

// Stop ends a stepped Flow in order, as the end of Work and Record does, but
// waits for nothing: submissions without an answer are of unknown outcome.
func (f *Flow) Stop(ctx context.Context) error {
	for _, s := range f.host.senders() {
		s.leave(f.Now())
		s.cut()
	}
	return f.recorder.drain(ctx)
}

// senders are those of a stepped Flow, the leaving ones first.
func (h *host) senders() []*sender {
	h.mu.Lock()
	defer h.mu.Unlock()
	var list []*sender
	for _, l := range h.leaving {
		list = append(list, l.sender)
	}
	for _, id := range h.ids() {
		list = append(list, h.running[id])
	}
	return list
}

// leaver is a sender of a stepped Flow on its way out. It does in steps what
// retire does in the background.
type leaver struct {
	*sender
	next  *sender   // its successor, or nil
	until time.Time // of the present wait
}

// stepLeavers moves each leaver on: it waits for its successor, then for its
// answers, then its link is closed.
func (h *host) stepLeavers(_ context.Context, now time.Time) (next time.Time, err error) {
	h.mu.Lock()
	leaving := h.leaving
	h.leaving = nil
	h.mu.Unlock()
	var stay []*leaver
	for _, l := range leaving {
		if l.step(now) {
			stay = append(stay, l)
			next = sooner(next, l.until)
		}
	}
	h.mu.Lock()
	h.leaving = append(stay, h.leaving...)
	h.mu.Unlock()
	return next, nil
}

// step says whether the leaver is still there.
func (l *leaver) step(now time.Time) bool {
	if !l.stopping.Load() {
		if l.next != nil && !l.next.wasUp() && now.Before(l.until) {
			return true
		}
		l.replaced.Store(l.next != nil)
		l.leave(now)
		l.until = now.Add(drainWait)
	}
	if l.open.Load() > 0 && now.Before(l.until) {
		return true
	}
	l.cut()
	return false
}

// leave ends claiming and hands back what was not written.
func (s *sender) leave(now time.Time) {
	s.stopping.Store(true)
	s.handBack(now)
}

// cut closes the link without waiting for answers.
func (s *sender) cut() {
	ctx, end := context.WithCancel(context.Background())
	end()
	if err := s.link.Close(ctx); err != nil {
		s.flow.Log.Warn("connector did not close cleanly", "connector", s.noun().Name, "err", err)
	}
}
