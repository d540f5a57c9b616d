package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// maxRows is about how many rows a transaction writes before the calls that
// still wait are left to the next one: the first callers should not wait long
// for the last, and the sync of the disk is spread thin enough by then.
const maxRows = 8192

// writer is the goroutine that changes the database.
type writer struct {
	conn     *engine.Conn
	sql      *statements
	mirror   *mirror
	busy     time.Duration
	onCommit func(calls int, took time.Duration)
	shard    uint16
	broken   error // why nothing is written any more

	log       atomic.Pointer[checkpointer]
	finishLog atomic.Bool // the rest of the log is short: copy it

	mu      sync.Mutex
	work    sync.Cond // waiting is not empty, or closing
	waiting []*call
	closing bool
	ended   chan struct{}
}

// call is one verb call on its way through the writer.
type call struct {
	run     func(*tx) error // may run more than once; the last time counts
	arrived time.Time
	state   atomic.Int32
	err     error
	done    chan struct{}
}

const (
	callWaits int32 = iota
	callTaken
	callGivenUp
)

func newWriter(path string, o Options) (*writer, error) {
	conn, err := openConn(path, o.Busy, o.CacheMiB)
	if err != nil {
		return nil, err
	}
	if err := useLog(conn); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	sql, err := prepare(conn)
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	// SQLite would sleep longer and longer between its tries, up to 100 ms, and
	// miss the moments between the commits of a process that writes all the
	// time. begin tries more often.
	conn.SetBusy(0)
	w := &writer{conn: conn, sql: sql, mirror: newMirror(), busy: o.Busy, onCommit: o.OnCommit, shard: o.Shard,
		ended: make(chan struct{})}
	w.work.L = &w.mu
	go w.loop()
	return w, nil
}

// useLog makes sure that the file has a write-ahead log; a copy made by Backup
// has none yet.
func useLog(c *engine.Conn) error {
	var mode string
	err := c.Query(`PRAGMA journal_mode = WAL`, nil, func(scan func(...any) error) error { return scan(&mode) })
	if err == nil && mode != "wal" {
		err = fmt.Errorf("sqlite: the file system allows no write-ahead log (journal mode %s); use a local one", mode)
	}
	return err
}

// do runs a call in a transaction and returns when that is durable. A call that
// has not begun when ctx ends never will; one that has begun is waited for,
// since its caller must know what was written.
func (w *writer) do(ctx context.Context, run func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable(errNotBegun, err)
	}
	c := &call{run: run, arrived: time.Now(), done: make(chan struct{})}
	w.mu.Lock()
	if w.closing {
		w.mu.Unlock()
		return errClosed
	}
	w.waiting = append(w.waiting, c)
	w.mu.Unlock()
	w.work.Signal()
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		if c.state.CompareAndSwap(callWaits, callGivenUp) {
			return unavailable(errNotBegun, ctx.Err())
		}
		<-c.done
		return c.err
	}
}

// close lets the calls that wait finish.
func (w *writer) close() error {
	w.mu.Lock()
	w.closing = true
	w.mu.Unlock()
	w.work.Signal()
	<-w.ended
	return w.conn.Close()
}

func (w *writer) loop() {
	defer close(w.ended)
	for {
		calls, ok := w.next()
		if !ok {
			return
		}
		for len(calls) > 0 {
			calls = calls[w.transaction(calls):]
		}
	}
}

// next waits for work and takes all there is.
func (w *writer) next() (calls []*call, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) == 0 {
		if w.closing {
			return nil, false
		}
		w.work.Wait()
	}
	for _, c := range w.waiting {
		if c.state.CompareAndSwap(callWaits, callTaken) {
			calls = append(calls, c)
		}
	}
	w.waiting = w.waiting[:0]
	return calls, true
}

