package smppc

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/harkara/harkara/internal/connect"
)

func take(t *testing.T, p *pool) *link {
	t.Helper()
	l, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestPoolSpreads(t *testing.T) {
	p, a, b := &pool{window: 3}, &link{}, &link{}
	p.add(a)
	take(t, p)
	take(t, p)
	p.add(b)
	for range 4 {
		take(t, p)
	}
	if a.open != 3 || b.open != 3 {
		t.Errorf("open %d and %d, want 3 and 3", a.open, b.open)
	}
	p.release(b)
	if l := take(t, p); l != b {
		t.Error("the fuller link was taken")
	}
	if p.up() != 2 {
		t.Errorf("%d up", p.up())
	}
}

func TestPoolFirstComeFirstServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := &pool{window: 1}, &link{}
		p.add(l)
		take(t, p)
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				take(t, p)
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
			})
			synctest.Wait() // it waits in the queue now
		}
		for range 5 {
			p.release(l)
			synctest.Wait()
		}
		wg.Wait()
		for i, got := range order {
			if got != i {
				t.Fatalf("served in the order %v", order)
			}
		}
		if l.open != 1 {
			t.Errorf("%d places are taken, want the last one's", l.open)
		}
	})
}

func TestPoolEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := &pool{window: 1}, &link{}
		if _, err := p.take(t.Context()); !errors.Is(err, connect.ErrDown) {
			t.Errorf("an empty pool: %v", err)
		}
		waits := func(end func()) error {
			got := make(chan error, 1)
			go func() {
				_, err := p.take(t.Context())
				got <- err
			}()
			synctest.Wait() // it waits in the queue now
			end()
			return <-got
		}
		p.add(l)
		take(t, p)
		if err := waits(func() { p.remove(l) }); !errors.Is(err, connect.ErrDown) {
			t.Errorf("the last link was removed: %v", err)
		}
		if p.remove(l) {
			t.Error("removed twice")
		}
		p.release(l)
		if l.open != 0 {
			t.Errorf("%d places are taken on a link out of use", l.open)
		}
		p.add(l)
		take(t, p)
		if err := waits(func() { p.close() }); !errors.Is(err, connect.ErrClosed) {
			t.Errorf("the pool was closed: %v", err)
		}
		p.add(&link{})
		if _, err := p.take(t.Context()); !errors.Is(err, connect.ErrClosed) {
			t.Errorf("a closed pool: %v", err)
		}
	})
}

func TestPoolNewLinkServesWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pool{window: 2}
		p.add(&link{open: 2})
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() { take(t, p) })
		}
		synctest.Wait()
		b := &link{}
		p.add(b)
		synctest.Wait()
		if b.open != 2 || len(p.waiting) != 1 {
			t.Errorf("the new link has %d, and %d wait; want 2 and 1", b.open, len(p.waiting))
		}
		p.release(b)
		wg.Wait()
	})
}

func TestPoolResize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := &pool{window: 1}, &link{}
		p.add(l)
		take(t, p)
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { take(t, p) })
			synctest.Wait() // it waits in the queue now
		}
		p.resize(4)
		if synctest.Wait(); l.open != 4 || len(p.waiting) != 2 {
			t.Errorf("grown to 4: %d are taken, %d wait", l.open, len(p.waiting))
		}
		p.resize(2)
		p.release(l)
		p.release(l)
		if synctest.Wait(); l.open != 2 || len(p.waiting) != 2 {
			t.Errorf("shrunk to 2, two given back: %d are taken, %d wait", l.open, len(p.waiting))
		}
		p.release(l)
		p.release(l)
		wg.Wait()
		if l.open != 2 || len(p.waiting) != 0 {
			t.Errorf("two more given back: %d are taken, %d wait", l.open, len(p.waiting))
		}
	})
}

// Places are neither lost nor made, whatever ends when.
func TestPoolUnderLoad(t *testing.T) {
	p := &pool{window: 3}
	links := []*link{{}, {}}
	for _, l := range links {
		p.add(l)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 300 {
				ctx, cancel := context.WithCancel(t.Context())
				go cancel() // sometimes before there is a place, sometimes after
				l, err := p.take(ctx)
				if err == nil {
					if i%50 == 0 && p.remove(l) {
						p.add(l)
					}
					p.release(l)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	for _, l := range links {
		if l.open != 0 {
			t.Errorf("%d places are still taken", l.open)
		}
	}
	if len(p.waiting) != 0 {
		t.Errorf("%d still wait", len(p.waiting))
	}
}
