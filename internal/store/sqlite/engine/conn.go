// Package engine is a thin, typed layer over the C interface of SQLite as
// modernc.org/sqlite/lib offers it: connections, prepared statements, errors
// with their result codes. It exists because the way through database/sql
// costs twice as much per row (measured: 3.1 µs against 1.5 µs for an insert of
// 30 columns), and the writer of store/sqlite lives on rows.
//
// It knows nothing of Harkara and must not: no schema, no policy, no retries.
// It holds the only unsafe code of the store, and all of it is in memory.go.
//
// A Conn and its statements belong to one goroutine at a time; only Interrupt
// may be called from another.
package engine

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"modernc.org/libc"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Flags say how a database file is opened.
type Flags int32

// Flags of Open.
const (
	ReadWrite Flags = sqlite3.SQLITE_OPEN_READWRITE | sqlite3.SQLITE_OPEN_CREATE
	ReadOnly  Flags = sqlite3.SQLITE_OPEN_READONLY
)

// Conn is one connection to a database file.
type Conn struct {
	tls *libc.TLS
	db  uintptr // sqlite3*
	out uintptr // two words for results that come back through pointers

	cached map[string]*Stmt // statements of Exec and Query, by their text
	stmts  map[*Stmt]struct{}

	mu     sync.Mutex // guards closed against Interrupt
	closed bool
}

// syncOnce chooses fdatasync(2), which is what SQLite's own build for Linux
// uses: it writes data and size, leaves out the timestamps, and halves the time
// of a commit on ext4 with the same durability. Where it does not exist the
// library stays with fsync.
var syncOnce = sync.OnceFunc(func() { _, _ = sqlite.Fdatasync(true) })

// Open opens the file at path. A connection that waits longer than busy for the
// locks of others fails with Busy.
func Open(path string, flags Flags, busy time.Duration) (*Conn, error) {
	if strings.ContainsRune(path, 0) {
		return nil, &Error{Code: sqlite3.SQLITE_CANTOPEN, Text: "open: the name has a zero byte"}
	}
	syncOnce()
	c := &Conn{tls: libc.NewTLS(), cached: map[string]*Stmt{}, stmts: map[*Stmt]struct{}{}}
	if c.out = alloc(c.tls, 16); c.out == 0 {
		c.tls.Close()
		return nil, &Error{Code: sqlite3.SQLITE_NOMEM, Text: "out of memory"}
	}
	name, err := libc.CString(path)
	if err != nil {
		c.release()
		return nil, err
	}
	defer libc.Xfree(c.tls, name)
	// NOMUTEX: the owner of a Conn serialises its use, so that the mutex of
	// each of the thousands of bind and column calls is saved.
	rc := sqlite3.Xsqlite3_open_v2(c.tls, name, c.out, int32(flags)|sqlite3.SQLITE_OPEN_NOMUTEX, 0)
	c.db = word(c.out)
	if rc != sqlite3.SQLITE_OK {
		err := c.fail(rc, "open")
		if c.db != 0 {
			sqlite3.Xsqlite3_close_v2(c.tls, c.db)
		}
		c.release()
		return nil, err
	}
	sqlite3.Xsqlite3_extended_result_codes(c.tls, c.db, 1)
	c.SetBusy(busy)
	return c, nil
}

// SetBusy changes how long the connection waits for the locks of others.
func (c *Conn) SetBusy(wait time.Duration) {
	sqlite3.Xsqlite3_busy_timeout(c.tls, c.db, int32(wait.Milliseconds()))
}

func (c *Conn) release() {
	libc.Xfree(c.tls, c.out)
	c.tls.Close()
}

// Close finalizes the statements and closes the connection. An open transaction
// is rolled back.
func (c *Conn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	for s := range c.stmts {
		s.finalize()
	}
	rc := sqlite3.Xsqlite3_close_v2(c.tls, c.db)
	c.release()
	if rc != sqlite3.SQLITE_OK {
		return &Error{Code: rc, Text: "close failed"}
	}
	return nil
}

// Interrupt makes a running statement fail with Interrupted. It may be called
// from any goroutine.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	tls := libc.NewTLS() // c.tls is in use by the goroutine that runs the statement
	sqlite3.Xsqlite3_interrupt(tls, c.db)
	tls.Close()
}

