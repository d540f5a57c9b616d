package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/config"
	"github.com/harkara/harkara/internal/run"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

// authority issues certificates for 127.0.0.1 and keeps all of it in a directory.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert, a.key = a.issue("ca", template, template, nil)
	return a
}

func (a *authority) issue(name string, template, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	if by == nil {
		by = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, by)
	a.must(err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	a.must(err)
	a.must(os.WriteFile(a.path(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	a.must(os.WriteFile(a.path(name+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600))
	cert, err := x509.ParseCertificate(der)
	a.must(err)
	return cert, key
}

// leaf makes name.pem and name.key.
func (a *authority) leaf(name string) tls.Certificate {
	a.t.Helper()
	a.issue(name, &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}, a.cert, a.key)
	cert, err := tls.LoadX509KeyPair(a.path(name+".pem"), a.path(name+".key"))
	a.must(err)
	return cert
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

// startNode runs a node with one login, acme, whose password is "pw", and returns
// where it listens for SMPP.
func startNode(t *testing.T, set func(*config.Config)) addresses {
	t.Helper()
	ctx, cfg := t.Context(), config.Default()
	cfg.DataDir, cfg.HTTPListen, cfg.AdminListen = t.TempDir(), "", ""
	set(&cfg)
	log := slog.New(slog.DiscardHandler)
	n, err := newNode(ctx, cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := cfg.EnsureSecret()
	if err != nil {
		t.Fatal(err)
	}
	shop := &sms.Account{Head: sms.Head{Name: "shop"}, Enabled: true, TimeZone: "UTC"}
	login := &sms.Subscriber{Head: sms.Head{Name: "acme"}, Channel: sms.ChannelSMPP,
		SMPP: &sms.SMPPLogin{PasswordHash: account.NewHasher(secret.Bytes()).Hash("acme", "pw"), IPs: []string{"127.0.0.1", "192.0.2.77"}}}
	err = store.Save(ctx, n.store, time.Now(), "test", shop)
	if login.AccountID = shop.ID; err == nil {
		err = store.Save(ctx, n.store, time.Now(), "test", login)
	}
	if err != nil {
		t.Fatal(err)
	}
	g := run.NewGroup(run.Limits{Soft: 5 * time.Second, Hard: 10 * time.Second}, log)
	n.add(g)
	at, err := n.listen(g)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- g.Run(running) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return at
}

// bind tries until the node has seen its configuration, and ends the session.
func bind(t *testing.T, addr string, b smpp.BindConfig) error {
	t.Helper()
	ctx, done := context.WithTimeout(t.Context(), 10*time.Second)
	defer done()
	b.SystemID, b.Password = "acme", "pw"
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		s, err := smpp.Dial(ctx, addr, b)
		if err == nil {
			return s.Unbind(ctx)
		}
		refused, ok := errors.AsType[*smpp.StatusError](err)
		if !ok || refused.Status != smpp.StatusInvPaswd {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

func TestMutualTLS(t *testing.T) {
	a := newAuthority(t)
	a.leaf("server")
	client, stranger := a.leaf("client"), newAuthority(t).leaf("client")
	at := startNode(t, func(c *config.Config) {
		c.SMPPSListen, c.SMPPCertFile, c.SMPPKeyFile, c.SMPPClientCAFile = "127.0.0.1:0", a.path("server.pem"), a.path("server.key"), a.path("ca.pem")
	})
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	with := func(certs ...tls.Certificate) smpp.BindConfig {
		return smpp.BindConfig{TLS: &tls.Config{RootCAs: roots, Certificates: certs}}
	}
	if err := bind(t, at.smpps, with(client)); err != nil {
		t.Errorf("with a certificate of the authority: %v", err)
	}
	for name, b := range map[string]smpp.BindConfig{"without a certificate": with(), "with one of another authority": with(stranger)} {
		if err := bind(t, at.smpps, b); err == nil {
			t.Error("bound " + name)
		}
	}
}

// What a proxy says is believed of the listed one only.
func TestSMPPBehindAProxy(t *testing.T) {
	header := func(from string) []byte { // PROXY protocol v2, TCP over IPv4
		ip := netip.MustParseAddr(from).As4()
		return append([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c"), append(ip[:], 127, 0, 0, 1, 0x12, 0x34, 0x0a, 0xd7)...)
	}
	through := func(from string) smpp.BindConfig {
		return smpp.BindConfig{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err == nil && from != "" {
				_, err = c.Write(header(from))
			}
			return c, err
		}}
	}
	at := startNode(t, func(c *config.Config) {
		c.SMPPListen, c.SMPPProxies = "127.0.0.1:0", []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	if err := bind(t, at.smpp, through("192.0.2.77")); err != nil {
		t.Errorf("a client of the list, through the proxy: %v", err)
	}
	if err := bind(t, at.smpp, through("")); err == nil {
		t.Error("bound without the header that the proxy must send")
	}
	direct := startNode(t, func(c *config.Config) { c.SMPPListen = "127.0.0.1:0" })
	if err := bind(t, direct.smpp, through("")); err != nil {
		t.Errorf("directly: %v", err)
	}
	if err := bind(t, direct.smpp, through("192.0.2.77")); err == nil {
		t.Error("a header of a stranger is believed")
	}
}

func TestTLSThatCannotWork(t *testing.T) {
	a := newAuthority(t)
	a.leaf("server")
	a.must(os.WriteFile(a.path("empty"), []byte("nothing"), 0o600))
	good := config.Config{SMPPCertFile: a.path("server.pem"), SMPPKeyFile: a.path("server.key")}
	for want, change := range map[string]func(*config.Config){
		"certificate of smpps_listen: open ":                       func(c *config.Config) { c.SMPPCertFile = a.path("nothing") },
		"smpp_client_ca_file: open ":                               func(c *config.Config) { c.SMPPClientCAFile = a.path("nothing") },
		"smpp_client_ca_file: there is no certificate in " + a.dir: func(c *config.Config) { c.SMPPClientCAFile = a.path("empty") },
	} {
		cfg := good
		change(&cfg)
		if _, err := smppTLS(cfg); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A port in use is found before anything starts.
func TestPortsInUse(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	a := newAuthority(t)
	a.leaf("server")
	for want, set := range map[string]func(*config.Config){
		"smpp_listen: ":  func(c *config.Config) { c.SMPPListen = ln.Addr().String() },
		"smpps_listen: ": func(c *config.Config) { c.SMPPSListen = ln.Addr().String() },
		"http_listen: ":  func(c *config.Config) { c.HTTPListen = ln.Addr().String() },
		"admin_listen: ": func(c *config.Config) { c.AdminListen = ln.Addr().String() },
	} {
		n := &node{cfg: config.Config{SMPPCertFile: a.path("server.pem"), SMPPKeyFile: a.path("server.key")}, log: slog.New(slog.DiscardHandler)}
		set(&n.cfg)
		if _, err := n.listen(run.NewGroup(run.Limits{}, nil)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
