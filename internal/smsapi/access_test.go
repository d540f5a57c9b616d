package smsapi

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
)

func TestQ23CredentialsOfAnyLength(t *testing.T) {
	r := newRig(t)
	pairs := [][2]string{
		{strings.Repeat("k", 32), strings.Repeat("t", 14)},
		{strings.Repeat("m", 14), strings.Repeat("u", 30)},
		{"1", "0"},
		{strings.Repeat("n", 200), strings.Repeat("v", 200)},
		{"with/slash=and+plus", "p@ss &%;word"},
	}
	for _, p := range pairs {
		c := r.newCredential(p[0], p[1])
		c.Name = c.APIKey[:1]
		c.AccountID = r.acme.ID
		r.save(c)
	}
	r.step()
	for _, p := range pairs {
		if got := r.callAs(p[0], p[1], "balance"); got.body != `{"balance":"100"}` {
			t.Errorf("key of %d, token of %d: %s", len(p[0]), len(p[1]), got.body)
		}
		r.callAs(p[0], p[1]+"x", "balance").refused("balance", "Invalid user")
		r.callAs(p[0], strings.ToUpper(p[1])+"X", "balance").refused("balance", "Invalid user")
		r.callAs(strings.ToUpper(p[0])+"X", p[1], "balance").refused("balance", "Invalid user")
	}
	r.callAs(pairs[0][0], pairs[1][1], "balance").refused("balance", "Invalid user") // another pair's token
}

// TestInvalidUser: one text for every reason, to the byte, so that nothing is
// learnt by probing; the operator sees the reason.
func TestInvalidUser(t *testing.T) {
	cases := []struct {
		name   string
		change func(r *rig)
		key    string
		token  string
		reason string
	}{
		{"unknown key", func(*rig) {}, "nobody's key", "T", "unknown api key"},
		{"wrong token", func(*rig) {}, "K", "t", "wrong api token"},
		{"revoked", func(r *rig) { r.credential.Revoked = true }, "K", "T", "key is revoked"},
		{"disabled", func(r *rig) { r.acme.Enabled = false }, "K", "T", "account is disabled"},
		{"address", func(r *rig) { r.credential.IPs = []string{"198.51.100.0/24"} }, "K", "T", "address is not on the key's list"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.change)
			for _, action := range []string{"sendsms", "groupstatus", "getinbox", "balance"} {
				r.callAs(c.key, c.token, action, "from", "ACME", "to", "8801712345678", "text", "x", "groupid", "1").refused(action, "Invalid user")
			}
			r.untouched()
			if err := r.failures.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			list, err := r.store.AuthFailures(t.Context(), 0, 10)
			if err != nil || len(list) != 1 || list[0].Reason != c.reason || list[0].Count != 4 || list[0].From != "192.0.2.1" {
				t.Errorf("the operator sees %+v, %v", list, err)
			}
		})
	}
}

// TestAccessWhileRunning: what an operator changes counts from the next step on.
func TestAccessWhileRunning(t *testing.T) {
	r := newRig(t)
	works := func(want bool) {
		t.Helper()
		if got := r.call("balance"); (got.fields["balance"] != nil) != want {
			t.Errorf("reply %s", got.body)
		}
	}
	works(true)
	r.edit(r.acme, func() { r.acme.Enabled = false })
	works(false)
	r.edit(r.acme, func() { r.acme.Enabled = true })
	works(true)
	r.edit(r.credential, func() { r.credential.TokenHash = r.hasher.Hash("K", "new") })
	works(false)
	r.edit(r.credential, func() { r.credential.TokenHash = r.hasher.Hash("K", "T") })
	r.edit(r.credential, func() { r.credential.Revoked = true })
	works(false)
}

func TestQ23Addresses(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	cases := []struct {
		name    string
		list    []string
		peer    string
		through []string // X-Forwarded-For, one header each
		allowed bool
	}{
		{"no list", nil, "203.0.113.9:1", nil, true},
		{"the address", []string{"203.0.113.9"}, "203.0.113.9:1", nil, true},
		{"another", []string{"203.0.113.9"}, "203.0.113.10:1", nil, false},
		{"a block", []string{"198.51.100.1", "203.0.113.0/24"}, "203.0.113.77:1", nil, true},
		{"IPv6", []string{"2001:db8::/32"}, "[2001:db8::7]:1", nil, true},
		{"IPv4 in IPv6", []string{"203.0.113.9"}, "[::ffff:203.0.113.9]:1", nil, true},
		{"a claim is not believed", []string{"203.0.113.9"}, "198.51.100.1:1", []string{"203.0.113.9"}, false},
		{"through a trusted proxy", []string{"203.0.113.9"}, "10.1.2.3:1", []string{"203.0.113.9"}, true},
		{"through two", []string{"203.0.113.9"}, "10.1.2.3:1", []string{"203.0.113.9, 10.9.9.9"}, true},
		{"through two, in two headers", []string{"203.0.113.9"}, "[fd00::1]:1", []string{"203.0.113.9", "10.9.9.9"}, true},
		{"a claim before a trusted proxy", []string{"203.0.113.9"}, "10.1.2.3:1", []string{"203.0.113.9, 198.51.100.1"}, false},
		{"garbage", []string{"203.0.113.9"}, "10.1.2.3:1", []string{"203.0.113.9, unknown"}, false},
		{"the proxy itself", []string{"10.1.2.3"}, "10.1.2.3:1", nil, true},
		{"no address at all", []string{"203.0.113.9"}, "@", nil, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, func(r *rig) { r.credential.IPs, r.face.TrustedProxies = c.list, proxies })
			req := httptest.NewRequest(http.MethodGet, "/smsAPI?balance&"+who, nil)
			req.RemoteAddr = c.peer
			for _, line := range c.through {
				req.Header.Add("X-Forwarded-For", line)
			}
			if got := r.do(req); (got.fields["balance"] != nil) != c.allowed {
				t.Errorf("reply %s", got.body)
			}
		})
	}
}

// TestTenants: an account sees only its own.
func TestTenants(t *testing.T) {
	r := newRig(t)
	mine := r.send().queued()
	r.inbound("secret")
	theirs := func(action string, pairs ...string) reply { return r.callAs(otherKey, otherToken, action, pairs...) }
	theirs("groupstatus", "groupid", mine).refused("groupstatus", "Unknown group; use the group_id that sendsms returned")
	for _, list := range []string{"unread", "all"} {
		if got := theirs("getinbox", "list", list, "before", "99"); len(rows(got, "inbox")) != 0 {
			t.Errorf("list=%s: %s", list, got.body)
		}
	}
	if got := theirs("balance"); got.body != `{"balance":"100"}` {
		t.Errorf("reply %s", got.body)
	}
	// The same number of a group is another group.
	theirs("sendsms", "from", "ACME", "to", "8801812345678", "text", "x").queued()
	if got := theirs("groupstatus", "groupid", mine).recipients(); got[0]["to"] != "8801812345678" {
		t.Errorf("recipients %v", got)
	}
	if got := r.call("groupstatus", "groupid", mine).recipients(); got[0]["to"] != "8801712345678" {
		t.Errorf("recipients %v", got)
	}
	// Mixed credentials are nobody's.
	r.callAs(ownKey, otherToken, "balance").refused("balance", "Invalid user")
	if len(rows(r.call("getinbox"), "inbox")) != 1 {
		t.Error("another account has marked a message read")
	}
	if got := r.balance(r.rival); got.Reserved != sms.Credit {
		t.Errorf("reserved %s", got.Reserved)
	}
}
