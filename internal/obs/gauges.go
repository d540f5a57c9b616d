package obs

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Snapshot is how things are at a scrape. A name that is no longer in it has no
// series any more, so that what was removed does not look broken.
type Snapshot struct {
	Links        map[string]int   // links that can send, by connector
	InFlight     map[string]int64 // parts claimed whose outcome is not recorded, by connector
	Queued       map[string]int64 // messages that wait, by route
	Waiting      map[string]int64 // receipts and replies that wait for an SMPP login
	Held         int64            // messages whose outcome is unknown, which the route's policy holds
	HeldReceipts int64
	OldestDue    time.Duration // how long the oldest message in the queue is due; 0: none is
}

// askTimeout bounds the question at a scrape.
const askTimeout = time.Second

// RegisterGauges adds gauges that call ask at every scrape, bounded to a second.
// An error means that the database did not answer: harkara_queue_up is 0 and its
// gauges are absent from that scrape, as a queue that cannot be read must not
// look empty. Links and InFlight, which are in memory, are shown all the same.
func RegisterGauges(reg prometheus.Registerer, ask func(context.Context) (Snapshot, error)) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	reg.MustRegister(&gauges{
		ask:      ask,
		links:    desc("harkara_connector_up", "Links of the connector that can send.", "connector"),
		inFlight: desc("harkara_submits_in_flight", "Parts given to the connector whose outcome is not recorded yet.", "connector"),
		messages: desc("harkara_queue_messages", "Messages that wait, by route.", "route"),
		oldest:   desc("harkara_queue_oldest_seconds", "How long the oldest message in the queue is due; 0 if none is."),
		waiting:  desc("harkara_smpp_waiting", "Receipts and replies that wait for the login.", "system_id"),
		stopped:  desc("harkara_messages_held", "Messages of unknown outcome that the policy of their route holds."),
		held:     desc("harkara_receipts_held", "Receipts that are kept because no part has their id yet."),
		up:       desc("harkara_queue_up", "1 if the queue could be read at this scrape."),
	})
}

type gauges struct {
	ask                                                           func(context.Context) (Snapshot, error)
	links, inFlight, messages, oldest, waiting, stopped, held, up *prometheus.Desc
}

func (g *gauges) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.links, g.inFlight, g.messages, g.oldest, g.waiting, g.stopped, g.held, g.up} {
		ch <- d
	}
}

func (g *gauges) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTimeout)
	defer cancel()
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	now, err := g.ask(ctx)
	for name, n := range now.Links {
		set(g.links, float64(n), name)
	}
	for name, n := range now.InFlight {
		set(g.inFlight, float64(n), name)
	}
	if err != nil {
		set(g.up, 0)
		return
	}
	set(g.up, 1)
	for name, n := range now.Queued {
		set(g.messages, float64(n), name)
	}
	for name, n := range now.Waiting {
		set(g.waiting, float64(n), name)
	}
	set(g.stopped, float64(now.Held))
	set(g.oldest, now.OldestDue.Seconds())
	set(g.held, float64(now.HeldReceipts))
}
