package flow

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// askAfter an hour, by a route that waits a day for receipts.
func askAfter(r *rig) {
	edit(r, sms.KindRoute, "main", func(n *sms.Route) {
		n.Validity, n.ReceiptWait, n.QueryAfter = sms.Duration(12*time.Hour), sms.Duration(12*time.Hour), sms.Duration(time.Hour)
	})
}

// askSoon is askAfter a minute, for a plant, whose time is dear.
func askSoon(r *rig) {
	askAfter(r)
	edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.QueryAfter = sms.Duration(time.Minute) })
}

// oracle sets what the far ends answer.
func oracle(o fake.Oracle) func(*rig) {
	return func(r *rig) {
		r.wrap = func(_ string, c connect.Connector) connect.Connector {
			c.(*fake.Connector).SetOracle(o)
			return c
		}
	}
}

// TestAsked: the operator is asked about each part without a receipt, with what
// it knows the part by, and its answer is as good as a receipt.
func TestAsked(t *testing.T) {
	r := newRig(t, askAfter, oracle(func(q connect.Query) *fake.Receipt {
		return &fake.Receipt{State: sms.PartDelivered, After: time.Second}
	}))
	req := r.request(number(1))
	req.Text = strings.Repeat("0123456789", 40)
	g := r.send(req)
	r.step()
	m := r.want(g, sms.Sent, "")
	if err := r.links["a"].Receipts(context.Background(), sms.Receipt{IDs: []string{m.Sub[1].UpstreamID}, State: sms.PartDelivered}); err != nil {
		t.Fatal(err)
	}
	r.pass(59 * time.Minute)
	if n := len(r.links["a"].Asked()); n != 0 {
		t.Fatalf("asked %d times before the time", n)
	}
	r.pass(2 * time.Minute)
	asked := r.links["a"].Asked()
	if len(asked) != 2 {
		t.Fatalf("asked %d times", len(asked))
	}
	for i, seq := range []int{1, 3} {
		want := connect.Query{Attempt: sms.AttemptRef{Message: m.ID, Seq: seq, Attempt: 1, Epoch: m.Sub[0].Epoch, RouteID: m.RouteID},
			UpstreamID: m.Sub[seq-1].UpstreamID, From: "ACME", FromIs: sms.SenderAlpha, To: m.To}
		if asked[i] != want {
			t.Errorf("asked %+v, want %+v", asked[i], want)
		}
	}
	r.pass(time.Minute)
	r.want(g, sms.Delivered, "")
	if !slices.ContainsFunc(r.history(g), func(e sms.Event) bool { return e.Trigger == sms.OnAsk }) {
		t.Error("the history does not tell of the question")
	}
}

// TestAskedAgain, less and less of the time that is left, and closed in the end
// by our own timer.
func TestAskedAgain(t *testing.T) {
	r := newRig(t, askAfter, oracle(func(connect.Query) *fake.Receipt { return nil }))
	g := r.send(r.request(number(1)))
	for range 25 * 60 {
		r.pass(time.Minute)
	}
	r.want(g, sms.Unknown, sms.ReasonNoReceipt)
	if n := len(r.links["a"].Asked()); n < 4 || n > 12 {
		t.Errorf("asked %d times in a day", n)
	}
}

// TestQuestionsArePaced, and never in the way of anything else.
func TestQuestionsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), askSoon, func(r *rig) { r.topUp(1000 * sms.Credit) },
			oracle(func(connect.Query) *fake.Receipt { return &fake.Receipt{State: sms.PartDelivered} }))
		time.Sleep(time.Second)
		groups := p.many(50)
		time.Sleep(time.Minute)
		before := len(p.named("a").Asked())
		time.Sleep(time.Second)
		synctest.Wait()
		if n := len(p.named("a").Asked()) - before; n < 8 || n > 11 {
			t.Errorf("%d questions in a second", n)
		}
		begin := time.Now()
		p.many(1)
		synctest.Wait()
		if n := len(p.named("a").Got()); n != 51 || !time.Now().Equal(begin) {
			t.Errorf("%d submissions; one waited for questions", n)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		for _, g := range groups {
			p.want(g, sms.Delivered, "")
		}
	})
}

