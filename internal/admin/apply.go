package admin

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// ApplyOptions say how a file is applied.
type ApplyOptions struct {
	// Prune removes the nouns that the file does not have, of the kinds that it
	// lists; senders, numbers, keys and logins count as listed account by account.
	Prune  bool
	DryRun bool // plan and tell, write nothing
}

// Apply makes the configuration what the file says, in one transaction, and
// returns what it changed, which is nothing the second time. All problems of the
// file are reported at once.
func (d *Desk) Apply(ctx context.Context, f *File, o ApplyOptions) ([]Diff, error) {
	var skip, seen int64
	for try := 1; ; try++ {
		b, err := readBook(ctx, d.Store)
		if err != nil {
			return nil, err
		}
		if try > 1 && b.version == seen {
			// Nobody else wrote, so an id of ours must be that of a noun that
			// was deleted, which only the store remembers: go further up.
			skip = max(1, 2*skip)
		}
		seen = b.version
		p := &plan{builder: builder{desk: d, book: b, file: f.name, problems: slices.Clone(f.problems)},
			prune: o.Prune, skip: skip, next: map[sms.Kind]int64{}, lines: map[string]int{}}
		odd := d.oddRoutes(b)
		p.make(f)
		if o.Prune {
			p.checkRemoved(ctx)
		}
		slices.SortStableFunc(p.problems, func(a, b string) int { return p.lineOf(a) - p.lineOf(b) })
		if err := p.err(); err != nil {
			return nil, err
		}
		diffs, changes, err := p.finish()
		if err == nil && !o.DryRun && len(changes) > 0 {
			_, err = d.Store.WriteDocs(ctx, d.Now(), d.By, changes)
		}
		if err == nil {
			d.warn(odd, b)
		}
		if sms.CodeOf(err) != sms.CodeConflict || try == applyTries {
			return diffs, err
		}
	}
}

// applyTries is enough to pass 16,000 deleted nouns by doubling.
const applyTries = 16

// lineOf is the line that a problem begins with, 0 for one without.
func (p *plan) lineOf(problem string) int {
	number, _, _ := strings.Cut(strings.TrimPrefix(problem, p.file+":"), ":")
	line, err := strconv.Atoi(number)
	if err != nil {
		return 0
	}
	return line
}

// plan turns a file into changes of the book.
type plan struct {
	builder
	prune   bool
	skip    int64 // ids left out, see Apply
	entries []*entry
	removed []sms.Noun
	next    map[sms.Kind]int64 // ids for new nouns
	lines   map[string]int     // where an entry stands, to find it twice
}

// entry is a spec of the file, the noun that is stored, and the one to store.
type entry struct {
	spec       spec
	old, after sms.Noun
}

func (p *plan) make(f *File) {
	// First every entry gets its id, so that entries may refer to each other in
	// any order; then what is not in the file goes; then the nouns are built.
	for _, k := range sms.Kinds() {
		for _, s := range f.specs(k) {
			p.enter(s)
		}
	}
	if p.prune {
		p.pruneKinds(f)
	}
	for _, e := range p.entries {
		if e.after = p.build(e.spec, e.old); e.after != nil {
			p.settle(e)
		}
	}
}

// specs are the entries of a kind, those of all accounts in one list.
func (f *File) specs(k sms.Kind) []spec {
	var list []spec
	switch k {
	case sms.KindPriceList:
		list = pointers(list, f.PriceLists)
	case sms.KindConnector:
		list = pointers(list, f.Connectors)
	case sms.KindRoute:
		list = pointers(list, f.Routes)
	case sms.KindAccount:
		list = pointers(list, f.Accounts)
	case sms.KindRule:
		list = pointers(list, f.Rules)
	}
	for i := range f.Accounts {
		switch a := &f.Accounts[i]; k {
		case sms.KindSender:
			list = pointers(list, a.Senders)
		case sms.KindNumber:
			list = pointers(list, a.Numbers)
		case sms.KindCredential:
			list = pointers(list, a.Keys)
		case sms.KindSubscriber:
			list = pointers(list, a.Logins)
		}
	}
	return list
}

func pointers[S any, P Spec[S]](list []spec, specs []S) []spec {
	for i := range specs {
		list = append(list, P(&specs[i]))
	}
	return list
}

// enter finds the stored noun of an entry, or makes a place for a new one.
func (p *plan) enter(s spec) {
	p.at = p.place(s)
	ref := s.ref()
	if ref.Name == "" {
		key := "name"
		switch s.Kind() {
		case sms.KindNumber:
			key = "number"
		case sms.KindCredential:
			key = "api_key"
		case sms.KindSubscriber:
			key = "system_id"
		}
		p.problem("%s is missing", key)
		return
	}
	key := string(s.Kind()) + "\x00" + fold(ref.Account) + "\x00" + fold(ref.Name)
	if s.Kind() == sms.KindCredential || s.Kind() == sms.KindSubscriber {
		key = string(s.Kind()) + "\x00" + ref.Name // case matters
	}
	if first := p.lines[key]; first != 0 {
		p.problem("it stands in the file twice (first in line %d)", first)
		return
	}
	p.lines[key] = s.Stored().line
	e := &entry{spec: s, old: p.book.existing(s)}
	p.entries = append(p.entries, e)
	if e.old == nil {
		p.reserve(s)
	}
}

// reserve puts a new noun's name and id into the book.
func (p *plan) reserve(s spec) {
	k := s.Kind()
	n := sms.NewNoun(k)
	h := n.Meta()
	h.Name, h.ID = s.ref().Name, p.newID(k)
	if r, ok := s.(*RouteSpec); ok && r.Number > 0 {
		if have := p.book.nouns[k][r.Number]; have != nil {
			p.problem("id %d belongs to route %s", r.Number, have.Meta().Name)
			return
		}
		h.ID = r.Number
	}
	s.Stored().ID = h.ID
	if k == sms.KindConnector || k == sms.KindRoute || k == sms.KindPriceList || k == sms.KindAccount {
		p.book.put(n) // others may refer to it
	}
}

// newID is above every id that is stored or that the file asks for.
func (p *plan) newID(k sms.Kind) int64 {
	if p.next[k] == 0 {
		p.next[k] = p.book.nextID(k) + p.skip
	}
	for p.book.nouns[k][p.next[k]] != nil {
		p.next[k]++
	}
	id := p.next[k]
	p.next[k]++
	return id
}

// settle puts what was built in the place of what was there.
func (p *plan) settle(e *entry) {
	if e.old == nil {
		e.after.Meta().ID = e.spec.Stored().ID
	}
	p.book.put(e.after)
}

// pruneKinds takes what the listed kinds do not have out of the book.
func (p *plan) pruneKinds(f *File) {
	keep := map[sms.Noun]bool{}
	for _, e := range p.entries {
		if e.old != nil {
			keep[e.old] = true
		}
	}
	drop := func(k sms.Kind, owner int64) {
		for _, n := range p.book.list(k, owner) {
			if n.Meta().Version != 0 && !keep[n] { // version 0: made by this plan
				p.remove(n)
			}
		}
	}
	for k, listed := range map[sms.Kind]bool{sms.KindPriceList: f.PriceLists != nil, sms.KindConnector: f.Connectors != nil,
		sms.KindRoute: f.Routes != nil, sms.KindAccount: f.Accounts != nil, sms.KindRule: f.Rules != nil} {
		if listed {
			drop(k, 0)
		}
	}
	for i := range f.Accounts {
		a := &f.Accounts[i]
		owner, err := p.book.id(sms.KindAccount, a.Name)
		if err != nil || owner == 0 {
			continue // told already
		}
		for k, listed := range map[sms.Kind]bool{sms.KindSender: a.Senders != nil, sms.KindNumber: a.Numbers != nil,
			sms.KindCredential: a.Keys != nil, sms.KindSubscriber: a.Logins != nil} {
			if listed {
				drop(k, owner)
			}
		}
	}
}

// remove takes a noun out of the book, and what belongs to it.
func (p *plan) remove(n sms.Noun) {
	if n.Kind() == sms.KindAccount {
		for _, owned := range p.book.owned(n.Meta().ID) {
			p.remove(owned)
		}
	}
	p.book.remove(n)
	p.removed = append(p.removed, n)
}

// checkRemoved looks for nouns that stay and need one that goes.
func (p *plan) checkRemoved(ctx context.Context) {
	p.at = p.file + ": "
	for _, n := range p.removed {
		if err := p.desk.unused(ctx, p.book, n); err != nil {
			p.problem("%v", err)
		}
	}
}

// finish lists the changes, removals first: they make room for names.
func (p *plan) finish() (diffs []Diff, changes []store.DocChange, err error) {
	for _, e := range p.entries {
		diff := p.book.diff(e.old, e.after)
		if !diff.Changed() {
			continue
		}
		diffs = append(diffs, diff)
		doc, err := store.Encode(e.after)
		if err != nil {
			return nil, nil, err
		}
		changes = append(changes, store.DocChange{Doc: doc})
	}
	slices.SortFunc(p.removed, func(a, b sms.Noun) int {
		return cmp.Or(cmp.Compare(slices.Index(sms.Kinds(), b.Kind()), slices.Index(sms.Kinds(), a.Kind())), cmp.Compare(a.Meta().ID, b.Meta().ID))
	})
	var removals []store.DocChange
	for _, n := range p.removed {
		diffs = append(diffs, p.book.diff(n, nil))
		removals = append(removals, store.Removal(n))
	}
	return diffs, append(removals, changes...), nil
}

// Summary counts diffs in a sentence.
func Summary(diffs []Diff) string {
	n := map[Op]int{}
	for _, d := range diffs {
		n[d.Op]++
	}
	if len(diffs) == 0 {
		return "no change"
	}
	var parts []string
	for _, p := range []struct {
		op   Op
		word string
	}{{OpAdd, "added"}, {OpChange, "changed"}, {OpRemove, "removed"}} {
		if n[p.op] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[p.op], p.word))
		}
	}
	return strings.Join(parts, ", ")
}
