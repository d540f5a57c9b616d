package sqlstore

import (
	"context"
	"math"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

const transferColumns = `id, account_id, kind, debit, credit, amount, reason, actor, idempotency_key, at`

// InsertTransfer stores a row of the ledger that has its id.
func (s *Store) InsertTransfer(ctx context.Context, c Conn, t *sms.Transfer) error {
	_, err := s.exec(ctx, c, `INSERT INTO transfer (`+transferColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		t.ID, t.AccountID, int64(t.Kind), int64(t.Debit), int64(t.Credit), int64(t.Amount), t.Reason, t.By, t.Key, Micros(t.At))
	return err
}

func scanTransfer(scan Scan) (t sms.Transfer, err error) {
	var kind, debit, credit, amount, at int64
	err = scan(&t.ID, &t.AccountID, &kind, &debit, &credit, &amount, &t.Reason, &t.By, &t.Key, &at)
	t.Kind, t.Debit, t.Credit = sms.TransferKind(kind), sms.LedgerAccount(debit), sms.LedgerAccount(credit)
	t.Amount, t.At = sms.Money(amount), Time(at)
	return t, err
}

// Balance of the account.
func (s *Store) Balance(ctx context.Context, c Conn, account int64) (sms.Balance, error) {
	return s.balance(ctx, c, account, "")
}

func (s *Store) balance(ctx context.Context, c Conn, account int64, lock string) (sms.Balance, error) {
	var posted, reserved, limit int64
	found, err := s.one(ctx, c, []any{&posted, &reserved, &limit},
		`SELECT posted, reserved, credit_limit FROM account WHERE id = ?`+lock, account)
	if err == nil && !found {
		err = noAccount()
	}
	return sms.Balance{AccountID: account, Posted: sms.Money(posted), Reserved: sms.Money(reserved), CreditLimit: sms.Money(limit)}, err
}

// Post books a top-up, an adjustment or a refund.
func (s *Store) Post(ctx context.Context, c Conn, now time.Time, t sms.Transfer) (sms.Transfer, error) {
	if err := checkPost(t); err != nil {
		return sms.Transfer{}, err
	}
	b, err := s.balance(ctx, c, t.AccountID, s.d.ForUpdate)
	if err != nil {
		return sms.Transfer{}, err
	}
	if t.Key != "" {
		first, known, err := s.transferByKey(ctx, c, t.AccountID, t.Key)
		if err != nil || known {
			return first, err
		}
	}
	if t.Amount < 0 && b.Available()+t.Amount < 0 {
		return sms.Transfer{}, sms.Fail(sms.CodeCredit, "the account has only "+b.Available().String()+" available; take no more than that")
	}
	if t.Amount > 0 && b.Posted > math.MaxInt64/2-t.Amount {
		return sms.Transfer{}, sms.Fail(sms.CodeInvalid, "the balance would grow beyond what can be counted; post a smaller amount")
	}
	if t.ID, err = s.number(ctx, c, s.d.NextTransfer); err != nil {
		return sms.Transfer{}, err
	}
	t.Debit, t.Credit = t.Kind.Sides()
	t.At = Time(Micros(now))
	if err := s.InsertTransfer(ctx, c, &t); err != nil {
		return sms.Transfer{}, err
	}
	_, err = s.exec(ctx, c, `UPDATE account SET posted = posted + ? WHERE id = ?`, int64(t.Amount), t.AccountID)
	return t, err
}

func checkPost(t sms.Transfer) error {
	switch t.Kind {
	case sms.TransferTopUp, sms.TransferRefund:
		if t.Amount <= 0 {
			return sms.Fail(sms.CodeInvalid, "the amount of a "+t.Kind.String()+" must be larger than zero")
		}
	case sms.TransferAdjust:
		if t.Amount == 0 {
			return sms.Fail(sms.CodeInvalid, "an adjustment of zero changes nothing; give an amount")
		}
		if t.Amount < -math.MaxInt64/2 {
			return sms.Fail(sms.CodeInvalid, "the amount is beyond what can be counted")
		}
	default:
		return sms.Fail(sms.CodeInvalid, "only top-ups, adjustments and refunds are posted by hand")
	}
	return nil
}

func (s *Store) transferByKey(ctx context.Context, c Conn, account int64, key string) (t sms.Transfer, known bool, err error) {
	err = s.query(ctx, c, func(scan Scan) (err error) {
		known = true
		t, err = scanTransfer(scan)
		return err
	}, `SELECT `+transferColumns+` FROM transfer WHERE account_id = ? AND idempotency_key = ? AND idempotency_key <> ''`, account, key)
	return t, known, err
}

// Transfers of the account, newest first, before an id (0: from the newest).
func (s *Store) Transfers(ctx context.Context, c Conn, account, before int64, limit int) (list []sms.Transfer, err error) {
	if before == 0 {
		before = math.MaxInt64
	}
	err = s.query(ctx, c, func(scan Scan) error {
		t, err := scanTransfer(scan)
		list = append(list, t)
		return err
	}, `SELECT `+transferColumns+` FROM transfer WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
		account, before, atMost(limit))
	return list, err
}

// EachTransfer visits the whole ledger in order of id.
func (s *Store) EachTransfer(ctx context.Context, c Conn, visit func(sms.Transfer) error) error {
	return s.query(ctx, c, func(scan Scan) error {
		t, err := scanTransfer(scan)
		if err != nil {
			return err
		}
		return visit(t)
	}, `SELECT `+transferColumns+` FROM transfer ORDER BY id`)
}
