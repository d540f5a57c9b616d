package flow

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const (
	keeperBatch = 500
	purgeEvery  = 30 * time.Second
)

// keeper does what time alone brings: scheduled messages start, what was not
// sent in time expires, what nobody spoke of is closed, old rows go.
type keeper struct {
	flow   *Flow
	wake   bell
	purged time.Time
}

func newKeeper(f *Flow) *keeper { return &keeper{flow: f, wake: newBell()} }

func (k *keeper) step(ctx context.Context, now time.Time) (time.Time, error) {
	n, next, err := k.flow.Store.ExpireDue(ctx, now, keeperBatch, k.flow.startRule())
	if err != nil {
		return time.Time{}, err
	}
	if n > 0 {
		k.flow.host.wakeAll()
		return now, nil // more may be due, and what started can be sent
	}
	if now.Sub(k.purged) >= purgeEvery {
		n, err := k.flow.Store.Purge(ctx, now, k.flow.PartialAfter, keeperBatch, k.flow.inboundRules())
		if err != nil {
			return time.Time{}, err
		}
		if n < keeperBatch {
			k.purged = now
		}
	}
	return next, nil
}

// startRule looks at a scheduled message again at its due time: what was allowed
// when it was accepted may not be any more.
func (f *Flow) startRule() store.StartFunc {
	cat := f.Catalog()
	return func(m *sms.Message, g *sms.Group, available sms.Money) sms.Reason {
		account := cat.Account(m.AccountID)
		sender := cat.Sender(m.AccountID, g.From)
		switch {
		case account == nil || !account.Enabled:
			return sms.ReasonAccount
		case sender == nil || sender.Status != sms.SenderApproved:
			return sms.ReasonSender
		case available < 0:
			return sms.ReasonCredit
		}
		return ""
	}
}

// watcher swaps the catalog when the configuration has changed, whoever
// changed it: the command line writes to the same database.
type watcher struct{ flow *Flow }

func (w *watcher) step(ctx context.Context, now time.Time) (time.Time, error) {
	version, err := w.flow.Store.DocsVersion(ctx)
	if err != nil || version == w.flow.Catalog().Version {
		return time.Time{}, err
	}
	cat, err := store.Catalog(ctx, w.flow.Store)
	if err != nil {
		return time.Time{}, err
	}
	w.flow.catalog.Store(cat)
	w.flow.host.change.ring()
	return time.Time{}, nil
}
