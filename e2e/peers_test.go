package e2e

import (
	"fmt"
	"strings"
	"testing"
)

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
