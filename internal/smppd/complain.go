package smppd

import (
	"sync"
	"time"
)

// complainEvery is how often the same trouble is logged.
const complainEvery = 10 * time.Second

// complaints keeps a trouble that comes with every request from filling the log.
type complaints struct {
	mu   sync.Mutex
	each map[string]*complaint // by text, which are few
}

type complaint struct {
	next time.Time
	kept int
}

// complain logs an error: the first time, and then once in complainEvery with the
// number of times between.
func (s *Server) complain(text string, args ...any) {
	now := s.Now()
	s.complaints.mu.Lock()
	defer s.complaints.mu.Unlock()
	if s.complaints.each == nil {
		s.complaints.each = map[string]*complaint{}
	}
	c := s.complaints.each[text]
	if c == nil {
		c = &complaint{}
		s.complaints.each[text] = c
	}
	if now.Before(c.next) {
		c.kept++
		return
	}
	s.Log.Error(text, append(args, "suppressed", c.kept)...)
	c.next, c.kept = now.Add(complainEvery), 0
}
