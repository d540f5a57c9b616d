package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

// anyFile draws a valid configuration.
func anyFile(t *rapid.T) *admin.File {
	amount := rapid.Custom(func(t *rapid.T) sms.Money { return sms.Money(rapid.Int64Range(0, 5_000_000).Draw(t, "amount")) })
	some := func(names []string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, len(names), rapid.ID[string]).Draw(t, "some")
	}
	names := func(what string, n int) []string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprint(what, i, rapid.SampledFrom([]string{"", " x", ": y", "#", "'", "é", "~"}).Draw(t, "tail")))
		}
		return list
	}
	prefixes := []string{"", "0880", "1"}
	f := &admin.File{}
	connectors, routes, lists := names("c", rapid.IntRange(1, 3).Draw(t, "c")), names("r", rapid.IntRange(1, 3).Draw(t, "r")), names("p", 2)
	for i, name := range connectors {
		c := admin.ConnectorSpec{Name: name, Protocol: "smpp", Enabled: rapid.Bool().Draw(t, "on"), Window: 1 + i, Pace: float64(i) / 2,
			Mode:     rapid.SampledFrom([]sms.ConnectorMode{"", "pause", "drain"}).Draw(t, "mode"),
			Settings: map[string]any{"hosts": []any{"a", "b:1"}, "password": rapid.String().Draw(t, "pw"), "n": i, "deep": map[string]any{"token": "x", "t": true}}}
		if i > 0 {
			c.Shares = connectors[0]
		}
		f.Connectors = append(f.Connectors, c)
	}
	for i, name := range routes {
		r := admin.RouteSpec{Name: name, Enabled: true, Long: sms.LongSAR, Validity: sms.Duration(time.Duration(i+1) * time.Second), ShortCodes: []string{"16222"},
			Types:    rapid.SliceOfNDistinct(rapid.SampledFrom(sms.Types()), 0, 3, rapid.ID[sms.Type]).Draw(t, "types"),
			Receipts: sms.ReceiptMode(i), QueryAfter: sms.Duration(i) * sms.Duration(time.Hour),
			National: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"tr", "es", "bn"}), 0, 3, rapid.ID[string]).Draw(t, "national")}
		for _, c := range append(some(connectors), connectors[0])[:1] {
			r.Connectors = append(r.Connectors, admin.RouteConnector{Name: c, Priority: i})
		}
		for _, p := range prefixes[:i+1] {
			r.Costs = append(r.Costs, admin.CostSpec{Prefix: p, Cost: amount.Draw(t, "cost")})
		}
		f.Routes = append(f.Routes, r)
	}
	for _, name := range lists {
		p := admin.PriceListSpec{Name: name, ChargeOn: rapid.SampledFrom([]string{"", "delivered"}).Draw(t, "on"), Prices: []admin.PriceSpec{}}
		for _, prefix := range prefixes {
			p.Prices = append(p.Prices, admin.PriceSpec{Prefix: prefix, Price: amount.Draw(t, "price")},
				admin.PriceSpec{Prefix: prefix, Type: sms.TypeVoice, Sender: sms.SenderAlpha, Route: routes[0], Price: amount.Draw(t, "price")})
		}
		f.PriceLists = append(f.PriceLists, p)
	}
	for i, name := range names("a", rapid.IntRange(0, 3).Draw(t, "a")) {
		a := admin.AccountSpec{Name: name, Enabled: rapid.Bool().Draw(t, "on"), TimeZone: "Asia/Dhaka", Country: "BD", PriceList: lists[i%2],
			CreditLimit: amount.Draw(t, "limit"), MaxParts: 1 + i, Routes: some(routes), GroupStart: int64(1 + i), SmartText: i == 1,
			Logins: []admin.LoginSpec{{SystemID: fmt.Sprint("Sys-", i), PasswordHash: someHash, Disabled: i == 1, IPs: []string{"10.0.0.1"}, RequireTLS: i == 2,
				MaxBinds: 1 + i, Rate: float64(i) / 4, Window: 10 + i, MessageID: "hex", Alphabet: []string{"", "gsm7-packed", "latin1"}[i], Replies: []string{"16222", "all"}[:i%3], Keep: sms.Duration(time.Hour)}},
			Senders: []admin.SenderSpec{{Name: "Sender.1", Status: sms.SenderApproved, Connectors: some(connectors)}, {Name: "880123", Note: rapid.String().Draw(t, "note")}},
			Numbers: []admin.NumberSpec{{Number: "16222", Keyword: fmt.Sprint("k", i)}},
			Keys:    []admin.KeySpec{{Name: "main", APIKey: fmt.Sprint("key", i), TokenHash: someHash, IPs: []string{"::1", "10.0.0.0/8"}, Revoked: i == 1}}}
		f.Accounts = append(f.Accounts, a)
		f.Rules = append(f.Rules, admin.RuleSpec{Account: name, Prefix: "880", Type: sms.TypeSMS, Route: routes[0], Priority: i})
	}
	f.Rules = append(f.Rules, admin.RuleSpec{Route: routes[0]}, admin.RuleSpec{Name: "named", Prefix: "1", Route: routes[0]})
	return f
}

