package flow

import (
	"context"
	"reflect"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// adjust takes over a changed noun while the links stay, if that is possible:
// pace, mode, scope and name are the host's own, the rest is for the connector
// to say. Otherwise nothing changes.
func (s *sender) adjust(noun *sms.Connector, now time.Time) bool {
	before := s.noun()
	a, able := s.link.(connect.Adjuster)
	if !(able && a.Adjust(noun)) && !ownChange(before, noun) {
		return false
	}
	s.config.Store(noun)
	if noun.Pace != before.Pace {
		s.pace.set(now, noun.Pace)
	}
	if noun.Mode == sms.ModePause {
		s.halt()
	}
	if noun.Mode != before.Mode {
		s.flow.Log.Info("connector changed", "connector", noun.Name, "mode", string(noun.Mode))
		s.host.wakeAll() // others take over, or give back
	}
	s.drainBell.ring()
	return true
}

// ownChange says whether two nouns differ only in what the host itself does.
func ownChange(a, b *sms.Connector) bool {
	x, y := *a, *b
	for _, c := range []*sms.Connector{&x, &y} {
		c.Head, c.Pace, c.Mode, c.ScopeID = sms.Head{}, 0, "", 0
	}
	return reflect.DeepEqual(x, y)
}

// passage is ctx for the sending of one step, which a pause ends: a submission
// that waits for room in the window is then given back.
func (s *sender) passage(ctx context.Context) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pass == nil || s.pass.Err() != nil {
		s.pass, s.shut = context.WithCancel(ctx)
	}
	return s.pass
}

// halt ends the passage.
func (s *sender) halt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shut != nil {
		s.shut()
	}
}
