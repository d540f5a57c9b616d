package main

import (
	"cmp"
	"time"

	"github.com/spf13/cobra"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

// transfer is a row of the ledger as it is shown.
type transfer struct {
	ID     int64     `json:"id,string"`
	At     time.Time `json:"at"`
	Kind   string    `json:"kind"`
	Amount sms.Money `json:"amount"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
	Key    string    `json:"key"`
}

func newTransfer(t sms.Transfer) transfer {
	return transfer{t.ID, t.At, t.Kind.String(), t.Amount, t.Reason, t.By, t.Key}
}

// bookFlags are what a booking needs beside the amount.
func bookFlags(cmd *cobra.Command, b *admin.Booking) {
	cmd.Flags().StringVar(&b.Reason, "reason", "", "why; the ledger keeps it")
	cmd.Flags().StringVar(&b.Key, "key", "", "of your own, such as an invoice number: the same key books once, however often the command runs")
	cmd.ValidArgsFunction = completeNames[admin.AccountSpec](false)
}

func topUpCommand() *cobra.Command {
	b := admin.Booking{Kind: sms.TransferTopUp}
	cmd := &cobra.Command{Use: "topup NAME AMOUNT", Short: "Add credit that was paid for", Args: wants("NAME", "AMOUNT")}
	bookFlags(cmd, &b)
	return onStore(cmd, func(s *session, args []string) (err error) {
		b.Account = args[0]
		if b.Amount, err = sms.ParseMoney(args[1]); err != nil {
			return usagef("AMOUNT: %v", err)
		}
		return s.book(b)
	})
}

func adjustCommand() *cobra.Command {
	b := admin.Booking{Kind: sms.TransferAdjust}
	var add, take string
	cmd := &cobra.Command{Use: "adjust NAME (--add AMOUNT | --take AMOUNT)", Short: "Correct credit", Args: wants("NAME")}
	cmd.Flags().StringVar(&add, "add", "", "credit to add")
	cmd.Flags().StringVar(&take, "take", "", "credit to take away; no more than is available")
	bookFlags(cmd, &b)
	return onStore(cmd, func(s *session, args []string) (err error) {
		if (add == "") == (take == "") {
			return usagef("give either --add AMOUNT or --take AMOUNT")
		}
		b.Account = args[0]
		if b.Amount, err = sms.ParseMoney(cmp.Or(add, take)); err != nil || b.Amount < 0 {
			return usagef("%q is not an amount above 0", cmp.Or(add, take))
		}
		if take != "" {
			b.Amount = -b.Amount
		}
		return s.book(b)
	})
}

func (s *session) book(b admin.Booking) error {
	if b.Reason == "" {
		return usagef("give a reason with --reason TEXT: the ledger keeps it")
	}
	done, err := s.desk.Book(s.ctx, b)
	if err != nil {
		return err
	}
	if s.json {
		return s.printer.show(struct {
			transfer
			Replayed bool    `json:"replayed"`
			Credit   balance `json:"credit"`
		}{newTransfer(done.Transfer), done.Replayed, newBalance(done.Balance)}, nil)
	}
	if done.Replayed {
		s.say("this key was booked before, at %s: nothing changed", cell(done.At))
	}
	s.say("%s of %s for account %s; available now: %s", done.Kind, done.Amount, b.Account, done.Balance.Available())
	return nil
}

func ledgerCommand() *cobra.Command {
	var before int64
	cmd := &cobra.Command{Use: "ledger NAME", Short: "List the transfers of an account, the latest first", Args: wants("NAME")}
	cmd.ValidArgsFunction = completeNames[admin.AccountSpec](false)
	cmd.Flags().Int64Var(&before, "before", 0, "only those before this id, to page on")
	limit := limitFlag(cmd)
	return onStore(cmd, func(s *session, args []string) error {
		rows, err := s.desk.Transfers(s.ctx, args[0], before, *limit)
		if err != nil {
			return err
		}
		list := make([]transfer, 0, len(rows))
		for _, t := range rows {
			list = append(list, newTransfer(t))
		}
		return s.table(list, "ID AT KIND AMOUNT REASON BY KEY", func(row func(...any)) {
			for _, t := range list {
				row(t.ID, t.At, t.Kind, t.Amount, t.Reason, t.By, t.Key)
			}
		})
	})
}
