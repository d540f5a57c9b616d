package flow

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	in := intake{req: &req}
	if f.plan(&in, start) {
		err := f.insist(ctx, func(ctx context.Context, asking bool) error {
			f.storeOne(ctx, &in)
			return in.open(asking)
		})
		if err != nil {
			in.done, in.err = store.Accepted{}, err
		}
	}
	f.accepted(&in, f.Now().Sub(start))
	return in.done, in.err
}

// AcceptAll is Accept for several calls, each of which succeeds or fails alone.
// They are stored in their order and in one commit, which they share with other
// callers; a large one has a commit of its own. The answers stand in order.
func (f *Flow) AcceptAll(ctx context.Context, reqs []Request) []Result {
	start := f.Now()
	list := make([]intake, len(reqs))
	open := make([]*intake, 0, len(reqs))
	for i := range list {
		in := &list[i]
		if in.req = &reqs[i]; f.plan(in, start) {
			open = append(open, in)
		}
	}
	err := f.insist(ctx, func(ctx context.Context, asking bool) error {
		f.storeEach(ctx, open)
		open = slices.DeleteFunc(open, func(in *intake) bool { return in.open(asking) == nil })
		if len(open) == 0 {
			return nil
		}
		return open[0].err
	})
	for _, in := range open {
		in.done, in.err = store.Accepted{}, err
	}
	took := f.Now().Sub(start)
	results := make([]Result, len(reqs))
	for i := range list {
		f.accepted(&list[i], took)
		results[i] = Result{list[i].done, list[i].err}
	}
	return results
}

// intake is a request on its way into the store.
type intake struct {
	req  *Request
	call sms.Call
	done store.Accepted
	err  error
}

// plan makes the call for the store, and says whether there is one.
func (f *Flow) plan(in *intake, now time.Time) bool {
	if in.call, in.err = f.planner(now).plan(in.req); in.err != nil {
		return false
	}
	if in.call.Key == "" {
		in.call.Key = f.ownKey()
		in.call.KeyUntil = in.call.Group.At.Add(keyFor)
	}
	return true
}

// accepted wakes who sends, and counts.
func (f *Flow) accepted(in *intake, took time.Duration) {
	if in.err != nil {
		f.Meter.Refused(in.req.Face, sms.CodeOf(in.err), took)
		return
	}
	f.wake(&in.call)
	if in.req.Key == "" {
		in.done.Replayed = false // by our own first try, whose answer was lost
	}
	if !in.done.Replayed {
		f.Meter.Accepted(in.req.Face, in.done.Group.Count, took)
	}
}

// ownKey is a key that no call had before. Keys rise as text: the database
// appends them, where scattered ones cost it a third of its speed.
func (f *Flow) ownKey() string {
	const width = 13 // of the largest int64 in base 36
	n := strconv.FormatInt(f.keys.Add(1), 36)
	return f.node + strings.Repeat("0", width-len(n)) + n
}

// insist calls try, which stores something and returns the error of what has no
// answer. A commit whose answer was lost is asked after with the same key, so that
// it is neither doubled nor falsely refused. Without an answer the error is
// store.ErrCommitUnknown, whatever was said last.
func (f *Flow) insist(ctx context.Context, try func(ctx context.Context, asking bool) (open error)) error {
	open := try(ctx, false)
	if open == nil {
		return nil
	}
	ask, stop := context.WithTimeout(context.WithoutCancel(ctx), f.CommitWait)
	defer stop()
	for wait := askFirst; ; wait = min(2*wait, askMost) {
		if open = try(ask, true); open == nil {
			return nil
		}
		select {
		case <-ask.Done():
			return sms.Unavailable("The database does not answer, and it is not known whether the message was stored; "+
				"look for it before you send it again", fmt.Errorf("%w; asked again: %w", store.ErrCommitUnknown, open))
		case <-time.After(wait):
		}
	}
}

// open is the error of a call of which it is not known whether it was stored. Of
// one that is asked after only an answer counts, not that the question could not
// be put.
func (in *intake) open(asking bool) error {
	if errors.Is(in.err, store.ErrCommitUnknown) || asking && sms.CodeOf(in.err) == sms.CodeUnavailable {
		return in.err
	}
	return nil
}

// storeEach stores the calls in order: large ones alone, those between them together.
func (f *Flow) storeEach(ctx context.Context, list []*intake) {
	for len(list) > 0 {
		n := slices.IndexFunc(list, (*intake).large)
		switch n {
		case -1:
			n = len(list)
		case 0:
			n = 1
		}
		if n == 1 {
			f.storeOne(ctx, list[0])
		} else {
			f.storeSmall(ctx, list[:n])
		}
		list = list[n:]
	}
}

func (in *intake) large() bool { return len(in.call.Messages) >= largeFrom }

func (f *Flow) storeOne(ctx context.Context, in *intake) {
	if !in.large() {
		done, err := f.accepts.Do(ctx, in.call)
		in.settle(done, err)
		return
	}
	list, err := f.Store.Accept(ctx, f.Now(), []sms.Call{in.call})
	if err != nil {
		list = make([]store.Accepted, 1)
	}
	in.settle(list[0], err)
}

func (f *Flow) storeSmall(ctx context.Context, list []*intake) {
	calls := make([]sms.Call, len(list))
	for i, in := range list {
		calls[i] = in.call
	}
	done, errs := f.accepts.DoAll(ctx, calls)
	for i, in := range list {
		in.settle(done[i], errs[i])
	}
}

// settle takes the answer of the store.
func (in *intake) settle(done store.Accepted, err error) {
	in.done, in.err = done, err
	if err == nil {
		in.err = done.Err
	}
	if in.err == nil {
		return
	}
	in.done = store.Accepted{}
	if e, ok := errors.AsType[*sms.Error](in.err); ok && e.Code == sms.CodeCredit {
		in.err = because(*e, sms.ReasonCredit)
	}
}

// because leaves alone the error of the store, which others may hold too.
func because(e sms.Error, r sms.Reason) error { return e.Because(r) }

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
	if len(ended) > 0 {
		f.OnTold()
	}
	if errors.Is(err, store.ErrCommitUnknown) {
		err = sms.Unavailable("The database does not answer, and it is not known what was canceled; look at the status of the messages", err)
	}
	return ended, err
}
