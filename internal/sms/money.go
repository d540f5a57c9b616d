package sms

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Money is an amount of credit in micro-credits (1 credit = 1,000,000). There
// are no floats anywhere in the money path.
type Money int64

// Credit is one whole credit.
const Credit Money = 1_000_000

// String prints the amount as a plain decimal without superfluous zeros:
// "12", "0.35", "-3.000001".
func (m Money) String() string {
	sign, u := "", uint64(m)
	if m < 0 {
		sign, u = "-", -u
	}
	whole, frac := u/uint64(Credit), u%uint64(Credit)
	if frac == 0 {
		return sign + strconv.FormatUint(whole, 10)
	}
	return sign + strconv.FormatUint(whole, 10) + "." + strings.TrimRight(fmt.Sprintf("%06d", frac), "0")
}

// Whole is the amount rounded down to whole credits, as the balance call of the
// smsAPI prints it.
func (m Money) Whole() int64 {
	w := int64(m / Credit)
	if m < 0 && m%Credit != 0 {
		w--
	}
	return w
}

// Times multiplies a price by a number of units; ok is false on overflow.
func (m Money) Times(n int) (_ Money, ok bool) {
	if n == 0 || m == 0 {
		return 0, true
	}
	p := m * Money(n)
	return p, p/Money(n) == m && n > 0
}

// ParseMoney reads a decimal such as "12", "0.35" or "-4.5" with at most six
// decimals.
func ParseMoney(s string) (Money, error) {
	bad := func() (Money, error) {
		return 0, fmt.Errorf("%q is not an amount: write a decimal such as 12 or 0.35, with at most six decimals", s)
	}
	t := strings.TrimSpace(s)
	neg := strings.HasPrefix(t, "-")
	whole, frac, dot := strings.Cut(strings.TrimPrefix(t, "-"), ".")
	if whole == "" && frac == "" || dot && frac == "" || len(frac) > 6 {
		return bad()
	}
	if whole == "" {
		whole = "0"
	}
	digits := whole + frac + strings.Repeat("0", 6-len(frac))
	for _, c := range digits {
		if c < '0' || c > '9' {
			return bad()
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n == math.MaxInt64 {
		return bad()
	}
	if neg {
		n = -n
	}
	return Money(n), nil
}

// MarshalText prints the decimal form, so that JSON and YAML carry amounts as
// strings and never as floats.
func (m Money) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText printed.
func (m *Money) UnmarshalText(b []byte) error {
	v, err := ParseMoney(string(b))
	if err == nil {
		*m = v
	}
	return err
}

// LedgerAccount is one side of a transfer. Wallet and Hold belong to a customer,
// the others to the house.
type LedgerAccount uint8

// The accounts of the ledger. posted = Wallet + Hold, reserved = Hold.
const (
	Wallet     LedgerAccount = 1 // what the customer may spend
	Hold       LedgerAccount = 2 // reserved for accepted messages
	Revenue    LedgerAccount = 3 // captured
	Funding    LedgerAccount = 4 // where top-ups come from
	Adjustment LedgerAccount = 5 // corrections by an operator
)

// TransferKind says why credit moved. The numbers are stored: never reuse one.
type TransferKind uint8

// Kinds of transfer.
const (
	TransferReserve TransferKind = 1 // accept:            Wallet  → Hold
	TransferCapture TransferKind = 2 // part accepted:     Hold    → Revenue
	TransferRelease TransferKind = 3 // refused, not sent: Hold    → Wallet
	TransferTopUp   TransferKind = 4 // Funding → Wallet
	TransferAdjust  TransferKind = 5 // Adjustment ↔ Wallet, the amount may be negative
	TransferRefund  TransferKind = 6 // Revenue → Wallet
)

var transferNames = map[TransferKind]string{TransferReserve: "reserve", TransferCapture: "capture",
	TransferRelease: "release", TransferTopUp: "topup", TransferAdjust: "adjust", TransferRefund: "refund"}

// String is the word an operator reads.
func (k TransferKind) String() string { return transferNames[k] }

// Sides are the accounts a transfer of this kind debits and credits.
func (k TransferKind) Sides() (debit, credit LedgerAccount) {
	switch k {
	case TransferReserve:
		return Wallet, Hold
	case TransferCapture:
		return Hold, Revenue
	case TransferRelease:
		return Hold, Wallet
	case TransferTopUp:
		return Funding, Wallet
	case TransferAdjust:
		return Adjustment, Wallet
	case TransferRefund:
		return Revenue, Wallet
	}
	return 0, 0
}

// Transfer is one row of the ledger. Being debit, credit and one amount, it
// balances by construction. Life-cycle batches write one transfer per account
// and kind, and the messages and parts point at it.
type Transfer struct {
	ID        int64
	AccountID int64
	Kind      TransferKind
	Debit     LedgerAccount
	Credit    LedgerAccount
	Amount    Money
	Reason    string // why, for top-ups and adjustments
	By        string // who, for the same
	Key       string // makes a top-up idempotent; may be empty
	At        time.Time
}

// Balance is what an account has.
type Balance struct {
	AccountID   int64
	Posted      Money // topped up minus captured
	Reserved    Money // held for accepted messages
	CreditLimit Money
}

// Available is what may still be spent: posted − reserved + credit limit.
func (b Balance) Available() Money { return b.Posted - b.Reserved + b.CreditLimit }
