package account_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

var (
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	home   = netip.MustParseAddr("203.0.113.7")
	hasher = account.NewHasher([]byte("secret"))
)

// catalog has one account with a key for each fate.
func catalog(change ...sms.Noun) *sms.Catalog {
	key := func(id int64, apiKey string) *sms.Credential {
		return &sms.Credential{Head: sms.Head{ID: id, AccountID: 1}, APIKey: apiKey, TokenHash: hasher.Hash(apiKey, "token")}
	}
	revoked, listed, orphan, off, broken := key(2, "revoked"), key(3, "listed"), key(4, "orphan"), key(5, "off"), key(6, "broken")
	revoked.Revoked = true
	listed.IPs = []string{"203.0.113.0/29", "2001:db8::1"}
	orphan.AccountID, off.AccountID = 99, 2
	broken.TokenHash = "no hash"
	return sms.NewCatalog(1, append([]sms.Noun{
		&sms.Account{Head: sms.Head{ID: 1, Name: "shop"}, Enabled: true}, &sms.Account{Head: sms.Head{ID: 2, Name: "off"}},
		key(1, "good"), revoked, listed, orphan, off, broken}, change...))
}

func TestAuthenticate(t *testing.T) {
	for _, c := range []struct {
		key, token string
		from       netip.Addr
		reason     string // empty: let in
	}{
		{"good", "token", home, ""},
		{"good", "token", netip.Addr{}, ""},
		{"listed", "token", home, ""},
		{"listed", "token", netip.MustParseAddr("::ffff:203.0.113.1"), ""},
		{"listed", "token", netip.MustParseAddr("2001:db8::1"), ""},
		{"listed", "token", netip.MustParseAddr("203.0.113.8"), account.ReasonAddress},
		{"listed", "token", netip.Addr{}, account.ReasonAddress},
		{"", "token", home, account.ReasonNoKey},
		{"good", "", home, account.ReasonNoToken},
		{"Good", "token", home, account.ReasonKey},
		{"nobody", "token", home, account.ReasonKey},
		{"good", "Token", home, account.ReasonToken},
		{"broken", "token", home, account.ReasonToken},
		{"revoked", "token", home, account.ReasonRevoked},
		{"revoked", "wrong", home, account.ReasonToken},
		{"off", "token", home, account.ReasonDisabled},
		{"orphan", "token", home, account.ReasonNoAccount},
	} {
		s := memory.New(memory.Options{})
		failures := account.NewFailures(s)
		auth := account.NewAuthenticator(hasher, failures)
		for range 2 { // the second time the pair may be remembered
			k, a, err := auth.Authenticate(catalog(), c.key, c.token, c.from, noon)
			switch {
			case c.reason == "" && (err != nil || k.APIKey != c.key || a.ID != k.AccountID):
				t.Errorf("%s: %v", c.key, err)
			case c.reason != "" && (sms.CodeOf(err) != sms.CodeUnauthorized || err.Error() != "Invalid user" || k != nil || a != nil):
				t.Errorf("%s: the caller gets %v", c.key, err)
			}
		}
		if err := failures.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		rows := failed(t, s)
		if c.reason == "" {
			if len(rows) != 0 {
				t.Errorf("%s: let in, but kept as refused: %v", c.key, rows)
			}
			continue
		}
		if len(rows) != 1 || rows[0].Reason != c.reason || rows[0].Count != 2 || rows[0].From != c.from.String() {
			t.Errorf("%s: operator sees %+v, want %q twice", c.key, rows, c.reason)
		}
	}
}

