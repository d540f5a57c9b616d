package admin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// findingsMost bounds what a report lists; the rest is counted.
const findingsMost = 1000

// Report is what Check found.
type Report struct {
	Accounts  int      `json:"accounts"`
	Transfers int      `json:"transfers"`
	Groups    int      `json:"groups"`
	Messages  int      `json:"messages"`
	Queued    int      `json:"queued"`
	Open      int      `json:"unfinished"`
	Findings  []string `json:"findings"`
	More      int      `json:"more_findings"` // found but not listed
}

// OK says that every invariant holds.
func (r *Report) OK() bool { return len(r.Findings) == 0 && r.More == 0 }

// Check sweeps the whole database and proves that configuration, balances,
// transfers, messages, parts, queue and counters agree.
func Check(ctx context.Context, s store.Sweep) (*Report, error) {
	c := &checker{ledger: map[int64]*books{}, moved: map[int64]*moved{}, queue: map[sms.MessageID]place{}, groups: map[groupKey]span{},
		configured: newConfigured()}
	err := s.Sweep(ctx, store.Visitor{Doc: c.doc, Balance: c.balance, Transfer: c.transfer, Record: c.record, Group: c.group,
		Queue: c.queued, Finding: func(text string) error { c.find("%s", text); return nil }})
	if err != nil {
		return nil, err
	}
	c.close()
	c.closeNouns()
	return &c.report, nil
}

type checker struct {
	report     Report
	ledger     map[int64]*books // by account
	moved      map[int64]*moved // by transfer
	queue      map[sms.MessageID]place
	groups     map[groupKey]span // messages seen of a group
	last       sms.MessageID
	configured configured
}

// span is how many messages were seen, and the first and last of them.
type span struct {
	n           int
	first, last sms.MessageID
}

// books are what an account has and what its rows add up to.
type books struct {
	balance        store.Counters
	have           sms.Balance
	wallet, hold   sms.Money // sums of transfers
	open           sms.Money // sum over messages
	group, message int64     // highest numbers used
}

// moved is a life-cycle transfer and what the messages say it moved.
type moved struct {
	transfer sms.Transfer
	sum      sms.Money
}

type place struct {
	route int64
	lane  sms.Lane
	due   time.Time
}

type groupKey struct{ account, number int64 }

func (a groupKey) compare(b groupKey) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.number, b.number))
}

func (c *checker) find(format string, args ...any) {
	if len(c.report.Findings) >= findingsMost {
		c.report.More++
		return
	}
	c.report.Findings = append(c.report.Findings, fmt.Sprintf(format, args...))
}

func (c *checker) books(account int64) *books {
	b := c.ledger[account]
	if b == nil {
		b = &books{}
		c.ledger[account] = b
		c.find("account %d has rows but no balance", account)
	}
	return b
}

func (c *checker) balance(b sms.Balance, n store.Counters) error {
	c.report.Accounts++
	c.ledger[b.AccountID] = &books{have: b, balance: n}
	return nil
}

func (c *checker) transfer(t sms.Transfer) error {
	c.report.Transfers++
	b := c.books(t.AccountID)
	if debit, credit := t.Kind.Sides(); debit != t.Debit || credit != t.Credit {
		c.find("transfer %d: a %s does not move from %d to %d", t.ID, t.Kind, t.Debit, t.Credit)
	}
	if t.Amount == 0 || t.Amount < 0 && t.Kind != sms.TransferAdjust {
		c.find("transfer %d: the amount of a %s cannot be %s", t.ID, t.Kind, t.Amount)
	}
	for side, sign := range map[sms.LedgerAccount]sms.Money{t.Debit: -1, t.Credit: 1} {
		switch side {
		case sms.Wallet:
			b.wallet += sign * t.Amount
		case sms.Hold:
			b.hold += sign * t.Amount
		}
	}
	switch t.Kind {
	case sms.TransferReserve, sms.TransferCapture, sms.TransferRelease:
		c.moved[t.ID] = &moved{transfer: t}
	}
	return nil
}

// add counts an amount of a message towards the transfer it names.
func (c *checker) add(id sms.MessageID, account, transfer int64, kind sms.TransferKind, amount sms.Money) {
	if (transfer != 0) != (amount != 0) {
		c.find("message %s: %s of %s names transfer %d", id, kind, amount, transfer)
		return
	}
	if amount == 0 {
		return
	}
	m := c.moved[transfer]
	if m == nil || m.transfer.Kind != kind || m.transfer.AccountID != account {
		c.find("message %s: transfer %d is not a %s of its account", id, transfer, kind)
		return
	}
	m.sum += amount
}

func (c *checker) record(r sms.Record) error {
	c.report.Messages++
	if r.ID <= c.last {
		c.find("message %s is out of order", r.ID)
	}
	c.last = r.ID
	b := c.books(r.AccountID)
	b.open += r.Open()
	seen := c.groups[groupKey{r.AccountID, r.Group}]
	c.groups[groupKey{r.AccountID, r.Group}] = span{seen.n + 1, cmp.Or(seen.first, r.ID), r.ID}
	c.money(&r)
	c.state(&r)
	c.attempts(&r)
	c.needs(&r)
	if !r.State.Final() {
		c.report.Open++
	}
	if r.State == sms.Queued {
		c.queue[r.ID] = place{r.RouteID, r.Lane, r.DueAt}
	}
	return nil
}

