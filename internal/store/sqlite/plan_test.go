package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// plan is how SQLite would run a query.
func plan(t *testing.T, c *engine.Conn, query string) string {
	t.Helper()
	s, err := c.Prepare(`EXPLAIN QUERY PLAN ` + query)
	ok(t, err)
	for range s.Params() {
		s.Int(1)
	}
	var steps []string
	for {
		more, err := s.Next()
		ok(t, err)
		if !more {
			return strings.Join(steps, "; ")
		}
		s.GetInt()
		s.GetInt()
		s.GetInt()
		steps = append(steps, s.GetText())
	}
}

// TestWriterPlans holds the statements of the hot path to an index each, and to
// no sorting.
func TestWriterPlans(t *testing.T) {
	scans := map[string]string{ // that are meant
		`SELECT EXISTS (SELECT 1 FROM held_receipt)`: "SCAN CONSTANT ROW; SCALAR SUBQUERY 1; SCAN held_receipt", // stops at the first row
	}
	s := fresh(t, Options{})
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		for _, q := range new(statements).queries() {
			if verb, _, _ := strings.Cut(q.sql, " "); verb != "SELECT" && verb != "UPDATE" && verb != "DELETE" {
				continue
			}
			p := plan(t, c, q.sql)
			if strings.Contains(p, "SCAN") && (scans[q.sql] == "" || !strings.HasPrefix(p, scans[q.sql])) || strings.Contains(p, "TEMP B-TREE") {
				t.Errorf("%s\n\tis run as %s", q.sql, p)
			}
		}
		for query, want := range map[string]string{
			`SELECT id` + fromQueue + dueNow:          "SEARCH message USING COVERING INDEX message_queue (route_id=? AND lane=? AND due_at<?)",
			`SELECT due_at` + fromQueue + dueLater:    "SEARCH message USING COVERING INDEX message_queue (route_id=? AND lane=? AND due_at>?)",
			`SELECT id` + fromDiverted + dueNow:       "SEARCH message USING COVERING INDEX message_diverted (route_id=? AND lane=? AND due_at<?)",
			`SELECT due_at` + fromDiverted + dueLater: "SEARCH message USING COVERING INDEX message_diverted (route_id=? AND lane=? AND due_at>?)",
		} {
			equal(t, "plan of "+query, plan(t, c, query), want)
		}
		return nil
	}))
}

