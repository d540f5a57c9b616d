package admin_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/admin"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// rig is a desk on an empty store, with an environment and files of its own.
type rig struct {
	*admin.Desk
	t     *testing.T
	store *memory.Store
	env   map[string]string
	files map[string]string
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, store: memory.New(memory.Options{}), env: map[string]string{}, files: map[string]string{}}
	r.Desk = admin.NewDesk(admin.Options{
		Store: r.store, By: "tester", Now: func() time.Time { return noon },
		Check: func(c *sms.Connector) error {
			if c.Protocol != "smpp" {
				return sms.Fail(sms.CodeInvalid, fmt.Sprintf("connector %s: there is no protocol %q", c.Name, c.Protocol))
			}
			return nil
		},
		Hash: func(apiKey, token string) (string, error) {
			sum := sha256.Sum256([]byte(apiKey + "\x00" + token))
			return hex.EncodeToString(sum[:]), nil
		},
		Getenv: func(name string) string { return r.env[name] },
		ReadFile: func(name string) ([]byte, error) {
			if text, ok := r.files[name]; ok {
				return []byte(text), nil
			}
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		},
	})
	return r
}

func (r *rig) apply(text string, o admin.ApplyOptions) ([]admin.Diff, error) {
	return r.Apply(context.Background(), admin.ParseFile("f.yaml", []byte(text)), o)
}

// mustApply applies and returns the diff in words.
func (r *rig) mustApply(text string, o admin.ApplyOptions) string {
	r.t.Helper()
	diffs, err := r.apply(text, o)
	if err != nil {
		r.t.Fatalf("apply: %v", err)
	}
	return words(diffs)
}

