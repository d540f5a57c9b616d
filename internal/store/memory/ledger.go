package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// Post implements store.Ledger.
func (s *Store) Post(ctx context.Context, now time.Time, row sms.Transfer) (written sms.Transfer, err error) {
	err = s.run(ctx, VerbPost, now, func(t *tx) error {
		written, err = t.post(row)
		return err
	})
	if err != nil {
		return sms.Transfer{}, err
	}
	return written, nil
}

func (t *tx) post(row sms.Transfer) (sms.Transfer, error) {
	switch row.Kind {
	case sms.TransferTopUp, sms.TransferRefund:
		if row.Amount <= 0 {
			return row, sms.Fail(sms.CodeInvalid, fmt.Sprintf("a %s of %s moves nothing to the account: give an amount above 0", row.Kind, row.Amount))
		}
	case sms.TransferAdjust:
		if row.Amount == 0 {
			return row, sms.Fail(sms.CodeInvalid, "an adjustment of 0 changes nothing: give an amount")
		}
	default:
		return row, sms.Fail(sms.CodeInvalid, "only top-ups, adjustments and refunds are posted by hand")
	}
	account, ok := t.accounts[row.AccountID]
	if !ok {
		return row, noAccount(row.AccountID)
	}
	key := callKey{row.AccountID, row.Key}
	if id, ok := t.postKeys[key]; ok {
		return t.transfers[id], nil
	}
	if left := account.balance.Available(); row.Amount < 0 && -row.Amount > left {
		return row, sms.Fail(sms.CodeCredit, fmt.Sprintf("the account has only %s left to take", left))
	}
	id := t.transfer(row)
	t.settle(row.AccountID, row.Kind, row.Amount)
	if row.Key != "" {
		put(t, t.postKeys, key, id)
	}
	return t.transfers[id], nil
}

// Transfers implements store.Ledger.
func (s *Store) Transfers(ctx context.Context, account, before int64, limit int) (list []sms.Transfer, err error) {
	err = s.look(ctx, VerbTransfers, func(t *tx) error {
		top := numbered{account + 1, 0}
		if before > 0 {
			top = numbered{account, before}
		}
		for key := range t.booklet.below(top) {
			if key.account != account || len(list) >= limit {
				break
			}
			list = append(list, t.transfers[key.number])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}
