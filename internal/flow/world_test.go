package flow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// world is a whole history on one goroutine: customers, operators, links, the
// configuration, the database and the node itself do what the draws say, in an
// order that the draws say. Everything it does follows from the draws, so that a
// failing history is shrunk by rapid and replays exactly:
//
//	go test ./internal/flow -run TestWorld -rapid.seed=N      (N is printed)
//	go test ./internal/flow -run TestWorld -rapid.failfile=F  (F is printed)
//
// At its end time passes until nothing is open, and then the store is held
// against what was accepted, what the operators really have, and the money.
type world struct {
	*rig
	*copies
	rt     *rapid.T
	dice   func(n int) int // the moods of operators and database; follows from one draw
	calm   bool            // the end: nothing goes wrong any more
	seen   []seen          // submissions whose outcome was reported unknown
	groups []int64         // accepted
	keys   map[string]int64
	paid   sms.Money
	login  int64 // the SMPP login of the account
	faults int   // of the calls of the store that follow
	asking bool  // the next Accept asks after one whose answer was lost
}

// seen is a submission that a late answer may be about.
type seen struct {
	link *fake.Connector
	ref  sms.AttemptRef
}

func TestWorld(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) { history(t, rt) })
}

// TestWorldReplays: equal draws make equal histories, to the last row.
func TestWorldReplays(t *testing.T) {
	told := rapid.Custom(func(rt *rapid.T) string { return history(t, rt).diary() })
	for seed := range 25 {
		if first, again := told.Example(seed), told.Example(seed); first != again {
			t.Fatalf("seed %d has two histories\n%s\n%s", seed, first, again)
		}
	}
}

// history runs a world to its end.
func history(t *testing.T, rt *rapid.T) *world {
	names, do := urn()
	w := newWorld(t, rt)
	for range rapid.IntRange(20, 200).Draw(rt, "steps") {
		do[rapid.SampledFrom(names).Draw(rt, "then")](w)
		w.solvent()
	}
	w.finish()
	return w
}

// diary is every message with its parts and events.
func (w *world) diary() string {
	var b strings.Builder
	err := w.store.Sweep(context.Background(), store.Visitor{Record: func(r sms.Record) error {
		_, _, events, err := w.store.Message(context.Background(), r.AccountID, r.ID)
		fmt.Fprintf(&b, "%+v\n", r)
		for _, e := range events {
			note := e.Receipt // a pointer, which only by itself prints what it points to
			e.Receipt = nil
			fmt.Fprintf(&b, "%+v %+v\n", e, note)
		}
		return err
	}})
	if err != nil {
		w.rt.Fatalf("diary: %v", err)
	}
	return b.String()
}

// deed is something that can happen, and how often it does beside the others.
type deed struct {
	name  string
	often int
	do    func(*world)
}

var deeds = []deed{
	{"a call", 8, (*world).call},
	{"a repeated call", 1, (*world).repeat},
	{"several calls", 2, (*world).calls},
	{"a replacement", 2, (*world).replace},
	{"step", 8, func(w *world) { w.step() }},
	{"a moment", 6, func(w *world) { w.wait(1, 300, time.Millisecond) }},
	{"seconds", 4, func(w *world) { w.wait(1, 90, time.Second) }},
	{"an hour", 1, func(w *world) { w.pass(time.Hour) }},
	{"a link drops", 2, (*world).drop},
	{"links come back", 3, (*world).linksUp},
	{"a late answer", 2, (*world).late},
	{"a stray receipt", 1, (*world).stray},
	{"a reply", 1, (*world).reply},
	{"a cancel", 1, (*world).cancel},
	{"a top-up", 1, (*world).pay},
	{"a connector edit", 3, (*world).editConnector},
	{"a route edit", 2, (*world).editRoute},
	{"an account edit", 1, (*world).editAccount},
	{"database trouble", 2, func(w *world) { w.faults = 1 + w.dice(30) }},
	{"the node dies", 1, (*world).restart},
	{"the node restarts", 1, (*world).stopAndStart},
}

