package flow

import (
	"context"
	"errors"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const (
	keeperBatch = 500
	// purgeBatch is more than come in between two steps under load: each accepted
	// call leaves a key.
	purgeBatch = 1000
	purgeEvery = 30 * time.Second
)

// keeper does what time alone brings: scheduled messages start, what was not
// sent in time expires, what nobody spoke of is asked about and then closed, old
// rows go.
type keeper struct {
	flow    *Flow
	wake    bell
	purged  time.Time
	release release
}

func newKeeper(f *Flow) *keeper { return &keeper{flow: f, wake: newBell(), release: release{flow: f}} }

// step does each duty, whatever becomes of the others.
func (k *keeper) step(ctx context.Context, now time.Time) (time.Time, error) {
	left := k.flow.tenure.step(ctx, now)
	more, released := k.release.step(ctx, now)
	due, expired := k.expire(ctx, now)
	again, purged := k.purge(ctx, now)
	return sooner(more, sooner(due, again)), errors.Join(left, released, expired, purged)
}

// expire ends and starts what is due.
func (k *keeper) expire(ctx context.Context, now time.Time) (time.Time, error) {
	done, err := k.flow.Store.ExpireDue(ctx, now, keeperBatch, k.flow.startRule(), k.flow.host.askRule())
	for i := range done.Ask {
		k.flow.host.ask(&done.Ask[i])
	}
	switch {
	case err != nil:
		return time.Time{}, err
	case done.N > 0:
		k.flow.OnTold()
		k.flow.host.wakeAll()
		return now, nil // more may be due, and what started can be sent
	case !done.Next.After(now):
		return time.Time{}, nil // due and not changed: asking at once again would not help
	}
	return done.Next, nil
}

// purge drops old rows, without a pause while there are many.
func (k *keeper) purge(ctx context.Context, now time.Time) (time.Time, error) {
	if now.Sub(k.purged) < purgeEvery {
		return time.Time{}, nil
	}
	n, err := k.flow.Store.Purge(ctx, now, k.flow.PartialAfter, purgeBatch, k.flow.inboundRules())
	if n > 0 {
		k.flow.OnTold() // of incomplete replies that are given up
	}
	switch {
	case err != nil:
		return time.Time{}, err
	case n >= purgeBatch:
		return now, nil
	}
	k.purged = now
	return time.Time{}, nil
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
	w.flow.keeper.release.compare(w.flow.Catalog(), cat)
	w.flow.follow(cat)
	w.flow.host.change.ring()
	w.flow.keeper.wake.ring()
	return time.Time{}, nil
}
