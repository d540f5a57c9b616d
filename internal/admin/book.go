package admin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Ref names a noun: by its name, by "id:7", or by its id alone where nothing has
// that name. A key is named by its API key or by its own name, a number by its
// digits, with ":keyword" on a shared one. Account narrows the nouns that belong
// to an account; it is needed only where several accounts have the name. An SMPP
// login is named by its system_id; its case counts where another differs in case.
type Ref struct{ Account, Name string }

// book is the whole configuration at one version, with names both ways.
type book struct {
	version int64
	nouns   map[sms.Kind]map[int64]sms.Noun
	names   map[sms.Kind]map[string][]sms.Noun // by name without case
	apiKeys map[string]sms.Noun
	logins  map[string]sms.Noun           // by system_id
	owners  map[int64][]sms.Noun          // what belongs to an account
	gone    map[sms.Kind]map[int64]string // names of removed nouns, for diffs
}

func newBook() *book {
	b := &book{nouns: map[sms.Kind]map[int64]sms.Noun{}, names: map[sms.Kind]map[string][]sms.Noun{}, apiKeys: map[string]sms.Noun{}, logins: map[string]sms.Noun{},
		owners: map[int64][]sms.Noun{}, gone: map[sms.Kind]map[int64]string{}}
	for _, k := range sms.Kinds() {
		b.nouns[k], b.names[k], b.gone[k] = map[int64]sms.Noun{}, map[string][]sms.Noun{}, map[int64]string{}
	}
	return b
}

func readBook(ctx context.Context, d store.Docs) (*book, error) {
	docs, version, err := d.ReadDocs(ctx, store.DocFilter{})
	if err != nil {
		return nil, err
	}
	b := newBook()
	b.version = version
	for _, doc := range docs {
		n, err := store.Decode(doc)
		if err != nil {
			return nil, err
		}
		b.put(n)
	}
	return b, nil
}

// put adds a noun, or replaces the one of its id.
func (b *book) put(n sms.Noun) {
	k, h := n.Kind(), n.Meta()
	if old := b.nouns[k][h.ID]; old != nil {
		b.remove(old)
	}
	delete(b.gone[k], h.ID)
	b.nouns[k][h.ID] = n
	if !specless(n) {
		b.names[k][fold(h.Name)] = append(b.names[k][fold(h.Name)], n)
	}
	if h.AccountID != 0 {
		b.owners[h.AccountID] = append(b.owners[h.AccountID], n)
	}
	switch n := n.(type) {
	case *sms.Credential:
		b.apiKeys[n.APIKey] = n
	case *sms.Subscriber:
		if n.SMPP != nil {
			b.logins[n.Name] = n
		}
	}
}

// specless nouns have no form for an operator yet: subscribers that are no SMPP
// logins. They are neither listed nor pruned; an account takes them along.
func specless(n sms.Noun) bool {
	s, ok := n.(*sms.Subscriber)
	return ok && s.SMPP == nil
}

func (b *book) remove(n sms.Noun) {
	k, h := n.Kind(), n.Meta()
	same := func(have sms.Noun) bool { return have == n }
	delete(b.nouns[k], h.ID)
	b.gone[k][h.ID] = h.Name
	b.names[k][fold(h.Name)] = slices.DeleteFunc(b.names[k][fold(h.Name)], same)
	b.owners[h.AccountID] = slices.DeleteFunc(b.owners[h.AccountID], same)
	switch n := n.(type) {
	case *sms.Credential:
		delete(b.apiKeys, n.APIKey)
	case *sms.Subscriber:
		if n.SMPP != nil {
			delete(b.logins, n.Name)
		}
	}
}

// fold is the form in which names are compared, as sms does.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// list is the nouns of a kind, of one account or (0) all, in order of id.
func (b *book) list(k sms.Kind, owner int64) []sms.Noun {
	var list []sms.Noun
	if owner == 0 {
		list = slices.Collect(maps.Values(b.nouns[k]))
	} else {
		for _, n := range b.owners[owner] {
			if n.Kind() == k {
				list = append(list, n)
			}
		}
	}
	list = slices.DeleteFunc(list, specless)
	slices.SortFunc(list, func(x, y sms.Noun) int { return cmp.Compare(x.Meta().ID, y.Meta().ID) })
	return list
}

// nextID is one above the highest id of the kind.
func (b *book) nextID(k sms.Kind) int64 {
	var last int64
	for id := range b.nouns[k] {
		last = max(last, id)
	}
	return last + 1
}

// find returns the one noun that ref names.
func (b *book) find(k sms.Kind, ref Ref) (sms.Noun, error) {
	name := strings.TrimSpace(ref.Name)
	if name == "" {
		return nil, sms.Fail(sms.CodeInvalid, fmt.Sprintf("name the %s", word(k)))
	}
	var owner int64
	if ref.Account != "" {
		a, err := b.find(sms.KindAccount, Ref{Name: ref.Account})
		if err != nil {
			return nil, err
		}
		owner = a.Meta().ID
	}
	fits := func(n sms.Noun) bool { return n != nil && !specless(n) && (owner == 0 || n.Meta().AccountID == owner) }
	if id, ok := strings.CutPrefix(name, "id:"); ok {
		number, err := strconv.ParseInt(id, 10, 64)
		if n := b.nouns[k][number]; err == nil && fits(n) {
			return n, nil
		}
		return nil, b.unknown(k, ref, owner)
	}
	found := b.named(k, owner, name)
	if len(found) == 0 {
		if id, err := strconv.ParseInt(name, 10, 64); err == nil && fits(b.nouns[k][id]) {
			found = append(found, b.nouns[k][id])
		}
	}
	switch len(found) {
	case 0:
		return nil, b.unknown(k, ref, owner)
	case 1:
		return found[0], nil
	}
	if k == sms.KindSubscriber {
		return nil, sms.Fail(sms.CodeInvalid, fmt.Sprintf("several logins are called %q but for their case: write it as it is", name))
	}
	return nil, sms.Fail(sms.CodeInvalid, fmt.Sprintf("several accounts have a %s %q: name the account too", word(k), name))
}

