package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"
)

func TestMoneyString(t *testing.T) {
	for m, want := range map[Money]string{0: "0", 1: "0.000001", -1: "-0.000001", Credit: "1", -Credit: "-1", 350_000: "0.35", 12_500_000: "12.5",
		-3_000_001: "-3.000001", 1_000_000_000_000: "1000000", math.MaxInt64: "9223372036854.775807", math.MinInt64: "-9223372036854.775808"} {
		if m.String() != want {
			t.Errorf("%d prints %s, want %s", int64(m), m, want)
		}
	}
}

func TestParseMoney(t *testing.T) {
	for in, want := range map[string]Money{"12": 12 * Credit, "0.35": 350_000, "-4.5": -4_500_000, ".5": 500_000, "-.5": -500_000, " 7 ": 7 * Credit,
		"0": 0, "-0": 0, "007": 7 * Credit, "0.000001": 1, "9223372036854.775806": math.MaxInt64 - 1} {
		if got, err := ParseMoney(in); err != nil || got != want {
			t.Errorf("%q is %d, %v, want %d", in, got, err, want)
		}
	}
	for _, in := range []string{"", " ", ".", "-", "-.", "5.", "1.0000001", "1,5", "+5", "--5", "1e3", "0x10", "1 000", "５", "1.2.3", "NaN",
		"9223372036855", "99999999999999999999", "-99999999999999999999", "1.-5"} {
		if got, err := ParseMoney(in); err == nil {
			t.Errorf("%q is %s, want an error", in, got)
		}
	}
}

func TestMoneyRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.Int64Range(math.MinInt64+2, math.MaxInt64-1).Draw(t, "amount"))
		if got, err := ParseMoney(m.String()); err != nil || got != m {
			t.Fatalf("%d printed %s, read %d, %v", int64(m), m, int64(got), err)
		}
		b, err := json.Marshal(m)
		var got Money
		if err = errors.Join(err, json.Unmarshal(b, &got)); err != nil || got != m || string(b) != `"`+m.String()+`"` {
			t.Fatalf("JSON of %s is %s, read %s, %v", m, b, got, err)
		}
	})
	var m Money = 5
	if err := json.Unmarshal([]byte(`"five"`), &m); err == nil || m != 5 {
		t.Errorf("an amount that is none: %s, %v", m, err)
	}
	if err := json.Unmarshal([]byte(`0.1`), &m); err == nil {
		t.Errorf("a float was read as %s", m)
	}
}

func TestMoneyWhole(t *testing.T) {
	for m, want := range map[Money]int64{0: 0, 1: 0, Credit: 1, Credit - 1: 0, -1: -1, -Credit: -1, -Credit - 1: -2, 12_999_999: 12} {
		if got := m.Whole(); got != want {
			t.Errorf("%s is %d whole credits, want %d", m, got, want)
		}
	}
}

// TestMoneyTimes compares with arithmetic that does not overflow.
func TestMoneyTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Money(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-5, 5)).Draw(t, "price"))
		n := int(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-5, 300)).Draw(t, "units"))
		exact := new(big.Int).Mul(big.NewInt(int64(m)), big.NewInt(int64(n)))
		got, ok := m.Times(n)
		want := exact.IsInt64() && (n >= 0 || m == 0)
		if ok != want || ok && int64(got) != exact.Int64() {
			t.Fatalf("%d times %d is %d, %v; exactly %s", int64(m), n, int64(got), ok, exact)
		}
	})
}

// TestSides: posted is Wallet + Hold and reserved is Hold, so the sides decide
// what each kind does to a balance.
func TestSides(t *testing.T) {
	for kind, want := range map[TransferKind]string{TransferReserve: "1>2", TransferCapture: "2>3", TransferRelease: "2>1",
		TransferTopUp: "4>1", TransferAdjust: "5>1", TransferRefund: "3>1", 0: "0>0", 7: "0>0"} {
		debit, credit := kind.Sides()
		if got := fmt.Sprintf("%d>%d", debit, credit); got != want {
			t.Errorf("%s moves %s, want %s", kind, got, want)
		}
	}
}

func TestAvailable(t *testing.T) {
	b := Balance{Posted: 10 * Credit, Reserved: 4 * Credit, CreditLimit: 3 * Credit}
	if got := b.Available(); got != 9*Credit {
		t.Errorf("available is %s", got)
	}
}
