package smsapi

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// seen is what a handler behind the wrapper saw of one request.
type seen struct {
	Method, URI, Proto, Body string
	Close                    bool
	TLS                      bool
	Target                   Target
	Action                   Action
	Params                   map[Name]string
	BodyErr                  bool
}

// recorder is the handler behind the wrapper. It decodes as the face does.
type recorder struct {
	mu   sync.Mutex
	list []seen
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s := seen{Method: req.Method, URI: req.RequestURI, Proto: req.Proto, TLS: req.TLS != nil,
		Close: strings.EqualFold(req.Header.Get("Connection"), "close")}
	body, err := io.ReadAll(req.Body)
	s.Body, s.BodyErr = string(body), err != nil
	req.Body = io.NopCloser(bytes.NewReader(body))
	if req.ContentLength > int64(len(body)) {
		req.ContentLength = int64(len(body))
	}
	s.Target = ParseTarget(req.RequestURI)
	p, err := Decoder{}.Decode(req, s.Target)
	s.BodyErr = s.BodyErr || err != nil
	s.Action = p.Action()
	s.Params = map[Name]string{}
	for n := range names {
		if p.Has(n) {
			s.Params[n] = p.Get(n)
		}
	}
	r.mu.Lock()
	r.list = append(r.list, s)
	r.mu.Unlock()
	io.WriteString(w, "seen\n")
}

// take returns what was seen since the last call.
func (r *recorder) take() []seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := r.list
	r.list = nil
	return list
}

func quietServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serve runs srv on l until the test ends.
func serve(t testing.TB, srv *http.Server, l net.Listener) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
}

// selfSigned makes a certificate for 127.0.0.1 and a client config that trusts it.
func selfSigned(t testing.TB) (server, client *tls.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "harkara test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"sms.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}},
		&tls.Config{RootCAs: pool, ServerName: "sms.example"}
}

// peer is one raw client connection.
type peer struct {
	net.Conn
	r *bufio.Reader
}

func newPeer(t testing.TB, c net.Conn, err error) *peer {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// Only so that a failure does not hang; nothing depends on it.
	c.SetDeadline(time.Now().Add(time.Minute))
	return &peer{c, bufio.NewReader(c)}
}

// answer reads one response and returns its status and body.
func (p *peer) answer(t testing.TB) (status int, body string) {
	t.Helper()
	for {
		resp, err := http.ReadResponse(p.r, nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatalf("answer %d: %v", resp.StatusCode, err)
		}
		if resp.StatusCode >= 200 {
			return resp.StatusCode, string(b)
		}
	}
}

