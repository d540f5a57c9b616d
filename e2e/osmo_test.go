package e2e

import (
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/harkara/harkara/gsm"
)

// osmoConfiguration takes an address for all of its ports, and its database.
const osmoConfiguration = `
log stderr
 logging filter all 1
 logging color 0
 logging print category 1
 logging level set-all notice
 logging level smpp info
line vty
 bind %[1]s
ctrl
 bind %[1]s
network
 network country code 1
 mobile network code 1
msc
 mgw local-ip %[1]s
 mgw remote-ip %[1]s
hlr
 remote-ip %[1]s
smsc
 database %[2]s
smpp
 local-tcp-ip %[1]s 2775
 system-id osmo
 policy closed
 esme e2e
  password secret1
  no osmocom-extensions
`

// osmoMSC is the switching centre of Osmocom. There is no radio side here, so it
// keeps in its database what it would send to handsets, as TS 23.040 has it, and
// there are no receipts. It gives every message the same id, forgets that a text
// is to flash, and puts an @ before each part in the GSM alphabet whose header
// has a 16-bit reference.
type osmoMSC struct {
	t        *testing.T
	host     string
	dir, lib string
	cmd      *exec.Cmd

	mu  sync.Mutex
	log strings.Builder
}

// newOsmoMSC prepares one on a loopback address of its own, since most of its
// ports cannot be chosen.
func newOsmoMSC(t *testing.T) *osmoMSC {
	t.Helper()
	pid := os.Getpid()
	m := &osmoMSC{t: t, dir: t.TempDir(), host: fmt.Sprintf("127.%d.%d.1", 100+pid>>8&0x7f, pid&0xff)}
	m.lib = filepath.Join(m.dir, "nosctp.so")
	if out, err := exec.Command(program(t, "gcc"), "-shared", "-fPIC", "-o", m.lib, "peers/nosctp.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v: %s", err, out)
	}
	if err := os.WriteFile(m.file("msc.cfg"), fmt.Appendf(nil, osmoConfiguration, m.host, m.file("sms.db")), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		m.kill()
		if t.Failed() {
			t.Logf("osmo-msc says:\n%s", m.said())
		}
	})
	return m
}

func (m *osmoMSC) file(name string) string { return filepath.Join(m.dir, name) }

func (m *osmoMSC) addr() string { return m.host + ":2775" }

func (m *osmoMSC) start() {
	m.t.Helper()
	m.cmd = exec.Command(program(m.t, "osmo-msc"), "-c", m.file("msc.cfg"))
	m.cmd.Dir, m.cmd.Env = m.dir, append(os.Environ(), "LD_PRELOAD="+m.lib)
	m.cmd.Stderr = m
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	eventually(m.t, "osmo-msc listens", func() bool {
		c, err := net.Dial("tcp", m.addr())
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}

func (m *osmoMSC) kill() {
	if m.cmd == nil {
		return
	}
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
	m.cmd = nil
}

// Write is the log.
func (m *osmoMSC) Write(p []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.Write(p)
}

func (m *osmoMSC) said() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.log.String()
}

// stored is a message as the handset would get it.
type stored struct {
	from               string
	ton, npi, dcs, udh int
	receipt            int
	userData           []byte
}

// stored reads what is kept for a number.
func (m *osmoMSC) stored(to string) (list []stored) {
	m.t.Helper()
	db, err := sql.Open("sqlite", "file:"+m.file("sms.db")+"?mode=ro")
	if err != nil {
		m.t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(`SELECT src_addr, src_ton, src_npi, data_coding_scheme, ud_hdr_ind, status_rep_req, user_data FROM SMS
		WHERE dest_addr = ? AND dest_ton = 1 AND dest_npi = 1 ORDER BY id`, to)
	if err != nil {
		m.t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var s stored
		if err := rows.Scan(&s.from, &s.ton, &s.npi, &s.dcs, &s.udh, &s.receipt, &s.userData); err != nil {
			m.t.Fatal(err)
		}
		list = append(list, s)
	}
	if err := rows.Err(); err != nil {
		m.t.Fatal(err)
	}
	return list
}

// text is that of a part and its number; the length in septets is not kept, so
// that up to one @ may be too much.
func (s *stored) text(t *testing.T) (string, int) {
	t.Helper()
	body, header, seq := s.userData, 0, 1
	if s.udh != 0 {
		udh, rest, err := gsm.ParseUDH(s.userData)
		if err != nil {
			t.Fatal(err)
		}
		c, ok := udh.Concat()
		if !ok {
			t.Fatalf("user data header %x", s.userData)
		}
		header, seq, body = len(s.userData)-len(rest), int(c.Seq), rest
	}
	if s.dcs&0x0c == 8 {
		return utf16BE(string(body)), seq
	}
	septets := gsm.AppendUnpacked(nil, s.userData[header:], header, (len(s.userData)*8-(header*8+6)/7*7)/7)
	return strings.TrimRight(gsm.DecodeSeptets(septets, gsm.GSM7), "@"), seq
}

// TestOsmoMSC binds to Osmocom's switching centre and compares what it would
// send to handsets.
func TestOsmoMSC(t *testing.T) {
	t.Parallel()
	m := newOsmoMSC(t)
	m.start()
	s := newServer(t, peerConfiguration(m.addr(), "secret1", "transceiver"), "acme")
	s.cli("account", "topup", "acme", "1000", "--reason", "test")
	s.cli("connector", "change", "operator", "--set", "flash_default=240") // it knows no 0x10
	s.start()
	type message struct {
		to, from, text string
		params         []string
		ton, npi, dcs  int
		parts          int
	}
	for _, x := range []message{
		{to: "8801700000001", from: "ACME", text: allGSM, ton: 5, parts: 1},
		{to: "8801700000002", from: "ACME", text: extended, ton: 5, parts: 1},
		{to: "8801700000003", from: "ACME", text: bengali, ton: 5, dcs: 8, parts: 1},
		{to: "8801700000004", from: "8809612345678", text: "from a number", ton: 1, npi: 1, parts: 1},
		{to: "8801700000005", from: "ACME", text: "flash €", params: []string{"type", "flash"}, ton: 5, parts: 1},
		{to: "8801700000006", from: "ACME", text: longGSM, ton: 5, parts: 4},
		{to: "8801800000008", from: "ACME", text: longEmoji, ton: 5, dcs: 8, parts: 4},
	} {
		s.reaches(s.send(x.to, x.text, append(x.params, "from", x.from)...), "sent")
		list := m.stored(x.to)
		if len(list) != x.parts {
			t.Fatalf("to %s: %d parts are kept, want %d", x.to, len(list), x.parts)
		}
		texts := make([]string, len(list))
		for _, part := range list {
			if part.from != x.from || part.ton != x.ton || part.npi != x.npi || part.dcs != x.dcs || part.receipt != 1 {
				t.Errorf("to %s: kept as %+v", x.to, part)
			}
			text, seq := part.text(t)
			texts[seq-1] = text
		}
		if got := strings.Join(texts, ""); got != x.text {
			t.Errorf("to %s: kept as %q, want %q", x.to, got, x.text)
		}
	}
	m.kill()
	waits := s.send("8801700000009", "waits for the switching centre")
	m.start()
	s.reaches(waits, "sent")
	s.stop()
	eventually(t, "osmo-msc sees the unbind", func() bool { return strings.Contains(m.said(), "Rx UNBIND") })
	for _, complaint := range []string{"Unimplemented", "rror parsing", "Invalid"} {
		if strings.Contains(m.said(), complaint) {
			t.Errorf("osmo-msc complains: %s", complaint)
		}
	}
	s.checked()
}
