package egress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// trap is a listener that must not be reached.
type trap struct {
	net.Listener
	reached atomic.Int32
}

func newTrap(t *testing.T, ip string) *trap {
	t.Helper()
	ln, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		t.Fatal(err)
	}
	tr := &trap{Listener: ln}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			tr.reached.Add(1)
			conn.Read(make([]byte, 4096)) // an answer before the request would be dropped
			fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntrapped")
			conn.Close()
		}
	}()
	t.Cleanup(func() { ln.Close(); <-done })
	return tr
}

func (tr *trap) port() uint16 { return uint16(tr.Addr().(*net.TCPAddr).Port) }

// hosts is a resolver that gives the listed addresses, one entry a question where
// there are several, and 127.0.0.1 for every other name, as an inet_aton would.
type hosts struct {
	answers map[string][][]string
	asked   map[string]int
}

func (h *hosts) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	answers, ok := h.answers[host]
	if !ok {
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}
	if h.asked == nil {
		h.asked = make(map[string]int)
	}
	answer := answers[min(h.asked[host], len(answers)-1)]
	h.asked[host]++
	if len(answer) == 1 && answer[0] == "fails" {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	var addrs []netip.Addr
	for _, a := range answer {
		addrs = append(addrs, netip.MustParseAddr(a))
	}
	return addrs, nil
}

// tricks are URLs that lead to the trap, to private addresses or to nothing that
// may be asked for. PORT is the trap's.
var tricks = []string{
	// loopback and its spellings
	"http://127.0.0.1:PORT/", "http://127.0.0.1.:PORT/", "http://localhost:PORT/", "http://LOCALHOST.:PORT/", "http://127.1:PORT/",
	"http://127.0.1:PORT/", "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.0.0.1:PORT/", "http://0x7f.1:PORT/",
	"http://0177.0.0.1:PORT/", "http://017700000001:PORT/", "http://127.0.0.01:PORT/", "http://127.000.000.001:PORT/",
	"http://127.0.0.0x1:PORT/", "http://0:PORT/", "http://0.0.0.0:PORT/", "http://127.127.127.127:PORT/", "http://1.0.0.127.in-addr:PORT/",
	"http://0X7F.0.0.1:PORT/", "http://127.0.0.1.nip.example:PORT/",
	// digits and dots that become ASCII
	"http://①②⑦.⓪.⓪.①:PORT/", "http://127。0。0。1:PORT/", "http://１２７.0.0.1:PORT/", "http://127．0．0．1:PORT/", "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:PORT/",
	"http://127.0.0.1%2e:PORT/", "http://%31%32%37.0.0.1:PORT/", "http://loc%61lhost:PORT/",
	// IPv6
	"http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[::]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/",
	"http://[::127.0.0.1]:PORT/", "http://[::ffff:0:127.0.0.1]:PORT/", "http://[64:ff9b::7f00:1]:PORT/", "http://[64:ff9b::127.0.0.1]:PORT/",
	"http://[64:ff9b:1::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/", "http://[fe80::1]:PORT/", "http://[fe80::1%25lo]:PORT/", "http://[::1%25lo]:PORT/",
	"http://[fc00::1]:PORT/", "http://[fd00:ec2::254]:PORT/", "http://[fec0::1]:PORT/", "http://[ff02::1]:PORT/", "http://[2001:0:7f00:1::]:PORT/",
	"http://[100::1]:PORT/", "http://[4000::1]:PORT/", "http://[127.0.0.1]:PORT/", "http://::1:PORT/",
	// other networks
	"http://10.0.0.1:PORT/", "http://172.16.0.1:PORT/", "http://172.31.255.255:PORT/", "http://192.168.1.1:PORT/", "http://169.254.169.254:PORT/latest/meta-data/",
	"http://100.100.100.200:PORT/", "http://100.64.0.1:PORT/", "http://168.63.129.16:PORT/", "http://192.0.0.192:PORT/", "http://198.18.0.1:PORT/",
	"http://224.0.0.1:PORT/", "http://255.255.255.255:PORT/", "http://240.0.0.1:PORT/",
	// names that lead there
	"http://rebind.example:PORT/", "http://mixed.example:PORT/", "http://mapped.example:PORT/", "http://metadata.example:PORT/", "http://six.example:PORT/",
	// user names, separators, schemes, ports
	"http://good.example@127.0.0.1:PORT/", "http://user:pw@127.0.0.1:PORT/", "http://127.0.0.1:PORT@good.example/", "http://good.example#@127.0.0.1:PORT/",
	`http://good.example\@127.0.0.1:PORT/`, "http://127.0.0.1:PORT#good.example/", "http://127.0.0.1:PORT?good.example/", "http://127.0.0.1:PORT\t/", " http://127.0.0.1:PORT/",
	"http://127.0.0.1\n:PORT/", "http:///127.0.0.1:PORT/", "http:127.0.0.1:PORT", "//127.0.0.1:PORT/", "127.0.0.1:PORT", "http://:PORT/", "http://",
	"https://127.0.0.1:PORT/", "HTTP://127.0.0.1:PORT/", "ftp://127.0.0.1:PORT/", "gopher://127.0.0.1:PORT/_x", "file:///etc/passwd", "unix:///run/x", "data:,x",
	"javascript:alert(1)", "http://good.example:0/", "http://good.example:65536/", "http://good.example:/", "http://good.example:022/", "http://good.example:22/",
	"http://good.example:-1/", "http://good..example:PORT/", "http://good.example..:PORT/", "http://.:PORT/", "http://xn--/", "",
}

