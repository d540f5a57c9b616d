// Package e2e holds dialogues with the whole binary: real processes, real
// sockets, a real database on disk, and peers that nobody here wrote. The
// longer proofs run with PROOF=1 (make proof).
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// binary is built once, from this tree, unless the variable names one.
var binary string

const binaryVariable = "E2E_BINARY"

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	for _, v := range os.Environ() { // of an installation of the developer's own
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "HARKARA_") {
			os.Unsetenv(name)
		}
	}
	if err := os.Setenv(customerPasswordVariable, customerPassword); err != nil {
		return 1, err
	}
	if binary = os.Getenv(binaryVariable); binary != "" {
		return m.Run(), nil
	}
	dir, err := os.MkdirTemp("", "harkara-e2e-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "harkara")
	if out, err := exec.Command("go", "build", "-o", binary, "../cmd/harkara").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// proof says whether the longer proofs are asked for.
func proof() bool { return os.Getenv("PROOF") != "" }

// patience bounds every wait; nothing is ever expected to take so long.
const patience = 60 * time.Second

// lookEvery is how often a condition is looked at.
const lookEvery = 10 * time.Millisecond

// eventually waits until cond holds.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !cond() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("still not: %s", what)
		}
	}
}

// server is one installation: a data directory, its command line, and the
// process that serves it.
type server struct {
	t          *testing.T
	dir        string
	http       string
	admin      string
	smpp       string // where customers bind; empty: nowhere
	key, token string

	cmd  *exec.Cmd
	done chan error
	mu   sync.Mutex
	log  bytes.Buffer
}

// newServer makes an installation with the configuration (see docs/example.yaml)
// and an API key for its account.
func newServer(t *testing.T, configuration, account string) *server {
	t.Helper()
	return newServerIn(t, t.TempDir(), configuration, account)
}

// newServerIn is newServer in a directory that exists.
func newServerIn(t *testing.T, dir, configuration, account string) *server {
	t.Helper()
	s := &server{t: t, dir: dir, http: freeAddr(t), admin: freeAddr(t)}
	s.cli("migrate")
	s.apply(configuration)
	var key struct {
		APIKey   string `json:"api_key"`
		APIToken string `json:"api_token"`
	}
	if err := json.Unmarshal([]byte(s.cli("key", "create", "e2e", "--account", account, "-o", "json")), &key); err != nil {
		t.Fatal(err)
	}
	s.key, s.token = key.APIKey, key.APIToken
	t.Cleanup(func() {
		s.kill()
		if t.Failed() {
			t.Logf("log of the server:\n%s", s.logged())
		}
	})
	return s
}

// nextPort walks below the range from which the kernel takes the ports of
// outgoing connections: none of those can take an address that a test holds for
// a server that is not there yet.
var nextPort atomic.Int32

