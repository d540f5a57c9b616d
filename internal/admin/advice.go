package admin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Advice names what does not fit together in a route and one of its connectors:
// what the connector's plug-in knows (connect.Plugins.Advise).
type Advice func(*sms.Connector, *sms.Route) []string

// Advise lists what is allowed but probably a mistake: references to nouns that
// are gone, accounts, routes and logins that do nothing, routes that ask for what
// their connectors do not give (plugin, which may be nil), and prices below the
// cost of the route that would carry the message.
func Advise(cat *sms.Catalog, stats store.Stats, plugin Advice) []string {
	a := newAdviser(cat, plugin)
	for _, n := range cat.Nouns() {
		a.references(n)
	}
	for _, r := range cat.Routes() {
		a.route(r)
	}
	a.logins(stats.Deliveries)
	a.margins()
	return a.list
}

type adviser struct {
	cat    *sms.Catalog
	plugin Advice
	list   []string
	said   map[string]bool
}

func newAdviser(cat *sms.Catalog, plugin Advice) *adviser {
	return &adviser{cat: cat, plugin: plugin, said: map[string]bool{}}
}

// oddRoutes is the advice on the routes of a book, which whoever changes routes or
// connectors hears at once.
func (d *Desk) oddRoutes(b *book) []string {
	if d.Warn == nil {
		return nil
	}
	a := newAdviser(sms.NewCatalog(b.version, slices.Concat(b.list(sms.KindConnector, 0), b.list(sms.KindRoute, 0))), d.Advise)
	for _, r := range a.cat.Routes() {
		a.route(r)
	}
	return a.list
}

// warn tells what a change has made odd: what is so now and was not before.
func (d *Desk) warn(before []string, now *book) {
	for _, text := range d.oddRoutes(now) {
		if !slices.Contains(before, text) {
			d.Warn(text)
		}
	}
}

func (a *adviser) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !a.said[text] {
		a.said[text] = true
		a.list = append(a.list, text)
	}
}

func (a *adviser) references(n sms.Noun) {
	h, what := n.Meta(), word(n.Kind())
	if _, isAccount := n.(*sms.Account); !isAccount && h.AccountID != 0 && a.cat.Account(h.AccountID) == nil {
		a.say("%s %s belongs to account %d, which is gone", what, h.Name, h.AccountID)
	}
	switch n := n.(type) {
	case *sms.Account:
		if n.Enabled && a.cat.PriceList(n.PriceListID) == nil {
			a.say("account %s has no price list: nothing it sends has a price, so all of it is refused", n.Name)
		}
		a.routes(what+" "+h.Name, n.Routes)
	case *sms.Route:
		for _, c := range n.Connectors {
			a.connector(what+" "+h.Name, c.ID)
		}
	case *sms.Sender:
		for _, id := range n.Connectors {
			a.connector(what+" "+h.Name, id)
		}
	case *sms.Rule:
		a.routes(what+" "+h.Name, []int64{n.RouteID})
	case *sms.Connector:
		if n.ScopeID != 0 {
			a.connector(what+" "+h.Name, n.ScopeID)
		}
	}
}

func (a *adviser) routes(who string, ids []int64) {
	for _, id := range ids {
		if a.cat.Route(id) == nil {
			a.say("%s names route %d, which is gone", who, id)
		}
	}
}

func (a *adviser) connector(who string, id int64) {
	if a.cat.Connector(id) == nil {
		a.say("%s names connector %d, which is gone", who, id)
	}
}

// route looks for one that cannot do what it is told.
func (a *adviser) route(r *sms.Route) {
	if wait := r.Validity + r.ReceiptWait; r.QueryAfter > 0 && r.QueryAfter >= wait {
		a.say("route %s: query_after %s is not before the end of waiting, %s after a message is due: no operator is asked", r.Name, r.QueryAfter.Std(), wait.Std())
	}
	a.plugins(r)
	var why []string
	for _, link := range r.Connectors {
		switch c := a.cat.Connector(link.ID); {
		case c == nil: // said elsewhere
			return
		case !c.Enabled:
			why = append(why, c.Name+" is disabled")
		case c.Mode != sms.ModeRun:
			why = append(why, fmt.Sprintf("%s is set to %s", c.Name, c.Mode))
		default:
			return
		}
	}
	if r.Enabled {
		a.say("route %s sends nothing: %s", r.Name, strings.Join(why, ", "))
	}
}

// plugins asks those of the route's connectors.
func (a *adviser) plugins(r *sms.Route) {
	if a.plugin == nil {
		return
	}
	for _, link := range r.Connectors {
		if c := a.cat.Connector(link.ID); c != nil {
			for _, text := range a.plugin(c, r) {
				a.say("route %s over connector %s: %s", r.Name, c.Name, text)
			}
		}
	}
}

