package proxy_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/proxy"
	"github.com/harkara/harkara/smpp/smpptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	aProxy    = "10.0.0.7:40001"
	aStranger = "192.0.2.9:40001"
)

var trusted = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/28"), netip.MustParsePrefix("2001:db8::/64")}

// network is a listener in memory, whose connections come from wherever a test says.
type network struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{} }

// from is a connection with a remote address of its own.
type from struct {
	net.Conn
	remote net.Addr
}

func (c from) RemoteAddr() net.Addr { return c.remote }

// connect opens a connection from an address, and gives its far end.
func (n *network) connect(addr string) net.Conn {
	near, far := net.Pipe()
	n.conns <- from{near, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(addr))}
	return far
}

// header is a PROXY protocol header of version 2 with these bytes of version and command, and family and
// protocol; the addresses are those of its client and of nobody.
func header(command, family byte, client string, tail ...byte) []byte {
	b := append([]byte("\r\n\r\n\x00\r\nQUIT\n"), command, family, 0, 0)
	if client != "" {
		a := netip.MustParseAddrPort(client)
		b = append(b, a.Addr().AsSlice()...)
		b = append(b, make([]byte, a.Addr().BitLen()/8)...)
		b = binary.BigEndian.AppendUint16(b, a.Port())
		b = append(b, 0, 0)
	}
	b = append(b, tail...)
	binary.BigEndian.PutUint16(b[14:], uint16(len(b)-16))
	return b
}

// gateway is an SMPP server behind a proxy list.
type gateway struct {
	*network
	srv     *smpp.Server
	refused chan error
	seen    chan string // RemoteAddr of what Authenticate was asked for
}

func serve(t *testing.T, timeout time.Duration, srv *smpp.Server) *gateway {
	g := &gateway{newNetwork(), srv, make(chan error, 20), make(chan string, 20)}
	if srv.Authenticate == nil {
		srv.Authenticate = func(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			g.seen <- b.RemoteAddr.String()
			if b.Password != "pw" {
				return smpp.Accept{}, smpp.StatusInvPaswd
			}
			return smpp.Accept{}, smpp.StatusOK
		}
	}
	srv.OnRefused = func(_ net.Addr, _ string, why error) { g.refused <- why }
	served := make(chan error, 1)
	go func() { served <- srv.Serve(proxy.Listen(g, trusted, timeout)) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-served; !errors.Is(err, smpp.ErrServerClosed) {
			t.Error(err)
		}
	})
	return g
}

var bind = &smpp.Bind{SystemID: "acme", Password: "pw"}

func frame(t *testing.T, p smpp.PDU) []byte {
	t.Helper()
	b, err := smpp.Append(nil, smpp.Header{Sequence: 1}, p)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestWhoIsBelieved: which address a bind has, or that there is none.
func TestWhoIsBelieved(t *testing.T) {
	const client = "203.0.113.5:5000"
	tests := []struct {
		name, from string
		head       []byte
		want       string // RemoteAddr; empty: refused
	}{
		{"IPv4", aProxy, header(0x21, 0x11, client), client},
		{"IPv6", aProxy, header(0x21, 0x21, "[2001:db8:1::5]:5000"), "[2001:db8:1::5]:5000"},
		{"from an IPv6 proxy", "[2001:db8::7]:1", header(0x21, 0x11, client), client},
		{"from an IPv4-mapped proxy", "[::ffff:10.0.0.7]:1", header(0x21, 0x11, client), client},
		{"with parameters", aProxy, header(0x21, 0x11, client, 0x04, 0, 2, 1, 2), client},
		{"LOCAL", aProxy, header(0x20, 0x00, ""), aProxy},
		{"LOCAL with an address", aProxy, header(0x20, 0x11, client), aProxy},

		{"no header", aProxy, nil, ""},
		{"version 1", aProxy, []byte("PROXY TCP4 203.0.113.5 10.0.0.7 5000 2775\r\n"), ""},
		{"version 3", aProxy, header(0x31, 0x11, client), ""},
		{"unknown command", aProxy, header(0x2F, 0x11, client), ""},
		{"PROXY without an address", aProxy, header(0x21, 0x00, ""), ""},
		{"a datagram", aProxy, header(0x21, 0x12, client), ""},
		{"a Unix socket", aProxy, header(0x21, 0x31, "", make([]byte, 216)...), ""},
		{"shorter than its addresses", aProxy, header(0x21, 0x21, client), ""},
		{"a long one", aProxy, header(0x21, 0x11, client, make([]byte, 20_000)...), ""},
		{"another signature", aProxy, append([]byte("\r\n\r\n\x00\r\nQUIT\r"), header(0x21, 0x11, client)[12:]...), ""},
		{"TLS", aProxy, []byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), ""},
		{"HTTP", aProxy, []byte("GET / HTTP/1.1\r\n\r\n"), ""},
		{"two headers", aProxy, append(header(0x21, 0x11, client), header(0x21, 0x11, "198.51.100.1:1")...), ""},

		{"a stranger without", aStranger, nil, aStranger},
		{"a stranger with one", aStranger, header(0x21, 0x11, client), ""},
		{"a stranger beside the proxies", "10.0.0.16:1", header(0x21, 0x11, client), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := serve(t, 0, &smpp.Server{})
				c := g.connect(tt.from)
				defer c.Close()
				go func() { _, _ = c.Write(append(tt.head, frame(t, bind)...)) }() // it may not be read to its end
				if tt.want == "" {
					why := <-g.refused
					var fe *smpp.FrameError
					listed := strings.HasPrefix(tt.from, "10.0.0.7")
					if tt.name != "two headers" && listed != errors.Is(why, proxy.ErrHeader) || !listed && !errors.As(why, &fe) || len(g.seen) != 0 {
						t.Errorf("refused with %v, %d binds", why, len(g.seen))
					}
					return
				}
				h, _, err := smpptest.NewConn(c).Next()
				if err != nil || h.Status != smpp.StatusOK {
					t.Fatal(h, err)
				}
				s := g.srv.Sessions()[0]
				if got := <-g.seen; got != tt.want || s.RemoteAddr().String() != tt.want {
					t.Errorf("bind from %s, session %s, want %s", got, s.RemoteAddr(), tt.want)
				}
			})
		})
	}
}

