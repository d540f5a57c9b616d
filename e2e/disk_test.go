package e2e

import (
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
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

// asRootOf runs the test of this name again as root of a user namespace of its
// own, where everybody may mount.
func asRootOf(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("HARKARA_E2E_NAMESPACE") != "" {
		t.Fatal("a small filesystem cannot be mounted, also not in a user namespace: run the tests as root")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+name+"$", "-test.v")
	cmd.Env = append(os.Environ(), "HARKARA_E2E_NAMESPACE=1", binaryVariable+"="+binary)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("in a user namespace (if there are none, run the tests as root): %v\n%s", err, out)
	}
	t.Logf("in a user namespace:\n%s", out)
}

// tinyDisk mounts a small filesystem, if this process may. fill takes all of it,
// free gives it back.
func tinyDisk(t *testing.T) (dir string, fill, free func(), ok bool) {
	t.Helper()
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); errors.Is(err, syscall.EPERM) {
		return "", nil, nil, false
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	ballast := filepath.Join(dir, "ballast")
	fill = func() {
		f, err := os.Create(ballast)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for size := 1 << 20; size > 0; {
			if _, err := f.Write(make([]byte, size)); errors.Is(err, syscall.ENOSPC) {
				size /= 2
			} else if err != nil {
				t.Fatal(err)
			}
		}
	}
	free = func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
	return dir, fill, free, true
}

// TestDiskFull fills the disk under a running server: callers get errors, never
// a false "queued"; a receipt is acknowledged only when it is stored; with space
// again all goes on by itself. Then the same with a kill while the disk is full.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir, fill, free, ok := tinyDisk(t)
	if !ok {
		asRootOf(t, "TestDiskFull")
		return
	}
	r := newReceipts(t)
	s := newServerIn(t, dir, oneRoute(r.smsc.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "1000000", "--reason", "test")
	s.start()
	l, n := &ledger{accepted: map[string]bool{}}, 0
	group := map[string]string{} // by number
	next := func() reply {
		n++
		answer := l.send(s, ordinary(n))
		group[ordinary(n)] = answer.GroupID
		return answer
	}
	for _, how := range []string{"goes on", "killed"} {
		for range 20 {
			if r := next(); r.Status != "queued" {
				t.Errorf("with space: %+v", r)
			}
		}
		eventually(t, "the operator has them", func() bool { return len(r.smsc.Received()) >= 20 })
		fill()
		for refused := 0; refused < 20; {
			if next().Status == "error" {
				refused++
			}
		}
		// What is in the database can still be read.
		if r := s.call("balance"); r.Balance == nil {
			t.Errorf("balance on a full disk: %+v", r)
		}
		for number := range r.post() {
			if d := s.detail(group[number]); d != "delivered" {
				t.Errorf("the receipt of group %s was acknowledged, and it is %s", group[number], d)
			}
		}
		if how == "killed" {
			s.kill()
		}
		free()
		if how == "killed" {
			s.start()
		}
		eventually(t, "sends are accepted again", func() bool { return next().Status == "queued" })
	}
	if !strings.Contains(s.logged(), "the disk is full") {
		t.Error("the log does not say that the disk is full")
	}
	eventually(t, "every message is final", func() bool {
		r.post()
		return finished(s)
	})
	s.stop()
	l.settle(s)
}

// receipts is an operator that sends them when it is told to.
type receipts struct {
	t      *testing.T
	smsc   *smpptest.SMSC
	posted int // of the messages received

	mu    sync.Mutex
	tries map[string]int  // answers by number
	acked map[string]bool // by number
}

func newReceipts(t *testing.T) *receipts {
	t.Helper()
	r := &receipts{t: t, tries: map[string]int{}, acked: map[string]bool{}}
	smsc, err := smpptest.Start(smpptest.Config{Redeliver: 1 << 20, RedeliverAfter: 100 * time.Millisecond,
		OnDeliverResp: func(p *smpp.DeliverSM, result smpp.Result) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.tries[p.Source.Addr]++
			if result.Outcome == smpp.Answered && result.Status == smpp.StatusOK {
				r.acked[p.Source.Addr] = true
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { smsc.Close() })
	r.smsc = smsc
	return r
}

// post sends the receipts that were not sent yet, waits until each was
// answered, and returns the numbers whose receipt was acknowledged.
func (r *receipts) post() (acked map[string]bool) {
	r.t.Helper()
	list := r.smsc.Received()
	for _, m := range list[r.posted:] {
		text := smpp.Receipt{ID: m.MessageID, State: smpp.StateDelivered, Submitted: 1, Delivered: 1}.AppendText(nil)
		if err := r.smsc.Post("e2e", &smpp.DeliverSM{Source: m.Destination, Destination: m.Source, ESMClass: smpp.EsmReceipt, ShortMessage: text}); err != nil {
			r.t.Fatal(err)
		}
	}
	r.posted = len(list)
	eventually(r.t, "every receipt is answered", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, m := range list {
			if r.tries[m.Destination.Addr] == 0 {
				return false
			}
		}
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.acked)
}

// TestDiskBreaks makes the disk refuse to write with an error that says nothing
// of space (a limit on file sizes): after that the server trusts it no more and
// refuses every call until it is started again.
func TestDiskBreaks(t *testing.T) {
	t.Parallel()
	o := operator(t)
	s := newServer(t, oneRoute(o.Addr(), "", ""), "acme")
	s.cli("account", "topup", "acme", "1000000", "--reason", "test")
	s.start()
	l, n := &ledger{accepted: map[string]bool{}}, 0
	next := func() reply { n++; return l.send(s, ordinary(n)) }
	for range 20 {
		if r := next(); r.Status != "queued" {
			t.Errorf("with a good disk: %+v", r)
		}
	}
	limit := func(size string) {
		out, err := exec.Command(program(t, "prlimit"), "--pid", strconv.Itoa(s.cmd.Process.Pid), "--fsize="+size+":unlimited").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	limit("65536")
	for next().Status != "error" {
	}
	limit("unlimited")
	if r := next(); r.Status != "error" {
		t.Errorf("accepted by a server whose disk broke: %+v", r)
	}
	resp, err := http.Get("http://" + s.admin + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %s", resp.Status)
	}
	s.kill()
	s.start()
	if r := next(); r.Status != "queued" {
		t.Errorf("after a new start: %+v", r)
	}
	waitFinal(t, s)
	s.stop()
	l.settle(s)
}

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
