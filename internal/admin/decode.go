package admin

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/harkara/harkara/internal/sms"
)

// mostNodes bounds a file whose aliases multiply.
const mostNodes = 1_000_000

// ParseFile reads the declarative file, YAML or JSON; name is what problems call
// it. It is strict: unknown and repeated keys are problems. They are all kept,
// and told by Apply together with those of the content.
func ParseFile(name string, data []byte) *File {
	f := &File{name: name}
	d := &decoder{file: name}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		d.problem(1, "the file is empty: it lists nothing")
	case err != nil:
		d.syntax(err)
	case !errors.Is(dec.Decode(&more), io.EOF):
		d.problem(max(1, more.Line), "there is more than one document in the file")
	default:
		d.value(doc.Content[0], reflect.ValueOf(f).Elem(), "the file")
	}
	if d.nodes > mostNodes {
		f = &File{name: name}
	}
	f.problems = d.problems
	f.adopt()
	return f
}

// adopt tells what is nested in an account whose it is.
func (f *File) adopt() {
	for i := range f.Accounts {
		a := &f.Accounts[i]
		for j := range a.Senders {
			a.Senders[j].Account = a.Name
		}
		for j := range a.Numbers {
			a.Numbers[j].Account = a.Name
		}
		for j := range a.Keys {
			a.Keys[j].Account = a.Name
		}
		for j := range a.Logins {
			a.Logins[j].Account = a.Name
		}
	}
}

// decoder fills specs from YAML nodes. It is used in place of yaml's own since
// amounts and numbers are taken as they are written, every problem is told, and
// each with its line.
type decoder struct {
	file     string
	problems Problems
	nodes    int
	deep     bool // settings nested too deeply were told of
}

func (d *decoder) problem(line int, format string, args ...any) {
	d.problems = append(d.problems, fmt.Sprintf("%s:%d: %s", d.file, line, fmt.Sprintf(format, args...)))
}

// syntax passes on an error of the YAML parser with its line in our form.
func (d *decoder) syntax(err error) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	line := 1
	if rest, ok := strings.CutPrefix(text, "line "); ok {
		if number, what, ok := strings.Cut(rest, ": "); ok {
			if n, err := strconv.Atoi(number); err == nil {
				line, text = n, what
			}
		}
	}
	d.problem(line, "this is no YAML: %s", text)
}

// value puts n into v; what names the place for a person.
func (d *decoder) value(n *yaml.Node, v reflect.Value, what string) {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.nodes++; d.nodes > mostNodes {
		if d.nodes == mostNodes+1 {
			d.problem(n.Line, "the file is too large: it has more than %d values", mostNodes)
		}
		return
	}
	p := v.Addr().Interface()
	if s, ok := p.(spec); ok {
		v.Set(reflect.ValueOf(newSpec(s.Kind())).Elem())
		s.Stored().line = n.Line
	}
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return
	}
	if short, ok := p.(interface{ scalar(string) }); ok && n.Kind == yaml.ScalarNode {
		short.scalar(n.Value)
		return
	}
	if text, ok := p.(encoding.TextUnmarshaler); ok {
		d.text(n, text, what)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v, what)
	case reflect.Slice:
		d.sequence(n, v, what)
	case reflect.Map:
		d.settings(n, v, what)
	default:
		d.scalar(n, v, what)
	}
}

