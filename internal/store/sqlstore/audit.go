package sqlstore

import (
	"context"
	"math"

	"github.com/harkara/harkara/internal/store"
)

// MaxAuthFailures is how many rows of refused credentials are kept.
const MaxAuthFailures = 10_000

const latestFirst = ` ORDER BY last_at DESC, account_id DESC, api_key DESC, address DESC, reason DESC`

// AddAuthFailures adds counts to rows, and forgets the rows that were seen
// longest ago.
func (s *Store) AddAuthFailures(ctx context.Context, c Conn, failures []store.AuthFailure) error {
	for _, f := range failures {
		_, err := s.exec(ctx, c, `INSERT INTO auth_failure (account_id, api_key, address, reason, count, first_at, last_at)
			VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (account_id, api_key, address, reason) DO UPDATE SET
				count = auth_failure.count + excluded.count,
				first_at = CASE WHEN excluded.first_at < auth_failure.first_at THEN excluded.first_at ELSE auth_failure.first_at END,
				last_at = CASE WHEN excluded.last_at > auth_failure.last_at THEN excluded.last_at ELSE auth_failure.last_at END`,
			f.AccountID, f.APIKey, f.From, f.Reason, f.Count, Micros(f.First), Micros(f.Last))
		if err != nil {
			return err
		}
	}
	_, err := s.exec(ctx, c, `DELETE FROM auth_failure WHERE (account_id, api_key, address, reason) IN
		(SELECT account_id, api_key, address, reason FROM auth_failure `+latestFirst+` LIMIT ? OFFSET ?)`,
		int64(math.MaxInt64), MaxAuthFailures)
	return err
}

// AuthFailures lists the latest first; account 0 means all.
func (s *Store) AuthFailures(ctx context.Context, c Conn, account int64, limit int) (list []store.AuthFailure, err error) {
	where, args := "", []any{}
	if account != 0 {
		where, args = ` WHERE account_id = ?`, append(args, account)
	}
	err = s.query(ctx, c, func(scan Scan) error {
		var f store.AuthFailure
		var first, last int64
		err := scan(&f.AccountID, &f.APIKey, &f.From, &f.Reason, &f.Count, &first, &last)
		f.First, f.Last = Time(first), Time(last)
		list = append(list, f)
		return err
	}, `SELECT account_id, api_key, address, reason, count, first_at, last_at FROM auth_failure`+where+
		latestFirst+` LIMIT ?`, append(args, atMost(limit))...)
	return list, err
}