// What is exported with its secrets makes the same configuration elsewhere, as
// YAML and as JSON, and changes nothing where it came from.
func TestExportRoundTrip(t *testing.T) {
	ctx := context.Background()
	rapid.Check(t, func(rt *rapid.T) {
		first, err := anyFile(rt).YAML()
		if err != nil {
			rt.Fatal(err)
		}
		here, there := newRig(t), newRig(t)
		here.mustApply(string(first), admin.ApplyOptions{})
		export := func(r *rig) string {
			f, err := r.Export(ctx, true)
			if err != nil {
				rt.Fatal(err)
			}
			text, err := f.YAML()
			if err != nil {
				rt.Fatal(err)
			}
			return string(text)
		}
		text := export(here)
		there.mustApply(text, admin.ApplyOptions{Prune: true})
		if again := export(there); again != text {
			rt.Fatalf("the copy differs:\n%s\n---\n%s", text, again)
		}
		if diff := here.mustApply(text, admin.ApplyOptions{Prune: true}); diff != "" {
			rt.Fatalf("the export changes what it came from:\n%s", diff)
		}
		masked, err := here.Export(ctx, false)
		if err != nil {
			rt.Fatal(err)
		}
		asJSON, err := json.Marshal(masked)
		if err != nil || strings.Contains(string(asJSON), someHash) {
			rt.Fatalf("masked export: %v\n%s", err, asJSON)
		}
	})
}

// Texts that the YAML library writes as blocks which it cannot read.
func TestExportOfOddTexts(t *testing.T) {
	for _, note := range []string{"\nA", " \n b", "a\n\n", "\r\n", "- a\n- b", "\u2028x", "#", "null", "1e3", "~", "'\""} {
		f := &admin.File{Accounts: []admin.AccountSpec{{Name: "a", TimeZone: "UTC", Senders: []admin.SenderSpec{{Name: "X", Note: "n" + note + "n"}}}}}
		text, err := f.YAML()
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t)
		r.mustApply(string(text), admin.ApplyOptions{})
		s, err := admin.Show[admin.SenderSpec](context.Background(), r.Desk, admin.Ref{Name: "X"})
		if err != nil || s.Note != "n"+note+"n" {
			t.Errorf("%q became %q, %v", note, s.Note, err)
		}
	}
}

// The file of `export` is meant to be read.
func TestExportLooks(t *testing.T) {
	r := newRig(t)
	r.mustApply(example(t, r), admin.ApplyOptions{})
	f, err := r.Export(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	text, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "export.yaml", string(text))
	empty, err := newRig(t).Export(context.Background(), false)
	if err != nil {
		t.Fatal(err)
	}
	if text, err = empty.YAML(); err != nil || string(text) != "price_lists: []\nconnectors: []\nroutes: []\naccounts: []\nrules: []\n" {
		t.Errorf("an empty configuration: %s, %v", text, err)
	}
}

// Whatever the file holds: an answer, no panic, and nothing written by a dry run.
func FuzzApply(f *testing.F) {
	for _, seed := range []string{small, nested, "a: &a [*a]", "routes: [{name: &x r, connectors: [*x]}]", "accounts: [{keys: [{}]}]", "rules:\n- ? [a]\n  : b",
		"connectors: [{name: a, protocol: smpp, settings: {a: [1, {b: c}]}}]", "price_lists: [{name: !!binary aGk=, prices: [{price: .5}]}]",
		"accounts: [{name: a, time_zone: UTC, smpp: [{system_id: A, password_env: X, alphabet: latin1, replies: [all], keep: 1h}, {system_id: a, password_hash: x}]}]",
		"routes: [{name: r, connectors: [], receipts: last, query_after: 1h, national: [tr]}]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := newRig(t)
		r.env["X"] = "x"
		if diffs, err := r.apply(text, admin.ApplyOptions{DryRun: true, Prune: true}); err == nil {
			if r.version() != 0 {
				t.Error("a dry run wrote something")
			}
			written, err := r.apply(text, admin.ApplyOptions{Prune: true})
			if err != nil || words(written) != words(diffs) {
				t.Errorf("the dry run said\n%sapply did\n%s%v", words(diffs), words(written), err)
			}
			if again, err := r.apply(text, admin.ApplyOptions{Prune: true}); err != nil || len(again) != 0 {
				t.Errorf("second apply: %v\n%s", err, words(again))
			}
		}
	})
}
