package smppc_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp/smpptest"
)

// sink keeps what it is told.
type sink struct {
	t        testing.TB
	patience time.Duration // of await; 20 s

	mu       sync.Mutex
	outcomes []sms.Outcome
	receipts []sms.Receipt
	inbound  []sms.Inbound
	links    []connect.Link
	changed  chan struct{}
}

func (s *sink) told(keep func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	keep()
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *sink) Outcomes(list []sms.Outcome) {
	s.told(func() { s.outcomes = append(s.outcomes, list...) })
}

func (s *sink) Receipts(_ context.Context, list []sms.Receipt) error {
	s.told(func() { s.receipts = append(s.receipts, list...) })
	return nil
}

func (s *sink) Inbound(_ context.Context, list []sms.Inbound) error {
	s.told(func() { s.inbound = append(s.inbound, list...) })
	return nil
}

func (s *sink) Link(l connect.Link) { s.told(func() { s.links = append(s.links, l) }) }

// await waits until ok, which is called under the lock.
func (s *sink) await(what string, ok func() bool) {
	s.t.Helper()
	timeout := time.After(cmp.Or(s.patience, 20*time.Second))
	for {
		s.mu.Lock()
		done, changed := ok(), s.changed
		s.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			s.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// awaitOutcomes waits for n outcomes and gives them by message.
func (s *sink) awaitOutcomes(n int) map[sms.MessageID]sms.Outcome {
	s.t.Helper()
	s.await(fmt.Sprintf("%d outcomes", n), func() bool { return len(s.outcomes) >= n })
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[sms.MessageID]sms.Outcome{}
	for _, o := range s.outcomes {
		if _, twice := all[o.Message]; twice && !o.Late {
			s.t.Errorf("message %d was reported twice", o.Message)
		}
		all[o.Message] = o
	}
	return all
}

func (s *sink) awaitUp(links int) {
	s.t.Helper()
	s.await(fmt.Sprintf("%d links", links), func() bool {
		return len(s.links) > 0 && s.links[len(s.links)-1].Links == links
	})
}

func (s *sink) lastLink() connect.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.links) == 0 {
		return connect.Link{}
	}
	return s.links[len(s.links)-1]
}

// rig is a connector with its sink.
type rig struct {
	*sink
	c    connect.Connector
	log  *bytes.Buffer
	next sms.MessageID
}

// start builds and connects a connector of a window and closes it at the end.
func start(t *testing.T, window int, more map[string]any, o smppc.Options) *rig {
	t.Helper()
	r := &rig{sink: &sink{t: t, changed: make(chan struct{})}, log: new(bytes.Buffer)}
	o.Log = slog.New(slog.NewTextHandler(r.log, nil))
	c, err := o.New(&sms.Connector{Head: sms.Head{ID: 7, Name: "oper"}, Window: window, Settings: settings(more)}, r.sink)
	if err != nil {
		t.Fatal(err)
	}
	r.c = c
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.close(0) })
	return r
}

// to starts a connector to one SMSC and waits for its link.
func to(t *testing.T, addr string, window int, more map[string]any) *rig {
	t.Helper()
	all := map[string]any{"hosts": []string{addr}}
	for k, v := range more {
		all[k] = v
	}
	r := start(t, window, all, smppc.Options{})
	r.awaitUp(1)
	return r
}

// close closes the connector, which has so long to do it in good order.
func (r *rig) close(patience time.Duration) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := r.c.Close(ctx); err != nil {
		r.t.Errorf("Close: %v", err)
	}
}

// submission makes the next one: its message is its number, and its recipient ends in it.
func (r *rig) submission() *connect.Submission {
	r.next++
	payload, _ := gsm.AppendGSM7(nil, "Hello")
	return &connect.Submission{Group: &sms.Group{}, Attempt: sms.AttemptRef{Message: r.next, Seq: 1, Attempt: 1}, Type: sms.TypeSMS,
		From: "Harkara", FromIs: sms.SenderAlpha, To: number(r.next), Encoding: gsm.GSM7, Payload: payload, Long: sms.LongUDH8}
}

func number(n sms.MessageID) string { return fmt.Sprintf("88017%08d", n) }

// send sends n.
func (r *rig) send(n int) {
	r.t.Helper()
	for range n {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		err := r.c.Send(ctx, r.submission())
		cancel()
		if err != nil {
			r.t.Fatalf("Send: %v", err)
		}
	}
}

// sendUp is send that waits for a link first, as often as needed.
func (r *rig) sendUp(n int) {
	r.t.Helper()
	for n > 0 {
		r.await("a link", func() bool { return len(r.links) > 0 && r.links[len(r.links)-1].Up })
		err := r.c.Send(r.t.Context(), r.submission())
		switch {
		case err == nil:
			n--
		case !errors.Is(err, connect.ErrDown):
			r.t.Fatalf("Send: %v", err)
		}
	}
}

// smsc starts a scripted one.
func smsc(t *testing.T, cfg smpptest.Config) *smpptest.SMSC {
	t.Helper()
	c, err := smpptest.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("the SMSC: %v", err)
		}
	})
	return c
}

// raw is an SMSC that says exactly what the test tells it to.
type raw struct {
	t *testing.T
	net.Listener
}

func listen(t *testing.T) *raw {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() }) // it may be closed already
	return &raw{t, l}
}

// accept takes one connection and its bind.
func (r *raw) accept() *smpptest.Conn {
	r.t.Helper()
	c, err := r.Accept()
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = c.Close() }) // it may be closed already
	conn := smpptest.NewConn(c)
	if _, err := conn.AcceptBind(); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// rawTo connects to an SMSC that says what the test tells it to.
func rawTo(t *testing.T, window int) (*rig, *raw, *smpptest.Conn) {
	t.Helper()
	l := listen(t)
	r := start(t, window, map[string]any{"hosts": []string{l.Addr().String()}}, smppc.Options{})
	far := l.accept()
	r.awaitUp(1)
	return r, l, far
}