func words(diffs []admin.Diff) string {
	var b strings.Builder
	for _, d := range diffs {
		for _, line := range d.Lines() {
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

func (r *rig) version() int64 {
	r.t.Helper()
	v, err := r.store.DocsVersion(context.Background())
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}

// small is a configuration with one of each.
const small = `
price_lists: [{name: std, prices: [{prefix: "880", price: 0.5}]}]
connectors: [{name: gp, protocol: smpp, settings: {hosts: [a], password: geheim}}]
routes: [{name: bd, connectors: [gp]}]
rules: [{prefix: "880", route: bd}]
accounts:
  - name: shop
    time_zone: UTC
    price_list: std
    routes: [bd]
    senders: [{name: SHOP, status: approved, connectors: [gp]}]
    numbers: [{number: "16222", keyword: shop}]
    keys: [{name: main, api_key: KEY, token_hash: ` + someHash + `}]
`

const someHash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

func wantCode(t *testing.T, err error, code sms.Code, holds string) {
	t.Helper()
	if sms.CodeOf(err) != code || err == nil || !strings.Contains(err.Error(), holds) {
		t.Errorf("got %v (%s), want %s with %q", err, sms.CodeOf(err), code, holds)
	}
}

func TestCreateShowChangeDelete(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	s := admin.Default[admin.AccountSpec]()
	if !s.Enabled {
		t.Error("an account is enabled by default")
	}
	s.Name, s.TimeZone, s.Country = "shop", "Asia/Dhaka", "880"
	made, err := admin.Create(ctx, r.Desk, s)
	if err != nil {
		t.Fatal(err)
	}
	if made.ID != 1 || made.Version != 1 || made.Country != "BD" || made.MaxParts != 10 || made.GroupStart != 1 {
		t.Errorf("made %+v", made)
	}
	_, err = admin.Create(ctx, r.Desk, s)
	wantCode(t, err, sms.CodeConflict, "account shop exists already")

	changed, diff, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "SHOP"}, func(s *admin.AccountSpec) error {
		s.Name, s.MaxParts = "store", 255
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(diff.Lines(), "|"); got != "~ account store|    name: shop → store|    max_parts: 10 → 255" {
		t.Errorf("diff %s", got)
	}
	if changed.Version != 2 || changed.ID != 1 {
		t.Errorf("changed %+v", changed)
	}
	before := r.version()
	_, diff, err = admin.Change(ctx, r.Desk, admin.Ref{Name: "1"}, func(*admin.AccountSpec) error { return nil })
	if err != nil || diff.Changed() || len(diff.Lines()) != 0 || r.version() != before {
		t.Errorf("nothing to change, but diff %v, error %v, version %d after %d", diff, err, r.version(), before)
	}
	mine := errors.New("mine")
	if _, _, err = admin.Change(ctx, r.Desk, admin.Ref{Name: "id:1"}, func(*admin.AccountSpec) error { return mine }); err != mine {
		t.Errorf("error of the change function: %v", err)
	}
	if _, err := r.Delete(ctx, sms.KindAccount, admin.Ref{Name: "store"}); err != nil {
		t.Error(err)
	}
	_, err = admin.Show[admin.AccountSpec](ctx, r.Desk, admin.Ref{Name: "store"})
	wantCode(t, err, sms.CodeNotFound, `there is no account "store"; there is none yet`)
}

func TestChangeToTakenName(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(`routes: [{name: a, connectors: [c]}, {name: b, connectors: [c]}]
connectors: [{name: c, protocol: smpp}]`, admin.ApplyOptions{})
	_, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "a"}, func(s *admin.RouteSpec) error { s.Name = "B"; return nil })
	wantCode(t, err, sms.CodeConflict, "route b exists already")
}

func TestFind(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small+`
  - name: other
    time_zone: UTC
    price_list: std
    senders: [{name: shop}, {name: mine}]
    numbers: [{number: "16222"}]
    keys: [{name: main, api_key: KEY2, token_hash: `+someHash+`}]
`, admin.ApplyOptions{})
	for _, c := range []struct {
		account, name string
		find          func(admin.Ref) (int64, error)
		want          int64
		code          sms.Code
		holds         string
	}{
		{"", "mine", sender(r), 3, "", ""},
		{"shop", "shop", sender(r), 1, "", ""},
		{"other", "SHOP", sender(r), 2, "", ""},
		{"", "shop", sender(r), 0, sms.CodeInvalid, `several accounts have a sender "shop": name the account too`},
		{"shop", "mine", sender(r), 0, sms.CodeNotFound, `there is no sender "mine" of account shop; there is SHOP`},
		{"nobody", "mine", sender(r), 0, sms.CodeNotFound, `there is no account "nobody"; there is shop, other`},
		{"", "id:2", sender(r), 2, "", ""},
		{"shop", "id:2", sender(r), 0, sms.CodeNotFound, "no sender"},
		{"", "3", sender(r), 3, "", ""},
		{"", " ", sender(r), 0, sms.CodeInvalid, "name the sender"},
		{"", "KEY2", key(r), 2, "", ""},
		{"other", "main", key(r), 2, "", ""},
		{"shop", "KEY2", key(r), 0, sms.CodeNotFound, "no key"},
		{"", "key", key(r), 0, sms.CodeNotFound, "no key"}, // case matters
		{"", "main", key(r), 0, sms.CodeInvalid, "several accounts"},
		{"", "16222", number(r), 2, "", ""},
		{"", "16222:SHOP", number(r), 1, "", ""},
		{"", "16222:pizza", number(r), 0, sms.CodeNotFound, "there is 16222:shop, 16222"},
	} {
		id, err := c.find(admin.Ref{Account: c.account, Name: c.name})
		if c.code != "" {
			wantCode(t, err, c.code, c.holds)
		} else if err != nil || id != c.want {
			t.Errorf("%s/%s: got %d, %v, want %d", c.account, c.name, id, err, c.want)
		}
	}
	list, err := admin.List[admin.SenderSpec](ctx, r.Desk, "other")
	if err != nil || len(list) != 2 || list[0].Name != "shop" || list[0].Account != "other" {
		t.Errorf("list %v, %v", list, err)
	}
	_, err = admin.List[admin.SenderSpec](ctx, r.Desk, "nobody")
	wantCode(t, err, sms.CodeNotFound, "no account")
	shop, err := admin.Show[admin.AccountSpec](ctx, r.Desk, admin.Ref{Name: "shop"})
	if err != nil || len(shop.Senders) != 1 || len(shop.Keys) != 1 || len(shop.Numbers) != 1 {
		t.Errorf("shown %+v, %v", shop, err)
	}
}

