package connecttest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// delivery hands over one receipt or one inbound message and tells whether it
// was acknowledged.
type delivery func(ctx context.Context, r *rig) (acked bool, err error)

func receiptDelivery(ctx context.Context, r *rig) (bool, error) {
	return r.far.Receipt(ctx, Receipt{ID: "6a1", To: to(1), State: sms.PartDelivered})
}

func inboundDelivery(ctx context.Context, r *rig) (bool, error) {
	return r.far.Inbound(ctx, Inbound{From: to(1), To: "16789", Text: "Canary7351Text"})
}

// Nothing is acknowledged before the Sink has committed it.
func testAckAfterCommit(t *testing.T, h Harness, deliver delivery) {
	r := connected(t, h)
	acknowledged := make(chan struct{})
	var committed atomic.Bool
	r.setOnDeliver(func(context.Context) error {
		select { // the commit takes a while; an acknowledgement in that time is the defect
		case <-acknowledged:
		case <-time.After(30 * time.Millisecond):
		}
		committed.Store(true)
		return nil
	})
	acked, err := deliver(r.within(), r)
	before := !committed.Load()
	close(acknowledged)
	if err != nil {
		t.Fatal(err)
	}
	if !acked {
		t.Error("committed, and yet refused")
	}
	if acked && before {
		t.Error("acknowledged before it was committed")
	}
}

// What the Sink cannot commit is asked for again, and taken when it comes.
func testRefusedOnError(t *testing.T, h Harness, deliver delivery) {
	r := connected(t, h)
	r.setOnDeliver(func(context.Context) error { return errRefused })
	for range 2 {
		if acked, err := deliver(r.within(), r); err != nil || acked {
			t.Fatalf("the sink returned an error; acknowledged %v, %v", acked, err)
		}
	}
	r.setOnDeliver(nil)
	if acked, err := deliver(r.within(), r); err != nil || !acked {
		t.Fatalf("the sink takes it now; acknowledged %v, %v", acked, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.receipts) + len(r.inbound); n != 1 {
		t.Errorf("%d were committed, want 1", n)
	}
}

// Close while deliveries arrive: what was acknowledged was committed, and nothing
// is handed over after Close returned (the recorder watches).
func testDeliveryDuringClose(t *testing.T, h Harness, deliver delivery) {
	r := connected(t, h)
	var acks atomic.Int64
	ctx, cancel := context.WithCancel(r.within())
	var senders sync.WaitGroup
	for range 3 {
		senders.Go(func() {
			for ctx.Err() == nil {
				acked, err := deliver(ctx, r)
				if err != nil {
					return
				}
				if acked {
					acks.Add(1)
				}
			}
		})
	}
	r.await("a few deliveries", func() bool { return len(r.receipts)+len(r.inbound) > 5 })
	r.close(r.within())
	cancel()
	senders.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept := int64(len(r.receipts) + len(r.inbound)); acks.Load() > kept {
		t.Errorf("%d were acknowledged, only %d committed", acks.Load(), kept)
	}
}

func testReceiptContent(h Harness) func(*testing.T) {
	return func(t *testing.T) {
		r := connected(t, h)
		s := r.exchange(sms.VerdictAccepted, "6a1")
		key := r.want(s, sms.VerdictAccepted).UpstreamKey
		for _, state := range []sms.PartState{sms.PartDelivered, sms.PartUndelivered} {
			acked, err := r.far.Receipt(r.within(), Receipt{ID: "6a1", To: s.To, State: state})
			if err != nil || !acked {
				t.Fatalf("receipt: acknowledged %v, %v", acked, err)
			}
			got := r.receipts[len(r.receipts)-1]
			if got.State != state {
				t.Errorf("the receipt says %v, want %v", got.State, state)
			}
			if got.ConnectorID != nounID || got.At.IsZero() {
				t.Errorf("connector %d at %v, want connector %d and a time", got.ConnectorID, got.At, nounID)
			}
			if got.To != "" && got.To != s.To {
				t.Errorf("the receipt is of %q, want %q or nothing", got.To, s.To)
			}
			found := false
			for _, id := range got.IDs {
				found = found || id == key || key == "" && id == "6a1"
			}
			if !found {
				t.Errorf("the receipt's ids %q lack the key of the response, %q", got.IDs, key)
			}
		}
	}
}

func testInboundContent(h Harness) func(*testing.T) {
	return func(t *testing.T) {
		r := connected(t, h)
		want := Inbound{From: to(1), To: "16789", Text: "STOP please"}
		acked, err := r.far.Inbound(r.within(), want)
		if err != nil || !acked {
			t.Fatalf("inbound: acknowledged %v, %v", acked, err)
		}
		got := r.inbound[len(r.inbound)-1]
		if got.From != want.From || got.To != want.To || got.Text != want.Text || got.Segment != nil {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if got.ConnectorID != nounID || got.At.IsZero() {
			t.Errorf("connector %d at %v, want connector %d and a time", got.ConnectorID, got.At, nounID)
		}
	}
}
