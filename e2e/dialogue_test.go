package e2e

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sim"
)

// operator starts a simulator that answers at once.
func operator(t *testing.T) *sim.Simulator {
	t.Helper()
	o, err := sim.Start(sim.Options{ReceiptDelay: time.Millisecond, ReplyTo: "8809612345678", Keep: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// TestBehaviours sends to every special number of the simulator.
func TestBehaviours(t *testing.T) {
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "response_timeout: 1s", ""), "acme")
	s.cli("account", "topup", "acme", "100", "--reason", "test")
	s.start()
	want := map[string]string{"80": "undelivered", "81": "expired", "82": "rejected", "83": "sent", "84": "delivered", "85": "delivered",
		"86": "rejected", "87": "delivered", "88": "delivered", "89": "delivered", "90": "delivered", "91": "delivered",
		"92": "delivered", "93": "delivered", "10": "delivered"}
	groups := map[string]string{}
	for digits := range want {
		groups[digits] = s.send("88017123456"+digits, "hello €")
	}
	for digits, detail := range want {
		s.reaches(groups[digits], detail)
	}
	var reply string
	eventually(t, "the echo is in the inbox", func() bool {
		for _, m := range s.call("getinbox", "list", "all").Inbox {
			reply = m.Message
		}
		return reply != ""
	})
	if reply != "hello €" {
		t.Errorf("echo %q", reply)
	}
	if n := len(s.call("getinbox").Inbox); n != 1 {
		t.Errorf("%d unread", n)
	}
	if n := len(s.call("getinbox").Inbox); n != 0 {
		t.Errorf("%d unread after reading", n)
	}
	s.stop()
	s.checked()
}

// TestLongUnicodeComesBackWhole sends a long Bengali text, which the handset
// echoes part by part.
func TestLongUnicodeComesBackWhole(t *testing.T) {
	o := operator(t)
	for _, long := range []string{"udh8", "udh16", "sar", "payload"} {
		t.Run(long, func(t *testing.T) {
			s := newServer(t, oneRoute(o.Addr(), "", "long: "+long), "acme")
			s.cli("account", "topup", "acme", "100", "--reason", "test")
			s.start()
			text := strings.Repeat("আমার সোনার বাংলা, আমি তোমায় ভালোবাসি। 😀 ", 5)
			g := s.send("8801712345692", text, "from", "8809612345678")
			s.reaches(g, "delivered")
			if long == "sar" {
				return // the simulator does not echo SAR parameters
			}
			eventually(t, "the echo is in the inbox", func() bool {
				inbox := s.call("getinbox", "list", "all").Inbox
				return len(inbox) == 1 && strings.TrimSpace(inbox[0].Message) == strings.TrimSpace(text)
			})
		})
	}
}

const noCredit = "Insufficient balance; top up the account or send to fewer recipients"

// TestRace: 32 callers race for an account whose balance pays for half of what
// they send.
func TestRace(t *testing.T) {
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "80", "--reason", "test") // 320 messages
	s.start()
	var accepted, refused atomic.Int64
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for range 20 {
				r, err := s.ask(client, "sendsms", "from", "ACME", "to", "8801712345678", "text", "race")
				switch {
				case err != nil:
					t.Error(err)
				case r.Status == "queued":
					accepted.Add(1)
				case r.Message == noCredit:
					refused.Add(1)
				default:
					t.Errorf("%+v", r)
				}
			}
		})
	}
	wg.Wait()
	if accepted.Load() != 320 || refused.Load() != 320 {
		t.Errorf("%d accepted, %d refused", accepted.Load(), refused.Load())
	}
	if b := s.call("balance").Balance; b == nil || *b != "0" {
		t.Errorf("balance %v", b)
	}
	s.stop()
	s.checked()
}

// TestConfigurationIsLive changes everything while the server runs.
func TestConfigurationIsLive(t *testing.T) {
	o := operator(t)
	s := newServer(t, oneRoute("127.0.0.1:1", "", ""), "acme")
	s.start()
	refused := func(message string) {
		t.Helper()
		eventually(t, message, func() bool {
			return s.call("sendsms", "from", "ACME", "to", "8801712345678", "text", "x").Message == message
		})
	}
	refused(noCredit)
	s.cli("account", "topup", "acme", "10", "--reason", "test")
	g := s.send("8801712345678", "waits for the operator")
	s.apply(oneRoute(o.Addr(), "", "")) // the connector moves to a host that is there
	s.reaches(g, "delivered")
	s.cli("sender", "refuse", "ACME", "--account", "acme")
	refused("Sender ID not allowed")
	s.cli("account", "disable", "acme")
	refused("Invalid user")
	if out := s.cli("account", "auth-failures"); !strings.Contains(out, "account is disabled") {
		eventually(t, "the reason is shown", func() bool {
			return strings.Contains(s.cli("account", "auth-failures"), "account is disabled")
		})
	}
	s.stop()
	s.checked()
}

// TestNothingSecretIsLogged looks for credentials, passwords and texts in the
// log of a busy server.
func TestNothingSecretIsLogged(t *testing.T) {
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "10", "--reason", "test")
	s.start()
	s.reaches(s.send("8801712345678", "canary text one"), "delivered")
	s.reaches(s.send("8801712345692", "canary text two"), "delivered")
	s.call("sendsms", "from", "ACME", "to", "nobody", "text", "canary text three")
	s.call("balance", "apitoken", "canarytoken")
	s.stop()
	for _, secret := range []string{"canary", s.token, "secret1"} {
		if strings.Contains(s.logged(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

// TestStopAndStartContinues stops the server in the middle of work.
func TestStopAndStartContinues(t *testing.T) {
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "1000", "--reason", "test")
	s.start()
	var numbers []string
	for i := range 500 {
		numbers = append(numbers, ordinary(i))
	}
	g := s.call("sendsms", "from", "ACME", "to", strings.Join(numbers, ","), "text", "x").GroupID
	s.stop()
	s.start()
	eventually(t, "all are delivered", func() bool {
		r := s.call("groupstatus", "groupid", g, "detail", "1")
		for _, m := range r.Recipients {
			if m.Detail != "delivered" {
				return false
			}
		}
		return len(r.Recipients) > 0
	})
	s.stop()
	s.checked()
	if n := len(o.Received()); n != len(numbers) {
		t.Errorf("the operator saw %d submissions of %d messages: an orderly stop leaves nothing unknown", n, len(numbers))
	}
}
