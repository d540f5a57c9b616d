package flow

import (
	"context"
	"errors"
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
	// stumbleFor is the pause of a link that is up and takes nothing.
	stumbleFor = 50 * time.Millisecond
	// A message that no connector that is up may carry comes back after a
	// quarter of the time that it has waited already, within these limits.
	notHereFirst = time.Second
	notHereMost  = 5 * time.Minute
)

// sender feeds one connector. fill claims messages (the intent, committed) into
// a short queue; drain paces them out. Each is a step with a loop of its own,
// so that a link never waits for a commit.
type sender struct {
	flow *Flow
	host *host
	id   int64 // of the connector
	link connect.Connector
	pace *pacer
	asks *asker // nil where the operator cannot be asked

	config    atomic.Pointer[sms.Connector]
	stepped   bool // Step calls it, so that a Send must not wait for room in the window
	up        atomic.Bool
	stopping  atomic.Bool
	replaced  atomic.Bool  // another sender of the connector speaks for it now
	open      atomic.Int64 // attempts whose outcome is not recorded
	fillBell  bell
	drainBell bell
	turn      int     // which of its routes fill asks first; fill's own
	perClaim  float64 // attempts that a claimed message brings, of late; fill's own

	mu     sync.Mutex
	pass   context.Context // of Send, until the connector is paused
	shut   context.CancelFunc
	queue  []connect.Submission
	refill int       // length of the queue at which fill is rung
	rest   time.Time // nothing is sent before
	info   connect.Link
	upped  chan struct{} // closed when first up
	speed  meter

	loops sync.WaitGroup
	quit  context.CancelFunc
}

func newSender(h *host, noun *sms.Connector) *sender {
	s := &sender{flow: h.flow, host: h, id: noun.ID, pace: newPacer(noun.Pace), fillBell: newBell(), drainBell: newBell(),
		perClaim: 1, upped: make(chan struct{}), info: connect.Link{Reason: "connecting"}}
	s.config.Store(noun)
	return s
}

// noun is the present configuration of the connector.
func (s *sender) noun() *sms.Connector { return s.config.Load() }

// serves says whether it takes messages.
func (s *sender) serves() bool { return s.up.Load() && s.noun().Mode == sms.ModeRun }

func (s *sender) start(hard context.Context) {
	ctx, quit := context.WithCancel(hard)
	s.quit = quit
	s.loops.Go(func() { loop(ctx, s.flow.Now, s.fillBell, s.fill, s.flow.complain("claims of "+s.noun().Name)) })
	s.loops.Go(func() { loop(ctx, s.flow.Now, s.drainBell, s.drain, s.flow.complain("sender "+s.noun().Name)) })
	if s.asks != nil {
		s.loops.Go(func() {
			loop(ctx, s.flow.Now, s.asks.bell, s.asks.step, s.flow.complain("questions of "+s.noun().Name))
		})
	}
}

// stop ends claiming, hands back what was not written, and closes the link,
// which reports the rest. A connector that ignores the end of its context is
// left behind: what it holds then is of unknown outcome at the next start.
func (s *sender) stop(hard context.Context) {
	s.stopping.Store(true)
	s.quit()
	ctx, done := context.WithTimeout(hard, drainWait)
	defer done()
	if !within(ctx, letGo, s.loops.Wait) {
		s.flow.Log.Error("connector does not return a submission and is left behind", "connector", s.noun().Name)
	}
	s.handBack(s.flow.Now())
	closed := within(ctx, letGo, func() {
		if err := s.link.Close(ctx); err != nil {
			s.flow.Log.Warn("connector did not close cleanly", "connector", s.noun().Name, "err", err)
		}
	})
	if !closed {
		s.flow.Log.Error("connector does not close and is left behind", "connector", s.noun().Name)
	}
}

