package admin_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs:\n%s", path, got)
	}
}

// example is the documented file, with its environment.
func example(t *testing.T, r *rig) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r.env["GP_PASSWORD"], r.env["ROBI_PASSWORD"], r.env["SHOP_TOKEN"] = "geheim-gp", "geheim-robi", "geheim-token"
	r.env["SHOP_SMPP_PASSWORD"] = "geheim8"
	return string(text)
}

// The documented example works, does what it says, and a second apply changes
// nothing.
func TestExample(t *testing.T) {
	r := newRig(t)
	text := example(t, r)
	golden(t, "example.diff", r.mustApply(text, admin.ApplyOptions{DryRun: true}))
	if r.version() != 0 {
		t.Fatal("a dry run wrote something")
	}
	got := r.mustApply(text, admin.ApplyOptions{Prune: true})
	golden(t, "example.diff", got)
	if strings.Contains(got, "geheim") {
		t.Error("a secret is shown")
	}
	before := r.version()
	if got := r.mustApply(text, admin.ApplyOptions{Prune: true}); got != "" || r.version() != before {
		t.Errorf("second apply: version %d after %d, %s", r.version(), before, got)
	}

	ctx := context.Background()
	cat, err := store.Catalog(ctx, r.store)
	if err != nil {
		t.Fatal(err)
	}
	if price, ok := cat.Price(1, sms.TypeSMS, sms.SenderAlpha, 0, "8801912345678"); !ok || price != 400_000 {
		t.Errorf("price %s, %v", price, ok)
	}
	if c := cat.Connector(3); c == nil || c.Scope() != 2 || c.Enabled {
		t.Errorf("robi-2 %+v", c)
	}
	var settings struct{ Password string }
	if err := json.Unmarshal(cat.Connector(1).Settings, &settings); err != nil || settings.Password != "geheim-gp" {
		t.Errorf("settings of gp: %v", err)
	}
	hash, _ := r.Hash("0123456789abcdefghijklmnopqrstuv", "geheim-token")
	if k := cat.Credential("0123456789abcdefghijklmnopqrstuv"); k == nil || k.TokenHash != hash || k.AccountID != 1 {
		t.Errorf("key %+v", k)
	}
	hash, _ = r.Hash("shop", "geheim8")
	if s := cat.Login("shop"); s == nil || s.SMPP.PasswordHash != hash || s.AccountID != 1 || s.SMPP.MessageID != "hex" {
		t.Errorf("login %+v", s)
	}
	if told := cat.Told(1, "8809612345678"); len(told) != 1 {
		t.Errorf("replies go to %v", told)
	}
	if owner := cat.Owner("16222", "Shop please"); owner != 1 {
		t.Errorf("owner %d", owner)
	}
	if advice := admin.Advise(cat, store.Stats{}, nil); len(advice) != 0 {
		t.Errorf("advice %q", advice)
	}
}

