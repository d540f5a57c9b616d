package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// What the cases send through unless they say otherwise.
const (
	route     = int64(7) // of every message
	connector = int64(3) // that claims
	other     = int64(4) // the second connector of the route
	gsm7      = 1        // gsm.GSM7, which a suite may not import

	validity = 24 * time.Hour
	wait     = 72 * time.Hour // for receipts, from acceptance
)

// noon is when every case begins.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// fix is what a case works with: a store, a clock and shorthand. A call that
// fails unexpectedly ends the case.
type fix struct {
	*testing.T
	ctx   context.Context
	s     store.Store
	now   time.Time
	epoch int64
}

// newFix also registers the check of the invariants for the end of the case.
func newFix(t *testing.T, s store.Store) *fix {
	f := &fix{T: t, ctx: context.Background(), s: s, now: noon}
	t.Cleanup(func() {
		if f.s.Ping(f.ctx) == nil { // a case may have closed it
			Check(t, f.s)
		}
	})
	f.open()
	return f
}

func (f *fix) open() {
	f.Helper()
	epoch, err := f.s.Open(f.ctx, f.now, "test")
	f.ok(err)
	f.epoch = epoch
}

func (f *fix) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("unexpected error: %v (%s)", err, sms.CodeOf(err))
	}
}

// refused wants err to carry the code.
func (f *fix) refused(err error, code sms.Code) {
	f.Helper()
	if err == nil || sms.CodeOf(err) != code {
		f.Fatalf("error is %v (%s), want one with code %s", err, sms.CodeOf(err), code)
	}
}

// want compares two values of any type.
func want[V any](f *fix, what string, got, wanted V) {
	f.Helper()
	if reflect.DeepEqual(got, wanted) {
		return
	}
	if a, b := show(got), show(wanted); strings.Contains(a+b, "\n") {
		f.Errorf("%s (- as wanted, + as it is)\n%s", what, differences(b, a))
	} else {
		f.Errorf("%s\n got %s\nwant %s", what, a, b)
	}
}

func show(v any) string {
	if s, ok := any(v).(string); ok {
		return s
	}
	if s, err := json.Marshal(v); err == nil {
		return string(s)
	}
	return fmt.Sprintf("%+v", v)
}

// later moves the clock.
func (f *fix) later(d time.Duration) { f.now = f.now.Add(d) }

// account makes an account with the credit.
func (f *fix) account(name string, credit sms.Money, edit ...func(*sms.Account)) int64 {
	f.Helper()
	a := &sms.Account{Head: sms.Head{Name: name}, Enabled: true, TimeZone: "Asia/Dhaka"}
	for _, e := range edit {
		e(a)
	}
	f.ok(store.Save(f.ctx, f.s, f.now, "test", a))
	if credit != 0 {
		_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a.ID, Kind: sms.TransferTopUp, Amount: credit})
		f.ok(err)
	}
	return a.ID
}

func creditLimit(m sms.Money) func(*sms.Account) { return func(a *sms.Account) { a.CreditLimit = m } }

// call plans n queued messages of one part for one credit each.
func (f *fix) call(account int64, n int, edit ...func(*sms.Message)) sms.Call {
	c := sms.Call{Group: sms.Group{AccountID: account, Count: n, Type: sms.TypeSMS, From: "ACME", Text: "hello", Face: "smsapi", At: f.now}}
	for i := range n {
		m := sms.Message{AccountID: account, To: fmt.Sprintf("88017%08d", i), State: sms.Queued, Encoding: gsm7, Parts: 1, Units: 1,
			Price: sms.Credit, Reserved: sms.Credit, RouteID: route, Lane: sms.LaneNormal,
			DueAt: f.now, ExpiresAt: f.now.Add(validity), CloseAt: f.now.Add(wait), UpdatedAt: f.now}
		for _, e := range edit {
			e(&m)
		}
		c.Messages = append(c.Messages, m)
		c.Need += m.Reserved
	}
	return c
}

// Edits of planned messages.

func parts(n int) func(*sms.Message) {
	return func(m *sms.Message) { m.Parts, m.Units, m.Reserved = n, n, m.Price*sms.Money(n) }
}

func lane(l sms.Lane) func(*sms.Message) { return func(m *sms.Message) { m.Lane = l } }

func due(at time.Time) func(*sms.Message) { return func(m *sms.Message) { m.DueAt = at } }

func scheduled(at time.Time) func(*sms.Message) {
	return func(m *sms.Message) {
		m.State, m.DueAt, m.ExpiresAt, m.CloseAt = sms.Scheduled, at, at.Add(validity), at.Add(wait)
	}
}

