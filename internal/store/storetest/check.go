package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// checkedHistories is for how many messages Check also reads the history: each
// costs a call of its own.
const checkedHistories = 300

// Check fails t for every invariant that the store's data breaks:
//
//   - balances are the sums of their transfers, and what is reserved is what the
//     messages still hold;
//   - each transfer of the life cycle is the sum of the messages or parts that
//     point at it, and moves credit between the two accounts of its kind;
//   - no message holds less than nothing, and none that has ended holds anything;
//   - the queue is exactly the messages in state Queued;
//   - the state of an open message is the fold of its parts, and its history
//     begins with the acceptance and ends in its state;
//   - groups, their messages and the counters of their account agree.
func Check(t testing.TB, s store.Store) {
	t.Helper()
	c := newChecker()
	if err := c.sweep(context.Background(), s); err != nil {
		t.Errorf("Sweep: %v", err)
		return
	}
	c.stats(s)
	c.histories(s)
	for _, f := range c.findings {
		t.Errorf("invariant broken: %s", f)
	}
}

// sweepFindings is the part of Check that looks at one snapshot, so that it
// holds while others write.
func sweepFindings(ctx context.Context, s store.Sweep) []string {
	c := newChecker()
	if err := c.sweep(ctx, s); err != nil {
		c.bad("Sweep: %v", err)
	}
	return c.findings
}

func newChecker() *checker {
	return &checker{balances: map[int64]sms.Balance{}, counters: map[int64]store.Counters{}, transfers: map[int64]sms.Transfer{},
		explained: map[int64]sms.Money{}, records: map[sms.MessageID]sms.Record{}, byRoute: map[int64]int64{},
		open: map[int64]sms.Money{}, perGroup: map[[2]int64]int{}}
}

func (c *checker) sweep(ctx context.Context, s store.Sweep) error {
	if err := s.Sweep(ctx, c.visitor()); err != nil {
		return err
	}
	c.ledger()
	c.queue()
	return nil
}

type checker struct {
	findings  []string
	balances  map[int64]sms.Balance
	counters  map[int64]store.Counters
	transfers map[int64]sms.Transfer
	explained map[int64]sms.Money // of a transfer, by the rows that point at it
	records   map[sms.MessageID]sms.Record
	order     []sms.MessageID
	rows      []queueRow
	byRoute   map[int64]int64
	oldest    time.Time
	open      map[int64]sms.Money // still held, by account
	perGroup  map[[2]int64]int
	stage     int // of the sweep: 1 balances, 2 transfers, 3 records, 4 groups
}

func (c *checker) bad(format string, args ...any) {
	c.findings = append(c.findings, fmt.Sprintf(format, args...))
}

// step notes that rows of a stage come, and that none of a later one came yet.
func (c *checker) step(stage int) {
	if stage < c.stage {
		c.bad("Sweep goes back to its stage %d after stage %d", stage, c.stage)
	}
	c.stage = stage
}

func (c *checker) visitor() store.Visitor {
	return store.Visitor{
		Balance: func(b sms.Balance, n store.Counters) error {
			c.step(1)
			c.balances[b.AccountID], c.counters[b.AccountID] = b, n
			if b.Reserved < 0 {
				c.bad("account %d has %s reserved", b.AccountID, b.Reserved)
			}
			return nil
		},
		Transfer: func(t sms.Transfer) error {
			c.step(2)
			c.transfer(t)
			return nil
		},
		Record: func(r sms.Record) error {
			c.step(3)
			c.record(r)
			return nil
		},
		Group: func(g sms.Group) error {
			c.step(4)
			c.group(g)
			return nil
		},
		Queue: func(id sms.MessageID, route int64, lane sms.Lane, due time.Time) error {
			c.rows = append(c.rows, queueRow{id, route, lane, due})
			return nil
		},
		Finding: func(text string) error {
			c.bad("the driver reports: %s", text)
			return nil
		},
	}
}

