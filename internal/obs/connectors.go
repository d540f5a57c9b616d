package obs

import (
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Connectors counts what goes to and comes from upstream, per connector. How a
// connector is now is in the [Snapshot].
type Connectors struct {
	submits, receipts, forms, errors, inbound, changes *prometheus.CounterVec
	latency                                            *prometheus.HistogramVec

	mu   sync.Mutex
	made map[string]*Connector
}

func newConnectors(reg prometheus.Registerer) *Connectors {
	c := &Connectors{
		submits:  counter("harkara_submits_total", "Parts handed to a connector, by how the submission ended.", "connector", "result"),
		receipts: counter("harkara_receipts_total", "Delivery receipts, by whether their part was found; early ones were held before.", "connector", "result"),
		forms:    counter("harkara_receipt_forms_total", "Receipts whose part was found, by how their id had to be read.", "connector", "form"),
		errors:   counter("harkara_receipt_errors_total", "Receipts with an error, by the operator's code and its reason in our words.", "connector", "code", "reason"),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "harkara_receipt_seconds", Help: "Time from the operator's answer to the first receipt of a part.", Buckets: receiptBuckets,
		}, []string{"connector"}),
		inbound: counter("harkara_inbound_total", "Messages received from upstream, parts counted one by one.", "connector"),
		changes: counter("harkara_connector_changes_total", "Reports of a connector that its links changed.", "connector"),
		made:    make(map[string]*Connector),
	}
	reg.MustRegister(c.submits, c.receipts, c.forms, c.errors, c.latency, c.inbound, c.changes)
	return c
}

// receiptBuckets reach from a simulator to the end of waiting.
var receiptBuckets = []float64{.05, .1, .25, .5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 10800, 21600, 43200, 86400, 172800}

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
		set: c, name: name,
		forms: make(map[string]prometheus.Counter), errors: make(map[errorCode]prometheus.Counter),
		latency: c.latency.WithLabelValues(name),
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
	ReceiptEarly                         // one that was held before, and has found its part with the response
	receiptResults
)

func (r ReceiptResult) String() string {
	return [...]string{"matched", "evidence", "held", "early"}[r]
}

// Connector counts for one connector. A nil Connector counts nothing.
type Connector struct {
	submits          [submitResults]prometheus.Counter
	receipts         [receiptResults]prometheus.Counter
	latency          prometheus.Observer
	inbound, changes prometheus.Counter

	set    *Connectors
	name   string
	mu     sync.Mutex
	forms  map[string]prometheus.Counter
	errors map[errorCode]prometheus.Counter
}

type errorCode struct{ code, reason string }

// What operators may put into a code is theirs to say: so many codes of one
// connector are told apart, by so much of them.
const (
	codesMost = 100
	codeMost  = 32
)

// Submitted counts n parts whose submission ended with r.
func (c *Connector) Submitted(r SubmitResult, n int) {
	if c != nil && r >= 0 && r < submitResults {
		c.submits[r].Add(float64(n))
	}
}

// Receipt is what is counted of a delivery receipt.
type Receipt struct {
	Result  ReceiptResult
	Form    string        // how its id was read, one of a few words; empty: no part has it
	Code    string        // the operator's error code; empty: none
	Reason  string        // the same in our words; empty: none, or not known
	Latency time.Duration // since the operator took the part; 0: not known, or not the first receipt
}

// Receipt counts a receipt.
func (c *Connector) Receipt(r Receipt) {
	if c == nil {
		return
	}
	if r.Result >= 0 && r.Result < receiptResults {
		c.receipts[r.Result].Inc()
	}
	if r.Latency > 0 {
		c.latency.Observe(r.Latency.Seconds())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Form != "" {
		of(c.forms, r.Form, func() prometheus.Counter { return c.set.forms.WithLabelValues(c.name, r.Form) }).Inc()
	}
	if r.Code != "" || r.Reason != "" {
		c.failed(r.Code, r.Reason)
	}
}

// failed counts a code. A new one past the limit is counted as "other", once for
// each reason.
func (c *Connector) failed(code, reason string) {
	code = strings.ToValidUTF8(code[:min(len(code), codeMost)], "\uFFFD")
	k := errorCode{code, reason}
	if _, known := c.errors[k]; !known && len(c.errors) >= codesMost {
		k.code = OtherCode
	}
	of(c.errors, k, func() prometheus.Counter { return c.set.errors.WithLabelValues(c.name, k.code, k.reason) }).Inc()
}

// of is the counter of a key, made when it is first asked for.
func of[K comparable](made map[K]prometheus.Counter, k K, fresh func() prometheus.Counter) prometheus.Counter {
	c, ok := made[k]
	if !ok {
		c = fresh()
		made[k] = c
	}
	return c
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
