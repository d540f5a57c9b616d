package memory

import (
	"slices"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// load copies a message, for a life-cycle function to work on.
func (t *tx) load(id sms.MessageID) (_ *sms.Record, ok bool) {
	r, ok := t.records[id]
	if !ok {
		return nil, false
	}
	return clone(r), true
}

func clone(r *sms.Record) *sms.Record {
	c := *r
	c.Sub = slices.Clone(r.Sub)
	return &c
}

// save writes what a life-cycle function did to r: money, ids, events, and the
// row with its places in queue, deadlines and attempts.
func (t *tx) save(r *sms.Record, c sms.Change) {
	for _, i := range c.Captured {
		r.Sub[i].CaptureID = t.book(r.AccountID, sms.TransferCapture, r.Sub[i].Captured)
	}
	if c.Release > 0 {
		r.ReleaseID = t.book(r.AccountID, sms.TransferRelease, c.Release)
	}
	t.write(r)
	for _, e := range c.Events {
		t.log(e)
	}
}

// write sets the row of r and moves it in the orders that follow from it.
func (t *tx) write(r *sms.Record) {
	r.AskAt = micro(r.AskAt) // a part of what was left
	if old, ok := t.records[r.ID]; ok {
		for _, row := range queueRows(old) {
			remove(t, t.queue, row)
			remove(t, t.spill, row)
		}
		for _, d := range deadlinesOf(old) {
			remove(t, t.deadlines, d)
		}
		for _, a := range attemptsOf(old) {
			remove(t, t.sending, a)
		}
	}
	put(t, t.records, r.ID, r)
	for _, row := range queueRows(r) {
		add(t, t.queue, row)
		if r.OnlyID != 0 || r.AvoidID != 0 {
			add(t, t.spill, row)
		}
	}
	for _, d := range deadlinesOf(r) {
		add(t, t.deadlines, d)
	}
	for _, a := range attemptsOf(r) {
		add(t, t.sending, a)
	}
}

func queueRows(r *sms.Record) []queueRow {
	if r.State != sms.Queued {
		return nil
	}
	return []queueRow{{route: r.RouteID, lane: r.Lane, due: r.DueAt.UnixMicro(), id: r.ID}}
}

func deadlinesOf(r *sms.Record) []deadline {
	at, open := r.Deadline()
	if !open {
		return nil
	}
	return []deadline{{at: at.UnixMicro(), id: r.ID}}
}

func attemptsOf(r *sms.Record) []attempt {
	var list []attempt
	for _, p := range r.Sub {
		if p.State == sms.PartSending {
			list = append(list, attempt{epoch: p.Epoch, id: r.ID, seq: p.Seq})
		}
	}
	return list
}

// log appends to the history of a message, and to the outbox of each subscriber
// of its account.
func (t *tx) log(e sms.Event) {
	t.last.event++
	e.Seq = t.last.event
	told := t.tellsOf(e)
	e.SubscriberID = 0
	if e.Receipt != nil {
		put(t, t.notes, e.Seq, *e.Receipt)
		e.Receipt = nil
	}
	put(t, t.history, e.MessageID, append(t.history[e.MessageID], e))
	for _, subscriber := range told {
		t.tell(delivery{Delivery: store.Delivery{SubscriberID: subscriber, Event: e}, due: e.At})
	}
}

// tellsOf are the subscribers that get the event: those of its account that
// want every one, and the one it names.
func (t *tx) tellsOf(e sms.Event) (list []int64) {
	for _, s := range t.subscribers[e.AccountID] {
		if s.every || s.id == e.SubscriberID {
			list = append(list, s.id)
		}
	}
	return list
}

// tell makes a delivery row.
func (t *tx) tell(d delivery) {
	t.last.delivery++
	d.ID = t.last.delivery
	put(t, t.deliveries, d.ID, d)
	add(t, t.outbox, pending{d.SubscriberID, d.ID})
}

// book moves credit. All moves of a kind for an account in one call make one
// transfer, whose id it returns.
func (t *tx) book(account int64, kind sms.TransferKind, amount sms.Money) int64 {
	key := booking{account, kind}
	id, open := t.booked[key]
	if !open {
		id = t.transfer(sms.Transfer{AccountID: account, Kind: kind})
		t.booked[key] = id
	}
	row := t.transfers[id]
	row.Amount += amount
	put(t, t.transfers, id, row)
	t.settle(account, kind, amount)
	return id
}

// transfer makes a row of the ledger, without its effect on the balance.
func (t *tx) transfer(row sms.Transfer) int64 {
	t.last.transfer++
	row.ID, row.At = t.last.transfer, t.now
	row.Debit, row.Credit = row.Kind.Sides()
	put(t, t.transfers, row.ID, row)
	add(t, t.booklet, numbered{row.AccountID, row.ID})
	return row.ID
}

// settle is what a transfer does to the balance of its account: posted is
// Wallet + Hold, reserved is Hold.
func (t *tx) settle(account int64, kind sms.TransferKind, amount sms.Money) {
	row := t.accounts[account]
	debit, credit := kind.Sides()
	for side, sum := range map[sms.LedgerAccount]sms.Money{debit: -amount, credit: amount} {
		switch side {
		case sms.Wallet:
			row.balance.Posted += sum
		case sms.Hold:
			row.balance.Posted += sum
			row.balance.Reserved += sum
		}
	}
	put(t, t.accounts, account, row)
}
