package e2e

import (
	"context"
	"crypto/tls"
	octets "encoding/binary"
	"net"
	"net/netip"
	"testing"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestMutualTLS: with smpp_client_ca_file only whoever has a certificate of that
// authority gets as far as a bind, and a login that requires TLS may not bind
// without.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	o := operator(t)
	certFile, keyFile, pool := certificate(t)
	otherCert, otherKey, _ := certificate(t)
	s := newServer(t, oneRoute(o.Addr(), "", "")+login("customer", "require_tls: true"), "acme")
	s.cli("account", "topup", "acme", "10", "--reason", "test")
	s.smpp = freeAddr(t)
	secure := freeAddr(t)
	s.start("--smpps-listen", secure, "--smpp-cert-file", certFile, "--smpp-key-file", keyFile, "--smpp-client-ca-file", certFile)
	bind := func(certFile, keyFile string) (*smpptest.ESME, error) {
		cfg := &tls.Config{RootCAs: pool, ServerName: "localhost"}
		if certFile != "" {
			pair, err := tls.LoadX509KeyPair(certFile, keyFile)
			if err != nil {
				t.Fatal(err)
			}
			// Whatever authorities the server asks for.
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return tryDial(t, secure, "customer", customerPassword, smpp.Transceiver, smpptest.ESMEConfig{Bind: smpp.BindConfig{TLS: cfg}})
	}
	for name, files := range map[string][2]string{"none": {}, "of another authority": {otherCert, otherKey}} {
		if _, err := bind(files[0], files[1]); err == nil {
			t.Errorf("a client with a certificate %s binds", name)
		}
	}
	e, err := bind(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	submits(t, e, "8801700000001")
	delivered(t, e, 1)
	if _, err := tryDial(t, s.smpp, "customer", customerPassword, smpp.Transceiver, smpptest.ESMEConfig{}); err == nil {
		t.Error("a login that requires TLS binds without")
	}
	s.stop()
	s.checked()
}

// proxied is a header of the PROXY protocol, version 2, for TCP over IPv4.
func proxied(from, to netip.AddrPort) []byte {
	b := []byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c")
	b = append(append(b, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	return octets.BigEndian.AppendUint16(octets.BigEndian.AppendUint16(b, from.Port()), to.Port())
}

// TestProxyProtocol: behind a proxy that is trusted a login is judged by the
// address in its header, and nobody binds past the proxy.
func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", "")+login("customer", "ips: [192.0.2.7]"), "acme")
	s.cli("account", "topup", "acme", "10", "--reason", "test")
	s.smpp = freeAddr(t)
	s.start("--smpp-proxies", "127.0.0.0/8")
	bind := func(from string) (*smpptest.ESME, error) {
		cfg := smpptest.ESMEConfig{}
		cfg.Bind.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
			var d net.Dialer
			c, err := d.DialContext(ctx, network, addr)
			if err != nil || from == "" {
				return c, err
			}
			_, err = c.Write(proxied(netip.MustParseAddrPort(from), netip.MustParseAddrPort("192.0.2.1:2775")))
			return c, err
		}
		return tryDial(t, s.smpp, "customer", customerPassword, smpp.Transceiver, cfg)
	}
	e, err := bind("192.0.2.7:40000")
	if err != nil {
		t.Fatal(err)
	}
	submits(t, e, "8801700000001")
	delivered(t, e, 1)
	for _, from := range []string{"192.0.2.8:40000", ""} {
		if _, err := bind(from); err == nil {
			t.Errorf("a client from %q binds", from)
		}
	}
	s.stop()
	s.checked()
}
