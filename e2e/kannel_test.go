package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"
)

// kannel is the gateway of a customer who uses Kannel: bearerbox, which binds to
// us, smsbox with its HTTP interface, and the web server of the customer that
// Kannel calls with receipts and replies.
type kannel struct {
	t             *testing.T
	dir           string
	admin, submit string // addresses
	mask          string // which receipts are asked for
	web           *httptest.Server

	mu    sync.Mutex
	calls []call
}

// call is one that Kannel made.
type call struct {
	path  string
	query url.Values
}

// What Kannel puts into dlr-mask and %d.
const (
	kannelDelivered = "1"
	kannelFailed    = "2"
	kannelUnderWay  = "4" // an intermediate notification
	kannelAccepted  = "8"
	kannelRefused   = "16"
	kannelEnds      = "27" // all but those under way
	kannelAll       = "31"
)

// kannelSMSC is the beginning of a group for one or two sessions with us.
const kannelSMSC = `
group = smsc
smsc = smpp
smsc-id = harkara
host = 127.0.0.1
smsc-username = kannel
smsc-password = secret12
system-type = ""
interface-version = 34
enquire-link-interval = 1
reconnect-delay = 1
`

// kannelConfiguration takes the ports of its own, the smsc groups, the directory
// and the customer's URL.
const kannelConfiguration = `
group = core
admin-interface = "127.0.0.1"
admin-port = %[1]s
admin-password = admin
smsbox-interface = "127.0.0.1"
smsbox-port = %[2]s
box-allow-ip = 127.0.0.1
log-file = "%[5]s/bearerbox.log"
log-level = 0
dlr-storage = internal
sms-combine-concatenated-mo = true
%[4]s

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-interface = "127.0.0.1"
sendsms-port = %[3]s
log-file = "%[5]s/smsbox.log"
log-level = 0

group = sendsms-user
username = user
password = word
concatenation = true
max-messages = 20

group = sms-service
keyword = default
catch-all = true
concatenation = true
max-messages = 0
get-url = "%[6]s/reply?from=%%p&to=%%P&text=%%b&coding=%%c&charset=%%C"
`

// newKannel starts it and waits until it is bound; smsc is the rest of the smsc
// group, and further ones.
func newKannel(t *testing.T, smsc, mask string) *kannel {
	t.Helper()
	k := &kannel{t: t, dir: t.TempDir(), admin: freeAddr(t), submit: freeAddr(t), mask: mask}
	k.web = httptest.NewServer(http.HandlerFunc(k.called))
	t.Cleanup(k.web.Close)
	boxes := freeAddr(t)
	file := filepath.Join(k.dir, "kannel.conf")
	text := fmt.Sprintf(kannelConfiguration, portOf(k.admin), portOf(boxes), portOf(k.submit), kannelSMSC+smsc, k.dir, k.web.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	k.run("bearerbox", file)
	sessions := strings.Count(smsc, "port = ")
	eventually(t, "bearerbox is bound", func() bool {
		return strings.Count(k.get(k.admin, "/status.txt?password=admin"), "(online") == sessions
	})
	k.run("smsbox", file)
	eventually(t, "smsbox takes messages", func() bool {
		return k.get(k.submit, "/cgi-bin/sendsms?") != "" && strings.Contains(k.get(k.admin, "/status.txt?password=admin"), "(on-line")
	})
	return k
}

func portOf(addr string) string {
	_, port, _ := strings.Cut(addr, ":")
	return port
}

// kannelMayComplain of a message that is refused, and while the server is away.
var kannelMayComplain = regexp.MustCompile(`SMSC returned error code 0x0000000a|Couldn't connect to SMS center|error or other error\. Re-connecting|I/O error`)

// run starts one of its programs; it ends with the test.
func (k *kannel) run(name, file string) {
	k.t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path = "/usr/sbin/" + name // not on everybody's path
	}
	if _, err := os.Stat(path); err != nil {
		k.t.Fatalf("%s is missing; run: make deps", name)
	}
	cmd := exec.Command(path, file)
	cmd.Dir = k.dir
	if err := cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		log, err := os.ReadFile(filepath.Join(k.dir, name+".log"))
		if err != nil {
			k.t.Error(err)
		}
		for line := range strings.Lines(string(log)) {
			if (strings.Contains(line, "ERROR") || strings.Contains(line, "PANIC")) && !kannelMayComplain.MatchString(line) {
				k.t.Errorf("%s complains: %s", name, line)
			}
		}
		if k.t.Failed() {
			k.t.Logf("log of %s:\n%s", name, log)
		}
	})
}

