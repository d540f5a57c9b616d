package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// commits counts what OnCommit is told.
type commits struct {
	mu    sync.Mutex
	calls []int
}

func (c *commits) add(calls int, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = append(c.calls, calls)
}

func (c *commits) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.calls)
}

func (c *commits) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls = nil
}

func TestOneCommitForAllThatWait(t *testing.T) {
	var c commits
	s := fresh(t, Options{OnCommit: c.add})
	a := newAccount(t, s, "a", 100*sms.Credit)
	c.reset()
	release := occupy(s)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() { accept(t, s, oneMessage(a, fmt.Sprint(i), noon)) })
	}
	await(s, 50)
	release()
	all.Wait()
	equal(t, "commits", c.String(), "[1 50]")
	equal(t, "reserved", balance(t, s, a).Reserved, 50*350_000)
}

// TestLongTransactions are cut: the callers of the first calls do not wait for
// the last.
func TestLongTransactions(t *testing.T) {
	var c commits
	s := fresh(t, Options{OnCommit: c.add})
	a := newAccount(t, s, "a", 10_000*sms.Credit)
	c.reset()
	release := occupy(s)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { accept(t, s, messages(a, maxRows/4, fmt.Sprint(i), noon)) })
	}
	await(s, 4)
	release()
	all.Wait()
	equal(t, "commits", c.String(), "[1 2 2]")
}

var errTest = errors.New("made by the test")

// write is a call that leaves a trace.
func write(s *Store, name string, fails error) error {
	return s.change(context.Background(), false, func(c conn) error {
		if _, err := c.Exec(context.Background(), `INSERT INTO node (name, opened_at) VALUES (?, 0)`, name); err != nil {
			return err
		}
		return fails
	})
}

func nodes(t *testing.T, s *Store) (names []string) {
	t.Helper()
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		return c.Query(`SELECT name FROM node ORDER BY name`, nil, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			names = append(names, name)
			return err
		})
	}))
	return names
}

// TestFailureOfOneCall must not touch the calls that share its transaction.
func TestFailureOfOneCall(t *testing.T) {
	for _, test := range []struct {
		name    string
		fails   func(s *Store) error
		commits string
	}{
		{"it wrote nothing", func(s *Store) error {
			return s.writer.do(context.Background(), func(*tx) error { return errTest })
		}, "[1 5]"},
		{"it wrote something", func(s *Store) error { return write(s, "failed", errTest) }, "[1 1 1 2]"},
		{"the database refuses its row", func(s *Store) error {
			return s.change(context.Background(), false, func(c conn) error {
				_, err := c.Exec(context.Background(), `INSERT INTO node (name, opened_at) VALUES ('failed', 0), (NULL, 0)`)
				return err
			})
		}, "[1 5]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c commits
			s := fresh(t, Options{OnCommit: c.add})
			a := newAccount(t, s, "a", 100*sms.Credit)
			c.reset()
			release := occupy(s)
			var all sync.WaitGroup
			run := func(n int, f func()) {
				all.Go(f)
				await(s, n)
			}
			run(1, func() { ok(t, write(s, "1", nil)) })
			run(2, func() { accept(t, s, messages(a, 3, "k", noon)) })
			run(3, func() {
				if err := test.fails(s); err == nil || sms.CodeOf(err) != sms.CodeInternal {
					t.Errorf("the failing call: %v", err)
				}
			})
			run(4, func() { ok(t, write(s, "2", nil)) })
			run(5, func() { _ = claim(t, s, noon, 2) })
			release()
			all.Wait()
			equal(t, "commits", c.String(), test.commits)
			equal(t, "rows", fmt.Sprint(nodes(t, s)), "[1 2]")
			equal(t, "reserved", balance(t, s, a).Reserved, 3*350_000)
			equal(t, "left to claim", len(claim(t, s, noon, 10)), 1)
		})
	}
}

// TestRollbackForgets makes sure that the mirror does not keep what was taken
// back.
func TestRollbackForgets(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 100*sms.Credit)
	g := accept(t, s, messages(a, 2, "k", noon))
	err := s.writer.do(t.Context(), func(tx *tx) error {
		c := messages(a, 5, "lost", noon)
		if _, err := tx.accept(noon, &c); err != nil {
			return err
		}
		r, err := tx.load(g.FirstMessage)
		if err != nil {
			return err
		}
		change := r.Cancel(noon)
		if err := tx.apply(r, &change, nil, 0); err != nil {
			return err
		}
		return errors.Join(tx.settle(), tx.flush(), errTest)
	})
	refused(t, err, sms.CodeInternal)
	equal(t, "reserved", balance(t, s, a).Reserved, 2*350_000)
	next := accept(t, s, oneMessage(a, "lost", noon))
	equal(t, "group number", next.Number, g.Number+1)
	equal(t, "message id", next.FirstMessage, g.FirstMessage+2)
	equal(t, "claimed", len(claim(t, s, noon, 10)), 3)
}

