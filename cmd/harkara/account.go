package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var accounts = noun[admin.AccountSpec, *admin.AccountSpec]{
	head: "ID NAME ENABLED TIME_ZONE COUNTRY PRICE_LIST CREDIT_LIMIT",
	row: func(a admin.AccountSpec) []any {
		return []any{a.ID, a.Name, a.Enabled, a.TimeZone, a.Country, a.PriceList, a.CreditLimit}
	},
}

func accountCommand() *cobra.Command {
	return group("account", "Customers and their credit",
		accounts.list(), accountShow(),
		accounts.create("create NAME", "Make an account", func(s *admin.AccountSpec, name, _ string) { s.Name = name },
			func(e *edits[admin.AccountSpec]) {
				accountFlags(e)
				e.yes("disabled", "make it disabled", func(s *admin.AccountSpec, yes bool) { s.Enabled = !yes })
			}),
		accounts.change(func(e *edits[admin.AccountSpec]) {
			e.text("name", "new name", func(s *admin.AccountSpec) *string { return &s.Name })
			accountFlags(e)
		}),
		accounts.set("enable", "Let it send again", func(s *admin.AccountSpec) { s.Enabled = true }),
		accounts.set("disable", "Refuse its calls", func(s *admin.AccountSpec) { s.Enabled = false }),
		accounts.delete(),
		topUpCommand(), adjustCommand(), ledgerCommand(), authFailuresCommand())
}

func accountFlags(e *edits[admin.AccountSpec]) {
	e.text("time-zone", "IANA time zone, such as Asia/Dhaka: dates without a zone are read in it", func(s *admin.AccountSpec) *string { return &s.TimeZone })
	e.text("country", "country of numbers written without one: ISO code or calling code", func(s *admin.AccountSpec) *string { return &s.Country })
	e.text("price-list", "what it pays", func(s *admin.AccountSpec) *string { return &s.PriceList })
	e.money("credit-limit", "how far its balance may go below zero", func(s *admin.AccountSpec) *sms.Money { return &s.CreditLimit })
	integer(e, "max-parts", "parts of one text, 1 to 255 (default 10)", func(s *admin.AccountSpec) *int { return &s.MaxParts })
	words(e, "routes", "routes that a call may name", func(s *admin.AccountSpec) *[]string { return &s.Routes })
	e.yes("smart-text", "replace typographic quotes, dashes and spaces by plain ones where a text then goes in the GSM alphabet", func(s *admin.AccountSpec, yes bool) { s.SmartText = yes })
	integer(e, "group-start", "where group_id counts from; only ever raised, and without effect below those given out", func(s *admin.AccountSpec) *int64 { return &s.GroupStart })
	integer(e, "recipient-start", "where recipient ids count from, likewise", func(s *admin.AccountSpec) *int64 { return &s.RecipientStart })
	integer(e, "inbox-start", "where inbox ids count from, likewise", func(s *admin.AccountSpec) *int64 { return &s.InboxStart })
}

// balance is credit as it is shown.
type balance struct {
	Posted    sms.Money `json:"posted"`    // topped up minus charged
	Reserved  sms.Money `json:"reserved"`  // held for messages on their way
	Available sms.Money `json:"available"` // may still be spent, with the credit limit
}

func newBalance(b sms.Balance) balance { return balance{b.Posted, b.Reserved, b.Available()} }

func accountShow() *cobra.Command {
	cmd := &cobra.Command{Use: "show NAME", Short: "Show an account with its credit, senders, numbers, keys and SMPP logins", Args: wants("NAME")}
	cmd.ValidArgsFunction = completeNames[admin.AccountSpec](false)
	return onStore(cmd, func(s *session, args []string) error {
		a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: args[0]})
		if err != nil {
			return err
		}
		credit, err := s.desk.Balance(s.ctx, args[0])
		if err != nil {
			return err
		}
		admin.Mask(&a)
		b := newBalance(credit)
		return s.printer.show(struct {
			admin.AccountSpec
			Credit balance `json:"credit"`
		}{a, b}, func(w io.Writer) {
			fmt.Fprintf(w, "# id %d, version %d, changed %s\n# credit: %s posted, %s reserved, %s available\n",
				a.ID, a.Version, cell(a.UpdatedAt), b.Posted, b.Reserved, b.Available)
			writeYAML(w, a)
		})
	})
}

// authFailure is a row of auth-failures.
type authFailure struct {
	Account string    `json:"account"`
	APIKey  string    `json:"api_key"`
	From    string    `json:"from"`
	Reason  string    `json:"reason"`
	Count   int64     `json:"count"`
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
}

func authFailuresCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "auth-failures [NAME]", Short: "Show why credentials were refused; the caller is only told \"Invalid user\"", Args: wants("[NAME]"),
		Long: "Show why credentials were refused, the latest first: of one account, or of all calls, also those with an unknown key. SMPP binds\n" +
			"are there with their system_id in place of the API key. A running server writes them every few seconds."}
	cmd.ValidArgsFunction = completeNames[admin.AccountSpec](false)
	limit := limitFlag(cmd)
	return onStore(cmd, func(s *session, args []string) error {
		all, err := admin.List[admin.AccountSpec](s.ctx, s.desk, "")
		if err != nil {
			return err
		}
		names := map[int64]string{}
		for _, a := range all {
			names[a.ID] = a.Name
		}
		var of int64
		if len(args) == 1 {
			a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: args[0]})
			if err != nil {
				return err
			}
			of = a.ID
		}
		rows, err := s.store.AuthFailures(s.ctx, of, *limit)
		if err != nil {
			return err
		}
		list := make([]authFailure, 0, len(rows))
		for _, r := range rows {
			list = append(list, authFailure{names[r.AccountID], r.APIKey, r.From, r.Reason, r.Count, r.First, r.Last})
		}
		return s.table(list, "LAST ACCOUNT API_KEY FROM COUNT REASON", func(row func(...any)) {
			for _, r := range list {
				row(r.Last, r.Account, r.APIKey, r.From, r.Count, r.Reason)
			}
		})
	})
}

func limitFlag(cmd *cobra.Command) *int {
	return cmd.Flags().Int("limit", 50, "rows at the most")
}
