package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// listed is a message in a list. Its group_id leads to the rest.
type listed struct {
	ID          sms.MessageID `json:"id"`
	Account     string        `json:"account"`
	Group       int64         `json:"group_id,string"`
	To          string        `json:"to"` // as the caller wrote it, where it is not a number
	State       string        `json:"state"`
	Provisional bool          `json:"provisional"`
	Reason      sms.Reason    `json:"reason"`
	Retryable   bool          `json:"retryable"`
	Code        string        `json:"code"`
	Route       string        `json:"route"`
	Due         time.Time     `json:"due"`
	Updated     time.Time     `json:"updated"`
}

func messageList() *cobra.Command {
	var account, before string
	var states []string
	cmd := &cobra.Command{Use: "list", Short: "List messages, the newest first, such as those that are held", Args: wants(),
		Long: "List messages, the newest first: of one account or of all, in the states asked for.\nStates: " + strings.Join(stateWords(), ", ") + "."}
	cmd.Flags().StringVar(&account, "account", "", "only those of this account")
	cmd.Flags().StringSliceVar(&states, "state", nil, "only those in these states, such as held,queued")
	cmd.Flags().StringVar(&before, "before", "", "only those older than the message with this ID, to go on where a list ended")
	limit := limitFlag(cmd)
	return onStore(cmd, func(s *session, _ []string) error {
		if *limit < 1 || *limit > listMost {
			return usagef("--limit must be between 1 and %d", listMost)
		}
		f := store.MessageFilter{Limit: *limit}
		for _, word := range states {
			state, err := parseState(word)
			if err != nil {
				return err
			}
			f.States = append(f.States, state)
		}
		if before != "" {
			id, err := messageID(before)
			if err != nil {
				return err
			}
			f.Before = id
		}
		return s.listMessages(account, f)
	})
}

// listMost bounds a list, which is in memory as a whole.
const listMost = 10_000

func stateWords() []string {
	var words []string
	for _, s := range sms.States() {
		words = append(words, s.String())
	}
	return words
}

func parseState(word string) (sms.State, error) {
	i := slices.Index(stateWords(), strings.ToLower(strings.TrimSpace(word)))
	if i < 0 {
		return 0, usagef("--state: %q is no state; use %s", word, strings.Join(stateWords(), ", "))
	}
	return sms.States()[i], nil
}

func (s *session) listMessages(account string, f store.MessageFilter) error {
	n, err := readNames(s)
	if err != nil {
		return err
	}
	var of int64
	if account != "" {
		a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: account})
		if err != nil {
			return err
		}
		of = a.ID
	}
	found, err := s.store.Messages(s.ctx, of, f)
	if err != nil {
		return err
	}
	owners := map[int64]string{}
	for _, a := range n.accounts {
		owners[a.ID] = a.Name
	}
	list := make([]listed, 0, len(found))
	for _, m := range found {
		list = append(list, listed{ID: m.ID, Account: named(owners, m.AccountID), Group: m.Group, To: cmp.Or(m.To, m.Input), State: m.State.String(),
			Provisional: m.Provisional, Reason: m.Reason, Retryable: m.Reason.Retryable(), Code: m.Code, Route: named(n.routes, m.RouteID),
			Due: m.DueAt, Updated: m.UpdatedAt})
	}
	return s.show(list, func(w io.Writer) { printMessages(w, list, f.Limit) })
}

func printMessages(w io.Writer, list []listed, limit int) {
	p := printer{out: w}
	_ = p.table(nil, "ID ACCOUNT GROUP TO STATE REASON CODE ROUTE DUE UPDATED", func(row func(...any)) {
		for _, m := range list {
			state := messageHead{State: m.State, Provisional: m.Provisional}.stateWord()
			row(m.ID, m.Account, m.Group, m.To, state, m.Reason, m.Code, m.Route, m.Due, m.Updated)
		}
	})
	if len(list) == limit {
		fmt.Fprintf(w, "There may be more: --before %s\n", list[len(list)-1].ID)
	}
}
