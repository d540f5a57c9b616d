package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/store"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "check", Short: "Prove that the data is whole, and warn of odd configuration", Args: wants(),
		Long: `Read everything and prove that configuration, credit, ledger, messages, parts, history, queue
and counters agree, from one snapshot, also while servers run. Exits with 1 and a list when something is broken. Warnings
(a price below the cost of its route, a reference to what is gone, a route that asks for what its
connectors do not give) do not change the exit code.`}
	return onStore(cmd, func(s *session, _ []string) error {
		report, err := admin.Check(s.ctx, s.store)
		if err != nil {
			return err
		}
		var warnings []string
		cat, err := store.Catalog(s.ctx, s.store)
		var stats store.Stats
		if err == nil {
			stats, err = s.store.Stats(s.ctx)
		}
		switch {
		case err == nil:
			warnings = admin.Advise(cat, stats, quiet().Advise)
		case report.OK(): // otherwise the report says what cannot be read
			return err
		}
		if report.Findings == nil {
			report.Findings = []string{}
		}
		if warnings == nil {
			warnings = []string{}
		}
		err = s.printer.show(struct {
			OK bool `json:"ok"`
			*admin.Report
			Warnings []string `json:"warnings"`
		}{report.OK(), report, warnings}, func(w io.Writer) { printReport(w, report, warnings) })
		if err == nil && !report.OK() {
			err = errSilent
		}
		return err
	})
}

func printReport(w io.Writer, r *admin.Report, warnings []string) {
	for _, f := range r.Findings {
		fmt.Fprintln(w, "broken:", visible(f))
	}
	if r.More > 0 {
		fmt.Fprintf(w, "broken: %d more\n", r.More)
	}
	for _, f := range warnings {
		fmt.Fprintln(w, "warning:", visible(f))
	}
	fmt.Fprintf(w, "looked at %d accounts, %d transfers, %d groups, %d messages (%d queued, %d unfinished)\n",
		r.Accounts, r.Transfers, r.Groups, r.Messages, r.Queued, r.Open)
	if r.OK() {
		fmt.Fprintln(w, "everything agrees")
	}
}
