package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// ApplyReceipts implements store.Receiver.
func (s *Store) ApplyReceipts(ctx context.Context, now time.Time, receipts []sms.Receipt) (answers []store.Match, err error) {
	now = micros(now)
	err = s.writer.do(ctx, func(t *tx) error {
		answers = make([]store.Match, len(receipts))
		for i := range receipts {
			var err error
			if answers[i], err = t.receive(now, &receipts[i]); err != nil {
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

func (t *tx) receive(now time.Time, rc *sms.Receipt) (store.Match, error) {
	p, err := t.match(rc)
	if err != nil {
		return store.Match{}, err
	}
	if p.r == nil {
		return store.Match{Matched: store.ReceiptHeld}, t.holdReceipt(now, rc)
	}
	return t.receipt(now, p, rc)
}

// matched is a part that a receipt may speak of.
type matched struct {
	r    *record
	seq  int
	form int // which of the receipt's ids found it
}

// match finds the part: by the first of the receipt's ids that anybody has
// whose number agrees.
func (t *tx) match(rc *sms.Receipt) (best matched, err error) {
	for form, key := range rc.IDs {
		refs, err := t.known(rc.ConnectorID, key)
		if err != nil {
			return matched{}, err
		}
		for _, ref := range refs {
			p := matched{seq: ref.Seq, form: form}
			if p.r, err = t.load(ref.Message); err != nil {
				return matched{}, err
			}
			if p.r == nil || ref.Seq < 1 || ref.Seq > len(p.r.Sub) || !sms.SameNumber(p.r.To, rc.To) {
				continue
			}
			if best.r == nil || sms.CompareMatch(&p.r.Record, p.seq, &best.r.Record, best.seq) < 0 {
				best = p
			}
		}
		if best.r != nil {
			break
		}
	}
	return best, nil
}

// known lists the parts that have the upstream id.
func (t *tx) known(scope int64, key string) (refs []sms.AttemptRef, err error) {
	s := t.upstream
	s.Int(scope)
	s.Text(key)
	for {
		more, err := s.Next()
		if !more {
			return refs, err
		}
		refs = append(refs, sms.AttemptRef{Message: sms.MessageID(s.GetInt()), Seq: int(s.GetInt())})
	}
}

func (t *tx) receipt(now time.Time, p matched, rc *sms.Receipt) (store.Match, error) {
	m := store.MatchOf(p.r.Sub[p.seq-1])
	m.Form = p.form
	c := p.r.Receipt(p.seq, *rc, now)
	if err := t.apply(p.r, &c, rc, now.UnixMicro()); err != nil {
		return store.Match{}, err
	}
	if c.Touched {
		m.Matched = store.ReceiptApplied
	}
	return m, nil
}

// holdReceipt keeps a receipt for a message whose id may still become known.
func (t *tx) holdReceipt(now time.Time, rc *sms.Receipt) error {
	t.rows++
	t.dirty, t.m.noneHeld = true, false
	s := t.hold
	s.Int(rc.ConnectorID)
	s.Text(rc.To)
	s.Int(int64(rc.State))
	s.Text(string(rc.Reason))
	s.Text(rc.Code)
	s.Text(rc.Raw)
	s.Int(sqlstore.Micros(rc.At))
	s.Int(now.UnixMicro())
	id, err := number(s)
	if err != nil {
		return err
	}
	for i, key := range rc.IDs {
		s := t.addHeldKey
		s.Int(rc.ConnectorID)
		s.Text(key)
		s.Int(id)
		s.Int(int64(i))
		if err := t.run(s); err != nil {
			return err
		}
	}
	return nil
}

// applyHeld applies the receipts that came before the id was known, and adds them
// to released.
func (t *tx) applyHeld(now time.Time, scope int64, key string, released *[]store.Released) error {
	if none, err := t.nothingHeld(); none || err != nil {
		return err
	}
	s := t.heldBy
	s.Int(scope)
	s.Text(key)
	var ids []int64
	for {
		more, err := s.Next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		ids = append(ids, s.GetInt())
	}
	for _, id := range ids {
		rc, err := t.heldReceipt(id)
		if err != nil {
			return err
		}
		p, err := t.match(&rc)
		if err != nil {
			return err
		}
		if p.r == nil {
			continue // somebody else's: the numbers disagree
		}
		if err := t.unhold(id); err != nil {
			return err
		}
		m, err := t.receipt(now, p, &rc)
		if err != nil {
			return err
		}
		*released = append(*released, store.Release(rc, m))
	}
	return nil
}

// nothingHeld is what almost every response finds.
func (t *tx) nothingHeld() (bool, error) {
	if t.m.noneHeld {
		return true, nil
	}
	n, err := number(t.anyHeld)
	t.m.noneHeld = err == nil && n == 0
	return t.m.noneHeld, err
}

func (t *tx) heldReceipt(id int64) (rc sms.Receipt, err error) {
	s := t.held
	s.Int(id)
	found, err := s.Next()
	if err == nil && !found {
		err = fmt.Errorf("sqlite: held receipt %d has keys only; run harkara check", id)
	}
	if err != nil {
		return rc, err
	}
	rc = sms.Receipt{ConnectorID: s.GetInt(), To: s.GetText(), State: sms.PartState(s.GetInt()), Reason: sms.Reason(s.GetText()), Code: s.GetText(),
		Raw: s.GetText(), At: sqlstore.Time(s.GetInt())}
	s.Reset()
	k := t.heldKeys
	k.Int(id)
	for {
		more, err := k.Next()
		if !more {
			return rc, err
		}
		rc.IDs = append(rc.IDs, k.GetText())
	}
}

func (t *tx) unhold(id int64) error {
	for _, s := range []*engine.Stmt{t.dropHeldKeys, t.dropHeld} {
		s.Int(id)
		if err := t.run(s); err != nil {
			return err
		}
	}
	return nil
}
