// Package proxy lets an smpp.Server stand behind a TCP load balancer and still see its clients' addresses:
// it reads the PROXY protocol, version 2, which the balancer writes in front of a connection's data
// (HAProxy: send-proxy-v2; AWS NLB: proxy protocol v2).
//
//	l, err := net.Listen("tcp", ":2775")
//	…
//	err = server.Serve(proxy.Listen(l, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/28")}, 0))
//
// The header says whatever its sender likes, so it decides nothing by itself: only listed proxies are
// believed. It comes before TLS. The package knows nothing of SMPP; the parsing is that of
// github.com/pires/go-proxyproto.
package proxy

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/pires/go-proxyproto"
)

// DefaultTimeout is how long a proxy may take for its header. It writes the header at once, so this is
// only for a proxy that hangs.
const DefaultTimeout = 5 * time.Second

// ErrHeader is returned by the first Read of a connection from a listed proxy whose header is missing,
// late, broken or not of version 2. The connection must be closed.
var ErrHeader = errors.New("smpp/proxy: this address is a listed proxy, so its connections must begin with a PROXY protocol " +
	"header of version 2 with a TCP address: switch it on there (HAProxy: send-proxy-v2), or take the address off the list")

// Listen wraps a listener. A connection from an address in trusted must begin with a header and then has
// the client's address as its RemoteAddr (the proxy's own for LOCAL, which health checks are). Any other
// connection is passed on as it is: a header on it is only garbage to the server.
//
// Accept does not wait for headers. The first Read, Write or RemoteAddr of a connection does, for at most
// timeout (0: DefaultTimeout), or until the connection's read deadline when that is sooner.
func Listen(l net.Listener, trusted []netip.Prefix, timeout time.Duration) net.Listener {
	if timeout <= 0 {
		timeout = DefaultTimeout
	}
	return &listener{&proxyproto.Listener{
		Listener:          l,
		ReadHeaderTimeout: timeout,
		ValidateHeader:    validate,
		ConnPolicy: func(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
			if isListed(o.Upstream, trusted) {
				return proxyproto.REQUIRE, nil
			}
			return proxyproto.SKIP, nil
		},
	}}
}

func isListed(a net.Addr, trusted []netip.Prefix) bool {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	for _, p := range trusted {
		if p.Contains(ip) {
			return true
		}
	}
	return false
}

// validate refuses what a proxy of TCP connections never sends.
func validate(h *proxyproto.Header) error {
	switch {
	case h.Version != 2:
		return fmt.Errorf("version %d", h.Version)
	case h.Command.IsLocal(), h.TransportProtocol == proxyproto.TCPv4, h.TransportProtocol == proxyproto.TCPv6:
		return nil
	}
	return fmt.Errorf("transport protocol 0x%02x", byte(h.TransportProtocol))
}

type listener struct{ *proxyproto.Listener }

// Accept gives the connection without waiting for its header.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if p, ok := c.(*proxyproto.Conn); ok {
		return &conn{Conn: p}, nil
	}
	return c, err
}

// conn is a connection from a listed proxy.
type conn struct {
	*proxyproto.Conn
}

// Read says what to do when the header is not as it must be.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil && c.ProxyHeader() == nil {
		err = fmt.Errorf("%w (%w)", ErrHeader, err)
	}
	return n, err
}

// SetNoDelay is that of the TCP connection underneath.
func (c *conn) SetNoDelay(on bool) error {
	if tcp, ok := c.TCPConn(); ok {
		return tcp.SetNoDelay(on)
	}
	return nil
}
