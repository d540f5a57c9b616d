package sms

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestNext holds the whole table of states against its golden file. A change
// there is a change of what customers and stored rows rely on.
func TestNext(t *testing.T) {
	const file = "testdata/state.golden"
	var b strings.Builder
	for _, s := range States() {
		fmt.Fprintf(&b, "%s (%d)%s\n", s, s, map[bool]string{true: ", final"}[s.Final()])
		for _, on := range Triggers() {
			to := "-"
			if n, ok := Next(s, on); ok {
				to = n.String()
			}
			fmt.Fprintf(&b, "\t%-12s %s\n", on, to)
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
		t.Errorf("the table of states differs from %s; if that is meant, run go test ./internal/sms -update\n%s", file, b.String())
	}
}

// TestNextRules are what the table must say whatever else changes.
func TestNextRules(t *testing.T) {
	for _, s := range States() {
		for _, on := range Triggers() {
			n, ok := Next(s, on)
			switch {
			case ok && s.Final() && (s != Delivered || n != Read):
				t.Errorf("%s is final and %s leads to %s", s, on, n)
			case ok && (on == OnAccept || on >= OnEvidence):
				t.Errorf("%s moves %s to %s: it must keep the state", on, s, n)
			case ok && n == Scheduled:
				t.Errorf("%s moves %s back to scheduled", on, s)
			case ok && n == 0 || !ok && n != 0:
				t.Errorf("Next(%s, %s) is %d, %v", s, on, n, ok)
			}
		}
	}
	if _, ok := Next(0, OnClaim); ok {
		t.Error("no state leads on")
	}
	if _, ok := Next(99, OnClaim); ok {
		t.Error("an unknown state leads on")
	}
}

// TestNumbers: the numbers are stored, so they may never change.
func TestNumbers(t *testing.T) {
	for i, want := range strings.Fields("scheduled queued sending held sent delivered partially_delivered read undelivered expired rejected canceled failed unknown") {
		if s := State(i + 1); s.String() != want {
			t.Errorf("state %d is %s, want %s", i+1, s, want)
		}
	}
	for i, want := range strings.Fields("accept due claim hand_back retry hold answer deliver part_deliver read undeliver expire reject cancel fail close evidence replace ask") {
		if s := Trigger(i + 1); s.String() != want {
			t.Errorf("trigger %d is %s, want %s", i+1, s, want)
		}
	}
	for i, want := range strings.Fields("pending sending unknown sent delivered undelivered expired rejected canceled read") {
		if s := PartState(i + 1); s.String() != want {
			t.Errorf("part state %d is %s, want %s", i+1, s, want)
		}
	}
	for i, want := range strings.Fields("accepted retry throttle reject unknown down") {
		if s := Verdict(i + 1); s.String() != want {
			t.Errorf("verdict %d is %s, want %s", i+1, s, want)
		}
	}
	for i, want := range strings.Fields("reserve capture release topup adjust refund") {
		if s := TransferKind(i + 1); s.String() != want {
			t.Errorf("transfer kind %d is %s, want %s", i+1, s, want)
		}
	}
	if len(States()) != 14 || len(Triggers()) != 19 {
		t.Errorf("%d states and %d triggers", len(States()), len(Triggers()))
	}
	for _, s := range []fmt.Stringer{State(0), State(99), Trigger(0), Trigger(99), PartState(0), PartState(99), Verdict(0), Verdict(99), TransferKind(99)} {
		if s.String() != "" {
			t.Errorf("%T %d has the name %s", s, s, s)
		}
	}
}

func TestPartState(t *testing.T) {
	for s, want := range map[PartState]string{
		PartPending: "", PartSending: "", PartUnknown: "", PartSent: "answered", PartDelivered: "final answered delivered",
		PartUndelivered: "final answered", PartExpired: "final answered", PartRejected: "final answered", PartCanceled: "final",
		PartRead: "final answered delivered",
	} {
		var words []string
		for _, is := range []struct {
			word string
			yes  bool
		}{{"final", s.Final()}, {"answered", s.Answered()}, {"delivered", s.delivered()}} {
			if is.yes {
				words = append(words, is.word)
			}
		}
		if got := strings.Join(words, " "); got != want {
			t.Errorf("%s is %q, want %q", s, got, want)
		}
	}
}

func partsOf(states ...PartState) []Part {
	parts := make([]Part, len(states))
	for i, s := range states {
		parts[i] = Part{Seq: i + 1, State: s}
	}
	return parts
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		parts []PartState
		want  State
		on    Trigger
	}{
		{nil, 0, 0},
		{[]PartState{PartPending}, Queued, OnRetry},
		{[]PartState{PartSending}, Sending, OnClaim},
		{[]PartState{PartUnknown}, Held, OnHold},
		{[]PartState{PartSent}, Sent, OnAnswer},
		{[]PartState{PartDelivered}, Delivered, OnDeliver},
		{[]PartState{PartUndelivered}, Undelivered, OnUndeliver},
		{[]PartState{PartExpired}, Expired, OnExpire},
		{[]PartState{PartRejected}, Rejected, OnReject},
		{[]PartState{PartCanceled}, Canceled, OnCancel},
		{[]PartState{PartRead}, Read, OnRead},
		{[]PartState{PartPending, PartSending}, Sending, OnClaim},
		{[]PartState{PartPending, PartUnknown, PartDelivered}, Queued, OnRetry},
		{[]PartState{PartUnknown, PartSent, PartRejected}, Held, OnHold},
		{[]PartState{PartSent, PartRejected}, Sent, OnAnswer},
		{[]PartState{PartSent, PartDelivered}, Sent, OnAnswer},
		{[]PartState{PartDelivered, PartRead}, Delivered, OnDeliver},
		{[]PartState{PartRead, PartRead}, Read, OnRead},
		{[]PartState{PartDelivered, PartUndelivered}, PartiallyDelivered, OnPartDeliver},
		{[]PartState{PartRead, PartCanceled}, PartiallyDelivered, OnPartDeliver},
		{[]PartState{PartRejected, PartUndelivered, PartExpired, PartCanceled}, Rejected, OnReject},
		{[]PartState{PartUndelivered, PartExpired, PartCanceled}, Undelivered, OnUndeliver},
		{[]PartState{PartExpired, PartCanceled}, Expired, OnExpire},
	} {
		if s, on := foldParts(partsOf(c.parts...)); s != c.want || on != c.on {
			t.Errorf("%v: %s on %s, want %s on %s", c.parts, s, on, c.want, c.on)
		}
	}
}

// TestFoldOrder: the order of the parts does not matter, and a message is final
// exactly when all its parts are.
func TestFoldOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		states := rapid.SliceOfN(rapid.Map(rapid.IntRange(1, int(PartRead)), func(n int) PartState { return PartState(n) }), 1, 6).Draw(t, "parts")
		s, on := foldParts(partsOf(states...))
		final := true
		for _, p := range states {
			final = final && p.Final()
		}
		if s.Final() != final {
			t.Fatalf("%v is %s", states, s)
		}
		if s2, on2 := foldParts(partsOf(rapid.Permutation(states).Draw(t, "order")...)); s2 != s || on2 != on {
			t.Fatalf("%v is %s, in another order %s", states, s, s2)
		}
		if n, ok := Next(Sending, on); s != Sending && s != Canceled && (!ok || n != s) {
			t.Fatalf("%v folds into %s, but a sending message moves on %s to %s", states, s, on, n)
		}
	})
}
