package smsapi

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// open starts servers for the rig, plain and TLS, as cmd/harkara does.
func (r *rig) open() map[string]func() (net.Conn, error) {
	r.t.Helper()
	plain := NewListener(listen(r.t))
	serve(r.t, quietServer(r.handler), plain)
	serverTLS, clientTLS := selfSigned(r.t)
	secure := NewTLSListener(listen(r.t), serverTLS, TLSOptions{})
	serve(r.t, quietServer(r.handler), secure)
	return map[string]func() (net.Conn, error){
		"plain": func() (net.Conn, error) { return net.Dial("tcp", plain.Addr().String()) },
		"TLS":   func() (net.Conn, error) { return tls.Dial("tcp", secure.Addr().String(), clientTLS) },
	}
}

// raw sends bytes, size at a time, and returns the whole answer but its Date.
func raw(t *testing.T, dial func() (net.Conn, error), request string, size int) string {
	t.Helper()
	c, err := dial()
	p := newPeer(t, c, err)
	for rest := request; rest != ""; rest = rest[min(size, len(rest)):] {
		if _, err := io.WriteString(p, rest[:min(size, len(rest))]); err != nil {
			t.Fatal(err)
		}
	}
	for {
		answer, length := head(t, p.r)
		if strings.HasPrefix(answer, "HTTP/1.1 100 ") {
			continue
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(p.r, body); err != nil {
			t.Fatal(err)
		}
		return dateLine.ReplaceAllString(answer, "") + string(body)
	}
}

// head reads a response up to its empty line, and finds its Content-Length.
func head(t *testing.T, r *bufio.Reader) (text string, length int) {
	t.Helper()
	for !strings.HasSuffix(text, "\r\n\r\n") {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("no answer: %q, %v", text+line, err)
		}
		if text += line; strings.HasPrefix(line, "Content-Length: ") {
			fmt.Sscanf(line, "Content-Length: %d", &length)
		}
	}
	return text, length
}

var dateLine = regexp.MustCompile(`Date: [^\r]+\r\n`)

// fixtureRig knows every sender and group of the fixtures. The clock is that of
// the published samples, except for the one with a date that would then be more
// than a year away.
func fixtureRig(t *testing.T, name string) *rig {
	now := noon
	if name == "raw blanks" {
		now = time.Date(2029, 12, 24, 12, 0, 0, 0, time.UTC)
	}
	r := newRig(t, at(now), func(r *rig) { r.acme.GroupStart, r.acme.RecipientStart = 1234, 21 })
	r.sender("8809601234567", "My Shop", "8809601004746", "SMR Agro", "LTECH")
	r.send().queued() // group 1234
	return r
}

// TestFixturesEndToEnd sends the request lines of compat.md §2 byte for byte,
// over plain HTTP and TLS (Q5), at once and in single bytes, through the whole
// face, and holds the exact replies, and what was stored for them, against
// testdata/fixtures.txt.
func TestFixturesEndToEnd(t *testing.T) {
	var all strings.Builder
	for _, x := range fixtures() {
		want := ""
		for _, door := range []string{"plain", "TLS"} {
			for _, size := range []int{len(x.request), 1} {
				r := fixtureRig(t, x.name)
				got := raw(t, r.open()[door], x.request, size) + "\n" + r.summary(1235)
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("%s over %s, %d bytes at a time:\n%s\nbut over plain HTTP at once:\n%s", x.name, door, size, got, want)
				}
			}
		}
		fmt.Fprintf(&all, "=== %s\n%s\n--- reply\n%s\n", x.name, visible(x.request), visible(want))
	}
	golden(t, "fixtures.txt", all.String())
}

// visible shows line ends, so that the file says what was on the wire.
func visible(s string) string {
	return strings.TrimSuffix(strings.ReplaceAll(s, "\r\n", "␍␊\n"), "\n")
}

// summary is what the store has of a group; nothing if there is none.
func (r *rig) summary(number int64) string {
	g, messages, err := r.store.Group(r.t.Context(), r.acme.ID, number)
	if sms.CodeOf(err) == sms.CodeNotFound {
		return "stored: nothing"
	}
	if err != nil {
		r.t.Fatal(err)
	}
	s := fmt.Sprintf("stored: %s from %q text %q", g.Type, g.From, g.Text)
	if !g.SendAt.IsZero() {
		s += " at " + g.SendAt.Format(time.RFC3339)
	}
	for _, m := range messages {
		s += fmt.Sprintf("\n  to %q, %s %s, reserved %s", m.To+" "+m.Input, m.State, m.Reason, m.Reserved)
	}
	return s
}

// TestHTTP2 makes every call over HTTP/2, which is not wrapped.
func TestHTTP2(t *testing.T) {
	r := newRig(t)
	r.inbound("one")
	serverTLS, clientTLS := selfSigned(t)
	l := NewTLSListener(listen(t), serverTLS, TLSOptions{})
	serve(t, quietServer(r.handler), l)
	transport := &http.Transport{TLSClientConfig: clientTLS, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	get := func(target string) reply {
		t.Helper()
		resp, err := (&http.Client{Transport: transport}).Get("https://" + l.Addr().String() + target)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || resp.ProtoMajor != 2 {
			t.Fatalf("%s, %v", resp.Proto, err)
		}
		return read(t, resp.StatusCode, resp.Header, string(body))
	}
	group := get("/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=x").queued()
	if got := get("/smsAPI&groupstatus&" + who + "&groupid=" + group); got.word("status") != "success" {
		t.Errorf("reply %s", got.body)
	}
	if got := get("/smsAPI?balance&" + who); got.body != `{"balance":"99"}` {
		t.Errorf("reply %s", got.body)
	}
	for _, want := range []int{1, 0} {
		if got := texts(get("/smsAPI?getinbox&" + who)); len(got) != want {
			t.Errorf("inbox %q, want %d", got, want)
		}
	}
}
