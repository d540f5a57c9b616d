package sqlstore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const docColumns = `kind, id, account_id, name, unique_key, version, updated_at, body`

func scanDoc(scan Scan) (d store.Doc, err error) {
	var kind string
	var at int64
	err = scan(&kind, &d.ID, &d.AccountID, &d.Name, &d.UniqueKey, &d.Version, &at, &d.Body)
	d.Kind, d.UpdatedAt = sms.Kind(kind), Time(at)
	return d, err
}

// DocsVersion is the version of the whole configuration.
func (s *Store) DocsVersion(ctx context.Context, c Conn) (int64, error) {
	return s.number(ctx, c, s.d.ReadConfiguration)
}

// ReadDocs returns the matching docs in order of kind and id.
func (s *Store) ReadDocs(ctx context.Context, c Conn, f store.DocFilter) (docs []store.Doc, version int64, err error) {
	if version, err = s.DocsVersion(ctx, c); err != nil {
		return nil, 0, err
	}
	var where []string
	var args []any
	and := func(column string, arg any, wanted bool) {
		if wanted {
			where, args = append(where, column+" = ?"), append(args, arg)
		}
	}
	and("kind", string(f.Kind), f.Kind != "")
	and("id", f.ID, f.ID != 0)
	and("account_id", f.AccountID, f.AccountID != 0)
	and("unique_key", f.UniqueKey, f.UniqueKey != "")
	query := `SELECT ` + docColumns + ` FROM noun`
	if len(where) > 0 {
		query += ` WHERE ` + strings.Join(where, ` AND `)
	}
	err = s.query(ctx, c, func(scan Scan) error {
		d, err := scanDoc(scan)
		docs = append(docs, d)
		return err
	}, query+` ORDER BY id, kind`, args...)
	return docs, version, err
}

// WriteDocs applies the changes in order. When it fails the caller rolls back.
func (s *Store) WriteDocs(ctx context.Context, c Conn, now time.Time, by string, changes []store.DocChange) ([]store.Doc, error) {
	if _, err := s.number(ctx, c, s.d.RaiseConfiguration); err != nil {
		return nil, err
	}
	written := make([]store.Doc, 0, len(changes))
	for i := range changes {
		w := docWrite{s: s, c: c, at: Time(Micros(now)), by: by, doc: changes[i].Doc}
		if err := w.apply(ctx, changes[i].Delete); err != nil {
			return nil, err
		}
		written = append(written, w.doc)
	}
	return written, nil
}

// docWrite is one change on its way.
type docWrite struct {
	s   *Store
	c   Conn
	at  time.Time
	by  string
	doc store.Doc
}

func (w *docWrite) exec(ctx context.Context, query string, args ...any) error {
	_, err := w.s.exec(ctx, w.c, query, args...)
	return err
}

func (w *docWrite) apply(ctx context.Context, remove bool) error {
	switch {
	case remove:
		return w.remove(ctx)
	case w.doc.Version == 0:
		return w.create(ctx)
	}
	return w.update(ctx)
}

func (w *docWrite) label() string { return fmt.Sprintf("%s %q", w.doc.Kind, w.doc.Name) }

func (w *docWrite) conflict(format string, args ...any) error {
	return sms.Fail(sms.CodeConflict, fmt.Sprintf(format, args...))
}

func (w *docWrite) create(ctx context.Context) error {
	d := &w.doc
	if err := w.takeID(ctx); err != nil {
		return err
	}
	if err := w.keyIsFree(ctx); err != nil {
		return err
	}
	d.Version, d.UpdatedAt = 1, w.at
	err := w.exec(ctx, `INSERT INTO noun (`+docColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		string(d.Kind), d.ID, d.AccountID, d.Name, d.UniqueKey, d.Version, Micros(d.UpdatedAt), string(d.Body))
	if err != nil {
		return err
	}
	return w.openAccount(ctx)
}

// maxID is the largest id that may be asked for: JSON readers keep it exactly,
// and there is room to count on.
const maxID = 1<<53 - 1

// takeID gives the doc the next id of its kind, or claims the one it asks for.
func (w *docWrite) takeID(ctx context.Context) error {
	d := &w.doc
	if d.ID < 0 || d.ID > maxID {
		return sms.Fail(sms.CodeInvalid, fmt.Sprintf("%s cannot have the id %d: ids go from 1 to %d", w.label(), d.ID, int64(maxID)))
	}
	var next int64 = 1
	known, err := w.s.one(ctx, w.c, []any{&next}, `SELECT next_id FROM noun_sequence WHERE kind = ?`+w.s.d.ForUpdate, string(d.Kind))
	if err != nil {
		return err
	}
	if d.ID == 0 {
		d.ID = next
	} else if d.ID < next {
		used, err := w.s.number(ctx, w.c, `SELECT (SELECT count(*) FROM noun WHERE kind = ? AND id = ?)
			+ (SELECT count(*) FROM noun_history WHERE kind = ? AND id = ?)`, string(d.Kind), d.ID, string(d.Kind), d.ID)
		if err != nil {
			return err
		}
		if used > 0 {
			return w.conflict("%s cannot have the id %d: it exists or existed; leave the id out", w.label(), d.ID)
		}
		return nil
	}
	if !known {
		return w.exec(ctx, `INSERT INTO noun_sequence (kind, next_id) VALUES (?, ?)`, string(d.Kind), d.ID+1)
	}
	return w.exec(ctx, `UPDATE noun_sequence SET next_id = ? WHERE kind = ?`, d.ID+1, string(d.Kind))
}

