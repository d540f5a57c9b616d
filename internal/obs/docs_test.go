package obs

import (
	"context"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestPageHasTheMetrics: the table of docs/operations.md names every metric of
// ours, with its labels, and no other.
func TestPageHasTheMetrics(t *testing.T) {
	const page = "../../docs/operations.md"
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(harkara_[a-z_]+)` \\| ([a-z_, ]*)\\|").FindAllStringSubmatch(string(b), -1) {
		have[row[1]] = strings.TrimSpace(row[2])
	}
	reg := prometheus.NewRegistry()
	d := &describer{Registerer: reg, found: map[string]string{"harkara_build_info": "version"}}
	NewMetrics(d)
	RegisterGauges(d, func(context.Context) (Snapshot, error) { return Snapshot{}, nil })
	for name, labels := range d.found {
		if got, ok := have[name]; !ok || got != labels {
			t.Errorf("%s: the row of %s has the labels %q (there: %v), want %q", page, name, got, ok, labels)
		}
		delete(have, name)
	}
	for _, name := range slices.Sorted(maps.Keys(have)) {
		t.Errorf("%s names %s, which does not exist", page, name)
	}
}

// describer notes what is registered: name and variable labels.
type describer struct {
	prometheus.Registerer
	found map[string]string
}

var described = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

func (d *describer) MustRegister(cs ...prometheus.Collector) {
	for _, c := range cs {
		ch := make(chan *prometheus.Desc, 10)
		c.Describe(ch)
		close(ch)
		for desc := range ch {
			m := described.FindStringSubmatch(desc.String())
			d.found[m[1]] = strings.ReplaceAll(m[2], ",", ", ")
		}
	}
	d.Registerer.MustRegister(cs...)
}
