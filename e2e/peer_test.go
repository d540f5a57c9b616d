package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// event is what a peer saw; peers/README.md describes the fields.
type event struct {
	Event string

	Port int

	Mode     string
	Session  string
	SystemID string `json:"system_id"`
	Version  int
	OK       bool

	From, To       string
	FromTON        int `json:"from_ton"`
	FromNPI        int `json:"from_npi"`
	ToTON          int `json:"to_ton"`
	ToNPI          int `json:"to_npi"`
	Coding, ESM    int
	Registered     int
	Validity       string
	Text, How, ID  string
	Ref, Total     int
	Seq, Parts     int
	What, Via, Why string
	Status         int

	Stat, Err string // of a receipt's text; ID is its id
	TLVID     string `json:"tlv_id"`
	State     int
	Done      string
	Refused   []struct {
		To     string
		Status int
	}
}

// order is what a peer is told to do.
type order map[string]any

// peer is a running SMSC, or customer's system, of somebody else.
type peer struct {
	t    *testing.T
	port int // of an SMSC
	in   io.Writer

	mu     sync.Mutex
	events []event
	stderr bytes.Buffer
	news   chan struct{} // closed and replaced at each event
	over   chan struct{} // closed when it has ended
	done   int           // orders carried out
}

// kinds are the libraries of the peers, by name: what runs them and the ending
// of their scripts.
var kinds = map[string][2]string{
	"node-smpp":     {"node", ".js"},
	"perl-net-smpp": {"perl", ".pl"},
}

// program finds a program that the tests need; a missing one fails the test.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing; run: make deps", name)
	}
	return path
}

// newPeer starts an SMSC to which systemID may bind with the password; more are
// further arguments of its script.
func newPeer(t *testing.T, kind, systemID, password string, more ...string) *peer {
	t.Helper()
	p := startPeer(t, kind, "smsc", append([]string{systemID, password}, more...)...)
	p.port = p.await("it listens", func(e event) bool { return e.Event == "listening" }).Port
	return p
}

// startPeer runs a script of a kind; it ends with the test.
func startPeer(t *testing.T, kind, script string, args ...string) *peer {
	t.Helper()
	interpreter, ending := kinds[kind][0], kinds[kind][1]
	modules, err := filepath.Abs("../.cache/npm/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "smpp")); err != nil && interpreter == "node" {
		t.Fatal("npm smpp is missing; run: make deps")
	}
	cmd := exec.Command(program(t, interpreter), append([]string{"peers/" + script + ending}, args...)...)
	cmd.Env = append(os.Environ(), "NODE_PATH="+modules)
	p := &peer{t: t, news: make(chan struct{}), over: make(chan struct{})}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.in, cmd.Stderr = in, &locked{mu: &p.mu, b: &p.stderr}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { defer close(p.over); p.read(out) }()
	t.Cleanup(func() {
		_ = in.Close() // the peer ends then
		<-p.over
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		for _, e := range p.seen("trouble") {
			t.Errorf("%s complains: %s", kind, e.Why)
		}
		if p.stderr.Len() > 0 {
			t.Errorf("%s says: %s", kind, p.stderr.String())
		}
	})
	return p
}

func (p *peer) addr() string { return fmt.Sprintf("127.0.0.1:%d", p.port) }

func (p *peer) read(out io.Reader) {
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			e = event{Event: "trouble", Why: err.Error() + ": " + lines.Text()}
		}
		p.mu.Lock()
		p.events = append(p.events, e)
		if e.Event == "done" {
			p.done++
		}
		close(p.news)
		p.news = make(chan struct{})
		p.mu.Unlock()
	}
}

// seen are the events of a name so far.
func (p *peer) seen(name string) []event {
	p.mu.Lock()
	defer p.mu.Unlock()
	var list []event
	for _, e := range p.events {
		if e.Event == name {
			list = append(list, e)
		}
	}
	return list
}

// await returns the first event, of those so far and those to come, that fits.
func (p *peer) await(what string, fits func(event) bool) event {
	p.t.Helper()
	return p.awaitN(what, 1, fits)[0]
}

// awaitN waits for n events that fit, and returns all that fit until then.
func (p *peer) awaitN(what string, n int, fits func(event) bool) []event {
	p.t.Helper()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		p.mu.Lock()
		news := p.news
		var list []event
		for _, e := range p.events {
			if fits(e) {
				list = append(list, e)
			}
		}
		p.mu.Unlock()
		if len(list) >= n {
			return list
		}
		select {
		case <-news:
		case <-p.over:
			p.t.Fatalf("the peer has ended (is a library missing? run: make deps)\n%s", p.story())
		case <-timeout.C:
			p.t.Fatalf("the peer has not seen: %s (%d of %d)\n%s", what, len(list), n, p.story())
		}
	}
}

// story is all that the peer saw, for a failed test.
func (p *peer) story() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, e := range p.events {
		fmt.Fprintf(&b, "%+v\n", e)
	}
	return b.String() + p.stderr.String()
}

// tell gives an order and waits until it is carried out.
func (p *peer) tell(o order) {
	p.t.Helper()
	line, err := json.Marshal(o)
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	want := p.done + 1
	p.mu.Unlock()
	if _, err := p.in.Write(append(line, '\n')); err != nil {
		p.t.Fatal(err)
	}
	p.awaitN("done", want, func(e event) bool { return e.Event == "done" })
}
