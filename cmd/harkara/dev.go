package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/config"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/run"
	"github.com/harkara/harkara/internal/sim"
	"github.com/harkara/harkara/internal/sms"
)

type devOptions struct {
	data, http, smpp, smppListen, admin string
}

func devCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run server, demo account and operator simulator, for trying",
		Long: "Runs a whole Harkara on loopback: the server with its embedded database, a demo account with credit, and a\n" +
			"simulated operator, to which the server binds over SMPP on a TCP port. Nothing leaves this machine.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return dev(cmd, o) },
	}
	f := cmd.Flags()
	f.StringVar(&o.data, "data", "", "directory to keep (default: a temporary one, removed at the end)")
	f.StringVar(&o.http, "http", "127.0.0.1:8080", "address of the HTTP interface")
	f.StringVar(&o.admin, "admin", "127.0.0.1:0", "address of metrics and health")
	f.StringVar(&o.smpp, "smpp", "127.0.0.1:2775", "address of the operator simulator")
	f.StringVar(&o.smppListen, "smpp-listen", "127.0.0.1:0", "address of the SMPP server for customers; port 0: any that is free")
	return cmd
}

func dev(cmd *cobra.Command, o devOptions) error {
	for _, addr := range []string{o.http, o.smpp, o.smppListen, o.admin} {
		if err := loopbackOnly(addr); err != nil {
			return err
		}
	}
	log, err := obs.NewLogger(cmd.ErrOrStderr(), "text", config.Level(0).Level())
	if err != nil {
		return err
	}
	g := run.NewGroup(run.Limits{Soft: 5 * time.Second, Hard: 10 * time.Second}, log)
	// From here on a signal ends dev in good order, and nothing is left behind.
	ctx, release := run.Signals(cmd.Context(), g.Abort)
	defer release()
	cmd.SetContext(ctx)
	if o.data == "" {
		dir, err := os.MkdirTemp("", "harkara-dev-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.data = dir
	}
	simulator, err := sim.Start(sim.Options{Listen: o.smpp, SystemID: demoSystemID, Password: demoPassword,
		Latency: 5 * time.Millisecond, ReceiptDelay: 50 * time.Millisecond, ReplyTo: demoNumber})
	if err != nil {
		return fmt.Errorf("%w (choose another address with --smpp)", err)
	}
	defer simulator.Close()
	cfg := config.Default()
	cfg.DataDir, cfg.HTTPListen, cfg.SMPPListen, cfg.AdminListen = o.data, o.http, o.smppListen, o.admin
	return runDev(cmd, g, cfg, log, simulator)
}

// loopbackOnly refuses addresses that others could reach: the demo account's
// credentials are no secret.
func loopbackOnly(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q is not an address; write one such as 127.0.0.1:8080", addr)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("harkara dev listens on loopback only, not at %q; use harkara serve for the rest", addr)
	}
	return nil
}

func runDev(cmd *cobra.Command, g *run.Group, cfg config.Config, log *slog.Logger, simulator *sim.Simulator) error {
	n, err := newNode(cmd.Context(), cfg, log)
	if err != nil {
		return err
	}
	demo, err := n.setUpDemo(cmd.Context(), simulator.Addr())
	if err != nil {
		return errors.Join(err, n.store.Close())
	}
	n.add(g)
	addrs, err := n.listen(g)
	if err != nil {
		return errors.Join(fmt.Errorf("%w (choose another address with --http, --smpp-listen or --admin)", err), n.store.Close())
	}
	demo.url, demo.smpp = "http://"+addrs.http+"/smsAPI", addrs.smpp
	if err := demo.writeEnv(filepath.Join(cfg.DataDir, "dev.env")); err != nil {
		return errors.Join(err, n.store.Close())
	}
	demo.print(cmd.OutOrStdout(), cfg.DataDir, simulator.Addr(), addrs.admin)
	g.Add(run.Intake, "first delivery", func(ctx context.Context) error { return n.tellFirst(ctx, cmd.OutOrStdout(), demo) })
	return g.Run(cmd.Context())
}

// lookEvery is how often dev looks whether the first message is delivered.
const lookEvery = 10 * time.Millisecond

// tellFirst prints how long the first message of this run took from its
// acceptance to its receipt.
func (n *node) tellFirst(ctx context.Context, out io.Writer, d *demo) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		group, messages, err := n.store.Group(ctx, d.account, d.nextGroup)
		if err != nil {
			continue // not sent yet
		}
		done := true
		for i := range messages {
			done = done && messages[i].State.Final()
		}
		if done && len(messages) > 0 && messages[0].State == sms.Delivered {
			fmt.Fprintf(out, "Group %d was delivered %d ms after it was accepted.\n", group.Number,
				messages[0].UpdatedAt.Sub(group.At).Milliseconds())
		}
		if done {
			<-ctx.Done()
			return nil
		}
	}
}
