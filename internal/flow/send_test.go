package flow

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func off(name string) func(*rig) {
	return func(r *rig) { edit(r, sms.KindConnector, name, func(n *sms.Connector) { n.Enabled = false }) }
}

func pace(name string, perSecond float64) func(*rig) {
	return func(r *rig) { edit(r, sms.KindConnector, name, func(n *sms.Connector) { n.Pace = perSecond }) }
}

// history of the only message of a group.
func (r *rig) history(group int64) []sms.Event {
	r.t.Helper()
	_, _, events, err := r.store.Message(context.Background(), r.account.ID, r.one(group).ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return events
}

// TestRetriesSpread: a passing refusal gives each other connector that is up a
// try at once; after that the tries take longer and longer, so that they do not
// run out while an operator has a bad minute.
func TestRetriesSpread(t *testing.T) {
	for _, c := range []struct {
		name    string
		down    string
		atOnce  int
		inThree int // minutes
	}{{"both up", "", 2, 9}, {"the other is down", "b", 1, 8}} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(r *rig) {
				r.script["a"], r.script["b"] = answers(verdict(sms.VerdictRetry)), answers(verdict(sms.VerdictRetry))
			})
			r.step()
			if c.down != "" {
				r.links[c.down].Down("test")
			}
			g := r.send(r.request(number(1)))
			r.step()
			if n := r.got("a") + r.got("b"); n != c.atOnce {
				t.Errorf("%d tries at once, want %d", n, c.atOnce)
			}
			for range 18 {
				r.pass(10 * time.Second)
			}
			if n := r.got("a") + r.got("b"); n != c.inThree {
				t.Errorf("%d tries in three minutes, want %d", n, c.inThree)
			}
			r.want(g, sms.Queued, sms.ReasonRetrying)
		})
	}
}

// TestLongTextHasAsManyTries as a short one.
func TestLongTextHasAsManyTries(t *testing.T) {
	r := newRig(t, off("b"), func(r *rig) {
		r.script["a"] = answers(verdict(sms.VerdictRetry))
		edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.MaxAttempts = 3 })
	})
	req := r.request(number(1))
	req.Text = strings.Repeat("0123456789", 40)
	g := r.send(req)
	r.pass(time.Minute)
	r.want(g, sms.Rejected, sms.ReasonAttempts)
	if n := r.got("a"); n != 3+3+1 && n != 9 {
		t.Errorf("%d submissions of 3 parts in 3 tries", n)
	}
	r.wantMoney(100*sms.Credit, 0)
}

// only restricts the sender id ACME to connectors.
func only(names ...string) func(*rig) {
	return func(r *rig) {
		edit(r, sms.KindSender, "ACME", func(n *sms.Sender) {
			n.Connectors = nil
			for _, name := range names {
				n.Connectors = append(n.Connectors, r.names[name])
			}
		})
	}
}

// TestSenderOfAnotherConnector: a sender id that is registered on the second
// connector alone.
func TestSenderOfAnotherConnector(t *testing.T) {
	t.Run("goes there at once", func(t *testing.T) {
		r := newRig(t, only("b"))
		g := r.send(r.request(number(1)))
		r.step()
		r.want(g, sms.Sent, "")
		if r.got("a") != 0 || r.got("b") != 1 {
			t.Errorf("a took %d, b %d", r.got("a"), r.got("b"))
		}
	})
	t.Run("waits for it without filling the history", func(t *testing.T) {
		r := newRig(t, only("b"))
		r.step()
		r.links["b"].Down("test")
		g := r.send(r.request(number(1)))
		for range 60 {
			r.pass(10 * time.Minute)
		}
		r.want(g, sms.Queued, sms.ReasonLinkDown)
		if n := len(r.history(g)); n > 400 {
			t.Errorf("%d events in ten hours", n)
		}
		r.links["b"].Up()
		r.pass(notHereMost)
		r.want(g, sms.Sent, "")
		if r.got("a") != 0 {
			t.Error("it went by a")
		}
	})
	t.Run("is not tossed between two others", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.save(&sms.Connector{Head: sms.Head{Name: "c"}, Protocol: "fake", Enabled: true, Pace: 1})
			edit(r, sms.KindRoute, "main", func(n *sms.Route) {
				n.Connectors = of(r.names["a"], r.names["b"], r.names["c"])
				n.Connectors[1].Priority = n.Connectors[0].Priority
			})
		}, only("c"))
		var groups []int64
		for i := range 10 {
			groups = append(groups, r.send(r.request(number(i))))
		}
		for range 60 {
			r.pass(time.Second)
		}
		events := 0
		for _, g := range groups {
			r.want(g, sms.Sent, "")
			events += len(r.history(g))
		}
		if events > 300 {
			t.Errorf("%d events of 10 messages in a minute", events)
		}
	})
}

