package sms

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
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

// TestStale: an outcome of an attempt that is no longer the live one changes
// nothing, whatever it says, unless the operator took the message.
func TestStale(t *testing.T) {
	for v := VerdictRetry; v <= VerdictDown; v++ {
		r := newRecord(1)
		r.Claim(3, 9, 1, noon)
		first := outcome(r, 1, v)
		r.Outcome(outcome(r, 1, VerdictRetry), noon)
		r.Claim(3, 10, 1, noon)
		attempt, epoch := outcome(r, 1, v), outcome(r, 1, v)
		attempt.Attempt--
		epoch.Epoch--
		for what, o := range map[string]Outcome{"first": first, "attempt": attempt, "epoch": epoch} {
			check(t, v.String()+" of another "+what, r.Outcome(o, noon), Change{})
		}
		o := outcome(r, 1, VerdictAccepted)
		r.Outcome(o, noon)
		o.Verdict = v
		check(t, v.String()+" after an acceptance", r.Outcome(o, noon), Change{})
	}
}

// TestHeld: of a held part only an answer says anything new.
func TestHeld(t *testing.T) {
	for v, want := range map[Verdict]PartState{VerdictAccepted: PartSent, VerdictReject: PartRejected, VerdictRetry: PartUnknown,
		VerdictThrottle: PartUnknown, VerdictUnknown: PartUnknown, VerdictDown: PartUnknown} {
		r := newRecord(1)
		r.Claim(3, 9, 1, noon)
		o := outcome(r, 1, VerdictUnknown)
		r.Outcome(o, noon)
		check(t, "held", []any{r.State, r.Sub[0].State}, []any{Held, PartUnknown})
		o.Verdict = v
		r.Outcome(o, noon)
		check(t, v.String(), []any{r.Sub[0].State, r.Sub[0].Unknowns}, []any{want, 1})
	}
}

// TestResendOnce: the second unknown outcome holds the part, also when the
// route would send it again.
func TestResendOnce(t *testing.T) {
	r := newRecord(1)
	for n := 1; n <= 2; n++ {
		r.Claim(3, 9, 1, noon)
		o := outcome(r, 1, VerdictUnknown)
		o.Resend = true
		r.Outcome(o, noon)
		check(t, "unknown", []any{r.State, r.Sub[0].Unknowns}, []any{map[int]State{1: Queued, 2: Held}[n], n})
	}
}

// TestAttempts: only a refusal for now counts against the route's limit.
func TestAttempts(t *testing.T) {
	for v, want := range map[Verdict]int{VerdictAccepted: 0, VerdictRetry: 1, VerdictThrottle: 0, VerdictReject: 0, VerdictUnknown: 0, VerdictDown: 0} {
		r := newRecord(1)
		r.Claim(3, 9, 1, noon)
		r.Outcome(outcome(r, 1, v), noon)
		check(t, v.String(), r.Attempts, want)
	}
}

// TestAttemptsCountClaims: all parts of a long text refused at once are one
// attempt, or it would run out of them sooner than a short one.
func TestAttemptsCountClaims(t *testing.T) {
	r := newRecord(3)
	for claim := 1; claim <= 2; claim++ {
		tries := r.Attempts
		r.Claim(3, 9, 3, noon)
		for seq := 1; seq <= 3; seq++ {
			o := outcome(r, seq, VerdictRetry)
			o.Tries = tries
			r.Outcome(o, noon)
		}
		check(t, "attempts", r.Attempts, claim)
	}
}

// TestHandedOn: a message handed back for one other connector, which the promise
// about a part of unknown outcome overrules.
func TestHandedOn(t *testing.T) {
	for _, c := range []struct {
		first, second Verdict
		want          int64
	}{{VerdictDown, VerdictDown, 5}, {VerdictUnknown, VerdictDown, 3}, {VerdictDown, VerdictUnknown, 3}} {
		r := newRecord(2)
		r.Claim(3, 9, 2, noon)
		for i, v := range []Verdict{c.first, c.second} {
			o := outcome(r, i+1, v)
			o.AvoidID, o.Resend = 3, true
			if v == VerdictDown {
				o.OnlyID = 5
			}
			r.Outcome(o, noon)
		}
		check(t, c.first.String()+", "+c.second.String(), []int64{r.OnlyID, r.AvoidID}, []int64{c.want, 0})
	}
}

// TestDue: a message waits for the part that asks for most patience.
func TestDue(t *testing.T) {
	r := newRecord(3)
	r.Claim(3, 9, 3, noon)
	for i, minutes := range []int{2, 5, -1} {
		o := outcome(r, i+1, VerdictThrottle)
		o.RetryAt = noon.Add(time.Duration(minutes) * time.Minute)
		r.Outcome(o, noon)
	}
	check(t, "due", []any{r.State, r.DueAt}, []any{Queued, noon.Add(5 * time.Minute)})
}