func TestNoTrickReachesTheTrap(t *testing.T) {
	tr := newTrap(t, "127.0.0.1")
	port := strconv.Itoa(int(tr.port()))
	resolver := &hosts{answers: map[string][][]string{
		"rebind.example":   {{"127.0.0.1"}},
		"mixed.example":    {{"93.184.215.14", "127.0.0.1"}},
		"mapped.example":   {{"::ffff:127.0.0.1"}},
		"metadata.example": {{"169.254.169.254"}},
		"six.example":      {{"2606:4700::1", "::1"}},
	}}
	c := New(Rules{Ports: []uint16{80, 443, tr.port()}, Resolver: resolver})
	defer c.Close()
	dialled := 0
	c.dial = func(context.Context, string, string) (net.Conn, error) {
		dialled++ // the tests never leave this machine
		return nil, errors.New("dialled")
	}
	if len(tricks) < 60 {
		t.Errorf("only %d tricks", len(tricks))
	}
	for _, raw := range tricks {
		raw = strings.ReplaceAll(raw, "PORT", port)
		t.Run(raw, func(t *testing.T) {
			before := dialled
			_, err := c.Fetch(t.Context(), raw, Limits{})
			var e *Error
			if !errors.As(err, &e) || !e.Refused || e.Message == "" {
				t.Errorf("got %v", err)
			}
			if dialled > before {
				t.Error("a connection was tried")
			}
			if err != nil && (strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "://127")) {
				t.Errorf("the URL is in the message: %v", err)
			}
		})
	}
	if n := tr.reached.Load(); n != 0 {
		t.Errorf("%d connections at the trap", n)
	}
}

// Without the rule the trap does catch: the test above can fail.
func TestAllowListOpens(t *testing.T) {
	tr := newTrap(t, "127.0.0.1")
	c := New(Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Ports: []uint16{tr.port()}})
	defer c.Close()
	url := "http://" + tr.Addr().String() + "/"
	f, err := c.Fetch(t.Context(), url, Limits{})
	if err != nil || string(f.Data) != "trapped" || tr.reached.Load() != 1 {
		t.Errorf("%q, %v, %d connections", f.Data, err, tr.reached.Load())
	}
	closed := New(Rules{Allow: c.rules.Allow, Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: c.rules.Ports})
	if _, err := closed.Fetch(t.Context(), url, Limits{}); err == nil || err.Error() != "the address 127.0.0.1 is not open to customers" {
		t.Errorf("Deny does not win: %v", err)
	}
	otherPort := New(Rules{Allow: c.rules.Allow})
	if _, err := otherPort.Fetch(t.Context(), url, Limits{}); err == nil || !strings.HasSuffix(err.Error(), "is not open to customers") {
		t.Errorf("the port rule does not hold for allowed networks: %v", err)
	}
}

