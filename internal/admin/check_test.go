package admin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// life drives a memory store through the life of messages.
type life struct {
	t      interface{ Fatal(...any) }
	store  *memory.Store
	now    time.Time
	epoch  int64
	flying []sms.AttemptRef // claimed, no outcome yet
	sent   []string         // upstream ids
	ids    []sms.MessageID
	next   int
}

func newLife(t interface{ Fatal(...any) }) *life {
	l := &life{t: t, store: memory.New(memory.Options{}), now: noon}
	ctx := context.Background()
	for _, name := range []string{"a", "b"} {
		a := &sms.Account{Head: sms.Head{Name: name}, Enabled: true, TimeZone: "UTC", GroupStart: 100}
		l.must(store.Save(ctx, l.store, noon, "test", a))
		_, err := l.store.Post(ctx, noon, sms.Transfer{AccountID: a.ID, Kind: sms.TransferTopUp, Amount: 20, Reason: "x"})
		l.must(err)
	}
	l.must(store.Save(ctx, l.store, noon, "test", &sms.Route{Head: sms.Head{Name: "main"}, Connectors: []sms.RouteConnector{{ID: 1}}}))
	epoch, err := l.store.Open(ctx, noon, "node")
	l.must(err)
	l.epoch = epoch
	return l
}

func (l *life) must(err error) {
	if err != nil {
		l.t.Fatal(err)
	}
}

// message is one of account that costs parts times price, in the given state.
func (l *life) message(account int64, parts int, price sms.Money, state sms.State) sms.Message {
	m := sms.Message{AccountID: account, To: "8801712345678", State: state, Parts: parts, Units: parts, Price: price, Reserved: price * sms.Money(parts),
		RouteID: 1, Lane: sms.LaneNormal, DueAt: l.now, UpdatedAt: l.now, ExpiresAt: l.now.Add(time.Hour), CloseAt: l.now.Add(2 * time.Hour)}
	switch state {
	case sms.Scheduled:
		m.DueAt, m.ExpiresAt = l.now.Add(30*time.Minute), l.now.Add(90*time.Minute)
	case sms.Failed:
		m = sms.Message{AccountID: account, Input: "x", State: sms.Failed, Reason: sms.ReasonNumber, DueAt: l.now, UpdatedAt: l.now}
	}
	return m
}

func (l *life) accept(messages ...sms.Message) {
	call := sms.Call{Group: sms.Group{AccountID: messages[0].AccountID, Count: len(messages), Type: sms.TypeSMS, At: l.now}, Messages: messages}
	for _, m := range messages {
		call.Need += m.Reserved
	}
	done, err := l.store.Accept(context.Background(), l.now, []sms.Call{call})
	l.must(err)
	if done[0].Err != nil {
		if sms.CodeOf(done[0].Err) != sms.CodeCredit {
			l.t.Fatal(done[0].Err)
		}
		return
	}
	for i := range messages {
		l.ids = append(l.ids, done[0].Group.FirstMessage+sms.MessageID(i))
	}
}

func (l *life) claim(limit int) {
	got, _, err := l.store.Claim(context.Background(), l.now, store.ClaimRequest{RouteID: 1, ConnectorID: 1, Epoch: l.epoch, Limit: limit, Alone: true})
	l.must(err)
	for _, m := range got {
		for _, p := range m.Sub {
			if p.State == sms.PartSending {
				l.flying = append(l.flying, sms.AttemptRef{Message: m.ID, Seq: p.Seq, Attempt: p.Attempt, Epoch: p.Epoch})
			}
		}
	}
}

// outcome answers the i-th attempt in flight.
func (l *life) outcome(i int, v sms.Verdict, resend bool) {
	o := sms.Outcome{AttemptRef: l.flying[i], ConnectorID: 1, Verdict: v, Resend: resend, RetryAt: l.now.Add(time.Second)}
	if v == sms.VerdictAccepted {
		l.next++
		o.UpstreamID = fmt.Sprint("up", l.next)
		l.sent = append(l.sent, o.UpstreamID)
	}
	l.flying = append(l.flying[:i:i], l.flying[i+1:]...)
	_, err := l.store.RecordOutcomes(context.Background(), l.now, nil, []sms.Outcome{o})
	l.must(err)
}

func (l *life) receipt(id string, state sms.PartState) {
	_, err := l.store.ApplyReceipts(context.Background(), l.now, []sms.Receipt{{ConnectorID: 1, IDs: []string{id}, State: state, At: l.now}})
	l.must(err)
}

func (l *life) expire(refuse sms.Reason) {
	_, err := l.store.ExpireDue(context.Background(), l.now, 1000, func(*sms.Message, *sms.Group, sms.Money) sms.Reason { return refuse }, func(*sms.Record) bool { return true })
	l.must(err)
}

