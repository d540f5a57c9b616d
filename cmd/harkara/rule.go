package main

import (
	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var rules = noun[admin.RuleSpec, *admin.RuleSpec]{
	head: "ID NAME PREFIX ACCOUNT TYPE PRIORITY ROUTE",
	row: func(r admin.RuleSpec) []any {
		shown := r.Prefix
		if shown == "" {
			shown = anyPrefix
		}
		return []any{r.ID, r.Name, shown, r.Account, r.Type, r.Priority, r.Route}
	},
}

func ruleCommand() *cobra.Command {
	return group("rule", "Which numbers go to which route",
		rules.list(), rules.show(), ruleCreate(),
		rules.change(func(e *edits[admin.RuleSpec]) {
			e.text("name", "new name", func(s *admin.RuleSpec) *string { return &s.Name })
			e.flag("prefix", "digits", "first digits of the numbers; any: all", func(s *admin.RuleSpec, text string) error { s.Prefix = prefix(text); return nil })
			ruleFlags(e)
		}),
		rules.delete())
}

func ruleFlags(e *edits[admin.RuleSpec]) {
	e.text("route", "where they go", func(s *admin.RuleSpec) *string { return &s.Route })
	e.text("account", "only of this account; empty: of all", func(s *admin.RuleSpec) *string { return &s.Account })
	word(e, "type", "only of this type", func(s *admin.RuleSpec) *sms.Type { return &s.Type })
	integer(e, "priority", "the lowest comes first among rules that match the same", func(s *admin.RuleSpec) *int { return &s.Priority })
}

func ruleCreate() *cobra.Command {
	var name string
	cmd := &cobra.Command{Use: "create PREFIX --route ROUTE", Short: "Send numbers that begin so (any: all) to a route", Args: wants("PREFIX")}
	cmd.Flags().StringVar(&name, "name", "", "name (default: after what it matches, such as 880 or shop/880/sms)")
	e := &edits[admin.RuleSpec]{flags: cmd.Flags()}
	ruleFlags(e)
	return onStore(cmd, func(s *session, args []string) error {
		x := admin.RuleSpec{Name: name, Prefix: prefix(args[0])}
		if err := e.apply(&x); err != nil {
			return err
		}
		if x.Route == "" {
			return usagef("say where they go: --route NAME")
		}
		x, err := admin.Create(s.ctx, s.desk, x)
		if err != nil {
			return err
		}
		s.say("rule %s is made, with id %d", x.Name, x.ID)
		if s.json {
			return rules.print(s, x)
		}
		return nil
	})
}
