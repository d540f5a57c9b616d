package flow

import (
	"math"
	"sync"
	"time"
)

const (
	// paceTolerance lets a late wake-up catch up instead of losing its turn:
	// timers fire milliseconds late, and without it 5,000 a second reach a third.
	paceTolerance = 20 * time.Millisecond
	// paceNap is the shortest wait that is asked for. It costs nothing, since the
	// tolerance is longer, and saves waking for every single part of a fast link.
	paceNap = time.Millisecond
	// paceShare of the contracted rate is used, so that bunching on the way
	// never exceeds the contract at the operator.
	paceShare = 0.98
	// Throttling answers lower the rate by twice their share of the answers, at
	// least by paceLeast and at most by half, down to a floor; it recovers by a
	// twentieth a second. An operator whose limit is passed a little is followed
	// closely, and one number that is always throttled does not stop the others.
	paceLeast    = 0.02
	paceFloor    = 1.0 / 64
	paceRecovery = 0.05
	// slowOnce is how long throttling answers count as one complaint: those to
	// one window come together.
	slowOnce = 100 * time.Millisecond
	// An unpaced connector that is throttled starts from this guess.
	paceGuess = 1000.0
)

// pacer spaces parts: the generic cell rate algorithm. It is kept as a level,
// to which each part adds one and which sinks at the present rate, so that a
// rate that changes counts from the moment of the change. It is asked for the
// earliest time and never sleeps itself.
type pacer struct {
	mu     sync.Mutex
	rate   float64   // parts a second, 0 unlimited
	share  float64   // of rate, lowered by throttling answers
	level  float64   // parts that count as being under way
	at     time.Time // when share and level were last computed
	slowed time.Time // when share was last lowered

	answers, refused int // since then
}

func newPacer(rate float64) *pacer { return &pacer{rate: rate, share: 1} }

// next takes a turn at now and returns now, or takes none and returns the later
// time at which to ask again.
func (p *pacer) next(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := p.advance(now)
	if rate == 0 {
		return now
	}
	if over := p.level - rate*paceTolerance.Seconds(); over > 1e-9 {
		return now.Add(max(paceNap, time.Duration(math.Ceil(over/rate*float64(time.Second)))))
	}
	p.level++
	return now
}

// set changes the contracted rate from now on. What was learnt of the operator's
// limit stays.
func (p *pacer) set(now time.Time, rate float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.advance(now)
	p.rate = rate
}

// heard counts answers, of which the operator refused some for being too fast,
// and slows down when there were any.
func (p *pacer) heard(now time.Time, answers, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers += answers
	p.refused += refused
	if refused == 0 || now.Sub(p.slowed) < slowOnce {
		return
	}
	p.advance(now)
	cut := min(0.5, max(paceLeast, 2*float64(p.refused)/float64(p.answers)))
	p.share = max(p.share*(1-cut), paceFloor)
	p.slowed, p.answers, p.refused = now, 0, 0
}

// advance lets the level sink and the rate recover until now, and returns the rate.
func (p *pacer) advance(now time.Time) float64 {
	rate := p.current()
	since := now.Sub(p.at).Seconds()
	if p.at.IsZero() || since <= 0 {
		p.at = latest(p.at, now)
		return rate
	}
	p.at = now
	p.level = max(0, p.level-rate*since)
	p.share = min(1, p.share+paceRecovery*since)
	return p.current()
}

func (p *pacer) current() float64 {
	switch {
	case p.rate > 0:
		return p.rate * paceShare * p.share
	case p.share < 1:
		return paceGuess * p.share
	}
	return 0
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
