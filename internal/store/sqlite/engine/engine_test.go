package engine_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// code wants err to be SQLite's with the primary code.
func code(t testing.TB, err error, want int32) {
	t.Helper()
	e, is := errors.AsType[*engine.Error](err)
	if !is || e.Primary() != want {
		t.Fatalf("error is %v, want SQLite's code %d", err, want)
	}
}

func open(t testing.TB) *engine.Conn {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "test.db"))
}

func openAt(t testing.TB, path string) *engine.Conn {
	t.Helper()
	c, err := engine.Open(path, engine.ReadWrite, 0)
	ok(t, err)
	t.Cleanup(func() { ok(t, c.Close()) })
	return c
}

// TestValues go in and come out as they are, whatever their size and bytes.
func TestValues(t *testing.T) {
	c := open(t)
	ok(t, c.Script(`CREATE TABLE v (id INTEGER PRIMARY KEY, i INTEGER, s TEXT, b BLOB, f INTEGER, n TEXT)`))
	put, err := c.Prepare(`INSERT INTO v (i, s, b, f, n) VALUES (?, ?, ?, ?, ?) RETURNING id`)
	ok(t, err)
	get, err := c.Prepare(`SELECT i, s, b, f, n, n FROM v WHERE id = ?`)
	ok(t, err)
	rapid.Check(t, func(rt *rapid.T) {
		i, s := rapid.Int64().Draw(rt, "i"), rapid.String().Draw(rt, "s")
		if rapid.IntRange(0, 9).Draw(rt, "long") == 0 {
			s = strings.Repeat(s+"x\x00", 700) // more than the arena holds
		}
		b, f := rapid.SliceOf(rapid.Byte()).Draw(rt, "b"), rapid.Bool().Draw(rt, "f")
		put.Int(i)
		put.Text(s)
		put.Blob(b)
		put.Bool(f)
		put.Null()
		found, err := put.Next()
		if !found || err != nil {
			rt.Fatal(found, err)
		}
		id := put.GetInt()
		put.Reset()

		get.Int(id)
		if found, err := get.Next(); !found || err != nil {
			rt.Fatal(found, err)
		}
		if gi, gs, gb, gf := get.GetInt(), get.GetText(), get.GetBlob(), get.GetBool(); gi != i || gs != s || string(gb) != string(b) || gf != f {
			rt.Fatalf("got %d %q %x %t, want %d %q %x %t", gi, gs, gb, gf, i, s, b, f)
		}
		if n, e := get.GetInt(), get.GetText(); n != 0 || e != "" {
			rt.Fatalf("NULL is %d and %q", n, e)
		}
		if more, err := get.Next(); more || err != nil {
			rt.Fatal(more, err)
		}
	})
}

func TestExecAndQuery(t *testing.T) {
	c := open(t)
	ok(t, c.Script(`CREATE TABLE v (i INTEGER, s TEXT, b BLOB, f INTEGER, n INTEGER); -- and a comment
		CREATE INDEX v_i ON v (i)`))
	for i := range 3 {
		n, err := c.Exec(`INSERT INTO v VALUES (?, ?, ?, ?, ?)`, i, fmt.Sprint("s", i), []byte{byte(i)}, i == 1, nil)
		ok(t, err)
		if n != 1 {
			t.Errorf("%d rows inserted", n)
		}
	}
	n, err := c.Exec(`UPDATE v SET n = ? WHERE i > ?`, int64(7), 0)
	ok(t, err)
	if n != 2 || c.TotalChanges() != 5 {
		t.Errorf("%d rows updated, %d changed in all", n, c.TotalChanges())
	}
	var rows []string
	ok(t, c.Query(`SELECT i, s, b, f, n FROM v ORDER BY i`, nil, func(scan func(...any) error) error {
		var (
			i int
			s string
			b []byte
			f bool
			n int64
		)
		err := scan(&i, &s, &b, &f, &n)
		rows = append(rows, fmt.Sprintln(i, s, b, f, n))
		return err
	}))
	if got := strings.Join(rows, ""); got != "0 s0 [0] false 0\n1 s1 [1] true 7\n2 s2 [2] false 7\n" {
		t.Errorf("rows: %s", got)
	}
	stop := errors.New("enough")
	calls := 0
	for range 2 { // the statement can be used again after it was left early
		err = c.Query(`SELECT i FROM v`, nil, func(func(...any) error) error { calls++; return stop })
		if !errors.Is(err, stop) {
			t.Errorf("error is %v", err)
		}
	}
	if calls != 2 {
		t.Errorf("%d calls", calls)
	}
	if got := len(c.Cached()); got != 4 {
		t.Errorf("%d statements are kept: %q", got, c.Cached())
	}
}

