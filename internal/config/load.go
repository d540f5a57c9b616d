package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

const (
	envPrefix = "HARKARA_"
	// FileEnv names the configuration file where no flag does.
	FileEnv = envPrefix + "CONFIG"
)

// clientEnv are the variables of the client commands (harkara dev writes them to
// dev.env): known, but no boot keys.
var clientEnv = map[string]bool{
	"HARKARA_URL": true, "HARKARA_APIKEY": true, "HARKARA_APITOKEN": true, "HARKARA_SENDER": true,
	"HARKARA_SMPP_ADDR": true, "HARKARA_SMPP_SYSTEM_ID": true, "HARKARA_SMPP_PASSWORD": true,
}

// Source is where [Load] reads from. The zero value has only the defaults.
type Source struct {
	// File is the configuration file in YAML. Empty: the one that --config or else
	// HARKARA_CONFIG names, if any.
	File string
	// Environ is the environment, as from [os.Environ].
	Environ []string
	// Flags are flags made by [AddFlags], after parsing.
	Flags *pflag.FlagSet
}

// Problems are all that is wrong in a configuration, one line each.
type Problems []string

func (p Problems) Error() string {
	if len(p) == 1 {
		return "configuration: " + p[0]
	}
	return fmt.Sprintf("configuration: %d problems:\n  %s", len(p), strings.Join(p, "\n  "))
}

// setting is a value with the place it comes from, for messages.
type setting struct {
	text, from string
	rank       int // 1 file, 2 environment, 3 flags
}

// loader collects settings and problems.
type loader struct {
	keys     map[string]key
	settings map[string]setting
	bad      map[string]bool // keys with a problem of their own
	problems Problems
}

func (l *loader) problem(format string, args ...any) {
	l.problems = append(l.problems, fmt.Sprintf(format, args...))
}

// Load reads the sources and returns the configuration, or [Problems] with
// everything that is wrong.
func Load(s Source) (Config, error) {
	l := &loader{keys: make(map[string]key), settings: make(map[string]setting), bad: make(map[string]bool)}
	all := keys()
	for _, k := range all {
		l.keys[k.name] = k
	}
	env := splitEnv(s.Environ)
	if path := cmp.Or(s.File, fileFlag(s.Flags), env[FileEnv]); path != "" {
		l.file(path)
	}
	l.environment(env)
	l.flags(s.Flags)

	var c Config
	v := reflect.ValueOf(&c).Elem()
	for _, k := range all {
		set, ok := l.settings[k.name]
		if !ok {
			set = setting{text: k.def, from: "default of " + k.name}
		}
		if err := k.set(v.Field(k.field), set.text); err != nil {
			l.bad[k.name] = true
			l.problem("%s: %v", set.from, err)
		}
	}
	l.check(&c)
	if len(l.problems) > 0 {
		return Config{}, l.problems
	}
	return c, nil
}

// check holds keys against each other, and fills in the node's name.
func (l *loader) check(c *Config) {
	if c.Node == "" && !l.bad["node"] {
		host, err := os.Hostname()
		if err != nil || host == "" {
			l.problem("node: this machine has no host name: set node to a name of your choice")
		}
		c.Node = host
	}
	if c.ShutdownHard < c.ShutdownSoft && !l.bad["shutdown_hard"] {
		l.problem("shutdown_hard (%s) is before shutdown_soft (%s)", c.ShutdownHard, c.ShutdownSoft)
	}
	l.checkListeners(c)
	// The secret itself and the file that holds it: the stronger source counts.
	secret, file := l.settings["secret"], l.settings["secret_file"]
	switch {
	case secret.text == "" || file.text == "":
	case secret.rank == file.rank:
		l.problem("secret and secret_file are both set (%s, %s): keep one", secret.from, file.from)
	case secret.rank > file.rank:
		c.SecretFile = ""
	default:
		c.Secret = ""
	}
}

func (l *loader) checkListeners(c *Config) {
	if l.bad["http_listen"] || l.bad["https_listen"] || l.bad["smpp_listen"] || l.bad["smpps_listen"] {
		return
	}
	ownSMPP := c.SMPPCertFile != "" || c.SMPPKeyFile != ""
	smppsNeedsHTTPS := c.SMPPSListen != "" && !ownSMPP
	if c.HTTPSListen != "" && (c.HTTPSCertFile == "" || c.HTTPSKeyFile == "") {
		l.problem("https_listen needs https_cert_file and https_key_file")
	}
	if c.HTTPSListen == "" && !smppsNeedsHTTPS && (c.HTTPSCertFile != "" || c.HTTPSKeyFile != "") {
		l.problem("https_cert_file and https_key_file need https_listen: without it nothing is served over TLS")
	}
	l.checkSMPP(c, ownSMPP, smppsNeedsHTTPS)
	if c.HTTPListen == "" && c.HTTPSListen == "" && c.SMPPListen == "" && c.SMPPSListen == "" {
		l.problem("http_listen, https_listen, smpp_listen and smpps_listen are all off: set one of them")
	}
}

