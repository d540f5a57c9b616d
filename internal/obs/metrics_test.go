package obs

import (
	"context"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var update = flag.Bool("update", false, "write the golden files")

// exercise uses every method of every set once.
func exercise(m Metrics) {
	f := m.Calls.Face("smsapi", "auth", "sender")
	f.Accepted(3, time.Millisecond)
	f.Refused("auth", time.Microsecond)
	f.Refused("a code nobody named", time.Microsecond)
	c := m.Connectors.Connector("op1")
	c.Submitted(SubmitAccepted, 2)
	c.Answered(20 * time.Millisecond)
	c.Submitted(SubmitUnknown, 1)
	c.Submitted(submitResults, 1) // out of range: ignored
	c.Receipts(ReceiptMatched, 2)
	c.Receipts(ReceiptHeld, 1)
	c.Inbound(4)
	c.InFlight(10)
	c.InFlight(-1)
	c.Up(2)
	m.Connectors.Connector("gone").Up(1)
	m.Connectors.Remove("gone")
	v := m.Store.Verb("accept")
	v.Done(50, 2*time.Millisecond, nil)
	v.Done(50, 2*time.Millisecond, errors.New("disk full"))
	s := m.Deliveries.Subscriber("webhook")
	s.Delivered(DeliveryAcked, 1)
	s.Delivered(DeliveryGone, 2)
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	RegisterQueue(reg, func(context.Context) ([]Depth, error) { return []Depth{{"normal", 7}, {"low", 0}}, nil })
	exercise(m)
	if once, again := m.Connectors.Connector("op1"), m.Connectors.Connector("op1"); once != again {
		t.Error("a connector's counters are made anew each time")
	}
	const file = "testdata/metrics.prom"
	if *update {
		_, text := get(t, AdminHandler(&Health{}, reg), "/metrics")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	if err := testutil.GatherAndCompare(reg, want); err != nil {
		t.Errorf("%v\n(go test ./internal/obs -update writes the golden file)", err)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v %v", problems, err)
	}
}

func TestZeroMetricsDoNothing(t *testing.T) { exercise(Metrics{}) }

func TestCountingAllocatesNothing(t *testing.T) {
	m := NewMetrics(prometheus.NewRegistry())
	f, c, v := m.Calls.Face("smsapi", "auth"), m.Connectors.Connector("op1"), m.Store.Verb("accept")
	n := testing.AllocsPerRun(100, func() {
		f.Accepted(1, time.Millisecond)
		f.Refused("auth", time.Millisecond)
		c.Submitted(SubmitAccepted, 1)
		c.Answered(time.Millisecond)
		c.InFlight(1)
		v.Done(1, time.Millisecond, nil)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestQueueThatCannotBeReadIsNotEmpty(t *testing.T) {
	reg := prometheus.NewRegistry()
	RegisterQueue(reg, func(ctx context.Context) ([]Depth, error) {
		if d, ok := ctx.Deadline(); !ok || time.Until(d) > queueTimeout {
			t.Error("the question to the store has no deadline")
		}
		return []Depth{{"normal", 0}}, errors.New("database is locked")
	})
	want := "# HELP harkara_queue_up 1 if the queue could be read at this scrape.\n# TYPE harkara_queue_up gauge\nharkara_queue_up 0\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

func TestRegistry(t *testing.T) {
	reg := NewRegistry("1.2.3")
	want := "# HELP harkara_build_info 1, with the version as a label.\n# TYPE harkara_build_info gauge\nharkara_build_info{version=\"1.2.3\"} 1\n"
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "harkara_build_info"); err != nil {
		t.Error(err)
	}
	if n, err := testutil.GatherAndCount(reg, "go_goroutines"); err != nil || n != 1 {
		t.Errorf("go_goroutines: %d, %v", n, err)
	}
}
