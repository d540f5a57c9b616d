package flow

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
)

// mode puts a connector into another mode.
func mode(r *rig, name string, m sms.ConnectorMode) {
	edit(r, sms.KindConnector, name, func(n *sms.Connector) { n.Mode = m })
}

// TestAdjustedInPlace: such a change makes no new link and loses nothing.
func TestAdjustedInPlace(t *testing.T) {
	type change = func(*sms.Connector)
	for name, c := range map[string]struct {
		change change
		rigid  bool // the connector takes no change itself
		stays  bool
	}{
		"pace":                          {func(n *sms.Connector) { n.Pace = 7 }, false, true},
		"window":                        {func(n *sms.Connector) { n.Window = 7 }, false, true},
		"name":                          {func(n *sms.Connector) { n.Name = "c" }, false, true},
		"scope":                         {func(n *sms.Connector) { n.ScopeID = 2 }, false, true},
		"mode":                          {func(n *sms.Connector) { n.Mode = sms.ModeDrain }, false, true},
		"settings":                      {otherSettings, false, false},
		"pace and settings":             {func(n *sms.Connector) { n.Pace = 7; otherSettings(n) }, false, false},
		"pace of one that is rigid":     {func(n *sms.Connector) { n.Pace = 7 }, true, true},
		"mode of one that is rigid":     {func(n *sms.Connector) { n.Mode = sms.ModePause }, true, true},
		"scope of one that is rigid":    {func(n *sms.Connector) { n.ScopeID, n.Name = 2, "c" }, true, true},
		"window of one that is rigid":   {func(n *sms.Connector) { n.Window = 7 }, true, false},
		"too much of one that is rigid": {func(n *sms.Connector) { n.Window, n.Pace = 7, 7 }, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, off("b"), func(r *rig) { r.script["a"] = fake.Hold })
			if c.rigid {
				r.flow.Plugins["fake"] = rigid(r.flow.Plugins["fake"])
			}
			g := r.send(r.request(number(1)))
			r.step()
			first := r.links["a"]
			edit(r, sms.KindConnector, "a", c.change)
			r.step()
			if made := len(r.every); (made == 1) != c.stays {
				t.Fatalf("%d connectors were made", made)
			}
			s := r.flow.host.running[r.names["a"]]
			if s.noun().Version != 2 {
				t.Errorf("it runs with version %d", s.noun().Version)
			}
			if !first.Resolve(first.Open()[0], verdict(sms.VerdictAccepted)) {
				t.Fatal("nothing was in flight")
			}
			r.pass(time.Second)
			r.want(g, sms.Sent, "")
		})
	}
}

// rigid hides that a connector can be adjusted.
func rigid(p connect.Plugin) connect.Plugin {
	build := p.New
	p.New = func(c *sms.Connector, sink connect.Sink) (connect.Connector, error) {
		made, err := build(c, sink)
		return stiff{made}, err
	}
	return p
}

type stiff struct{ connect.Connector }

func (s stiff) Open() []sms.AttemptRef { return s.Connector.(*fake.Connector).Open() }

// TestPaceChangesAtOnce, in both directions.
func TestPaceChangesAtOnce(t *testing.T) {
	r := newRig(t, off("b"), pace("a", 10), func(r *rig) { r.topUp(1000 * sms.Credit) })
	for i := range 300 {
		r.send(r.request(number(i)))
	}
	second := func() {
		for range 100 {
			r.pass(10 * time.Millisecond)
		}
	}
	second()
	slow := r.got("a")
	edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Pace = 100 })
	second()
	fast := r.got("a") - slow
	edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Pace = 10 })
	second()
	again := r.got("a") - slow - fast
	if slow < 9 || slow > 11 || fast < 90 || fast > 105 || again < 8 || again > 12 || len(r.every) != 1 {
		t.Errorf("%d, then %d, then %d in a second; %d connectors", slow, fast, again, len(r.every))
	}
}

// TestPause: what is claimed and not written goes to the other connector at
// once, nothing more is claimed, and receipts and replies still come.
func TestPause(t *testing.T) {
	r := newRig(t, pace("a", 50), func(r *rig) {
		r.topUp(1000 * sms.Credit)
	})
	var groups []int64
	for i := range 40 {
		groups = append(groups, r.send(r.request(number(i))))
	}
	r.step()
	mode(r, "a", sms.ModePause)
	r.step()
	before := r.got("a")
	if before == 0 || before > 10 || r.got("b") != 40-before {
		t.Fatalf("a took %d, b %d", before, r.got("b"))
	}
	for _, g := range groups {
		r.want(g, sms.Sent, "")
	}
	r.send(r.request(number(100)))
	r.step()
	if r.got("a") != before || r.got("b") != 41-before {
		t.Errorf("in a pause a took %d, b %d", r.got("a"), r.got("b"))
	}
	m := r.one(groups[0])
	if err := r.links["a"].Receipts(context.Background(), sms.Receipt{IDs: []string{m.Sub[0].UpstreamID}, State: sms.PartDelivered}); err != nil {
		t.Fatal(err)
	}
	r.want(groups[0], sms.Delivered, "")
	if err := r.links["a"].Inbound(context.Background(), sms.Inbound{From: number(1), To: "16247", Text: "hi"}); err != nil {
		t.Error(err)
	}
	states := r.flow.Connectors()
	if states[0].Mode != sms.ModePause || !states[0].Link.Up || states[0].Waiting != 0 || states[1].Mode != sms.ModeRun {
		t.Errorf("states %+v", states)
	}
	mode(r, "a", sms.ModeRun)
	r.step()
	r.send(r.request(number(101)))
	r.pass(time.Second)
	if r.got("a") != before+1 || len(r.every) != 2 {
		t.Errorf("after the pause a took %d more; %d connectors were made", r.got("a")-before, len(r.every))
	}
}