func (l *loader) checkSMPP(c *Config, own, needsHTTPS bool) {
	switch {
	case own && (c.SMPPCertFile == "" || c.SMPPKeyFile == ""):
		l.problem("smpp_cert_file and smpp_key_file belong together: set both, or neither for those of https_listen")
	case own && c.SMPPSListen == "":
		l.problem("smpp_cert_file and smpp_key_file need smpps_listen: without it no SMPP is served over TLS")
	case needsHTTPS && (c.HTTPSCertFile == "" || c.HTTPSKeyFile == ""):
		l.problem("smpps_listen needs smpp_cert_file and smpp_key_file, or https_cert_file and https_key_file")
	}
	if c.SMPPClientCAFile != "" && c.SMPPSListen == "" {
		l.problem("smpp_client_ca_file needs smpps_listen: without it nobody is asked for a certificate")
	}
	if len(c.SMPPProxies) > 0 && c.SMPPListen == "" && c.SMPPSListen == "" {
		l.problem("smpp_proxies needs smpp_listen or smpps_listen")
	}
}

// splitEnv makes a map of the variables that begin with HARKARA_. An empty one
// counts as not set, since Compose files and unit files pass such on.
func splitEnv(environ []string) map[string]string {
	m := make(map[string]string)
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if strings.HasPrefix(name, envPrefix) && value != "" {
			m[name] = value
		}
	}
	return m
}

// kubernetes matches the variables that Kubernetes sets in every container for a
// service called harkara or harkara-something.
var kubernetes = regexp.MustCompile(`^HARKARA_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

func fromKubernetes(name, value string) bool {
	// HARKARA_PORT=tcp://10.0.0.1:80 is one too, HARKARA_PORT=80 a mistake.
	return kubernetes.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

func (l *loader) environment(env map[string]string) {
	for _, name := range sortedKeys(env) {
		key := strings.ToLower(strings.TrimPrefix(name, envPrefix))
		value := env[name]
		switch _, known := l.keys[key]; {
		case name == FileEnv || clientEnv[name]:
		case known:
			l.set(key, value, name, 2)
		case strings.HasSuffix(key, "_file") && l.known(strings.TrimSuffix(key, "_file")):
			l.fromFile(strings.TrimSuffix(key, "_file"), name, value, env)
		case fromKubernetes(name, value):
		default:
			l.problem("%s is set but there is no key %s%s", name, key, l.meant(key))
		}
	}
}

func (l *loader) known(key string) bool { _, ok := l.keys[key]; return ok }

// fromFile reads the value of a key from the file that HARKARA_KEY_FILE names.
func (l *loader) fromFile(key, name, path string, env map[string]string) {
	if plain := strings.TrimSuffix(name, "_FILE"); env[plain] != "" {
		l.problem("%s and %s are both set: keep one", plain, name)
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		l.problem("%s: %v", name, err)
		return
	}
	// The line break at the end of a file is not meant.
	l.set(key, strings.TrimRight(string(b), "\r\n"), name, 2)
}

func (l *loader) set(key, text, from string, rank int) {
	l.settings[key] = setting{text: text, from: from, rank: rank}
}

// AddFlags adds a flag for each of the named keys, or for all of them, and
// --config. Flags have no defaults of their own.
func AddFlags(fs *pflag.FlagSet, names ...string) {
	fs.String("config", "", "configuration file (YAML); also "+FileEnv)
	for _, k := range keys() {
		if len(names) > 0 && !slices.Contains(names, k.name) {
			continue
		}
		help := k.help
		if k.def != "" {
			help += " (default " + k.def + ")"
		}
		fs.Var(&flagValue{}, k.flag(), help)
	}
}

// fileFlag is the value of --config.
func fileFlag(fs *pflag.FlagSet) string {
	if fs == nil {
		return ""
	}
	f := fs.Lookup("config")
	if f == nil {
		return ""
	}
	return f.Value.String()
}

// flagValue keeps the text of a flag; a list may be given in several flags.
type flagValue struct{ texts []string }

func (f *flagValue) String() string     { return strings.Join(f.texts, ",") }
func (f *flagValue) Set(s string) error { f.texts = append(f.texts, s); return nil }
func (f *flagValue) Type() string       { return "value" }

// flags takes the flags that were given.
func (l *loader) flags(fs *pflag.FlagSet) {
	if fs == nil {
		return
	}
	for _, k := range sortedKeys(l.keys) {
		f := fs.Lookup(l.keys[k].flag())
		if f == nil || !f.Changed {
			continue
		}
		v, ok := f.Value.(*flagValue)
		if !ok {
			continue // a flag of the command's own with such a name
		}
		if len(v.texts) > 1 && !l.keys[k].list() {
			l.problem("--%s is given %d times", f.Name, len(v.texts))
			continue
		}
		l.set(k, v.String(), "--"+f.Name, 3)
	}
}

// file reads the configuration file.
func (l *loader) file(path string) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		l.problem("%s: there is no such file (a sample: harkara config describe)", path)
		return
	}
	if err != nil {
		l.problem("%v", err)
		return
	}
	l.yaml(path, b)
}
