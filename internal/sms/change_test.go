package sms

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// newRecord is a queued message of n parts for one credit each.
func newRecord(n int) *Record {
	return &Record{Message: Message{ID: 1, AccountID: 7, To: "8801711111111", State: Queued, Parts: n, Units: n, Price: Credit,
		Reserved: Credit * Money(n), RouteID: 1, DueAt: noon, ExpiresAt: noon.Add(time.Hour), CloseAt: noon.Add(3 * time.Hour)}}
}

// told is the story of the changes: "claim:sending@3 answer:sent#1@3".
func told(changes ...Change) string {
	var words []string
	for _, c := range changes {
		for _, e := range c.Events {
			w := e.Trigger.String() + ":" + e.State.String()
			if e.Part != 0 {
				w += fmt.Sprintf("#%d", e.Part)
			}
			if e.ConnectorID != 0 {
				w += fmt.Sprintf("@%d", e.ConnectorID)
			}
			words = append(words, w)
		}
	}
	return strings.Join(words, " ")
}

func check[V any](t *testing.T, what string, got, want V) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

func outcome(r *Record, seq int, v Verdict) Outcome {
	p := r.Sub[seq-1]
	return Outcome{AttemptRef: AttemptRef{Message: r.ID, Seq: seq, Attempt: p.Attempt, Epoch: p.Epoch}, ConnectorID: p.ConnectorID, Verdict: v}
}

func states(r *Record) (list []PartState) {
	for _, p := range r.Sub {
		list = append(list, p.State)
	}
	return list
}

func TestClaim(t *testing.T) {
	r := newRecord(2)
	r.OnlyID, r.AvoidID = 3, 4
	c := r.Claim(3, 9, 2, noon)
	want := Part{State: PartSending, ConnectorID: 3, Attempt: 1, Epoch: 9, At: noon}
	one, two := want, want
	one.Seq, two.Seq = 1, 2
	check(t, "parts", r.Sub, []Part{one, two})
	check(t, "changed", c.Parts, []int{0, 1})
	check(t, "message", []any{r.State, r.OnlyID, r.AvoidID, r.UpdatedAt, r.Answered}, []any{Sending, int64(0), int64(0), noon, false})
	check(t, "event", c.Events, []Event{{AccountID: 7, MessageID: 1, At: noon, Trigger: OnClaim, State: Sending, ConnectorID: 3}})
	for _, s := range States() {
		if s == Queued {
			continue
		}
		r := newRecord(1)
		r.State = s
		before := *r
		check(t, "claim of a message that is "+s.String(), []any{r.Claim(3, 9, 1, noon), *r}, []any{Change{}, before})
	}
}

func TestOutcomePinsTheResend(t *testing.T) {
	for _, v := range []Verdict{VerdictDown, VerdictRetry, VerdictThrottle} {
		r := newRecord(1)
		r.Claim(3, 9, 1, noon)
		lost := outcome(r, 1, VerdictUnknown)
		lost.Resend = true
		r.Outcome(lost, noon)
		check(t, "after the unknown outcome", r.OnlyID, int64(3))
		r.Claim(3, 9, 1, noon)
		again := outcome(r, 1, v)
		again.AvoidID = 3
		r.Outcome(again, noon)
		check(t, v.String()+" of the resend", []any{r.State, r.OnlyID, r.AvoidID}, []any{Queued, int64(3), int64(0)})
	}
}

// TestOutcomeOfTwoParts: the pin of a part that may have been sent wins over
// what the other part would avoid, in either order.
func TestOutcomeOfTwoParts(t *testing.T) {
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		r := newRecord(2)
		r.Claim(3, 9, 2, noon)
		for _, seq := range order {
			o := outcome(r, seq, VerdictUnknown)
			o.Resend = true
			if seq == 2 {
				o.Verdict, o.AvoidID = VerdictRetry, 3
			}
			r.Outcome(o, noon)
		}
		check(t, "pin", []any{r.State, r.OnlyID, r.AvoidID}, []any{Queued, int64(3), int64(0)})
	}
}

