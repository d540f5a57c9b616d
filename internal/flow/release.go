package flow

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// releaseBatch bounds one claim of left messages.
const releaseBatch = 100

// release lets go of messages that only one connector may send (Message.OnlyID)
// when that one is taken off their route, or is no more: the others of the route
// may have them then. One that is disabled, paused or down is waited for. What a
// change leaves that nobody saw happen, since no node ran, waits until its
// validity ends.
type release struct {
	flow *Flow

	mu   sync.Mutex
	gone []placement
}

// placement is a connector on a route.
type placement struct{ route, connector int64 }

func placements(cat *sms.Catalog) map[placement]bool {
	all := map[placement]bool{}
	for _, r := range cat.Routes() {
		for _, rc := range r.Connectors {
			if cat.Connector(rc.ID) != nil {
				all[placement{r.ID, rc.ID}] = true
			}
		}
	}
	return all
}

// compare notes what is in one catalog and not in the next.
func (r *release) compare(before, after *sms.Catalog) {
	still := placements(after)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, route := range before.Routes() {
		for _, rc := range route.Connectors {
			if p := (placement{route.ID, rc.ID}); !still[p] && after.Route(route.ID) != nil && !contains(r.gone, p) {
				r.gone = append(r.gone, p)
			}
		}
	}
}

// step releases what there is; a placement that is back meanwhile is left alone.
func (r *release) step(ctx context.Context, now time.Time) (next time.Time, err error) {
	r.mu.Lock()
	gone := r.gone
	r.gone = nil
	r.mu.Unlock()
	if len(gone) == 0 {
		return time.Time{}, nil
	}
	back := placements(r.flow.Catalog())
	var errs []error
	for _, p := range gone {
		if back[p] {
			continue
		}
		more, err := r.one(ctx, now, p)
		if err != nil {
			errs = append(errs, err)
		}
		if more || err != nil {
			r.mu.Lock()
			r.gone = append(r.gone, p)
			r.mu.Unlock()
			next = now
		}
	}
	return next, errors.Join(errs...)
}

// one takes messages in the name of the connector and hands them back for all.
func (r *release) one(ctx context.Context, now time.Time, p placement) (more bool, err error) {
	t := r.flow.tenure
	epoch := t.begin()
	got, _, err := r.flow.Store.Claim(ctx, now, store.ClaimRequest{RouteID: p.route, ConnectorID: p.connector, Epoch: epoch, Limit: releaseBatch, Spill: true})
	if err != nil {
		t.failed(epoch, errors.Is(err, store.ErrCommitUnknown))
		return false, err
	}
	var list []sms.Outcome
	for i := range got {
		m := &got[i]
		for j := range m.Sub {
			if part := &m.Sub[j]; part.State == sms.PartSending {
				// Handed back by no connector, so that none is the only one.
				list = append(list, sms.Outcome{AttemptRef: attempt(m, part, p.route), Verdict: sms.VerdictDown, Reason: sms.ReasonLinkDown,
					At: now, RetryAt: now})
			}
		}
	}
	t.claimed(epoch, len(list))
	if len(list) == 0 {
		return false, nil
	}
	r.flow.recorder.add(nil, list)
	return len(got) == releaseBatch, nil
}
