package flow

import (
	"fmt"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
)

// bulkFrom recipients a call goes behind single messages in the queue.
const bulkFrom = 100

// planner turns a request into a call for the store. It is a pure function of
// catalog and time; Explain runs the same code with a trace.
type planner struct {
	cat     *sms.Catalog
	now     time.Time
	max     time.Duration // how far ahead
	protos  func(protocol string) []sms.Type
	trace   func(step string, ok bool, why string) // nil on the hot path
	req     *Request
	account *sms.Account
	sender  *sms.Sender
	kind    sms.SenderKind
	zone    numplan.Country
	list    *sms.PriceList
	lane    sms.Lane

	text     string   // as it is stored and sent
	plain    sizing   // of the content with the default tables
	national []sizing // and with those of routes
	smart    bool     // typographic characters may still be replaced
}

// checks are made before any recipient is looked at, in this order.
var checks = [...]func(*planner) error{(*planner).checkAccount, (*planner).checkType, (*planner).checkSender,
	(*planner).checkContent, (*planner).checkTime, (*planner).checkRoute}

// plan checks the request and prices every recipient.
func (p *planner) plan(req *Request) (sms.Call, error) {
	p.req = req
	p.text = storable(req.Text)
	for _, check := range checks {
		if err := check(p); err != nil {
			return sms.Call{}, err
		}
	}
	call := sms.Call{Key: req.Key, Group: sms.Group{AccountID: req.AccountID, Type: req.Type, From: p.sender.Name, Raw: req.Raw,
		File: storable(req.File), Language: storable(req.Language), Duration: req.Duration, Coding: req.Coding, Protocol: req.Protocol, Face: req.Face, At: p.now}}
	if req.SendAt.After(p.now) {
		call.Group.SendAt = req.SendAt
	}
	if req.Key != "" {
		call.KeyUntil = p.now.Add(req.KeyFor)
	}
	if err := p.recipients(&call); err != nil {
		return sms.Call{}, err
	}
	call.Group.Text, call.Group.Count = p.text, len(call.Messages)
	return call, nil
}

// note tells the trace of a decision. Callers on the hot path ask p.traced
// first: the arguments of a note that nobody reads would still be allocated.
func (p *planner) note(step string, ok bool, format string, args ...any) {
	if p.traced() {
		p.trace(step, ok, fmt.Sprintf(format, args...))
	}
}

func (p *planner) traced() bool { return p.trace != nil }

func (p *planner) checkAccount() error {
	p.account = p.cat.Account(p.req.AccountID)
	if p.account == nil || !p.account.Enabled {
		return sms.Fail(sms.CodeUnauthorized, "This account is disabled").Because(sms.ReasonAccount)
	}
	zone, ok := numplan.ByISO(p.account.Country)
	if p.account.Country != "" && !ok {
		return sms.Fail(sms.CodeInternal, "The account's default country is unknown; the operator of this service must correct it")
	}
	p.zone = zone
	p.list = p.cat.PriceList(p.account.PriceListID)
	return nil
}

func (p *planner) checkType() error {
	t := p.req.Type
	if !sms.KnownType(t) {
		return sms.Fail(sms.CodeInvalid, "Unknown type; use sms, unicode, flash, voice, mms or whatsapp")
	}
	if !p.carried(t) {
		return sms.Fail(sms.CodeUnavailable, fmt.Sprintf("Type %s is not available: no %s connector is configured", t, t.Channel()))
	}
	return nil
}

// carried says whether any enabled connector can carry the type at all. Text
// types always can be planned: they find no route where there is none.
func (p *planner) carried(t sms.Type) bool {
	if t.Channel() == sms.TypeSMS {
		return true
	}
	for _, c := range p.cat.Connectors() {
		if c.Enabled && contains(p.protos(c.Protocol), t.Channel()) {
			return true
		}
	}
	return false
}

func (p *planner) checkSender() error {
	p.sender = p.cat.Sender(p.req.AccountID, p.req.From)
	if p.sender == nil || p.sender.Status != sms.SenderApproved {
		p.noteSender()
		return sms.Fail(sms.CodeForbidden, "Sender ID not allowed").Because(sms.ReasonSender)
	}
	p.kind = senderKind(p.sender.Name)
	if p.traced() {
		p.note("sender", true, "%q is approved, %s, class %s", p.sender.Name, p.kind, p.sender.Class)
	}
	p.lane = p.chooseLane()
	return nil
}

// chooseLane by the class of the sender, the urgency asked for, and the size of
// the call.
func (p *planner) chooseLane() sms.Lane {
	lane := p.sender.Class.Lane()
	switch {
	case p.req.Urgent >= 2 && p.sender.Class != sms.ClassPromotional:
		return sms.LaneFirst
	case p.req.Urgent >= 1:
		return min(lane, sms.LaneNormal)
	case len(p.req.To) >= bulkFrom && lane == sms.LaneNormal:
		return sms.LaneBulk
	}
	return lane
}

