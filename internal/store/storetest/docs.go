package storetest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func docCases() []testCase {
	return []testCase{
		{"every kind is kept", docKinds},
		{"filters", docFilters},
		{"versions", docVersions},
		{"ids", docIDs},
		{"refused", docRefused},
		{"a unique key", docUniqueKey},
		{"all or nothing", docAtomic},
		{"one answer a change, in order", docAnswers},
		{"deleted", docDeleted},
		{"nouns that refer to each other in one write", docTogether},
		{"an account's credit limit", docCreditLimit},
		{"an account's counters", docCounters},
		{"an account that is in use cannot be deleted", docAccountInUse},
		{"a new account under an old name", docAccountAgain},
		{"no update is lost", docRace},
	}
}

// updateAccount changes an account as the command line does.
func updateAccount(f *fix, id int64, change func(*sms.Account)) (*sms.Account, error) {
	f.Helper()
	return store.Update(f.ctx, f.s, f.now, "test", sms.KindAccount, store.DocFilter{ID: id}, func(a *sms.Account) error {
		change(a)
		return nil
	})
}

// doc is a valid one of a kind without references.
func doc(kind sms.Kind, name string) store.Doc {
	body := map[sms.Kind]string{sms.KindConnector: `{"protocol":"smpp","settings":{"b":1,"a":[true,null,"x"]}}`,
		sms.KindAccount: `{"time_zone":"UTC","group_start":1,"recipient_start":1,"inbox_start":1,"credit_limit":"0"}`}[kind]
	if body == "" {
		body = `{"note":"é\u20ac"}`
	}
	return store.Doc{Kind: kind, Name: name, UniqueKey: strings.ToLower(name), Body: []byte(body)}
}

func (f *fix) write(changes ...store.DocChange) ([]store.Doc, error) {
	return f.s.WriteDocs(f.ctx, f.now, "alice", changes)
}

// create writes new docs and returns them as stored.
func (f *fix) create(docs ...store.Doc) []store.Doc {
	f.Helper()
	changes := make([]store.DocChange, len(docs))
	for i, d := range docs {
		changes[i].Doc = d
	}
	written, err := f.write(changes...)
	f.ok(err)
	if len(written) != len(docs) {
		f.Fatalf("WriteDocs answered %d of %d changes", len(written), len(docs))
	}
	return written
}

func (f *fix) docs(filter store.DocFilter) []store.Doc {
	f.Helper()
	docs, _, err := f.s.ReadDocs(f.ctx, filter)
	f.ok(err)
	return docs
}

func (f *fix) version() int64 {
	f.Helper()
	v, err := f.s.DocsVersion(f.ctx)
	f.ok(err)
	_, again, err := f.s.ReadDocs(f.ctx, store.DocFilter{ID: -1})
	f.ok(err)
	want(f, "version as ReadDocs tells it", again, v)
	return v
}

// meaning is a JSON text without its spelling.
func meaning(f *fix, body []byte) (v any) {
	f.Helper()
	f.ok(json.Unmarshal(body, &v))
	return v
}

func docKinds(f *fix) {
	for i, kind := range sms.Kinds() {
		d := doc(kind, "Name of "+string(kind))
		d.AccountID = int64(i)
		w := f.create(d)[0]
		want(f, "written", []any{w.Kind, w.AccountID, w.Name, w.UniqueKey, w.Version, w.UpdatedAt}, []any{kind, int64(i), d.Name, d.UniqueKey, int64(1), f.now})
		got := f.docs(store.DocFilter{Kind: kind, ID: w.ID})
		want(f, "found", len(got), 1)
		want(f, "body", meaning(f, got[0].Body), meaning(f, d.Body))
		got[0].Body, w.Body = nil, nil
		want(f, "read", got[0], w)
	}
	want(f, "all", len(f.docs(store.DocFilter{})), len(sms.Kinds()))
}

