package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/obs"
)

// Secret is a text that prints as "[redacted]".
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return obs.Redacted
}

// GoString keeps %#v from printing the secret.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText keeps encoders from printing the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText takes a secret of 32 characters or more; blanks around it, such
// as the end of a file's line, are not part of it.
func (s *Secret) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	if text != "" && len(text) < minSecret {
		return fmt.Errorf("is too short: a secret has %d characters or more (openssl rand -hex 32 makes a good one)", minSecret)
	}
	*s = Secret(text)
	return nil
}

const minSecret = 32

// Size is a number of bytes.
type Size int64

var units = []struct {
	name  string
	bytes Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1}, {"", 1}}

func (s Size) String() string {
	for _, u := range units {
		if u.bytes > 1 && s != 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// UnmarshalText takes a whole number with or without a unit.
func (s *Size) UnmarshalText(b []byte) error {
	text := strings.TrimSpace(string(b))
	digits := strings.TrimRight(text, "BKMGkmgib ")
	unit := strings.TrimSpace(text[len(digits):])
	n, err := strconv.ParseInt(digits, 10, 64)
	for _, u := range units {
		if err == nil && strings.EqualFold(unit, u.name) && n >= 0 && n <= math.MaxInt64/int64(u.bytes) {
			*s = Size(n) * u.bytes
			return nil
		}
	}
	return errors.New("is not a size: write a whole number of bytes or one with a unit, such as 8MiB")
}

// Level is the level of the log; it can be given to slog as it is.
type Level slog.Level

// Level makes it a [slog.Leveler].
func (l Level) Level() slog.Level { return slog.Level(l) }

func (l Level) String() string { return strings.ToLower(slog.Level(l).String()) }

// UnmarshalText takes debug, info, warn or error.
func (l *Level) UnmarshalText(b []byte) error {
	switch strings.ToLower(string(b)) {
	case "debug", "info", "warn", "error":
		return (*slog.Level)(l).UnmarshalText(b)
	}
	return errors.New("is not a log level: use debug, info, warn or error")
}
