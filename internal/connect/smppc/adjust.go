package smppc

import (
	"reflect"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

var _ connect.Adjuster = (*Connector)(nil)

// Adjust takes over everything but other settings: the window at once, on the
// binds that are up and on later ones. Submissions beyond a smaller window are
// answered as they are. Settings are compared as they are understood, so a
// default that was written down is no change.
func (c *Connector) Adjust(noun *sms.Connector) bool {
	cfg, err := parseSettings(noun.Settings)
	if err != nil || noun.ID != c.id || noun.Protocol != c.noun.Load().Protocol || !reflect.DeepEqual(cfg, c.cfg) {
		return false
	}
	live := *noun
	live.Window = max(noun.Window, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return false
	}
	c.noun.Store(&live)
	for _, b := range c.binds {
		if b.session != nil {
			b.session.SetWindow(live.Window)
		}
	}
	c.outcomes.resize(waiting(live.Window))
	c.pool.resize(live.Window)
	return true
}

// waiting is how many outcomes may wait for the Sink without holding their place
// in the window.
func waiting(window int) int { return 4*window + 1000 }
