package config

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// secretName is the file of the secret in the data directory.
const secretName = "secret.key"

// EnsureDataDir makes the data directory, for this user only, if it is missing.
func (c Config) EnsureDataDir() error {
	if err := os.MkdirAll(c.DataDir, 0o700); err != nil {
		return fmt.Errorf("data_dir: %w", err)
	}
	return nil
}

// EnsureSecret returns the secret: the key itself, or the content of secret_file,
// or of secret.key in data_dir, which is made (with data_dir) if it is missing.
// It is not made where a database is there already: a new secret would make every
// token in it invalid.
func (c Config) EnsureSecret() (Secret, error) {
	if c.Secret != "" {
		return c.Secret, nil
	}
	if c.SecretFile != "" {
		return readSecret(c.SecretFile)
	}
	path := filepath.Join(c.DataDir, secretName)
	secret, err := readSecret(path)
	if err == nil {
		if err := checkMode(path); err != nil {
			return "", err
		}
		return secret, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if _, err := os.Stat(c.SQLitePath()); err == nil {
		return "", fmt.Errorf("%s is missing, but the database %s is there: put the secret back from a backup (a new one would make every token invalid)", path, c.SQLitePath())
	}
	if err := c.EnsureDataDir(); err != nil {
		return "", err
	}
	if err := makeSecret(path); err != nil {
		return "", fmt.Errorf("make the secret: %w", err)
	}
	return readSecret(path) // of whichever process was first
}

func readSecret(path string) (Secret, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("secret_file: %w", err)
	}
	var s Secret
	if err := s.UnmarshalText(b); err != nil {
		return "", fmt.Errorf("secret_file: the content of %s %w", path, err)
	}
	if s == "" {
		return "", fmt.Errorf("secret_file: %s is empty", path)
	}
	return s, nil
}

// checkMode refuses a secret that others may read. Only our own file is held to
// it: a secret_file may be mounted by what runs the container.
func checkMode(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s may be read by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	return nil
}

// makeSecret writes a new secret so that it is whole or not there, also after a
// power cut, and never overwrites one that another process has just made.
func makeSecret(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), secretName+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	raw := make([]byte, 32)
	rand.Read(raw) // never fails: crypto/rand
	_, err = fmt.Fprintln(f, hex.EncodeToString(raw))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Bytes returns the secret itself, to key a hash with. It must not be printed.
func (s Secret) Bytes() []byte { return []byte(s) }
