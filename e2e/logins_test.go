package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// dial binds a scripted customer.
func dial(t *testing.T, addr, systemID string, mode smpp.Mode, cfg smpptest.ESMEConfig) *smpptest.ESME {
	t.Helper()
	e, err := tryDial(t, addr, systemID, customerPassword, mode, cfg)
	if err != nil {
		t.Fatalf("bind as %s: %v", systemID, err)
	}
	return e
}

func tryDial(t *testing.T, addr, systemID, password string, mode smpp.Mode, cfg smpptest.ESMEConfig) (*smpptest.ESME, error) {
	t.Helper()
	cfg.Bind.Mode, cfg.Bind.SystemID, cfg.Bind.Password = mode, systemID, smpp.Secret(password)
	if cfg.Bind.Session.Window == 0 {
		cfg.Bind.Session.Window = 50
	}
	e, err := smpptest.Dial(t.Context(), addr, cfg)
	if err == nil {
		t.Cleanup(func() { e.Close() })
	}
	return e, err
}

// refusedWith is the status of a refused bind.
func refusedWith(t *testing.T, err error) smpp.Status {
	t.Helper()
	refused, ok := errors.AsType[*smpp.StatusError](err)
	if !ok {
		t.Fatalf("bind: %v, want a refusal", err)
	}
	return refused.Status
}

// submitSM is a message from ACME that asks for a receipt.
func submitSM(to, text string) *smpp.SubmitSM {
	return &smpp.SubmitSM{Source: smpp.Address{TON: smpp.TONAlphanumeric, Addr: "ACME"},
		Destination:        smpp.Address{TON: smpp.TONInternational, NPI: smpp.NPIISDN, Addr: to},
		RegisteredDelivery: smpp.ReceiptAlways, ShortMessage: []byte(text)}
}

// submits sends one message each to the numbers and returns the ids.
func submits(t *testing.T, e *smpptest.ESME, numbers ...string) (ids []string) {
	t.Helper()
	for _, to := range numbers {
		id, err := e.Submit(t.Context(), submitSM(to, "hello"))
		if err != nil || id == "" {
			t.Fatalf("submit_sm to %s: id %q, %v", to, id, err)
		}
		ids = append(ids, id)
	}
	return ids
}

// receiptsOf are the ids in the receipts that came, in order.
func receiptsOf(e *smpptest.ESME) (ids []string) {
	for _, d := range e.Deliveries() {
		if d.Receipt != nil {
			ids = append(ids, d.Receipt.ID)
		}
	}
	return ids
}

// delivered waits for n deliveries.
func delivered(t *testing.T, e *smpptest.ESME, n int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := e.WaitDelivered(ctx, uint64(n)); err != nil {
		t.Fatalf("%d of %d deliveries: %v", e.Delivered(), n, err)
	}
}

// ended waits until the session is over.
func ended(t *testing.T, e *smpptest.ESME, why string) {
	t.Helper()
	select {
	case <-e.Done():
	case <-time.After(patience):
		t.Fatalf("the session goes on: %s", why)
	}
}

// anotherAccount is an account to put behind those of a configuration.
func anotherAccount(name, more string) string {
	return fmt.Sprintf(`  - name: %s
    time_zone: Asia/Dhaka
    country: BD
    price_list: retail
    senders:
      - {name: ACME, status: approved}
%s`, name, more)
}

