package smppd

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// newLiveRig is a rig outside of a bubble, on TCP, that is ready to send.
func newLiveRig(b *testing.B) (r *rig, addr string) {
	b.Helper()
	r = newRig(b)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(r.ctx)
	r.serving.Go(func() { r.ends("serve", r.server.Serve(ctx, l)) })
	b.Cleanup(func() {
		stop()
		r.stop()
	})
	for deadline := time.Now().Add(10 * time.Second); r.flow.Catalog().Login("shop") == nil || r.fake() == nil; {
		if time.Now().After(deadline) {
			b.Fatal("the flow does not get ready")
		}
		<-time.After(10 * time.Millisecond)
	}
	return r, l.Addr().String()
}

// BenchmarkSubmit: one bind, submit_sm to submit_sm_resp over loopback and the
// memory store, by window.
func BenchmarkSubmit(b *testing.B) {
	for _, window := range []int{1, 10, 100} {
		b.Run(fmt.Sprint("window=", window), func(b *testing.B) { benchmark(b, window, 0, fake.Hold) })
	}
}

// BenchmarkWithReceipts: the same with the operator's answer and the receipt on the
// same bind.
func BenchmarkWithReceipts(b *testing.B) { benchmark(b, 100, smpp.ReceiptAlways, fake.Deliver) }

func benchmark(b *testing.B, window int, registered uint8, script fake.Script) {
	r, addr := newLiveRig(b)
	r.operator(script)
	e, err := smpptest.Dial(r.ctx, addr, smpptest.ESMEConfig{Keep: -1, Bind: smpp.BindConfig{Mode: smpp.Transceiver, SystemID: "shop", Password: password,
		Version: smpp.Version34, Session: smpp.Config{Window: window}}})
	if err != nil {
		b.Fatal(err)
	}
	r.esmes = append(r.esmes, e)
	r.topUp(r.acme, 1e12)
	p := hello(func(p *smpp.SubmitSM) { p.RegisteredDelivery = registered })
	b.ReportAllocs()
	b.ResetTimer()
	load, err := e.SubmitMany(r.ctx, b.N, func(int) *smpp.SubmitSM { return p })
	if err == nil && registered != 0 {
		err = e.WaitDelivered(r.ctx, uint64(b.N))
	}
	b.StopTimer()
	if err != nil || load.Statuses[smpp.StatusOK] != b.N {
		b.Fatalf("%v %v", load, err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

// BenchmarkRead: a submit_sm to a flow.Request.
func BenchmarkRead(b *testing.B) {
	v := newTestView()
	p := hello()
	b.ReportAllocs()
	for b.Loop() {
		v2 := newView(v.cat, v.login, noon)
		if _, err := v2.submitSM(p); err != nil {
			b.Fatal(err)
		}
	}
}
