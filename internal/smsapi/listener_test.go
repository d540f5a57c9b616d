package smsapi

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHTTP2PassesUnwrapped(t *testing.T) {
	rec := &recorder{}
	serverTLS, clientTLS := selfSigned(t)
	l := NewTLSListener(listen(t), serverTLS, TLSOptions{})
	serve(t, quietServer(rec), l)
	for _, h2 := range []bool{true, false} {
		transport := &http.Transport{TLSClientConfig: clientTLS.Clone(), ForceAttemptHTTP2: h2}
		if !h2 {
			transport.TLSClientConfig.NextProtos = []string{"http/1.1"}
		}
		client := &http.Client{Transport: transport}
		resp, err := client.Get("https://" + l.Addr().String() + "/smsAPI?balance&apikey=K")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
		list := rec.take()
		if (resp.ProtoMajor == 2) != h2 || len(list) != 1 || !list[0].TLS || list[0].Action != ActionBalance {
			t.Errorf("h2 %v: %s, seen %+v", h2, resp.Proto, list)
		}
	}
}

// TestConnectionState checks what a handler finds in http.Request.TLS.
func TestConnectionState(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	l := NewTLSListener(listen(t), serverTLS, TLSOptions{})
	got := make(chan *tls.ConnectionState, 1)
	serve(t, quietServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.TLS })), l)
	c, err := tls.Dial("tcp", l.Addr().String(), clientTLS)
	p := newPeer(t, c, err)
	io.WriteString(p, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n")
	p.answer(t)
	if s := <-got; s == nil || !s.HandshakeComplete || s.ServerName != "sms.example" || s.Version != tls.VersionTLS13 {
		t.Errorf("TLS state %+v", s)
	}
}

func TestPlainHTTPOnTLSPort(t *testing.T) {
	serverTLS, _ := selfSigned(t)
	failed := make(chan error, 1)
	l := NewTLSListener(listen(t), serverTLS, TLSOptions{OnHandshakeError: func(_ net.Addr, err error) { failed <- err }})
	serve(t, quietServer(&recorder{}), l)
	c, err := net.Dial("tcp", l.Addr().String())
	p := newPeer(t, c, err)
	io.WriteString(p, "GET /smsAPI?balance HTTP/1.1\r\n")
	status, body := p.answer(t)
	if status != 400 || !strings.Contains(body, `"status":"error"`) || !strings.Contains(body, "https://") {
		t.Errorf("answer %d %q", status, body)
	}
	if err := <-failed; err == nil {
		t.Error("no handshake error reported")
	}
	// Something that is neither TLS nor HTTP gets no answer.
	c, err = net.Dial("tcp", l.Addr().String())
	p = newPeer(t, c, err)
	io.WriteString(p, "SSH-2.0-x\r\n")
	if b, _ := io.ReadAll(p); strings.Contains(string(b), "HTTP") {
		t.Errorf("answer %q", b)
	}
	<-failed
}

// failing is a listener whose Accept returns the given results in turn.
type failing struct {
	net.Listener
	results chan accepted
}

func (l *failing) Accept() (net.Conn, error) {
	r, ok := <-l.results
	if !ok {
		return nil, net.ErrClosed
	}
	return r.conn, r.err
}
func (l *failing) Close() error { close(l.results); return nil }

func TestAcceptErrors(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	broken := errors.New("too many open files")
	client, server := net.Pipe()
	defer client.Close()
	for name, wrap := range map[string]func(net.Listener) net.Listener{
		"plain": func(l net.Listener) net.Listener { return NewListener(l) },
		"TLS":   func(l net.Listener) net.Listener { return NewTLSListener(l, serverTLS, TLSOptions{}) },
	} {
		inner := &failing{results: make(chan accepted, 2)}
		inner.results <- accepted{err: broken}
		inner.results <- accepted{conn: server}
		l := wrap(inner)
		if _, err := l.Accept(); !errors.Is(err, broken) {
			t.Errorf("%s: Accept: %v", name, err)
		}
		if name == "TLS" {
			go tls.Client(client, clientTLS).Handshake()
		}
		// The error was temporary: the next connection is accepted.
		if c, err := l.Accept(); err != nil || c == nil {
			t.Errorf("%s: Accept after an error: %v", name, err)
		}
		if err := l.Close(); err != nil {
			t.Errorf("%s: Close: %v", name, err)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s: Accept after Close: %v", name, err)
		}
	}
}

func TestListenerPassesTLSConns(t *testing.T) {
	serverTLS, _ := selfSigned(t)
	inner := listen(t)
	l := NewListener(tls.NewListener(inner, serverTLS))
	defer l.Close()
	client, err := net.Dial("tcp", inner.Addr().String())
	newPeer(t, client, err)
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, ok := c.(*tls.Conn); !ok {
		t.Errorf("got %T: net/http would not make the handshake", c)
	}
}

// TestFilesThroughWrapper serves a file, for which net/http uses ReadFrom.
func TestFilesThroughWrapper(t *testing.T) {
	content := strings.Repeat("0123456789abcdef", 20_000)
	name := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	l := NewListener(listen(t))
	serve(t, quietServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })), l)
	c, err := net.Dial("tcp", l.Addr().String())
	p := newPeer(t, c, err)
	io.WriteString(p, "GET /file.txt HTTP/1.1\r\nHost: h\r\n\r\n")
	if status, body := p.answer(t); status != 200 || body != content {
		t.Errorf("status %d, %d bytes", status, len(body))
	}
}

