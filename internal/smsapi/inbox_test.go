package smsapi

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// texts are the messages of a getinbox.
func texts(p reply) []string {
	p.t.Helper()
	list := []string{}
	for _, row := range rows(p, "inbox") {
		list = append(list, row["message"].(string))
	}
	return list
}

func (r *rig) unread() int {
	r.t.Helper()
	list, err := r.store.Inbox(context.Background(), r.acme.ID, store.InboxFilter{UnreadOnly: true, Limit: 10_000})
	if err != nil {
		r.t.Fatal(err)
	}
	return len(list)
}

func TestInboxUnreadAndAll(t *testing.T) {
	r := newRig(t)
	r.inbound("one", "two")
	want := func(what string, got reply, texts_ ...string) {
		t.Helper()
		if list := texts(got); !reflect.DeepEqual(list, append([]string{}, texts_...)) {
			t.Errorf("%s: %q, want %q", what, list, texts_)
		}
	}
	want("all is newest first and marks nothing", r.call("getinbox", "list", "all"), "two", "one")
	want("unread is oldest first", r.call("getinbox", "list", "unread"), "one", "two")
	want("they are read now", r.call("getinbox"))
	r.inbound("three")
	want("unread is the default", r.call("getinbox", "list", ""), "three")
	want("all still has them", r.call("getinbox", "list", "all"), "three", "two", "one")
	want("before pages back", r.call("getinbox", "list", "all", "before", "3"), "two", "one")
	want("to the end", r.call("getinbox", "list", "all", "before", "1"))
	row := rows(r.call("getinbox", "list", "all"), "inbox")[0]
	if !reflect.DeepEqual(row, map[string]any{"id": "3", "from": "8801912345678", "to": "8809601", "message": "three", "date": "2026-11-24 18:00:00"}) {
		t.Errorf("row %v", row)
	}
}

// TestInboxIsItsOwn: no other action marks messages read, nor do HEAD and OPTIONS.
func TestInboxIsItsOwn(t *testing.T) {
	r := newRig(t)
	r.inbound("one")
	r.send().queued()
	r.call("groupstatus", "groupid", "1")
	r.call("balance")
	r.call("getinbox", "list", "all")
	r.callAs(ownKey, "wrong", "getinbox")
	for _, method := range []string{http.MethodHead, http.MethodOptions, http.MethodPut} {
		r.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "/smsAPI?getinbox&"+who, nil))
	}
	if n := r.unread(); n != 1 {
		t.Errorf("%d unread, want 1", n)
	}
}

// TestInboxThousand: at most 1,000 a call, the rest with the next one.
func TestInboxThousand(t *testing.T) {
	r := newRig(t)
	many := make([]string, 2500)
	for i := range many {
		many[i] = fmt.Sprint("message ", i)
	}
	r.inbound(many...)
	var got []string
	for _, size := range []int{1000, 1000, 500, 0} {
		page := texts(r.call("getinbox"))
		if len(page) != size {
			t.Fatalf("%d messages, want %d", len(page), size)
		}
		got = append(got, page...)
	}
	if !reflect.DeepEqual(got, many) {
		t.Error("messages are missing, doubled or out of order")
	}
	// Paging back through all.
	got = nil
	for before := ""; ; {
		page := r.call("getinbox", "list", "all", "before", before)
		list := rows(page, "inbox")
		if len(list) == 0 {
			break
		}
		got = append(got, texts(page)...)
		before = list[len(list)-1]["id"].(string)
	}
	if len(got) != 2500 || got[0] != "message 2499" || got[2499] != "message 0" {
		t.Errorf("%d messages, from %q", len(got), got[0])
	}
}

// TestInboxRepeatsWhatCannotBeMarked: a store that fails costs nothing but a
// repetition.
func TestInboxRepeatsWhatCannotBeMarked(t *testing.T) {
	r := newRig(t)
	r.inbound("one")
	r.store.FailNext(memory.VerbMarkRead, sms.Unavailable("disk is full", nil))
	for _, want := range []int{1, 1, 0} {
		if got := texts(r.call("getinbox")); len(got) != want {
			t.Fatalf("%q, want %d", got, want)
		}
	}
	if !strings.Contains(r.logs.String(), "stay unread") {
		t.Errorf("log %q", r.logs)
	}
}

// unwritable is a connection whose client has gone.
type unwritable struct {
	http.ResponseWriter
	write, flush error
}

func (u unwritable) Write(p []byte) (int, error) {
	if u.write != nil {
		return 0, u.write
	}
	return u.ResponseWriter.Write(p)
}
func (u unwritable) FlushError() error { return u.flush }

