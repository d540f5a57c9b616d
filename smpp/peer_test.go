package smpp_test

import (
	"context"
	"net"
	"testing"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

var ctx = context.Background()

// bindTo makes an ESME session whose SMSC is played by the test.
func bindTo(t testing.TB, mode smpp.Mode, cfg smpp.Config) (*smpp.Session, *smpptest.Conn) {
	t.Helper()
	near, far := net.Pipe()
	peer := smpptest.NewConn(far)
	bound := make(chan error, 1)
	go func() {
		_, err := peer.AcceptBind()
		bound <- err
	}()
	s, err := smpp.BindConn(ctx, near, smpp.BindConfig{Mode: mode, SystemID: "esme", Password: "secret", Session: cfg})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-bound; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.Close()
		_ = peer.Close()
		<-s.Done()
	})
	return s, peer
}

// boundBy makes an SMSC session whose ESME is played by the test.
func boundBy(t testing.TB, mode smpp.Mode, cfg smpp.Config) (*smpp.Session, *smpptest.Conn) {
	t.Helper()
	near, far := net.Pipe()
	peer := smpptest.NewConn(far)
	sessions := make(chan *smpp.Session, 1)
	srv := &smpp.Server{Authenticate: acceptAll, Config: cfg, OnSession: func(s *smpp.Session) { sessions <- s }}
	srv.ServeConn(near)
	st, err := peer.Bind(&smpp.Bind{Mode: mode, SystemID: "esme", Password: "secret", InterfaceVersion: smpp.Version34})
	if err != nil || st != smpp.StatusOK {
		t.Fatal(st, err)
	}
	t.Cleanup(func() {
		_ = peer.Close()
		_ = srv.Close()
	})
	return <-sessions, peer
}

func acceptAll(context.Context, *smpp.BindRequest) (smpp.Accept, smpp.Status) {
	return smpp.Accept{SystemID: "smsc"}, smpp.StatusOK
}

// next reads a PDU of a given command.
func next[P smpp.PDU](t testing.TB, c *smpptest.Conn) (smpp.Header, P) {
	t.Helper()
	h, p, err := c.Next()
	if err != nil {
		t.Fatalf("waiting for a %T: %v", *new(P), err)
	}
	want, ok := p.(P)
	if !ok {
		t.Fatalf("got %s %v, want a %T", h, p, *new(P))
	}
	return h, want
}

// say writes a PDU.
func say(t testing.TB, c *smpptest.Conn, st smpp.Status, seq uint32, p smpp.PDU) {
	t.Helper()
	if err := c.Send(st, seq, p); err != nil {
		t.Fatal(err)
	}
}

// results collects outcomes.
type results chan smpp.Result

func (r results) Complete(res smpp.Result) {
	if res.Response != nil {
		res.Response = smpp.Clone(res.Response)
	}
	r <- res
}

func submit(text string) *smpp.SubmitSM {
	return &smpp.SubmitSM{Source: smpp.Address{Addr: "1000"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "8801712345678"}, ShortMessage: []byte(text)}
}

func deliver(text string) *smpp.DeliverSM { return (*smpp.DeliverSM)(submit(text)) }

func mustSend(t testing.TB, s *smpp.Session, p smpp.PDU, done smpp.Completer) {
	t.Helper()
	if err := s.Send(ctx, p, done); err != nil {
		t.Fatal(err)
	}
}

// reply is an answer to the next request; with a nil PDU there is none.
type reply struct {
	status smpp.Status
	pdu    smpp.PDU
}

// answer reads one request for each reply, and ends at the first error.
func answer(c *smpptest.Conn, replies ...reply) {
	for _, r := range replies {
		h, _, err := c.Next()
		if err != nil || r.pdu != nil && c.Send(r.status, h.Sequence, r.pdu) != nil {
			return
		}
	}
}
