package smppc_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

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

// benchmarkLink binds a connector to an SMSC on loopback that accepts everything
// at once, and gives the SMSC's session too.
func benchmarkLink(b *testing.B, window int) (connect.Connector, *counter, *smpp.Session) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	bound := make(chan *smpp.Session, 1)
	srv := &smpp.Server{
		OnSession: func(s *smpp.Session) { bound <- s },
		Authenticate: func(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			return smpp.Accept{}, smpp.StatusOK
		},
		Config: smpp.Config{MaxInbound: 4096, Window: window, Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) {
			_ = r.RespondID("5f00000a1b") // the link outlives the benchmark
		})},
	}
	go func() { _ = srv.Serve(l) }() // until Close
	sink := &counter{want: int64(b.N), done: make(chan struct{}), up: make(chan struct{})}
	c, err := smppc.Options{Log: slog.New(slog.DiscardHandler)}.New(&sms.Connector{Head: sms.Head{ID: 1, Name: "bench"}, Window: window,
		Settings: settings(map[string]any{"hosts": []string{l.Addr().String()}})}, sink)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			b.Error(err)
		}
		_ = srv.Close() // never fails
	})
	if err := c.Connect(b.Context()); err != nil {
		b.Fatal(err)
	}
	<-sink.up
	return c, sink, <-bound
}

// BenchmarkSubmit is submit_sm through the connector, until the outcome is with
// the Sink.
func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{10, 1000} {
		for _, senders := range []int{1, 4} {
			b.Run(fmt.Sprintf("window=%d/senders=%d", window, senders), func(b *testing.B) { benchmarkSubmit(b, window, senders) })
		}
	}
}

func benchmarkSubmit(b *testing.B, window, senders int) {
	c, sink, _ := benchmarkLink(b, window)
	payload, _ := gsm.AppendGSM7(nil, "Dear customer, your order 48213 has left our warehouse and will arrive tomorrow between 9:00 and 12:00.")
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			s := connect.Submission{Group: &sms.Group{}, Type: sms.TypeSMS, From: "Harkara", FromIs: sms.SenderAlpha, To: "8801700000000",
				Encoding: gsm.GSM7, Payload: payload, Long: sms.LongUDH8, Receipt: true, ValidTo: time.Now().Add(24 * time.Hour)}
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
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "submits/s")
}

// BenchmarkReceipt is deliver_sm with a receipt through the connector to the
// Sink, which commits at once, until the SMSC has the acknowledgement.
func BenchmarkReceipt(b *testing.B) {
	_, _, far := benchmarkLink(b, 100)
	p := &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, Source: smpp.Address{TON: 1, NPI: 1, Addr: "8801700000000"},
		ShortMessage: []byte("id:5f00000a1b sub:001 dlvrd:001 submit date:2611241200 done date:2611241201 stat:DELIVRD err:000 text:Dear customer, your ")}
	p.TLVs.AddUint8(smpp.TagMessageState, uint8(smpp.StateDelivered))
	if err := p.TLVs.AddText(smpp.TagReceiptedMessageID, "5f00000a1b"); err != nil {
		b.Fatal(err)
	}
	var open sync.WaitGroup
	acked := smpp.CompleteFunc(func(r smpp.Result) {
		if err := r.Err(); err != nil {
			b.Error(err)
		}
		open.Done()
	})
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		open.Add(1)
		if err := far.Send(context.Background(), p, acked); err != nil {
			b.Fatal(err)
		}
	}
	open.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
}
