// Package config reads the boot keys: what the process must know before it can
// open its database. Everything else (accounts, routes, connectors, prices) lives
// in the database and is none of this package's business.
//
// A key has one name everywhere: `http_listen` in the file, `--http-listen` as a
// flag, HARKARA_HTTP_LISTEN in the environment, HARKARA_HTTP_LISTEN_FILE for the
// name of a file that holds the value. Flags win over the environment, that over
// the file, that over the default. Unknown names are errors, and all problems are
// reported at once.
//
// [Config] is a plain value; cmd hands its parts over. The list of keys is the
// struct itself: names, defaults, limits and help are its tags, and [Describe]
// prints them as a commented sample file.
package config

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// Config holds the boot keys. Tags: key is the name, def the default, min, max
// and oneof the limits, kind a check beyond the type, help the documentation;
// group starts a section of the sample file.
type Config struct {
	Node        string `group:"This node" key:"node" kind:"name" help:"Name of this node in logs and leases. Empty: the host name."`
	DataDir     string `key:"data_dir" def:"data" kind:"required" help:"Directory of everything that is kept: the embedded database, the secret. Made with mode 0700 if it is missing."`
	DatabaseURL string `key:"database_url" kind:"database" help:"Database. Empty: harkara.db in data_dir; else sqlite:PATH. (postgres:// is not built in yet.)"`
	Secret      Secret `key:"secret" help:"Secret that keys the stored hashes of all tokens, 32 characters or more. Losing it makes every token invalid. Better kept in a file, see secret_file."`
	SecretFile  string `key:"secret_file" help:"File that holds the secret. Empty: secret.key in data_dir, made on first use with mode 0600."`

	HTTPListen     string         `group:"Customers' HTTP" key:"http_listen" def:":8080" kind:"listen" help:"Address of the HTTP interface; off for none."`
	HTTPSListen    string         `key:"https_listen" def:"off" kind:"listen" help:"Address of the same over TLS; off for none."`
	HTTPSCertFile  string         `key:"https_cert_file" help:"Certificate chain for https_listen, in PEM."`
	HTTPSKeyFile   string         `key:"https_key_file" help:"Private key for https_listen, in PEM."`
	TrustedProxies []netip.Prefix `key:"trusted_proxies" help:"Addresses and networks of reverse proxies whose X-Forwarded-For is believed. No other peer's is."`
	BodyLimit      Size           `key:"body_limit" def:"8MiB" min:"1KiB" max:"1GiB" help:"Largest body of a call."`
	HeaderLimit    Size           `key:"header_limit" def:"1MiB" min:"4KiB" max:"16MiB" help:"Largest request line and header of a call together. Calls by GET with thousands of recipients need much."`
	HeaderTimeout  time.Duration  `key:"header_timeout" def:"10s" min:"100ms" max:"5m" help:"Time for a client to send the request line and header."`
	ReadTimeout    time.Duration  `key:"read_timeout" def:"1m" min:"1s" max:"1h" help:"Time for a client to send a whole call."`
	WriteTimeout   time.Duration  `key:"write_timeout" def:"1m" min:"1s" max:"1h" help:"Time from the end of the header to the end of the answer."`
	IdleTimeout    time.Duration  `key:"idle_timeout" def:"2m" min:"1s" max:"1h" help:"Time that an idle keep-alive connection stays open."`

	SMPPListen       string         `group:"Customers' SMPP" key:"smpp_listen" def:"off" kind:"listen" help:"Address of the SMPP server for customers, usually :2775; off for none. Who may bind is set by harkara smpp create."`
	SMPPSListen      string         `key:"smpps_listen" def:"off" kind:"listen" help:"Address of the same over TLS, usually :3550; off for none."`
	SMPPCertFile     string         `key:"smpp_cert_file" help:"Certificate chain for smpps_listen, in PEM. Empty: https_cert_file and https_key_file."`
	SMPPKeyFile      string         `key:"smpp_key_file" help:"Private key for smpps_listen, in PEM."`
	SMPPClientCAFile string         `key:"smpp_client_ca_file" help:"Authorities, in PEM, one of which must have signed the certificate of whoever connects to smpps_listen. Empty: no certificate is asked for."`
	SMPPProxies      []netip.Prefix `key:"smpp_proxies" help:"Addresses and networks of TCP proxies before smpp_listen and smpps_listen. They must send a PROXY protocol v2 header; nobody else may."`

	AdminListen  string        `group:"Operation" key:"admin_listen" def:"127.0.0.1:8081" kind:"listen" help:"Address of /livez, /readyz and /metrics; off for none. It asks for no password: keep it inside."`
	LogLevel     Level         `key:"log_level" def:"info" help:"debug, info, warn or error."`
	LogFormat    string        `key:"log_format" def:"text" oneof:"text json" help:"Log lines as text or json."`
	ShutdownSoft time.Duration `key:"shutdown_soft" def:"15s" min:"100ms" max:"10m" help:"Time to finish what is at hand when the process is told to stop."`
	ShutdownHard time.Duration `key:"shutdown_hard" def:"30s" min:"1s" max:"15m" help:"Time after which the process ends whatever still runs, and names it."`
}

// Default returns the configuration without file, environment and flags.
func Default() Config {
	c, err := Load(Source{})
	if err != nil {
		panic("config: the defaults are not valid: " + err.Error()) // a test loads them
	}
	return c
}

// SQLitePath is the file of the embedded database.
func (c Config) SQLitePath() string {
	if c.DatabaseURL == "" {
		return filepath.Join(c.DataDir, "harkara.db")
	}
	return strings.TrimPrefix(strings.TrimPrefix(c.DatabaseURL, "sqlite:"), "//")
}

// SMPPCertificate is the certificate and key that smpps_listen uses.
func (c Config) SMPPCertificate() (certFile, keyFile string) {
	if c.SMPPCertFile == "" {
		return c.HTTPSCertFile, c.HTTPSKeyFile
	}
	return c.SMPPCertFile, c.SMPPKeyFile
}

// LogValue gives every key for the log, secrets taken out.
func (c Config) LogValue() slog.Value {
	v := reflect.ValueOf(c)
	attrs := make([]slog.Attr, 0, v.NumField())
	for _, k := range keys() {
		attrs = append(attrs, slog.String(k.name, k.text(v.Field(k.field))))
	}
	return slog.GroupValue(attrs...)
}
