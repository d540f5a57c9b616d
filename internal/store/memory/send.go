package memory

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Claim implements store.Sender.
func (s *Store) Claim(ctx context.Context, now time.Time, r store.ClaimRequest) (got []store.Claimed, next time.Time, err error) {
	err = s.run(ctx, VerbClaim, now, func(t *tx) error {
		var ids []sms.MessageID
		ids, next = t.due(r)
		groups := map[numbered]*sms.Group{}
		for _, id := range ids {
			got = append(got, t.claim(id, r, groups))
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return got, next, nil
}

// due finds what the request may take, and when there will be more.
func (t *tx) due(r store.ClaimRequest) (ids []sms.MessageID, next time.Time) {
	rows := t.queue
	if r.Spill {
		rows = t.spill
	}
	now, first, left := t.now.UnixMicro(), int64(math.MaxInt64), false
	for _, lane := range sms.Lanes() {
		for row := range rows.from(queueRow{route: r.RouteID, lane: lane, due: math.MinInt64}) {
			if row.route != r.RouteID || row.lane != lane {
				break
			}
			if m := &t.records[row.id].Message; !m.ExpiresAt.After(t.now) || !mayTake(r, m) {
				continue
			}
			if row.due > now {
				first = min(first, row.due)
				break
			}
			if len(ids) >= r.Limit {
				left = true
				break
			}
			ids = append(ids, row.id)
		}
	}
	if !left && first != math.MaxInt64 {
		next = time.UnixMicro(first).UTC()
	}
	return ids, next
}

func mayTake(r store.ClaimRequest, m *sms.Message) bool {
	switch {
	case m.OnlyID != 0 && m.OnlyID != r.ConnectorID:
		return false
	case m.AvoidID == r.ConnectorID && !r.Alone:
		return false
	case r.Spill:
		return m.OnlyID == r.ConnectorID || m.AvoidID != 0 && m.AvoidID != r.ConnectorID
	}
	return true
}

func (t *tx) claim(id sms.MessageID, r store.ClaimRequest, groups map[numbered]*sms.Group) store.Claimed {
	rec, _ := t.load(id)
	parts := max(1, rec.Parts)
	if r.Single {
		parts = 1
	}
	t.save(rec, rec.Claim(r.ConnectorID, r.Epoch, parts, t.now))
	key := numbered{rec.AccountID, rec.Group}
	if groups[key] == nil {
		g := t.groups[key]
		groups[key] = &g
	}
	return store.Claimed{Record: *clone(rec), Group: groups[key]}
}

// RecordOutcomes implements store.Sender.
func (s *Store) RecordOutcomes(ctx context.Context, now time.Time, scopes map[int64]int64, outcomes []sms.Outcome) (released []store.Released, err error) {
	err = s.run(ctx, VerbRecordOutcomes, now, func(t *tx) error {
		for _, o := range outcomes {
			scope, ok := scopes[o.ConnectorID]
			if !ok {
				scope = o.ConnectorID
			}
			o.At, o.RetryAt = micro(o.At), micro(o.RetryAt)
			released = append(released, t.outcome(o, scope)...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return released, nil
}

func (t *tx) outcome(o sms.Outcome, scope int64) (released []store.Released) {
	r, ok := t.load(o.Message)
	if !ok {
		return nil
	}
	c := r.Outcome(o, t.now)
	t.save(r, c)
	for n, i := range c.Upstream {
		id, ref := upstreamID{scope, c.IDs[n]}, partRef{r.ID, r.Sub[i].Seq}
		if !slices.Contains(t.upstream[id], ref) {
			put(t, t.upstream, id, append(slices.Clip(t.upstream[id]), ref))
		}
		released = append(released, t.applyHeld(id)...)
	}
	return released
}

// Open implements store.Owner.
func (s *Store) Open(ctx context.Context, now time.Time, node string) (epoch int64, err error) {
	err = s.run(ctx, VerbOpen, now, func(t *tx) error {
		t.last.epoch++
		epoch = t.last.epoch
		return nil
	})
	if err != nil {
		return 0, err
	}
	return epoch, nil
}

// Orphans implements store.Owner.
func (s *Store) Orphans(ctx context.Context, epoch int64, limit int) (list []store.Orphan, err error) {
	err = s.look(ctx, VerbOrphans, func(t *tx) error {
		for a := range t.sending.all() {
			if a.epoch >= epoch || len(list) >= limit {
				break
			}
			r := t.records[a.id]
			p := r.Sub[a.seq-1]
			list = append(list, store.Orphan{ConnectorID: p.ConnectorID, AttemptRef: sms.AttemptRef{Message: a.id, Seq: a.seq,
				Attempt: p.Attempt, Epoch: p.Epoch, RouteID: r.RouteID, Tries: r.Attempts}})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
