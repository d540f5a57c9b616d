package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func outcomeCases() []testCase {
	return []testCase{
		{"each verdict", outcomeVerdicts},
		{"an accepted part is captured", outcomeCapture},
		{"one transfer per account and kind", outcomeTransfers},
		{"charged on delivery", outcomeChargeDelivered},
		{"parts make the message", outcomeParts},
		{"a part refused for good ends its siblings", outcomeRejectSibling},
		{"in order within a batch", outcomeOrder},
		{"a stale attempt changes nothing", outcomeStale},
		{"a late acceptance is evidence", outcomeLateAccepted},
		{"unknown: resent once, then held", outcomeUnknown},
		{"unknown: held by policy", outcomeHold},
		{"two copies are charged once", outcomeTwoCopies},
		{"unknown messages and parts are ignored", outcomeNobody},
		{"after the end", outcomeAfterEnd},
		{"no receipt can come", outcomeNoReceipt},
		{"the same outcome from many goroutines", outcomeRace},
	}
}

func outcomeVerdicts(f *fix) {
	a := f.account("a", 1000*sms.Credit)
	retry := f.now.Add(time.Minute)
	for _, c := range []struct {
		verdict  sms.Verdict
		edit     func(*sms.Outcome)
		state    sms.State
		part     sms.PartState
		attempts int
		money    string
		avoid    int64
		due      time.Time
		history  string
	}{
		{sms.VerdictAccepted, upstream("id"), sms.Sent, sms.PartSent, 0, "1/1/0", 0, noon, "answer:sent#1@3"},
		{sms.VerdictRetry, retryAt(retry, connector), sms.Queued, sms.PartPending, 1, "1/0/0", connector, retry, "retry:queued#1@3"},
		{sms.VerdictThrottle, retryAt(retry, 0), sms.Queued, sms.PartPending, 0, "1/0/0", 0, retry, "retry:queued#1@3"},
		{sms.VerdictReject, because(sms.ReasonOperator, "0x0000000B"), sms.Rejected, sms.PartRejected, 0, "1/0/1", 0, noon, "reject:rejected#1@3"},
		{sms.VerdictUnknown, because(sms.ReasonOutcome, ""), sms.Held, sms.PartUnknown, 0, "1/0/0", 0, noon, "hold:held#1@3"},
		{sms.VerdictUnknown, resendAt(retry), sms.Queued, sms.PartPending, 0, "1/0/0", 0, retry, "retry:queued#1@3"},
		{sms.VerdictDown, because(sms.ReasonLinkDown, ""), sms.Queued, sms.PartPending, 0, "1/0/0", 0, noon, "hand_back:queued#1@3"},
	} {
		f.now = noon
		got := f.send(a)
		o := f.outcome(got.Record, 1, c.verdict, c.edit)
		f.later(time.Second)
		f.record(o)
		r := f.again(got.Record)
		want(f, c.verdict.String()+": state", r.State, c.state)
		want(f, c.verdict.String()+": part", r.Sub[0].State, c.part)
		want(f, c.verdict.String()+": attempts", r.Attempts, c.attempts)
		want(f, c.verdict.String()+": money", money(r), c.money)
		want(f, c.verdict.String()+": avoid", r.AvoidID, c.avoid)
		want(f, c.verdict.String()+": due", r.DueAt, c.due)
		want(f, c.verdict.String()+": reason and code", string(r.Reason)+r.Code, string(o.Reason)+o.Code)
		want(f, c.verdict.String()+": changed at", r.UpdatedAt, f.now)
		want(f, c.verdict.String()+": history", f.history(r), "accept:queued claim:sending@3 "+c.history)
	}
	want(f, "transfers", f.transfers(a)[:len("topup 1000 reserve 1 capture 1")], "topup 1000 reserve 1 capture 1")
}

