package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// customerPassword is that of every SMPP login of these tests; the
// configuration names customerPasswordVariable instead.
const (
	customerPassword         = "secret12"
	customerPasswordVariable = "E2E_SMPP_PASSWORD"
)

// login is the section of an account that lets systemID bind; more are further
// fields.
func login(systemID, more string) string {
	if more != "" {
		more = ", " + more
	}
	return fmt.Sprintf("    smpp:\n      - {system_id: %s, password_env: %s%s}\n", systemID, customerPasswordVariable, more)
}

// serveCustomers starts a server to which customers bind, at its address smpp.
func serveCustomers(t *testing.T, configuration string, extra ...string) *server {
	t.Helper()
	s := newServer(t, configuration, "acme")
	s.smpp = freeAddr(t)
	s.cli("account", "topup", "acme", "1000", "--reason", "test")
	s.start(extra...)
	return s
}

// TestCustomers lets customers' systems of other people bind and talk about
// everything; at the far end is an SMSC on the library of the other.
func TestCustomers(t *testing.T) {
	t.Parallel()
	other := map[string]string{"node-smpp": "perl-net-smpp", "perl-net-smpp": "node-smpp"}
	for kind := range kinds {
		for _, bind := range []string{"transceiver", "transmitter+receiver"} {
			t.Run(kind+" "+bind, func(t *testing.T) {
				t.Parallel()
				operator := newPeer(t, other[kind], "e2e", "secret1")
				more := "replies: [all]"
				if bind == "transceiver" {
					more += ", message_id: hex"
				}
				s := serveCustomers(t, peerConfiguration(operator.addr(), "secret1", "transceiver")+login("customer", more))
				c := &customer{peer: startPeer(t, kind, "esme", s.smpp, "customer"), bind: bind, hex: bind == "transceiver"}
				c.acquaint(s, operator)
			})
		}
	}
	t.Run("node-smpp transceiver over TLS", func(t *testing.T) {
		t.Parallel()
		certFile, keyFile, _ := certificate(t)
		operator := newPeer(t, "perl-net-smpp", "e2e", "secret1")
		s := newServer(t, peerConfiguration(operator.addr(), "secret1", "transceiver")+login("customer", "replies: [all], require_tls: true"), "acme")
		s.cli("account", "topup", "acme", "1000", "--reason", "test")
		addr := freeAddr(t)
		s.start("--smpps-listen", addr, "--smpp-cert-file", certFile, "--smpp-key-file", keyFile)
		c := &customer{peer: startPeer(t, "node-smpp", "esme", addr, "customer", certFile), bind: "transceiver"}
		c.acquaint(s, operator)
	})
}

// customer is the system of a customer, of somebody else.
type customer struct {
	*peer
	bind string
	hex  bool // its ids are hexadecimal
}

// sessions are the names of those that submit and that receive.
func (c *customer) sessions() (tx, rx string) {
	modes := strings.Split(c.bind, "+")
	return modes[0], modes[len(modes)-1]
}

// bindAll binds every session and waits for the answers.
func (c *customer) bindAll() {
	c.t.Helper()
	for _, mode := range strings.Split(c.bind, "+") {
		n := len(c.seen("bound"))
		c.tell(order{"do": "bind", "session": mode, "mode": mode, "password": customerPassword})
		answer := c.awaitN("an answer to bind_"+mode, n+1, func(e event) bool { return e.Event == "bound" })[n]
		if answer.Status != 0 || answer.Version != 0x34 || answer.SystemID == "" {
			c.t.Fatalf("bind_%s: %+v", mode, answer)
		}
	}
}

func (c *customer) acquaint(s *server, operator *peer) {
	bound(operator, "transceiver", 1)
	c.bindAll()
	c.talk(operator)
	c.manage(operator)
	c.hears(s, operator)
	c.comesBack(operator)
	s.stop()
	modes := len(strings.Split(c.bind, "+"))
	c.awaitN("unbind", modes, func(e event) bool { return e.Event == "unbind" })
	s.checked()
}

