package sqlite

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// TestLogStaysShort under writers and readers that never pause.
func TestLogStaysShort(t *testing.T) {
	const every = 64
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	written := int64(0)
	ok(t, s.writer.do(t.Context(), func(tx *tx) error {
		s.log.every = every
		return nil
	}))
	var stop atomic.Bool
	var all sync.WaitGroup
	defer all.Wait()
	defer stop.Store(true)
	for range 2 {
		all.Go(func() {
			for !stop.Load() {
				_ = balance(t, s, a)
			}
		})
	}
	var largest int64
	for n := 0; written < 20*patience*every; n++ {
		before := s.pagesWritten(t)
		accept(t, s, messages(a, 100, fmt.Sprint(n), noon))
		written += s.pagesWritten(t) - before
		info, err := os.Stat(s.path + "-wal")
		ok(t, err)
		largest = max(largest, info.Size()/4096)
	}
	if limit := written / 4; largest > limit { // how short depends on who gets the processor when
		t.Errorf("%d pages were written and the log grew to %d, want less than %d", written, largest, limit)
	}
}

// pagesWritten is how many the writer has added to the log.
func (s *Store) pagesWritten(t *testing.T) (n int64) {
	t.Helper()
	ok(t, s.writer.do(t.Context(), func(tx *tx) error {
		n = s.log.total
		return nil
	}))
	return n
}

// TestRestart begins a new log, whatever it holds.
func TestRestart(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	accept(t, s, oneMessage(a, "k", noon))
	_, err := s.Open(t.Context(), noon, "node") // writes a row after it
	ok(t, err)
	info, err := os.Stat(s.path + "-wal")
	ok(t, err)
	if pages := info.Size() / 4096; pages > 8 {
		t.Errorf("the log has %d pages after a node opened the store", pages)
	}
	equal(t, "reserved", balance(t, s, a).Reserved, 350_000)
}

// TestRestartBesideReader: somebody who reads for long does not keep a node
// from starting.
func TestRestartBesideReader(t *testing.T) {
	s := fresh(t, Options{Busy: 10 * time.Millisecond})
	a := newAccount(t, s, "a", sms.Credit)
	reading := openAt(t, s.path, Options{})
	began, end := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- reading.Sweep(t.Context(), store.Visitor{Balance: func(sms.Balance, store.Counters) error {
			close(began)
			<-end
			return nil
		}})
	}()
	<-began
	accept(t, s, oneMessage(a, "k", noon))
	_, err := s.Open(t.Context(), noon, "node")
	ok(t, err)
	close(end)
	ok(t, <-done)
}
