package smpp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// authority makes a CA and a certificate of it.
func authority(t *testing.T, name string) (*smpptest.CA, tls.Certificate) {
	t.Helper()
	ca, err := smpptest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Certificate(name)
	if err != nil {
		t.Fatal(err)
	}
	return ca, cert
}

// listen serves on a port of this machine until the end of the test, and gives its address.
func listen(t *testing.T, srv *smpp.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-served; !errors.Is(err, smpp.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return l.Addr().String()
}

// TestTLS: over TCP, with a certificate; a client that does not know it, and one that does not speak TLS.
func TestTLS(t *testing.T) {
	ca, cert := authority(t, "smsc")
	states := make(chan *tls.ConnectionState, 1)
	addr := listen(t, &smpp.Server{TLS: &tls.Config{Certificates: []tls.Certificate{cert}},
		Config: smpp.Config{Handler: smpp.HandlerFunc(func(_ smpp.PDU, r smpp.Responder) { _ = r.RespondID("tls") })},
		Authenticate: func(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			states <- b.TLS
			return smpp.Accept{}, smpp.StatusOK
		}})
	s, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: "a", TLS: &tls.Config{RootCAs: ca.Pool()}})
	if err != nil {
		t.Fatal(err)
	}
	if cs := <-states; cs == nil || cs.Version != tls.VersionTLS13 || len(cs.PeerCertificates) != 0 {
		t.Errorf("TLS state %+v", cs)
	}
	if p, err := s.Do(ctx, submit("x")); err != nil || p.(*smpp.SubmitSMResp).MessageID != "tls" {
		t.Errorf("submit: %v %v", p, err)
	}
	if err := s.Unbind(ctx); err != nil {
		t.Error(err)
	}
	if _, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: "a", TLS: &tls.Config{}}); err == nil || !strings.Contains(err.Error(), "TLS") {
		t.Errorf("an unknown certificate: %v", err)
	}
	if _, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: "a"}); err == nil {
		t.Error("bound without TLS")
	}
}

// TestMutualTLS: the server asks for a certificate, refuses who has none or one of somebody else, and
// shows it to Authenticate, which here wants it to bear the system_id.
func TestMutualTLS(t *testing.T) {
	ca, serverCert := authority(t, "smsc")
	acme, err := ca.Certificate("acme")
	if err != nil {
		t.Fatal(err)
	}
	_, foreign := authority(t, "acme")
	asked := make(chan string, 10)
	refused := make(chan error, 10)
	addr := listen(t, &smpp.Server{
		TLS:          &tls.Config{Certificates: []tls.Certificate{serverCert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool()},
		BindAttempts: 1, // so that each connection that fails is one refusal
		Authenticate: func(_ context.Context, b *smpp.BindRequest) (smpp.Accept, smpp.Status) {
			name := b.TLS.PeerCertificates[0].Subject.CommonName
			asked <- name
			if name != b.SystemID {
				return smpp.Accept{}, smpp.StatusInvSysID
			}
			return smpp.Accept{}, smpp.StatusOK
		},
		OnRefused: func(_ net.Addr, _ string, why error) { refused <- why },
	})
	dial := func(systemID string, certs ...tls.Certificate) error {
		s, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: systemID, TLS: &tls.Config{RootCAs: ca.Pool(), Certificates: certs}})
		if err == nil {
			_ = s.Close()
			<-s.Done()
		}
		return err
	}
	if err := dial("acme", acme); err != nil || <-asked != "acme" {
		t.Errorf("with its certificate: %v", err)
	}
	var se *smpp.StatusError
	if err := dial("other", acme); !errors.As(err, &se) || se.Status != smpp.StatusInvSysID || <-asked != "acme" {
		t.Errorf("with another's certificate: %v", err)
	}
	<-refused
	if err := dial("acme"); err == nil {
		t.Error("bound without a certificate")
	}
	if why := <-refused; !strings.Contains(why.Error(), "smpp: TLS: ") || !strings.Contains(why.Error(), "certificate") {
		t.Errorf("without a certificate, refused with %v", why)
	}
	if err := dial("acme", foreign); err == nil {
		t.Error("bound with a certificate of another authority")
	}
	// Go's client keeps a certificate that the server's authorities did not sign to itself.
	if why := <-refused; !strings.Contains(why.Error(), "smpp: TLS: ") {
		t.Errorf("with a foreign certificate, refused with %v", why)
	}
	// A client that shows it all the same.
	err = func() error {
		s, err := smpp.Dial(ctx, addr, smpp.BindConfig{SystemID: "acme", TLS: &tls.Config{RootCAs: ca.Pool(),
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &foreign, nil }}})
		if err == nil {
			_ = s.Close()
		}
		return err
	}()
	var unknown x509.UnknownAuthorityError
	if why := <-refused; err == nil || !errors.As(why, &unknown) {
		t.Errorf("shown a foreign certificate: %v, refused with %v", err, why)
	}
	if len(asked) != 0 {
		t.Errorf("Authenticate was asked for %d connections without a certificate", len(asked))
	}
}

// TestTLSHandshakeHangs: a client that connects and says nothing, or half a hello, is closed by the session
// initialisation timer and holds up nobody.
func TestTLSHandshakeHangs(t *testing.T) {
	_, cert := authority(t, "smsc")
	synctest.Test(t, func(t *testing.T) {
		refused := make(chan error, 3)
		srv := &smpp.Server{Authenticate: acceptAll, InitTimeout: 3 * time.Second, OnRefused: func(_ net.Addr, _ string, why error) { refused <- why }}
		server := &tls.Config{Certificates: []tls.Certificate{cert}}
		client := func(c net.Conn) net.Conn { // the certificate is of another time than that of the bubble
			return tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		}
		began := time.Now()
		for _, hello := range []string{"", "\x16\x03\x01\x02\x00\x01"} {
			near, far := net.Pipe()
			defer far.Close()
			srv.ServeConn(tls.Server(near, server))
			if _, err := far.Write([]byte(hello)); err != nil {
				t.Fatal(err)
			}
		}
		near, far := net.Pipe()
		srv.ServeConn(tls.Server(near, server))
		s, err := smpp.BindConn(ctx, client(far), smpp.BindConfig{SystemID: "a"})
		if err != nil || time.Since(began) != 0 {
			t.Fatal(err, time.Since(began))
		}
		for range 2 {
			if why := <-refused; !strings.Contains(why.Error(), "smpp: TLS: ") || time.Since(began) != 3*time.Second {
				t.Errorf("refused after %s with %v", time.Since(began), why)
			}
		}
		_ = s.Close()
		<-s.Done()
		_ = srv.Close()
	})
}
