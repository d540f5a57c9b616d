package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/run"
	"github.com/harkara/harkara/internal/sim"
)

func simCommand() *cobra.Command {
	var o sim.Options
	var record string
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run the operator simulator: an SMPP 3.4 SMSC that behaves by the last digits of a number",
		Long:  simHelp(),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if record != "" {
				f, err := os.OpenFile(record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
				if err != nil {
					return err
				}
				defer f.Close()
				o.Record = f
			}
			return simulate(cmd.Context(), cmd.OutOrStdout(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.Listen, "listen", "127.0.0.1:2775", "address to listen at")
	f.StringVar(&o.SystemID, "system-id", "", "system_id that may bind (default any)")
	f.StringVar(&o.Password, "password", "", "its password")
	f.DurationVar(&o.Latency, "latency", 0, "time before each response")
	f.DurationVar(&o.ReceiptDelay, "receipt-delay", 0, "time from the response to the receipt")
	f.IntVar(&o.Rate, "rate", 0, "messages a second, more are throttled (default no limit)")
	f.IntVar(&o.Window, "window", 0, "unanswered messages of a session, more are throttled (default no limit)")
	f.StringVar(&o.ReplyTo, "reply-to", "", "number that echoes go to when the sender is alphanumeric")
	f.StringVar(&record, "record", "", "file that gets a JSON line for each submission")
	return cmd
}

func simHelp() string {
	var b strings.Builder
	b.WriteString("A real SMSC on a TCP port, for trying and testing. Messages to a number that ends in\n")
	sim.Describe(&b)
	return b.String()
}

func simulate(parent context.Context, out io.Writer, o sim.Options) error {
	s, err := sim.Start(o)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "simulator listening at", s.Addr())
	ctx, release := run.Signals(parent, func() { s.Close() })
	defer release()
	<-ctx.Done()
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	return s.Shutdown(stop)
}