// Whatever happens to messages, Check finds nothing: neither the domain nor the
// store breaks an invariant, and Check raises no false alarm.
func TestCheckOfALivingStore(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		l := newLife(rt)
		steps := rapid.IntRange(1, 60).Draw(rt, "steps")
		for range steps {
			l.step(rt)
			report, err := admin.Check(context.Background(), l.store)
			if err != nil || !report.OK() {
				rt.Fatalf("%v\n%s", err, strings.Join(report.Findings, "\n"))
			}
		}
	})
}

func (l *life) step(rt *rapid.T) {
	pick := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "pick") }
	switch pick(10) {
	case 0, 1:
		account := int64(1 + pick(2))
		messages := []sms.Message{l.message(account, 1+pick(3), sms.Money(pick(4)), []sms.State{sms.Queued, sms.Scheduled}[pick(2)])}
		for range pick(3) {
			messages = append(messages, l.message(account, 1, 1, []sms.State{sms.Queued, sms.Failed}[pick(2)]))
		}
		if pick(3) == 0 {
			messages[0].ChargeOn = sms.ChargeDelivered
		}
		messages[0].ReceiptsOn = sms.ReceiptMode(pick(3))
		if pick(2) == 0 {
			messages[0].AskAt = l.now.Add(10 * time.Minute)
		}
		l.accept(messages...)
	case 2:
		l.claim(1 + pick(3))
	case 3, 4:
		if len(l.flying) > 0 {
			l.outcome(pick(len(l.flying)), sms.Verdict(1+pick(6)), pick(2) == 0)
		}
	case 5:
		if len(l.sent) > 0 {
			l.receipt(l.sent[pick(len(l.sent))], []sms.PartState{sms.PartSent, sms.PartDelivered, sms.PartUndelivered, sms.PartExpired, sms.PartRejected, sms.PartRead}[pick(6)])
		}
	case 6:
		l.now = l.now.Add([]time.Duration{time.Second, 31 * time.Minute, time.Hour}[pick(3)])
		l.expire([]sms.Reason{"", sms.ReasonAccount}[pick(2)])
	case 7:
		if len(l.ids) > 0 {
			id := l.ids[pick(len(l.ids))]
			for account := int64(1); account <= 2; account++ {
				_, err := l.store.Cancel(context.Background(), l.now, account, []sms.MessageID{id})
				l.must(err)
			}
		}
	case 8:
		if len(l.ids) > 0 {
			id, parts := l.ids[pick(len(l.ids))], 1+pick(3)
			for account := int64(1); account <= 2; account++ {
				err := l.store.Replace(context.Background(), l.now, account, id, func(*sms.Message, *sms.Group) (sms.Replacement, error) {
					return sms.Replacement{Text: "new", Parts: parts, Units: parts}, nil
				})
				if code := sms.CodeOf(err); err != nil && code != sms.CodeNotFound && code != sms.CodeConflict && code != sms.CodeCredit {
					l.t.Fatal(err)
				}
			}
		}
	case 9:
		_, err := l.store.Post(context.Background(), l.now, sms.Transfer{AccountID: 1, Kind: sms.TransferAdjust, Amount: []sms.Money{-3, 5}[pick(2)], Reason: "x"})
		if err != nil && sms.CodeOf(err) != sms.CodeCredit {
			l.t.Fatal(err)
		}
	}
}

// rows are what a Sweep shows, for the tests to damage.
type rows struct {
	docs      []store.Doc
	balances  []sms.Balance
	counters  []store.Counters
	transfers []sms.Transfer
	records   []sms.Record
	groups    []sms.Group
	queue     []queued
	findings  []string
	fail      error
}

type queued struct {
	id    sms.MessageID
	route int64
	lane  sms.Lane
	due   time.Time
}

// grown is a store with a message in each sort of state.
func grown(t *testing.T) *rows {
	l := newLife(t)
	login := &sms.Subscriber{Head: sms.Head{Name: "login", AccountID: 1}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{PasswordHash: "x"}}
	l.must(store.Save(context.Background(), l.store, noon, "test", login))
	delivered := l.message(1, 2, 3, sms.Queued)
	delivered.SubscriberID = login.ID
	l.accept(delivered, l.message(1, 1, 1, sms.Failed)) // will be delivered
	l.claim(1)
	l.outcome(0, sms.VerdictAccepted, false)
	l.outcome(0, sms.VerdictAccepted, false)
	l.receipt("up1", sms.PartDelivered)
	l.receipt("up2", sms.PartDelivered)
	l.accept(l.message(1, 1, 2, sms.Queued)) // will be rejected
	l.claim(1)
	l.outcome(0, sms.VerdictReject, false)
	l.accept(l.message(2, 1, 2, sms.Queued))
	l.accept(l.message(2, 1, 4, sms.Scheduled))
	r := &rows{}
	l.must(l.store.Sweep(context.Background(), store.Visitor{
		Doc: func(d store.Doc) error { r.docs = append(r.docs, d); return nil },
		Balance: func(b sms.Balance, c store.Counters) error {
			r.balances, r.counters = append(r.balances, b), append(r.counters, c)
			return nil
		},
		Transfer: func(t sms.Transfer) error { r.transfers = append(r.transfers, t); return nil },
		Record:   func(rec sms.Record) error { r.records = append(r.records, rec); return nil },
		Group:    func(g sms.Group) error { r.groups = append(r.groups, g); return nil },
		Queue: func(id sms.MessageID, route int64, lane sms.Lane, due time.Time) error {
			r.queue = append(r.queue, queued{id, route, lane, due})
			return nil
		},
	}))
	return r
}