// The DNS answer is used once: what was checked is what is dialled.
func TestRebinding(t *testing.T) {
	good := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "good")
	}))
	defer good.Close()
	port := good.Listener.Addr().(*net.TCPAddr).Port
	trapLn, err := net.Listen("tcp", fmt.Sprintf("127.0.0.2:%d", port)) // same port, next address
	if err != nil {
		t.Fatal(err)
	}
	defer trapLn.Close()
	resolver := &hosts{answers: map[string][][]string{"flip.example": {{"127.0.0.1"}, {"127.0.0.2"}}}}
	c := New(Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: []uint16{uint16(port)}, Resolver: resolver})
	defer c.Close()
	var dialled []string
	real := c.dial
	c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return real(ctx, network, address)
	}
	url := fmt.Sprintf("http://flip.example:%d/", port)
	f, err := c.Fetch(t.Context(), url, Limits{})
	if err != nil || string(f.Data) != "good" || resolver.asked["flip.example"] != 1 {
		t.Fatalf("%q, %v, asked %d times", f.Data, err, resolver.asked["flip.example"])
	}
	if _, err := c.Fetch(t.Context(), url, Limits{}); err == nil || err.Error() != "the address 127.0.0.2 is loopback" {
		t.Errorf("got %v", err)
	}
	if want := fmt.Sprintf("[127.0.0.1:%d]", port); fmt.Sprint(dialled) != want {
		t.Errorf("dialled %v, want %s", dialled, want)
	}
}

// The wall behind the others: the socket's own check, whatever came before it.
func TestControlChecksTheSocketsAddress(t *testing.T) {
	tr := newTrap(t, "127.0.0.1")
	c := New(Rules{Ports: []uint16{tr.port()}})
	conn, err := c.dial(t.Context(), "tcp", tr.Addr().String())
	if err == nil {
		conn.Close()
	}
	var e *Error
	if !errors.As(err, &e) || !e.Refused || tr.reached.Load() != 0 {
		t.Errorf("%v, %d connections", err, tr.reached.Load())
	}
	for _, tt := range []struct{ network, address, want string }{
		{"tcp4", "93.184.215.14:25", "port 25 is not open to customers"},
		{"udp4", "93.184.215.14:80", "no connection to udp4 93.184.215.14:80"},
		{"tcp4", "nonsense", "no connection to tcp4 nonsense"},
		{"tcp6", "[fe80::1%eth0]:80", "the address fe80::1%eth0 is with a zone, so on a local link"},
		{"tcp6", "[::ffff:10.0.0.1]:80", "the address 10.0.0.1 is private"},
	} {
		if err := c.control(tt.network, tt.address, nil); err == nil || err.Error() != tt.want {
			t.Errorf("%s %s: got %v, want %s", tt.network, tt.address, err, tt.want)
		}
	}
}