func failed(t *testing.T, s *memory.Store) []store.AuthFailure {
	t.Helper()
	rows, err := s.AuthFailures(context.Background(), 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// A changed or revoked key is noticed at once, although the pair is remembered.
func TestRememberedPairs(t *testing.T) {
	auth := account.NewAuthenticator(hasher, nil)
	try := func(cat *sms.Catalog, key, token string) error {
		_, _, err := auth.Authenticate(cat, key, token, home, noon)
		return err
	}
	if err := try(catalog(), "good", "token"); err != nil {
		t.Fatal(err)
	}
	rotated := &sms.Credential{Head: sms.Head{ID: 1, AccountID: 1}, APIKey: "good", TokenHash: hasher.Hash("good", "new")}
	if err := try(catalog(rotated), "good", "token"); err == nil {
		t.Error("the old token is taken after a new one was set")
	}
	if err := try(catalog(rotated), "good", "new"); err != nil {
		t.Error(err)
	}
	gone := *rotated
	gone.Revoked = true
	if err := try(catalog(&gone), "good", "new"); err == nil {
		t.Error("a revoked key is taken")
	}
	// More pairs than are remembered, from many goroutines.
	var many []sms.Noun
	for i := range 5000 {
		name := "k" + string(rune('a'+i%26)) + strings.Repeat("x", i/26)
		many = append(many, &sms.Credential{Head: sms.Head{ID: int64(100 + i), AccountID: 1}, APIKey: name, TokenHash: hasher.Hash(name, "token")})
	}
	cat := catalog(many...)
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := worker; i < len(many); i += 4 {
				if err := try(cat, many[i].(*sms.Credential).APIKey, "token"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// Unknown keys are cut short, since a secret may have been put into the wrong
// field; keys of ours are shown whole, under their account.
func TestFailuresShowNoSecrets(t *testing.T) {
	s := memory.New(memory.Options{})
	f := account.NewFailures(s)
	auth := account.NewAuthenticator(hasher, f)
	for _, key := range []string{"geheimes-token", "abc", "listed"} {
		_, _, err := auth.Authenticate(catalog(), key, "geheimes-token", home, noon)
		if err == nil {
			t.Fatal("let in")
		}
	}
	if err := f.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	got := map[string]int64{}
	for _, row := range failed(t, s) {
		got[row.APIKey] = row.AccountID
	}
	if len(got) != 3 || got["listed"] != 1 {
		t.Errorf("rows %v", got)
	}
	for _, name := range []string{"gehe…", "abc"} {
		if account, ok := got[name]; !ok || account != 0 {
			t.Errorf("%q is not among %v", name, got)
		}
	}
}

// An attacker with many keys fills no memory, and what the store does not take
// is kept for the next time.
func TestFailuresAreBounded(t *testing.T) {
	s := memory.New(memory.Options{})
	f := account.NewFailures(s)
	auth := account.NewAuthenticator(hasher, f)
	attack := func() {
		addr := netip.MustParseAddr("10.0.0.0")
		for range 1500 {
			addr = addr.Next()
			if _, _, err := auth.Authenticate(catalog(), "nobody", "x", addr, noon); err == nil {
				t.Fatal("let in")
			}
		}
	}
	attack()
	s.FailNext(memory.VerbAddAuthFailures, sms.Unavailable("disk full", nil))
	if err := f.Flush(context.Background()); sms.CodeOf(err) != sms.CodeUnavailable {
		t.Errorf("got %v", err)
	}
	if err := f.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	var sum int64
	rows := failed(t, s)
	for _, row := range rows {
		sum += row.Count
	}
	if len(rows) > 1001 || sum < 1000 {
		t.Errorf("%d rows with %d failures", len(rows), sum)
	}
}

func TestFailuresKeepFirstAndLast(t *testing.T) {
	s := memory.New(memory.Options{})
	f := account.NewFailures(s)
	auth := account.NewAuthenticator(hasher, f)
	for i := range 3 {
		_, _, _ = auth.Authenticate(catalog(), "good", "wrong", home, noon.Add(time.Duration(i)*time.Minute))
	}
	if err := f.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	row := failed(t, s)[0]
	if row.Count != 3 || !row.First.Equal(noon) || !row.Last.Equal(noon.Add(2*time.Minute)) {
		t.Errorf("row %+v", row)
	}
}

// Run writes now and then, tries again after a failure, and writes what is left
// when it ends.
func TestFailuresRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := memory.New(memory.Options{})
		f := account.NewFailures(s)
		auth := account.NewAuthenticator(hasher, f)
		refuse := func() { _, _, _ = auth.Authenticate(catalog(), "good", "wrong", home, noon) }
		count := func() (n int64) {
			for _, row := range failed(t, s) {
				n += row.Count
			}
			return n
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- f.Run(ctx, time.Second) }()
		refuse()
		time.Sleep(1500 * time.Millisecond)
		if n := count(); n != 1 {
			t.Errorf("%d written after the first tick, want 1", n)
		}
		s.FailNext(memory.VerbAddAuthFailures, sms.Unavailable("disk full", nil))
		refuse()
		time.Sleep(time.Second)
		if n := count(); n != 1 {
			t.Errorf("%d written by a call that failed, want 1", n)
		}
		time.Sleep(time.Second)
		if n := count(); n != 2 {
			t.Errorf("%d written after the failure, want 2", n)
		}
		refuse()
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if n := count(); n != 3 {
			t.Errorf("%d written at the end, want 3", n)
		}
	})
}

func TestClientAddr(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.7:1", "", "203.0.113.7"},
		{"203.0.113.7:1", "198.51.100.1", "203.0.113.7"}, // no proxy of ours: its word counts nothing
		{"[::ffff:203.0.113.7]:1", "", "203.0.113.7"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.1", "198.51.100.1"},
		{"10.0.0.1:1", "8.8.8.8, 198.51.100.1", "198.51.100.1"}, // the first is the client's own claim
		{"10.0.0.1:1", "198.51.100.1, 10.0.0.2", "198.51.100.1"},
		{"10.0.0.1:1", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"10.0.0.1:1", "198.51.100.1, nonsense", "10.0.0.1"},
		{"10.0.0.1:1", "198.51.100.1|10.0.0.2", "198.51.100.1"}, // two headers
		{"[::1]:1", " 2001:db8::5 ", "2001:db8::5"},
		{"nonsense", "198.51.100.1", "invalid IP"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		for value := range strings.SplitSeq(c.forwarded, "|") {
			if value != "" {
				r.Header.Add("X-Forwarded-For", value)
			}
		}
		if got := account.ClientAddr(r, trusted).String(); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}
