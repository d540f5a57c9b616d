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
}

// order is what a peer is told to do.
type order map[string]any

// peer is a running SMSC of somebody else.
type peer struct {
	t    *testing.T
	port int
	in   io.Writer

	mu     sync.Mutex
	events []event
	stderr bytes.Buffer
	news   chan struct{} // closed and replaced at each event
	over   chan struct{} // closed when it has ended
	done   int           // orders carried out
}

// kinds are the peers there are, by name.
var kinds = map[string][]string{
	"node-smpp":     {"node", "peers/smsc.js"},
	"perl-net-smpp": {"perl", "peers/smsc.pl"},
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

// newPeer starts a peer to which systemID may bind with the password; more are
// further arguments of its script.
func newPeer(t *testing.T, kind, systemID, password string, more ...string) *peer {
	t.Helper()
	what := kinds[kind]
	modules, err := filepath.Abs("../.cache/npm/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(modules, "smpp")); err != nil && what[0] == "node" {
		t.Fatal("npm smpp is missing; run: make deps")
	}
	cmd := exec.Command(program(t, what[0]), append([]string{what[1], systemID, password}, more...)...)
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
	p.port = p.await("it listens", func(e event) bool { return e.Event == "listening" }).Port
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

// longModes are the routes of peerConfiguration by the prefix that leads to them.
var longModes = map[string]string{"88017": "udh8", "88018": "udh16", "88019": "sar", "88016": "payload"}

// peerConfiguration has one connector and a route for each way to send long texts.
func peerConfiguration(addr, password, bind string) string {
	var routes, rules, names strings.Builder
	for prefix, mode := range longModes {
		fmt.Fprintf(&routes, "  - {name: %s, long: %s, connectors: [{name: operator}]}\n", mode, mode)
		fmt.Fprintf(&rules, "  - {prefix: %q, route: %s}\n", prefix, mode)
		fmt.Fprintf(&names, "%s, ", mode)
	}
	return fmt.Sprintf(`
price_lists:
  - name: retail
    prices: [{prefix: "", price: "0.25"}]
connectors:
  - name: operator
    protocol: smpp
    window: 10
    settings: {hosts: ["%s"], system_id: e2e, password: %s, bind: %s, enquire_interval: 200ms,
      reconnect_min: 20ms, reconnect_max: 100ms, reconnect_refused: 100ms, reconnect_stable: 1s}
routes:
%srules:
%saccounts:
  - name: acme
    time_zone: Asia/Dhaka
    country: BD
    price_list: retail
    max_parts: 20
    routes: [%s]
    senders:
      - {name: ACME, status: approved}
      - {name: "8809612345678", status: approved}
    numbers: [{number: "8809612345678"}]
`, addr, password, bind, routes.String(), rules.String(), strings.TrimSuffix(names.String(), ", "))
}

// Texts that the peers must give back.
var (
	allGSM    = "@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extended  = "^{}\\[~]|€"
	longGSM   = strings.Repeat("An escape pair is never split: {[~]}€ ", 12)
	bengali   = "আমার সোনার বাংলা 😀👩‍👩‍👧"
	longEmoji = strings.Repeat("আমি তোমায় ভালোবাসি 😀", 12)
)

// dialogue is one message and what the peer and the customer see of it.
type dialogue struct {
	name   string
	to     string
	text   string
	params []string
	plan   order // without "do" and "to"

	coding, parts int
	how           string // empty: single
	detail        string // empty: delivered
}

func dialogues() []dialogue {
	list := []dialogue{
		{name: "the whole default alphabet", to: "8801700000001", text: allGSM, parts: 1},
		{name: "extension characters", to: "8801700000002", text: extended, parts: 1},
		{name: "the longest single", to: "8801700000003", text: strings.Repeat("x", 158) + "€", parts: 1},
		{name: "Unicode with emoji", to: "8801700000004", text: bengali, coding: 8, parts: 1},
		{name: "Unicode asked for", to: "8801700000005", text: "plain", params: []string{"type", "unicode"}, coding: 8, parts: 1},
		{name: "flash", to: "8801700000006", text: "flash €", params: []string{"type", "flash"}, coding: 0x10, parts: 1},
		{name: "flash in Unicode", to: "8801700000007", text: "ঝলক", params: []string{"type", "flash"}, coding: 0x18, parts: 1},
		{name: "undelivered, receipt as text", to: "8801700000008", text: "x", plan: order{"receipt": "text", "stat": "UNDELIV"}, parts: 1, detail: "undelivered"},
		{name: "delivered, receipt as parameters", to: "8801700000009", text: "x", plan: order{"receipt": "tlv", "stat": "DELIVRD"}, parts: 1},
		{name: "undelivered, receipt as parameters", to: "8801700000010", text: "x", plan: order{"receipt": "tlv", "stat": "UNDELIV"}, parts: 1, detail: "undelivered"},
		{name: "hexadecimal in the response, decimal in the receipt", to: "8801700000011", text: "x", plan: order{"receipt": "text", "stat": "DELIVRD", "hex": true}, parts: 1},
		{name: "receipt before the response", to: "8801700000012", text: "x", plan: order{"receipt": "text", "stat": "DELIVRD", "early": true}, parts: 1},
		{name: "no receipt", to: "8801700000013", text: "x", plan: order{"receipt": "none"}, parts: 1, detail: "sent"},
		{name: "refused", to: "8801700000014", text: "x", plan: order{"receipt": "none", "status": 0x0b}, parts: 1, detail: "rejected"},
		{name: "a number as sender", to: "8801700000015", text: "x", params: []string{"from", "8809612345678"}, parts: 1},
	}
	for prefix, mode := range longModes {
		gsm, wide := dialogue{name: "long by " + mode, to: prefix + "00000101", text: longGSM, parts: 4, how: mode},
			dialogue{name: "long Unicode by " + mode, to: prefix + "00000102", text: longEmoji, coding: 8, parts: 4, how: mode}
		if mode == "payload" {
			gsm.parts, wide.parts = 1, 1
		}
		list = append(list, gsm, wide)
	}
	return list
}

// TestPeers binds to SMSCs of other people and talks to them about everything.
func TestPeers(t *testing.T) {
	t.Parallel()
	for kind := range kinds {
		for _, bind := range []string{"transceiver", "transmitter+receiver"} {
			t.Run(kind+" "+bind, func(t *testing.T) {
				t.Parallel()
				p := newPeer(t, kind, "e2e", "secret1")
				acquaint(t, p, peerConfiguration(p.addr(), "secret1", bind), bind)
			})
		}
	}
	t.Run("node-smpp transceiver over TLS", func(t *testing.T) {
		t.Parallel()
		certFile, keyFile, _ := certificate(t)
		p := newPeer(t, "node-smpp", "e2e", "secret1", keyFile, certFile)
		acquaint(t, p, peerConfiguration(p.addr(), "secret1, tls: {server_name: localhost, ca_file: "+certFile+"}", "transceiver"), "transceiver")
	})
}

// acquaint runs a server against the peer from the bind to the unbind.
func acquaint(t *testing.T, p *peer, configuration, bind string) {
	s := newServer(t, configuration, "acme")
	s.cli("account", "topup", "acme", "1000", "--reason", "test")
	s.start()
	bound(p, bind, 1)
	talk(s, p)
	replies(s, p)
	survivesDrops(s, p, bind)
	s.stop()
	modes := len(strings.Split(bind, "+"))
	p.awaitN("unbind", modes, func(e event) bool { return e.Event == "unbind" })
	s.checked()
}

// bound waits for the binds of a kind, each for the nth time.
func bound(p *peer, bind string, nth int) {
	p.t.Helper()
	for _, mode := range strings.Split(bind, "+") {
		for _, e := range p.awaitN("bind_"+mode, nth, func(e event) bool { return e.Event == "bind" && e.Mode == mode }) {
			if !e.OK || e.SystemID != "e2e" || e.Version != 0x34 {
				p.t.Errorf("bind %+v", e)
			}
		}
	}
}

// talk has the dialogues, all at once.
func talk(s *server, p *peer) {
	groups := map[string]string{}
	for _, d := range dialogues() {
		if d.plan != nil {
			d.plan["do"], d.plan["to"] = "plan", d.to
			p.tell(d.plan)
		}
		groups[d.to] = s.send(d.to, d.text, d.params...)
	}
	for _, d := range dialogues() {
		submits := p.awaitN("submit_sm: "+d.name, d.parts, func(e event) bool { return e.Event == "submit" && e.To == d.to })
		for _, e := range submits {
			d.compare(s.t, e)
		}
		if len(submits) != d.parts {
			s.t.Errorf("%s: %d submissions, want %d", d.name, len(submits), d.parts)
		}
		if d.detail != "rejected" {
			whole := p.await("the whole message: "+d.name, func(e event) bool { return e.Event == "whole" && e.To == d.to })
			if whole.Text != d.text || whole.Parts != d.parts {
				s.t.Errorf("%s: the peer read %d parts %q, want %d parts %q", d.name, whole.Parts, whole.Text, d.parts, d.text)
			}
		}
	}
	for _, d := range dialogues() {
		s.reaches(groups[d.to], or(d.detail, "delivered"))
	}
	for _, e := range p.seen("delivered") {
		if e.Status != 0 {
			s.t.Errorf("receipt refused: %+v", e)
		}
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// compare looks at one submission as the peer decoded it.
func (d dialogue) compare(t *testing.T, e event) {
	t.Helper()
	got := fmt.Sprintf("coding %d, %s of %d, to %d/%d, receipt %d, validity %s", e.Coding, e.How, e.Total, e.ToTON, e.ToNPI, e.Registered, e.Validity)
	want := fmt.Sprintf("coding %d, %s of %d, to 1/1, receipt 1, validity given", d.coding, or(d.how, "single"), d.parts)
	if got != want {
		t.Errorf("%s: %s, want %s", d.name, got, want)
	}
	from := fmt.Sprintf("%s %d/%d", e.From, e.FromTON, e.FromNPI)
	if from != "ACME 5/0" && from != "8809612345678 1/1" || len(d.params) > 0 && d.params[0] == "from" && e.From != d.params[1] {
		t.Errorf("%s: from %s", d.name, from)
	}
	if wantUDH := strings.HasPrefix(d.how, "udh"); wantUDH != (e.ESM&0x40 != 0) {
		t.Errorf("%s: esm_class %#x", d.name, e.ESM)
	}
}

// replies lets the peer send from handsets, and reads the inbox.
func replies(s *server, p *peer) {
	const from, to = "8801712345678", "8809612345678"
	for _, o := range []order{
		{"tag": "plain", "coding": 0, "parts": []string{"Yes @ 5€ {ok}"}},
		{"tag": "emoji", "coding": 8, "parts": []string{bengali}},
		{"tag": "udh8", "coding": 0, "how": "udh8", "parts": []string{"first {", "second €", "} third"}, "order": []int{2, 0, 1}},
		{"tag": "udh16", "coding": 8, "how": "udh16", "parts": []string{"প্রথম 😀", "দ্বিতীয়"}},
		{"tag": "sar", "coding": 0, "how": "sar", "parts": []string{"one ", "two"}, "order": []int{1, 0}},
		{"tag": "data_sm", "coding": 8, "via": "data_sm", "parts": []string{strings.Repeat("দীর্ঘ ", 60)}},
	} {
		o["do"], o["from"], o["to"] = "mo", from, to
		texts := o["parts"].([]string)
		p.tell(o)
		for _, e := range p.awaitN("answers to "+o["tag"].(string), len(texts), func(e event) bool { return e.Event == "delivered" && e.What == o["tag"] }) {
			if e.Status != 0 {
				s.t.Errorf("%s: answered with status %#x", o["tag"], e.Status)
			}
		}
		inbox := s.call("getinbox").Inbox
		if len(inbox) != 1 || inbox[0].Message != strings.Join(texts, "") || inbox[0].From != from || inbox[0].To != to {
			s.t.Errorf("%s: inbox %+v, want %q", o["tag"], inbox, strings.Join(texts, ""))
		}
	}
}

// survivesDrops looks at enquire_link in both directions, an unbind by the
// operator, and a cut.
func survivesDrops(s *server, p *peer, bind string) {
	modes := len(strings.Split(bind, "+"))
	p.awaitN("enquire_link on every bind", modes, func(e event) bool { return e.Event == "enquire" })
	p.tell(order{"do": "enquire"})
	p.awaitN("answers to our enquire_link", modes, func(e event) bool { return e.Event == "enquired" })
	for i, how := range []string{"unbind", "drop"} {
		p.tell(order{"do": how})
		g := s.send(fmt.Sprintf("880170000020%d", i), "while the link is down")
		bound(p, bind, 2+i)
		s.reaches(g, "delivered")
	}
	if n := len(p.seen("unbound")); n != modes {
		s.t.Errorf("%d answers to unbind, want %d", n, modes)
	}
}

// TestRefusedBind has a wrong password: the operator of the platform sees why,
// nobody sees the password, and with the right one everything goes on.
func TestRefusedBind(t *testing.T) {
	t.Parallel()
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			p := newPeer(t, kind, "e2e", "secret1")
			s := newServer(t, peerConfiguration(p.addr(), "wrong77", "transceiver"), "acme")
			s.cli("account", "topup", "acme", "10", "--reason", "test")
			s.start()
			g := s.send("8801700000001", "waits for the password")
			p.await("a bind with a wrong password", func(e event) bool { return e.Event == "bind" && !e.OK })
			eventually(t, "the reason is in the log", func() bool { return strings.Contains(s.logged(), "check system_id and password") })
			if out := s.cli("connector", "status", "--admin-listen", s.admin); !strings.Contains(out, "down") {
				t.Errorf("harkara connector status says:\n%s", out)
			}
			if d := s.detail(g); d != "queued" {
				t.Errorf("the message is %s, want queued", d)
			}
			s.apply(peerConfiguration(p.addr(), "secret1", "transceiver"))
			s.reaches(g, "delivered")
			if out := s.cli("connector", "status", "--admin-listen", s.admin); !strings.Contains(out, "up") {
				t.Errorf("harkara connector status says:\n%s", out)
			}
			s.stop()
			for _, secret := range []string{"wrong77", "secret1"} {
				if strings.Contains(s.logged(), secret) {
					t.Errorf("the log holds the password %s", secret)
				}
			}
			s.checked()
		})
	}
}