// TestRejectEndsSiblings: what waits is not sent any more; what may have been
// sent keeps waiting for its evidence.
func TestRejectEndsSiblings(t *testing.T) {
	r := newRecord(4)
	r.Claim(3, 9, 4, noon)
	r.Outcome(outcome(r, 1, VerdictDown), noon)
	lost := outcome(r, 2, VerdictUnknown)
	lost.Resend = true
	r.Outcome(lost, noon)
	r.Outcome(outcome(r, 3, VerdictAccepted), noon)
	c := r.Outcome(outcome(r, 4, VerdictReject), noon)
	check(t, "parts", states(r), []PartState{PartCanceled, PartUnknown, PartSent, PartRejected})
	check(t, "named", []any{c.Parts, r.State}, []any{[]int{3, 0, 1}, Held})
}

// TestSecondAnswer: only of a part that was sent twice it is news, and the first
// id stays.
func TestSecondAnswer(t *testing.T) {
	r := newRecord(1)
	r.Claim(3, 9, 1, noon)
	o := outcome(r, 1, VerdictAccepted)
	r.Outcome(o, noon)
	o.UpstreamID = "first"
	c := r.Outcome(o, noon)
	check(t, "an id that came later", []any{r.Sub[0].UpstreamID, c.Parts, c.Touched, told(c)}, []any{"first", []int{0}, false, ""})
	o.UpstreamID = "second"
	c = r.Outcome(o, noon)
	check(t, "another", []any{r.Sub[0].UpstreamID, c.IDs, told(c)}, []any{"first", []string{"second"}, ""})

	r = newRecord(1)
	r.Claim(3, 9, 1, noon)
	lost := outcome(r, 1, VerdictUnknown)
	lost.Resend = true
	r.Outcome(lost, noon)
	r.Claim(3, 9, 1, noon)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	lost.Verdict = VerdictAccepted
	check(t, "of the other copy", told(r.Outcome(lost, noon)), "evidence:sent#1@3")
}

// TestReceiptOfACanceledPart: it was sent after all.
func TestReceiptOfACanceledPart(t *testing.T) {
	r := newRecord(2)
	r.Claim(3, 9, 2, noon)
	r.Outcome(outcome(r, 1, VerdictAccepted), noon)
	r.Outcome(outcome(r, 2, VerdictDown), noon)
	r.Expire(noon.Add(time.Hour), true)
	check(t, "after validity", []any{r.State, states(r)}, []any{Sent, []PartState{PartSent, PartCanceled}})
	c := r.Receipt(2, Receipt{State: PartDelivered}, noon)
	check(t, "receipt", []any{r.State, states(r), c.Capture}, []any{Sent, []PartState{PartSent, PartDelivered}, Credit})
}

// TestReadOfAPart: read comes after delivered, part by part.
func TestReadOfAPart(t *testing.T) {
	r := newRecord(2)
	r.Claim(3, 9, 2, noon)
	var told []State
	for _, rc := range []struct {
		seq   int
		state PartState
	}{{1, PartDelivered}, {1, PartRead}, {2, PartDelivered}, {1, PartRead}, {2, PartRead}, {2, PartDelivered}} {
		r.Receipt(rc.seq, Receipt{State: rc.state}, noon)
		told = append(told, r.State)
	}
	check(t, "states", told, []State{Sending, Sending, Delivered, Delivered, Read, Read})
	partial := newRecord(2)
	partial.Claim(3, 9, 2, noon)
	partial.Receipt(1, Receipt{State: PartDelivered}, noon)
	partial.Receipt(2, Receipt{State: PartUndelivered}, noon)
	check(t, "read in part is not whole", partial.Receipt(1, Receipt{State: PartRead}, noon).Touched, false)
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
	r.Expire(noon.Add(time.Hour), true)
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
		r.Expire(noon.Add(3*time.Hour), true)
		o := outcome(r, 1, v)
		o.Reason, o.Code, o.Resend = ReasonRetrying, "0x14", true
		r.Outcome(o, noon.Add(4*time.Hour))
		check(t, v.String(), []any{r.State, r.Provisional, r.Reason, r.Code}, []any{Unknown, true, ReasonOutcome, ""})
	}
	r := newRecord(1)
	r.Claim(3, 9, 1, noon)
	r.Expire(noon.Add(3*time.Hour), true)
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
		{"one part sent, one refused for now", claimed(2, VerdictAccepted, VerdictRetry), time.Hour, Sent, false, ReasonValidity},
		{"scheduled is Start's", scheduled, 99 * time.Hour, Scheduled, false, ""},
		{"sending, within validity", claimed(1), time.Hour, Sending, false, ""},
		{"sending", claimed(1), 3 * time.Hour, Unknown, true, ReasonOutcome},
		{"held", held, 3 * time.Hour, Unknown, true, ReasonOutcome},
		{"sent", claimed(1, VerdictAccepted), 3 * time.Hour, Unknown, true, ReasonNoReceipt},
		{"rejected", claimed(1, VerdictReject), 99 * time.Hour, Rejected, false, ""},
	} {
		before := c.r.State
		got := c.r.Expire(noon.Add(c.after), true)
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