// logins looks at SMPP logins and at what waits for them.
func (a *adviser) logins(waiting map[int64]int64) {
	gone := maps.Clone(waiting)
	numbers := map[int64][]string{} // by account
	for _, n := range a.cat.Nouns() {
		if n, ok := n.(*sms.Number); ok {
			numbers[n.AccountID] = append(numbers[n.AccountID], n.Name)
		}
	}
	for _, n := range a.cat.Nouns() {
		s, ok := n.(*sms.Subscriber)
		if !ok {
			continue
		}
		delete(gone, s.ID)
		if s.SMPP == nil {
			continue
		}
		if s.SMPP.Disabled && waiting[s.ID] > 0 {
			a.say("SMPP login %s is disabled, and %d receipts and replies wait for it", s.Name, waiting[s.ID])
		}
		for _, number := range s.SMPP.Replies {
			if number != sms.RepliesAll && !slices.Contains(numbers[s.AccountID], number) {
				a.say("SMPP login %s gets no replies to %s: it is no number of its account", s.Name, number)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		if gone[id] > 0 {
			a.say("%d receipts and replies wait for subscriber %d, which is gone", gone[id], id)
		}
	}
}

// loss is a price below the cost. Types and sender kinds are gathered.
type loss struct {
	list, route int64
	prefix      string
	price, cost sms.Money
}

// margins compares every price with the cost of the route that the rules choose,
// and of the routes that an account may name. It looks at each prefix that any
// price, cost or rule has, since between them nothing changes.
func (a *adviser) margins() {
	losses := map[loss][]string{}
	own := map[int64]bool{} // accounts with rules of their own
	for _, n := range a.cat.Nouns() {
		if r, ok := n.(*sms.Rule); ok {
			own[r.AccountID] = true
		}
	}
	looked := map[string]bool{}
	prefixes := a.prefixes()
	for _, n := range a.cat.Nouns() {
		account, ok := n.(*sms.Account)
		if !ok || a.cat.PriceList(account.PriceListID) == nil {
			continue
		}
		same := fmt.Sprint(account.PriceListID, account.Routes)
		if own[account.ID] {
			same += fmt.Sprint(" account ", account.ID)
		}
		if looked[same] {
			continue
		}
		looked[same] = true
		for _, prefix := range prefixes {
			a.compare(account, prefix, losses)
		}
	}
	for _, l := range slices.SortedFunc(maps.Keys(losses), compareLoss) {
		if !inherited(l, losses) {
			a.say("price list %s: %s for prefix %s (%s) is below the cost %s of route %s", a.cat.PriceList(l.list).Name, l.price,
				cmp.Or(l.prefix, "any"), strings.Join(losses[l], ", "), l.cost, a.cat.Route(l.route).Name)
		}
	}
}

func (a *adviser) prefixes() []string {
	set := map[string]bool{}
	for _, n := range a.cat.Nouns() {
		switch n := n.(type) {
		case *sms.PriceList:
			for _, p := range n.Prices {
				set[p.Prefix] = true
			}
		case *sms.Route:
			for _, c := range n.Costs {
				set[c.Prefix] = true
			}
		case *sms.Rule:
			set[n.Prefix] = true
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// compare looks at one prefix for one account.
func (a *adviser) compare(account *sms.Account, prefix string, losses map[loss][]string) {
	for _, t := range sms.Types() {
		var byRule *sms.Route
		a.cat.RuleFor(account.ID, t, prefix, func(rule *sms.Rule) bool {
			r := a.cat.Route(rule.RouteID)
			if r == nil || !r.Enabled || !r.Carries(t) {
				return false
			}
			byRule = r
			return true
		})
		for _, kind := range []sms.SenderKind{sms.SenderAlpha, sms.SenderNumeric} {
			if byRule != nil {
				a.one(account, prefix, t, kind, byRule.ID, 0, losses)
			}
			for _, id := range account.Routes {
				if r := a.cat.Route(id); r != nil && r.Enabled && r.Carries(t) {
					a.one(account, prefix, t, kind, id, id, losses)
				}
			}
		}
	}
}

func (a *adviser) one(account *sms.Account, prefix string, t sms.Type, kind sms.SenderKind, route, asked int64, losses map[loss][]string) {
	price, priced := a.cat.Price(account.PriceListID, t, kind, asked, prefix)
	cost, known := a.cat.CostOf(route, t, prefix)
	if !priced || !known || price >= cost {
		return
	}
	l := loss{account.PriceListID, route, prefix, price, cost}
	if !slices.Contains(losses[l], string(t)) {
		losses[l] = append(losses[l], string(t))
	}
}

func compareLoss(a, b loss) int {
	return cmp.Or(cmp.Compare(a.list, b.list), cmp.Compare(a.prefix, b.prefix), cmp.Compare(a.route, b.route), cmp.Compare(a.price, b.price), cmp.Compare(a.cost, b.cost))
}

// inherited says that a shorter prefix has the same loss, which is told once.
func inherited(l loss, losses map[loss][]string) bool {
	types := losses[l]
	for n := range len(l.prefix) {
		shorter := l
		shorter.prefix = l.prefix[:n]
		if have, ok := losses[shorter]; ok && slices.Equal(have, types) {
			return true
		}
	}
	return false
}
