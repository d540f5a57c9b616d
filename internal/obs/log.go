package obs

import (
	"context"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// NewLogger returns a logger that writes to w as "json" or "text" (also for an
// empty format) and takes out secrets and texts, see [NewRedactor]. A nil level
// is info.
func NewLogger(w io.Writer, format string, level slog.Leveler) (*slog.Logger, error) {
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	switch strings.ToLower(format) {
	case "", "text":
		h = slog.NewTextHandler(w, o)
	case "json":
		h = slog.NewJSONHandler(w, o)
	default:
		return nil, fmt.Errorf("log format %q is not known: use text or json", format)
	}
	return slog.New(NewRedactor(h)), nil
}

// NewRedactor wraps a handler so that it gets no secret and no message text:
// attributes with such a name lose their value (in groups and structs too, and
// everything in a group with such a name), and messages and values that are or
// contain strings go through [Redact].
func NewRedactor(h slog.Handler) slog.Handler { return redactingHandler{next: h} }

type redactingHandler struct {
	next slog.Handler
	all  bool // inside a group whose name is sensitive
}

func (h redactingHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.next.Enabled(ctx, l)
}

func (h redactingHandler) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, Redact(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

func (h redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactingHandler{next: h.next.WithAttrs(h.attrs(attrs)), all: h.all}
}

func (h redactingHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return redactingHandler{next: h.next.WithGroup(name), all: h.all || kindOf(name) != harmless}
}

func (h redactingHandler) attrs(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return clean
}

func (h redactingHandler) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	sensitive := h.all || kindOf(a.Key) != harmless
	switch v.Kind() {
	case slog.KindGroup:
		inner := redactingHandler{all: sensitive}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(inner.attrs(v.Group())...)}
	case slog.KindString:
		if !sensitive {
			return slog.String(a.Key, Redact(v.String()))
		}
	case slog.KindAny:
		if !sensitive {
			return slog.Attr{Key: a.Key, Value: anyValue(v.Any())}
		}
	case slog.KindBool, slog.KindDuration, slog.KindTime:
		return slog.Attr{Key: a.Key, Value: v}
	default: // a number may be a PIN
		if !sensitive {
			return slog.Attr{Key: a.Key, Value: v}
		}
	}
	return slog.String(a.Key, Redacted)
}

// anyValue turns a value of any other type into its redacted text.
func anyValue(v any) (clean slog.Value) {
	defer func() {
		if p := recover(); p != nil { // a String or Error method on a nil pointer
			clean = slog.StringValue(fmt.Sprintf("!PANIC in %T", v))
		}
	}()
	switch v := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(Redact(v.Error()))
	case fmt.Stringer:
		return slog.StringValue(Redact(v.String()))
	case encoding.TextMarshaler:
		if b, err := v.MarshalText(); err == nil {
			return slog.StringValue(Redact(string(b)))
		}
	case []byte:
		return slog.StringValue(Redact(string(v)))
	}
	// JSON, as its quotes show exactly where a value ends.
	if b, err := json.Marshal(v); err == nil {
		return slog.StringValue(Redact(string(b)))
	}
	return slog.StringValue(Redact(fmt.Sprintf("%+v", v)))
}
