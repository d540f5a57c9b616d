package sqlite

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// RecordOutcomes implements store.Sender.
func (s *Store) RecordOutcomes(ctx context.Context, now time.Time, scopes map[int64]int64, outcomes []sms.Outcome) (released []store.Released, err error) {
	now = micros(now)
	err = s.writer.do(ctx, func(t *tx) error {
		released = nil
		for i := range outcomes {
			o := outcomes[i]
			o.At, o.RetryAt = micros(o.At), micros(o.RetryAt)
			scope, ok := scopes[o.ConnectorID]
			if !ok {
				scope = o.ConnectorID
			}
			if err := t.outcome(now, scope, o, &released); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return released, nil
}

// outcome applies one, and adds the held receipts that were applied with it.
func (t *tx) outcome(now time.Time, scope int64, o sms.Outcome, released *[]store.Released) error {
	r, err := t.load(o.Message)
	if r == nil {
		return err
	}
	c := r.Outcome(o, now)
	if err := t.apply(r, &c, nil, now.UnixMicro()); err != nil {
		return err
	}
	for n, i := range c.Upstream {
		s := t.addUpstream
		s.Int(scope)
		s.Text(c.IDs[n])
		s.Int(int64(r.ID))
		s.Int(int64(r.Sub[i].Seq))
		if err := t.run(s); err != nil {
			return err
		}
		if err := t.applyHeld(now, scope, c.IDs[n], released); err != nil {
			return err
		}
	}
	return nil
}
