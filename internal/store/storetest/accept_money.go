package storetest

import (
	"sync"

	"github.com/harkara/harkara/internal/sms"
)

func acceptMoneyCases() []testCase {
	return []testCase{
		{"one transfer per account and batch", acceptTransfers},
		{"to the last micro-credit", acceptExactly},
		{"credit limit", acceptCreditLimit},
		{"what costs nothing needs no credit", acceptFree},
		{"a lowered credit limit", acceptLoweredLimit},
		{"32 callers race for half of it", acceptRace},
	}
}

func acceptTransfers(f *fix) {
	a, b := f.account("a", 10*sms.Credit), f.account("b", 10*sms.Credit)
	free := f.call(a, 1, func(m *sms.Message) { m.Price, m.Reserved = 0, 0 })
	got := f.acceptAll(f.call(a, 2), f.call(b, 1), f.call(a, 1, parts(3)), free)
	want(f, "transfers of a", f.transfers(a), "topup 10 reserve 5")
	want(f, "transfers of b", f.transfers(b), "topup 10 reserve 1")
	rows, err := f.s.Transfers(f.ctx, a, 0, 1)
	f.ok(err)
	row := rows[0]
	want(f, "transfer", row, sms.Transfer{ID: row.ID, AccountID: a, Kind: sms.TransferReserve, Debit: sms.Wallet, Credit: sms.Hold, Amount: 5 * sms.Credit, At: f.now})
	want(f, "first message points at it", f.read(a, got[0].Group.FirstMessage).ReserveID, row.ID)
	want(f, "long message points at it", f.read(a, got[2].Group.FirstMessage).ReserveID, row.ID)
	want(f, "free message points at none", f.read(a, got[3].Group.FirstMessage).ReserveID, int64(0))
}

func acceptExactly(f *fix) {
	a := f.account("a", 3*sms.Credit-1)
	f.refused(f.acceptAll(f.call(a, 3))[0].Err, sms.CodeCredit)
	_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: 1})
	f.ok(err)
	f.accept(f.call(a, 3))
	want(f, "balance", f.balance(a), "3/3/0")
	f.refused(f.acceptAll(f.call(a, 1, func(m *sms.Message) { m.Price, m.Reserved = 1, 1 }))[0].Err, sms.CodeCredit)
}

func acceptCreditLimit(f *fix) {
	a := f.account("a", sms.Credit, creditLimit(2*sms.Credit))
	want(f, "before", f.balance(a), "1/0/3")
	f.refused(f.acceptAll(f.call(a, 4))[0].Err, sms.CodeCredit)
	f.accept(f.call(a, 3))
	want(f, "after", f.balance(a), "1/3/0")
	f.refused(f.acceptAll(f.call(a, 1))[0].Err, sms.CodeCredit)
}

func acceptFree(f *fix) {
	a := f.account("a", sms.Credit)
	f.accept(f.call(a, 1))
	bad := f.call(a, 1, failed)
	f.accept(bad)
	want(f, "balance", f.balance(a), "1/1/0")
}

func acceptLoweredLimit(f *fix) {
	a := f.account("a", 0, creditLimit(5*sms.Credit))
	f.accept(f.call(a, 4))
	_, err := updateAccount(f, a, func(n *sms.Account) { n.CreditLimit = 0 })
	f.ok(err)
	want(f, "below zero", f.balance(a), "0/4/-4")
	f.refused(f.acceptAll(f.call(a, 1))[0].Err, sms.CodeCredit)
	f.accept(f.call(a, 1, failed))
	want(f, "what is free goes", f.balance(a), "0/4/-4")
}

func acceptRace(f *fix) {
	const callers, calls = 32, 4
	a := f.account("a", callers*calls/2*sms.Credit)
	accepted := together(callers, func(int) (n int) {
		for range calls {
			got, err := f.s.Accept(f.ctx, f.now, []sms.Call{f.call(a, 1)})
			switch {
			case err != nil:
				f.Errorf("Accept: %v", err)
			case got[0].Err == nil:
				n++
			case sms.CodeOf(got[0].Err) != sms.CodeCredit:
				f.Errorf("a call was refused with %v", got[0].Err)
			}
		}
		return n
	})
	total := 0
	for _, n := range accepted {
		total += n
	}
	want(f, "accepted", total, callers*calls/2)
	want(f, "balance", f.balance(a), "64/64/0")
}

// together runs n functions at the same time and collects their answers.
func together[R any](n int, run func(i int) R) []R {
	answers := make([]R, n)
	var (
		begin sync.WaitGroup
		done  sync.WaitGroup
	)
	begin.Add(1)
	for i := range n {
		done.Go(func() {
			begin.Wait()
			answers[i] = run(i)
		})
	}
	begin.Done()
	done.Wait()
	return answers
}
