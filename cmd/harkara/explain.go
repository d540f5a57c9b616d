package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// mostAhead is how far ahead a message may be scheduled (compat.md Q12).
const mostAhead = 365 * 24 * time.Hour

// explanation is what would become of a call.
type explanation struct {
	Accepted   bool        `json:"accepted"`
	Refusal    string      `json:"refusal,omitempty"` // why not, as the caller reads it
	Steps      []flow.Step `json:"steps"`
	Recipients []planned   `json:"recipients"`
	Reserved   sms.Money   `json:"reserved"` // for all of them
	Cost       *sms.Money  `json:"cost"`     // of the routes; null where a cost price is missing
	Margin     *sms.Money  `json:"margin"`
	Credit     balance     `json:"credit"`
}

// planned is one recipient.
type planned struct {
	To       string    `json:"to"`
	Input    string    `json:"input"`
	State    string    `json:"state"`
	Reason   string    `json:"reason,omitempty"`
	Encoding string    `json:"encoding"`
	Parts    int       `json:"parts"`
	Route    string    `json:"route"`
	Price    sms.Money `json:"price"` // of one unit
	Units    int       `json:"units"`
	Reserved sms.Money `json:"reserved"`
	Due      time.Time `json:"due"`
}

func explainCommand() *cobra.Command {
	var q struct{ account, from, text, kind, route, at string }
	var to []string
	cmd := &cobra.Command{Use: "explain --account NAME --to NUMBER --from SENDER --text TEXT", Short: "Say what would become of a message, and why", Args: wants(),
		Long: `Say what would become of a message: the number as it is understood, encoding, parts, each
rule with yes or no and why, the route, the price. It is the code that sends, run without
keeping anything. Exits with 1 when the call would be refused.`}
	f := cmd.Flags()
	f.StringVar(&q.account, "account", "", "account that sends")
	f.StringSliceVar(&to, "to", nil, "recipients")
	f.StringVar(&q.from, "from", "", "sender ID")
	f.StringVar(&q.text, "text", "", "text of the message")
	f.StringVar(&q.kind, "type", "sms", "sms, unicode, flash, voice, mms or whatsapp")
	f.StringVar(&q.route, "route", "", "name or id of a route that the call asks for")
	f.StringVar(&q.at, "at", "", "when it is to be sent, such as '2026-12-24 18:00' in the account's time zone")
	return onStore(cmd, func(s *session, _ []string) error {
		if q.account == "" || len(to) == 0 {
			return usagef("give --account and --to; --from and --text too for the whole answer")
		}
		a, err := admin.Show[admin.AccountSpec](s.ctx, s.desk, admin.Ref{Name: q.account})
		if err != nil {
			return err
		}
		req := flow.Request{AccountID: a.ID, Face: "cli", Type: sms.Type(strings.ToLower(q.kind)), From: q.from, To: to, Text: q.text}
		if q.route != "" && q.route != "0" {
			r, err := admin.Show[admin.RouteSpec](s.ctx, s.desk, admin.Ref{Name: q.route})
			if err != nil {
				return err
			}
			req.RouteID = r.ID
		}
		cat, err := store.Catalog(s.ctx, s.store)
		if err != nil {
			return err
		}
		if req.SendAt, err = parseAt(q.at, cat.Zone(a.ID)); err != nil {
			return err
		}
		e := flow.Explain(cat, time.Now(), mostAhead, quiet().Types, req)
		credit, err := s.store.Balance(s.ctx, a.ID)
		if err != nil {
			return err
		}
		x := newExplanation(e, cat, credit)
		if err := s.printer.show(x, x.print); err != nil {
			return err
		}
		if !x.Accepted {
			return errSilent
		}
		return nil
	})
}

// parseAt reads a time in the account's zone, or one with a zone of its own.
func parseAt(text string, zone *time.Location) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, usagef("--at is %q; write a time such as '2026-12-24 18:00' or 2026-12-24T18:00:00+06:00", text)
}

func newExplanation(e flow.Explanation, cat *sms.Catalog, credit sms.Balance) explanation {
	x := explanation{Steps: e.Steps, Recipients: []planned{}, Reserved: e.Need, Credit: newBalance(credit)}
	switch {
	case e.Err != nil:
		x.Refusal = e.Err.Error()
	case e.Need > credit.Available():
		x.Refusal = fmt.Sprintf("the account has %s available, the call needs %s", credit.Available(), e.Need)
	default:
		x.Accepted = true
	}
	for _, m := range e.Messages {
		p := planned{To: m.To, Input: m.Input, State: m.State.String(), Reason: string(m.Reason), Encoding: m.Encoding.String(),
			Parts: m.Parts, Price: m.Price, Units: m.Units, Reserved: m.Reserved, Due: m.DueAt.UTC().Truncate(time.Second)}
		if p.Input == "" {
			p.Input = m.To
		}
		if r := cat.Route(m.RouteID); r != nil {
			p.Route = r.Name
		}
		x.Recipients = append(x.Recipients, p)
	}
	if e.CostOK && e.Err == nil {
		margin := e.Need - e.Cost
		x.Cost, x.Margin = &e.Cost, &margin
	}
	return x
}

func (x explanation) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, s := range x.Steps {
		fmt.Fprintf(tw, "%s\t%s\t%s\n", cell(s.OK), s.What, visible(s.Why))
	}
	tw.Flush()
	if len(x.Recipients) > 0 {
		fmt.Fprintln(w)
		fmt.Fprintln(tw, strings.ReplaceAll("TO STATE ENCODING PARTS ROUTE PRICE RESERVED REASON", " ", "\t"))
		for _, r := range x.Recipients {
			to := r.To
			if to == "" {
				to = r.Input
			}
			fmt.Fprintf(tw, "%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", visible(to), r.State, r.Encoding, r.Parts, dash(r.Route), r.Price, r.Reserved, dash(r.Reason))
		}
		tw.Flush()
		fmt.Fprintln(w)
		if x.Cost != nil {
			fmt.Fprintf(w, "price %s, cost %s, margin %s\n", x.Reserved, x.Cost, x.Margin)
		} else {
			fmt.Fprintf(w, "price %s, cost not known: a route has no cost price for it\n", x.Reserved)
		}
	}
	if x.Accepted {
		fmt.Fprintf(w, "it would be accepted; available credit: %s\n", x.Credit.Available)
	} else {
		fmt.Fprintf(w, "it would be refused: %s\n", x.Refusal)
	}
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
