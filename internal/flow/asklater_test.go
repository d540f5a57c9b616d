package flow

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func silent(connect.Query) *fake.Receipt { return nil }

// askedAbout counts the questions of all connectors of the run by message.
func askedAbout(r *rig) map[sms.MessageID]int {
	n := map[sms.MessageID]int{}
	for _, l := range r.every {
		for _, q := range l.Asked() {
			n[q.Attempt.Message]++
		}
	}
	return n
}

func (r *rig) asks(group int64) (n int) {
	for _, e := range r.history(group) {
		if e.Trigger == sms.OnAsk {
			n++
		}
	}
	return n
}

// able is whether a connector is enabled.
func able(r *rig, name string, yes bool) {
	edit(r, sms.KindConnector, name, func(n *sms.Connector) { n.Enabled = yes })
}

// TestAskedWhenItCanBe: a question whose time comes while nobody can put it is
// put soon after somebody can, and the history tells of it then.
func TestAskedWhenItCanBe(t *testing.T) {
	for name, c := range map[string]struct{ away, back func(*rig) }{
		"link down": {func(r *rig) { r.links["a"].Down("test") }, func(r *rig) { r.links["a"].Up() }},
		"disabled":  {func(r *rig) { able(r, "a", false) }, func(r *rig) { able(r, "a", true) }},
		"crowded": {func(r *rig) {
			r.flow.host.questions[r.names["a"]].taken = asksMost
		}, func(r *rig) { r.flow.host.questions[r.names["a"]].taken = 0 }},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, askAfter, off("b"), oracle(silent))
			g := r.send(r.request(number(1)))
			r.step()
			m := r.want(g, sms.Sent, "")
			r.pass(50 * time.Minute)
			c.away(r)
			for range 30 {
				r.pass(time.Minute)
			}
			if n := r.asks(g); n != 0 || len(askedAbout(r)) != 0 {
				t.Fatalf("asked %d times, %d questions", n, len(askedAbout(r)))
			}
			c.back(r)
			for range 6 {
				r.pass(time.Minute)
			}
			if n := r.asks(g); n != 1 || askedAbout(r)[m.ID] != 1 {
				t.Errorf("asked %d times, questions %v", n, askedAbout(r))
			}
		})
	}
}

// TestQuestionsAreKept: those that wait when the connector is lost, changed or
// taken away are put when it is back, each once.
func TestQuestionsAreKept(t *testing.T) {
	const n = 40
	for name, trouble := range map[string]func(r *rig, refuse *atomic.Bool){
		"link down": func(r *rig, _ *atomic.Bool) {
			r.links["a"].Down("test")
			r.pass(10 * time.Second)
			r.links["a"].Up()
		},
		"disabled": func(r *rig, _ *atomic.Bool) {
			able(r, "a", false)
			r.pass(10 * time.Second)
			able(r, "a", true)
		},
		"replaced": func(r *rig, _ *atomic.Bool) { edit(r, sms.KindConnector, "a", otherSettings) },
		"takes none": func(r *rig, refuse *atomic.Bool) {
			refuse.Store(true)
			r.pass(10 * time.Second)
			refuse.Store(false)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var refuse atomic.Bool
			r := newRig(t, askAfter, off("b"), func(r *rig) {
				r.wrap = func(_ string, c connect.Connector) connect.Connector {
					c.(*fake.Connector).SetOracle(silent)
					return shy{c.(*fake.Connector), &refuse}
				}
			})
			for i := range n {
				r.send(r.request(number(i)))
			}
			r.step()
			r.pass(59 * time.Minute)
			r.now = r.now.Add(time.Minute)
			seconds := func(s int) {
				for range 2 * s {
					r.pass(500 * time.Millisecond)
				}
			}
			seconds(1)
			if got := len(askedAbout(r)); got == 0 || got > n/2 {
				t.Fatalf("asked about %d in the first second", got)
			}
			trouble(r, &refuse)
			seconds(10)
			about := askedAbout(r)
			for id, times := range about {
				if times != 1 {
					t.Errorf("asked about %s %d times", id, times)
				}
			}
			if len(about) != n {
				t.Errorf("asked about %d of %d", len(about), n)
			}
		})
	}
}

// shy takes no question while it refuses, although its link is up.
type shy struct {
	*fake.Connector
	refuse *atomic.Bool
}

func (s shy) Query(ctx context.Context, q connect.Query) error {
	if s.refuse.Load() {
		return fmt.Errorf("asking: %w", connect.ErrDown)
	}
	return s.Connector.Query(ctx, q)
}

