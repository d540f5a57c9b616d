package sqlite

import (
	"context"
	"errors"

	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// readers is a pool of connections that cannot write.
type readers struct {
	path string
	opts Options
	free chan *engine.Conn
	all  []*engine.Conn
	end  chan struct{}
}

// readerCacheMiB is the page cache of one reading connection.
const readerCacheMiB = 8

func newReaders(path string, o Options) (*readers, error) {
	p := &readers{path: path, opts: o, free: make(chan *engine.Conn, o.Readers), end: make(chan struct{})}
	for range o.Readers {
		c, err := openReader(path, o)
		if err != nil {
			return nil, errors.Join(err, p.close())
		}
		p.all = append(p.all, c)
		p.free <- c
	}
	return p, nil
}

func openReader(path string, o Options) (*engine.Conn, error) {
	c, err := openConn(path, o.Busy, readerCacheMiB)
	if err != nil {
		return nil, err
	}
	if err := c.Script(`PRAGMA query_only = ON`); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// read runs f on a snapshot of what was committed.
func (p *readers) read(ctx context.Context, f func(c *engine.Conn) error) error {
	if err := ctx.Err(); err != nil {
		return unavailable("the read was given up", err)
	}
	select {
	case <-p.end:
		return errClosed
	default:
	}
	select {
	case c := <-p.free:
		defer func() { p.free <- c }()
		return coded(snapshot(ctx, c, f))
	case <-ctx.Done():
		return unavailable("the read was given up", ctx.Err())
	case <-p.end:
		return errClosed
	}
}

// snapshot runs f in a read transaction, until ctx ends.
func snapshot(ctx context.Context, c *engine.Conn, f func(c *engine.Conn) error) (err error) {
	stop := c.Watch(ctx)
	defer func() {
		stop()
		if c.InTransaction() {
			err = errors.Join(err, c.Script(`ROLLBACK`))
		}
		if ctx.Err() != nil && err != nil {
			err = unavailable("the read was given up", errors.Join(ctx.Err(), err))
		}
	}()
	if _, err := c.Exec(`BEGIN`); err != nil {
		return err
	}
	return f(c)
}

// close waits for the reads that run.
func (p *readers) close() error {
	close(p.end)
	var errs []error
	for range p.all {
		<-p.free
	}
	for _, c := range p.all {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
