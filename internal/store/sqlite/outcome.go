package sqlite

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// RecordOutcomes implements store.Sender.
func (s *Store) RecordOutcomes(ctx context.Context, now time.Time, scopes map[int64]int64, outcomes []sms.Outcome) error {
	now = micros(now)
	return s.writer.do(ctx, func(t *tx) error {
		for i := range outcomes {
			o := outcomes[i]
			o.At, o.RetryAt = micros(o.At), micros(o.RetryAt)
			scope, ok := scopes[o.ConnectorID]
			if !ok {
				scope = o.ConnectorID
			}
			if err := t.outcome(now, scope, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) outcome(now time.Time, scope int64, o sms.Outcome) error {
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
		if err := t.applyHeld(now, scope, c.IDs[n]); err != nil {
			return err
		}
	}
	return nil
}
