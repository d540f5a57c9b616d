package storetest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// RunReopen tests what must be there after a restart. open opens the store in
// the directory, making it when the directory is empty, and closes it by itself
// with t.Cleanup.
func RunReopen(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	for _, c := range []struct {
		name    string
		restart func(f *fix, dir string) store.Store
	}{
		{"closed", func(f *fix, dir string) store.Store {
			f.ok(f.s.Close())
			return open(f.T, dir)
		}},
		{"killed", func(f *fix, dir string) store.Store { // what is on the disk at this moment, of a store that is open
			crashed := f.TempDir()
			copyDir(f, dir, crashed)
			return open(f.T, crashed)
		}},
	} {
		for _, story := range reopenCases() {
			t.Run(c.name+"/"+story.name, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				story.run(newFix(t, open(t, dir)), func(f *fix) { f.s = c.restart(f, dir) })
			})
		}
	}
	t.Run("after each verb", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		reopenEachVerb(newFix(t, open(t, dir)), func(f *fix) {
			f.ok(f.s.Close())
			f.s = open(t, dir)
		})
	})
}

// copyDir copies the files of a directory.
func copyDir(f *fix, from, to string) {
	f.Helper()
	f.ok(filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), data, 0o600)
	}))
}

type reopenCase struct {
	name string
	run  func(f *fix, restart func(*fix))
}

func reopenCases() []reopenCase {
	return []reopenCase{
		{"everything that can be seen", reopenView},
		{"idempotency keys", reopenKeys},
		{"numbers go on", reopenNumbers},
		{"epochs and orphans", reopenEpochs},
		{"held receipts and upstream ids", reopenReceipts},
		{"segments", reopenSegments},
		{"deliveries and their attempts", reopenDeliveries},
		{"raw content, and content that was replaced", reopenContent},
		{"why a held receipt says no", reopenHeldReason},
		{"an empty store", reopenEmpty},
	}
}

func reopenView(f *fix, restart func(*fix)) {
	a := busy(f)
	f.accept(f.call(a, 90))
	f.ok(f.s.MarkRead(f.ctx, a, []int64{1}))
	f.ok(f.s.AddAuthFailures(f.ctx, []store.AuthFailure{{APIKey: "k", Count: 3, First: f.now, Last: f.now}}))
	before := view(f)
	restart(f)
	want(f, "after the restart", view(f), before)
	restart(f)
	want(f, "after another", view(f), before)
}

func reopenKeys(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)))
	top := sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: sms.Credit, Key: "t"}
	first, err := f.s.Post(f.ctx, f.now, top)
	f.ok(err)
	restart(f)
	again := f.acceptAll(keyed(f.call(a, 1), "k", f.now.Add(time.Hour)))[0]
	want(f, "call", []any{again.Replayed, again.Group}, []any{true, g})
	second, err := f.s.Post(f.ctx, f.now, top)
	f.ok(err)
	want(f, "transfer", second, first)
}

func reopenNumbers(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	first := f.accept(f.call(a, 3))
	f.receive(rules(a), f.inbound("1"))
	f.receive(rules(0), f.inbound("1"))
	restart(f)
	second := f.accept(f.call(a, 2))
	want(f, "group and recipient", []int64{second.Number, second.FirstRecipient}, []int64{first.Number + 1, first.FirstRecipient + 3})
	if second.FirstMessage < first.FirstMessage+3 {
		f.Errorf("message ids went back from %s to %s", first.FirstMessage+2, second.FirstMessage)
	}
	f.receive(rules(a), f.inbound("2"))
	f.receive(rules(0), f.inbound("2"))
	want(f, "inbox numbers", []int64{f.inbox(a, store.InboxFilter{})[0].Number, f.inbox(0, store.InboxFilter{})[0].Number}, []int64{2, 2})
	want(f, "doc ids", f.account("b", 0), a+1)
}

func reopenEpochs(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	last := f.epoch
	restart(f)
	f.open()
	if f.epoch <= last {
		f.Errorf("epoch %d after %d", f.epoch, last)
	}
	list := f.orphans(f.epoch, 10)
	want(f, "orphans", list, []store.Orphan{{ConnectorID: connector, AttemptRef: attempt(got.Record, 1)}})
}

func reopenReceipts(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	early := f.send(a)
	f.apply(f.receipt(sms.PartDelivered, "early"))
	late := f.sent(a, "late")
	restart(f)
	want(f, "held", f.stats().HeldReceipts, int64(1))
	f.answered(early.Record, 1, "early")
	f.apply(f.receipt(sms.PartUndelivered, "late"))
	want(f, "states", []sms.State{f.again(early.Record).State, f.again(late).State}, []sms.State{sms.Delivered, sms.Undelivered})
}

func reopenSegments(f *fix, restart func(*fix)) {
	a := f.account("a", 0)
	f.receive(rules(a), f.segment(1, 2, 2, "two"), f.segment(2, 1, 2, "alone"))
	restart(f)
	f.receive(rules(a), f.segment(1, 1, 2, "one"))
	want(f, "text", f.texts(a), []string{"one|two"})
	f.later(partialAfter + time.Second)
	f.purge(100, a)
	want(f, "partial", f.texts(a), []string{"alone", "one|two"})
}