// TestOutcomeBesideARefusal: what cannot become whole is not sent again.
func TestOutcomeBesideARefusal(t *testing.T) {
	for v, want := range map[Verdict]PartState{VerdictDown: PartCanceled, VerdictRetry: PartCanceled, VerdictThrottle: PartCanceled,
		VerdictUnknown: PartUnknown, VerdictReject: PartRejected, VerdictAccepted: PartSent} {
		r := newRecord(2)
		r.Claim(3, 9, 2, noon)
		refused := outcome(r, 1, VerdictReject)
		refused.Reason, refused.Code = ReasonOperator, "0xB"
		r.Outcome(refused, noon)
		o := outcome(r, 2, v)
		o.Resend, o.RetryAt = true, noon.Add(time.Minute)
		r.Outcome(o, noon)
		check(t, v.String(), states(r), []PartState{PartRejected, want})
		if r.State == Queued {
			t.Errorf("%s: the message is queued again", v)
		}
	}
}

func TestReasonOfAPartThatWasRefused(t *testing.T) {
	r := newRecord(2)
	r.Claim(3, 9, 2, noon)
	o := outcome(r, 1, VerdictReject)
	o.Reason, o.Code = ReasonOperator, "0xB"
	r.Outcome(o, noon)
	r.Outcome(outcome(r, 2, VerdictAccepted), noon)
	check(t, "after the sibling's answer", []any{r.State, r.Reason, r.Code}, []any{Sent, ReasonOperator, "0xB"})
	r.Receipt(2, Receipt{State: PartDelivered}, noon)
	check(t, "at the end", []any{r.State, r.Reason, r.Code}, []any{PartiallyDelivered, ReasonOperator, "0xB"})
}

func TestProvisionalExpiryThatIsConfirmed(t *testing.T) {
	r := newRecord(1)
	r.Claim(3, 9, 1, noon)
	first := outcome(r, 1, VerdictDown)
	r.Outcome(first, noon)
	r.Expire(noon.Add(time.Hour))
	check(t, "our timer", []any{r.State, r.Provisional}, []any{Expired, true})
	first.Verdict = VerdictAccepted
	r.Outcome(first, noon)
	r.Receipt(1, Receipt{State: PartExpired}, noon)
	check(t, "confirmed", []any{r.State, r.Provisional}, []any{Expired, false})
	check(t, "and final", r.Receipt(1, Receipt{State: PartDelivered}, noon).Touched, false)
}

// TestLateOutcomeAfterTheEnd: a closed message keeps the reason of its end.
func TestLateOutcomeAfterTheEnd(t *testing.T) {
	for _, v := range []Verdict{VerdictRetry, VerdictThrottle, VerdictUnknown, VerdictDown} {
		r := newRecord(1)
		r.Claim(3, 9, 1, noon)
		r.Expire(noon.Add(3 * time.Hour))
		o := outcome(r, 1, v)
		o.Reason, o.Code, o.Resend = ReasonRetrying, "0x14", true
		r.Outcome(o, noon.Add(4*time.Hour))
		check(t, v.String(), []any{r.State, r.Provisional, r.Reason, r.Code}, []any{Unknown, true, ReasonOutcome, ""})
	}
	r := newRecord(1)
	r.Claim(3, 9, 1, noon)
	r.Expire(noon.Add(3 * time.Hour))
	r.Outcome(outcome(r, 1, VerdictReject), noon.Add(4*time.Hour))
	check(t, "a refusal is evidence", []any{r.State, r.Provisional}, []any{Rejected, false})
}

