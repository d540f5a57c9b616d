package obs

import (
	"context"
	"errors"
	"flag"
	"fmt"
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
	f.RefusedAtOnce("sender") // not timed
	f.RefusedAtOnce("another that nobody named")
	c := m.Connectors.Connector("op1")
	c.Submitted(SubmitAccepted, 2)
	c.Submitted(SubmitUnknown, 1)
	c.Submitted(submitResults, 1) // out of range: ignored
	c.Receipt(Receipt{Result: ReceiptMatched, Form: "same", Latency: 3 * time.Second})
	c.Receipt(Receipt{Result: ReceiptMatched, Form: "hex to decimal", Code: "001\xff", Reason: "absent_subscriber"})
	c.Receipt(Receipt{Result: ReceiptHeld})
	c.Receipt(Receipt{Result: ReceiptEarly, Latency: time.Millisecond})
	c.Receipt(Receipt{Result: receiptResults}) // out of range: ignored
	m.SMPP.Bind("ESME_ROK")
	m.SMPP.Sessions(2)
	m.SMPP.Answered("submit_sm", "ESME_ROK", time.Millisecond)
	m.SMPP.Answered("submit_sm", "ESME_ROK", time.Millisecond)
	m.SMPP.Answered("submit_sm", "ESME_RTHROTTLED", time.Microsecond)
	m.SMPP.Delivered("receipt", "taken")
	m.SMPP.Delivered("reply", "given_up")
	c.Inbound(4)
	c.Changed()
	v := m.Store.Verb("accept")
	v.Done(50, 2*time.Millisecond)
	v.Done(0, time.Minute) // served nobody: left out
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := NewMetrics(reg)
	RegisterGauges(reg, func(context.Context) (Snapshot, error) {
		return Snapshot{Links: map[string]int{"op1": 2, "op2": 0}, InFlight: map[string]int64{"op1": 9},
			Queued: map[string]int64{"main": 7, "spare": 0}, HeldReceipts: 3, Held: 4,
			Waiting: map[string]int64{"acme": 12, "bank": 0}, OldestDue: 1500 * time.Millisecond}, nil
	})
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
		c.Receipt(Receipt{Result: ReceiptMatched, Form: "same", Latency: time.Second})
		c.Receipt(Receipt{Result: ReceiptMatched, Form: "same", Code: "001", Reason: "filtered"})
		c.Changed()
		m.SMPP.Answered("submit_sm", "ESME_ROK", time.Millisecond)
		v.Done(1, time.Millisecond)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestCodesAreBounded: an operator that makes up codes makes no series without end.
func TestCodesAreBounded(t *testing.T) {
	reg := prometheus.NewRegistry()
	c := NewMetrics(reg).Connectors.Connector("op1")
	for i := range 10 * codesMost {
		c.Receipt(Receipt{Code: strings.Repeat("x", i%40) + fmt.Sprint(i), Reason: "filtered"})
		c.Receipt(Receipt{Code: "001", Reason: "filtered"})
	}
	if n, err := testutil.GatherAndCount(reg, "harkara_receipt_errors_total"); err != nil || n != codesMost+1 {
		t.Errorf("%d series (%v), want %d", n, err, codesMost+1)
	}
	if n := testutil.ToFloat64(c.errors[errorCode{"001", "filtered"}]); n != 10*codesMost {
		t.Errorf("a code that was known is counted %v times", n)
	}
}

// TestQueueThatCannotBeRead is not shown as empty; the connectors are shown.
func TestQueueThatCannotBeRead(t *testing.T) {
	reg := prometheus.NewRegistry()
	RegisterGauges(reg, func(ctx context.Context) (Snapshot, error) {
		if d, ok := ctx.Deadline(); !ok || time.Until(d) > askTimeout {
			t.Error("the question has no deadline")
		}
		return Snapshot{Links: map[string]int{"op1": 1}, Queued: map[string]int64{"main": 0}}, errors.New("database is locked")
	})
	want := `# HELP harkara_connector_up Links of the connector that can send.
# TYPE harkara_connector_up gauge
harkara_connector_up{connector="op1"} 1
# HELP harkara_queue_up 1 if the queue could be read at this scrape.
# TYPE harkara_queue_up gauge
harkara_queue_up 0
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
}

// TestRemovedConnector has no gauge any more, which would look like a link that
// is down.
func TestRemovedConnector(t *testing.T) {
	reg := prometheus.NewRegistry()
	links := map[string]int{"op1": 1, "op2": 1}
	RegisterGauges(reg, func(context.Context) (Snapshot, error) { return Snapshot{Links: links}, nil })
	for _, want := range []int{2, 1} {
		if n, err := testutil.GatherAndCount(reg, "harkara_connector_up"); err != nil || n != want {
			t.Errorf("%d series (%v), want %d", n, err, want)
		}
		delete(links, "op2")
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
