package main

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// counted serves what count makes a server count, and returns it as a command
// reads it.
func counted(t *testing.T, count func(flow.LinkMeter)) scrape {
	t.Helper()
	reg := prometheus.NewRegistry()
	count(newMeter(obs.NewMetrics(reg)))
	server := httptest.NewServer(obs.AdminHandler(&obs.Health{}, reg))
	defer server.Close()
	live, err := readMetrics(t.Context(), strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return live
}

func TestReceiptsOfAConnector(t *testing.T) {
	live := counted(t, func(m flow.LinkMeter) {
		found, again, held := store.Match{Matched: store.ReceiptApplied, First: true}, store.Match{Matched: store.ReceiptEvidence}, store.Match{Matched: store.ReceiptHeld}
		for range 60 {
			m.Receipt("gp", found, "hex to decimal", "000", "", 3*time.Second)
		}
		for range 30 {
			m.Receipt("gp", found, "hex to decimal", "1", sms.ReasonAbsent, 40*time.Second)
		}
		m.Receipt("gp", found, "tlv same", "8", sms.ReasonNetwork, 40*time.Second)
		m.Receipt("gp", again, "hex to decimal", "000", "", 9*time.Hour) // late: no latency of a delivery
		m.Receipt("gp", held, "", "000", "", 0)
		m.Receipt("bl", found, "same", "077", sms.ReasonUndelivered, time.Second) // a code nobody has explained yet
		m.Receipt("bl", found, "same", "077", "", time.Second)                    // it arrived: the code is no error
		m.Receipt("robi", held, "", "1", sms.ReasonAbsent, 0)
		early := store.Match{Matched: store.ReceiptReleased, First: true}
		for range 60 { // each overtakes its answer
			m.Receipt("early", held, "", "27", sms.ReasonAbsent, 0)
			m.Receipt("early", early, "", "27", sms.ReasonAbsent, 1)
		}
		for range 3 { // held before the start, or by another connector
			m.Receipt("late", early, "", "", "", 1)
		}
		m.Receipt("late", found, "same", "", "", time.Second)
	})
	r := receiptsOf(admin.ConnectorSpec{Name: "gp", Protocol: "smpp"}, live)
	if r.Count != 93 || r.Found != 92 || r.Setting != "auto" || r.Proposed != "hex" {
		t.Errorf("got %+v", r)
	}
	if r.Median < 2 || r.Median > 5 || r.P95 < 30 || r.P95 > 60 {
		t.Errorf("median %v, p95 %v", r.Median, r.P95)
	}
	if len(r.Errors) != 2 || r.Errors[0] != (errorCode{"1", "absent_subscriber", 30}) {
		t.Errorf("failures %+v", r.Errors)
	}
	if r := receiptsOf(admin.ConnectorSpec{Name: "bl", Protocol: "smpp"}, live); len(r.Errors) != 1 || r.Errors[0] != (errorCode{"077", "undelivered", 1}) {
		t.Errorf("errors %+v", r.Errors)
	}
	early := admin.ConnectorSpec{Name: "early", Protocol: "smpp", Settings: map[string]any{"receipt_id": "same"}}
	if r := receiptsOf(early, live); r.Count != 60 || r.Found != 60 || r.Proposed != "" || r.Median <= 0 || r.Median > .05 ||
		len(r.Errors) != 1 || r.Errors[0] != (errorCode{"27", "absent_subscriber", 60}) {
		t.Errorf("early receipts: %+v", r)
	}
	if r := receiptsOf(admin.ConnectorSpec{Name: "late", Protocol: "smpp"}, live); r.Count != 1 || r.Found != 1 {
		t.Errorf("early receipts that were held elsewhere: %+v", r)
	}
	if r := receiptsOf(admin.ConnectorSpec{Name: "robi", Protocol: "smpp"}, live); r.Count != 1 || r.Found != 0 || len(r.Errors) != 0 {
		t.Errorf("an orphan: %+v", r)
	}
	if r := receiptsOf(admin.ConnectorSpec{Name: "idle", Protocol: "smpp"}, live); r.Count != 0 || r.Median != 0 || r.Proposed != "" || percent(r.Found, r.Count) != "" {
		t.Errorf("a connector without receipts: %+v", r)
	}
	if r := receiptsOf(admin.ConnectorSpec{Name: "gp", Protocol: "http"}, live); r.Setting != "" || r.Proposed != "" {
		t.Errorf("a protocol without receipt_id: %+v", r)
	}
	if r := receiptsOf(admin.ConnectorSpec{Name: "gp", Protocol: "smpp"}, nil); r.Count != 0 {
		t.Errorf("no server: %+v", r)
	}
}

func TestProposedReceiptID(t *testing.T) {
	for _, c := range []struct {
		name         string
		setting      string
		forms        map[string]int
		found, count int
		want         string
	}{
		{"too few", "auto", map[string]int{"hex to decimal": 49}, 49, 49, ""},
		{"hexadecimal receipts", "auto", map[string]int{"hex to decimal": 99, "same": 1}, 100, 100, "hex"},
		{"decimal receipts", "auto", map[string]int{"decimal to hex": 50}, 50, 50, "decimal"},
		{"as they are", "auto", map[string]int{"same": 50}, 50, 50, "same"},
		{"they do not agree", "auto", map[string]int{"hex to decimal": 98, "same": 2}, 100, 100, ""},
		{"set already", "hex", map[string]int{"hex to decimal": 500}, 500, 500, ""},
		{"the TLV says nothing of the text", "auto", map[string]int{"tlv same": 500, "query": 100}, 600, 600, ""},
		{"set wrongly", "same", map[string]int{"same": 10}, 10, 100, "auto"},
		{"set wrongly, too few", "same", map[string]int{}, 0, 49, ""},
		{"set wrongly, some", "same", map[string]int{"same": 30}, 40, 100, "auto"},
		{"half are found", "same", map[string]int{"same": 100}, 500, 1000, ""},
		{"nothing is found, however it is read", "auto", map[string]int{}, 0, 100, ""},
	} {
		r := receiptsStatus{Forms: c.forms, Found: c.found, Count: c.count, Setting: c.setting}
		if r.propose(); r.Proposed != c.want || (r.Proposed == "") != (r.why == "") {
			t.Errorf("%s: proposed %q (%s), want %q", c.name, r.Proposed, r.why, c.want)
		}
	}
}

func TestPrintStatus(t *testing.T) {
	var out strings.Builder
	printStatus(printer{out: &out}, []connectorStatus{
		{Name: "gp's", Protocol: "smpp", State: "up", Links: 4, Mode: "run", Receipts: receiptsStatus{Count: 1000, Found: 998, Median: 3.21, P95: 95,
			Forms:  map[string]int{"tlv same": 1, "hex to decimal": 990},
			Errors: []errorCode{{"1", "absent_subscriber", 7}}, Setting: "auto", Proposed: "hex", why: "990 of 991 receipts were found so"}},
		{Name: "new", Protocol: "smpp", State: "down", Mode: "pause", Receipts: receiptsStatus{Median: .0051}}})
	want := `NAME  PROTOCOL  STATE  LINKS  UNANSWERED  MODE   RECEIPTS  FOUND   MEDIAN  P95
gp's  smpp      up     4      0           run    1000      99.8 %  3.2s    1m35s
new   smpp      down   0      0           pause  0         -       5ms     -

How the ids of receipts were read:
CONNECTOR  ID              RECEIPTS
gp's       hex to decimal  990
gp's       tlv same        1

Most frequent error codes of receipts:
CONNECTOR  CODE  REASON             RECEIPTS
gp's       1     absent_subscriber  7

gp's: receipt_id is auto; hex fits better, as 990 of 991 receipts were found so:
  harkara connector change 'gp'\''s' --set receipt_id=hex
`
	if out.String() != want {
		t.Errorf("got\n%s", out.String())
	}
}

func TestQuantile(t *testing.T) {
	live := counted(t, func(m flow.LinkMeter) {
		for _, latency := range []time.Duration{time.Minute, 72 * time.Hour} { // one past the last bucket
			m.Receipt("gp", store.Match{Matched: store.ReceiptApplied, First: true}, "", "", "", latency)
		}
	})
	for q, want := range map[float64]time.Duration{0.25: 45 * time.Second, 0.5: time.Minute, 1: 48 * time.Hour} {
		if got := live.quantile("harkara_receipt_seconds", "gp", q); got != want {
			t.Errorf("%v: %s, want %s", q, got, want)
		}
	}
}
