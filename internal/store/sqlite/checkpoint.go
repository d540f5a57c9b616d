package sqlite

import (
	"sync"
	"time"

	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// checkpointEvery is the number of pages in the log (32 MiB) after which it is
// copied back into the database file. Ids and keys that come in no order touch
// pages all over the file: the longer the log, the more often one copy of a page
// does for many changes (1,000 pages cost a fifth of the throughput then, and
// save a millisecond of the 99th percentile otherwise).
const checkpointEvery = 8192

// patience is how many times that the log may grow before the writer waits a
// little for readers, whose snapshots keep it from starting again.
const patience = 4

// checkpointer keeps the log short. It copies the log into the file while the
// writer goes on, which is most of the work; what the writer has added
// meanwhile, the writer copies itself between two transactions, so that the
// next one can start the log from its beginning.
type checkpointer struct {
	mu    sync.Mutex // guards conn
	conn  *engine.Conn
	w     *writer
	every int64 // checkpointEvery; like pages it is the writer's
	pages int64 // of the log since the last checkpoint
	total int64 // since the store was opened
	wake  chan struct{}
	end   chan struct{}
	ended chan struct{}
}

func newCheckpointer(path string, busy time.Duration, w *writer) (*checkpointer, error) {
	conn, err := openConn(path, busy, 1)
	if err != nil {
		return nil, err
	}
	k := &checkpointer{every: checkpointEvery, conn: conn, w: w, wake: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{})}
	w.setLog(k)
	go k.loop()
	return k, nil
}

// added is told by the writer how many pages a commit wrote.
func (k *checkpointer) added(n int64) {
	k.total += n
	if k.pages += n; k.pages < k.every {
		return
	}
	k.pages = 0
	select {
	case k.wake <- struct{}{}:
	default: // one is running
	}
}

func (k *checkpointer) loop() {
	defer close(k.ended)
	for {
		select {
		case <-k.end:
			return
		case <-k.wake:
		}
		k.mu.Lock()
		_, _, err := k.conn.Checkpoint(engine.Passive)
		k.mu.Unlock()
		if err == nil { // otherwise the writer will meet the same error, and report it
			k.w.finishLog.Store(true)
		}
	}
}

// restart copies the whole log and empties it. A reader in another process may
// keep it from being emptied; then it is copied as far as possible.
func (k *checkpointer) restart() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	_, _, err := k.conn.Checkpoint(engine.Truncate)
	if isBusy(err) {
		return nil
	}
	return err
}

func (k *checkpointer) close() error {
	close(k.end)
	<-k.ended
	return k.conn.Close()
}