// TestLoginsOfOneAccount: each is told what became of its own messages, and
// replies go to the one that wants them.
func TestLoginsOfOneAccount(t *testing.T) {
	t.Parallel()
	o := operator(t)
	configuration := oneRoute(o.Addr(), "", "") + login("first", "replies: [\"8809612345678\"]") +
		fmt.Sprintf("      - {system_id: second, password_env: %s, message_id: hex}\n", customerPasswordVariable) + anotherAccount("other", login("third", "replies: [all]"))
	s := serveCustomers(t, configuration)
	s.cli("account", "topup", "other", "1000", "--reason", "test")
	esmes := map[string]*smpptest.ESME{}
	want := map[string][]string{}
	for i, name := range []string{"first", "second", "third"} {
		esmes[name] = dial(t, s.smpp, name, smpp.Transceiver, smpptest.ESMEConfig{})
		want[name] = submits(t, esmes[name], ordinary(10*i), ordinary(10*i+1), ordinary(10*i+2))
	}
	s.reaches(s.send(ordinary(50), "over HTTP"), "delivered")
	s.reaches(s.send("8801712345692", "echo over HTTP"), "delivered")
	delivered(t, esmes["first"], 4) // three receipts, and the echo
	for name, e := range esmes {
		delivered(t, e, 3)
		if got := receiptsOf(e); !slices.Equal(sorted(got), sorted(want[name])) {
			t.Errorf("%s has receipts of %v, want %v", name, got, want[name])
		}
		// Of the other login of the account, in the form of its ids, and of
		// somebody else.
		for other, ids := range want {
			_, err := e.Do(t.Context(), &smpp.QuerySM{MessageID: ids[0], Source: submitSM("", "").Source})
			if (err == nil) != ((name == "third") == (other == "third")) {
				t.Errorf("%s asks for a message of %s: %v", name, other, err)
			}
		}
	}
	s.stop()
	for name, e := range esmes {
		if n := int(e.Delivered()); n != 3 && name != "first" || n != 4 && name == "first" {
			t.Errorf("%s had %d deliveries", name, n)
		}
	}
	s.checked()
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// TestThrottledLogin: above its rate a login is answered ESME_RTHROTTLED, on all
// its binds together; another one of the account is not.
func TestThrottledLogin(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := serveCustomers(t, oneRoute(o.Addr(), "", "")+login("slow", "rate: 5")+fmt.Sprintf("      - {system_id: fast, password_env: %s}\n", customerPasswordVariable))
	submit := func(systemID string, n int) smpptest.Load {
		e := dial(t, s.smpp, systemID, smpp.Transmitter, smpptest.ESMEConfig{})
		load, err := e.SubmitMany(t.Context(), n, func(i int) *smpp.SubmitSM { return submitSM(ordinary(i), "x") })
		if err != nil || load.Outcomes[smpp.Answered] != n {
			t.Fatalf("%s: %+v, %v", systemID, load, err)
		}
		return load
	}
	first, second := submit("slow", 100), submit("slow", 100)
	accepted := first.Statuses[smpp.StatusOK] + second.Statuses[smpp.StatusOK]
	throttled := first.Statuses[smpp.StatusThrottled] + second.Statuses[smpp.StatusThrottled]
	most := 10 + 5*int((first.Elapsed+second.Elapsed+time.Second)/time.Second)
	if accepted == 0 || accepted+throttled != 200 || accepted > most {
		t.Errorf("%d accepted, %d throttled, in %s", accepted, throttled, first.Elapsed+second.Elapsed)
	}
	if fast := submit("fast", 200); fast.Statuses[smpp.StatusOK] != 200 {
		t.Errorf("the other login: %v", fast.Statuses)
	}
	if n := int(o.SMSC().Totals().Submits); n > accepted+200 {
		t.Errorf("the operator saw %d submissions", n)
	}
	s.stop()
	s.checked()
}

// liveLogin is a login that is made and changed while the server runs.
type liveLogin struct {
	server         *server
	name, password string
}

// newLiveLogin makes it by the command line.
func newLiveLogin(s *server, name string, more ...string) *liveLogin {
	s.t.Helper()
	l := &liveLogin{server: s, name: name}
	l.reads(s.cli(append([]string{"smpp", "create", name, "--account", "acme", "-o", "json"}, more...)...))
	return l
}

// reads takes the password from what a command printed.
func (l *liveLogin) reads(printed string) {
	l.server.t.Helper()
	var made struct{ Password string }
	if err := json.Unmarshal([]byte(printed), &made); err != nil {
		l.server.t.Fatal(err)
	}
	if n := len(made.Password); n == 0 || n > 8 {
		l.server.t.Errorf("a password of %d characters; SMPP 3.4 §5.2.2 has room for 8", n)
	}
	l.password = made.Password
}

func (l *liveLogin) try() (*smpptest.ESME, error) {
	return tryDial(l.server.t, l.server.smpp, l.name, l.password, smpp.Transceiver, smpptest.ESMEConfig{})
}

// binds tries a few times: a change is seen within 200 ms, and each refusal counts.
func (l *liveLogin) binds(why string) *smpptest.ESME {
	t := l.server.t
	t.Helper()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for range 8 {
		if e, err := l.try(); err == nil {
			return e
		}
		<-tick.C
	}
	t.Fatalf("%s may not bind: %s", l.name, why)
	return nil
}

// barred waits until its session has ended; another one is refused.
func (l *liveLogin) barred(e *smpptest.ESME, why string) {
	t := l.server.t
	t.Helper()
	ended(t, e, why)
	_, err := l.try()
	refusedWith(t, err)
}

// TestLoginIsLive makes, changes and disables logins while the server runs.
func TestLoginIsLive(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.smpp = freeAddr(t)
	s.start()
	only := newLiveLogin(s, "only", "--max-binds", "1")
	e := only.binds("it was made")
	_, err := e.Submit(t.Context(), submitSM("8801700000001", "no credit"))
	if status := refusedWith(t, err); status != smpp.StatusSubmitFail {
		t.Errorf("without credit: %s", status)
	}
	s.cli("account", "topup", "acme", "10", "--reason", "test")
	submits(t, e, "8801700000001")
	_, err = only.try()
	if status := refusedWith(t, err); status != smpp.StatusAlyBnd && status != smpp.StatusBindFail {
		t.Errorf("one bind too many: %s", status)
	}

	for name, change := range map[string]struct{ bar, allow []string }{
		"disabled": {[]string{"disable"}, []string{"enable"}},
		"address":  {[]string{"change", "--ips", "192.0.2.1"}, []string{"change", "--ips", "127.0.0.0/8"}},
		"tls":      {[]string{"change", "--require-tls"}, []string{"change", "--require-tls=false"}},
	} {
		l := newLiveLogin(s, name)
		e := l.binds("it was made")
		edit := func(args []string) {
			t.Helper()
			s.cli(append([]string{"smpp", args[0], name, "--account", "acme"}, args[1:]...)...)
		}
		edit(change.bar)
		l.barred(e, name)
		edit(change.allow)
		l.binds("it was allowed again").Close()
	}
	old := only.password
	only.reads(s.cli("smpp", "new-password", "only", "--account", "acme", "-o", "json"))
	ended(t, e, "the password is another one")
	e = only.binds("the password is new")
	if _, err := tryDial(t, s.smpp, "only", old, smpp.Transceiver, smpptest.ESMEConfig{}); err == nil {
		t.Error("the old password still binds")
	}
	s.cli("account", "disable", "acme")
	only.barred(e, "the account is disabled")
	s.stop()
	for _, secret := range []string{old, only.password} {
		if strings.Contains(s.logged(), secret) {
			t.Error("the log holds a password")
		}
	}
	s.checked()
}

// TestHostileCustomer sends what no PDU is, before and after the bind; the next
// customer is served.
func TestHostileCustomer(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := serveCustomers(t, oneRoute(o.Addr(), "", "")+login("customer", ""))
	bind := &smpp.Bind{Mode: smpp.Transceiver, SystemID: "customer", Password: customerPassword, InterfaceVersion: smpp.Version34}
	for name, octets := range map[string]string{
		"HTTP":            "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"too short":       "\x00\x00\x00\x04\x00\x00\x00\x04",
		"a gigabyte":      "\x40\x00\x00\x00\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00\x02",
		"zeros":           strings.Repeat("\x00", 1000),
		"half a PDU only": "\x00\x00\x00\x30\x00\x00\x00\x04\x00\x00",
	} {
		for _, bound := range []bool{false, true} {
			c, err := smpptest.DialConn(s.smpp)
			if err != nil {
				t.Fatal(err)
			}
			if bound {
				if status, err := c.Bind(bind); err != nil || status != 0 {
					t.Fatalf("bind: %s, %v", status, err)
				}
			}
			if _, err := io.WriteString(c, octets); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if name != "half a PDU only" {
				// generic_nack may come first; then the connection is closed.
				if _, err := io.ReadAll(io.LimitReader(c, 1000)); err != nil && !strings.Contains(err.Error(), "reset") {
					t.Errorf("%s: %v", name, err)
				}
			}
			c.Close()
		}
	}
	e := dial(t, s.smpp, "customer", smpp.Transceiver, smpptest.ESMEConfig{})
	submits(t, e, "8801700000001")
	delivered(t, e, 1)
	s.stop()
	s.checked()
}
