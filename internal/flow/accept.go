package flow

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// keyFor is how long the key lives that flow makes for a call without one: it
// only has to outlive the asking after a lost commit.
const keyFor = 10 * time.Minute

// largeFrom messages a call is a batch of its own, so that small ones do not
// wait in one transaction with it.
const largeFrom = 1000

// After a lost commit the first question follows at once, the next ones after a
// pause that doubles.
const (
	askFirst = 10 * time.Millisecond
	askMost  = 500 * time.Millisecond
)

// Accept checks, prices and stores a call. When it returns nil the messages are
// durable, their credit is reserved, and they will be sent. An error means that
// nothing was kept and nothing charged, except the one that says that this is
// not known: the answer of the database was lost, and it gave none to the same
// question within CommitWait. The same call with the same Key is then safe.
func (f *Flow) Accept(ctx context.Context, req Request) (store.Accepted, error) {
	start := f.Now()
	done, err := f.accept(ctx, &req, start)
	switch took := f.Now().Sub(start); {
	case err != nil:
		f.Meter.Refused(req.Face, sms.CodeOf(err), took)
	case !done.Replayed:
		f.Meter.Accepted(req.Face, done.Group.Count, took)
	}
	return done, err
}

func (f *Flow) accept(ctx context.Context, req *Request, now time.Time) (store.Accepted, error) {
	call, err := f.planner(now).plan(req)
	if err != nil {
		return store.Accepted{}, err
	}
	if call.Key == "" {
		call.Key = f.ownKey()
		call.KeyUntil = call.Group.At.Add(keyFor)
	}
	done, err := f.commit(ctx, call)
	if err != nil {
		return store.Accepted{}, err
	}
	if req.Key == "" {
		done.Replayed = false // by our own first try, whose answer was lost
	}
	f.wake(&call)
	return done, nil
}

// ownKey is a key that no call had before. Keys rise as text: the database
// appends them, where scattered ones cost it a third of its speed.
func (f *Flow) ownKey() string {
	const width = 13 // of the largest int64 in base 36
	n := strconv.FormatInt(f.keys.Add(1), 36)
	return f.node + strings.Repeat("0", width-len(n)) + n
}

// commit stores the call. A commit whose answer was lost is asked after with
// the same key, so that it is neither doubled nor falsely refused. Then only an
// answer counts, not that the question could not be put.
func (f *Flow) commit(ctx context.Context, call sms.Call) (store.Accepted, error) {
	done, err := f.storeCall(ctx, call)
	if !errors.Is(err, store.ErrCommitUnknown) {
		return done, err
	}
	ask, stop := context.WithTimeout(context.WithoutCancel(ctx), f.CommitWait)
	defer stop()
	for wait := askFirst; ; wait = min(2*wait, askMost) {
		done, err = f.storeCall(ask, call)
		if !errors.Is(err, store.ErrCommitUnknown) && sms.CodeOf(err) != sms.CodeUnavailable {
			return done, err
		}
		select {
		case <-ask.Done():
			return store.Accepted{}, sms.Unavailable("The database does not answer, and it is not known whether the message was stored; "+
				"look for it before you send it again", err)
		case <-time.After(wait):
		}
	}
}

func (f *Flow) storeCall(ctx context.Context, call sms.Call) (done store.Accepted, err error) {
	if len(call.Messages) < largeFrom {
		done, err = f.accepts.Do(ctx, call)
	} else if list, failed := f.Store.Accept(ctx, f.Now(), []sms.Call{call}); failed != nil {
		err = failed
	} else {
		done = list[0]
	}
	if err == nil {
		err = done.Err
	}
	return done, err
}

// storeCalls stores the calls of many callers. When a store that works refuses
// them together, one of them is bad: halves are tried, so that it fails alone.
func (f *Flow) storeCalls(ctx context.Context, calls []sms.Call) ([]store.Accepted, error) {
	done, err := f.Store.Accept(ctx, f.Now(), calls)
	if err == nil || len(calls) == 1 || outOfOrder(err) {
		return done, err
	}
	list := make([]store.Accepted, 0, len(calls))
	for _, half := range [][]sms.Call{calls[:len(calls)/2], calls[len(calls)/2:]} {
		done, err := f.storeCalls(ctx, half)
		if err != nil {
			done = make([]store.Accepted, len(half))
			for i := range done {
				done[i].Err = err
			}
		}
		list = append(list, done...)
	}
	return list, nil
}

// outOfOrder says that the error is about the database and not about what it was given.
func outOfOrder(err error) bool {
	return errors.Is(err, store.ErrCommitUnknown) || sms.CodeOf(err) == sms.CodeUnavailable
}

// wake tells the senders of the call's routes, and the keeper for schedules.
func (f *Flow) wake(call *sms.Call) {
	if !call.Group.SendAt.IsZero() {
		f.keeper.wake.ring()
		return
	}
	last := int64(0)
	for i := range call.Messages {
		if m := &call.Messages[i]; m.RouteID != last && m.State == sms.Queued {
			last = m.RouteID
			f.host.wakeRoute(last)
		}
	}
}

func (f *Flow) planner(now time.Time) *planner {
	return &planner{cat: f.Catalog(), now: now, max: f.MaxDelay, protos: f.types}
}

// Cancel ends messages of the account that were not sent yet and returns those
// it ended.
func (f *Flow) Cancel(ctx context.Context, account int64, ids []sms.MessageID) ([]sms.MessageID, error) {
	ended, err := f.Store.Cancel(ctx, f.Now(), account, ids)
	if errors.Is(err, store.ErrCommitUnknown) {
		err = sms.Unavailable("The database does not answer, and it is not known what was canceled; look at the status of the messages", err)
	}
	return ended, err
}
