package flow

import (
	"context"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// tenure is the fencing epoch under which the senders claim, and how much is
// held of it.
//
// A claim whose answer was lost (store.ErrCommitUnknown) may have left messages
// in state sending that no sender knows of. So that they do not lie there until
// their CloseAt, the node takes a new epoch; what it still holds of the old one
// runs out, and what is then left of the old one in the store was never seen by
// anybody: it is certainly not written, and handed back. The hot path pays one
// counter for it.
type tenure struct {
	flow *Flow

	mu    sync.Mutex
	epoch int64
	lost  bool          // a claim of epoch may have left something behind
	held  map[int64]int // attempts, and claims that are running, by epoch
	old   map[int64]bool
}

func newTenure(f *Flow, epoch int64) *tenure {
	return &tenure{flow: f, epoch: epoch, held: map[int64]int{}, old: map[int64]bool{}}
}

// begin returns the epoch for a claim that is about to run; claimed or failed
// must follow.
func (t *tenure) begin() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[t.epoch]++
	return t.epoch
}

// claimed ends a claim, before anybody else sees the attempts that it brought.
func (t *tenure) claimed(epoch int64, attempts int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.held[epoch] += attempts - 1
}

// failed ends a claim that brought nothing; lost says that its answer was lost.
func (t *tenure) failed(epoch int64, lost bool) {
	t.mu.Lock()
	t.held[epoch]--
	lost = lost && epoch == t.epoch // an older one is given up already
	t.lost = t.lost || lost
	t.mu.Unlock()
	if lost {
		t.flow.keeper.wake.ring()
	}
}

// settled counts off attempts whose outcome is recorded.
func (t *tenure) settled(batch []sms.Outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range batch {
		if !batch[i].Late {
			t.held[batch[i].Epoch]--
		}
	}
}

// step takes a new epoch after a lost answer, and hands back what was left
// behind under an old one of which nothing is held any more.
func (t *tenure) step(ctx context.Context, now time.Time) error {
	t.mu.Lock()
	lost := t.lost
	t.mu.Unlock()
	if lost {
		epoch, err := t.flow.Store.Open(ctx, now, t.flow.Node)
		if err != nil {
			return err
		}
		t.mu.Lock()
		t.old[t.epoch] = true
		t.epoch, t.lost = epoch, false
		t.mu.Unlock()
	}
	over := t.over()
	if len(over) == 0 {
		return nil
	}
	left, err := t.left(ctx, now, over)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		if err := t.flow.record(ctx, now, nil, left); err != nil {
			return err
		}
		t.flow.Log.Warn("a claim whose answer the database lost is handed back", "attempts", len(left))
		t.flow.host.wakeAll()
	}
	t.forget(over)
	return nil
}

// over are the old epochs of which nothing is held.
func (t *tenure) over() map[int64]bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	var over map[int64]bool
	for epoch := range t.old {
		if t.held[epoch] == 0 {
			if over == nil {
				over = map[int64]bool{}
			}
			over[epoch] = true
		}
	}
	return over
}

func (t *tenure) forget(over map[int64]bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for epoch := range over {
		delete(t.old, epoch)
		delete(t.held, epoch)
	}
}

// orphansMost is more attempts than a node can hold: none is left out.
const orphansMost = 1 << 20

// left are the attempts in the store that carry one of the epochs.
func (t *tenure) left(ctx context.Context, now time.Time, epochs map[int64]bool) ([]sms.Outcome, error) {
	t.mu.Lock()
	present := t.epoch
	t.mu.Unlock()
	orphans, err := t.flow.Store.Orphans(ctx, present, orphansMost)
	if err != nil {
		return nil, err
	}
	var list []sms.Outcome
	for _, o := range orphans {
		if epochs[o.Epoch] {
			list = append(list, sms.Outcome{AttemptRef: o.AttemptRef, ConnectorID: o.ConnectorID, Verdict: sms.VerdictDown,
				Reason: sms.ReasonLinkDown, At: now, RetryAt: now})
		}
	}
	return list, nil
}
