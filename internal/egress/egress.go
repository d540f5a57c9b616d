// Package egress makes the HTTP requests whose address a customer has chosen: the
// `file` of a message and webhooks. Such an address must not lead to us, to our
// network or to a cloud's metadata, whatever spelling, DNS answer or redirect is
// tried.
//
// The rules are applied to the URL ([Rules.Check]), to every address that the DNS
// gives for its host, and once more to the address that the socket is about to
// connect to: the connection is made to an address that was checked, and the host
// is not looked up again in between. No proxy is used, as it would do the looking up.
//
// The package does not cache, retry or sign, and knows nothing of messages.
package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Rules say where customers' addresses may lead. The zero value is the strictest:
// public addresses, ports 80 and 443.
type Rules struct {
	// Allow opens networks that would be refused, such as a private one in which
	// customers have their servers.
	Allow []netip.Prefix
	// Deny closes more networks, and wins over Allow. See [OwnAddresses].
	Deny []netip.Prefix
	// Ports are the open ports; none means 80 and 443.
	Ports []uint16
	// Resolver looks up hosts; nil is the system's.
	Resolver Resolver
}

// Resolver looks up the addresses of a host. *net.Resolver is one.
type Resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Error is a request that was refused or has failed. Its message may be shown to
// the customer: it holds neither the URL nor anything that the other side sent.
type Error struct {
	// Refused is true when the request breaks a rule or the answer is not what was
	// asked for: it must not be tried again.
	Refused bool
	Message string
	// Err is the cause, for logs; nil in most refusals.
	Err error
}

func (e *Error) Error() string { return e.Message }

func (e *Error) Unwrap() error { return e.Err }

// refuse makes the error of a broken rule.
func refuse(format string, args ...any) *Error {
	return &Error{Refused: true, Message: fmt.Sprintf(format, args...)}
}

// dialFunc connects to an address that was checked.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Client makes requests by its rules. It is safe for concurrent use.
type Client struct {
	rules     Rules
	transport *http.Transport
	dial      dialFunc
}

// maxHeader bounds the header of an answer.
const maxHeader = 64 << 10

// New makes a client.
func New(rules Rules) *Client {
	if rules.Resolver == nil {
		rules.Resolver = net.DefaultResolver
	}
	c := &Client{rules: rules}
	c.dial = (&net.Dialer{Timeout: 5 * time.Second, Control: c.control}).DialContext
	c.transport = &http.Transport{
		Proxy:       nil,
		DialContext: c.dialContext,
		// A compressed answer could be small on the wire and huge in memory.
		DisableCompression:     true,
		ForceAttemptHTTP2:      true,
		MaxResponseHeaderBytes: maxHeader,
		MaxConnsPerHost:        32,
		MaxIdleConnsPerHost:    4,
		MaxIdleConns:           256,
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    10 * time.Second,
		ResponseHeaderTimeout:  30 * time.Second,
	}
	return c
}

// Close ends idle connections.
func (c *Client) Close() { c.transport.CloseIdleConnections() }

// maxRedirects is the most that a request may follow.
const maxRedirects = 3

// Do sends a request, following at most the given number of redirects (never more
// than 3), each checked like the first address. With 0 the answer that redirects
// is returned as it is. Errors are of type [*Error]. The caller bounds the time by
// the request's context, reads no more of the body than it wants, and closes it.
func (c *Client) Do(req *http.Request, redirects int) (*http.Response, error) {
	u, err := c.rules.Check(req.URL.String())
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.URL, req.Host = u, "" // the host of the URL, nothing else
	client := http.Client{Transport: c.transport, CheckRedirect: c.redirectPolicy(min(redirects, maxRedirects))}
	resp, err := client.Do(req)
	if err != nil {
		return nil, failure(err)
	}
	return resp, nil
}

func (c *Client) redirectPolicy(most int) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if most <= 0 {
			return http.ErrUseLastResponse
		}
		if len(via) > most {
			return refuse("there are more than %d redirects", most)
		}
		if via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https" {
			return refuse("the redirect leads from https to http")
		}
		// Go puts the address before into it, with its query.
		next.Header.Del("Referer")
		u, err := c.rules.Check(next.URL.String())
		if err != nil {
			e := *err.(*Error)
			e.Message = "the redirect is refused: " + e.Message
			return &e
		}
		next.URL = u
		return nil
	}
}

// dialContext looks the host up once, checks every address, and connects to the
// first that answers.
func (c *Client) dialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, refuse("the address is not valid")
	}
	addrs, err := c.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	// One refused address refuses the host: a name that leads both to the internet
	// and to us is a trap.
	for _, a := range addrs {
		if err := c.rules.checkAddr(a); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, a := range addrs {
		conn, err := c.dial(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, errors.Join(errs...)
}

// lookup returns the addresses of a host, or the address that it is.
func (c *Client) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := c.rules.Resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, &Error{Message: "the host cannot be looked up", Err: err}
	}
	if len(addrs) == 0 {
		return nil, &Error{Message: "the host has no address"}
	}
	for i, a := range addrs {
		// Resolvers give IPv4 addresses in this form too.
		addrs[i] = a.Unmap()
	}
	return addrs, nil
}

// control is called with the very address of the connection, when the socket is
// made and before it connects. It is the wall behind the others.
func (c *Client) control(network, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" {
		return refuse("no connection to %s %s", network, address)
	}
	if err := c.rules.checkAddr(ap.Addr().Unmap()); err != nil {
		return err
	}
	return c.rules.checkPort(ap.Port())
}

// failure turns what http.Client returns into an [*Error].
func failure(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	message := "the server cannot be reached"
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.Canceled):
		message = "the request was canceled"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		message = "the server did not answer in time"
	}
	return &Error{Message: message, Err: err}
}
