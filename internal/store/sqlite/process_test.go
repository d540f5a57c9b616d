package sqlite

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/storetest"
)

// postSome is the command line at work beside a server: it books top-ups and
// changes the configuration.
func postSome(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	for i := range 10 {
		if _, err := s.Post(ctx, noon, sms.Transfer{AccountID: 1, Kind: sms.TransferTopUp, Amount: sms.Credit, Key: fmt.Sprint(i)}); err != nil {
			return err
		}
		n := &sms.Sender{Head: sms.Head{AccountID: 1, Name: fmt.Sprint("S", i)}}
		if err := store.Save(ctx, s, noon, "cli", n); err != nil {
			return err
		}
		fmt.Println(i)
	}
	return s.Close()
}

// TestBesideAServer runs the command line while a server writes all the time.
func TestBesideAServer(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	before, err := s.DocsVersion(t.Context())
	ok(t, err)
	var stop atomic.Bool
	var all sync.WaitGroup
	var accepted atomic.Int64
	for caller := range 8 {
		all.Go(func() {
			for n := 0; !stop.Load(); n++ {
				accept(t, s, oneMessage(a, fmt.Sprintf("%d-%d", caller, n), noon))
				accepted.Add(1)
			}
		})
	}
	cmd, lines := child(t, "post", s.path)
	done := 0
	for lines.Scan() {
		done++
	}
	err = cmd.Wait()
	stop.Store(true)
	all.Wait()
	ok(t, err)
	equal(t, "rounds of the command line", done, 10)
	after, err := s.DocsVersion(t.Context())
	ok(t, err)
	equal(t, "version of the configuration", after, before+10)
	b := balance(t, s, a)
	equal(t, "posted", b.Posted, (1e6+10)*sms.Credit)
	equal(t, "reserved", b.Reserved, sms.Money(accepted.Load())*350_000)
	storetest.Check(t, s)
}

// TestMirrorAfterAnotherWrote lets a second connection change what the first
// remembers.
func TestMirrorAfterAnotherWrote(t *testing.T) {
	one := fresh(t, Options{})
	a := newAccount(t, one, "a", sms.Credit)
	two := openAt(t, one.path, Options{})
	g := accept(t, one, messages(a, 2, "k", noon)) // one remembers account, records, group, no subscribers

	_, err := two.Post(t.Context(), noon, sms.Transfer{AccountID: a, Kind: sms.TransferTopUp, Amount: 9 * sms.Credit})
	ok(t, err)
	equal(t, "canceled by the other", len(cancel(t, two, a, g.FirstMessage)), 1)
	sub := &sms.Subscriber{Head: sms.Head{AccountID: a, Name: "hook"}, Channel: "webhook"}
	ok(t, store.Save(t.Context(), two, noon, "cli", sub))
	theirs := accept(t, two, oneMessage(a, "k2", noon))
	equal(t, "number of the other's group", theirs.Number, g.Number+1)

	got := claim(t, one, noon, 10)
	equal(t, "claimed", len(got), 2)
	equal(t, "first claimed", got[0].ID, g.FirstMessage+1)
	mine := accept(t, one, messages(a, 20, "k3", noon)) // more than the first credit pays for
	equal(t, "number", mine.Number, theirs.Number+1)
	if mine.FirstMessage <= theirs.FirstMessage {
		t.Errorf("message %s after %s", mine.FirstMessage, theirs.FirstMessage)
	}
	list, err := one.ClaimDeliveries(t.Context(), noon, sub.ID, 100, noon)
	ok(t, err)
	equal(t, "deliveries: 1 accept of the other, 2 claims, 20 accepts", len(list), 23)
	storetest.Check(t, two)
}

func cancel(t testing.TB, s store.Store, account int64, ids ...sms.MessageID) []sms.MessageID {
	t.Helper()
	list, err := s.Cancel(context.Background(), noon, account, ids)
	ok(t, err)
	return list
}
