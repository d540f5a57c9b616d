package flow

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const (
	// asksASecond of one operator, which has other things to do.
	asksASecond = 10
	// asksMost wait for one operator; there is no question before there is room.
	asksMost = 1000
	// askRest is the pause after a question that the link did not take.
	askRest = time.Second
)

// questions about parts whose receipt is missing wait here for the connector
// that sent the parts. They outlive its senders: what waits while it is changed,
// disabled or down is asked afterwards.
type questions struct {
	pace *pacer

	mu    sync.Mutex
	queue []connect.Query
	taken int // by a sender that is putting them
}

// asker puts the questions of one sender's connector to the operator. The answers
// come as receipts.
type asker struct {
	*questions
	sender   *sender
	operator connect.Querier
	bell     bell
	failed   *complaint
}

// newAsker continues with what waits for the connector. The lock is held.
func (h *host) newAsker(s *sender, q connect.Querier) *asker {
	list := h.questions[s.id]
	if list == nil {
		list = &questions{pace: newPacer(asksASecond)}
		h.questions[s.id] = list
	}
	return &asker{questions: list, sender: s, operator: q, bell: newBell(),
		failed: s.flow.trouble("the operator could not be asked what became of a message")}
}

// askRule says for one step of the keeper which messages can be asked about now,
// and keeps room for the questions: every one that can be put now is.
func (h *host) askRule() store.AskFunc {
	rooms := h.rooms()
	said := map[sms.MessageID]bool{}
	return func(r *sms.Record) bool {
		yes, known := said[r.ID]
		if !known {
			yes = reserve(rooms, r.Unreceipted())
			said[r.ID] = yes
		}
		return yes
	}
}

// rooms are how many questions each connector can be given now. Those that no
// operator will ever answer are not in it.
func (h *host) rooms() map[int64]int {
	rooms := map[int64]int{}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, noun := range h.flow.Catalog().Connectors() {
		switch s := h.running[noun.ID]; {
		case s == nil:
			rooms[noun.ID] = 0 // until it is enabled
		case s.asks != nil:
			rooms[noun.ID] = s.asks.room()
		}
	}
	return rooms
}

// reserve takes room for all questions, or none.
func reserve(rooms map[int64]int, parts []sms.Part) bool {
	need := map[int64]int{}
	for _, p := range parts {
		if room, able := rooms[p.ConnectorID]; able {
			if need[p.ConnectorID]++; need[p.ConnectorID] > room {
				return false
			}
		}
	}
	for id, n := range need {
		rooms[id] -= n
	}
	return len(need) > 0
}

// ask queues the questions about a message with the connectors that sent it.
func (h *host) ask(m *store.Asking) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range m.Unreceipted() {
		list := h.questions[p.ConnectorID]
		if list == nil {
			continue
		}
		if !list.add(connect.Query{UpstreamID: p.UpstreamID, From: m.From, FromIs: senderKind(m.From), To: m.To,
			Attempt: sms.AttemptRef{Message: m.ID, Seq: p.Seq, Attempt: p.Attempt, Epoch: p.Epoch, RouteID: m.RouteID, Tries: m.Attempts}}) {
			h.flow.Log.Error("too many questions wait for an operator; this message is asked about another time",
				"connector_id", p.ConnectorID, "message_id", m.ID.String(), "part", p.Seq)
		}
		if s := h.running[p.ConnectorID]; s != nil && s.asks != nil {
			s.asks.bell.ring()
		}
	}
}

// add says whether there was room.
func (l *questions) add(q connect.Query) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue)+l.taken >= asksMost {
		return false
	}
	l.queue = append(l.queue, q)
	return true
}

// first takes the first question if its turn has come; done must follow.
func (l *questions) first(now time.Time) (*connect.Query, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue) == 0 {
		return nil, time.Time{}
	}
	if at := l.pace.next(now); at.After(now) {
		return nil, at
	}
	q := l.queue[0]
	l.queue = l.queue[1:]
	l.taken++
	return &q, now
}

// done ends a question, or puts it back to be asked again.
func (l *questions) done(q *connect.Query, again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.taken--
	if again {
		l.queue = slices.Insert(l.queue, 0, *q)
	}
}

// room is how many more questions can be put soon: none without a link.
func (a *asker) room() int {
	if !a.sender.up.Load() {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return asksMost - len(a.queue) - a.taken
}

// step asks what the pace allows, while there is a link.
func (a *asker) step(ctx context.Context, now time.Time) (time.Time, error) {
	for ctx.Err() == nil && a.sender.up.Load() && !a.sender.stopping.Load() {
		q, at := a.first(now)
		if q == nil {
			return at, nil
		}
		err := a.operator.Query(ctx, *q)
		again := notPut(ctx, err)
		a.done(q, again)
		if err != nil && ctx.Err() == nil {
			a.failed.say(now, err, "connector", a.sender.noun().Name, "message_id", q.Attempt.Message.String(), "part", q.Attempt.Seq, "again", again)
		}
		if again {
			return now.Add(askRest), nil
		}
	}
	return time.Time{}, nil // a link that comes up rings
}

// notPut says that the trouble lies in the link, or in the end of this sender,
// and not in the question.
func notPut(ctx context.Context, err error) bool {
	return errors.Is(err, connect.ErrDown) || errors.Is(err, connect.ErrClosed) || err != nil && ctx.Err() != nil
}