func TestShare(t *testing.T) {
	for _, c := range []struct {
		units, parts int
		want         []Money
	}{
		{1, 1, []Money{1}}, {3, 3, []Money{1, 1, 1}}, {5, 3, []Money{1, 1, 3}}, {6, 3, []Money{2, 2, 2}}, {2, 3, []Money{0, 0, 2}}, {7, 1, []Money{7}}, {0, 2, []Money{0, 0}},
	} {
		r := newRecord(1)
		r.Units, r.Price, r.Reserved = c.units, 1, Money(c.units)
		r.Claim(3, 9, c.parts, noon)
		var got []Money
		for i := range r.Sub {
			r.Outcome(outcome(r, i+1, VerdictAccepted), noon)
			got = append(got, r.Sub[i].Captured)
		}
		check(t, fmt.Sprintf("%d units over %d submissions", c.units, c.parts), got, c.want)
		check(t, "captured", r.Captured, r.Reserved)
	}
}

// TestChargeOverReserve: a part is not captured with credit that is not held.
func TestChargeOverReserve(t *testing.T) {
	r := newRecord(2)
	r.Reserved = Credit + 1
	r.Claim(3, 9, 2, noon)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	c := r.Outcome(outcome(r, 2, VerdictAccepted), noon)
	check(t, "second part", []any{c.Capture, r.Captured, r.State}, []any{Money(0), Credit, Sent})
	c = r.Receipt(1, Receipt{State: PartDelivered}, noon)
	check(t, "not the end", c.Release, Money(0))
	c = r.Receipt(2, Receipt{State: PartDelivered}, noon)
	check(t, "the rest", []any{c.Capture, c.Release}, []any{Money(0), Money(1)})
}

func TestUpstream(t *testing.T) {
	for _, c := range []struct {
		id, key string
		want    []string
	}{{"", "", nil}, {"0A", "", []string{"0A"}}, {"0A", "a", []string{"a"}}} {
		r := newRecord(1)
		r.Claim(3, 9, 1, noon)
		o := outcome(r, 1, VerdictAccepted)
		o.UpstreamID, o.UpstreamKey = c.id, c.key
		got := r.Outcome(o, noon)
		check(t, "keys", got.IDs, c.want)
		check(t, "shown", r.Sub[0].UpstreamID, c.id)
		check(t, "one part each", len(got.Upstream), len(c.want))
	}
}

func TestReceiptOfNoPart(t *testing.T) {
	r := newRecord(1)
	check(t, "before the first claim", r.Receipt(1, Receipt{State: PartDelivered}, noon), Change{})
	r.Claim(3, 9, 1, noon)
	for _, seq := range []int{-1, 0, 2} {
		check(t, "receipt", r.Receipt(seq, Receipt{State: PartDelivered}, noon), Change{})
		o := outcome(r, 1, VerdictAccepted)
		o.Seq = seq
		check(t, "outcome", r.Outcome(o, noon), Change{})
	}
}

func TestStart(t *testing.T) {
	r := newRecord(1)
	r.State = Scheduled
	c := r.Start("", noon)
	check(t, "let go", []any{r.State, told(c), c.Touched, c.Release, r.UpdatedAt}, []any{Queued, "due:queued", true, Money(0), noon})
	check(t, "twice", r.Start("", noon), Change{})
	r = newRecord(1)
	r.State = Scheduled
	c = r.Start(ReasonSender, noon)
	check(t, "refused", []any{r.State, r.Reason, told(c), c.Release, r.Provisional}, []any{Rejected, ReasonSender, "reject:rejected", Credit, false})
}

