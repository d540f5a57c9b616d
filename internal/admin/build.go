package admin

import (
	"cmp"
	"encoding"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
)

// builder makes nouns of specs and gathers what is wrong with them.
type builder struct {
	desk     *Desk
	book     *book
	file     string // for problems; empty: no file
	problems Problems

	at string   // place and name of the spec at hand
	ok bool     // no problem with it so far
	as sms.Noun // what is stored under it, nil for a new one
}

// build makes the noun of s. old is the stored noun that it replaces, nil for a
// new one. It returns nil when there was a problem.
func (x *builder) build(s spec, old sms.Noun) sms.Noun {
	x.at, x.ok, x.as = x.place(s), true, old
	n := s.build(x)
	h := n.Meta()
	if old != nil {
		h.ID, h.Version, h.UpdatedAt = old.Meta().ID, old.Meta().Version, old.Meta().UpdatedAt
	}
	if !x.ok {
		return nil
	}
	if err := n.Validate(); err != nil {
		x.problem("%v", err)
		return nil
	}
	if c, isConnector := n.(*sms.Connector); isConnector && x.desk.Check != nil {
		if err := x.desk.Check(c); err != nil {
			x.problem("%v", err)
			return nil
		}
	}
	return n
}

func (x *builder) place(s spec) string {
	if x.file == "" {
		return ""
	}
	name := word(s.Kind())
	if called := s.ref().Name; called != "" {
		name += " " + called
	}
	return fmt.Sprintf("%s:%d: %s: ", x.file, s.Stored().line, name)
}

func (x *builder) problem(format string, args ...any) {
	x.ok = false
	x.problems = append(x.problems, x.at+fmt.Sprintf(format, args...))
}

func (x *builder) err() error {
	if len(x.problems) > 0 {
		return &sms.Error{Code: sms.CodeInvalid, Message: x.problems.Error(), Err: x.problems}
	}
	return nil
}

// word reads a value that knows its own words.
func (x *builder) word(what, text string, into encoding.TextUnmarshaler) {
	if err := into.UnmarshalText([]byte(text)); err != nil {
		x.problem("%s: %v", what, err)
	}
}

// id looks a name up; an empty one is 0.
func (x *builder) id(k sms.Kind, name string) int64 {
	id, err := x.book.id(k, name)
	if err != nil {
		x.problem("%v", err)
	}
	return id
}

func (x *builder) ids(k sms.Kind, names []string) []int64 {
	ids := make([]int64, 0, len(names))
	for _, name := range names {
		id := x.id(k, name)
		for _, have := range ids {
			if have == id && id != 0 {
				x.problem("%s %s is named twice", word(k), name)
			}
		}
		ids = append(ids, id)
	}
	return ids
}

// owner is the account of a noun that belongs to one.
func (x *builder) owner(name string) int64 {
	if name == "" {
		x.problem("name the account it belongs to")
		return 0
	}
	return x.id(sms.KindAccount, name)
}

func (s *AccountSpec) build(x *builder) sms.Noun {
	country := ""
	if s.Country != "" {
		c, err := numplan.ParseCountry(s.Country)
		if err != nil {
			x.problem("country: %v", err)
		}
		country = c.ISO()
	}
	old, _ := x.as.(*sms.Account)
	if old == nil {
		old = &sms.Account{}
	}
	return &sms.Account{Head: sms.Head{Name: s.Name}, Enabled: s.Enabled, TimeZone: s.TimeZone, Country: country,
		PriceListID: x.id(sms.KindPriceList, s.PriceList), CreditLimit: s.CreditLimit, MaxParts: s.MaxParts,
		Routes: x.ids(sms.KindRoute, s.Routes), SmartText: s.SmartText, GroupStart: x.start("group_start", s.GroupStart, old.GroupStart),
		RecipientStart: x.start("recipient_start", s.RecipientStart, old.RecipientStart), InboxStart: x.start("inbox_start", s.InboxStart, old.InboxStart)}
}

