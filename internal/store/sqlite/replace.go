package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Replace implements store.Replacer.
func (s *Store) Replace(ctx context.Context, now time.Time, account int64, id sms.MessageID, decide store.ReplaceFunc) error {
	now = micros(now)
	var refusal error // it need not be one of the domain
	err := s.writer.do(ctx, func(t *tx) error {
		refusal = nil
		r, err := t.load(id)
		if err != nil {
			return err
		}
		if r == nil || r.AccountID != account {
			return sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no message %s", id))
		}
		g, err := t.mustGroup(&r.Message)
		if err != nil {
			return err
		}
		if err := store.CheckReplace(&r.Record, g); err != nil {
			return err
		}
		m, content := r.Message, *g
		x, err := decide(&m, &content)
		if err != nil {
			refusal = err
			return err
		}
		x.DueAt, x.ExpiresAt = micros(x.DueAt), micros(x.ExpiresAt)
		c := r.Replace(&x, now)
		if !c.Touched {
			return store.Unpaid()
		}
		if err := t.setText(g, &x); err != nil {
			return err
		}
		return t.apply(r, &c, nil, now.UnixMicro())
	})
	return cmp.Or(refusal, err)
}

func (t *tx) mustGroup(m *sms.Message) (*sms.Group, error) {
	g, err := t.groupOf(m)
	if err == nil && g == nil {
		err = fmt.Errorf("sqlite: message %s has no group; run harkara check", m.ID)
	}
	return g, err
}

// setText gives the group its new content. Those who have claimed its message
// before keep the old Group.
func (t *tx) setText(old *sms.Group, x *sms.Replacement) error {
	g := new(*old)
	g.Text, g.Raw = x.Text, store.CloneRaw(x.Raw)
	s := t.setContent
	s.Text(g.Text)
	bindRaw(s, g.Raw)
	s.Int(g.AccountID)
	s.Int(g.Number)
	t.m.groups.put(groupKey{g.AccountID, g.Number}, g)
	return t.run(s)
}
