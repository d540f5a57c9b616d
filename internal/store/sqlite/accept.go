package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// rememberCalls is the largest call whose messages the mirror takes up: those
// of a larger one wait for the pace of their route, so remembering them would
// only push out others.
const rememberCalls = 100

// Accept implements store.Accepter.
func (s *Store) Accept(ctx context.Context, now time.Time, calls []sms.Call) (answers []store.Accepted, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		answers = make([]store.Accepted, len(calls))
		for i := range calls {
			var err error
			if answers[i], err = t.accept(micros(now), &calls[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return answers, nil
}

// micros drops what the database would not keep.
func micros(t time.Time) time.Time { return sqlstore.Time(sqlstore.Micros(t)) }

// accept stores one call. The error is the storage's; a refusal stands in the
// answer.
func (t *tx) accept(now time.Time, c *sms.Call) (store.Accepted, error) {
	if err := checkCall(c); err != nil {
		return store.Accepted{Err: err}, nil
	}
	a, err := t.account(c.Group.AccountID)
	if err != nil {
		return store.Accepted{}, err
	}
	if a == nil {
		return store.Accepted{Err: sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no account %d", c.Group.AccountID))}, nil
	}
	pays := c.Need == 0 || c.Need <= a.Available()
	if c.Key != "" {
		first, err := t.takeKey(now, c, a, pays)
		if err != nil {
			return store.Accepted{}, err
		}
		if first != nil {
			return store.Accepted{Group: *first, Replayed: true}, nil
		}
	}
	if !pays {
		return store.Accepted{Err: sms.Fail(sms.CodeCredit,
			fmt.Sprintf("the call costs %s, the account has %s left: top it up", c.Need, a.Available()))}, nil
	}
	g, err := t.addCall(now, c, a)
	if err != nil {
		return store.Accepted{}, err
	}
	return store.Accepted{Group: *g}, nil
}

// checkCall refuses what no planner makes: it would break the ledger.
func checkCall(c *sms.Call) error {
	var sum sms.Money
	for i := range c.Messages {
		m := &c.Messages[i]
		if m.Reserved < 0 {
			return sms.Fail(sms.CodeInternal, "a message reserves less than nothing; please report this")
		}
		if m.State != sms.Queued && m.State != sms.Scheduled && m.State != sms.Failed {
			return sms.Fail(sms.CodeInternal, fmt.Sprintf("a message cannot be accepted in state %q; please report this", m.State))
		}
		if sum += m.Reserved; sum < 0 {
			return sms.Fail(sms.CodeInternal, "the price of the call cannot be counted; please report this")
		}
	}
	if sum != c.Need {
		return sms.Fail(sms.CodeInternal, "the price of the call is not the sum of its messages; please report this")
	}
	return nil
}

// takeKey makes the call's key point at the group that it will get. If the key
// is known and not over it returns that group instead. A call that does not pay
// takes no key.
func (t *tx) takeKey(now time.Time, c *sms.Call, a *account, pays bool) (first *sms.Group, err error) {
	if pays {
		s := t.addKey
		s.Int(a.AccountID)
		s.Text(c.Key)
		s.Int(sqlstore.Micros(c.KeyUntil))
		s.Int(a.nextGroup)
		if err := t.run(s); err != nil || t.conn.Changes() > 0 {
			return nil, err
		}
	}
	s := t.key
	s.Int(a.AccountID)
	s.Text(c.Key)
	found, err := s.Next()
	if !found {
		return nil, err
	}
	until, number := s.GetInt(), s.GetInt()
	s.Reset()
	if now.UnixMicro() < until {
		return t.groupOf(&sms.Message{AccountID: a.AccountID, Group: number})
	}
	if !pays {
		return nil, nil
	}
	s = t.setKey
	s.Int(sqlstore.Micros(c.KeyUntil))
	s.Int(a.nextGroup)
	s.Int(a.AccountID)
	s.Text(c.Key)
	return nil, t.run(s)
}

// addCall numbers the call and writes its rows.
func (t *tx) addCall(now time.Time, c *sms.Call, a *account) (*sms.Group, error) {
	g := new(c.Group)
	first, err := t.messageIDs(sms.DayOf(now), len(c.Messages))
	if err != nil {
		return nil, err
	}
	g.FirstMessage, g.Number, g.FirstRecipient = first, a.nextGroup, a.nextRecipient
	g.At, g.SendAt, g.Duration = micros(g.At), micros(g.SendAt), g.Duration.Truncate(time.Microsecond)
	g.Raw = store.CloneRaw(g.Raw)
	t.touch(a)
	a.nextGroup++
	a.nextRecipient += int64(len(c.Messages))
	bindGroup(t.addGroup, g)
	if err := t.run(t.addGroup); err != nil {
		return nil, err
	}
	var reserve int64
	if c.Need > 0 {
		if reserve, err = t.book(a.AccountID, sms.TransferReserve, c.Need, now.UnixMicro()); err != nil {
			return nil, err
		}
	}
	remember := len(c.Messages) <= rememberCalls
	for i := range c.Messages {
		r := &record{Record: sms.Record{Message: c.Messages[i]}}
		m := &r.Message
		m.ID, m.Group, m.AccountID, m.ReserveID = first+sms.MessageID(i), g.Number, g.AccountID, 0
		if m.Reserved > 0 {
			m.ReserveID = reserve
		}
		if err := t.addMessage(now, r); err != nil {
			return nil, err
		}
		if remember && m.State == sms.Queued {
			t.m.records.put(m.ID, r)
		}
	}
	if remember {
		t.m.groups.put(groupKey{g.AccountID, g.Number}, g)
	}
	return g, nil
}

func (t *tx) addMessage(now time.Time, r *record) error {
	m := &r.Message
	m.DueAt, m.ExpiresAt, m.CloseAt, m.UpdatedAt = micros(m.DueAt), micros(m.ExpiresAt), micros(m.CloseAt), micros(m.UpdatedAt)
	m.AskAt = micros(m.AskAt)
	r.deadline, r.askAt = deadlineOf(m), sqlstore.Micros(m.AskAt)
	if m.State == sms.Queued && r.askAt != 0 && r.askAt < r.deadline {
		r.deadline = r.askAt // so that it need not be moved when the message is sent
	}
	bindMessage(t.statements.addMessage, m, r.deadline)
	if err := t.run(t.statements.addMessage); err != nil {
		return err
	}
	return t.log(&sms.Event{AccountID: m.AccountID, MessageID: m.ID, At: now, Trigger: sms.OnAccept,
		State: m.State, Reason: m.Reason, Code: m.Code}, nil)
}
