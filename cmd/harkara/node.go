package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/harkara/harkara/internal/account"
	"github.com/harkara/harkara/internal/config"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/run"
	"github.com/harkara/harkara/internal/smppd"
	"github.com/harkara/harkara/internal/smsapi"
	"github.com/harkara/harkara/internal/store"

	"github.com/prometheus/client_golang/prometheus"
)

// failuresEvery is how often refused credentials are written.
const failuresEvery = 2 * time.Second

// node is one running Harkara: the store, the flow, the faces. serve and dev
// build it in the same way.
type node struct {
	cfg      config.Config
	log      *slog.Logger
	store    store.Store
	flow     *flow.Flow
	failures *account.Failures
	face     *smsapi.Handler
	smpp     *smppd.Server
	registry *prometheus.Registry
	health   *obs.Health
}

// newNode opens the store and everything on it. The caller closes the store.
func newNode(ctx context.Context, cfg config.Config, log *slog.Logger) (*node, error) {
	if err := cfg.EnsureDataDir(); err != nil {
		return nil, err
	}
	secret, err := cfg.EnsureSecret()
	if err != nil {
		return nil, err
	}
	n := &node{cfg: cfg, log: log, registry: obs.NewRegistry(version()), health: &obs.Health{}}
	metrics := obs.NewMetrics(n.registry)
	if n.store, err = openStore(ctx, cfg, metrics.Store); err != nil {
		return nil, err
	}
	meter := newMeter(metrics)
	n.flow, err = flow.New(ctx, flow.Options{Store: n.store, Plugins: plugins(log), Node: nodeName(cfg), Log: log, Meter: meter, OnTold: n.told})
	if err != nil {
		return nil, errors.Join(err, n.store.Close())
	}
	n.failures = account.NewFailures(n.store)
	auth := account.NewAuthenticator(account.NewHasher(secret.Bytes()), n.failures)
	n.face = smsapi.NewHandler(smsapi.Options{Door: n.flow, Store: n.store, Log: log, MaxBody: int64(cfg.BodyLimit),
		Auth: auth, TrustedProxies: cfg.TrustedProxies, Refused: meter.refusedAtOnce(smsapiFace)})
	n.newSMPP(smppd.Options{Door: n.flow, Store: n.store, Auth: auth, Log: log}, metrics.SMPP)
	n.health.Check("database", n.store.Ping)
	obs.RegisterGauges(n.registry, n.snapshot)
	return n, nil
}

func nodeName(cfg config.Config) string {
	if cfg.Node != "" {
		return cfg.Node
	}
	host, err := os.Hostname()
	if err != nil {
		return "harkara"
	}
	return host
}

// snapshot is how the queue and the connectors are, for the metrics. On an error
// the connectors' part is right.
func (n *node) snapshot(ctx context.Context) (obs.Snapshot, error) {
	stats, err := n.store.Stats(ctx)
	return snapshot(n.flow.Catalog(), n.flow.Connectors(), stats, time.Now()), err
}

// add puts the loops of the node into the group, in the phases in which they stop.
func (n *node) add(g *run.Group) {
	g.OnStop(run.Close, "store", func(context.Context) error { return n.store.Close() })
	g.Add(run.Flush, "outcomes", func(ctx context.Context) error { return n.flow.Record(ctx, run.Grace(ctx)) })
	g.Add(run.Flush, "auth failures", func(ctx context.Context) error { return n.failures.Run(ctx, failuresEvery) })
	g.Add(run.Work, "smpp deliveries", n.smpp.Run)
	g.Add(run.Work, "flow", func(ctx context.Context) error { return n.flow.Work(ctx, run.Grace(ctx)) })
	g.OnStop(run.Intake, "readiness", func(context.Context) error { n.health.NotReady("stopping"); return nil })
}

// server is the HTTP server of the customers' faces. One handler stands before
// any ServeMux, which could not route the smsAPI's targets.
func (n *node) server() *http.Server {
	return &http.Server{
		Handler:           n.face.Front(http.HandlerFunc(n.other)),
		ReadHeaderTimeout: n.cfg.HeaderTimeout,
		ReadTimeout:       n.cfg.ReadTimeout,
		WriteTimeout:      n.cfg.WriteTimeout,
		IdleTimeout:       n.cfg.IdleTimeout,
		MaxHeaderBytes:    int(n.cfg.HeaderLimit),
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
	}
}

// other answers what no face takes.
func (n *node) other(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		fmt.Fprintln(w, "Harkara. The API is at /smsAPI.")
		return
	}
	http.Error(w, "Nothing is here. The API is at /smsAPI.", http.StatusNotFound)
}

// addresses are where the listeners are, once they are open.
type addresses struct{ http, smpp, smpps, admin string }

// listen adds the listeners of the configuration; they are opened here, so that a
// port in use is found before anything starts.
func (n *node) listen(g *run.Group) (at addresses, err error) {
	if err := n.serveHTTP(g, &at); err != nil {
		return at, err
	}
	if err := n.serveSMPP(g, &at); err != nil {
		return at, err
	}
	if addr := n.cfg.AdminListen; addr != "" {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return at, fmt.Errorf("admin_listen: %w", err)
		}
		at.admin = ln.Addr().String()
		n.log.Info("listening", "what", "admin", "addr", at.admin)
		g.Add(run.Flush, "admin", run.HTTP(n.adminServer(), ln))
	}
	return at, nil
}

func (n *node) serveHTTP(g *run.Group, at *addresses) error {
	if addr := n.cfg.HTTPListen; addr != "" {
		ln, err := net.Listen("tcp", addr)
		if err != nil {
			return fmt.Errorf("http_listen: %w", err)
		}
		at.http = ln.Addr().String()
		n.log.Info("listening", "what", "http", "addr", ln.Addr().String())
		g.Add(run.Intake, "http", run.HTTP(n.server(), smsapi.NewListener(ln)))
	}
	if addr := n.cfg.HTTPSListen; addr != "" {
		ln, err := n.listenTLS(addr)
		if err != nil {
			return err
		}
		n.log.Info("listening", "what", "https", "addr", ln.Addr().String())
		g.Add(run.Intake, "https", run.HTTP(n.server(), ln))
	}
	return nil
}

func (n *node) adminServer() *http.Server {
	return &http.Server{Handler: obs.AdminHandler(n.health, n.registry), ReadHeaderTimeout: n.cfg.HeaderTimeout}
}

func (n *node) listenTLS(addr string) (net.Listener, error) {
	cert, err := tls.LoadX509KeyPair(n.cfg.HTTPSCertFile, n.cfg.HTTPSKeyFile)
	if err != nil {
		return nil, fmt.Errorf("https_cert_file, https_key_file: %w", err)
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("https_listen: %w", err)
	}
	tlsConfig := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return smsapi.NewTLSListener(ln, tlsConfig, smsapi.TLSOptions{}), nil
}