// TestNoQuestionIsLost: more are due at once than can wait. Each is asked in the
// end, once, and none is in the history before.
func TestNoQuestionIsLost(t *testing.T) {
	const n = asksMost + 100
	r := newRig(t, askAfter, off("b"), oracle(silent), func(r *rig) { r.topUp(2 * n * sms.Credit) })
	edit(r, sms.KindConnector, "a", func(c *sms.Connector) { c.Window = 2 * n })
	r.step()
	to := make([]string, n)
	for i := range to {
		to[i] = number(i)
	}
	group := r.send(r.request(to...))
	r.pass(10 * time.Second)
	r.now = noon.Add(time.Hour)
	r.step()
	if queued := len(r.flow.host.questions[r.names["a"]].queue); queued < asksMost-1 || queued > asksMost {
		t.Fatalf("%d questions wait", queued)
	}
	for range 240 {
		r.pass(2 * time.Second)
	}
	about := askedAbout(r)
	_, messages, err := r.store.Group(context.Background(), r.account.ID, group)
	must(r, err)
	for _, m := range messages {
		_, _, events, err := r.store.Message(context.Background(), r.account.ID, m.ID)
		must(r, err)
		told := 0
		for _, e := range events {
			if e.Trigger == sms.OnAsk {
				told++
			}
		}
		if m.State != sms.Sent || about[m.ID] != 1 || told != 1 {
			t.Fatalf("%s is %s: asked about %d times, in the history %d times", m.ID, m.State, about[m.ID], told)
		}
	}
}

// TestQuestionsAreBounded, and what finds no room is said.
func TestQuestionsAreBounded(t *testing.T) {
	var said atomic.Int64
	r := newRig(t, oracle(silent))
	r.step()
	r.flow.Log = slog.New(counter{&said})
	list := r.flow.host.questions[r.names["a"]]
	for range asksMost - 1 {
		list.add(connect.Query{})
	}
	list.first(r.now) // which counts until it is done
	part := sms.Part{Seq: 1, State: sms.PartSent, ConnectorID: r.names["a"], UpstreamID: "x"}
	m := &store.Asking{Record: sms.Record{Sub: []sms.Part{part}}}
	r.flow.host.ask(m)
	r.flow.host.ask(m)
	if len(list.queue)+list.taken != asksMost || said.Load() != 1 {
		t.Errorf("%d wait, said %d times", len(list.queue)+list.taken, said.Load())
	}
	list.done(&connect.Query{UpstreamID: "back"}, true)
	if list.queue[0].UpstreamID != "back" || len(list.queue) != asksMost {
		t.Errorf("%d wait, the first is %q", len(list.queue), list.queue[0].UpstreamID)
	}
}

// TestReserve: room for all questions about a message, or none. What nobody can
// ever be asked about stands in nobody's way.
func TestReserve(t *testing.T) {
	parts := func(connectors ...int64) (list []sms.Part) {
		for _, c := range connectors {
			list = append(list, sms.Part{ConnectorID: c})
		}
		return list
	}
	for _, c := range []struct {
		parts []sms.Part
		yes   bool
		left  []int
	}{
		{nil, false, []int{3, 1, 0}},
		{parts(1), true, []int{2, 1, 0}},
		{parts(1, 1, 1), true, []int{0, 1, 0}},
		{parts(1, 1, 1, 1), false, []int{3, 1, 0}},
		{parts(1, 2), true, []int{2, 0, 0}},
		{parts(1, 2, 2), false, []int{3, 1, 0}},
		{parts(1, 3), false, []int{3, 1, 0}},
		{parts(1, 9), true, []int{2, 1, 0}},
		{parts(9), false, []int{3, 1, 0}},
	} {
		rooms := map[int64]int{1: 3, 2: 1, 3: 0}
		if yes := reserve(rooms, c.parts); yes != c.yes || !slices.Equal([]int{rooms[1], rooms[2], rooms[3]}, c.left) {
			t.Errorf("%v: %v, %v", c.parts, yes, rooms)
		}
	}
}

// TestSameAnswer: a store that calls twice for a message reserves once.
func TestSameAnswer(t *testing.T) {
	r := newRig(t, oracle(silent))
	r.step()
	r.flow.host.questions[r.names["a"]].taken = asksMost - 1
	rule := r.flow.host.askRule()
	ask := func(id sms.MessageID) bool {
		return rule(&sms.Record{Message: sms.Message{ID: id}, Sub: []sms.Part{{State: sms.PartSent, ConnectorID: r.names["a"], UpstreamID: "x"}}})
	}
	if got := []bool{ask(1), ask(2), ask(1), ask(2)}; !slices.Equal(got, []bool{true, false, true, false}) {
		t.Errorf("answers %v", got)
	}
}

// TestForgotten: nothing is kept for a connector that is no more.
func TestForgotten(t *testing.T) {
	r := newRig(t, oracle(silent))
	r.step()
	id := r.names["b"]
	edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors = n.Connectors[:1] })
	must(r, store.Delete(context.Background(), r.store, r.now, "test", r.flow.Catalog().Connector(id)))
	r.pass(time.Second)
	if r.flow.host.questions[id] != nil || r.flow.host.questions[r.names["a"]] == nil {
		t.Errorf("kept %v", r.flow.host.questions)
	}
}