// get is the answer of one of its HTTP interfaces, empty while there is none.
func (k *kannel) get(addr, path string) string {
	resp, err := http.Get("http://" + addr + path)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	var b strings.Builder
	if err := resp.Write(&b); err != nil {
		return ""
	}
	return b.String()
}

// called is the customer's web server.
func (k *kannel) called(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.calls = append(k.calls, call{r.URL.Path, r.URL.Query()})
	w.WriteHeader(http.StatusOK)
}

// seen are the calls so far whose parameter has the value.
func (k *kannel) seen(path, name, value string) (list []url.Values) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.calls {
		if c.path == path && c.query.Get(name) == value {
			list = append(list, c.query)
		}
	}
	return list
}

// send hands in a message, and asks for all receipts under the tag.
func (k *kannel) send(tag, from, to, text string, params ...string) {
	k.t.Helper()
	q := url.Values{"username": {"user"}, "password": {"word"}, "from": {from}, "to": {to}, "charset": {"UTF-8"}, "text": {text},
		"dlr-mask": {k.mask}, "dlr-url": {k.web.URL + "/receipt?tag=" + url.QueryEscape(tag) + "&state=%d&id=%F&answer=%A"}}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	if answer := k.get(k.submit, "/cgi-bin/sendsms?"+q.Encode()); !strings.Contains(answer, "0: Accepted for delivery") {
		k.t.Fatalf("%s: smsbox answers %s", tag, answer)
	}
}

// states are those of a message that the operator took.
func (k *kannel) states(final string) []string {
	if k.mask == kannelAll {
		return []string{kannelAccepted, kannelUnderWay, final}
	}
	return []string{kannelAccepted, final}
}

// told waits until the customer was told these states of the tag. Kannel makes
// its calls at the same time: what it was told first may come second, so the
// calls are sorted as states is.
func (k *kannel) told(tag string, states ...string) []url.Values {
	k.t.Helper()
	var got []string
	var calls []url.Values
	eventually(k.t, fmt.Sprintf("Kannel tells the states %v of %s", states, tag), func() bool {
		calls, got = k.seen("/receipt", "tag", tag), nil
		for _, q := range calls {
			got = append(got, q.Get("state"))
		}
		return len(got) >= len(states)
	})
	slices.SortFunc(calls, func(a, b url.Values) int {
		return slices.Index(states, a.Get("state")) - slices.Index(states, b.Get("state"))
	})
	for i, q := range calls {
		got[i] = q.Get("state")
	}
	if !slices.Equal(got, states) {
		k.t.Errorf("%s: Kannel tells the states %v, want %v", tag, got, states)
	}
	return calls
}

// TestKannel has a customer with Kannel, and an operator on npm smpp.
func TestKannel(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ login, mask, smsc string }{
		{"", kannelAll, "port = %[1]s\ntransceiver-mode = true"},
		// Two sessions are two groups. msg-id-type 3: ids are hexadecimal in answers and receipts.
		{"message_id: hex", kannelEnds, "port = %[1]s\nmsg-id-type = 3\n" + kannelSMSC + "receive-port = %[1]s\nmsg-id-type = 3"},
	} {
		t.Run(or(c.login, "message_id: decimal"), func(t *testing.T) {
			t.Parallel()
			far := newPeer(t, "node-smpp", "e2e", "secret1")
			more := "replies: [all]"
			if c.login != "" {
				more += ", " + c.login
			}
			s := serveCustomers(t, peerConfiguration(far.addr(), "secret1", "transceiver")+login("kannel", more))
			bound(far, "transceiver", 1)
			k := newKannel(t, fmt.Sprintf(c.smsc, portOf(s.smpp)), c.mask)
			k.sends(far)
			k.hears(far)
			k.comesBack(s, far)
			s.checked()
		})
	}
}

