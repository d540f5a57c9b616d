package flow

import (
	"slices"

	"github.com/harkara/harkara/internal/sms"
)

// roster says who sends for which route. It is rebuilt when senders or the
// catalog change; who takes messages is asked each time.
type roster struct {
	routes map[int64]*panel
	of     map[int64][]*panel // by connector, in order of route id
}

// panel is the running senders of an enabled route.
type panel struct {
	route   *sms.Route
	members []member
}

type member struct {
	*sender
	priority int
}

func newRoster(cat *sms.Catalog, running map[int64]*sender) *roster {
	r := &roster{routes: map[int64]*panel{}, of: map[int64][]*panel{}}
	for _, route := range cat.Routes() {
		if !route.Enabled {
			continue
		}
		p := &panel{route: route}
		for _, rc := range route.Connectors {
			s := running[rc.ID]
			if s == nil || p.has(rc.ID) {
				continue
			}
			p.members = append(p.members, member{s, rc.Priority})
			r.of[rc.ID] = append(r.of[rc.ID], p)
		}
		r.routes[route.ID] = p
	}
	return r
}

func (p *panel) has(connector int64) bool {
	return slices.ContainsFunc(p.members, func(m member) bool { return m.id == connector })
}

// senders of the route; none for a nil panel.
func (p *panel) senders() []member {
	if p == nil {
		return nil
	}
	return p.members
}

// others are the members that take messages, besides the connector, and that may
// send for the sender id (nil: any).
func (p *panel) others(connector int64, id *sms.Sender) (list []member) {
	for _, m := range p.senders() {
		if m.id != connector && m.serves() && registered(id, m.id) {
			list = append(list, m)
		}
	}
	return list
}

// registered says whether the sender id may be used on the connector.
func registered(id *sms.Sender, connector int64) bool {
	return id == nil || len(id.Connectors) == 0 || contains(id.Connectors, connector)
}

// share is a route that a connector may claim from, and how.
type share struct {
	route        *sms.Route
	alone, spill bool
}

// shares says what the connector may claim: all of a route while it is among
// its best connectors that take messages, otherwise what spills over.
func (r *roster) shares(connector int64) []share {
	list := make([]share, 0, len(r.of[connector]))
	for _, p := range r.of[connector] {
		mine, best, others := 0, int(^uint(0)>>1), 0
		for _, m := range p.members {
			switch {
			case m.id == connector:
				mine = m.priority
			case m.serves():
				others++
				best = min(best, m.priority)
			}
		}
		list = append(list, share{route: p.route, alone: others == 0, spill: mine > best})
	}
	return list
}