// submission is what a customer sends, and what becomes of it.
type submission struct {
	name   string
	to     string
	from   string // empty: ACME
	coding int
	how    string
	via    string
	parts  []string
	asks   int   // registered_delivery
	plan   order // of the operator, without "do" and "to"

	status   smpp.Status // of the answer
	stat     string      // of the receipts; empty: none come
	outParts int         // that the operator sees; 0: as many as were sent
	outHow   string      // how the operator sees them; empty: not compared
	coded    int         // data_coding that the operator sees
}

func submissions() []submission {
	undelivered := order{"receipt": "text", "stat": "UNDELIV"}
	return []submission{
		{name: "the whole default alphabet", to: "8801700000001", parts: []string{allGSM}, asks: 1, stat: "DELIVRD", outHow: "single"},
		{name: "extension characters", to: "8801700000002", parts: []string{extended}, asks: 1, stat: "DELIVRD"},
		{name: "Unicode with emoji", to: "8801700000003", coding: 8, parts: []string{bengali}, asks: 1, stat: "DELIVRD", coded: 8},
		{name: "flash", to: "8801700000004", coding: 0x10, parts: []string{"flash €"}, asks: 1, stat: "DELIVRD", coded: 0x10},
		{name: "a number as sender", to: "8801700000005", from: "8809612345678", parts: []string{"x"}, asks: 1, stat: "DELIVRD"},
		{name: "data_sm", to: "8801700000006", via: "data_sm", parts: []string{"by data_sm"}, asks: 1, stat: "DELIVRD"},
		{name: "cut with 8-bit references", to: "8801700000011", how: "udh8", parts: []string{"first {", "second €", "} third"}, asks: 1, stat: "DELIVRD", outHow: "udh8"},
		{name: "cut with 16-bit references", to: "8801700000012", how: "udh16", coding: 8, parts: []string{"প্রথম 😀", "দ্বিতীয়"}, asks: 1, stat: "DELIVRD", coded: 8, outHow: "udh16"},
		{name: "cut with sar parameters", to: "8801700000013", how: "sar", parts: []string{"one ", "two"}, asks: 1, stat: "DELIVRD"},
		{name: "sar parameters all the way", to: "8801900000014", how: "sar", parts: []string{"one ", "two"}, asks: 1, stat: "DELIVRD", outHow: "sar"},
		{name: "a long text as payload", to: "8801700000015", how: "payload", parts: []string{longGSM}, asks: 1, stat: "DELIVRD", outParts: 4, outHow: "udh8"},
		{name: "a long Unicode text as payload", to: "8801800000016", how: "payload", coding: 8, parts: []string{longEmoji}, asks: 1, stat: "DELIVRD", coded: 8, outParts: 4, outHow: "udh16"},
		{name: "undelivered", to: "8801700000021", parts: []string{"x"}, asks: 1, plan: undelivered, stat: "UNDELIV"},
		{name: "refused by the operator", to: "8801700000022", parts: []string{"x"}, asks: 1, plan: order{"receipt": "none", "status": 0x0b}, stat: "REJECTD"},
		{name: "the operator's id is hexadecimal, then decimal", to: "8801700000023", parts: []string{"x"}, asks: 1, plan: order{"receipt": "text", "stat": "DELIVRD", "hex": true}, stat: "DELIVRD"},
		{name: "receipt before the response", to: "8801700000024", parts: []string{"x"}, asks: 1, plan: order{"receipt": "text", "stat": "DELIVRD", "early": true}, stat: "DELIVRD"},
		{name: "no receipt wanted", to: "8801700000025", parts: []string{"x"}},
		{name: "receipt of failure wanted, delivered", to: "8801700000026", parts: []string{"x"}, asks: 2},
		{name: "receipt of failure wanted, undelivered", to: "8801700000027", parts: []string{"x"}, asks: 2, plan: undelivered, stat: "UNDELIV"},
		{name: "sender of somebody else", to: "8801700000031", from: "OTHER", parts: []string{"x"}, asks: 1, status: smpp.StatusInvSrcAdr},
		{name: "no such number", to: "88017", parts: []string{"x"}, asks: 1, status: smpp.StatusInvDstAdr},
	}
}