func TestExpire(t *testing.T) {
	claimed := func(n int, verdicts ...Verdict) *Record {
		r := newRecord(n)
		r.Claim(3, 9, n, noon)
		for i, v := range verdicts {
			o := outcome(r, i+1, v)
			o.Resend, o.RetryAt = true, noon.Add(time.Minute)
			if v == VerdictRetry {
				o.Reason = ReasonRetrying
			}
			r.Outcome(o, noon)
		}
		return r
	}
	scheduled, down := newRecord(1), newRecord(1)
	scheduled.State = Scheduled
	down.Reason = ReasonLinkDown
	held := claimed(1, VerdictUnknown)
	held.Sub[0].State, held.State = PartUnknown, Held
	for _, c := range []struct {
		what   string
		r      *Record
		after  time.Duration
		want   State
		prov   bool
		reason Reason
	}{
		{"queued, too early", newRecord(1), time.Hour - 1, Queued, false, ""},
		{"queued", newRecord(1), time.Hour, Expired, true, ReasonValidity},
		{"queued while the link was down", down, time.Hour, Expired, true, ReasonLinkDown},
		{"refused for now", claimed(1, VerdictRetry), time.Hour, Expired, true, ReasonValidity},
		{"waiting for its resend", claimed(1, VerdictUnknown), time.Hour, Held, false, ""},
		{"one part sent, one refused for now", claimed(2, VerdictAccepted, VerdictRetry), time.Hour, Sent, false, ReasonRetrying},
		{"scheduled is Start's", scheduled, 99 * time.Hour, Scheduled, false, ""},
		{"sending, within validity", claimed(1), time.Hour, Sending, false, ""},
		{"sending", claimed(1), 3 * time.Hour, Unknown, true, ReasonOutcome},
		{"held", held, 3 * time.Hour, Unknown, true, ReasonOutcome},
		{"sent", claimed(1, VerdictAccepted), 3 * time.Hour, Unknown, true, ReasonNoReceipt},
		{"rejected", claimed(1, VerdictReject), 99 * time.Hour, Rejected, false, ""},
	} {
		before := c.r.State
		got := c.r.Expire(noon.Add(c.after))
		check(t, c.what, []any{c.r.State, c.r.Provisional, c.r.Reason}, []any{c.want, c.prov, c.reason})
		check(t, c.what+": written", got.Touched, before != c.want)
		check(t, c.what+": money", c.r.Open() != 0, !c.want.Final() && c.want != Sent || c.r.Parts == 2)
	}
}

func TestCancel(t *testing.T) {
	for _, s := range States() {
		r := newRecord(1)
		r.State = s
		c := r.Cancel(noon)
		if ok := s == Queued || s == Scheduled; c.Touched != ok {
			t.Errorf("cancel of a message that is %s: %v", s, c.Touched)
		}
	}
	r := newRecord(2)
	r.Claim(3, 9, 2, noon)
	r.Outcome(outcome(r, 1, VerdictDown), noon)
	check(t, "one part on the wire", r.Cancel(noon), Change{})
	r.Outcome(outcome(r, 2, VerdictDown), noon)
	c := r.Cancel(noon)
	check(t, "all handed back", []any{r.State, r.Reason, told(c), c.Release, states(r)},
		[]any{Canceled, ReasonCanceled, "cancel:canceled", 2 * Credit, []PartState{PartCanceled, PartCanceled}})
}

func TestSameNumber(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"8801711222333", "8801711222333", true}, {"8801711222333", "", true}, {"", "", true},
		{"8801711222333", "+8801711222333", true}, {"8801711222333", "008801711222333", true},
		{"8801711222333", "01711222333", true}, {"8801711222333", "1711222333", true},
		{"8801711222333", "1222333", true}, {"8801711222333", "222333", false},
		{"8801711222333", "8801711222334", false}, {"2626", "2626", true}, {"12626", "2626", false},
		{"0", "00", true}, {"000", "8801711222333", false},
	} {
		if got := SameNumber(c.a, c.b); got != c.want {
			t.Errorf("SameNumber(%q, %q) is %v", c.a, c.b, got)
		}
		if got := SameNumber(c.b, c.a); got != c.want {
			t.Errorf("SameNumber(%q, %q) is %v", c.b, c.a, got)
		}
	}
}