func TestConnMethods(t *testing.T) {
	script := &scripted{}
	c := &plainConn{stream{Conn: script}}
	if n, err := c.ReadFrom(strings.NewReader("abc")); n != 3 || err != nil || script.out.String() != "abc" {
		t.Errorf("ReadFrom: %d, %v, %q", n, err, script.out.String())
	}
	if err := c.CloseWrite(); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("CloseWrite of a connection without it: %v", err)
	}
	if c.NetConn() != net.Conn(script) {
		t.Error("NetConn is not the connection below")
	}
	if n, err := c.Read(nil); n != 0 || err != io.EOF {
		t.Errorf("Read(nil) = %d, %v", n, err)
	}
	if _, ok := any(c).(interface{ ConnectionState() tls.ConnectionState }); ok {
		t.Error("a plain connection looks like TLS to net/http")
	}

	l := listen(t)
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	p := newPeer(t, client, err)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	tcp := &plainConn{stream{Conn: server}}
	if n, err := tcp.ReadFrom(strings.NewReader("abc")); n != 3 || err != nil {
		t.Errorf("ReadFrom: %d, %v", n, err)
	}
	if err := tcp.CloseWrite(); err != nil {
		t.Errorf("CloseWrite: %v", err)
	}
	if b, err := io.ReadAll(p); string(b) != "abc" || err != nil {
		t.Errorf("the client got %q, %v", b, err)
	}
}

// faulty is a connection on which two reads fail after some bytes.
type faulty struct {
	scripted
	sound, faults int
	fault         error
}

func (c *faulty) Read(p []byte) (int, error) {
	if c.sound == 0 && c.faults > 0 {
		c.faults--
		return 0, c.fault
	}
	if c.sound > 0 {
		p = p[:min(len(p), c.sound)]
	}
	n, err := c.scripted.Read(p)
	c.sound -= n
	return n, err
}

// TestReadErrors checks that an error at any place is reported and that no
// byte is lost: net/http interrupts its own reads with a deadline in the past.
func TestReadErrors(t *testing.T) {
	const in = "GET /a b&c=%41 HTTP/1.1\r\nHost: h\r\n\r\n"
	want := passThrough(t, in, 4096)
	for at := 1; at < len(in); at++ {
		for fault, report := range map[error]error{os.ErrDeadlineExceeded: os.ErrDeadlineExceeded, nil: io.ErrNoProgress} {
			conn := &faulty{scripted: scripted{in: []byte(in)}, sound: at, faults: 2, fault: fault}
			s := &stream{Conn: conn}
			buf := make([]byte, 64)
			var got []byte
			var err error
			reported := 0
			for !errors.Is(err, io.EOF) {
				var n int
				n, err = s.Read(buf)
				got = append(got, buf[:n]...)
				if errors.Is(err, report) {
					reported++
				} else if err != nil && !errors.Is(err, io.EOF) {
					t.Fatalf("at byte %d: %v", at, err)
				}
			}
			if string(got) != want || fault != nil && reported != 2 {
				t.Fatalf("%v at byte %d: reported %d times, got %q", fault, at, reported, got)
			}
		}
	}
}

// TestBounded checks that a stream keeps no more than one read, however long
// a line is.
func TestBounded(t *testing.T) {
	for _, piece := range []string{" ", "\n", "x ", "\nHost: x", " HTTP/1.", "&%"} {
		script := &scripted{in: []byte("GET /a" + strings.Repeat(piece, 1<<20/len(piece)))}
		s := &stream{Conn: script}
		buf := make([]byte, 4096)
		for {
			_, err := s.Read(buf)
			if len(s.in) > len(buf) || cap(s.in) > 2*len(buf) || len(s.out) > len(closeHeader) {
				t.Fatalf("piece %q: %d bytes kept", piece, cap(s.in))
			}
			if err != nil {
				break
			}
		}
	}
	script := &scripted{in: []byte("GET /a b HTTP/1.1\r\n\r\n" + strings.Repeat("x", 1<<20))}
	s := &stream{Conn: script}
	if _, err := io.Copy(io.Discard, s); err != nil {
		t.Fatal(err)
	}
	if read := 1<<20 - len(script.in); read > maxExcess+32<<10+len(s.small) {
		t.Errorf("%d bytes read after a repaired request", read)
	}
}

// loop is a connection that delivers one request again and again.
type loop struct {
	scripted
	request string
	at      int
}

func (c *loop) Read(p []byte) (int, error) {
	n := copy(p, c.request[c.at:])
	c.at = (c.at + n) % len(c.request)
	return n, nil
}

// TestCleanAllocatesNothing is the promise of compat.md §1, for reads that end
// anywhere in a request.
func TestCleanAllocatesNothing(t *testing.T) {
	for size := 1; size < 400; size++ {
		s := &stream{Conn: &loop{request: cleanRequest}}
		buf := make([]byte, size)
		got := testing.AllocsPerRun(50, func() {
			for range 4 {
				if _, err := s.Read(buf); err != nil {
					t.Fatal(err)
				}
			}
		})
		if got != 0 {
			t.Fatalf("reads of %d bytes: %v allocations", size, got)
		}
	}
}
