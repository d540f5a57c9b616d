package sqlite

import (
	"fmt"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

// tx is a transaction of the writer and, in its second half, the call at work
// in it. Verbs change the records and accounts of the mirror through it; the
// rows are written when the call ends (settle) and when the transaction ends
// (flush), each once.
type tx struct {
	*statements
	conn  *engine.Conn
	m     *mirror
	shard uint16

	rows     int        // written so far
	changed  []*account // to be written by flush
	days     map[uint16]bool
	counters bool // the sequence row is to be written by flush

	dirty   bool      // the call has changed something
	records []*record // changed by the call
	booked  []booking // transfers of the call
}

// booking is what one transfer of a call collects.
type booking struct {
	id      int64
	account int64
	kind    sms.TransferKind
	amount  sms.Money
	at      int64
}

// newTx is called in an open transaction: nobody else can write now, and SQLite
// knows whether somebody has since the last one.
func newTx(w *writer) (*tx, error) {
	version, err := number(w.sql.dataVersion)
	if err != nil {
		return nil, err
	}
	if version != w.mirror.version {
		w.mirror.forget()
		w.mirror.version = version
	}
	w.mirror.trim()
	return &tx{statements: w.sql, conn: w.conn, m: w.mirror, shard: w.shard}, nil
}

// number runs a statement that yields one number.
func number(s *engine.Stmt) (n int64, err error) {
	found, err := s.Next()
	if found {
		n = s.GetInt()
		s.Reset()
	} else if err == nil {
		err = fmt.Errorf("sqlite: a row that every database has is missing; restore it from a backup")
	}
	return n, err
}

// call runs one call's work.
func (t *tx) call(run func(*tx) error) error {
	t.dirty = false
	t.records, t.booked = t.records[:0], t.booked[:0]
	err := run(t)
	if err == nil {
		err = t.settle()
	}
	return err
}

// run executes a bound statement that changes rows.
func (t *tx) run(s *engine.Stmt) error {
	t.rows++
	t.dirty = true
	return s.Run()
}

// account is the account's row, nil if there is none.
func (t *tx) account(id int64) (*account, error) {
	if a := t.m.accounts[id]; a != nil {
		return a, nil
	}
	s := t.statements.account
	s.Int(id)
	found, err := s.Next()
	if !found {
		return nil, err
	}
	a := &account{Balance: sms.Balance{AccountID: id, Posted: sms.Money(s.GetInt()), Reserved: sms.Money(s.GetInt()),
		CreditLimit: sms.Money(s.GetInt())}, nextGroup: s.GetInt(), nextRecipient: s.GetInt()}
	s.Reset()
	t.m.accounts[id] = a
	return a, nil
}

// touch has the account's row written at the end of the transaction.
func (t *tx) touch(a *account) {
	t.dirty = true
	if !a.changed {
		a.changed = true
		t.changed = append(t.changed, a)
	}
}

// book moves credit. All moves of a kind for an account in one call make one
// transfer, whose id is returned.
func (t *tx) book(id int64, kind sms.TransferKind, amount sms.Money, at int64) (transfer int64, err error) {
	a, err := t.account(id)
	if err == nil && a == nil {
		err = fmt.Errorf("sqlite: account %d has messages but no row; run harkara check", id)
	}
	if err != nil {
		return 0, err
	}
	t.touch(a)
	switch kind {
	case sms.TransferReserve:
		a.Reserved += amount
	case sms.TransferRelease:
		a.Reserved -= amount
	case sms.TransferCapture:
		a.Reserved -= amount
		a.Posted -= amount
	}
	for i := len(t.booked) - 1; i >= 0; i-- {
		if b := &t.booked[i]; b.account == id && b.kind == kind {
			b.amount += amount
			return b.id, nil
		}
	}
	if err := t.count(); err != nil {
		return 0, err
	}
	t.m.transfer++
	t.booked = append(t.booked, booking{id: t.m.transfer, account: id, kind: kind, amount: amount, at: at})
	return t.m.transfer, nil
}

// count makes sure that the counters of events and transfers are known.
func (t *tx) count() error {
	t.counters = true
	if t.m.counted {
		return nil
	}
	s := t.sequence
	found, err := s.Next()
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("sqlite: the row of counters is missing; restore the database from a backup")
	}
	t.m.event, t.m.transfer, t.m.counted = s.GetInt(), s.GetInt(), true
	s.Reset()
	return nil
}

// messageIDs gives out n consecutive ids of the day.
func (t *tx) messageIDs(day uint16, n int) (sms.MessageID, error) {
	next, known := t.m.days[day]
	if !known {
		s := t.messageDay
		s.Int(int64(day))
		found, err := s.Next()
		if err != nil {
			return 0, err
		}
		next = 1
		if found {
			next = s.GetInt()
			s.Reset()
		}
	}
	t.m.days[day] = next + int64(n)
	if t.days == nil {
		t.days = map[uint16]bool{}
	}
	t.days[day], t.dirty = true, true
	return sms.NewMessageID(t.shard, day, next), nil
}

// log appends an event to its message's history, and a delivery for each
// subscriber that is told. rc is the receipt behind it, if there is one.
func (t *tx) log(e *sms.Event, rc *sms.Receipt) error {
	if err := t.count(); err != nil {
		return err
	}
	t.m.event++
	e.Seq = t.m.event
	s := t.addEvent
	bindEvent(s, e)
	if rc == nil {
		s.Null()
		s.Null()
		s.Null()
	} else {
		s.Int(int64(rc.State))
		s.Int(sqlstore.Micros(rc.At))
		s.Text(rc.Raw)
	}
	if err := t.run(s); err != nil {
		return err
	}
	return t.deliver(e)
}

// settle writes what the call has changed in the mirror.
func (t *tx) settle() error {
	if err := t.settleRecords(); err != nil {
		return err
	}
	for i := range t.booked {
		b := &t.booked[i]
		debit, credit := b.kind.Sides()
		s := t.addTransfer
		s.Int(b.id)
		s.Int(b.account)
		s.Int(int64(b.kind))
		s.Int(int64(debit))
		s.Int(int64(credit))
		s.Int(int64(b.amount))
		s.Int(b.at)
		if err := t.run(s); err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) settleRecords() error {
	for _, r := range t.records {
		if err := t.write(r); err != nil {
			return err
		}
	}
	t.records = t.records[:0]
	return nil
}

// flush writes the rows that many calls change.
func (t *tx) flush() error {
	for _, a := range t.changed {
		s := t.setAccount
		s.Int(int64(a.Posted))
		s.Int(int64(a.Reserved))
		s.Int(a.nextGroup)
		s.Int(a.nextRecipient)
		s.Int(a.AccountID)
		if err := t.run(s); err != nil {
			return err
		}
		a.changed = false
	}
	t.changed = t.changed[:0]
	for day := range t.days {
		t.setMessageDay.Int(int64(day))
		t.setMessageDay.Int(t.m.days[day])
		if err := t.run(t.setMessageDay); err != nil {
			return err
		}
	}
	clear(t.days)
	if !t.counters {
		return nil
	}
	t.counters = false
	t.setSequence.Int(t.m.event)
	t.setSequence.Int(t.m.transfer)
	return t.run(t.setSequence)
}
