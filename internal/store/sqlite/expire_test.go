package sqlite

import (
	"context"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/storetest"
)

func expireDue(t *testing.T, s *Store, now time.Time, limit int) (int, time.Time) {
	t.Helper()
	x, err := s.ExpireDue(context.Background(), now, limit, func(*sms.Message, *sms.Group, sms.Money) sms.Reason { return "" }, canAsk)
	ok(t, err)
	return x.N, x.Next
}

// deadlines reads the stored ones.
func deadlines(t *testing.T, s *Store) (list []time.Time) {
	t.Helper()
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		return c.Query(`SELECT deadline FROM message WHERE deadline IS NOT NULL ORDER BY deadline`, nil, func(scan func(...any) error) error {
			var at int64
			err := scan(&at)
			list = append(list, time.UnixMicro(at).UTC())
			return err
		})
	}))
	return list
}

// TestDeadlinesMoveLate: a claim does not touch the index of deadlines, and
// nothing is missed for all that.
func TestDeadlinesMoveLate(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	accept(t, s, messages(a, 2, "k", noon))
	validity, wait := noon.Add(24*time.Hour), noon.Add(72*time.Hour)
	claim(t, s, noon, 1)
	equal(t, "stored deadline of the claimed one", deadlines(t, s)[0], validity)
	n, next := expireDue(t, s, noon, 10)
	equal(t, "expired", n, 0)
	equal(t, "next: the one in the queue", next, validity)

	n, next = expireDue(t, s, validity, 10)
	equal(t, "expired", n, 1)
	equal(t, "next: the claimed one", next, wait)
	equal(t, "stored deadline now", deadlines(t, s)[0], wait)

	n, next = expireDue(t, s, wait, 10)
	equal(t, "closed", n, 1)
	equal(t, "next", next.IsZero(), true)
	equal(t, "stored", len(deadlines(t, s)), 0)
	storetest.Check(t, s)
}

// TestDeadlineMovesBack when a message returns to the queue after its stored
// deadline has been moved to the end of its wait for receipts.
func TestDeadlineMovesBack(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	c := oneMessage(a, "k", noon)
	c.Messages[0].ExpiresAt = noon.Add(time.Hour)
	accept(t, s, c)
	got := claim(t, s, noon, 1)[0]
	later := noon.Add(2 * time.Hour)
	_, next := expireDue(t, s, later, 10)
	equal(t, "next", next, got.CloseAt)
	settle(t, s, later, sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictDown, RetryAt: later,
		AttemptRef: sms.AttemptRef{Message: got.ID, Seq: 1, Attempt: 1, Epoch: 1}})
	equal(t, "stored", deadlines(t, s)[0], got.ExpiresAt)
	n, _ := expireDue(t, s, later, 10)
	equal(t, "expired", n, 1)
}

// TestManyDeadlines goes through more messages than one call moves or looks at.
func TestManyDeadlines(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10_000*sms.Credit)
	const many = maxRefiles + 2*lookAhead
	accept(t, s, messages(a, many, "k", noon))
	equal(t, "claimed", len(claim(t, s, noon, many)), many)
	last := oneMessage(a, "last", noon.Add(time.Minute))
	accept(t, s, last)
	claimed := claim(t, s, noon.Add(time.Minute), 1)[0]

	// All stored deadlines pass, all real ones are two days away.
	now, calls := noon.Add(25*time.Hour), 0
	for next := now; ; calls++ {
		if calls > 10 {
			t.Fatal("ExpireDue does not get on")
		}
		var n int
		if n, next = expireDue(t, s, now, 500); n != 0 {
			t.Fatalf("%d messages ended before their time", n)
		}
		if next.After(now) {
			equal(t, "next", next, noon.Add(72*time.Hour))
			break
		}
	}
	if calls == 0 {
		t.Error("one call did it all: it was not bounded")
	}
	total := 0
	for now = noon.Add(72 * time.Hour); ; {
		n, next := expireDue(t, s, now, 700)
		total += n
		if next.After(now) {
			equal(t, "next", next, claimed.CloseAt)
			break
		}
	}
	equal(t, "closed", total, many)
	storetest.Check(t, s)
}

// TestNextDeadlineIsNeverLate: with very many deadlines that come too early the
// answer may be early, but not late.
func TestNextDeadlineIsNeverLate(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10_000*sms.Credit)
	accept(t, s, messages(a, 2*lookAhead, "k", noon)) // stored tomorrow, real ones in three days
	claim(t, s, noon, 2*lookAhead)
	c := oneMessage(a, "soon", noon)
	c.Messages[0].ExpiresAt = noon.Add(30 * time.Hour)
	accept(t, s, c)
	_, next := expireDue(t, s, noon, 10)
	if next.After(c.Messages[0].ExpiresAt) {
		t.Errorf("next is %s, but a message expires at %s", next, c.Messages[0].ExpiresAt)
	}
	n, _ := expireDue(t, s, c.Messages[0].ExpiresAt, 10)
	equal(t, "expired", n, 1)
	if n, _ := expireDue(t, s, c.Messages[0].ExpiresAt, 10); n != 0 {
		t.Error("expired twice")
	}
}

// TestAskingMovesNoDeadline: a message that will be asked about is filed under
// that time from the beginning, so that sending it does not move it.
func TestAskingMovesNoDeadline(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	ask := noon.Add(time.Hour)
	c := oneMessage(a, "k", noon)
	c.Messages[0].AskAt = ask
	accept(t, s, c)
	equal(t, "stored when it was accepted", deadlines(t, s)[0], ask)
	_, next := expireDue(t, s, noon, 10)
	equal(t, "the real one", next, noon.Add(24*time.Hour))
	got := claim(t, s, noon, 1)[0]
	settle(t, s, noon, sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictAccepted, UpstreamID: "x",
		AttemptRef: sms.AttemptRef{Message: got.ID, Seq: 1, Attempt: 1, Epoch: 1}})
	_, next = expireDue(t, s, noon, 10)
	equal(t, "next when it was sent", next, ask)
	_, next = expireDue(t, s, ask, 10)
	equal(t, "stored after the question", deadlines(t, s)[0], next)
	equal(t, "half of what is left", next, ask.Add(71*time.Hour/2))
	storetest.Check(t, s)
}

var _ store.Keeper = (*Store)(nil)
