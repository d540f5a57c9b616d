package sqlstore

import (
	"context"
	"math"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Inbox is what AddInbound and Purge need to put messages into inboxes.
type Inbox struct {
	store.InboundRules
	// Tell adds the delivery rows of a new message for those of the subscribers
	// that there are, and returns its number among the events, 0 if there are
	// none.
	Tell func(m *sms.InboxMessage, subscribers []int64) (seq int64, err error)
}

// AddInbound puts whole messages into inboxes, and segments too once their set
// is complete. What is nobody's goes to account 0.
func (s *Store) AddInbound(ctx context.Context, c Conn, now time.Time, in []sms.Inbound, rules Inbox) error {
	for i := range in {
		m := &in[i]
		if m.Segment == nil {
			if err := s.deliverInbound(ctx, c, m, m.Text, false, m.At, rules); err != nil {
				return err
			}
			continue
		}
		if err := s.addSegment(ctx, c, now, m); err != nil {
			return err
		}
		set := segmentSet{m.ConnectorID, m.From, m.To, int64(m.Segment.Ref), int64(m.Segment.Total)}
		if err := s.joinSegments(ctx, c, set, false, rules); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) deliverInbound(ctx context.Context, c Conn, m *sms.Inbound, text string, partial bool, at time.Time, rules Inbox) error {
	account := rules.Owner(m.To, text)
	var number int64
	known, err := s.one(ctx, c, []any{&number}, `UPDATE account SET next_inbox = next_inbox + 1 WHERE id = ? RETURNING next_inbox - 1`, account)
	if err == nil && !known {
		account = 0
		number, err = s.number(ctx, c, s.d.NextNobodys)
	}
	if err != nil {
		return err
	}
	seq, err := tell(&sms.InboxMessage{AccountID: account, Number: number, To: m.To}, rules)
	if err != nil {
		return err
	}
	_, err = s.exec(ctx, c, `INSERT INTO inbox (account_id, number, connector_id, sender, recipient, text, partial, is_read, at, seq)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, account, number, m.ConnectorID, m.From, m.To, text, partial, false, Micros(at), seq)
	return err
}

// tell is for the subscribers that the rules name. nil is no number.
func tell(m *sms.InboxMessage, rules Inbox) (any, error) {
	if m.AccountID == 0 || rules.Told == nil {
		return nil, nil
	}
	told := rules.Told(m.AccountID, m.To)
	if len(told) == 0 {
		return nil, nil
	}
	seq, err := rules.Tell(m, told)
	if err != nil || seq == 0 {
		return nil, err
	}
	return seq, nil
}

// segmentSet names the segments that belong together.
type segmentSet struct {
	connector int64
	from, to  string
	ref       int64
	total     int64
}

const ofSet = ` WHERE connector_id = ? AND sender = ? AND recipient = ? AND ref = ? AND total = ?`

func (k segmentSet) args() []any { return []any{k.connector, k.from, k.to, k.ref, k.total} }

func (s *Store) addSegment(ctx context.Context, c Conn, now time.Time, m *sms.Inbound) error {
	g := m.Segment
	_, err := s.exec(ctx, c, `INSERT INTO inbound_segment (connector_id, sender, recipient, ref, total, seq, dcs, payload, at, stored_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (connector_id, sender, recipient, ref, total, seq) DO UPDATE SET
			at = CASE WHEN excluded.at < inbound_segment.at THEN excluded.at ELSE inbound_segment.at END`,
		m.ConnectorID, m.From, m.To, int64(g.Ref), int64(g.Total), int64(g.Seq), int64(g.DCS), g.Payload, Micros(m.At), Micros(now))
	return err
}

// joinSegments delivers a set as one message and forgets its segments, if all
// are there or partial allows less.
func (s *Store) joinSegments(ctx context.Context, c Conn, set segmentSet, partial bool, rules Inbox) error {
	var segments []sms.Segment
	var at int64 = math.MaxInt64
	err := s.query(ctx, c, func(scan Scan) error {
		var seq, dcs, arrived int64
		g := sms.Segment{Ref: uint16(set.ref), Total: uint8(set.total)}
		if err := scan(&seq, &dcs, &g.Payload, &arrived); err != nil {
			return err
		}
		g.Seq, g.DCS = uint8(seq), uint8(dcs)
		segments, at = append(segments, g), min(at, arrived)
		return nil
	}, `SELECT seq, dcs, payload, at FROM inbound_segment`+ofSet+` ORDER BY seq`, set.args()...)
	if err != nil || len(segments) != int(set.total) && !partial {
		return err
	}
	whole := sms.Inbound{ConnectorID: set.connector, From: set.from, To: set.to}
	if err := s.deliverInbound(ctx, c, &whole, rules.Decode(segments), partial, Time(at), rules); err != nil {
		return err
	}
	_, err = s.exec(ctx, c, `DELETE FROM inbound_segment`+ofSet, set.args()...)
	return err
}

// maxSegments is the most segments a message can have (TS 23.040 §9.2.3.24.1).
const maxSegments = 255

// purgeSegments delivers incomplete sets whose first segment was stored before
// the time, as far as their segments are there, the oldest set first.
func (s *Store) purgeSegments(ctx context.Context, c Conn, before time.Time, limit int, rules Inbox) (n int, err error) {
	var sets []segmentSet
	err = s.query(ctx, c, func(scan Scan) error {
		var k segmentSet
		err := scan(&k.connector, &k.from, &k.to, &k.ref, &k.total)
		sets = append(sets, k)
		return err
	}, `SELECT connector_id, sender, recipient, ref, total FROM
		(SELECT connector_id, sender, recipient, ref, total, stored_at FROM inbound_segment WHERE stored_at < ? ORDER BY stored_at LIMIT ?) AS old
		GROUP BY connector_id, sender, recipient, ref, total
		ORDER BY min(stored_at), connector_id, sender, recipient, ref, total LIMIT ?`, Micros(before), atMost(limit)*maxSegments, atMost(limit))
	if err != nil {
		return 0, err
	}
	for _, set := range sets {
		if err := s.joinSegments(ctx, c, set, true, rules); err != nil {
			return 0, err
		}
	}
	return len(sets), nil
}

// Inbox reads an account's messages.
func (s *Store) Inbox(ctx context.Context, c Conn, account int64, f store.InboxFilter) (list []sms.InboxMessage, err error) {
	query := `SELECT number, connector_id, sender, recipient, text, partial, is_read, at FROM inbox WHERE account_id = ? AND number < ?`
	order := ` ORDER BY number DESC LIMIT ?`
	if f.UnreadOnly {
		query, order = query+` AND is_read = 0`, ` ORDER BY number LIMIT ?`
	}
	before := f.Before
	if before == 0 {
		before = math.MaxInt64
	}
	err = s.query(ctx, c, func(scan Scan) error {
		m := sms.InboxMessage{AccountID: account}
		var at int64
		err := scan(&m.Number, &m.ConnectorID, &m.From, &m.To, &m.Text, &m.Partial, &m.Read, &at)
		m.At = Time(at)
		list = append(list, m)
		return err
	}, query+order, account, before, atMost(f.Limit))
	return list, err
}

// MarkRead marks messages of the account; numbers it does not have are ignored.
func (s *Store) MarkRead(ctx context.Context, c Conn, account int64, numbers []int64) error {
	for _, n := range numbers {
		_, err := s.exec(ctx, c, `UPDATE inbox SET is_read = 1 WHERE account_id = ? AND number = ? AND is_read = 0`, account, n)
		if err != nil {
			return err
		}
	}
	return nil
}
