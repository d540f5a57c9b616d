package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// What the verbs do is tested by storetest through the drivers; here is what a
// driver cannot see.

// recorder is a Conn that knows nothing: it keeps the statements and answers
// with the rows it was given, each for one query.
type recorder struct {
	queries []string
	rows    [][]any // nil: no row
	fail    string  // the part of a statement that fails
}

var errDisk = errors.New("the disk is gone")

func (c *recorder) note(query string) error {
	c.queries = append(c.queries, query)
	if c.fail != "" && strings.Contains(query, c.fail) {
		return errDisk
	}
	return nil
}

func (c *recorder) Exec(_ context.Context, query string, args ...any) (int64, error) {
	return 1, c.note(query)
}

func (c *recorder) Query(_ context.Context, row func(Scan) error, query string, args ...any) error {
	if err := c.note(query); err != nil || len(c.rows) == 0 {
		return err
	}
	values := c.rows[0]
	c.rows = c.rows[1:]
	if values == nil {
		return nil
	}
	return row(func(dest ...any) error {
		for i, d := range dest {
			switch p := d.(type) {
			case *int64:
				*p = values[i].(int64)
			case *string:
				*p = values[i].(string)
			case *[]byte:
				*p = []byte(values[i].(string))
			}
		}
		return nil
	})
}

func postgres() *Store {
	return New(Dialect{Numbered: true, ForUpdate: " FOR UPDATE", NextTransfer: "next transfer", NextNobodys: "next nobody's",
		RaiseConfiguration: "raise", ReadConfiguration: "read",
		DropDeliveries: func(ctx context.Context, c Conn, subscriber int64) error {
			_, err := c.Exec(ctx, fmt.Sprint("drop deliveries of ", subscriber))
			return err
		}})
}

func TestParameters(t *testing.T) {
	const query = `SELECT a FROM t WHERE b = ? AND c IN (?, ?)`
	if got := New(Dialect{}).sql(query); got != query {
		t.Errorf("plain: %s", got)
	}
	if got, want := postgres().sql(query), `SELECT a FROM t WHERE b = $1 AND c IN ($2, $3)`; got != want {
		t.Errorf("numbered: %s", got)
	}
}

func TestTimes(t *testing.T) {
	for _, at := range []time.Time{{}, time.Unix(1, 0), time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.FixedZone("x", 3600))} {
		got := Time(Micros(at))
		if want := at.Truncate(time.Microsecond).UTC(); !got.Equal(want) || got.Location() != time.UTC || got.IsZero() != at.IsZero() {
			t.Errorf("%s came back as %s", at, got)
		}
	}
}