// Sweep implements store.Sweep.
func (r *rows) Sweep(_ context.Context, v store.Visitor) error {
	if r.fail != nil {
		return r.fail
	}
	for _, d := range r.docs {
		if err := v.Doc(d); err != nil {
			return err
		}
	}
	for i, b := range r.balances {
		if err := v.Balance(b, r.counters[i]); err != nil {
			return err
		}
	}
	var errs []error
	for _, t := range r.transfers {
		errs = append(errs, v.Transfer(t))
	}
	for _, rec := range r.records {
		errs = append(errs, v.Record(rec))
	}
	for _, g := range r.groups {
		errs = append(errs, v.Group(g))
	}
	for _, q := range r.queue {
		errs = append(errs, v.Queue(q.id, q.route, q.lane, q.due))
	}
	for _, f := range r.findings {
		errs = append(errs, v.Finding(f))
	}
	return errors.Join(errs...)
}

// Every kind of damage is found. The rows: records are 0 delivered, 1 failed,
// 2 rejected, 3 queued, 4 scheduled; groups are in the order of accounts.
func TestCheckFindsDamage(t *testing.T) {
	whole := grown(t)
	report, err := admin.Check(context.Background(), whole)
	if err != nil || !report.OK() {
		t.Fatalf("%v, %+v", err, report)
	}
	if *report = (admin.Report{Accounts: report.Accounts, Transfers: report.Transfers, Groups: report.Groups, Messages: report.Messages, Queued: report.Queued, Open: report.Open}); fmt.Sprint(*report) != "{2 9 4 5 1 2 [] 0}" {
		t.Errorf("counted %v", *report)
	}
	for _, c := range []struct {
		name, holds string
		damage      func(*rows)
	}{
		{"posted", "posted 0.000013, but its transfers add up to 0.000014", func(r *rows) { r.balances[0].Posted-- }},
		{"reserved", "reserved 0.000007, but its transfers add up to 0.000006", func(r *rows) { r.balances[1].Reserved++ }},
		{"balance is gone", "account 1 has rows but no balance", func(r *rows) { r.balances, r.counters = r.balances[1:], r.counters[1:] }},
		{"transfer is gone", "is not a capture of its account", func(r *rows) { r.dropTransfer(sms.TransferCapture) }},
		{"transfer of another kind", "does not move from", func(r *rows) { r.transfers[0].Debit = sms.Hold }},
		{"transfer of nothing", "the amount of a topup cannot be 0", func(r *rows) { r.transfers[0].Amount = 0 }},
		{"negative transfer", "the amount of a topup cannot be -0.00002", func(r *rows) { r.transfers[0].Amount = -20 }},
		{"transfer without messages", "a reserve of 0.000006, but its messages add up to 0", func(r *rows) { r.records[0].Reserved, r.records[0].ReserveID = 0, 0 }},
		{"amount without transfer", "names transfer 0", func(r *rows) { r.records[0].ReserveID = 0 }},
		{"transfer of another account", "is not a reserve of its account", func(r *rows) { r.records[0].ReserveID = r.records[3].ReserveID }},
		{"not what the price says", "reserved 0.000006, but 2 units at 0.000004", func(r *rows) { r.records[0].Price++ }},
		{"sent for nothing", "reserved 0, but 1 units at 0.000002", func(r *rows) { r.records[3].Reserved, r.records[3].ReserveID = 0, 0 }},
		{"captured otherwise than its parts", "captured 0.000005, but its parts 0.000006", func(r *rows) { r.records[0].Captured-- }},
		{"charged twice", "captured 0.000006, released 0.000001", func(r *rows) { r.records[0].Released++ }},
		{"still holds", "is rejected but still holds 0.000002", func(r *rows) { r.records[2].Released, r.records[2].ReleaseID = 0, 0 }},
		{"released too early", "is scheduled but released 0.000001", func(r *rows) { r.records[4].Released++ }},
		{"state against parts", "is sent but its parts say delivered", func(r *rows) { r.records[0].State = sms.Sent }},
		{"parts are not in order", "its parts are not 1 to 2", func(r *rows) { r.records[0].Sub[1].Seq = 3 }},
		{"order of ids", "is out of order", func(r *rows) { r.records[1].ID = r.records[0].ID }},
		{"message is gone", "has 1 messages, not 2", func(r *rows) { r.records = append(r.records[:1], r.records[2:]...) }},
		{"ids with a gap", "its messages are not 2 ids from", func(r *rows) { r.groups[0].FirstMessage++ }},
		{"group is gone", "2 messages belong to group 100 of account 1, which does not exist", func(r *rows) { r.groups = r.groups[1:] }},
		{"counter", "its counters stand at or below numbers that were given out", func(r *rows) { r.counters[0].Group = r.groups[1].Number }},
		{"recipient counter", "its counters stand at or below", func(r *rows) { r.counters[1].Recipient = 1 }},
		{"not in the queue", "is queued but not in the queue", func(r *rows) { r.queue = nil }},
		{"wrongly in the queue", "is in the queue but not queued", func(r *rows) { r.records[3].State = sms.Held }},
		{"in another queue", "is in the queue of route 9", func(r *rows) { r.queue[0].route = 9 }},
		{"due at another time", "not where it says", func(r *rows) { r.queue[0].due = noon.Add(1) }},
		{"account is not configured", "account 1 has a balance (posted 0.000014, reserved 0) but is not configured", func(r *rows) { r.dropDoc(sms.KindAccount) }},
		{"account without balance", "account 3 is configured but has no balance", func(r *rows) {
			d := r.docs[0]
			d.ID = 3
			r.docs = append(r.docs, d)
		}},
		{"credit limit", "account 2 (b): its credit limit is 0, but its balance allows 5", func(r *rows) { r.balances[1].CreditLimit = 5 * sms.Credit }},
		{"noun is empty", "route 1 (main) is not valid: route main has no connector", func(r *rows) { r.doc(sms.KindRoute).Body = []byte("{}") }},
		{"noun is no JSON", "route 1 (main) cannot be read", func(r *rows) { r.doc(sms.KindRoute).Body = []byte("x") }},
		{"noun of no kind", "zebra 1 (main) cannot be read", func(r *rows) { r.doc(sms.KindRoute).Kind = "zebra" }},
		{"noun under another key", "account 1 (a) is filed under a key that is not its own", func(r *rows) { r.doc(sms.KindAccount).UniqueKey = "z" }},
		{"route is gone", "1 messages wait for route 1, which is gone", func(r *rows) { r.dropDoc(sms.KindRoute) }},
		{"told to somebody else", "1 messages of account 2 are told to subscriber 1, which belongs to account 1", func(r *rows) { r.records[3].SubscriberID = 1 }},
		{"sent by no attempt", "part 1 is delivered by connector 1 in attempt 0", func(r *rows) { r.records[0].Sub[0].Attempt = 0 }},
		{"sent by no connector", "part 1 is delivered by connector 0 in attempt 1", func(r *rows) { r.records[0].Sub[0].ConnectorID = 0 }},
		{"provisionally delivered", "is provisionally delivered, which only", func(r *rows) { r.records[0].Provisional = true }},
		{"the driver says so", "page 7 is torn", func(r *rows) { r.findings = []string{"page 7 is torn"} }},
	} {
		r := grown(t)
		c.damage(r)
		report, err := admin.Check(context.Background(), r)
		if err != nil || report.OK() || !strings.Contains(strings.Join(report.Findings, "\n"), c.holds) {
			t.Errorf("%s: %v, %q, want %q", c.name, err, report.Findings, c.holds)
		}
	}
}

func (r *rows) dropTransfer(k sms.TransferKind) {
	for i, t := range r.transfers {
		if t.Kind == k {
			r.transfers = append(r.transfers[:i], r.transfers[i+1:]...)
			return
		}
	}
}

func (r *rows) doc(k sms.Kind) *store.Doc {
	return &r.docs[slices.IndexFunc(r.docs, func(d store.Doc) bool { return d.Kind == k })]
}

// dropDoc takes away the first of the kind.
func (r *rows) dropDoc(k sms.Kind) {
	i := slices.IndexFunc(r.docs, func(d store.Doc) bool { return d.Kind == k })
	r.docs = slices.Delete(r.docs, i, i+1)
}

func TestCheckBoundsItsReport(t *testing.T) {
	r := &rows{findings: make([]string, 1003)}
	report, err := admin.Check(context.Background(), r)
	if err != nil || len(report.Findings) != 1000 || report.More != 3 || report.OK() {
		t.Errorf("%d listed, %d more, %v", len(report.Findings), report.More, err)
	}
	r.fail = errors.New("disk")
	if _, err := admin.Check(context.Background(), r); err != r.fail {
		t.Errorf("got %v", err)
	}
}
