package sqlite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/storetest"
)

// children are the roles of the test binary in another process.
var children = map[string]func(path string) error{
	"accept": acceptForEver,
	"post":   postSome,
	"tell":   tellForEver,
}

// acceptForEver takes calls and prints the key of each that was answered.
func acceptForEver(path string) error {
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		return err
	}
	batch := store.NewBatcher(100, func(ctx context.Context, calls []sms.Call) ([]store.Accepted, error) {
		return s.Accept(ctx, noon, calls)
	})
	var all sync.WaitGroup
	for caller := range 20 {
		all.Go(func() {
			for n := 0; ; n++ {
				key := fmt.Sprintf("%d-%d", caller, n)
				a, err := batch.Do(context.Background(), messages(1, 1+n%3, key, noon))
				if err != nil || a.Err != nil {
					fmt.Fprintln(os.Stderr, err, a.Err)
					return
				}
				fmt.Println(key)
			}
		})
	}
	all.Wait()
	return nil
}

// TestKilled kills a process in the middle of its work, several times over.
// What it has answered must be there.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "harkara.db")
	s := openAt(t, path, Options{})
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	ok(t, s.Close())
	for round, answers := range []int{1, 250, 800} {
		cmd, lines := child(t, "accept", path)
		var keys []string
		for len(keys) < answers && lines.Scan() {
			keys = append(keys, lines.Text())
		}
		ok(t, cmd.Process.Kill())
		for lines.Scan() { // what it had printed before it died
			keys = append(keys, lines.Text())
		}
		if err := cmd.Wait(); !strings.Contains(fmt.Sprint(err), "killed") || len(keys) < answers {
			t.Fatalf("the child answered %d calls and ended by itself: %v", len(keys), err)
		}
		s := openAt(t, path, Options{})
		for _, key := range keys {
			again, err := s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, key, noon)})
			ok(t, err)
			if !again[0].Replayed {
				t.Fatalf("round %d: the call with the key %s was answered and is lost", round, key)
			}
		}
		storetest.Check(t, s)
		ok(t, s.Close())
		forget(t, path)
	}
}

// forget removes the keys, so that the next child can use them again.
func forget(t *testing.T, path string) {
	t.Helper()
	s := openAt(t, path, Options{})
	script(t, s, `DELETE FROM idempotency`)
	ok(t, s.Close())
}

// tellForEver takes messages through their life and hands what a subscriber is
// told to it. It prints "done" for each thing that was recorded, "got" for each
// that was handed over, and "over" for each delivery that was acknowledged.
func tellForEver(path string) error {
	ctx := context.Background()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return err
	}
	rules := store.InboundRules{Owner: func(string, string) int64 { return 1 }, Told: func(int64, string) []int64 { return []int64{1} }}
	for n := 0; ; n++ {
		if err := tellOnce(ctx, s, n); err != nil {
			return err
		}
		text := fmt.Sprintf("reply-%d", n)
		if err := s.AddInbound(ctx, noon, []sms.Inbound{{To: "2626", Text: text}}, rules); err != nil {
			return err
		}
		fmt.Println("done", text)
		list, err := s.ClaimDeliveries(ctx, noon, 1, 3, noon.Add(time.Hour))
		if err != nil {
			return err
		}
		var ids []int64
		for _, d := range list {
			fmt.Println("got", told(d))
			ids = append(ids, d.ID)
		}
		if err := s.AckDeliveries(ctx, ids); err != nil {
			return err
		}
		for _, id := range ids {
			fmt.Println("over", id)
		}
	}
}

// tellOnce sends a message that the subscriber handed in.
func tellOnce(ctx context.Context, s *Store, n int) error {
	c := oneMessage(1, "", noon)
	c.Messages[0].SubscriberID, c.Messages[0].Notify = 1, sms.NotifyProgress|sms.NotifyDelivered
	if _, err := s.Accept(ctx, noon, []sms.Call{c}); err != nil {
		return err
	}
	got, _, err := s.Claim(ctx, noon, store.ClaimRequest{RouteID: 7, ConnectorID: 3, Epoch: 1, Limit: 1})
	if err != nil {
		return err
	}
	id := got[0].ID.String()
	o := sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictAccepted, UpstreamID: id,
		AttemptRef: sms.AttemptRef{Message: got[0].ID, Seq: 1, Attempt: got[0].Sub[0].Attempt, Epoch: 1}}
	if _, err := s.RecordOutcomes(ctx, noon, nil, []sms.Outcome{o}); err != nil {
		return err
	}
	fmt.Println("done", id, sms.Sent)
	_, err = s.ApplyReceipts(ctx, noon, []sms.Receipt{{ConnectorID: 3, IDs: []string{id}, State: sms.PartDelivered}})
	if err == nil {
		fmt.Println("done", id, sms.Delivered)
	}
	return err
}

