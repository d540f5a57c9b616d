package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/config"
)

func configCommand() *cobra.Command {
	describe := &cobra.Command{Use: "describe", Short: "Print a sample configuration file with every boot key", Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error { return config.Describe(cmd.OutOrStdout()) }}
	show := &cobra.Command{Use: "show", Short: "Print the boot keys in effect, secrets taken out", Args: wants(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := newPrinter(cmd)
			if err != nil {
				return err
			}
			cfg, err := config.Load(config.Source{Environ: os.Environ(), Flags: cmd.Flags()})
			if err != nil {
				return err
			}
			return showConfig(p, cfg.LogValue().Group())
		}}
	config.AddFlags(show.Flags())
	outputFlag(show)
	return group("config", "Boot keys: what the server must know before it opens its database", describe, show)
}

func showConfig(p printer, keys []slog.Attr) error {
	all := make(map[string]string, len(keys))
	for _, k := range keys {
		all[k.Key] = k.Value.String()
	}
	if p.json {
		return p.show(all, nil)
	}
	for _, k := range keys {
		fmt.Fprintf(p.out, "%s: %s\n", k.Key, k.Value)
	}
	return nil
}
