package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
)

// save writes a noun that must be good.
func save(t *testing.T, d store.Docs, n sms.Noun) {
	t.Helper()
	if err := store.Save(ctx, d, noon, "test", n); err != nil {
		t.Fatal(err)
	}
}

func account(name string) *sms.Account {
	return &sms.Account{Head: sms.Head{Name: name}, Enabled: true, TimeZone: "Asia/Dhaka", CreditLimit: 350_000}
}

// one account by id.
func one(t *testing.T, d store.Docs, id int64) *sms.Account {
	t.Helper()
	a, err := store.Get[*sms.Account](ctx, d, sms.KindAccount, store.DocFilter{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func code(t *testing.T, what string, err error, want sms.Code) {
	t.Helper()
	if err == nil || sms.CodeOf(err) != want {
		t.Errorf("%s: %v (%s), want %s", what, err, sms.CodeOf(err), want)
	}
}

func TestSaveFillsTheHead(t *testing.T) {
	s := memory.New(memory.Options{})
	a := account("  Acme ")
	save(t, s, a)
	if want := (sms.Head{ID: 1, Name: "Acme", Version: 1, UpdatedAt: noon}); a.Head != want {
		t.Errorf("head %+v, want %+v", a.Head, want)
	}
	if a.MaxParts != 10 {
		t.Error("defaults were not filled in")
	}
	got := one(t, s, 1)
	if got.Head != a.Head || got.CreditLimit != 350_000 || got.TimeZone != "Asia/Dhaka" || !got.Enabled || got.GroupStart != 1 {
		t.Errorf("read %+v, saved %+v", got, a)
	}
	got.Name = "Acme 2"
	save(t, s, got)
	if got.Version != 2 || one(t, s, 1).Name != "Acme 2" {
		t.Errorf("after the second save: %+v", got.Head)
	}
	code(t, "an old version", store.Save(ctx, s, noon, "test", a), sms.CodeConflict)
}

func TestEveryKind(t *testing.T) {
	s := memory.New(memory.Options{})
	for _, n := range []sms.Noun{
		&sms.Connector{Head: sms.Head{Name: "c"}, Protocol: "smpp", Settings: json.RawMessage(`{"host":"smsc"}`)},
		&sms.Route{Head: sms.Head{Name: "r"}, Connectors: []sms.RouteConnector{{ID: 1}}},
		&sms.PriceList{Head: sms.Head{Name: "p"}, Prices: []sms.Price{{Prefix: "88", Price: 1}}},
		account("a"),
		&sms.Rule{RouteID: 1},
		&sms.Credential{Head: sms.Head{Name: "k", AccountID: 1}, APIKey: "K", TokenHash: "00"},
		&sms.Sender{Head: sms.Head{Name: "ACME", AccountID: 1}},
		&sms.Number{Head: sms.Head{Name: "2626", AccountID: 1}},
		&sms.Subscriber{Head: sms.Head{Name: "s", AccountID: 1}, Channel: "feed"},
	} {
		save(t, s, n)
	}
	catalog, err := store.Catalog(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[sms.Kind]bool{}
	for _, n := range catalog.Nouns() {
		kinds[n.Kind()] = true
		if h := n.Meta(); h.ID != 1 || h.Version != 1 || h.Name == "" {
			t.Errorf("%s has the head %+v", n.Kind(), h)
		}
	}
	if len(kinds) != len(sms.Kinds()) {
		t.Errorf("%d kinds of %d", len(kinds), len(sms.Kinds()))
	}
	version, err := s.DocsVersion(ctx)
	if err != nil || catalog.Version != version {
		t.Errorf("catalog of version %d, configuration %d, %v", catalog.Version, version, err)
	}
	if string(catalog.Connector(1).Settings) != `{"host":"smsc"}` || catalog.Credential("K").AccountID != 1 {
		t.Error("settings or key are not as saved")
	}
}

func TestFindGetDelete(t *testing.T) {
	s := memory.New(memory.Options{})
	for _, name := range []string{"b", "a", "c"} {
		save(t, s, account(name))
	}
	list, err := store.Find[*sms.Account](ctx, s, sms.KindAccount, store.DocFilter{})
	if err != nil || len(list) != 3 || list[0].Name+list[1].Name+list[2].Name != "bac" {
		t.Errorf("found %d, %v; want them in order of id", len(list), err)
	}
	if list, err := store.Find[*sms.Route](ctx, s, sms.KindRoute, store.DocFilter{}); err != nil || list == nil || len(list) != 0 {
		t.Errorf("of another kind: %v, %v", list, err)
	}
	a, err := store.Get[*sms.Account](ctx, s, sms.KindAccount, store.DocFilter{UniqueKey: "a"})
	if err != nil || a.ID != 2 {
		t.Errorf("by key: %+v, %v", a, err)
	}
	none, err := store.Get[*sms.Account](ctx, s, sms.KindAccount, store.DocFilter{ID: 9})
	code(t, "one that is not there", err, sms.CodeNotFound)
	if none != nil || !strings.Contains(err.Error(), "account") {
		t.Errorf("%v, %v", none, err)
	}
	_, err = store.Get[*sms.Account](ctx, s, sms.KindAccount, store.DocFilter{})
	code(t, "more than one", err, sms.CodeNotFound)
	stale := *a
	stale.Version = 7
	code(t, "delete another version", store.Delete(ctx, s, noon, "test", &stale), sms.CodeConflict)
	if err := store.Delete(ctx, s, noon, "test", a); err != nil {
		t.Error(err)
	}
	code(t, "delete twice", store.Delete(ctx, s, noon, "test", a), sms.CodeNotFound)
}

func TestSaveInvalid(t *testing.T) {
	s := memory.New(memory.Options{})
	code(t, "no time zone", store.Save(ctx, s, noon, "test", &sms.Account{Head: sms.Head{Name: "a"}}), sms.CodeInvalid)
	broken := &sms.Connector{Head: sms.Head{Name: "c"}, Protocol: "smpp", Settings: json.RawMessage(`{`)}
	if err := store.Save(ctx, s, noon, "test", broken); err == nil {
		t.Error("settings that are no JSON were saved")
	}
	if docs, _, err := s.ReadDocs(ctx, store.DocFilter{}); err != nil || len(docs) != 0 {
		t.Errorf("%d docs were written, %v", len(docs), err)
	}
}

func TestDecode(t *testing.T) {
	_, err := store.Decode(store.Doc{Kind: "fax_machine", Body: []byte(`{}`)})
	if err == nil || !strings.Contains(err.Error(), "fax_machine") || !strings.Contains(err.Error(), "newer") {
		t.Errorf("an unknown kind: %v", err)
	}
	_, err = store.Decode(store.Doc{Kind: sms.KindAccount, ID: 5, Body: []byte(`{"credit_limit":1.5}`)})
	if err == nil || !strings.Contains(err.Error(), "account 5") {
		t.Errorf("a broken body: %v", err)
	}
	n, err := store.Decode(store.Doc{Kind: sms.KindAccount, ID: 5, AccountID: 6, Name: "column", Version: 7, UpdatedAt: noon,
		Body: []byte(`{"id":"1","name":"body","version":2,"time_zone":"UTC"}`)})
	if err != nil {
		t.Fatal(err)
	}
	if want := (sms.Head{ID: 5, AccountID: 6, Name: "column", Version: 7, UpdatedAt: noon}); *n.Meta() != want {
		t.Errorf("head %+v, want the columns", *n.Meta())
	}
}

// TestUnreadable: a database of a newer Harkara is refused, not half read.
func TestUnreadable(t *testing.T) {
	s := memory.New(memory.Options{})
	for _, kind := range []sms.Kind{sms.KindRoute, "fax_machine"} {
		d := store.Doc{Kind: kind, Name: "x", UniqueKey: "x", Body: []byte(`[]`)}
		if _, err := s.WriteDocs(ctx, noon, "test", []store.DocChange{{Doc: d}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.Catalog(ctx, s); err == nil {
		t.Error("the catalog was read")
	}
	if _, err := store.Find[*sms.Route](ctx, s, sms.KindRoute, store.DocFilter{}); err == nil {
		t.Error("the route was read")
	}
}

// TestUpdate: somebody who is faster makes it try again, on what he wrote.
func TestUpdate(t *testing.T) {
	s := memory.New(memory.Options{})
	save(t, s, account("a"))
	update := func(change func(a *sms.Account) error) (*sms.Account, error) {
		return store.Update(ctx, s, noon, "test", sms.KindAccount, store.DocFilter{ID: 1}, change)
	}
	tries := 0
	a, err := update(func(a *sms.Account) error {
		if tries++; tries <= 3 {
			faster := one(t, s, 1)
			faster.MaxParts++
			save(t, s, faster)
		}
		a.CreditLimit++
		return nil
	})
	if err != nil || tries != 4 || a.MaxParts != 13 || a.CreditLimit != 350_001 || a.Version != 5 {
		t.Errorf("after %d tries: %+v, %v", tries, a, err)
	}
	if got := one(t, s, 1); got.MaxParts != 13 || got.CreditLimit != 350_001 || got.Version != 5 {
		t.Errorf("stored: %+v", got)
	}
	tries = 0
	_, err = update(func(a *sms.Account) error {
		tries++
		save(t, s, one(t, s, 1))
		return nil
	})
	code(t, "somebody who is always faster", err, sms.CodeConflict)
	if tries != 4 {
		t.Errorf("it tried %d times", tries)
	}
	no := errors.New("no")
	if _, err := update(func(*sms.Account) error { return no }); !errors.Is(err, no) {
		t.Errorf("change said no: %v", err)
	}
	_, err = update(func(a *sms.Account) error { a.TimeZone = ""; return nil })
	code(t, "an invalid change", err, sms.CodeInvalid)
	_, err = store.Update(ctx, s, noon, "test", sms.KindAccount, store.DocFilter{ID: 9}, func(*sms.Account) error { return nil })
	code(t, "one that is not there", err, sms.CodeNotFound)
	boom := sms.Unavailable("the disk is full", nil)
	s.FailNext(memory.VerbWriteDocs, boom)
	if _, err := update(func(*sms.Account) error { return nil }); !errors.Is(err, boom) {
		t.Errorf("storage failed: %v", err)
	}
}

// TestStorageFails: every function hands the store's error on.
func TestStorageFails(t *testing.T) {
	s := memory.New(memory.Options{})
	save(t, s, account("a"))
	boom := sms.Unavailable("the disk is full", nil)
	for what, call := range map[string]func() error{
		"Catalog": func() error { _, err := store.Catalog(ctx, s); return err },
		"Find": func() error {
			_, err := store.Find[*sms.Account](ctx, s, sms.KindAccount, store.DocFilter{})
			return err
		},
		"Get": func() error {
			_, err := store.Get[*sms.Account](ctx, s, sms.KindAccount, store.DocFilter{})
			return err
		},
		"Update": func() error {
			_, err := store.Update(ctx, s, noon, "test", sms.KindAccount, store.DocFilter{}, func(*sms.Account) error { return nil })
			return err
		},
	} {
		s.FailNext(memory.VerbReadDocs, boom)
		if err := call(); !errors.Is(err, boom) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for what, call := range map[string]func() error{
		"Save":   func() error { return store.Save(ctx, s, noon, "test", account("b")) },
		"Delete": func() error { return store.Delete(ctx, s, noon, "test", one(t, s, 1)) },
	} {
		s.FailNext(memory.VerbWriteDocs, boom)
		if err := call(); !errors.Is(err, boom) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
