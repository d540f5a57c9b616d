package smpptest

import (
	"context"
	"testing"

	"github.com/harkara/harkara/smpp"
)

// BenchmarkSMSC is the whole loop: submit, response, receipt, acknowledgement.
func BenchmarkSMSC(b *testing.B) {
	for _, receipts := range []bool{false, true} {
		name := "submits"
		if receipts {
			name = "submits and receipts"
		}
		b.Run(name, func(b *testing.B) { benchSMSC(b, receipts) })
	}
}

func benchSMSC(b *testing.B, receipts bool) {
	delivered := []Receipt{{State: smpp.StateDelivered}}
	smsc, err := Start(Config{Keep: -1, Session: smpp.Config{Window: 100}, OnSubmit: func(*Message) Reply {
		if receipts {
			return Reply{Receipts: delivered}
		}
		return Reply{}
	}})
	if err != nil {
		b.Fatal(err)
	}
	defer smsc.Close()
	ctx := context.Background()
	esme, err := Dial(ctx, smsc.Addr(), ESMEConfig{Keep: -1, Bind: smpp.BindConfig{Session: smpp.Config{Window: 100}}})
	if err != nil {
		b.Fatal(err)
	}
	defer esme.Close()
	p := &smpp.SubmitSM{Source: smpp.Address{Addr: "1000"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "8801712345678"},
		ShortMessage: []byte("the quick brown fox jumps over the lazy dog")}
	b.ReportAllocs()
	b.ResetTimer()
	load, err := esme.SubmitMany(ctx, b.N, func(int) *smpp.SubmitSM { return p })
	if err != nil || load.Statuses[smpp.StatusOK] != b.N {
		b.Fatal(load, err)
	}
	if receipts {
		if err := esme.WaitDelivered(ctx, uint64(b.N)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}
