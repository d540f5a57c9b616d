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
			d := t.deliveries[p.id]
			if d.due.After(t.now) || d.lease.After(t.now) {
				continue
			}
			list = append(list, t.complete(d))
			d.lease = micro(until)
			put(t, t.deliveries, d.ID, d)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// complete adds what the delivery speaks of, as it is now.
func (t *tx) complete(row delivery) store.Delivery {
	d := row.Delivery
	if row.mail != (numbered{}) {
		m := t.inbox[row.mail]
		d.Inbound = &m
		return d
	}
	r, _ := t.load(d.Event.MessageID)
	g := t.groups[numbered{r.AccountID, r.Group}]
	d.Record, d.Group = *r, &g
	return d
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
	remove(t, t.outbox, pending{d.SubscriberID, d.ID})
	drop(t, t.deliveries, d.ID)
}

// RetryDeliveries implements store.Deliverer.
func (s *Store) RetryDeliveries(ctx context.Context, ids []int64, due time.Time) error {
	return s.run(ctx, VerbRetryDeliveries, time.Time{}, func(t *tx) error {
		for _, id := range ids {
			if d, ok := t.deliveries[id]; ok {
				d.Attempts++
				d.due, d.lease = micro(due), time.Time{}
				put(t, t.deliveries, id, d)
			}
		}
		return nil
	})
}

// ReleaseDeliveries implements store.Deliverer.
func (s *Store) ReleaseDeliveries(ctx context.Context, ids []int64) error {
	return s.run(ctx, VerbReleaseDeliveries, time.Time{}, func(t *tx) error {
		for _, id := range ids {
			if d, ok := t.deliveries[id]; ok {
				d.lease = time.Time{}
				put(t, t.deliveries, id, d)
			}
		}
		return nil
	})
}
