package config

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the golden files")

// canary is a secret that must never be printed.
const canary = "canary-0123456789-0123456789-0123456789"

// write puts text into a file of a new directory.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// flagSet parses args as a command would.
func flagSet(t *testing.T, args ...string) *pflag.FlagSet {
	t.Helper()
	fs := pflag.NewFlagSet("harkara", pflag.ContinueOnError)
	AddFlags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return fs
}

func load(t *testing.T, s Source) Config {
	t.Helper()
	c, err := Load(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDefaults(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	want := Config{Node: host, DataDir: "data", HTTPListen: ":8080", BodyLimit: 8 << 20, HeaderLimit: 1 << 20,
		HeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
		AdminListen: "127.0.0.1:8081", LogFormat: "text", ShutdownSoft: 15 * time.Second, ShutdownHard: 30 * time.Second}
	if got := Default(); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if n := len(keys()); n > 30 {
		t.Errorf("%d keys; 30 are the limit: settings belong in the database", n)
	}
}

func TestEachSourceWinsOverTheNext(t *testing.T) {
	file := write(t, "h.yaml", "node: file\nread_timeout: 2s\nwrite_timeout: 2s\nidle_timeout: 2s\n")
	env := []string{"HARKARA_WRITE_TIMEOUT=3s", "HARKARA_IDLE_TIMEOUT=3s", "PATH=/bin", "HARKARA_BODY_LIMIT="}
	c := load(t, Source{File: file, Environ: env, Flags: flagSet(t, "--idle-timeout=4s")})
	if c.Node != "file" || c.HeaderTimeout != 10*time.Second || c.ReadTimeout != 2*time.Second ||
		c.WriteTimeout != 3*time.Second || c.IdleTimeout != 4*time.Second || c.BodyLimit != 8<<20 {
		t.Errorf("got %+v", c)
	}
}

func TestFileIsNamedByFlagOrEnvironment(t *testing.T) {
	a, b := write(t, "a.yaml", "node: a"), write(t, "b.yaml", "node: b")
	if c := load(t, Source{Environ: []string{FileEnv + "=" + a}}); c.Node != "a" {
		t.Errorf("got %s", c.Node)
	}
	if c := load(t, Source{Environ: []string{FileEnv + "=" + a}, Flags: flagSet(t, "--config", b)}); c.Node != "b" {
		t.Errorf("got %s", c.Node)
	}
	if c := load(t, Source{File: b, Environ: []string{FileEnv + "=" + a}, Flags: flagSet(t, "--config", a)}); c.Node != "b" {
		t.Errorf("got %s", c.Node)
	}
	if c := load(t, Source{Flags: pflag.NewFlagSet("x", pflag.ContinueOnError)}); c.DataDir != "data" {
		t.Errorf("got %s", c.DataDir)
	}
}

// Every key can be set in every way.
func TestEveryKeyFromEverySource(t *testing.T) {
	values := map[string]string{
		"node": "n1", "data_dir": "/d", "database_url": "sqlite:/d/x.db", "secret": canary, "secret_file": "/s",
		"http_listen": "[::1]:80", "https_listen": ":443", "https_cert_file": "c.pem", "https_key_file": "k.pem",
		"trusted_proxies": "10.0.0.0/8,::1", "body_limit": "2MB", "header_limit": "64KiB", "header_timeout": "1s",
		"read_timeout": "2s", "write_timeout": "3s", "idle_timeout": "4s", "admin_listen": "off",
		"smpp_listen": ":2775", "smpps_listen": ":3550", "smpp_cert_file": "sc.pem", "smpp_key_file": "sk.pem",
		"smpp_client_ca_file": "ca.pem", "smpp_proxies": "192.0.2.1",
		"log_level": "debug", "log_format": "json", "shutdown_soft": "5s", "shutdown_hard": "6s",
	}
	want := Config{Node: "n1", DataDir: "/d", DatabaseURL: "sqlite:/d/x.db", Secret: canary, SecretFile: "/s",
		HTTPListen: "[::1]:80", HTTPSListen: ":443", HTTPSCertFile: "c.pem", HTTPSKeyFile: "k.pem",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		SMPPListen:     ":2775", SMPPSListen: ":3550", SMPPCertFile: "sc.pem", SMPPKeyFile: "sk.pem", SMPPClientCAFile: "ca.pem",
		SMPPProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")},
		BodyLimit:   2e6, HeaderLimit: 64 << 10, HeaderTimeout: time.Second, ReadTimeout: 2 * time.Second,
		WriteTimeout: 3 * time.Second, IdleTimeout: 4 * time.Second, LogLevel: Level(slog.LevelDebug), LogFormat: "json",
		ShutdownSoft: 5 * time.Second, ShutdownHard: 6 * time.Second}
	var yaml, env, files, args []string
	for _, k := range keys() {
		v, ok := values[k.name]
		if !ok {
			t.Fatalf("this test sets no %s", k.name)
		}
		yaml = append(yaml, fmt.Sprintf("%s: %q", k.name, v))
		env = append(env, k.env()+"="+v)
		if k.name != "secret" { // HARKARA_SECRET_FILE is a key of its own
			files = append(files, k.env()+"_FILE="+write(t, k.name, v+"\n"))
		}
		args = append(args, "--"+k.flag(), v)
	}
	for name, s := range map[string]Source{
		"yaml": {File: write(t, "h.yaml", strings.Join(yaml, "\n"))}, "environment": {Environ: env},
		"files": {Environ: files}, "flags": {Flags: flagSet(t, args...)},
	} {
		t.Run(name, func(t *testing.T) {
			want := want
			if name == "files" {
				want.Secret = ""
			} else {
				// Both at once are refused; the problem shows that both were read.
				if _, err := Load(s); err == nil || !strings.Contains(err.Error(), "secret and secret_file are both set") {
					t.Fatalf("got %v", err)
				}
				want.Secret = ""
				s.Flags = drop(t, s.Flags, args, "--secret")
				s.Environ = dropEnv(s.Environ, "HARKARA_SECRET=")
				if s.File != "" {
					s.File = write(t, "h.yaml", regexp.MustCompile(`(?m)^secret:.*$`).ReplaceAllString(strings.Join(yaml, "\n"), ""))
				}
			}
			if got := load(t, s); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func drop(t *testing.T, fs *pflag.FlagSet, args []string, name string) *pflag.FlagSet {
	if fs == nil {
		return nil
	}
	var kept []string
	for i := 0; i < len(args); i += 2 {
		if args[i] != name {
			kept = append(kept, args[i], args[i+1])
		}
	}
	return flagSet(t, kept...)
}

func dropEnv(env []string, prefix string) (kept []string) {
	for _, e := range env {
		if !strings.HasPrefix(e, prefix) {
			kept = append(kept, e)
		}
	}
	return kept
}

// Without a certificate of its own, SMPP uses that of HTTPS, also where HTTPS
// itself is off. A node may serve SMPP alone.
func TestCertificateOfSMPP(t *testing.T) {
	for yaml, want := range map[string][2]string{
		"smpps_listen: :1\nhttps_cert_file: c\nhttps_key_file: k\nhttp_listen: off":                                        {"c", "k"},
		"smpps_listen: :1\nhttps_cert_file: c\nhttps_key_file: k\nhttps_listen: :2\nsmpp_cert_file: sc\nsmpp_key_file: sk": {"sc", "sk"},
	} {
		cert, key := load(t, Source{File: write(t, "h.yaml", yaml)}).SMPPCertificate()
		if cert != want[0] || key != want[1] {
			t.Errorf("%s: %s, %s", yaml, cert, key)
		}
	}
	if c := load(t, Source{File: write(t, "h.yaml", "http_listen: off\nsmpp_listen: :1")}); c.HTTPListen != "" {
		t.Errorf("got %+v", c)
	}
}

func TestSecretOfTheStrongerSourceCounts(t *testing.T) {
	file := write(t, "h.yaml", "secret_file: /s")
	if c := load(t, Source{File: file, Environ: []string{"HARKARA_SECRET=" + canary}}); c.Secret != canary || c.SecretFile != "" {
		t.Errorf("got %q, %q", c.Secret.Bytes(), c.SecretFile)
	}
	c := load(t, Source{Environ: []string{"HARKARA_SECRET=" + canary}, Flags: flagSet(t, "--secret-file=/s")})
	if c.Secret != "" || c.SecretFile != "/s" {
		t.Errorf("got %q, %q", c.Secret.Bytes(), c.SecretFile)
	}
}

func TestEnvironmentThatIsNotOurs(t *testing.T) {
	load(t, Source{Environ: []string{
		"HARKARA_SMPP_ADDR=x:1", "HARKARA_SMPP_SYSTEM_ID=x", "HARKARA_SMPP_PASSWORD=x",
		"HARKARA_URL=http://x", "HARKARA_APIKEY=k", "HARKARA_APITOKEN=t", "HARKARA_SENDER=s", "HARKARA=1", "OTHER=1",
		"HARKARA_SERVICE_HOST=10.0.0.1", "HARKARA_SERVICE_PORT=80", "HARKARA_SERVICE_PORT_HTTP=80", "HARKARA_PORT=tcp://10.0.0.1:80",
		"HARKARA_PORT_80_TCP=tcp://10.0.0.1:80", "HARKARA_PORT_80_TCP_PROTO=tcp", "HARKARA_PORT_80_TCP_PORT=80",
		"HARKARA_PORT_80_TCP_ADDR=10.0.0.1", "HARKARA_ADMIN_SERVICE_HOST=10.0.0.1", "HARKARA_ADMIN_PORT=tcp://10.0.0.1:80",
	}})
}

func TestProblems(t *testing.T) {
	tests := []struct {
		name, yaml string
		env, args  []string
		want       []string // H stands for the file
	}{
		{name: "unknown key", yaml: "\nhttp_lisen: x", want: []string{"H:2: there is no key http_lisen; did you mean http_listen?"}},
		{name: "unlike any key", yaml: "zzzzzzzzzz: 1", want: []string{"H:1: there is no key zzzzzzzzzz (harkara config describe lists the keys)"}},
		{name: "unknown variable", env: []string{"HARKARA_LOGLEVEL=info"}, want: []string{"HARKARA_LOGLEVEL is set but there is no key loglevel; did you mean log_level?"}},
		{name: "port variable", env: []string{"HARKARA_HTTP_PORT=80"}, want: []string{"HARKARA_HTTP_PORT is set but there is no key http_port (harkara config describe lists the keys)"}},
		{name: "file of an unknown key", env: []string{"HARKARA_NAME_FILE=/x"}, want: []string{"HARKARA_NAME_FILE is set but there is no key name_file (harkara config describe lists the keys)"}},
		{name: "twice", yaml: "node: a\nnode: b", want: []string{"H:2: node is set a second time (first in line 1)"}},
		{name: "variable and its file", env: []string{"HARKARA_NODE=a", "HARKARA_NODE_FILE=/x"}, want: []string{"HARKARA_NODE and HARKARA_NODE_FILE are both set: keep one"}},
		{name: "file that is missing", env: []string{"HARKARA_NODE_FILE=/does/not/exist"}, want: []string{"HARKARA_NODE_FILE: open /does/not/exist: no such file or directory"}},
		{name: "flag twice", args: []string{"--node=a", "--node=b"}, want: []string{"--node is given 2 times"}},
		{name: "no mapping", yaml: "- a", want: []string{`H:1: this is no list of keys: write lines such as http_listen: ":8080"`}},
		{name: "no yaml", yaml: "a: [", want: []string{"H: line 1: did not find expected node content"}},
		{name: "two documents", yaml: "node: a\n---\nnode: b", want: []string{"H: there is more than one document in it"}},
		{name: "mapping as a value", yaml: "node: {a: 1}", want: []string{"H:1: node must be a plain value"}},
		{name: "list as a value", yaml: "node: [a]", want: []string{"H:1: node must be a plain value"}},
		{name: "mapping as a list", yaml: "trusted_proxies: {a: 1}", want: []string{"H:1: trusted_proxies must be a list of plain values"}},
		{name: "mapping in a list", yaml: "trusted_proxies: [{a: 1}]", want: []string{"H:1: trusted_proxies must be a list of plain values"}},
		{name: "duration", yaml: "read_timeout: 10", want: []string{`H:1: read_timeout: "10" is not a duration: write a number with a unit, such as 500ms, 10s or 2m`}},
		{name: "empty duration", yaml: "read_timeout:", want: []string{`H:1: read_timeout: "" is not a duration: write a number with a unit, such as 500ms, 10s or 2m`}},
		{name: "duration out of range", args: []string{"--read-timeout=2h"}, want: []string{`--read-timeout: "2h" is out of range: use 1s to 1h`}},
		{name: "size", env: []string{"HARKARA_BODY_LIMIT=many"}, want: []string{`HARKARA_BODY_LIMIT: "many" is not a size: write a whole number of bytes or one with a unit, such as 8MiB`}},
		{name: "size out of range", yaml: "body_limit: 12", want: []string{`H:1: body_limit: "12" is out of range: use 1KiB to 1GiB`}},
		{name: "listen", yaml: "http_listen: localhost", want: []string{`H:1: http_listen: "localhost" is not an address to listen on: write host:port, :port for every address, or off`}},
		{name: "port", yaml: "http_listen: :http", want: []string{`H:1: http_listen: ":http" is not an address to listen on: write host:port, :port for every address, or off`}},
		{name: "nothing listens", yaml: "http_listen: off", want: []string{"http_listen, https_listen, smpp_listen and smpps_listen are all off: set one of them"}},
		{name: "smpp over tls without files", yaml: "smpps_listen: :3550", want: []string{"smpps_listen needs smpp_cert_file and smpp_key_file, or https_cert_file and https_key_file"}},
		{name: "half a pair", yaml: "smpps_listen: :3550\nsmpp_cert_file: c", want: []string{"smpp_cert_file and smpp_key_file belong together: set both, or neither for those of https_listen"}},
		{name: "half a pair of both", yaml: "smpps_listen: :3550\nhttps_cert_file: c", want: []string{"smpps_listen needs smpp_cert_file and smpp_key_file, or https_cert_file and https_key_file"}},
		{name: "smpp files without tls", yaml: "smpp_cert_file: c\nsmpp_key_file: k\nsmpp_client_ca_file: a\nsmpp_proxies: [192.0.2.1]", want: []string{
			"smpp_cert_file and smpp_key_file need smpps_listen: without it no SMPP is served over TLS",
			"smpp_client_ca_file needs smpps_listen: without it nobody is asked for a certificate", "smpp_proxies needs smpp_listen or smpps_listen"}},
		{name: "smpp that cannot be read", yaml: "smpp_listen: 2775", want: []string{`H:1: smpp_listen: "2775" is not an address to listen on: write host:port, :port for every address, or off`}},
		{name: "tls without files", yaml: "https_listen: :443", want: []string{"https_listen needs https_cert_file and https_key_file"}},
		{name: "files without tls", yaml: "https_key_file: k", want: []string{"https_cert_file and https_key_file need https_listen: without it nothing is served over TLS"}},
		{name: "proxies", yaml: "trusted_proxies: [proxy]", want: []string{`H:1: trusted_proxies: "proxy" holds "proxy", which is neither an address nor a network such as 10.0.0.0/8`}},
		{name: "host bits", yaml: "trusted_proxies: 10.1.2.3/8", want: []string{`H:1: trusted_proxies: "10.1.2.3/8" holds 10.1.2.3/8, which has bits set behind its length: write 10.0.0.0/8`}},
		{name: "level", yaml: "log_level: info+1", want: []string{`H:1: log_level: "info+1" is not a log level: use debug, info, warn or error`}},
		{name: "format", yaml: "log_format: xml", want: []string{`H:1: log_format: "xml" is not known: use text or json`}},
		{name: "node", yaml: "node: a b", want: []string{`H:1: node: "a b" is not a name: use at most 64 visible ASCII characters`}},
		{name: "data dir", yaml: `data_dir: ""`, want: []string{`H:1: data_dir: "" must not be empty`}},
		{name: "postgres", yaml: "database_url: postgres://u:" + canary + "@db/x", want: []string{`H:1: database_url: "postgres://u:[redacted]@db/x" is not possible yet: this version keeps its data in SQLite only. Leave database_url empty, or write sqlite:PATH`}},
		{name: "other database", yaml: "database_url: mysql:x", want: []string{`H:1: database_url: "mysql:x" is not a database: leave it empty for harkara.db in data_dir, or write sqlite:PATH`}},
		{name: "short secret", env: []string{"HARKARA_SECRET=canary"}, want: []string{"HARKARA_SECRET: the value is too short: a secret has 32 characters or more (openssl rand -hex 32 makes a good one)"}},
		{name: "limits", yaml: "shutdown_soft: 1m", want: []string{"shutdown_hard (30s) is before shutdown_soft (1m0s)"}},
		{name: "only the first cause", yaml: "shutdown_hard: x\nhttps_listen: x\nhttps_key_file: k", want: []string{
			`H:2: https_listen: "x" is not an address to listen on: write host:port, :port for every address, or off`,
			`H:1: shutdown_hard: "x" is not a duration: write a number with a unit, such as 500ms, 10s or 2m`}},
		{name: "all at once", yaml: "nod: a\nlog_format: x", env: []string{"HARKARA_X1=1"}, args: []string{"--body-limit=x"}, want: []string{
			"H:1: there is no key nod; did you mean node?", "HARKARA_X1 is set but there is no key x1 (harkara config describe lists the keys)",
			`--body-limit: "x" is not a size: write a whole number of bytes or one with a unit, such as 8MiB`,
			`H:2: log_format: "x" is not known: use text or json`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := write(t, "h.yaml", tt.yaml)
			c, err := Load(Source{File: file, Environ: tt.env, Flags: flagSet(t, tt.args...)})
			p, ok := err.(Problems)
			if !ok {
				t.Fatalf("got %+v, %v", c, err)
			}
			got, want := strings.ReplaceAll(strings.Join(p, "\n"), file, "H"), strings.Join(tt.want, "\n")
			if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("a secret is in %v", err)
			}
		})
	}
}

func TestProblemsAsOneError(t *testing.T) {
	if got := (Problems{"a"}).Error(); got != "configuration: a" {
		t.Error(got)
	}
	if got := (Problems{"a", "b"}).Error(); got != "configuration: 2 problems:\n  a\n  b" {
		t.Error(got)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	if _, err := Load(Source{File: "/does/not/exist"}); err == nil || !strings.Contains(err.Error(), "/does/not/exist: there is no such file (a sample: harkara config describe)") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(Source{File: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "is a directory") {
		t.Errorf("got %v", err)
	}
	for _, empty := range []string{"", "# nothing\n", "---\n"} {
		load(t, Source{File: write(t, "h.yaml", empty)})
	}
}

func TestFlagsOfOneCommand(t *testing.T) {
	fs := pflag.NewFlagSet("x", pflag.ContinueOnError)
	fs.String("node", "own", "a flag of the command's own")
	AddFlags(fs, "data_dir", "trusted_proxies")
	if fs.Lookup("http-listen") != nil || fs.Lookup("config") == nil {
		t.Error("AddFlags does not keep to the named keys")
	}
	if err := fs.Parse([]string{"--node=mine", "--data-dir=d", "--trusted-proxies=::1", "--trusted-proxies=10.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	if c := load(t, Source{Flags: fs}); c.DataDir != "d" || len(c.TrustedProxies) != 2 || c.Node == "mine" {
		t.Errorf("got %+v", c)
	}
	if help := fs.FlagUsages(); !strings.Contains(help, "--data-dir value") || !strings.Contains(help, "(default data)") {
		t.Error(help)
	}
}

func TestDescribe(t *testing.T) {
	var out bytes.Buffer
	if err := Describe(&out); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/sample.yaml"
	if *update {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("go test ./internal/config -update writes the golden file; got\n%s", out.String())
	}
	// The sample with every key in force is the default configuration.
	all := regexp.MustCompile(`(?m)^#(\w)`).ReplaceAllString(out.String(), "$1")
	if got := load(t, Source{File: write(t, "h.yaml", all)}); !reflect.DeepEqual(got, Default()) {
		t.Errorf("got %+v", got)
	}
	if n := strings.Count(all, ": "); n < len(keys()) {
		t.Errorf("%d values", n)
	}
}

func TestDescribePassesOnWriteErrors(t *testing.T) {
	if err := Describe(brokenWriter{}); err == nil {
		t.Error("no error")
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestEveryKeyIsDocumented(t *testing.T) {
	for _, k := range keys() {
		if k.help == "" || !strings.HasSuffix(k.help, ".") && !strings.HasSuffix(k.help, ".)") || k.name == "" {
			t.Errorf("%q: help %q", k.name, k.help)
		}
	}
}
