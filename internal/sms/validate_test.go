package sms

import (
	"encoding/json"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// valid are the smallest nouns that pass, one of each kind.
func valid(k Kind) Noun {
	switch k {
	case KindAccount:
		return &Account{Head: Head{Name: "a"}, TimeZone: "Asia/Dhaka"}
	case KindCredential:
		return &Credential{Head: Head{Name: "k", AccountID: 1}, APIKey: "key", TokenHash: "00"}
	case KindSender:
		return &Sender{Head: Head{Name: "ACME", AccountID: 1}}
	case KindRoute:
		return &Route{Head: Head{Name: "r"}, Connectors: []RouteConnector{{ID: 1}}}
	case KindConnector:
		return &Connector{Head: Head{Name: "c"}, Protocol: "smpp"}
	case KindRule:
		return &Rule{RouteID: 1}
	case KindPriceList:
		return &PriceList{Head: Head{Name: "p"}}
	case KindNumber:
		return &Number{Head: Head{Name: "2626", AccountID: 1}}
	case KindSubscriber:
		return &Subscriber{Head: Head{Name: "s", AccountID: 1}, Channel: "webhook"}
	}
	return nil
}

func TestKinds(t *testing.T) {
	seen := map[Kind]bool{}
	for _, k := range Kinds() {
		n, v := NewNoun(k), valid(k)
		if n == nil || v == nil || n.Kind() != k || v.Kind() != k || seen[k] {
			t.Fatalf("kind %s: %T, %T", k, n, v)
		}
		seen[k] = true
		if err := v.Validate(); err != nil {
			t.Errorf("the smallest %s: %v", k, err)
		}
		if n.Meta() == nil || v.Meta() == nil || v.UniqueKey() == "" {
			t.Errorf("%s has no head or no key", k)
		}
		if err := n.Validate(); CodeOf(err) != CodeInvalid {
			t.Errorf("an empty %s: %v", k, err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, n); err != nil {
			t.Errorf("%s: %v", k, err)
		}
		if c, ok := n.(*Connector); ok && string(c.Settings) == "null" { // an absent raw message comes back as null
			c.Settings = nil
		}
		if !reflect.DeepEqual(n, v) {
			t.Errorf("%s became %+v, was %+v", b, n, v)
		}
	}
	if len(seen) != 9 || NewNoun("x") != nil {
		t.Errorf("%d kinds", len(seen))
	}
}

func TestDefaults(t *testing.T) {
	a := valid(KindAccount).(*Account)
	r := valid(KindRoute).(*Route)
	s := valid(KindSender).(*Sender)
	c := valid(KindConnector).(*Connector)
	p := valid(KindPriceList).(*PriceList)
	rule := valid(KindRule).(*Rule)
	for _, n := range []Noun{a, r, s, c, p, rule} {
		if err := n.Validate(); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "account", []any{a.MaxParts, a.GroupStart, a.RecipientStart, a.InboxStart}, []any{10, int64(1), int64(1), int64(1)})
	check(t, "route", []any{r.Long, r.OnUnknown, r.Validity.Std(), r.ReceiptWait.Std(), r.MaxAttempts},
		[]any{LongUDH8, UnknownResend, 24 * time.Hour, 48 * time.Hour, 20})
	check(t, "sender", []any{s.Status, s.Class}, []any{SenderRequested, ClassTransactional})
	check(t, "connector", []any{c.Window, c.Scope()}, []any{10, int64(0)})
	check(t, "price list", p.ChargeOn, "accepted")
	check(t, "rule", rule.Name, "any → route 1")
	c.ID = 4
	check(t, "own scope", c.Scope(), int64(4))
	c.ScopeID = 9
	check(t, "shared scope", c.Scope(), int64(9))
}

// edit makes one change to a valid noun.
func edit[N Noun](k Kind, change func(N)) Noun {
	n := valid(k).(N)
	change(n)
	return n
}

func TestInvalid(t *testing.T) {
	long := strings.Repeat("x", 101)
	for what, n := range map[string]Noun{
		"blank name":          edit(KindAccount, func(a *Account) { a.Name = "  " }),
		"long name":           edit(KindAccount, func(a *Account) { a.Name = long }),
		"no zone":             edit(KindAccount, func(a *Account) { a.TimeZone = "" }),
		"unknown zone":        edit(KindAccount, func(a *Account) { a.TimeZone = "Asia/Atlantis" }),
		"zone of the machine": edit(KindAccount, func(a *Account) { a.TimeZone = "Local" }),
		"too many parts":      edit(KindAccount, func(a *Account) { a.MaxParts = 256 }),
		"negative parts":      edit(KindAccount, func(a *Account) { a.MaxParts = -1 }),
		"negative limit":      edit(KindAccount, func(a *Account) { a.CreditLimit = -1 }),
		"huge limit":          edit(KindAccount, func(a *Account) { a.CreditLimit = math.MaxInt64 }),
		"negative start":      edit(KindAccount, func(a *Account) { a.InboxStart = -1 }),
		"start over 32 bits":  edit(KindAccount, func(a *Account) { a.RecipientStart = 1 << 31 }),
		"key of nobody":       edit(KindCredential, func(c *Credential) { c.AccountID = 0 }),
		"no API key":          edit(KindCredential, func(c *Credential) { c.APIKey = "" }),
		"no token":            edit(KindCredential, func(c *Credential) { c.TokenHash = "" }),
		"negative guard":      edit(KindCredential, func(c *Credential) { c.GuardSeconds = -1 }),
		"guard over a day":    edit(KindCredential, func(c *Credential) { c.GuardSeconds = 86401 }),
		"bad address":         edit(KindCredential, func(c *Credential) { c.IPs = []string{"10.0.0.1", "10.0.0"} }),
		"nameless key":        edit(KindCredential, func(c *Credential) { c.Name = "" }),
		"sender of nobody":    edit(KindSender, func(s *Sender) { s.AccountID = 0 }),
		"sender status":       edit(KindSender, func(s *Sender) { s.Status = "maybe" }),
		"sender class":        edit(KindSender, func(s *Sender) { s.Class = "spam" }),
		"nameless sender":     edit(KindSender, func(s *Sender) { s.Name = "" }),
		"nameless route":      edit(KindRoute, func(r *Route) { r.Name = "" }),
		"no connector":        edit(KindRoute, func(r *Route) { r.Connectors = nil }),
		"long mode":           edit(KindRoute, func(r *Route) { r.Long = "udh32" }),
		"on_unknown":          edit(KindRoute, func(r *Route) { r.OnUnknown = "panic" }),
		"negative validity":   edit(KindRoute, func(r *Route) { r.Validity = -1 }),
		"negative wait":       edit(KindRoute, func(r *Route) { r.ReceiptWait = -1 }),
		"negative attempts":   edit(KindRoute, func(r *Route) { r.MaxAttempts = -1 }),
		"route type":          edit(KindRoute, func(r *Route) { r.Types = []Type{"fax"} }),
		"cost prefix":         edit(KindRoute, func(r *Route) { r.Costs = []Cost{{Prefix: "+880"}} }),
		"cost type":           edit(KindRoute, func(r *Route) { r.Costs = []Cost{{Type: "fax"}} }),
		"negative cost":       edit(KindRoute, func(r *Route) { r.Costs = []Cost{{Cost: -1}} }),
		"nameless connector":  edit(KindConnector, func(c *Connector) { c.Name = "" }),
		"no protocol":         edit(KindConnector, func(c *Connector) { c.Protocol = "" }),
		"negative pace":       edit(KindConnector, func(c *Connector) { c.Pace = -1 }),
		"pace that is none":   edit(KindConnector, func(c *Connector) { c.Pace = math.NaN() }),
		"endless pace":        edit(KindConnector, func(c *Connector) { c.Pace = math.Inf(1) }),
		"negative window":     edit(KindConnector, func(c *Connector) { c.Window = -1 }),
		"huge window":         edit(KindConnector, func(c *Connector) { c.Window = 10001 }),
		"rule prefix":         edit(KindRule, func(r *Rule) { r.Prefix = "88O" }),
		"rule type":           edit(KindRule, func(r *Rule) { r.Type = "fax" }),
		"rule priority":       edit(KindRule, func(r *Rule) { r.Priority = 1001 }),
		"negative priority":   edit(KindRule, func(r *Rule) { r.Priority = -1 }),
		"rule to nowhere":     edit(KindRule, func(r *Rule) { r.RouteID = 0 }),
		"long rule name":      edit(KindRule, func(r *Rule) { r.Name = long }),
		"charge_on":           edit(KindPriceList, func(p *PriceList) { p.ChargeOn = "never" }),
		"price prefix":        edit(KindPriceList, func(p *PriceList) { p.Prices = []Price{{Prefix: "x"}} }),
		"price type":          edit(KindPriceList, func(p *PriceList) { p.Prices = []Price{{Type: "fax"}} }),
		"price sender":        edit(KindPriceList, func(p *PriceList) { p.Prices = []Price{{Sender: "alpha"}} }),
		"negative price":      edit(KindPriceList, func(p *PriceList) { p.Prices = []Price{{Price: -1}} }),
		"two prices":          edit(KindPriceList, func(p *PriceList) { p.Prices = []Price{{Prefix: "88", Price: 1}, {Prefix: "88", Price: 2}} }),
		"nameless list":       edit(KindPriceList, func(p *PriceList) { p.Name = "" }),
		"number of nobody":    edit(KindNumber, func(n *Number) { n.AccountID = 0 }),
		"nameless number":     edit(KindNumber, func(n *Number) { n.Name = "" }),
		"number with plus":    edit(KindNumber, func(n *Number) { n.Name = "+2626" }),
		"two keywords":        edit(KindNumber, func(n *Number) { n.Keyword = "join now" }),
		"subscriber of none":  edit(KindSubscriber, func(s *Subscriber) { s.AccountID = 0 }),
		"no channel":          edit(KindSubscriber, func(s *Subscriber) { s.Channel = "" }),
		"nameless subscriber": edit(KindSubscriber, func(s *Subscriber) { s.Name = "" }),
	} {
		err := n.Validate()
		if CodeOf(err) != CodeInvalid || len(err.Error()) < 15 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestValid(t *testing.T) {
	for what, n := range map[string]Noun{
		"255 parts":    edit(KindAccount, func(a *Account) { a.MaxParts = 255 }),
		"largest id":   edit(KindAccount, func(a *Account) { a.GroupStart = 1<<31 - 1 }),
		"block":        edit(KindCredential, func(c *Credential) { c.IPs = []string{"203.0.113.0/24", "2001:db8::/32", "::1"} }),
		"two prefixes": edit(KindPriceList, func(p *PriceList) { p.Prices = []Price{{Prefix: "88"}, {Prefix: "88", Type: TypeFlash}} }),
		"all types":    edit(KindRoute, func(r *Route) { r.Types = Types() }),
		"free":         edit(KindRoute, func(r *Route) { r.Costs = []Cost{{}} }),
	} {
		if err := n.Validate(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestUniqueKeys(t *testing.T) {
	for _, c := range []struct{ key, want string }{
		{(&Account{Head: Head{Name: " Acme "}}).UniqueKey(), "acme"},
		{(&Credential{APIKey: "aB"}).UniqueKey(), "aB"},
		{(&Sender{Head: Head{Name: "MY Car", AccountID: 7}}).UniqueKey(), "7:my car"},
		{(&Route{Head: Head{Name: "R"}}).UniqueKey(), "r"},
		{(&Connector{Head: Head{Name: "C"}}).UniqueKey(), "c"},
		{(&Rule{Head: Head{Name: "X"}}).UniqueKey(), "x"},
		{(&PriceList{Head: Head{Name: "P"}}).UniqueKey(), "p"},
		{(&Number{Head: Head{Name: "2626", AccountID: 7}, Keyword: "Win"}).UniqueKey(), "2626:win"},
		{(&Number{Head: Head{Name: "2626", AccountID: 7}}).UniqueKey(), "2626:"},
		{(&Subscriber{Head: Head{Name: "S", AccountID: 7}}).UniqueKey(), "7:s"},
	} {
		if c.key != c.want {
			t.Errorf("key %q, want %q", c.key, c.want)
		}
	}
}

func TestParseIPs(t *testing.T) {
	for in, want := range map[string]string{"203.0.113.9": "203.0.113.9/32", "203.0.113.77/24": "203.0.113.0/24", "2001:db8::1": "2001:db8::1/128",
		"::ffff:203.0.113.9": "203.0.113.9/32", "0.0.0.0/0": "0.0.0.0/0"} {
		if got, err := ParseIPs(in); err != nil || got != netip.MustParsePrefix(want) {
			t.Errorf("%s is %s, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "localhost", "203.0.113", "203.0.113.0/33", "::ffff:203.0.113.0/120", "203.0.113.9:80"} {
		if got, err := ParseIPs(in); CodeOf(err) != CodeInvalid {
			t.Errorf("%q is %s, %v", in, got, err)
		}
	}
}

func TestDuration(t *testing.T) {
	var d Duration
	if err := d.UnmarshalText([]byte("1h30m")); err != nil || d.Std() != 90*time.Minute {
		t.Errorf("%s, %v", d.Std(), err)
	}
	if b, err := json.Marshal(d); err != nil || string(b) != `"1h30m0s"` {
		t.Errorf("%s, %v", b, err)
	}
	if err := d.UnmarshalText([]byte("90")); err == nil || d.Std() != 90*time.Minute {
		t.Errorf("%s without a unit, %v", d.Std(), err)
	}
}

func TestCarries(t *testing.T) {
	text, some := &Route{}, &Route{Types: []Type{TypeVoice, TypeFlash}}
	for _, typ := range Types() {
		if text.Carries(typ) != (typ.Channel() == TypeSMS) {
			t.Errorf("a route without types and %s", typ)
		}
		if some.Carries(typ) != (typ == TypeVoice || typ == TypeFlash) {
			t.Errorf("a route with types and %s", typ)
		}
	}
}
