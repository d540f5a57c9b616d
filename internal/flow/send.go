package flow

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const (
	// claimMost bounds a claim: after a crash all that was claimed is of
	// unknown outcome, so a claim is no larger than what the link eats soon.
	claimMost = 2000
	// claimAhead is how much of a link's speed is claimed at once.
	claimAhead = 100 * time.Millisecond
	// notHereAgain is when a message comes back that this connector may not carry.
	notHereAgain = time.Second
)

// sender feeds one connector. fill claims messages (the intent, committed) into
// a short queue; drain paces them out. Each is a step with a loop of its own,
// so that a link never waits for a commit.
type sender struct {
	flow *Flow
	host *host
	noun *sms.Connector
	link connect.Connector
	pace *pacer

	up        atomic.Bool
	stopping  atomic.Bool
	replaced  atomic.Bool  // another sender of the connector speaks for it now
	open      atomic.Int64 // attempts whose outcome is not recorded
	fillBell  bell
	drainBell bell

	mu     sync.Mutex
	queue  []connect.Submission
	refill int // length of the queue at which fill is rung
	info   connect.Link
	upped  chan struct{} // closed when first up
	speed  meter

	loops sync.WaitGroup
	quit  context.CancelFunc
}

func newSender(h *host, noun *sms.Connector) *sender {
	return &sender{flow: h.flow, host: h, noun: noun, pace: newPacer(noun.Pace), fillBell: newBell(), drainBell: newBell(),
		upped: make(chan struct{}), info: connect.Link{Reason: "connecting"}}
}

func (s *sender) start(hard context.Context) {
	ctx, quit := context.WithCancel(hard)
	s.quit = quit
	complain := s.flow.complain("sender " + s.noun.Name)
	s.loops.Go(func() { loop(ctx, s.flow.Now, s.fillBell, s.fill, complain) })
	s.loops.Go(func() { loop(ctx, s.flow.Now, s.drainBell, s.drain, complain) })
}

// stop ends claiming, hands back what was not written, and closes the link,
// which reports the rest.
func (s *sender) stop(hard context.Context) {
	s.stopping.Store(true)
	if s.quit != nil {
		s.quit()
	}
	s.loops.Wait()
	s.handBack(s.flow.Now())
	ctx, done := context.WithTimeout(hard, drainWait)
	defer done()
	if err := s.link.Close(ctx); err != nil {
		s.flow.Log.Warn("connector did not close cleanly", "connector", s.noun.Name, "err", err)
	}
}