// drop takes a link down, if one was ever built.
func (w *world) drop() {
	if l := w.link(); len(w.every) > 0 {
		l.Down("drawn")
	}
}

// urn holds the name of each deed as often as it happens.
func urn() (list []string, do map[string]func(*world)) {
	do = map[string]func(*world){}
	for _, d := range deeds {
		do[d.name] = d.do
		for range d.often {
			list = append(list, d.name)
		}
	}
	return list, do
}

func newWorld(t *testing.T, rt *rapid.T) *world {
	seed := rapid.Uint64().Draw(rt, "moods")
	random := rand.New(rand.NewPCG(seed, 0))
	w := &world{rt: rt, dice: random.IntN, copies: newCopies(), keys: map[string]int64{}, paid: 100 * sms.Credit}
	w.scale = 100 * time.Millisecond
	w.rig = newRig(drawn{t, rt}, func(r *rig) {
		r.fault = w.trouble
		r.script["a"], r.script["b"] = w.operator, w.operator
		r.save(&sms.Sender{Head: sms.Head{Name: "CODES", AccountID: r.account.ID}, Status: sms.SenderApproved, Class: sms.ClassOTP})
		r.save(&sms.Sender{Head: sms.Head{Name: "OnlyB", AccountID: r.account.ID}, Status: sms.SenderApproved, Connectors: []int64{r.names["b"]}})
		r.save(&sms.Route{Head: sms.Head{Name: "named"}, Enabled: true, Connectors: of(r.names["b"], r.names["a"]), Long: sms.LongPayload,
			OnUnknown: sms.UnknownHold, Validity: sms.Duration(time.Hour), ReceiptWait: sms.Duration(time.Hour)})
		edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.Routes = []int64{r.names["named"]} })
		edit(r, sms.KindRoute, "main", func(n *sms.Route) {
			n.Validity, n.ReceiptWait = sms.Duration(time.Hour), sms.Duration(2*time.Hour)
		})
		w.login = r.saveLogin("acme-smpp")
		r.save(&sms.Number{Head: sms.Head{Name: "16247", AccountID: r.account.ID}})
		r.wrap = func(_ string, c connect.Connector) connect.Connector {
			c.(*fake.Connector).SetOracle(func(q connect.Query) *fake.Receipt { return w.oracle(q, w.dice) })
			return c
		}
	})
	return w
}

// operator is the far end of both links.
func (w *world) operator(_ int, s *connect.Submission) fake.Answer {
	if w.calm {
		return w.deliver(s)
	}
	a := w.answer(s, w.dice)
	if a.Verdict == sms.VerdictUnknown {
		for _, l := range w.every {
			w.seen = append(w.seen, seen{l, s.Attempt})
		}
	}
	return a
}

// trouble is what happens to a call of the store. A lost Accept is followed by a
// good one: to wait and ask again takes real time, which would not replay.
func (w *world) trouble(verb memory.Verb) memory.Fault {
	asked := verb == memory.VerbAccept && w.asking
	w.asking = false
	if w.calm || w.faults == 0 || asked {
		return memory.Fault{}
	}
	w.faults--
	var f memory.Fault
	switch w.dice(4) {
	case 0:
		f = troubles["out of order"]
	case 1:
		f = troubles["answer lost, written"]
	case 2:
		f = troubles["answer lost, not written"]
	}
	w.asking = verb == memory.VerbAccept && errors.Is(f.Err, store.ErrCommitUnknown)
	return f
}

// undisturbed does something that the database must not fail at: the story is
// about the node, not about those who configure it.
func (w *world) undisturbed(f func()) {
	faults := w.faults
	w.faults = 0
	f()
	w.faults = faults
}

func (w *world) wait(least, most int, unit time.Duration) {
	w.pass(time.Duration(rapid.IntRange(least, most).Draw(w.rt, "how long")) * unit)
}

func (w *world) call() {
	req := w.drawRequest()
	before := w.money()
	done, err := w.flow.Accept(context.Background(), req)
	switch {
	case err == nil && !done.Replayed:
		w.groups = append(w.groups, done.Group.Number)
	case err != nil && w.money() != before:
		w.rt.Fatalf("a refused call (%v) changed the balance from %+v to %+v", err, before, w.money())
	}
}

