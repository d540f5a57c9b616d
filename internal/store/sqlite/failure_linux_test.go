package sqlite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/storetest"
)

// replace puts another file in the place of every open file of this process
// with the name, so that SQLite meets its errors: /dev/full has no room,
// /dev/null cannot be synced. restore takes it back.
func replace(t *testing.T, name, by string) (restore func()) {
	t.Helper()
	stand, err := os.OpenFile(by, os.O_RDWR, 0)
	ok(t, err)
	defer func() { ok(t, stand.Close()) }()
	saved := map[int]int{}
	for _, fd := range openFiles(t, name) {
		keep, err := syscall.Dup(fd)
		ok(t, err)
		saved[fd] = keep
		ok(t, syscall.Dup3(int(stand.Fd()), fd, syscall.O_CLOEXEC))
	}
	if len(saved) == 0 {
		t.Fatalf("%s is not open", name)
	}
	return func() {
		for fd, keep := range saved {
			ok(t, syscall.Dup3(keep, fd, syscall.O_CLOEXEC))
			ok(t, syscall.Close(keep))
		}
	}
}

// openFiles are the descriptors of this process for the file.
func openFiles(t *testing.T, name string) (fds []int) {
	t.Helper()
	links, err := filepath.Glob("/proc/self/fd/*")
	ok(t, err)
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && target == name {
			fd, err := strconv.Atoi(filepath.Base(link))
			ok(t, err)
			fds = append(fds, fd)
		}
	}
	return fds
}

// kept is everything that a failed call must not have changed.
func kept(t *testing.T, s *Store, account int64, reserved sms.Money, groups int64) {
	t.Helper()
	equal(t, "reserved", balance(t, s, account).Reserved, reserved)
	_, _, err := s.Group(t.Context(), account, groups)
	ok(t, err)
	_, _, err = s.Group(t.Context(), account, groups+1)
	refused(t, err, sms.CodeNotFound)
}

// TestDiskFull while a call writes, and while it commits: the call fails,
// nothing of it is kept, and when there is room again the next one succeeds.
func TestDiskFull(t *testing.T) {
	for _, test := range []struct {
		name string
		fill func(t *testing.T, s *Store) (clean func())
		size int // of the call
	}{
		{"while writing", func(t *testing.T, s *Store) func() {
			script(t, s, `PRAGMA max_page_count = `+pragma(t, s, "page_count"))
			return func() { script(t, s, `PRAGMA max_page_count = 1000000`) }
		}, 1000},
		{"while committing", func(t *testing.T, s *Store) func() { return replace(t, s.path+"-wal", "/dev/full") }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := fresh(t, Options{})
			a := newAccount(t, s, "a", 1000*sms.Credit)
			accept(t, s, oneMessage(a, "before", noon))
			clean := test.fill(t, s)
			_, err := s.Accept(t.Context(), noon, []sms.Call{messages(a, test.size, "k", noon)})
			clean()
			refused(t, err, sms.CodeUnavailable)
			contains(t, err, "disk is full")
			kept(t, s, a, 350_000, 1)
			g := accept(t, s, messages(a, test.size, "k", noon))
			equal(t, "number", g.Number, 2)
			storetest.Check(t, s)
			ok(t, s.Close())
			again := openAt(t, s.path, Options{})
			kept(t, again, a, sms.Money(1+test.size)*350_000, 2)
		})
	}
}

// TestPingOfAFullDisk fails: it writes.
func TestPingOfAFullDisk(t *testing.T) {
	s := fresh(t, Options{})
	ok(t, s.Ping(t.Context()))
	restore := replace(t, s.path+"-wal", "/dev/full")
	err := s.Ping(t.Context())
	restore()
	refused(t, err, sms.CodeUnavailable)
	contains(t, err, "disk is full")
	ok(t, s.Ping(t.Context()))
}

// TestSyncFails: nobody knows whether the commit is on the disk, and nothing is
// written any more.
func TestSyncFails(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 1000*sms.Credit)
	accept(t, s, oneMessage(a, "before", noon))
	restore := replace(t, s.path+"-wal", "/dev/null")
	_, err := s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k", noon)})
	restore()
	if !errors.Is(err, store.ErrCommitUnknown) {
		t.Fatalf("error is %v, want ErrCommitUnknown", err)
	}
	for range 2 {
		_, err = s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k2", noon)})
		refused(t, err, sms.CodeUnavailable)
		contains(t, err, "check the disk")
	}
	refused(t, s.Ping(t.Context()), sms.CodeUnavailable)
	kept(t, s, a, 350_000, 1) // reading goes on
	ok(t, s.Close())

	again := openAt(t, s.path, Options{})
	_, err = again.Open(t.Context(), noon, "node")
	ok(t, err)
	answer, err := again.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k", noon)}) // the caller asks with the same key
	ok(t, err)
	ok(t, answer[0].Err)
	kept(t, again, a, 2*350_000, 2)
	storetest.Check(t, again)
}

// TestSyncFailsForAll who shared the commit.
func TestSyncFailsForAll(t *testing.T) {
	s := fresh(t, Options{})
	release := occupy(s)
	errs := make(chan error)
	for i := range 3 {
		go func() { errs <- write(s, fmt.Sprint(i), nil) }()
	}
	await(s, 3)
	restore := replace(t, s.path+"-wal", "/dev/null")
	release()
	for range 3 {
		if err := <-errs; !errors.Is(err, store.ErrCommitUnknown) {
			t.Errorf("error is %v, want ErrCommitUnknown", err)
		}
	}
	restore()
}

// TestDamagedFile is noticed, and not written any further.
func TestDamagedFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "harkara.db")
	s := openAt(t, path, Options{})
	a := newAccount(t, s, "a", 1000*sms.Credit)
	var page int64
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		return c.Query(`SELECT rootpage FROM sqlite_schema WHERE name = 'account'`, nil,
			func(scan func(...any) error) error { return scan(&page) })
	}))
	ok(t, s.Close())
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	ok(t, err)
	_, err = f.WriteAt(make([]byte, 4096), (page-1)*4096)
	ok(t, err)
	ok(t, f.Close())
	s = openAt(t, path, Options{})
	_, err = s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k", noon)})
	refused(t, err, sms.CodeUnavailable)
	refused(t, s.Ping(t.Context()), sms.CodeUnavailable)
	err = s.Ping(t.Context())
	contains(t, err, "is damaged")
	_, err = s.Balance(t.Context(), a)
	refused(t, err, sms.CodeUnavailable)
}
