package flow

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
)

// Request is one call of a face: the same content for one or many recipients.
type Request struct {
	AccountID int64
	Face      string // "smsapi", "api", ...
	Type      sms.Type
	From      string
	To        []string // as the caller wrote them, one recipient each
	Text      string
	File      string
	Language  string
	Duration  time.Duration
	SendAt    time.Time // zero or past: at once
	RouteID   int64     // 0: default routing rules
	Key       string    // idempotency key; empty: none
	KeyFor    time.Duration
}

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
	sizes   [2]gsm.Size // by width of the reference
}

// checks are made before any recipient is looked at, in this order.
var checks = [...]func(*planner) error{(*planner).checkAccount, (*planner).checkType, (*planner).checkSender,
	(*planner).checkContent, (*planner).checkTime, (*planner).checkRoute}

// plan checks the request and prices every recipient.
func (p *planner) plan(req *Request) (sms.Call, error) {
	p.req = req
	req.Text, req.File, req.Language = storable(req.Text), storable(req.File), storable(req.Language)
	for _, check := range checks {
		if err := check(p); err != nil {
			return sms.Call{}, err
		}
	}
	call := sms.Call{Key: req.Key, Group: sms.Group{AccountID: req.AccountID, Count: 0, Type: req.Type, From: p.sender.Name,
		Text: req.Text, File: req.File, Language: req.Language, Duration: req.Duration, Face: req.Face, At: p.now}}
	if req.SendAt.After(p.now) {
		call.Group.SendAt = req.SendAt
	}
	if req.Key != "" {
		call.KeyUntil = p.now.Add(req.KeyFor)
	}
	if err := p.recipients(&call); err != nil {
		return sms.Call{}, err
	}
	call.Group.Count = len(call.Messages)
	return call, nil
}

// storable is s without what databases refuse: zero bytes, which no alphabet has
// either, and what is not UTF-8.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
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
		return sms.Fail(sms.CodeUnauthorized, "This account is disabled")
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
		return sms.Fail(sms.CodeForbidden, "Sender ID not allowed")
	}
	p.kind = senderKind(p.sender.Name)
	if p.traced() {
		p.note("sender", true, "%q is approved, %s, class %s", p.sender.Name, p.kind, p.sender.Class)
	}
	p.lane = p.sender.Class.Lane()
	if len(p.req.To) >= bulkFrom && p.lane == sms.LaneNormal {
		p.lane = sms.LaneBulk
	}
	return nil
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

// checkContent counts the parts of a text. The width of the reference is the
// route's, so both are counted when there is more than one part.
func (p *planner) checkContent() error {
	if p.req.Type.Channel() != sms.TypeSMS {
		return nil // the connector's room checks files and templates
	}
	if p.req.Text == "" {
		return sms.Fail(sms.CodeInvalid, "Message text is empty")
	}
	o := gsm.Options{}
	if p.req.Type == sms.TypeUnicode {
		o.Encoding = gsm.UCS2
	}
	for i, bits := range [...]gsm.RefBits{gsm.Ref8, gsm.Ref16} {
		o.RefBits = bits
		size, err := gsm.Measure(p.req.Text, o)
		if err != nil && !errors.Is(err, gsm.ErrTooManyParts) {
			return sms.Fail(sms.CodeInvalid, "Message text cannot be encoded")
		}
		p.sizes[i] = size
		if size.Parts == 1 {
			p.sizes[1] = size
			break
		}
	}
	if p.sizes[0].Parts > p.account.MaxParts {
		return p.tooLong(p.sizes[0].Parts)
	}
	if size := p.sizes[0]; p.traced() {
		p.note("text", true, "%s, %d part(s), %d of %d units used in the last", size.Encoding, size.Parts, size.LastUsed, size.Limit)
	}
	return nil
}

func (p *planner) tooLong(parts int) error {
	return sms.Fail(sms.CodeTooLarge, fmt.Sprintf("Text is too long: it needs %d parts, at most %d are allowed", parts, p.account.MaxParts))
}

func (p *planner) checkTime() error {
	if p.req.SendAt.Sub(p.now) > p.max {
		return sms.Fail(sms.CodeInvalid, fmt.Sprintf("scheduledate is too far away; at most %d days ahead are allowed", int(p.max.Hours()/24)))
	}
	return nil
}

func (p *planner) checkRoute() error {
	if p.req.RouteID == 0 {
		return nil
	}
	r := p.cat.Route(p.req.RouteID)
	switch {
	case r == nil || !contains(p.account.Routes, r.ID):
		return sms.Fail(sms.CodeForbidden, "Unknown route, or not allowed for this account; use route=0 for the default")
	case !r.Enabled:
		return sms.Fail(sms.CodeForbidden, "This route is disabled; use route=0 for the default")
	case !r.Carries(p.req.Type):
		return sms.Fail(sms.CodeForbidden, fmt.Sprintf("This route does not carry type %s; use route=0 for the default", p.req.Type))
	}
	return nil
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
			return sms.Fail(sms.CodeForbidden, "No route to this number")
		case sms.ReasonNoPrice:
			return sms.Fail(sms.CodeForbidden, "No price for this number")
		case sms.ReasonSender:
			return sms.Fail(sms.CodeForbidden, "Sender ID not allowed")
		case sms.ReasonContent:
			return p.tooLong(m.Parts)
		}
	}
	return sms.Fail(sms.CodeInvalid, "No valid recipient; write numbers with country code, such as 8801712345678")
}

// message plans one recipient.
func (p *planner) message(input string) sms.Message {
	m := sms.Message{AccountID: p.req.AccountID, State: sms.Queued, Lane: p.lane, UpdatedAt: p.now, DueAt: p.now,
		Encoding: p.sizes[0].Encoding}
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
	p.frame(&m, route)
	if m.Parts > p.account.MaxParts {
		p.note("parts", false, "%d parts with the route's 16-bit reference, at most %d are allowed", m.Parts, p.account.MaxParts)
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

// frame fills in what the route decides: parts, times.
func (p *planner) frame(m *sms.Message, route *sms.Route) {
	size := p.sizes[0]
	if route.Long == sms.LongUDH16 {
		size = p.sizes[1]
	}
	m.RouteID, m.Pinned = route.ID, p.req.RouteID != 0
	m.Parts, m.Encoding = max(1, size.Parts), size.Encoding
	m.Units = m.Parts
	m.ExpiresAt = m.DueAt.Add(route.Validity.Std())
	m.CloseAt = m.ExpiresAt.Add(route.ReceiptWait.Std())
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
