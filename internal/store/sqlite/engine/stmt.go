package engine

import (
	"errors"
	"fmt"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// Stmt is a prepared statement. A run is: bind every parameter in order, then
// Run, or Next until it returns false; columns are read in order.
type Stmt struct {
	c      *Conn
	p      uintptr // sqlite3_stmt*
	text   string
	params int32
	bound  int32
	col    int32
	rc     int32 // first failure of a bind
	values arena
}

// Prepare compiles one statement and keeps it until the connection is closed.
func (c *Conn) Prepare(query string) (*Stmt, error) {
	s, rest, err := c.compile(query)
	if err != nil {
		return nil, err
	}
	if s == nil || rest != "" {
		if s != nil {
			s.finalize()
		}
		return nil, fmt.Errorf("engine: prepare takes exactly one statement: %.60s", query)
	}
	return s, nil
}

// compile prepares the first statement of query; s is nil where there is only
// white space and comment.
func (c *Conn) compile(query string) (s *Stmt, rest string, err error) {
	text, err := libc.CString(query)
	if err != nil {
		return nil, "", err
	}
	defer libc.Xfree(c.tls, text)
	rc := sqlite3.Xsqlite3_prepare_v3(c.tls, c.db, text, int32(len(query)), sqlite3.SQLITE_PREPARE_PERSISTENT, c.out, c.out+8)
	if rc != sqlite3.SQLITE_OK {
		return nil, "", c.fail(rc, "prepare")
	}
	p, tail := word(c.out), word(c.out+8)
	rest = query[tail-text:]
	if p == 0 {
		return nil, rest, nil
	}
	s = &Stmt{c: c, p: p, text: query, params: sqlite3.Xsqlite3_bind_parameter_count(c.tls, p)}
	c.stmts[s] = struct{}{}
	return s, rest, nil
}

// Params is the number of values a run takes.
func (s *Stmt) Params() int { return int(s.params) }

// Steps is how many steps of SQLite's machine all runs have taken: what a query
// costs, whatever the hardware.
func (s *Stmt) Steps() int64 {
	return int64(sqlite3.Xsqlite3_stmt_status(s.c.tls, s.p, sqlite3.SQLITE_STMTSTATUS_VM_STEP, 0))
}

func (s *Stmt) finalize() {
	sqlite3.Xsqlite3_finalize(s.c.tls, s.p)
	s.values.free(s.c.tls)
	delete(s.c.stmts, s)
}

// Int binds the next parameter.
func (s *Stmt) Int(v int64) {
	s.bound++
	s.check(sqlite3.Xsqlite3_bind_int64(s.c.tls, s.p, s.bound, v))
}

// Bool binds 1 or 0.
func (s *Stmt) Bool(v bool) {
	var n int64
	if v {
		n = 1
	}
	s.Int(n)
}

// Text binds the next parameter.
func (s *Stmt) Text(v string) {
	s.bound++
	p := put(s.c.tls, &s.values, v)
	if p == 0 {
		s.check(sqlite3.SQLITE_NOMEM)
		return
	}
	s.check(sqlite3.Xsqlite3_bind_text(s.c.tls, s.p, s.bound, p, int32(len(v)), 0))
}

// Blob binds the next parameter; nil is a blob without bytes.
func (s *Stmt) Blob(v []byte) {
	s.bound++
	p := put(s.c.tls, &s.values, v)
	if p == 0 {
		s.check(sqlite3.SQLITE_NOMEM)
		return
	}
	s.check(sqlite3.Xsqlite3_bind_blob(s.c.tls, s.p, s.bound, p, int32(len(v)), 0))
}

// Null binds the next parameter.
func (s *Stmt) Null() {
	s.bound++
	s.check(sqlite3.Xsqlite3_bind_null(s.c.tls, s.p, s.bound))
}

func (s *Stmt) check(rc int32) {
	if rc != sqlite3.SQLITE_OK && s.rc == sqlite3.SQLITE_OK {
		s.rc = rc
	}
}

// Run executes the statement to its end; rows are thrown away.
func (s *Stmt) Run() error {
	for {
		more, err := s.Next()
		if !more {
			return err
		}
	}
}

// Next steps to the next row. When it returns false the statement is ready to
// be bound again.
func (s *Stmt) Next() (bool, error) {
	if s.rc != sqlite3.SQLITE_OK || s.bound != s.params {
		return false, s.misbound()
	}
	s.col = 0
	rc := sqlite3.Xsqlite3_step(s.c.tls, s.p)
	switch rc {
	case sqlite3.SQLITE_ROW:
		return true, nil
	case sqlite3.SQLITE_DONE:
		s.Reset()
		return false, nil
	}
	err := s.c.fail(rc, "run")
	s.Reset()
	return false, err
}

func (s *Stmt) misbound() error {
	err := errors.New("engine: a statement was run with too few or too many values: " + s.text)
	if s.rc != sqlite3.SQLITE_OK {
		err = s.c.fail(s.rc, "bind")
	}
	s.Reset()
	return err
}

// Reset ends a run early.
func (s *Stmt) Reset() {
	sqlite3.Xsqlite3_reset(s.c.tls, s.p)
	s.values.reset(s.c.tls)
	s.bound, s.rc = 0, sqlite3.SQLITE_OK
}

// GetInt reads the next column; NULL is 0.
func (s *Stmt) GetInt() int64 {
	s.col++
	return sqlite3.Xsqlite3_column_int64(s.c.tls, s.p, s.col-1)
}

// GetBool reads the next column: anything but 0 is true.
func (s *Stmt) GetBool() bool { return s.GetInt() != 0 }

// GetText reads the next column; NULL is "".
func (s *Stmt) GetText() string {
	s.col++
	return s.textOf(s.col - 1)
}

// GetBlob reads the next column; NULL is nil.
func (s *Stmt) GetBlob() []byte {
	s.col++
	return s.blobOf(s.col - 1)
}

// IsNull looks at the next column without reading it.
func (s *Stmt) IsNull() bool {
	return sqlite3.Xsqlite3_column_type(s.c.tls, s.p, s.col) == sqlite3.SQLITE_NULL
}
