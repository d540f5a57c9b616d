package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/storetest"
)

// children are the roles of the test binary in another process.
var children = map[string]func(path string) error{
	"accept": acceptForEver,
	"post":   postSome,
}

// acceptForEver takes calls and prints the key of each that was answered.
func acceptForEver(path string) error {
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		return err
	}
	batch := store.NewBatcher(100, func(ctx context.Context, calls []sms.Call) ([]store.Accepted, error) {
		return s.Accept(ctx, noon, calls)
	})
	var all sync.WaitGroup
	for caller := range 20 {
		all.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d", caller, n)
				a, err := batch.Do(context.Background(), messages(1, 1+n%3, key, noon))
				if err != nil || a.Err != nil {
					fmt.Fprintln(os.Stderr, err, a.Err)
					return
				}
				fmt.Println(key)
			}
		})
	}
	all.Wait()
	return nil
}

// TestKilled kills a process in the middle of its work, several times over.
// What it has answered must be there.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "harkara.db")
	s := openAt(t, path, Options{})
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	ok(t, s.Close())
	for round, answers := range []int{1, 250, 800} {
		cmd, lines := child(t, "accept", path)
		var keys []string
		for len(keys) < answers && lines.Scan() {
			keys = append(keys, lines.Text())
		}
		ok(t, cmd.Process.Kill())
		for lines.Scan() { // what it had printed before it died
			keys = append(keys, lines.Text())
		}
		if err := cmd.Wait(); !strings.Contains(fmt.Sprint(err), "killed") || len(keys) < answers {
			t.Fatalf("the child answered %d calls and ended by itself: %v", len(keys), err)
		}
		s := openAt(t, path, Options{})
		for _, key := range keys {
			again, err := s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, key, noon)})
			ok(t, err)
			if !again[0].Replayed {
				t.Fatalf("round %d: the call with the key %s was answered and is lost", round, key)
			}
		}
		storetest.Check(t, s)
		ok(t, s.Close())
		forget(t, path)
	}
}

// forget removes the keys, so that the next child can use them again.
func forget(t *testing.T, path string) {
	t.Helper()
	s := openAt(t, path, Options{})
	script(t, s, `DELETE FROM idempotency`)
	ok(t, s.Close())
}

// TestCutInTheMiddle copies the files while a large transaction is written, as
// a power cut would leave them, and opens the copy.
func TestCutInTheMiddle(t *testing.T) {
	s := fresh(t, Options{CacheMiB: 1}) // so that pages reach the log before the commit
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	accept(t, s, oneMessage(a, "before", noon))
	copied := t.TempDir()
	ok(t, s.writer.do(t.Context(), func(tx *tx) error {
		c := messages(a, 20_000, "during", noon)
		if _, err := tx.accept(noon, &c); err != nil {
			return err
		}
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(s.path + end)
			if err != nil {
				return err
			}
			if end == "-wal" && len(data) < 1<<20 {
				t.Errorf("the log has %d bytes: nothing of the transaction is in it, the test proves nothing", len(data))
			}
			if err := os.WriteFile(filepath.Join(copied, "harkara.db"+end), data, 0o600); err != nil {
				return err
			}
		}
		return nil
	}))
	cut := openAt(t, filepath.Join(copied, "harkara.db"), Options{})
	equal(t, "reserved", balance(t, cut, a).Reserved, 350_000)
	storetest.Check(t, cut)
	accept(t, cut, oneMessage(a, "after", noon))
	equal(t, "claimed", len(claim(t, cut, noon, 10)), 2)
	equal(t, "reserved where nothing was cut", balance(t, s, a).Reserved, 20_001*350_000)
}
