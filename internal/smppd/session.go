package smppd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
)

// bind is one session of a login: its requests and their answers.
type bind struct {
	server  *Server
	login   *login
	session *smpp.Session // nil until it is bound; guarded by login.mu until then
	from    netip.Addr
	tls     bool
	hash    string // of the password it was bound with
	at      time.Time
	open    atomic.Int64 // requests without an answer
	ending  atomic.Bool  // it is being unbound
	lost    atomic.Bool  // it ends without an answer to some requests

	mu      sync.Mutex
	queue   []task
	working bool // there is a worker
}

// task is a request on its way through the worker.
type task struct {
	r   smpp.Responder
	at  time.Time
	req flow.Request // of a submission
	// multi are the destinations of a submit_multi, as they came.
	multi []smpp.Address
	// manage is done in the worker instead of a submission; it returns the answer.
	manage func(context.Context) (smpp.PDU, error)
}

// ServeSMPP takes one request of the customer. It does not wait: the session reads
// on while the worker is in the store.
func (b *bind) ServeSMPP(p smpp.PDU, r smpp.Responder) {
	t := task{r: r, at: b.server.Now()}
	noun := b.login.noun.Load()
	switch open := b.open.Add(1); {
	case b.ending.Load() || b.lost.Load() || b.server.stopping.Load(): // what is in hand must come to an end
		b.answer(&t, nil, refuse(smpp.StatusThrottled, "This session is ending; send it again on another one"))
		return
	case open > int64(noun.SMPP.Window):
		b.answer(&t, nil, refuse(smpp.StatusThrottled, "More requests are open than the window of this login allows"))
		return
	case !b.login.gate.pass(t.at, noun.SMPP.Rate, weight(p)):
		b.answer(&t, nil, refuse(smpp.StatusThrottled, "The rate of this login is exceeded"))
		return
	}
	if err := b.read(p, &t, newView(b.server.Door.Catalog(), noun, t.at)); err != nil {
		b.answer(&t, nil, err)
		return
	}
	b.enqueue(t)
}

// weight is how many messages a request counts for.
func weight(p smpp.PDU) int {
	if m, ok := p.(*smpp.SubmitMulti); ok {
		return max(1, len(m.Destinations))
	}
	return 1
}

// read turns the PDU into a task. Nothing of the PDU is kept, since the session
// uses it again.
func (b *bind) read(p smpp.PDU, t *task, v view) (err error) {
	switch p := p.(type) {
	case *smpp.SubmitSM:
		t.req, err = v.submitSM(p)
	case *smpp.DataSM:
		t.req, err = v.dataSM(p)
	case *smpp.SubmitMulti:
		t.req, t.multi, err = v.submitMulti(p)
	case *smpp.QuerySM:
		t.manage, err = b.querySM(v, p)
	case *smpp.CancelSM:
		t.manage, err = b.cancelSM(v, p)
	case *smpp.ReplaceSM:
		t.manage, err = b.replaceSM(v, p)
	default:
		err = refuse(smpp.StatusInvCmdID, "This operation is not supported")
	}
	return err
}

// enqueue hands the task to the worker of this bind, and starts it if there is none.
func (b *bind) enqueue(t task) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, t)
	if !b.working {
		b.working = true
		go b.work()
	}
}

// work answers what is queued until nothing is. While it is in the store the queue
// grows, and all of it goes into the next commit.
func (b *bind) work() {
	var spare []task
	for {
		b.mu.Lock()
		batch := b.queue
		b.queue = spare[:0]
		b.working = len(batch) > 0
		b.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		b.do(batch)
		clear(batch)
		spare = batch
	}
}

// do works off a batch in order: submissions that follow each other go into the
// store together. When the session ends because an answer is not known, the rest is
// not begun: nobody would learn of it.
func (b *bind) do(batch []task) {
	for len(batch) > 0 && !b.lost.Load() {
		n := 0
		for n < len(batch) && batch[n].manage == nil {
			n++
		}
		if n > 0 {
			b.survive(batch[:n], b.submit)
		} else {
			n = 1
			b.survive(batch[:n], b.manage)
		}
		batch = batch[n:]
	}
}

