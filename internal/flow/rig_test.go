package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
	"github.com/harkara/harkara/internal/store/storetest"
)

// rig is a stepped Flow on the reference store and fake connectors, with a
// clock that moves only when a test says so. At the end of every test the
// invariants of the data are checked.
type rig struct {
	t       testing.TB
	store   *memory.Store
	flow    *Flow
	links   map[string]*fake.Connector // the latest by name
	every   []*fake.Connector          // of this run, in order of their making
	script  map[string]fake.Script
	now     time.Time
	account *sms.Account
	prices  *sms.PriceList
	names   map[string]int64 // of connectors and routes
	options Options
	fault   func(memory.Verb) memory.Fault // what happens to each call of the store; nil: nothing
	clock   func() time.Time               // of a Flow that works in loops; nil: now
	wrap    func(name string, c connect.Connector) connect.Connector

	mu sync.Mutex // links and every, while loops run
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newRig has an account "acme" with 100 credits and sender ACME, the connectors
// a and b on one route "main" (a first), and a rule for every number.
func newRig(t testing.TB, change ...func(*rig)) *rig {
	r := &rig{t: t, now: noon, links: map[string]*fake.Connector{},
		script: map[string]fake.Script{}, names: map[string]int64{}}
	r.store = memory.New(memory.Options{Fault: func(v memory.Verb) memory.Fault {
		if r.fault == nil {
			return memory.Fault{}
		}
		return r.fault(v)
	}})
	r.prices = &sms.PriceList{Head: sms.Head{Name: "retail"}, Prices: []sms.Price{{Price: sms.Credit}}}
	r.save(r.prices)
	for _, name := range []string{"a", "b"} {
		r.save(&sms.Connector{Head: sms.Head{Name: name}, Protocol: "fake", Enabled: true, Window: 1000})
	}
	r.save(&sms.Route{Head: sms.Head{Name: "main"}, Enabled: true, Connectors: []sms.RouteConnector{
		{ID: r.names["a"], Priority: 1}, {ID: r.names["b"], Priority: 2}}})
	r.save(&sms.Rule{Head: sms.Head{Name: "all"}, RouteID: r.names["main"]})
	r.account = &sms.Account{Head: sms.Head{Name: "acme"}, Enabled: true, TimeZone: "Asia/Dhaka", Country: "BD", PriceListID: r.prices.ID}
	r.save(r.account)
	r.save(&sms.Sender{Head: sms.Head{Name: "ACME", AccountID: r.account.ID}, Status: sms.SenderApproved})
	r.topUp(100 * sms.Credit)
	for _, c := range change {
		c(r)
	}
	r.open()
	t.Cleanup(r.check)
	return r
}

func (r *rig) save(n sms.Noun) {
	r.t.Helper()
	if err := store.Save(context.Background(), r.store, r.now, "test", n); err != nil {
		r.t.Fatalf("save %s %s: %v", n.Kind(), n.Meta().Name, err)
	}
	if k := n.Kind(); k == sms.KindConnector || k == sms.KindRoute {
		r.names[n.Meta().Name] = n.Meta().ID
	}
}

// saveLogin makes an SMPP login of the account that gets its replies.
func (r *rig) saveLogin(name string) int64 {
	r.t.Helper()
	s := &sms.Subscriber{Head: sms.Head{Name: name, AccountID: r.account.ID}, Channel: sms.ChannelSMPP,
		SMPP: &sms.SMPPLogin{PasswordHash: "00", Replies: []string{sms.RepliesAll}}}
	r.save(s)
	return s.ID
}

func (r *rig) topUp(m sms.Money) {
	r.t.Helper()
	if _, err := r.store.Post(context.Background(), r.now, sms.Transfer{AccountID: r.account.ID, Kind: sms.TransferTopUp, Amount: m, Reason: "test"}); err != nil {
		r.t.Fatal(err)
	}
}

// edit changes a noun in the store; the next step sees it.
func edit[N sms.Noun](r *rig, kind sms.Kind, name string, change func(N)) {
	r.t.Helper()
	list, err := store.Find[N](context.Background(), r.store, kind, store.DocFilter{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, n := range list {
		if n.Meta().Name == name {
			change(n)
			r.save(n)
			return
		}
	}
	r.t.Fatalf("there is no %s %q", kind, name)
}

// otherSettings is a change that no connector takes while it lives.
func otherSettings(n *sms.Connector) {
	n.Settings = json.RawMessage(fmt.Sprintf(`{"after":%d}`, n.Version))
}

// open starts a Flow on the store, as a restart does.
func (r *rig) open() {
	r.t.Helper()
	o := r.options
	o.Store, o.Node, o.Now, o.Jitter = r.store, "test", func() time.Time { return r.now }, func() float64 { return 1 }
	if r.clock != nil {
		o.Now = r.clock
	}
	o.Log = slog.New(slog.DiscardHandler)
	r.every = nil
	o.Plugins = connect.Plugins{"fake": {Types: []sms.Type{sms.TypeSMS}, New: func(c *sms.Connector, sink connect.Sink) (connect.Connector, error) {
		f := fake.New(c, sink, o.Now)
		r.mu.Lock()
		defer r.mu.Unlock()
		if s := r.script[c.Name]; s != nil {
			f.SetScript(s)
		}
		r.links[c.Name], r.every = f, append(r.every, f)
		if r.wrap != nil {
			return r.wrap(c.Name, f), nil
		}
		return f, nil
	}}}
	var err error
	if r.flow, err = New(context.Background(), o); err != nil {
		r.t.Fatal(err)
	}
}

// step lets everything happen that is due now.
func (r *rig) step() {
	r.t.Helper()
	for range 20 {
		next, err := r.flow.Step(context.Background(), r.now)
		if err != nil && r.fault == nil {
			r.t.Fatalf("step: %v", err)
		}
		for _, l := range r.every {
			l.Step(context.Background(), r.now)
		}
		if next.IsZero() || next.After(r.now) {
			return
		}
	}
}

// pass moves the clock in small steps.
func (r *rig) pass(d time.Duration) {
	r.t.Helper()
	end := r.now.Add(d)
	for r.now.Before(end) {
		r.now = r.now.Add(min(end.Sub(r.now), max(d/20, time.Millisecond)))
		r.step()
	}
}

func (r *rig) request(to ...string) Request {
	return Request{AccountID: r.account.ID, Face: "test", Type: sms.TypeSMS, From: "acme", Text: "hello", To: to}
}

// send accepts a request and returns its group number.
func (r *rig) send(req Request) int64 {
	r.t.Helper()
	done, err := r.flow.Accept(context.Background(), req)
	if err != nil {
		r.t.Fatalf("accept: %v", err)
	}
	return done.Group.Number
}

// one is the only message of a group, with its parts.
func (r *rig) one(group int64) sms.Record {
	r.t.Helper()
	_, messages, err := r.store.Group(context.Background(), r.account.ID, group)
	if err != nil || len(messages) != 1 {
		r.t.Fatalf("group %d: %d messages, %v", group, len(messages), err)
	}
	rec, _, _, err := r.store.Message(context.Background(), r.account.ID, messages[0].ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return rec
}

func (r *rig) want(group int64, state sms.State, reason sms.Reason) sms.Record {
	r.t.Helper()
	rec := r.one(group)
	if rec.State != state || rec.Reason != reason {
		r.t.Fatalf("message is %s (%s), want %s (%s)", rec.State, rec.Reason, state, reason)
	}
	return rec
}

func (r *rig) balance() sms.Balance {
	r.t.Helper()
	b, err := r.store.Balance(context.Background(), r.account.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (r *rig) wantMoney(posted, reserved sms.Money) {
	r.t.Helper()
	if b := r.balance(); b.Posted != posted || b.Reserved != reserved {
		r.t.Fatalf("posted %s, reserved %s; want %s, %s", b.Posted, b.Reserved, posted, reserved)
	}
}

// got is how many submissions a connector took.
func (r *rig) got(name string) int {
	if l := r.links[name]; l != nil {
		return len(l.Got())
	}
	return 0
}

// check holds the invariants of the data, and that flow counts as open exactly
// what is open: a leak would end in no claims at all.
func (r *rig) check() {
	r.t.Helper()
	storetest.Check(r.t, r.store)
	r.counters(r.t)
}

func (r *rig) counters(t testing.TB) {
	t.Helper()
	var open, held int
	pending := r.flow.recorder.pending.len() + r.flow.recorder.batch.len() + r.flow.recorder.aside.len()
	for _, s := range r.flow.host.senders() {
		n := len(s.queue) + len(s.link.(interface{ Open() []sms.AttemptRef }).Open())
		if open += int(s.open.Load()); pending == 0 && int(s.open.Load()) != n {
			t.Errorf("connector %s counts %d open, it holds %d", s.noun().Name, s.open.Load(), n)
		}
	}
	for epoch, n := range r.flow.tenure.held {
		if held += n; n < 0 {
			t.Errorf("%d held of epoch %d", n, epoch)
		}
	}
	if pending == 0 && open != held {
		t.Errorf("%d open, %d held by epoch", open, held)
	}
}

// answers plays the verdicts one after the other, the last for ever.
func answers(list ...fake.Answer) fake.Script {
	return func(n int, _ *connect.Submission) fake.Answer { return list[min(n, len(list))-1] }
}

func verdict(v sms.Verdict) fake.Answer { return fake.Answer{Verdict: v} }

func number(i int) string { return fmt.Sprintf("88017%08d", i) }