func sender(r *rig) func(admin.Ref) (int64, error) {
	return func(ref admin.Ref) (int64, error) {
		s, err := admin.Show[admin.SenderSpec](context.Background(), r.Desk, ref)
		return s.ID, err
	}
}

func key(r *rig) func(admin.Ref) (int64, error) {
	return func(ref admin.Ref) (int64, error) {
		s, err := admin.Show[admin.KeySpec](context.Background(), r.Desk, ref)
		return s.ID, err
	}
}

func number(r *rig) func(admin.Ref) (int64, error) {
	return func(ref admin.Ref) (int64, error) {
		s, err := admin.Show[admin.NumberSpec](context.Background(), r.Desk, ref)
		return s.ID, err
	}
}

func TestDeleteKeepsWhatIsNeeded(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	for _, c := range []struct {
		kind  sms.Kind
		name  string
		holds string
	}{
		{sms.KindConnector, "gp", "connector gp cannot be removed: it is used by route bd, sender SHOP of account shop"},
		{sms.KindRoute, "bd", "used by account shop, rule 880"},
		{sms.KindPriceList, "std", "used by account shop"},
	} {
		_, err := r.Delete(ctx, c.kind, admin.Ref{Name: c.name})
		wantCode(t, err, sms.CodeConflict, c.holds)
	}
	diff, err := r.Delete(ctx, sms.KindAccount, admin.Ref{Name: "shop"})
	if err != nil || diff.Op != admin.OpRemove || diff.Name != "shop" {
		t.Fatalf("delete: %v, %v", diff, err)
	}
	for _, k := range []sms.Kind{sms.KindSender, sms.KindNumber, sms.KindCredential} {
		docs, _, err := r.store.ReadDocs(ctx, store.DocFilter{Kind: k})
		if err != nil || len(docs) != 0 {
			t.Errorf("%s of the removed account: %v, %v", k, docs, err)
		}
	}
	for _, step := range []struct {
		kind sms.Kind
		name string
	}{{sms.KindRule, "880"}, {sms.KindRoute, "bd"}, {sms.KindConnector, "gp"}, {sms.KindPriceList, "std"}} {
		if _, err := r.Delete(ctx, step.kind, admin.Ref{Name: step.name}); err != nil {
			t.Error(err)
		}
	}
}

func TestDeleteRouteWithQueue(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(`connectors: [{name: gp, protocol: smpp}]
routes: [{name: bd, connectors: [gp]}]
accounts: [{name: shop, time_zone: UTC}]`, admin.ApplyOptions{})
	queueOne(t, r.store)
	_, err := r.Delete(ctx, sms.KindRoute, admin.Ref{Name: "bd"})
	wantCode(t, err, sms.CodeConflict, "route bd has 1 messages in its queue: disable it and wait")
	_, err = r.apply(`routes: []`, admin.ApplyOptions{Prune: true})
	wantCode(t, err, sms.CodeInvalid, "route bd has 1 messages in its queue")
	_, err = r.Delete(ctx, sms.KindAccount, admin.Ref{Name: "shop"})
	wantCode(t, err, sms.CodeConflict, "messages or credit")
}

// queueOne puts one free message into the queue of route 1.
func queueOne(t *testing.T, s *memory.Store) {
	t.Helper()
	m := sms.Message{AccountID: 1, To: "8801712345678", State: sms.Queued, Parts: 1, Units: 1, RouteID: 1, Lane: sms.LaneNormal,
		DueAt: noon, ExpiresAt: noon.Add(time.Hour), CloseAt: noon.Add(2 * time.Hour), UpdatedAt: noon}
	done, err := s.Accept(context.Background(), noon, []sms.Call{{Group: sms.Group{AccountID: 1, Count: 1, Type: sms.TypeSMS, At: noon},
		Messages: []sms.Message{m}}})
	if err != nil || done[0].Err != nil {
		t.Fatal(err, done)
	}
}

