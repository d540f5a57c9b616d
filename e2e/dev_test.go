package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// devRun is a running `harkara dev`.
type devRun struct {
	t    *testing.T
	cmd  *exec.Cmd
	done chan error

	mu        sync.Mutex
	out, errs bytes.Buffer
}

// runDev starts it and waits for what it prints.
func runDev(t *testing.T, args ...string) *devRun {
	t.Helper()
	d := &devRun{t: t, done: make(chan error, 1)}
	d.cmd = exec.Command(binary, append([]string{"dev", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0"}, args...)...)
	d.cmd.Stdout, d.cmd.Stderr = &locked{mu: &d.mu, b: &d.out}, &locked{mu: &d.mu, b: &d.errs}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.done <- d.cmd.Wait() }()
	t.Cleanup(func() {
		if d.cmd != nil {
			_ = d.cmd.Process.Kill()
			<-d.done
		}
		if t.Failed() {
			t.Logf("harkara dev printed:\n%s\n%s", d.printed(), d.errs.String())
		}
	})
	eventually(t, "harkara dev prints its curl lines", func() bool {
		select {
		case err := <-d.done:
			d.done <- err
			t.Fatalf("harkara dev ended: %v\n%s", err, d.errs.String())
		default:
		}
		return len(d.curls()) == 5
	})
	return d
}

func (d *devRun) printed() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.out.String()
}

// curls are the lines to copy: sendsms, groupstatus, sendsms that is echoed,
// getinbox, balance.
func (d *devRun) curls() (lines []string) {
	for line := range strings.Lines(d.printed()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") {
			lines = append(lines, line)
		}
	}
	return lines
}

// sh runs a line as a user would paste it.
func sh(t *testing.T, line string, into any) {
	t.Helper()
	program(t, "curl")
	cmd := exec.Command("sh", "-c", line)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		t.Fatalf("%s\n%v: %s%s", line, err, out, errs.String())
	}
}

// stop presses Ctrl-C.
func (d *devRun) stop() {
	d.t.Helper()
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		d.t.Fatal(err)
	}
	select {
	case err := <-d.done:
		if d.cmd = nil; err != nil {
			d.t.Fatalf("harkara dev did not stop well: %v\n%s", err, d.errs.String())
		}
	case <-time.After(patience):
		d.t.Fatal("harkara dev does not stop")
	}
}

// readEnv reads dev.env as a shell would.
func readEnv(t *testing.T, dir string) map[string]string {
	t.Helper()
	file := filepath.Join(dir, "dev.env")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("dev.env has mode %o, want 600", mode)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(b)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[name] = value
	}
	return env
}

var deliveredIn = regexp.MustCompile(`Group (\d+) was delivered (\d+) ms after it was accepted`)

// TestDev does what a newcomer does: copy the lines that are printed, one after
// the other; and again another day with the directory that was kept.
func TestDev(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "kept")
	var first map[string]string
	for day := range 2 {
		d := runDev(t, "--data", dir)
		env := readEnv(t, dir)
		for _, name := range []string{"HARKARA_URL", "HARKARA_APIKEY", "HARKARA_APITOKEN", "HARKARA_SENDER",
			"HARKARA_SMPP_ADDR", "HARKARA_SMPP_SYSTEM_ID", "HARKARA_SMPP_PASSWORD"} {
			if env[name] == "" {
				t.Errorf("dev.env has no %s", name)
			}
		}
		if len(env["HARKARA_APIKEY"]) != 32 || len(env["HARKARA_APITOKEN"]) != 14 {
			t.Errorf("dev.env has a key of %d and a token of %d characters", len(env["HARKARA_APIKEY"]), len(env["HARKARA_APITOKEN"]))
		}
		if day == 0 {
			first = env
		} else if env["HARKARA_APIKEY"] != first["HARKARA_APIKEY"] || env["HARKARA_APITOKEN"] != first["HARKARA_APITOKEN"] {
			t.Error("a kept directory has other credentials the second time")
		}
		tryTheLines(t, d)
		tryTheEnv(t, dir)
		trySMPP(t, d, env)
		d.stop()
	}
}

// tryTheLines runs each curl line and looks at its answer.
func tryTheLines(t *testing.T, d *devRun) {
	t.Helper()
	curls := d.curls()
	var sent reply
	sh(t, curls[0], &sent)
	if sent.Request != "sendsms" || sent.Status != "queued" || sent.GroupID == "" {
		t.Fatalf("sendsms: %+v", sent)
	}
	var status reply
	eventually(t, "groupstatus says sent and delivered", func() bool {
		sh(t, curls[1], &status)
		return status.GroupStatus == "sent" && len(status.Recipients) == 1 && status.Recipients[0].Status == "sent" && status.Recipients[0].Detail == "delivered"
	})
	if status.GroupID != sent.GroupID {
		t.Errorf("the groupstatus line asks for group %s, sendsms made %s", status.GroupID, sent.GroupID)
	}
	var took []string
	eventually(t, "the time to delivery is printed", func() bool {
		took = deliveredIn.FindStringSubmatch(d.printed())
		return took != nil
	})
	if took[1] != sent.GroupID {
		t.Errorf("printed: %s, the group is %s", took[0], sent.GroupID)
	}
	t.Log(took[0])

	sh(t, curls[2], &sent)
	if sent.Status != "queued" {
		t.Fatalf("sendsms to the number that replies: %+v", sent)
	}
	var inbox reply
	eventually(t, "the reply is in the inbox", func() bool {
		sh(t, curls[3], &inbox)
		return len(inbox.Inbox) > 0
	})
	if inbox.Inbox[0].Message != "Please reply" {
		t.Errorf("inbox %+v", inbox.Inbox)
	}
	var balance map[string]string
	sh(t, curls[4], &balance)
	if len(balance) != 1 || balance["balance"] == "" {
		t.Errorf("balance: %v", balance)
	}
}

