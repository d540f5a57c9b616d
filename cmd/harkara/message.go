package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

func messageCommand() *cobra.Command {
	return group("message", "What became of messages", messageList(), messageShow(), messageCancel())
}

func messageShow() *cobra.Command {
	var account string
	var number int64
	var text bool
	cmd := &cobra.Command{Use: "show (ID | --group N --account NAME)", Short: "Show a message with its parts, money and history, or the messages of a group", Args: wants("[ID]"),
		Long: `Show a message: state and reason, route, parts with their attempts, money, times and history.
With --group, the messages of a call: N is the group_id that the customer knows, and the
list has the ID of each message. The log names messages by ID too.
Below the history stands what receipts said; one that is "evidence" changed nothing.
A part of several attempts, some of unknown outcome, was sent again by the route's policy
(on_unknown: resend), and the handset may have got it twice.`}
	f := cmd.Flags()
	f.StringVar(&account, "account", "", "account that sent it; without, all accounts are looked through")
	f.Int64Var(&number, "group", 0, "group_id whose messages are listed; needs --account")
	f.BoolVar(&text, "text", false, "show the text too, and the file of other channels")
	cmd.PreRunE = func(cmd *cobra.Command, args []string) error {
		switch byGroup := cmd.Flags().Changed("group"); {
		case byGroup == (len(args) == 1):
			return usagef("give either the ID of a message, or --group N and --account NAME")
		case byGroup && account == "":
			return usagef("say whose group it is: --account NAME")
		}
		return nil
	}
	return onStore(cmd, func(s *session, args []string) error {
		n, err := readNames(s)
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return s.showGroup(n, account, number, text)
		}
		id, err := messageID(args[0])
		if err != nil {
			return err
		}
		return s.showMessage(n, account, id, text)
	})
}

func messageID(text string) (id sms.MessageID, _ error) {
	if err := id.UnmarshalText([]byte(text)); err != nil || id <= 0 {
		return 0, usagef("%q is not the ID of a message; `harkara message show --group N --account NAME` lists those of a group", visible(text))
	}
	return id, nil
}

// names are what messages refer to by number.
type names struct {
	accounts                   []admin.AccountSpec
	routes, connectors, logins map[int64]string
}

func readNames(s *session) (n names, err error) {
	if n.accounts, err = admin.List[admin.AccountSpec](s.ctx, s.desk, ""); err != nil {
		return n, err
	}
	routes, err := admin.List[admin.RouteSpec](s.ctx, s.desk, "")
	if err != nil {
		return n, err
	}
	connectors, err := admin.List[admin.ConnectorSpec](s.ctx, s.desk, "")
	if err != nil {
		return n, err
	}
	logins, err := admin.List[admin.LoginSpec](s.ctx, s.desk, "")
	if err != nil {
		return n, err
	}
	n.routes, n.connectors, n.logins = map[int64]string{}, map[int64]string{}, map[int64]string{}
	for _, l := range logins {
		n.logins[l.ID] = l.SystemID
	}
	for _, r := range routes {
		n.routes[r.ID] = r.Name
	}
	for _, c := range connectors {
		n.connectors[c.ID] = c.Name
	}
	return n, nil
}

// named is the name of id, which may belong to a noun that was deleted since.
func named(all map[int64]string, id int64) string {
	if name, ok := all[id]; ok || id == 0 {
		return name
	}
	return fmt.Sprint("id:", id)
}

// showMessage looks in the account, or in all of them.
func (s *session) showMessage(n names, account string, id sms.MessageID, text bool) error {
	look := n.accounts
	if account != "" {
		a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: account})
		if err != nil {
			return err
		}
		look = []admin.AccountSpec{a}
	}
	for _, a := range look {
		r, g, events, err := s.store.Message(s.ctx, a.ID, id)
		if sms.CodeOf(err) == sms.CodeNotFound {
			continue
		}
		if err != nil {
			return err
		}
		m := newMessageDetail(n, a.Name, &r, &g, events, text)
		return s.printer.show(m, m.print)
	}
	if account != "" {
		return fmt.Errorf("account %s has no message %s", account, id)
	}
	return fmt.Errorf("there is no message %s", id)
}

func (s *session) showGroup(n names, account string, number int64, text bool) error {
	a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: account})
	if err != nil {
		return err
	}
	g, messages, err := s.store.Group(s.ctx, a.ID, number)
	if sms.CodeOf(err) == sms.CodeNotFound {
		return fmt.Errorf("account %s has no group %d", a.Name, number)
	}
	if err != nil {
		return err
	}
	d := groupDetail{groupHead: newGroupHead(a.Name, &g, text), Messages: make([]messageHead, 0, len(messages))}
	for i := range messages {
		d.Messages = append(d.Messages, newMessageHead(n, &messages[i], &g))
	}
	return s.printer.show(d, d.print)
}

// canceled says what became of one message that was to be canceled.
type canceled struct {
	ID       sms.MessageID `json:"id"`
	Canceled bool          `json:"canceled"`
	State    string        `json:"state"`         // now; empty for one that the account does not have
	Why      string        `json:"why,omitempty"` // not
}

func messageCancel() *cobra.Command {
	var account string
	cmd := &cobra.Command{Use: "cancel ID... --account NAME", Short: "Cancel messages that were not sent yet, and release their credit",
		Long: `Cancel messages that were not sent yet, and release their credit. What a server has taken up
for sending, or may have sent before, cannot be called back. Says for each what became of it,
and exits with 1 if one was not canceled.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("ID is missing")
			}
			return nil
		}}
	cmd.Flags().StringVar(&account, "account", "", "account that sent them")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if account == "" {
			return usagef("say whose messages they are: --account NAME")
		}
		return nil
	}
	return onStore(cmd, func(s *session, args []string) error {
		var ids []sms.MessageID
		for _, arg := range args {
			id, err := messageID(arg)
			if err != nil {
				return err
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: account})
		if err != nil {
			return err
		}
		done, err := s.store.Cancel(s.ctx, time.Now(), a.ID, ids)
		if err != nil {
			return err
		}
		return s.tellCanceled(a.ID, ids, done)
	})
}

func (s *session) tellCanceled(account int64, ids, done []sms.MessageID) error {
	list := make([]canceled, 0, len(ids))
	for _, id := range ids {
		c := canceled{ID: id, Canceled: slices.Contains(done, id)}
		r, _, _, err := s.store.Message(s.ctx, account, id)
		switch {
		case sms.CodeOf(err) == sms.CodeNotFound:
			c.Why = "the account has no such message"
		case err != nil:
			return err
		default:
			c.State = r.State.String()
			if !c.Canceled {
				c.Why = whyNotCanceled(&r)
			}
		}
		list = append(list, c)
	}
	err := s.table(list, "ID CANCELED STATE WHY", func(row func(...any)) {
		for _, c := range list {
			row(c.ID, c.Canceled, c.State, c.Why)
		}
	})
	if err == nil && len(done) < len(ids) {
		err = errSilent
	}
	return err
}

func whyNotCanceled(r *sms.Record) string {
	switch {
	case r.State == sms.Canceled:
		return "it was canceled before"
	case r.State == sms.Queued:
		return "too late: some of it was sent, or may have been"
	case r.State == sms.Sending:
		return "too late: it is being sent"
	case r.State == sms.Held:
		return "too late: it may have been sent"
	case r.State == sms.Sent:
		return "too late: it was sent"
	}
	return "too late: it has ended"
}
