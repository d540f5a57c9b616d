package flow

import (
	"context"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const (
	// asksASecond of one operator, which has other things to do.
	asksASecond = 10
	// asksMost wait; what does not find room is asked the next time.
	asksMost = 1000
)

// asks puts questions to an operator about parts whose receipt is missing. The
// answers come as receipts.
type asks struct {
	sender   *sender
	operator connect.Querier
	pace     *pacer
	bell     bell
	failed   *complaint

	mu    sync.Mutex
	queue []connect.Query
}

func newAsks(s *sender, q connect.Querier) *asks {
	return &asks{sender: s, operator: q, pace: newPacer(asksASecond), bell: newBell(),
		failed: s.flow.trouble("the operator could not be asked what became of a message")}
}

// ask queues the questions about a message with the connectors that sent it.
func (h *host) ask(m *store.Asking) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range m.Unreceipted() {
		if s := h.running[p.ConnectorID]; s != nil && s.asks != nil {
			s.asks.add(connect.Query{UpstreamID: p.UpstreamID, From: m.From, FromIs: senderKind(m.From), To: m.To,
				Attempt: sms.AttemptRef{Message: m.ID, Seq: p.Seq, Attempt: p.Attempt, Epoch: p.Epoch, RouteID: m.RouteID, Tries: m.Attempts}})
		}
	}
}

func (a *asks) add(q connect.Query) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) < asksMost {
		a.queue = append(a.queue, q)
		a.bell.ring()
	}
}

// step asks what the pace allows. A question that cannot be put is not kept: the
// message is asked about again later.
func (a *asks) step(ctx context.Context, now time.Time) (time.Time, error) {
	for ctx.Err() == nil {
		q, at := a.first(now)
		if q == nil {
			return at, nil
		}
		if err := a.operator.Query(ctx, *q); err != nil {
			a.failed.say(now, err, "connector", a.sender.noun().Name, "message_id", q.Attempt.Message.String(), "part", q.Attempt.Seq)
		}
	}
	return time.Time{}, nil
}

// first takes the first question if its turn has come.
func (a *asks) first(now time.Time) (*connect.Query, time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.queue) == 0 {
		return nil, time.Time{}
	}
	if at := a.pace.next(now); at.After(now) {
		return nil, at
	}
	q := &a.queue[0]
	a.queue = a.queue[1:]
	return q, now
}