func onDelivery(m *sms.Message) { m.ChargeOn = sms.ChargeDelivered }

func failed(m *sms.Message) {
	m.State, m.Reason, m.To, m.Input = sms.Failed, sms.ReasonNumber, "", "not a number"
	m.Parts, m.Units, m.Price, m.Reserved, m.RouteID = 0, 0, 0, 0, 0
	m.DueAt, m.ExpiresAt, m.CloseAt = time.Time{}, time.Time{}, time.Time{}
}

// acceptAll hands calls over in one batch.
func (f *fix) acceptAll(calls ...sms.Call) []store.Accepted {
	f.Helper()
	answers, err := f.s.Accept(f.ctx, f.now, calls)
	f.ok(err)
	if len(answers) != len(calls) {
		f.Fatalf("Accept answered %d of %d calls", len(answers), len(calls))
	}
	return answers
}

// accept wants the call to be taken.
func (f *fix) accept(c sms.Call) sms.Group {
	f.Helper()
	a := f.acceptAll(c)[0]
	f.ok(a.Err)
	return a.Group
}

// send accepts one message and claims it.
func (f *fix) send(account int64, edit ...func(*sms.Message)) store.Claimed {
	f.Helper()
	id := f.accept(f.call(account, 1, edit...)).FirstMessage
	for _, c := range f.claim(store.ClaimRequest{Limit: 1000}) {
		if c.ID == id {
			return c
		}
	}
	f.Fatalf("message %s was not claimed", id)
	return store.Claimed{}
}

// claim fills in route, connector and epoch where the request has none.
func (f *fix) claim(r store.ClaimRequest) []store.Claimed {
	f.Helper()
	got, _ := f.claimNext(r)
	return got
}

func (f *fix) claimNext(r store.ClaimRequest) ([]store.Claimed, time.Time) {
	f.Helper()
	if r.RouteID == 0 {
		r.RouteID = route
	}
	if r.ConnectorID == 0 {
		r.ConnectorID = connector
	}
	r.Epoch = f.epoch
	got, next, err := f.s.Claim(f.ctx, f.now, r)
	f.ok(err)
	return got, next
}

// attempt names the latest attempt of a part.
func attempt(r sms.Record, seq int) sms.AttemptRef {
	p := r.Sub[seq-1]
	return sms.AttemptRef{Message: r.ID, Seq: seq, Attempt: p.Attempt, Epoch: p.Epoch, RouteID: r.RouteID, Tries: r.Attempts}
}

// outcome is what the connector that made the attempt says of it.
func (f *fix) outcome(r sms.Record, seq int, v sms.Verdict, edit ...func(*sms.Outcome)) sms.Outcome {
	o := sms.Outcome{AttemptRef: attempt(r, seq), ConnectorID: r.Sub[seq-1].ConnectorID, Verdict: v, At: f.now}
	for _, e := range edit {
		e(&o)
	}
	return o
}

func (f *fix) record(outcomes ...sms.Outcome) {
	f.Helper()
	f.released(nil, outcomes...)
}

// released records outcomes and returns the receipts that waited for them.
func (f *fix) released(scopes map[int64]int64, outcomes ...sms.Outcome) []store.Released {
	f.Helper()
	released, err := f.s.RecordOutcomes(f.ctx, f.now, scopes, outcomes)
	f.ok(err)
	return released
}

// answered records that the operator took the part under the id.
func (f *fix) answered(r sms.Record, seq int, id string) {
	f.Helper()
	f.record(f.outcome(r, seq, sms.VerdictAccepted, upstream(id)))
}

// Edits of outcomes.

func upstream(id string) func(*sms.Outcome) { return func(o *sms.Outcome) { o.UpstreamID = id } }

func retryAt(at time.Time, avoid int64) func(*sms.Outcome) {
	return func(o *sms.Outcome) { o.RetryAt, o.AvoidID, o.Reason = at, avoid, sms.ReasonRetrying }
}

func resendAt(at time.Time) func(*sms.Outcome) {
	return func(o *sms.Outcome) { o.RetryAt, o.Resend, o.Reason = at, true, sms.ReasonOutcome }
}

func because(reason sms.Reason, code string) func(*sms.Outcome) {
	return func(o *sms.Outcome) { o.Reason, o.Code = reason, code }
}

// receipt is one from the connector's own scope.
func (f *fix) receipt(state sms.PartState, ids ...string) sms.Receipt {
	return sms.Receipt{ConnectorID: connector, IDs: ids, State: state, Raw: "id:" + strings.Join(ids, "|"), At: f.now}
}

