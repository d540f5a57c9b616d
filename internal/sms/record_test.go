package sms

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

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
				can := rapid.Bool().Draw(t, "can be asked")
				l.step(t, func() Change { return l.r.Expire(l.now, can) })
			},
			"start":  func(t *rapid.T) { l.step(t, func() Change { return l.r.Start("", l.now) }) },
			"cancel": func(t *rapid.T) { l.step(t, func() Change { return l.r.Cancel(l.now) }) },
			"replace": func(t *rapid.T) {
				n := rapid.IntRange(1, 4).Draw(t, "new parts")
				l.step(t, func() Change {
					return l.r.Replace(&Replacement{Parts: n, Units: n, ExpiresAt: l.r.ExpiresAt.Add(time.Minute), Notify: l.r.Notify}, l.now)
				})
			},
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
	r.ReceiptsOn = rapid.SampledFrom([]ReceiptMode{ReceiptsAll, ReceiptsAll, ReceiptsLast, ReceiptsFirst}).Draw(t, "receipts")
	r.SubscriberID, r.Notify = rapid.Int64Range(0, 1).Draw(t, "subscriber"), Notify(rapid.IntRange(0, 7).Draw(t, "notify"))
	if rapid.Bool().Draw(t, "ask") {
		r.AskAt = noon.Add(10 * time.Minute)
	}
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
	l.notices(t, &before, c)
}

// notices: the subscriber is told of the moves that it wants to know of, each
// once, and of nothing else.
func (l *life) notices(t *rapid.T, before *Record, c Change) {
	r, n := l.r, 0
	for _, e := range c.Events {
		if e.SubscriberID != 0 {
			n++
		}
	}
	var what Notify
	switch {
	case r.State == before.State && r.Provisional == before.Provisional || before.State == Delivered:
	case r.State == before.State: // an end of our own that the operator confirms
	case r.State == Sent:
		what = NotifyProgress
	case r.State == Delivered || r.State == Read:
		what = NotifyDelivered
	case r.State == PartiallyDelivered:
		what = NotifyDelivered | NotifyFailed
	case r.State.Final():
		what = NotifyFailed
	}
	if want := r.SubscriberID != 0 && r.Notify&what != 0; want != (n == 1) || n > 1 {
		t.Fatalf("%s became %s, of interest %b: %d notices", before.State, r.State, r.Notify, n)
	}
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
		from := l.last
		if from.Final() && from != Delivered {
			from = Sent // a provisional end that is replaced
		}
		if e.State != l.last && !Leads(from, e.State) {
			t.Fatalf("%s leads from %s to %s", e.Trigger, l.last, e.State)
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
	if state, _ := r.Fold(); len(r.Sub) > 0 && !r.State.Final() && state != r.State {
		t.Fatalf("it is %s, its parts say %s", r.State, state)
	}
	if n := len(r.Sub); r.State == Sent && n > 1 && (r.ReceiptsOn == ReceiptsLast && r.Sub[n-1].State.Final() || r.ReceiptsOn == ReceiptsFirst && r.Sub[0].State.Final()) {
		t.Fatalf("it waits for a receipt that cannot come: %s, %v", r.ReceiptsOn, states(r))
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
