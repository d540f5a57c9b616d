package admin_test

import (
	"context"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func TestAdvise(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"nothing", small, nil},
		{"no price list", "accounts: [{name: a, time_zone: UTC}]",
			[]string{"account a has no price list: nothing it sends has a price, so all of it is refused"}},
		{"a loss, told once for the shortest prefix", `
price_lists: [{name: std, prices: [{prefix: "880", price: 0.2}, {prefix: "88017", price: 0.5}, {prefix: "91", price: 0.1}]}]
connectors: [{name: c, protocol: smpp}]
routes: [{name: r, connectors: [c], costs: [{prefix: "880", cost: 0.3}, {prefix: "8801", cost: 0.3}, {prefix: "1", cost: 9}]}]
rules: [{prefix: "", route: r}, {prefix: "88019", route: r}]
accounts: [{name: a, time_zone: UTC, price_list: std}, {name: b, time_zone: UTC, price_list: std}]`,
			[]string{"price list std: 0.2 for prefix 880 (sms, unicode, flash) is below the cost 0.3 of route r"}},
		{"types and the price of a named route", `
price_lists: [{name: std, prices: [{prefix: "", price: 1}, {prefix: "", type: flash, price: 0.1}, {prefix: "", route: vip, price: 0.2}]}]
connectors: [{name: c, protocol: smpp}]
routes: [{name: r, connectors: [c], costs: [{prefix: "", cost: 0.5}]}, {name: vip, connectors: [c], costs: [{prefix: "", cost: 2}, {prefix: "", type: flash, cost: 0}]},
  {name: off, enabled: false, connectors: [c], costs: [{prefix: "", cost: 5}]}]
rules: [{prefix: "", route: off, priority: 1}, {prefix: "", route: r, priority: 2}]
accounts: [{name: a, time_zone: UTC, price_list: std, routes: [vip, off]}]`,
			[]string{"price list std: 0.1 for prefix any (flash) is below the cost 0.5 of route r",
				"price list std: 0.2 for prefix any (sms, unicode) is below the cost 2 of route vip"}},
		{"an account's own rule", `
price_lists: [{name: std, prices: [{prefix: "", price: 1}]}]
connectors: [{name: c, protocol: smpp}]
routes: [{name: r, connectors: [c]}, {name: dear, connectors: [c], costs: [{prefix: "", cost: 3}]}]
rules: [{prefix: "", route: r}, {prefix: "44", account: b, route: dear}]
accounts: [{name: a, time_zone: UTC, price_list: std}, {name: b, time_zone: UTC, price_list: std}]`,
			[]string{"price list std: 1 for prefix 44 (sms, unicode, flash) is below the cost 3 of route dear"}},
		{"routes that do nothing, or never ask", `
connectors: [{name: c, protocol: smpp, mode: pause}, {name: d, protocol: smpp, enabled: false}, {name: e, protocol: smpp, mode: drain}]
routes: [{name: r, connectors: [c, d]}, {name: off, enabled: false, connectors: [c]}, {name: s, connectors: [e, d], query_after: 72h},
  {name: t, connectors: [c], query_after: 71h}]`,
			[]string{"route r sends nothing: c is set to pause, d is disabled",
				"route s: query_after 72h0m0s is not before the end of waiting, 72h0m0s after a message is due: no operator is asked",
				"route s sends nothing: e is set to drain, d is disabled", "route t sends nothing: c is set to pause"}},
		{"logins", `
price_lists: [{name: std, prices: []}]
accounts:
- {name: a, time_zone: UTC, price_list: std, numbers: [{number: "16222"}, {number: "16333", keyword: k}],
   smpp: [{system_id: one, password_env: PW, replies: ["16222", "16333"]}, {system_id: two, password_env: PW, replies: [all]}]}
- {name: b, time_zone: UTC, price_list: std, smpp: [{system_id: three, password_env: PW, replies: ["16222"]}]}`,
			[]string{"SMPP login three gets no replies to 16222: it is no number of its account"}},
	} {
		r := newRig(t)
		r.env["PW"] = "geheim"
		r.mustApply(c.file, admin.ApplyOptions{})
		cat, err := store.Catalog(context.Background(), r.store)
		if err != nil {
			t.Fatal(err)
		}
		if got := admin.Advise(cat, store.Stats{}, nil); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
			t.Errorf("%s: got\n%s", c.name, strings.Join(got, "\n"))
		}
	}
}

