package e2e

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sim"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite"
)

// TestKill kills the server at random moments under load. Afterwards every call
// that was answered "queued" is there and final, nothing was charged twice, and
// the operator saw no message twice except those of unknown outcome.
func TestKill(t *testing.T) {
	rounds := 5
	if proof() {
		rounds = 50
	}
	operator, err := sim.Start(sim.Options{Latency: 2 * time.Millisecond, ReceiptDelay: 3 * time.Millisecond, Keep: 10_000_000})
	if err != nil {
		t.Fatal(err)
	}
	defer operator.Close()
	s := newServer(t, oneRoute(operator.Addr(), "response_timeout: 2s", "validity: 6s\nreceipt_wait: 3s"), "acme")
	s.cli("account", "topup", "acme", "1000000", "--reason", "test")
	l := &load{server: s, accepted: map[string]string{}}
	for round := range rounds {
		s.start()
		l.run(t, time.Duration(150+rand.IntN(500))*time.Millisecond, func() { s.kill() })
		t.Logf("round %d: %d calls accepted", round+1, len(l.accepted))
	}
	s.start()
	waitFinal(t, s)
	s.stop()
	s.checked()
	l.reconcile(t, s, operator)
}

// load sends messages to numbers that are never used twice.
type load struct {
	server *server
	next   atomic.Int64

	mu       sync.Mutex
	accepted map[string]string // number by group
}

// run sends from many callers until the time is over, then calls end while
// they are still sending.
func (l *load) run(t *testing.T, d time.Duration, end func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for ctx.Err() == nil {
				l.one(t, client)
			}
		})
	}
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	end()
	stop()
	wg.Wait()
	client.CloseIdleConnections()
}

// one sends a message; no answer means that nobody knows.
func (l *load) one(t *testing.T, client *http.Client) {
	n := l.next.Add(1)
	to := ordinary(int(n))
	text := "short"
	if n%7 == 0 {
		text = strings.Repeat("0123456789", 20) // two parts
	}
	r, err := l.server.ask(client, "sendsms", "from", "ACME", "to", to, "text", text)
	if err != nil {
		return
	}
	if r.Status != "queued" {
		t.Errorf("refused: %+v", r)
		return
	}
	l.mu.Lock()
	l.accepted[r.GroupID] = to
	l.mu.Unlock()
}

// waitFinal waits until no message is unfinished.
func waitFinal(t *testing.T, s *server) {
	t.Helper()
	eventually(t, "every message is final", func() bool { return finished(s) })
}

// finished says whether every message is final.
func finished(s *server) bool {
	out, _ := s.try("check", "-o", "json")
	return strings.Contains(strings.ReplaceAll(out, " ", ""), `"unfinished":0,`)
}

// reconcile compares what callers were told, the database, and what the
// operator saw.
func (l *load) reconcile(t *testing.T, s *server, operator *sim.Simulator) {
	t.Helper()
	records, balance := dump(t, s)
	seen := map[string]int{} // submissions by number and part
	for _, m := range operator.Received() {
		seen[m.Destination.Addr]++
	}
	byNumber := map[string]sms.Record{}
	var captured sms.Money
	for _, r := range records {
		byNumber[r.To] = r
		captured += r.Captured
		if !r.State.Final() {
			t.Errorf("message to %s is %s", r.To, r.State)
		}
	}
	delivered := 0
	for _, r := range records {
		if r.State == sms.Delivered {
			delivered++
		}
	}
	if len(l.accepted) < 100 || delivered < len(l.accepted)/2 {
		t.Errorf("%d accepted, %d delivered: the test had too little to break", len(l.accepted), delivered)
	}
	lost, twice, byPolicy := 0, 0, 0
	for group, to := range l.accepted {
		r, ok := byNumber[to]
		if !ok || strconv.FormatInt(r.Group, 10) != group {
			lost++
			t.Errorf("group %s to %s was accepted and is not there", group, to)
		}
	}
	for to, n := range seen {
		r, ok := byNumber[to]
		unknowns := 0
		for _, p := range r.Sub {
			unknowns += p.Unknowns
		}
		switch {
		case !ok:
			t.Errorf("the operator saw a message to %s that was never accepted", to)
		case n > len(r.Sub)+unknowns:
			twice++
			t.Errorf("the operator saw %d submissions to %s, which has %d parts and %d unknown outcomes", n, to, len(r.Sub), unknowns)
		case n > len(r.Sub):
			byPolicy += n - len(r.Sub)
		}
	}
	for to, r := range byNumber {
		if r.State == sms.Delivered && seen[to] == 0 {
			t.Errorf("message to %s is delivered, but the operator never saw it", to)
		}
	}
	if want := 1_000_000*sms.Credit - captured; balance.Posted != want || balance.Reserved != 0 {
		t.Errorf("posted %s, reserved %s; want %s and 0", balance.Posted, balance.Reserved, want)
	}
	t.Logf("accepted %d, in the database %d, lost %d, submitted twice %d, duplicates by policy %d", len(l.accepted), len(records), lost, twice, byPolicy)
}

// dump reads the whole database of a stopped server.
func dump(t *testing.T, s *server) (records []sms.Record, balance sms.Balance) {
	t.Helper()
	db, err := sqlite.Open(t.Context(), s.dir+"/harkara.db", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Sweep(t.Context(), store.Visitor{
		Balance: func(b sms.Balance, _ store.Counters) error { balance = b; return nil },
		Record:  func(r sms.Record) error { records = append(records, r); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return records, balance
}
