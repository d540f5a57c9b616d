package sqlite

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// conn is the connection as package sqlstore sees it.
type conn = sqlstore.Conn

// sqlConn lets package sqlstore work on a connection.
type sqlConn struct{ *engine.Conn }

func (c sqlConn) Exec(_ context.Context, query string, args ...any) (int64, error) {
	return c.Conn.Exec(query, args...)
}

func (c sqlConn) Query(_ context.Context, row func(sqlstore.Scan) error, query string, args ...any) error {
	return c.Conn.Query(query, args, func(scan func(...any) error) error { return row(scan) })
}

func dialect() sqlstore.Dialect {
	return sqlstore.Dialect{
		NextTransfer:       `UPDATE sequence SET transfer = transfer + 1 WHERE id = 1 RETURNING transfer`,
		NextNobodys:        `UPDATE sequence SET nobodys_inbox = nobodys_inbox + 1 WHERE id = 1 RETURNING nobodys_inbox`,
		RaiseConfiguration: `UPDATE sequence SET configuration = configuration + 1 WHERE id = 1 RETURNING configuration`,
		ReadConfiguration:  `SELECT configuration FROM sequence WHERE id = 1`,
		DropDeliveries: func(ctx context.Context, c conn, subscriber int64) error {
			_, err := c.Exec(ctx, `DELETE FROM delivery WHERE id BETWEEN ? AND ?`, deliveryID(subscriber, 0), deliveryID(subscriber, maxSeq))
			return err
		},
	}
}

// change runs a cold verb in the writer. Rows that the mirror holds are written
// first and forgotten if the verb may change them.
func (s *Store) change(ctx context.Context, touchesMirror bool, verb func(c conn) error) error {
	return s.writer.do(ctx, func(t *tx) error {
		if touchesMirror {
			if err := t.flush(); err != nil {
				return err
			}
			t.m.forget()
			t.dirty = false // that was the work of others
		}
		return t.cold(verb)
	})
}

// cold runs a verb of package sqlstore and takes note of what it wrote.
func (t *tx) cold(verb func(c conn) error) error {
	before := t.conn.TotalChanges()
	err := verb(sqlConn{t.conn})
	if n := t.conn.TotalChanges() - before; n > 0 {
		t.dirty = true
		t.rows += int(n)
	}
	return err
}

// look runs a cold verb on a snapshot.
func (s *Store) look(ctx context.Context, verb func(c conn) error) error {
	return s.readers.read(ctx, func(c *engine.Conn) error { return verb(sqlConn{c}) })
}

// Open implements store.Owner. It takes the lock of the node, which only one
// process can have, and starts a new log: if an earlier process met an I/O
// error, the pages it left are written and synced once more.
func (s *Store) Open(ctx context.Context, now time.Time, node string) (epoch int64, err error) {
	if err := s.becomeNode(); err != nil {
		return 0, err
	}
	err = s.change(ctx, false, func(c conn) (err error) {
		epoch, err = s.sql.Open(ctx, c, now, node)
		return err
	})
	if err != nil {
		return 0, err
	}
	return epoch, nil
}

func (s *Store) becomeNode() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.node != nil {
		return nil
	}
	lock, err := lockFile(s.path, 0)
	if err != nil {
		return unavailable("another harkara serves this database already; stop that one first", err)
	}
	if err := s.log.restart(); err != nil {
		return errors.Join(unavailable("the database cannot be written", err), lock.Close())
	}
	s.node = lock
	return nil
}

// AddInbound implements store.Receiver.
func (s *Store) AddInbound(ctx context.Context, now time.Time, in []sms.Inbound, rules store.InboundRules) error {
	return s.writer.do(ctx, func(t *tx) error {
		return t.cold(func(c conn) error { return s.sql.AddInbound(ctx, c, now, in, t.mail(now, rules)) })
	})
}

// mail are the rules together with the delivery rows of this driver.
func (t *tx) mail(now time.Time, rules store.InboundRules) sqlstore.Inbox {
	return sqlstore.Inbox{InboundRules: rules, Tell: func(m *sms.InboxMessage, told []int64) (int64, error) { return t.tell(now, m, told) }}
}