// told names what a delivery says.
func told(d store.Delivery) string {
	if d.Inbound != nil {
		return d.Inbound.Text
	}
	return d.Event.MessageID.String() + " " + d.Event.State.String()
}

// TestKilledWhileTelling: what happened is told, at least once, and what was
// acknowledged is not told again.
func TestKilledWhileTelling(t *testing.T) {
	path := filepath.Join(t.TempDir(), "harkara.db")
	s := openAt(t, path, Options{})
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	login := &sms.Subscriber{Head: sms.Head{AccountID: a, Name: "esme"}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{PasswordHash: "x"}}
	ok(t, store.Save(t.Context(), s, noon, "test", login))
	ok(t, s.Close())
	for _, lines := range []int{5, 100, 333} {
		cmd, out := child(t, "tell", path)
		said := map[string][]string{}
		for n := 0; out.Scan(); n++ {
			if n == lines {
				ok(t, cmd.Process.Kill())
			}
			word, rest, _ := strings.Cut(out.Text(), " ")
			said[word] = append(said[word], rest)
		}
		if err := cmd.Wait(); !strings.Contains(fmt.Sprint(err), "killed") {
			t.Fatalf("the child ended by itself: %v", err)
		}
		s := openAt(t, path, Options{})
		storetest.Check(t, s)
		list, err := s.ClaimDeliveries(t.Context(), noon, 1, 100_000, noon)
		ok(t, err)
		left, ids := slices.Clone(said["got"]), []int64{}
		for _, d := range list {
			left, ids = append(left, told(d)), append(ids, d.ID)
			if slices.Contains(said["over"], fmt.Sprint(d.ID)) {
				t.Errorf("delivery %d was acknowledged and comes again", d.ID)
			}
		}
		for _, what := range said["done"] {
			if !slices.Contains(left, what) {
				t.Errorf("%q is done and nobody is told", what)
			}
		}
		ok(t, s.AckDeliveries(t.Context(), ids))
		ok(t, s.Close())
	}
}

// TestCutInTheMiddle copies the files while a large transaction is written, as
// a power cut would leave them, and opens the copy.
func TestCutInTheMiddle(t *testing.T) {
	s := fresh(t, Options{CacheMiB: 1}) // so that pages reach the log before the commit
	a := newAccount(t, s, "a", 1e6*sms.Credit)
	accept(t, s, oneMessage(a, "before", noon))
	copied := t.TempDir()
	ok(t, s.writer.do(t.Context(), func(tx *tx) error {
		c := messages(a, 20_000, "during", noon)
		if _, err := tx.accept(noon, &c); err != nil {
			return err
		}
		for _, end := range []string{"", "-wal"} {
			data, err := os.ReadFile(s.path + end)
			if err != nil {
				return err
			}
			if end == "-wal" && len(data) < 1<<20 {
				t.Errorf("the log has %d bytes: nothing of the transaction is in it, the test proves nothing", len(data))
			}
			if err := os.WriteFile(filepath.Join(copied, "harkara.db"+end), data, 0o600); err != nil {
				return err
			}
		}
		return nil
	}))
	cut := openAt(t, filepath.Join(copied, "harkara.db"), Options{})
	equal(t, "reserved", balance(t, cut, a).Reserved, 350_000)
	storetest.Check(t, cut)
	accept(t, cut, oneMessage(a, "after", noon))
	equal(t, "claimed", len(claim(t, cut, noon, 10)), 2)
	equal(t, "reserved where nothing was cut", balance(t, s, a).Reserved, 20_001*350_000)
}
