package egress

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCheckAccepts(t *testing.T) {
	for raw, want := range map[string]string{
		"http://good.example/a?b=c":               "http://good.example/a?b=c",
		"HTTPS://Good.Example:443/":               "https://good.example:443/",
		"http://good.example.":                    "http://good.example.",
		"http://bücher.example/":                  "http://xn--bcher-kva.example/",
		"http://under_score.example/":             "http://under_score.example/",
		"http://8.8.8.8:80/":                      "http://8.8.8.8:80/",
		"https://[2606:4700::1111]/":              "https://[2606:4700::1111]/",
		"https://[2606:4700::1111]:443/":          "https://[2606:4700::1111]:443/",
		"http://1.example/":                       "http://1.example/",
		"http://0xabc.example/":                   "http://0xabc.example/",
		"http://good.example/?u=http://127.0.0.1": "http://good.example/?u=http://127.0.0.1",
	} {
		u, err := Rules{}.Check(raw)
		if err != nil || u.String() != want {
			t.Errorf("%s: %v, %v; want %s", raw, u, err, want)
		}
	}
}

func TestCheckLength(t *testing.T) {
	if _, err := (Rules{}).Check("http://good.example/" + strings.Repeat("a", maxURL)); err == nil || err.Error() != "the URL is longer than 4096 characters" {
		t.Errorf("got %v", err)
	}
	if _, err := (Rules{}).Check("http://" + strings.Repeat("a_a.", 70) + "example/"); err == nil || err.Error() != "the host is not a valid name" {
		t.Errorf("got %v", err)
	}
}

// The first and last address of every range, and the neighbours that are public.
func TestSpecialRanges(t *testing.T) {
	for i, p := range specialRanges {
		for _, a := range []netip.Addr{p.Addr(), last(p)} {
			if reasonAgainst(a) == "" {
				t.Errorf("%s of %s is not refused", a, special[i].network)
			}
		}
	}
	for _, a := range []string{"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
		"169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "223.255.255.255", "2001:200::1", "2001:db9::1", "2003::1", "2606:4700::1111", "3fff:1000::1"} {
		if reason := reasonAgainst(netip.MustParseAddr(a)); reason != "" {
			t.Errorf("%s is refused: %s", a, reason)
		}
	}
	if err := (Rules{}).checkAddr(netip.Addr{}); err == nil {
		t.Error("the zero address is not refused")
	}
}

func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

func FuzzCheck(f *testing.F) {
	for _, s := range tricks {
		f.Add(s)
	}
	f.Add("http://bücher.example:80/")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := Rules{}.Check(raw)
		if err != nil {
			return
		}
		// What is accepted stays what it is when it is read again.
		again, err := Rules{}.Check(u.String())
		if err != nil || again.Host != u.Host {
			t.Errorf("%q: %q is accepted, then %v, %v", raw, u.Host, again, err)
		}
		if u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
			t.Errorf("%q gives %v", raw, u)
		}
		if a, err := netip.ParseAddr(u.Hostname()); err == nil && reasonAgainst(a) != "" {
			t.Errorf("%q leads to %s", raw, a)
		}
	})
}
