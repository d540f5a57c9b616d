package obs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store measures the transactions of the store, per verb.
type Store struct {
	size, seconds *prometheus.HistogramVec
	failed        *prometheus.CounterVec
}

func newStore(reg prometheus.Registerer) *Store {
	s := &Store{
		size: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "harkara_store_batch_size", Help: "Entries of one transaction.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 12), // 1 to 2,048
		}, []string{"verb"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "harkara_store_commit_seconds", Help: "Time of one transaction with its commit.", Buckets: secondsBuckets,
		}, []string{"verb"}),
		failed: counter("harkara_store_failures_total", "Transactions that failed or whose outcome is unknown.", "verb"),
	}
	reg.MustRegister(s.size, s.seconds, s.failed)
	return s
}

// Verb returns the measures of one verb, such as "accept".
func (s *Store) Verb(name string) *Verb {
	if s == nil {
		return nil
	}
	return &Verb{
		size:    s.size.WithLabelValues(name),
		seconds: s.seconds.WithLabelValues(name),
		failed:  s.failed.WithLabelValues(name),
	}
}

// Verb measures one verb of the store. A nil Verb measures nothing.
type Verb struct {
	size, seconds prometheus.Observer
	failed        prometheus.Counter
}

// Done records a transaction of so many entries that ended with err.
func (v *Verb) Done(entries int, took time.Duration, err error) {
	if v == nil {
		return
	}
	if err != nil {
		v.failed.Inc()
		return
	}
	v.size.Observe(float64(entries))
	v.seconds.Observe(took.Seconds())
}

// Depth is the number of messages that wait in one lane of the queue, or in one
// state; the name becomes a label.
type Depth struct {
	Name     string
	Messages int64
}

// queueTimeout bounds the question to the store at a scrape.
const queueTimeout = time.Second

// RegisterQueue adds a gauge that asks depth at every scrape, bounded to a
// second. When it fails the gauge is absent from that scrape and
// harkara_queue_up is 0: a queue that cannot be read must not look empty.
func RegisterQueue(reg prometheus.Registerer, depth func(context.Context) ([]Depth, error)) {
	reg.MustRegister(&queueCollector{
		depth:    depth,
		messages: prometheus.NewDesc("harkara_queue_messages", "Messages that wait, by lane.", []string{"lane"}, nil),
		up:       prometheus.NewDesc("harkara_queue_up", "1 if the queue could be read at this scrape.", nil, nil),
	})
}

type queueCollector struct {
	depth        func(context.Context) ([]Depth, error)
	messages, up *prometheus.Desc
}

func (q *queueCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- q.messages
	ch <- q.up
}

func (q *queueCollector) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), queueTimeout)
	defer cancel()
	lanes, err := q.depth(ctx)
	up := 1.0
	if err != nil {
		up, lanes = 0, nil
	}
	ch <- prometheus.MustNewConstMetric(q.up, prometheus.GaugeValue, up)
	for _, l := range lanes {
		ch <- prometheus.MustNewConstMetric(q.messages, prometheus.GaugeValue, float64(l.Messages), l.Name)
	}
}