// start is where a counter starts. Left out it stays; lower it would have no
// effect, as the store only raises counters.
func (x *builder) start(key string, start, stored int64) int64 {
	switch {
	case start == 0:
		return stored
	case 0 < start && start < stored:
		x.problem("%s is %d already and cannot become %d: counters are only ever raised, so that no id is given out twice; write a higher number, or leave it out",
			key, stored, start)
	}
	return start
}

// senderName drops the + of a number, which is not part of a sender id.
func senderName(name string) string {
	name = strings.TrimSpace(name)
	if digits := strings.TrimPrefix(name, "+"); digits != name && strings.Trim(digits, "0123456789") == "" {
		return digits
	}
	return name
}

func (s *SenderSpec) build(x *builder) sms.Noun {
	if _, err := numplan.ClassifySender(strings.TrimSpace(s.Name)); err != nil {
		x.problem("%v", err)
	}
	return &sms.Sender{Head: sms.Head{Name: senderName(s.Name), AccountID: x.owner(s.Account)}, Status: s.Status, Class: s.Class,
		Connectors: x.ids(sms.KindConnector, s.Connectors), Note: strings.TrimSpace(s.Note)}
}

func (s *NumberSpec) build(x *builder) sms.Noun {
	digits := cleanNumber(s.Number)
	if len(digits) < numplan.MinShortCode || len(digits) > numplan.MaxNumeric {
		x.problem("number %q must have %d to %d digits, with the country code", s.Number, numplan.MinShortCode, numplan.MaxNumeric)
	}
	return &sms.Number{Head: sms.Head{Name: digits, AccountID: x.owner(s.Account)}, Keyword: strings.TrimSpace(s.Keyword)}
}

// cleanNumber drops what people write between digits.
func cleanNumber(s string) string {
	return strings.NewReplacer("+", "", " ", "", "-", "", "(", "", ")", "").Replace(s)
}

var tokenHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (s *KeySpec) build(x *builder) sms.Noun {
	c := &sms.Credential{Head: sms.Head{Name: strings.TrimSpace(s.Name), AccountID: x.owner(s.Account)}, APIKey: s.APIKey,
		TokenHash: s.TokenHash, IPs: s.IPs, GuardSeconds: s.GuardSeconds, Revoked: s.Revoked}
	if err := credentialShape("api_key", s.APIKey); err != nil {
		x.problem("%v", err)
	}
	x.nameOfKey(c)
	old, _ := x.as.(*sms.Credential)
	switch {
	case s.TokenEnv != "" && s.TokenHash != "" && (old == nil || old.TokenHash != s.TokenHash):
		x.problem("token_hash and token_env are both set: keep one")
	case s.TokenEnv != "":
		token := x.secret("token_env", "env", s.TokenEnv)
		if token != "" && x.ok {
			x.hash(c, token)
		}
	case s.TokenHash == "" && old != nil:
		c.TokenHash = old.TokenHash
	case !tokenHash.MatchString(s.TokenHash):
		x.problem("a new key needs its token: token_env: NAME_OF_A_VARIABLE, or token_hash: 64 hex digits as `harkara export --secrets` prints")
	}
	return c
}

// nameOfKey keeps the names of an account's keys apart, as commands name them so.
func (x *builder) nameOfKey(c *sms.Credential) {
	if c.Name == "" {
		x.problem("give the key a name, such as main")
	}
	for _, n := range x.book.named(sms.KindCredential, c.AccountID, c.Name) {
		if o := n.(*sms.Credential); o.APIKey != c.APIKey && (x.as == nil || o.ID != x.as.Meta().ID) {
			x.problem("the account has another key named %s", c.Name)
		}
	}
}

func (x *builder) hash(c *sms.Credential, token string) {
	if err := credentialShape("token", token); err != nil {
		x.problem("%v", err)
		return
	}
	hash, err := x.desk.Hash(c.APIKey, token)
	if err != nil {
		x.problem("%v", err)
	}
	c.TokenHash = hash
}

// credentialShape refuses what no client can send: blanks around credentials
// are trimmed (compat.md Q18). The error does not hold the value.
func credentialShape(what, s string) error {
	if s == "" {
		return fmt.Errorf("%s is missing", what)
	}
	if len(s) > 200 {
		return fmt.Errorf("%s is longer than 200 characters", what)
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return fmt.Errorf("%s must be visible ASCII characters without blanks", what)
		}
	}
	return nil
}

