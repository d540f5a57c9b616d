package smpp

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
)

// BenchmarkLoopback is submit_sm and its response over one TCP connection on this machine, both ends
// in this process.
func BenchmarkLoopback(b *testing.B) {
	for _, window := range []int{10, 100, 1000} {
		b.Run(fmt.Sprintf("window=%d", window), func(b *testing.B) { benchLoopback(b, window) })
	}
}

func benchLoopback(b *testing.B, window int) {
	srv := &Server{
		Authenticate: func(context.Context, *BindRequest) (Accept, Status) { return Accept{}, StatusOK },
		Config: Config{MaxInbound: 2 * window, Handler: HandlerFunc(func(p PDU, r Responder) {
			_ = r.RespondID("5be9f816f19992a7")
		})},
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Close()
	s, err := Dial(context.Background(), l.Addr().String(), BindConfig{SystemID: "bench", Session: Config{Window: window}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()

	p := benchSubmit()
	var wg sync.WaitGroup
	var bad int
	done := CompleteFunc(func(r Result) {
		if r.Err() != nil {
			bad++
		}
		wg.Done()
	})
	ctx := context.Background()
	b.ReportAllocs()
	b.ResetTimer()
	wg.Add(b.N)
	for range b.N {
		if err := s.Send(ctx, p, done); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pairs/s")
	if bad > 0 {
		b.Fatalf("%d of %d submits failed", bad, b.N)
	}
}
