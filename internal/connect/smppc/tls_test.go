package smppc_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// authority makes certificates.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	n    int64
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir(), n: 1}
	a.key = a.newKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(a.n), Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

// issue makes a certificate of a name and writes it with its key.
func (a *authority) issue(name string, hosts ...string) tls.Certificate {
	a.n++
	key := a.newKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(a.n), Subject: pkix.Name{CommonName: name}, DNSNames: hosts,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	a.write(name+".pem", "CERTIFICATE", der)
	a.write(name+".key", "EC PRIVATE KEY", private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) write(file, kind string, der []byte) {
	if err := os.WriteFile(a.path(file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) path(file string) string { return filepath.Join(a.dir, file) }

func TestTLS(t *testing.T) {
	ca := newAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{ca.issue("server", "smpp.example.net")}}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	mutual := server.Clone()
	mutual.ClientAuth, mutual.ClientCAs = tls.RequireAndVerifyClientCert, pool
	ca.issue("client")
	with := func(name string, client bool) map[string]any {
		all := map[string]any{"server_name": name, "ca_file": ca.path("ca.pem")}
		if client {
			all["cert_file"], all["key_file"] = ca.path("client.pem"), ca.path("client.key")
		}
		return all
	}
	tests := []struct {
		name   string
		server *tls.Config
		tls    map[string]any
		reason string // empty: it works
	}{
		{"verified by name", server, with("smpp.example.net", false), ""},
		{"other name", server, with("other.example.net", false), "certificate is valid for smpp.example.net, not other.example.net"},
		{"the host is no such name", server, with("", false), "certificate"},
		{"unknown authority", server, map[string]any{"server_name": "smpp.example.net"}, "certificate signed by unknown authority"},
		{"both sides", mutual, with("smpp.example.net", true), ""},
		{"we have none", mutual, with("smpp.example.net", false), "certificate required"},
		{"no TLS at the operator", nil, with("smpp.example.net", false), "cannot bind to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			far := smsc(t, smpptest.Config{TLS: tt.server, Session: smpp.Config{PDUTimeout: time.Second}})
			r := start(t, 5, map[string]any{"hosts": []string{far.Addr()}, "tls": tt.tls}, smppc.Options{})
			if tt.reason == "" {
				r.awaitUp(1)
				r.send(20)
				for _, o := range r.awaitOutcomes(20) {
					if o.Verdict != sms.VerdictAccepted {
						t.Errorf("outcome %+v", o)
					}
				}
				return
			}
			r.await("the reason", func() bool { return len(r.links) > 0 })
			if link := r.lastLink(); link.Up || !strings.Contains(link.Reason, tt.reason) {
				t.Errorf("link %+v, want one that is down because of %q", link, tt.reason)
			}
			if len(far.Sessions()) != 0 {
				t.Error("it is bound")
			}
		})
	}
}

// A password never travels to a host that did not prove its name.
func TestNoPasswordBeforeTLS(t *testing.T) {
	ca := newAuthority(t)
	l := listen(t)
	got := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			got <- err.Error()
			return
		}
		s := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{ca.issue("server", "elsewhere")}})
		_, err = s.Read(make([]byte, 1))
		got <- fmt.Sprint(err)
		_ = c.Close() // nobody is there any more
	}()
	r := start(t, 5, map[string]any{"hosts": []string{l.Addr().String()}, "reconnect_min": "1h", "reconnect_max": "1h",
		"tls": map[string]any{"server_name": "smpp.example.net", "ca_file": ca.path("ca.pem")}}, smppc.Options{})
	if text := <-got; !strings.Contains(text, "bad certificate") {
		t.Errorf("the host read %q", text)
	}
	r.await("a report", func() bool { return len(r.links) > 0 })
}
