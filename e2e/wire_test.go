package e2e

import (
	"fmt"
	"io"
	"maps"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestWireshark lets the binary say everything it can say over SMPP, records the
// wire, and has it dissected by tshark: nothing may be malformed, and tshark must
// see the same PDUs and the same texts as those who spoke.
func TestWireshark(t *testing.T) {
	t.Parallel()
	program(t, "tshark")
	capture := filepath.Join(t.TempDir(), "smpp.pcap")
	smsc := scriptedSMSC(t)
	w := tap(t, capture, smsc.Addr())
	s := newServer(t, wireConfiguration(w.addr()), "acme")
	s.cli("account", "topup", "acme", "1000", "--reason", "test")
	s.start()
	texts := conversation(s, smsc)
	s.stop()
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	s.checked()

	seen := clean(t, w, capture)
	for _, id := range []smpp.CommandID{smpp.CmdBindTransceiver, smpp.CmdBindTransmitter, smpp.CmdBindReceiver, smpp.CmdSubmitSM,
		smpp.CmdDeliverSM, smpp.CmdDataSM, smpp.CmdEnquireLink, smpp.CmdUnbind} {
		ask, answer := seen[uint32(id)], seen[uint32(id.Response())]
		switch id {
		case smpp.CmdSubmitSM:
			answer += seen[uint32(smpp.CmdGenericNack)]
		case smpp.CmdEnquireLink:
			answer = ask // one crosses the end of a link now and then
		}
		if ask == 0 || answer != ask {
			t.Errorf("%d %s with %d answers", ask, id, answer)
		}
	}
	for _, id := range []smpp.CommandID{smpp.CmdGenericNack, smpp.CmdAlertNotification, smpp.CmdEnquireLinkResp} {
		if seen[uint32(id)] == 0 {
			t.Errorf("no %s was on the wire", id)
		}
	}
	if n := int(smsc.Totals().Submits); n != seen[uint32(smpp.CmdSubmitSM)] {
		t.Errorf("tshark saw %d submit_sm, the SMSC %d", seen[uint32(smpp.CmdSubmitSM)], n)
	}
	// tshark's own decoder gives the texts back (it knows no surrogate pairs).
	read := strings.Split(tshark(t, w, capture, "-Y", "smpp.command_id == 4", "-T", "fields", "-e", "smpp.message_text", "-E", "separator=\x01"), "\n")
	for _, text := range texts {
		if !slices.ContainsFunc(read, func(line string) bool { return slices.Contains(strings.Split(line, ","), text) }) {
			t.Errorf("tshark did not read %q in\n%s", text, strings.Join(read, "\n"))
		}
	}
}

// clean expects that tshark finds nothing wrong, and returns how often it saw
// each command, which is what the wire carried.
func clean(t *testing.T, w *wiretap, capture string) map[uint32]int {
	t.Helper()
	if bad := tshark(t, w, capture, "-Y", damaged); bad != "" {
		t.Errorf("tshark complains:\n%s", bad)
	}
	seen := map[uint32]int{}
	for _, field := range strings.Fields(strings.ReplaceAll(tshark(t, w, capture, "-T", "fields", "-e", "smpp.command_id"), ",", " ")) {
		id, err := strconv.ParseUint(field, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		seen[uint32(id)]++
	}
	if !maps.Equal(seen, w.commands) {
		t.Errorf("tshark saw the PDUs %v, the wire carried %v", seen, w.commands)
	}
	return seen
}

// TestWiresharkCustomer records what a customer's system and the binary say to
// each other.
func TestWiresharkCustomer(t *testing.T) {
	t.Parallel()
	program(t, "tshark")
	capture := filepath.Join(t.TempDir(), "customer.pcap")
	far := newPeer(t, "node-smpp", "e2e", "secret1")
	s := serveCustomers(t, peerConfiguration(far.addr(), "secret1", "transceiver")+login("customer", "replies: [all]"))
	w := tap(t, capture, s.smpp)
	c := &customer{peer: startPeer(t, "node-smpp", "esme", w.addr(), "customer"), bind: "transmitter+receiver"}
	c.acquaint(s, far)
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	seen := clean(t, w, capture)
	for _, id := range []smpp.CommandID{smpp.CmdBindTransmitter, smpp.CmdBindReceiver, smpp.CmdSubmitSM, smpp.CmdSubmitMulti, smpp.CmdDataSM,
		smpp.CmdQuerySM, smpp.CmdCancelSM, smpp.CmdReplaceSM, smpp.CmdDeliverSM, smpp.CmdEnquireLink, smpp.CmdUnbind} {
		if ask, answer := seen[uint32(id)], seen[uint32(id.Response())]; ask == 0 || answer != ask {
			t.Errorf("%d %s with %d answers", ask, id, answer)
		}
	}
}

// TestWiresharkSeesDamage: what TestWireshark looks for is found when it is there.
func TestWiresharkSeesDamage(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	capture := filepath.Join(t.TempDir(), "damaged.pcap")
	w := tap(t, capture, ln.Addr().String())
	near, err := net.Dial("tcp", w.addr())
	if err != nil {
		t.Fatal(err)
	}
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	pdu, err := smpp.Append(nil, smpp.Header{Sequence: 1}, &smpp.SubmitSM{ShortMessage: []byte("hello")})
	if err != nil {
		t.Fatal(err)
	}
	pdu[len(pdu)-6] = 200 // sm_length
	if _, err := near.Write(pdu); err != nil {
		t.Fatal(err)
	}
	near.Close()
	if _, err := io.ReadAll(far); err != nil {
		t.Fatal(err)
	}
	far.Close()
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if tshark(t, w, capture, "-Y", damaged) == "" {
		t.Error("tshark does not find a submit_sm that ends too early")
	}
}

// damaged is what no packet may be.
const damaged = "_ws.malformed || _ws.expert.severity >= error"

// tshark reads the capture.
func tshark(t *testing.T, w *wiretap, capture string, args ...string) string {
	t.Helper()
	args = append([]string{"-n", "-r", capture, "-d", fmt.Sprintf("tcp.port==%d,smpp", w.port()),
		"-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "smpp.decode_sms_over_smpp:GSM 7-bit"}, args...)
	cmd := exec.Command("tshark", args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tshark %q: %v\n%s", args, err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// scriptedSMSC behaves by the last two digits of the recipient.
func scriptedSMSC(t *testing.T) *smpptest.SMSC {
	t.Helper()
	delivered := smpptest.Receipt{State: smpp.StateDelivered}
	smsc, err := smpptest.Start(smpptest.Config{
		Authenticate: func(b *smpp.BindRequest) smpp.Status {
			if b.SystemID == "nobody" {
				return smpp.StatusInvPaswd
			}
			return smpp.StatusOK
		},
		OnSubmit: func(m *smpptest.Message) smpptest.Reply {
			to := m.Destination.Addr
			switch to[len(to)-2:] {
			case "31":
				return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateUndeliverable, Err: "001", NoTLV: true}}}
			case "32":
				return smpptest.Reply{Status: smpp.StatusInvDstAdr}
			case "33":
				return smpptest.Reply{Status: smpp.StatusInvDstAdr, Nack: true}
			case "34":
				return smpptest.Reply{Receipts: []smpptest.Receipt{{State: smpp.StateEnroute}, delivered}}
			}
			return smpptest.Reply{Receipts: []smpptest.Receipt{delivered}}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { smsc.Close() })
	return smsc
}

// wireConfiguration has every kind of bind, and a route for each long mode on
// the transceiver and on the pair.
func wireConfiguration(addr string) string {
	const common = "enquire_interval: 100ms, reconnect_min: 20ms, reconnect_max: 100ms, password: secret1, response_timeout: 5s"
	var b strings.Builder
	b.WriteString("price_lists:\n  - name: retail\n    prices: [{prefix: \"\", price: \"0.25\"}]\nconnectors:\n")
	for name, bind := range map[string]string{"trx": "transceiver", "pair": "transmitter+receiver", "nobody": "transceiver"} {
		fmt.Fprintf(&b, "  - {name: %s, protocol: smpp, window: 10, settings: {hosts: [%q], system_id: %s, bind: %s, %s}}\n", name, addr, name, bind, common)
	}
	b.WriteString("routes:\n")
	for prefix, mode := range longModes {
		connector := "trx"
		if mode == "udh8" || mode == "payload" {
			connector = "pair"
		}
		fmt.Fprintf(&b, "  - {name: %q, long: %s, connectors: [{name: %s}]}\n", prefix, mode, connector)
	}
	b.WriteString("rules:\n")
	for prefix := range longModes {
		fmt.Fprintf(&b, "  - {prefix: %q, route: %q}\n", prefix, prefix)
	}
	b.WriteString(`accounts:
  - name: acme
    time_zone: Asia/Dhaka
    country: BD
    price_list: retail
    max_parts: 20
    senders:
      - {name: ACME, status: approved}
      - {name: "8809612345678", status: approved}
    numbers: [{number: "8809612345678"}]
`)
	return b.String()
}

// conversation uses every PDU, and returns texts that stand in one submit_sm each.
func conversation(s *server, smsc *smpptest.SMSC) (texts []string) {
	groups := map[string]string{}
	send := func(want, to, text string, params ...string) { groups[s.send(to, text, params...)] = want }
	for prefix := range longModes {
		send("delivered", prefix+"00000021", "plain to "+prefix)
		send("delivered", prefix+"00000022", longGSM)
		send("delivered", prefix+"00000023", longEmoji)
		send("delivered", prefix+"00000024", extended+" "+prefix)
		send("delivered", prefix+"00000025", "বাংলা "+prefix, "from", "8809612345678")
		send("delivered", prefix+"00000026", "flash", "type", "flash")
		send("delivered", prefix+"00000027", bengali)
		send("undelivered", prefix+"00000031", "undelivered")
		send("rejected", prefix+"00000032", "refused")
		send("rejected", prefix+"00000033", "refused by generic_nack")
		send("delivered", prefix+"00000034", "intermediate receipt")
		texts = append(texts, "plain to "+prefix, extended+" "+prefix, "বাংলা "+prefix)
	}
	for g, want := range groups {
		s.reaches(g, want)
	}
	eventually(s.t, "refused binds and enquire_link", func() bool { return len(smsc.Refused()) > 0 })

	ctx := s.t.Context()
	mobile := smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "8801712345678"}
	ours := smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: "8809612345678"}
	long := &smpp.DataSM{Source: mobile, Destination: ours}
	if err := long.TLVs.Add(smpp.TagMessagePayload, []byte(strings.Repeat("a long reply ", 30))); err != nil {
		s.t.Fatal(err)
	}
	for _, session := range smsc.Sessions() {
		if _, err := session.Do(ctx, &smpp.EnquireLink{}); err != nil {
			s.t.Error(err)
		}
		if !session.Mode().CanReceive() {
			continue
		}
		for _, p := range []smpp.PDU{&smpp.DeliverSM{Source: mobile, Destination: ours, ShortMessage: []byte("a reply")}, long} {
			if _, err := session.Do(ctx, p); err != nil {
				s.t.Error(err)
			}
		}
		if err := session.Notify(&smpp.AlertNotification{Source: mobile, ESME: ours}); err != nil {
			s.t.Error(err)
		}
	}
	for _, session := range smsc.Sessions() {
		if err := session.Unbind(ctx); err != nil {
			s.t.Error(err)
		}
	}
	for prefix := range longModes { // over the binds that come after
		s.reaches(s.send(prefix+"00000028", "after the unbind"), "delivered")
	}
	return texts
}
