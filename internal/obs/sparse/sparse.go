// Package sparse keeps a trouble that comes again and again, with every request or
// at a peer's will, from filling the log. It knows nothing of what is logged.
package sparse

import (
	"sync"
	"time"
)

// Every is how often the same trouble is logged.
const Every = 10 * time.Second

// Line is one sort of log line. The zero value is ready; it is safe for
// concurrent use.
type Line struct {
	mu   sync.Mutex
	next time.Time
	kept int
}

// Allow says whether to log now, and how many lines were left out since the last.
func (l *Line) Allow(now time.Time) (suppressed int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.next) {
		l.kept++
		return 0, false
	}
	suppressed, l.kept, l.next = l.kept, 0, now.Add(Every)
	return suppressed, true
}