// fill claims more when the queue is half empty.
func (s *sender) fill(ctx context.Context, now time.Time) (time.Time, error) {
	if !s.up.Load() || s.stopping.Load() {
		return time.Time{}, nil
	}
	target, waiting := s.target(now)
	if waiting > target/2 || int(s.open.Load()) > 4*target+s.link.Info().Window {
		return time.Time{}, nil // drain, or a recorded outcome, rings again
	}
	var next time.Time
	for _, share := range s.host.shares(s.noun.ID) {
		want := target - waiting
		if want <= 0 {
			return now, nil
		}
		got, due, err := s.flow.Store.Claim(ctx, now, store.ClaimRequest{RouteID: share.route.ID, ConnectorID: s.noun.ID,
			Epoch: s.flow.epoch, Limit: want, Single: share.route.Long == sms.LongPayload, Alone: share.alone, Spill: share.spill})
		if err != nil {
			return time.Time{}, err
		}
		waiting += s.push(got, share.route, now)
		if len(got) == want {
			due = now
		}
		if !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	return next, nil
}

// target is how many submissions to have at hand: twice the window, or what
// the link eats in claimAhead. waiting is how many there are.
func (s *sender) target(now time.Time) (target, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ahead := int(s.speed.rate(now) * claimAhead.Seconds())
	target = min(claimMost, max(2*s.link.Info().Window, ahead))
	if s.noun.Pace > 0 {
		target = max(1, min(claimMost, int(s.noun.Pace*claimAhead.Seconds())))
	}
	s.refill = target / 2
	return target, len(s.queue)
}

// push queues the attempts of claimed messages and returns how many.
func (s *sender) push(got []store.Claimed, route *sms.Route, now time.Time) int {
	if len(got) == 0 {
		return 0
	}
	c := cutter{route: route, conn: s.noun.ID}
	var list []connect.Submission
	var refused []sms.Outcome
	for i := range got {
		if m := &got[i]; s.allowed(m) {
			list = c.submissions(list, m)
		} else {
			refused = c.notHere(refused, m, now)
		}
	}
	s.open.Add(int64(len(list) + len(refused)))
	s.mu.Lock()
	s.queue = append(s.queue, list...)
	s.mu.Unlock()
	s.drainBell.ring()
	if len(refused) > 0 {
		s.flow.recorder.add(s, refused)
	}
	return len(list)
}

// allowed says whether the message's sender id may be used on this connector.
func (s *sender) allowed(m *store.Claimed) bool {
	id := s.flow.Catalog().Sender(m.AccountID, m.Group.From)
	return id == nil || len(id.Connectors) == 0 || contains(id.Connectors, s.noun.ID)
}

// drain sends what the pace allows.
func (s *sender) drain(ctx context.Context, now time.Time) (time.Time, error) {
	for ctx.Err() == nil {
		if !s.up.Load() {
			s.handBack(now)
			return time.Time{}, nil
		}
		at, sent := s.sendOne(ctx, now)
		if !sent {
			return at, nil
		}
		now = s.flow.Now()
	}
	return time.Time{}, nil
}

// sendOne sends the first of the queue, or says when it may be sent (zero:
// there is none).
func (s *sender) sendOne(ctx context.Context, now time.Time) (at time.Time, sent bool) {
	s.mu.Lock()
	if len(s.queue) == 0 {
		s.mu.Unlock()
		return time.Time{}, false
	}
	if at := s.pace.next(now); at.After(now) {
		s.mu.Unlock()
		return at, false
	}
	sub := &s.queue[0]
	s.queue = s.queue[1:]
	s.speed.add(now, 1)
	low := len(s.queue) == s.refill
	s.mu.Unlock()
	if low {
		s.fillBell.ring()
	}
	if err := s.link.Send(ctx, sub); err != nil {
		s.flow.recorder.add(s, []sms.Outcome{notWritten(sub, s.noun.ID, now)})
	}
	return now, true
}

// handBack returns everything that was not handed to the connector.
func (s *sender) handBack(now time.Time) {
	s.mu.Lock()
	queue := s.queue
	s.queue = nil
	s.mu.Unlock()
	if len(queue) == 0 {
		return
	}
	list := make([]sms.Outcome, len(queue))
	for i := range queue {
		list[i] = notWritten(&queue[i], s.noun.ID, now)
	}
	s.flow.recorder.add(s, list)
}

func notWritten(sub *connect.Submission, connector int64, now time.Time) sms.Outcome {
	return sms.Outcome{AttemptRef: sub.Attempt, ConnectorID: connector, Verdict: sms.VerdictDown, Reason: sms.ReasonLinkDown,
		At: now, RetryAt: now}
}

// Link is called by the connector.
func (s *sender) Link(l connect.Link) {
	s.mu.Lock()
	was := s.info
	s.info = l
	if l.Up {
		select {
		case <-s.upped:
		default:
			close(s.upped)
		}
	}
	s.mu.Unlock()
	s.up.Store(l.Up)
	if s.replaced.Load() {
		return
	}
	s.flow.Meter.Link(s.noun.Name, l.Links)
	if was.Up != l.Up {
		s.flow.Log.Info("connector changed", "connector", s.noun.Name, "up", l.Up, "links", l.Links, "reason", l.Reason)
		s.drainBell.ring()
		s.host.wakeAll()
	}
}

func (s *sender) waitUp(ctx context.Context) {
	select {
	case <-s.upped:
	case <-ctx.Done():
	}
}

func (s *sender) state() ConnectorState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ConnectorState{ID: s.noun.ID, Name: s.noun.Name, Protocol: s.noun.Protocol, Link: s.info,
		Waiting: len(s.queue), Open: s.open.Load()}
}

// meter is a rate over the last moments.
type meter struct {
	since time.Time
	n     int
	last  float64
}

const meterSpan = 50 * time.Millisecond

func (m *meter) add(now time.Time, n int) {
	if m.since.IsZero() {
		m.since = now
	}
	m.n += n
}

func (m *meter) rate(now time.Time) float64 {
	if span := now.Sub(m.since); !m.since.IsZero() && span >= meterSpan {
		m.last = max(float64(m.n)/span.Seconds(), m.last*0.7)
		m.since, m.n = now, 0
	}
	return m.last
}
