package smpp

import (
	"context"
	"net"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ends are the two ends of a session over a pipe.
type ends struct {
	esme, smsc *Session
	srv        *Server
}

// connect makes a session over net.Pipe, which is good under synctest.
func connect(t testing.TB, esme BindConfig, smsc Config) ends {
	t.Helper()
	near, far := net.Pipe()
	bound := make(chan *Session, 1)
	srv := &Server{
		Authenticate: func(context.Context, *BindRequest) (Accept, Status) { return Accept{SystemID: "smsc"}, StatusOK },
		Config:       smsc,
		OnSession:    func(s *Session) { bound <- s },
	}
	srv.ServeConn(far)
	if esme.SystemID == "" {
		esme.SystemID = "esme"
	}
	s, err := BindConn(context.Background(), near, esme)
	if err != nil {
		t.Fatal(err)
	}
	e := ends{esme: s, smsc: <-bound, srv: srv}
	t.Cleanup(func() {
		_ = s.Close()
		_ = srv.Close()
		<-s.Done()
	})
	return e
}

// answerAll accepts everything at once.
func answerAll(p PDU, r Responder) {
	switch p.Command() {
	case CmdSubmitSM, CmdDataSM, CmdSubmitMulti:
		_ = r.RespondID("id")
	default:
		_ = r.Respond(StatusOK, nil)
	}
}
