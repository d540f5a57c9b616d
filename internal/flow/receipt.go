package flow

import (
	"context"
	"time"

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
	scope := s.noun().Scope()
	for i := range receipts {
		receipts[i].ConnectorID = scope
	}
	matches, err := s.flow.Store.ApplyReceipts(ctx, s.flow.Now(), receipts)
	if err != nil {
		s.flow.receiptsLost.say(s.flow.Now(), err, "connector", s.noun().Name, "n", len(receipts))
		return err
	}
	s.flow.OnTold()
	name := s.noun().Name
	for i, m := range matches {
		s.flow.countReceipt(name, &receipts[i], m)
	}
	return nil
}

// countReceipt tells the meter what became of a receipt.
func (f *Flow) countReceipt(connector string, r *sms.Receipt, m store.Match) {
	form, latency := "", time.Duration(0)
	if m.Matched != store.ReceiptHeld && m.Form < len(r.Forms) {
		form = r.Forms[m.Form]
	}
	if !m.SentAt.IsZero() {
		latency = max(1, r.At.Sub(m.SentAt)) // of one that overtook the answer too: 0 would say that it is not known
	}
	f.Meter.Receipt(connector, m, form, r.Code, r.Why(), latency)
}

// countReleased counts receipts that were held until their part had its answer,
// for the connector under which ids are kept: which one they came over is not.
func (f *Flow) countReleased(list []store.Released) {
	for i := range list {
		if c := f.Catalog().Connector(list[i].Scope); c != nil {
			f.countReceipt(c.Name, &list[i].Receipt, list[i].Match)
		}
	}
}
