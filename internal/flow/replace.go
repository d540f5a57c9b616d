package flow

import (
	"context"
	"errors"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Replace puts new content in place of that of a message of the account that was
// not sent yet, with the same checks as Accept, on the route and at the price
// that it has. sms.CodeConflict: it is on its way already, or what is reserved
// for it does not pay for the new content.
func (f *Flow) Replace(ctx context.Context, account int64, id sms.MessageID, x Replacement) error {
	now := f.Now()
	var route int64
	err := f.Store.Replace(ctx, now, account, id, func(m *sms.Message, g *sms.Group) (sms.Replacement, error) {
		route = m.RouteID
		return f.planner(now).replacement(m, g, &x)
	})
	switch {
	case errors.Is(err, store.ErrCommitUnknown):
		return sms.Unavailable("The database does not answer, and it is not known whether the message was replaced; look at it", err)
	case err != nil:
		return err
	}
	f.keeper.wake.ring()
	f.host.wakeRoute(route)
	return nil
}

// replacement plans new content for a message.
func (p *planner) replacement(m *sms.Message, g *sms.Group, x *Replacement) (sms.Replacement, error) {
	req := Request{AccountID: m.AccountID, Type: g.Type, From: g.From, Text: x.Text, Raw: x.Raw, Encoding: x.Encoding,
		SendAt: x.SendAt, ValidFor: x.ValidFor}
	p.req, p.text = &req, storable(x.Text)
	for _, check := range checks {
		if err := check(p); err != nil {
			return sms.Replacement{}, err
		}
	}
	route := p.cat.Route(m.RouteID)
	if route == nil || !route.Enabled {
		return sms.Replacement{}, sms.Fail(sms.CodeForbidden, "The route of this message is disabled; cancel it and send a new one").
			Because(sms.ReasonNoRoute)
	}
	next := *m
	if !x.SendAt.IsZero() {
		next.DueAt = latest(x.SendAt, p.now)
	}
	p.substitute(route)
	p.frame(&next, route)
	if next.Parts > p.account.MaxParts {
		return sms.Replacement{}, p.tooLong(next.Parts)
	}
	r := sms.Replacement{Text: p.text, Raw: x.Raw, Encoding: next.Encoding, Parts: next.Parts, Units: next.Units, Notify: x.Notify}
	if !x.SendAt.IsZero() {
		r.DueAt = next.DueAt
	}
	r.ExpiresAt = p.replacedEnd(m, route, next.DueAt, x)
	return r, nil
}

// replacedEnd is the end of the validity. Without a new length the old one
// counts, from the new time on; zero: it stays. The message was never claimed,
// so its DueAt is still what its validity counts from.
func (p *planner) replacedEnd(m *sms.Message, route *sms.Route, due time.Time, x *Replacement) time.Time {
	switch {
	case x.ValidFor > 0:
		return latest(due, p.now).Add(p.validity(route))
	case !x.SendAt.IsZero():
		return due.Add(m.ExpiresAt.Sub(m.DueAt))
	}
	return time.Time{}
}
