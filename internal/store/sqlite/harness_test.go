package sqlite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// childEnv makes the test binary play another process, see children.
const childEnv = "HARKARA_SQLITE_CHILD"

func TestMain(m *testing.M) {
	if role := os.Getenv(childEnv); role != "" {
		if err := children[role](os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// child starts this binary in a role, on a database.
func child(t *testing.T, role, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], path)
	cmd.Env = append(os.Environ(), childEnv+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// empty is a database without rows. Tests start from a copy of it, since making
// one waits for the disk several times.
var empty = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "harkara")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "empty.db")
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v (%s, cause %v)", err, sms.CodeOf(err), errors.Unwrap(err))
	}
}

func refused(t testing.TB, err error, code sms.Code) {
	t.Helper()
	if err == nil || sms.CodeOf(err) != code {
		t.Fatalf("error is %v, want one with code %s", err, code)
	}
}

func equal[V comparable](t testing.TB, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// fresh opens a new database.
func fresh(t testing.TB, o Options) *Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "harkara.db"), o)
}

// openAt opens the database at path, a new one if there is none.
func openAt(t testing.TB, path string, o Options) *Store {
	t.Helper()
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		image, err := empty()
		ok(t, err)
		ok(t, os.WriteFile(path, image, 0o600))
	}
	s, err := Open(t.Context(), path, o)
	ok(t, err)
	t.Cleanup(func() { ok(t, s.Close()) })
	return s
}

// newAccount makes an account with credit.
func newAccount(t testing.TB, s store.Store, name string, credit sms.Money) int64 {
	t.Helper()
	a := &sms.Account{Head: sms.Head{Name: name}, Enabled: true, TimeZone: "UTC"}
	ok(t, store.Save(context.Background(), s, noon, "test", a))
	if credit != 0 {
		_, err := s.Post(context.Background(), noon, sms.Transfer{AccountID: a.ID, Kind: sms.TransferTopUp, Amount: credit})
		ok(t, err)
	}
	return a.ID
}

// oneMessage is a call as flow makes it.
func oneMessage(account int64, key string, now time.Time) sms.Call {
	return messages(account, 1, key, now)
}

func messages(account int64, n int, key string, now time.Time) sms.Call {
	c := sms.Call{Key: key, KeyUntil: now.Add(24 * time.Hour),
		Group: sms.Group{AccountID: account, Count: n, Type: sms.TypeSMS, From: "ACME", Face: "smsapi", At: now,
			Text: "Your code is 123456. Do not share it with anybody, please. Thank you for shopping."}}
	for i := range n {
		c.Need += 350_000
		c.Messages = append(c.Messages, sms.Message{AccountID: account, To: fmt.Sprintf("88017%08d", i), State: sms.Queued, Encoding: 1,
			Parts: 1, Units: 1, Price: 350_000, Reserved: 350_000, RouteID: 7, Lane: sms.LaneNormal, DueAt: now,
			ExpiresAt: now.Add(24 * time.Hour), CloseAt: now.Add(72 * time.Hour), UpdatedAt: now})
	}
	return c
}

// accept wants a call to be taken.
func accept(t testing.TB, s store.Store, c sms.Call) sms.Group {
	t.Helper()
	a, err := s.Accept(context.Background(), c.Group.At, []sms.Call{c})
	ok(t, err)
	ok(t, a[0].Err)
	return a[0].Group
}

func claim(t testing.TB, s store.Store, now time.Time, limit int) []store.Claimed {
	t.Helper()
	got, _, err := s.Claim(context.Background(), now, store.ClaimRequest{RouteID: 7, ConnectorID: 3, Epoch: 1, Limit: limit})
	ok(t, err)
	return got
}

func balance(t testing.TB, s store.Store, account int64) sms.Balance {
	t.Helper()
	b, err := s.Balance(context.Background(), account)
	ok(t, err)
	return b
}

// occupy keeps the writer busy with a call that changes nothing until release
// is called; what is asked for meanwhile waits.
func occupy(s *Store) (release func()) {
	began, end := make(chan struct{}), make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- s.writer.do(context.Background(), func(*tx) error {
			close(began)
			<-end
			return nil
		})
	}()
	<-began
	return func() {
		close(end)
		if err := <-ended; err != nil {
			panic(err)
		}
	}
}

// await returns when n calls wait for the writer.
func await(s *Store, n int) {
	for {
		s.writer.mu.Lock()
		waiting := len(s.writer.waiting)
		s.writer.mu.Unlock()
		if waiting >= n {
			return
		}
		runtime.Gosched()
	}
}

// pragma reads a setting of the writer's connection.
func pragma(t testing.TB, s *Store, name string) (value string) {
	t.Helper()
	ok(t, s.writer.do(context.Background(), func(tx *tx) error {
		return tx.conn.Query(`PRAGMA `+name, nil, func(scan func(...any) error) error { return scan(&value) })
	}))
	return value
}

func script(t testing.TB, s *Store, sql string) {
	t.Helper()
	ok(t, s.writer.do(context.Background(), func(tx *tx) error { tx.dirty = true; return tx.conn.Script(sql) }))
}

func contains(t testing.TB, err error, part string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		t.Errorf("error %v does not say %q", err, part)
	}
}

func settle(t testing.TB, s *Store, now time.Time, outcomes ...sms.Outcome) {
	t.Helper()
	_, err := s.RecordOutcomes(t.Context(), now, nil, outcomes)
	ok(t, err)
}

func canAsk(*sms.Record) bool { return true }