// ended reports whether the server has closed the connection, without any
// more bytes.
func (p *peer) ended(t testing.TB) bool {
	t.Helper()
	b, err := p.r.ReadByte()
	if err == nil {
		t.Errorf("one more byte: %q", b)
	}
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

// doors are a plain and a TLS server behind the wrapper, with one recorder.
type doors struct {
	*recorder
	dial map[string]func() (net.Conn, error)
}

func openDoors(t testing.TB) *doors {
	t.Helper()
	d := &doors{recorder: &recorder{}}
	plain := NewListener(listen(t))
	serve(t, quietServer(d), plain)
	serverTLS, clientTLS := selfSigned(t)
	secure := NewTLSListener(listen(t), serverTLS, TLSOptions{})
	serve(t, quietServer(d), secure)
	d.dial = map[string]func() (net.Conn, error){
		"plain": func() (net.Conn, error) { return net.Dial("tcp", plain.Addr().String()) },
		"TLS":   func() (net.Conn, error) { return tls.Dial("tcp", secure.Addr().String(), clientTLS) },
	}
	return d
}

// TestFixtures sends every fixture byte for byte, at once and in single bytes,
// over plain HTTP and over TLS (Q5).
func TestFixtures(t *testing.T) {
	d := openDoors(t)
	for door, dial := range d.dial {
		for _, x := range fixtures() {
			for _, size := range []int{len(x.request), 1} {
				t.Run(fmt.Sprintf("%s/%s/%d", door, x.name, size), func(t *testing.T) {
					c, err := dial()
					p := newPeer(t, c, err)
					for rest := x.request; rest != ""; rest = rest[min(size, len(rest)):] {
						if _, err := io.WriteString(p, rest[:min(size, len(rest))]); err != nil {
							t.Fatal(err)
						}
					}
					if status, body := p.answer(t); status != 200 || body != "seen\n" {
						t.Fatalf("answer %d %q", status, body)
					}
					checkFixture(t, x, d.take(), door == "TLS")
					checkAfter(t, p, d, x)
				})
			}
		}
	}
}

func checkFixture(t *testing.T, x fixture, list []seen, secure bool) {
	t.Helper()
	if len(list) != 1 {
		t.Fatalf("%d requests seen: %+v", len(list), list)
	}
	s := list[0]
	if s.Target.Match != Face || s.Action != x.action || s.Method != x.method || s.BodyErr || s.TLS != secure {
		t.Errorf("seen %+v", s)
	}
	if !reflect.DeepEqual(s.Params, x.want) {
		t.Errorf("parameters %q\nwant %q", s.Params, x.want)
	}
}

// checkAfter sends another request on the same connection: it must be answered
// after a clean request and must not be seen after a repaired one.
func checkAfter(t *testing.T, p *peer, d *doors, x fixture) {
	t.Helper()
	repaired, _ := model([]byte(x.request))
	last := string(repaired) != x.request || strings.Contains(x.request, " HTTP/1.0\r\n")
	_, err := io.WriteString(p, "GET /next HTTP/1.1\r\nHost: h\r\n\r\n")
	if last {
		if !p.ended(t) || len(d.take()) != 0 {
			t.Error("the connection goes on after a repaired request")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	p.answer(t)
	if list := d.take(); len(list) != 1 || list[0].URI != "/next" {
		t.Errorf("next request: %+v", list)
	}
}

func TestPipelining(t *testing.T) {
	d := openDoors(t)
	const host = "Host: h\r\n"
	cases := []struct {
		name, in string
		want     []string // targets seen
	}{
		{"clean", "GET /1 HTTP/1.1\r\n" + host + "\r\n" + "POST /2 HTTP/1.1\r\n" + host + "Content-Length: 5\r\n\r\na b c" + "\r\nGET /3?x HTTP/1.1\r\n" + host + "\r\n" + "HEAD /4 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n",
			[]string{"/1", "/2", "/3?x", "/4"}},
		{"a repaired one is the last", "GET /1 HTTP/1.1\r\n" + host + "\r\n" + "GET /2?a b HTTP/1.1\r\n" + host + "Connection: keep-alive\r\n\r\n" + "GET /3 HTTP/1.1\r\n" + host + "\r\n",
			[]string{"/1", "/2?a%20b"}},
		{"also with HTTP/1.0 keep-alive", "GET /1?a b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + "GET /2 HTTP/1.0\r\n\r\n",
			[]string{"/1?a%20b"}},
		{"a request in a body is not one", "POST /1 HTTP/1.1\r\n" + host + "Content-Length: 27\r\n\r\nGET /no where HTTP/1.1\r\n\r\n\n" + "GET /2 HTTP/1.1\r\n" + host + "Connection: close\r\n\r\n",
			[]string{"/1", "/2"}},
		{"a repaired one with a chunked body is the last too", "POST /1?a b HTTP/1.1\r\n" + host + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + "GET /2 HTTP/1.1\r\n" + host + "\r\n",
			[]string{"/1?a%20b"}},
		{"after a chunked body lines are not repaired", "POST /1 HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + "GET /2 HTTP/1.1\r\n" + host + "\r\n" + "GET /a b HTTP/1.1\r\n" + host + "\r\n",
			[]string{"/1", "/2"}},
		{"a malformed line is answered at once", "GET /1 HTTP/1.1\r\n" + host + "\r\n" + "GET /2 HTTP/1,1\r\n" + host + "\r\n",
			[]string{"/1"}},
	}
	for door, dial := range d.dial {
		for _, c := range cases {
			t.Run(door+"/"+c.name, func(t *testing.T) {
				conn, err := dial()
				p := newPeer(t, conn, err)
				if _, err := io.WriteString(p, c.in); err != nil {
					t.Fatal(err)
				}
				// All answers, up to the end that each case has.
				if _, err := io.ReadAll(p.r); err != nil {
					t.Fatalf("answers: %v", err)
				}
				var got []string
				for _, s := range d.take() {
					got = append(got, s.URI)
				}
				if !reflect.DeepEqual(got, c.want) {
					t.Errorf("seen %q, want %q", got, c.want)
				}
			})
		}
	}
}

func TestGiantLines(t *testing.T) {
	d := openDoors(t)
	many := strings.Repeat("8801711111111%2C", 10_000)
	cases := []struct {
		name, in string
		status   int
	}{
		{"10,000 recipients", withHost("GET /smsAPI?sendsms&to="+many+" HTTP/1.1", "", ""), 200},
		{"10,000 recipients and a raw blank", withHost("GET /smsAPI?sendsms&text=a b&to="+many+" HTTP/1.1", "", ""), 200},
		{"10,000 recipients with raw blanks", withHost("GET /smsAPI?sendsms&to="+strings.Repeat("8801711111111, ", 10_000)+" HTTP/1.1", "", ""), 200},
		{"too long", withHost("GET /smsAPI?text="+strings.Repeat("x", 1100<<10)+" HTTP/1.1", "", ""), 431},
		{"too long only when escaped", withHost("GET /smsAPI?text="+strings.Repeat(" ", 400<<10)+" HTTP/1.1", "", ""), 431},
		{"too long without an end", "GET /smsAPI?text=" + strings.Repeat("\n", 1100<<10), 431},
	}
	for door, dial := range d.dial {
		for _, c := range cases {
			t.Run(door+"/"+c.name, func(t *testing.T) {
				conn, err := dial()
				p := newPeer(t, conn, err)
				// The server may stop reading, so writing may fail.
				go io.WriteString(p, c.in)
				if status, _ := p.answer(t); status != c.status {
					t.Fatalf("status %d, want %d", status, c.status)
				}
				list := d.take()
				if c.status != 200 {
					if len(list) != 0 {
						t.Errorf("seen %d", len(list))
					}
					return
				}
				if len(list) != 1 || strings.Count(list[0].Params[To], "8801711111111") != 10_000 {
					t.Errorf("recipients are missing")
				}
			})
		}
	}
}

// serveOnce runs one connection with the given input through http.Server.
func serveOnce(wrap bool, in []byte, chunks ...int) ([]seen, string) {
	script := &scripted{in: in, chunks: chunks}
	var conn net.Conn = jsonPages{script}
	if wrap {
		conn = &plainConn{stream{Conn: script}}
	}
	rec := &recorder{}
	srv := quietServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		rec.ServeHTTP(w, r)
	}))
	l := &oneConn{conn: conn, done: make(chan struct{})}
	srv.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed || s == http.StateHijacked {
			close(l.done)
		}
	}
	srv.Serve(l) // returns when the connection is closed
	return rec.take(), script.out.String()
}

