package smppc_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// counter is a Sink that only counts.
type counter struct {
	n    atomic.Int64
	want int64
	done chan struct{}
	up   chan struct{}
	once sync.Once
}

func (c *counter) Outcomes(list []sms.Outcome) {
	if n := c.n.Add(int64(len(list))); n >= c.want && n-int64(len(list)) < c.want {
		close(c.done)
	}
}
func (c *counter) Receipts(context.Context, []sms.Receipt) error { return nil }
func (c *counter) Inbound(context.Context, []sms.Inbound) error  { return nil }
func (c *counter) Link(l connect.Link) {
	if l.Up {
		c.once.Do(func() { close(c.up) })
	}
}

// BenchmarkSubmit is submit_sm through the connector to an SMSC on loopback that
// accepts everything, until the outcome is with the Sink.
func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{10, 1000} {
		for _, senders := range []int{1, 4} {
			b.Run(fmt.Sprintf("window=%d/senders=%d", window, senders), func(b *testing.B) { benchmarkSubmit(b, window, senders) })
		}
	}
}

func benchmarkSubmit(b *testing.B, window, senders int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	srv := &smpp.Server{
		Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			return smpp.Accept{}, smpp.StatusOK
		},
		Config: smpp.Config{MaxInbound: 4096, Handler: smpp.HandlerFunc(func(p smpp.PDU, r smpp.Responder) {
			_ = r.RespondID("5f00000a1b") // the link outlives the benchmark
		})},
	}
	go func() { _ = srv.Serve(l) }() // until Close
	defer func() { _ = srv.Close() }()
	sink := &counter{want: int64(b.N), done: make(chan struct{}), up: make(chan struct{})}
	c, err := smppc.New(&sms.Connector{Head: sms.Head{ID: 1, Name: "bench"}, Window: window,
		Settings: settings(map[string]any{"hosts": []string{l.Addr().String()}})}, sink)
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Connect(b.Context()); err != nil {
		b.Fatal(err)
	}
	<-sink.up
	payload, _ := gsm.AppendGSM7(nil, "Dear customer, your order 48213 has left our warehouse and will arrive tomorrow between 9:00 and 12:00.")
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			s := connect.Submission{Type: sms.TypeSMS, From: "Harkara", FromIs: sms.SenderAlpha, To: "8801700000000",
				Encoding: gsm.GSM7, Payload: payload, Long: sms.LongUDH8, Receipt: true}
			for n := i; n < b.N; n += senders {
				s.Attempt = sms.AttemptRef{Message: sms.MessageID(n), Seq: 1, Attempt: 1}
				if err := c.Send(context.Background(), &s); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	<-sink.done
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
	if err := c.Close(context.Background()); err != nil {
		b.Error(err)
	}
}
