package admin_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

const twoAccounts = "accounts: [{name: shop, time_zone: UTC}, {name: bank, time_zone: UTC}]"

func TestLogins(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(twoAccounts, admin.ApplyOptions{})
	l, password, err := r.NewLogin(ctx, admin.LoginSpec{Account: "shop", SystemID: "Acme", Alphabet: "latin1", Replies: []string{"+880 96-12"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`^[a-z2-9]{8}$`).MatchString(password) {
		t.Errorf("password %q", password)
	}
	hash, _ := r.Hash("Acme", password)
	if l.PasswordHash != hash || l.MaxBinds != 4 || l.Window != 100 || l.MessageID != "decimal" || l.Replies[0] != "8809612" || l.ID != 1 {
		t.Errorf("login %+v", l)
	}
	if _, again, err := r.NewLogin(ctx, admin.LoginSpec{Account: "bank", SystemID: "other"}, ""); err != nil || again == password {
		t.Errorf("the same password twice: %v", err)
	}
	// Nobody sees the hash.
	admin.Mask(&l)
	if text, err := json.Marshal(l); err != nil || strings.Contains(string(text), hash) || l.PasswordHash != "" {
		t.Errorf("shown: %s, %v", text, err)
	}
	// A system_id is taken whatever the account; its case counts.
	_, _, err = r.NewLogin(ctx, admin.LoginSpec{Account: "bank", SystemID: "Acme"}, "another")
	wantCode(t, err, sms.CodeConflict, "SMPP login Acme of account shop exists already")
	if _, _, err := r.NewLogin(ctx, admin.LoginSpec{Account: "bank", SystemID: "acme"}, "brought1"); err != nil {
		t.Fatal(err)
	}
	for name, account := range map[string]string{"Acme": "shop", "acme": "bank", "id:1": "shop", "OTHER": "bank"} {
		if l, err := admin.Show[admin.LoginSpec](ctx, r.Desk, admin.Ref{Name: name}); err != nil || l.Account != account {
			t.Errorf("%s is %+v, %v", name, l, err)
		}
	}
	_, err = admin.Show[admin.LoginSpec](ctx, r.Desk, admin.Ref{Name: "ACME"})
	wantCode(t, err, sms.CodeInvalid, `several logins are called "ACME" but for their case`)
	_, err = admin.Show[admin.LoginSpec](ctx, r.Desk, admin.Ref{Name: "nobody"})
	wantCode(t, err, sms.CodeNotFound, `there is no SMPP login "nobody"; there is Acme, other, acme`)

	l, second, err := r.NewPassword(ctx, admin.Ref{Name: "Acme"}, "")
	if hash, _ := r.Hash("Acme", second); err != nil || second == password || l.PasswordHash != hash {
		t.Errorf("new password: %v", err)
	}
	for _, wrong := range []string{"geheim mit blank", "gehei", strings.Repeat("geheim", 11)} {
		_, _, err = r.NewPassword(ctx, admin.Ref{Name: "Acme"}, wrong)
		if sms.CodeOf(err) != sms.CodeInvalid || strings.Contains(err.Error(), "gehei") {
			t.Errorf("%q: %v", wrong, err)
		}
		if _, _, err = r.NewLogin(ctx, admin.LoginSpec{Account: "shop", SystemID: "x"}, wrong); sms.CodeOf(err) != sms.CodeInvalid {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	if _, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "Acme"}, func(l *admin.LoginSpec) error { l.SystemID = "New"; return nil }); sms.CodeOf(err) != sms.CodeInvalid {
		t.Errorf("a login that is called another: %v", err)
	}
	_, _, err = r.NewLogin(ctx, admin.LoginSpec{Account: "shop", SystemID: "short"}, "12345")
	wantCode(t, err, sms.CodeInvalid, "password is shorter than 6 characters, which is soon guessed: take one of 6 to 8")
	if _, _, err = r.NewLogin(ctx, admin.LoginSpec{Account: "bank", SystemID: "short"}, "123456"); err != nil {
		t.Errorf("6 characters: %v", err)
	}
	// The account takes its logins along.
	if _, err := r.Delete(ctx, sms.KindAccount, admin.Ref{Name: "bank"}); err != nil {
		t.Fatal(err)
	}
	if names, err := admin.Names[admin.LoginSpec](ctx, r.Desk, ""); err != nil || strings.Join(names, " ") != "Acme" {
		t.Errorf("left: %v, %v", names, err)
	}
}

func TestLoginsInAFile(t *testing.T) {
	r := newRig(t)
	r.env["PW"], r.env["NEW"] = "geheim1", "geheim2"
	file := func(shop, bank string) string {
		return "accounts: [{name: shop, time_zone: UTC, smpp: " + shop + "}, {name: bank, time_zone: UTC, smpp: " + bank + "}]"
	}
	r.mustApply(file("[{system_id: Acme, password_env: PW}, {system_id: acme, password_env: PW}]", "[]"), admin.ApplyOptions{})
	for _, c := range []struct{ name, file, want string }{
		{"without its password it stays", file("[{system_id: Acme}, {system_id: acme}]", "[]"), ""},
		{"another password", file("[{system_id: Acme, password_env: NEW}, {system_id: acme}]", "[]"),
			"~ SMPP login Acme of account shop\n    password_hash: *** → *** (changed)\n"},
		{"settings", file("[{system_id: acme}, {system_id: Acme, disabled: true, rate: 2.5, alphabet: latin1, replies: [all], keep: 90m}]", "[]"),
			"~ SMPP login Acme of account shop\n    disabled: (none) → true\n    rate: (none) → 2.5\n    alphabet: gsm7 → latin1\n    replies: (none) → [all]\n    keep: 72h0m0s → 1h30m0s\n"},
		{"a section that is left out is left alone", twoAccounts, ""},
		{"pruned", file("[{system_id: acme}]", "[]"), "- SMPP login Acme of account shop\n"},
	} {
		if got := r.mustApply(c.file, admin.ApplyOptions{Prune: true, DryRun: true}); got != c.want {
			t.Errorf("%s: got\n%s", c.name, got)
		}
	}
	// What waits for a login must not reach another customer.
	_, err := r.apply(file("[]", "[{system_id: Acme, password_env: PW}]"), admin.ApplyOptions{})
	wantCode(t, err, sms.CodeInvalid, "SMPP login Acme: it belongs to account shop and cannot go to another")
}

// Subscribers that are no logins have no form here: they are left alone, and go
// with their account only.
func TestOtherSubscribersAreLeftAlone(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(twoAccounts, admin.ApplyOptions{})
	hook := &sms.Subscriber{Head: sms.Head{Name: "hook", AccountID: 1}, Channel: sms.ChannelWebhook}
	if err := store.Save(ctx, r.store, noon, "test", hook); err != nil {
		t.Fatal(err)
	}
	if list, err := admin.List[admin.LoginSpec](ctx, r.Desk, ""); err != nil || len(list) != 0 {
		t.Errorf("listed: %+v, %v", list, err)
	}
	for _, name := range []string{"hook", "id:1", "1"} {
		_, err := admin.Show[admin.LoginSpec](ctx, r.Desk, admin.Ref{Name: name})
		wantCode(t, err, sms.CodeNotFound, "there is no SMPP login")
	}
	prune := "accounts: [{name: shop, time_zone: UTC, smpp: []}]"
	if got := r.mustApply(prune, admin.ApplyOptions{Prune: true}); got != "- account bank\n" {
		t.Errorf("pruned:\n%s", got)
	}
	if got := r.mustApply("accounts: []", admin.ApplyOptions{Prune: true}); !strings.Contains(got, "- account shop\n") {
		t.Errorf("pruned:\n%s", got)
	}
	docs, _, err := r.store.ReadDocs(ctx, store.DocFilter{Kind: sms.KindSubscriber})
	if err != nil || len(docs) != 0 {
		t.Errorf("left: %v, %v", docs, err)
	}
}