func (s *RouteSpec) build(x *builder) sms.Noun {
	r := &sms.Route{Head: sms.Head{ID: s.Number, Name: s.Name}, Enabled: s.Enabled, Types: s.Types, Long: s.Long, OnUnknown: s.OnUnknown,
		Validity: s.Validity, ReceiptWait: s.ReceiptWait, MaxAttempts: s.MaxAttempts, ShortCodes: s.ShortCodes,
		Receipts: s.Receipts, QueryAfter: s.QueryAfter}
	r.National = slices.Grow(r.National, len(s.National))[:len(s.National)]
	for i, language := range s.National {
		x.word("national", language, &r.National[i])
	}
	if x.as != nil && s.Number != 0 && s.Number != x.as.Meta().ID {
		x.problem("its id is %d and cannot become %d: clients name routes by id; make a new route", x.as.Meta().ID, s.Number)
	}
	if s.Number < 0 {
		x.problem("its id is %d; it must be above 0", s.Number)
	}
	for _, c := range s.Connectors {
		if c.Name == "" {
			x.problem("name the connector")
			continue
		}
		r.Connectors = append(r.Connectors, sms.RouteConnector{ID: x.id(sms.KindConnector, c.Name), Priority: c.Priority})
	}
	for i, c := range r.Connectors {
		for _, before := range r.Connectors[:i] {
			if before.ID == c.ID && c.ID != 0 {
				x.problem("connector %s is named twice", s.Connectors[i].Name)
			}
		}
	}
	for _, code := range s.ShortCodes {
		if !numplan.IsShortCodeShape(code) {
			x.problem("%q is no short code: write %d to %d digits, the first not 0", code, numplan.MinShortCode, numplan.MaxShortCode)
		}
	}
	seen := map[CostSpec]bool{}
	for _, c := range s.Costs {
		key := CostSpec{Prefix: c.Prefix, Type: c.Type}
		if seen[key] {
			x.problem("there are two costs for prefix %q with the same type", c.Prefix)
		}
		seen[key] = true
		r.Costs = append(r.Costs, sms.Cost(c))
	}
	return r
}

func (s *ConnectorSpec) build(x *builder) sms.Noun {
	c := &sms.Connector{Head: sms.Head{Name: s.Name}, Protocol: strings.TrimSpace(s.Protocol), Enabled: s.Enabled, Pace: s.Pace, Window: s.Window,
		Mode: s.Mode, ScopeID: x.id(sms.KindConnector, s.Shares)}
	var stored map[string]any
	if old, ok := x.as.(*sms.Connector); ok {
		stored = parseSettings(old.Settings)
	}
	c.Settings = x.settings(s.Settings, stored)
	return c
}

func (s *RuleSpec) build(x *builder) sms.Noun {
	if s.Route == "" {
		x.problem("name the route it sends to")
	}
	return &sms.Rule{Head: sms.Head{Name: s.autoName(), AccountID: x.id(sms.KindAccount, s.Account)}, Prefix: s.Prefix, Type: s.Type,
		RouteID: x.id(sms.KindRoute, s.Route), Priority: s.Priority}
}

func ruleName(account, prefix string, t sms.Type, priority int) string {
	name := cmp.Or(prefix, "any")
	if account != "" {
		name = account + "/" + name
	}
	if t != "" {
		name += "/" + string(t)
	}
	if priority != 0 {
		name += "/" + strconv.Itoa(priority)
	}
	return name
}

func (s *PriceListSpec) build(x *builder) sms.Noun {
	p := &sms.PriceList{Head: sms.Head{Name: s.Name}, ChargeOn: s.ChargeOn, Prices: make([]sms.Price, 0, len(s.Prices))}
	for _, row := range s.Prices {
		p.Prices = append(p.Prices, sms.Price{Prefix: row.Prefix, Type: row.Type, Sender: row.Sender,
			RouteID: x.id(sms.KindRoute, row.Route), Price: row.Price})
	}
	return p
}
