package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

// noun is what the commands of one kind of noun have in common.
type noun[S any, P admin.Spec[S]] struct {
	owned bool            // belongs to an account, which --account names
	head  string          // of the table
	row   func(s S) []any // of the table
}

func (n noun[S, P]) kind() sms.Kind { return P(new(S)).Kind() }

func (n noun[S, P]) word() string {
	if n.kind() == sms.KindSubscriber {
		return "SMPP login"
	}
	return strings.ReplaceAll(string(n.kind()), "_", " ")
}

// one is the word with its article.
func (n noun[S, P]) one() string {
	if n.kind() == sms.KindAccount || n.kind() == sms.KindSubscriber {
		return "an " + n.word()
	}
	return "a " + n.word()
}

func (n noun[S, P]) scope(cmd *cobra.Command) *cobra.Command {
	if n.owned {
		cmd.Flags().String("account", "", "account it belongs to; needed where several accounts have the name")
	}
	return cmd
}

func (n noun[S, P]) ref(s *session, name string) admin.Ref {
	r := admin.Ref{Name: name}
	if n.owned {
		r.Account, _ = s.cmd.Flags().GetString("account")
	}
	return r
}

func (n noun[S, P]) list() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List " + n.word() + "s", Args: wants()}
	if n.owned {
		cmd.Flags().String("account", "", "only those of this account")
	}
	return onStore(cmd, func(s *session, _ []string) error {
		all, err := admin.List[S, P](s.ctx, s.desk, n.ref(s, "").Account)
		if err != nil {
			return err
		}
		for i := range all {
			admin.Mask[S, P](&all[i])
		}
		return s.table(all, n.head, func(row func(...any)) {
			for _, x := range all {
				row(n.row(x)...)
			}
		})
	})
}

func (n noun[S, P]) show() *cobra.Command {
	cmd := n.scope(&cobra.Command{Use: "show NAME", Short: "Show " + n.one() + " with all its fields", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[S, P](n.owned)
	return onStore(cmd, func(s *session, args []string) error {
		x, err := admin.Show[S, P](s.ctx, s.desk, n.ref(s, args[0]))
		if err != nil {
			return err
		}
		return n.print(s, x)
	})
}

// print writes one noun: JSON, or as it would stand in a file for apply.
func (n noun[S, P]) print(s *session, x S) error {
	admin.Mask[S, P](&x)
	m := P(&x).Stored()
	return s.printer.show(x, func(w io.Writer) {
		fmt.Fprintf(w, "# id %d, version %d, changed %s\n", m.ID, m.Version, cell(m.UpdatedAt))
		writeYAML(w, x)
	})
}

// writeYAML writes a spec. Specs always encode, and where the output is a broken
// pipe nobody is left to tell.
func writeYAML(w io.Writer, v any) {
	text, err := admin.YAML(v)
	if err != nil {
		text = []byte(err.Error() + "\n")
	}
	_, _ = w.Write(text)
}

// create makes one named by its only argument; name puts it into the spec.
func (n noun[S, P]) create(use, short string, name func(s *S, text, account string), flags func(*edits[S])) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: wants("NAME")}
	if n.owned {
		cmd.Flags().String("account", "", "account it belongs to")
	}
	e := &edits[S]{flags: cmd.Flags()}
	flags(e)
	cmd.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if f := cmd.Flags().Lookup("account"); n.owned && f.Value.String() == "" {
			return usagef("say whose %s it is: --account NAME", n.word())
		}
		return nil
	}
	return onStore(cmd, func(s *session, args []string) error {
		x := admin.Default[S, P]()
		name(&x, args[0], n.ref(s, "").Account)
		if err := e.apply(&x); err != nil {
			return err
		}
		x, err := admin.Create[S, P](s.ctx, s.desk, x)
		if err != nil {
			return err
		}
		s.say("%s %s is made, with id %d", n.word(), args[0], P(&x).Stored().ID)
		if s.json {
			return n.print(s, x)
		}
		return nil
	})
}

// change alters one by flags.
func (n noun[S, P]) change(flags func(*edits[S])) *cobra.Command {
	cmd := n.scope(&cobra.Command{Use: "change NAME", Short: "Change " + n.one() + "; what is not named stays", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[S, P](n.owned)
	e := &edits[S]{flags: cmd.Flags()}
	flags(e)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if len(e.list) == 0 {
			return usagef("say what to change")
		}
		return nil
	}
	return onStore(cmd, func(s *session, args []string) error {
		return n.alter(s, args[0], e.apply)
	})
}

// alter changes one noun and tells what became of it.
func (n noun[S, P]) alter(s *session, name string, change func(*S) error) error {
	x, diff, err := admin.Change[S, P](s.ctx, s.desk, n.ref(s, name), change)
	if err != nil {
		return err
	}
	if s.json {
		return n.print(s, x)
	}
	if !diff.Changed() {
		s.say("no change")
	}
	s.diff(diff)
	return nil
}

func (p printer) diff(diffs ...admin.Diff) {
	for _, d := range diffs {
		for _, line := range d.Lines() {
			p.say("%s", visible(line))
		}
	}
}

// set is a command that changes one thing, such as enable.
func (n noun[S, P]) set(verb, short string, change func(*S)) *cobra.Command {
	cmd := n.scope(&cobra.Command{Use: verb + " NAME", Short: short, Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[S, P](n.owned)
	return onStore(cmd, func(s *session, args []string) error {
		return n.alter(s, args[0], func(x *S) error { change(x); return nil })
	})
}

func (n noun[S, P]) delete() *cobra.Command {
	cmd := n.scope(&cobra.Command{Use: "delete NAME", Short: "Remove " + n.one() + " that nothing needs", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[S, P](n.owned)
	return onStore(cmd, func(s *session, args []string) error {
		diff, err := s.desk.Delete(s.ctx, n.kind(), n.ref(s, args[0]))
		if err != nil {
			return err
		}
		if s.json {
			return s.printer.show(diff, nil)
		}
		s.diff(diff)
		return nil
	})
}

// completeNames completes the name of a noun from the database, if it is there.
func completeNames[S any, P admin.Spec[S]](owned bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begin string) ([]string, cobra.ShellCompDirective) {
		var names []string
		if len(args) == 0 {
			_ = withStore(cmd, func(s *session) error { // no database: nothing to complete
				var account string
				if owned {
					account, _ = cmd.Flags().GetString("account")
				}
				found, err := admin.Names[S, P](s.ctx, s.desk, account)
				names = found
				return err
			})
		}
		var fit []string
		for _, name := range names {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(begin)) {
				fit = append(fit, name)
			}
		}
		return fit, cobra.ShellCompDirectiveNoFileComp
	}
}
