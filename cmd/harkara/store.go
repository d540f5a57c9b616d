package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"slices"
	"sync"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/config"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite"
)

// openStore opens the database that the configuration names. It makes it, with
// its directory and the secret that belongs to it, where there is none. m may be
// nil.
func openStore(ctx context.Context, cfg config.Config, m *obs.Store) (store.Store, error) {
	if err := cfg.EnsureDataDir(); err != nil {
		return nil, err
	}
	if _, err := cfg.EnsureSecret(); err != nil { // before the database: a later one would fit no token
		return nil, err
	}
	return open(ctx, cfg, m)
}

func open(ctx context.Context, cfg config.Config, m *obs.Store) (store.Store, error) {
	return sqlite.Open(ctx, cfg.SQLitePath(), sqlite.Options{OnCommit: m.Verb("commit").Done})
}

// storeKeys are the boot keys that a command on the database has as flags.
var storeKeys = []string{"data_dir", "database_url", "secret_file"}

// session is what a command on the database works with.
type session struct {
	printer
	cmd   *cobra.Command
	ctx   context.Context
	cfg   config.Config
	store store.Store
	desk  *admin.Desk

	warnings []string // of what a change has made odd, not shown yet
}

// withStore runs a command on the database that is there. It never makes one: a
// mistyped directory must not look like an empty Harkara.
func withStore(cmd *cobra.Command, do func(*session) error) (err error) {
	cfg, err := config.Load(config.Source{Environ: os.Environ(), Flags: cmd.Flags()})
	if err != nil {
		return err
	}
	s := &session{cmd: cmd, ctx: cmd.Context(), cfg: cfg}
	if s.printer, err = newPrinter(cmd); err != nil {
		return err
	}
	if s.store, err = openExisting(cmd.Context(), cfg); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.store.Close()) }()
	s.desk = admin.NewDesk(admin.Options{Store: s.store, By: operator(), Check: checkConnector(quiet()), Hash: hasher(cfg),
		Advise: quiet().Advise, Warn: func(text string) { s.warnings = append(s.warnings, text) }})
	err = do(s)
	for _, text := range s.warnings {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning:", visible(text))
	}
	return err
}

func openExisting(ctx context.Context, cfg config.Config) (store.Store, error) {
	path := cfg.SQLitePath()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database at %s: run `harkara migrate` or `harkara serve` first, or name the right directory with --data-dir", path)
	}
	return open(ctx, cfg, nil)
}

// hasher reads the secret when the first token needs it.
func hasher(cfg config.Config) func(apiKey, token string) (string, error) {
	load := sync.OnceValues(cfg.EnsureSecret)
	return func(apiKey, token string) (string, error) {
		secret, err := load()
		if err != nil {
			return "", err
		}
		return account.NewHasher(secret.Bytes()).Hash(apiKey, token), nil
	}
}

// operator is who works here, for the history and the ledger.
func operator() string {
	name := os.Getenv("SUDO_USER")
	if u, err := user.Current(); name == "" && err == nil {
		name = u.Username
	}
	if name == "" {
		name = fmt.Sprint("uid ", os.Getuid())
	}
	return "cli:" + name
}

// checkConnector lets the plug-in look at a connector's settings. It is built and
// thrown away without connecting.
func checkConnector(all connect.Plugins) func(*sms.Connector) error {
	return func(c *sms.Connector) error {
		plugin, ok := all[c.Protocol]
		if !ok {
			return sms.Fail(sms.CodeInvalid, fmt.Sprintf("there is no protocol %q in this binary; there is %s", c.Protocol, joined(all)))
		}
		_, err := plugin.New(c, noSink{})
		return err
	}
}

// noSink is where a connector that never connects reports to.
type noSink struct{}

func (noSink) Outcomes([]sms.Outcome)                        {}
func (noSink) Receipts(context.Context, []sms.Receipt) error { return nil }
func (noSink) Inbound(context.Context, []sms.Inbound) error  { return nil }
func (noSink) Link(connect.Link)                             {}

// onStore gives a command the flags of the database, of more boot keys and of
// the output.
func onStore(cmd *cobra.Command, do func(s *session, args []string) error, keys ...string) *cobra.Command {
	config.AddFlags(cmd.Flags(), slices.Concat(storeKeys, keys)...)
	outputFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return withStore(cmd, func(s *session) error { return do(s, args) })
	}
	return cmd
}

// quiet is the plug-ins for commands that connect nothing.
func quiet() connect.Plugins { return plugins(slog.New(slog.DiscardHandler)) }
