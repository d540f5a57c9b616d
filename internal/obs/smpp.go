package obs

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// SMPP counts what customers do over SMPP. What waits for each login is in the
// [Snapshot]. A nil SMPP counts nothing.
type SMPP struct {
	binds, deliveries *prometheus.CounterVec
	answers           *prometheus.CounterVec
	seconds           *prometheus.HistogramVec
	sessions          prometheus.Gauge

	mu      sync.Mutex
	counted map[[2]string]prometheus.Counter // answers by command and status
	timed   map[string]prometheus.Observer
}

func newSMPP(reg prometheus.Registerer) *SMPP {
	s := &SMPP{
		binds:      counter("harkara_smpp_binds_total", "Attempts to bind, by command_status of the answer.", "status"),
		answers:    counter("harkara_smpp_answers_total", "Requests of customers, by command_status of the answer.", "command", "status"),
		deliveries: counter("harkara_smpp_deliveries_total", "Receipts and replies on their way to customers, by what became of an offer.", "what", "fate"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "harkara_smpp_answer_seconds", Help: "Time from a request of a customer to its answer.", Buckets: secondsBuckets,
		}, []string{"command"}),
		sessions: prometheus.NewGauge(prometheus.GaugeOpts{Name: "harkara_smpp_sessions", Help: "Sessions of customers that are bound."}),
		counted:  make(map[[2]string]prometheus.Counter), timed: make(map[string]prometheus.Observer),
	}
	reg.MustRegister(s.binds, s.answers, s.deliveries, s.seconds, s.sessions)
	return s
}

// Bind counts an attempt to bind. The status is a name such as ESME_ROK.
func (s *SMPP) Bind(status string) {
	if s != nil {
		s.binds.WithLabelValues(status).Inc()
	}
}

// Sessions sets how many are bound.
func (s *SMPP) Sessions(n int) {
	if s != nil {
		s.sessions.Set(float64(n))
	}
}

// Answered counts a request, such as submit_sm, that was answered with a status.
// Commands and statuses are names out of SMPP's tables, so there are only so many.
func (s *SMPP) Answered(command, status string, took time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k := [2]string{command, status}
	c, ok := s.counted[k]
	if !ok {
		c = s.answers.WithLabelValues(command, status)
		s.counted[k] = c
	}
	t, ok := s.timed[command]
	if !ok {
		t = s.seconds.WithLabelValues(command)
		s.timed[command] = t
	}
	c.Inc()
	t.Observe(took.Seconds())
}

// Delivered counts what became of an offer of what, a receipt or a reply.
func (s *SMPP) Delivered(what, fate string) {
	if s != nil {
		s.deliveries.WithLabelValues(what, fate).Inc()
	}
}
