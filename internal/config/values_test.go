package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSecretIsNotPrinted(t *testing.T) {
	c := Config{Secret: canary, DatabaseURL: "postgres://u:" + canary + "@h"}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c) // without redaction by obs
	j, err := json.Marshal(c.Secret)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Secret
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%#v", s), fmt.Sprintf("%q", s), fmt.Sprintf("%+v", Config{Secret: s}), string(j), log.String()} {
		if strings.Contains(got, "canary") || !strings.Contains(got, "[redacted]") {
			t.Errorf("printed as %s", got)
		}
	}
	if string(s.Bytes()) != canary {
		t.Error("Bytes gives something else")
	}
	for _, want := range []string{"config.http_listen=off", "config.log_level=info", "config.body_limit=0"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("no %s in %s", want, log.String())
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "1": 1, "12 B": 12, "8MiB": 8 << 20, "8mib": 8 << 20, "2 GB": 2e9, "3kB": 3e3, "4KiB": 4096, " 5 ": 5} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err != nil || s != want {
			t.Errorf("%q: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{"", "MiB", "1.5MiB", "-1", "1TB", "9223372036854775807KiB", "1 2", "0x10"} {
		var s Size
		if err := s.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: %d", text, s)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		want := Size(rapid.Int64Min(0).Draw(t, "size"))
		var got Size
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Fatalf("%d prints as %s, which reads as %d, %v", want, want, got, err)
		}
	})
}

func FuzzYAML(f *testing.F) {
	for _, s := range []string{"node: a", "a: [", "- x", "---\n---\n", "trusted_proxies: [1, {a: b}]", "&a node: *a", "? [a]\n: b", "<<: {node: a}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l := &loader{keys: map[string]key{}, settings: map[string]setting{}, bad: map[string]bool{}}
		for _, k := range keys() {
			l.keys[k.name] = k
		}
		l.yaml("x", []byte(s)) // must not panic
	})
}
