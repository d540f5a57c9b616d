package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// installation is one Harkara with its simulator.
type installation struct {
	binary, dir       string
	http, admin, smpp string // smpp is the simulator's
	customers         string // where customers bind
	key, token        string
	password          string // of the SMPP login
	sim, server       *exec.Cmd
}

const sender = "BENCH"

const configuration = `
price_lists:
  - name: bench
    prices: [{prefix: "", price: "0.25"}]
connectors:
  - name: sim
    protocol: smpp
    window: %d
    settings: {hosts: ["%s"], system_id: bench, password: bench}
routes:
  - name: main
    connectors: [{name: sim}]
rules:
  - {prefix: "", route: main}
accounts:
  - name: bench
    time_zone: Asia/Dhaka
    country: BD
    price_list: bench
    senders: [{name: BENCH, status: approved}]
`

func runOnce(ctx context.Context, o options, s scenario) (*result, error) {
	in, err := install(ctx, o, s)
	defer in.stop()
	if err != nil {
		return nil, err
	}
	r := &result{}
	if r.loadCPU, _, err = usage(os.Getpid()); err != nil {
		return nil, err
	}
	begin := time.Now()
	if s.customer > 0 {
		err = submitAll(ctx, in.customers, in.password, s.customer, o.messages, r)
	} else {
		r.accepted, r.answers, err = load(ctx, in.http, in.key, in.token, sender, o.messages, o.conns)
	}
	if err != nil {
		return nil, err
	}
	switch {
	case s.customer > 0: // every receipt is there
	case s.send:
		if err := in.settle(ctx, o.messages); err != nil {
			return nil, err
		}
		r.settled = time.Since(begin)
	}
	if err := in.keepMetrics(ctx); err != nil {
		return nil, err
	}
	return r, in.measure(r)
}

// keepMetrics leaves the server's own figures of the run beside its database.
func (in *installation) keepMetrics(ctx context.Context) error {
	page, err := get(ctx, "http://"+in.admin+"/metrics")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(in.dir, "metrics.txt"), page, 0o600)
}

// measure fills in what the processes have used.
func (in *installation) measure(r *result) (err error) {
	if r.cpu, r.rss, err = usage(in.server.Process.Pid); err != nil {
		return err
	}
	if in.sim != nil {
		if r.simCPU, _, err = usage(in.sim.Process.Pid); err != nil {
			return err
		}
	}
	load, _, err := usage(os.Getpid())
	r.loadCPU = load - r.loadCPU
	return err
}

// install makes a fresh data directory and starts simulator and server.
func install(ctx context.Context, o options, s scenario) (*installation, error) {
	in := &installation{binary: o.binary, dir: filepath.Join(o.dir, "run")}
	if err := os.RemoveAll(in.dir); err != nil {
		return in, err
	}
	if err := os.MkdirAll(in.dir, 0o700); err != nil {
		return in, err
	}
	for _, addr := range []*string{&in.http, &in.admin, &in.smpp, &in.customers} {
		var err error
		if *addr, err = freeAddr(); err != nil {
			return in, err
		}
	}
	file := filepath.Join(in.dir, "bench.yaml")
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, s.window, in.smpp), 0o600); err != nil {
		return in, err
	}
	steps := [][]string{{"migrate"}, {"apply", "-f", file}, {"account", "topup", "bench", "1000000", "--reason", "bench"}}
	for _, args := range steps {
		if _, err := in.cli(ctx, args...); err != nil {
			return in, err
		}
	}
	if err := in.makeKey(ctx); err != nil {
		return in, err
	}
	if err := in.makeLogin(ctx, s.customer); err != nil {
		return in, err
	}
	if s.send {
		in.sim = exec.CommandContext(ctx, in.binary, "sim", "--listen", in.smpp)
		in.sim.Stderr = os.Stderr
		if err := in.sim.Start(); err != nil {
			return in, err
		}
		if err := reachable(ctx, in.smpp); err != nil {
			return in, err
		}
	}
	return in, in.serve(ctx)
}

