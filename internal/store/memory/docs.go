package memory

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Replaced is a version of a doc that a later one replaced or that was deleted.
type Replaced struct {
	store.Doc
	By string
	At time.Time
}

// History returns the replaced versions of a doc, the oldest first. It is not
// part of the contract.
func (s *Store) History(kind sms.Kind, id int64) []Replaced {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Replaced
	for _, r := range s.state.replaced {
		if r.Kind == kind && r.ID == id {
			list = append(list, r)
		}
	}
	return list
}

// ReadDocs implements store.Docs.
func (s *Store) ReadDocs(ctx context.Context, f store.DocFilter) (docs []store.Doc, version int64, err error) {
	err = s.look(ctx, VerbReadDocs, func(t *tx) error {
		version = t.version
		for _, k := range sortedKeys(t.docs, docKey.compare) {
			if d := t.docs[k]; fits(d, f) {
				d.Body = slices.Clone(d.Body)
				docs = append(docs, d)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return docs, version, nil
}

func fits(d store.Doc, f store.DocFilter) bool {
	return (f.Kind == "" || f.Kind == d.Kind) && (f.ID == 0 || f.ID == d.ID) &&
		(f.AccountID == 0 || f.AccountID == d.AccountID) && (f.UniqueKey == "" || f.UniqueKey == d.UniqueKey)
}

// WriteDocs implements store.Docs.
func (s *Store) WriteDocs(ctx context.Context, now time.Time, by string, changes []store.DocChange) (written []store.Doc, err error) {
	err = s.run(ctx, VerbWriteDocs, now, func(t *tx) error {
		for _, c := range changes {
			c.Body = slices.Clone(c.Body)
			d, err := t.writeDoc(c, by)
			if err != nil {
				return err
			}
			d.Body = slices.Clone(d.Body)
			written = append(written, d)
		}
		version := t.version
		t.onRollback(func() { t.version = version })
		t.version++
		return nil
	})
	if err != nil {
		return nil, err
	}
	return written, nil
}

func (t *tx) writeDoc(c store.DocChange, by string) (store.Doc, error) {
	var err error
	if c.Version == 0 && !c.Delete {
		err = t.identify(&c.Doc)
	} else {
		err = t.replace(c, by)
	}
	if err != nil {
		return store.Doc{}, err
	}
	if c.Delete {
		return c.Doc, t.deleted(c.Doc)
	}
	name := docName{c.Kind, c.UniqueKey}
	if _, taken := t.docNames[name]; taken {
		return store.Doc{}, sms.Fail(sms.CodeConflict, fmt.Sprintf("there is another %s named %s", c.Kind, c.Name))
	}
	c.Version++
	c.UpdatedAt = t.now
	put(t, t.docs, docKey{c.Kind, c.ID}, c.Doc)
	put(t, t.docNames, name, c.ID)
	switch c.Kind {
	case sms.KindAccount:
		return c.Doc, t.syncAccount(c.Doc)
	case sms.KindSubscriber:
		return c.Doc, t.syncSubscribers()
	}
	return c.Doc, nil
}

// identify gives a new doc its id, unless it brings one.
func (t *tx) identify(d *store.Doc) error {
	if d.ID == 0 {
		d.ID = t.docLast[d.Kind] + 1
	}
	if old, taken := t.docs[docKey{d.Kind, d.ID}]; taken {
		return sms.Fail(sms.CodeConflict, fmt.Sprintf("%s %d cannot be %s: it is %s", d.Kind, d.ID, d.Name, old.Name))
	}
	put(t, t.docLast, d.Kind, max(d.ID, t.docLast[d.Kind]))
	return nil
}

// replace moves the present version of a doc into the history.
func (t *tx) replace(c store.DocChange, by string) error {
	key := docKey{c.Kind, c.ID}
	old, ok := t.docs[key]
	if !ok {
		return sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no %s %s (%d) any more", c.Kind, c.Name, c.ID))
	}
	if old.Version != c.Version {
		return sms.Fail(sms.CodeConflict, fmt.Sprintf("%s %s was changed by somebody else: read it again", c.Kind, c.Name))
	}
	drop(t, t.docs, key)
	drop(t, t.docNames, docName{old.Kind, old.UniqueKey})
	history := t.replaced
	t.onRollback(func() { t.replaced = history })
	t.replaced = append(history, Replaced{old, by, t.now})
	if c.Kind == sms.KindSubscriber && c.AccountID != old.AccountID {
		t.dropDeliveriesOf(c.ID) // they tell of another account
	}
	return nil
}

// deleted is what follows from the end of a doc.
func (t *tx) deleted(d store.Doc) error {
	switch d.Kind {
	case sms.KindAccount:
		row := t.accounts[d.ID]
		if row.groups > 0 || row.mail > 0 || row.balance.Posted != 0 || row.balance.Reserved != 0 {
			return sms.Fail(sms.CodeConflict, fmt.Sprintf("account %s has messages or credit: disable it instead", d.Name))
		}
		drop(t, t.accounts, d.ID)
	case sms.KindSubscriber:
		t.dropDeliveriesOf(d.ID)
		return t.syncSubscribers()
	}
	return nil
}

func (t *tx) dropDeliveriesOf(subscriber int64) {
	for _, row := range sortedKeys(t.deliveries, func(a, b int64) int { return int(a - b) }) {
		if x := t.deliveries[row]; x.SubscriberID == subscriber {
			t.dropDelivery(x)
		}
	}
}

// syncAccount copies what the account's row needs from its noun.
func (t *tx) syncAccount(d store.Doc) error {
	var a sms.Account
	if err := json.Unmarshal(d.Body, &a); err != nil {
		return &sms.Error{Code: sms.CodeInvalid, Message: "the account cannot be read: write it as JSON of sms.Account", Err: err}
	}
	row := t.accounts[d.ID]
	row.balance.AccountID, row.balance.CreditLimit = d.ID, a.CreditLimit
	row.next.Group = max(1, row.next.Group, a.GroupStart)
	row.next.Recipient = max(1, row.next.Recipient, a.RecipientStart)
	row.next.Inbox = max(1, row.next.Inbox, a.InboxStart)
	put(t, t.accounts, d.ID, row)
	return nil
}

// syncSubscribers finds again who gets the events of which account.
func (t *tx) syncSubscribers() error {
	old := t.subscribers
	t.onRollback(func() { t.state.subscribers = old })
	t.state.subscribers = map[int64][]subscriber{}
	for _, k := range sortedKeys(t.docs, docKey.compare) {
		d := t.docs[k]
		if d.Kind != sms.KindSubscriber {
			continue
		}
		var n sms.Subscriber
		if err := json.Unmarshal(d.Body, &n); err != nil {
			return &sms.Error{Code: sms.CodeInvalid, Message: "the subscriber cannot be read: write it as JSON of sms.Subscriber", Err: err}
		}
		t.state.subscribers[d.AccountID] = append(t.state.subscribers[d.AccountID], subscriber{d.ID, n.EveryEvent()})
	}
	return nil
}

// DocsVersion implements store.Docs.
func (s *Store) DocsVersion(ctx context.Context) (version int64, err error) {
	err = s.look(ctx, VerbDocsVersion, func(t *tx) error {
		version = t.version
		return nil
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}
