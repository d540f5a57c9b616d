package smppd

import (
	"sync"

	"github.com/harkara/harkara/internal/obs/sparse"
)

// complaints keeps a trouble that comes with every request from filling the log.
type complaints struct {
	mu   sync.Mutex
	each map[string]*sparse.Line // by text, which are few
}

func (c *complaints) line(text string) *sparse.Line {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.each == nil {
		c.each = map[string]*sparse.Line{}
	}
	if c.each[text] == nil {
		c.each[text] = new(sparse.Line)
	}
	return c.each[text]
}

// complain logs an error: the first time, and then now and then with the number of
// times between.
func (s *Server) complain(text string, args ...any) {
	if n, ok := s.complaints.line(text).Allow(s.Now()); ok {
		s.Log.Error(text, append(args, "suppressed", n)...)
	}
}
