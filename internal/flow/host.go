package flow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

const (
	// readyWait is how long a changed connector may take to come up before the
	// old one is closed all the same.
	readyWait = 10 * time.Second
	// drainWait is how long a connector may wait for answers when it is closed.
	drainWait = 10 * time.Second
)

// ConnectorState is what an operator sees of a running connector.
type ConnectorState struct {
	ID       int64
	Name     string
	Protocol string
	Link     connect.Link
	Waiting  int   // claimed, not yet handed to the connector
	Open     int64 // claimed, outcome not yet recorded
}

// host runs one sender for each enabled connector of the catalog, and replaces
// it when its configuration changes.
type host struct {
	flow   *Flow
	change bell

	mu      sync.Mutex
	loops   bool // senders run loops of their own; otherwise Step calls them
	running map[int64]*sender
	closing sync.WaitGroup

	byRoute atomic.Pointer[map[int64][]*sender] // whom to wake
}

func newHost(f *Flow) *host {
	h := &host{flow: f, change: newBell(), running: map[int64]*sender{}}
	h.byRoute.Store(&map[int64][]*sender{})
	return h
}

// run keeps the senders in step with the catalog until ctx ends, then closes
// them, waiting for answers no longer than drainWait and hard.
func (h *host) run(ctx, hard context.Context) {
	h.mu.Lock()
	h.loops = true
	h.mu.Unlock()
	h.change.ring()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-h.change:
			h.reconcile(hard)
		}
	}
	h.mu.Lock()
	for id, s := range h.running {
		delete(h.running, id)
		h.retire(hard, s, nil)
	}
	h.mu.Unlock()
	h.closing.Wait()
}

// reconcile starts, replaces and stops senders. A changed connector is ready,
// or has had readyWait, before the old one drains.
func (h *host) reconcile(hard context.Context) {
	cat := h.flow.Catalog()
	h.mu.Lock()
	defer h.mu.Unlock()
	for id, s := range h.running {
		noun := cat.Connector(id)
		switch {
		case noun == nil || !noun.Enabled:
			delete(h.running, id)
			h.retire(hard, s, nil)
		case noun.Version != s.noun.Version:
			if next := h.start(hard, noun); next != nil {
				h.running[id] = next
				h.retire(hard, s, next)
			}
		}
	}
	for _, noun := range cat.Connectors() {
		if noun.Enabled && h.running[noun.ID] == nil {
			if s := h.start(hard, noun); s != nil {
				h.running[noun.ID] = s
			}
		}
	}
	h.index(cat)
}

// start builds and connects a sender; nil when its settings cannot work, which
// leaves the one before it running.
func (h *host) start(hard context.Context, noun *sms.Connector) *sender {
	s := newSender(h, noun)
	plugin, ok := h.flow.Plugins[noun.Protocol]
	if !ok {
		h.flow.Log.Error("connector has a protocol that this binary does not have", "connector", noun.Name, "protocol", noun.Protocol)
		return nil
	}
	link, err := plugin.New(noun, s)
	if err == nil {
		s.link = link
		err = link.Connect(hard)
	}
	if err != nil {
		h.flow.Log.Error("connector cannot start", "connector", noun.Name, "err", err)
		return nil
	}
	if h.loops {
		s.start(hard)
	}
	return s
}

// retire drains and closes s in the background, after next is up where there is one.
func (h *host) retire(hard context.Context, s, next *sender) {
	h.closing.Go(func() {
		if next != nil {
			wait, stop := context.WithTimeout(hard, readyWait)
			next.waitUp(wait)
			stop()
			s.replaced.Store(true)
		}
		s.stop(hard)
	})
}

// index rebuilds the lists of whom to wake for a route.
func (h *host) index(cat *sms.Catalog) {
	byRoute := map[int64][]*sender{}
	for _, r := range cat.Routes() {
		for _, rc := range r.Connectors {
			if s := h.running[rc.ID]; s != nil {
				byRoute[r.ID] = append(byRoute[r.ID], s)
			}
		}
	}
	h.byRoute.Store(&byRoute)
	for _, s := range h.running {
		s.fillBell.ring()
	}
}

func (h *host) wakeRoute(route int64) {
	for _, s := range (*h.byRoute.Load())[route] {
		s.fillBell.ring()
	}
}

// wakeAll is for a change of who is up.
func (h *host) wakeAll() {
	for _, list := range *h.byRoute.Load() {
		for _, s := range list {
			s.fillBell.ring()
		}
	}
}

// share is a route that a connector may claim from, and how.
type share struct {
	route        *sms.Route
	alone, spill bool
}

// shares says what the connector may claim: all of a route while it is among
// its best connectors that are up, otherwise what spills over.
func (h *host) shares(id int64) []share {
	var list []share
	byRoute := *h.byRoute.Load()
	cat := h.flow.Catalog()
	for routeID, senders := range byRoute {
		route := cat.Route(routeID)
		if route == nil || !route.Enabled {
			continue
		}
		mine, best, up := 0, int(^uint(0)>>1), 0
		found := false
		for _, s := range senders {
			prio := priority(route, s.noun.ID)
			if s.noun.ID == id {
				mine, found = prio, true
			} else if !s.up.Load() {
				continue
			}
			up++
			best = min(best, prio)
		}
		if found {
			list = append(list, share{route: route, alone: up == 1, spill: mine > best})
		}
	}
	return list
}

func priority(r *sms.Route, connector int64) int {
	for _, rc := range r.Connectors {
		if rc.ID == connector {
			return rc.Priority
		}
	}
	return 0
}

func (h *host) states() []ConnectorState {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]ConnectorState, 0, len(h.running))
	for _, noun := range h.flow.Catalog().Connectors() {
		if s := h.running[noun.ID]; s != nil {
			list = append(list, s.state())
		}
	}
	return list
}