// TestDribble: a header and a bind that come octet by octet.
func TestDribble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := serve(t, 0, &smpp.Server{})
		c := g.connect(aProxy)
		defer c.Close()
		if _, err := (smpptest.Dribble{Conn: c}).Write(append(header(0x21, 0x11, "203.0.113.5:5000"), frame(t, bind)...)); err != nil {
			t.Fatal(err)
		}
		if h, _, err := smpptest.NewConn(c).Next(); err != nil || h.Status != smpp.StatusOK || <-g.seen != "203.0.113.5:5000" {
			t.Error(h, err)
		}
	})
}

// TestSlowHeader blocks nobody: neither the next connection, nor the end of the server.
func TestSlowHeader(t *testing.T) {
	for _, part := range [][]byte{nil, []byte("\r\n\r\n"), header(0x21, 0x11, "203.0.113.5:5000")[:20]} {
		synctest.Test(t, func(t *testing.T) {
			g := serve(t, 3*time.Second, &smpp.Server{})
			began := time.Now()
			slow := g.connect(aProxy)
			defer slow.Close()
			if _, err := slow.Write(part); err != nil {
				t.Fatal(err)
			}
			c := smpptest.NewConn(g.connect(aProxy))
			defer c.Close()
			if _, err := c.Write(append(header(0x21, 0x11, "203.0.113.5:5000"), frame(t, bind)...)); err != nil {
				t.Fatal(err)
			}
			if h, _, err := c.Next(); err != nil || h.Status != smpp.StatusOK || time.Since(began) != 0 {
				t.Errorf("behind %q: %v %v after %s", part, h, err, time.Since(began))
			}
			if _, err := slow.Read(make([]byte, 1)); !errors.Is(err, io.EOF) || time.Since(began) != 3*time.Second {
				t.Errorf("%q: the connection ended with %v after %s", part, err, time.Since(began))
			}
			if why := <-g.refused; !errors.Is(why, proxy.ErrHeader) {
				t.Errorf("refused with %v", why)
			}
			last := g.connect(aProxy) // the server is closed under it
			defer last.Close()
		})
	}
}

// TestLimitsAreTheClients: who guesses passwords behind a proxy is stopped, and the others are not.
func TestLimitsAreTheClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := serve(t, 0, &smpp.Server{FailuresPerMinute: 2, BindAttempts: 100})
		try := func(client, password string) smpp.Status {
			c := smpptest.NewConn(g.connect(aProxy))
			defer c.Close()
			if _, err := c.Write(header(0x21, 0x11, client)); err != nil {
				t.Fatal(err)
			}
			st, err := c.Bind(&smpp.Bind{SystemID: "acme", Password: smpp.Secret(password)})
			if err != nil {
				t.Fatal(err)
			}
			return st
		}
		for range 2 {
			if st := try("203.0.113.5:1", "guess"); st != smpp.StatusInvPaswd {
				t.Fatal(st)
			}
		}
		if st := try("203.0.113.5:2", "pw"); st != smpp.StatusBindFail {
			t.Errorf("the guesser goes on: %s", st)
		}
		if st := try("203.0.113.6:1", "pw"); st != smpp.StatusOK {
			t.Errorf("another client of the same proxy: %s", st)
		}
	})
}

// TestBeforeTLS: the header comes in the clear and TLS, here mutual, after it, over TCP.
func TestBeforeTLS(t *testing.T) {
	ca, err := smpptest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	server, err := ca.Certificate("smsc")
	if err != nil {
		t.Fatal(err)
	}
	client, err := ca.Certificate("acme")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 1)
	srv := &smpp.Server{
		TLS: &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()},
		Authenticate: func(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			seen <- b.RemoteAddr.String() + " " + b.TLS.PeerCertificates[0].Subject.CommonName
			return smpp.Accept{}, smpp.StatusOK
		},
	}
	go func() { _ = srv.Serve(proxy.Listen(l, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, 0)) }() // ends with Close
	defer srv.Close()

	ctx := context.Background()
	cfg := smpp.BindConfig{SystemID: "acme", TLS: &tls.Config{RootCAs: ca.Pool(), Certificates: []tls.Certificate{client}},
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil {
				_, err = c.Write(header(0x21, 0x11, "203.0.113.5:5000"))
			}
			return c, err
		}}
	s, err := smpp.Dial(ctx, l.Addr().String(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-seen; got != "203.0.113.5:5000 acme" {
		t.Errorf("the bind is seen as %s", got)
	}
	if err := s.Unbind(ctx); err != nil {
		t.Error(err)
	}
	cfg.DialContext = nil
	if _, err := smpp.Dial(ctx, l.Addr().String(), cfg); err == nil {
		t.Error("bound with TLS where the header must be")
	}
}
