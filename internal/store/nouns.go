package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// Catalog loads the whole configuration as an indexed snapshot.
func Catalog(ctx context.Context, d Docs) (*sms.Catalog, error) {
	docs, version, err := d.ReadDocs(ctx, DocFilter{})
	if err != nil {
		return nil, err
	}
	nouns := make([]sms.Noun, 0, len(docs))
	for _, doc := range docs {
		n, err := Decode(doc)
		if err != nil {
			return nil, err
		}
		nouns = append(nouns, n)
	}
	return sms.NewCatalog(version, nouns), nil
}

// Decode makes the noun of a doc.
func Decode(d Doc) (sms.Noun, error) {
	n := sms.NewNoun(d.Kind)
	if n == nil {
		return nil, fmt.Errorf("store: a noun of unknown kind %q; this database belongs to a newer Harkara", d.Kind)
	}
	if err := json.Unmarshal(d.Body, n); err != nil {
		return nil, fmt.Errorf("store: %s %d cannot be read: %w", d.Kind, d.ID, err)
	}
	*n.Meta() = sms.Head{ID: d.ID, AccountID: d.AccountID, Name: d.Name, Version: d.Version, UpdatedAt: d.UpdatedAt}
	return n, nil
}

// Encode validates a noun and makes its doc.
func Encode(n sms.Noun) (Doc, error) {
	if err := n.Validate(); err != nil {
		return Doc{}, err
	}
	body, err := json.Marshal(n)
	if err != nil {
		return Doc{}, err
	}
	h := n.Meta()
	return Doc{Kind: n.Kind(), ID: h.ID, AccountID: h.AccountID, Name: h.Name, UniqueKey: n.UniqueKey(),
		Version: h.Version, UpdatedAt: h.UpdatedAt, Body: body}, nil
}

// Save creates the noun (ID 0) or writes a new version of it, and fills in its Head.
func Save(ctx context.Context, d Docs, now time.Time, by string, n sms.Noun) error {
	doc, err := Encode(n)
	if err != nil {
		return err
	}
	written, err := d.WriteDocs(ctx, now, by, []DocChange{{Doc: doc}})
	if err != nil {
		return err
	}
	h := n.Meta()
	h.ID, h.Version, h.UpdatedAt = written[0].ID, written[0].Version, written[0].UpdatedAt
	return nil
}

// Removal is the change that deletes the noun as it was read.
func Removal(n sms.Noun) DocChange {
	h := n.Meta()
	return DocChange{Delete: true, Doc: Doc{Kind: n.Kind(), ID: h.ID, AccountID: h.AccountID, Name: h.Name,
		UniqueKey: n.UniqueKey(), Version: h.Version}}
}

// Delete removes the noun as it was read.
func Delete(ctx context.Context, d Docs, now time.Time, by string, n sms.Noun) error {
	_, err := d.WriteDocs(ctx, now, by, []DocChange{Removal(n)})
	return err
}

// Find returns the nouns of the kind that match f, in order of id.
func Find[N sms.Noun](ctx context.Context, d Docs, kind sms.Kind, f DocFilter) ([]N, error) {
	f.Kind = kind
	docs, _, err := d.ReadDocs(ctx, f)
	if err != nil {
		return nil, err
	}
	list := make([]N, 0, len(docs))
	for _, doc := range docs {
		n, err := Decode(doc)
		if err != nil {
			return nil, err
		}
		list = append(list, n.(N))
	}
	return list, nil
}

// Get returns the one noun that matches f, sms.CodeNotFound if there is none.
func Get[N sms.Noun](ctx context.Context, d Docs, kind sms.Kind, f DocFilter) (N, error) {
	list, err := Find[N](ctx, d, kind, f)
	if err == nil && len(list) != 1 {
		err = sms.Fail(sms.CodeNotFound, fmt.Sprintf("there is no such %s", kind))
	}
	if err != nil {
		var none N
		return none, err
	}
	return list[0], nil
}

// Update reads the noun that matches f, lets change work on it and writes it;
// it tries again when somebody else was faster.
func Update[N sms.Noun](ctx context.Context, d Docs, now time.Time, by string, kind sms.Kind, f DocFilter, change func(N) error) (N, error) {
	for try := 0; ; try++ {
		n, err := Get[N](ctx, d, kind, f)
		if err != nil {
			return n, err
		}
		if err = change(n); err != nil {
			return n, err
		}
		err = Save(ctx, d, now, by, n)
		if sms.CodeOf(err) != sms.CodeConflict || try == 3 {
			return n, err
		}
	}
}
