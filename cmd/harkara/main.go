// Command harkara is the whole product in one binary: the server, the operator
// simulator, and the command line of an operator.
//
// One file a command or noun; every command gets its work done by a room under
// internal/ and only translates between flags, text and JSON. connectors.go is
// the only list of plug-ins.
//
// Exit codes: 0 it worked, 1 it did not, 2 the command line is wrong.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	_ "time/tzdata" // zones of accounts must exist on any machine

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(execute(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// execute runs one command line.
func execute(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root, started := newRoot()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	var usage *usageError
	if errors.As(err, &usage) || !*started {
		fmt.Fprintf(errOut, "harkara: %v\nSee: %s --help\n", err, cmd.CommandPath())
		return exitUsage
	}
	if !errors.Is(err, errSilent) {
		fmt.Fprintln(errOut, "harkara:", explainError(err))
	}
	return exitFailed
}

// newRoot makes the tree of commands. started becomes true when a command runs:
// what fails before that is a wrong command line.
func newRoot() (root *cobra.Command, started *bool) {
	started = new(bool)
	root = &cobra.Command{
		Use:           "harkara",
		Short:         "Harkara, a self-hosted SMS platform",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			*started = true
		},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err.Error()} })
	root.AddGroup(
		&cobra.Group{ID: "run", Title: "Run:"},
		&cobra.Group{ID: "configure", Title: "Configure (also while servers run):"},
		&cobra.Group{ID: "look", Title: "Look and try:"})
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add("run", serveCommand(), devCommand(), simCommand(), migrateCommand(), configCommand())
	add("configure", accountCommand(), keyCommand(), smppCommand(), senderCommand(), numberCommand(), connectorCommand(), routeCommand(),
		ruleCommand(), priceCommand(), applyCommand(), exportCommand())
	add("look", messageCommand(), explainCommand(), checkCommand(), previewCommand(), sendCommand(), versionCommand())
	return root, started
}

// usageError is a wrong command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// errSilent ends a command with exit code 1 that has said why on its output.
var errSilent = errors.New("failed")

// explainError is what an operator reads. The cause of a failing storage belongs
// to it: here the operator is the log.
func explainError(err error) string {
	if errors.Is(err, store.ErrCommitUnknown) {
		return "the database did not say whether the change was written: look before you try again"
	}
	text := err.Error()
	if e, ok := errors.AsType[*sms.Error](err); ok && e.Err != nil && (e.Code == sms.CodeUnavailable || e.Code == sms.CodeInternal) {
		if cause := e.Err.Error(); !strings.Contains(text, cause) {
			text += " (" + cause + ")"
		}
	}
	return text
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				cmd.SetOut(cmd.ErrOrStderr())
				return errors.Join(&usageError{"say what to do"}, cmd.Help())
			}
			text := fmt.Sprintf("there is no command %q in %q", args[0], cmd.CommandPath())
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				text += "; did you mean " + strings.Join(like, " or ") + "?"
			}
			return &usageError{text}
		}}
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(commands...)
	return c
}

// wants checks the number of arguments; those in brackets may be left out.
func wants(names ...string) cobra.PositionalArgs {
	least := 0
	for _, n := range names {
		if !strings.HasPrefix(n, "[") {
			least++
		}
	}
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("%s is missing", names[len(args)])
		case len(args) > len(names):
			return usagef("%q is one argument too many", args[len(names)])
		}
		return nil
	}
}