func docFilters(f *fix) {
	house, owned, other := doc(sms.KindRule, "house"), doc(sms.KindRule, "owned"), doc(sms.KindSender, "owned")
	owned.AccountID, other.AccountID = 5, 5
	w := f.create(other, owned, house)
	names := func(filter store.DocFilter) string {
		var list []string
		last := int64(0)
		for _, d := range f.docs(filter) {
			list = append(list, string(d.Kind)+" "+d.Name)
			if d.ID < last {
				f.Errorf("%+v: id %d after %d", filter, d.ID, last)
			}
			last = d.ID
		}
		return strings.Join(list, ", ")
	}
	want(f, "kind", names(store.DocFilter{Kind: sms.KindRule}), "rule owned, rule house")
	want(f, "kind and id", names(store.DocFilter{Kind: sms.KindRule, ID: w[2].ID}), "rule house")
	want(f, "kind and account", names(store.DocFilter{Kind: sms.KindRule, AccountID: 5}), "rule owned")
	want(f, "kind and key", names(store.DocFilter{Kind: sms.KindSender, UniqueKey: "owned"}), "sender owned")
	want(f, "account", len(f.docs(store.DocFilter{AccountID: 5})), 2)
	want(f, "key", len(f.docs(store.DocFilter{UniqueKey: "owned"})), 2)
	want(f, "everything at once", names(store.DocFilter{Kind: sms.KindRule, ID: w[1].ID, AccountID: 5, UniqueKey: "owned"}), "rule owned")
	want(f, "no such", names(store.DocFilter{Kind: sms.KindRule, UniqueKey: "OWNED"}), "")
	want(f, "all", len(f.docs(store.DocFilter{})), 3)
}

func docVersions(f *fix) {
	v0 := f.version()
	w := f.create(doc(sms.KindRule, "a"))[0]
	v1 := f.version()
	f.later(time.Hour)
	w.Name, w.UniqueKey, w.AccountID, w.Body = "b", "B", 7, []byte(`{"x":2}`)
	second := f.create(w)[0]
	v2 := f.version()
	if v0 >= v1 || v1 >= v2 {
		f.Errorf("versions of the configuration: %d, %d, %d", v0, v1, v2)
	}
	want(f, "same id, next version", []any{second.ID, second.Version, second.UpdatedAt}, []any{w.ID, int64(2), f.now})
	got := f.docs(store.DocFilter{Kind: sms.KindRule})
	want(f, "only the newest is seen", len(got), 1)
	want(f, "content", []any{got[0].Name, got[0].UniqueKey, got[0].AccountID, meaning(f, got[0].Body)}, []any{"b", "B", int64(7), meaning(f, w.Body)})
	_, err := f.write(store.DocChange{Doc: second, Delete: true})
	f.ok(err)
	if v3 := f.version(); v3 <= v2 {
		f.Errorf("version %d after a deletion, it was %d", v3, v2)
	}
}

func docIDs(f *fix) {
	w := f.create(doc(sms.KindRule, "a"), doc(sms.KindRoute, "a"), doc(sms.KindRule, "b"))
	want(f, "ids count per kind", []int64{w[0].ID, w[1].ID, w[2].ID}, []int64{1, 1, 2})
	given := doc(sms.KindRule, "c")
	given.ID = 50
	want(f, "an id that is given", f.create(given)[0].ID, int64(50))
	want(f, "the next one", f.create(doc(sms.KindRule, "d"))[0].ID, int64(51))
	given = doc(sms.KindRule, "e")
	given.ID = 10
	want(f, "a lower one", f.create(given)[0].ID, int64(10))
	last := f.docs(store.DocFilter{Kind: sms.KindRule, ID: 51})[0]
	_, err := f.write(store.DocChange{Doc: last, Delete: true})
	f.ok(err)
	want(f, "never used again", f.create(doc(sms.KindRule, "f"))[0].ID, int64(52))
	want(f, "the other kind", f.create(doc(sms.KindRoute, "b"))[0].ID, int64(2))
}

func docRefused(f *fix) {
	w := f.create(doc(sms.KindRule, "first"))[0]
	second := w
	second.Name = "Second"
	second = f.create(second)[0]
	taken := doc(sms.KindRule, "Third")
	taken.ID = w.ID
	gone := second
	gone.ID = 77
	before, version := view(f), f.version()
	for _, c := range []struct {
		what   string
		change store.DocChange
		code   sms.Code
	}{
		{"an old version", store.DocChange{Doc: w}, sms.CodeConflict},
		{"delete an old version", store.DocChange{Doc: w, Delete: true}, sms.CodeConflict},
		{"an id that exists", store.DocChange{Doc: taken}, sms.CodeConflict},
		{"one that is gone", store.DocChange{Doc: gone}, sms.CodeNotFound},
		{"delete one that is gone", store.DocChange{Doc: gone, Delete: true}, sms.CodeNotFound},
	} {
		_, err := f.write(c.change)
		f.refused(err, c.code)
		if !strings.Contains(err.Error(), "rule") || !strings.Contains(err.Error(), c.change.Name) {
			f.Errorf("%s: %q does not name kind and name", c.what, err)
		}
		want(f, c.what+" writes nothing", view(f), before)
		want(f, c.what+" raises nothing", f.version(), version)
	}
}

