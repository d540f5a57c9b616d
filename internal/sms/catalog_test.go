package sms

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// id gives a noun its id, as the store does.
func id[N Noun](n int64, noun N) N {
	noun.Meta().ID = n
	return noun
}

func TestCatalogLookups(t *testing.T) {
	nouns := []Noun{
		id(1, &Account{Head: Head{Name: "a"}, TimeZone: "Asia/Dhaka"}), id(2, &Account{Head: Head{Name: "b"}, TimeZone: "no such"}),
		id(3, &Credential{APIKey: "K", IPs: []string{"203.0.113.0/24", "2001:db8::1", "nonsense"}}), id(4, &Credential{APIKey: "any"}),
		id(5, &Credential{APIKey: "none", IPs: []string{"nonsense"}}),
		id(6, &Sender{Head: Head{Name: "My Shop", AccountID: 1}}),
		id(9, &Route{Head: Head{Name: "r9"}}), id(8, &Route{Head: Head{Name: "r8"}}),
		id(12, &Connector{Head: Head{Name: "c12"}}), id(11, &Connector{Head: Head{Name: "c11"}}),
		id(13, &PriceList{Head: Head{Name: "p"}}),
	}
	c := NewCatalog(77, nouns)
	check(t, "version", c.Version, int64(77))
	check(t, "nouns", len(c.Nouns()), len(nouns))
	check(t, "account", c.Account(1).Name, "a")
	check(t, "zone", c.Zone(1).String(), "Asia/Dhaka")
	check(t, "zone that cannot be read, of nobody", []*time.Location{c.Zone(2), c.Zone(99)}, []*time.Location{time.UTC, time.UTC})
	check(t, "sender without case", c.Sender(1, " my shop ").Name, "My Shop")
	check(t, "routes", []int64{c.Routes()[0].ID, c.Routes()[1].ID, c.Route(9).ID}, []int64{8, 9, 9})
	check(t, "connectors", []int64{c.Connectors()[0].ID, c.Connectors()[1].ID, c.Connector(12).ID}, []int64{11, 12, 12})
	check(t, "price list", c.PriceList(13).Name, "p")
	if c.Account(99) != nil || c.Credential("k") != nil || c.Sender(2, "My Shop") != nil || c.Route(1) != nil || c.Connector(1) != nil || c.PriceList(1) != nil {
		t.Error("something was found that is not there")
	}
	for _, a := range []struct {
		key, from string
		want      bool
	}{{"K", "203.0.113.77", true}, {"K", "::ffff:203.0.113.77", true}, {"K", "203.0.114.1", false}, {"K", "2001:db8::1", true},
		{"K", "2001:db8::2", false}, {"any", "198.51.100.1", true}, {"none", "198.51.100.1", false}} {
		if got := c.AllowedFrom(c.Credential(a.key), netip.MustParseAddr(a.from)); got != a.want {
			t.Errorf("%s from %s: %v", a.key, a.from, got)
		}
	}
}

func TestOwner(t *testing.T) {
	c := NewCatalog(1, []Noun{
		&Number{Head: Head{Name: "2626", AccountID: 1}}, &Number{Head: Head{Name: "2626", AccountID: 2}, Keyword: "Win"},
		&Number{Head: Head{Name: "2626", AccountID: 3}, Keyword: "জয়"}, &Number{Head: Head{Name: "2727", AccountID: 4}, Keyword: "win"},
	})
	for _, q := range []struct {
		to, text string
		want     int64
	}{
		{"2626", "hello", 1}, {"2626", "", 1}, {"2626", "WIN", 2}, {"2626", "  win a car", 2}, {"2626", "win\na car", 2}, {"2626", "win\ta", 2},
		{"2626", "winner", 1}, {"2626", "I win", 1}, {"2626", "জয় বাংলা", 3}, {"2727", "win", 4}, {"2727", "hello", 0}, {"2727", "", 0}, {"2828", "win", 0},
	} {
		if got := c.Owner(q.to, q.text); got != q.want {
			t.Errorf("%q to %s belongs to %d, want %d", q.text, q.to, got, q.want)
		}
	}
}

// walk lists the names of the rules in the order in which they are tried.
func walk(c *Catalog, account int64, typ Type, to string) string {
	var names []string
	c.RuleFor(account, typ, to, func(r *Rule) bool {
		names = append(names, r.Name)
		return false
	})
	return strings.Join(names, " ")
}

