package admin

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/harkara/harkara/internal/sms"
)

// Op is what happens to a noun.
type Op string

// Ops.
const (
	OpAdd    Op = "add"
	OpChange Op = "change"
	OpRemove Op = "remove"
)

// Diff is one noun that is added, changed or removed. Secrets are masked.
type Diff struct {
	Op      Op       `json:"op"`
	Kind    sms.Kind `json:"kind"`
	Name    string   `json:"name"`
	Account string   `json:"account,omitempty"` // that it belongs to
	Fields  []Field  `json:"fields,omitempty"`  // none when removed
}

// Field is one changed value; an empty text is a value that is not set.
type Field struct {
	Name string `json:"field"` // such as settings.hosts or prices[880 sms].price
	Old  string `json:"old"`
	New  string `json:"new"`
}

// Changed says whether anything differs.
func (d Diff) Changed() bool { return d.Op != "" }

// Lines are the diff in words: a line that begins with +, ~ or -, and one for
// each field, set in.
func (d Diff) Lines() []string {
	if !d.Changed() {
		return nil
	}
	line := map[Op]string{OpAdd: "+ ", OpChange: "~ ", OpRemove: "- "}[d.Op] + word(d.Kind) + " " + d.Name
	if d.Account != "" {
		line += " of account " + d.Account
	}
	lines := []string{line}
	for _, f := range d.Fields {
		switch {
		case d.Op == OpAdd:
			lines = append(lines, fmt.Sprintf("    %s: %s", f.Name, f.New))
		default:
			lines = append(lines, fmt.Sprintf("    %s: %s → %s", f.Name, shown(f.Old), shown(f.New)))
		}
	}
	return lines
}

func shown(value string) string {
	if value == "" {
		return "(none)"
	}
	return value
}

// diff compares two nouns of one kind; either may be nil. Both must be such that
// b knows the names they refer to.
func (b *book) diff(before, after sms.Noun) Diff {
	n, d := after, Diff{Op: OpChange}
	switch {
	case after == nil:
		n, d.Op = before, OpRemove
	case before == nil:
		d.Op = OpAdd
	}
	d.Kind, d.Name = n.Kind(), b.label(n)
	d.Account = b.name(sms.KindAccount, n.Meta().AccountID)
	if after != nil {
		d.Fields = compare(b.values(before), b.values(after))
	}
	if d.Op == OpAdd { // the first line has them
		d.Fields = slices.DeleteFunc(d.Fields, func(f Field) bool { return f.Name == "name" || f.Name == "account" || f.Name == "system_id" })
	}
	if d.Op == OpChange && len(d.Fields) == 0 {
		return Diff{}
	}
	return d
}

// value is one scalar, or list of scalars, of a spec and its path.
type value struct{ path, text string }

// values are all that is set in a noun's spec, in the order of its fields.
func (b *book) values(n sms.Noun) []value {
	if n == nil {
		return nil
	}
	s := b.describe(n)
	if s == nil {
		return nil
	}
	values := flatten(nil, "", encode(reflect.ValueOf(s)))
	if a := n.Meta().AccountID; a != 0 && n.Kind() != sms.KindRule {
		values = append([]value{{"account", b.name(sms.KindAccount, a)}}, values...)
	}
	return values
}

// flatten walks a spec. Two settings are told apart whatever they are, as the
// plug-in that reads them may: none from an empty one, 1 from "1", {a.b: 1} from
// {a: {b: 1}}.
func flatten(list []value, path string, n *yaml.Node) []value {
	setting := strings.HasPrefix(path, "settings.")
	switch {
	case n.Kind == yaml.ScalarNode && setting:
		return append(list, value{path, exact(n)})
	case n.Kind == yaml.ScalarNode:
		if n.Tag != "!!null" && n.Value != "" {
			list = append(list, value{path, n.Value})
		}
	case len(n.Content) == 0 && setting:
		return append(list, value{path, map[yaml.Kind]string{yaml.MappingNode: "{}", yaml.SequenceNode: "[]"}[n.Kind]})
	case n.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			list = flatten(list, strings.TrimPrefix(path+"."+step(n.Content[i].Value), "."), n.Content[i+1])
		}
	case n.Kind == yaml.SequenceNode:
		var words []string
		for i, item := range n.Content {
			switch {
			case item.Kind != yaml.ScalarNode:
				list = flattenRow(list, path, i, item)
			case setting:
				words = append(words, exact(item))
			default:
				words = append(words, item.Value)
			}
		}
		if words != nil {
			list = append(list, value{path, "[" + strings.Join(words, ", ") + "]"})
		}
	}
	return list
}

// step is a key in a path.
func step(key string) string {
	if key == "" || strings.ContainsAny(key, `.["`) {
		return strconv.Quote(key)
	}
	return key
}

// exact is a scalar as it is written in a file: in quotes if it is a text that
// looks like something else.
func exact(n *yaml.Node) string {
	if n.Tag != "!!str" {
		return n.Value
	}
	plain := yaml.Node{Kind: yaml.ScalarNode, Value: n.Value}
	if n.Value == "" || strings.ContainsAny(n.Value, `,"[]{}`) || plain.ShortTag() != "!!str" {
		return strconv.Quote(n.Value)
	}
	return n.Value
}

// flattenRow is an entry of a list of mappings. A row of prices, costs or
// connectors is known by what it matches, not by its place.
func flattenRow(list []value, path string, place int, row *yaml.Node) []value {
	if row.Kind != yaml.MappingNode || strings.HasPrefix(path, "settings") {
		return flatten(list, fmt.Sprintf("%s[%d]", path, place), row)
	}
	rest := &yaml.Node{Kind: yaml.MappingNode}
	var is []string
	for i := 0; i+1 < len(row.Content); i += 2 {
		key, val := row.Content[i], row.Content[i+1]
		switch key.Value {
		case "price", "cost", "priority":
			rest.Content = append(rest.Content, key, val)
		default:
			if val.Value != "" {
				is = append(is, val.Value)
			} else if key.Value == "prefix" {
				is = append(is, "any")
			}
		}
	}
	return flatten(list, path+"["+strings.Join(is, " ")+"]", rest)
}

// compare lists what differs, in the order of after and then of before.
func compare(before, after []value) []Field {
	old := make(map[string]string, len(before))
	for _, v := range before {
		old[v.path] = v.text
	}
	var fields []Field
	for _, v := range after {
		if was, ok := old[v.path]; !ok || was != v.text {
			fields = append(fields, hide(Field{v.path, was, v.text}))
		}
		delete(old, v.path)
	}
	for _, v := range before {
		if was, gone := old[v.path]; gone {
			fields = append(fields, hide(Field{v.path, was, ""}))
		}
	}
	return fields
}

// hide masks secrets; that they changed stays visible.
func hide(f Field) Field {
	if f.Name != "token_hash" && f.Name != "password_hash" && !(strings.HasPrefix(f.Name, "settings.") && secretPath(f.Name)) {
		return f
	}
	for _, text := range []*string{&f.Old, &f.New} {
		if !slices.Contains([]string{"", `""`, "null", "{}", "[]"}, *text) { // these hide nothing
			*text = Masked
		}
	}
	if f.Old == f.New {
		f.New += " (changed)"
	}
	return f
}

// secretPath says whether any part of the path is a secret's name: a secret may
// be a list or a mapping.
func secretPath(path string) bool {
	for part := range strings.SplitSeq(path, ".") {
		if name, _, _ := strings.Cut(part, "["); IsSecret(name) {
			return true
		}
	}
	return false
}
