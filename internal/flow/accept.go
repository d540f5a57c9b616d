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

// Accept checks, prices and stores a call. When it returns nil the messages are
// durable, their credit is reserved, and they will be sent. Any error means
// that nothing was kept and nothing charged.
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
	req.Text = strings.ReplaceAll(req.Text, "\x00", "") // no alphabet has it, and databases refuse it
	call, err := f.planner(now).plan(req)
	if err != nil {
		return store.Accepted{}, err
	}
	if call.Key == "" {
		call.Key = "node:" + strconv.FormatInt(f.epoch, 36) + ":" + strconv.FormatInt(f.keys.Add(1), 36)
		call.KeyUntil = call.Group.At.Add(keyFor)
	}
	done, err := f.commit(ctx, call)
	if err == nil {
		err = done.Err
	}
	if err != nil {
		return store.Accepted{}, err
	}
	if !done.Replayed {
		f.wake(&call)
	}
	return done, nil
}

// commit stores the call. A commit whose answer was lost is asked after with
// the same key, so that it is neither doubled nor falsely refused.
func (f *Flow) commit(ctx context.Context, call sms.Call) (store.Accepted, error) {
	done, err := f.accepts.Do(ctx, call)
	if !errors.Is(err, store.ErrCommitUnknown) {
		return done, err
	}
	ask, stop := context.WithTimeout(context.WithoutCancel(ctx), f.CommitWait)
	defer stop()
	for errors.Is(err, store.ErrCommitUnknown) && ask.Err() == nil {
		done, err = f.accepts.Do(ask, call)
		done.Replayed = false // by our own first try
	}
	if err != nil {
		return done, sms.Unavailable("The message could not be stored; try again", err)
	}
	return done, nil
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
	return &planner{cat: f.Catalog(), now: now, max: f.MaxDelay, protos: f.Plugins.Types}
}

// Cancel ends messages of the account that were not sent yet and returns those
// it ended.
func (f *Flow) Cancel(ctx context.Context, account int64, ids []sms.MessageID) ([]sms.MessageID, error) {
	return f.Store.Cancel(ctx, f.Now(), account, ids)
}
