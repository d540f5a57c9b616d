package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// AddInbound implements store.Receiver.
func (s *Store) AddInbound(ctx context.Context, now time.Time, in []sms.Inbound, rules store.InboundRules) error {
	return s.run(ctx, VerbAddInbound, now, func(t *tx) error {
		for _, m := range in {
			m.At = micro(m.At)
			if m.Segment == nil {
				t.deliver(sms.InboxMessage{ConnectorID: m.ConnectorID, From: m.From, To: m.To, Text: m.Text, At: m.At}, rules)
			} else {
				t.segment(m, rules)
			}
		}
		return nil
	})
}

// deliver puts a message into the inbox of its owner; what is nobody's goes to
// account 0.
func (t *tx) deliver(m sms.InboxMessage, rules store.InboundRules) {
	m.AccountID = rules.Owner(m.To, m.Text)
	if row, ok := t.accounts[m.AccountID]; ok {
		m.Number = row.next.Inbox
		row.next.Inbox++
		row.mail++
		put(t, t.accounts, m.AccountID, row)
	} else {
		t.last.nobody++
		m.AccountID, m.Number = 0, t.last.nobody
	}
	key := numbered{m.AccountID, m.Number}
	put(t, t.inbox, key, m)
	add(t, t.mail, key)
	add(t, t.unread, key)
	if rules.Told == nil || m.AccountID == 0 {
		return
	}
	told := rules.Told(m.AccountID, m.To)
	for _, s := range t.subscribers[m.AccountID] {
		if slices.Contains(told, s.id) {
			t.tell(delivery{Delivery: store.Delivery{SubscriberID: s.id}, mail: key, due: t.now})
		}
	}
}

// segment keeps a piece, or delivers the whole when it was the last one missing.
func (t *tx) segment(m sms.Inbound, rules store.InboundRules) {
	key := setKey{m.ConnectorID, m.From, m.To, m.Segment.Ref, m.Segment.Total}
	set, ok := t.sets[key]
	if !ok {
		set = segmentSet{since: t.now, at: m.At}
	}
	if m.At.Before(set.at) {
		set.at = m.At
	}
	bySeq := func(have sms.Segment, seq uint8) int { return cmp.Compare(have.Seq, seq) }
	i, twice := slices.BinarySearchFunc(set.segments, m.Segment.Seq, bySeq)
	if !twice {
		piece := *m.Segment
		piece.Payload = slices.Clone(piece.Payload)
		set.segments = slices.Insert(slices.Clone(set.segments), i, piece)
	}
	put(t, t.sets, key, set)
	if len(set.segments) == int(key.total) {
		t.join(key, false, rules)
	}
}

// join delivers the segments of a set as one message.
func (t *tx) join(key setKey, partial bool, rules store.InboundRules) {
	set := t.sets[key]
	drop(t, t.sets, key)
	t.deliver(sms.InboxMessage{ConnectorID: key.connector, From: key.from, To: key.to,
		Text: rules.Decode(slices.Clone(set.segments)), Partial: partial, At: set.at}, rules)
}

// Inbox implements store.Reader.
func (s *Store) Inbox(ctx context.Context, account int64, f store.InboxFilter) (list []sms.InboxMessage, err error) {
	err = s.look(ctx, VerbInbox, func(t *tx) error {
		rows := t.mail.below(numbered{account + 1, 0})
		if f.Before > 0 {
			rows = t.mail.below(numbered{account, f.Before})
		}
		if f.UnreadOnly {
			rows = t.unread.from(numbered{account, 0})
		}
		for key := range rows {
			if key.account != account || len(list) >= f.Limit {
				break
			}
			list = append(list, t.inbox[key])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// MarkRead implements store.Reader.
func (s *Store) MarkRead(ctx context.Context, account int64, numbers []int64) error {
	return s.run(ctx, VerbMarkRead, time.Time{}, func(t *tx) error {
		for _, n := range numbers {
			key := numbered{account, n}
			if m, ok := t.inbox[key]; ok {
				m.Read = true
				put(t, t.inbox, key, m)
				remove(t, t.unread, key)
			}
		}
		return nil
	})
}
