package smpp

import (
	"sync"
	"time"
)

// bindLimiter counts refused binds by (address, system_id) and by address. A peer that guesses is
// stopped; one whose system_id is being guessed elsewhere is not.
type bindLimiter struct {
	perMinute int
	now       func() time.Time

	mu      sync.Mutex
	buckets map[bindKey]*bucket
}

type bindKey struct {
	ip, systemID string // systemID is empty for the address as a whole
	whole        bool
}

// bucket is a token bucket of failures.
type bucket struct {
	tokens float64
	at     time.Time
}

const (
	wholeAddressFactor = 5
	mostBuckets        = 1 << 14
)

func newBindLimiter(perMinute int) *bindLimiter {
	return &bindLimiter{perMinute: perMinute, now: time.Now, buckets: make(map[bindKey]*bucket)}
}

func bindKeys(ip, systemID string) [2]bindKey {
	return [2]bindKey{{ip: ip, systemID: systemID}, {ip: ip, whole: true}}
}

func (l *bindLimiter) most(k bindKey) float64 {
	if k.whole {
		return wholeAddressFactor * float64(l.perMinute)
	}
	return float64(l.perMinute)
}

// refill brings a bucket up to now; nil when it is full.
func (l *bindLimiter) refill(k bindKey, now time.Time) *bucket {
	b := l.buckets[k]
	if b == nil {
		return nil
	}
	b.tokens += now.Sub(b.at).Minutes() * l.most(k)
	b.at = now
	if b.tokens >= l.most(k) {
		delete(l.buckets, k)
		return nil
	}
	return b
}

// allow tells whether a bind may be tried.
func (l *bindLimiter) allow(ip, systemID string) bool {
	if l.perMinute < 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, k := range bindKeys(ip, systemID) {
		if b := l.refill(k, now); b != nil && b.tokens < 1 {
			return false
		}
	}
	return true
}

// failed counts a refused bind.
func (l *bindLimiter) failed(ip, systemID string) {
	if l.perMinute < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, k := range bindKeys(ip, systemID) {
		b := l.refill(k, now)
		if b == nil {
			l.makeRoom(now)
			b = &bucket{tokens: l.most(k), at: now}
			l.buckets[k] = b
		}
		b.tokens = max(b.tokens-1, 0)
	}
}

// makeRoom bounds the memory that strangers can take, at a bounded cost: it looks at a few buckets (the
// order of a map is random), and when none of them is full again it forgets the last of them.
func (l *bindLimiter) makeRoom(now time.Time) {
	if len(l.buckets) < mostBuckets {
		return
	}
	looked := 0
	for k := range l.buckets {
		l.refill(k, now)
		if looked++; looked == 8 {
			delete(l.buckets, k)
			return
		}
	}
}
