package smsapi

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

const malformed = "Malformed HTTP request"

// ownPages are inputs that net/http answers by itself.
var ownPages = []struct {
	name, in string
	status   int
	message  string
}{
	{"no HTTP at all", "hello\r\n\r\n", 400, malformed + "; check its first line and its header"},
	{"no version", "GET /smsAPI?balance\r\nHost: a\r\n\r\n", 400, malformed + "; check its first line and its header"},
	{"no host", "GET /smsAPI?balance HTTP/1.1\r\n\r\n", 400, malformed + ": missing required Host header"},
	{"two hosts", "GET /smsAPI?balance HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, malformed + "; check its first line and its header"},
	{"bad header", "GET /smsAPI?balance HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400, malformed + "; check its first line and its header"},
	{"bad header name", "GET /smsAPI?balance HTTP/1.1\r\nHost: a\r\nA(b): c\r\n\r\n", 400, malformed + "; check its first line and its header"},
	{"bad length", "POST /smsAPI?balance HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, malformed + "; check its first line and its header"},
	{"unknown version", "GET /smsAPI?balance HTTP/3.0\r\nHost: a\r\n\r\n", 505, "Unsupported protocol version; use HTTP/1.1"},
	{"unknown coding", "POST /smsAPI?balance HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "Unsupported transfer encoding; send the body with a Content-Length"},
	{"head too large", "GET /smsAPI?balance HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 1100<<10), 431, "Request line and header are too large; send many recipients by POST"},
	{"repaired line, no host", "GET /smsAPI?balance&text=a b HTTP/1.1\r\n\r\n", 400, malformed + ": missing required Host header"},
}

// TestOwnPages sends them over plain HTTP and over TLS: the status stays, the
// body is an error of this API (Q4).
func TestOwnPages(t *testing.T) {
	d := openDoors(t)
	for door, dial := range d.dial {
		for _, c := range ownPages {
			t.Run(door+"/"+c.name, func(t *testing.T) {
				conn, err := dial()
				p := newPeer(t, conn, err)
				go io.WriteString(p, c.in) // the server may stop reading
				resp, err := http.ReadResponse(p.r, nil)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(resp.Body)
				if err != nil {
					t.Fatal(err)
				}
				read(t, resp.StatusCode, resp.Header, string(body))
				want := fmt.Sprintf(`{"request":"","status":"error","message":%s}`, jsonText(c.message))
				if resp.StatusCode != c.status || string(body) != want || !resp.Close {
					t.Errorf("answer %d %s, close %v\nwant   %d %s", resp.StatusCode, body, resp.Close, c.status, want)
				}
				if h := resp.Header; h.Get("Content-Type") != "application/json; charset=utf-8" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Cache-Control") != "no-store" {
					t.Errorf("header %v", h)
				}
				if list := d.take(); len(list) != 0 {
					t.Errorf("the handler saw %+v", list)
				}
			})
		}
	}
}

// TestRepliesOfHandlersStay: only what net/http writes by itself is changed.
func TestRepliesOfHandlersStay(t *testing.T) {
	page := "HTTP/1.1 400 Bad Request" + ownPage + "400 Bad Request"
	if inJSON([]byte(page)) == nil {
		t.Fatal("net/http's own page was not known")
	}
	for _, reply := range []string{
		"",
		"HTTP/1.1 200 OK" + ownPage + "fine",
		"HTTP/1.1 404 Not Found\r\nDate: x" + ownPage + "404 page not found\n",
		"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n400 Bad Request",
		"HTTP/1.1 4" + ownPage + "x",
		"HTTP/1.1 4xx No" + ownPage + "x",
		"HTTP/1.1 400 Bad Request" + ownPage + "two\nlines",
		"HTTP/1.0 400 Bad Request" + ownPage + "400 Bad Request",
		"x" + page,
	} {
		if got := inJSON([]byte(reply)); got != nil {
			t.Errorf("%q became %q", reply, got)
		}
	}
}

// TestPageIsTheEnd: nothing follows net/http's own page on a connection, so that
// its other length cannot make a client read a second reply.
func TestPageIsTheEnd(t *testing.T) {
	script := &scripted{}
	c := &plainConn{stream{Conn: script}}
	own := []byte("HTTP/1.1 400 Bad Request" + ownPage + "400 Bad Request")
	if n, err := c.Write(own); n != len(own) || err != nil {
		t.Fatalf("Write: %d, %v", n, err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(script.out.Bytes())), nil)
	if err != nil || resp.StatusCode != 400 || !resp.Close {
		t.Fatalf("answer %+v, %v", resp, err)
	}
	size := script.out.Len()
	if _, err := c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write after the end: %v", err)
	}
	if _, err := c.ReadFrom(strings.NewReader("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadFrom after the end: %v", err)
	}
	if script.out.Len() != size {
		t.Errorf("something followed: %q", script.out.Bytes()[size:])
	}
	broken := &stream{Conn: &deaf{}}
	if _, err := broken.Write(own); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write on a broken connection: %v", err)
	}
}

// deaf is a connection that cannot be written to.
type deaf struct{ scripted }

func (*deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