// order makes the order to a customer's system.
func (d *submission) order(session string) order {
	o := order{"do": "submit", "session": session, "tag": d.name, "to": d.to, "coding": d.coding, "registered": d.asks, "parts": d.parts}
	o["from"], o["from_ton"], o["from_npi"] = or(d.from, "ACME"), 5, 0
	if d.from != "" && d.from[0] == '8' {
		o["from_ton"], o["from_npi"] = 1, 1
	}
	if d.how != "" {
		o["how"] = d.how
	}
	if d.via != "" {
		o["via"] = d.via
	}
	return o
}

// talk submits everything at once, and looks at the answers, at what the
// operator got, and at the receipts.
func (c *customer) talk(operator *peer) {
	tx, _ := c.sessions()
	list := submissions()
	for _, d := range list {
		if d.plan != nil {
			d.plan["do"], d.plan["to"] = "plan", d.to
			operator.tell(d.plan)
		}
	}
	for i := range list {
		c.tell(list[i].order(tx))
	}
	for i := range list {
		d := &list[i]
		ids := c.answers(d)
		if d.status != 0 {
			continue
		}
		d.arrives(operator)
		if d.stat != "" {
			c.receipts(d, ids)
		}
	}
	wanted := 0
	for _, d := range list {
		if d.stat != "" {
			wanted += len(d.parts)
		}
	}
	if n := len(c.seen("receipt")); n != wanted {
		c.t.Errorf("%d receipts, want %d:\n%s", n, wanted, c.story())
	}
}

// digits are those that its ids may have.
func (c *customer) digits() string {
	if c.hex {
		return "0123456789abcdef"
	}
	return "0123456789"
}