func TestGivenUpBeforeItBegan(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 100*sms.Credit)
	gone, cancel := context.WithCancel(t.Context())
	release := occupy(s)
	failed := make(chan error)
	go func() {
		_, err := s.Accept(gone, noon, []sms.Call{oneMessage(a, "k", noon)})
		failed <- err
	}()
	await(s, 1)
	cancel()
	refused(t, <-failed, sms.CodeUnavailable)
	release()
	equal(t, "reserved", balance(t, s, a).Reserved, 0)
	_, err := s.Accept(gone, noon, []sms.Call{oneMessage(a, "k", noon)})
	refused(t, err, sms.CodeUnavailable)
	_, err = s.Balance(gone, a)
	refused(t, err, sms.CodeUnavailable)
}

// TestGivenUpTooLate is told what happened all the same.
func TestGivenUpTooLate(t *testing.T) {
	s := fresh(t, Options{})
	gone, cancel := context.WithCancel(t.Context())
	err := s.writer.do(gone, func(tx *tx) error {
		cancel()
		return tx.conn.Script(`INSERT INTO node (name, opened_at) VALUES ('kept', 0)`)
	})
	ok(t, err)
	equal(t, "rows", fmt.Sprint(nodes(t, s)), "[kept]")
}

func TestReadGivenUp(t *testing.T) {
	s := fresh(t, Options{})
	gone, cancel := context.WithCancel(t.Context())
	err := s.readers.read(gone, func(c *engine.Conn) error {
		return c.Query(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`, nil,
			func(scan func(...any) error) error { cancel(); return nil })
	})
	refused(t, err, sms.CodeUnavailable)
	_, err = s.Balance(t.Context(), 1) // the connection is fit for the next one
	refused(t, err, sms.CodeNotFound)

	all := make([]*engine.Conn, s.opts.Readers) // nobody is free
	for i := range all {
		all[i] = <-s.readers.free
	}
	waiting, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() {
		_, err := s.Balance(waiting, 1)
		failed <- err
	}()
	cancel()
	refused(t, <-failed, sms.CodeUnavailable)
	for _, c := range all {
		s.readers.free <- c
	}
}

func TestLockedByAnother(t *testing.T) {
	s := fresh(t, Options{Busy: 10 * time.Millisecond})
	other, err := engine.Open(s.path, engine.ReadWrite, 0)
	ok(t, err)
	ok(t, other.Script(`BEGIN IMMEDIATE`))
	err = s.Ping(t.Context())
	refused(t, err, sms.CodeUnavailable)
	contains(t, err, "another process")
	equal(t, "retryable", err.(*sms.Error).Retryable, true)
	ok(t, other.Script(`ROLLBACK`))
	ok(t, s.Ping(t.Context()))
	ok(t, other.Close())
}

// TestWaitsFromItsArrival: a call does not wait longer because others waited
// before it.
func TestWaitsFromItsArrival(t *testing.T) {
	s := fresh(t, Options{Busy: time.Hour})
	other, err := engine.Open(s.path, engine.ReadWrite, 0)
	ok(t, err)
	ok(t, other.Script(`BEGIN IMMEDIATE`))
	now := time.Now()
	var calls []*call
	for _, arrived := range []time.Time{now.Add(-2 * time.Hour), now.Add(-90 * time.Minute), now} {
		calls = append(calls, &call{arrived: arrived, done: make(chan struct{}), run: func(tx *tx) error { return tx.run(tx.probe) }})
	}
	s.writer.mu.Lock()
	s.writer.waiting = append(s.writer.waiting, calls...)
	s.writer.mu.Unlock()
	s.writer.work.Signal()
	for _, c := range calls[:2] {
		<-c.done
		refused(t, c.err, sms.CodeUnavailable)
	}
	ok(t, other.Script(`ROLLBACK`))
	<-calls[2].done
	ok(t, calls[2].err)
	ok(t, other.Close())
}

// TestCloseFinishes what was asked for before.
func TestCloseFinishes(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 100*sms.Credit)
	release := occupy(s)
	var all sync.WaitGroup
	for i := range 3 {
		all.Go(func() { accept(t, s, oneMessage(a, fmt.Sprint(i), noon)) })
	}
	await(s, 3)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	release()
	all.Wait()
	ok(t, <-closed)
	refused(t, s.Ping(t.Context()), sms.CodeUnavailable)
	again := openAt(t, s.path, Options{})
	equal(t, "reserved", balance(t, again, a).Reserved, 3*350_000)
}
