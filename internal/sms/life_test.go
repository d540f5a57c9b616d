package sms

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// scene is a message at some point of its life.
type scene struct {
	name  string
	parts int
	play  func(r *Record)
}

// lose makes part seq wait for its resend.
func lose(r *Record, seq int) {
	o := outcome(r, seq, VerdictUnknown)
	o.Resend, o.Reason = true, ReasonOutcome
	r.Outcome(o, noon)
}

func claimOf(r *Record) { r.Claim(3, 9, r.Parts, noon) }

func say(r *Record, seq int, v Verdict) {
	o := outcome(r, seq, v)
	o.Reason = map[Verdict]Reason{VerdictRetry: ReasonRetrying, VerdictReject: ReasonOperator, VerdictUnknown: ReasonOutcome, VerdictDown: ReasonLinkDown}[v]
	r.Outcome(o, noon)
}

func scenes() []scene {
	then := func(steps ...func(*Record)) func(*Record) {
		return func(r *Record) {
			for _, s := range steps {
				s(r)
			}
		}
	}
	verdict := func(seq int, v Verdict) func(*Record) { return func(r *Record) { say(r, seq, v) } }
	receipt := func(seq int, s PartState) func(*Record) {
		return func(r *Record) { r.Receipt(seq, Receipt{State: s}, noon) }
	}
	lost := func(r *Record) { lose(r, 1) }
	lastOnly := func(r *Record) { r.ReceiptsOn = ReceiptsLast }
	after := func(d time.Duration) func(*Record) { return func(r *Record) { r.Expire(noon.Add(d), true) } }
	sent := then(claimOf, verdict(1, VerdictAccepted))
	return []scene{
		{"scheduled", 1, func(r *Record) { r.State = Scheduled }},
		{"queued", 1, func(*Record) {}},
		{"sending", 1, claimOf},
		{"refused for now", 1, then(claimOf, verdict(1, VerdictRetry))},
		{"handed back", 1, then(claimOf, verdict(1, VerdictDown))},
		{"waiting for its resend", 1, then(claimOf, lost)},
		{"resending", 1, then(claimOf, lost, claimOf)},
		{"held", 1, then(claimOf, verdict(1, VerdictUnknown))},
		{"sent", 1, sent},
		{"sent, charged on delivery", 1, then(func(r *Record) { r.ChargeOn = ChargeDelivered }, sent)},
		{"two parts on the wire", 2, claimOf},
		{"sending beside sent", 2, then(claimOf, verdict(2, VerdictAccepted))},
		{"sending beside delivered", 2, then(claimOf, receipt(2, PartDelivered))},
		{"sending beside rejected", 2, then(claimOf, verdict(2, VerdictReject))},
		{"sent beside rejected", 2, then(claimOf, verdict(2, VerdictReject), verdict(1, VerdictAccepted))},
		{"sent beside waiting", 2, then(claimOf, verdict(2, VerdictRetry), verdict(1, VerdictAccepted))},
		{"the last, which has the receipt, is rejected", 2, then(lastOnly, claimOf, verdict(2, VerdictReject))},
		{"the last, which has the receipt, waits", 3, then(lastOnly, claimOf, verdict(3, VerdictRetry), verdict(2, VerdictAccepted))},
		{"delivered", 1, then(sent, receipt(1, PartDelivered))},
		{"undelivered", 1, then(sent, receipt(1, PartUndelivered))},
		{"partially delivered", 2, then(claimOf, receipt(1, PartDelivered), receipt(2, PartExpired))},
		{"rejected", 1, then(claimOf, verdict(1, VerdictReject))},
		{"canceled", 1, then(claimOf, verdict(1, VerdictDown), func(r *Record) { r.Cancel(noon) })},
		{"closed while sending", 1, then(claimOf, after(3*time.Hour))},
		{"closed after sent", 1, then(sent, after(3*time.Hour))},
		{"expired", 1, then(claimOf, verdict(1, VerdictDown), after(time.Hour))},
	}
}