// fill claims more when the queue is half empty. Its routes share the room
// evenly, and take turns in being first.
func (s *sender) fill(ctx context.Context, now time.Time) (next time.Time, err error) {
	if !s.serves() || s.stopping.Load() {
		return time.Time{}, nil
	}
	target, waiting := s.target(now)
	if waiting > target/2 || int(s.open.Load()) > 4*target+s.link.Info().Window {
		return time.Time{}, nil // drain, or a recorded outcome, rings again
	}
	shares := s.host.roster.Load().shares(s.id)
	s.turn++
	var errs []error
	for i := range shares {
		share := &shares[(s.turn+i)%len(shares)]
		left := target - waiting
		if left <= 0 {
			next = now
			break
		}
		room := (left + len(shares) - i - 1) / (len(shares) - i)
		n, due, err := s.claim(ctx, now, share, room)
		if err != nil {
			errs = append(errs, err) // of one route; the others go on
			continue
		}
		waiting += n
		next = sooner(next, due)
	}
	return next, errors.Join(errs...)
}

// claim takes messages of one route for about so many attempts. It returns how
// many came, and when there will be more: now, if there are more already.
func (s *sender) claim(ctx context.Context, now time.Time, share *share, room int) (n int, due time.Time, err error) {
	want := max(1, int(float64(room)/s.perClaim))
	epoch := s.flow.tenure.begin()
	got, due, err := s.flow.Store.Claim(ctx, now, store.ClaimRequest{RouteID: share.route.ID, ConnectorID: s.id, Epoch: epoch,
		Limit: want, Single: share.route.Long == sms.LongPayload, Alone: share.alone, Spill: share.spill})
	if err != nil {
		s.flow.tenure.failed(epoch, errors.Is(err, store.ErrCommitUnknown))
		return 0, time.Time{}, err
	}
	list, refused := s.attempts(got, share.route, now)
	s.flow.tenure.claimed(epoch, len(list)+len(refused))
	s.push(list, refused, now)
	if len(got) > 0 {
		s.perClaim = max(1, (s.perClaim+float64(len(list)+len(refused))/float64(len(got)))/2)
	}
	if len(got) == want {
		due = now
	}
	return len(list), due, nil
}

// target is how many submissions to have at hand: twice the window, or what
// the link eats in claimAhead. waiting is how many there are.
func (s *sender) target(now time.Time) (target, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ahead := int(s.speed.rate(now) * claimAhead.Seconds())
	target = min(claimMost, max(2*s.link.Info().Window, ahead))
	if pace := s.noun().Pace; pace > 0 {
		target = max(1, min(claimMost, int(pace*claimAhead.Seconds())))
	}
	s.refill = target / 2
	return target, len(s.queue)
}

// attempts are the submissions of claimed messages, and what is refused here.
func (s *sender) attempts(got []store.Claimed, route *sms.Route, now time.Time) (list []connect.Submission, refused []sms.Outcome) {
	if len(got) == 0 {
		return nil, nil
	}
	c := cutter{route: route, conn: s.id}
	list = make([]connect.Submission, 0, len(got))
	for i := range got {
		if m := &got[i]; s.allowed(m) {
			list, refused = c.submissions(list, refused, m, now)
		} else {
			refused = s.notHere(refused, m, route, now)
		}
	}
	return list, refused
}

// push queues submissions, and records what is refused.
func (s *sender) push(list []connect.Submission, refused []sms.Outcome, now time.Time) {
	s.open.Add(int64(len(list) + len(refused)))
	if len(list) > 0 {
		s.mu.Lock()
		s.queue = append(s.queue, list...)
		s.mu.Unlock()
		s.drainBell.ring()
	}
	if len(refused) > 0 {
		s.flow.recorder.add(s, refused)
	}
	if s.stopping.Load() {
		s.handBack(now) // nobody drains any more
	}
}

// allowed says whether the message's sender id may be used on this connector.
func (s *sender) allowed(m *store.Claimed) bool {
	return registered(s.flow.Catalog().Sender(m.AccountID, m.Group.From), s.id)
}