// survive keeps a defect of ours from ending the process. Nobody knows then what
// was kept, so the session ends without an answer. The value of a panic may hold
// what the customer sent: only the runtime's own words are logged.
func (b *bind) survive(batch []task, do func(context.Context, []task)) {
	defer func() {
		if v := recover(); v != nil {
			what := fmt.Sprintf("%T", v)
			if err, ok := v.(runtime.Error); ok {
				what = err.Error()
			}
			b.server.Log.Error("smpp: a request panicked", "panic", what, "stack", string(debug.Stack()))
			b.lose()
		}
	}()
	do(context.Background(), batch)
}

// lose ends the session without an answer to what was begun.
func (b *bind) lose() {
	b.lost.Store(true)
	b.session.CloseWhenWritten()
}

func (b *bind) submit(ctx context.Context, batch []task) {
	reqs := make([]flow.Request, len(batch))
	for i := range batch {
		reqs[i] = batch[i].req
	}
	form := b.login.noun.Load().SMPP.MessageID
	for i, res := range b.server.Door.AcceptAll(ctx, reqs) {
		t := &batch[i]
		switch {
		case res.Err != nil:
			b.answer(t, nil, res.Err)
		case t.multi != nil:
			b.answer(t, b.multiResp(ctx, t, &res.Group, form), nil)
		default:
			b.accepted(t, idText(res.Group.FirstMessage, form))
		}
	}
}

func (b *bind) manage(ctx context.Context, batch []task) {
	resp, err := batch[0].manage(ctx)
	b.answer(&batch[0], resp, err)
}

// accepted is answer for one message that was kept, without allocation.
func (b *bind) accepted(t *task, id string) {
	b.open.Add(-1)
	_ = t.r.RespondID(id) // the session may be gone: then the customer knows that he does not know
	b.server.Meter.Answered(t.r.Header().Command, smpp.StatusOK, b.server.Now().Sub(t.at))
}

// answer answers once: with body, or with the status of err and its words
// (additional_status_info_text, SMPP 3.4 §5.3.2.11; a peer below 3.4 knows no
// optional parameters). When nobody knows whether the message was kept there is no
// answer: the session ends, which says just that.
func (b *bind) answer(t *task, body smpp.PDU, err error) {
	b.open.Add(-1)
	status := smpp.StatusOK
	if err != nil {
		r := refusalOf(err)
		if r == nil {
			b.server.complain("smpp: the outcome of a request is unknown; the session ends without an answer", "err", err)
			b.lose()
			return
		}
		if code := sms.CodeOf(err); r.status == smpp.StatusSysErr {
			b.server.complain("smpp: a request failed", "command", t.r.Header().Command.String(), "code", string(code), "err", err, "cause", errors.Unwrap(err))
		}
		version := t.r.Session().Version()
		status = spoken(r.status, version)
		body = smpp.New(t.r.Header().Command.Response())
		if version >= smpp.Version34 && body != nil {
			_ = smpp.TLVsOf(body).AddText(smpp.TagAdditionalStatusInfoText, r.why) // our own words always fit
		}
	}
	_ = t.r.Respond(status, body) // the session may be gone
	b.server.Meter.Answered(t.r.Header().Command, status, b.server.Now().Sub(t.at))
}

// hold keeps the session to its login in the catalog: its window, or its end.
func (b *bind) hold(cat *sms.Catalog) {
	noun := b.login.in(cat)
	if why := b.barred(cat, noun); why != "" {
		b.server.Log.Info("smpp: unbinding", "system_id", b.session.PeerSystemID(), "from", b.from.String(), "why", why)
		b.unbind()
		return
	}
	b.login.renew(noun, b.session)
}

// barred says why the session must end under the catalog; noun is its login there.
func (b *bind) barred(cat *sms.Catalog, noun *sms.Subscriber) string {
	switch {
	case noun == nil:
		return "login is removed"
	case noun.SMPP.PasswordHash != b.hash:
		return "password was changed"
	case !cat.LoginAllowedFrom(noun, b.from):
		return account.ReasonLoginAddress
	}
	return account.Barred(cat, noun, b.tls)
}

// unbind ends the session in good order, without waiting.
func (b *bind) unbind() {
	if b.ending.Swap(true) {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), b.server.StopWithin)
		defer cancel()
		_ = b.session.Unbind(ctx) // closed when it does not end in time
	}()
}
