package account_test

import (
	"context"
	"net/netip"
	"testing"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/memory"
)

// login is one of the account with id 1.
func login(id int64, systemID string, change func(*sms.Subscriber)) *sms.Subscriber {
	s := &sms.Subscriber{Head: sms.Head{ID: id, AccountID: 1, Name: systemID}, Channel: sms.ChannelSMPP,
		SMPP: &sms.SMPPLogin{PasswordHash: hasher.Hash(systemID, "password")}}
	if change != nil {
		change(s)
	}
	return s
}

func logins(more ...sms.Noun) *sms.Catalog {
	return catalog(append([]sms.Noun{
		login(10, "shop", nil),
		login(11, "listed", func(s *sms.Subscriber) { s.SMPP.IPs = []string{"203.0.113.0/29"} }),
		login(12, "tls", func(s *sms.Subscriber) { s.SMPP.RequireTLS = true }),
		login(13, "disabled", func(s *sms.Subscriber) { s.SMPP.Disabled = true }),
		login(14, "off", func(s *sms.Subscriber) { s.AccountID = 2 }),
		login(15, "orphan", func(s *sms.Subscriber) { s.AccountID = 99 }),
		login(16, "broken", func(s *sms.Subscriber) { s.SMPP.PasswordHash = "no hash" }),
		&sms.Subscriber{Head: sms.Head{ID: 17, AccountID: 1, Name: "hook"}, Channel: sms.ChannelWebhook},
	}, more...)...)
}

func TestLogin(t *testing.T) {
	elsewhere := netip.MustParseAddr("198.51.100.1")
	for _, c := range []struct {
		systemID, password string
		from               netip.Addr
		tls                bool
		code               sms.Code // empty: let in
		reason             string   // that the operator sees
		shown              string   // as whom
	}{
		{"shop", "password", home, false, "", "", ""},
		{"shop", "password", home, true, "", "", ""},
		{"listed", "password", home, false, "", "", ""},
		{"tls", "password", home, true, "", "", ""},
		{"", "password", home, false, sms.CodeUnauthorized, account.ReasonNoSystemID, ""},
		{"nobody", "password", home, false, sms.CodeUnauthorized, account.ReasonSystemID, "nobo…"},
		{"SHOP", "password", home, false, sms.CodeUnauthorized, account.ReasonSystemID, "SHOP"},
		{"hook", "password", home, false, sms.CodeUnauthorized, account.ReasonSystemID, "hook"},
		{"good", "token", home, false, sms.CodeUnauthorized, account.ReasonSystemID, "good"}, // an API key is no login
		{"shop", "", home, false, sms.CodeUnauthorized, account.ReasonPassword, "shop"},
		{"shop", "Password", home, false, sms.CodeUnauthorized, account.ReasonPassword, "shop"},
		{"broken", "password", home, false, sms.CodeUnauthorized, account.ReasonPassword, "broken"},
		{"disabled", "wrong", home, false, sms.CodeUnauthorized, account.ReasonPassword, "disabled"},
		{"listed", "password", elsewhere, false, sms.CodeUnauthorized, account.ReasonLoginAddress, "listed"},
		{"listed", "password", netip.Addr{}, false, sms.CodeUnauthorized, account.ReasonLoginAddress, "listed"},
		{"tls", "password", home, false, sms.CodeForbidden, account.ReasonLoginTLS, "tls"},
		{"disabled", "password", home, true, sms.CodeForbidden, account.ReasonLoginDisabled, "disabled"},
		{"off", "password", home, true, sms.CodeForbidden, account.ReasonDisabled, "off"},
		{"orphan", "password", home, true, sms.CodeForbidden, account.ReasonLoginOrphan, "orphan"},
	} {
		s := memory.New(memory.Options{})
		failures := account.NewFailures(s)
		auth := account.NewAuthenticator(hasher, failures)
		for range 2 { // the second time the pair may be remembered
			l, a, err := auth.Login(logins(), c.systemID, c.password, c.from, c.tls, noon)
			switch {
			case c.code == "" && (err != nil || l.Name != c.systemID || a.ID != l.AccountID):
				t.Errorf("%s: %v", c.systemID, err)
			case c.code == sms.CodeUnauthorized && (sms.CodeOf(err) != c.code || err.Error() != "Invalid user"):
				t.Errorf("%s: the caller gets %v", c.systemID, err)
			case c.code != "" && (sms.CodeOf(err) != c.code || l != nil || a != nil):
				t.Errorf("%s: the caller gets %v", c.systemID, err)
			}
		}
		if err := failures.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		rows := failed(t, s)
		if c.code == "" {
			if len(rows) != 0 {
				t.Errorf("%s: let in, but kept as refused: %v", c.systemID, rows)
			}
			continue
		}
		if len(rows) != 1 || rows[0].Reason != c.reason || rows[0].Count != 2 || rows[0].APIKey != c.shown {
			t.Errorf("%s: operator sees %+v, want %q of %q twice", c.systemID, rows, c.reason, c.shown)
		}
	}
}

// A changed password is noticed at once, although the pair is remembered.
func TestLoginRemembersNoOldPassword(t *testing.T) {
	auth := account.NewAuthenticator(hasher, nil)
	try := func(cat *sms.Catalog, password string) error {
		_, _, err := auth.Login(cat, "shop", password, home, false, noon)
		return err
	}
	if err := try(logins(), "password"); err != nil {
		t.Fatal(err)
	}
	changed := logins(login(10, "shop", func(s *sms.Subscriber) { s.SMPP.PasswordHash = hasher.Hash("shop", "new") }))
	if try(changed, "password") == nil {
		t.Error("the old password is taken after a new one was set")
	}
	if err := try(changed, "new"); err != nil {
		t.Error(err)
	}
}

// TestUnknownSystemIDTakesTheHash: an unknown system_id costs the same comparison
// as a known one. It is counted, since a clock
// would be no test; the name is short enough to be shown whole.
func TestUnknownSystemIDTakesTheHash(t *testing.T) {
	auth := account.NewAuthenticator(hasher, nil)
	cat := logins()
	allocs := func(systemID string) float64 {
		return testing.AllocsPerRun(100, func() { _, _, _ = auth.Login(cat, systemID, "wrong", home, false, noon) })
	}
	if known, unknown := allocs("shop"), allocs("none"); known != unknown {
		t.Errorf("a wrong password costs %v allocations, an unknown system_id %v", known, unknown)
	}
}
