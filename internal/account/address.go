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
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap()
	trust := func(a netip.Addr) bool {
		return slices.ContainsFunc(trusted, func(p netip.Prefix) bool { return p.Contains(a) })
	}
	if !trust(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		if addr = a.Unmap(); !trust(addr) {
			break
		}
	}
	return addr
}