func outcomeCapture(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.later(time.Second)
	f.answered(got.Record, 1, "0A")
	r := f.again(got.Record)
	rows, err := f.s.Transfers(f.ctx, a, 0, 1)
	f.ok(err)
	want(f, "part", r.Sub[0], sms.Part{Seq: 1, State: sms.PartSent, ConnectorID: connector, UpstreamID: "0A", Attempt: 1, Epoch: f.epoch,
		Captured: sms.Credit, CaptureID: rows[0].ID, At: f.now})
	want(f, "transfer", rows[0], sms.Transfer{ID: rows[0].ID, AccountID: a, Kind: sms.TransferCapture, Debit: sms.Hold, Credit: sms.Revenue, Amount: sms.Credit, At: f.now})
	want(f, "answered", r.Answered, true)
	want(f, "word", r.Word(), "sent")
	want(f, "balance", f.balance(a), "99/0/99")
}

func outcomeTransfers(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	f.acceptAll(f.call(a, 4, parts(2)), f.call(b, 1))
	got := f.claim(store.ClaimRequest{Limit: 10})
	var all []sms.Outcome
	for i, m := range got {
		for _, p := range m.Sub {
			v := sms.VerdictAccepted
			if i == 3 {
				v = sms.VerdictReject
			}
			all = append(all, f.outcome(m.Record, p.Seq, v))
		}
	}
	f.record(all...)
	rows, err := f.s.Transfers(f.ctx, a, 0, 2)
	f.ok(err)
	sums := map[sms.TransferKind]sms.Money{rows[0].Kind: rows[0].Amount, rows[1].Kind: rows[1].Amount}
	want(f, "one capture and one release", sums, map[sms.TransferKind]sms.Money{sms.TransferCapture: 6 * sms.Credit, sms.TransferRelease: 2 * sms.Credit})
	want(f, "of the other account", f.transfers(b), "topup 100 reserve 1 capture 1")
	want(f, "balances", f.balance(a)+" "+f.balance(b), "94/0/94 99/0/99")
}

func outcomeChargeDelivered(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, onDelivery)
	f.answered(got.Record, 1, "x")
	want(f, "after the response", money(f.again(got.Record)), "1/0/0")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	want(f, "after the receipt", money(f.again(got.Record)), "1/1/0")
	lost := f.send(a, onDelivery)
	f.answered(lost.Record, 1, "y")
	f.apply(f.receipt(sms.PartUndelivered, "y"))
	want(f, "undelivered is not charged", money(f.again(lost.Record)), "1/0/1")
	want(f, "balance", f.balance(a), "99/0/99")
}

func outcomeParts(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(3))
	var states []sms.State
	for _, seq := range []int{2, 1, 3} {
		f.answered(got.Record, seq, "id"+string(rune('0'+seq)))
		states = append(states, f.again(got.Record).State)
	}
	want(f, "states", states, []sms.State{sms.Sending, sms.Sending, sms.Sent})
	want(f, "money", money(f.again(got.Record)), "3/3/0")
	want(f, "history", f.history(got.Record), "accept:queued claim:sending@3 answer:sending#2@3 answer:sending#1@3 answer:sent#3@3")
}

func outcomeRejectSibling(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(3))
	f.record(f.outcome(got.Record, 3, sms.VerdictDown), f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("x")),
		f.outcome(got.Record, 2, sms.VerdictReject, because(sms.ReasonOperator, "0x45")))
	r := f.again(got.Record)
	states := []sms.PartState{r.Sub[0].State, r.Sub[1].State, r.Sub[2].State}
	want(f, "parts", states, []sms.PartState{sms.PartSent, sms.PartRejected, sms.PartCanceled})
	want(f, "what was accepted may still be delivered", r.State, sms.Sent)
	want(f, "money", money(r), "3/1/0")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	r = f.again(got.Record)
	want(f, "state", r.State, sms.PartiallyDelivered)
	want(f, "the rest is given back", money(r)+" "+f.balance(a), "3/1/2 99/0/99")
}

