package sqlstore

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/store"
)

// Open registers a node and returns its epoch.
func (s *Store) Open(ctx context.Context, c Conn, now time.Time, node string) (epoch int64, err error) {
	return s.number(ctx, c, `INSERT INTO node (name, opened_at) VALUES (?, ?) RETURNING epoch`, node, Micros(now))
}

// Purge removes keys that are over, receipts held too long, and incomplete
// inbound sets.
func (s *Store) Purge(ctx context.Context, c Conn, now time.Time, partialAfter time.Duration, limit int, rules Inbox) (int, error) {
	keys, err := s.exec(ctx, c, `DELETE FROM idempotency WHERE (account_id, idempotency_key) IN
		(SELECT account_id, idempotency_key FROM idempotency WHERE until <= ? ORDER BY until LIMIT ?)`, Micros(now), atMost(limit))
	if err != nil {
		return 0, err
	}
	held, err := s.purgeHeld(ctx, c, now.Add(-store.HoldReceipts), limit)
	if err != nil {
		return 0, err
	}
	sets, err := s.purgeSegments(ctx, c, now.Add(-partialAfter), limit, rules)
	return int(keys) + held + sets, err
}

func (s *Store) purgeHeld(ctx context.Context, c Conn, before time.Time, limit int) (int, error) {
	var ids []int64
	err := s.query(ctx, c, func(scan Scan) error {
		var id int64
		err := scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT id FROM held_receipt WHERE held_at < ? ORDER BY id LIMIT ?`, Micros(before), atMost(limit))
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		if err := s.DropHeld(ctx, c, id); err != nil {
			return 0, err
		}
	}
	return len(ids), nil
}

// DropHeld forgets a held receipt.
func (s *Store) DropHeld(ctx context.Context, c Conn, id int64) error {
	if _, err := s.exec(ctx, c, `DELETE FROM held_receipt_key WHERE held_id = ?`, id); err != nil {
		return err
	}
	_, err := s.exec(ctx, c, `DELETE FROM held_receipt WHERE id = ?`, id)
	return err
}
