package admin

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/harkara/harkara/internal/sms"
)

// describe makes the spec of a noun, nil for one that has none.
func (b *book) describe(n sms.Noun) spec {
	if specless(n) {
		return nil
	}
	s := newSpec(n.Kind())
	if s != nil {
		h := n.Meta()
		*s.Stored() = Meta{ID: h.ID, Version: h.Version, UpdatedAt: h.UpdatedAt}
		s.load(b, n)
	}
	return s
}

func (s *AccountSpec) load(b *book, n sms.Noun) {
	a := n.(*sms.Account)
	s.Name, s.Enabled, s.TimeZone, s.Country = a.Name, a.Enabled, a.TimeZone, a.Country
	s.PriceList, s.CreditLimit, s.MaxParts = b.name(sms.KindPriceList, a.PriceListID), a.CreditLimit, a.MaxParts
	s.GroupStart, s.RecipientStart, s.InboxStart = a.GroupStart, a.RecipientStart, a.InboxStart
	s.Routes, s.SmartText = b.namesOf(sms.KindRoute, a.Routes), a.SmartText
}

func (s *SenderSpec) load(b *book, n sms.Noun) {
	x := n.(*sms.Sender)
	s.Account, s.Name, s.Status = b.name(sms.KindAccount, x.AccountID), x.Name, x.Status
	s.Class, s.Connectors, s.Note = x.Class, b.namesOf(sms.KindConnector, x.Connectors), x.Note
}

func (s *NumberSpec) load(b *book, n sms.Noun) {
	x := n.(*sms.Number)
	s.Account, s.Number, s.Keyword = b.name(sms.KindAccount, x.AccountID), x.Name, x.Keyword
}

func (s *KeySpec) load(b *book, n sms.Noun) {
	x := n.(*sms.Credential)
	s.Account, s.Name, s.APIKey, s.TokenHash = b.name(sms.KindAccount, x.AccountID), x.Name, x.APIKey, x.TokenHash
	s.IPs, s.GuardSeconds, s.Revoked = append([]string{}, x.IPs...), x.GuardSeconds, x.Revoked
}

func (s *LoginSpec) load(b *book, n sms.Noun) {
	x := n.(*sms.Subscriber)
	l := x.SMPP
	s.Account, s.SystemID, s.PasswordHash, s.Disabled = b.name(sms.KindAccount, x.AccountID), x.Name, l.PasswordHash, l.Disabled
	s.RequireTLS, s.MaxBinds, s.Rate, s.Window, s.Keep = l.RequireTLS, l.MaxBinds, l.Rate, l.Window, l.Keep
	s.MessageID, s.Alphabet = l.MessageID, l.Alphabet.String()
	s.IPs, s.Replies = append([]string{}, l.IPs...), append([]string{}, l.Replies...)
}

func (s *RouteSpec) load(b *book, n sms.Noun) {
	r := n.(*sms.Route)
	s.Name, s.Number, s.Enabled, s.Long, s.OnUnknown = r.Name, r.ID, r.Enabled, r.Long, r.OnUnknown
	s.Validity, s.ReceiptWait, s.MaxAttempts = r.Validity, r.ReceiptWait, r.MaxAttempts
	s.Receipts, s.QueryAfter, s.National = r.Receipts, r.QueryAfter, make([]string, 0, len(r.National))
	for _, language := range r.National {
		s.National = append(s.National, language.String())
	}
	s.Types, s.ShortCodes = append([]sms.Type{}, r.Types...), append([]string{}, r.ShortCodes...)
	s.Connectors = make([]RouteConnector, 0, len(r.Connectors))
	for _, c := range r.Connectors {
		s.Connectors = append(s.Connectors, RouteConnector{b.name(sms.KindConnector, c.ID), c.Priority})
	}
	s.Costs = make([]CostSpec, 0, len(r.Costs))
	for _, c := range r.Costs {
		s.Costs = append(s.Costs, CostSpec(c))
	}
}

func (s *ConnectorSpec) load(b *book, n sms.Noun) {
	c := n.(*sms.Connector)
	s.Name, s.Protocol, s.Enabled, s.Pace, s.Window = c.Name, c.Protocol, c.Enabled, c.Pace, c.Window
	s.Mode, s.Shares, s.Settings = c.Mode, b.name(sms.KindConnector, c.ScopeID), parseSettings(c.Settings)
}

func (s *RuleSpec) load(b *book, n sms.Noun) {
	r := n.(*sms.Rule)
	s.Name, s.Account, s.Prefix, s.Type = r.Name, b.name(sms.KindAccount, r.AccountID), r.Prefix, r.Type
	s.Route, s.Priority = b.name(sms.KindRoute, r.RouteID), r.Priority
}

func (s *PriceListSpec) load(b *book, n sms.Noun) {
	p := n.(*sms.PriceList)
	s.Name, s.ChargeOn, s.Prices = p.Name, p.ChargeOn, make([]PriceSpec, 0, len(p.Prices))
	for _, row := range p.Prices {
		s.Prices = append(s.Prices, PriceSpec{row.Prefix, row.Type, row.Sender, b.name(sms.KindRoute, row.RouteID), row.Price})
	}
}

func (b *book) namesOf(k sms.Kind, ids []int64) []string {
	list := make([]string, 0, len(ids))
	for _, id := range ids {
		list = append(list, b.name(k, id))
	}
	return list
}

// autoName is the rule's name, or one after what it matches: "880",
// "demo/880/voice", "any/2" (priority 2). Two rules that match the same with the
// same priority have no order, so this tells rules apart.
func (s *RuleSpec) autoName() string {
	if name := strings.TrimSpace(s.Name); name != "" {
		return name
	}
	return ruleName(s.Account, s.Prefix, s.Type, s.Priority)
}

// dropAutoName forgets a name that follows what the rule matches, so that it
// goes on doing so.
func (s *RuleSpec) dropAutoName() {
	if s.Name == ruleName(s.Account, s.Prefix, s.Type, s.Priority) {
		s.Name = ""
	}
}

// parseSettings reads stored settings. Whole numbers stay whole.
func parseSettings(raw json.RawMessage) map[string]any {
	settings := map[string]any{}
	if len(bytes.TrimSpace(raw)) == 0 {
		return settings
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&settings) != nil || settings == nil {
		return map[string]any{} // never stored by this package
	}
	return wholeNumbers(settings).(map[string]any)
}

// wholeNumbers turns json.Number into int64 where it is one, else float64.
func wholeNumbers(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			v[key] = wholeNumbers(value)
		}
	case []any:
		for i, value := range v {
			v[i] = wholeNumbers(value)
		}
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n
		}
		f, _ := v.Float64() // it was read as a number
		return f
	}
	return v
}
