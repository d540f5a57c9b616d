package sqlite

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const (
	// maxRefiles is how many stored deadlines that had been passed by the real
	// ones one call moves at the most; the next call goes on.
	maxRefiles = 2000
	// lookAhead is how many stored deadlines are looked at for the next real one.
	lookAhead = 100
)

// deadline is a row of the index of deadlines.
type deadline struct {
	id sms.MessageID
	at int64
}

// ExpireDue implements store.Keeper. When there are very many messages whose
// stored deadline is earlier than the real one, next may be earlier than the
// next real deadline; the call at that time finds nothing and says when to come
// again.
func (s *Store) ExpireDue(ctx context.Context, now time.Time, limit int, start store.StartFunc, ask store.AskFunc) (x store.Expired, err error) {
	now = micros(now)
	err = s.writer.do(ctx, func(t *tx) error {
		x = store.Expired{}
		due, err := t.passed(now.UnixMicro(), limit)
		if err != nil {
			return err
		}
		for _, r := range due {
			if err := t.expire(now, r, start, ask, &x); err != nil {
				return err
			}
		}
		if err := t.settleRecords(); err != nil { // nextDeadline reads the rows
			return err
		}
		x.Next, err = t.nextDeadline()
		return err
	})
	if err != nil {
		return store.Expired{}, err
	}
	return x, nil
}

// passed finds the first messages, by real deadline, whose deadline has passed.
// Stored deadlines that come too early are moved on the way.
func (t *tx) passed(now int64, limit int) (due []*record, err error) {
	for refiled := 0; refiled < maxRefiles; {
		rows, err := t.stored(now, limit)
		if err != nil {
			return nil, err
		}
		due = due[:0]
		early := 0
		for _, row := range rows {
			r, err := t.mustLoad(row.id)
			if err != nil {
				return nil, err
			}
			if real := deadlineOf(&r.Message); real == row.at {
				due = append(due, r)
			} else if err := t.refile(r, real); err != nil {
				return nil, err
			} else {
				early++
			}
		}
		if early == 0 {
			return due, nil
		}
		refiled += early
	}
	return nil, nil // the next call goes on; nextDeadline says that it is due
}

// stored reads the beginning of the index of deadlines.
func (t *tx) stored(until int64, limit int) (rows []deadline, err error) {
	s := t.deadlines
	s.Int(until)
	s.Int(int64(max(limit, 0)))
	for {
		more, err := s.Next()
		if !more {
			return rows, err
		}
		rows = append(rows, deadline{id: sms.MessageID(s.GetInt()), at: s.GetInt()})
	}
}

func (t *tx) mustLoad(id sms.MessageID) (*record, error) {
	r, err := t.load(id)
	if err == nil && r == nil {
		err = fmt.Errorf("sqlite: message %s has a deadline only; run harkara check", id)
	}
	return r, err
}

func (t *tx) refile(r *record, at int64) error {
	r.deadline = at
	bindDeadline(t.setDeadline, at)
	t.setDeadline.Int(int64(r.ID))
	return t.run(t.setDeadline)
}

// nextDeadline is the earliest real deadline, or an earlier time where that
// would take too long to find.
func (t *tx) nextDeadline() (next time.Time, err error) {
	rows, err := t.stored(math.MaxInt64, lookAhead)
	if err != nil || len(rows) == 0 {
		return next, err
	}
	best := int64(math.MaxInt64)
	for _, row := range rows {
		if row.at >= best {
			return timeOf(best), nil
		}
		r, err := t.mustLoad(row.id)
		if err != nil {
			return next, err
		}
		if real := deadlineOf(&r.Message); real != 0 {
			best = min(best, real)
		}
	}
	if len(rows) == lookAhead {
		best = min(best, rows[lookAhead-1].at)
	}
	return timeOf(best), nil
}

func timeOf(deadline int64) time.Time {
	if deadline == noDeadline {
		return time.UnixMicro(0).UTC()
	}
	return time.UnixMicro(deadline).UTC()
}

// expire lets the message's deadline have its effect and adds it to x.
func (t *tx) expire(now time.Time, r *record, start store.StartFunc, ask store.AskFunc, x *store.Expired) error {
	a, err := t.account(r.AccountID)
	if err != nil {
		return err
	}
	if a == nil {
		// Its money has nowhere to go. The others must go on: this one gets no
		// deadline, and harkara check reports both.
		return t.refile(r, 0)
	}
	var c sms.Change
	if r.State == sms.Scheduled {
		c, err = t.start(now, r, start, a.Available())
	} else {
		c = store.Expire(&r.Record, now, ask)
	}
	if err != nil {
		return err
	}
	if err := t.apply(r, &c, nil, now.UnixMicro()); err != nil || !c.Touched {
		return err
	}
	x.N++
	if store.Asks(&c) {
		g, err := t.groupOf(&r.Message)
		if err != nil || g == nil {
			return err
		}
		x.Ask = append(x.Ask, store.Asking{Record: r.copied(), From: g.From})
	}
	return nil
}

// start asks whether a scheduled message may go. One whose content is gone, which
// harkara check reports, is refused: its credit is given back.
func (t *tx) start(now time.Time, r *record, start store.StartFunc, available sms.Money) (sms.Change, error) {
	g, err := t.groupOf(&r.Message)
	if err != nil {
		return sms.Change{}, err
	}
	if g == nil {
		return r.Start(sms.ReasonContent, now), nil
	}
	m, content := r.Message, *g
	return r.Start(start(&m, &content, available), now), nil
}
