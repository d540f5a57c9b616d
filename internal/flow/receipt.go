package flow

import (
	"context"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Receipts is called by the connector, which acknowledges them to the operator
// only when it returns nil: then they are committed, applied or held for a
// response that is still to come.
func (s *sender) Receipts(ctx context.Context, receipts []sms.Receipt) error {
	if err := s.flow.recorder.barrier(ctx); err != nil {
		return err
	}
	scope := s.noun.Scope()
	for i := range receipts {
		receipts[i].ConnectorID = scope
	}
	matched, err := s.flow.Store.ApplyReceipts(ctx, s.flow.Now(), receipts)
	if err != nil {
		s.flow.receiptsLost.say(s.flow.Now(), err, "connector", s.noun.Name, "n", len(receipts))
		return err
	}
	var n [store.ReceiptHeld + 1]int
	for _, m := range matched {
		n[m]++
	}
	for m, count := range n {
		if count > 0 {
			s.flow.Meter.Receipt(s.noun.Name, store.Matched(m), count)
		}
	}
	return nil
}
