package memory

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/store"
)

// ClaimDeliveries implements store.Deliverer.
func (s *Store) ClaimDeliveries(ctx context.Context, now time.Time, subscriber int64, limit int, until time.Time) (list []store.Delivery, err error) {
	err = s.run(ctx, VerbClaimDeliveries, now, func(t *tx) error {
		for p := range t.outbox.from(pending{subscriber: subscriber}) {
			if p.subscriber != subscriber || len(list) >= limit {
				break
			}
			if d := t.deliveries[p.id]; !d.due.After(t.now) {
				list = append(list, d.Delivery)
				d.due = micro(until)
				put(t, t.deliveries, d.ID, d)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// AckDeliveries implements store.Deliverer.
func (s *Store) AckDeliveries(ctx context.Context, ids []int64) error {
	return s.run(ctx, VerbAckDeliveries, time.Time{}, func(t *tx) error {
		for _, id := range ids {
			if d, ok := t.deliveries[id]; ok {
				t.dropDelivery(d)
			}
		}
		return nil
	})
}

func (t *tx) dropDelivery(d delivery) {
	remove(t, t.outbox, pending{d.SubscriberID, d.Event.Seq, d.ID})
	drop(t, t.deliveries, d.ID)
}

// RetryDeliveries implements store.Deliverer.
func (s *Store) RetryDeliveries(ctx context.Context, ids []int64, due time.Time) error {
	return s.run(ctx, VerbRetryDeliveries, time.Time{}, func(t *tx) error {
		for _, id := range ids {
			if d, ok := t.deliveries[id]; ok {
				d.Attempts++
				d.due = micro(due)
				put(t, t.deliveries, id, d)
			}
		}
		return nil
	})
}