// TestPauseOfAll: messages wait in the queue, and go when the pause ends.
func TestPauseOfAll(t *testing.T) {
	r := newRig(t, off("b"), func(r *rig) { mode(r, "a", sms.ModePause) })
	g := r.send(r.request(number(1)))
	r.pass(time.Minute)
	if r.want(g, sms.Queued, ""); r.got("a") != 0 {
		t.Error("sent in a pause")
	}
	mode(r, "a", sms.ModeRun)
	r.step()
	r.want(g, sms.Sent, "")
}

// TestDrain: what is claimed is still submitted, by its own connector, and
// nothing more is claimed.
func TestDrain(t *testing.T) {
	r := newRig(t, pace("a", 50), func(r *rig) { r.topUp(1000 * sms.Credit) })
	for i := range 40 {
		r.send(r.request(number(i)))
	}
	r.step()
	claimed := r.got("a") + r.flow.Connectors()[0].Waiting
	if claimed < 2 || claimed > 20 {
		t.Fatalf("%d are claimed", claimed)
	}
	mode(r, "a", sms.ModeDrain)
	r.pass(time.Second)
	if r.got("a") != claimed || r.got("b") != 40-claimed {
		t.Errorf("a took %d of %d, b %d", r.got("a"), claimed, r.got("b"))
	}
	mode(r, "a", sms.ModePause)
	r.step()
	mode(r, "a", sms.ModeRun)
	r.send(r.request(number(100)))
	r.pass(time.Second)
	if r.got("a") != claimed+1 {
		t.Errorf("a took %d", r.got("a"))
	}
}

// TestModeIsNotOfTheLink: a connector in a pause that falls and comes back stays
// in it, and one that is replaced too.
func TestModeIsNotOfTheLink(t *testing.T) {
	r := newRig(t, off("b"))
	r.step()
	mode(r, "a", sms.ModePause)
	r.step()
	r.links["a"].Down("test")
	r.links["a"].Up()
	g := r.send(r.request(number(1)))
	r.step()
	edit(r, sms.KindConnector, "a", otherSettings)
	r.pass(time.Second)
	if r.want(g, sms.Queued, ""); len(r.every) != 2 {
		t.Errorf("%d connectors were made", len(r.every))
	}
}

// TestPauseEndsWaiting: a submission that waits for room in the window is given
// back in a pause, in the loops, and what was written is answered.
func TestPauseEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, func(r *rig) {
			r.script["a"] = fake.Hold
			edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 2 })
		})
		time.Sleep(time.Second)
		groups := p.many(5)
		synctest.Wait()
		a := p.named("a")
		if len(a.Got()) != 2 {
			t.Fatalf("a took %d", len(a.Got()))
		}
		mode(p.rig, "a", sms.ModePause)
		time.Sleep(poll + time.Millisecond)
		synctest.Wait()
		if n := len(p.named("b").Got()); n != 3 {
			t.Errorf("b took %d, want what a had not written", n)
		}
		for _, ref := range a.Open() {
			a.Resolve(ref, verdict(sms.VerdictAccepted))
		}
		synctest.Wait()
		for _, g := range groups {
			p.want(g, sms.Sent, "")
		}
		mode(p.rig, "a", sms.ModeRun)
		time.Sleep(poll + time.Millisecond)
		p.many(1)
		synctest.Wait()
		if n := len(a.Got()); n != 3 {
			t.Errorf("after the pause a took %d", n-2)
		}
	})
}

// TestWiderWindowAtOnce: in the loops, what waits for room goes without a poll
// of its own.
func TestWiderWindowAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), func(r *rig) {
			r.script["a"] = fake.Hold
			edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 2 })
		})
		time.Sleep(time.Second)
		p.many(10)
		synctest.Wait()
		edit(p.rig, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 6 })
		time.Sleep(poll + time.Millisecond) // to see it
		synctest.Wait()
		if n := len(p.named("a").Got()); n != 6 || len(p.all()) != 1 {
			t.Errorf("a took %d, %d connectors were made", n, len(p.all()))
		}
		edit(p.rig, sms.KindConnector, "a", func(n *sms.Connector) { n.Window = 3 })
		time.Sleep(poll + time.Millisecond)
		a := p.named("a")
		for _, ref := range a.Open()[:4] {
			a.Resolve(ref, verdict(sms.VerdictAccepted))
		}
		synctest.Wait()
		if n := len(a.Open()); n != 3 {
			t.Errorf("%d are open in a window of 3", n)
		}
		p.named("a").Down("test") // or they are open for ever
		synctest.Wait()
	})
}
