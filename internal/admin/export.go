package admin

import (
	"bytes"
	"context"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Export returns the present configuration as a file that Apply takes. Without
// secrets, settings that are secret are masked and token hashes left out: such a
// file changes nothing where it came from, and tells what is missing elsewhere.
func (d *Desk) Export(ctx context.Context, secrets bool) (*File, error) {
	b, err := readBook(ctx, d.Store)
	if err != nil {
		return nil, err
	}
	f := &File{PriceLists: specs[PriceListSpec](b, 0), Connectors: specs[ConnectorSpec](b, 0), Routes: specs[RouteSpec](b, 0),
		Accounts: specs[AccountSpec](b, 0), Rules: specs[RuleSpec](b, 0)}
	for i := range f.Accounts {
		b.nest(&f.Accounts[i])
	}
	for i := range f.Rules {
		f.Rules[i].dropAutoName()
	}
	if !secrets {
		for i := range f.Connectors {
			Mask(&f.Connectors[i])
		}
		for i := range f.Accounts {
			Mask(&f.Accounts[i])
		}
	}
	return f, nil
}

// specs describes the nouns of a kind, of one account or (0) all.
func specs[S any, P Spec[S]](b *book, owner int64) []S {
	list := []S{}
	for _, n := range b.list(P(new(S)).Kind(), owner) {
		list = append(list, *b.describe(n).(P))
	}
	return list
}

// nest puts what belongs to an account into its spec.
func (b *book) nest(a *AccountSpec) {
	a.Senders, a.Numbers, a.Keys = specs[SenderSpec](b, a.ID), specs[NumberSpec](b, a.ID), specs[KeySpec](b, a.ID)
}

// YAML writes the file.
func (f *File) YAML() ([]byte, error) {
	var doc yaml.Node
	if err := doc.Encode(f); err != nil {
		return nil, err
	}
	rowsInLine(&doc)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// rowsInLine writes lists of plain values, and each row of a price list, of
// costs and of a route's connectors, in one line.
func rowsInLine(n *yaml.Node) {
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 &&
		!slices.ContainsFunc(n.Content, func(item *yaml.Node) bool { return item.Kind != yaml.ScalarNode }) {
		n.Style |= yaml.FlowStyle
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, list := n.Content[i].Value, n.Content[i+1]
			if key == "prices" || key == "costs" || key == "connectors" && !slices.ContainsFunc(list.Content, hasProtocol) {
				for _, row := range list.Content {
					row.Style |= yaml.FlowStyle
				}
			}
		}
	}
	for _, child := range n.Content {
		rowsInLine(child)
	}
}

// hasProtocol tells the section of connectors from a route's list of them.
func hasProtocol(row *yaml.Node) bool {
	return slices.ContainsFunc(row.Content, func(n *yaml.Node) bool { return n.Value == "protocol" })
}

// Empty says that the file has no noun.
func (f *File) Empty() bool {
	return len(f.PriceLists)+len(f.Connectors)+len(f.Routes)+len(f.Accounts)+len(f.Rules) == 0
}
