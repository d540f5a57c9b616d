package smppc

import (
	"sync"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// outcomes carries verdicts to the Sink in slices: while the Sink takes one, the
// next gathers. Nothing waits for a slice to fill.
//
// When the Sink is slow, the place in the window of a submission is given back
// only when the Sink has its outcome. So what waits here is bounded, and a slow
// Sink slows the sending down.
type outcomes struct {
	sink    connect.Sink
	release func(*link)

	handing sync.Mutex // held while a slice is handed over
	mu      sync.Mutex
	most    int // outcomes that may wait without holding their place
	queue   []sms.Outcome
	held    []*link // places that are given back with the queue
	ended   bool
	wake    chan struct{} // one element: the flusher has something to do
	done    chan struct{} // closed when the flusher is through
}

// startBatch is the room of the first slice; later ones are as large as the one before.
const startBatch = 64

func newOutcomes(sink connect.Sink, release func(*link), most int) *outcomes {
	return &outcomes{sink: sink, release: release, most: most,
		wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// add queues an outcome. l is the link whose place it frees, nil for none. It
// does not block. It is false, and nothing is queued, after end.
func (o *outcomes) add(out sms.Outcome, l *link) bool {
	o.mu.Lock()
	if o.ended {
		o.mu.Unlock()
		return false
	}
	o.queue = append(o.queue, out)
	first := len(o.queue) == 1
	if l != nil && len(o.queue) > o.most {
		o.held = append(o.held, l)
		l = nil
	}
	o.mu.Unlock()
	if first {
		o.signal()
	}
	if l != nil {
		o.release(l)
	}
	return true
}

// resize changes how many may wait without holding their place.
func (o *outcomes) resize(most int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.most = most
}

func (o *outcomes) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// run is the flusher.
func (o *outcomes) run() {
	defer close(o.done)
	for {
		handed, ended := o.hand()
		switch {
		case handed:
		case ended:
			return
		default:
			<-o.wake
		}
	}
}

// hand gives the Sink what waits, in order, also when several ask for it. The
// Sink keeps the slices, so each has a batch of its own.
func (o *outcomes) hand() (handed, ended bool) {
	o.handing.Lock()
	defer o.handing.Unlock()
	o.mu.Lock()
	batch, held, ended := o.queue, o.held, o.ended
	if len(batch) > 0 {
		o.queue, o.held = make([]sms.Outcome, 0, max(startBatch, len(batch))), nil
	}
	o.mu.Unlock()
	if len(batch) == 0 {
		return false, ended
	}
	o.sink.Outcomes(batch)
	for _, l := range held {
		o.release(l)
	}
	return true, ended
}

// end hands over what is left and stops the flusher.
func (o *outcomes) end() {
	o.mu.Lock()
	o.ended = true
	o.mu.Unlock()
	o.signal()
	<-o.done
}