// named is every noun of the kind with that name; owner 0 looks at all accounts.
func (b *book) named(k sms.Kind, owner int64, name string) []sms.Noun {
	keyword := ""
	switch k {
	case sms.KindCredential:
		if n := b.apiKeys[name]; n != nil && (owner == 0 || n.Meta().AccountID == owner) {
			return []sms.Noun{n}
		}
	case sms.KindSubscriber:
		if n := b.logins[name]; n != nil && (owner == 0 || n.Meta().AccountID == owner) {
			return []sms.Noun{n}
		}
	case sms.KindNumber:
		name, keyword, _ = strings.Cut(name, ":")
	}
	var found []sms.Noun
	for _, n := range b.names[k][fold(name)] {
		if owner != 0 && n.Meta().AccountID != owner {
			continue
		}
		if number, ok := n.(*sms.Number); ok && fold(number.Keyword) != fold(keyword) {
			continue
		}
		found = append(found, n)
	}
	return found
}

// unknown is the error for a ref that names nothing; it lists what there is.
func (b *book) unknown(k sms.Kind, ref Ref, owner int64) error {
	var names []string
	for _, n := range b.list(k, owner) {
		names = append(names, b.label(n))
	}
	of := ""
	if ref.Account != "" {
		of = " of account " + ref.Account
	}
	const most = 10
	have := "there is none yet"
	switch {
	case len(names) > most:
		have = fmt.Sprintf("there are %d, such as %s", len(names), strings.Join(names[:most], ", "))
	case len(names) > 0:
		have = "there is " + strings.Join(names, ", ")
	}
	return sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no %s %q%s; %s", word(k), ref.Name, of, have))
}

// id of the noun that a spec refers to by name; an empty name is 0.
func (b *book) id(k sms.Kind, name string) (int64, error) {
	if name == "" {
		return 0, nil
	}
	n, err := b.find(k, Ref{Name: name})
	if err != nil {
		return 0, err
	}
	return n.Meta().ID, nil
}

// name is the other way round. A reference to a noun that is gone stays visible.
func (b *book) name(k sms.Kind, id int64) string {
	if id == 0 {
		return ""
	}
	if n := b.nouns[k][id]; n != nil {
		return n.Meta().Name
	}
	if name, ok := b.gone[k][id]; ok {
		return name
	}
	return "id:" + strconv.FormatInt(id, 10)
}

// label is what a noun is called in a sentence.
func (b *book) label(n sms.Noun) string {
	if n, ok := n.(*sms.Number); ok {
		return numberName(n.Name, n.Keyword)
	}
	return n.Meta().Name
}

// described is the label with the kind, and the account it belongs to.
func (b *book) described(n sms.Noun) string {
	text := word(n.Kind()) + " " + b.label(n)
	if id := n.Meta().AccountID; id != 0 {
		text += " of account " + b.name(sms.KindAccount, id)
	}
	return text
}

func word(k sms.Kind) string {
	if k == sms.KindSubscriber {
		return "SMPP login"
	}
	return strings.ReplaceAll(string(k), "_", " ")
}

// numberName is a two-way number with its keyword.
func numberName(number, keyword string) string {
	if keyword == "" {
		return number
	}
	return number + ":" + keyword
}

// owned are the nouns that belong to an account and go with it.
func (b *book) owned(account int64) []sms.Noun { return slices.Clone(b.owners[account]) }

// users describes the nouns that refer to n, except those that belong to it.
func (b *book) users(n sms.Noun) []string {
	id := n.Meta().ID
	var list []string
	for _, k := range sms.Kinds() {
		for _, other := range b.list(k, 0) {
			if refersTo(other, n.Kind(), id) {
				list = append(list, b.described(other))
			}
		}
	}
	return list
}

func refersTo(n sms.Noun, k sms.Kind, id int64) bool {
	switch n := n.(type) {
	case *sms.Connector:
		return k == sms.KindConnector && n.ScopeID == id && n.ID != id
	case *sms.Route:
		return k == sms.KindConnector && slices.ContainsFunc(n.Connectors, func(c sms.RouteConnector) bool { return c.ID == id })
	case *sms.Sender:
		return k == sms.KindConnector && slices.Contains(n.Connectors, id)
	case *sms.Rule:
		return k == sms.KindRoute && n.RouteID == id
	case *sms.PriceList:
		return k == sms.KindRoute && slices.ContainsFunc(n.Prices, func(p sms.Price) bool { return p.RouteID == id })
	case *sms.Account:
		return k == sms.KindRoute && slices.Contains(n.Routes, id) || k == sms.KindPriceList && n.PriceListID == id
	}
	return false
}
