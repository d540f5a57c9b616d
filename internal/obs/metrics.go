package obs

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// NewRegistry returns a registry with the metrics of the Go runtime and of the
// process, and one that tells the version.
func NewRegistry(version string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "harkara_build_info", Help: "1, with the version as a label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	reg.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return reg
}

// Metrics are the metric sets, each for the rooms that its type names. The zero
// value counts nothing.
type Metrics struct {
	Calls      *Calls
	Connectors *Connectors
	SMPP       *SMPP
	Store      *Store
}

// NewMetrics registers the metric sets. It panics if reg holds them already,
// which is a mistake in cmd.
func NewMetrics(reg prometheus.Registerer) Metrics {
	return Metrics{
		Calls:      newCalls(reg),
		Connectors: newConnectors(reg),
		SMPP:       newSMPP(reg),
		Store:      newStore(reg),
	}
}

// secondsBuckets reach from a commit that waited for nobody to a slow peer.
var secondsBuckets = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}

// Calls counts what customers ask for, per face.
type Calls struct {
	accepted, messages, refused *prometheus.CounterVec
	seconds                     *prometheus.HistogramVec
}

func newCalls(reg prometheus.Registerer) *Calls {
	c := &Calls{
		accepted: counter("harkara_calls_accepted_total", "Calls that were accepted.", "face"),
		messages: counter("harkara_messages_accepted_total", "Messages in accepted calls, one per recipient.", "face"),
		refused:  counter("harkara_calls_refused_total", "Calls that were refused, by error code.", "face", "code"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "harkara_call_seconds", Help: "Time from a parsed call to its answer.", Buckets: secondsBuckets,
		}, []string{"face"}),
	}
	reg.MustRegister(c.accepted, c.messages, c.refused, c.seconds)
	return c
}

// OtherCode counts refusals with a code that was not named to [Calls.Face].
const OtherCode = "other"

// Face returns the counters of one face, with a counter for each of its codes.
func (c *Calls) Face(name string, codes ...string) *Face {
	if c == nil {
		return nil
	}
	f := &Face{
		accepted: c.accepted.WithLabelValues(name),
		messages: c.messages.WithLabelValues(name),
		seconds:  c.seconds.WithLabelValues(name),
		refused:  make(map[string]prometheus.Counter, len(codes)+1),
	}
	for _, code := range append(codes, OtherCode) {
		f.refused[code] = c.refused.WithLabelValues(name, code)
	}
	return f
}

// Face counts the calls of one face. A nil Face counts nothing.
type Face struct {
	accepted, messages prometheus.Counter
	seconds            prometheus.Observer
	refused            map[string]prometheus.Counter // not changed after it was made
}

// Accepted counts a call that took in so many messages.
func (f *Face) Accepted(messages int, took time.Duration) {
	if f == nil {
		return
	}
	f.accepted.Inc()
	f.messages.Add(float64(messages))
	f.seconds.Observe(took.Seconds())
}

// Refused counts a call that was answered by an error.
func (f *Face) Refused(code string, took time.Duration) {
	if f == nil {
		return
	}
	f.RefusedAtOnce(code)
	f.seconds.Observe(took.Seconds())
}

// RefusedAtOnce counts a call that the face itself refused, such as one with
// wrong credentials. Its time would say nothing of the work.
func (f *Face) RefusedAtOnce(code string) {
	if f == nil {
		return
	}
	c, ok := f.refused[code]
	if !ok {
		c = f.refused[OtherCode]
	}
	c.Inc()
}

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}
