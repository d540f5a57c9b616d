package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// A delivery's id is its subscriber's id and the number of its event, so that
// one tree keeps the rows of each subscriber in order of commit. 2^42 events
// last for 14 years of 10,000 a second; 2^21 subscribers are more than a
// configuration can hold.
const (
	seqBits = 42
	maxSeq  = 1<<seqBits - 1
	maxSub  = 1<<(63-seqBits) - 1
)

func deliveryID(subscriber, seq int64) int64 { return subscriber<<seqBits | seq }

// deliver adds a row for each subscriber of the event's account.
func (t *tx) deliver(e *sms.Event) error {
	if !t.m.subscribed {
		if err := t.readSubscribers(); err != nil {
			return err
		}
	}
	for _, id := range t.m.subscriber[e.AccountID] {
		if id > maxSub || e.Seq > maxSeq {
			return fmt.Errorf("sqlite: subscriber %d or event %d is beyond what a delivery can number", id, e.Seq)
		}
		s := t.addDelivery
		s.Int(deliveryID(id, e.Seq))
		s.Int(int64(e.MessageID))
		s.Int(sqlstore.Micros(e.At))
		if err := t.run(s); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) readSubscribers() error {
	list := map[int64][]int64{}
	for {
		more, err := t.subscribers.Next()
		if err != nil {
			return err
		}
		if !more {
			t.m.subscriber, t.m.subscribed = list, true
			return nil
		}
		id, account := t.subscribers.GetInt(), t.subscribers.GetInt()
		list[account] = append(list[account], id)
	}
}

// ClaimDeliveries implements store.Deliverer.
func (s *Store) ClaimDeliveries(ctx context.Context, now time.Time, subscriber int64, limit int, until time.Time) (list []store.Delivery, err error) {
	err = s.writer.do(ctx, func(t *tx) (err error) {
		if list, err = t.dueDeliveries(sqlstore.Micros(now), subscriber, limit); err != nil {
			return err
		}
		for i := range list {
			t.leaseDelivery.Int(sqlstore.Micros(until))
			t.leaseDelivery.Int(list[i].ID)
			if err := t.run(t.leaseDelivery); err != nil {
				return err
			}
			if err := t.readEvent(&list[i].Event, list[i].ID&maxSeq); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

func (t *tx) dueDeliveries(now, subscriber int64, limit int) (list []store.Delivery, err error) {
	if subscriber < 0 || subscriber > maxSub {
		return nil, nil
	}
	s := t.deliveriesDue
	s.Int(deliveryID(subscriber, 0))
	s.Int(deliveryID(subscriber, maxSeq))
	s.Int(now)
	s.Int(int64(max(limit, 0)))
	for {
		more, err := s.Next()
		if !more {
			return list, err
		}
		d := store.Delivery{ID: s.GetInt(), SubscriberID: subscriber}
		d.Event.MessageID = sms.MessageID(s.GetInt())
		d.Attempts = int(s.GetInt())
		list = append(list, d)
	}
}

func (t *tx) readEvent(e *sms.Event, seq int64) error {
	s := t.event
	s.Int(int64(e.MessageID))
	s.Int(seq)
	found, err := s.Next()
	if !found {
		if err == nil {
			err = fmt.Errorf("sqlite: event %d of message %s is gone but not delivered; run harkara check", seq, e.MessageID)
		}
		return err
	}
	*e = scanEvent(s)
	s.Reset()
	return nil
}

// AckDeliveries implements store.Deliverer.
func (s *Store) AckDeliveries(ctx context.Context, ids []int64) error {
	return s.writer.do(ctx, func(t *tx) error {
		for _, id := range ids {
			t.dropDelivery.Int(id)
			if err := t.run(t.dropDelivery); err != nil {
				return err
			}
		}
		return nil
	})
}

// RetryDeliveries implements store.Deliverer.
func (s *Store) RetryDeliveries(ctx context.Context, ids []int64, due time.Time) error {
	return s.writer.do(ctx, func(t *tx) error {
		for _, id := range ids {
			t.retryDelivery.Int(sqlstore.Micros(due))
			t.retryDelivery.Int(id)
			if err := t.run(t.retryDelivery); err != nil {
				return err
			}
		}
		return nil
	})
}
