package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/harkara/harkara/internal/config"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/run"
	"github.com/harkara/harkara/internal/smppd"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/proxy"
)

// newSMPP makes the face for customers' binds, without listeners.
func (n *node) newSMPP(o smppd.Options, m *obs.SMPP) {
	o.Meter = smppMeter{m}
	o.StopWithin = n.cfg.ShutdownSoft * 2 / 3
	n.smpp = smppd.New(o)
}

// smppMeter hands what the face counts to the metrics.
type smppMeter struct{ set *obs.SMPP }

func (m smppMeter) Bind(status smpp.Status) { m.set.Bind(status.String()) }
func (m smppMeter) Sessions(n int)          { m.set.Sessions(n) }

func (m smppMeter) Answered(command smpp.CommandID, status smpp.Status, took time.Duration) {
	m.set.Answered(command.String(), status.String(), took)
}

func (m smppMeter) Delivered(what smppd.What, fate smppd.Fate) {
	m.set.Delivered(string(what), string(fate))
}

// told passes on that there may be something to deliver. The flow may call it
// before there is a face.
func (n *node) told() {
	if n.smpp != nil {
		n.smpp.Told()
	}
}

// serveSMPP adds the listeners for customers' binds.
func (n *node) serveSMPP(g *run.Group, at *addresses) (err error) {
	if addr := n.cfg.SMPPListen; addr != "" {
		if at.smpp, err = n.addSMPP(g, "smpp", addr, nil); err != nil {
			return err
		}
	}
	if addr := n.cfg.SMPPSListen; addr != "" {
		secure, err := smppTLS(n.cfg)
		if err != nil {
			return err
		}
		if at.smpps, err = n.addSMPP(g, "smpps", addr, secure); err != nil {
			return err
		}
	}
	return nil
}

// addSMPP opens a listener and returns where it is. TLS is inside of what a proxy
// adds.
func (n *node) addSMPP(g *run.Group, what, addr string, secure *tls.Config) (string, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("%s_listen: %w", what, err)
	}
	bound := ln.Addr().String()
	n.log.Info("listening", "what", what, "addr", bound)
	if len(n.cfg.SMPPProxies) > 0 {
		ln = proxy.Listen(ln, n.cfg.SMPPProxies, 0)
	}
	if secure != nil {
		ln = tls.NewListener(ln, secure)
	}
	g.Add(run.Intake, what, func(ctx context.Context) error { return n.smpp.Serve(ctx, ln) })
	return bound, nil
}

// smppTLS is the TLS of smpps_listen; with smpp_client_ca_file it is mutual.
func smppTLS(cfg config.Config) (*tls.Config, error) {
	certFile, keyFile := cfg.SMPPCertificate()
	cert, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("certificate of smpps_listen: %w", err)
	}
	t := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	if cfg.SMPPClientCAFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(cfg.SMPPClientCAFile)
	if err != nil {
		return nil, fmt.Errorf("smpp_client_ca_file: %w", err)
	}
	t.ClientCAs, t.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
	if !t.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("smpp_client_ca_file: there is no certificate in " + cfg.SMPPClientCAFile)
	}
	return t, nil
}
