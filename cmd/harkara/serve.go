package main

import (
	"errors"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/config"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/run"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.Load(config.Source{Environ: os.Environ(), Flags: cmd.Flags()})
			if err != nil {
				return err
			}
			return serve(cmd, cfg)
		},
	}
	config.AddFlags(cmd.Flags())
	return cmd
}

// gcPercent trades memory for speed: what lives is a few dozen megabytes, so
// collecting a quarter as often costs little memory and gives back some percent
// of the processor. GOGC in the environment wins.
const gcPercent = 400

// serve runs the node until a signal; a second signal ends it at once.
func serve(cmd *cobra.Command, cfg config.Config) error {
	log, err := obs.NewLogger(cmd.ErrOrStderr(), cfg.LogFormat, cfg.LogLevel.Level())
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	g := run.NewGroup(run.Limits{Soft: cfg.ShutdownSoft, Hard: cfg.ShutdownHard}, log)
	ctx, release := run.Signals(cmd.Context(), g.Abort)
	defer release()
	n, err := newNode(ctx, cfg, log)
	if err != nil {
		return err
	}
	n.add(g)
	if _, err := n.listen(g); err != nil {
		return errors.Join(err, n.store.Close())
	}
	return g.Run(ctx)
}
