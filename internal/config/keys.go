package config

import (
	"encoding"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/obs"
)

// key is one field of Config with its tags.
type key struct {
	name, def, help, group string
	kind                   string
	oneof                  []string
	min, max               string
	field                  int
	typ                    reflect.Type
}

// keys lists the fields of Config in their order.
func keys() []key {
	t := reflect.TypeFor[Config]()
	ks := make([]key, 0, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		ks = append(ks, key{
			name: f.Tag.Get("key"), def: f.Tag.Get("def"), help: f.Tag.Get("help"), group: f.Tag.Get("group"),
			kind: f.Tag.Get("kind"), oneof: strings.Fields(f.Tag.Get("oneof")),
			min: f.Tag.Get("min"), max: f.Tag.Get("max"), field: i, typ: f.Type,
		})
	}
	return ks
}

func (k key) flag() string { return strings.ReplaceAll(k.name, "_", "-") }
func (k key) env() string  { return envPrefix + strings.ToUpper(k.name) }

func (k key) secret() bool { return k.typ == reflect.TypeFor[Secret]() }
func (k key) list() bool   { return k.typ.Kind() == reflect.Slice }

// quote shows a value in a problem, unless it must not be seen.
func (k key) quote(value string) string {
	if k.secret() {
		return "the value"
	}
	return strconv.Quote(obs.Redact(value))
}

// set parses text into the field.
func (k key) set(field reflect.Value, text string) error {
	if k.kind == "listen" && strings.EqualFold(text, "off") {
		text = ""
	}
	v := reflect.New(k.typ).Elem()
	if err := parse(v, text); err != nil {
		return fmt.Errorf("%s %w", k.quote(text), err)
	}
	if err := k.check(v, text); err != nil {
		return fmt.Errorf("%s %w", k.quote(text), err)
	}
	field.Set(v)
	return nil
}

// parse puts text into v according to v's type.
func parse(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch p := v.Addr().Interface().(type) {
	case *string:
		*p = text
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return errors.New("is not a duration: write a number with a unit, such as 500ms, 10s or 2m")
		}
		*p = d
	case *[]netip.Prefix:
		for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
			n, err := parseNetwork(s)
			if err != nil {
				return err
			}
			*p = append(*p, n)
		}
	default:
		// Unreachable: a test sets every field.
		return fmt.Errorf("cannot be set: no parser for %s", v.Type())
	}
	return nil
}

// parseNetwork takes 10.0.0.0/8 or a single address.
func parseNetwork(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	n, err := netip.ParsePrefix(s)
	if err != nil {
		return n, fmt.Errorf("holds %q, which is neither an address nor a network such as 10.0.0.0/8", s)
	}
	if n != n.Masked() {
		return n, fmt.Errorf("holds %s, which has bits set behind its length: write %s", n, n.Masked())
	}
	return n, nil
}

// check holds a parsed value against the limits of the key.
func (k key) check(v reflect.Value, text string) error {
	if len(k.oneof) > 0 {
		for _, o := range k.oneof {
			if text == o {
				return nil
			}
		}
		return fmt.Errorf("is not known: use %s", strings.Join(k.oneof, " or "))
	}
	if k.min != "" && v.Int() < limit(k.typ, k.min) || k.max != "" && v.Int() > limit(k.typ, k.max) {
		return fmt.Errorf("is out of range: use %s to %s", k.min, k.max)
	}
	switch k.kind {
	case "required":
		if text == "" {
			return errors.New("must not be empty")
		}
	case "listen":
		return checkListen(text)
	case "database":
		return checkDatabase(text)
	case "name":
		if strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) || len(text) > 64 {
			return errors.New("is not a name: use at most 64 visible ASCII characters")
		}
	}
	return nil
}

// limit is the number that a min or max tag means for a type.
func limit(t reflect.Type, text string) int64 {
	v := reflect.New(t).Elem()
	if err := parse(v, text); err != nil {
		panic("config: tag " + text + ": " + err.Error()) // a mistake in Config; every test finds it
	}
	return v.Int()
}

func checkListen(text string) error {
	if text == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("is not an address to listen on: write host:port, :port for every address, or off")
	}
	return nil
}

func checkDatabase(text string) error {
	scheme, rest, found := strings.Cut(text, ":")
	switch {
	case text == "", scheme == "sqlite" && strings.TrimPrefix(rest, "//") != "":
		return nil
	case found && (scheme == "postgres" || scheme == "postgresql"):
		return errors.New("is not possible yet: this version keeps its data in SQLite only. Leave database_url empty, or write sqlite:PATH")
	}
	return errors.New("is not a database: leave it empty for harkara.db in data_dir, or write sqlite:PATH")
}

// text prints the value of a field as it would be written in the file.
func (k key) text(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case string:
		if k.kind == "listen" && x == "" {
			return "off"
		}
		return obs.Redact(x)
	case []netip.Prefix:
		var s []string
		for _, n := range x {
			s = append(s, n.String())
		}
		return strings.Join(s, ", ")
	case fmt.Stringer:
		return x.String()
	}
	return fmt.Sprint(v.Interface())
}