func TestInboxUnwritten(t *testing.T) {
	gone := errors.New("broken pipe")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	cases := []struct {
		name         string
		write, flush error
		ctx          context.Context
		unread       int
	}{
		{"all is well", nil, nil, t.Context(), 0},
		{"the write fails", gone, nil, t.Context(), 1},
		{"the flush fails", nil, gone, t.Context(), 1},
		{"the client had gone before", nil, nil, canceled, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.inbound("one")
			w := unwritable{httptest.NewRecorder(), c.write, c.flush}
			r.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/smsAPI?getinbox&"+who, nil).WithContext(c.ctx))
			if n := r.unread(); n != c.unread {
				t.Errorf("%d unread, want %d", n, c.unread)
			}
		})
	}
}

// TestInboxAbortedConnection: a client that breaks off in the middle of a large
// reply gets all of it again; one that reads it to the end does not.
func TestInboxAbortedConnection(t *testing.T) {
	r := newRig(t)
	long := strings.Repeat("a long message, ", 1000) // 16 kB each: more than any socket buffers
	for range 1000 {
		r.inbound(long)
	}
	handled := make(chan struct{})
	inner := r.handler
	r.handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		inner.ServeHTTP(w, req)
		handled <- struct{}{}
	})
	for door, dial := range r.open() {
		t.Run(door, func(t *testing.T) {
			c, err := dial()
			p := newPeer(t, c, err)
			io.WriteString(p, "GET /smsAPI?getinbox&"+who+" HTTP/1.1\r\nHost: h\r\n\r\n")
			if _, err := io.ReadFull(p.r, make([]byte, 100_000)); err != nil {
				t.Fatal(err)
			}
			tcp, ok := c.(*net.TCPConn)
			if !ok {
				tcp = c.(*tls.Conn).NetConn().(*net.TCPConn)
			}
			tcp.SetLinger(0) // reset
			tcp.Close()
			<-handled
			if n := r.unread(); n != 1000 {
				t.Fatalf("%d unread after an aborted reply, want all 1000", n)
			}
		})
	}
	dial := r.open()["plain"]
	c, err := dial()
	p := newPeer(t, c, err)
	io.WriteString(p, "GET /smsAPI?getinbox&"+who+" HTTP/1.1\r\nHost: h\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(p.r), nil)
	if err != nil {
		t.Fatal(err)
	}
	n, err := io.Copy(io.Discard, resp.Body)
	if err != nil || n != resp.ContentLength || n < 16_000_000 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	c.Close() // at once, as many clients do
	<-handled
	if n := r.unread(); n != 0 {
		t.Errorf("%d unread after a whole reply", n)
	}
}

// TestHeadOverTheWire: HEAD has the header of the reply and no body.
func TestHeadOverTheWire(t *testing.T) {
	r := newRig(t)
	r.inbound("one")
	dial := r.open()["plain"]
	c, err := dial()
	p := newPeer(t, c, err)
	io.WriteString(p, "HEAD /smsAPI?getinbox&"+who+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	all, err := io.ReadAll(p.r)
	if err != nil || !strings.Contains(string(all), "Content-Length: 1") || !strings.HasSuffix(string(all), "\r\n\r\n") {
		t.Errorf("answer %q, %v", all, err)
	}
	if n := r.unread(); n != 1 {
		t.Errorf("%d unread", n)
	}
}

// TestHalfClosedClients: a raw-socket client that shuts its side down after the
// request, as nc does at the end of its input, still gets its answer. net/http
// cancels the context of its request.
func TestHalfClosedClients(t *testing.T) {
	r := newRig(t)
	r.inbound("one")
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	dial := r.open()["plain"]
	for _, target := range []string{"/smsAPI?balance&" + who, "/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=a", "/smsAPI?groupstatus&groupid=1&" + who, "/smsAPI?getinbox&list=all&" + who} {
		got := r.do(httptest.NewRequest(http.MethodGet, target, nil).WithContext(canceled))
		if got.fields["status"] == "error" {
			t.Errorf("%s: %s", target, got.body)
		}
		for range 5 {
			c, err := dial()
			p := newPeer(t, c, err)
			io.WriteString(p, "GET "+target+" HTTP/1.0\r\n\r\n")
			if err := c.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if _, body := p.answer(t); strings.Contains(body, `"error"`) || body == "" {
				t.Errorf("%s: %s", target, body)
			}
		}
	}
}
