package obs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout bounds one readiness check.
const checkTimeout = time.Second

// Health answers whether the process lives and whether it can do its work. The
// zero value is ready and has no checks.
type Health struct {
	mu     sync.Mutex
	checks []*check
	reason string // why it is not ready whatever the checks say
}

// check is one named question. It runs at most once at a time.
type check struct {
	name string
	ask  func(context.Context) error

	mu      sync.Mutex
	running bool
}

// Check adds a named question that is asked at every /readyz: nil means yes, an
// error is the reason why not. It should end with its ctx, after a second.
func (h *Health) Check(name string, ask func(context.Context) error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.checks = append(h.checks, &check{name: name, ask: ask})
}

// NotReady makes /readyz refuse with a reason, for instance while the process
// stops, so that a load balancer sends nothing more. An empty reason ends it.
func (h *Health) NotReady(reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reason = reason
}

// Report is the answer of /readyz.
type Report struct {
	Status string            `json:"status"` // "ready" or "not ready"
	Reason string            `json:"reason,omitempty"`
	Checks map[string]string `json:"checks,omitempty"` // "ok" or the reason
}

// Ready asks every check at the same time and reports.
func (h *Health) Ready(ctx context.Context) (Report, bool) {
	h.mu.Lock()
	checks, reason := h.checks, h.reason
	h.mu.Unlock()

	r := Report{Status: "ready", Reason: Redact(reason), Checks: make(map[string]string, len(checks))}
	errs := make([]error, len(checks))
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() { errs[i] = c.run(ctx) })
	}
	wg.Wait()
	ok := reason == ""
	for i, c := range checks {
		r.Checks[c.name] = "ok"
		if errs[i] != nil {
			ok = false
			r.Checks[c.name] = Redact(errs[i].Error())
		}
	}
	if !ok {
		r.Status = "not ready"
	}
	return r, ok
}

var errNoAnswer = errors.New("no answer")

// run asks the check and waits for a second at most. A check that hangs is not
// asked again before it returns, so that probes do not pile up goroutines.
func (c *check) run(ctx context.Context) error {
	c.mu.Lock()
	if c.running {
		c.mu.Unlock()
		return fmt.Errorf("%w to an earlier question", errNoAnswer)
	}
	c.running = true
	c.mu.Unlock()

	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	answer := make(chan error, 1)
	go func() {
		defer cancel()
		err := c.safely(ctx)
		c.mu.Lock()
		c.running = false
		c.mu.Unlock()
		answer <- err
	}()
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	select { // an answer that came with the end of ctx
	case err := <-answer:
		return err
	default:
		return fmt.Errorf("%w within %s", errNoAnswer, checkTimeout)
	}
}

func (c *check) safely(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.ask(ctx)
}

// AdminHandler serves the admin listener:
//
//	/livez    200 as long as the process answers
//	/readyz   200 or 503 with a [Report]
//	/metrics  the registry in the Prometheus text format
func AdminHandler(h *Health, reg *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /readyz", h.serveReady)
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		Timeout: 10 * time.Second, MaxRequestsInFlight: 4, EnableOpenMetrics: true,
	}))
	return mux
}

func (h *Health) serveReady(w http.ResponseWriter, r *http.Request) {
	report, ok := h.Ready(r.Context())
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if !ok {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	// An error here means that the prober has hung up.
	_ = e.Encode(report)
}
