package main

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// scrape is what the running server counts, as /metrics tells it.
type scrape map[string]*dto.MetricFamily

// readMetrics asks the admin listener of the running server; nil when it does not
// answer, with the reason.
func readMetrics(ctx context.Context, listen string) (scrape, error) {
	if listen == "" || listen == "off" {
		return nil, fmt.Errorf("admin_listen is off")
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, done := context.WithTimeout(ctx, 3*time.Second)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", listen, resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("%s does not answer with metrics", listen)
	}
	return families, nil
}

// series are those of a metric that belong to a connector.
func (s scrape) series(metric, connector string) []*dto.Metric {
	var list []*dto.Metric
	for _, m := range s[metric].GetMetric() { // nil has none
		if label(m, "connector") == connector {
			list = append(list, m)
		}
	}
	return list
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// gauge is the one value of a connector, and whether there is one.
func (s scrape) gauge(metric, connector string) (value float64, ok bool) {
	m := s.only(metric, connector)
	return m.GetGauge().GetValue(), m != nil
}

// only is the series of a connector of a metric without other labels; nil if there
// is none.
func (s scrape) only(metric, connector string) *dto.Metric {
	if all := s.series(metric, connector); len(all) > 0 {
		return all[0]
	}
	return nil
}

// counts are the counters of a connector by one of their labels.
func (s scrape) counts(metric, connector, by string) map[string]int {
	counts := map[string]int{}
	for _, m := range s.series(metric, connector) {
		counts[label(m, by)] += int(m.GetCounter().GetValue())
	}
	return counts
}

// quantile estimates one of a histogram of seconds, evenly within a bucket; past
// the last bucket it is that bucket's bound. It is 0 where nothing was counted.
func (s scrape) quantile(metric, connector string, q float64) time.Duration {
	h := s.only(metric, connector).GetHistogram()
	want, below, from := q*float64(h.GetSampleCount()), 0.0, 0.0
	if want == 0 {
		return 0
	}
	for _, b := range h.GetBucket() {
		upTo, count := b.GetUpperBound(), float64(b.GetCumulativeCount())
		switch {
		case math.IsInf(upTo, 1):
			return seconds(from)
		case count >= want:
			return seconds(from + (upTo-from)*(want-below)/(count-below))
		}
		below, from = count, upTo
	}
	return seconds(from)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