// tryTheEnv uses dev.env in a script.
func tryTheEnv(t *testing.T, dir string) {
	t.Helper()
	var r reply
	sh(t, `. '`+filepath.Join(dir, "dev.env")+`'; curl -sS "$HARKARA_URL?sendsms" -d "apikey=$HARKARA_APIKEY" -d "apitoken=$HARKARA_APITOKEN" `+
		`-d "from=$HARKARA_SENDER" -d to=8801712345678 --data-urlencode "text=from a script"`, &r)
	if r.Status != "queued" {
		t.Errorf("with dev.env: %+v", r)
	}
}

// trySMPP runs the line that sends over SMPP, and binds as a customer's system
// would, which gets receipts and replies.
func trySMPP(t *testing.T, d *devRun, env map[string]string) {
	t.Helper()
	tried := false
	for line := range strings.Lines(d.printed()) {
		if !strings.Contains(line, " send --smpp ") {
			continue
		}
		tried = true
		if out, err := exec.Command("sh", "-c", line).CombinedOutput(); err != nil || !strings.Contains(string(out), "DELIVRD") {
			t.Errorf("%s: %v: %s", strings.TrimSpace(line), err, out)
		}
	}
	if !tried {
		t.Error("no line to send over SMPP is printed")
	}
	e, err := tryDial(t, env["HARKARA_SMPP_ADDR"], env["HARKARA_SMPP_SYSTEM_ID"], env["HARKARA_SMPP_PASSWORD"], smpp.Transceiver, smpptest.ESMEConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	message := submitSM("8801712345692", "Please reply")
	message.Source.Addr = env["HARKARA_SENDER"]
	if _, err := e.Submit(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	delivered(t, e, 2)
	receipts, replies := 0, 0
	for _, got := range e.Deliveries() {
		if p := got.PDU.(*smpp.DeliverSM); got.Receipt != nil && got.Receipt.State == smpp.StateDelivered {
			receipts++
		} else if string(p.ShortMessage) == "Please reply" {
			replies++
		}
	}
	if receipts != 1 || replies != 1 {
		t.Errorf("%d receipts and %d replies in %+v", receipts, replies, e.Deliveries())
	}
}

// TestDevLeavesNothing: without --data the directory is a temporary one, gone
// afterwards whenever the signal comes.
func TestDevLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, moment := range []string{"the directory is made", "it runs"} {
		dir := t.TempDir()
		cmd := exec.Command(binary, "dev", "--http", "127.0.0.1:0", "--smpp", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "TMPDIR="+dir)
		var mu sync.Mutex
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &locked{mu: &mu, b: &out}, &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Process.Kill()
		eventually(t, moment, func() bool {
			list, err := os.ReadDir(dir)
			mu.Lock()
			defer mu.Unlock()
			return err == nil && len(list) == 1 && (moment != "it runs" || strings.Contains(out.String(), "curl "))
		})
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil && moment == "it runs" {
			t.Errorf("%v: %s", err, errs.String())
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) != 0 {
			t.Errorf("a signal when %s: left behind %v, %v\n%s", moment, list, err, errs.String())
		}
	}
}

// TestDevIsLoopbackOnly refuses addresses that others could reach, and a port
// that is taken.
func TestDevIsLoopbackOnly(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"--http", "0.0.0.0:0"}, {"--http", ":8080"}, {"--http", "192.0.2.1:8080"}, {"--http", "[::]:0"},
		{"--smpp", "0.0.0.0:0"}, {"--smpp", ":2775"}, {"--smpp", "example.net:2775"},
	} {
		out, err := exec.Command(binary, append([]string{"dev", "--data", filepath.Join(t.TempDir(), "none")}, args...)...).CombinedOutput()
		if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) || !strings.Contains(string(out), "loopback only") {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}
	o := operator(t)
	out, err := exec.Command(binary, "dev", "--http", "127.0.0.1:0", "--smpp", o.Addr()).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--smpp") {
		t.Errorf("a port that is taken: %v: %s", err, out)
	}
	out, err = exec.Command(binary, "dev", "--http", o.Addr(), "--smpp", "127.0.0.1:0").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--http") {
		t.Errorf("a port that is taken: %v: %s", err, out)
	}
}