func TestRuleFor(t *testing.T) {
	rule := func(name string, account int64, prefix string, typ Type, priority int) Noun {
		return &Rule{Head: Head{Name: name, AccountID: account}, Prefix: prefix, Type: typ, Priority: priority, RouteID: 1}
	}
	c := NewCatalog(1, []Noun{
		rule("any", 0, "", "", 0), rule("88", 0, "88", "", 5), rule("88-first", 0, "88", "", 1), rule("88-flash", 0, "88", TypeFlash, 9),
		rule("88-sms", 0, "88", TypeSMS, 9), rule("88-mine", 1, "88", "", 1000), rule("88-mine-sms", 1, "88", TypeSMS, 1000),
		rule("88-yours", 2, "88", "", 0), rule("8801", 0, "8801", TypeVoice, 0), rule("88017", 0, "88017", "", 0),
		rule("88-same", 0, "88", "", 5), rule("whole", 0, "8801811111111", "", 0),
	})
	for _, q := range []struct {
		account int64
		typ     Type
		to      string
		want    string
	}{
		{1, TypeSMS, "8801711111111", "88017 88-mine-sms 88-mine 88-sms 88-first 88 88-same any"},
		{3, TypeSMS, "8801611111111", "88-sms 88-first 88 88-same any"},
		{3, TypeFlash, "8801611111111", "88-flash 88-sms 88-first 88 88-same any"},
		{2, TypeVoice, "8801611111111", "8801 88-yours 88-first 88 88-same any"},
		{3, TypeMMS, "8801811111111", "whole 88-first 88 88-same any"},
		{3, TypeSMS, "8", "any"}, {3, TypeSMS, "", "any"}, {3, TypeSMS, "12025550100", "any"},
	} {
		if got := walk(c, q.account, q.typ, q.to); got != q.want {
			t.Errorf("account %d, %s to %s:\n got %s\nwant %s", q.account, q.typ, q.to, got, q.want)
		}
	}
	visited := 0
	c.RuleFor(3, TypeSMS, "8801611111111", func(*Rule) bool { visited++; return visited == 2 })
	check(t, "it stops when it is told", visited, 2)
	NewCatalog(1, nil).RuleFor(1, TypeSMS, "88", func(*Rule) bool { t.Error("a rule of nobody"); return true })
}