// TestRecord makes random things happen to a message and looks after each at
// what must hold always: for customers (no end ever changes, money adds up) and
// for drivers (a Change names everything that it changed).
func TestRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := newLife(t)
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				connector := rapid.Int64Range(1, 2).Draw(t, "connector")
				if l.r.OnlyID != 0 {
					connector = l.r.OnlyID
				}
				l.epoch += rapid.Int64Range(0, 1).Draw(t, "epoch")
				l.step(t, func() Change { return l.r.Claim(connector, l.epoch, l.r.Parts, l.now) })
				for i, p := range l.r.Sub {
					if p.State == PartSending {
						l.attempts = append(l.attempts, outcome(l.r, i+1, 0))
					}
				}
			},
			"outcome": func(t *rapid.T) {
				if len(l.attempts) == 0 {
					t.Skip("nothing was claimed")
				}
				back := rapid.IntRange(0, min(6, len(l.attempts)-1)).Draw(t, "attempt")
				o := l.attempts[len(l.attempts)-1-back]
				o.Verdict = Verdict(rapid.IntRange(1, 6).Draw(t, "verdict"))
				o.Resend, o.UpstreamID = rapid.Bool().Draw(t, "resend"), rapid.SampledFrom([]string{"", "x"}).Draw(t, "id")
				o.AvoidID = rapid.SampledFrom([]int64{0, o.ConnectorID}).Draw(t, "avoid")
				o.RetryAt = l.now.Add(time.Minute)
				l.step(t, func() Change { return l.r.Outcome(o, l.now) })
			},
			"receipt": func(t *rapid.T) {
				seq := rapid.IntRange(1, l.r.Parts).Draw(t, "part")
				rc := Receipt{State: rapid.SampledFrom([]PartState{PartSent, PartDelivered, PartUndelivered, PartExpired, PartRejected, PartRead}).Draw(t, "state")}
				l.step(t, func() Change { return l.r.Receipt(seq, rc, l.now) })
			},
			"expire": func(t *rapid.T) {
				l.now = l.now.Add(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour}).Draw(t, "later"))
				l.step(t, func() Change { return l.r.Expire(l.now) })
			},
			"start":  func(t *rapid.T) { l.step(t, func() Change { return l.r.Start("", l.now) }) },
			"cancel": func(t *rapid.T) { l.step(t, func() Change { return l.r.Cancel(l.now) }) },
		})
	})
}

// life is a message with what happened to it.
type life struct {
	r        *Record
	now      time.Time
	epoch    int64
	attempts []Outcome
	last     State // after the last event
}

func newLife(t *rapid.T) *life {
	r := newRecord(rapid.IntRange(1, 3).Draw(t, "parts"))
	r.ChargeOn = ChargeOn(rapid.IntRange(0, 1).Draw(t, "charge on"))
	r.State = rapid.SampledFrom([]State{Queued, Queued, Scheduled}).Draw(t, "state")
	return &life{r: r, now: noon, last: r.State}
}

func (l *life) step(t *rapid.T, do func() Change) {
	before := *l.r
	before.Sub = slices.Clone(l.r.Sub)
	c := do()
	l.named(t, &before, c)
	l.money(t, &before, c)
	l.story(t, c)
	l.ends(t, &before)
	l.parts(t, &before)
}

// named: whatever changed, the Change says so, since drivers write only that.
func (l *life) named(t *rapid.T, before *Record, c Change) {
	if !c.Touched && !reflect.DeepEqual(before.Message, l.r.Message) {
		t.Fatalf("the message changed and is not touched\nbefore %+v\nafter  %+v", before.Message, l.r.Message)
	}
	if once := slices.Compact(slices.Sorted(slices.Values(c.Parts))); len(once) != len(c.Parts) {
		t.Fatalf("parts are named twice: %v", c.Parts)
	}
	for i, p := range l.r.Sub {
		if (i >= len(before.Sub) || p != before.Sub[i]) && !slices.Contains(c.Parts, i) {
			t.Fatalf("part %d changed and is not named in %v", i+1, c.Parts)
		}
	}
	if before.State != l.r.State && len(c.Events) == 0 {
		t.Fatalf("it moved from %s to %s without an event", before.State, l.r.State)
	}
	if len(c.Upstream) != len(c.IDs) {
		t.Fatalf("%d ids for %d parts", len(c.IDs), len(c.Upstream))
	}
}