func reopenDeliveries(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	f.accept(f.call(a, 4))
	list := f.deliveries(s, 3, f.now.Add(time.Hour))
	f.ok(f.s.AckDeliveries(f.ctx, []int64{list[0].ID}))
	f.ok(f.s.RetryDeliveries(f.ctx, []int64{list[1].ID}, f.now))
	restart(f)
	again := f.leased(s) // and the leased one, where leases do not survive
	want(f, "retried", []any{again[0].ID, again[0].Attempts, again[0].Event}, []any{list[1].ID, 1, list[1].Event})
	f.later(2 * time.Hour)
	want(f, "all that nobody acknowledged", len(f.leased(s)), 3)
	f.accept(f.call(a, 1))
	want(f, "new events are heard", f.outstanding(), int64(4))
}

func reopenContent(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	c := f.call(a, 1, by(s, sms.NotifyFailed), askAt(f.now.Add(time.Hour)), func(m *sms.Message) { m.ReceiptsOn = sms.ReceiptsFirst })
	c.Group.Raw = &sms.Raw{Header: []byte{1}, Body: []byte{0, 255}}
	c.Group.Coding, c.Group.Protocol = 245, 64
	f.accept(c)
	id := f.accept(c).FirstMessage
	x := content("new", 1)
	x.Encoding, x.Notify, x.ExpiresAt = 2, tellAll, f.now.Add(time.Hour)
	f.ok(f.replace(a, id, x))
	f.receive(telling(rules(a), s), f.inbound("x"))
	before := view(f)
	restart(f)
	want(f, "after the restart", view(f), before)
	got := f.claim(store.ClaimRequest{Limit: 2})
	want(f, "raw", *got[0].Group.Raw, *c.Group.Raw)
	want(f, "replaced", []any{got[1].Group.Text, got[1].Group.Raw == nil, got[1].Notify}, []any{"new", true, tellAll})
	f.receive(telling(rules(a), s), f.inbound("y"))
	f.answered(got[1].Record, 1, "x")
	list := f.leased(s)
	want(f, "told", []any{len(list), list[0].Inbound.Text, list[1].Inbound.Text, list[2].Event.State}, []any{3, "x", "y", sms.Sent})
}

func reopenHeldReason(f *fix, restart func(*fix)) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	rc := f.receipt(sms.PartUndelivered, "early")
	rc.Reason = sms.ReasonBarred
	f.apply(rc)
	restart(f)
	f.answered(got.Record, 1, "early")
	want(f, "reason", f.again(got.Record).Reason, sms.ReasonBarred)
}

func reopenEmpty(f *fix, restart func(*fix)) {
	before := view(f)
	restart(f)
	want(f, "view", view(f), before)
}

// reopenEachVerb restarts after every call and looks whether it is still there.
func reopenEachVerb(f *fix, restart func(*fix)) {
	var (
		a   int64
		got store.Claimed
	)
	for _, step := range []struct {
		verb string
		do   func()
	}{
		{"WriteDocs", func() { a = f.account("a", 0); f.subscriber(a, "s") }},
		{"Post", func() {
			_, err := f.s.Post(f.ctx, f.now, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: 100 * sms.Credit})
			f.ok(err)
		}},
		{"Accept", func() { f.accept(f.call(a, 2, parts(2))) }},
		{"Claim", func() { got = f.claim(store.ClaimRequest{Limit: 1})[0] }},
		{"RecordOutcomes", func() { f.answered(got.Record, 1, "x") }},
		{"ApplyReceipts", func() { f.apply(f.receipt(sms.PartDelivered, "x"), f.receipt(sms.PartDelivered, "early")) }},
		{"AddInbound", func() { f.receive(rules(a), f.inbound("hello"), f.segment(1, 1, 2, "half")) }},
		{"MarkRead", func() { f.ok(f.s.MarkRead(f.ctx, a, []int64{1})) }},
		{"Cancel", func() { f.cancel(a, got.ID+1) }},
		{"Replace", func() { f.ok(f.replace(a, f.accept(f.call(a, 1)).FirstMessage, content("new", 1))) }},
		{"ExpireDue", func() { f.later(wait); f.expire() }},
		{"Purge", func() { f.later(store.HoldReceipts); f.purge(10, a) }},
		{"AckDeliveries", func() { f.ok(f.s.AckDeliveries(f.ctx, idsOfDeliveries(f.leased(1)))) }},
		{"AddAuthFailures", func() { f.ok(f.s.AddAuthFailures(f.ctx, []store.AuthFailure{{Count: 1, First: f.now, Last: f.now}})) }},
	} {
		before := view(f)
		step.do()
		after := view(f)
		if before == after {
			f.Fatalf("%s changed nothing that can be seen", step.verb)
		}
		restart(f)
		want(f, step.verb, view(f), after)
	}
}