func (c *checker) transfer(t sms.Transfer) {
	if _, twice := c.transfers[t.ID]; twice || t.ID <= 0 {
		c.bad("transfer id %d is used twice or not positive", t.ID)
	}
	c.transfers[t.ID] = t
	if d, cr := t.Kind.Sides(); t.Debit != d || t.Credit != cr {
		c.bad("transfer %d (%s) moves from %d to %d", t.ID, t.Kind, t.Debit, t.Credit)
	}
	if t.Amount < 0 && t.Kind != sms.TransferAdjust || t.Amount == 0 {
		c.bad("transfer %d (%s) moves %s", t.ID, t.Kind, t.Amount)
	}
	if t.At.IsZero() {
		c.bad("transfer %d has no time", t.ID)
	}
}

func (c *checker) record(r sms.Record) {
	if n := len(c.order); n > 0 && c.order[n-1] >= r.ID {
		c.bad("message %s comes after %s", r.ID, c.order[n-1])
	}
	c.order = append(c.order, r.ID)
	c.records[r.ID] = r
	c.perGroup[[2]int64{r.AccountID, r.Group}]++
	c.open[r.AccountID] += r.Open()
	c.money(&r)
	for i, p := range r.Sub {
		if p.Seq != i+1 {
			c.bad("message %s: part %d stands at place %d", r.ID, p.Seq, i+1)
		}
	}
	if len(r.Sub) == 0 || r.State.Final() {
		return
	}
	if state, _ := r.Fold(); state != r.State {
		c.bad("message %s is %s, its parts say %s", r.ID, r.State, state)
	}
}

// money checks one message, and notes what it and its parts say of transfers.
func (c *checker) money(r *sms.Record) {
	if r.Reserved < 0 || r.Captured < 0 || r.Released < 0 || r.Open() < 0 || r.State.Final() && r.Open() != 0 {
		c.bad("message %s (%s): reserved %s, captured %s, released %s", r.ID, r.State, r.Reserved, r.Captured, r.Released)
	}
	c.explain(r, sms.TransferReserve, r.ReserveID, r.Reserved)
	c.explain(r, sms.TransferRelease, r.ReleaseID, r.Released)
	var captured sms.Money
	for _, p := range r.Sub {
		captured += p.Captured
		c.explain(r, sms.TransferCapture, p.CaptureID, p.Captured)
	}
	if captured != r.Captured {
		c.bad("message %s captured %s, its parts %s", r.ID, r.Captured, captured)
	}
}

func (c *checker) explain(r *sms.Record, kind sms.TransferKind, id int64, amount sms.Money) {
	if (id == 0) != (amount == 0) {
		c.bad("message %s: a %s of %s points at transfer %d", r.ID, kind, amount, id)
	}
	if id == 0 {
		return
	}
	if t, ok := c.transfers[id]; !ok || t.Kind != kind || t.AccountID != r.AccountID {
		c.bad("message %s of account %d: its %s points at transfer %d, which is a %s of account %d", r.ID, r.AccountID, kind, id, t.Kind, t.AccountID)
	}
	c.explained[id] += amount
}

// ledger compares balances, transfers and messages.
func (c *checker) ledger() {
	posted, reserved := map[int64]sms.Money{}, map[int64]sms.Money{}
	for id, t := range c.transfers {
		switch t.Kind {
		case sms.TransferReserve:
			reserved[t.AccountID] += t.Amount
		case sms.TransferRelease:
			reserved[t.AccountID] -= t.Amount
		case sms.TransferCapture:
			reserved[t.AccountID] -= t.Amount
			posted[t.AccountID] -= t.Amount
		default:
			posted[t.AccountID] += t.Amount
			continue
		}
		if c.explained[id] != t.Amount {
			c.bad("transfer %d (%s) is %s, the messages that point at it say %s", id, t.Kind, t.Amount, c.explained[id])
		}
	}
	for _, sums := range []map[int64]sms.Money{posted, reserved, c.open} {
		for account, sum := range sums {
			if _, ok := c.balances[account]; !ok && sum != 0 {
				c.bad("account %d has no balance, but its rows sum up to %s", account, sum)
			}
		}
	}
	for account, b := range c.balances {
		if b.Posted != posted[account] || b.Reserved != reserved[account] || b.Reserved != c.open[account] {
			c.bad("account %d: posted %s and reserved %s; its transfers say %s and %s, its messages hold %s",
				account, b.Posted, b.Reserved, posted[account], reserved[account], c.open[account])
		}
	}
}