func TestApplyChanges(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"amounts, rows by what they match", `price_lists: [{name: std, prices: [{prefix: "91", price: "0.2"}, {prefix: "880", price: 0.6}]}]`,
			`~ price list std
    prices[91].price: (none) → 0.2
    prices[880].price: 0.5 → 0.6
`},
		{"a row goes", `price_lists: [{name: std, prices: []}]`, `~ price list std
    prices[880].price: 0.5 → (none)
`},
		{"order of rows does not matter", `routes: [{name: bd, connectors: [{name: gp, priority: 0}]}]`, ``},
		{"settings, the password masked", `connectors: [{name: gp, protocol: smpp, pace: 2.5, settings: {hosts: [a, b], password: neu, tls: {ca_file: x}}}]`,
			`~ connector gp
    pace: (none) → 2.5
    settings.hosts: [a] → [a, b]
    settings.password: *** → *** (changed)
    settings.tls.ca_file: (none) → x
`},
		{"masked password keeps", `connectors: [{name: gp, protocol: smpp, settings: {hosts: [a], password: "***"}}]`, ``},
		{"a key without its hash keeps it", `accounts: [{name: shop, time_zone: UTC, price_list: std, routes: [bd], keys: [{name: main, api_key: KEY, guard_seconds: 5}]}]`,
			`~ key main of account shop
    guard_seconds: (none) → 5
`},
		{"another token", `accounts: [{name: shop, time_zone: UTC, price_list: std, routes: [bd], keys: [{name: main, api_key: KEY, token_env: NEW}]}]`,
			`~ key main of account shop
    token_hash: *** → *** (changed)
`},
		{"what is left out is the default", `accounts: [{name: Shop, time_zone: Asia/Dhaka, enabled: false}]`, `~ account Shop
    name: shop → Shop
    enabled: true → false
    time_zone: UTC → Asia/Dhaka
    price_list: std → (none)
    routes: [bd] → (none)
`},
		{"new ones that refer to each other, in any order", `
accounts: [{name: new, time_zone: UTC, price_list: gold, routes: [way], senders: [{name: NEW, connectors: [link]}]}]
rules: [{prefix: "1", account: new, route: way, priority: 3}]
price_lists: [{name: gold, prices: [{prefix: "1", route: way, price: 1}]}]
routes: [{name: way, connectors: [link]}]
connectors: [{name: link, protocol: smpp, shares_receipts_with: link2}, {name: link2, protocol: smpp}]
`, `+ connector link
    protocol: smpp
    enabled: true
    window: 10
    shares_receipts_with: link2
+ connector link2
    protocol: smpp
    enabled: true
    window: 10
+ route way
    id: 2
    enabled: true
    connectors[link].priority: 0
    long: udh8
    on_unknown: resend
    validity: 24h0m0s
    receipt_wait: 48h0m0s
    max_attempts: 20
    receipts: all
+ price list gold
    charge_on: accepted
    prices[1 way].price: 1
+ account new
    enabled: true
    time_zone: UTC
    price_list: gold
    credit_limit: 0
    max_parts: 10
    routes: [way]
    group_start: 1
    recipient_start: 1
    inbox_start: 1
+ rule new/1/3 of account new
    prefix: 1
    route: way
    priority: 3
+ sender NEW of account new
    status: requested
    class: transactional
    connectors: [link]
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.mustApply(small, admin.ApplyOptions{})
			r.env["NEW"] = "geheim-neu"
			if got := r.mustApply(c.file, admin.ApplyOptions{DryRun: true}); got != c.want {
				t.Errorf("dry run:\n%s", got)
			}
			if got := r.mustApply(c.file, admin.ApplyOptions{}); got != c.want {
				t.Errorf("apply:\n%s", got)
			}
			if got := r.mustApply(c.file, admin.ApplyOptions{}); got != "" {
				t.Errorf("second apply:\n%s", got)
			}
		})
	}
}

func TestPrune(t *testing.T) {
	for _, c := range []struct{ name, file, want, problem string }{
		{"sections that are not listed stay", `price_lists: [{name: std, prices: [{prefix: "880", price: 0.5}]}]`, "", ""},
		{"nested ones, account by account", `accounts: [{name: shop, time_zone: UTC, price_list: std, routes: [bd], senders: [{name: TWO}], keys: []}]`,
			`+ sender TWO of account shop
    status: requested
    class: transactional
- sender SHOP of account shop
- key main of account shop
`, ""},
		{"an account takes what belongs to it along", `accounts: []`, `- number 16222:shop of account shop
- sender SHOP of account shop
- key main of account shop
- account shop
`, ""},
		{"everything", `{accounts: [], rules: [], routes: [], connectors: [], price_lists: []}`, `- number 16222:shop of account shop
- sender SHOP of account shop
- key main of account shop
- rule 880
- account shop
- price list std
- route bd
- connector gp
`, ""},
		{"not what others need", `connectors: []`, "", "f.yaml: connector gp cannot be removed: it is used by route bd, sender SHOP of account shop"},
		{"not what the file itself names", "connectors: []\nroutes: [{name: bd, connectors: [gp]}]", "",
			`f.yaml:2: route bd: there is no connector "gp"; there is none yet`},
		{"replaced by one with another name", "routes: [{name: bd2, connectors: [gp]}]\nrules: [{prefix: \"880\", route: bd2}]\naccounts: [{name: shop, time_zone: UTC, price_list: std}]",
			`+ route bd2
    id: 2
    enabled: true
    connectors[gp].priority: 0
    long: udh8
    on_unknown: resend
    validity: 24h0m0s
    receipt_wait: 48h0m0s
    max_attempts: 20
    receipts: all
~ account shop
    routes: [bd] → (none)
~ rule 880
    route: bd → bd2
- route bd
`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.mustApply(small, admin.ApplyOptions{})
			if got := r.mustApply(strings.ReplaceAll(c.file, "xx", ""), admin.ApplyOptions{}); c.problem == "" && strings.Contains(got, "- ") {
				t.Errorf("removed without prune:\n%s", got)
			}
			r = newRig(t)
			r.mustApply(small, admin.ApplyOptions{})
			before := r.version()
			diffs, err := r.apply(c.file, admin.ApplyOptions{Prune: true})
			if c.problem != "" {
				wantCode(t, err, sms.CodeInvalid, c.problem)
				if r.version() != before {
					t.Error("a refused file wrote something")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := words(diffs); got != c.want {
				t.Errorf("got\n%s", got)
			}
			if got := r.mustApply(c.file, admin.ApplyOptions{Prune: true}); got != "" {
				t.Errorf("second apply:\n%s", got)
			}
		})
	}
}

// All problems come at once, each with its place, and nothing is written.
func TestProblems(t *testing.T) {
	text, err := os.ReadFile("testdata/problems.yaml")
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t)
	r.mustApply(small, admin.ApplyOptions{})
	r.env["PW"], r.env["BLANK"], r.env["LONG"], r.env["SHORT"] = "geheimpw", "geheim x", strings.Repeat("geheim", 11), "gehei"
	before := r.version()
	_, err = r.apply(string(text), admin.ApplyOptions{})
	if sms.CodeOf(err) != sms.CodeInvalid {
		t.Fatalf("got %v", err)
	}
	golden(t, "problems.txt", err.Error()+"\n")
	if r.version() != before {
		t.Error("something was written")
	}
	for _, secret := range []string{"geheim", "tiefgeheim"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the problems show the secret %s", secret)
		}
	}
}

// The file as a whole: what is no file at all.
func TestNoFile(t *testing.T) {
	for text, holds := range map[string]string{
		"":                                       "f.yaml:1: the file is empty",
		"# nothing\n":                            "f.yaml:1: the file is empty",
		"a: [":                                   "f.yaml:1: this is no YAML",
		"routes: []\nrules: [\n":                 "this is no YAML",
		"routes: []\n---\nrules: []\n":           "f.yaml:2: there is more than one document",
		"- a\n":                                  "f.yaml:1: the file must be a list of keys with values",
		"hello":                                  "f.yaml:1: the file must be a list of keys",
		"routes: {a: b}":                         "f.yaml:1: routes must be a list",
		"routes: [1]":                            "f.yaml:1: an entry of routes must be",
		"routes: [null]":                         "f.yaml:1: an entry of routes is empty",
		"{routes: [], routes: []}":               "f.yaml:1: routes is set a second time (first in line 1)",
		"routes: [{name: [a]}]":                  "f.yaml:1: name must be a plain value",
		"routes: [{validity: [a]}]":              "f.yaml:1: validity must be a plain value",
		"routes: [{types: a}]":                   "f.yaml:1: types must be a list",
		"routes: [{max_attempts: a}]":            `f.yaml:1: max_attempts is "a"; write a whole number`,
		"connectors: [{settings: {a: 1, a: 2}}]": "every key of settings must be a word, and stand there once",
		"connectors: [{settings: &s {a: *s}}]":   "f.yaml:1: settings are nested too deeply",
		"connectors: [{settings: null, name: null}]": "f.yaml:1: connector: name is missing",
		"price_lists: [&a {name: x, prices: &b [" + strings.Repeat("{price: 1},", 1000) + "]}" + strings.Repeat(", {name: y, prices: *b}", 600) + "]": "the file is too large",
		"<<: {a: b}":                   "there is no key <<",
		"connectors:\n- settings: [a]": "f.yaml:2: settings must be a list of keys",
		"connectors:\n- {name: c, protocol: smpp, settings: {a: {[b]: c}}}": "settings",
	} {
		_, err := newRig(t).apply(text, admin.ApplyOptions{})
		if err == nil || !strings.Contains(err.Error(), holds) {
			t.Errorf("%.60q: got %v, want %q", text, err, holds)
		}
	}
}

// One failure of the store leaves nothing; conflicts are planned again.
func TestApplyIsAtomic(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.store.FailNext(memory.VerbWriteDocs, sms.Unavailable("disk full", nil))
	_, err := r.apply(small, admin.ApplyOptions{})
	wantCode(t, err, sms.CodeUnavailable, "disk full")
	if docs, _, err := r.store.ReadDocs(ctx, store.DocFilter{}); err != nil || len(docs) != 0 {
		t.Errorf("left behind: %v, %v", docs, err)
	}
	r.store.FailNext(memory.VerbWriteDocs, sms.Fail(sms.CodeConflict, "faster"))
	r.mustApply(small, admin.ApplyOptions{})
	if v := r.version(); v != 1 {
		t.Errorf("%d transactions, want 1", v)
	}
	for range 16 {
		r.store.FailNext(memory.VerbWriteDocs, sms.Fail(sms.CodeConflict, "faster"))
	}
	_, err = r.apply(`price_lists: [{name: x, prices: []}]`, admin.ApplyOptions{})
	wantCode(t, err, sms.CodeConflict, "faster")
}

// Somebody else writes between our read and our write: the plan is made again
// from what is there now.
func TestApplyAgainstAnotherWriter(t *testing.T) {
	r, other, ctx := newRig(t), (*admin.Desk)(nil), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	other = admin.NewDesk(admin.Options{Store: r.store, By: "other"})
	first := true
	r.Check = func(*sms.Connector) error { // runs between the two
		if first {
			first = false
			_, _, err := admin.Change(ctx, other, admin.Ref{Name: "gp"}, func(s *admin.ConnectorSpec) error { s.Window = 77; return nil })
			return err
		}
		return nil
	}
	got := r.mustApply(`connectors: [{name: gp, protocol: smpp, window: 5, settings: {hosts: [a], password: "***"}}]`, admin.ApplyOptions{})
	if got != "~ connector gp\n    window: 77 → 5\n" {
		t.Errorf("got %s", got)
	}
}

// An id that a deleted noun had is not taken again where the store refuses it.
func TestApplyPassesUsedIDs(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	r.Store = usedIDs{r.store, 40}
	r.mustApply(`routes: [{name: new, connectors: [gp]}, {name: new2, connectors: [gp]}]`, admin.ApplyOptions{})
	s, err := admin.Show[admin.RouteSpec](ctx, r.Desk, admin.Ref{Name: "new"})
	if err != nil || s.ID <= 40 {
		t.Errorf("id %d, %v", s.ID, err)
	}
}

// usedIDs refuses new routes up to an id, as if they had existed.
type usedIDs struct {
	admin.Store
	last int64
}

func (u usedIDs) WriteDocs(ctx context.Context, now time.Time, by string, changes []store.DocChange) ([]store.Doc, error) {
	for _, c := range changes {
		if c.Kind == sms.KindRoute && c.Version == 0 && c.ID <= u.last {
			return nil, sms.Fail(sms.CodeConflict, "existed")
		}
	}
	return u.Store.WriteDocs(ctx, now, by, changes)
}