// TestSender is found in any spelling, in its approved one without allocating.
func TestSender(t *testing.T) {
	acme := &Sender{Head: Head{ID: 1, AccountID: 1, Name: "Acme"}}
	c := NewCatalog(1, []Noun{acme, &Sender{Head: Head{ID: 2, AccountID: 2, Name: "Acme"}}})
	for _, name := range []string{"Acme", "acme", "ACME", " Acme "} {
		if c.Sender(1, name) != acme {
			t.Errorf("%q is not found", name)
		}
	}
	if c.Sender(1, "Other") != nil || c.Sender(3, "Acme") != nil {
		t.Error("found where there is none")
	}
	if n := testing.AllocsPerRun(100, func() { c.Sender(1, "Acme") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestCodePrice: 16247 is not in the United States.
func TestCodePrice(t *testing.T) {
	c := NewCatalog(1, []Noun{&PriceList{Head: Head{ID: 1}, Prices: []Price{{Price: 9}, {Prefix: "1", Price: 1}, {Prefix: "162", Price: 2}, {Prefix: "16247", Price: 3}}},
		&PriceList{Head: Head{ID: 2}, Prices: []Price{{Prefix: "1", Price: 1}}}})
	for _, q := range []struct {
		list int64
		code string
		want Money
		ok   bool
	}{{1, "16247", 3, true}, {1, "16248", 9, true}, {1, "1624", 9, true}, {2, "16247", 0, false}} {
		if got, ok := c.CodePrice(q.list, TypeSMS, SenderAlpha, 0, q.code); got != q.want || ok != q.ok {
			t.Errorf("list %d, %s: %v, %t", q.list, q.code, got, ok)
		}
	}
}

func TestPrice(t *testing.T) {
	c := NewCatalog(1, []Noun{id(5, &PriceList{Prices: []Price{
		{Prefix: "88", Price: 10}, {Prefix: "88", Type: TypeSMS, Price: 11}, {Prefix: "88", Type: TypeFlash, Price: 12},
		{Prefix: "88", Type: TypeSMS, Sender: SenderAlpha, Price: 13}, {Prefix: "88", Sender: SenderNumeric, Price: 14},
		{Prefix: "88", RouteID: 7, Price: 15}, {Prefix: "8801", Type: TypeVoice, Price: 16}, {Prefix: "88019", Price: 0},
	}})})
	for _, q := range []struct {
		what  string
		typ   Type
		kind  SenderKind
		route int64
		to    string
		want  Money
		ok    bool
	}{
		{"any type", TypeMMS, SenderAlpha, 0, "8801711111111", 10, true},
		{"type and sender", TypeSMS, SenderAlpha, 0, "8801711111111", 13, true},
		{"type before sender", TypeSMS, SenderNumeric, 0, "8801711111111", 11, true},
		{"sender before nothing", TypeMMS, SenderNumeric, 0, "8801711111111", 14, true},
		{"type before channel", TypeFlash, SenderAlpha, 0, "8801711111111", 12, true},
		{"channel of unicode", TypeUnicode, SenderAlpha, 0, "8801711111111", 13, true},
		{"route before all", TypeSMS, SenderAlpha, 7, "8801711111111", 15, true},
		{"another route", TypeSMS, SenderAlpha, 8, "8801711111111", 13, true},
		{"longer prefix of another type does not hide the shorter", TypeSMS, SenderAlpha, 0, "8801811111111", 13, true},
		{"longer prefix", TypeVoice, SenderAlpha, 0, "8801811111111", 16, true},
		{"a price of nothing is a price", TypeSMS, SenderAlpha, 0, "8801911111111", 0, true},
		{"no prefix", TypeSMS, SenderAlpha, 0, "12025550100", 0, false},
		{"no number", TypeSMS, SenderAlpha, 0, "", 0, false},
	} {
		if got, ok := c.Price(5, q.typ, q.kind, q.route, q.to); got != q.want || ok != q.ok {
			t.Errorf("%s: %d, %v", q.what, got, ok)
		}
	}
	if _, ok := c.Price(6, TypeSMS, SenderAlpha, 0, "88"); ok {
		t.Error("a list that is not there has a price")
	}
}

func TestCostOf(t *testing.T) {
	c := NewCatalog(1, []Noun{id(5, &Route{Costs: []Cost{{Prefix: "88", Cost: 1}, {Prefix: "88", Type: TypeSMS, Cost: 2}, {Prefix: "88", Type: TypeUnicode, Cost: 3},
		{Prefix: "8801", Type: TypeVoice, Cost: 4}}})})
	for typ, want := range map[Type]Money{TypeSMS: 2, TypeUnicode: 3, TypeFlash: 2, TypeMMS: 1, TypeVoice: 4} {
		if got, ok := c.CostOf(5, typ, "8801711111111"); !ok || got != want {
			t.Errorf("%s costs %d, %v, want %d", typ, got, ok, want)
		}
	}
	if _, ok := c.CostOf(5, TypeSMS, "1"); ok {
		t.Error("another country has a cost")
	}
	if _, ok := c.CostOf(6, TypeSMS, "88"); ok {
		t.Error("a route that is not there has a cost")
	}
}

// TestPrefixes compares the table with trying every row.
func TestPrefixes(t *testing.T) {
	digit := rapid.StringMatching(`[0-2]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		prefixes := rapid.SliceOfN(digit, 0, 10).Draw(t, "prefixes")
		table := newPrefixTable[string]()
		for _, p := range prefixes {
			table.add(p, p)
		}
		number := digit.Draw(t, "number")
		best, found := "", false
		for _, p := range prefixes {
			if strings.HasPrefix(number, p) && (!found || len(p) > len(best)) {
				best, found = p, true
			}
		}
		got, ok, last := "", false, 99
		table.walk(number, func(rows []string) bool {
			if !ok {
				got, ok = rows[0], true
			}
			if len(rows[0]) >= last {
				t.Fatalf("prefix %s after one of %d digits", rows[0], last)
			}
			last = len(rows[0])
			return false
		})
		if ok != found || got != best {
			t.Fatalf("%s of %v: %q, %v, want %q, %v", number, prefixes, got, ok, best, found)
		}
	})
}