func (w *world) money() (b sms.Balance) {
	w.undisturbed(func() { b = w.balance() })
	return b
}

func (w *world) pay() {
	w.undisturbed(func() { w.topUp(20 * sms.Credit) })
	w.paid += 20 * sms.Credit
}

// repeat hands in the same keyed call twice: it is one.
func (w *world) repeat() {
	req := w.drawRequest()
	req.Key, req.KeyFor = fmt.Sprintf("again%d", len(w.keys)), time.Hour
	w.undisturbed(func() {
		first, err := w.flow.Accept(context.Background(), req)
		if err != nil {
			return
		}
		w.keys[req.Key] = first.Group.Number
		w.groups = append(w.groups, first.Group.Number)
		second, err := w.flow.Accept(context.Background(), req)
		if err != nil || !second.Replayed || second.Group.Number != first.Group.Number {
			w.rt.Fatalf("group %d, and for the same key again %d, %v", first.Group.Number, second.Group.Number, err)
		}
	})
}

func (w *world) link() *fake.Connector {
	if len(w.every) == 0 {
		w.step()
	}
	if len(w.every) == 0 { // the database fails
		return fake.New(&sms.Connector{}, nil, nil)
	}
	return rapid.SampledFrom(w.every).Draw(w.rt, "link")
}

func (w *world) linksUp() {
	for _, l := range w.every {
		l.Up()
	}
}

// late is an answer to an attempt that was reported unknown.
func (w *world) late() {
	if len(w.seen) == 0 {
		return
	}
	s := rapid.SampledFrom(w.seen).Draw(w.rt, "attempt")
	for _, ref := range s.link.Open() {
		if ref == s.ref {
			return // not reported yet
		}
	}
	if w.taken[partKey{s.ref.Message, s.ref.Seq}] > 0 && contains(w.every, s.link) && w.sentBy(s) {
		_ = s.link.Late(s.ref, w.id(partKey{s.ref.Message, s.ref.Seq})) // the link may be down
	}
}

func (w *world) sentBy(s seen) bool {
	for _, got := range s.link.Got() {
		if got.Attempt == s.ref {
			return true
		}
	}
	return false
}

func (w *world) stray() {
	_ = w.link().Receipts(context.Background(), sms.Receipt{IDs: []string{"stray"}, State: sms.PartDelivered}) // refused when the database fails
}

func (w *world) reply() {
	_ = w.link().Inbound(context.Background(), sms.Inbound{From: number(1), To: "16247", Text: "stop"}) // likewise
}

func (w *world) cancel() {
	if len(w.groups) == 0 {
		return
	}
	g := rapid.SampledFrom(w.groups).Draw(w.rt, "group")
	w.undisturbed(func() {
		_, messages, err := w.store.Group(context.Background(), w.account.ID, g)
		if err != nil {
			w.rt.Fatalf("group %d: %v", g, err)
		}
		if _, err := w.flow.Cancel(context.Background(), w.account.ID, []sms.MessageID{messages[0].ID}); err != nil {
			w.rt.Fatalf("cancel: %v", err)
		}
	})
}

// restart is kill -9: what was in memory is gone, what was on the wire may have
// been taken, receipts of the old links never come.
func (w *world) restart() {
	w.undisturbed(w.open)
	w.seen = nil
}

func (w *world) stopAndStart() {
	w.undisturbed(func() {
		if err := w.flow.Stop(context.Background()); err != nil {
			w.rt.Fatalf("stop: %v", err)
		}
		w.counters(w.t)
	})
	w.restart()
}

// solvent holds at every moment.
func (w *world) solvent() {
	if b := w.money(); b.Available() < 0 || b.Reserved < 0 {
		w.rt.Fatalf("the account has %+v", b)
	}
}