// TestLinkThatTakesNothing: a link that says it is up and refuses every
// submission does not turn the node into a mill.
func TestLinkThatTakesNothing(t *testing.T) {
	for name, answer := range map[string]fake.Answer{"an error": {Refuse: connect.ErrDown}, "never written": {Verdict: sms.VerdictDown}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, off("b"), func(r *rig) { r.script["a"] = answers(answer) })
			g := r.send(r.request(number(1)))
			for range 100 {
				r.pass(10 * time.Millisecond)
			}
			if n := r.got("a"); n < 10 || n > 25 {
				t.Errorf("%d submissions in a second", n)
			}
			r.links["a"].SetScript(fake.Accept)
			r.pass(time.Second)
			r.want(g, sms.Sent, "")
		})
	}
}

// TestNothingIsSentTooLate: what waits for its turn on a slow link when its
// validity ends is not sent.
func TestNothingIsSentTooLate(t *testing.T) {
	r := newRig(t, off("b"), pace("a", 20), func(r *rig) {
		edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Validity = sms.Duration(100 * time.Millisecond) })
	})
	var groups []int64
	for i := range 20 {
		groups = append(groups, r.send(r.request(number(i))))
	}
	r.step()
	begin := len(r.links["a"].Got())
	r.now = r.now.Add(time.Second) // the node stood still
	r.step()
	r.pass(time.Second)
	if n := r.got("a"); n != begin {
		t.Errorf("%d were sent after their time", n-begin)
	}
	expired := 0
	for _, g := range groups {
		if m := r.one(g); m.State == sms.Expired && m.Reason == sms.ReasonValidity {
			expired++
		}
	}
	if expired != len(groups)-begin {
		t.Errorf("%d of %d expired, %d were sent", expired, len(groups), begin)
	}
}

// TestLongTextsAreNotClaimedFarAhead: a claim is counted in messages, the pace
// in parts; what is claimed is of unknown outcome after a crash.
func TestLongTextsAreNotClaimedFarAhead(t *testing.T) {
	r := newRig(t, off("b"), pace("a", 100), func(r *rig) {
		edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.MaxParts = 100 })
		edit(r, sms.KindPriceList, "retail", func(n *sms.PriceList) { n.Prices[0].Price = 1 })
		r.script["a"] = fake.Hold
	})
	for i := range 100 {
		req := r.request(number(i))
		req.Text = strings.Repeat("0123456789", 40)
		r.send(req)
	}
	worst := 0
	for range 200 {
		r.pass(10 * time.Millisecond)
		for _, s := range r.flow.host.senders() {
			worst = max(worst, len(s.queue))
		}
	}
	if worst > 30+3 {
		t.Errorf("%d parts wait for a link of 100 a second", worst)
	}
	if n := r.got("a"); n < 190 {
		t.Errorf("%d parts sent in 2 seconds at 100 a second", n)
	}
}

// TestRoutesShareAConnector evenly, each with a backlog.
func TestRoutesShareAConnector(t *testing.T) {
	r := newRig(t, off("b"), pace("a", 200), func(r *rig) {
		for i := range 3 {
			name := fmt.Sprintf("extra%d", i)
			r.save(&sms.Route{Head: sms.Head{Name: name}, Enabled: true, Connectors: of(r.names["a"])})
			edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.Routes = append(n.Routes, r.names[name]) })
		}
	})
	r.topUp(1_000_000 * sms.Credit)
	for i, route := range []int64{0, r.names["extra0"], r.names["extra1"], r.names["extra2"]} {
		req := r.request()
		for n := range 1000 {
			req.To = append(req.To, number(i*1000+n))
		}
		req.RouteID = route
		r.send(req)
	}
	for range 200 {
		r.pass(10 * time.Millisecond)
	}
	sent := map[int64]int{}
	for _, s := range r.links["a"].Got() {
		sent[s.Attempt.RouteID]++
	}
	total := r.got("a")
	for route, n := range sent {
		if n < total/4-20 || n > total/4+20 {
			t.Errorf("route %d had %d of %d", route, n, total)
		}
	}
	if len(sent) != 4 || total < 380 {
		t.Errorf("%d routes, %d sent in 2 seconds at 200 a second", len(sent), total)
	}
}