func docUniqueKey(f *fix) {
	w := f.create(doc(sms.KindRule, "a"), doc(sms.KindRule, "b"))
	_, err := f.write(store.DocChange{Doc: doc(sms.KindRule, "a")})
	f.refused(err, sms.CodeConflict)
	b := w[1]
	b.UniqueKey = "a"
	_, err = f.write(store.DocChange{Doc: b})
	f.refused(err, sms.CodeConflict)
	_, err = f.write(store.DocChange{Doc: doc(sms.KindRule, "c")}, store.DocChange{Doc: doc(sms.KindRule, "c")})
	f.refused(err, sms.CodeConflict)
	f.create(doc(sms.KindRoute, "a")) // another kind
	same := f.create(w[0])[0]         // its own key
	b.UniqueKey = "b2"                //
	b = f.create(b)[0]                // a new key
	f.create(doc(sms.KindRule, "b"))  // frees the old one
	_, err = f.write(store.DocChange{Doc: same, Delete: true}, store.DocChange{Doc: doc(sms.KindRule, "a")})
	f.ok(err) // deleted and made again in one write
	want(f, "docs", len(f.docs(store.DocFilter{Kind: sms.KindRule})), 3)
	want(f, "version", b.Version, int64(2))
}

func docAtomic(f *fix) {
	w := f.create(doc(sms.KindAccount, "a"))[0]
	before, version := view(f), f.version()
	stale := w
	stale.Version = 9
	_, err := f.write(store.DocChange{Doc: doc(sms.KindAccount, "new")}, store.DocChange{Doc: w, Delete: true}, store.DocChange{Doc: stale})
	if err == nil {
		f.Fatal("a stale change was written")
	}
	want(f, "nothing was written", view(f), before)
	want(f, "version", f.version(), version)
	want(f, "ids were not used", f.create(doc(sms.KindAccount, "b"))[0].ID, w.ID+1)
}

func docAnswers(f *fix) {
	w := f.create(doc(sms.KindRule, "a"), doc(sms.KindRule, "b"))
	written, err := f.write(store.DocChange{Doc: doc(sms.KindRule, "c")}, store.DocChange{Doc: w[0], Delete: true}, store.DocChange{Doc: w[1]})
	f.ok(err)
	want(f, "answers", len(written), 3)
	want(f, "names", []string{written[0].Name, written[1].Name, written[2].Name}, []string{"c", "a", "b"})
	want(f, "versions", []int64{written[0].Version, written[2].Version}, []int64{1, 2})
}

func docDeleted(f *fix) {
	a := f.account("a", 0)
	n, err := store.Get[*sms.Account](f.ctx, f.s, sms.KindAccount, store.DocFilter{ID: a})
	f.ok(err)
	f.ok(store.Delete(f.ctx, f.s, f.now, "test", n))
	want(f, "docs", len(f.docs(store.DocFilter{})), 0)
	_, err = f.s.Balance(f.ctx, a)
	f.refused(err, sms.CodeNotFound)
	f.refused(f.acceptAll(f.call(a, 1))[0].Err, sms.CodeNotFound)
	f.refused(store.Delete(f.ctx, f.s, f.now, "test", n), sms.CodeNotFound)
}

func docTogether(f *fix) {
	connector, route := doc(sms.KindConnector, "c"), doc(sms.KindRoute, "r")
	connector.ID, route.ID = 7, 8
	route.Body = []byte(`{"enabled":true,"connectors":[{"id":"7","priority":1}]}`)
	f.create(connector, route)
	catalog, err := store.Catalog(f.ctx, f.s)
	f.ok(err)
	want(f, "route", catalog.Route(8).Connectors, []sms.RouteConnector{{ID: 7, Priority: 1}})
	want(f, "connector", catalog.Connector(7).Name, "c")
	want(f, "version", catalog.Version, f.version())
}

