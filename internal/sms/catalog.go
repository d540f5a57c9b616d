package sms

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Catalog is an immutable, indexed snapshot of everything configured. The hot
// path reads accounts, routes, rules and prices only here; a new version is
// built beside it and swapped in.
type Catalog struct {
	Version int64

	accounts   map[int64]*Account
	zones      map[int64]*time.Location
	keys       map[string]*Credential
	allowed    map[Noun][]netip.Prefix // by credential or login
	senders    map[string]*Sender      // by UniqueKey
	spelled    map[spelling]*Sender    // as approved
	routes     map[int64]*Route
	connectors map[int64]*Connector
	lists      map[int64]*PriceList
	prices     map[int64]prefixTable[Price]
	costs      map[int64]prefixTable[Cost]
	rules      prefixTable[*Rule]
	numbers    map[string]*Number      // by UniqueKey
	logins     map[string]*Subscriber  // by system_id
	replies    map[int64][]*Subscriber // logins of an account that want any
	all        []Noun
}

// NewCatalog indexes nouns. References to missing nouns are not an error here
// (a route may lose its connector): what refers to them does not match.
func NewCatalog(version int64, nouns []Noun) *Catalog {
	c := &Catalog{Version: version, all: nouns,
		accounts: map[int64]*Account{}, zones: map[int64]*time.Location{}, keys: map[string]*Credential{},
		allowed: map[Noun][]netip.Prefix{}, senders: map[string]*Sender{}, spelled: map[spelling]*Sender{}, routes: map[int64]*Route{},
		connectors: map[int64]*Connector{}, lists: map[int64]*PriceList{}, prices: map[int64]prefixTable[Price]{},
		costs: map[int64]prefixTable[Cost]{}, rules: newPrefixTable[*Rule](), numbers: map[string]*Number{},
		logins: map[string]*Subscriber{}, replies: map[int64][]*Subscriber{}}
	for _, n := range nouns {
		c.add(n)
	}
	return c
}

func (c *Catalog) add(n Noun) {
	switch n := n.(type) {
	case *Account:
		c.accounts[n.ID] = n
		c.zones[n.ID] = time.UTC
		if zone, err := time.LoadLocation(n.TimeZone); err == nil {
			c.zones[n.ID] = zone
		}
	case *Credential:
		c.keys[n.APIKey] = n
		c.allowed[n] = blocks(n.IPs)
	case *Sender:
		c.senders[n.UniqueKey()], c.spelled[spelling{n.AccountID, n.Name}] = n, n
	case *Route:
		c.routes[n.ID] = n
		costs := newPrefixTable[Cost]()
		for _, row := range n.Costs {
			costs.add(row.Prefix, row)
		}
		c.costs[n.ID] = costs
	case *Connector:
		c.connectors[n.ID] = n
	case *PriceList:
		c.lists[n.ID] = n
		prices := newPrefixTable[Price]()
		for _, row := range n.Prices {
			prices.add(row.Prefix, row)
		}
		c.prices[n.ID] = prices
	case *Rule:
		c.rules.add(n.Prefix, n)
	case *Number:
		c.numbers[n.UniqueKey()] = n
	case *Subscriber:
		if n.SMPP != nil {
			c.logins[n.Name] = n
			c.allowed[n] = blocks(n.SMPP.IPs)
			if len(n.SMPP.Replies) > 0 {
				c.replies[n.AccountID] = append(c.replies[n.AccountID], n)
			}
		}
	}
}

func blocks(ips []string) (list []netip.Prefix) {
	for _, ip := range ips {
		if p, err := ParseIPs(ip); err == nil {
			list = append(list, p)
		}
	}
	return list
}

// Rules are all routing rules, in order of id.
func (c *Catalog) Rules() []*Rule {
	var list []*Rule
	for _, n := range c.all {
		if r, ok := n.(*Rule); ok {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b *Rule) int { return int(a.ID - b.ID) })
	return list
}

