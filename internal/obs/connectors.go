package obs

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// Connectors counts what goes to and comes from upstream, per connector. How a
// connector is now is in the [Snapshot].
type Connectors struct {
	submits, receipts, inbound, changes *prometheus.CounterVec

	mu   sync.Mutex
	made map[string]*Connector
}

func newConnectors(reg prometheus.Registerer) *Connectors {
	c := &Connectors{
		submits:  counter("harkara_submits_total", "Parts handed to a connector, by how the submission ended.", "connector", "result"),
		receipts: counter("harkara_receipts_total", "Delivery receipts, by whether their part was found.", "connector", "result"),
		inbound:  counter("harkara_inbound_total", "Messages received from upstream, parts counted one by one.", "connector"),
		changes:  counter("harkara_connector_changes_total", "Reports of a connector that its links changed.", "connector"),
		made:     make(map[string]*Connector),
	}
	reg.MustRegister(c.submits, c.receipts, c.inbound, c.changes)
	return c
}

// Connector returns the counters of the connector with that name, the same ones
// each time.
func (c *Connectors) Connector(name string) *Connector {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m, ok := c.made[name]; ok {
		return m
	}
	m := &Connector{
		inbound: c.inbound.WithLabelValues(name),
		changes: c.changes.WithLabelValues(name),
	}
	for r := range m.submits {
		m.submits[r] = c.submits.WithLabelValues(name, SubmitResult(r).String())
	}
	for r := range m.receipts {
		m.receipts[r] = c.receipts.WithLabelValues(name, ReceiptResult(r).String())
	}
	c.made[name] = m
	return m
}

// SubmitResult is how a submission ended: accepted, or one of the classes of
// connect.Failure.
type SubmitResult int

// The results of a submission.
const (
	SubmitAccepted SubmitResult = iota
	SubmitRetry
	SubmitThrottle
	SubmitReject
	SubmitUnknown
	SubmitDown
	submitResults
)

func (r SubmitResult) String() string {
	return [...]string{"accepted", "retry", "throttle", "reject", "unknown", "down"}[r]
}

// ReceiptResult is what became of a delivery receipt.
type ReceiptResult int

// The results of a receipt.
const (
	ReceiptMatched  ReceiptResult = iota // its part was found and moved on
	ReceiptEvidence                      // its part was found, but had its final state already
	ReceiptHeld                          // no part has its id yet: kept, as the response may follow
	receiptResults
)

func (r ReceiptResult) String() string {
	return [...]string{"matched", "evidence", "held"}[r]
}

// Connector counts for one connector. A nil Connector counts nothing.
type Connector struct {
	submits          [submitResults]prometheus.Counter
	receipts         [receiptResults]prometheus.Counter
	inbound, changes prometheus.Counter
}

// Submitted counts n parts whose submission ended with r.
func (c *Connector) Submitted(r SubmitResult, n int) {
	if c != nil && r >= 0 && r < submitResults {
		c.submits[r].Add(float64(n))
	}
}

// Receipts counts n receipts.
func (c *Connector) Receipts(r ReceiptResult, n int) {
	if c != nil && r >= 0 && r < receiptResults {
		c.receipts[r].Add(float64(n))
	}
}

// Inbound counts n parts received.
func (c *Connector) Inbound(n int) {
	if c != nil {
		c.inbound.Add(float64(n))
	}
}

// Changed counts a report that links came up or went down.
func (c *Connector) Changed() {
	if c != nil {
		c.changes.Inc()
	}
}
