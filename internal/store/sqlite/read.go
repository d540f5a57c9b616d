package sqlite

import (
	"context"
	"fmt"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// Group implements store.Reader.
func (s *Store) Group(ctx context.Context, account, number int64) (g sms.Group, list []sms.Message, err error) {
	err = s.readers.read(ctx, func(c *engine.Conn) error {
		found, err := lookupGroup(c, groupKey{account, number})
		if err != nil {
			return err
		}
		g = *found
		list = make([]sms.Message, 0, g.Count)
		q, err := c.Stmt(`SELECT ` + messageColumns + ` FROM message WHERE id >= ? AND id < ? AND account_id = ? ORDER BY id`)
		if err != nil {
			return err
		}
		q.Int(int64(g.FirstMessage))
		q.Int(int64(g.FirstMessage) + int64(g.Count))
		q.Int(account)
		for {
			more, err := q.Next()
			if !more {
				return err
			}
			m, _ := readMessage(q)
			list = append(list, m)
		}
	})
	if err != nil {
		return sms.Group{}, nil, err
	}
	return g, list, nil
}

func lookupGroup(c *engine.Conn, key groupKey) (*sms.Group, error) {
	q, err := c.Stmt(selectGroup)
	if err != nil {
		return nil, err
	}
	g, err := readGroup(q, key)
	if err == nil && g == nil {
		err = sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no group %d", key.number))
	}
	return g, err
}

// Message implements store.Reader.
func (s *Store) Message(ctx context.Context, account int64, id sms.MessageID) (r sms.Record, g sms.Group, events []sms.Event, err error) {
	err = s.readers.read(ctx, func(c *engine.Conn) (err error) {
		if r, err = lookupRecord(c, account, id); err != nil {
			return err
		}
		found, err := lookupGroup(c, groupKey{account, r.Group})
		if err != nil {
			return err
		}
		g = *found
		events, err = lookupEvents(c, id)
		return err
	})
	if err != nil {
		return sms.Record{}, sms.Group{}, nil, err
	}
	return r, g, events, nil
}

func lookupRecord(c *engine.Conn, account int64, id sms.MessageID) (r sms.Record, err error) {
	q, err := c.Stmt(`SELECT ` + messageColumns + ` FROM message WHERE id = ? AND account_id = ?`)
	if err != nil {
		return r, err
	}
	q.Int(int64(id))
	q.Int(account)
	found, err := q.Next()
	if err != nil {
		return r, err
	}
	if !found {
		return r, sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no message %s", id))
	}
	r.Message, _ = readMessage(q)
	q.Reset()
	p, err := c.Stmt(selectParts)
	if err != nil {
		return r, err
	}
	r.Sub, err = readParts(p, id)
	return r, err
}

func lookupEvents(c *engine.Conn, id sms.MessageID) (events []sms.Event, err error) {
	q, err := c.Stmt(`SELECT ` + eventColumns + `, receipt_state, receipt_at, receipt_raw FROM event WHERE message_id = ? ORDER BY seq`)
	if err != nil {
		return nil, err
	}
	q.Int(int64(id))
	for {
		more, err := q.Next()
		if !more {
			return events, err
		}
		e := scanEvent(q)
		if !q.IsNull() {
			e.Receipt = &sms.ReceiptNote{State: sms.PartState(q.GetInt()), At: sqlstore.Time(q.GetInt()), Raw: q.GetText()}
		}
		events = append(events, e)
	}
}

// Stats implements store.Gauge.
func (s *Store) Stats(ctx context.Context) (st store.Stats, err error) {
	st.Queued, st.Deliveries = map[int64]int64{}, map[int64]int64{}
	err = s.readers.read(ctx, func(c *engine.Conn) error {
		var oldest int64
		err := c.Query(`SELECT route_id, count(*), min(due_at) FROM message INDEXED BY message_queue WHERE state = 2 GROUP BY route_id`, nil,
			func(scan func(...any) error) error {
				var route, n, due int64
				err := scan(&route, &n, &due)
				st.Queued[route] = n
				if oldest == 0 || due < oldest {
					oldest = due
				}
				return err
			})
		if err != nil {
			return err
		}
		st.OldestDue = sqlstore.Time(oldest)
		err = c.Query(`SELECT (SELECT count(*) FROM held_receipt), (SELECT count(*) FROM message INDEXED BY message_aside WHERE state IN (1, 4) AND state = 4)`, nil,
			func(scan func(...any) error) error { return scan(&st.HeldReceipts, &st.Held) })
		if err != nil {
			return err
		}
		return c.Query(`SELECT id, (SELECT count(*) FROM delivery WHERE delivery.id BETWEEN noun.id << 42 AND (noun.id << 42) + 4398046511103) AS n
			FROM noun WHERE kind = 'subscriber' AND n > 0`, nil, func(scan func(...any) error) error {
			var subscriber, n int64
			err := scan(&subscriber, &n)
			st.Deliveries[subscriber] = n
			return err
		})
	})
	if err != nil {
		return store.Stats{}, err
	}
	return st, nil
}

// Ping implements store.Gauge: it changes a row and waits for the disk.
func (s *Store) Ping(ctx context.Context) error {
	return s.writer.do(ctx, func(t *tx) error { return t.run(t.probe) })
}