func TestMistakes(t *testing.T) {
	c := open(t)
	ok(t, c.Script(`CREATE TABLE v (i INTEGER UNIQUE, s TEXT)`))
	_, err := c.Prepare(`SELECT`)
	code(t, err, 1)
	for _, query := range []string{``, `-- nothing`, `SELECT 1; SELECT 2`} {
		if _, err := c.Prepare(query); err == nil {
			t.Errorf("%q was prepared as one statement", query)
		}
	}
	code(t, c.Script(`SELECT 1; SELECT nothing FROM nowhere`), 1)
	_, err = c.Exec(`INSERT INTO v VALUES (?, ?)`, 1, 2.5)
	if err == nil {
		t.Error("a float was bound")
	}
	for _, args := range [][]any{{1}, {1, "a", "b"}, nil} {
		if _, err := c.Exec(`INSERT INTO v VALUES (?, ?)`, args...); err == nil || !strings.Contains(err.Error(), "too few or too many") &&
			!strings.Contains(err.Error(), "out of range") {
			t.Errorf("%d values for two parameters: %v", len(args), err)
		}
	}
	_, err = c.Exec(`INSERT INTO v VALUES (?, ?)`, 1, "a")
	ok(t, err)
	err = c.Query(`SELECT i FROM v`, nil, func(scan func(...any) error) error { return scan(new(float64)) })
	if err == nil {
		t.Error("a column was read into a float")
	}
	const secret = "the text of a message"
	_, err = c.Exec(`INSERT INTO v VALUES (?, ?)`, 1, secret)
	code(t, err, engine.Constraint)
	if strings.Contains(err.Error(), secret) || !strings.Contains(err.Error(), "v.i") {
		t.Errorf("the error says %q", err)
	}
	_, err = c.Exec(`INSERT INTO v VALUES (?, ?)`, 2, "fine again")
	ok(t, err)
}

func TestOpenFails(t *testing.T) {
	_, err := engine.Open(filepath.Join(t.TempDir(), "no", "folder.db"), engine.ReadWrite, 0)
	code(t, err, 14) // SQLITE_CANTOPEN
	_, err = engine.Open(filepath.Join(t.TempDir(), "no.db"), engine.ReadOnly, 0)
	code(t, err, 14)
	_, err = engine.Open("a\x00b", engine.ReadWrite, 0)
	if err == nil {
		t.Error("a name with a zero byte was opened")
	}
}

func TestTransactions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	one, two := openAt(t, path), openAt(t, path)
	ok(t, one.Script(`PRAGMA journal_mode = WAL; CREATE TABLE v (i)`))
	ok(t, one.Script(`BEGIN IMMEDIATE; INSERT INTO v VALUES (1)`))
	if !one.InTransaction() || two.InTransaction() {
		t.Error("who is in a transaction?")
	}
	code(t, two.Script(`BEGIN IMMEDIATE`), engine.Busy)
	ok(t, one.Script(`COMMIT`))
	if one.PagesWritten() == 0 || one.PagesWritten() != 0 {
		t.Error("pages written are counted from look to look")
	}
	frames, copied, err := two.Checkpoint(engine.Passive)
	ok(t, err)
	if frames == 0 || frames != copied {
		t.Errorf("%d of %d frames copied", copied, frames)
	}
	if frames, _, err = one.Checkpoint(engine.Truncate); err != nil || frames != 0 {
		t.Errorf("%d frames are left, %v", frames, err)
	}
	ok(t, one.Script(`BEGIN IMMEDIATE`))
	_, _, err = two.Checkpoint(engine.Restart)
	code(t, err, engine.Busy)
}

