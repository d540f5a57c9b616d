package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/harkara/harkara/internal/sms"
)

// ledger remembers what callers were told.
type ledger struct {
	mu       sync.Mutex
	accepted map[string]bool // group numbers
	refused  int
}

// send sends one message; only an answer counts, and only "queued" is a yes.
func (l *ledger) send(s *server, to string) reply {
	r, err := s.ask(http.DefaultClient, "sendsms", "from", "ACME", "to", to, "text", "fault "+strings.Repeat("x", 120))
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		s.t.Errorf("no answer: %v", err)
	case r.Status == "queued" && r.GroupID != "" && !l.accepted[r.GroupID]:
		l.accepted[r.GroupID] = true
	case r.Status == "error" && r.Message != "" && r.GroupID == "":
		l.refused++
	default:
		s.t.Errorf("answer %+v", r)
	}
	return r
}

// settle compares the database of a stopped server with what callers were told:
// exactly the accepted messages are there, and all are delivered.
func (l *ledger) settle(s *server) []sms.Record {
	s.t.Helper()
	s.checked()
	records, balance := dump(s.t, s)
	for _, r := range records {
		group := strconv.FormatInt(r.Group, 10)
		if !l.accepted[group] {
			s.t.Errorf("group %s is in the database and was never accepted", group)
		}
		if r.State != sms.Delivered {
			s.t.Errorf("message of group %s is %s", group, r.State)
		}
	}
	if len(records) != len(l.accepted) {
		s.t.Errorf("%d messages in the database, %d accepted", len(records), len(l.accepted))
	}
	if balance.Reserved != 0 {
		s.t.Errorf("%s are still reserved", balance.Reserved)
	}
	s.t.Logf("%d accepted, %d refused", len(l.accepted), l.refused)
	return records
}

// ordinary are numbers without a special behaviour at the simulator.
func ordinary(n int) string { return fmt.Sprintf("88017%08d", n/80*100+n%80) }

// TestDatabaseIsLocked holds the write lock in another process: calls wait for
// it, and give an error when it takes too long.
func TestDatabaseIsLocked(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "1000000", "--reason", "test")
	s.start()
	l := &ledger{accepted: map[string]bool{}}
	burst := func(first int) (answers chan reply) {
		answers = make(chan reply, 8)
		for i := range cap(answers) {
			go func() { answers <- l.send(s, ordinary(first+i)) }()
		}
		return answers
	}
	release := lock(t, s)
	answers := burst(1)
	select {
	case r := <-answers:
		t.Errorf("answered while the database was locked: %+v", r)
	case <-time.After(300 * time.Millisecond):
	}
	release()
	for range cap(answers) {
		if r := <-answers; r.Status != "queued" {
			t.Errorf("after a short wait: %+v", r)
		}
	}
	release = lock(t, s)
	for answers, i := burst(100), 0; i < cap(answers); i++ {
		if r := <-answers; r.Status != "error" {
			t.Errorf("the database stayed locked: %+v", r)
		}
	}
	release()
	eventually(t, "sends are accepted again", func() bool { return l.send(s, ordinary(200)).Status == "queued" })
	waitFinal(t, s)
	s.stop()
	l.settle(s)
}

// lock takes the write lock of the database.
func lock(t *testing.T, s *server) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+s.dir+"/harkara.db?_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		_, err := conn.ExecContext(t.Context(), "ROLLBACK")
		if err := errors.Join(err, conn.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	}
}

// TestNoDatabase: a file that is none stops the start, and is left as it is.
func TestNoDatabase(t *testing.T) {
	t.Parallel()
	dir := newServer(t, oneRoute("127.0.0.1:1", "", ""), "acme").dir
	const content = "this is no database, but perhaps somebody needs it"
	file := filepath.Join(dir, "harkara.db")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(binary, "serve", "--data-dir", dir, "--http-listen", "127.0.0.1:0", "--admin-listen", "off").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no database of Harkara") {
		t.Errorf("%v: %s", err, out)
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != content {
		t.Errorf("the file now holds %q, %v", have, err)
	}
}