func outcomeOrder(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	one := f.outcome(got.Record, 1, sms.VerdictRetry, retryAt(f.now.Add(time.Minute), 0))
	f.record(one, one, f.outcome(got.Record, 1, sms.VerdictReject), f.outcome(got.Record, 2, sms.VerdictReject))
	r := f.again(got.Record)
	want(f, "state", r.State, sms.Rejected)
	want(f, "the first of part 1 counts, once", r.Attempts, 1)
	want(f, "history", f.history(r), "accept:queued claim:sending@3 retry:sending#1@3 reject:rejected#2@3")
	want(f, "money", money(r), "2/0/2")
}

func outcomeStale(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.send(a)
	f.record(f.outcome(first.Record, 1, sms.VerdictRetry, retryAt(f.now, 0)))
	second := f.claim(store.ClaimRequest{Limit: 1})[0]
	before := view(f)
	for _, v := range []sms.Verdict{sms.VerdictRetry, sms.VerdictThrottle, sms.VerdictReject, sms.VerdictUnknown, sms.VerdictDown} {
		stale := f.outcome(first.Record, 1, v, resendAt(f.now)) // an earlier attempt
		fenced := f.outcome(second.Record, 1, v)
		fenced.Epoch-- // another owner
		f.record(stale, fenced)
		want(f, v.String()+" of a stale attempt", view(f), before)
	}
}

func outcomeLateAccepted(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.send(a)
	f.record(f.outcome(first.Record, 1, sms.VerdictUnknown, resendAt(f.now.Add(time.Minute))))
	f.answered(first.Record, 1, "late") // while it waits in the queue again
	r := f.again(first.Record)
	want(f, "state", r.State, sms.Sent)
	want(f, "queue", len(f.queued()), 0)
	want(f, "money", money(r), "1/1/0")
	want(f, "its id is known", f.apply(f.receipt(sms.PartDelivered, "late")), []store.Matched{store.ReceiptApplied})
	want(f, "delivered", f.again(r).State, sms.Delivered)
}

func outcomeUnknown(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.send(a)
	at := f.now.Add(time.Minute)
	f.record(f.outcome(first.Record, 1, sms.VerdictUnknown, resendAt(at)))
	r := f.again(first.Record)
	want(f, "waits for the same connector", []any{r.State, r.OnlyID, r.DueAt, r.Reason, r.Sub[0].Unknowns}, []any{sms.Queued, connector, at, sms.ReasonOutcome, 1})
	f.later(time.Minute)
	second := f.claim(store.ClaimRequest{Limit: 1})[0]
	want(f, "attempt", second.Sub[0].Attempt, 2)
	f.record(f.outcome(second.Record, 1, sms.VerdictUnknown, resendAt(at)))
	r = f.again(first.Record)
	want(f, "then it is held", []any{r.State, r.Sub[0].State, r.Sub[0].Unknowns}, []any{sms.Held, sms.PartUnknown, 2})
	want(f, "queue", len(f.queued()), 0)
	want(f, "history", f.history(r), "accept:queued claim:sending@3 retry:queued#1@3 claim:sending@3 hold:held#1@3")
	f.record(f.outcome(second.Record, 1, sms.VerdictReject, because(sms.ReasonOperator, "1")))
	want(f, "a late refusal counts", f.again(r).State, sms.Rejected)
	want(f, "money", f.balance(a), "100/0/100")
}

func outcomeHold(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.record(f.outcome(got.Record, 1, sms.VerdictUnknown, because(sms.ReasonOutcome, "")))
	held := f.again(got.Record)
	want(f, "word", held.Word(), "queued")
	f.answered(got.Record, 1, "x")
	r := f.again(got.Record)
	want(f, "a late response", []any{r.State, r.Reason, money(r)}, []any{sms.Sent, sms.Reason(""), "1/1/0"})
}

