package smpp

import (
	"context"
	"sync"
)

// window counts the requests in flight and makes further ones wait, first come first served. Its size
// may change while it is in use. Its zero value has size 0: nothing may pass.
type window struct {
	mu          sync.Mutex
	size, used  int
	first, last *ticket // who waits, oldest first
	free        *ticket // for the next to wait, linked by next: a wait seldom allocates
}

// ticket is one goroutine that waits for a place.
type ticket struct {
	ready      chan struct{} // holds one element when the place has been given
	granted    bool
	prev, next *ticket
}

// tryAcquire takes a place if one is free and nobody waits for it.
func (w *window) tryAcquire() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.used >= w.size || w.first != nil {
		return false
	}
	w.used++
	return true
}

// acquire takes a place, and waits for one until ctx ends (ctx's error) or closing is closed (ErrClosed).
func (w *window) acquire(ctx context.Context, closing <-chan struct{}) error {
	w.mu.Lock()
	if w.used < w.size && w.first == nil {
		w.used++
		w.mu.Unlock()
		return nil
	}
	t := w.queueLocked()
	w.mu.Unlock()

	var err error
	select {
	case <-t.ready:
	case <-ctx.Done():
		err = ctx.Err()
	case <-closing:
		err = ErrClosed
	}
	w.mu.Lock()
	switch {
	case err == nil:
	case t.granted: // meanwhile: the place goes to the next
		<-t.ready
		w.used--
		w.admitLocked()
	default:
		w.removeLocked(t)
	}
	t.granted, t.next, w.free = false, w.free, t
	w.mu.Unlock()
	return err
}

// release gives a place back.
func (w *window) release() {
	w.mu.Lock()
	w.used--
	if w.first != nil {
		w.admitLocked()
	}
	w.mu.Unlock()
}

// resize changes the number of places. Places taken beyond a smaller size are given back as their
// requests end; a greater size lets waiting ones in at once.
func (w *window) resize(n int) {
	w.mu.Lock()
	w.size = n
	w.admitLocked()
	w.mu.Unlock()
}

// capacity is the number of places.
func (w *window) capacity() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.size
}

// admitLocked gives free places to who waits longest.
func (w *window) admitLocked() {
	for w.used < w.size && w.first != nil {
		t := w.first
		w.removeLocked(t)
		w.used++
		t.granted = true
		t.ready <- struct{}{} // has room
	}
}

// queueLocked puts a ticket at the end of the queue.
func (w *window) queueLocked() *ticket {
	t := w.free
	if t == nil {
		t = &ticket{ready: make(chan struct{}, 1)}
	} else {
		w.free = t.next
	}
	t.prev, t.next = w.last, nil
	if w.last != nil {
		w.last.next = t
	} else {
		w.first = t
	}
	w.last = t
	return t
}

func (w *window) removeLocked(t *ticket) {
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		w.first = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		w.last = t.prev
	}
	t.prev, t.next = nil, nil
}