// Misfit says in words why RuleFor does not visit the rule; empty when it does.
func (r *Rule) Misfit(account int64, t Type, to string) string {
	switch {
	case r.AccountID != 0 && r.AccountID != account:
		return "it is another account's"
	case !strings.HasPrefix(to, r.Prefix):
		return "prefix " + r.Prefix + " does not fit"
	case !r.applies(account, t):
		return "it is for type " + string(r.Type)
	}
	return ""
}

// Nouns are all nouns of the snapshot.
func (c *Catalog) Nouns() []Noun { return c.all }

// Account by id, nil if there is none.
func (c *Catalog) Account(id int64) *Account { return c.accounts[id] }

// Zone of the account, UTC for an account nobody knows.
func (c *Catalog) Zone(account int64) *time.Location {
	if z := c.zones[account]; z != nil {
		return z
	}
	return time.UTC
}

// Credential by API key, nil if there is none.
func (c *Catalog) Credential(apiKey string) *Credential { return c.keys[apiKey] }

// AllowedFrom says whether the credential may be used from the address.
func (c *Catalog) AllowedFrom(k *Credential, from netip.Addr) bool {
	return len(k.IPs) == 0 || c.allows(k, from)
}

// LoginAllowedFrom says whether the SMPP login may be used from the address.
func (c *Catalog) LoginAllowedFrom(s *Subscriber, from netip.Addr) bool {
	return len(s.SMPP.IPs) == 0 || c.allows(s, from)
}

func (c *Catalog) allows(n Noun, from netip.Addr) bool {
	return slices.ContainsFunc(c.allowed[n], func(p netip.Prefix) bool { return p.Contains(from.Unmap()) })
}

// Login is the SMPP login of the system_id, nil if there is none.
func (c *Catalog) Login(systemID string) *Subscriber { return c.logins[systemID] }

// Told are the subscribers of the account that get the replies to our number.
func (c *Catalog) Told(account int64, number string) (ids []int64) {
	for _, s := range c.replies[account] {
		if slices.Contains(s.SMPP.Replies, RepliesAll) || slices.Contains(s.SMPP.Replies, number) {
			ids = append(ids, s.ID)
		}
	}
	return ids
}

// Sender finds an account's sender id without case, nil if there is none.
func (c *Catalog) Sender(account int64, name string) *Sender {
	if s := c.spelled[spelling{account, name}]; s != nil {
		return s // the usual case, which allocates nothing
	}
	return c.senders[owned(account, name)]
}

// spelling is a sender id exactly as it was approved.
type spelling struct {
	account int64
	name    string
}

// Route by id, nil if there is none.
func (c *Catalog) Route(id int64) *Route { return c.routes[id] }

// Connector by id, nil if there is none.
func (c *Catalog) Connector(id int64) *Connector { return c.connectors[id] }

// Connectors are all connectors, in order of id.
func (c *Catalog) Connectors() []*Connector {
	list := make([]*Connector, 0, len(c.connectors))
	for _, n := range c.connectors {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *Connector) int { return int(a.ID - b.ID) })
	return list
}

// Routes are all routes, in order of id.
func (c *Catalog) Routes() []*Route {
	list := make([]*Route, 0, len(c.routes))
	for _, n := range c.routes {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *Route) int { return int(a.ID - b.ID) })
	return list
}

// PriceList by id, nil if there is none.
func (c *Catalog) PriceList(id int64) *PriceList { return c.lists[id] }

// Owner decides whose inbox a message to our number goes to: the account of the
// keyword that the text begins with, else of the number itself, else 0.
func (c *Catalog) Owner(to, text string) int64 {
	for word := range strings.FieldsSeq(text) {
		if n := c.numbers[to+":"+fold(word)]; n != nil {
			return n.AccountID
		}
		break
	}
	if n := c.numbers[to+":"]; n != nil {
		return n.AccountID
	}
	return 0
}

