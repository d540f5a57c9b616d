package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var routes = noun[admin.RouteSpec, *admin.RouteSpec]{
	head: "ID NAME ENABLED CONNECTORS TYPES LONG ON_UNKNOWN VALIDITY",
	row: func(r admin.RouteSpec) []any {
		var links []string
		for _, c := range r.Connectors {
			links = append(links, fmt.Sprintf("%s=%d", c.Name, c.Priority))
		}
		types := []string{"sms", "unicode", "flash"}
		if len(r.Types) > 0 {
			types = nil
		}
		for _, t := range r.Types {
			types = append(types, string(t))
		}
		return []any{r.ID, r.Name, r.Enabled, links, types, r.Long, r.OnUnknown, r.Validity.Std()}
	},
}

func routeCommand() *cobra.Command {
	return group("route", "Ways to send: connectors in their order",
		routes.list(), routes.show(),
		routes.create("create NAME", "Make a route", func(s *admin.RouteSpec, name, _ string) { s.Name = name },
			func(e *edits[admin.RouteSpec]) {
				routeFlags(e)
				integer(e, "id", "what clients send as route= (default: the next one)", func(s *admin.RouteSpec) *int64 { return &s.Number })
				e.yes("disabled", "make it disabled", func(s *admin.RouteSpec, yes bool) { s.Enabled = !yes })
			}),
		routes.change(func(e *edits[admin.RouteSpec]) {
			e.text("name", "new name", func(s *admin.RouteSpec) *string { return &s.Name })
			routeFlags(e)
		}),
		routes.set("enable", "Use it again", func(s *admin.RouteSpec) { s.Enabled = true }),
		routes.set("disable", "Take no new messages for it; those in its queue wait until it is enabled, or expire", func(s *admin.RouteSpec) { s.Enabled = false }),
		routes.delete(),
		group("cost", "What the operator takes", costSet(), costRemove()))
}

func routeFlags(e *edits[admin.RouteSpec]) {
	e.flag("connectors", "a=1,b=2", "connectors with their priority (0 when left out): the lowest that is up sends, equal ones share", setConnectors)
	words(e, "types", "types it carries (default sms,unicode,flash)", func(s *admin.RouteSpec) *[]sms.Type { return &s.Types })
	word(e, "long", "how long texts go: udh8, udh16, sar or payload", func(s *admin.RouteSpec) *sms.LongMode { return &s.Long })
	word(e, "on-unknown", "when the answer to a submission is lost: resend or hold", func(s *admin.RouteSpec) *sms.UnknownPolicy { return &s.OnUnknown })
	e.duration("validity", "how long it may take to send (default 24h)", func(s *admin.RouteSpec) *sms.Duration { return &s.Validity })
	e.duration("receipt-wait", "how long after that a receipt is waited for (default 48h)", func(s *admin.RouteSpec) *sms.Duration { return &s.ReceiptWait })
	integer(e, "max-attempts", "submissions of one message (default 20)", func(s *admin.RouteSpec) *int { return &s.MaxAttempts })
	parsed(e, "receipts", "word", "parts of a long text that the operator sends receipts for: all, last or first", func(s *admin.RouteSpec) *sms.ReceiptMode { return &s.Receipts })
	e.duration("query-after", "ask the operator what became of a message without a receipt, so long after it was due; 0: never", func(s *admin.RouteSpec) *sms.Duration { return &s.QueryAfter })
	words(e, "national", "national alphabets that handsets behind it know, such as tr,es; none: the default alphabet only", func(s *admin.RouteSpec) *[]string { return &s.National })
	words(e, "short-codes", "short numbers that may be sent to", func(s *admin.RouteSpec) *[]string { return &s.ShortCodes })
}

// setConnectors reads "gp=1,robi=2".
func setConnectors(s *admin.RouteSpec, text string) error {
	s.Connectors = nil
	for _, w := range commas(text) {
		c := admin.RouteConnector{Name: w}
		if i := strings.LastIndexByte(w, '='); i >= 0 {
			n, err := strconv.Atoi(w[i+1:])
			if err != nil {
				return fmt.Errorf("%q: the priority must be a whole number, such as gp=1", w)
			}
			c = admin.RouteConnector{Name: w[:i], Priority: n}
		}
		s.Connectors = append(s.Connectors, c)
	}
	return nil
}

// anyPrefix stands for every number on the command line.
const anyPrefix = "any"

func prefix(arg string) string {
	if arg == anyPrefix {
		return ""
	}
	return strings.TrimPrefix(arg, "+")
}

func costSet() *cobra.Command {
	var t string
	cmd := &cobra.Command{Use: "set ROUTE PREFIX COST", Short: "Set the cost price of a prefix (any: of all numbers)", Args: wants("ROUTE", "PREFIX", "COST")}
	cmd.ValidArgsFunction = completeNames[admin.RouteSpec](false)
	cmd.Flags().StringVar(&t, "type", "", "only of this type")
	return onStore(cmd, func(s *session, args []string) error {
		cost, err := sms.ParseMoney(args[2])
		if err != nil {
			return usagef("COST: %v", err)
		}
		row := admin.CostSpec{Prefix: prefix(args[1]), Type: sms.Type(t), Cost: cost}
		return routes.alter(s, args[0], func(r *admin.RouteSpec) error {
			r.Costs = slices.DeleteFunc(r.Costs, sameCost(row))
			r.Costs = append(r.Costs, row)
			return nil
		})
	})
}

func costRemove() *cobra.Command {
	var t string
	cmd := &cobra.Command{Use: "remove ROUTE PREFIX", Short: "Remove a cost price", Args: wants("ROUTE", "PREFIX")}
	cmd.ValidArgsFunction = completeNames[admin.RouteSpec](false)
	cmd.Flags().StringVar(&t, "type", "", "of this type")
	return onStore(cmd, func(s *session, args []string) error {
		row := admin.CostSpec{Prefix: prefix(args[1]), Type: sms.Type(t)}
		return routes.alter(s, args[0], func(r *admin.RouteSpec) error {
			if !slices.ContainsFunc(r.Costs, sameCost(row)) {
				return fmt.Errorf("route %s has no cost for prefix %s with this type", r.Name, args[1])
			}
			r.Costs = slices.DeleteFunc(r.Costs, sameCost(row))
			return nil
		})
	})
}

func sameCost(row admin.CostSpec) func(admin.CostSpec) bool {
	return func(c admin.CostSpec) bool { return c.Prefix == row.Prefix && c.Type == row.Type }
}
