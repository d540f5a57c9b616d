package e2e

import (
	"context"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sim"
	"github.com/harkara/harkara/internal/sms"
)

// operatorAt starts a simulator at an address, which may have had one before.
func operatorAt(t *testing.T, addr string) *sim.Simulator {
	t.Helper()
	o, err := sim.Start(sim.Options{Listen: addr, ReceiptDelay: time.Millisecond, Keep: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

// TestOperatorIsDown: messages wait for the operator, at the start and later.
func TestOperatorIsDown(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	s := newServer(t, oneRoute(addr, "", ""), "acme")
	s.cli("account", "topup", "acme", "100", "--reason", "test")
	s.start()
	for round := range 2 {
		var groups []string
		for i := range 20 {
			groups = append(groups, s.send(ordinary(round*100+i), "waits"))
		}
		for _, g := range groups {
			if d := s.detail(g); d != "queued" {
				t.Errorf("group %s is %s while the operator is down", g, d)
			}
		}
		o := operatorAt(t, addr)
		for _, g := range groups {
			s.reaches(g, "delivered")
		}
		if n := len(o.Received()); n != len(groups) {
			t.Errorf("the operator saw %d submissions of %d messages", n, len(groups))
		}
		o.Close()
		eventually(t, "the link is seen to be down", func() bool { return strings.Count(s.logged(), "up=false") > round })
	}
	s.stop()
	s.checked()
}

// twoRoutes has a route main over the connectors first and second, in this
// order, and a route 7 over second alone that calls may name.
func twoRoutes(first, second string) string {
	const settings = "system_id: e2e, password: secret1, reconnect_min: 20ms, reconnect_max: 100ms, reconnect_stable: 1s"
	return fmt.Sprintf(`
price_lists:
  - name: retail
    prices: [{prefix: "", price: "0.25"}]
connectors:
  - {name: first, protocol: smpp, window: 10, settings: {hosts: ["%s"], %s}}
  - {name: second, protocol: smpp, window: 10, settings: {hosts: ["%s"], %s}}
routes:
  - name: main
    connectors: [{name: first, priority: 0}, {name: second, priority: 1}]
  - name: pinned
    id: 7
    connectors: [{name: second}]
  - name: forbidden
    id: 8
    connectors: [{name: first}]
rules:
  - {prefix: "", route: main}
accounts:
  - name: acme
    time_zone: Asia/Dhaka
    country: BD
    price_list: retail
    routes: [main, pinned]
    senders:
      - {name: ACME, status: approved}
`, first, settings, second, settings)
}

// saw counts the submissions of an operator to a number.
func saw(o *sim.Simulator, to string) (n int) {
	for _, m := range o.Received() {
		if m.Destination.Addr == to {
			n++
		}
	}
	return n
}

// TestFailover: the second connector of a route carries the traffic while the
// first is down or refuses for a passing reason; a route that the call names
// pins the message.
func TestFailover(t *testing.T) {
	t.Parallel()
	firstAddr, secondAddr := freeAddr(t), freeAddr(t)
	second := operatorAt(t, secondAddr)
	s := newServer(t, twoRoutes(firstAddr, secondAddr), "acme")
	s.cli("account", "topup", "acme", "100", "--reason", "test")
	s.start()

	s.reaches(s.send("8801700000001", "the first is down"), "delivered")
	if saw(second, "8801700000001") != 1 {
		t.Error("the second connector did not carry the message")
	}

	first := operatorAt(t, firstAddr)
	n := 100
	eventually(t, "the first connector carries the traffic again", func() bool {
		n++
		to := ordinary(n)
		s.reaches(s.send(to, "the first is up"), "delivered")
		return saw(first, to) == 1 && saw(second, to) == 0
	})

	// ESME_RSYSERR at the first try of each operator.
	s.reaches(s.send("8801700000085", "a passing refusal"), "delivered")
	if a, b := saw(first, "8801700000085"), saw(second, "8801700000085"); a == 0 || b == 0 {
		t.Errorf("after a passing refusal the operators saw %d and %d submissions", a, b)
	}

	second.Close()
	eventually(t, "the second link is seen to be down", func() bool { return strings.Contains(s.logged(), "connector=second up=false") })
	pinned := s.send("8801700000002", "only by the second", "route", "7")
	s.reaches(s.send("8801700000003", "by the default rules"), "delivered")
	if d := s.detail(pinned); d != "queued" || saw(first, "8801700000002") != 0 {
		t.Errorf("the pinned message is %s, the other operator saw %d", d, saw(first, "8801700000002"))
	}
	second = operatorAt(t, secondAddr)
	s.reaches(pinned, "delivered")
	if saw(second, "8801700000002") != 1 {
		t.Error("the pinned message did not go where it was pinned to")
	}
	for _, route := range []string{"8", "99", "x"} {
		if r := s.call("sendsms", "from", "ACME", "to", "8801700000004", "text", "x", "route", route); r.Status != "error" || !strings.Contains(r.Message, "route") {
			t.Errorf("route=%s: %+v", route, r)
		}
	}
	s.stop()
	s.checked()
}

// TestScheduled: a scheduled message goes out at its time, not before.
func TestScheduled(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "100", "--reason", "test")
	s.start()
	zone, err := time.LoadLocation("Asia/Dhaka")
	if err != nil {
		t.Fatal(err)
	}
	due := time.Now().Add(3 * time.Second).Truncate(time.Second)
	g := s.send("8801700000001", "later", "scheduledate", due.In(zone).Format("2006-01-02 15:04:05"))
	far := s.send("8801700000002", "much later", "scheduledate", due.Add(24*time.Hour).In(zone).Format("2006-01-02 15:04:05"))
	s.reaches(s.send("8801700000003", "now"), "delivered")
	if d := s.detail(g); d != "scheduled" && time.Now().Before(due) {
		t.Errorf("before its time the message is %s", d)
	}
	s.reaches(g, "delivered")
	for _, m := range o.Received() {
		if m.Destination.Addr != "8801700000001" {
			continue
		}
		late := m.Received.Sub(due)
		if late < 0 || late > 10*time.Second {
			t.Errorf("submitted %s after its time", late)
		}
		t.Logf("submitted %s after its time", late)
	}
	if d := s.detail(far); d != "scheduled" || saw(o, "8801700000002") != 0 {
		t.Errorf("a message of tomorrow is %s", d)
	}
	s.stop()
	s.checked()
}

// TestStopUnderLoad stops the server in good order while callers send: what was
// accepted is delivered later, and nothing has an unknown outcome.
func TestStopUnderLoad(t *testing.T) {
	t.Parallel()
	o, err := sim.Start(sim.Options{Latency: 2 * time.Millisecond, ReceiptDelay: 3 * time.Millisecond, Keep: 1_000_000})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "1000000", "--reason", "test")
	l := &load{server: s, accepted: map[string]string{}}
	for range 3 {
		s.start()
		l.run(t, 300*time.Millisecond, s.stop)
	}
	s.start()
	waitFinal(t, s)
	s.stop()
	s.checked()
	records, _ := dump(t, s)
	parts := 0
	for _, r := range records {
		for _, p := range r.Sub {
			parts++
			if p.Unknowns != 0 {
				t.Errorf("message to %s: part %d had %d unknown outcomes", r.To, p.Seq, p.Unknowns)
			}
		}
		if r.State != sms.Delivered {
			t.Errorf("message to %s is %s", r.To, r.State)
		}
	}
	if len(records) != len(l.accepted) {
		t.Errorf("%d messages in the database, %d accepted", len(records), len(l.accepted))
	}
	if n := len(o.Received()); n != parts {
		t.Errorf("the operator saw %d submissions of %d parts", n, parts)
	}
	t.Logf("%d messages, %d parts", len(records), parts)
}

// TestSecondSignalEndsAtOnce: a stop that waits for an operator who does not
// answer is cut short by a second signal. The outcome is unknown then, and the
// next start follows the route's policy.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "response_timeout: 50s", ""), "acme")
	s.cli("account", "topup", "acme", "100", "--reason", "test")
	s.start("--shutdown-soft", "9m", "--shutdown-hard", "10m")
	o.SMSC().Mute(true)
	g := s.send("8801700000001", "no answer")
	if err := o.SMSC().WaitReceived(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	signal := func() {
		if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	signal()
	eventually(t, "the server stops listening", func() bool {
		conn, err := net.Dial("tcp", s.http)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	select {
	case err := <-s.done:
		t.Fatalf("ended with an answer missing: %v", err)
	default:
	}
	begin := time.Now()
	again := time.NewTicker(100 * time.Millisecond) // a signal right behind the first counts as the same
	defer again.Stop()
	stop, over := context.WithTimeout(t.Context(), patience)
	defer over()
	var ended error
	for done := false; !done; {
		select {
		case ended = <-s.done:
			done = true
		case <-again.C:
			_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended meanwhile
		case <-stop.Done():
			t.Fatal("the second signal did not end the server")
		}
	}
	s.cmd = nil
	if ended == nil {
		t.Error("a stop that was cut short ended with code 0")
	}
	// The orderly stop would have waited for drainWait, ten seconds.
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the second signal took %s", took)
	}
	o.SMSC().Mute(false)
	s.start()
	s.reaches(g, "delivered")
	s.stop()
	s.checked()
	if n := saw(o, "8801700000001"); n != 2 {
		t.Errorf("the operator saw %d submissions, want 2: one of unknown outcome, one by policy", n)
	}
}