// RuleFor walks the rules for a number, the best first, until visit returns
// true. Rules of other accounts and other types are not visited.
func (c *Catalog) RuleFor(account int64, t Type, to string, visit func(*Rule) bool) {
	c.rules.walk(to, func(rows []*Rule) bool {
		if len(rows) == 1 {
			return rows[0].applies(account, t) && visit(rows[0])
		}
		fit := make([]*Rule, 0, 4)
		for _, r := range rows {
			if r.applies(account, t) {
				fit = append(fit, r)
			}
		}
		slices.SortStableFunc(fit, func(a, b *Rule) int { return ruleRank(b, t) - ruleRank(a, t) })
		return slices.ContainsFunc(fit, visit)
	})
}

func (r *Rule) applies(account int64, t Type) bool {
	return (r.AccountID == 0 || r.AccountID == account) && (r.Type == "" || r.Type == t || r.Type == t.Channel())
}

func ruleRank(r *Rule, t Type) int {
	rank := -r.Priority
	if r.AccountID != 0 {
		rank += 4 << 20
	}
	return rank + typeRank(r.Type, t)<<20
}

// typeRank is 2 for the type itself, 1 for its channel, 0 for a row of any type.
func typeRank(row, t Type) int {
	switch row {
	case t:
		return 2
	case "":
		return 0
	}
	return 1
}

// Price of one unit, by longest prefix, then the row that names the route, the
// type, the sender kind. ok is false where the list has none: nothing is ever
// free by accident. routeID is 0 unless the caller named a route.
func (c *Catalog) Price(list int64, t Type, kind SenderKind, routeID int64, to string) (price Money, ok bool) {
	return c.price(list, t, kind, routeID, to, false)
}

// CodePrice is Price for a short code. Its digits are no prefix of a number: only
// a row for the whole code, or for any number at all, is about it.
func (c *Catalog) CodePrice(list int64, t Type, kind SenderKind, routeID int64, code string) (price Money, ok bool) {
	return c.price(list, t, kind, routeID, code, true)
}

func (c *Catalog) price(list int64, t Type, kind SenderKind, routeID int64, to string, whole bool) (price Money, ok bool) {
	c.prices[list].walk(to, func(rows []Price) bool {
		best := -1
		for _, p := range rows {
			if whole && p.Prefix != "" && p.Prefix != to || p.Type != "" && p.Type != t && p.Type != t.Channel() || p.Sender != "" && p.Sender != kind ||
				p.RouteID != 0 && p.RouteID != routeID {
				continue
			}
			rank := typeRank(p.Type, t) << 1
			if p.RouteID != 0 {
				rank += 8
			}
			if p.Sender != "" {
				rank++
			}
			if rank > best {
				best, price, ok = rank, p.Price, true
			}
		}
		return ok
	})
	return price, ok
}

// CostOf is the cost price of one unit on the route.
func (c *Catalog) CostOf(route int64, t Type, to string) (cost Money, ok bool) {
	c.costs[route].walk(to, func(rows []Cost) bool {
		best := -1
		for _, r := range rows {
			if r.Type != "" && r.Type != t && r.Type != t.Channel() {
				continue
			}
			if rank := typeRank(r.Type, t); rank > best {
				best, cost, ok = rank, r.Cost, true
			}
		}
		return ok
	})
	return cost, ok
}

// prefixTable finds rows by longest prefix; lengths that no row has are skipped.
type prefixTable[T any] struct {
	rows    map[string][]T
	lengths *[32]bool
}

func newPrefixTable[T any]() prefixTable[T] {
	return prefixTable[T]{rows: map[string][]T{}, lengths: new([32]bool)}
}

func (t prefixTable[T]) add(prefix string, row T) {
	if len(prefix) < len(t.lengths) {
		t.rows[prefix] = append(t.rows[prefix], row)
		t.lengths[len(prefix)] = true
	}
}

// walk calls visit with the rows of each matching prefix, the longest first,
// until it returns true.
func (t prefixTable[T]) walk(number string, visit func([]T) bool) {
	if t.lengths == nil {
		return
	}
	for n := min(len(number), len(t.lengths)-1); n >= 0; n-- {
		if t.lengths[n] {
			if rows := t.rows[number[:n]]; len(rows) > 0 && visit(rows) {
				return
			}
		}
	}
}