// answers are the ids of the parts.
func (c *customer) answers(d *submission) (ids []string) {
	for _, e := range c.awaitN("answers to "+d.name, len(d.parts), func(e event) bool { return e.Event == "submitted" && e.What == d.name }) {
		if smpp.Status(e.Status) != d.status || (d.status == 0) != (e.ID != "") {
			c.t.Errorf("%s: answer %+v, want %s", d.name, e, d.status)
		}
		if others := strings.Trim(e.ID, c.digits()); others != "" {
			c.t.Errorf("%s: the id is %s", d.name, e.ID)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// arrives compares what the operator sees.
func (d *submission) arrives(operator *peer) {
	parts := d.outParts
	if parts == 0 {
		parts = len(d.parts)
	}
	for _, e := range operator.awaitN("submit_sm: "+d.name, parts, func(e event) bool { return e.Event == "submit" && e.To == d.to }) {
		if e.From != or(d.from, "ACME") || e.Coding != d.coded || d.outHow != "" && e.How != d.outHow {
			operator.t.Errorf("%s: the operator saw %+v", d.name, e)
		}
	}
	if d.stat == "REJECTD" {
		return
	}
	whole := operator.await("the whole message: "+d.name, func(e event) bool { return e.Event == "whole" && e.To == d.to })
	if want := strings.Join(d.parts, ""); whole.Text != want || whole.Parts != parts {
		operator.t.Errorf("%s: the operator read %d parts %q, want %d parts %q", d.name, whole.Parts, whole.Text, parts, want)
	}
}

// states are the message_state to the words of receipts.
var states = map[string]smpp.MessageState{"DELIVRD": smpp.StateDelivered, "UNDELIV": smpp.StateUndeliverable,
	"REJECTD": smpp.StateRejected, "DELETED": smpp.StateDeleted}

// receipts compares those of the ids; each has one.
func (c *customer) receipts(d *submission, ids []string) {
	_, rx := c.sessions()
	for _, e := range c.awaitN("receipts of "+d.name, len(ids), func(e event) bool { return e.Event == "receipt" && slices.Contains(ids, e.ID) }) {
		got := fmt.Sprintf("%s state %d, id %s, from %s to %s, esm_class %#x, on %s", e.Stat, e.State, e.TLVID, e.From, e.To, e.ESM, e.Session)
		want := fmt.Sprintf("%s state %d, id %s, from %s to %s, esm_class 0x4, on %s", d.stat, states[d.stat], e.ID, d.to, or(d.from, "ACME"), rx)
		if got != want {
			c.t.Errorf("receipt of %s: %s, want %s", d.name, got, want)
		}
	}
}

// ask gives an order about a message and returns the answer.
func (c *customer) ask(o order) event {
	c.t.Helper()
	n := len(c.seen("answered"))
	o["from"], o["from_ton"], o["from_npi"] = "ACME", 5, 0
	c.tell(o)
	return c.awaitN("an answer to "+o["do"].(string), n+1, func(e event) bool { return e.Event == "answered" })[n]
}

// manage schedules, asks, replaces and cancels, and submits to several at once.
func (c *customer) manage(operator *peer) {
	tx, _ := c.sessions()
	later := func(name, to, schedule string) string {
		d := submission{name: name, to: to, parts: []string{name}, asks: 1}
		o := d.order(tx)
		o["schedule"], o["validity"] = schedule, "000001000000000R"
		c.tell(o)
		return c.answers(&d)[0]
	}
	canceled, replaced := later("in an hour", "8801700000041", "000000010000000R"), later("soon", "8801700000042", "000000000003000R")

	if e := c.ask(order{"do": "query", "session": tx, "id": canceled}); e.Status != 0 || e.ID != canceled || e.State != int(smpp.StateEnroute) && e.State != int(smpp.StateScheduled) || e.Done != "" {
		c.t.Errorf("query of a scheduled message: %+v", e)
	}
	if e := c.ask(order{"do": "replace", "session": tx, "id": replaced, "parts": []string{"replaced €"}}); e.Status != 0 {
		c.t.Errorf("replace: %+v", e)
	}
	if e := c.ask(order{"do": "cancel", "session": tx, "id": canceled}); e.Status != 0 {
		c.t.Errorf("cancel: %+v", e)
	}
	if e := c.ask(order{"do": "query", "session": tx, "id": canceled}); e.Status != 0 || e.State != int(smpp.StateDeleted) || e.Done == "" {
		c.t.Errorf("query of a canceled message: %+v", e)
	}
	c.receipts(&submission{name: "canceled", to: "8801700000041", stat: "DELETED"}, []string{canceled})
	(&submission{name: "replaced", to: "8801700000042", parts: []string{"replaced €"}}).arrives(operator)
	c.receipts(&submission{name: "replaced", to: "8801700000042", stat: "DELIVRD"}, []string{replaced})
	for what, want := range map[string]smpp.Status{"query": smpp.StatusOK, "cancel": smpp.StatusCancelFail, "replace": smpp.StatusReplaceFail} {
		if e := c.ask(order{"do": what, "session": tx, "id": replaced, "parts": []string{"x"}}); smpp.Status(e.Status) != want {
			c.t.Errorf("%s of a delivered message: %+v, want %s", what, e, want)
		}
	}
	if e := c.ask(order{"do": "query", "session": tx, "id": "77"}); e.Status == 0 {
		c.t.Errorf("query of nothing: %+v", e)
	}
	c.multi(operator, tx)
}

// multi submits to three numbers of which one is none.
func (c *customer) multi(operator *peer, session string) {
	to := []string{"8801700000051", "88017", "8801700000052"}
	c.tell(order{"do": "multi", "session": session, "tag": "multi", "from": "ACME", "from_ton": 5, "from_npi": 0, "to": to, "coding": 0, "registered": 1, "parts": []string{"to many"}})
	e := c.await("an answer to submit_multi", func(e event) bool { return e.Event == "submitted" && e.What == "multi" })
	if e.Status != 0 || e.ID == "" || len(e.Refused) != 1 || e.Refused[0].To != to[1] || smpp.Status(e.Refused[0].Status) != smpp.StatusInvDstAdr {
		c.t.Errorf("submit_multi: %+v", e)
	}
	for _, number := range []string{to[0], to[2]} {
		(&submission{name: "multi", to: number, parts: []string{"to many"}}).arrives(operator)
		c.await("receipt of "+number, func(e event) bool { return e.Event == "receipt" && e.From == number && e.Stat == "DELIVRD" })
	}
}

// hears gets replies from handsets, which come in every form.
func (c *customer) hears(s *server, operator *peer) {
	const from, to = "8801712345678", "8809612345678"
	_, rx := c.sessions()
	for i, o := range []order{
		{"tag": "plain", "coding": 0, "parts": []string{"Yes @ 5€ {ok}"}},
		{"tag": "emoji", "coding": 8, "parts": []string{bengali}},
		{"tag": "udh8", "coding": 0, "how": "udh8", "parts": []string{"first {", "second €", "} third"}, "order": []int{2, 0, 1}},
		{"tag": "sar", "coding": 0, "how": "sar", "parts": []string{"one ", "two"}, "order": []int{1, 0}},
		{"tag": "data_sm", "coding": 8, "via": "data_sm", "parts": []string{longEmoji}},
		{"tag": "long", "coding": 0, "via": "data_sm", "parts": []string{longGSM}},
	} {
		o["do"], o["from"], o["to"] = "mo", from, to
		operator.tell(o)
		want := strings.Join(o["parts"].([]string), "")
		got := c.awaitN("reply "+o["tag"].(string), i+1, func(e event) bool { return e.Event == "whole" && e.From == from })[i]
		if got.Text != want || got.To != to {
			c.t.Errorf("reply %s: %+v, want %q", o["tag"], got, want)
		}
	}
	for _, e := range c.seen("reply") {
		if e.Session != rx || e.FromTON != 1 || e.FromNPI != 1 || e.ToTON != 1 || e.ToNPI != 1 || e.ESM&^0x40 != 0 {
			c.t.Errorf("reply %+v", e)
		}
	}
	if n := len(s.call("getinbox", "list", "all").Inbox); n != 6 {
		c.t.Errorf("%d messages in the inbox, want 6", n)
	}
}

// comesBack loses its sessions, by a drop and by an unbind; what happens
// meanwhile waits.
func (c *customer) comesBack(operator *peer) {
	tx, _ := c.sessions()
	for i, how := range []string{"drop", "unbind"} {
		d := submission{name: "away by " + how, to: fmt.Sprintf("880170000006%d", i), parts: []string{"x"}, asks: 1, stat: "DELIVRD"}
		reply := fmt.Sprintf("880171234567%d", i)
		operator.tell(order{"do": "plan", "to": d.to, "receipt": "none"})
		c.tell(d.order(tx))
		ids := c.answers(&d)
		e := c.ask(order{"do": "enquire", "session": tx})
		if e.What != "enquire_link" {
			c.t.Errorf("enquire_link: %+v", e)
		}
		closed := len(c.seen("closed"))
		modes := strings.Split(c.bind, "+")
		for _, mode := range modes {
			c.tell(order{"do": how, "session": mode})
		}
		c.awaitN("closed", closed+len(modes), func(e event) bool { return e.Event == "closed" })
		d.arrives(operator)
		operator.tell(order{"do": "late", "to": d.to, "stat": "DELIVRD"})
		operator.tell(order{"do": "mo", "tag": how, "from": reply, "to": "8809612345678", "coding": 0, "parts": []string{"while you were away"}})
		operator.await("the reply is taken", func(e event) bool { return e.Event == "delivered" && e.What == how && e.Status == 0 })
		c.bindAll()
		c.receipts(&d, ids)
		c.await("the reply", func(e event) bool { return e.Event == "whole" && e.From == reply })
	}
}

// TestCustomerRefused has a wrong password and a wrong name; both are told the
// same, and the log says which it was, without the password.
func TestCustomerRefused(t *testing.T) {
	t.Parallel()
	for kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			o := operator(t)
			s := serveCustomers(t, oneRoute(o.Addr(), "", "")+login("customer", ""))
			answers := map[int]bool{}
			for _, c := range []struct{ systemID, password string }{{"customer", "wrong77"}, {"nobody", customerPassword}} {
				p := startPeer(t, kind, "esme", s.smpp, c.systemID)
				p.tell(order{"do": "bind", "session": "a", "mode": "transceiver", "password": c.password})
				e := p.await("an answer to the bind", func(e event) bool { return e.Event == "bound" })
				answers[e.Status] = true
				if e.Status == 0 {
					t.Errorf("%+v: %+v", c, e)
				}
				p.tell(order{"do": "drop", "session": "a"}) // or it might try again on this connection
			}
			if len(answers) != 1 {
				t.Errorf("a wrong password and an unknown system_id are told apart: %v", answers)
			}
			p := startPeer(t, kind, "esme", s.smpp, "customer")
			c := &customer{peer: p, bind: "transceiver"}
			c.bindAll()
			s.stop()
			for _, secret := range []string{"wrong77", customerPassword} {
				if strings.Contains(s.logged(), secret) {
					t.Errorf("the log holds the password %s", secret)
				}
			}
		})
	}
}

