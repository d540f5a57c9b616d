// Command bench measures a whole Harkara: the binary as an operator runs it,
// with its embedded database and fsync on, a simulator of an operator in a
// process of its own, and a load generator (over keep-alive HTTP connections, or
// as a customer over one SMPP bind), all on loopback. It prints accepted calls a
// second, messages a second from the first call to the last receipt (recorded, or
// at the SMPP customer), latencies of answers and receipts, CPU and memory.
//
// It never asserts a figure: machines differ. Read ratios within one run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
	"time"
)

type options struct {
	binary   string
	dir      string
	messages int
	conns    int
	runs     int
	only     string // part of the name of the scenarios to run
}

func main() {
	var o options
	flag.StringVar(&o.binary, "harkara", "bin/harkara", "the binary to measure")
	flag.StringVar(&o.dir, "dir", ".cache/bench", "where the databases go; must be a real disk, not tmpfs")
	flag.IntVar(&o.messages, "n", 100_000, "messages a run")
	flag.IntVar(&o.conns, "conns", 50, "keep-alive connections")
	flag.IntVar(&o.runs, "runs", 3, "runs of each kind")
	flag.StringVar(&o.only, "only", "", "only scenarios whose name holds this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// scenario is one kind of run.
type scenario struct {
	name     string
	window   int  // of the connector
	send     bool // the connector is up
	customer int  // window of an SMPP customer; 0: load comes over HTTP
}

var scenarios = []scenario{
	{"accept only (connector down)", 10, false, 0},
	{"end to end, window 10", 10, true, 0},
	{"end to end, window 1000", 1000, true, 0},
	{"smpp in, smpp out, window 100", 1000, true, 100},
}

func measure(ctx context.Context, o options) error {
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "run\taccepted/s\tp50 ms\tp99 ms\tmax ms\treceipt p50 ms\tp99 ms\tend to end/s\tserver CPU s/100k\tsimulator\tload\tpeak RSS MB")
	for _, s := range scenarios {
		for range o.runs {
			if !strings.Contains(s.name, o.only) {
				continue
			}
			r, err := runOnce(ctx, o, s)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			e2e, middle, late := "-", "-", "-"
			if s.customer > 0 {
				middle, late = fmt.Sprintf("%.1f", ms(quantile(r.receipts, 0.50))), fmt.Sprintf("%.1f", ms(quantile(r.receipts, 0.99)))
			}
			if s.send {
				e2e = fmt.Sprintf("%.0f", float64(o.messages)/r.settled.Seconds())
			}
			fmt.Fprintf(out, "%s\t%.0f\t%.2f\t%.2f\t%.1f\t%s\t%s\t%s\t%.2f\t%.2f\t%.2f\t%d\n", s.name, float64(o.messages)/r.accepted.Seconds(),
				ms(quantile(r.answers, 0.50)), ms(quantile(r.answers, 0.99)), ms(quantile(r.answers, 1)), middle, late, e2e,
				o.per100k(r.cpu), o.per100k(r.simCPU), o.per100k(r.loadCPU), r.rss>>20)
			out.Flush()
		}
	}
	return nil
}

// per100k is CPU time in seconds for 100,000 messages.
func (o options) per100k(cpu time.Duration) float64 {
	return cpu.Seconds() * 100_000 / float64(o.messages)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
