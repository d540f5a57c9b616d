package admin

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// mostBooked bounds one top-up or adjustment: a slip of the finger must not make
// a balance that sums overflow.
const mostBooked = 1_000_000_000_000 * sms.Credit

// Booking is credit that an operator moves.
type Booking struct {
	Kind    sms.TransferKind // sms.TransferTopUp, TransferAdjust or TransferRefund
	Account string
	Amount  sms.Money // above 0, except for an adjustment
	Reason  string
	Key     string // the same key books once; may be empty
}

// Booked is the answer to a booking.
type Booked struct {
	sms.Transfer
	Replayed bool // the key was known: Transfer is the first one's
	Balance  sms.Balance
}

// Book moves credit.
func (d *Desk) Book(ctx context.Context, k Booking) (Booked, error) {
	k.Reason = strings.TrimSpace(k.Reason)
	if k.Reason == "" {
		return Booked{}, sms.Fail(sms.CodeInvalid, "give a reason: the ledger keeps it")
	}
	if k.Amount > mostBooked || k.Amount < -mostBooked {
		return Booked{}, sms.Fail(sms.CodeInvalid, fmt.Sprintf("at most %s can be moved at a time", mostBooked))
	}
	account, err := d.account(ctx, k.Account)
	if err != nil {
		return Booked{}, err
	}
	now := d.Now().UTC().Truncate(time.Microsecond)
	debit, credit := k.Kind.Sides()
	t, err := d.Store.Post(ctx, now, sms.Transfer{AccountID: account.ID, Kind: k.Kind, Debit: debit, Credit: credit,
		Amount: k.Amount, Reason: k.Reason, By: d.By, Key: k.Key, At: now})
	if err != nil {
		return Booked{}, err
	}
	if t.Kind != k.Kind || t.Amount != k.Amount {
		return Booked{}, sms.Fail(sms.CodeConflict, fmt.Sprintf("the key %q belongs to a %s of %s; nothing was booked: choose another key",
			k.Key, t.Kind, t.Amount))
	}
	balance, err := d.Store.Balance(ctx, account.ID)
	return Booked{Transfer: t, Replayed: k.Key != "" && !t.At.Equal(now), Balance: balance}, err
}

// Balance of an account.
func (d *Desk) Balance(ctx context.Context, account string) (sms.Balance, error) {
	a, err := d.account(ctx, account)
	if err != nil {
		return sms.Balance{}, err
	}
	return d.Store.Balance(ctx, a.ID)
}

// Transfers of an account, newest first, before an id (0: newest).
func (d *Desk) Transfers(ctx context.Context, account string, before int64, limit int) ([]sms.Transfer, error) {
	a, err := d.account(ctx, account)
	if err != nil {
		return nil, err
	}
	return d.Store.Transfers(ctx, a.ID, before, limit)
}

func (d *Desk) account(ctx context.Context, name string) (*sms.Account, error) {
	b, err := readBook(ctx, d.Store)
	if err != nil {
		return nil, err
	}
	n, err := b.find(sms.KindAccount, Ref{Name: name})
	if err != nil {
		return nil, err
	}
	return n.(*sms.Account), nil
}