// References that dangle: the desk does not make them, other writers may.
func TestAdviseDangling(t *testing.T) {
	cat := sms.NewCatalog(1, []sms.Noun{
		&sms.Account{Head: sms.Head{ID: 1, Name: "a"}, PriceListID: 1, Routes: []int64{7}},
		&sms.PriceList{Head: sms.Head{ID: 1, Name: "p"}},
		&sms.Route{Head: sms.Head{ID: 1, Name: "r"}, Connectors: []sms.RouteConnector{{ID: 8}}},
		&sms.Rule{Head: sms.Head{ID: 1, Name: "880", AccountID: 9}, RouteID: 10},
		&sms.Sender{Head: sms.Head{ID: 1, Name: "S", AccountID: 1}, Connectors: []int64{11}},
		&sms.Connector{Head: sms.Head{ID: 1, Name: "c"}, ScopeID: 12},
		&sms.Subscriber{Head: sms.Head{ID: 1, Name: "on", AccountID: 1}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{}},
		&sms.Subscriber{Head: sms.Head{ID: 2, Name: "off", AccountID: 1}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{Disabled: true}},
		&sms.Subscriber{Head: sms.Head{ID: 3, Name: "hook", AccountID: 1}, Channel: sms.ChannelWebhook},
	})
	want := []string{"account a names route 7, which is gone", "route r names connector 8, which is gone", "rule 880 belongs to account 9, which is gone",
		"rule 880 names route 10, which is gone", "sender S names connector 11, which is gone", "connector c names connector 12, which is gone",
		"SMPP login off is disabled, and 4 receipts and replies wait for it",
		"6 receipts and replies wait for subscriber 5, which is gone", "7 receipts and replies wait for subscriber 7, which is gone"}
	if got := admin.Advise(cat, store.Stats{Deliveries: map[int64]int64{1: 3, 2: 4, 3: 5, 4: 0, 5: 6, 7: 7}}, nil); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// slow is the advice of a plug-in: it knows which links cannot be asked.
func slow(c *sms.Connector, r *sms.Route) []string {
	if r.QueryAfter > 0 && !strings.Contains(string(c.Settings), "query") {
		return []string{"it cannot be asked"}
	}
	return nil
}

func TestAdviceOfPlugins(t *testing.T) {
	r := newRig(t)
	r.mustApply(`connectors: [{name: c, protocol: smpp}, {name: d, protocol: smpp, settings: {query: x}}]
routes: [{name: r, connectors: [c, d], query_after: 1h}, {name: s, connectors: [c]}]`, admin.ApplyOptions{})
	cat, err := store.Catalog(context.Background(), r.store)
	if err != nil {
		t.Fatal(err)
	}
	want := "route r over connector c: it cannot be asked"
	if got := admin.Advise(cat, store.Stats{}, slow); strings.Join(got, "\n") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestWarn: whoever makes something odd hears of it, once, and of nothing else.
func TestWarn(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	var heard []string
	r.Advise, r.Warn = slow, func(text string) { heard = append(heard, text) }
	route := func(change func(*admin.RouteSpec)) func() error {
		return func() error {
			_, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "r"}, func(s *admin.RouteSpec) error { change(s); return nil })
			return err
		}
	}
	link := func(enabled bool) func() error {
		return func() error {
			_, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "c"}, func(s *admin.ConnectorSpec) error { s.Enabled = enabled; return nil })
			return err
		}
	}
	apply := func(text string, o admin.ApplyOptions) func() error {
		return func() error { _, err := r.apply(text, o); return err }
	}
	const odd = `connectors: [{name: e, protocol: smpp}]
routes: [{name: q, connectors: [e], query_after: 1h}, {name: r, connectors: [c]}]`
	for _, step := range []struct {
		name string
		do   func() error
		want string
	}{
		{"sound", apply(`connectors: [{name: c, protocol: smpp}]
routes: [{name: r, connectors: [c]}]`, admin.ApplyOptions{}), ""},
		{"a route changes", route(func(s *admin.RouteSpec) { s.QueryAfter = sms.Duration(1e12) }), "route r over connector c: it cannot be asked"},
		{"another change of it", route(func(s *admin.RouteSpec) { s.MaxAttempts = 3 }), ""},
		{"no change", route(func(*admin.RouteSpec) {}), ""},
		{"its connector changes", link(false), "route r sends nothing: c is disabled"},
		{"and back", link(true), ""},
		{"a new route", func() error {
			s := admin.Default[admin.RouteSpec]()
			s.Name, s.Connectors, s.QueryAfter = "n", []admin.RouteConnector{{Name: "c"}}, sms.Duration(1e12)
			_, err := admin.Create(ctx, r.Desk, s)
			return err
		}, "route n over connector c: it cannot be asked"},
		{"a file, before it is applied", apply(odd, admin.ApplyOptions{DryRun: true}), "route q over connector e: it cannot be asked"},
		{"a file", apply(odd, admin.ApplyOptions{}), "route q over connector e: it cannot be asked"},
		{"the same file", apply(odd, admin.ApplyOptions{}), ""},
	} {
		heard = nil
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if got := strings.Join(heard, "\n"); got != step.want {
			t.Errorf("%s: heard %q, want %q", step.name, got, step.want)
		}
	}
	heard = nil
	if _, err := r.apply(`connectors: [{name: f, protocol: smpp}]
routes: [{name: f, connectors: [f], query_after: 1h, max_attempts: -1}]`, admin.ApplyOptions{}); err == nil || heard != nil {
		t.Errorf("a file that is refused (%v) warns: %q", err, heard)
	}
}
