package sqlite

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// Cancel implements store.Canceler.
func (s *Store) Cancel(ctx context.Context, now time.Time, account int64, ids []sms.MessageID) (canceled []sms.MessageID, err error) {
	now = micros(now)
	err = s.writer.do(ctx, func(t *tx) error {
		canceled = nil
		for _, id := range ids {
			r, err := t.load(id)
			if err != nil {
				return err
			}
			if r == nil || r.AccountID != account {
				continue
			}
			c := r.Cancel(now)
			if !c.Touched {
				continue
			}
			canceled = append(canceled, id)
			if err := t.apply(r, &c, nil, now.UnixMicro()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return canceled, nil
}