// finish lets time pass until nothing is open, and looks at what is left.
func (w *world) finish() {
	w.calm = true
	for _, name := range []string{"a", "b"} {
		edit(w.rig, sms.KindConnector, name, func(n *sms.Connector) { n.Enabled, n.Mode = true, sms.ModeRun })
	}
	for range 8 {
		w.linksUp()
		w.pass(time.Hour)
	}
	w.copies.compare(w.t, w.store)
	w.check()
	for _, s := range w.flow.host.senders() {
		if n := s.open.Load(); n != 0 {
			w.rt.Errorf("connector %s still counts %d open", s.noun().Name, n)
		}
	}
	accepted := map[int64]bool{}
	for _, g := range w.groups {
		if accepted[g] {
			w.rt.Errorf("group %d was given twice", g)
		}
		accepted[g] = true
		if _, messages, err := w.store.Group(context.Background(), w.account.ID, g); err != nil || len(messages) == 0 {
			w.rt.Errorf("accepted group %d is lost: %v", g, err)
		}
	}
	w.ended()
	w.told()
}

// told checks what is kept for the login: what it wanted to know, and nothing else.
func (w *world) told() {
	list, err := w.store.ClaimDeliveries(context.Background(), w.now, w.login, 1<<20, w.now.Add(time.Hour))
	if err != nil {
		w.rt.Fatalf("deliveries: %v", err)
	}
	ends := map[sms.MessageID]bool{}
	for _, d := range list {
		if d.Inbound == nil {
			ends[d.Event.MessageID] = ends[d.Event.MessageID] || d.Event.State.Final()
			if d.Record.SubscriberID != w.login {
				w.rt.Errorf("the login is told of message %s, which it did not hand in", d.Record.ID)
			}
		} else if d.Inbound.To != "16247" {
			w.rt.Errorf("the login gets a reply to %s", d.Inbound.To)
		}
	}
	err = w.store.Sweep(context.Background(), store.Visitor{Record: func(r sms.Record) error {
		all := sms.NotifyDelivered | sms.NotifyFailed
		if r.SubscriberID == w.login && r.Notify&all == all && len(r.Sub) > 0 && !ends[r.ID] {
			w.rt.Errorf("the login was never told of the end of message %s, which is %s", r.ID, r.State)
		}
		return nil
	}})
	if err != nil {
		w.rt.Errorf("sweep: %v", err)
	}
}

// ended checks that every message has come to its end, and the money with it.
func (w *world) ended() {
	submitted := map[partKey]int{}
	for _, l := range w.every {
		for _, s := range l.Got() {
			submitted[keyOf(&s)]++
		}
	}
	var captured sms.Money
	err := w.store.Sweep(context.Background(), store.Visitor{Record: func(r sms.Record) error {
		if !r.State.Final() {
			w.rt.Errorf("message %s is still %s (%s)", r.ID, r.State, r.Reason)
		}
		captured += r.Captured
		for _, p := range r.Sub {
			if n := submitted[partKey{r.ID, p.Seq}]; n > p.Attempt {
				w.rt.Errorf("part %d of message %s was submitted %d times in %d attempts", p.Seq, r.ID, n, p.Attempt)
			}
		}
		return nil
	}})
	if err != nil {
		w.rt.Errorf("sweep: %v", err)
	}
	if b := w.balance(); b.Reserved != 0 || b.Posted != w.paid-captured {
		w.rt.Errorf("%s posted, %s reserved; %s were paid and %s captured", b.Posted, b.Reserved, w.paid, captured)
	}
}

// drawn is the test that a rig sees: its failures are rapid's, to be shrunk.
type drawn struct {
	testing.TB
	rt *rapid.T
}

func (d drawn) Cleanup(func())                    {} // finish checks, while rapid still listens
func (d drawn) Helper()                           {}
func (d drawn) Error(args ...any)                 { d.rt.Error(args...) }
func (d drawn) Errorf(format string, args ...any) { d.rt.Errorf(format, args...) }
func (d drawn) Fatal(args ...any)                 { d.rt.Fatal(args...) }
func (d drawn) Fatalf(format string, args ...any) { d.rt.Fatalf(format, args...) }
