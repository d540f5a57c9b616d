package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var logins = noun[admin.LoginSpec, *admin.LoginSpec]{
	owned: true,
	head:  "ID ACCOUNT SYSTEM_ID DISABLED BINDS RATE WINDOW MESSAGE_ID ALPHABET REPLIES IPS",
	row: func(l admin.LoginSpec) []any {
		return []any{l.ID, l.Account, l.SystemID, l.Disabled, l.MaxBinds, l.Rate, l.Window, l.MessageID, l.Alphabet, l.Replies, l.IPs}
	},
}

func smppCommand() *cobra.Command {
	return group("smpp", "SMPP logins of accounts, for systems that bind to smpp_listen",
		logins.list(), loginShow(), loginCreate(), loginPassword(),
		logins.change(loginFlags),
		logins.set("enable", "Let it bind again", func(s *admin.LoginSpec) { s.Disabled = false }),
		logins.set("disable", "Refuse its binds, and end its sessions; receipts and replies wait", func(s *admin.LoginSpec) { s.Disabled = true }),
		loginDelete())
}

func loginFlags(e *edits[admin.LoginSpec]) {
	words(e, "ips", "addresses or blocks that may bind, such as 203.0.113.0/24; none: any", func(s *admin.LoginSpec) *[]string { return &s.IPs })
	e.yes("require-tls", "refuse binds over smpp_listen, which has no TLS", func(s *admin.LoginSpec, yes bool) { s.RequireTLS = yes })
	integer(e, "max-binds", "sessions at a time (default 4)", func(s *admin.LoginSpec) *int { return &s.MaxBinds })
	e.number("rate", "messages a second over all its binds; 0: no limit", func(s *admin.LoginSpec) *float64 { return &s.Rate })
	integer(e, "window", "requests without an answer, of each bind and in each direction (default 100)", func(s *admin.LoginSpec) *int { return &s.Window })
	e.text("message-id", "how ids are written: decimal (default) or hex", func(s *admin.LoginSpec) *string { return &s.MessageID })
	e.text("alphabet", "what data_coding 0 is: gsm7 (default), gsm7-packed, ascii or latin1", func(s *admin.LoginSpec) *string { return &s.Alphabet })
	words(e, "replies", "our numbers whose replies it gets; all: every number of the account; none: no replies", func(s *admin.LoginSpec) *[]string { return &s.Replies })
	e.duration("keep", "how long receipts and replies wait for it (default 72h)", func(s *admin.LoginSpec) *sms.Duration { return &s.Keep })
}

func loginCreate() *cobra.Command {
	var account string
	given := secretFlags{what: "password"}
	cmd := &cobra.Command{Use: "create SYSTEM_ID", Short: "Make a login; its password is shown this once", Args: wants("SYSTEM_ID"),
		Long: "Make a login; its password is shown this once.\nA password brought from elsewhere has 6 characters or more, and should have at most 8: SMPP 3.4 has room for no more, and many clients cut it there."}
	cmd.Flags().StringVar(&account, "account", "", "account it belongs to")
	given.add(cmd)
	e := &edits[admin.LoginSpec]{flags: cmd.Flags()}
	loginFlags(e)
	e.yes("disabled", "make it disabled", func(s *admin.LoginSpec, yes bool) { s.Disabled = yes })
	return onStore(cmd, func(s *session, args []string) error {
		if account == "" {
			return usagef("say whose login it is: --account NAME")
		}
		password, err := given.read(s.cmd)
		if err != nil {
			return err
		}
		l := admin.LoginSpec{Account: account, SystemID: args[0]}
		if err := e.apply(&l); err != nil {
			return err
		}
		made, newPassword, err := s.desk.NewLogin(s.ctx, l, password)
		if err != nil {
			return err
		}
		return s.newLogin(made, newPassword, password != "")
	})
}

func loginPassword() *cobra.Command {
	given := secretFlags{what: "password"}
	cmd := logins.scope(&cobra.Command{Use: "new-password NAME", Short: "Replace its password; sessions that are bound with the old one end", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[admin.LoginSpec](true)
	given.add(cmd)
	return onStore(cmd, func(s *session, args []string) error {
		password, err := given.read(s.cmd)
		if err != nil {
			return err
		}
		made, newPassword, err := s.desk.NewPassword(s.ctx, logins.ref(s, args[0]), password)
		if err != nil {
			return err
		}
		return s.newLogin(made, newPassword, password != "")
	})
}

// newLogin shows a login with its new password, unless the caller brought that.
func (s *session) newLogin(l admin.LoginSpec, password string, brought bool) error {
	if brought {
		password = ""
	}
	admin.Mask(&l)
	return s.printer.show(struct {
		admin.LoginSpec
		Password string `json:"password,omitempty"`
	}{l, password}, func(w io.Writer) {
		fmt.Fprintf(w, "SMPP login of account %s\n  system_id  %s\n", l.Account, l.SystemID)
		if !brought {
			fmt.Fprintf(w, "  password   %s\nThe password is shown this once: only a hash of it is kept.\n", password)
		}
	})
}

// login is an SMPP login, and how many receipts and replies wait for it.
func (s *session) login(systemID string) (l admin.LoginSpec, waiting int64, err error) {
	if l, err = admin.Show[admin.LoginSpec](s.ctx, s.desk, logins.ref(s, systemID)); err != nil {
		return l, 0, err
	}
	stats, err := s.store.Stats(s.ctx)
	return l, stats.Deliveries[l.ID], err
}

func loginShow() *cobra.Command {
	cmd := logins.scope(&cobra.Command{Use: "show NAME", Short: "Show an SMPP login with all its fields, and what waits for it", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[admin.LoginSpec](true)
	return onStore(cmd, func(s *session, args []string) error {
		l, waiting, err := s.login(args[0])
		if err != nil {
			return err
		}
		admin.Mask(&l)
		return s.printer.show(struct {
			admin.LoginSpec
			Waiting int64 `json:"waiting"` // receipts and replies
		}{l, waiting}, func(w io.Writer) {
			fmt.Fprintf(w, "# id %d, version %d, changed %s\n# of account %s; %d receipts and replies wait for it\n", l.ID, l.Version, cell(l.UpdatedAt), l.Account, waiting)
			writeYAML(w, l)
		})
	})
}

func loginDelete() *cobra.Command {
	cmd := logins.scope(&cobra.Command{Use: "delete NAME", Short: "Remove an SMPP login, and drop the receipts and replies that wait for it", Args: wants("NAME")})
	cmd.ValidArgsFunction = completeNames[admin.LoginSpec](true)
	return onStore(cmd, func(s *session, args []string) error {
		_, waiting, err := s.login(args[0])
		if err != nil {
			return err
		}
		diff, err := s.desk.Delete(s.ctx, sms.KindSubscriber, logins.ref(s, args[0]))
		if err != nil {
			return err
		}
		if s.json {
			return s.printer.show(struct {
				admin.Diff
				Dropped int64 `json:"dropped"`
			}{diff, waiting}, nil)
		}
		s.diff(diff)
		if waiting > 0 {
			s.say("dropped %d receipts and replies that waited for it", waiting)
		}
		return nil
	})
}