func (c *checker) money(r *sms.Record) {
	c.add(r.ID, r.AccountID, r.ReserveID, sms.TransferReserve, r.Reserved)
	c.add(r.ID, r.AccountID, r.ReleaseID, sms.TransferRelease, r.Released)
	var captured sms.Money
	for _, p := range r.Sub {
		captured += p.Captured
		c.add(r.ID, r.AccountID, p.CaptureID, sms.TransferCapture, p.Captured)
	}
	want, ok := r.Price.Times(r.Units)
	switch {
	case !ok || r.Reserved < want || r.Price != 0 && (r.Reserved-want)%r.Price != 0: // more: it was replaced by a shorter text
		c.find("message %s: reserved %s, but %d units at %s", r.ID, r.Reserved, r.Units, r.Price)
	case captured != r.Captured:
		c.find("message %s: captured %s, but its parts %s", r.ID, r.Captured, captured)
	case r.Open() < 0 || r.Captured < 0 || r.Released < 0:
		c.find("message %s: reserved %s, captured %s, released %s", r.ID, r.Reserved, r.Captured, r.Released)
	case r.State.Final() && r.Open() != 0:
		c.find("message %s is %s but still holds %s", r.ID, r.State, r.Open())
	case !r.State.Final() && r.Released != 0:
		c.find("message %s is %s but released %s", r.ID, r.State, r.Released)
	}
}

// state compares the message with its parts.
func (c *checker) state(r *sms.Record) {
	for i, p := range r.Sub {
		if p.Seq != i+1 {
			c.find("message %s: its parts are not 1 to %d", r.ID, len(r.Sub))
		}
	}
	switch r.State {
	case sms.Scheduled, sms.Canceled, sms.Failed, sms.Unknown:
		return
	case sms.Queued, sms.Rejected, sms.Expired:
		if len(r.Sub) == 0 || r.Provisional {
			return
		}
	}
	if folded, _ := r.Fold(); folded != r.State {
		c.find("message %s is %s but its parts say %s", r.ID, r.State, folded)
	}
}

func (c *checker) group(g sms.Group) error {
	c.report.Groups++
	b := c.books(g.AccountID)
	key := groupKey{g.AccountID, g.Number}
	switch seen := c.groups[key]; {
	case seen.n != g.Count:
		c.find("group %d of account %d has %d messages, not %d", g.Number, g.AccountID, seen.n, g.Count)
	case seen.n > 0 && (seen.first != g.FirstMessage || seen.last != g.FirstMessage+sms.MessageID(g.Count)-1):
		c.find("group %d of account %d: its messages are not %d ids from %s on", g.Number, g.AccountID, g.Count, g.FirstMessage)
	}
	delete(c.groups, key)
	b.group = max(b.group, g.Number)
	b.message = max(b.message, g.FirstRecipient+int64(g.Count)-1)
	return nil
}

func (c *checker) queued(id sms.MessageID, route int64, lane sms.Lane, due time.Time) error {
	c.report.Queued++
	want, ok := c.queue[id]
	switch {
	case !ok:
		c.find("message %s is in the queue but not queued", id)
	case want.route != route || want.lane != lane || !want.due.Equal(due):
		c.find("message %s is in the queue of route %d, lane %d, due %s, not where it says", id, route, lane, due.UTC())
	}
	delete(c.queue, id)
	return nil
}

// close compares what only the whole shows.
func (c *checker) close() {
	for _, id := range slices.Sorted(maps.Keys(c.queue)) {
		c.find("message %s is queued but not in the queue", id)
	}
	for _, g := range slices.SortedFunc(maps.Keys(c.groups), groupKey.compare) {
		c.find("%d messages belong to group %d of account %d, which does not exist", c.groups[g].n, g.number, g.account)
	}
	for _, id := range slices.Sorted(maps.Keys(c.moved)) {
		if m := c.moved[id]; m.sum != m.transfer.Amount {
			c.find("transfer %d: a %s of %s, but its messages add up to %s", id, m.transfer.Kind, m.transfer.Amount, m.sum)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.ledger)) {
		b := c.ledger[id]
		switch {
		case b.wallet+b.hold != b.have.Posted:
			c.find("account %d: posted %s, but its transfers add up to %s", id, b.have.Posted, b.wallet+b.hold)
		case b.hold != b.have.Reserved:
			c.find("account %d: reserved %s, but its transfers add up to %s", id, b.have.Reserved, b.hold)
		case b.open != b.have.Reserved:
			c.find("account %d: reserved %s, but its messages hold %s", id, b.have.Reserved, b.open)
		}
		if b.balance.Group <= b.group || b.balance.Recipient <= b.message {
			c.find("account %d: its counters stand at or below numbers that were given out", id)
		}
	}
}
