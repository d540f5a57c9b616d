package flow

import (
	"context"
	"maps"
	"slices"
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
	// letGo is how much longer a connector that ignores the end of its context
	// may take before it is left behind.
	letGo = 2 * time.Second
)

// ConnectorState is what an operator sees of a running connector.
type ConnectorState struct {
	ID       int64
	Name     string
	Protocol string
	Mode     sms.ConnectorMode
	Link     connect.Link
	Waiting  int   // claimed, not yet handed to the connector
	Open     int64 // claimed, outcome not yet recorded
}

// host runs one sender for each enabled connector of the catalog. When its
// configuration changes the sender is adjusted, or replaced where that is not
// possible.
type host struct {
	flow   *Flow
	change bell

	mu      sync.Mutex
	loops   bool // senders run loops of their own; otherwise Step calls them
	running map[int64]*sender
	leaving []*leaver      // of a stepped Flow
	closing sync.WaitGroup // of a working one

	questions map[int64]*questions // by connector; also of one that does not run at present

	roster atomic.Pointer[roster]
}

func newHost(f *Flow) *host {
	h := &host{flow: f, change: newBell(), running: map[int64]*sender{}, questions: map[int64]*questions{}}
	h.roster.Store(newRoster(f.Catalog(), nil))
	h.change.ring()
	return h
}

// run keeps the senders in step with the catalog until ctx ends, then closes
// them, waiting for answers no longer than drainWait and hard.
func (h *host) run(ctx, hard context.Context) {
	h.mu.Lock()
	h.loops = true
	h.mu.Unlock()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-h.change:
			h.reconcile(ctx, hard, h.flow.Now())
		}
	}
	h.mu.Lock()
	for id, s := range h.running {
		delete(h.running, id)
		h.retire(ctx, hard, s, nil, h.flow.Now())
	}
	h.mu.Unlock()
	h.closing.Wait()
}

// reconcile starts, adjusts, replaces and stops senders. A changed connector is ready,
// or has had readyWait, before the old one drains.
func (h *host) reconcile(ctx, hard context.Context, now time.Time) {
	cat := h.flow.Catalog()
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range h.ids() {
		s, noun := h.running[id], cat.Connector(id)
		switch {
		case noun == nil || !noun.Enabled:
			delete(h.running, id)
			h.retire(ctx, hard, s, nil, now)
		case noun.Version == s.noun().Version || s.adjust(noun, now):
		default:
			if next := h.start(hard, noun); next != nil {
				h.running[id] = next
				h.retire(ctx, hard, s, next, now)
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
	maps.DeleteFunc(h.questions, func(id int64, _ *questions) bool { return cat.Connector(id) == nil })
	h.roster.Store(newRoster(cat, h.running))
	for _, s := range h.running {
		s.fillBell.ring()
		s.drainBell.ring()
	}
}

// ids of the running senders, in order. The lock is held.
func (h *host) ids() []int64 {
	ids := make([]int64, 0, len(h.running))
	for id := range h.running {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
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
		if q, ok := link.(connect.Querier); ok {
			s.asks = h.newAsker(s, q)
		}
		err = link.Connect(hard)
	}
	if err != nil {
		h.flow.Log.Error("connector cannot start", "connector", noun.Name, "err", err)
		return nil
	}
	if s.stepped = !h.loops; h.loops {
		s.start(hard)
	}
	return s
}

// retire drains and closes s in the background, after next is up where there is
// one; when ctx ends, which is the end of the work, it is not waited for.
func (h *host) retire(ctx, hard context.Context, s, next *sender, now time.Time) {
	if !h.loops {
		h.leaving = append(h.leaving, &leaver{sender: s, next: next, until: now.Add(readyWait)})
		return
	}
	h.closing.Go(func() {
		if next != nil {
			wait, stop := context.WithTimeout(ctx, readyWait)
			next.waitUp(wait)
			stop()
			s.replaced.Store(true)
		}
		s.stop(hard)
	})
}

func (h *host) wakeRoute(route int64) {
	for _, s := range h.roster.Load().routes[route].senders() {
		s.fillBell.ring()
	}
}

// wakeAll is for a change of who is up.
func (h *host) wakeAll() {
	for _, p := range h.roster.Load().routes {
		for _, s := range p.senders() {
			s.fillBell.ring()
		}
	}
}

func (h *host) states() []ConnectorState {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]ConnectorState, 0, len(h.running))
	for _, id := range h.ids() {
		list = append(list, h.running[id].state())
	}
	return list
}
