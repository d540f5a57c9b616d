package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
)

func TestIsSecret(t *testing.T) {
	for name, want := range map[string]bool{"password": true, "Password": true, "smpp-password": true, "client_secret": true, "api-key": true,
		"auth_token": true, "system_id": false, "password_file": false, "password_env": false, "key_file": false, "hosts": false} {
		if admin.IsSecret(name) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
}

// nested is a connector with secrets in every place.
const nested = `connectors: [{name: c, protocol: smpp, settings: {password: geheim1, n: 2775, big: 12345678901, f: 0.5, on: true,
  proxy: {token: geheim2, host: h}, peers: [{secret: geheim3, id: 1}, {id: 2}], secret_list: [geheim4], empty_password: ""}}]`

// Secrets leave through no output: not the spec, its JSON, its YAML, or a diff.
func TestSecretsStayInside(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	shown := r.mustApply(nested, admin.ApplyOptions{DryRun: true})
	diffs, err := r.apply(nested, admin.ApplyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(diffs)
	if err != nil {
		t.Fatal(err)
	}
	c, err := admin.Show[admin.ConnectorSpec](ctx, r.Desk, admin.Ref{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	admin.Mask(&c)
	masked, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	f, err := r.Export(ctx, false)
	if err != nil {
		t.Fatal(err)
	}
	exported, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for name, out := range map[string]string{"diff": shown, "diff as JSON": string(text), "spec": string(masked), "export": string(exported)} {
		if strings.Contains(out, "geheim") {
			t.Errorf("%s shows a secret: %s", name, out)
		}
	}
	want := `{"big":12345678901,"empty_password":"","f":0.5,"n":2775,"on":true,"password":"***","peers":[{"id":1,"secret":"***"},{"id":2}],"proxy":{"host":"h","token":"***"},"secret_list":"***"}`
	if got, _ := json.Marshal(c.Settings); string(got) != want {
		t.Errorf("masked settings %s", got)
	}
	// What was exported changes nothing where it came from.
	if got := r.mustApply(string(exported), admin.ApplyOptions{Prune: true}); got != "" {
		t.Errorf("masked export changes:\n%s", got)
	}
	// With secrets it makes the same elsewhere.
	f, err = r.Export(ctx, true)
	if err != nil {
		t.Fatal(err)
	}
	open, err := f.YAML()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if !strings.Contains(string(open), fmt.Sprint("geheim", i+1)) {
			t.Errorf("geheim%d is not in the export with secrets", i+1)
		}
	}
	there := newRig(t)
	there.mustApply(string(open), admin.ApplyOptions{})
	if got := there.mustApply(nested, admin.ApplyOptions{}); got != "" {
		t.Errorf("the copy differs:\n%s", got)
	}
	// Without, it says what is missing there.
	_, err = newRig(t).apply(string(exported), admin.ApplyOptions{})
	wantCode(t, err, sms.CodeInvalid, "password is masked (***) but nothing is stored")
}

func TestSecretsFromElsewhere(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.env["PW"], r.files["/run/token"] = "geheim-env", "geheim-file\n"
	file := `connectors: [{name: c, protocol: smpp, settings: {password_env: PW, proxy: {token_file: /run/token}, tls: {key_file: /k.pem}}}]`
	r.mustApply(file, admin.ApplyOptions{})
	c, err := admin.Show[admin.ConnectorSpec](ctx, r.Desk, admin.Ref{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(c.Settings), "map[password:geheim-env proxy:map[token:geheim-file] tls:map[key_file:/k.pem]]"; got != want {
		t.Errorf("settings %s", got)
	}
	if got := r.mustApply(file, admin.ApplyOptions{}); got != "" {
		t.Errorf("second apply:\n%s", got)
	}
	r.env["PW"] = "neu"
	if got := r.mustApply(file, admin.ApplyOptions{}); got != "~ connector c\n    settings.password: *** → *** (changed)\n" {
		t.Errorf("another password:\n%s", got)
	}
	if got := admin.Summary(nil); got != "no change" {
		t.Errorf("summary %q", got)
	}
	// A token that no client can send, and a hash that cannot be made.
	key := `accounts: [{name: a, time_zone: UTC, keys: [{name: k, api_key: K, token_env: TOK}]}]`
	r.env["TOK"] = "geheim mit blank"
	_, err = r.apply(key, admin.ApplyOptions{})
	wantCode(t, err, sms.CodeInvalid, "key K: token must be visible ASCII characters without blanks")
	r.env["TOK"] = "geheim"
	r.Hash = func(string, string) (string, error) { return "", errors.New("secret.key is missing") }
	_, err = r.apply(key, admin.ApplyOptions{})
	wantCode(t, err, sms.CodeInvalid, "key K: secret.key is missing")
	r.files["/run/token"] = "\n"
	_, err = r.apply(file, admin.ApplyOptions{})
	wantCode(t, err, sms.CodeInvalid, "settings: token_file: /run/token is empty")
}

// Settings keep their types; what looks like a date or a version stays a text.
func TestSettingsTypes(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(`connectors: [{name: c, protocol: smpp, settings: {day: 2026-01-02, v: "3.4", n: 0x10, big: 1e20, id: 99999999999999999999, f: 1e3, inf: .inf, on: True, off: false,
  none: null, text: yes, quoted: "true", list: [1, a, null, {b: []}], bin: !!binary aGk=}}]`, admin.ApplyOptions{})
	c, err := admin.Show[admin.ConnectorSpec](ctx, r.Desk, admin.Ref{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(c.Settings)
	want := `{"big":100000000000000000000,"bin":"aGk=","day":"2026-01-02","f":1000,"id":"99999999999999999999","inf":".inf","list":[1,"a",null,{"b":[]}],"n":16,"none":null,"off":false,"on":true,"quoted":"true","text":"yes","v":"3.4"}`
	if err != nil || string(got) != want {
		t.Errorf("settings %s, %v", got, err)
	}
	text, err := admin.YAML(c)
	if err != nil {
		t.Fatal(err)
	}
	again := newRig(t)
	again.mustApply("connectors:\n  - "+strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n    "), admin.ApplyOptions{})
	if diff := again.mustApply("connectors:\n  - "+strings.ReplaceAll(strings.TrimSpace(string(text)), "\n", "\n    "), admin.ApplyOptions{}); diff != "" {
		t.Errorf("read and written again:\n%s", diff)
	}
	copied, err := admin.Show[admin.ConnectorSpec](ctx, again.Desk, admin.Ref{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := json.Marshal(copied.Settings); string(got) != want {
		t.Errorf("read and written again: %s", got)
	}
}

func TestKeys(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	made, token, err := r.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "second", IPs: []string{"10.0.0.1"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(made.APIKey) != 32 || len(token) != 14 {
		t.Errorf("key of %d, token of %d characters", len(made.APIKey), len(token))
	}
	if want, _ := r.Hash(made.APIKey, token); made.TokenHash != want {
		t.Error("the hash is not that of the token")
	}
	if text, _ := json.Marshal(made); strings.Contains(string(text), token) || strings.Contains(string(text), made.TokenHash) {
		t.Error("token or hash are in the JSON")
	}
	brought, token, err := r.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "old", APIKey: "short"}, "tok")
	if err != nil || brought.APIKey != "short" || token != "tok" {
		t.Errorf("brought %+v, %q, %v", brought, token, err)
	}
	again, token, err := r.NewToken(ctx, admin.Ref{Name: "short"}, "")
	if err != nil || len(token) != 14 || again.TokenHash == brought.TokenHash || again.ID != brought.ID {
		t.Errorf("new token: %v", err)
	}
	try := func(_ admin.KeySpec, _ string, err error) error { return err }
	for holds, err := range map[string]error{
		"key old of account shop exists already": try(r.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "x", APIKey: "short"}, "")),
		"another key named second":               try(r.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "second"}, "")),
		"the token must be visible ASCII":        try(r.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "x"}, "geheim 1")),
		"the API key must be visible ASCII":      try(r.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "x", APIKey: "é"}, "")),
		"the token is longer than 200":           try(r.NewToken(ctx, admin.Ref{Name: "short"}, strings.Repeat("geheim", 50))),
		"no key":                                 try(r.NewToken(ctx, admin.Ref{Name: "nope"}, "")),
	} {
		if err == nil || !strings.Contains(err.Error(), holds) || strings.Contains(err.Error(), "geheim") {
			t.Errorf("got %v, want %q", err, holds)
		}
	}
	blind := admin.NewDesk(admin.Options{Store: r.store})
	_, _, err = blind.NewKey(ctx, admin.KeySpec{Account: "shop", Name: "x"}, "")
	wantCode(t, err, sms.CodeInternal, "secret is not known")
}

func TestBook(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	top := func(kind sms.TransferKind, amount sms.Money, key string) (admin.Booked, error) {
		return r.Book(ctx, admin.Booking{Kind: kind, Account: "shop", Amount: amount, Reason: " paid ", Key: key})
	}
	got, err := top(sms.TransferTopUp, 10*sms.Credit, "inv-1")
	if err != nil || got.Balance.Available() != 10*sms.Credit || got.Reason != "paid" || got.By != "tester" || got.Replayed {
		t.Fatalf("top-up: %+v, %v", got, err)
	}
	r.Now = later
	if got, err = top(sms.TransferTopUp, 10*sms.Credit, "inv-1"); err != nil || !got.Replayed || got.Balance.Posted != 10*sms.Credit {
		t.Errorf("again: %+v, %v", got, err)
	}
	_, err = top(sms.TransferTopUp, 11*sms.Credit, "inv-1")
	wantCode(t, err, sms.CodeConflict, `the key "inv-1" belongs to a topup of 10`)
	if got, err = top(sms.TransferAdjust, -4*sms.Credit, ""); err != nil || got.Balance.Posted != 6*sms.Credit {
		t.Errorf("adjust: %+v, %v", got, err)
	}
	_, err = top(sms.TransferAdjust, -7*sms.Credit, "")
	wantCode(t, err, sms.CodeCredit, "")
	_, err = top(sms.TransferTopUp, -1, "")
	wantCode(t, err, sms.CodeInvalid, "")
	_, err = top(sms.TransferTopUp, 1e18+1, "")
	wantCode(t, err, sms.CodeInvalid, "at most 1000000000000 can be moved at a time")
	_, err = top(sms.TransferReserve, 1, "")
	wantCode(t, err, sms.CodeInvalid, "")
	_, err = r.Book(ctx, admin.Booking{Kind: sms.TransferTopUp, Account: "shop", Amount: 1})
	wantCode(t, err, sms.CodeInvalid, "give a reason")
	_, err = r.Book(ctx, admin.Booking{Kind: sms.TransferTopUp, Account: "nope", Amount: 1, Reason: "x"})
	wantCode(t, err, sms.CodeNotFound, "no account")

	list, err := r.Transfers(ctx, "shop", 0, 10)
	if err != nil || len(list) != 2 || list[0].Kind != sms.TransferAdjust || list[1].Key != "inv-1" {
		t.Errorf("transfers %v, %v", list, err)
	}
	if list, err = r.Transfers(ctx, "shop", list[0].ID, 10); err != nil || len(list) != 1 {
		t.Errorf("page %v, %v", list, err)
	}
	if b, err := r.Balance(ctx, "shop"); err != nil || b.Posted != 6*sms.Credit {
		t.Errorf("balance %v, %v", b, err)
	}
	_, err = r.Balance(ctx, "nope")
	wantCode(t, err, sms.CodeNotFound, "")
	_, err = r.Transfers(ctx, "nope", 0, 1)
	wantCode(t, err, sms.CodeNotFound, "")
}
