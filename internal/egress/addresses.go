package egress

import (
	"fmt"
	"net"
	"net/netip"
)

// special are the ranges that no customer's address may lead to, from the IANA
// registries of special-purpose addresses (RFC 6890), and what else is not the
// public internet. The first that matches gives the reason.
var special = []struct{ network, reason string }{
	{"0.0.0.0/8", "this network"},
	{"10.0.0.0/8", "private"},
	{"100.64.0.0/10", "shared (carrier-grade NAT)"},
	{"127.0.0.0/8", "loopback"},
	{"169.254.169.254/32", "cloud metadata"},
	{"169.254.0.0/16", "link-local"},
	{"172.16.0.0/12", "private"},
	{"192.0.0.0/24", "protocol assignments"},
	{"192.0.2.0/24", "documentation"},
	{"192.88.99.0/24", "6to4 relay"},
	{"192.168.0.0/16", "private"},
	{"198.18.0.0/15", "benchmarking"},
	{"198.51.100.0/24", "documentation"},
	{"203.0.113.0/24", "documentation"},
	{"168.63.129.16/32", "cloud metadata"}, // Azure's, although it looks public
	{"224.0.0.0/4", "multicast"},
	{"240.0.0.0/4", "reserved or broadcast"},

	{"::/128", "unspecified"},
	{"::1/128", "loopback"},
	{"::ffff:0:0/96", "IPv4-mapped"},
	{"::/96", "IPv4-compatible"},
	{"64:ff9b::/96", "IPv4 behind NAT64"},
	{"64:ff9b:1::/48", "IPv4 behind NAT64"},
	{"100::/64", "discard"},
	{"2001:db8::/32", "documentation"},
	{"2001::/23", "protocol assignments (Teredo and others)"},
	{"2002::/16", "6to4, which holds an IPv4 address"},
	{"3fff::/20", "documentation"},
	{"fc00::/7", "private"},
	{"fe80::/10", "link-local"},
	{"fec0::/10", "site-local"},
	{"ff00::/8", "multicast"},
}

// public is the part of IPv6 that is assigned to the internet; whatever is outside
// of it is refused without being listed.
var public = netip.MustParsePrefix("2000::/3")

var specialRanges = func() []netip.Prefix {
	p := make([]netip.Prefix, len(special))
	for i, s := range special {
		p[i] = netip.MustParsePrefix(s.network)
	}
	return p
}()

// reasonAgainst says why a customer's address may not lead to a, or nothing.
func reasonAgainst(a netip.Addr) string {
	if a.Zone() != "" {
		return "with a zone, so on a local link"
	}
	for i, p := range specialRanges {
		if p.Contains(a) {
			return special[i].reason
		}
	}
	if a.Is6() && !public.Contains(a) {
		return "outside of the public range 2000::/3"
	}
	return ""
}

// checkAddr refuses an address by the rules.
func (r Rules) checkAddr(a netip.Addr) error {
	if !a.IsValid() {
		return refuse("the address is not valid")
	}
	for _, p := range r.Deny {
		if p.Contains(a.WithZone("")) {
			return refuse("the address %s is not open to customers", a)
		}
	}
	for _, p := range r.Allow {
		if p.Contains(a) { // never true for an address with a zone
			return nil
		}
	}
	if reason := reasonAgainst(a); reason != "" {
		return refuse("the address %s is %s", a, reason)
	}
	return nil
}

// OwnAddresses lists the addresses of this machine's interfaces, for [Rules.Deny]:
// its public ones are no better targets than 127.0.0.1.
func OwnAddresses() ([]netip.Prefix, error) {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("list the addresses of this machine: %w", err)
	}
	var own []netip.Prefix
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
		}
	}
	return own, nil
}
