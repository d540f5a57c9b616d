package sqlite

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/storetest"
)

func TestBackup(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 100*sms.Credit)
	g := accept(t, s, messages(a, 3, "k", noon))
	claim(t, s, noon, 1)
	path := filepath.Join(t.TempDir(), "backup.db")
	ok(t, s.Backup(t.Context(), path))
	accept(t, s, oneMessage(a, "after", noon))

	info, err := os.Stat(path)
	ok(t, err)
	equal(t, "mode", info.Mode(), 0o600)
	copied := openAt(t, path, Options{})
	equal(t, "journal_mode", pragma(t, copied, "journal_mode"), "wal")
	equal(t, "reserved", balance(t, copied, a).Reserved, 3*350_000)
	storetest.Check(t, copied)
	again, err := copied.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k", noon)})
	ok(t, err)
	equal(t, "replayed", again[0].Group.FirstMessage, g.FirstMessage)
	equal(t, "claimed", len(claim(t, copied, noon, 10)), 2)
}

func TestBackupFails(t *testing.T) {
	s := fresh(t, Options{})
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	ok(t, os.WriteFile(taken, []byte("mine"), 0o600))
	refused(t, s.Backup(t.Context(), taken), sms.CodeConflict)
	data, err := os.ReadFile(taken)
	ok(t, err)
	equal(t, "the file that exists", string(data), "mine")
	refused(t, s.Backup(t.Context(), filepath.Join(dir, "no", "folder")), sms.CodeUnavailable)

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	path := filepath.Join(dir, "given up")
	refused(t, s.Backup(gone, path), sms.CodeUnavailable)
	if _, err := os.Stat(path); err == nil {
		t.Error("a backup that failed was left behind")
	}
	ok(t, s.Close())
	refused(t, s.Backup(t.Context(), path), sms.CodeUnavailable)
}
