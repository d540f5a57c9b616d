package main

import (
	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var senders = noun[admin.SenderSpec, *admin.SenderSpec]{
	owned: true,
	head:  "ID ACCOUNT NAME STATUS CLASS CONNECTORS NOTE",
	row: func(s admin.SenderSpec) []any {
		return []any{s.ID, s.Account, s.Name, s.Status, s.Class, s.Connectors, s.Note}
	},
}

func senderCommand() *cobra.Command {
	return group("sender", "Sender IDs of accounts",
		senders.list(), senders.show(),
		senders.create("request NAME", "Ask for a sender ID", func(s *admin.SenderSpec, name, account string) { s.Name, s.Account = name, account },
			func(e *edits[admin.SenderSpec]) {
				senderFlags(e)
				e.yes("approve", "approve it at once", func(s *admin.SenderSpec, yes bool) {
					if yes {
						s.Status = sms.SenderApproved
					}
				})
			}),
		senders.set("approve", "Allow it", func(s *admin.SenderSpec) { s.Status = sms.SenderApproved }),
		senderRefuse(),
		senders.change(func(e *edits[admin.SenderSpec]) {
			e.text("name", "new spelling", func(s *admin.SenderSpec) *string { return &s.Name })
			senderFlags(e)
		}),
		senders.delete())
}

func senderFlags(e *edits[admin.SenderSpec]) {
	word(e, "class", "what its messages are for: otp, transactional or promotional", func(s *admin.SenderSpec) *sms.Class { return &s.Class })
	words(e, "connectors", "connectors where it is registered; none: everywhere", func(s *admin.SenderSpec) *[]string { return &s.Connectors })
	e.text("note", "a note for operators", func(s *admin.SenderSpec) *string { return &s.Note })
}

func senderRefuse() *cobra.Command {
	var note string
	cmd := senders.scope(&cobra.Command{Use: "refuse NAME", Short: "Do not allow it (any more)", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[admin.SenderSpec](true)
	cmd.Flags().StringVar(&note, "note", "", "why")
	return onStore(cmd, func(s *session, args []string) error {
		return senders.alter(s, args[0], func(x *admin.SenderSpec) error {
			x.Status = sms.SenderRefused
			if note != "" {
				x.Note = note
			}
			return nil
		})
	})
}
