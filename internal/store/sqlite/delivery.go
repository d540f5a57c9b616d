package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// A delivery's id is its subscriber's id and the number of its event, so that
// one tree keeps the rows of each subscriber in order of commit. 2^42 events
// last for 14 years of 10,000 a second; 2^21 subscribers are more than a
// configuration can hold. An inbox message that somebody is told of takes a
// number among those of the events.
const (
	seqBits = 42
	maxSeq  = 1<<seqBits - 1
	maxSub  = 1<<(63-seqBits) - 1
)

func deliveryID(subscriber, seq int64) int64 { return subscriber<<seqBits | seq }

func checkNumber(subscriber, seq int64) error {
	if subscriber > maxSub || seq > maxSeq {
		return fmt.Errorf("sqlite: subscriber %d or event %d is beyond what a delivery can number", subscriber, seq)
	}
	return nil
}

// deliver adds a row for each subscriber of the event's account that wants all
// events, and for the one that the event names. That may be gone by now.
func (t *tx) deliver(e *sms.Event) error {
	list, err := t.subscribersOf(e.AccountID)
	if err != nil {
		return err
	}
	for _, sub := range list {
		if !sub.every && sub.id != e.SubscriberID {
			continue
		}
		if err := checkNumber(sub.id, e.Seq); err != nil {
			return err
		}
		s := t.addDelivery
		s.Int(deliveryID(sub.id, e.Seq))
		s.Int(int64(e.MessageID))
		s.Int(sqlstore.Micros(e.At))
		if err := t.run(s); err != nil {
			return err
		}
	}
	return nil
}

// tell adds a row for each subscriber of the message's account that is in told,
// and returns its number among the events, 0 if there is nobody.
func (t *tx) tell(now time.Time, m *sms.InboxMessage, told []int64) (seq int64, err error) {
	list, err := t.subscribersOf(m.AccountID)
	if err != nil {
		return 0, err
	}
	for _, sub := range list {
		if !slices.Contains(told, sub.id) {
			continue
		}
		if seq == 0 {
			if err := t.count(); err != nil {
				return 0, err
			}
			t.m.event++
			seq = t.m.event
		}
		if err := checkNumber(sub.id, seq); err != nil {
			return 0, err
		}
		s := t.tellInbound
		s.Int(deliveryID(sub.id, seq))
		s.Int(sqlstore.Micros(now))
		s.Int(m.AccountID)
		s.Int(m.Number)
		if err := t.run(s); err != nil {
			return 0, err
		}
	}
	return seq, nil
}

// subscribersOf are those of the account.
func (t *tx) subscribersOf(account int64) ([]subscriber, error) {
	if !t.m.subscribed {
		if err := t.readSubscribers(); err != nil {
			return nil, err
		}
	}
	return t.m.subscriber[account], nil
}

func (t *tx) readSubscribers() error {
	list := map[int64][]subscriber{}
	for {
		more, err := t.subscribers.Next()
		if err != nil {
			return err
		}
		if !more {
			t.m.subscriber, t.m.subscribed = list, true
			return nil
		}
		id, account, noun := t.subscribers.GetInt(), t.subscribers.GetInt(), sms.Subscriber{Channel: t.subscribers.GetText()}
		list[account] = append(list[account], subscriber{id, noun.EveryEvent()})
	}
}

// AckDeliveries implements store.Deliverer.
func (s *Store) AckDeliveries(ctx context.Context, ids []int64) error {
	err := s.writer.do(ctx, func(t *tx) error {
		for _, id := range ids {
			t.dropDelivery.Int(id)
			if err := t.run(t.dropDelivery); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.leases.end(ids)
	}
	return err
}

// RetryDeliveries implements store.Deliverer.
func (s *Store) RetryDeliveries(ctx context.Context, ids []int64, due time.Time) error {
	err := s.writer.do(ctx, func(t *tx) error {
		for _, id := range ids {
			t.retryDelivery.Int(sqlstore.Micros(due))
			t.retryDelivery.Int(id)
			if err := t.run(t.retryDelivery); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.leases.end(ids)
	}
	return err
}

// ReleaseDeliveries implements store.Deliverer. The rows were due when they were
// claimed and nothing else was written.
func (s *Store) ReleaseDeliveries(ctx context.Context, ids []int64) error {
	if s.isClosed() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return unavailable(errNotBegun, err)
	}
	s.leases.end(ids)
	return nil
}