// TestQuestionThatHangs holds up neither submissions nor the keeper, nor the end.
func TestQuestionThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlant(t, off("b"), askSoon, func(r *rig) {
			r.wrap = func(_ string, c connect.Connector) connect.Connector { return mute{c.(*fake.Connector)} }
		})
		time.Sleep(time.Second)
		p.many(3)
		time.Sleep(2 * time.Minute)
		req := p.request(number(9))
		req.SendAt = time.Now().Add(time.Second)
		g := p.send(req)
		time.Sleep(2 * time.Second)
		p.want(g, sms.Sent, "")
		begin := time.Now()
		p.stop()
		if took := time.Since(begin); took > time.Second {
			t.Errorf("the end took %s", took)
		}
	})
}

// mute takes questions and never returns from them before the end.
type mute struct{ *fake.Connector }

func (mute) Query(ctx context.Context, _ connect.Query) error {
	<-ctx.Done()
	return ctx.Err()
}

// TestCannotBeAsked, since it is not set up, is logged, sparsely, and nothing else.
func TestCannotBeAsked(t *testing.T) {
	var said atomic.Int64
	r := newRig(t, askAfter, off("b"))
	g := r.send(r.request(number(1)))
	r.step()
	r.flow.host.running[r.names["a"]].asks.failed.log = slog.New(counter{&said})
	r.pass(2 * time.Hour)
	r.want(g, sms.Sent, "")
	if said.Load() == 0 || len(r.links["a"].Asked()) > 0 {
		t.Errorf("said %d times, asked %d", said.Load(), len(r.links["a"].Asked()))
	}
	if n := len(r.flow.host.questions[r.names["a"]].queue); n > 0 {
		t.Errorf("%d questions wait for nothing", n)
	}
}

// counter is a log handler that counts.
type counter struct{ n *atomic.Int64 }

func (counter) Enabled(context.Context, slog.Level) bool    { return true }
func (c counter) Handle(context.Context, slog.Record) error { c.n.Add(1); return nil }
func (c counter) WithAttrs([]slog.Attr) slog.Handler        { return c }
func (c counter) WithGroup(string) slog.Handler             { return c }

// TestWhoIsAsked: the connector that sent the part, if it runs and can ask.
func TestWhoIsAsked(t *testing.T) {
	r := newRig(t, oracle(func(connect.Query) *fake.Receipt { return nil }))
	r.step()
	a, b := r.names["a"], r.names["b"]
	m := &store.Asking{From: "16001", Record: sms.Record{Message: sms.Message{ID: 5, To: number(1)}, Sub: []sms.Part{
		{Seq: 1, State: sms.PartSent, ConnectorID: a, UpstreamID: "x"},
		{Seq: 2, State: sms.PartSent, ConnectorID: b, UpstreamID: "y"},
		{Seq: 3, State: sms.PartSent, ConnectorID: 99, UpstreamID: "z"},     // gone
		{Seq: 4, State: sms.PartSent, ConnectorID: a},                       // has no name there
		{Seq: 5, State: sms.PartDelivered, ConnectorID: a, UpstreamID: "v"}, // known
	}}}
	r.flow.host.ask(m)
	r.pass(time.Second)
	for name, id := range map[string]string{"a": "x", "b": "y"} {
		if asked := r.links[name].Asked(); len(asked) != 1 || asked[0].UpstreamID != id || asked[0].FromIs != sms.SenderNumeric {
			t.Errorf("%s was asked %+v", name, asked)
		}
	}
	r.flow.host.running[a].asks = nil
	delete(r.flow.host.questions, a)
	r.flow.host.ask(m)
	r.pass(time.Second)
	if len(r.links["a"].Asked()) != 1 || len(r.links["b"].Asked()) != 2 {
		t.Error("one that cannot ask was given a question, or the other was not")
	}
}
