package sqlite

import (
	"context"
	"errors"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// visitError carries what a callback returned past the rules for errors of the
// storage.
type visitError struct{ error }

func (e visitError) Unwrap() error { return e.error }

func visited(err error) error {
	if err == nil {
		return nil
	}
	return visitError{err}
}

// Sweep implements store.Sweep. It reads over a connection of its own: it takes
// long, and its callbacks may use the store. While it runs the log cannot start
// again from its beginning and grows.
func (s *Store) Sweep(ctx context.Context, v store.Visitor) (err error) {
	if s.isClosed() {
		return errClosed
	}
	c, err := openReader(s.path, s.opts)
	if err != nil {
		return coded(err)
	}
	defer func() { err = errors.Join(err, coded(c.Close())) }()
	err = snapshot(ctx, c, func(c *engine.Conn) error {
		for _, step := range []func(context.Context, *engine.Conn, store.Visitor) error{
			s.sweepDocs, s.sweepBalances, s.sweepTransfers, s.sweepRecords, s.sweepGroups, s.sweepQueue,
			s.sweepHistory, s.sweepUpstream, s.sweepProofs, s.sweepDamage,
		} {
			if err := step(ctx, c, v); err != nil {
				return err
			}
		}
		return nil
	})
	if e, ok := errors.AsType[visitError](err); ok {
		return e.error
	}
	return coded(err)
}

func (s *Store) sweepDocs(ctx context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Doc == nil {
		return nil
	}
	docs, _, err := s.sql.ReadDocs(ctx, sqlConn{c}, store.DocFilter{})
	if err != nil {
		return err
	}
	for _, d := range docs {
		if err := v.Doc(d); err != nil {
			return visited(err)
		}
	}
	return nil
}

func (s *Store) sweepBalances(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Balance == nil {
		return nil
	}
	return c.Query(`SELECT id, posted, reserved, credit_limit, next_group, next_recipient, next_inbox FROM account ORDER BY id`, nil,
		func(scan func(...any) error) error {
			var b sms.Balance
			var n store.Counters
			var posted, reserved, limit int64
			if err := scan(&b.AccountID, &posted, &reserved, &limit, &n.Group, &n.Recipient, &n.Inbox); err != nil {
				return err
			}
			b.Posted, b.Reserved, b.CreditLimit = sms.Money(posted), sms.Money(reserved), sms.Money(limit)
			return visited(v.Balance(b, n))
		})
}

func (s *Store) sweepTransfers(ctx context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Transfer == nil {
		return nil
	}
	return s.sql.EachTransfer(ctx, sqlConn{c}, func(t sms.Transfer) error { return visited(v.Transfer(t)) })
}

func (s *Store) sweepRecords(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Record == nil && v.Finding == nil {
		return nil
	}
	messages, err := c.Stmt(`SELECT ` + messageColumns + ` FROM message ORDER BY id`)
	if err != nil {
		return err
	}
	parts, err := c.Stmt(selectParts)
	if err != nil {
		return err
	}
	defer messages.Reset()
	for {
		more, err := messages.Next()
		if !more {
			return err
		}
		var r sms.Record
		var stored int64
		r.Message, stored = readMessage(messages)
		if r.Sub, err = readParts(parts, r.ID); err != nil {
			return err
		}
		if v.Finding != nil {
			if real := deadlineOf(&r.Message); stored > real || stored == 0 && real != 0 {
				if err := v.Finding("message " + r.ID.String() + " would miss its deadline: the stored one is wrong"); err != nil {
					return visited(err)
				}
			}
		}
		if v.Record != nil {
			if err := v.Record(r); err != nil {
				return visited(err)
			}
		}
	}
}

func (s *Store) sweepGroups(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Group == nil {
		return nil
	}
	groups, err := c.Stmt(`SELECT ` + groupColumns + ` FROM message_group ORDER BY account_id, number`)
	if err != nil {
		return err
	}
	defer groups.Reset()
	for {
		more, err := groups.Next()
		if !more {
			return err
		}
		if err := v.Group(*scanGroup(groups)); err != nil {
			return visited(err)
		}
	}
}

// sweepQueue reads the queue as Claim does: from its index.
func (s *Store) sweepQueue(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Queue == nil {
		return nil
	}
	return c.Query(`SELECT id, route_id, lane, due_at FROM message INDEXED BY message_queue WHERE state = 2
		ORDER BY route_id, lane, due_at, id`, nil,
		func(scan func(...any) error) error {
			var id, route, lane, due int64
			if err := scan(&id, &route, &lane, &due); err != nil {
				return err
			}
			return visited(v.Queue(sms.MessageID(id), route, sms.Lane(lane), sqlstore.Time(due)))
		})
}

// sweepDamage asks SQLite whether the file is whole and its indexes agree with
// their tables.
func (s *Store) sweepDamage(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Finding == nil {
		return nil
	}
	return c.Query(`PRAGMA integrity_check`, nil, func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil || text == "ok" {
			return err
		}
		return visited(v.Finding("the database file is damaged: " + text))
	})
}
