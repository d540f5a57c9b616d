package flow

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// forgetful accepts calls and keeps nothing, so that what is left is flow's own.
type forgetful struct {
	Store
	last atomic.Int64
}

func (s *forgetful) Accept(_ context.Context, _ time.Time, calls []sms.Call) ([]store.Accepted, error) {
	answers := make([]store.Accepted, len(calls))
	for i := range calls {
		answers[i].Group = calls[i].Group
		answers[i].Group.Number = s.last.Add(1)
	}
	return answers, nil
}

// BenchmarkAccept is a call through flow, without a store.
func BenchmarkAccept(b *testing.B) {
	long := strings.Repeat("0123456789", 40)
	for _, c := range []struct {
		name string
		text string
		to   int
	}{{"one recipient", "Your code is 123456", 1}, {"long text", long, 1}, {"unicode", "আপনার কোড ১২৩৪৫৬", 1}, {"1,000 recipients", "hello", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, func(r *rig) { r.clock = time.Now })
			f, err := New(b.Context(), Options{Store: &forgetful{Store: r.store}, Node: "bench", Log: slog.New(slog.DiscardHandler)})
			if err != nil {
				b.Fatal(err)
			}
			req := r.request()
			req.Text = c.text
			for i := range c.to {
				req.To = append(req.To, number(i))
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.Accept(b.Context(), req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("32 callers", func(b *testing.B) {
		r := newRig(b, func(r *rig) { r.clock = time.Now })
		f, err := New(b.Context(), Options{Store: &forgetful{Store: r.store}, Node: "bench", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		b.SetParallelism(16)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			req := r.request(number(1))
			for pb.Next() {
				if _, err := f.Accept(b.Context(), req); err != nil {
					b.Error(err)
				}
			}
		})
	})
}

// fountain is a store with an endless queue of one-part messages; it counts the
// outcomes it is given and keeps nothing.
type fountain struct {
	Store
	group   *sms.Group
	text    sms.Message
	left    atomic.Int64
	next    atomic.Int64
	written atomic.Int64
	all     int64
	done    chan struct{}
}

func (s *fountain) Claim(_ context.Context, now time.Time, r store.ClaimRequest) ([]store.Claimed, time.Time, error) {
	n := min(int64(r.Limit), s.left.Load())
	if n <= 0 || s.left.Add(-n) < 0 || r.Spill {
		return nil, time.Time{}, nil
	}
	got := make([]store.Claimed, n)
	for i := range got {
		m := &got[i]
		m.Message, m.Group = s.text, s.group
		m.ID = sms.MessageID(s.next.Add(1))
		m.Sub = make([]sms.Part, m.Parts)
		for p := range m.Sub {
			m.Sub[p] = sms.Part{Seq: p + 1, State: sms.PartSending, ConnectorID: r.ConnectorID, Attempt: 1, Epoch: r.Epoch}
		}
	}
	return got, time.Time{}, nil
}

func (s *fountain) RecordOutcomes(_ context.Context, _ time.Time, _ map[int64]int64, list []sms.Outcome) ([]store.Released, error) {
	if s.written.Add(int64(len(list))) == s.all {
		close(s.done)
	}
	return nil, nil
}

// echo is a channel that accepts everything at once. A goroutine of its own
// reports the answers, many at a time, as a link does.
type echo struct {
	sink connect.Sink
	mu   sync.Mutex
	list []sms.Outcome
	wake chan struct{}
	end  chan struct{}
}

func newEcho(sink connect.Sink) *echo {
	return &echo{sink: sink, wake: make(chan struct{}, 1), end: make(chan struct{})}
}

func (*echo) Info() connect.Info { return connect.Info{Protocol: "echo", Window: 1000} }

func (e *echo) Connect(context.Context) error {
	e.sink.Link(connect.Link{Up: true, Links: 1})
	go func() {
		for {
			select {
			case <-e.end:
				return
			case <-e.wake:
			}
			e.mu.Lock()
			list := e.list
			e.list = make([]sms.Outcome, 0, len(list))
			e.mu.Unlock()
			e.sink.Outcomes(list)
		}
	}()
	return nil
}

func (e *echo) Send(_ context.Context, s *connect.Submission) error {
	e.mu.Lock()
	e.list = append(e.list, sms.Outcome{AttemptRef: s.Attempt, ConnectorID: 1, Verdict: sms.VerdictAccepted, UpstreamID: "1"})
	e.mu.Unlock()
	select {
	case e.wake <- struct{}{}:
	default:
	}
	return nil
}

func (e *echo) Close(context.Context) error { close(e.end); return nil }

// BenchmarkSend is the way of a message from the claim to the recorded outcome,
// through the loops, with a store and a channel that cost next to nothing.
// BenchmarkAcceptAll is the window of an SMPP session: 100 calls in one.
func BenchmarkAcceptAll(b *testing.B) {
	r := newRig(b)
	f, err := New(b.Context(), Options{Store: &forgetful{Store: r.store}, Node: "bench", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	reqs := make([]Request, 100)
	for i := range reqs {
		reqs[i] = r.request(number(i))
		reqs[i].SubscriberID, reqs[i].Notify = 1, sms.NotifyDelivered
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, done := range f.AcceptAll(b.Context(), reqs) {
			if done.Err != nil {
				b.Fatal(done.Err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(reqs)), "ns/call")
}

func BenchmarkSend(b *testing.B) {
	for _, c := range []struct {
		name, text string
		parts      int
	}{{"one part", "Your code is 123456", 1}, {"three parts", strings.Repeat("0123456789", 40), 3}} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, off("b"), func(r *rig) { r.clock = time.Now })
			group := &sms.Group{AccountID: r.account.ID, Number: 1, Type: sms.TypeSMS, From: "ACME", Text: c.text, At: time.Now()}
			s := &fountain{Store: r.store, group: group, all: int64(b.N * c.parts), done: make(chan struct{}),
				text: sms.Message{AccountID: r.account.ID, Group: 1, To: "8801712345678", State: sms.Sending, Encoding: 1, Parts: c.parts, Units: c.parts,
					RouteID: r.names["main"], ExpiresAt: time.Now().Add(time.Hour)}}
			s.left.Store(int64(b.N))
			f, err := New(b.Context(), Options{Store: s, Node: "bench", Log: slog.New(slog.DiscardHandler), Plugins: connect.Plugins{"fake": {
				Types: []sms.Type{sms.TypeSMS}, New: func(_ *sms.Connector, sink connect.Sink) (connect.Connector, error) { return newEcho(sink), nil }}}})
			if err != nil {
				b.Fatal(err)
			}
			ctx, end := context.WithCancel(b.Context())
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			wg.Go(func() { _ = f.Record(ctx, context.Background()) })
			wg.Go(func() { _ = f.Work(ctx, context.Background()) })
			<-s.done
			b.StopTimer()
			end()
			wg.Wait()
		})
	}
}

// BenchmarkLife is the whole life on the reference store: accepted, sent,
// delivered; most of it is the store's.
func BenchmarkLife(b *testing.B) {
	r := newRig(b, off("b"), func(r *rig) {
		r.clock = time.Now
		r.script["a"] = fake.Deliver
		r.topUp(1_000_000_000 * sms.Credit)
	})
	ctx, end := context.WithCancel(b.Context())
	var wg sync.WaitGroup
	wg.Go(func() { _ = r.flow.Record(ctx, context.Background()) })
	wg.Go(func() { _ = r.flow.Work(ctx, context.Background()) })
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.flow.Accept(ctx, r.request(number(1), number(2), number(3), number(4))); err != nil {
			b.Fatal(err)
		}
	}
	end()
	wg.Wait()
}

// BenchmarkPlan is the planning alone, with a configuration of some size.
func BenchmarkPlan(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("%d prices and rules", n), func(b *testing.B) {
			var nouns []sms.Noun
			list := &sms.PriceList{Head: head(1, 0, "big")}
			for i := range n {
				prefix := fmt.Sprintf("880%d", 10_000+i)
				list.Prices = append(list.Prices, sms.Price{Prefix: prefix, Price: sms.Credit})
				nouns = append(nouns, &sms.Rule{Head: head(int64(i), 0, prefix), Prefix: prefix, RouteID: 1})
			}
			list.Prices = append(list.Prices, sms.Price{Price: sms.Credit})
			nouns = append(nouns, list, &sms.Rule{Head: head(int64(n), 0, "all"), RouteID: 1},
				&sms.Connector{Head: head(1, 0, "a"), Protocol: "fake", Enabled: true},
				&sms.Route{Head: head(1, 0, "main"), Enabled: true, Connectors: of(1), Validity: sms.Duration(time.Hour)},
				&sms.Account{Head: head(1, 0, "acme"), Enabled: true, Country: "BD", PriceListID: 1, MaxParts: 10},
				&sms.Sender{Head: head(1, 1, "ACME"), Status: sms.SenderApproved})
			cat := sms.NewCatalog(1, nouns)
			req := Request{AccountID: 1, Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: "Your code is 123456"}
			b.ReportAllocs()
			for b.Loop() {
				p := planner{cat: cat, now: noon, max: time.Hour, protos: onlyText}
				if _, err := p.plan(&req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