// freeAddr is an address on which nobody listens, given to one test only.
func freeAddr(t *testing.T) string {
	t.Helper()
	const first, count = 12_000, 20_000
	nextPort.CompareAndSwap(0, int32(os.Getpid()%count)) // not where another run is
	for range 1000 {
		addr := fmt.Sprintf("127.0.0.1:%d", first+nextPort.Add(1)%count)
		if ln, err := net.Listen("tcp", addr); err == nil {
			_ = ln.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}

func (s *server) apply(configuration string) {
	s.t.Helper()
	file := filepath.Join(s.dir, "apply.yaml")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.cli("apply", "-f", file)
}

// cli runs a command on the installation and returns what it printed.
func (s *server) cli(args ...string) string {
	s.t.Helper()
	out, err := s.try(args...)
	if err != nil {
		s.t.Fatalf("harkara %s: %v", strings.Join(args, " "), err)
	}
	return out
}

func (s *server) try(args ...string) (string, error) {
	cmd := exec.Command(binary, append(args, "--data-dir", s.dir)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s%s", err, errs.String(), out.String())
	}
	return out.String(), nil
}

// start runs the server and waits until it is ready.
func (s *server) start(extra ...string) {
	s.t.Helper()
	args := append([]string{"serve", "--data-dir", s.dir, "--http-listen", s.http, "--admin-listen", s.admin, "--log-level", "debug"}, extra...)
	if s.smpp != "" {
		args = append(args, "--smpp-listen", s.smpp)
	}
	s.cmd = exec.Command(binary, args...)
	out := &locked{mu: &s.mu, b: &s.log}
	s.cmd.Stdout, s.cmd.Stderr = out, out
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(s.cmd, s.done)
	eventually(s.t, "the server is ready", func() bool {
		select {
		case err := <-s.done:
			s.done <- err
			s.t.Fatalf("the server ended: %v\n%s", err, s.logged())
		default:
		}
		resp, err := http.Get("http://" + s.admin + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

type locked struct {
	mu *sync.Mutex
	b  *bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// kill ends the process as a power cut of the process would: no signal handler runs.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(syscall.SIGKILL)
	<-s.done
	s.cmd = nil
}

// stop asks the process to end and expects it to end well.
func (s *server) stop() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Fatalf("the server did not stop well: %v\n%s", err, s.logged())
		}
	case <-time.After(patience):
		s.t.Fatal("the server does not stop")
	}
	s.cmd = nil
}

// reply is any answer of the smsAPI.
type reply struct {
	Request     string
	Status      string
	Message     string
	GroupID     string `json:"group_id"`
	GroupStatus string `json:"group_status"`
	Recipients  []struct{ ID, To, Status, Input, Detail, Reason string }
	Inbox       []struct{ ID, From, To, Message, Date string }
	Balance     *string
	Date        string
}

// call asks the smsAPI; params are name, value, name, value.
func (s *server) call(action string, params ...string) reply {
	s.t.Helper()
	r, err := s.ask(http.DefaultClient, action, params...)
	if err != nil {
		s.t.Fatalf("%s: %v", action, err)
	}
	return r
}

func (s *server) ask(client *http.Client, action string, params ...string) (reply, error) {
	q := url.Values{"apikey": {s.key}, "apitoken": {s.token}}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	resp, err := client.Get("http://" + s.http + "/smsAPI?" + action + "&" + q.Encode())
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return reply{}, err
	}
	var r reply
	if err := json.Unmarshal(body, &r); err != nil {
		return reply{}, errors.Join(err, errors.New(string(body)))
	}
	return r, nil
}

// send sends one message and returns its group.
func (s *server) send(to, text string, params ...string) string {
	s.t.Helper()
	r := s.call("sendsms", append([]string{"from", "ACME", "to", to, "text", text}, params...)...)
	if r.Status != "queued" || r.GroupID == "" {
		s.t.Fatalf("not accepted: %+v", r)
	}
	return r.GroupID
}

// detail is the fine status of the only recipient of a group.
func (s *server) detail(group string) string {
	s.t.Helper()
	r := s.call("groupstatus", "groupid", group, "detail", "1")
	if len(r.Recipients) != 1 {
		s.t.Fatalf("group %s: %+v", group, r)
	}
	return r.Recipients[0].Detail
}

// reaches waits for a fine status.
func (s *server) reaches(group, detail string) {
	s.t.Helper()
	last := ""
	eventually(s.t, "group "+group+" is "+detail, func() bool {
		last = s.detail(group)
		return last == detail
	})
}

// checked runs harkara check, which must find nothing.
func (s *server) checked() {
	s.t.Helper()
	if out, err := s.try("check"); err != nil {
		s.t.Errorf("harkara check: %v\n%s", err, out)
	}
}

// oneRoute is a configuration with one SMPP connector to addr; more goes into
// its settings, route into its route.
func oneRoute(addr, more, route string) string {
	if more != "" {
		more = ", " + more
	}
	if route != "" {
		route = "\n    " + strings.ReplaceAll(route, "\n", "\n    ")
	}
	return fmt.Sprintf(`
price_lists:
  - name: retail
    prices: [{prefix: "", price: "0.25"}]
connectors:
  - name: operator
    protocol: smpp
    window: 50
    settings: {hosts: ["%s"], system_id: e2e, password: secret1, reconnect_min: 50ms, reconnect_max: 500ms, reconnect_stable: 1s%s}
routes:
  - name: main
    connectors: [{name: operator}]%s
rules:
  - {prefix: "", route: main}
accounts:
  - name: acme
    time_zone: Asia/Dhaka
    country: BD
    price_list: retail
    routes: [main]
    senders:
      - {name: ACME, status: approved}
      - {name: "8809612345678", status: approved}
    numbers: [{number: "8809612345678"}]
`, addr, more, route)
}
