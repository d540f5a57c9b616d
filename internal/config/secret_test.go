package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestSecretIsMadeOnce(t *testing.T) {
	c := Config{DataDir: filepath.Join(t.TempDir(), "a", "b")}
	var wg sync.WaitGroup
	got := make([]Secret, 8)
	errs := make([]error, len(got))
	for i := range got {
		wg.Go(func() { got[i], errs[i] = c.EnsureSecret() })
	}
	wg.Wait()
	for i := range got {
		if errs[i] != nil || got[i] != got[0] || len(got[i]) != 64 {
			t.Errorf("%d: %d characters, %v", i, len(got[i]), errs[i])
		}
	}
	again, err := c.EnsureSecret()
	if err != nil || again != got[0] {
		t.Errorf("another secret the next time, %v", err)
	}
	info, err := os.Stat(filepath.Join(c.DataDir, "secret.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	dir, err := os.Stat(c.DataDir)
	if err != nil || dir.Mode().Perm() != 0o700 {
		t.Errorf("mode %v, %v", dir.Mode(), err)
	}
	if entries, err := os.ReadDir(c.DataDir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
	if other, err := (Config{DataDir: t.TempDir()}).EnsureSecret(); err != nil || other == got[0] {
		t.Errorf("two directories got the same secret, %v", err)
	}
}

func TestSecretFromKeyAndFile(t *testing.T) {
	if s, err := (Config{Secret: canary, DataDir: "/does/not/exist"}).EnsureSecret(); err != nil || s != canary {
		t.Errorf("%v", err)
	}
	mounted := write(t, "s", canary+"\n")
	if err := os.Chmod(mounted, 0o444); err != nil { // as Docker mounts them
		t.Fatal(err)
	}
	if s, err := (Config{SecretFile: mounted}).EnsureSecret(); err != nil || s != canary {
		t.Errorf("%v", err)
	}
}

func TestSecretProblems(t *testing.T) {
	dir := func(files map[string]string, mode os.FileMode) string {
		d := t.TempDir()
		for name, text := range files {
			p := filepath.Join(d, name)
			if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(p, mode); err != nil {
				t.Fatal(err)
			}
		}
		return d
	}
	file := write(t, "a-file", "")
	tests := []struct {
		name string
		c    Config
		want string
	}{
		{"missing file", Config{SecretFile: "/does/not/exist"}, "secret_file: open /does/not/exist: no such file"},
		{"empty file", Config{SecretFile: file}, "is empty"},
		{"short", Config{SecretFile: write(t, "s", "canary")}, "is too short: a secret has 32 characters or more"},
		{"readable by others", Config{DataDir: dir(map[string]string{"secret.key": canary}, 0o640)}, "may be read by others (mode 0640): run chmod 600 "},
		{"database without secret", Config{DataDir: dir(map[string]string{"harkara.db": "x"}, 0o600)}, "put the secret back from a backup"},
		{"database elsewhere without secret", Config{DataDir: t.TempDir(), DatabaseURL: "sqlite://" + file}, "put the secret back from a backup"},
		{"data_dir is a file", Config{DataDir: file}, "not a directory"},
		{"data_dir cannot be made", Config{DataDir: "/proc/harkara"}, "data_dir: mkdir /proc/harkara"},
		{"data_dir cannot be written", Config{DataDir: "/proc"}, "make the secret: open /proc/secret.key."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := tt.c.EnsureSecret()
			if err == nil || s != "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the secret is in %v", err)
			}
		})
	}
}

func TestSQLitePath(t *testing.T) {
	for url, want := range map[string]string{"": "d/harkara.db", "sqlite:x.db": "x.db", "sqlite:/a/x.db": "/a/x.db", "sqlite:///a/x.db": "/a/x.db"} {
		if got := (Config{DataDir: "d", DatabaseURL: url}).SQLitePath(); got != want {
			t.Errorf("%q: %s, want %s", url, got, want)
		}
	}
}
