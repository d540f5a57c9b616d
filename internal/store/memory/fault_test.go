package memory

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

var (
	ctx  = context.Background()
	noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	boom = sms.Unavailable("the disk is full", errors.New("ENOSPC"))
)

// dump is the whole state as text, to see whether a call left a trace.
func dump(t *testing.T, s *state) string {
	t.Helper()
	var lines []string
	line := func(name string, v any) { lines = append(lines, fmt.Sprintf("%s: %+v", name, v)) }
	records := map[sms.MessageID]sms.Record{}
	for id, r := range s.records {
		records[id] = *r
	}
	groups := map[numbered]string{}
	for k, g := range s.groups {
		raw := sms.Raw{}
		if g.Raw != nil {
			raw, g.Raw = *g.Raw, nil
		}
		groups[k] = fmt.Sprintf("%+v %+v", g, raw)
	}
	for name, v := range map[string]any{
		"shard": s.shard, "last": s.last, "accounts": s.accounts, "groups": groups, "records": records, "history": s.history,
		"queue": slices.Collect(s.queue.all()), "spill": slices.Collect(s.spill.all()), "deadlines": slices.Collect(s.deadlines.all()),
		"sending": slices.Collect(s.sending.all()), "keys": s.keys, "keyEnd": slices.Collect(s.keyEnd.all()), "upstream": s.upstream,
		"evidence": s.evidence, "notes": s.notes, "held": s.held, "heldBy": s.heldBy, "sets": s.sets, "inbox": s.inbox, "mail": slices.Collect(s.mail.all()),
		"unread": slices.Collect(s.unread.all()), "transfers": s.transfers, "booklet": slices.Collect(s.booklet.all()), "postKeys": s.postKeys,
		"subscribers": s.subscribers, "deliveries": s.deliveries, "outbox": slices.Collect(s.outbox.all()), "docs": s.docs,
		"docNames": s.docNames, "docLast": s.docLast, "replaced": s.replaced, "version": s.version, "failures": s.failures,
		"failureOrder": slices.Collect(s.failureOrder.all()),
	} {
		line(name, v)
	}
	if n := reflect.TypeFor[state]().NumField(); n != len(lines) {
		t.Fatalf("state has %d fields, dump knows %d", n, len(lines))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

type step struct {
	verb   Verb
	writes bool
	do     func(s *Store) error
}

// script is a story in which every verb of the contract has its part.
func script() []step {
	account := []byte(`{"credit_limit":"0","group_start":1}`)
	ref := sms.AttemptRef{Seq: 1, Attempt: 1, Epoch: 1}
	outcome := func(n int64, v sms.Verdict, id string) sms.Outcome {
		o := sms.Outcome{AttemptRef: ref, ConnectorID: 3, Verdict: v, UpstreamID: id, Resend: true, RetryAt: noon}
		o.Message = sms.NewMessageID(0, sms.DayOf(noon), n)
		return o
	}
	call := sms.Call{Key: "k", KeyUntil: noon.Add(time.Minute), Need: 4 * sms.Credit, Group: sms.Group{AccountID: 1, Count: 4, Text: "hello"}}
	for range 4 {
		call.Messages = append(call.Messages, sms.Message{AccountID: 1, To: "8801711111111", State: sms.Queued, Parts: 1, Units: 1, Price: sms.Credit,
			Reserved: sms.Credit, RouteID: 7, DueAt: noon, ExpiresAt: noon.Add(time.Hour), CloseAt: noon.Add(2 * time.Hour)})
	}
	call.Messages[3].State = sms.Scheduled
	alone := sms.Call{Group: sms.Group{AccountID: 1, Count: 1, Text: "alone"}, Messages: []sms.Message{{AccountID: 1, State: sms.Queued, Parts: 1, Units: 1,
		RouteID: 9, DueAt: noon, ExpiresAt: noon.Add(time.Hour), CloseAt: noon.Add(2 * time.Hour)}}}
	rules := store.InboundRules{Owner: func(string, string) int64 { return 1 }, Decode: func([]sms.Segment) string { return "joined" },
		Told: func(int64, string) []int64 { return []int64{1, 2} }}
	piece := sms.Inbound{ConnectorID: 3, Segment: &sms.Segment{Ref: 1, Total: 2, Seq: 1, Payload: []byte("x")}, At: noon}
	receipt := func(id string) sms.Receipt {
		return sms.Receipt{ConnectorID: 3, IDs: []string{id}, State: sms.PartDelivered, At: noon}
	}
	write := func(changes ...store.DocChange) func(s *Store) error {
		return func(s *Store) error { _, err := s.WriteDocs(ctx, noon, "me", changes); return err }
	}
	return []step{
		{VerbOpen, true, func(s *Store) error { _, err := s.Open(ctx, noon, "n"); return err }},
		{VerbWriteDocs, true, write(store.DocChange{Doc: store.Doc{Kind: sms.KindAccount, Name: "a", UniqueKey: "a", Body: account}},
			store.DocChange{Doc: store.Doc{Kind: sms.KindSubscriber, AccountID: 1, Name: "s", UniqueKey: "s", Body: []byte(`{}`)}},
			store.DocChange{Doc: store.Doc{Kind: sms.KindSubscriber, AccountID: 1, Name: "t", UniqueKey: "t", Body: []byte(`{}`)}})},
		{VerbPost, true, func(s *Store) error {
			_, err := s.Post(ctx, noon, sms.Transfer{AccountID: 1, Kind: sms.TransferTopUp, Amount: 9 * sms.Credit, Key: "t"})
			return err
		}},
		{VerbAccept, true, func(s *Store) error { _, err := s.Accept(ctx, noon, []sms.Call{call, call}); return err }},
		{VerbClaim, true, func(s *Store) error {
			_, _, err := s.Claim(ctx, noon, store.ClaimRequest{RouteID: 7, ConnectorID: 3, Epoch: 1, Limit: 2})
			return err
		}},
		{VerbOrphans, false, func(s *Store) error { _, err := s.Orphans(ctx, 9, 9); return err }},
		{VerbApplyReceipts, true, func(s *Store) error {
			_, err := s.ApplyReceipts(ctx, noon, []sms.Receipt{receipt("early"), receipt("no")})
			return err
		}},
		{VerbRecordOutcomes, true, func(s *Store) error {
			_, err := s.RecordOutcomes(ctx, noon, nil, []sms.Outcome{outcome(1, sms.VerdictAccepted, "early"), outcome(2, sms.VerdictUnknown, "")})
			return err
		}},
		{VerbRecordOutcomes, true, func(s *Store) error {
			_, err := s.RecordOutcomes(ctx, noon, nil, []sms.Outcome{outcome(2, sms.VerdictAccepted, "late")})
			return err
		}},
		{VerbApplyReceipts, true, func(s *Store) error {
			_, err := s.ApplyReceipts(ctx, noon, []sms.Receipt{receipt("late"), receipt("late")})
			return err
		}},
		{VerbAddInbound, true, func(s *Store) error {
			return s.AddInbound(ctx, noon, []sms.Inbound{{From: "1", To: "2", Text: "whole", At: noon}, piece}, rules)
		}},
		{VerbAccept, true, func(s *Store) error { _, err := s.Accept(ctx, noon, []sms.Call{alone}); return err }},
		{VerbReplace, true, func(s *Store) error {
			return s.Replace(ctx, noon, 1, sms.NewMessageID(0, sms.DayOf(noon), 5), func(*sms.Message, *sms.Group) (sms.Replacement, error) {
				return sms.Replacement{Text: "new", Parts: 1, Units: 1, Raw: &sms.Raw{Body: []byte("new")}}, nil
			})
		}},
		{VerbMessages, false, func(s *Store) error { _, err := s.Messages(ctx, 1, store.MessageFilter{Limit: 9}); return err }},
		{VerbCancel, true, func(s *Store) error {
			_, err := s.Cancel(ctx, noon, 1, []sms.MessageID{sms.NewMessageID(0, sms.DayOf(noon), 3)})
			return err
		}},
		{VerbExpireDue, true, func(s *Store) error {
			_, err := s.ExpireDue(ctx, noon, 9, func(*sms.Message, *sms.Group, sms.Money) sms.Reason { return "" }, func(*sms.Record) bool { return true })
			return err
		}},
		{VerbClaimDeliveries, true, func(s *Store) error { _, err := s.ClaimDeliveries(ctx, noon, 1, 9, noon.Add(time.Hour)); return err }},
		{VerbReleaseDeliveries, true, func(s *Store) error { return s.ReleaseDeliveries(ctx, []int64{1}) }},
		{VerbAckDeliveries, true, func(s *Store) error { return s.AckDeliveries(ctx, []int64{1, 2}) }},
		{VerbRetryDeliveries, true, func(s *Store) error { return s.RetryDeliveries(ctx, []int64{3}, noon) }},
		{VerbMarkRead, true, func(s *Store) error { return s.MarkRead(ctx, 1, []int64{1}) }},
		{VerbPurge, true, func(s *Store) error {
			_, err := s.Purge(ctx, noon.Add(store.HoldReceipts+time.Hour), time.Minute, 9, rules)
			return err
		}},
		{VerbAddAuthFailures, true, func(s *Store) error {
			return s.AddAuthFailures(ctx, []store.AuthFailure{{Count: 1, First: noon, Last: noon}})
		}},
		{VerbWriteDocs, true, write(store.DocChange{Doc: store.Doc{Kind: sms.KindSubscriber, ID: 1, Version: 1, Name: "s"}, Delete: true})},
		{VerbGroup, false, func(s *Store) error { _, _, err := s.Group(ctx, 1, 1); return err }},
		{VerbMessage, false, func(s *Store) error {
			_, _, _, err := s.Message(ctx, 1, sms.NewMessageID(0, sms.DayOf(noon), 1))
			return err
		}},
		{VerbInbox, false, func(s *Store) error { _, err := s.Inbox(ctx, 1, store.InboxFilter{Limit: 1}); return err }},
		{VerbBalance, false, func(s *Store) error { _, err := s.Balance(ctx, 1); return err }},
		{VerbTransfers, false, func(s *Store) error { _, err := s.Transfers(ctx, 1, 0, 1); return err }},
		{VerbSweep, false, func(s *Store) error { return s.Sweep(ctx, store.Visitor{}) }},
		{VerbStats, false, func(s *Store) error { _, err := s.Stats(ctx); return err }},
		{VerbPing, false, func(s *Store) error { return s.Ping(ctx) }},
		{VerbReadDocs, false, func(s *Store) error { _, _, err := s.ReadDocs(ctx, store.DocFilter{}); return err }},
		{VerbDocsVersion, false, func(s *Store) error { _, err := s.DocsVersion(ctx); return err }},
		{VerbAuthFailures, false, func(s *Store) error { _, err := s.AuthFailures(ctx, 0, 1); return err }},
	}
}

// TestFaults tells the story with every call failing before its commit, then
// lost, then written with its answer lost: the first two leave no trace, the
// third leaves what the call would have left.
func TestFaults(t *testing.T) {
	s, calm := New(Options{}), New(Options{})
	told := map[Verb]bool{}
	for i, step := range script() {
		told[step.verb] = true
		name := fmt.Sprintf("step %d, %s", i, step.verb)
		before := dump(t, s.state)
		s.FailNext(step.verb, boom)
		if err := step.do(s); !errors.Is(err, boom) {
			t.Fatalf("%s: error is %v, want the one injected", name, err)
		}
		s.Inject(step.verb, Fault{Err: store.ErrCommitUnknown})
		if err := step.do(s); !errors.Is(err, store.ErrCommitUnknown) {
			t.Fatalf("%s: error is %v, want ErrCommitUnknown", name, err)
		}
		if after := dump(t, s.state); after != before {
			t.Fatalf("%s failed and left a trace\nbefore\n%s\nafter\n%s", name, before, after)
		}
		s.FailNext(step.verb, store.ErrCommitUnknown)
		if err := step.do(s); !errors.Is(err, store.ErrCommitUnknown) {
			t.Fatalf("%s: error is %v, want ErrCommitUnknown", name, err)
		}
		if err := step.do(calm); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after := dump(t, s.state)
		if step.writes == (after == before) {
			t.Errorf("%s: it wrote: %v", name, after != before)
		}
		if want := dump(t, calm.state); after != want {
			t.Fatalf("%s was written otherwise\n got\n%s\nwant\n%s", name, after, want)
		}
	}
	if n := reflect.TypeFor[store.Store]().NumMethod() - 1; len(told) != n { // all but Close
		t.Errorf("the story tells of %d verbs, the contract has %d: %v", len(told), n, slices.Sorted(maps.Keys(told)))
	}
}

// TestFaultHook: the hook is asked for each call, after the faults that wait.
func TestFaultHook(t *testing.T) {
	var asked []Verb
	s := New(Options{Fault: func(v Verb) Fault {
		asked = append(asked, v)
		if v == VerbOpen {
			return Fault{Err: boom}
		}
		return Fault{}
	}})
	if _, err := s.Open(ctx, noon, "n"); !errors.Is(err, boom) {
		t.Errorf("error is %v, want the hook's", err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	other := errors.New("other")
	s.FailNext(VerbPing, other)
	if err := s.Ping(ctx); !errors.Is(err, other) {
		t.Errorf("error is %v, want the one that waits", err)
	}
	if _, err := s.Balance(ctx, 1); sms.CodeOf(err) != sms.CodeNotFound {
		t.Errorf("error is %v, want the call's own", err)
	}
	if want := []Verb{VerbOpen, VerbPing}; !slices.Equal(asked, want) {
		t.Errorf("the hook was asked for %v, want %v", asked, want)
	}
}

// TestPanic: a callback that panics leaves no trace and no lock.
func TestPanic(t *testing.T) {
	s := New(Options{})
	for _, step := range script()[:4] {
		if err := step.do(s); err != nil {
			t.Fatal(err)
		}
	}
	before := dump(t, s.state)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, err := s.ExpireDue(ctx, noon.Add(time.Hour), 9, func(*sms.Message, *sms.Group, sms.Money) sms.Reason { panic("start") }, nil)
		t.Errorf("ExpireDue returned %v", err)
	}()
	if after := dump(t, s.state); after != before {
		t.Errorf("it left a trace\nbefore\n%s\nafter\n%s", before, after)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func TestEvidenceAndHistory(t *testing.T) {
	s := New(Options{})
	for _, step := range script() {
		if err := step.do(s); err != nil {
			t.Fatalf("%s: %v", step.verb, err)
		}
	}
	var ids []string
	for _, rc := range s.Evidence(sms.NewMessageID(0, sms.DayOf(noon), 2)) {
		ids = append(ids, rc.IDs[0])
	}
	if !slices.Equal(ids, []string{"late", "late"}) {
		t.Errorf("evidence of message 2: %v", ids)
	}
	h := s.History(sms.KindSubscriber, 1)
	if len(h) != 1 || h[0].Version != 1 || h[0].By != "me" || !h[0].At.Equal(noon) {
		t.Errorf("history of the subscriber: %+v", h)
	}
	if h := s.History(sms.KindSubscriber, 2); len(h) != 0 {
		t.Errorf("history of one that never changed: %+v", h)
	}
}

// TestAccountBody: an account that cannot be read is refused before it is kept.
func TestAccountBody(t *testing.T) {
	s := New(Options{})
	_, err := s.WriteDocs(ctx, noon, "me", []store.DocChange{{Doc: store.Doc{Kind: sms.KindAccount, Name: "a", UniqueKey: "a", Body: []byte(`{"credit_limit":`)}}})
	if sms.CodeOf(err) != sms.CodeInvalid {
		t.Errorf("error is %v, want %s", err, sms.CodeInvalid)
	}
	if docs, version, err := s.ReadDocs(ctx, store.DocFilter{}); err != nil || len(docs) != 0 || version != 0 {
		t.Errorf("%d docs, version %d, %v", len(docs), version, err)
	}
}

// TestShard: ids carry the shard and the day.
func TestShard(t *testing.T) {
	s := New(Options{Shard: 5})
	for _, step := range script()[:4] {
		if err := step.do(s); err != nil {
			t.Fatal(err)
		}
	}
	g, _, err := s.Group(ctx, 1, 1)
	if id := g.FirstMessage; err != nil || id.Shard() != 5 || id.Day() != sms.DayOf(noon) || id.Counter() != 1 {
		t.Errorf("first id is %d/%d/%d, %v", id.Shard(), id.Day(), id.Counter(), err)
	}
}

// BenchmarkLifeCycle is one message from acceptance to receipt, in batches of
// 100, in a store that grows.
func BenchmarkLifeCycle(b *testing.B) {
	s := New(Options{})
	account := store.Doc{Kind: sms.KindAccount, Name: "a", UniqueKey: "a", Body: []byte(`{}`)}
	if _, err := s.WriteDocs(ctx, noon, "me", []store.DocChange{{Doc: account}}); err != nil {
		b.Fatal(err)
	}
	if _, err := s.Post(ctx, noon, sms.Transfer{AccountID: 1, Kind: sms.TransferTopUp, Amount: 1 << 60}); err != nil {
		b.Fatal(err)
	}
	m := sms.Message{AccountID: 1, To: "8801711111111", State: sms.Queued, Parts: 1, Units: 1, Price: sms.Credit, Reserved: sms.Credit,
		RouteID: 7, DueAt: noon, ExpiresAt: noon.Add(time.Hour), CloseAt: noon.Add(2 * time.Hour)}
	calls := make([]sms.Call, 100)
	for i := range calls {
		calls[i] = sms.Call{Need: sms.Credit, Group: sms.Group{AccountID: 1, Count: 1}, Messages: []sms.Message{m}}
	}
	for n := 0; n < b.N; n += len(calls) {
		if _, err := s.Accept(ctx, noon, calls); err != nil {
			b.Fatal(err)
		}
		got, _, err := s.Claim(ctx, noon, store.ClaimRequest{RouteID: 7, ConnectorID: 3, Epoch: 1, Limit: len(calls)})
		if err != nil || len(got) != len(calls) {
			b.Fatal(len(got), err)
		}
		var outcomes []sms.Outcome
		var receipts []sms.Receipt
		for _, c := range got {
			id := c.ID.String()
			outcomes = append(outcomes, sms.Outcome{AttemptRef: sms.AttemptRef{Message: c.ID, Seq: 1, Attempt: 1, Epoch: 1}, ConnectorID: 3,
				Verdict: sms.VerdictAccepted, UpstreamID: id})
			receipts = append(receipts, sms.Receipt{ConnectorID: 3, IDs: []string{id}, State: sms.PartDelivered})
		}
		if _, err := s.RecordOutcomes(ctx, noon, nil, outcomes); err != nil {
			b.Fatal(err)
		}
		if _, err := s.ApplyReceipts(ctx, noon, receipts); err != nil {
			b.Fatal(err)
		}
	}
}