func TestBadSpecs(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	try := func(_ any, err error) error { return err }
	route := func(change func(*admin.RouteSpec)) error {
		s := admin.Default[admin.RouteSpec]()
		s.Name, s.Connectors = "x", []admin.RouteConnector{{Name: "gp"}}
		change(&s)
		return try(admin.Create(ctx, r.Desk, s))
	}
	for holds, err := range map[string]error{
		"time zone":                                        try(admin.Create(ctx, r.Desk, admin.AccountSpec{Name: "x"})),
		"country: unknown country":                         try(admin.Create(ctx, r.Desk, admin.AccountSpec{Name: "x", TimeZone: "UTC", Country: "XX"})),
		`there is no price list "nope"`:                    try(admin.Create(ctx, r.Desk, admin.AccountSpec{Name: "x", TimeZone: "UTC", PriceList: "nope"})),
		"route bd is named twice":                          try(admin.Create(ctx, r.Desk, admin.AccountSpec{Name: "x", TimeZone: "UTC", Routes: []string{"bd", "bd"}})),
		"name the account it belongs to":                   try(admin.Create(ctx, r.Desk, admin.SenderSpec{Name: "X"})),
		"sender ID is too long":                            try(admin.Create(ctx, r.Desk, admin.SenderSpec{Account: "shop", Name: "ABCDEFGHIJKL"})),
		"sender status":                                    try(admin.Create(ctx, r.Desk, admin.SenderSpec{Account: "shop", Name: "OK1", Status: "ok"})),
		"sender SHOP of account shop exists already":       try(admin.Create(ctx, r.Desk, admin.SenderSpec{Account: "shop", Name: "shop"})),
		"must have 3 to 15 digits":                         try(admin.Create(ctx, r.Desk, admin.NumberSpec{Account: "shop", Number: "12"})),
		"has a blank in it":                                try(admin.Create(ctx, r.Desk, admin.NumberSpec{Account: "shop", Number: "16333", Keyword: "a b"})),
		"number 16222:shop of account shop exists already": try(admin.Create(ctx, r.Desk, admin.NumberSpec{Account: "shop", Number: "+16 222", Keyword: " SHOP"})),
		"api_key is missing":                               try(admin.Create(ctx, r.Desk, admin.KeySpec{Account: "shop", Name: "x"})),
		"a new key needs its token":                        try(admin.Create(ctx, r.Desk, admin.KeySpec{Account: "shop", Name: "x", APIKey: "k"})),
		"give the key a name":                              try(admin.Create(ctx, r.Desk, admin.KeySpec{Account: "shop", APIKey: "k", TokenHash: someHash})),
		"another key named MAIN":                           try(admin.Create(ctx, r.Desk, admin.KeySpec{Account: "shop", Name: "MAIN", APIKey: "k", TokenHash: someHash})),
		"neither an IP address":                            try(admin.Create(ctx, r.Desk, admin.KeySpec{Account: "shop", Name: "x", APIKey: "k", TokenHash: someHash, IPs: []string{"x"}})),
		`there is no protocol "uucp"`:                      try(admin.Create(ctx, r.Desk, admin.ConnectorSpec{Name: "x", Protocol: "uucp"})),
		"needs a protocol":                                 try(admin.Create(ctx, r.Desk, admin.ConnectorSpec{Name: "x"})),
		"has no connector":                                 route(func(s *admin.RouteSpec) { s.Connectors = nil }),
		"name the connector":                               route(func(s *admin.RouteSpec) { s.Connectors[0].Name = "" }),
		"connector gp is named twice":                      route(func(s *admin.RouteSpec) { s.Connectors = append(s.Connectors, s.Connectors[0]) }),
		`"0162" is no short code`:                          route(func(s *admin.RouteSpec) { s.ShortCodes = []string{"0162"} }),
		"two costs for prefix":                             route(func(s *admin.RouteSpec) { s.Costs = []admin.CostSpec{{Cost: 1}, {Cost: 2}} }),
		"it must be above 0":                               route(func(s *admin.RouteSpec) { s.Number = -1 }),
		"id 1 belongs to bd":                               route(func(s *admin.RouteSpec) { s.Number = 1 }),
		"name the route it sends to":                       try(admin.Create(ctx, r.Desk, admin.RuleSpec{Prefix: "1"})),
		"rule 880 exists already":                          try(admin.Create(ctx, r.Desk, admin.RuleSpec{Prefix: "880", Route: "bd"})),
		"two prices for prefix":                            try(admin.Create(ctx, r.Desk, admin.PriceListSpec{Name: "x", Prices: []admin.PriceSpec{{}, {}}})),
		`there is no route "id:77"`:                        try(admin.Create(ctx, r.Desk, admin.PriceListSpec{Name: "x", Prices: []admin.PriceSpec{{Route: "id:77"}}})),
		"2 problems:\n  there is no connector":             route(func(s *admin.RouteSpec) { s.Connectors = []admin.RouteConnector{{Name: "a"}, {Name: "b"}} }),
	} {
		if err == nil || !strings.Contains(err.Error(), holds) {
			t.Errorf("got %v, want %q", err, holds)
		}
	}
	_, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "bd"}, func(s *admin.RouteSpec) error { s.Number = 7; return nil })
	wantCode(t, err, sms.CodeInvalid, "its id is 1 and cannot become 7")
}

