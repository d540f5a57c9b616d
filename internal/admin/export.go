package admin

import "context"

// Export returns the present configuration as a file that Apply takes. Without
// secrets, settings that are secret are masked, hashes of tokens and passwords left out: such a
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
	a.Senders, a.Numbers = specs[SenderSpec](b, a.ID), specs[NumberSpec](b, a.ID)
	a.Keys, a.Logins = specs[KeySpec](b, a.ID), specs[LoginSpec](b, a.ID)
}

// YAML writes the file.
func (f *File) YAML() ([]byte, error) { return YAML(f) }