func (d *decoder) text(n *yaml.Node, to encoding.TextUnmarshaler, what string) {
	if n.Kind != yaml.ScalarNode {
		d.problem(n.Line, "%s must be a plain value", what)
		return
	}
	if err := to.UnmarshalText([]byte(n.Value)); err != nil {
		if _, ok := to.(*sms.Duration); ok {
			err = fmt.Errorf("%q is no duration: write one such as 90s, 30m or 24h", n.Value)
		}
		d.problem(n.Line, "%s: %v", what, err)
	}
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n.Line, "%s must be a list of keys with values", what)
		return
	}
	fields := fieldsOf(v.Type())
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		index, known := fields[key.Value]
		first, again := lines[key.Value]
		switch {
		case !known:
			d.problem(key.Line, "there is no key %s in %s; the keys are %s", key.Value, what, strings.Join(namesOf(v.Type()), ", "))
		case again:
			d.problem(key.Line, "%s is set a second time (first in line %d)", key.Value, first)
		default:
			lines[key.Value] = key.Line
			d.value(n.Content[i+1], v.FieldByIndex(index), key.Value)
		}
	}
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.SequenceNode {
		d.problem(n.Line, "%s must be a list", what)
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		if item.Kind == yaml.ScalarNode && item.Tag == "!!null" {
			d.problem(item.Line, "an entry of %s is empty", what)
			continue
		}
		d.value(item, list.Index(i), "an entry of "+what)
	}
	v.Set(list)
}

// settings are free: the plug-in knows their keys.
func (d *decoder) settings(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.MappingNode {
		d.problem(n.Line, "%s must be a list of keys with values", what)
		return
	}
	if settings, ok := d.free(n, 0).(map[string]any); ok {
		v.Set(reflect.ValueOf(settings))
	}
}

// mostNested bounds the depth of settings, also of those that contain themselves.
const mostNested = 20

// free reads what JSON can hold.
func (d *decoder) free(n *yaml.Node, depth int) any {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.nodes++
	switch {
	case depth > mostNested || d.nodes > mostNodes:
		if !d.deep {
			d.problem(n.Line, "settings are nested too deeply, or too many")
		}
		d.deep = true
		return nil
	case n.Kind == yaml.MappingNode:
		values := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if _, again := values[key.Value]; key.Kind != yaml.ScalarNode || again {
				d.problem(key.Line, "every key of settings must be a word, and stand there once")
				continue
			}
			values[key.Value] = d.free(n.Content[i+1], depth+1)
		}
		return values
	case n.Kind == yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			list = append(list, d.free(item, depth+1))
		}
		return list
	}
	return plain(n)
}

// plain is a scalar as JSON can hold it: a number or truth value where YAML sees
// one, else the text.
func plain(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	case "!!int":
		var i int64
		if n.Decode(&i) == nil {
			return i
		}
	case "!!float":
		var f float64
		if strings.ContainsAny(n.Value, ".eE") && n.Decode(&f) == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
			return f // digits alone are an id that is too long for a number
		}
	}
	return n.Value
}

func (d *decoder) scalar(n *yaml.Node, v reflect.Value, what string) {
	if n.Kind != yaml.ScalarNode {
		d.problem(n.Line, "%s must be a plain value", what)
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value) // as written: 0880 stays 0880
	case reflect.Bool:
		if n.Value != "true" && n.Value != "false" {
			d.problem(n.Line, "%s is %q; write true or false", what, n.Value)
		}
		v.SetBool(n.Value == "true")
	case reflect.Int, reflect.Int64:
		var i int64
		if i, err = strconv.ParseInt(n.Value, 10, v.Type().Bits()); err != nil {
			d.problem(n.Line, "%s is %q; write a whole number", what, n.Value)
		}
		v.SetInt(i)
	case reflect.Float64:
		var f float64
		if f, err = strconv.ParseFloat(n.Value, 64); err != nil {
			d.problem(n.Line, "%s is %q; write a number", what, n.Value)
		}
		v.SetFloat(f)
	}
}

// fieldsOf maps the keys of a spec to its fields.
func fieldsOf(t reflect.Type) map[string][]int {
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if f.IsExported() && name != "" && name != "-" && options != "inline" {
			fields[name] = f.Index
		}
	}
	return fields
}

// namesOf are those keys in their order.
func namesOf(t reflect.Type) []string {
	fields := fieldsOf(t)
	var names []string
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if _, ok := fields[name]; ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
