package sqlite

import (
	"context"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// Claim implements store.Sender.
func (s *Store) Claim(ctx context.Context, now time.Time, r store.ClaimRequest) (got []store.Claimed, next time.Time, err error) {
	now = micros(now)
	err = s.writer.do(ctx, func(t *tx) (err error) {
		got = nil
		var ids []sms.MessageID
		if ids, next, err = t.due(now, r); err != nil {
			return err
		}
		got = make([]store.Claimed, 0, len(ids))
		for _, id := range ids {
			c, sendable, err := t.claim(now, r, id)
			if err != nil {
				return err
			}
			if sendable {
				got = append(got, c)
			}
		}
		return nil
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	return got, next, nil
}

// due finds what the request may take, and when there will be more.
func (t *tx) due(now time.Time, r store.ClaimRequest) (ids []sms.MessageID, next time.Time, err error) {
	due, later := t.queueDue, t.queueNext
	if r.Spill {
		due, later = t.divertedDue, t.divertedNext
	}
	limit := max(r.Limit, 0)
	for _, lane := range sms.Lanes() {
		bindTakes(due, r, lane, now)
		due.Int(int64(limit + 1 - len(ids))) // one more than wanted, to see whether any is left
		for {
			more, err := due.Next()
			if err != nil {
				return nil, next, err
			}
			if !more {
				break
			}
			ids = append(ids, sms.MessageID(due.GetInt()))
		}
		if len(ids) > limit {
			return ids[:limit], time.Time{}, nil
		}
	}
	for _, lane := range sms.Lanes() {
		bindTakes(later, r, lane, now)
		found, err := later.Next()
		if err != nil {
			return nil, next, err
		}
		if !found {
			continue
		}
		at := sqlstore.Time(later.GetInt())
		later.Reset()
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return ids, next, nil
}

func bindTakes(s *engine.Stmt, r store.ClaimRequest, lane sms.Lane, now time.Time) {
	s.Int(r.RouteID)
	s.Int(int64(lane))
	s.Int(r.ConnectorID)
	s.Bool(r.Alone)
	s.Int(sqlstore.Micros(now))
}

// claim is for one message. A damaged one, which harkara check reports, is not
// sendable and must not stop the others.
func (t *tx) claim(now time.Time, q store.ClaimRequest, id sms.MessageID) (_ store.Claimed, sendable bool, err error) {
	r, err := t.load(id)
	if err != nil || r == nil {
		return store.Claimed{}, false, err
	}
	parts := max(1, r.Parts)
	if q.Single {
		parts = 1
	}
	c := r.Claim(q.ConnectorID, q.Epoch, parts, now)
	if err := t.apply(r, &c, nil, now.UnixMicro()); err != nil {
		return store.Claimed{}, false, err
	}
	g, err := t.groupOf(&r.Message)
	if err != nil {
		return store.Claimed{}, false, err
	}
	if g == nil {
		return store.Claimed{}, false, t.refuse(now, r)
	}
	return store.Claimed{Record: r.copied(), Group: g}, true, nil
}

// refuse ends what was claimed of a message whose content is gone.
func (t *tx) refuse(now time.Time, r *record) error {
	for _, p := range slices.Clone(r.Sub) {
		if p.State != sms.PartSending {
			continue
		}
		c := r.Outcome(sms.Outcome{ConnectorID: p.ConnectorID, Verdict: sms.VerdictReject, Reason: sms.ReasonContent, At: now,
			AttemptRef: sms.AttemptRef{Message: r.ID, Seq: p.Seq, Attempt: p.Attempt, Epoch: p.Epoch}}, now)
		if err := t.apply(r, &c, nil, now.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// copied is the record for a caller: the writer goes on changing its own.
func (r *record) copied() sms.Record {
	return sms.Record{Message: r.Message, Sub: slices.Clone(r.Sub)}
}

// Orphans implements store.Owner.
func (s *Store) Orphans(ctx context.Context, epoch int64, limit int) (list []store.Orphan, err error) {
	err = s.readers.read(ctx, func(c *engine.Conn) error {
		return c.Query(`SELECT p.message_id, p.seq, p.attempt, p.epoch, m.route_id, m.attempts, p.connector_id
			FROM part AS p INDEXED BY part_sending JOIN message AS m ON m.id = p.message_id
			WHERE p.state = 2 AND p.epoch < ? ORDER BY p.epoch, p.message_id, p.seq LIMIT ?`, []any{epoch, max(limit, 0)},
			func(scan func(...any) error) error {
				var o store.Orphan
				var id int64
				err := scan(&id, &o.Seq, &o.Attempt, &o.Epoch, &o.RouteID, &o.Tries, &o.ConnectorID)
				o.Message = sms.MessageID(id)
				list = append(list, o)
				return err
			})
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