// sends sends texts of every kind and compares what comes out at the operator.
func (k *kannel) sends(far *peer) {
	far.tell(order{"do": "plan", "to": "8801700000021", "receipt": "text", "stat": "UNDELIV"})
	far.tell(order{"do": "plan", "to": "8801700000022", "receipt": "none", "status": 0x0b})
	type message struct {
		tag, from, to, text string
		params              []string
		coding              int
	}
	delivered := []message{
		{tag: "the whole default alphabet", from: "ACME", to: "8801700000001", text: allGSM},
		{tag: "extension characters", from: "ACME", to: "8801700000002", text: extended},
		{tag: "Unicode", from: "ACME", to: "8801700000003", text: bengali, params: []string{"coding", "2"}, coding: 8},
		{tag: "long", from: "8809612345678", to: "8801700000004", text: longGSM},
		{tag: "long Unicode", from: "8809612345678", to: "8801700000005", text: longEmoji, params: []string{"coding", "2"}, coding: 8},
		{tag: "flash", from: "ACME", to: "8801700000006", text: "flash", params: []string{"mclass", "0"}, coding: 0x10},
		{tag: "later", from: "ACME", to: "8801700000007", text: "in a minute at most", params: []string{"validity", "60", "priority", "1"}},
	}
	for _, m := range delivered {
		k.send(m.tag, m.from, m.to, m.text, m.params...)
	}
	k.send("undelivered", "ACME", "8801700000021", "x")
	k.send("refused by the operator", "ACME", "8801700000022", "x")
	k.send("sender of somebody else", "OTHER", "8801700000023", "x")
	for _, m := range delivered {
		whole := far.await("the whole message: "+m.tag, func(e event) bool { return e.Event == "whole" && e.To == m.to })
		if whole.Text != m.text || whole.From != m.from {
			k.t.Errorf("%s: the operator read %q from %s, want %q", m.tag, whole.Text, whole.From, m.text)
		}
		for _, e := range far.seen("submit") {
			if e.To == m.to && e.Coding != m.coding {
				k.t.Errorf("%s: the operator saw data_coding %#x, want %#x", m.tag, e.Coding, m.coding)
			}
		}
		calls := k.told(m.tag, k.states(kannelDelivered)...)
		if accepted, final := calls[0].Get("id"), calls[len(calls)-1].Get("id"); accepted == "" || accepted != final {
			k.t.Errorf("%s: accepted as %q, receipt for %q", m.tag, accepted, final)
		}
	}
	k.told("undelivered", k.states(kannelFailed)...)
	k.told("refused by the operator", kannelAccepted, kannelFailed)
	refused := k.told("sender of somebody else", kannelRefused)
	if answer := refused[0].Get("answer"); !strings.Contains(answer, "0x0000000a") {
		k.t.Errorf("Kannel was answered %s, want ESME_RINVSRCADR", answer)
	}
}

// hears gets replies of handsets.
func (k *kannel) hears(far *peer) {
	for i, text := range []string{"Yes @ 5€ {ok}", bengali, longGSM, longEmoji} {
		from, coding := fmt.Sprintf("880171234500%d", i), 0
		if i%2 == 1 {
			coding = 8
		}
		far.tell(order{"do": "mo", "tag": from, "via": "data_sm", "from": from, "to": "8809612345678", "coding": coding, "parts": []string{text}})
		k.reply(from, text)
	}
}

// reply waits for the reply of a handset.
func (k *kannel) reply(from, text string) {
	k.t.Helper()
	var calls []url.Values
	eventually(k.t, "Kannel tells the reply of "+from, func() bool {
		calls = k.seen("/reply", "from", "+"+from) // as it writes TON 1
		return len(calls) > 0
	})
	got := calls[0].Get("text")
	if calls[0].Get("coding") == "2" {
		got = utf16BE(got)
	}
	if got != text || calls[0].Get("to") != "+8809612345678" {
		k.t.Errorf("Kannel tells the reply %q to %s, want %q", got, calls[0].Get("to"), text)
	}
}

// utf16BE decodes octets.
func utf16BE(octets string) string {
	units := make([]uint16, 0, len(octets)/2)
	for i := 0; i+1 < len(octets); i += 2 {
		units = append(units, uint16(octets[i])<<8|uint16(octets[i+1]))
	}
	return string(utf16.Decode(units))
}

// comesBack: the server stops and starts again; the receipt that came in
// between, and a reply, reach Kannel when it has bound again.
func (k *kannel) comesBack(s *server, far *peer) {
	const to, from = "8801700000031", "8801712345031"
	far.tell(order{"do": "plan", "to": to, "receipt": "none"})
	k.send("away", "ACME", to, "x")
	states := k.states(kannelDelivered)
	k.told("away", states[:len(states)-1]...)
	far.await("the message", func(e event) bool { return e.Event == "whole" && e.To == to })
	s.stop()
	address := s.smpp
	s.smpp = ""
	s.start() // nobody can bind
	bound(far, "transceiver", 2)
	far.tell(order{"do": "late", "to": to, "stat": "DELIVRD"})
	far.tell(order{"do": "mo", "tag": "away", "from": from, "to": "8809612345678", "coding": 0, "parts": []string{"while you were away"}})
	far.await("the reply is taken", func(e event) bool { return e.Event == "delivered" && e.What == "away" && e.Status == 0 })
	s.stop()
	s.smpp = address
	s.start()
	k.told("away", k.states(kannelDelivered)...)
	k.reply(from, "while you were away")
}
