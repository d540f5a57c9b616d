package sqlite

import (
	"path/filepath"
	"testing"

	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/storetest"
)

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return fresh(t, Options{}) })
}

func TestReopen(t *testing.T) {
	storetest.RunReopen(t, func(t *testing.T, dir string) store.Store {
		return openAt(t, filepath.Join(dir, "harkara.db"), Options{})
	})
}

func TestModel(t *testing.T) {
	storetest.RunModel(t, func(t *testing.T) store.Store { return fresh(t, Options{}) })
}
