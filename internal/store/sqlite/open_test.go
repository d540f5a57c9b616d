package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

func TestSettings(t *testing.T) {
	s := fresh(t, Options{})
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "wal_autocheckpoint": "0", "cache_size": "-16384", "trusted_schema": "0", "temp_store": "2",
	} {
		equal(t, "writer's "+name, pragma(t, s, name), want)
	}
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		for name, want := range map[string]string{"query_only": "1", "journal_mode": "wal"} {
			ok(t, c.Query("PRAGMA "+name, nil, func(scan func(...any) error) error {
				var got string
				err := scan(&got)
				equal(t, "readers' "+name, got, want)
				return err
			}))
		}
		_, err := c.Exec(`DELETE FROM message`)
		contains(t, err, "readonly")
		return nil
	}))
}

func TestNewFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "new.db")
	s, err := Open(t.Context(), path, Options{})
	ok(t, err)
	accept(t, s, oneMessage(newAccount(t, s, "a", sms.Credit), "k", noon))
	files, err := filepath.Glob(path + "*")
	ok(t, err)
	for _, f := range files {
		info, err := os.Stat(f)
		ok(t, err)
		equal(t, "mode of "+f, info.Mode(), 0o600)
	}
	ok(t, s.Close())
	ok(t, s.Close())
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	garbage := filepath.Join(dir, "garbage.db")
	ok(t, os.WriteFile(garbage, []byte(strings.Repeat("this is no database. ", 500)), 0o600))
	foreign := filepath.Join(dir, "foreign.db")
	c, err := engine.Open(foreign, engine.ReadWrite, time.Second)
	ok(t, err)
	ok(t, c.Script(`CREATE TABLE message (text)`))
	ok(t, c.Close())
	for _, test := range []struct {
		path, says string
		code       sms.Code
	}{
		{"", "name a file", sms.CodeInvalid},
		{filepath.Join(dir, "no", "such", "folder.db"), "cannot be created", sms.CodeUnavailable},
		{dir, "cannot be read", sms.CodeUnavailable},
		{garbage, "no database of Harkara", sms.CodeUnavailable},
		{foreign, "cannot be brought up to date", sms.CodeUnavailable},
	} {
		_, err := Open(t.Context(), test.path, Options{})
		refused(t, err, test.code)
		contains(t, err, test.says)
	}
}

func TestOpenRefusesNewer(t *testing.T) {
	s := fresh(t, Options{})
	script(t, s, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`)
	_, err := Open(t.Context(), s.path, Options{})
	refused(t, err, sms.CodeUnavailable)
	contains(t, err, "belongs to a newer Harkara")
}

// TestMigrateBesideNode has an older schema in use when a newer program comes.
func TestMigrateBesideNode(t *testing.T) {
	s := fresh(t, Options{})
	_, err := s.Open(t.Context(), noon, "node")
	ok(t, err)
	script(t, s, `DELETE FROM goose_db_version WHERE version_id > 0`)
	_, err = Open(t.Context(), s.path, Options{Busy: 20 * time.Millisecond})
	refused(t, err, sms.CodeUnavailable)
	contains(t, err, "stop that first")
}

// TestOpenTogether has several processes make the same file.
func TestOpenTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	var all sync.WaitGroup
	stores := make([]*Store, 4)
	for i := range stores {
		all.Go(func() {
			s, err := Open(context.Background(), path, Options{})
			if err != nil {
				t.Errorf("open: %v, cause %v", err, err.(*sms.Error).Err)
				return
			}
			stores[i] = s
		})
	}
	all.Wait()
	for _, s := range stores {
		if s != nil {
			ok(t, s.Ping(t.Context()))
			ok(t, s.Close())
		}
	}
}

func TestOneNode(t *testing.T) {
	first := fresh(t, Options{})
	epoch, err := first.Open(t.Context(), noon, "first")
	ok(t, err)
	second := openAt(t, first.path, Options{})
	_, err = second.Open(t.Context(), noon, "second")
	refused(t, err, sms.CodeUnavailable)
	contains(t, err, "stop that one first")
	again, err := first.Open(t.Context(), noon, "first")
	ok(t, err)
	ok(t, first.Close())
	third, err := second.Open(t.Context(), noon, "second")
	ok(t, err)
	if epoch >= again || again >= third {
		t.Errorf("epochs %d, %d, %d do not rise", epoch, again, third)
	}
	_, err = first.Open(t.Context(), noon, "first")
	refused(t, err, sms.CodeUnavailable)
}

// TestRestoredFileGetsTheLog: a copy made by VACUUM INTO has journal mode delete.
func TestRestoredFileGetsTheLog(t *testing.T) {
	s := fresh(t, Options{})
	restored := filepath.Join(t.TempDir(), "restored.db")
	ok(t, s.Backup(t.Context(), restored))
	again := openAt(t, restored, Options{})
	var mode string
	ok(t, again.writer.conn.Query(`PRAGMA journal_mode`, nil, func(scan func(...any) error) error { return scan(&mode) }))
	if mode != "wal" {
		t.Errorf("journal mode %s", mode)
	}
	newAccount(t, again, "a", sms.Credit)
}
