package run

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// serve runs a server with one handler in a group, and returns its address and
// what Run returns.
func serve(t *testing.T, limits Limits, h http.HandlerFunc) (addr string, stop func(), ended <-chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := NewGroup(limits, nil)
	g.Add(Intake, "http", HTTP(&http.Server{Handler: h}, ln))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	return ln.Addr().String(), cancel, done
}

func get(addr string) (string, error) {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get("http://" + addr)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestHTTPAnswersOpenCallsBeforeItStops(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	addr, stop, ended := serve(t, Limits{}, func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		io.WriteString(w, "kept")
	})
	answer := make(chan string, 1)
	go func() {
		body, err := get(addr)
		if err != nil {
			body = err.Error()
		}
		answer <- body
	}()
	<-entered
	stop()
	close(leave)
	if got := <-answer; got != "kept" {
		t.Errorf("the open call got %q", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := get(addr); err == nil {
		t.Error("a call was taken after the stop")
	}
}

func TestHTTPCutsOffCallsAtTheSoftLimit(t *testing.T) {
	entered := make(chan struct{})
	addr, stop, ended := serve(t, Limits{Soft: time.Millisecond, Hard: time.Minute}, func(_ http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	failed := make(chan error, 1)
	go func() {
		_, err := get(addr)
		failed <- err
	}()
	<-entered
	stop()
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "calls on "+addr+" cut off") || !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("the call got an answer")
	}
}

func TestHTTPListenerThatBreaksIsAnError(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	g := NewGroup(Limits{}, nil)
	g.Add(Intake, "api", HTTP(&http.Server{}, ln))
	if err := g.Run(t.Context()); !errors.Is(err, net.ErrClosed) || !strings.HasPrefix(err.Error(), "api: serve 127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}

func TestHTTPPanicInServeNamesTheLoop(t *testing.T) {
	g := NewGroup(Limits{}, nil)
	g.Add(Intake, "api", HTTP(&http.Server{}, panickingListener{}))
	var p *PanicError
	if err := g.Run(t.Context()); !errors.As(err, &p) {
		t.Errorf("got %v", err)
	}
}

type panickingListener struct{}

func (panickingListener) Accept() (net.Conn, error) { panic("accept") }
func (panickingListener) Close() error              { return nil }
func (panickingListener) Addr() net.Addr            { return &net.TCPAddr{} }
