package flow

import (
	"sync"
	"time"
)

const (
	// paceTolerance lets a late wake-up catch up instead of losing its turn:
	// timers fire milliseconds late, and without it 5,000 a second reach a third.
	paceTolerance = 20 * time.Millisecond
	// paceShare of the contracted rate is used, so that bunching on the way
	// never exceeds the contract at the operator.
	paceShare = 0.98
	// Throttling answers halve the rate down to a floor; it recovers by a
	// twentieth a second.
	paceFloor    = 1.0 / 64
	paceRecovery = 0.05
	// An unpaced connector that is throttled starts from this guess.
	paceGuess = 1000.0
)

// pacer spaces parts: the generic cell rate algorithm, one theoretical arrival
// time. It is asked for the earliest time and never sleeps itself.
type pacer struct {
	mu      sync.Mutex
	rate    float64   // parts a second, 0 unlimited
	share   float64   // of rate, lowered by throttling answers
	changed time.Time // when share was last computed
	slowed  time.Time // when it was last halved
	tat     time.Time
}

func newPacer(rate float64) *pacer { return &pacer{rate: rate, share: 1} }

// next takes a turn at now and returns now, or takes none and returns the time
// at which to ask again.
func (p *pacer) next(now time.Time) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	rate := p.current(now)
	if rate == 0 {
		return now
	}
	interval := time.Duration(float64(time.Second) / rate)
	if p.tat.Before(now) {
		p.tat = now
	}
	if ahead := p.tat.Sub(now); ahead > paceTolerance {
		return p.tat.Add(-paceTolerance)
	}
	p.tat = p.tat.Add(interval)
	return now
}

// slow halves the rate: the operator asked for it.
func (p *pacer) slow(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.slowed) < 100*time.Millisecond {
		return // answers to one window are one complaint
	}
	p.current(now)
	p.share = max(p.share/2, paceFloor)
	p.changed, p.slowed = now, now
}

// current is the rate at now, after recovery.
func (p *pacer) current(now time.Time) float64 {
	if p.share < 1 {
		if since := now.Sub(p.changed); since > 0 {
			p.share = min(1, p.share+paceRecovery*since.Seconds())
			p.changed = now
		}
	}
	rate := p.rate * paceShare
	if rate == 0 {
		if p.share >= 1 {
			return 0
		}
		rate = paceGuess
	}
	return rate * p.share
}
