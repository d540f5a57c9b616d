package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date. It refuses a database that is newer
// than this program, and does not change one under a running node.
func migrate(ctx context.Context, path string, busy time.Duration) (err error) {
	current, err := isCurrent(path, busy)
	if current || err != nil {
		return err
	}
	lock, err := lockFile(path, busy)
	if err != nil {
		return unavailable("the schema of the database must be brought up to date, but a server or another command is using it: stop that first", err)
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if current, err = isCurrent(path, busy); current || err != nil {
		return err // another process was faster
	}
	if err := migrateUp(ctx, path, busy); err != nil {
		return unavailable("the schema of the database cannot be brought up to date", err)
	}
	return nil
}

// isCurrent compares the schema of the file with that of this program.
func isCurrent(path string, busy time.Duration) (bool, error) {
	want, err := newestSchema()
	if err != nil {
		return false, err
	}
	have, err := schemaOf(path, busy)
	if err != nil {
		return false, unavailable("the file is no database of Harkara, or it cannot be read", err)
	}
	if have > want {
		return false, sms.Fail(sms.CodeUnavailable, fmt.Sprintf(
			"the database has schema %d and belongs to a newer Harkara; this one knows %d: install the newer version", have, want))
	}
	return have == want, nil
}

// newestSchema is the number of the last migration.
func newestSchema() (newest int64, err error) {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	for _, name := range names {
		n, e := goose.NumericComponent(name)
		newest, err = max(newest, n), errors.Join(err, e)
	}
	return newest, err
}

// schemaOf is the number of the migration the file is at, 0 for an empty one.
func schemaOf(path string, busy time.Duration) (version int64, err error) {
	c, err := engine.Open(path, engine.ReadWrite, busy)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	read := func(scan func(...any) error) error { return scan(&version) }
	err = c.Query(`SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'`, nil, read)
	if err != nil || version == 0 {
		return 0, err
	}
	err = c.Query(`SELECT max(version_id) FROM goose_db_version WHERE is_applied`, nil, read)
	return version, err
}

// migrateUp runs the migrations that are missing. goose needs database/sql. The
// journal mode is kept in the file.
func migrateUp(ctx context.Context, path string, busy time.Duration) error {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds()), "journal_mode(wal)", "synchronous(full)"}}
	connector, err := sqlite.NewConnector((&url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: q.Encode()}).String())
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return errors.Join(err, db.Close())
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, db, files, goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return errors.Join(err, db.Close())
	}
	_, err = p.Up(ctx)
	return errors.Join(err, p.Close()) // closes db
}

// lockFile takes the lock that nodes and migrations hold, and keeps it until
// the file is closed or the process ends. It waits no longer than wait.
func lockFile(database string, wait time.Duration) (*os.File, error) {
	f, err := os.OpenFile(database+"-lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(10 * time.Millisecond) {
		if err = tryLock(f); err == nil {
			return f, nil
		}
		if !time.Now().Before(deadline) {
			return nil, errors.Join(err, f.Close())
		}
	}
}