// transaction runs as many calls as fit into one transaction, commits, and
// answers them. It returns how many that were.
func (w *writer) transaction(calls []*call) int {
	t, err := w.begin(calls[0].arrived)
	n := 0
	if err != nil {
		for n = 1; n < len(calls) && !(isBusy(err) && w.mayWait(calls[n].arrived)); n++ {
		}
		answer(calls[:n], coded(err))
		return n
	}
	for n < len(calls) && (n == 0 || t.rows < maxRows) {
		c := calls[n]
		n++
		if c.err = t.call(c.run); c.err == nil || !t.dirty {
			continue
		}
		// What the call has written must go, and the others' work with it.
		w.rollback(c.err)
		if n == 1 {
			answer(calls[:1], coded(c.err))
			return 1
		}
		for _, alone := range calls[:n] {
			w.transaction([]*call{alone})
		}
		return n
	}
	w.finish(t, calls[:n])
	return n
}

// finish commits the work of calls that ended well or wrote nothing.
func (w *writer) finish(t *tx, calls []*call) {
	err := t.flush()
	if err != nil {
		w.rollback(err)
		answer(calls, coded(err))
		return
	}
	start := time.Now()
	if err = w.sql.commit.Run(); err != nil {
		w.rollback(err)
		answer(calls, commitError(err))
		return
	}
	if w.onCommit != nil {
		w.onCommit(len(calls), time.Since(start))
	}
	for _, c := range calls {
		c.err = coded(c.err)
		close(c.done)
	}
	w.tendLog()
}

// setLog makes k hear of the pages that commits write.
func (w *writer) setLog(k *checkpointer) { w.log.Store(k) }

// tendLog keeps the log short, see checkpointer.
func (w *writer) tendLog() {
	k := w.log.Load()
	if k == nil {
		return
	}
	k.added(w.conn.PagesWritten())
	if !w.finishLog.CompareAndSwap(true, false) {
		return
	}
	frames, _, err := w.conn.Checkpoint(engine.Passive)
	for tries := 0; err == nil && int64(frames) >= patience*k.every && tries < 20; tries++ {
		if _, _, err = w.conn.Checkpoint(engine.Restart); !isBusy(err) {
			break
		}
		err = nil
		time.Sleep(time.Millisecond)
	}
	w.condemn(err)
}

func isBusy(err error) bool {
	e, ok := errors.AsType[*engine.Error](err)
	return ok && e.Primary() == engine.Busy
}

func answer(calls []*call, err error) {
	for _, c := range calls {
		c.err = err
		close(c.done)
	}
}

// begin opens a transaction that excludes other writers. While another process
// has it, begin waits as long as a call that arrived then may.
func (w *writer) begin(arrived time.Time) (*tx, error) {
	if w.broken != nil {
		return nil, w.broken
	}
	err := w.sql.begin.Run()
	for isBusy(err) && w.mayWait(arrived) {
		time.Sleep(time.Duration(200+rand.IntN(600)) * time.Microsecond)
		err = w.sql.begin.Run()
	}
	if err != nil {
		w.condemn(err)
		return nil, err
	}
	t, err := newTx(w)
	if err != nil {
		w.rollback(err)
	}
	return t, err
}

// mayWait says whether a call that arrived then may wait longer for another
// process.
func (w *writer) mayWait(arrived time.Time) bool { return time.Since(arrived) < w.busy }

// rollback takes everything back after err, and what was remembered with it.
func (w *writer) rollback(err error) {
	w.condemn(err)
	w.mirror.forget()
	if !w.conn.InTransaction() {
		return // SQLite did it
	}
	if err := w.sql.rollback.Run(); err != nil {
		w.broken = unavailable("the database cannot roll back; start again", err)
	}
}

// condemn stops all writing after an error that says that the disk or the file
// cannot be trusted.
func (w *writer) condemn(err error) {
	if w.broken == nil && fatal(err) {
		w.broken = unavailable("the database had an I/O error or is damaged and is not written any more: check the disk, then start again", err)
	}
}