const endless = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n`

func TestInterrupt(t *testing.T) {
	c := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	stop := c.Watch(ctx)
	err := c.Query(endless, nil, func(func(...any) error) error { cancel(); return nil })
	code(t, err, engine.Interrupted)
	stop()
	c.Interrupt() // of nothing
	ok(t, c.Query(`SELECT 1`, nil, func(func(...any) error) error { return nil }))

	stop = c.Watch(t.Context())
	stop()
	c.Watch(context.Background())()
	closed, err := engine.Open(filepath.Join(t.TempDir(), "closed.db"), engine.ReadWrite, time.Second)
	ok(t, err)
	ok(t, closed.Close())
	ok(t, closed.Close())
	closed.Interrupt()
}

func TestSteps(t *testing.T) {
	c := open(t)
	s, err := c.Prepare(`SELECT ?`)
	ok(t, err)
	before := s.Steps()
	s.Int(1)
	ok(t, s.Run())
	if s.Params() != 1 || s.Steps() <= before {
		t.Errorf("%d parameters, %d steps", s.Params(), s.Steps())
	}
}

// BenchmarkInsert shows what the way through database/sql costs: a row of 30
// columns, 500 a transaction, without waiting for the disk.
func BenchmarkInsert(b *testing.B) {
	const columns, batch = 30, 500
	ddl := `PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE v (id INTEGER PRIMARY KEY`
	for i := 1; i < columns; i++ {
		ddl += fmt.Sprintf(", c%d", i)
	}
	ddl += ")"
	insert := `INSERT INTO v VALUES (` + strings.Repeat("?, ", columns-1) + `?)`
	b.Run("engine", func(b *testing.B) {
		c := open(b)
		ok(b, c.Script(ddl))
		s, err := c.Prepare(insert)
		ok(b, err)
		for i := 0; b.Loop(); i++ {
			if i%batch == 0 {
				ok(b, c.Script(`BEGIN`))
			}
			s.Int(int64(i))
			s.Text("8801711223344")
			for k := 2; k < columns; k++ {
				s.Int(int64(k))
			}
			ok(b, s.Run())
			if i%batch == batch-1 {
				ok(b, c.Script(`COMMIT`))
			}
		}
		if c.InTransaction() {
			ok(b, c.Script(`COMMIT`))
		}
	})
	b.Run("database/sql", func(b *testing.B) {
		db, err := sql.Open("sqlite", filepath.Join(b.TempDir(), "test.db"))
		ok(b, err)
		defer func() { ok(b, db.Close()) }()
		db.SetMaxOpenConns(1)
		_, err = db.Exec(ddl)
		ok(b, err)
		var tx *sql.Tx
		var s *sql.Stmt
		args := make([]any, columns)
		for i := 0; b.Loop(); i++ {
			if i%batch == 0 {
				tx, err = db.Begin()
				ok(b, err)
				s, err = tx.Prepare(insert)
				ok(b, err)
			}
			args[0], args[1] = int64(i), "8801711223344"
			for k := 2; k < columns; k++ {
				args[k] = int64(k)
			}
			_, err = s.Exec(args...)
			ok(b, err)
			if i%batch == batch-1 {
				ok(b, tx.Commit())
				tx = nil
			}
		}
		if tx != nil {
			ok(b, tx.Commit())
		}
	})
}
