package smsapi

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are net.Pipe ends, for synctest.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (l *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *pipes) Close() error {
	select {
	case <-l.done:
	default:
		close(l.done)
	}
	return nil
}
func (l *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// dial opens a connection to the listener.
func (l *pipes) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- server
	return client
}

// untilClosed reads to the end and returns what came and how long it took.
func untilClosed(c net.Conn) (string, time.Duration) {
	start := time.Now()
	b, _ := io.ReadAll(c)
	return string(b), time.Since(start)
}

// TestSlowClients checks that the time limits of http.Server hold to the
// nanosecond, for clients that stop or trickle anywhere in a request.
func TestSlowClients(t *testing.T) {
	const header, idle = 5 * time.Second, 60 * time.Second
	stops := []struct {
		name, sent string
		trickle    bool
		after      time.Duration
	}{
		{"in the method", "GET", false, header},
		{"in a clean target", "GET /smsAPI?a=b", false, header},
		{"in a repaired target", "GET /smsAPI?a=b c", false, header},
		{"in the mark", "GET /smsAPI?a=b HTT", false, header},
		{"before the last newline of the mark", "GET /smsAPI?a=b c HTTP/1.1\r", false, header},
		{"after a raw newline", "GET /smsAPI?a=b\n", false, header},
		{"in an escape", "GET /smsAPI&a=%4", false, header},
		{"in the headers", "GET /smsAPI?a=b c HTTP/1.1\r\nHost: h\r\n", false, header},
		{"trickling a repaired line", "GET /smsAPI?a=" + strings.Repeat(" ", 1000), true, header},
		{"trickling the headers", "GET /smsAPI?a=b c HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 1000), true, header},
		{"between requests", "GET /smsAPI?a=b HTTP/1.1\r\nHost: h\r\n\r\n", false, idle},
		{"in the second request", "GET /smsAPI?a=b HTTP/1.1\r\nHost: h\r\n\r\nGET /smsAPI?a b", false, header},
	}
	for _, c := range stops {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				srv := quietServer(&recorder{})
				srv.ReadHeaderTimeout, srv.IdleTimeout = header, idle
				go srv.Serve(NewListener(l))
				defer srv.Close()
				client := l.dial()
				var writer sync.WaitGroup
				defer writer.Wait()
				writer.Go(func() {
					for i := range len(c.sent) {
						if _, err := client.Write([]byte{c.sent[i]}); err != nil {
							return
						}
						if c.trickle {
							time.Sleep(100 * time.Millisecond)
						}
					}
				})
				if _, took := untilClosed(client); took != c.after {
					t.Errorf("closed after %v, want %v", took, c.after)
				}
				client.Close()
			})
		})
	}
}

// TestWaitingAfterRepair checks that a repaired request is not canceled by
// what the wrapper does to end its connection, and is by a client that leaves.
func TestWaitingAfterRepair(t *testing.T) {
	cases := []struct {
		name     string
		extra    int
		leave    bool
		canceled bool
	}{
		{"nothing more", 0, false, false},
		{"a little more", 50, false, false},
		{"far too much more", 2 * maxExcess / 19, false, true},
		{"the client leaves", 0, true, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newPipes()
				result := make(chan error, 1)
				srv := quietServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					time.Sleep(time.Second)
					result <- r.Context().Err()
				}))
				go srv.Serve(NewListener(l))
				defer srv.Close()
				client := l.dial()
				defer client.Close()
				io.WriteString(client, "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n")
				if c.extra > 0 {
					go client.Write(bytes.Repeat([]byte("GET /x HTTP/1.1\r\n\r\n"), c.extra))
				}
				if c.leave {
					synctest.Wait()
					client.Close()
				} else {
					go untilClosed(client)
				}
				if err := <-result; (err != nil) != c.canceled {
					t.Errorf("context: %v, canceled should be %v", err, c.canceled)
				}
			})
		})
	}
}

// TestHandshakeTimeout checks that a client that sends nothing to a TLS port
// is dropped in time and holds up nobody.
func TestHandshakeTimeout(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	synctest.Test(t, func(t *testing.T) {
		clientTLS.InsecureSkipVerify = true // the bubble's clock begins in the year 2000
		inner := newPipes()
		failed := make(chan error, 1)
		l := NewTLSListener(inner, serverTLS, TLSOptions{OnHandshakeError: func(_ net.Addr, err error) { failed <- err }})
		srv := quietServer(&recorder{})
		go srv.Serve(l)
		defer srv.Close()

		silent := inner.dial()
		defer silent.Close()
		other := tls.Client(inner.dial(), clientTLS)
		defer other.Close()
		if _, err := io.WriteString(other, "GET /a b HTTP/1.0\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if answer, took := untilClosed(other); took != 0 || !strings.HasPrefix(answer, "HTTP/1.0 200") {
			t.Errorf("another client got %q after %v", answer, took)
		}
		if _, took := untilClosed(silent); took != DefaultHandshakeTimeout {
			t.Errorf("closed after %v, want %v", took, DefaultHandshakeTimeout)
		}
		if err := <-failed; err == nil || errors.Is(err, io.EOF) {
			t.Errorf("OnHandshakeError got %v", err)
		}
	})
}

// TestCloseEndsHandshakes checks that Close leaves nothing running or open.
func TestCloseEndsHandshakes(t *testing.T) {
	serverTLS, clientTLS := selfSigned(t)
	clientTLS.InsecureSkipVerify = true
	synctest.Test(t, func(t *testing.T) {
		inner := newPipes()
		l := NewTLSListener(inner, serverTLS, TLSOptions{})
		silent := inner.dial()
		waiting := tls.Client(inner.dial(), clientTLS)
		done := make(chan error, 1)
		go func() {
			_, err := waiting.Read(make([]byte, 1))
			done <- err
		}()
		synctest.Wait() // one is in its handshake, one waits for Accept
		if !waiting.ConnectionState().HandshakeComplete {
			t.Fatal("the handshake has not finished")
		}
		l.Close() // waits for its goroutines
		if _, err := silent.Read(make([]byte, 1)); err == nil {
			t.Error("a connection in its handshake stays open")
		}
		if err := <-done; err == nil {
			t.Error("a connection that nobody has accepted stays open")
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close: %v", err)
		}
	})
}
