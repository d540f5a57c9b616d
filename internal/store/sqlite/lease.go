package sqlite

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// leases are the deliveries that somebody of this process works on. They are
// nowhere else: only the one node claims deliveries, and when it ends they are
// due again anyway. So a claim writes nothing and needs no writer.
//
// Claim holds mu from before its snapshot until it has read the rows, and a row
// loses its lease only after what was done with it is committed. Otherwise a
// claim could see a row in its snapshot that is acknowledged already, and no
// lease on it any more.
type leases struct {
	mu    sync.Mutex
	until map[int64]int64 // microseconds, by delivery
	swept int64           // when those that ran out were forgotten
}

// sweepLeases is how often leases that ran out are forgotten.
const sweepLeases = int64(time.Minute / time.Microsecond)

// end takes leases back.
func (l *leases) end(ids []int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		delete(l.until, id)
	}
}

// sweep forgets leases that ran out, of rows that nobody came back for.
func (l *leases) sweep(now int64) {
	if now-l.swept < sweepLeases {
		return
	}
	l.swept = now
	for id, until := range l.until {
		if until <= now {
			delete(l.until, id)
		}
	}
}

// ClaimDeliveries implements store.Deliverer. A row whose event or inbox message
// is gone, which harkara check reports, is passed over.
func (s *Store) ClaimDeliveries(ctx context.Context, now time.Time, subscriber int64, limit int, until time.Time) (list []store.Delivery, err error) {
	if subscriber < 0 || subscriber > maxSub || limit <= 0 {
		return nil, ctx.Err()
	}
	at := sqlstore.Micros(now)
	s.leases.mu.Lock()
	defer s.leases.mu.Unlock()
	s.leases.sweep(at)
	err = s.readers.read(ctx, func(c *engine.Conn) error {
		list, err = s.dueDeliveries(c, at, subscriber, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		s.leases.until[list[i].ID] = sqlstore.Micros(until)
	}
	return list, nil
}

// dueDeliveries reads the rows that are due and not leased, with all they speak of.
func (s *Store) dueDeliveries(c *engine.Conn, now, subscriber int64, limit int) (list []store.Delivery, err error) {
	rows, err := newDeliveryReader(c)
	if err != nil {
		return nil, err
	}
	q := rows.due
	q.Int(deliveryID(subscriber, 0))
	q.Int(deliveryID(subscriber, maxSeq))
	q.Int(now)
	defer q.Reset()
	for len(list) < limit {
		more, err := q.Next()
		if !more {
			return list, err
		}
		id := q.GetInt()
		if s.leases.until[id] > now {
			continue
		}
		d := store.Delivery{ID: id, SubscriberID: subscriber, Attempts: int(q.GetInt())}
		message, account, number := sms.MessageID(q.GetInt()), q.GetInt(), q.GetInt()
		var known bool
		if message == 0 {
			known, err = rows.ofInbox(&d, account, number)
		} else {
			known, err = rows.ofEvent(&d, message)
		}
		if err != nil {
			return nil, err
		}
		if known {
			list = append(list, d)
		}
	}
	return list, nil
}

// deliveryReader reads deliveries and what they speak of from one snapshot. Most
// messages come several times, and all recipients of a call share its content.
type deliveryReader struct {
	due, event, message, parts, inbox, group *engine.Stmt
	records                                  map[sms.MessageID]*sms.Record
	groups                                   map[groupKey]*sms.Group
}

func newDeliveryReader(c *engine.Conn) (*deliveryReader, error) {
	r := &deliveryReader{records: map[sms.MessageID]*sms.Record{}, groups: map[groupKey]*sms.Group{}}
	for _, q := range []query{
		{&r.due, `SELECT id, attempts, message_id, inbox_account, inbox_number FROM delivery
			WHERE id BETWEEN ? AND ? AND due_at <= ? ORDER BY id`},
		{&r.event, `SELECT ` + eventColumns + ` FROM event WHERE message_id = ? AND seq = ?`},
		{&r.message, selectMessage},
		{&r.parts, selectParts},
		{&r.inbox, `SELECT connector_id, sender, recipient, text, partial, is_read, at FROM inbox WHERE account_id = ? AND number = ?`},
		{&r.group, selectGroup},
	} {
		var err error
		if *q.into, err = c.Stmt(q.sql); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// ofEvent fills in the event, its message and its content; false if one is gone.
func (r *deliveryReader) ofEvent(d *store.Delivery, id sms.MessageID) (bool, error) {
	r.event.Int(int64(id))
	r.event.Int(d.ID & maxSeq)
	found, err := r.event.Next()
	if !found {
		return false, err
	}
	d.Event = scanEvent(r.event)
	r.event.Reset()
	rec, err := r.record(id)
	if err != nil || rec == nil {
		return false, err
	}
	d.Record = sms.Record{Message: rec.Message, Sub: slices.Clone(rec.Sub)}
	d.Group, err = r.content(groupKey{rec.AccountID, rec.Group})
	return d.Group != nil, err
}

// record is the message with its parts, nil if it is gone.
func (r *deliveryReader) record(id sms.MessageID) (*sms.Record, error) {
	if rec := r.records[id]; rec != nil {
		return rec, nil
	}
	r.message.Int(int64(id))
	found, err := r.message.Next()
	if !found {
		return nil, err
	}
	rec := new(sms.Record)
	rec.Message, _ = readMessage(r.message)
	r.message.Reset()
	rec.Sub, err = readParts(r.parts, id)
	r.records[id] = rec
	return rec, err
}

// content is the group of a message, nil if it is gone.
func (r *deliveryReader) content(key groupKey) (*sms.Group, error) {
	if g := r.groups[key]; g != nil {
		return g, nil
	}
	g, err := readGroup(r.group, key)
	if g != nil {
		r.groups[key] = g
	}
	return g, err
}

// ofInbox fills in the inbox message; false if it is gone.
func (r *deliveryReader) ofInbox(d *store.Delivery, account, number int64) (bool, error) {
	s := r.inbox
	s.Int(account)
	s.Int(number)
	found, err := s.Next()
	if !found {
		return false, err
	}
	d.Inbound = &sms.InboxMessage{AccountID: account, Number: number, ConnectorID: s.GetInt(), From: s.GetText(), To: s.GetText(),
		Text: s.GetText(), Partial: s.GetBool(), Read: s.GetBool(), At: sqlstore.Time(s.GetInt())}
	s.Reset()
	return true, nil
}