func outcomeTwoCopies(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.send(a)
	f.record(f.outcome(first.Record, 1, sms.VerdictUnknown, resendAt(f.now)))
	second := f.claim(store.ClaimRequest{Limit: 1})[0]
	f.answered(second.Record, 1, "copy 2")
	f.answered(first.Record, 1, "copy 1")
	r := f.again(first.Record)
	want(f, "money", money(r)+" "+f.balance(a), "1/1/0 99/0/99")
	want(f, "id", r.Sub[0].UpstreamID, "copy 2")
	want(f, "history", f.history(r), "accept:queued claim:sending@3 retry:queued#1@3 claim:sending@3 answer:sent#1@3 evidence:sent#1@3")
	want(f, "both ids are known", f.apply(f.receipt(sms.PartDelivered, "copy 1"), f.receipt(sms.PartDelivered, "copy 2")),
		[]store.Matched{store.ReceiptApplied, store.ReceiptEvidence})
}

func outcomeNobody(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	before := view(f)
	no := f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("nobody"))
	no.Message++
	for _, seq := range []int{0, -1, 2} {
		bad := f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("no part"))
		bad.Seq = seq
		f.record(no, bad)
	}
	want(f, "nothing changed", view(f), before)
	f.record(no, f.outcome(got.Record, 1, sms.VerdictAccepted))
	want(f, "the others of the batch count", f.again(got.Record).State, sms.Sent)
}

func outcomeAfterEnd(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.record(f.outcome(got.Record, 1, sms.VerdictReject, because(sms.ReasonOperator, "1")))
	before := f.again(got.Record)
	f.answered(got.Record, 1, "too late")
	r := f.again(got.Record)
	want(f, "state and money", []any{r.State, money(r)}, []any{sms.Rejected, money(before)})
	want(f, "the id is remembered", r.Sub[0].UpstreamID, "too late")
	want(f, "a receipt is evidence", f.apply(f.receipt(sms.PartDelivered, "too late")), []store.Matched{store.ReceiptEvidence})
	want(f, "state", f.again(r).State, sms.Rejected)
}

func outcomeNoReceipt(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(3), func(m *sms.Message) { m.ReceiptsOn = sms.ReceiptsLast })
	refused := func(o *sms.Outcome) { o.Reason, o.Code = sms.ReasonNobody, "0x0000000B" }
	f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("1")), f.outcome(got.Record, 3, sms.VerdictReject, refused))
	want(f, "one is on the wire", f.again(got.Record).State, sms.Sending)
	f.answered(got.Record, 2, "2")
	r := f.again(got.Record)
	want(f, "message", []any{r.State, r.Reason, r.Provisional, money(r)}, []any{sms.Rejected, sms.ReasonNobody, false, "3/2/1"})
	want(f, "parts", []sms.PartState{r.Sub[0].State, r.Sub[1].State, r.Sub[2].State}, []sms.PartState{sms.PartSent, sms.PartSent, sms.PartRejected})
	want(f, "balance", f.balance(a)+" "+f.transfers(a), "98/0/98 topup 100 reserve 3 capture 1 capture 1 release 1")
	want(f, "history", f.history(r), "accept:queued claim:sending@3 answer:sending#1@3 reject:sending#3@3 answer:rejected#2@3")
	want(f, "a receipt all the same", f.apply(f.receipt(sms.PartDelivered, "1")), []store.Matched{store.ReceiptEvidence})
	want(f, "nothing more is waited for", f.expired(10, letGo), store.Expired{})
}

func outcomeRace(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	together(8, func(int) error {
		_, err := f.s.RecordOutcomes(f.ctx, f.now, nil, []sms.Outcome{f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("1")),
			f.outcome(got.Record, 2, sms.VerdictReject)})
		if err != nil {
			f.Errorf("RecordOutcomes: %v", err)
		}
		return err
	})
	want(f, "charged once", f.transfers(a), "topup 100 reserve 2 capture 1")
	want(f, "history", f.history(got.Record), "accept:queued claim:sending@3 answer:sending#1@3 reject:sent#2@3")
}
