package sms

import (
	"slices"
	"testing"
	"time"
)

// TestNoReceiptCanCome: where the one part that has the receipt was not taken,
// nothing is waited for. The message ends as soon as no part is on its way.
func TestNoReceiptCanCome(t *testing.T) {
	accept, reject, retry, down, unknown := VerdictAccepted, VerdictReject, VerdictRetry, VerdictDown, VerdictUnknown
	type step struct {
		seq     int
		verdict Verdict
	}
	for _, c := range []struct {
		what  string
		mode  ReceiptMode
		steps []step
		want  State
		parts []PartState
		end   string // what the last step does
	}{
		{"the last is refused last", ReceiptsLast, []step{{1, accept}, {2, accept}, {3, reject}}, Rejected,
			[]PartState{PartSent, PartSent, PartRejected}, "reject:rejected#3@3"},
		{"the last is refused first", ReceiptsLast, []step{{3, reject}, {2, accept}, {1, accept}}, Rejected,
			[]PartState{PartSent, PartSent, PartRejected}, "answer:rejected#1@3"},
		{"the first is refused", ReceiptsFirst, []step{{1, reject}, {2, accept}, {3, accept}}, Rejected,
			[]PartState{PartRejected, PartSent, PartSent}, "answer:rejected#3@3"},
		{"the last is not sent, since another is refused", ReceiptsLast, []step{{1, accept}, {3, retry}, {2, reject}}, Rejected,
			[]PartState{PartSent, PartRejected, PartCanceled}, "reject:rejected#2@3"},
		{"the last is handed back after a refusal", ReceiptsLast, []step{{1, accept}, {2, reject}, {3, down}}, Rejected,
			[]PartState{PartSent, PartRejected, PartCanceled}, "hand_back:rejected#3@3"},
		{"one is still on the wire", ReceiptsLast, []step{{1, accept}, {3, reject}}, Sending,
			[]PartState{PartSent, PartSending, PartRejected}, "reject:sending#3@3"},
		{"of one nobody knows", ReceiptsLast, []step{{1, accept}, {3, reject}, {2, unknown}}, Held,
			[]PartState{PartSent, PartUnknown, PartRejected}, "hold:held#2@3"},
		{"nobody knew, and then it was taken", ReceiptsLast, []step{{1, accept}, {3, reject}, {2, unknown}, {2, accept}}, Rejected,
			[]PartState{PartSent, PartSent, PartRejected}, "answer:rejected#2@3"},
		{"another is refused: its receipt comes", ReceiptsLast, []step{{1, reject}, {2, accept}, {3, accept}}, Sent,
			[]PartState{PartRejected, PartSent, PartSent}, "answer:sent#3@3"},
		{"each has a receipt", ReceiptsAll, []step{{1, accept}, {2, accept}, {3, reject}}, Sent,
			[]PartState{PartSent, PartSent, PartRejected}, "reject:sent#3@3"},
	} {
		for charge, paid := range map[ChargeOn]bool{ChargeAccepted: true, ChargeDelivered: false} {
			r := newRecord(3)
			r.ReceiptsOn, r.ChargeOn = c.mode, charge
			r.SubscriberID, r.Notify = 5, NotifyFailed|NotifyProgress
			r.Claim(3, 9, 3, noon)
			var last Change
			for _, s := range c.steps {
				o := outcome(r, s.seq, s.verdict)
				o.Reason, o.Code, o.RetryAt = map[Verdict]Reason{reject: ReasonNobody, retry: ReasonRetrying, down: ReasonLinkDown, unknown: ReasonOutcome}[s.verdict], "0xB", noon
				if s.verdict == accept {
					o.UpstreamID, o.Code = "id", ""
				}
				last = r.Outcome(o, noon)
			}
			check(t, c.what, []any{r.State, states(r), told(last)}, []any{c.want, c.parts, c.end})
			state, _ := r.Fold()
			check(t, c.what+": its parts say so", state, r.State)
			if c.want != Rejected {
				continue
			}
			var captured Money
			if paid {
				captured = Money(len(slices.DeleteFunc(states(r), func(s PartState) bool { return s != PartSent }))) * Credit
			}
			check(t, c.what+": why", []any{r.Reason, r.Code, r.Provisional}, []any{ReasonNobody, "0xB", false})
			check(t, c.what+": money", []Money{r.Captured, r.Released}, []Money{captured, 3*Credit - captured})
			check(t, c.what+": told", noticed([]Change{last}) != "", true)
			after := r.Receipt(slices.Index(states(r), PartSent)+1, Receipt{State: PartDelivered}, noon)
			check(t, c.what+": a receipt all the same", []any{r.State, after.Touched, after.Events[0].Trigger}, []any{Rejected, false, OnEvidence})
		}
	}
}

// TestNoReceiptCanComeAfterReceipts that nobody asked for: they count.
func TestNoReceiptCanComeAfterReceipts(t *testing.T) {
	begin := func() *Record {
		r := newRecord(3)
		r.ReceiptsOn = ReceiptsLast
		r.Claim(3, 9, 3, noon)
		say(r, 1, VerdictAccepted)
		say(r, 2, VerdictAccepted)
		return r
	}
	r := begin()
	r.Receipt(1, Receipt{State: PartDelivered}, noon)
	say(r, 3, VerdictReject)
	check(t, "one is known to have arrived", []any{r.State, r.Reason}, []any{PartiallyDelivered, ReasonOperator})

	r = begin()
	say(r, 3, VerdictRetry)
	r.Receipt(1, Receipt{State: PartUndelivered, Reason: ReasonAbsent}, noon)
	check(t, "one is known not to have arrived", []any{r.State, r.Reason, states(r)},
		[]any{Undelivered, ReasonAbsent, []PartState{PartUndelivered, PartSent, PartCanceled}})
}

// TestNoReceiptCanComeInTime: the part that has the receipt was not sent before
// the end of validity. That is our own timer's word, so that evidence replaces it.
func TestNoReceiptCanComeInTime(t *testing.T) {
	r := newRecord(2)
	r.ReceiptsOn = ReceiptsLast
	r.Claim(3, 9, 2, noon)
	say(r, 1, VerdictAccepted)
	say(r, 2, VerdictRetry)
	c := r.Expire(noon.Add(time.Hour), true)
	check(t, "expired", []any{r.State, r.Provisional, r.Reason, told(c), c.Release}, []any{Expired, true, ReasonValidity, "expire:expired", Credit})
	c = r.Receipt(1, Receipt{State: PartDelivered}, noon)
	check(t, "evidence", []any{r.State, r.Provisional, told(c), c.Capture}, []any{PartiallyDelivered, false, "deliver:partially_delivered#1@3", Money(0)})
}
