package smpp

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// bindLimiter counts refused binds by (address, system_id), by address and by system_id. A peer that
// guesses is stopped, from however many addresses it comes; one whose system_id is being guessed is not,
// where it has bound from before.
type bindLimiter struct {
	perMinute int
	now       func() time.Time

	mu      sync.Mutex
	buckets map[bindKey]*bucket
	known   map[bindKey]time.Time // byPair: when it last bound
}

// bindKey is what failures are counted for; address or systemID is empty where it does not matter.
type bindKey struct {
	by                limitBy
	address, systemID string
}

type limitBy uint8

const (
	byPair limitBy = iota
	byAddress
	bySystemID
)

// failuresFactor is how many times FailuresPerMinute each of them may have.
var failuresFactor = [...]float64{byPair: 1, byAddress: 5, bySystemID: 10}

// bucket is a token bucket of failures.
type bucket struct {
	tokens float64 // below 0: binds that were tried at the same time, and are paid for
	at     time.Time
}

const (
	mostBuckets = 1 << 14
	mostDebt    = 5 // minutes
	// knownFor is how long a peer that has bound is told from a stranger.
	knownFor = 7 * 24 * time.Hour
)

func newBindLimiter(perMinute int) *bindLimiter {
	return &bindLimiter{perMinute: perMinute, now: time.Now, buckets: make(map[bindKey]*bucket), known: make(map[bindKey]time.Time)}
}

// limitAddress is an address as far as limits are concerned: without the port, and of IPv6 the /64, since
// one customer has all of it.
func limitAddress(a net.Addr) string {
	if a == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if ip = ip.Unmap().WithZone(""); ip.Is6() {
		return netip.PrefixFrom(ip, 64).Masked().String()
	}
	return ip.String()
}

func bindKeys(address, systemID string) [3]bindKey {
	return [...]bindKey{{byPair, address, systemID}, {byAddress, address, ""}, {bySystemID, "", systemID}}
}

func (l *bindLimiter) most(k bindKey) float64 { return failuresFactor[k.by] * float64(l.perMinute) }

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
func (l *bindLimiter) allow(address, systemID string) bool {
	if l.perMinute < 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, k := range bindKeys(address, systemID) {
		b := l.refill(k, now)
		if b == nil || b.tokens >= 1 {
			continue
		}
		if last, ok := l.known[bindKey{byPair, address, systemID}]; k.by == bySystemID && ok && now.Sub(last) < knownFor {
			continue
		}
		return false
	}
	return true
}

// failed counts a refused bind.
func (l *bindLimiter) failed(address, systemID string) {
	if l.perMinute < 0 {
		return
	}
	systemID = strings.Clone(systemID) // it was a piece of a read buffer
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	for _, k := range bindKeys(address, systemID) {
		b := l.refill(k, now)
		if b == nil {
			l.makeRoom(now)
			b = &bucket{tokens: l.most(k), at: now}
			l.buckets[k] = b
		}
		b.tokens = max(b.tokens-1, -mostDebt*l.most(k))
	}
}

// succeeded remembers that the peer is no stranger.
func (l *bindLimiter) succeeded(address, systemID string) {
	if l.perMinute < 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := bindKey{byPair, address, systemID}
	if _, ok := l.known[k]; ok {
		l.known[k] = l.now()
		return
	}
	if len(l.known) >= mostBuckets {
		for any := range l.known {
			delete(l.known, any)
			break
		}
	}
	k.systemID = strings.Clone(systemID)
	l.known[k] = l.now()
}

// makeRoom bounds the memory that strangers can take, at a bounded cost: it looks at a few buckets (the
// order of a map is random), and when none of them is full again it forgets the one that is nearest to it.
func (l *bindLimiter) makeRoom(now time.Time) {
	if len(l.buckets) < mostBuckets {
		return
	}
	looked, best, least := 0, bindKey{}, -1.0
	for k := range l.buckets {
		b := l.refill(k, now)
		if b == nil {
			return
		}
		if missing := (l.most(k) - b.tokens) / l.most(k); least < 0 || missing < least {
			best, least = k, missing
		}
		if looked++; looked == 8 {
			break
		}
	}
	delete(l.buckets, best)
}
