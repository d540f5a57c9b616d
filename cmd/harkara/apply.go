package main

import (
	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
)

func applyCommand() *cobra.Command {
	var path string
	var o admin.ApplyOptions
	cmd := &cobra.Command{Use: "apply -f FILE", Short: "Make the configuration what a file says", Args: wants(),
		Long: `Make the configuration what a file says, in one transaction, while servers run.
The file is YAML or JSON, with names in place of ids; docs/example.yaml explains it, and
harkara export prints the present configuration in that form.

A section that the file does not have is left alone. A field that an entry does not have
gets its default, except for secrets that are masked as "***" and for tokens, which stay.
Warns of routes that ask for what their connectors do not give, where the file has made them so;
harkara check warns of all.`}
	cmd.Flags().StringVarP(&path, "file", "f", "", "the file; - is the standard input")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "show what would change, and change nothing")
	cmd.Flags().BoolVar(&o.Prune, "prune", false, "also remove what the file does not have, of the sections it has")
	return onStore(cmd, func(s *session, _ []string) error {
		if path == "" {
			return usagef("name the file: -f FILE, or -f - for the standard input")
		}
		text, err := readInput(s.cmd, path)
		if err != nil {
			return err
		}
		name := path
		if name == "-" {
			name = "standard input"
		}
		diffs, err := s.desk.Apply(s.ctx, admin.ParseFile(name, text), o)
		if err != nil {
			return err
		}
		if s.json {
			if diffs == nil {
				diffs = []admin.Diff{}
			}
			warnings := s.warnings
			s.warnings = nil // they are said
			return s.printer.show(struct {
				DryRun   bool         `json:"dry_run"`
				Changes  []admin.Diff `json:"changes"`
				Warnings []string     `json:"warnings,omitempty"`
			}{o.DryRun, diffs, warnings}, nil)
		}
		s.diff(diffs...)
		note := ""
		if o.DryRun && len(diffs) > 0 {
			note = " (dry run: nothing was changed)"
		}
		s.say("%s%s", admin.Summary(diffs), note)
		return nil
	})
}

func exportCommand() *cobra.Command {
	var secrets bool
	cmd := &cobra.Command{Use: "export", Short: "Print the present configuration as a file for apply", Args: wants()}
	cmd.Flags().BoolVar(&secrets, "secrets", false, "with passwords and token hashes; keep such a file safe")
	return onStore(cmd, func(s *session, _ []string) error {
		f, err := s.desk.Export(s.ctx, secrets)
		if err != nil {
			return err
		}
		if s.json {
			return s.printer.show(f, nil)
		}
		text, err := f.YAML()
		if err != nil {
			return err
		}
		_, err = s.out.Write(text)
		return err
	})
}
