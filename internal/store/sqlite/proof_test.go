package sqlite

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// busy fills a new database with messages of two days in many states, and
// returns its file. Messages, in order: 1 delivered with a receipt that came
// early, 2 delivered after our own timer had closed it, 3 resent, 4 answered
// without an id, 5 canceled, 6 scheduled; and 7 queued on the next day.
func busy(t *testing.T) (image []byte, ids []sms.MessageID) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "busy.db")
	s, err := Open(t.Context(), path, Options{})
	ok(t, err)
	a := newAccount(t, s, "a", 100*sms.Credit)
	newAccount(t, s, "b", sms.Credit)
	ok(t, store.Save(t.Context(), s, noon, "test", &sms.Subscriber{Head: sms.Head{AccountID: a, Name: "hook"}, Channel: "webhook"}))
	send := func(key string, now time.Time, change func(*sms.Message)) {
		c := oneMessage(a, key, now)
		change(&c.Messages[0])
		ids = append(ids, accept(t, s, c).FirstMessage)
	}
	plain := func(*sms.Message) {}
	outcome := func(c store.Claimed, v sms.Verdict, id string) {
		settle(t, s, noon, sms.Outcome{ConnectorID: 3, Verdict: v, UpstreamID: id, UpstreamKey: strings.ToLower(id), Resend: true,
			RetryAt: noon, AttemptRef: sms.AttemptRef{Message: c.ID, Seq: 1, Attempt: c.Sub[0].Attempt, Epoch: 1}})
	}
	receipt := func(id string, at time.Time) {
		_, err := s.ApplyReceipts(t.Context(), at, []sms.Receipt{{ConnectorID: 3, IDs: []string{id}, State: sms.PartDelivered, Raw: "stat:DELIVRD", At: at}})
		ok(t, err)
	}
	receipt("one", noon)
	for i := range 4 {
		send(fmt.Sprint("k", i), noon, plain)
	}
	got := claim(t, s, noon, 10)
	outcome(got[0], sms.VerdictAccepted, "ONE")
	outcome(got[1], sms.VerdictAccepted, "TWO")
	outcome(got[2], sms.VerdictUnknown, "")
	again := claim(t, s, noon, 10)
	outcome(again[0], sms.VerdictAccepted, "THREE")
	outcome(got[2], sms.VerdictAccepted, "LATE")
	outcome(got[3], sms.VerdictAccepted, "")
	late := noon.Add(80 * time.Hour)
	_, err = s.ExpireDue(t.Context(), late, 1, func(*sms.Message, *sms.Group, sms.Money) sms.Reason { return "" }, canAsk)
	ok(t, err)
	receipt("two", late)
	receipt("nobody's", noon)
	send("k4", noon, plain)
	_, err = s.Cancel(t.Context(), noon, a, ids[4:5])
	ok(t, err)
	send("k5", noon, func(m *sms.Message) { m.State = sms.Scheduled })
	send("k6", noon.Add(24*time.Hour), plain)
	rules := store.InboundRules{Owner: func(to, _ string) int64 { return int64(len(to)) }, Told: func(_ int64, to string) []int64 {
		if to == "2" {
			return []int64{1}
		}
		return nil
	}}
	ok(t, s.AddInbound(t.Context(), noon, []sms.Inbound{{Text: "hello", To: "1"}, {Text: "hello"}, {Text: "told", To: "2"}}, rules))
	ok(t, s.Close())
	image, err = os.ReadFile(path)
	ok(t, err)
	return image, ids
}

func findings(t *testing.T, s *Store) string {
	t.Helper()
	var all []string
	ok(t, s.Sweep(t.Context(), store.Visitor{Finding: func(text string) error { all = append(all, text); return nil }}))
	return strings.Join(all, "\n")
}

