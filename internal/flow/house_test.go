package flow

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// The house is a configuration with something of everything, for the tests of
// planning. Ids are written out, so that a test can name them.
const (
	acme, closed, nowhere, unpriced, lavish, wordy int64 = 1, 2, 3, 4, 5, 6 // accounts
	connA, connB, connOff                          int64 = 1, 2, 3          // connectors
)

const (
	routeMain, routeAlt, routeOff, routeUnicode, routeShort, routeWide, routeDead, routeGuests int64 = 1, 2, 3, 4, 5, 6, 7, 8
)

// onlyText is the plug-ins of the house: its connectors carry texts.
func onlyText(protocol string) []sms.Type {
	if protocol == "fake" {
		return []sms.Type{sms.TypeSMS}
	}
	return nil
}

func head(id, account int64, name string) sms.Head {
	return sms.Head{ID: id, AccountID: account, Name: name}
}

func of(ids ...int64) (list []sms.RouteConnector) {
	for i, id := range ids {
		list = append(list, sms.RouteConnector{ID: id, Priority: i + 1})
	}
	return list
}

func house(t testing.TB) *sms.Catalog {
	t.Helper()
	route := func(id int64, name string, change func(*sms.Route)) *sms.Route {
		r := &sms.Route{Head: head(id, 0, name), Enabled: true, Connectors: of(connA, connB)}
		change(r)
		return r
	}
	account := func(id int64, name string, change func(*sms.Account)) *sms.Account {
		a := &sms.Account{Head: head(id, 0, name), Enabled: true, TimeZone: "Asia/Dhaka", Country: "BD", PriceListID: 1,
			Routes: []int64{routeMain, routeAlt, routeOff, routeUnicode, routeWide, routeDead}}
		change(a)
		return a
	}
	sender := func(account int64, name string, change func(*sms.Sender)) *sms.Sender {
		s := &sms.Sender{Head: head(0, account, name), Status: sms.SenderApproved}
		change(s)
		return s
	}
	rule := func(account int64, prefix string, typ sms.Type, route int64, priority int) *sms.Rule {
		return &sms.Rule{Head: head(0, account, ""), Prefix: prefix, Type: typ, RouteID: route, Priority: priority}
	}
	nouns := []sms.Noun{
		&sms.Connector{Head: head(connA, 0, "a"), Protocol: "fake", Enabled: true},
		&sms.Connector{Head: head(connB, 0, "b"), Protocol: "fake", Enabled: true},
		&sms.Connector{Head: head(connOff, 0, "off"), Protocol: "fake"},

		route(routeMain, "main", func(r *sms.Route) {
			r.Costs = []sms.Cost{{Prefix: "880", Cost: sms.Credit / 5}, {Prefix: "88018", Cost: sms.Credit / 4}}
		}),
		route(routeAlt, "alt", func(r *sms.Route) { r.Connectors = of(connB); r.Validity = sms.Duration(time.Hour) }),
		route(routeOff, "off", func(r *sms.Route) { r.Enabled = false }),
		route(routeUnicode, "unicode", func(r *sms.Route) { r.Types = []sms.Type{sms.TypeUnicode} }),
		route(routeShort, "short", func(r *sms.Route) { r.ShortCodes = []string{"16247", "333", "20000000"} }),
		route(routeWide, "wide", func(r *sms.Route) { r.Long = sms.LongUDH16 }),
		route(routeDead, "dead", func(r *sms.Route) { r.Connectors = of(connOff) }),
		route(routeGuests, "guests", func(*sms.Route) {}),

		&sms.PriceList{Head: head(1, 0, "retail"), Prices: []sms.Price{
			{Prefix: "", Price: sms.Credit},
			{Prefix: "880", Price: sms.Credit / 4},
			{Prefix: "880", Type: sms.TypeUnicode, Price: sms.Credit / 2},
			{Prefix: "880", Sender: sms.SenderNumeric, Price: sms.Credit / 8},
			{Prefix: "88017", Price: 3 * sms.Credit},
			{Prefix: "88017", RouteID: routeAlt, Price: 2 * sms.Credit},
			{Prefix: "88016", Type: sms.TypeSMS, Price: 5 * sms.Credit},
			{Prefix: "1", Price: 0},
			{Prefix: "1999", Price: sms.Credit},
		}},
		&sms.PriceList{Head: head(2, 0, "partial"), ChargeOn: "delivered", Prices: []sms.Price{{Prefix: "88018", Price: sms.Credit}}},
		&sms.PriceList{Head: head(3, 0, "gold"), Prices: []sms.Price{{Price: 1_000_000_000_000 * sms.Credit}}},

		account(acme, "acme", func(*sms.Account) {}),
		account(closed, "closed", func(a *sms.Account) { a.Enabled = false }),
		account(nowhere, "nowhere", func(a *sms.Account) { a.Country = "QQ" }),
		account(unpriced, "unpriced", func(a *sms.Account) { a.PriceListID = 2; a.Country = "" }),
		account(lavish, "lavish", func(a *sms.Account) { a.PriceListID = 3 }),
		account(wordy, "wordy", func(a *sms.Account) { a.MaxParts = 255 }),

		sender(acme, "ACME", func(*sms.Sender) {}),
		sender(acme, "ACME-OTP", func(s *sms.Sender) { s.Class = sms.ClassOTP }),
		sender(acme, "ACME-AD", func(s *sms.Sender) { s.Class = sms.ClassPromotional }),
		sender(acme, "+8801555000111", func(*sms.Sender) {}),
		sender(acme, "16001", func(*sms.Sender) {}),
		sender(acme, "OnlyB", func(s *sms.Sender) { s.Connectors = []int64{connB} }),
		sender(acme, "OnlyOff", func(s *sms.Sender) { s.Connectors = []int64{connOff} }),
		sender(acme, "Asked", func(s *sms.Sender) { s.Status = sms.SenderRequested }),
		sender(acme, "Refused", func(s *sms.Sender) { s.Status = sms.SenderRefused }),
		sender(nowhere, "ACME", func(*sms.Sender) {}),
		sender(unpriced, "ACME", func(*sms.Sender) {}),
		sender(lavish, "ACME", func(*sms.Sender) {}),
		sender(wordy, "ACME", func(*sms.Sender) {}),

		rule(0, "880", "", routeMain, 0),
		rule(0, "88019", "", routeOff, 0),            // disabled: the shorter prefix takes over
		rule(0, "88015", "", routeUnicode, 0),        // carries one type only
		rule(0, "88014", "", 99, 0),                  // its route is gone
		rule(0, "88013", "", routeDead, 0),           // its connector is off
		rule(acme, "88017", "", routeAlt, 5),         // of the account, before the house's
		rule(0, "88017", "", routeMain, 0),           //
		rule(0, "88016", "", routeMain, 0),           //
		rule(0, "88016", sms.TypeFlash, routeAlt, 9), // names the type
		rule(0, "88011", "", routeAlt, 2),            // priorities
		rule(0, "88011", "", routeMain, 1),           //
		rule(wordy, "44", "", routeWide, 0),          // another account's
		rule(0, "49", sms.TypeVoice, routeMain, 0),   // another type's
		rule(0, "1", "", routeAlt, 0),
		rule(0, "16247", "", routeShort, 0),
		rule(0, "333", "", routeMain, 0), // does not list the code
		rule(0, "333", "", routeShort, 1),
		rule(0, "20000000", "", routeShort, 0),
	}
	for i, n := range nouns {
		if err := n.Validate(); err != nil {
			t.Fatalf("noun %d: %v", i, err)
		}
	}
	return sms.NewCatalog(1, nouns)
}

// planned is what becomes of a request in the house.
func planned(t testing.TB, change func(*Request)) (sms.Call, error) {
	t.Helper()
	req := Request{AccountID: acme, Face: "test", Type: sms.TypeSMS, From: "acme", To: []string{"8801812345678"}, Text: "hello"}
	change(&req)
	p := &planner{cat: house(t), now: noon, max: 365 * 24 * time.Hour, protos: onlyText}
	return p.plan(&req)
}

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares with a file of testdata, which -update writes.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./internal/flow -update and look at what it writes", err)
	}
	if got != string(want) {
		t.Errorf("%s is different\ngot\n%s\nwant\n%s", path, got, want)
	}
}
