package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
)

func ledgerCases() []testCase {
	return []testCase{
		{"each kind", ledgerKinds},
		{"refused", ledgerRefused},
		{"not more than is available", ledgerAvailable},
		{"a key books once", ledgerKey},
		{"transfers are paged back", ledgerPages},
		{"32 race for half of it", ledgerRace},
	}
}

func ledgerKinds(f *fix) {
	a := f.account("a", 0)
	for _, c := range []struct {
		kind          sms.TransferKind
		amount        sms.Money
		debit, credit sms.LedgerAccount
		balance       string
	}{
		{sms.TransferTopUp, 10 * sms.Credit, sms.Funding, sms.Wallet, "10/0/10"},
		{sms.TransferAdjust, 2_500_000, sms.Adjustment, sms.Wallet, "12.5/0/12.5"},
		{sms.TransferAdjust, -3 * sms.Credit, sms.Adjustment, sms.Wallet, "9.5/0/9.5"},
		{sms.TransferRefund, 1, sms.Revenue, sms.Wallet, "9.500001/0/9.500001"},
	} {
		f.later(time.Minute)
		got, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: c.kind, Amount: c.amount, Reason: "because", By: "alice"})
		f.ok(err)
		want(f, c.kind.String(), got, sms.Transfer{ID: got.ID, AccountID: a, Kind: c.kind, Debit: c.debit, Credit: c.credit, Amount: c.amount,
			Reason: "because", By: "alice", At: f.now})
		rows, err := f.s.Transfers(f.ctx, a, 0, 1)
		f.ok(err)
		want(f, "as stored", []sms.Transfer{rows[0]}, []sms.Transfer{got})
		want(f, "balance", f.balance(a), c.balance)
	}
}

func ledgerRefused(f *fix) {
	a := f.account("a", 10*sms.Credit)
	before := view(f)
	for _, c := range []struct {
		account int64
		kind    sms.TransferKind
		amount  sms.Money
		code    sms.Code
	}{
		{a, sms.TransferReserve, 1, sms.CodeInvalid},
		{a, sms.TransferCapture, 1, sms.CodeInvalid},
		{a, sms.TransferRelease, 1, sms.CodeInvalid},
		{a, 0, 1, sms.CodeInvalid},
		{a, sms.TransferTopUp, 0, sms.CodeInvalid},
		{a, sms.TransferTopUp, -1, sms.CodeInvalid},
		{a, sms.TransferRefund, -1, sms.CodeInvalid},
		{a, sms.TransferAdjust, 0, sms.CodeInvalid},
		{999999, sms.TransferTopUp, 1, sms.CodeNotFound},
		{a, sms.TransferAdjust, -11 * sms.Credit, sms.CodeCredit},
	} {
		_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: c.account, Kind: c.kind, Amount: c.amount, Key: "k"})
		f.refused(err, c.code)
		want(f, "nothing was written", view(f), before)
	}
	_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: 1, Key: "k"})
	f.ok(err)
	want(f, "a refused one leaves no key", f.balance(a), "10.000001/0/10.000001")
}

func ledgerAvailable(f *fix) {
	a := f.account("a", 10*sms.Credit, creditLimit(2*sms.Credit))
	f.accept(f.call(a, 4))
	take := func(m sms.Money) error {
		_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferAdjust, Amount: -m})
		return err
	}
	f.refused(take(8*sms.Credit+1), sms.CodeCredit)
	f.ok(take(8 * sms.Credit))
	want(f, "balance", f.balance(a), "2/4/0")
	f.refused(take(1), sms.CodeCredit)
}

func ledgerKey(f *fix) {
	a, b := f.account("a", 0), f.account("b", 0)
	post := func(account int64, amount sms.Money, key string) sms.Transfer {
		row, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: account, Kind: sms.TransferTopUp, Amount: amount, Key: key, Reason: "r"})
		f.ok(err)
		return row
	}
	first := post(a, sms.Credit, "k")
	f.later(1000 * time.Hour)
	want(f, "the same key", post(a, 5*sms.Credit, "k"), first)
	want(f, "another account", post(b, 2*sms.Credit, "k").Amount, 2*sms.Credit)
	post(a, sms.Credit, "K")
	post(a, sms.Credit, "")
	post(a, sms.Credit, "")
	want(f, "balances", f.balance(a)+" "+f.balance(b), "4/0/4 2/0/2")
	want(f, "key is kept", first.Key, "k")
}

func ledgerPages(f *fix) {
	a, b := f.account("a", 0), f.account("b", 0)
	var ids []int64
	for i := range 5 {
		row, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: sms.Money(i + 1)})
		f.ok(err)
		ids = append(ids, row.ID)
		_, err = f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: b, Kind: sms.TransferTopUp, Amount: 1})
		f.ok(err)
	}
	page := func(before int64, limit int) (amounts []int64) {
		rows, err := f.s.Transfers(f.ctx, a, before, limit)
		f.ok(err)
		for _, row := range rows {
			amounts = append(amounts, int64(row.Amount))
		}
		return amounts
	}
	want(f, "newest", page(0, 2), []int64{5, 4})
	want(f, "before them", page(ids[3], 2), []int64{3, 2})
	want(f, "the last", page(ids[1], 2), []int64{1})
	want(f, "none", page(ids[0], 2), []int64(nil))
}

func ledgerRace(f *fix) {
	a := f.account("a", 16*sms.Credit)
	done := together(32, func(int) bool {
		_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferAdjust, Amount: -sms.Credit})
		if err != nil && sms.CodeOf(err) != sms.CodeCredit {
			f.Errorf("Post: %v", err)
		}
		return err == nil
	})
	n := 0
	for _, ok := range done {
		if ok {
			n++
		}
	}
	want(f, "booked", n, 16)
	want(f, "balance", f.balance(a), "0/0/0")
}
