package obs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Store measures the transactions of the store, per verb.
type Store struct {
	size, seconds *prometheus.HistogramVec
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
	}
	reg.MustRegister(s.size, s.seconds)
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
	}
}

// Verb measures one verb of the store. A nil Verb measures nothing.
type Verb struct {
	size, seconds prometheus.Observer
}

// Done records a transaction of so many entries. One that served nobody tells
// nothing of how long callers wait, and is left out.
func (v *Verb) Done(entries int, took time.Duration) {
	if v == nil || entries <= 0 {
		return
	}
	v.size.Observe(float64(entries))
	v.seconds.Observe(took.Seconds())
}
