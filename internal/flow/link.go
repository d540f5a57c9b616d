package flow

import (
	"context"
	"time"

	"github.com/harkara/harkara/internal/connect"
)

// Link is called by the connector.
func (s *sender) Link(l connect.Link) {
	s.mu.Lock()
	was := s.info
	s.info = l
	s.up.Store(l.Up)
	if l.Up {
		s.rest = time.Time{}
		select {
		case <-s.upped:
		default:
			close(s.upped)
		}
	}
	s.mu.Unlock()
	if was.Up != l.Up {
		s.drainBell.ring()
		s.fillBell.ring() // it need not be in the roster yet
		s.host.wakeAll()
		if s.asks != nil {
			s.asks.bell.ring()
		}
	}
	if s.replaced.Load() {
		return
	}
	s.flow.Meter.Link(s.noun().Name, l.Links)
	if was.Up != l.Up {
		s.flow.Log.Info("connector changed", "connector", s.noun().Name, "up", l.Up, "links", l.Links, "reason", l.Reason)
	}
}

func (s *sender) waitUp(ctx context.Context) {
	select {
	case <-s.upped:
	case <-ctx.Done():
	}
}

// wasUp says whether it was ever up.
func (s *sender) wasUp() bool {
	select {
	case <-s.upped:
		return true
	default:
		return false
	}
}

func (s *sender) state() ConnectorState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ConnectorState{ID: s.id, Name: s.noun().Name, Protocol: s.noun().Protocol, Mode: s.noun().Mode, Link: s.info,
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
