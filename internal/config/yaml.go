package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// yaml takes the keys of a YAML mapping of scalars and lists of scalars. It works
// on nodes, as a problem is told with its line.
func (l *loader) yaml(path string, b []byte) {
	d := yaml.NewDecoder(bytes.NewReader(b))
	var doc, more yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return // nothing but comments
	} else if err != nil {
		l.problem("%s: %s", path, strings.TrimPrefix(err.Error(), "yaml: "))
		return
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		l.problem("%s: there is more than one document in it", path)
		return
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		return
	}
	if root.Kind != yaml.MappingNode {
		l.problem("%s:%d: this is no list of keys: write lines such as http_listen: \":8080\"", path, root.Line)
		return
	}
	lines := make(map[string]int)
	for i := 0; i+1 < len(root.Content); i += 2 {
		name, value := root.Content[i], root.Content[i+1]
		at := fmt.Sprintf("%s:%d", path, name.Line)
		k, known := l.keys[name.Value]
		if !known {
			l.problem("%s: there is no key %s%s", at, name.Value, l.meant(name.Value))
			continue
		}
		if first, again := lines[k.name]; again {
			l.problem("%s: %s is set a second time (first in line %d)", at, k.name, first)
			continue
		}
		lines[k.name] = name.Line
		text, err := nodeText(value, k.list())
		if err != nil {
			l.problem("%s: %s %v", at, k.name, err)
			continue
		}
		l.set(k.name, text, at+": "+k.name, 1)
	}
}

// nodeText is a scalar as it is written, or a list's scalars joined by commas.
func nodeText(n *yaml.Node, list bool) (string, error) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return "", nil
	case n.Kind == yaml.ScalarNode:
		return n.Value, nil
	case n.Kind == yaml.SequenceNode && list:
		var texts []string
		for _, c := range n.Content {
			if c.Kind != yaml.ScalarNode {
				return "", errors.New("must be a list of plain values")
			}
			texts = append(texts, c.Value)
		}
		return strings.Join(texts, ","), nil
	case list:
		return "", errors.New("must be a list of plain values")
	}
	return "", errors.New("must be a plain value")
}

// meant suggests a key for a name that is not one.
func (l *loader) meant(name string) string {
	name = strings.ReplaceAll(strings.ToLower(name), "-", "_")
	best, distance := "", 4
	for _, k := range sortedKeys(l.keys) {
		if d := editDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return " (harkara config describe lists the keys)"
	}
	return "; did you mean " + best + "?"
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(diagonal+cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
