package sqlite

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/harkara/harkara/internal/sms"
)

// Backup writes the database as it is now to a new file at path, complete by
// itself and synced. Reading and writing go on meanwhile; the log grows until it
// is done. The copy is opened like any other database.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if s.isClosed() {
		return errClosed
	}
	// Made here, so that nobody else can read it from its first byte on; VACUUM
	// INTO takes an empty file.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return sms.Fail(sms.CodeConflict, "the backup is not written over a file that exists; name another one")
	}
	if err != nil {
		return unavailable("the backup cannot be written", err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = unavailable("the backup cannot be written", errors.Join(err, os.Remove(path)))
		}
	}()
	c, err := openConn(s.path, s.opts.Busy, readerCacheMiB)
	if err != nil {
		return err
	}
	stop := c.Watch(ctx)
	_, err = c.Exec(`VACUUM INTO ?`, path)
	stop()
	return errors.Join(err, ctx.Err(), c.Close(), f.Sync(), syncDir(filepath.Dir(path)))
}