// apply says what became of each receipt.
func (f *fix) apply(receipts ...sms.Receipt) []store.Matched {
	f.Helper()
	var list []store.Matched
	for _, m := range f.matches(receipts...) {
		list = append(list, m.Matched)
	}
	return list
}

func (f *fix) matches(receipts ...sms.Receipt) []store.Match {
	f.Helper()
	m, err := f.s.ApplyReceipts(f.ctx, f.now, receipts)
	f.ok(err)
	if len(m) != len(receipts) {
		f.Fatalf("ApplyReceipts answered %d of %d receipts", len(m), len(receipts))
	}
	return m
}

// read is the message as the store has it now.
func (f *fix) read(account int64, id sms.MessageID) sms.Record {
	f.Helper()
	r, _, _, err := f.s.Message(f.ctx, account, id)
	f.ok(err)
	return r
}

// now reads again what was claimed or read before.
func (f *fix) again(r sms.Record) sms.Record {
	f.Helper()
	return f.read(r.AccountID, r.ID)
}

// history is the story of a message: "accept:queued claim:sending@3 answer:sent#1@3".
func (f *fix) history(r sms.Record) string {
	f.Helper()
	_, _, events, err := f.s.Message(f.ctx, r.AccountID, r.ID)
	f.ok(err)
	return story(events)
}

func story(events []sms.Event) string {
	words := make([]string, 0, len(events))
	for _, e := range events {
		w := e.Trigger.String() + ":" + e.State.String()
		if e.Part != 0 {
			w += fmt.Sprintf("#%d", e.Part)
		}
		if e.ConnectorID != 0 {
			w += fmt.Sprintf("@%d", e.ConnectorID)
		}
		words = append(words, w)
	}
	return strings.Join(words, " ")
}

// money of a message: "reserved/captured/released".
func money(r sms.Record) string { return fmt.Sprintf("%s/%s/%s", r.Reserved, r.Captured, r.Released) }

// balance of an account: "posted/reserved/available".
func (f *fix) balance(account int64) string {
	f.Helper()
	b, err := f.s.Balance(f.ctx, account)
	f.ok(err)
	return fmt.Sprintf("%s/%s/%s", b.Posted, b.Reserved, b.Available())
}

// counters of an account: the next numbers.
func (f *fix) counters(account int64) (c store.Counters) {
	f.Helper()
	f.ok(f.s.Sweep(f.ctx, store.Visitor{Balance: func(b sms.Balance, n store.Counters) error {
		if b.AccountID == account {
			c = n
		}
		return nil
	}}))
	return c
}

func (f *fix) stats() store.Stats {
	f.Helper()
	st, err := f.s.Stats(f.ctx)
	f.ok(err)
	return st
}

// outstanding is how many delivery rows there are.
func (f *fix) outstanding() (n int64) {
	f.Helper()
	for _, rows := range f.stats().Deliveries {
		n += rows
	}
	return n
}

// queued lists the queue rows.
func (f *fix) queued() []sms.MessageID {
	f.Helper()
	var ids []sms.MessageID
	f.ok(f.s.Sweep(f.ctx, store.Visitor{Queue: func(id sms.MessageID, _ int64, _ sms.Lane, _ time.Time) error {
		ids = append(ids, id)
		return nil
	}}))
	return ids
}

// transfers of an account as words, the oldest first: "topup 10 reserve 1".
func (f *fix) transfers(account int64) string {
	f.Helper()
	rows, err := f.s.Transfers(f.ctx, account, 0, 1000)
	f.ok(err)
	words := make([]string, len(rows))
	for i, row := range rows {
		words[len(rows)-1-i] = row.Kind.String() + " " + row.Amount.String()
	}
	return strings.Join(words, " ")
}

// ids of what was claimed.
func idsOf(list []store.Claimed) []sms.MessageID {
	ids := make([]sms.MessageID, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	return ids
}

// expire lets time pass up to now; scheduled messages go.
func (f *fix) expire() int {
	f.Helper()
	return f.expired(1000, letGo).N
}

func (f *fix) expired(limit int, start store.StartFunc) store.Expired {
	f.Helper()
	x, err := f.s.ExpireDue(f.ctx, f.now, limit, start, canAsk)
	f.ok(err)
	return x
}

func canAsk(*sms.Record) bool { return true }

func letGo(*sms.Message, *sms.Group, sms.Money) sms.Reason { return "" }
