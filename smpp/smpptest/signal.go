package smpptest

import (
	"context"
	"sync"
)

// signal wakes goroutines that wait for a condition on counters. Its zero value is ready.
type signal struct {
	mu sync.Mutex
	ch chan struct{} // nil while nobody waits
}

// touch says that something has changed.
func (s *signal) touch() {
	s.mu.Lock()
	if s.ch != nil {
		close(s.ch)
		s.ch = nil
	}
	s.mu.Unlock()
}

// wait returns when cond is true; it looks at every touch.
func (s *signal) wait(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		if s.ch == nil {
			s.ch = make(chan struct{})
		}
		changed := s.ch
		s.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
