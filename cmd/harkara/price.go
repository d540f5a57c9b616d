package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

var prices = noun[admin.PriceListSpec, *admin.PriceListSpec]{
	head: "ID NAME CHARGE_ON PRICES",
	row:  func(p admin.PriceListSpec) []any { return []any{p.ID, p.Name, p.ChargeOn, len(p.Prices)} },
}

func priceCommand() *cobra.Command {
	chargeOn := func(e *edits[admin.PriceListSpec]) {
		e.text("charge-on", "what charges a part: accepted (default) or delivered", func(s *admin.PriceListSpec) *string { return &s.ChargeOn })
	}
	return group("price", "Price lists: what customers pay for one unit",
		prices.list(), prices.show(),
		prices.create("create LIST", "Make a price list", func(s *admin.PriceListSpec, name, _ string) { s.Name = name }, chargeOn),
		prices.change(func(e *edits[admin.PriceListSpec]) {
			e.text("name", "new name", func(s *admin.PriceListSpec) *string { return &s.Name })
			chargeOn(e)
		}),
		prices.delete(), priceSet(), priceRemove())
}

// priceFlags are what a row matches beside its prefix.
func priceFlags(cmd *cobra.Command, row *admin.PriceSpec) {
	cmd.ValidArgsFunction = completeNames[admin.PriceListSpec](false)
	cmd.Flags().StringVar((*string)(&row.Type), "type", "", "only for this type; sms also stands for unicode and flash")
	cmd.Flags().StringVar((*string)(&row.Sender), "sender", "", "only for senders of this kind: alphanumeric or numeric")
	cmd.Flags().StringVar(&row.Route, "route", "", "only for calls that name this route")
}

func priceSet() *cobra.Command {
	var row admin.PriceSpec
	cmd := &cobra.Command{Use: "set LIST PREFIX PRICE", Short: "Set the price of a prefix (any: of all numbers)", Args: wants("LIST", "PREFIX", "PRICE")}
	priceFlags(cmd, &row)
	return onStore(cmd, func(s *session, args []string) (err error) {
		row.Prefix = prefix(args[1])
		if row.Price, err = sms.ParseMoney(args[2]); err != nil {
			return usagef("PRICE: %v", err)
		}
		if err := s.routeName(&row); err != nil {
			return err
		}
		return prices.alter(s, args[0], func(p *admin.PriceListSpec) error {
			p.Prices = append(slices.DeleteFunc(p.Prices, samePrice(row)), row)
			return nil
		})
	})
}

func priceRemove() *cobra.Command {
	var row admin.PriceSpec
	cmd := &cobra.Command{Use: "remove LIST PREFIX", Short: "Remove a price", Args: wants("LIST", "PREFIX")}
	priceFlags(cmd, &row)
	return onStore(cmd, func(s *session, args []string) error {
		row.Prefix = prefix(args[1])
		if err := s.routeName(&row); err != nil {
			return err
		}
		return prices.alter(s, args[0], func(p *admin.PriceListSpec) error {
			if !slices.ContainsFunc(p.Prices, samePrice(row)) {
				return fmt.Errorf("price list %s has no price for prefix %s with this type, sender and route", p.Name, args[1])
			}
			p.Prices = slices.DeleteFunc(p.Prices, samePrice(row))
			return nil
		})
	})
}

// routeName makes the route's name the stored one, so that rows compare.
func (s *session) routeName(row *admin.PriceSpec) error {
	if row.Route == "" {
		return nil
	}
	r, err := admin.Show[admin.RouteSpec](s.ctx, s.desk, admin.Ref{Name: row.Route})
	row.Route = r.Name
	return err
}

func samePrice(row admin.PriceSpec) func(admin.PriceSpec) bool {
	return func(p admin.PriceSpec) bool {
		p.Price = row.Price
		return p == row
	}
}
