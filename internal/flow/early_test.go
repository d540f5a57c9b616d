package flow

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// TestEarlyReceiptsAreCounted when they come, and again when they have found
// their part: once, whatever becomes of the commit before.
func TestEarlyReceiptsAreCounted(t *testing.T) {
	for name, trouble := range map[string]error{"": nil, "disk is full": errors.New("disk is full"), "out of order": sms.Unavailable("not now", nil)} {
		t.Run(name, func(t *testing.T) {
			meter := &receiptMeter{}
			r := newRig(t, off("b"), func(r *rig) {
				r.options.Meter = meter
				r.script["a"] = fake.Hold
			})
			g := r.send(r.request(number(1)))
			r.step()
			must(r, r.links["a"].Receipts(context.Background(),
				sms.Receipt{IDs: []string{"x"}, Forms: []string{"same"}, State: sms.PartUndelivered, Reason: sms.ReasonAbsent, Code: "27"},
				sms.Receipt{IDs: []string{"x"}, Forms: []string{"same"}, State: sms.PartDelivered, Code: "000"}))
			r.pass(time.Second)
			if trouble != nil {
				r.store.FailNext(memory.VerbRecordOutcomes, trouble)
				r.fault = func(memory.Verb) memory.Fault { return memory.Fault{} } // steps fail
			}
			r.links["a"].Resolve(r.links["a"].Open()[0], fake.Answer{Verdict: sms.VerdictAccepted, UpstreamID: "x"})
			r.pass(time.Minute)
			r.fault = nil
			r.want(g, sms.Undelivered, sms.ReasonAbsent)
			want := []counted{
				{"a", store.ReceiptHeld, "", "27", sms.ReasonAbsent, 0, false},
				{"a", store.ReceiptHeld, "", "000", "", 0, false},
				{"a", store.ReceiptReleased, "", "27", sms.ReasonAbsent, 1, true},
				{"a", store.ReceiptReleased, "", "000", "", 0, false},
			}
			if !slices.Equal(meter.list, want) {
				t.Errorf("counted %+v", meter.list)
			}
		})
	}
}

// TestEarlyReceiptsOfAScope are counted for the connector that gives it its name,
// and not at all when there is none.
func TestEarlyReceiptsOfAScope(t *testing.T) {
	meter := &receiptMeter{}
	r := newRig(t, func(r *rig) { r.options.Meter = meter })
	r.flow.countReleased([]store.Released{{Scope: r.names["b"], Match: store.Match{Matched: store.ReceiptReleased}}, {Scope: 99}})
	if !slices.Equal(meter.list, []counted{{"b", store.ReceiptReleased, "", "", "", 0, false}}) {
		t.Errorf("counted %+v", meter.list)
	}
}
