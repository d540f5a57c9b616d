package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Accept implements store.Accepter.
func (s *Store) Accept(ctx context.Context, now time.Time, calls []sms.Call) ([]store.Accepted, error) {
	answers := make([]store.Accepted, len(calls))
	err := s.run(ctx, VerbAccept, now, func(t *tx) error {
		for i, c := range calls {
			answers[i] = t.accept(c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

func (t *tx) accept(c sms.Call) store.Accepted {
	key := callKey{c.Group.AccountID, c.Key}
	if known, ok := t.keys[key]; ok && t.now.Before(known.until) {
		return store.Accepted{Group: t.groups[numbered{c.Group.AccountID, known.group}], Replayed: true}
	}
	row, ok := t.accounts[c.Group.AccountID]
	if !ok {
		return store.Accepted{Err: noAccount(c.Group.AccountID)}
	}
	if c.Need > 0 && c.Need > row.balance.Available() {
		return store.Accepted{Err: sms.Fail(sms.CodeCredit, fmt.Sprintf("the call costs %s, the account has %s left: top it up", c.Need, row.balance.Available()))}
	}
	g := t.number(c.Group, row, len(c.Messages))
	put(t, t.groups, numbered{g.AccountID, g.Number}, g)
	for i, m := range c.Messages {
		m.ID, m.Group = g.FirstMessage+sms.MessageID(i), g.Number
		t.take(m)
	}
	if c.Key != "" {
		t.remember(key, keyRow{group: g.Number, until: micro(c.KeyUntil)})
	}
	return store.Accepted{Group: g}
}

// number gives the group its numbers and raises the counters.
func (t *tx) number(g sms.Group, row account, messages int) sms.Group {
	g.Number, g.FirstRecipient = row.next.Group, row.next.Recipient
	g.FirstMessage = sms.NewMessageID(t.shard, sms.DayOf(t.now), t.last.message+1)
	g.At, g.SendAt, g.Raw = micro(g.At), micro(g.SendAt), store.CloneRaw(g.Raw)
	t.last.message += int64(messages)
	row.next.Group++
	row.next.Recipient += int64(messages)
	row.groups++
	put(t, t.accounts, g.AccountID, row)
	return g
}

// take stores a new message.
func (t *tx) take(m sms.Message) {
	m.DueAt, m.ExpiresAt, m.CloseAt, m.AskAt, m.UpdatedAt = micro(m.DueAt), micro(m.ExpiresAt), micro(m.CloseAt), micro(m.AskAt), micro(m.UpdatedAt)
	if m.Reserved > 0 {
		m.ReserveID = t.book(m.AccountID, sms.TransferReserve, m.Reserved)
	}
	t.write(&sms.Record{Message: m})
	t.log(sms.Event{AccountID: m.AccountID, MessageID: m.ID, At: t.now, Trigger: sms.OnAccept,
		State: m.State, Reason: m.Reason, Code: m.Code})
}

// remember sets an idempotency key; one that is over may be used again.
func (t *tx) remember(key callKey, row keyRow) {
	if old, ok := t.keys[key]; ok {
		remove(t, t.keyEnd, keyOver{old.until.UnixMicro(), key})
	}
	put(t, t.keys, key, row)
	add(t, t.keyEnd, keyOver{row.until.UnixMicro(), key})
}

func noAccount(id int64) error {
	return sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no account %d", id))
}