// notHere gives a message back whose sender id this connector may not use. One
// that may and is up has it at once, and alone after a second such turn. Else it
// comes back later and later, since each turn is written down.
func (s *sender) notHere(list []sms.Outcome, m *store.Claimed, route *sms.Route, now time.Time) []sms.Outcome {
	o := sms.Outcome{ConnectorID: s.id, Verdict: sms.VerdictDown, Reason: sms.ReasonSender, At: now, RetryAt: now, AvoidID: s.id}
	id := s.flow.Catalog().Sender(m.AccountID, m.Group.From)
	others := s.host.roster.Load().routes[route.ID].others(s.id, id)
	switch {
	case len(others) == 0:
		waited := now.Sub(latest(m.Group.At, m.Group.SendAt))
		o.RetryAt = now.Add(min(notHereMost, max(notHereFirst, waited/4)))
		if senderOn(s.flow.Catalog(), id, route) {
			o.Reason = sms.ReasonLinkDown
		}
	case m.Reason == sms.ReasonSender:
		o.OnlyID = others[0].id
	}
	for i := range m.Sub {
		if p := &m.Sub[i]; p.State == sms.PartSending {
			o.AttemptRef = attempt(m, p, route.ID)
			list = append(list, o)
		}
	}
	return list
}

// drain sends what the pace allows. A pause ends ctx for it.
func (s *sender) drain(ctx context.Context, now time.Time) (time.Time, error) {
	ctx = s.passage(ctx)
	for {
		if !s.up.Load() || s.noun().Mode == sms.ModePause {
			s.handBack(now)
			return time.Time{}, nil
		}
		if s.stepped && s.full() {
			return time.Time{}, nil
		}
		if ctx.Err() != nil {
			return time.Time{}, nil
		}
		at, sent := s.sendOne(ctx, now)
		if !sent {
			return at, nil
		}
		now = s.flow.Now()
	}
}

// full says that what was sent and is not answered fills the window.
func (s *sender) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int(s.open.Load())-len(s.queue) >= s.link.Info().Window
}

// sendOne sends the first of the queue, or says when it may be sent (zero:
// there is none).
func (s *sender) sendOne(ctx context.Context, now time.Time) (at time.Time, sent bool) {
	sub, at := s.first(now)
	switch {
	case sub == nil:
		return at, false
	case over(sub, now):
		s.back(sub, now, sms.ReasonValidity)
	default:
		if err := s.link.Send(ctx, sub); err != nil {
			s.back(sub, now, sms.ReasonLinkDown)
			s.stumble(now)
		}
	}
	return now, true
}

// over says that it is too late to send: a one-time password of yesterday.
func over(sub *connect.Submission, now time.Time) bool { return !sub.ValidTo.After(now) }

// first takes the first of the queue if its turn has come.
func (s *sender) first(now time.Time) (*connect.Submission, time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return nil, time.Time{}
	}
	sub := &s.queue[0]
	if !over(sub, now) {
		if s.rest.After(now) {
			return nil, s.rest
		}
		if at := s.pace.next(now); at.After(now) {
			return nil, at
		}
		s.speed.add(now, 1)
	}
	s.queue = s.queue[1:]
	if len(s.queue) == s.refill {
		s.fillBell.ring()
	}
	return sub, now
}

// stumble lets a link that seems to be up and takes nothing rest for a moment:
// what is handed back would come again at once.
func (s *sender) stumble(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = now.Add(stumbleFor)
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
		list[i] = notWritten(&queue[i], s.id, now, sms.ReasonLinkDown)
	}
	s.flow.recorder.add(s, list)
}

func (s *sender) back(sub *connect.Submission, now time.Time, why sms.Reason) {
	s.flow.recorder.add(s, []sms.Outcome{notWritten(sub, s.id, now, why)})
}

func notWritten(sub *connect.Submission, connector int64, now time.Time, why sms.Reason) sms.Outcome {
	return sms.Outcome{AttemptRef: sub.Attempt, ConnectorID: connector, Verdict: sms.VerdictDown, Reason: why, At: now, RetryAt: now}
}

// sooner is the earlier of two times, of which zero means never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
