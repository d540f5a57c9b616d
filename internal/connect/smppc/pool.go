package smppc

import (
	"context"
	"sync"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/smpp"
)

// link is a bound session that can submit.
type link struct {
	session *smpp.Session
	open    int  // places of its window that are taken; pool.mu
	usable  bool // pool.mu
}

// pool spreads submissions over the links that are up: each goes to the one with
// the fewest unanswered. Who finds all windows full waits, first come first
// served, and gets the next place that becomes free on any link.
type pool struct {
	spare sync.Pool // of waiters

	mu      sync.Mutex
	window  int // of each link
	links   []*link
	waiting []*waiter
	out     int           // places taken, of all links, also of those out of use
	idle    chan struct{} // made by close; closed when no place is taken any more
	closed  bool
}

// waiter is a Send without a place. It is told at most once: a link, or nil when
// there is nothing left to wait for.
type waiter struct{ told chan *link }

// take gets a place in the window of a link, which release gives back.
func (p *pool) take(ctx context.Context) (*link, error) {
	p.mu.Lock()
	if l, err := p.tryTake(); l != nil || err != nil {
		p.mu.Unlock()
		return l, err
	}
	w, ok := p.spare.Get().(*waiter)
	if !ok {
		w = &waiter{told: make(chan *link, 1)}
	}
	defer p.spare.Put(w) // by then nobody else knows it
	p.waiting = append(p.waiting, w)
	p.mu.Unlock()
	select {
	case l := <-w.told:
		return p.granted(l)
	case <-ctx.Done():
	}
	p.mu.Lock()
	for i, have := range p.waiting {
		if have == w {
			p.waiting = append(p.waiting[:i], p.waiting[i+1:]...)
			p.mu.Unlock()
			return nil, ctx.Err()
		}
	}
	p.mu.Unlock()
	if l := <-w.told; l != nil { // at the very moment the context ended
		p.release(l)
	}
	return nil, ctx.Err()
}

func (p *pool) granted(l *link) (*link, error) {
	if l != nil {
		return l, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, connect.ErrClosed
	}
	return nil, connect.ErrDown
}

// tryTake gives a place if there is one now; nil and nil means wait. The lock is
// held.
func (p *pool) tryTake() (*link, error) {
	switch {
	case p.closed:
		return nil, connect.ErrClosed
	case len(p.links) == 0:
		return nil, connect.ErrDown
	}
	best := p.links[0]
	for _, l := range p.links[1:] {
		if l.open < best.open {
			best = l
		}
	}
	if best.open >= p.window {
		return nil, nil
	}
	best.open++
	p.out++
	return best, nil
}

// release gives a place back, or hands it to who waits longest.
func (p *pool) release(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.usable && len(p.waiting) > 0 && l.open <= p.window {
		p.tell(l)
		return
	}
	l.open--
	if p.out--; p.closed && p.out == 0 {
		close(p.idle)
	}
}

// resize changes the window of each link. Places beyond a smaller one are not
// given out again; new ones go to who waits.
func (p *pool) resize(window int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.window = window
	for _, l := range p.links {
		p.fill(l)
	}
}

// tell wakes the first waiter. The lock is held.
func (p *pool) tell(l *link) {
	w := p.waiting[0]
	p.waiting[0] = nil
	p.waiting = p.waiting[1:]
	w.told <- l
}

// add brings a link into use.
func (p *pool) add(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	l.usable = true
	p.links = append(p.links, l)
	p.fill(l)
}

// fill gives the free places of a link to who waits. The lock is held.
func (p *pool) fill(l *link) {
	for len(p.waiting) > 0 && l.open < p.window {
		l.open++
		p.out++
		p.tell(l)
	}
}

// remove takes a link out of use; false when it was not in use. Its unanswered
// submissions go on.
func (p *pool) remove(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !l.usable {
		return false
	}
	l.usable = false
	for i, have := range p.links {
		if have == l {
			p.links = append(p.links[:i], p.links[i+1:]...)
			break
		}
	}
	if len(p.links) == 0 {
		p.wakeAll()
	}
	return true
}

// close refuses all further use. The channel is closed when every place that was
// taken has been given back.
func (p *pool) close() (idle <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed, p.idle = true, make(chan struct{})
	if p.out == 0 {
		close(p.idle)
	}
	for _, l := range p.links {
		l.usable = false
	}
	p.links = nil
	p.wakeAll()
	return p.idle
}

func (p *pool) wakeAll() {
	for len(p.waiting) > 0 {
		p.tell(nil)
	}
}

// up counts the links in use.
func (p *pool) up() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}