// TestStepNeverWaits for a place in the window: there is one goroutine, which
// also brings the answers.
func TestStepNeverWaits(t *testing.T) {
	r := newRig(t, off("b"), func(r *rig) {
		r.script["a"] = fake.Hold
		edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 2 })
	})
	for i := range 5 {
		r.send(r.request(number(i)))
	}
	for sent := 2; sent <= 5; sent++ {
		r.step()
		if n := r.got("a"); n != sent {
			t.Fatalf("%d sent, want %d", n, sent)
		}
		r.links["a"].Resolve(r.links["a"].Open()[0], verdict(sms.VerdictAccepted))
	}
}

// TestLanesGoFirst: a one-time password overtakes a campaign, but for the little
// that is claimed already.
func TestLanesGoFirst(t *testing.T) {
	r := newRig(t, off("b"), pace("a", 100), func(r *rig) {
		r.save(&sms.Sender{Head: sms.Head{Name: "CODES", AccountID: r.account.ID}, Status: sms.SenderApproved, Class: sms.ClassOTP})
	})
	r.topUp(1000 * sms.Credit)
	bulk := r.request()
	for i := range 500 {
		bulk.To = append(bulk.To, number(i))
	}
	r.send(bulk)
	r.pass(time.Second)
	otp := r.request(number(9999))
	otp.From = "codes"
	g := r.send(otp)
	for waited := time.Duration(0); r.one(g).State != sms.Sent; waited += 10 * time.Millisecond {
		if waited > 250*time.Millisecond {
			t.Fatal("the one-time password waits behind the campaign")
		}
		r.pass(10 * time.Millisecond)
	}
}

// TestConnectorTwiceInARoute counts once: it would never be alone otherwise, and
// what avoids it would wait for another that does not exist.
func TestConnectorTwiceInARoute(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.script["a"] = answers(verdict(sms.VerdictRetry), verdict(sms.VerdictAccepted))
		edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors = of(r.names["a"], r.names["a"]) })
	})
	g := r.send(r.request(number(1)))
	r.pass(3 * time.Second)
	r.want(g, sms.Sent, "")
}

// TestRemovedFromRoute: the next message goes by the connectors that are left.
func TestRemovedFromRoute(t *testing.T) {
	r := newRig(t)
	r.send(r.request(number(1)))
	r.step()
	edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors = of(r.names["b"]) })
	r.step()
	r.send(r.request(number(2)))
	r.step()
	if r.got("a") != 1 || r.got("b") != 1 {
		t.Errorf("a took %d, b %d", r.got("a"), r.got("b"))
	}
	edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Enabled = false })
	r.step()
	if _, err := r.flow.Accept(context.Background(), r.request(number(3))); sms.CodeOf(err) != sms.CodeForbidden {
		t.Errorf("a disabled route accepts: %v", err)
	}
}

// TestPinnedStaysOnItsRoute: a route that the call names decides about failover too.
func TestPinnedStaysOnItsRoute(t *testing.T) {
	r := newRig(t, func(r *rig) {
		for _, name := range []string{"c", "d"} {
			r.save(&sms.Connector{Head: sms.Head{Name: name}, Protocol: "fake", Enabled: true})
		}
		r.save(&sms.Route{Head: sms.Head{Name: "named"}, Enabled: true, Connectors: of(r.names["c"], r.names["d"])})
		edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.Routes = []int64{r.names["named"]} })
	})
	r.step()
	req := r.request(number(1))
	req.RouteID = r.names["named"]
	r.links["c"].Down("test")
	g := r.send(req)
	r.step()
	if m := r.want(g, sms.Sent, ""); !m.Pinned || r.got("d") != 1 {
		t.Errorf("pinned %t, d took %d", m.Pinned, r.got("d"))
	}
	r.links["d"].Down("test")
	g = r.send(req)
	r.pass(time.Minute)
	r.want(g, sms.Queued, "")
	if r.got("a")+r.got("b")+r.got("c") != 0 {
		t.Error("it left its route")
	}
	r.links["c"].Up()
	r.step()
	r.want(g, sms.Sent, "")
}

// TestEqualConnectorsShare a route that has more than one can take.
func TestEqualConnectorsShare(t *testing.T) {
	r := newRig(t, pace("a", 50), pace("b", 50), func(r *rig) {
		edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors[1].Priority = n.Connectors[0].Priority })
	})
	for i := range 100 {
		r.send(r.request(number(i)))
	}
	for range 100 {
		r.pass(11 * time.Millisecond)
	}
	if a, b := r.got("a"), r.got("b"); a+b != 100 || a < 40 || b < 40 {
		t.Errorf("a took %d, b %d in 1.1 seconds at 50 a second each", a, b)
	}
}

