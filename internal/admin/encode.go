package admin

import (
	"bytes"
	"encoding"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/harkara/harkara/internal/sms"
)

// YAML writes a file or a spec in the form in which a file is read.
func YAML(v any) ([]byte, error) {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(encode(reflect.ValueOf(v))); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// encode makes the YAML nodes of a spec, the other way round than decoder. (The
// library's own way goes through text, and it cannot read some of what it
// writes.) It returns nil for a list that is not there.
func encode(v reflect.Value) *yaml.Node {
	switch {
	case !v.IsValid(), v.Kind() == reflect.Interface && v.IsNil():
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"} // a setting
	case v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface:
		return encode(v.Elem())
	}
	switch x := v.Interface().(type) {
	case sms.Money:
		return numberNode(x.String())
	case encoding.TextMarshaler:
		text, err := x.MarshalText()
		if err != nil {
			text = nil // none of the types in a spec fails
		}
		return textNode(string(text))
	}
	switch v.Kind() {
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Slice:
		return encodeList(v)
	case reflect.Map:
		n := &yaml.Node{Kind: yaml.MappingNode}
		settings, _ := v.Interface().(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(settings)) {
			n.Content = append(n.Content, textNode(key), encode(reflect.ValueOf(settings[key])))
		}
		return n
	case reflect.String:
		return textNode(v.String())
	case reflect.Bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(v.Bool())}
	case reflect.Float64:
		text := strconv.FormatFloat(v.Float(), 'f', -1, 64)
		if _, err := strconv.ParseInt(text, 10, 64); err != nil && !strings.Contains(text, ".") {
			text += ".0" // too large to be read as a whole number
		}
		return numberNode(text)
	case reflect.Int, reflect.Int64:
		return numberNode(strconv.FormatInt(v.Int(), 10))
	}
	return nil
}

func numberNode(s string) *yaml.Node {
	tag := "!!int"
	if strings.Contains(s, ".") {
		tag = "!!float"
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s}
}

// textNode is a text; one with line breaks goes into quotes.
func textNode(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsAny(s, "\n\r\u0085\u2028\u2029") {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func encodeStruct(v reflect.Value) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		field := v.FieldByIndex(f.Index)
		if !f.IsExported() || name == "" || name == "-" || options == "omitempty" && none(field) {
			continue
		}
		if value := encode(field); value != nil {
			n.Content = append(n.Content, textNode(name), value)
		}
	}
	return n
}

func none(v reflect.Value) bool {
	return v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0 || v.Kind() == reflect.Map && v.Len() == 0
}

// encodeList puts plain values into one line, and rows of amounts and a route's
// connectors each into its own; a nil list has no value.
func encodeList(v reflect.Value) *yaml.Node {
	if v.IsNil() {
		return nil
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for i := range v.Len() {
		item := encode(v.Index(i))
		if item.Kind != yaml.ScalarNode {
			n.Style = 0
		}
		switch v.Interface().(type) {
		case []PriceSpec, []CostSpec, []RouteConnector:
			item.Style = yaml.FlowStyle
		}
		n.Content = append(n.Content, item)
	}
	return n
}