func TestRedirects(t *testing.T) {
	var referer atomic.Value
	referer.Store("")
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	defer srv.Close()
	tr := newTrap(t, "127.0.0.2")
	port := srv.Listener.Addr().(*net.TCPAddr).Port
	to := func(path, url string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, url, http.StatusFound) })
	}
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		referer.Store(r.Header.Get("Referer"))
		fmt.Fprint(w, "file")
	})
	for n := 1; n <= 5; n++ {
		to(fmt.Sprintf("/hop%d", n), fmt.Sprintf("/hop%d", n-1))
	}
	to("/hop0", "/file")
	to("/trap", fmt.Sprintf("http://127.0.0.2:%d/", tr.port()))
	to("/name", fmt.Sprintf("http://trap.example:%d/", tr.port()))
	to("/short", fmt.Sprintf("http://127.2:%d/", tr.port()))
	to("/ftp", "ftp://127.0.0.1/x")
	to("/user", fmt.Sprintf("http://u:p@127.0.0.1:%d/file", port))
	to("/port", "http://127.0.0.1:22/")
	to("/loop", "/loop")
	resolver := &hosts{answers: map[string][][]string{"trap.example": {{"127.0.0.2"}}}}
	c := New(Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: []uint16{uint16(port), tr.port()}, Resolver: resolver})
	defer c.Close()
	tests := []struct {
		path      string
		redirects int
		want      string // of the error
	}{
		{"/file", 0, ""}, {"/hop0", 1, ""}, {"/hop2", 3, ""},
		{"/hop0", 0, "the server redirects (status 302), which is not followed"},
		{"/hop0", -1, "the server redirects (status 302), which is not followed"},
		{"/hop2", 2, "there are more than 2 redirects"},
		{"/hop3", 9, "there are more than 3 redirects"},
		{"/loop", 3, "there are more than 3 redirects"},
		{"/trap", 3, "the redirect is refused: the address 127.0.0.2 is loopback"},
		{"/name", 3, "the address 127.0.0.2 is loopback"},
		{"/short", 3, "the redirect is refused: the host is an address in an unusual form"},
		{"/ftp", 3, "the redirect is refused: the URL does not begin with http:// or https://"},
		{"/user", 3, "the redirect is refused: the URL holds a user name; that is not possible here"},
		{"/port", 3, "the redirect is refused: port 22 is not open to customers"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%s with %d", tt.path, tt.redirects), func(t *testing.T) {
			f, err := c.Fetch(t.Context(), srv.URL+tt.path+"?apitoken=canary", Limits{Redirects: tt.redirects})
			if tt.want == "" && (err != nil || string(f.Data) != "file") {
				t.Errorf("%q, %v", f.Data, err)
			}
			var e *Error
			if tt.want != "" && (!errors.As(err, &e) || !e.Refused || e.Message != tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
	if r := referer.Load(); r != "" {
		t.Errorf("the address before is sent on: %s", r)
	}
	if n := tr.reached.Load(); n != 0 {
		t.Errorf("%d connections at the trap", n)
	}
}

func TestNoRedirectFromHTTPSToHTTP(t *testing.T) {
	plain := newTrap(t, "127.0.0.1")
	srv := httptest.NewTLSServer(http.RedirectHandler("http://"+plain.Addr().String()+"/", http.StatusFound))
	defer srv.Close()
	port := srv.Listener.Addr().(*net.TCPAddr).Port
	c := New(Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Ports: []uint16{uint16(port), plain.port()}})
	defer c.Close()
	c.transport.TLSClientConfig = srv.Client().Transport.(*http.Transport).TLSClientConfig
	if _, err := c.Fetch(t.Context(), srv.URL, Limits{Redirects: 3}); err == nil || err.Error() != "the redirect leads from https to http" {
		t.Errorf("got %v", err)
	}
	if plain.reached.Load() != 0 {
		t.Error("reached")
	}
}

// A proxy would look the host up itself. The transport's function is looked at, as
// net/http reads the environment only once in a process.
func TestNoProxyIsUsed(t *testing.T) {
	if New(Rules{}).transport.Proxy != nil {
		t.Error("the environment may name a proxy")
	}
}

func TestUnreachableServerMayBeTriedAgain(t *testing.T) {
	c := New(Rules{Resolver: &hosts{answers: map[string][][]string{"good.example": {{"93.184.215.14"}}}}})
	defer c.Close()
	c.dial = func(_ context.Context, _, address string) (net.Conn, error) {
		if address != "93.184.215.14:80" {
			t.Errorf("dialled %s", address)
		}
		return nil, errors.New("unreachable")
	}
	_, err := c.Fetch(t.Context(), "http://good.example/", Limits{})
	var e *Error
	if !errors.As(err, &e) || e.Refused || e.Message != "the server cannot be reached" {
		t.Errorf("got %v", err)
	}
}

func TestOwnAddresses(t *testing.T) {
	own, err := OwnAddresses()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range own {
		if p.Addr() == netip.MustParseAddr("127.0.0.1") && p.IsSingleIP() {
			return
		}
	}
	t.Errorf("127.0.0.1/32 is not in %v", own)
}
