package smppc

import (
	"context"
	"sync"

	"github.com/harkara/harkara/smpp"
)

// delivery is one request of the operator, read, that waits for its commit.
type delivery[T any] struct {
	what      T
	responder smpp.Responder
	quiet     bool // nobody waits for an answer
}

// deliveries carries receipts, or inbound messages, to the Sink in slices:
// whatever arrived while the last call was committing. Each is answered on the
// wire only when the call returned: with success after nil, else with a status
// that asks the operator to deliver again.
//
// It is bounded by max_inbound of the sessions, which refuse more; put never
// blocks.
type deliveries[T any] struct {
	sink   func(context.Context, []T) error
	refuse smpp.Status
	failed func(n int, err error)

	mu    sync.Mutex
	queue []delivery[T]
	ended bool
	wake  chan struct{} // one element: there is something to do
	done  chan struct{} // closed when run is through
}

// mostDeliveries bounds one call of the Sink, and so one transaction.
const mostDeliveries = 1000

func newDeliveries[T any](sink func(context.Context, []T) error, refuse smpp.Status, failed func(int, error)) *deliveries[T] {
	return &deliveries[T]{sink: sink, refuse: refuse, failed: failed, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// put queues one; false when nothing is taken any more.
func (d *deliveries[T]) put(what T, r smpp.Responder) bool {
	return d.add(delivery[T]{what: what, responder: r})
}

// putQuiet queues what came as an answer to a question of ours, which nobody
// acknowledges: if it cannot be stored it is lost, and asked for again.
func (d *deliveries[T]) putQuiet(what T) { d.add(delivery[T]{what: what, quiet: true}) }

func (d *deliveries[T]) add(one delivery[T]) bool {
	d.mu.Lock()
	if d.ended {
		d.mu.Unlock()
		return false
	}
	d.queue = append(d.queue, one)
	first := len(d.queue) == 1
	d.mu.Unlock()
	if first {
		d.signal()
	}
	return true
}

func (d *deliveries[T]) signal() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run hands over until end was called and the queue is empty. ctx ends a call of
// the Sink that takes too long to wait for at the end.
func (d *deliveries[T]) run(ctx context.Context) {
	defer close(d.done)
	for {
		batch, ended := d.next()
		if len(batch) == 0 {
			if ended {
				return
			}
			<-d.wake
			continue
		}
		whats := make([]T, len(batch)) // the Sink may keep it
		for i := range batch {
			whats[i] = batch[i].what
		}
		status := smpp.StatusOK
		err := ctx.Err()
		if err == nil {
			err = d.sink(ctx, whats)
		}
		if err != nil {
			status = d.refuse
			d.failed(len(batch), err)
		}
		for i := range batch {
			if !batch[i].quiet {
				// It fails when the link is gone: the operator then delivers again.
				_ = batch[i].responder.Respond(status, nil)
			}
		}
	}
}

// next takes what is queued, at most mostDeliveries.
func (d *deliveries[T]) next() (batch []delivery[T], ended bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	batch = d.queue
	if len(batch) > mostDeliveries {
		batch = batch[:mostDeliveries:mostDeliveries]
	}
	d.queue = d.queue[len(batch):]
	if len(d.queue) == 0 {
		d.queue = nil
	}
	return batch, d.ended
}

// refuseNew takes nothing more; what is queued is still handed over.
func (d *deliveries[T]) refuseNew() {
	d.mu.Lock()
	d.ended = true
	d.mu.Unlock()
	d.signal()
}