// TestLocks: where the database lets several write, what is read to be changed
// is locked, and every parameter is numbered.
func TestLocks(t *testing.T) {
	c := &recorder{rows: [][]any{{int64(10), int64(0), int64(0)}, nil, {int64(1)}}}
	_, err := postgres().Post(context.Background(), c, time.Unix(0, 0), sms.Transfer{AccountID: 1, Kind: sms.TransferTopUp, Amount: 5, Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.queries) != 5 || !strings.HasSuffix(c.queries[0], "WHERE id = $1 FOR UPDATE") {
		t.Errorf("statements: %q", c.queries)
	}
	for _, q := range c.queries {
		if strings.Contains(q, "?") {
			t.Errorf("%s has a parameter without a number", q)
		}
	}
}

func TestPost(t *testing.T) {
	rich := []any{int64(math.MaxInt64/2 - 1), int64(0), int64(0)}
	for _, test := range []struct {
		transfer sms.Transfer
		balance  []any
		code     sms.Code
	}{
		{sms.Transfer{Kind: sms.TransferReserve, Amount: 1}, nil, sms.CodeInvalid},
		{sms.Transfer{Kind: sms.TransferTopUp}, nil, sms.CodeInvalid},
		{sms.Transfer{Kind: sms.TransferRefund, Amount: -1}, nil, sms.CodeInvalid},
		{sms.Transfer{Kind: sms.TransferAdjust}, nil, sms.CodeInvalid},
		{sms.Transfer{Kind: sms.TransferAdjust, Amount: math.MinInt64}, nil, sms.CodeInvalid},
		{sms.Transfer{Kind: sms.TransferTopUp, Amount: 1}, nil, sms.CodeNotFound},
		{sms.Transfer{Kind: sms.TransferTopUp, Amount: 2}, rich, sms.CodeInvalid},
		{sms.Transfer{Kind: sms.TransferAdjust, Amount: -3}, []any{int64(10), int64(8), int64(0)}, sms.CodeCredit},
	} {
		c := &recorder{rows: [][]any{test.balance}}
		_, err := postgres().Post(context.Background(), c, time.Unix(0, 0), test.transfer)
		if err == nil || sms.CodeOf(err) != test.code {
			t.Errorf("%s of %s: %v (%s), want %s", test.transfer.Kind, test.transfer.Amount, err, sms.CodeOf(err), test.code)
		}
		for _, q := range c.queries {
			if !strings.HasPrefix(q, "SELECT") {
				t.Errorf("%s of %s wrote: %s", test.transfer.Kind, test.transfer.Amount, q)
			}
		}
	}
}

// TestFailures of the storage reach the caller from every statement.
func TestFailures(t *testing.T) {
	now, s := time.Unix(1, 0), postgres()
	account := store.Doc{Kind: sms.KindAccount, ID: 4, Name: "a", Version: 1, Body: []byte(`{"group_start":1}`)}
	subscriber := store.Doc{Kind: sms.KindSubscriber, ID: 4, Name: "s", Version: 1}
	created := func(d store.Doc) store.Doc { d.ID, d.Version = 0, 0; return d }
	write := func(changes ...store.DocChange) func(ctx context.Context, c Conn) error {
		return func(ctx context.Context, c Conn) error {
			_, err := s.WriteDocs(ctx, c, now, "me", changes)
			return err
		}
	}
	segment := sms.Inbound{Segment: &sms.Segment{Total: 1, Seq: 1}}
	rules := Inbox{InboundRules: store.InboundRules{Owner: func(string, string) int64 { return 1 }, Decode: func([]sms.Segment) string { return "" },
		Told: func(int64, string) []int64 { return []int64{1} }}, Tell: func(*sms.InboxMessage, []int64) (int64, error) { return 7, nil }}
	one, version := []any{int64(1)}, []any{int64(1), int64(0)}
	for _, test := range []struct {
		name string
		rows [][]any
		run  func(ctx context.Context, c Conn) error
	}{
		{"create", [][]any{one, {int64(5)}, nil}, write(store.DocChange{Doc: created(account)})},
		{"create the first of its kind", [][]any{one, nil, nil}, write(store.DocChange{Doc: created(account)})},
		{"update", [][]any{one, version, nil}, write(store.DocChange{Doc: account})},
		{"delete an account", [][]any{one, version, {int64(0), int64(0)}, {int64(0)}}, write(store.DocChange{Doc: account, Delete: true})},
		{"move a subscriber", [][]any{one, {int64(1), int64(9)}, nil}, write(store.DocChange{Doc: subscriber})},
		{"delete a subscriber", [][]any{one, version}, write(store.DocChange{Doc: subscriber, Delete: true})},
		{"read docs", [][]any{one, nil}, func(ctx context.Context, c Conn) error {
			_, _, err := s.ReadDocs(ctx, c, store.DocFilter{Kind: sms.KindRule, ID: 1, AccountID: 1, UniqueKey: "k"})
			return err
		}},
		{"post", [][]any{{int64(0), int64(0), int64(0)}, nil, one}, func(ctx context.Context, c Conn) error {
			_, err := s.Post(ctx, c, now, sms.Transfer{Kind: sms.TransferTopUp, Amount: 1, Key: "k"})
			return err
		}},
		{"transfers", nil, func(ctx context.Context, c Conn) error {
			_, err := s.Transfers(ctx, c, 1, 0, 1)
			return err
		}},
		{"every transfer", nil, func(ctx context.Context, c Conn) error {
			return s.EachTransfer(ctx, c, func(sms.Transfer) error { return nil })
		}},
		{"inbound", [][]any{one, {int64(1), int64(0), "x", int64(0)}, nil, one}, func(ctx context.Context, c Conn) error {
			return s.AddInbound(ctx, c, now, []sms.Inbound{{}, segment}, rules)
		}},
		{"inbox", nil, func(ctx context.Context, c Conn) error {
			_, err := s.Inbox(ctx, c, 1, store.InboxFilter{UnreadOnly: true})
			return err
		}},
		{"mark read", nil, func(ctx context.Context, c Conn) error { return s.MarkRead(ctx, c, 1, []int64{1}) }},
		{"open", [][]any{one}, func(ctx context.Context, c Conn) error {
			_, err := s.Open(ctx, c, now, "n")
			return err
		}},
		{"purge", [][]any{one, {int64(1), "", "", int64(1), int64(1)}, {int64(1), int64(0), "x", int64(0)}, one}, func(ctx context.Context, c Conn) error {
			_, err := s.Purge(ctx, c, now, time.Hour, 1, rules)
			return err
		}},
		{"audit", nil, func(ctx context.Context, c Conn) error { return s.AddAuthFailures(ctx, c, []store.AuthFailure{{}}) }},
		{"audited", nil, func(ctx context.Context, c Conn) error {
			_, err := s.AuthFailures(ctx, c, 1, 1)
			return err
		}},
	} {
		good := &recorder{rows: test.rows}
		if err := test.run(context.Background(), good); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		for i, q := range good.queries {
			bad := &recorder{rows: test.rows, fail: q}
			if err := test.run(context.Background(), bad); !errors.Is(err, errDisk) || len(bad.queries) > i+1 {
				t.Errorf("%s: %q fails, then %d more statements and the error %v", test.name, q, len(bad.queries)-i-1, err)
			}
		}
	}
}

func TestMissingRow(t *testing.T) {
	_, err := postgres().DocsVersion(context.Background(), &recorder{})
	if !errors.Is(err, errEmpty) {
		t.Errorf("error is %v", err)
	}
}

func TestWriteDocsRefuses(t *testing.T) {
	one, version := []any{int64(1)}, []any{int64(1), int64(0)}
	for _, test := range []struct {
		name   string
		rows   [][]any
		change store.DocChange
		code   sms.Code
	}{
		{"an id below zero", [][]any{one}, store.DocChange{Doc: store.Doc{ID: -1}}, sms.CodeInvalid},
		{"an id that JSON would round", [][]any{one}, store.DocChange{Doc: store.Doc{ID: maxID + 1}}, sms.CodeInvalid},
		{"an id that was used", [][]any{one, {int64(9)}, one}, store.DocChange{Doc: store.Doc{ID: 3}}, sms.CodeConflict},
		{"a name that is taken", [][]any{one, {int64(9)}, one}, store.DocChange{}, sms.CodeConflict},
		{"an old version", [][]any{one, {int64(2), int64(0)}}, store.DocChange{Doc: store.Doc{ID: 3, Version: 1}}, sms.CodeConflict},
		{"what is gone", [][]any{one, nil}, store.DocChange{Doc: store.Doc{ID: 3, Version: 1}}, sms.CodeNotFound},
		{"an account that cannot be read", [][]any{one, {int64(9)}, nil}, store.DocChange{Doc: store.Doc{Kind: sms.KindAccount, Body: []byte("{")}}, sms.CodeInvalid},
		{"to delete an account with credit", [][]any{one, version, {int64(1), int64(0)}, {int64(0)}},
			store.DocChange{Doc: store.Doc{Kind: sms.KindAccount, ID: 1, Version: 1}, Delete: true}, sms.CodeConflict},
		{"to delete an account with messages", [][]any{one, version, {int64(0), int64(0)}, one},
			store.DocChange{Doc: store.Doc{Kind: sms.KindAccount, ID: 1, Version: 1}, Delete: true}, sms.CodeConflict},
	} {
		_, err := postgres().WriteDocs(context.Background(), &recorder{rows: test.rows}, time.Unix(0, 0), "me", []store.DocChange{test.change})
		if err == nil || sms.CodeOf(err) != test.code {
			t.Errorf("%s: %v (%s), want %s", test.name, err, sms.CodeOf(err), test.code)
		}
	}
}

// TestTell: a message of an account is told to those that the rules name, and
// what the driver answers is kept with it.
func TestTell(t *testing.T) {
	errTell := errors.New("no numbers left")
	for _, test := range []struct {
		name    string
		account int64
		told    []int64
		seq     int64
		err     error
		calls   int
	}{
		{"told", 1, []int64{4, 5}, 7, nil, 1},
		{"nobody to tell", 1, nil, 7, nil, 0},
		{"nobody of them is there", 1, []int64{4}, 0, nil, 1},
		{"the driver fails", 1, []int64{4}, 0, errTell, 1},
		{"nobody's message", 0, []int64{4}, 7, nil, 0},
	} {
		calls := 0
		inbox := Inbox{
			InboundRules: store.InboundRules{Owner: func(string, string) int64 { return test.account },
				Told: func(account int64, to string) []int64 {
					if account != test.account || to != "2626" {
						t.Errorf("%s: asked for %d, %s", test.name, account, to)
					}
					return test.told
				}},
			Tell: func(m *sms.InboxMessage, subscribers []int64) (int64, error) {
				calls++
				if m.AccountID != 1 || m.Number != 3 || !slices.Equal(subscribers, test.told) {
					t.Errorf("%s: told of %+v: %v", test.name, m, subscribers)
				}
				return test.seq, test.err
			}}
		c := &recorder{rows: [][]any{{int64(3)}}}
		if test.account == 0 {
			c.rows = [][]any{nil, {int64(3)}}
		}
		err := postgres().AddInbound(context.Background(), c, time.Unix(0, 0), []sms.Inbound{{To: "2626", Text: "x"}}, inbox)
		if !errors.Is(err, test.err) || calls != test.calls {
			t.Errorf("%s: error %v, %d calls", test.name, err, calls)
		}
		wrote := strings.HasPrefix(c.queries[len(c.queries)-1], "INSERT INTO inbox")
		if wrote == (test.err != nil) {
			t.Errorf("%s: statements %q", test.name, c.queries)
		}
	}
}