// Purge implements store.Keeper.
func (s *Store) Purge(ctx context.Context, now time.Time, partialAfter time.Duration, limit int, rules store.InboundRules) (n int, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		return t.cold(func(c conn) (err error) {
			n, err = s.sql.Purge(ctx, c, now, partialAfter, limit, t.mail(now, rules))
			return err
		})
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// Inbox implements store.Reader.
func (s *Store) Inbox(ctx context.Context, account int64, f store.InboxFilter) (list []sms.InboxMessage, err error) {
	err = s.look(ctx, func(c conn) (err error) {
		list, err = s.sql.Inbox(ctx, c, account, f)
		return err
	})
	return list, err
}

// MarkRead implements store.Reader.
func (s *Store) MarkRead(ctx context.Context, account int64, numbers []int64) error {
	return s.change(ctx, false, func(c conn) error { return s.sql.MarkRead(ctx, c, account, numbers) })
}

// Balance implements store.Reader.
func (s *Store) Balance(ctx context.Context, account int64) (b sms.Balance, err error) {
	err = s.look(ctx, func(c conn) (err error) {
		b, err = s.sql.Balance(ctx, c, account)
		return err
	})
	return b, err
}

// Post implements store.Ledger.
func (s *Store) Post(ctx context.Context, now time.Time, t sms.Transfer) (posted sms.Transfer, err error) {
	err = s.change(ctx, true, func(c conn) (err error) {
		posted, err = s.sql.Post(ctx, c, now, t)
		return err
	})
	if err != nil {
		return sms.Transfer{}, err
	}
	return posted, nil
}

// Transfers implements store.Ledger.
func (s *Store) Transfers(ctx context.Context, account, before int64, limit int) (list []sms.Transfer, err error) {
	err = s.look(ctx, func(c conn) (err error) {
		list, err = s.sql.Transfers(ctx, c, account, before, limit)
		return err
	})
	return list, err
}

// ReadDocs implements store.Docs.
func (s *Store) ReadDocs(ctx context.Context, f store.DocFilter) (docs []store.Doc, version int64, err error) {
	err = s.look(ctx, func(c conn) (err error) {
		docs, version, err = s.sql.ReadDocs(ctx, c, f)
		return err
	})
	return docs, version, err
}

// WriteDocs implements store.Docs.
func (s *Store) WriteDocs(ctx context.Context, now time.Time, by string, changes []store.DocChange) (docs []store.Doc, err error) {
	err = s.change(ctx, true, func(c conn) (err error) {
		if docs, err = s.sql.WriteDocs(ctx, c, now, by, changes); err == nil {
			err = checkSubscribers(docs)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// checkSubscribers refuses a subscriber whose deliveries could not be numbered,
// or of which deliver could not know what it wants.
func checkSubscribers(docs []store.Doc) error {
	for _, d := range docs {
		if d.Kind != sms.KindSubscriber {
			continue
		}
		if _, err := store.Decode(d); err != nil && len(d.Body) > 0 {
			return &sms.Error{Code: sms.CodeInvalid, Message: fmt.Sprintf("subscriber %q is no subscriber that can be read", d.Name), Err: err}
		}
		if d.ID > maxSub {
			return sms.Fail(sms.CodeInvalid, fmt.Sprintf("subscriber %q has the id %d; ids of subscribers go to %d", d.Name, d.ID, maxSub))
		}
	}
	return nil
}

// DocsVersion implements store.Docs.
func (s *Store) DocsVersion(ctx context.Context) (version int64, err error) {
	err = s.look(ctx, func(c conn) (err error) {
		version, err = s.sql.DocsVersion(ctx, c)
		return err
	})
	return version, err
}

// AddAuthFailures implements store.Audit.
func (s *Store) AddAuthFailures(ctx context.Context, failures []store.AuthFailure) error {
	return s.change(ctx, false, func(c conn) error { return s.sql.AddAuthFailures(ctx, c, failures) })
}

// AuthFailures implements store.Audit.
func (s *Store) AuthFailures(ctx context.Context, account int64, limit int) (list []store.AuthFailure, err error) {
	err = s.look(ctx, func(c conn) (err error) {
		list, err = s.sql.AuthFailures(ctx, c, account, limit)
		return err
	})
	return list, err
}
