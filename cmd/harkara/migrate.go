package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/config"
)

func migrateCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "migrate", Short: "Make the database, or bring it up to date", Args: wants()}
	config.AddFlags(cmd.Flags(), storeKeys...)
	outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		p, err := newPrinter(cmd)
		if err != nil {
			return err
		}
		cfg, err := config.Load(config.Source{Environ: os.Environ(), Flags: cmd.Flags()})
		if err != nil {
			return err
		}
		s, err := openStore(cmd.Context(), cfg, nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		v, err := s.DocsVersion(cmd.Context())
		if err != nil {
			return err
		}
		if p.json {
			return p.show(map[string]any{"database": cfg.SQLitePath(), "configuration": v}, nil)
		}
		p.say("the database %s is up to date; its configuration has version %d", cfg.SQLitePath(), v)
		return nil
	}
	return cmd
}
