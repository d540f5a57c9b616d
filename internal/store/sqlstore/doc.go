// Package sqlstore is the SQL of the administration nouns and of the other cold
// verbs (ledger, inboxes, refused credentials, housekeeping), written once in
// the subset that SQLite and PostgreSQL share. A driver brings a Conn, which is
// a transaction or a snapshot it has opened, and a Dialect with the few
// statements that truly differ.
//
// The hot verbs of a message's life are not here and must not come here: each
// driver writes them for its engine. This package opens no transaction, reads
// no clock, retries nothing and knows no driver.
//
// The schema it expects is the one of sqlite/migrations: times as microseconds
// in 64-bit integers, flags as 0 and 1.
package sqlstore

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// Scan reads the columns of the current row, in order, into *int64, *int,
// *bool, *string and *[]byte.
type Scan func(dest ...any) error

// Conn runs statements in the caller's transaction. Arguments are int64, int,
// bool, string, []byte or nil. An error that is not an *sms.Error is a failure of
// the storage; the driver gives it its code.
type Conn interface {
	// Exec returns the number of rows it changed.
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	// Query calls row for every row, and stops with the first error it returns.
	// row runs no statements itself.
	Query(ctx context.Context, row func(Scan) error, query string, args ...any) error
}

// Dialect is what differs between the databases.
type Dialect struct {
	// Numbered says that parameters are written $1, $2 instead of ?.
	Numbered bool
	// ForUpdate is appended to a SELECT whose rows are changed next; empty
	// where the transaction excludes other writers anyway.
	ForUpdate string
	// NextTransfer is a query that returns the next id of the ledger.
	NextTransfer string
	// NextNobodys is a query that returns the next number in the inbox of
	// account 0.
	NextNobodys string
	// RaiseConfiguration is a query that raises the version of the
	// configuration and returns it; ReadConfiguration only reads it.
	RaiseConfiguration string
	ReadConfiguration  string
	// DropDeliveries removes the delivery rows of a subscriber.
	DropDeliveries func(ctx context.Context, c Conn, subscriber int64) error
}

// Store runs the verbs of this package in a dialect.
type Store struct{ d Dialect }

// New makes a Store.
func New(d Dialect) *Store { return &Store{d: d} }

// sql writes the parameters of query in the dialect's way. No query of this
// package has a question mark in a literal.
func (s *Store) sql(query string) string {
	if !s.d.Numbered {
		return query
	}
	var b strings.Builder
	n := 0
	for _, r := range query {
		if r != '?' {
			b.WriteRune(r)
			continue
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
	}
	return b.String()
}

func (s *Store) exec(ctx context.Context, c Conn, query string, args ...any) (int64, error) {
	return c.Exec(ctx, s.sql(query), args...)
}

func (s *Store) query(ctx context.Context, c Conn, row func(Scan) error, query string, args ...any) error {
	return c.Query(ctx, row, s.sql(query), args...)
}

// one reads at most one row.
func (s *Store) one(ctx context.Context, c Conn, dest []any, query string, args ...any) (found bool, err error) {
	err = s.query(ctx, c, func(scan Scan) error {
		found = true
		return scan(dest...)
	}, query, args...)
	return found, err
}

var errEmpty = errors.New("sqlstore: a row that every database has is missing; restore it from a backup")

// number reads the one value of a query that always has a row.
func (s *Store) number(ctx context.Context, c Conn, query string, args ...any) (n int64, err error) {
	found, err := s.one(ctx, c, []any{&n}, query, args...)
	if err == nil && !found {
		err = errEmpty
	}
	return n, err
}

// Micros is how a time is stored: microseconds since 1970 in UTC, 0 for the
// zero time.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time reads what Micros stored.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// atMost is a limit of rows as a parameter: a negative one allows none.
func atMost(n int) int64 { return int64(max(n, 0)) }

func noAccount() error {
	return sms.Fail(sms.CodeNotFound, "there is no such account")
}