// events are all that can happen to part 1.
func events() []struct {
	name string
	do   func(r *Record) Change
} {
	type event = struct {
		name string
		do   func(r *Record) Change
	}
	now := noon.Add(time.Minute)
	list := []event{{"claim", func(r *Record) Change { return r.Claim(4, 10, r.Parts, now) }},
		{"start", func(r *Record) Change { return r.Start("", now) }}}
	for v := VerdictAccepted; v <= VerdictDown; v++ {
		for _, resend := range []bool{false, true}[:map[bool]int{false: 1, true: 2}[v == VerdictUnknown]] {
			list = append(list, event{strings.TrimSpace(v.String() + map[bool]string{true: ", resend"}[resend]), func(r *Record) Change {
				if len(r.Sub) == 0 {
					return Change{}
				}
				o := outcome(r, 1, v)
				o.Resend, o.RetryAt, o.Code = resend, now.Add(time.Minute), "0x1"
				if v != VerdictAccepted {
					o.Reason = "of the outcome"
					o.AvoidID = o.ConnectorID
				}
				return r.Outcome(o, now)
			}})
		}
	}
	for _, s := range []PartState{PartSent, PartDelivered, PartUndelivered, PartExpired, PartRejected, PartRead} {
		list = append(list, event{"receipt: " + s.String(), func(r *Record) Change { return r.Receipt(1, Receipt{State: s, Code: "7"}, now) }})
	}
	return append(list, event{"end of validity", func(r *Record) Change { return r.Expire(noon.Add(time.Hour), true) }},
		event{"end of waiting", func(r *Record) Change { return r.Expire(noon.Add(3*time.Hour), true) }},
		event{"cancel", func(r *Record) Change { return r.Cancel(now) }})
}

// look describes a message in a line.
func look(r *Record) string {
	words := []string{r.State.String()}
	if r.Provisional {
		words = append(words, "(provisional)")
	}
	for _, p := range r.Sub {
		w := "[" + p.State.String()
		if p.Unknowns > 0 {
			w += fmt.Sprintf(" unknown %dx", p.Unknowns)
		}
		words = append(words, w+"]")
	}
	words = append(words, fmt.Sprintf("%s/%s/%s", r.Reserved, r.Captured, r.Released))
	for _, x := range []struct {
		name string
		on   bool
		v    any
	}{{"only", r.OnlyID != 0, r.OnlyID}, {"avoid", r.AvoidID != 0, r.AvoidID}, {"due in", !r.DueAt.Equal(noon), r.DueAt.Sub(noon)},
		{"because", r.Reason != "", string(r.Reason) + strings.TrimSuffix(" "+r.Code, " ")}, {"answered", r.Answered, ""}} {
		if x.on {
			words = append(words, strings.TrimSpace(fmt.Sprint(x.name, " ", x.v)))
		}
	}
	return strings.Join(words, " ")
}

// TestLife holds what every event does at every point of a message's life
// against its golden file. "-" is an event that changes nothing.
func TestLife(t *testing.T) {
	const file = "testdata/life.golden"
	var b strings.Builder
	for _, s := range scenes() {
		begin := func() *Record {
			r := newRecord(s.parts)
			s.play(r)
			return r
		}
		fmt.Fprintf(&b, "%s: %s\n", s.name, look(begin()))
		for _, e := range events() {
			r := begin()
			before := look(r)
			c := e.do(r)
			line := "-"
			if c.Touched || len(c.Parts)+len(c.Events)+len(c.Upstream) > 0 {
				line = "evidence only"
				if after := look(r); after != before {
					line = after
				}
				line += "; " + told(c)
			}
			fmt.Fprintf(&b, "\t%-20s %s\n", e.name, line)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the life of a message differs from %s; if that is meant, run go test ./internal/sms -update\n%s", file, b.String())
	}
}
