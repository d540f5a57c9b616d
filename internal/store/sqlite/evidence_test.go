package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// TestReceiptsAreKept in the history, where an operator finds them.
func TestReceiptsAreKept(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	accept(t, s, oneMessage(a, "k", noon))
	m := claim(t, s, noon, 1)[0]
	early := sms.Receipt{ConnectorID: 3, IDs: []string{"a", "b"}, State: sms.PartSent, Code: "1", Raw: "stat:ENROUTE", At: noon.Add(time.Second)}
	_, err := s.ApplyReceipts(t.Context(), noon, []sms.Receipt{early})
	ok(t, err)
	settle(t, s, noon, sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictAccepted, UpstreamID: "B", UpstreamKey: "b",
		AttemptRef: sms.AttemptRef{Message: m.ID, Seq: 1, Attempt: 1, Epoch: 1}})
	late := sms.Receipt{ConnectorID: 3, IDs: []string{"b"}, State: sms.PartDelivered, Code: "0", Raw: "stat:DELIVRD", At: noon.Add(time.Minute)}
	_, err = s.ApplyReceipts(t.Context(), noon, []sms.Receipt{late, late})
	ok(t, err)
	var rows []string
	ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
		return c.Query(`SELECT part, arrived_at, state, code, raw FROM receipt WHERE message_id = ? ORDER BY seq`, []any{int64(m.ID)},
			func(scan func(...any) error) error {
				var part, at, state int64
				var code, raw string
				err := scan(&part, &at, &state, &code, &raw)
				rows = append(rows, fmt.Sprint(part, time.UnixMicro(at).Sub(noon), sms.PartState(state), code, raw))
				return err
			})
	}))
	equal(t, "evidence", strings.Join(rows, "\n"), strings.Join([]string{
		"1 1s sent1stat:ENROUTE", "1 1m0s delivered0stat:DELIVRD", "1 1m0s delivered0stat:DELIVRD"}, "\n"))
}

func TestSubscriberIDs(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	save := func(id int64, name string) error {
		n := &sms.Subscriber{Head: sms.Head{AccountID: a, Name: name}, Channel: "webhook"}
		d, err := store.Encode(n)
		ok(t, err)
		d.ID = id
		_, err = s.WriteDocs(t.Context(), noon, "test", []store.DocChange{{Doc: d}})
		return err
	}
	refused(t, save(maxSub+1, "too large"), sms.CodeInvalid)
	refused(t, save(1<<60, "much too large"), sms.CodeInvalid)
	ok(t, save(maxSub, "largest"))
	refused(t, save(0, "the next one"), sms.CodeInvalid)
	accept(t, s, oneMessage(a, "k", noon))
	list, err := s.ClaimDeliveries(t.Context(), noon, maxSub, 10, noon.Add(time.Hour))
	ok(t, err)
	equal(t, "deliveries", len(list), 1)
	equal(t, "subscriber", list[0].SubscriberID, maxSub)
	equal(t, "event", list[0].Event.Trigger, sms.OnAccept)
	for _, nobody := range []int64{-1, maxSub + 1, 1 << 62} {
		list, err := s.ClaimDeliveries(t.Context(), noon, nobody, 10, noon)
		ok(t, err)
		equal(t, "deliveries of nobody", len(list), 0)
	}
	// A number that does not fit would take another subscriber's place.
	script(t, s, fmt.Sprintf(`UPDATE sequence SET event = %d`, maxSeq))
	s.writer.mirror.forget()
	_, err = s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k2", noon)})
	refused(t, err, sms.CodeInternal)
}

// TestSweepFinds damage that only the driver can see.
func TestSweepFinds(t *testing.T) {
	for _, test := range []struct{ name, damage, finding string }{
		{"index", `PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = replace(sql, 'state = 2', 'state = 4') WHERE name = 'part_sending';
			PRAGMA writable_schema = RESET`, "part_sending"},
		{"deadline lost", `UPDATE message SET deadline = NULL`, "would miss its deadline"},
		{"deadline late", `UPDATE message SET deadline = deadline + 1`, "would miss its deadline"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := fresh(t, Options{})
			a := newAccount(t, s, "a", 10*sms.Credit)
			accept(t, s, oneMessage(a, "k", noon))
			find := func() (all string) {
				ok(t, s.Sweep(t.Context(), store.Visitor{Finding: func(text string) error { all += text + "\n"; return nil }}))
				return all
			}
			if test.name == "index" { // its part is in state 4 and not in the index
				m := claim(t, s, noon, 1)[0]
				settle(t, s, noon, sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictAccepted,
					AttemptRef: sms.AttemptRef{Message: m.ID, Seq: 1, Attempt: 1, Epoch: 1}})
			}
			equal(t, "findings before", find(), "")
			script(t, s, test.damage)
			if got := find(); !strings.Contains(got, test.finding) {
				t.Errorf("findings %q do not say %q", got, test.finding)
			}
		})
	}
}