// TestVersions binds as SMPP 3.3, 3.4 and 5.0: only what a version knows comes back.
func TestVersions(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := serveCustomers(t, oneRoute(o.Addr(), "", "")+login("customer", ""))
	for version, parameters := range map[uint8]bool{0x33: false, smpp.Version34: true, smpp.Version50: true} {
		c, err := smpptest.DialConn(s.smpp)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		bind := &smpp.Bind{Mode: smpp.Transceiver, SystemID: "customer", Password: customerPassword, InterfaceVersion: version}
		if err := errors.Join(c.Send(smpp.StatusOK, 1, bind), c.Send(smpp.StatusOK, 2, submitSM("8801700000001", "hello"))); err != nil {
			t.Fatal(err)
		}
		seen := map[smpp.CommandID]smpp.PDU{}
		for range 3 { // the answers to both, and the receipt
			h, p, err := c.Next()
			if err != nil || h.Status != smpp.StatusOK {
				t.Fatalf("version %#x: %s %s, %v", version, h.Command, h.Status, err)
			}
			seen[h.Command] = p
			if h.Command == smpp.CmdDeliverSM {
				if err := c.Send(smpp.StatusOK, h.Sequence, &smpp.DeliverSMResp{}); err != nil {
					t.Fatal(err)
				}
			}
		}
		told, ok := smpp.TLVsOf(seen[smpp.CmdBindTransceiverResp]).Uint8(smpp.TagSCInterfaceVersion)
		if ok != parameters || ok && told != version {
			t.Errorf("version %#x: sc_interface_version %#x, %t", version, told, ok)
		}
		receipt, ok := seen[smpp.CmdDeliverSM].(*smpp.DeliverSM)
		if !ok || receipt.TLVs.Has(smpp.TagReceiptedMessageID) != parameters || !strings.Contains(string(receipt.ShortMessage), "stat:DELIVRD") {
			t.Errorf("version %#x: receipt %v", version, receipt)
		}
		if err := c.Send(smpp.StatusOK, 3, &smpp.Unbind{}); err != nil {
			t.Error(err)
		}
	}
	s.stop()
	s.checked()
}
