package main

import (
	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/store"
)

var numbers = noun[admin.NumberSpec, *admin.NumberSpec]{
	owned: true,
	head:  "ID ACCOUNT NUMBER KEYWORD",
	row:   func(n admin.NumberSpec) []any { return []any{n.ID, n.Account, n.Number, n.Keyword} },
}

func numberCommand() *cobra.Command {
	keyword := func(e *edits[admin.NumberSpec]) {
		e.text("keyword", "first word of the messages that are meant, on a number that accounts share", func(s *admin.NumberSpec) *string { return &s.Keyword })
	}
	return group("number", "Two-way numbers: whose inbox a reply goes to",
		numbers.list(), numbers.show(),
		numbers.create("create NUMBER", "Give a number, or a keyword on it, to an account",
			func(s *admin.NumberSpec, number, account string) { s.Number, s.Account = number, account }, keyword),
		numberMove(), numbers.delete(), strayCommand())
}

func numberMove() *cobra.Command {
	var to string
	cmd := &cobra.Command{Use: "move NUMBER[:KEYWORD] --to ACCOUNT", Short: "Give it to another account", Args: wants("NUMBER")}
	cmd.ValidArgsFunction = completeNames[admin.NumberSpec](false)
	cmd.Flags().StringVar(&to, "to", "", "the account")
	return onStore(cmd, func(s *session, args []string) error {
		if to == "" {
			return usagef("say whose it becomes: --to ACCOUNT")
		}
		return numbers.alter(s, args[0], func(n *admin.NumberSpec) error { n.Account = to; return nil })
	})
}

// stray is a message to a number that belongs to nobody.
type stray struct {
	Number  int64  `json:"id,string"`
	At      string `json:"at"`
	From    string `json:"from"`
	To      string `json:"to"`
	Message string `json:"message"`
}

func strayCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "stray", Short: "List messages that came for numbers nobody has, the latest first", Args: wants()}
	limit := limitFlag(cmd)
	return onStore(cmd, func(s *session, _ []string) error {
		rows, err := s.store.Inbox(s.ctx, 0, store.InboxFilter{Limit: *limit})
		if err != nil {
			return err
		}
		list := make([]stray, 0, len(rows))
		for _, m := range rows {
			list = append(list, stray{m.Number, cell(m.At), m.From, m.To, m.Text})
		}
		return s.table(list, "ID AT FROM TO MESSAGE", func(row func(...any)) {
			for _, m := range list {
				row(m.Number, m.At, m.From, m.To, m.Message)
			}
		})
	})
}