func (w *docWrite) keyIsFree(ctx context.Context) error {
	var id int64
	taken, err := w.s.one(ctx, w.c, []any{&id}, `SELECT id FROM noun WHERE kind = ? AND unique_key = ?`,
		string(w.doc.Kind), w.doc.UniqueKey)
	if err == nil && taken && id != w.doc.ID {
		err = w.conflict("%s exists already; choose another name or change that one", w.label())
	}
	return err
}

func (w *docWrite) update(ctx context.Context) error {
	d := &w.doc
	if err := w.keepReplaced(ctx, false); err != nil {
		return err
	}
	if err := w.keyIsFree(ctx); err != nil {
		return err
	}
	d.Version, d.UpdatedAt = d.Version+1, w.at
	err := w.exec(ctx, `UPDATE noun SET account_id = ?, name = ?, unique_key = ?, version = ?, updated_at = ?, body = ?
		WHERE kind = ? AND id = ?`,
		d.AccountID, d.Name, d.UniqueKey, d.Version, Micros(d.UpdatedAt), string(d.Body), string(d.Kind), d.ID)
	if err != nil {
		return err
	}
	return w.openAccount(ctx)
}

// keepReplaced checks that the doc is still the one the caller read, and files
// it as history.
func (w *docWrite) keepReplaced(ctx context.Context, deleted bool) error {
	d := &w.doc
	var have, owner int64
	found, err := w.s.one(ctx, w.c, []any{&have, &owner}, `SELECT version, account_id FROM noun WHERE kind = ? AND id = ?`+w.s.d.ForUpdate,
		string(d.Kind), d.ID)
	switch {
	case err != nil:
		return err
	case !found:
		return sms.Fail(sms.CodeNotFound, fmt.Sprintf("%s does not exist (any more)", w.label()))
	case have != d.Version:
		return w.conflict("%s was changed meanwhile; read it again and repeat the change", w.label())
	}
	if d.Kind == sms.KindSubscriber && (deleted || owner != d.AccountID) { // what waits tells of the old account
		if err := w.s.d.DropDeliveries(ctx, w.c, d.ID); err != nil {
			return err
		}
	}
	return w.exec(ctx, `INSERT INTO noun_history (kind, id, version, account_id, name, updated_at, body, replaced_at, replaced_by, deleted)
		SELECT kind, id, version, account_id, name, updated_at, body, ?, ?, ? FROM noun WHERE kind = ? AND id = ?`,
		Micros(w.at), w.by, deleted, string(d.Kind), d.ID)
}

func (w *docWrite) remove(ctx context.Context) error {
	d := &w.doc
	if err := w.keepReplaced(ctx, true); err != nil {
		return err
	}
	if d.Kind == sms.KindAccount {
		if err := w.closeAccount(ctx); err != nil {
			return err
		}
	}
	return w.exec(ctx, `DELETE FROM noun WHERE kind = ? AND id = ?`, string(d.Kind), d.ID)
}

// openAccount makes the row of balance and counters of an account, or brings
// its credit limit and its counters up to what the noun says.
func (w *docWrite) openAccount(ctx context.Context) error {
	if w.doc.Kind != sms.KindAccount {
		return nil
	}
	n, err := store.Decode(w.doc)
	if err != nil {
		return &sms.Error{Code: sms.CodeInvalid, Message: fmt.Sprintf("%s is not an account that can be read", w.label()), Err: err}
	}
	a := n.(*sms.Account)
	return w.exec(ctx, `INSERT INTO account (id, posted, reserved, credit_limit, next_group, next_recipient, next_inbox)
		VALUES (?, 0, 0, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET
			credit_limit = excluded.credit_limit,
			next_group = CASE WHEN excluded.next_group > account.next_group THEN excluded.next_group ELSE account.next_group END,
			next_recipient = CASE WHEN excluded.next_recipient > account.next_recipient THEN excluded.next_recipient ELSE account.next_recipient END,
			next_inbox = CASE WHEN excluded.next_inbox > account.next_inbox THEN excluded.next_inbox ELSE account.next_inbox END`,
		w.doc.ID, int64(a.CreditLimit), max(a.GroupStart, 1), max(a.RecipientStart, 1), max(a.InboxStart, 1))
}

// closeAccount removes that row, unless something hangs on it.
func (w *docWrite) closeAccount(ctx context.Context) error {
	var posted, reserved, messages int64
	_, err := w.s.one(ctx, w.c, []any{&posted, &reserved}, `SELECT posted, reserved FROM account WHERE id = ?`+w.s.d.ForUpdate, w.doc.ID)
	if err != nil {
		return err
	}
	messages, err = w.s.number(ctx, w.c, `SELECT
		CASE WHEN EXISTS (SELECT 1 FROM message_group WHERE account_id = ?) THEN 1 ELSE 0 END +
		CASE WHEN EXISTS (SELECT 1 FROM inbox WHERE account_id = ?) THEN 1 ELSE 0 END`, w.doc.ID, w.doc.ID)
	if err != nil {
		return err
	}
	if posted != 0 || reserved != 0 || messages != 0 {
		return w.conflict("%s has credit or messages and cannot be deleted; disable it instead", w.label())
	}
	return w.exec(ctx, `DELETE FROM account WHERE id = ?`, w.doc.ID)
}