func (c *checker) group(g sms.Group) {
	n := c.perGroup[[2]int64{g.AccountID, g.Number}]
	if n != g.Count {
		c.bad("group %d of account %d has %d messages, its count is %d", g.Number, g.AccountID, n, g.Count)
	}
	delete(c.perGroup, [2]int64{g.AccountID, g.Number})
	for i := range n {
		id := g.FirstMessage + sms.MessageID(i)
		if r := c.records[id]; r.AccountID != g.AccountID || r.Group != g.Number {
			c.bad("message %s should be number %d of group %d of account %d", id, i, g.Number, g.AccountID)
		}
	}
	if next := c.counters[g.AccountID]; g.Number >= next.Group || g.FirstRecipient+int64(n) > next.Recipient {
		c.bad("group %d of account %d reaches recipient %d, the counters stand at %+v", g.Number, g.AccountID, g.FirstRecipient+int64(n)-1, next)
	}
}

// queueRow is what the visitor gets of one.
type queueRow struct {
	id    sms.MessageID
	route int64
	lane  sms.Lane
	due   time.Time
}

func (c *checker) queue() {
	queued := map[sms.MessageID]bool{}
	for _, q := range c.rows {
		if queued[q.id] {
			c.bad("message %s is in the queue twice", q.id)
		}
		queued[q.id] = true
		c.byRoute[q.route]++
		if c.oldest.IsZero() || q.due.Before(c.oldest) {
			c.oldest = q.due
		}
		r := c.records[q.id]
		if r.State != sms.Queued || r.RouteID != q.route || r.Lane != q.lane || !r.DueAt.Equal(q.due) {
			c.bad("queue row %+v is not the message (%s, route %d, lane %d, due %s)", q, r.State, r.RouteID, r.Lane, r.DueAt)
		}
	}
	for id, r := range c.records {
		if r.State == sms.Queued && !queued[id] {
			c.bad("message %s is queued and not in the queue", id)
		}
	}
	for g := range c.perGroup {
		c.bad("messages of group %d of account %d have no group", g[1], g[0])
	}
}

// stats compares the gauges with the rows.
func (c *checker) stats(s store.Gauge) {
	st, err := s.Stats(context.Background())
	if err != nil {
		c.bad("Stats: %v", err)
		return
	}
	for route, n := range st.Queued {
		if n != c.byRoute[route] {
			c.bad("Stats counts %d queued on route %d, the queue has %d", n, route, c.byRoute[route])
		}
		delete(c.byRoute, route)
	}
	if len(c.byRoute) > 0 || !st.OldestDue.Equal(c.oldest) {
		c.bad("Stats lacks routes %v, or oldest due %s is not %s", c.byRoute, st.OldestDue, c.oldest)
	}
}

func (c *checker) histories(s store.Reader) {
	for _, id := range c.order[:min(len(c.order), checkedHistories)] {
		r := c.records[id]
		_, _, events, err := s.Message(context.Background(), r.AccountID, id)
		switch {
		case err != nil:
			c.bad("message %s cannot be read: %v", id, err)
		case len(events) == 0 || events[0].Trigger != sms.OnAccept || events[len(events)-1].State != r.State:
			c.bad("message %s is %s, its history is %s", id, r.State, story(events))
		}
		for i := 1; i < len(events); i++ {
			c.follows(id, events[i-1], events[i])
		}
	}
}

// follows checks that one event of a message may come after another.
func (c *checker) follows(id sms.MessageID, a, b sms.Event) {
	if a.Seq >= b.Seq {
		c.bad("message %s: event %d comes before event %d", id, a.Seq, b.Seq)
	}
	from := a.State
	if from.Final() && from != sms.Delivered { // a provisional end that was replaced
		from = sms.Sent
	}
	if a.State != b.State && !sms.Leads(from, b.State) {
		c.bad("message %s: %s leads from %s to %s", id, b.Trigger, a.State, b.State)
	}
}
