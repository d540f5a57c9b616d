package account_test

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/account"
)

// TestWaysToWriteAHop: what proxies put into X-Forwarded-For.
func TestWaysToWriteAHop(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fe80::/10")}
	for hop, want := range map[string]string{
		"198.51.100.1":            "198.51.100.1",
		"198.51.100.1:4711":       "198.51.100.1",
		"2001:db8::5":             "2001:db8::5",
		"[2001:db8::5]":           "2001:db8::5",
		"[2001:db8::5]:443":       "2001:db8::5",
		"::ffff:198.51.100.1":     "198.51.100.1",
		"[::ffff:198.51.100.1]:1": "198.51.100.1",
		"fe80::1%eth0, 10.0.0.1":  "fe80::1", // both trusted: the first hop
		"unknown":                 "10.9.9.9",
		"_hidden":                 "10.9.9.9",
		"198.51.100.1:99999":      "10.9.9.9",
		"198.51.100":              "10.9.9.9",
		"198.51.100.1, ":          "10.9.9.9",
		",,":                      "10.9.9.9",
	} {
		r := &http.Request{RemoteAddr: "10.9.9.9:1", Header: http.Header{"X-Forwarded-For": {hop}}}
		if got := account.ClientAddr(r, trusted).String(); got != want {
			t.Errorf("%q: %s, want %s", hop, got, want)
		}
	}
	for peer, want := range map[string]string{"[fe80::1%eth0]:80": "fe80::1", "[::1]:80": "::1", "": "invalid IP", "@": "invalid IP", "10.0.0.1": "invalid IP"} {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
		if got := account.ClientAddr(r, nil).String(); got != want {
			t.Errorf("peer %q: %s, want %s", peer, got, want)
		}
	}
}

// TestClaimsAreNotBelieved: whatever a client writes into its header, behind a
// proxy it is seen under the address that the proxy adds, and without a proxy
// under its own.
func TestClaimsAreNotBelieved(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	claim := rapid.OneOf(rapid.StringMatching(`[0-9.:, a-f\[\]%]{0,40}`), rapid.SampledFrom([]string{"10.0.0.1", "203.0.113.9", "10.0.0.1, 203.0.113.9", "\"203.0.113.9"}))
	rapid.Check(t, func(t *rapid.T) {
		claims := rapid.SliceOfN(claim, 0, 3).Draw(t, "claims")
		direct := &http.Request{RemoteAddr: "198.51.100.7:1", Header: http.Header{"X-Forwarded-For": claims}}
		if got := account.ClientAddr(direct, trusted).String(); got != "198.51.100.7" {
			t.Fatalf("direct with %q: %s", claims, got)
		}
		// A proxy appends to the last header, or adds one of its own.
		appended := append([]string{}, claims...)
		if n := len(appended); n > 0 && rapid.Bool().Draw(t, "same header") {
			appended[n-1] = strings.TrimSpace(appended[n-1]) + ", 198.51.100.7"
		} else {
			appended = append(appended, "198.51.100.7")
		}
		through := &http.Request{RemoteAddr: "10.0.0.1:1", Header: http.Header{"X-Forwarded-For": appended}}
		if got := account.ClientAddr(through, trusted).String(); got != "198.51.100.7" {
			t.Fatalf("through a proxy with %q: %s", appended, got)
		}
	})
}