// A conflict is tried again, not for ever; other errors of the store come through.
func TestWriteConflicts(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	conflict := sms.Fail(sms.CodeConflict, "somebody was faster")
	down := sms.Unavailable("disk full", nil)
	rename := func() error {
		_, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "std"}, func(s *admin.PriceListSpec) error { s.ChargeOn = "delivered"; return nil })
		return err
	}
	r.store.FailNext(memory.VerbWriteDocs, conflict)
	if err := rename(); err != nil {
		t.Errorf("one conflict: %v", err)
	}
	remove := func() error { _, err := r.Delete(ctx, sms.KindRule, admin.Ref{Name: "880"}); return err }
	for range 5 {
		r.store.FailNext(memory.VerbWriteDocs, conflict)
	}
	wantCode(t, remove(), sms.CodeConflict, "somebody was faster")
	r.store.FailNext(memory.VerbWriteDocs, conflict)
	if err := remove(); err != nil {
		t.Errorf("one conflict: %v", err)
	}
	r.store.FailNext(memory.VerbReadDocs, down)
	wantCode(t, rename(), sms.CodeUnavailable, "disk full")
	r.store.FailNext(memory.VerbReadDocs, down)
	wantCode(t, remove(), sms.CodeUnavailable, "disk full")
	r.store.FailNext(memory.VerbStats, down)
	_, err := r.Delete(ctx, sms.KindRoute, admin.Ref{Name: "bd"})
	wantCode(t, err, sms.CodeConflict, "is used by") // not even asked
	for _, err := range []error{
		func() error {
			r.store.FailNext(memory.VerbReadDocs, down)
			_, err := admin.List[admin.RouteSpec](ctx, r.Desk, "")
			return err
		}(),
		func() error {
			r.store.FailNext(memory.VerbReadDocs, down)
			_, err := admin.Show[admin.RouteSpec](ctx, r.Desk, admin.Ref{Name: "bd"})
			return err
		}(),
		func() error {
			r.store.FailNext(memory.VerbReadDocs, down)
			_, err := r.Export(ctx, false)
			return err
		}(),
		func() error {
			r.store.FailNext(memory.VerbReadDocs, down)
			_, err := r.apply(small, admin.ApplyOptions{})
			return err
		}(),
	} {
		wantCode(t, err, sms.CodeUnavailable, "disk full")
	}
}

// What was written carries who did it.
func TestHistoryNamesTheOperator(t *testing.T) {
	r, ctx := newRig(t), context.Background()
	r.mustApply(small, admin.ApplyOptions{})
	_, _, err := admin.Change(ctx, r.Desk, admin.Ref{Name: "gp"}, func(s *admin.ConnectorSpec) error { s.Pace = 5; return nil })
	if err != nil {
		t.Fatal(err)
	}
	h := r.store.History(sms.KindConnector, 1)
	if len(h) != 1 || h[0].By != "tester" {
		t.Errorf("history %+v", h)
	}
}

// later is a clock that stands one hour after noon.
func later() time.Time { return noon.Add(time.Hour) }