// jsonPages is a stock connection on which net/http's own answers are JSON, as
// on a wrapped one; TestOwnPages says what they are.
type jsonPages struct{ *scripted }

func (c jsonPages) Write(p []byte) (int, error) {
	if json := inJSON(p); json != nil {
		return c.scripted.Write(json)
	}
	return c.scripted.Write(p)
}

// oneConn is a listener with one connection; then it waits for its end.
type oneConn struct {
	conn net.Conn
	done chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	if c := l.conn; c != nil {
		l.conn = nil
		return c, nil
	}
	<-l.done
	return nil, net.ErrClosed
}
func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

// FuzzSmuggle holds what a handler sees behind the wrapper against stock
// net/http: everything that stock accepts is seen alike, a repaired request
// adds at most one, and only as the last; and where the model says what
// net/http should get, the requests and the answers are those of a stock
// server that got exactly that.
func FuzzSmuggle(f *testing.F) {
	fuzzSeeds(f)
	longBody := regexp.MustCompile(`(?i)content-length:[ \t]*[0-9]{6}`)
	f.Fuzz(func(t *testing.T, in []byte, seed uint64) {
		if longBody.Match(in) {
			return // net/http then sleeps half a second before it closes
		}
		stock, stockOut := serveOnce(false, in)
		wrapped, wrappedOut := serveOnce(true, in, int(seed%37)+1, int(seed%11)+1, 4096)
		if err := sameBeginning(stock, wrapped); err != nil {
			t.Fatalf("input\n%q\n%v", in, err)
		}
		if len(wrapped) > len(stock) && !wrapped[len(wrapped)-1].Close {
			t.Fatalf("input\n%q\nthe repaired request is not marked as the last", in)
		}
		want, exact := model(in)
		if !exact {
			if len(wrapped) != len(stock) {
				t.Fatalf("input\n%q\nan unfinished line was accepted: %+v", in, wrapped)
			}
			return
		}
		expected, expectedOut := stock, stockOut
		if !bytes.Equal(want, in) {
			expected, expectedOut = serveOnce(false, want)
		}
		if !reflect.DeepEqual(wrapped, expected) || wrappedOut != expectedOut {
			t.Fatalf("input\n%q\nseen\n%+v\nwant\n%+v\nanswers\n%q\nwant\n%q", in, wrapped, expected, wrappedOut, expectedOut)
		}
	})
}

func sameBeginning(stock, wrapped []seen) error {
	if len(wrapped) < len(stock) || len(wrapped) > len(stock)+1 {
		return fmt.Errorf("%d requests seen, stock net/http sees %d", len(wrapped), len(stock))
	}
	if !reflect.DeepEqual(append([]seen{}, wrapped[:len(stock)]...), append([]seen{}, stock...)) {
		return fmt.Errorf("seen\n%+v\nstock\n%+v", wrapped, stock)
	}
	return nil
}