func TestCancel(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script["a"] = fake.Hold })
	ctx := context.Background()
	r.send(r.request(number(1)))
	r.step() // is on the wire
	later := r.request(number(2), number(3))
	later.SendAt = r.now.Add(time.Hour)
	r.send(later)
	var ids []sms.MessageID
	for _, g := range []int64{1, 2} {
		_, messages, err := r.store.Group(ctx, r.account.ID, g)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range messages {
			ids = append(ids, m.ID)
		}
	}
	if ended, err := r.flow.Cancel(ctx, r.account.ID+1, ids); err != nil || len(ended) != 0 {
		t.Errorf("another account canceled %v, %v", ended, err)
	}
	ended, err := r.flow.Cancel(ctx, r.account.ID, ids)
	if err != nil || fmt.Sprint(ended) != fmt.Sprint(ids[1:]) {
		t.Errorf("canceled %v of %v, %v", ended, ids, err)
	}
	r.wantMoney(100*sms.Credit, sms.Credit)
	r.pass(2 * time.Hour)
	if r.got("a") != 1 {
		t.Errorf("a took %d", r.got("a"))
	}
}

// TestConnectorChangesWithMessagesInFlight: what the old one had not written
// goes by the new one, what it had written is answered there, nothing goes twice.
func TestConnectorChangesWithMessagesInFlight(t *testing.T) {
	r := newRig(t, off("b"), func(r *rig) {
		r.script["a"] = func(n int, _ *connect.Submission) fake.Answer {
			return fake.Answer{Verdict: sms.VerdictAccepted, After: 500 * time.Millisecond, Unwritten: true}
		}
		edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window, n.Pace = 100, 100 })
	})
	var groups []int64
	for i := range 80 {
		groups = append(groups, r.send(r.request(number(i))))
	}
	r.pass(200 * time.Millisecond)
	first := r.links["a"]
	if n := len(first.Open()); n == 0 {
		t.Fatal("nothing is in flight")
	}
	for range 3 {
		edit(r, sms.KindConnector, "a", otherSettings)
		r.pass(100 * time.Millisecond)
	}
	r.pass(2 * time.Second)
	to := map[string]int{}
	for _, l := range r.every {
		for _, s := range l.Got() {
			to[s.To]++
		}
	}
	for i, g := range groups {
		r.want(g, sms.Sent, "")
		if n := to[number(i)]; n != 1 {
			t.Errorf("message %d went %d times", i, n)
		}
	}
	if n := len(r.flow.host.senders()); n != 1 {
		t.Errorf("%d senders are left", n)
	}
	r.wantMoney(20*sms.Credit, 0)
}

// TestConnectorThatCannotStart leaves the one before it running.
func TestConnectorThatCannotStart(t *testing.T) {
	r := newRig(t, off("b"))
	r.step()
	edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Protocol = "telex" })
	r.step()
	g := r.send(r.request(number(1)))
	r.step()
	r.want(g, sms.Sent, "")
}

// TestReplacedConnectorIsSilent: its last word is not about its successor.
func TestReplacedConnectorIsSilent(t *testing.T) {
	links := linkMeter{}
	r := newRig(t, func(r *rig) { r.options.Meter = links })
	r.step()
	edit(r, sms.KindConnector, "a", otherSettings)
	r.pass(time.Second)
	if links["a"] != 1 {
		t.Errorf("the meter shows %d links", links["a"])
	}
	edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Enabled = false })
	r.pass(time.Second)
	if links["a"] != 0 {
		t.Errorf("the meter shows %d links of a connector that is off", links["a"])
	}
	if states := r.flow.Connectors(); len(states) != 1 || states[0].Name != "b" || !states[0].Link.Up {
		t.Errorf("connectors %+v", states)
	}
}

type linkMeter map[string]int

func (linkMeter) Accepted(string, int, time.Duration)     {}
func (linkMeter) Refused(string, sms.Code, time.Duration) {}
func (linkMeter) Outcome(string, sms.Verdict, int)        {}
func (linkMeter) Receipt(string, store.Match, string, string, sms.Reason, time.Duration) {
}
func (linkMeter) Inbound(string, int)            {}
func (m linkMeter) Link(connector string, n int) { m[connector] = n }