// TestProofs damages a row at a time. In what is found, $1 is message 1.
func TestProofs(t *testing.T) {
	image, ids := busy(t)
	var names []string
	for i, id := range ids {
		names = append(names, fmt.Sprintf("$%d", i+1), id.String())
	}
	named := strings.NewReplacer(names...)
	for _, test := range []struct{ name, damage, want string }{
		{"nothing", ``, ""},
		{"all events", `DELETE FROM event; DELETE FROM delivery; UPDATE inbox SET seq = NULL; UPDATE message SET state = 13; UPDATE sequence SET event = 0; UPDATE message SET deadline = NULL`,
			strings.Join([]string{"message $1 is failed and has no history", "message $2 is failed and has no history", "message $3 is failed and has no history",
				"message $4 is failed and has no history", "message $5 is failed and has no history", "message $6 is failed and has no history",
				"message $7 is failed and has no history"}, "\n")},
		{"an event in the middle", `DELETE FROM delivery; DELETE FROM event WHERE message_id = $3 AND trigger = 17`,
			"23 events were given out, but messages have 22: the history has holes"},
		{"the first event", `DELETE FROM delivery; DELETE FROM event WHERE message_id = $7; INSERT INTO event
			SELECT $7, 19, 1, at, 4, 2, 0, 0, '', '', NULL, NULL, NULL FROM event WHERE seq = 1`,
			`message $7: its history begins with "hand_back", not with its acceptance`},
		{"the last event", `UPDATE message SET state = 11 WHERE id = $5`, "message $5 is rejected, but its history ends with canceled"},
		{"an event's state", `UPDATE event SET state = 1 WHERE message_id = $1 AND trigger = 3`, "message $1: its history goes from queued to scheduled"},
		{"counter of events", `UPDATE sequence SET event = 1`, "the counter of events stands at 1, below event 23, which was given out"},
		{"counter of transfers", `UPDATE sequence SET transfer = 1`, "the counter of transfers stands at 1, below transfer 14, which was given out"},
		{"nobody's counter", `UPDATE sequence SET nobodys_inbox = 0`, "the counter of nobody's inbox stands at 0, below number 1, which was given out"},
		{"inbox counter", `UPDATE account SET next_inbox = 1`, "account 1: its inbox counter stands at or below number 2, which was given out"},
		{"counter of a day", `UPDATE message_day SET next = 1 WHERE day = (SELECT min(day) FROM message_day)`,
			"the counter of message ids of day 20781 stands at or below that of message $6, which was given out"},
		{"another day", `DELETE FROM message_day WHERE day = (SELECT max(day) FROM message_day)`,
			"the counter of message ids of day 20782 stands at or below that of message $7, which was given out"},
		{"counter of nouns", `UPDATE noun_sequence SET next_id = 1 WHERE kind = 'subscriber'`, "noun_sequence: the next id stands at or below id 1, which 1 configured things have"},
		{"upstream", `DELETE FROM upstream WHERE message_id = $1`, "part 1 of message $1 has an operator's id by which no receipt would find it"},
		{"one copy of two", `DELETE FROM upstream WHERE upstream_key = 'late'`, ""},
		{"upstream elsewhere", `UPDATE upstream SET seq = 2 WHERE upstream_key = 'late'`, "1 operator's ids point to parts that do not exist"},
		{"inbox of nobody known", `UPDATE inbox SET account_id = 99 WHERE account_id = 1 AND number = 1`, "inbox message 1 belongs to account 99, which does not exist"},
		{"part of nobody", `UPDATE part SET message_id = 5 WHERE message_id = $4`, "part 1 of message 5 belongs to no message"},
		{"delivery of nobody", `DELETE FROM delivery WHERE id <> (SELECT min(id) FROM delivery); UPDATE delivery SET id = id + (1 << 42)`,
			"delivery 8796093022209 goes to subscriber 2, which does not exist"},
		{"delivery of nothing", `DELETE FROM delivery WHERE id <> (SELECT min(id) FROM delivery); UPDATE delivery SET message_id = 5`,
			"delivery 4398046511105 is of an event of message 5 that does not exist"},
		{"delivery of no inbox message", `DELETE FROM inbox WHERE seq > 0; UPDATE sequence SET event = event - 1`,
			"delivery 4398046511127 is of inbox message 2 that does not exist, or not under its number"},
		{"inbox message under another number", `UPDATE inbox SET seq = 99 WHERE seq > 0; UPDATE sequence SET event = 99`,
			"99 events were given out, but messages have 23: the history has holes\ndelivery 4398046511127 is of inbox message 2 that does not exist, or not under its number"},
		{"inbox number of nobody", `UPDATE inbox SET seq = 9 WHERE number = 1 AND account_id = 1`,
			"23 events were given out, but messages have 24: the history has holes"},
		{"key of nothing", `UPDATE idempotency SET group_number = 70 WHERE idempotency_key = 'k1'`, "a key of account 1 answers with group 70, which does not exist"},
		{"held receipt", `DELETE FROM held_receipt`, "a receipt of connector 3 that waits for its message (1) is gone, its keys are not"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "harkara.db")
			ok(t, os.WriteFile(path, image, 0o600))
			s := openAt(t, path, Options{})
			if test.damage != "" {
				script(t, s, named.Replace(test.damage))
			}
			equal(t, "what is found", findings(t, s), named.Replace(test.want))
		})
	}
}

// TestFindingsAreBounded: a table that is lost is not told row by row.
func TestFindingsAreBounded(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 1000*sms.Credit)
	accept(t, s, messages(a, provenMost+5, "k", noon))
	claim(t, s, noon, provenMost+5)
	script(t, s, `UPDATE event SET state = 4 WHERE trigger = 3`)
	equal(t, "findings of a walk", strings.Count(findings(t, s), "\n")+1, provenMost)
	script(t, s, `UPDATE event SET state = 3 WHERE trigger = 3; UPDATE inbox SET account_id = 99;
		UPDATE part SET message_id = message_id + 1000`)
	equal(t, "findings of a query", strings.Count(findings(t, s), "\n")+1, provenMost)
}

// TestProofPlans: no proof sorts, or reads a table again for every row.
func TestProofPlans(t *testing.T) {
	s := fresh(t, Options{})
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		queries := []string{everyEvent, everyUpstream, everyPart}
		for _, p := range proofs {
			queries = append(queries, p.query+` LIMIT ?`)
		}
		for _, q := range queries {
			p := plan(t, c, q)
			p = strings.ReplaceAll(p, "SCAN bucket", "") // a row per shard and day
			_, inner, _ := strings.Cut(p, "CORRELATED")
			if strings.Contains(p, "TEMP B-TREE") || strings.Contains(inner, "SCAN") || strings.Contains(p, "AUTOMATIC") || strings.Contains(p, "LIST SUBQUERY") {
				t.Errorf("%s\n\tis run as %s", q, p)
			}
			if testing.Verbose() {
				t.Log(p)
			}
		}
		return nil
	}))
}