// senderKind of a sender id; a number may be written with a leading +.
func senderKind(name string) sms.SenderKind {
	for _, c := range strings.TrimPrefix(name, "+") {
		if c < '0' || c > '9' {
			return sms.SenderAlpha
		}
	}
	return sms.SenderNumeric
}

func (p *planner) checkTime() error {
	if p.req.SendAt.Sub(p.now) > p.max {
		return sms.Fail(sms.CodeInvalid, fmt.Sprintf("scheduledate is too far away; at most %d days ahead are allowed", int(p.max.Hours()/24)))
	}
	if p.req.ValidFor < 0 {
		return sms.Fail(sms.CodeInvalid, "The validity ends before the message is sent").Because(sms.ReasonValidity)
	}
	return nil
}

func (p *planner) checkRoute() error {
	if p.req.RouteID == 0 {
		return nil
	}
	r, why := p.cat.Route(p.req.RouteID), ""
	switch {
	case r == nil || !contains(p.account.Routes, r.ID):
		why = "Unknown route, or not allowed for this account; use route=0 for the default"
	case !r.Enabled:
		why = "This route is disabled; use route=0 for the default"
	case !r.Carries(p.req.Type):
		why = fmt.Sprintf("This route does not carry type %s; use route=0 for the default", p.req.Type)
	default:
		return nil
	}
	return sms.Fail(sms.CodeForbidden, why).Because(sms.ReasonNoRoute)
}

// recipients plans each recipient. A bad one fails alone, at no cost; a call
// whose recipients are all bad is refused.
func (p *planner) recipients(call *sms.Call) error {
	good := 0
	var seen map[string]bool
	if len(p.req.To) > 1 {
		seen = make(map[string]bool, len(p.req.To))
	}
	call.Messages = make([]sms.Message, 0, len(p.req.To))
	for _, input := range p.req.To {
		m := p.message(input)
		id := m.To
		if id == "" {
			id = m.Input
		}
		if id == "" || seen[id] {
			continue // duplicates in one call are sent once
		}
		if seen != nil {
			seen[id] = true
		}
		if m.State != sms.Failed {
			good++
			if call.Need += m.Reserved; call.Need < 0 {
				return sms.Fail(sms.CodeTooLarge, "The price of the call is too large; send it in smaller calls")
			}
		}
		call.Messages = append(call.Messages, m)
	}
	if good == 0 {
		return p.allBad(call.Messages)
	}
	return nil
}

// allBad says why nobody can be reached.
func (p *planner) allBad(messages []sms.Message) error {
	for _, m := range messages {
		switch m.Reason {
		case sms.ReasonNoRoute:
			return sms.Fail(sms.CodeForbidden, "No route to this number").Because(sms.ReasonNoRoute)
		case sms.ReasonNoPrice:
			return sms.Fail(sms.CodeForbidden, "No price for this number").Because(sms.ReasonNoPrice)
		case sms.ReasonSender:
			return sms.Fail(sms.CodeForbidden, "Sender ID not allowed").Because(sms.ReasonSender)
		case sms.ReasonContent:
			return p.tooLong(m.Parts)
		}
	}
	return sms.Fail(sms.CodeInvalid, "No valid recipient; write numbers with country code, such as 8801712345678").Because(sms.ReasonNumber)
}

// message plans one recipient.
func (p *planner) message(input string) sms.Message {
	m := sms.Message{AccountID: p.req.AccountID, State: sms.Queued, Lane: p.lane, UpdatedAt: p.now, DueAt: p.now,
		Encoding: p.plain.sizes[0].Encoding, SubscriberID: p.req.SubscriberID, Notify: p.req.Notify}
	if p.req.SendAt.After(p.now) {
		m.State, m.DueAt = sms.Scheduled, p.req.SendAt
	}
	to, short, err := p.number(input)
	m.To = to
	if to != input {
		m.Input = written(input)
	}
	if err != nil {
		p.note("number", false, "%v", err)
		return failed(m, sms.ReasonNumber)
	}
	if p.traced() {
		p.note("number", true, "%s", to)
	}
	route, reason := p.route(to, short)
	if route == nil {
		return failed(m, reason)
	}
	p.substitute(route)
	p.frame(&m, route)
	if m.Parts > p.account.MaxParts {
		p.note("parts", false, "%d parts as the route sends it, at most %d are allowed", m.Parts, p.account.MaxParts)
		return failed(m, sms.ReasonContent)
	}
	price, ok := p.price(to, short)
	reserved, fits := price.Times(m.Units)
	if !ok || !fits {
		why := "the price list has no price for this number, type and sender"
		if ok {
			why = "the price of so many units is too large"
		}
		p.note("price", false, "%s", why)
		return failed(m, sms.ReasonNoPrice)
	}
	m.Price, m.Reserved = price, reserved
	if p.list.ChargeOn == "delivered" {
		m.ChargeOn = sms.ChargeDelivered
	}
	if p.traced() {
		p.note("price", true, "%s a unit, %d unit(s), %s reserved", price, m.Units, reserved)
	}
	return m
}

