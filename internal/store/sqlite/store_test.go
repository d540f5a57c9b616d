package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite"
	"github.com/harkara/harkara/internal/store/storetest"
)

func open(t testing.TB, o sqlite.Options) *sqlite.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "harkara.db"), o)
}

func openAt(t testing.TB, path string, o sqlite.Options) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, sqlite.Options{}) })
}

func TestReopen(t *testing.T) {
	storetest.RunReopen(t, func(t *testing.T, dir string) store.Store {
		return openAt(t, filepath.Join(dir, "harkara.db"), sqlite.Options{})
	})
}

func TestModel(t *testing.T) {
	storetest.RunModel(t, func(t *testing.T) store.Store { return open(t, sqlite.Options{}) })
}
