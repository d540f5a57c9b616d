package memory_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
	"github.com/harkara/harkara/internal/store/storetest"
)

func open(t *testing.T) store.Store {
	s := memory.New(memory.Options{Shard: 5})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) { storetest.Run(t, open) }

func TestModel(t *testing.T) { storetest.RunModel(t, open) }

// TestReopen runs the durability cases on stores that outlive Close, to try the
// cases themselves: a file in the directory says which store is meant.
func TestReopen(t *testing.T) {
	var disks sync.Map
	storetest.RunReopen(t, func(t *testing.T, dir string) store.Store {
		file := filepath.Join(dir, "name")
		name, err := os.ReadFile(file)
		if os.IsNotExist(err) {
			name = []byte(rand.Text())
			disks.Store(string(name), memory.New(memory.Options{}))
			err = os.WriteFile(file, name, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, _ := disks.Load(string(name))
		return lasting{s.(*memory.Store)}
	})
}

// lasting is a store that Close does not end.
type lasting struct{ *memory.Store }

func (lasting) Close() error { return nil }