// Watch interrupts the connection when ctx ends. The caller must call stop when
// it is done with the connection; no interrupt comes after stop returned.
func (c *Conn) Watch(ctx context.Context) (stop func()) {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	cancel := context.AfterFunc(ctx, func() {
		c.Interrupt()
		close(done)
	})
	return func() {
		if !cancel() {
			<-done
		}
	}
}

// InTransaction reports whether a transaction is open. SQLite ends it by itself
// after some errors (disk full, I/O error).
func (c *Conn) InTransaction() bool {
	return sqlite3.Xsqlite3_get_autocommit(c.tls, c.db) == 0
}

// Changes is the number of rows the last INSERT, UPDATE or DELETE changed.
func (c *Conn) Changes() int64 {
	return sqlite3.Xsqlite3_changes64(c.tls, c.db)
}

// TotalChanges is the number of rows changed since the connection was opened.
func (c *Conn) TotalChanges() int64 {
	return sqlite3.Xsqlite3_total_changes64(c.tls, c.db)
}

// PagesWritten is the number of pages this connection has written since the
// last call.
func (c *Conn) PagesWritten() int64 {
	sqlite3.Xsqlite3_db_status(c.tls, c.db, sqlite3.SQLITE_DBSTATUS_CACHE_WRITE, c.out, c.out+4, 1)
	return int64(half(c.out))
}

// CheckpointMode is how much a checkpoint may wait for others.
type CheckpointMode int32

// Modes of Checkpoint.
const (
	Passive  CheckpointMode = sqlite3.SQLITE_CHECKPOINT_PASSIVE  // waits for nobody, copies what it can
	Restart  CheckpointMode = sqlite3.SQLITE_CHECKPOINT_RESTART  // waits until the log can be started again
	Truncate CheckpointMode = sqlite3.SQLITE_CHECKPOINT_TRUNCATE // and makes its file empty
)

// Checkpoint copies the write-ahead log into the database file and syncs it. It
// returns the frames in the log and how many of them have been copied.
func (c *Conn) Checkpoint(mode CheckpointMode) (frames, copied int, err error) {
	rc := sqlite3.Xsqlite3_wal_checkpoint_v2(c.tls, c.db, 0, int32(mode), c.out, c.out+4)
	if rc != sqlite3.SQLITE_OK {
		return 0, 0, c.fail(rc, "checkpoint")
	}
	return int(half(c.out)), int(half(c.out + 4)), nil
}

// Error is a failure with SQLite's extended result code. Its text never holds
// values, only names of tables, columns and constraints.
type Error struct {
	Code int32 // extended
	Text string
}

// Error says what SQLite said.
func (e *Error) Error() string { return fmt.Sprintf("sqlite: %s (%d)", e.Text, e.Code) }

// Primary is the result code without its extension.
func (e *Error) Primary() int32 { return e.Code & 0xff }

// Result codes that callers look at.
const (
	Busy        = sqlite3.SQLITE_BUSY
	Full        = sqlite3.SQLITE_FULL
	IOErr       = sqlite3.SQLITE_IOERR
	Corrupt     = sqlite3.SQLITE_CORRUPT
	NotADB      = sqlite3.SQLITE_NOTADB
	Interrupted = sqlite3.SQLITE_INTERRUPT
	ReadOnlyDB  = sqlite3.SQLITE_READONLY
	Constraint  = sqlite3.SQLITE_CONSTRAINT
	NoMem       = sqlite3.SQLITE_NOMEM
	IOErrFsync  = sqlite3.SQLITE_IOERR_FSYNC
	IOErrNoMem  = sqlite3.SQLITE_IOERR_NOMEM
)

func (c *Conn) fail(rc int32, what string) error {
	text := libc.GoString(sqlite3.Xsqlite3_errstr(c.tls, rc))
	if c.db != 0 {
		if said := libc.GoString(sqlite3.Xsqlite3_errmsg(c.tls, c.db)); said != text {
			text += ": " + said
		}
	}
	return &Error{Code: rc, Text: what + ": " + text}
}
