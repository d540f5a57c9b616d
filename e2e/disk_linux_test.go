package e2e

import (
	"errors"
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

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// asRootOf runs the test of this name again as root of a user namespace of its
// own, where everybody may mount.
func asRootOf(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("E2E_NAMESPACE") != "" {
		t.Fatal("a small filesystem cannot be mounted, also not in a user namespace: run the tests as root")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "-test.run=^"+name+"$", "-test.v")
	cmd.Env = append(os.Environ(), "E2E_NAMESPACE=1", binaryVariable+"="+binary)
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
		// Detached, since a process that another test is just starting has our files open until its exec.
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
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