// price of one unit to a number or short code.
func (p *planner) price(to string, short bool) (sms.Money, bool) {
	switch {
	case p.list == nil:
		return 0, false
	case short:
		return p.cat.CodePrice(p.list.ID, p.req.Type, p.kind, p.req.RouteID, to)
	}
	return p.cat.Price(p.list.ID, p.req.Type, p.kind, p.req.RouteID, to)
}

// frame fills in what the route decides: parts, receipts, times.
func (p *planner) frame(m *sms.Message, route *sms.Route) {
	size := p.size(route)
	m.RouteID, m.Pinned = route.ID, p.req.RouteID != 0
	m.Parts, m.Encoding = max(1, size.Parts), size.Encoding
	m.Units = m.Parts
	m.ReceiptsOn = route.Receipts
	m.ExpiresAt = m.DueAt.Add(p.validity(route))
	m.CloseAt = m.ExpiresAt.Add(route.ReceiptWait.Std())
	if ask := m.DueAt.Add(route.QueryAfter.Std()); route.QueryAfter > 0 && ask.Before(m.CloseAt) {
		m.AskAt = ask
	}
}

// validity is what the caller asks for, and never longer than the route's.
func (p *planner) validity(route *sms.Route) time.Duration {
	valid := route.Validity.Std()
	if p.req.ValidFor > 0 {
		valid = min(valid, p.req.ValidFor)
	}
	return valid
}

func failed(m sms.Message, reason sms.Reason) sms.Message {
	m.State, m.Reason, m.Reserved = sms.Failed, reason, 0
	return m
}

// inputMost bounds what is kept of an input that is no number.
const inputMost = 64

// written is the input as the caller wrote it, for the record.
func written(input string) string {
	s := strings.TrimSpace(input)
	return storable(s[:min(len(s), inputMost)])
}

// number normalises the input. What a route lists is a short code, also where it
// could be a local number; other short ones are not.
func (p *planner) number(input string) (to string, short bool, err error) {
	if code := strings.TrimSpace(input); numplan.IsShortCodeShape(code) {
		for _, r := range p.cat.Routes() {
			if contains(r.ShortCodes, code) {
				return code, true, nil
			}
		}
	}
	n, err := numplan.Normalize(input, p.zone)
	return n.E164, false, err
}

// route chooses: the one that was named, or the first rule whose route can
// carry the message.
func (p *planner) route(to string, short bool) (*sms.Route, sms.Reason) {
	reason := sms.ReasonNoRoute
	try := func(r *sms.Route, what string) bool {
		ok, why, becauseSender := p.usable(r, to, short)
		if p.traced() {
			p.note("route", ok, "%s: %s", what, why)
		}
		if becauseSender {
			reason = sms.ReasonSender
		}
		return ok
	}
	if p.req.RouteID != 0 {
		r := p.cat.Route(p.req.RouteID)
		if try(r, "asked for in the call") {
			return r, ""
		}
		return nil, reason
	}
	var chosen *sms.Route
	var tried []*sms.Rule // for the trace
	p.cat.RuleFor(p.req.AccountID, p.req.Type, to, func(rule *sms.Rule) bool {
		if r := p.cat.Route(rule.RouteID); try(r, rule.Name) {
			chosen = r
		}
		if p.traced() {
			tried = append(tried, rule)
		}
		return chosen != nil
	})
	if p.traced() {
		p.noteOthers(to, tried)
	}
	if chosen == nil {
		p.note("route", false, "no rule is left that sends this number")
	}
	return chosen, reason
}

func (p *planner) usable(r *sms.Route, to string, short bool) (ok bool, why string, sender bool) {
	switch {
	case r == nil:
		return false, "its route is gone", false
	case !r.Enabled:
		return false, "route " + r.Name + " is disabled", false
	case !r.Carries(p.req.Type):
		return false, "route " + r.Name + " does not carry type " + string(p.req.Type), false
	case short && !contains(r.ShortCodes, to):
		return false, "route " + r.Name + " does not list this short code", false
	case !senderOn(p.cat, nil, r):
		return false, "no connector of route " + r.Name + " is enabled", false
	case !senderOn(p.cat, p.sender, r):
		return false, "sender is not registered on any enabled connector of route " + r.Name, true
	}
	if !p.traced() {
		return true, "", false
	}
	return true, "route " + r.Name, false
}

// senderOn says whether the sender id (nil: any) may be used on some enabled
// connector of r.
func senderOn(cat *sms.Catalog, id *sms.Sender, r *sms.Route) bool {
	for _, rc := range r.Connectors {
		if c := cat.Connector(rc.ID); c != nil && c.Enabled && registered(id, rc.ID) {
			return true
		}
	}
	return false
}

func contains[T comparable](list []T, v T) bool {
	for _, have := range list {
		if have == v {
			return true
		}
	}
	return false
}
