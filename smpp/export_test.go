package smpp

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// SetSequence makes the next sequence number of s the one after last.
func SetSequence(s *Session, last uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slots.last = last
}
