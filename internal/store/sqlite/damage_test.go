package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Rows that are gone must not stop the work on others: they are passed over or
// ended, and harkara check reports them.

// lose runs damage and has the writer forget what it remembers.
func lose(t *testing.T, s *Store, damage string) {
	t.Helper()
	script(t, s, damage)
	s.writer.mirror.forget()
}

func TestClaimPassesOverLostContent(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	lost := accept(t, s, oneMessage(a, "lost", noon)).FirstMessage
	kept := accept(t, s, oneMessage(a, "kept", noon)).FirstMessage
	lose(t, s, fmt.Sprintf(`DELETE FROM message_group WHERE first_message = %d`, lost))
	got := claim(t, s, noon, 10)
	equal(t, "claimed", len(got), 1)
	equal(t, "the other", got[0].ID, kept)
	equal(t, "and then nothing", len(claim(t, s, noon, 10)), 0)
	list, err := s.Messages(t.Context(), a, store.MessageFilter{States: []sms.State{sms.Rejected}, Limit: 9})
	ok(t, err)
	equal(t, "found by its group", len(list), 0)
	list, err = s.Messages(t.Context(), 0, store.MessageFilter{States: []sms.State{sms.Rejected}, Limit: 9})
	ok(t, err)
	equal(t, "refused", len(list), 1)
	equal(t, "why", list[0].Reason, sms.ReasonContent)
	equal(t, "its credit is back", balance(t, s, a).Reserved, 350_000)
	equal(t, "findings of the driver", findings(t, s), "a key of account 1 answers with group 1, which does not exist")
}

func TestStartRefusesLostContent(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	for _, key := range []string{"lost", "kept"} {
		c := oneMessage(a, key, noon)
		c.Messages[0].State, c.Messages[0].DueAt = sms.Scheduled, noon.Add(time.Hour)
		accept(t, s, c)
	}
	lose(t, s, `DELETE FROM message_group WHERE number = 1`)
	n, next := expireDue(t, s, noon.Add(time.Hour), 10)
	equal(t, "changed", n, 2)
	equal(t, "next", next, noon.Add(24*time.Hour))
	equal(t, "started", len(claim(t, s, noon.Add(time.Hour), 10)), 1)
	equal(t, "credit of the other is back", balance(t, s, a).Reserved, 350_000)
}

// TestExpireWithoutAccount: a message whose account has no row any more is left,
// without a deadline at which it would be met again and again.
func TestExpireWithoutAccount(t *testing.T) {
	s := fresh(t, Options{})
	a, b := newAccount(t, s, "a", 10*sms.Credit), newAccount(t, s, "b", 10*sms.Credit)
	accept(t, s, oneMessage(a, "a", noon))
	accept(t, s, oneMessage(b, "b", noon))
	lose(t, s, fmt.Sprintf(`DELETE FROM account WHERE id = %d`, a))
	n, next := expireDue(t, s, noon.Add(24*time.Hour), 10)
	equal(t, "expired", n, 1)
	equal(t, "next", next.IsZero(), true)
	equal(t, "the other's credit", balance(t, s, b).Reserved, 0)
	if all := findings(t, s); !strings.Contains(all, "would miss its deadline") {
		t.Errorf("findings: %s", all)
	}
}

func TestAskWithoutContent(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	c := oneMessage(a, "k", noon)
	c.Messages[0].AskAt = noon.Add(time.Hour)
	accept(t, s, c)
	m := claim(t, s, noon, 1)[0]
	settle(t, s, noon, sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictAccepted, UpstreamID: "x",
		AttemptRef: sms.AttemptRef{Message: m.ID, Seq: 1, Attempt: 1, Epoch: 1}})
	lose(t, s, `DELETE FROM message_group`)
	x, err := s.ExpireDue(t.Context(), noon.Add(time.Hour), 10, nil, canAsk)
	ok(t, err)
	equal(t, "changed", x.N, 1)
	equal(t, "nobody is asked about what has no sender", len(x.Ask), 0)
}

func TestReplaceWithoutContent(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	id := accept(t, s, oneMessage(a, "k", noon)).FirstMessage
	lose(t, s, `DELETE FROM message_group`)
	err := s.Replace(t.Context(), noon, a, id, nil)
	refused(t, err, sms.CodeInternal)
	equal(t, "still there", len(claim(t, s, noon, 1)), 0) // and refused, see above
}

// TestDeliveriesOfNothing are passed over: what they speak of is gone.
func TestDeliveriesOfNothing(t *testing.T) {
	for _, test := range []struct {
		name, damage string
		left         int
	}{
		{"nothing", ``, 4},
		{"an event", `DELETE FROM event WHERE seq = 1`, 3},
		{"a message", `DELETE FROM message WHERE group_number = 2`, 3},
		{"a group", `DELETE FROM message_group WHERE number = 2`, 3},
		{"an inbox message", `DELETE FROM inbox`, 3},
	} {
		s := fresh(t, Options{})
		a := newAccount(t, s, "a", 10*sms.Credit)
		sub := hook(t, s, a)
		for i := range 3 {
			accept(t, s, oneMessage(a, fmt.Sprint(i), noon))
		}
		receive(t, s, a, sub)
		lose(t, s, test.damage)
		list, err := s.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
		ok(t, err)
		equal(t, "left without "+test.name, len(list), test.left)
	}
}

// hook makes a subscriber of all events of the account.
func hook(t testing.TB, s *Store, account int64) int64 {
	t.Helper()
	n := &sms.Subscriber{Head: sms.Head{AccountID: account, Name: "hook"}, Channel: sms.ChannelWebhook}
	ok(t, store.Save(t.Context(), s, noon, "test", n))
	return n.ID
}

// receive puts a message into the account's inbox and tells the subscriber.
func receive(t testing.TB, s *Store, account, subscriber int64) {
	t.Helper()
	ok(t, s.AddInbound(t.Context(), noon, []sms.Inbound{{To: "2626", Text: "hello"}}, store.InboundRules{
		Owner: func(string, string) int64 { return account }, Told: func(int64, string) []int64 { return []int64{subscriber} }}))
}
