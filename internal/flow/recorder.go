package flow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

const (
	// refusedMost is how often in a row a store that works may refuse one outcome
	// before the others go first.
	refusedMost = 8
	// asideFor is how long such an outcome waits then.
	asideFor = 30 * time.Second
)

// errNotRecording is for those who wait for outcomes after the end.
var errNotRecording = sms.Unavailable("this node is stopping and records nothing more", nil)

// recorder writes outcomes, many in one commit, in the order in which they
// came. Nothing that a connector reported is ever dropped: while the database
// fails it is kept and tried again, and claims stop, since they count what is open.
type recorder struct {
	flow    *Flow
	bell    bell
	looping atomic.Bool   // run calls step; otherwise barrier does
	ended   chan struct{} // closed when run has returned

	writing sync.Mutex // one step at a time; taken before mu
	batch   pile       // taken from pending, in the course of being written
	most    int        // outcomes in one commit, lowered by refusals
	refused int        // refusals in a row of one alone
	aside   pile       // refused alone by a store that works
	again   time.Time  // when aside is tried again

	mu      sync.Mutex
	pending pile
	added   uint64 // outcomes ever added
	written uint64 // outcomes ever recorded or set aside
	waiters []waiter
}

type waiter struct {
	until uint64
	done  chan struct{}
}

func newRecorder(f *Flow) *recorder {
	return &recorder{flow: f, bell: newBell(), ended: make(chan struct{}), most: f.MaxBatch}
}

// add takes outcomes of s, which counts them as open until they are recorded; nil
// for attempts that no sender ever had.
func (r *recorder) add(s *sender, list []sms.Outcome) {
	now := r.flow.Now()
	for i := range list {
		r.flow.decide(&list[i], now)
	}
	r.mu.Lock()
	r.pending.add(list, s)
	r.added += uint64(len(list))
	r.mu.Unlock()
	r.bell.ring()
}

// run records until ctx ends, and then what is left, bounded by grace.
func (r *recorder) run(ctx, grace context.Context) error {
	r.looping.Store(true)
	defer close(r.ended)
	work, stop := context.WithCancel(grace)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { loop(work, r.flow.Now, r.bell, r.step, r.flow.complain("outcomes")) })
	<-ctx.Done()
	r.bell.ring()
	err := r.barrier(grace)
	stop()
	wg.Wait()
	return err
}

// step records what is pending, MaxBatch at a time.
func (r *recorder) step(ctx context.Context, now time.Time) (time.Time, error) {
	r.writing.Lock()
	defer r.writing.Unlock()
	r.refill(now)
	n := min(r.batch.len(), r.most)
	if n == 0 {
		return time.Time{}, nil
	}
	outcomes, owners := r.batch.first(n)
	if err := r.flow.record(ctx, now, r.flow.scopes(), outcomes); err != nil {
		r.failed(ctx, now, n, err)
		return time.Time{}, err
	}
	r.most, r.refused = min(2*r.most, r.flow.MaxBatch), 0
	r.flow.OnTold()
	r.settled(outcomes, owners)
	r.batch.drop(n)
	r.count(n)
	return now, nil
}

// refill takes what came meanwhile, and what was set aside when its time has come.
func (r *recorder) refill(now time.Time) {
	if r.batch.len() > 0 {
		return
	}
	r.mu.Lock()
	r.batch, r.pending = r.pending, r.batch.emptied()
	if r.aside.len() > 0 && !now.Before(r.again) {
		r.batch.append(&r.aside)
		r.written -= uint64(r.aside.len())
		r.aside = pile{}
	}
	r.mu.Unlock()
}

// failed looks for the one outcome that a store refuses although it works, so
// that it does not stop all others: the commits become smaller, and one that is
// refused alone is set aside. A database that is out of order only makes it wait.
func (r *recorder) failed(ctx context.Context, now time.Time, n int, err error) {
	if outOfOrder(err) || ctx.Err() != nil {
		return
	}
	if n > 1 {
		r.most = n / 2
		return
	}
	if r.refused++; r.refused < refusedMost {
		return
	}
	outcomes, owners := r.batch.first(1)
	r.flow.Log.Error("the store refuses an outcome and is asked again later", "message_id", outcomes[0].Message.String(),
		"part", outcomes[0].Seq, "verdict", outcomes[0].Verdict.String(), "err", err)
	r.aside.add(outcomes, owners[0])
	r.again, r.refused = now.Add(asideFor), 0
	r.batch.drop(1)
	r.count(1)
}

// settled counts down what is open and wakes those who may go on.
func (r *recorder) settled(outcomes []sms.Outcome, owners []*sender) {
	r.flow.tenure.settled(outcomes)
	var route int64
	for i := range outcomes {
		o := &outcomes[i]
		if s := owners[i]; s != nil {
			if !o.Late {
				s.open.Add(-1)
			}
			if i == len(outcomes)-1 || s != owners[i+1] {
				s.fillBell.ring()
			}
		}
		if o.Verdict != sms.VerdictAccepted && o.Verdict != sms.VerdictReject && o.RouteID != route {
			route = o.RouteID
			r.flow.host.wakeRoute(route)
		}
	}
}

// count releases those who waited for the next n outcomes.
func (r *recorder) count(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.written += uint64(n)
	keep := r.waiters[:0]
	for _, w := range r.waiters {
		if w.until <= r.written {
			close(w.done)
		} else {
			keep = append(keep, w)
		}
	}
	r.waiters = keep
}

// barrier waits until all that was added before it is recorded: a receipt that
// follows its response then finds the message.
func (r *recorder) barrier(ctx context.Context) error {
	r.mu.Lock()
	if r.written >= r.added {
		r.mu.Unlock()
		return nil
	}
	if !r.looping.Load() {
		r.mu.Unlock()
		return r.drain(ctx)
	}
	w := waiter{until: r.added, done: make(chan struct{})}
	r.waiters = append(r.waiters, w)
	r.mu.Unlock()
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-r.ended:
		return errNotRecording
	}
}

// drain records all that is pending.
func (r *recorder) drain(ctx context.Context) error {
	for {
		next, err := r.step(ctx, r.flow.Now())
		if err != nil || next.IsZero() {
			return err
		}
	}
}

// pile is outcomes, each with the sender that counts it as open. It is taken
// from the front, and its memory is used again when it is empty.
type pile struct {
	outcomes []sms.Outcome
	owners   []*sender
	at       int // how many are taken
}

func (p *pile) len() int { return len(p.outcomes) - p.at }

func (p *pile) add(list []sms.Outcome, s *sender) {
	p.outcomes = append(p.outcomes, list...)
	for range list {
		p.owners = append(p.owners, s)
	}
}

func (p *pile) append(q *pile) {
	p.outcomes = append(p.outcomes, q.outcomes[q.at:]...)
	p.owners = append(p.owners, q.owners[q.at:]...)
}

// first are the n in front, valid until the pile is emptied.
func (p *pile) first(n int) ([]sms.Outcome, []*sender) {
	return p.outcomes[p.at : p.at+n : p.at+n], p.owners[p.at : p.at+n]
}

func (p *pile) drop(n int) { p.at += n }

// keepMost bounds the memory that an empty pile holds on to.
const keepMost = 8192

// emptied is the same memory with nothing in it.
func (p *pile) emptied() pile {
	if cap(p.outcomes) > keepMost {
		return pile{}
	}
	clear(p.outcomes)
	clear(p.owners)
	return pile{outcomes: p.outcomes[:0], owners: p.owners[:0]}
}