// TestColdPlans looks at every statement that the cold verbs and the readers
// have compiled: none may walk a table that grows with the traffic.
func TestColdPlans(t *testing.T) {
	s := fresh(t, Options{Readers: 1})
	ctx := context.Background()
	a := newAccount(t, s, "a", 1000*sms.Credit)
	sub := &sms.Subscriber{Head: sms.Head{AccountID: a, Name: "hook"}, Channel: "webhook"}
	ok(t, store.Save(ctx, s, noon, "test", sub))
	sub.Channel = "feed"
	ok(t, store.Save(ctx, s, noon, "test", sub))
	ok(t, store.Delete(ctx, s, noon, "test", sub))
	b := newAccount(t, s, "b", 0)
	docs, _, err := s.ReadDocs(ctx, store.DocFilter{Kind: sms.KindAccount, ID: b})
	ok(t, err)
	_, err = s.WriteDocs(ctx, noon, "test", []store.DocChange{{Doc: docs[0], Delete: true}})
	ok(t, err)
	g := accept(t, s, oneMessage(a, "k", noon))
	ok(t, store.Save(ctx, s, noon, "test", &sms.Subscriber{Head: sms.Head{AccountID: a, Name: "feed"}, Channel: sms.ChannelFeed}))
	rules := store.InboundRules{Owner: func(string, string) int64 { return a }, Decode: func([]sms.Segment) string { return "" },
		Told: func(int64, string) []int64 { return []int64{2} }}
	ok(t, s.AddInbound(ctx, noon, []sms.Inbound{{Text: "x"}, {Segment: &sms.Segment{Total: 2, Seq: 1}}}, rules))
	_, err = s.ApplyReceipts(ctx, noon, []sms.Receipt{{IDs: []string{"x"}}})
	ok(t, err)
	_, err = s.Purge(ctx, noon.Add(100*24*time.Hour), time.Hour, 10, rules)
	ok(t, err)
	_, err = s.Post(ctx, noon, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: 1, Key: "k"})
	ok(t, err)
	ok(t, s.MarkRead(ctx, a, []int64{1}))
	ok(t, s.AddAuthFailures(ctx, []store.AuthFailure{{}}))
	ok(t, s.Replace(ctx, noon, a, g.FirstMessage, func(*sms.Message, *sms.Group) (sms.Replacement, error) { return sms.Replacement{Units: 1}, nil }))
	for account := range a + 1 {
		for _, states := range [][]sms.State{nil, {sms.Scheduled, sms.Queued, sms.Sending, sms.Held, sms.Sent}, {sms.Failed}} {
			_, err := s.Messages(ctx, account, store.MessageFilter{States: states, Limit: 1})
			ok(t, err)
		}
	}
	list, err := s.ClaimDeliveries(ctx, noon, 2, 10, noon)
	ok(t, err)
	equal(t, "deliveries", len(list), 2)
	for _, read := range []func() error{
		func() error { _, _, err := s.Group(ctx, a, g.Number); return err },
		func() error { _, _, _, err := s.Message(ctx, a, g.FirstMessage); return err },
		func() error { _, err := s.Inbox(ctx, a, store.InboxFilter{Limit: 1}); return err },
		func() error { _, err := s.Inbox(ctx, a, store.InboxFilter{Limit: 1, UnreadOnly: true}); return err },
		func() error { _, err := s.Transfers(ctx, a, 0, 1); return err },
		func() error { _, err := s.Balance(ctx, a); return err },
		func() error { _, err := s.Orphans(ctx, 1, 1); return err },
		func() error { _, err := s.AuthFailures(ctx, a, 1); return err },
		func() error { _, err := s.AuthFailures(ctx, 0, 1); return err },
	} {
		ok(t, read())
	}
	var queries []string
	ok(t, s.writer.do(ctx, func(tx *tx) error { queries = append(queries, tx.conn.Cached()...); return nil }))
	ok(t, s.readers.read(ctx, func(c *engine.Conn) error {
		queries = append(queries, c.Cached()...)
		for _, q := range queries {
			if verb, _, _ := strings.Cut(q, " "); verb == "BEGIN" || verb == "PRAGMA" || verb == "INSERT" && !strings.Contains(q, "SELECT") {
				continue
			}
			for _, step := range strings.Split(plan(t, c, q), "; ") {
				open := strings.Contains(q, " INDEXED BY ") && (strings.Contains(step, " INDEX ") || strings.Contains(step, "(subquery-1)")) // partial: of unfinished ones only
				small := open || strings.Contains(q, "FROM auth_failure") || strings.Contains(step, "SUBQUERY") || strings.Contains(step, "SCAN old") || strings.Contains(step, "CONSTANT ROW")
				if strings.Contains(step, "SCAN") && !small {
					t.Errorf("%s\n\tis run as %s", q, step)
				}
			}
		}
		return nil
	}))
	if len(queries) < 30 {
		t.Errorf("only %d statements were looked at", len(queries))
	}
}

// TestSpillIsCheap: a backup connector finds nothing in a long queue without
// reading it.
func TestSpillIsCheap(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10_000*sms.Credit)
	accept(t, s, messages(a, 5000, "k", noon))
	steps := func(r store.ClaimRequest) int64 {
		t.Helper()
		var before, after int64
		ok(t, s.writer.do(t.Context(), func(tx *tx) error {
			q := tx.queueDue
			if r.Spill {
				q = tx.divertedDue
			}
			before = q.Steps()
			_, _, err := tx.due(noon, r)
			after = q.Steps()
			return err
		}))
		return after - before
	}
	full := steps(store.ClaimRequest{RouteID: 7, ConnectorID: 3, Limit: 5000})
	spill := steps(store.ClaimRequest{RouteID: 7, ConnectorID: 4, Limit: 5000, Spill: true})
	if full < 5000 || spill > 200 {
		t.Errorf("the whole queue took %d steps, nothing to spill %d", full, spill)
	}
	if testing.Verbose() {
		fmt.Println("steps", full, spill)
	}
}