func (in *installation) serve(ctx context.Context) error {
	in.server = exec.CommandContext(ctx, in.binary, "serve", "--data-dir", in.dir, "--http-listen", in.http, "--admin-listen", in.admin,
		"--smpp-listen", in.customers, "--log-level", "warn")
	in.server.Stderr = os.Stderr
	if err := in.server.Start(); err != nil {
		return err
	}
	if err := reachable(ctx, in.http); err != nil {
		return err
	}
	return reachable(ctx, in.customers)
}

func (in *installation) stop() {
	for _, c := range []*exec.Cmd{in.server, in.sim} {
		if c != nil && c.Process != nil {
			_ = c.Process.Signal(os.Interrupt)
			_ = c.Wait()
		}
	}
}

func (in *installation) cli(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, in.binary, append(args, "--data-dir", in.dir)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("harkara %s: %w: %s", strings.Join(args, " "), err, stderr.Bytes())
	}
	return out, nil
}

func (in *installation) makeKey(ctx context.Context) error {
	out, err := in.cli(ctx, "key", "create", "bench", "--account", "bench", "-o", "json")
	if err != nil {
		return err
	}
	var key struct {
		APIKey   string `json:"api_key"`
		APIToken string `json:"api_token"`
	}
	err = json.Unmarshal(out, &key)
	in.key, in.token = key.APIKey, key.APIToken
	return err
}

// makeLogin makes the SMPP login of a scenario that has one.
func (in *installation) makeLogin(ctx context.Context, window int) error {
	if window == 0 {
		return nil
	}
	out, err := in.cli(ctx, "smpp", "create", systemID, "--account", "bench", "--window", strconv.Itoa(window), "-o", "json")
	if err != nil {
		return err
	}
	var made struct{ Password string }
	err = json.Unmarshal(out, &made)
	in.password = made.Password
	return err
}

// pollEvery is how often the bench looks; it is far below what it measures.
const pollEvery = 20 * time.Millisecond

// recorded are receipts that were committed: applied, or held for the few
// milliseconds until their response was.
var recorded = regexp.MustCompile(`(?m)^harkara_receipts_total\{connector="sim",result="(?:matched|held)"\} (\S+)$`)

// settle waits until every receipt is recorded.
func (in *installation) settle(ctx context.Context, n int) error {
	last, since := 0.0, time.Now()
	for {
		page, err := get(ctx, "http://"+in.admin+"/metrics")
		if err != nil {
			return err
		}
		have := 0.0
		for _, m := range recorded.FindAllSubmatch(page, -1) {
			n, _ := strconv.ParseFloat(string(m[1]), 64)
			have += n
		}
		if int(have) >= n {
			return nil
		}
		if have != last {
			last, since = have, time.Now()
		}
		if time.Since(since) > 30*time.Second {
			return fmt.Errorf("no receipt for 30 s: %.0f of %d are recorded", have, n)
		}
		if err := pause(ctx, pollEvery); err != nil {
			return err
		}
	}
}

func get(ctx context.Context, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer ln.Close()
	return ln.Addr().String(), nil
}

// reachable waits until something listens at addr.
func reachable(ctx context.Context, addr string) error {
	ctx, stop := context.WithTimeout(ctx, 30*time.Second)
	defer stop()
	for {
		var d net.Dialer
		c, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return c.Close()
		}
		if pause(ctx, pollEvery) != nil {
			return fmt.Errorf("nothing listens at %s: %w", addr, err)
		}
	}
}

// clockTick is the unit of CPU times in /proc (USER_HZ, 100 on every Linux port of Go).
const clockTick = 10 * time.Millisecond

// usage reads CPU time and peak memory of a process.
func usage(pid int) (cpu time.Duration, rss int64, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0, err
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0, 0, fmt.Errorf("/proc/%d/stat is too short", pid)
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		if v, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(v)[0], 10, 64)
			rss = kb << 10
		}
	}
	return time.Duration(user+system) * clockTick, rss, nil
}