func (l *life) money(t *rapid.T, before *Record, c Change) {
	r := l.r
	if r.Reserved != before.Reserved || r.Captured-before.Captured != c.Capture || r.Released-before.Released != c.Release ||
		c.Capture < 0 || c.Release < 0 || r.Open() < 0 || r.State.Final() && r.Open() != 0 {
		t.Fatalf("%s: reserved %s, captured %s (%s), released %s (%s)", r.State, r.Reserved, r.Captured, c.Capture, r.Released, c.Release)
	}
	var sum, now Money
	for _, p := range r.Sub {
		sum += p.Captured
	}
	for _, i := range c.Captured {
		now += r.Sub[i].Captured
	}
	if sum != r.Captured || now != c.Capture {
		t.Fatalf("captured %s, by parts %s; in this change %s, by parts %s", r.Captured, sum, c.Capture, now)
	}
	if before.State.Final() && (c.Capture != 0 || c.Release != 0) {
		t.Fatalf("money moved after the end: %s, %s", c.Capture, c.Release)
	}
}

// story: the events are a walk through the table.
func (l *life) story(t *rapid.T, c Change) {
	for _, e := range c.Events {
		n, ok := Next(l.last, e.Trigger)
		if !ok && l.last.Final() {
			n, ok = Next(Sent, e.Trigger) // a provisional end that is replaced
		}
		if e.State != l.last && (!ok || n != e.State) {
			t.Fatalf("%s does not lead from %s to %s", e.Trigger, l.last, e.State)
		}
		if e.Trigger == 0 || e.AccountID != 7 || e.MessageID != 1 || e.At.IsZero() {
			t.Fatalf("incomplete event %+v", e)
		}
		l.last = e.State
	}
	if l.last != l.r.State {
		t.Fatalf("the story ends in %s, the message is %s", l.last, l.r.State)
	}
}

// ends: a real end never changes (but for read after delivered), a provisional
// one is replaced by a real one only.
func (l *life) ends(t *rapid.T, before *Record) {
	r := l.r
	switch {
	case !before.State.Final():
	case !r.State.Final():
		t.Fatalf("%s came back to life as %s", before.State, r.State)
	case !before.Provisional && r.Provisional:
		t.Fatalf("%s became provisional", r.State)
	case !before.Provisional && r.State != before.State && (before.State != Delivered || r.State != Read):
		t.Fatalf("%s became %s", before.State, r.State)
	}
	if r.Provisional && r.State != Unknown && r.State != Expired {
		t.Fatalf("%s is provisional", r.State)
	}
	if state, _ := Fold(r.Sub); len(r.Sub) > 0 && !r.State.Final() && state != r.State {
		t.Fatalf("it is %s, its parts say %s", r.State, state)
	}
	if r.State == Delivered && r.Reason != "" {
		t.Fatalf("delivered, and the reason is %s", r.Reason)
	}
}

// parts: what the operator spoke of is never sent again, what may have been
// sent goes by the same connector only.
func (l *life) parts(t *rapid.T, before *Record) {
	r := l.r
	answered := len(r.Sub) > 0
	for i, p := range r.Sub {
		answered = answered && p.State.Answered()
		if i < len(before.Sub) && before.Sub[i].State.Answered() && !p.State.Answered() {
			t.Fatalf("part %d was %s and is %s", i+1, before.Sub[i].State, p.State)
		}
		if r.State == Queued && p.State == PartPending && p.Unknowns > 0 && (r.OnlyID == 0 || r.AvoidID != 0) {
			t.Fatalf("part %d may have been sent, and connector %d alone, not %d, may send it again", i+1, r.OnlyID, r.AvoidID)
		}
		if p.Unknowns > 2 {
			t.Fatalf("part %d was sent into the unknown %d times", i+1, p.Unknowns)
		}
	}
	if r.Answered != answered {
		t.Fatalf("answered is %v, its parts are %v", r.Answered, states(r))
	}
}
