package account

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ClientAddr is the address a request came from: that of the connection, or,
// when a trusted proxy is at the other end, the last address in X-Forwarded-For
// that is no trusted proxy itself. Earlier entries are the client's own claim.
func ClientAddr(r *http.Request, trusted []netip.Prefix) netip.Addr {
	addr := PeerAddr(r.RemoteAddr)
	trust := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	if !addr.IsValid() || !trust(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		if addr = a; !trust(addr) {
			break
		}
	}
	return addr
}

// PeerAddr is the address of the other end of a connection, as lists of addresses
// hold it; the zero Addr for one that is no IP address (a pipe in memory).
func PeerAddr(remote string) netip.Addr {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Addr{}
	}
	return plain(peer.Addr())
}

// parseHop reads an entry of X-Forwarded-For; some proxies add the port.
func parseHop(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return plain(a), true
	}
	a, err := netip.ParseAddrPort(s)
	return plain(a.Addr()), err == nil
}

// plain is an address as lists of addresses hold it: IPv4 as such, no zone.
func plain(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }
