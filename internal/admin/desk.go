package admin

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Store is what administration needs of the database.
type Store interface {
	store.Docs
	store.Ledger
	Balance(ctx context.Context, account int64) (sms.Balance, error)
	Stats(ctx context.Context) (store.Stats, error)
}

// Options are what a Desk is made of. Store and By are needed; zero fields get
// the defaults named.
type Options struct {
	Store Store
	By    string                     // who works here, as history and ledger keep it
	Now   func() time.Time           // time.Now
	Check func(*sms.Connector) error // of a connector's settings by its plug-in; none
	// Warn is told, once a change is made or planned, what it has made odd of
	// routes; none. Advise is what plug-ins know of that; none.
	Warn   func(text string)
	Advise Advice
	// Hash makes the stored form of a token or password (account.Hasher), bound to
	// its API key or system_id; needed for keys and logins only.
	Hash     func(name, secret string) (string, error)
	Getenv   func(string) string          // os.Getenv
	ReadFile func(string) ([]byte, error) // os.ReadFile
}

// Desk is where an operator's changes are made. Each of its methods is one
// transaction and may be called while servers run.
type Desk struct{ Options }

// NewDesk makes one.
func NewDesk(o Options) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Getenv == nil {
		o.Getenv = os.Getenv
	}
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	if o.Hash == nil {
		o.Hash = func(string, string) (string, error) {
			return "", sms.Fail(sms.CodeInternal, "tokens and passwords cannot be made here: the installation's secret is not known")
		}
	}
	return &Desk{o}
}

// tries bounds how often a change is made again because somebody else was faster.
const tries = 5

// A Spec is one of the spec types: S is AccountSpec, KeySpec and so on.
type Spec[S any] interface {
	*S
	spec
}

// Default is an empty spec with what is true when it is left out.
func Default[S any, P Spec[S]]() S { return *newSpec(P(new(S)).Kind()).(P) }

// List returns the nouns of a kind, of one account if it is named, in order of id.
func List[S any, P Spec[S]](ctx context.Context, d *Desk, account string) ([]S, error) {
	b, err := readBook(ctx, d.Store)
	if err != nil {
		return nil, err
	}
	owner, err := b.id(sms.KindAccount, account)
	if err != nil {
		return nil, err
	}
	return specs[S, P](b, owner), nil
}

// Show returns one noun. An account comes with its senders, numbers, keys and
// logins.
func Show[S any, P Spec[S]](ctx context.Context, d *Desk, ref Ref) (S, error) {
	var none S
	b, err := readBook(ctx, d.Store)
	if err != nil {
		return none, err
	}
	n, err := b.find(P(new(S)).Kind(), ref)
	if err != nil {
		return none, err
	}
	s := b.describe(n)
	if a, ok := s.(*AccountSpec); ok {
		b.nest(a)
	}
	return *s.(P), nil
}

// Create makes a new noun and returns it as stored.
func Create[S any, P Spec[S]](ctx context.Context, d *Desk, s S) (S, error) {
	done, _, err := d.write(ctx, func(b *book, x *builder) (before, after sms.Noun, err error) {
		s := P(&s)
		if have := b.existing(s); have != nil {
			return nil, nil, sms.Fail(sms.CodeConflict, b.described(have)+" exists already")
		}
		after = x.build(s, nil)
		if after != nil && after.Meta().ID != 0 && b.nouns[s.Kind()][after.Meta().ID] != nil {
			x.problem("id %d belongs to %s", after.Meta().ID, b.label(b.nouns[s.Kind()][after.Meta().ID]))
		}
		return nil, after, nil
	})
	if err != nil {
		return s, err
	}
	return *done.(P), nil
}

// Change lets change work on the spec of a noun and writes what became of it. It
// may be called several times. An empty Diff says that nothing changed.
func Change[S any, P Spec[S]](ctx context.Context, d *Desk, ref Ref, change func(*S) error) (S, Diff, error) {
	var none S
	done, diff, err := d.write(ctx, func(b *book, x *builder) (before, after sms.Noun, err error) {
		if before, err = b.find(P(new(S)).Kind(), ref); err != nil {
			return nil, nil, err
		}
		s := b.describe(before).(P)
		if rule, ok := any(s).(*RuleSpec); ok {
			rule.dropAutoName()
		}
		if err := change((*S)(s)); err != nil {
			return nil, nil, err
		}
		if have := b.existing(s); have != nil && have != before {
			return nil, nil, sms.Fail(sms.CodeConflict, b.described(have)+" exists already")
		}
		return before, x.build(s, before), nil
	})
	if err != nil {
		return none, Diff{}, err
	}
	return *done.(P), diff, nil
}

// existing is the noun that s would collide with.
func (b *book) existing(s spec) sms.Noun {
	ref := s.ref()
	if k, ok := s.(*KeySpec); ok {
		return b.apiKeys[k.APIKey] // its name is checked by its builder
	}
	if l, ok := s.(*LoginSpec); ok {
		return b.logins[l.SystemID]
	}
	owner, err := b.id(sms.KindAccount, ref.Account)
	if err != nil || ref.Name == "" || s.Kind() == sms.KindSender && owner == 0 {
		return nil // a problem that build tells
	}
	if list := b.named(s.Kind(), owner, ref.Name); len(list) > 0 {
		return list[0]
	}
	return nil
}

// write makes one noun out of the present book and stores it, again and again
// while others are faster.
func (d *Desk) write(ctx context.Context, make func(*book, *builder) (before, after sms.Noun, err error)) (spec, Diff, error) {
	for try := 1; ; try++ {
		b, err := readBook(ctx, d.Store)
		if err != nil {
			return nil, Diff{}, err
		}
		x, odd := &builder{desk: d, book: b}, d.oddRoutes(b)
		before, after, err := make(b, x)
		if err == nil {
			err = x.err()
		}
		if err != nil {
			return nil, Diff{}, err
		}
		diff := b.diff(before, after)
		if !diff.Changed() {
			return b.describe(before), diff, nil
		}
		if err = store.Save(ctx, d.Store, d.Now(), d.By, after); err == nil {
			b.put(after)
			d.warn(odd, b)
			return b.describe(after), diff, nil
		}
		if sms.CodeOf(err) != sms.CodeConflict || try == tries {
			return nil, Diff{}, err
		}
	}
}

// Delete removes a noun that nothing refers to. What belongs to an account goes
// with it.
func (d *Desk) Delete(ctx context.Context, k sms.Kind, ref Ref) (Diff, error) {
	for try := 1; ; try++ {
		b, err := readBook(ctx, d.Store)
		if err != nil {
			return Diff{}, err
		}
		n, err := b.find(k, ref)
		if err == nil {
			err = d.unused(ctx, b, n)
		}
		if err != nil {
			return Diff{}, err
		}
		var changes []store.DocChange
		if k == sms.KindAccount {
			for _, owned := range b.owned(n.Meta().ID) {
				changes = append(changes, store.Removal(owned))
			}
		}
		_, err = d.Store.WriteDocs(ctx, d.Now(), d.By, append(changes, store.Removal(n)))
		if err == nil {
			return b.diff(n, nil), nil
		}
		if sms.CodeOf(err) != sms.CodeConflict || try == tries {
			return Diff{}, err
		}
	}
}

// unused refuses to remove what is referred to, or what has messages waiting.
func (d *Desk) unused(ctx context.Context, b *book, n sms.Noun) error {
	if users := b.users(n); len(users) > 0 {
		return sms.Fail(sms.CodeConflict, fmt.Sprintf("%s cannot be removed: it is used by %s; change that first, or disable it",
			b.described(n), strings.Join(users, ", ")))
	}
	if n.Kind() != sms.KindRoute {
		return nil
	}
	stats, err := d.Store.Stats(ctx)
	if err == nil && stats.Queued[n.Meta().ID] > 0 {
		err = sms.Fail(sms.CodeConflict, fmt.Sprintf("route %s has %d messages in its queue: disable it and wait until they are gone",
			n.Meta().Name, stats.Queued[n.Meta().ID]))
	}
	return err
}

// Names are what the nouns of a kind are called, of one account if it is named.
func Names[S any, P Spec[S]](ctx context.Context, d *Desk, account string) ([]string, error) {
	b, err := readBook(ctx, d.Store)
	if err != nil {
		return nil, err
	}
	owner, err := b.id(sms.KindAccount, account)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, n := range b.list(P(new(S)).Kind(), owner) {
		names = append(names, b.label(n))
	}
	return names, nil
}
