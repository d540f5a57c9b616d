package sqlite

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/sqlstore"
)

var _ store.Store = (*Store)(nil)

// Options of Open. The zero value is right for production.
type Options struct {
	// Shard goes into message ids, 0 to 1023.
	Shard uint16
	// Busy is how long a call waits for another process that writes; 0: 5 s.
	Busy time.Duration
	// Readers is the number of reading connections; 0: 4.
	Readers int
	// CacheMiB is the writer's page cache; 0: 16. A larger one is not faster:
	// SQLite walks all of it in every commit that has balanced a tree, and the
	// kernel caches the file anyway.
	CacheMiB int
	// OnCommit is told of every commit: the calls it served and how long the
	// disk took. It is called by the writer and must return at once.
	OnCommit func(calls int, took time.Duration)
}

// Store is an open database.
type Store struct {
	path    string
	sql     *sqlstore.Store
	writer  *writer
	readers *readers
	log     *checkpointer
	leases  leases
	opts    Options

	mu     sync.Mutex
	node   *os.File // locked while this process is the node
	closed bool
}

// Open opens the database file at path, creates it if there is none, and brings
// its schema up to date. It refuses a file of a newer Harkara.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	o.Busy = cmp.Or(o.Busy, 5*time.Second)
	o.Readers = cmp.Or(o.Readers, 4)
	o.CacheMiB = cmp.Or(o.CacheMiB, 16)
	path, err := create(path)
	if err != nil {
		return nil, err
	}
	if err := migrate(ctx, path, o.Busy); err != nil {
		return nil, err
	}
	s := &Store{path: path, sql: sqlstore.New(dialect()), leases: leases{until: map[int64]int64{}}, opts: o}
	if err := s.connect(); err != nil {
		_ = s.Close()
		return nil, unavailable("the database cannot be opened", err)
	}
	return s, nil
}

// create makes the file, readable by its owner only: it holds the texts of
// messages. SQLite gives its other files the same permissions.
func create(path string) (string, error) {
	if path == "" {
		return "", sms.Fail(sms.CodeInvalid, "name a file for the database, such as /var/lib/harkara/harkara.db")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", unavailable("the database cannot be opened", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return path, nil // not opened: closing it would drop SQLite's locks in this process
	}
	if err == nil {
		err = errors.Join(f.Close(), syncDir(filepath.Dir(path)))
	}
	if err != nil {
		return "", unavailable("the database file cannot be created", err)
	}
	return path, nil
}

// syncDir makes the name of a new file durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// connect opens the connections.
func (s *Store) connect() (err error) {
	if s.writer, err = newWriter(s.path, s.opts); err != nil {
		return err
	}
	if s.readers, err = newReaders(s.path, s.opts); err != nil {
		return err
	}
	s.log, err = newCheckpointer(s.path, s.opts.Busy, s.writer)
	return err
}

// journalLimit is the size to which the log shrinks when it starts again.
const journalLimit = 64 << 20

// openConn opens a connection with what all of them share.
func openConn(path string, busy time.Duration, cacheMiB int) (*engine.Conn, error) {
	c, err := engine.Open(path, engine.ReadWrite, busy)
	if err != nil {
		return nil, err
	}
	// The log is copied back by the checkpointer, not by whoever commits.
	err = c.Script(fmt.Sprintf(`PRAGMA synchronous = FULL;
		PRAGMA cache_size = %d;
		PRAGMA temp_store = MEMORY;
		PRAGMA trusted_schema = OFF;
		PRAGMA wal_autocheckpoint = 0;
		PRAGMA journal_size_limit = %d`, -cacheMiB<<10, journalLimit))
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (s *Store) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Close finishes the calls that wait and closes the file. A second Close does
// nothing.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	var errs []error
	if s.log != nil {
		errs = append(errs, s.log.close())
	}
	if s.writer != nil {
		errs = append(errs, s.writer.close())
	}
	if s.readers != nil {
		errs = append(errs, s.readers.close())
	}
	if s.node != nil {
		errs = append(errs, s.node.Close())
	}
	return errors.Join(errs...)
}