func docCreditLimit(f *fix) {
	a := f.account("a", 10*sms.Credit, creditLimit(5*sms.Credit))
	f.accept(f.call(a, 2))
	for _, c := range []struct {
		limit   sms.Money
		balance string
	}{{5 * sms.Credit, "10/2/13"}, {7 * sms.Credit, "10/2/15"}, {0, "10/2/8"}} {
		_, err := updateAccount(f, a, func(n *sms.Account) { n.CreditLimit = c.limit })
		f.ok(err)
		want(f, "balance", f.balance(a), c.balance)
	}
}

func docCounters(f *fix) {
	a := f.account("a", 10*sms.Credit, func(n *sms.Account) { n.GroupStart, n.RecipientStart, n.InboxStart = 10, 20, 30 })
	want(f, "at first", f.counters(a), store.Counters{Group: 10, Recipient: 20, Inbox: 30})
	f.accept(f.call(a, 3))
	f.receive(rules(a), f.inbound("x"))
	for _, c := range []struct {
		what                    string
		group, recipient, inbox int64
		want                    store.Counters
	}{
		{"the same starts", 10, 20, 30, store.Counters{Group: 11, Recipient: 23, Inbox: 31}},
		{"lower starts", 1, 1, 1, store.Counters{Group: 11, Recipient: 23, Inbox: 31}},
		{"higher starts", 500, 600, 700, store.Counters{Group: 500, Recipient: 600, Inbox: 700}},
		{"one of them", 499, 601, 700, store.Counters{Group: 500, Recipient: 601, Inbox: 700}},
	} {
		_, err := updateAccount(f, a, func(n *sms.Account) { n.GroupStart, n.RecipientStart, n.InboxStart = c.group, c.recipient, c.inbox })
		f.ok(err)
		want(f, c.what, f.counters(a), c.want)
	}
	g := f.accept(f.call(a, 1))
	want(f, "used", []int64{g.Number, g.FirstRecipient}, []int64{500, 601})
	f.receive(rules(a), f.inbound("y"))
	want(f, "inbox number", f.inbox(a, store.InboxFilter{})[0].Number, int64(700))
}

func docAccountInUse(f *fix) {
	remove := func(id int64) error {
		n, err := store.Get[*sms.Account](f.ctx, f.s, sms.KindAccount, store.DocFilter{ID: id})
		f.ok(err)
		return store.Delete(f.ctx, f.s, f.now, "test", n)
	}
	credit := f.account("credit", sms.Credit)
	debt := f.account("debt", 0, creditLimit(5*sms.Credit))
	_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: debt, Kind: sms.TransferAdjust, Amount: -1})
	f.ok(err)
	messages := f.account("messages", 0)
	f.accept(f.call(messages, 1, failed))
	mail := f.account("mail", 0)
	f.receive(rules(mail), f.inbound("x"))
	for _, id := range []int64{credit, debt, messages, mail} {
		f.refused(remove(id), sms.CodeConflict)
		_, err := f.s.Balance(f.ctx, id)
		f.ok(err)
	}
	_, err = f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: credit, Kind: sms.TransferAdjust, Amount: -sms.Credit})
	f.ok(err)
	f.ok(remove(credit))
}

func docAccountAgain(f *fix) {
	a := f.account("a", 0)
	n, err := store.Get[*sms.Account](f.ctx, f.s, sms.KindAccount, store.DocFilter{ID: a})
	f.ok(err)
	f.ok(store.Delete(f.ctx, f.s, f.now, "test", n))
	b := f.account("a", sms.Credit)
	if a == b {
		f.Errorf("account id %d was used again", a)
	}
	want(f, "balance", f.balance(b), "1/0/1")
}

func docRace(f *fix) {
	a := f.account("a", 0)
	together(4, func(int) error {
		for range 3 {
			for {
				_, err := store.Update(f.ctx, f.s, f.now, "test", sms.KindAccount, store.DocFilter{ID: a}, func(n *sms.Account) error {
					n.CreditLimit++
					return nil
				})
				if sms.CodeOf(err) == sms.CodeConflict && err != nil {
					continue
				}
				if err != nil {
					f.Errorf("Update: %v", err)
				}
				break
			}
		}
		return nil
	})
	n, err := store.Get[*sms.Account](f.ctx, f.s, sms.KindAccount, store.DocFilter{ID: a})
	f.ok(err)
	want(f, "limit and version", []int64{int64(n.CreditLimit), n.Version}, []int64{12, 13})
	want(f, "row of the account", f.balance(a), "0/0/0.000012")
}
