package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func receiptCases() []testCase {
	return []testCase{
		{"each state", receiptStates},
		{"before the response", receiptEarly},
		{"before the response, several of a part", receiptEarlySeveral},
		{"before the response, by another form of the id", receiptEarlyForm},
		{"duplicates are evidence", receiptTwice},
		{"after a final state it is evidence", receiptAfterFinal},
		{"read after delivered", receiptRead},
		{"answers stand in order", receiptOrder},
		{"parts make the message", receiptParts},
		{"while it waits to be sent again", receiptWhileQueued},
		{"while it is on the wire again", receiptWhileSending},
		{"a provisional end is replaced once, without money", receiptProvisional},
		{"a provisional end by our own timer", receiptAfterExpiry},
		{"an intermediate one does not end anything", receiptIntermediate},
		{"the reason in our words", receiptReason},
		{"what it said is in the history", receiptNotes},
		{"one part's receipt for all", receiptsOnLast},
		{"the same receipt from many goroutines", receiptRace},
	}
}

// sent makes a message that the operator took under the id.
func (f *fix) sent(account int64, id string, edit ...func(*sms.Message)) sms.Record {
	f.Helper()
	got := f.send(account, edit...)
	f.answered(got.Record, 1, id)
	return f.again(got.Record)
}

func receiptStates(f *fix) {
	a := f.account("a", 100*sms.Credit)
	for _, c := range []struct {
		part    sms.PartState
		state   sms.State
		reason  sms.Reason
		word    string
		history string
	}{
		{sms.PartDelivered, sms.Delivered, "", "sent", "deliver:delivered#1@3"},
		{sms.PartRead, sms.Read, "", "sent", "read:read#1@3"},
		{sms.PartUndelivered, sms.Undelivered, sms.ReasonUndelivered, "failed", "undeliver:undelivered#1@3"},
		{sms.PartExpired, sms.Expired, sms.ReasonOpExpired, "failed", "expire:expired#1@3"},
		{sms.PartRejected, sms.Rejected, sms.ReasonOperator, "failed", "reject:rejected#1@3"},
	} {
		id := c.part.String()
		r := f.sent(a, id)
		rc := f.receipt(c.part, id)
		rc.Code = "017"
		f.later(time.Second)
		want(f, id+": matched", f.apply(rc), []store.Matched{store.ReceiptApplied})
		r = f.again(r)
		want(f, id+": state", r.State, c.state)
		want(f, id+": reason", r.Reason, c.reason)
		want(f, id+": word", r.Word(), c.word)
		want(f, id+": part", []any{r.Sub[0].State, r.Sub[0].Code, r.Sub[0].At}, []any{c.part, "017", f.now})
		want(f, id+": money stays as the response left it", money(r), "1/1/0")
		want(f, id+": provisional", r.Provisional, false)
		want(f, id+": history", f.history(r), "accept:queued claim:sending@3 answer:sent#1@3 "+c.history)
	}
}

func receiptEarly(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	want(f, "matched", f.apply(f.receipt(sms.PartDelivered, "early")), []store.Matched{store.ReceiptHeld})
	want(f, "held", f.stats().HeldReceipts, int64(1))
	want(f, "nothing happened to the message", f.again(got.Record), got.Record)
	f.later(time.Second)
	f.answered(got.Record, 1, "early")
	r := f.again(got.Record)
	want(f, "state", r.State, sms.Delivered)
	want(f, "held", f.stats().HeldReceipts, int64(0))
	want(f, "money", money(r)+" "+f.balance(a), "1/1/0 99/0/99")
	want(f, "history", f.history(r), "accept:queued claim:sending@3 answer:sent#1@3 deliver:delivered#1@3")
	f.answered(f.send(a).Record, 1, "early")
	want(f, "a held receipt is used once", f.stats().Queued, map[int64]int64{})
	want(f, "evidence of the same id", f.apply(f.receipt(sms.PartUndelivered, "early")), []store.Matched{store.ReceiptApplied})
}

func receiptEarlySeveral(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.apply(f.receipt(sms.PartSent, "x"))
	f.apply(f.receipt(sms.PartDelivered, "x"), f.receipt(sms.PartUndelivered, "x"))
	f.answered(got.Record, 1, "x")
	want(f, "in order of arrival", f.history(got.Record),
		"accept:queued claim:sending@3 answer:sent#1@3 evidence:sent#1@3 deliver:delivered#1@3 evidence:delivered#1@3")
	want(f, "held", f.stats().HeldReceipts, int64(0))
}

func receiptEarlyForm(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.apply(f.receipt(sms.PartDelivered, "255", "ff", "597"))
	o := f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("000000FF"))
	o.UpstreamKey = "ff"
	f.record(o)
	r := f.again(got.Record)
	want(f, "state", r.State, sms.Delivered)
	want(f, "the id is shown as it was given", r.Sub[0].UpstreamID, "000000FF")
	want(f, "held", f.stats().HeldReceipts, int64(0))
}

func receiptTwice(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x")
	rc := f.receipt(sms.PartDelivered, "x")
	want(f, "in one batch", f.apply(rc, rc), []store.Matched{store.ReceiptApplied, store.ReceiptEvidence})
	want(f, "and later", f.apply(rc), []store.Matched{store.ReceiptEvidence})
	want(f, "history", f.history(r), "accept:queued claim:sending@3 answer:sent#1@3 deliver:delivered#1@3 evidence:delivered#1@3 evidence:delivered#1@3")
	want(f, "money", f.balance(a), "99/0/99")
}

func receiptAfterFinal(f *fix) {
	a := f.account("a", 100*sms.Credit)
	for _, first := range []sms.PartState{sms.PartDelivered, sms.PartUndelivered, sms.PartExpired, sms.PartRejected} {
		id := first.String()
		r := f.sent(a, id)
		f.apply(f.receipt(first, id))
		before := f.again(r)
		for _, then := range []sms.PartState{sms.PartSent, sms.PartDelivered, sms.PartUndelivered, sms.PartExpired, sms.PartRejected} {
			want(f, id+", then "+then.String(), f.apply(f.receipt(then, id)), []store.Matched{store.ReceiptEvidence})
			want(f, "the message", f.again(r), before)
		}
	}
}

func receiptRead(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	want(f, "matched", f.apply(f.receipt(sms.PartRead, "x"), f.receipt(sms.PartRead, "x")), []store.Matched{store.ReceiptApplied, store.ReceiptEvidence})
	want(f, "state", f.again(r).State, sms.Read)
}

func receiptOrder(f *fix) {
	a := f.account("a", 100*sms.Credit)
	one, two := f.sent(a, "one"), f.sent(a, "two")
	got := f.apply(f.receipt(sms.PartDelivered, "nobody"), f.receipt(sms.PartDelivered, "two"), f.receipt(sms.PartUndelivered, "one"),
		f.receipt(sms.PartDelivered, "one"))
	want(f, "answers", got, []store.Matched{store.ReceiptHeld, store.ReceiptApplied, store.ReceiptApplied, store.ReceiptEvidence})
	want(f, "states", []sms.State{f.again(one).State, f.again(two).State}, []sms.State{sms.Undelivered, sms.Delivered})
}

func receiptParts(f *fix) {
	a := f.account("a", 1000*sms.Credit)
	for _, c := range []struct {
		parts []sms.PartState
		want  sms.State
	}{
		{[]sms.PartState{sms.PartDelivered, sms.PartDelivered}, sms.Delivered},
		{[]sms.PartState{sms.PartDelivered, sms.PartUndelivered}, sms.PartiallyDelivered},
		{[]sms.PartState{sms.PartExpired, sms.PartDelivered}, sms.PartiallyDelivered},
		{[]sms.PartState{sms.PartExpired, sms.PartUndelivered}, sms.Undelivered},
		{[]sms.PartState{sms.PartRejected, sms.PartUndelivered}, sms.Rejected},
		{[]sms.PartState{sms.PartExpired, sms.PartExpired}, sms.Expired},
		{[]sms.PartState{sms.PartRead, sms.PartDelivered}, sms.Delivered},
		{[]sms.PartState{sms.PartRead, sms.PartRead}, sms.Read},
	} {
		got := f.send(a, parts(2))
		ids := []string{got.ID.String() + "/1", got.ID.String() + "/2"}
		f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream(ids[0])), f.outcome(got.Record, 2, sms.VerdictAccepted, upstream(ids[1])))
		want(f, "second part first", f.apply(f.receipt(c.parts[1], ids[1])), []store.Matched{store.ReceiptApplied})
		want(f, "one part is not all", f.again(got.Record).State, sms.Sent)
		f.apply(f.receipt(c.parts[0], ids[0]))
		r := f.again(got.Record)
		want(f, c.parts[0].String()+" and "+c.parts[1].String(), r.State, c.want)
		want(f, "money", money(r), "2/2/0")
	}
}

func receiptWhileQueued(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.send(a)
	f.answered(first.Record, 1, "x") // copy 1; then another message whose answer is lost
	lost := f.send(a)
	f.apply(f.receipt(sms.PartDelivered, "y"))
	f.record(f.outcome(lost.Record, 1, sms.VerdictUnknown, resendAt(f.now.Add(time.Minute))))
	f.answered(lost.Record, 1, "y")
	r := f.again(lost.Record)
	want(f, "state", r.State, sms.Delivered)
	want(f, "nothing is sent again", len(f.queued()), 0)
	want(f, "history", f.history(r), "accept:queued claim:sending@3 retry:queued#1@3 answer:sent#1@3 deliver:delivered#1@3")
}

func receiptWhileSending(f *fix) {
	a := f.account("a", 100*sms.Credit)
	first := f.send(a, parts(2))
	f.answered(first.Record, 1, "x")
	want(f, "part 1 is delivered while part 2 is on the wire", f.apply(f.receipt(sms.PartDelivered, "x")), []store.Matched{store.ReceiptApplied})
	want(f, "state", f.again(first.Record).State, sms.Sending)
	f.answered(first.Record, 2, "y")
	want(f, "state", f.again(first.Record).State, sms.Sent)
	f.apply(f.receipt(sms.PartDelivered, "y"))
	want(f, "state", f.again(first.Record).State, sms.Delivered)
}

func receiptProvisional(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x", onDelivery)
	f.later(wait + time.Second)
	want(f, "closed", f.expire(), 1)
	r = f.again(r)
	want(f, "provisional end", []any{r.State, r.Provisional, r.Reason, money(r)}, []any{sms.Unknown, true, sms.ReasonNoReceipt, "1/0/1"})
	f.later(time.Hour)
	want(f, "matched", f.apply(f.receipt(sms.PartDelivered, "x"), f.receipt(sms.PartUndelivered, "x")),
		[]store.Matched{store.ReceiptApplied, store.ReceiptEvidence})
	r = f.again(r)
	want(f, "real end", []any{r.State, r.Provisional, r.Reason}, []any{sms.Delivered, false, sms.Reason("")})
	want(f, "no money moved again", money(r)+" "+f.transfers(a), "1/0/1 topup 100 reserve 1 release 1")
	want(f, "history", f.history(r), "accept:queued claim:sending@3 answer:sent#1@3 close:unknown deliver:delivered#1@3 evidence:delivered#1@3")
}

func receiptAfterExpiry(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.record(f.outcome(got.Record, 1, sms.VerdictDown))
	f.later(validity + time.Second)
	f.expire()
	r := f.again(got.Record)
	want(f, "provisional end", []any{r.State, r.Provisional, r.Reason, money(r)}, []any{sms.Expired, true, sms.ReasonValidity, "1/0/1"})
	f.answered(got.Record, 1, "x") // it had been sent after all
	want(f, "a response is no end", f.again(r).State, sms.Expired)
	want(f, "matched", f.apply(f.receipt(sms.PartDelivered, "x")), []store.Matched{store.ReceiptApplied})
	r = f.again(r)
	want(f, "real end", []any{r.State, r.Provisional, money(r)}, []any{sms.Delivered, false, "1/0/1"})
}

func receiptIntermediate(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x")
	want(f, "matched", f.apply(f.receipt(sms.PartSent, "x")), []store.Matched{store.ReceiptEvidence})
	want(f, "state", f.again(r).State, sms.Sent)
	want(f, "the final one", f.apply(f.receipt(sms.PartDelivered, "x")), []store.Matched{store.ReceiptApplied})
}

func receiptRace(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x")
	got := together(8, func(int) store.Matched {
		m, err := f.s.ApplyReceipts(f.ctx, f.now, []sms.Receipt{f.receipt(sms.PartDelivered, "x")})
		if err != nil || len(m) != 1 {
			f.Errorf("ApplyReceipts: %v, %v", m, err)
			return 0
		}
		return m[0].Matched
	})
	n := map[store.Matched]int{}
	for _, m := range got {
		n[m]++
	}
	want(f, "applied once", n, map[store.Matched]int{store.ReceiptApplied: 1, store.ReceiptEvidence: 7})
	want(f, "state", f.again(r).State, sms.Delivered)
}

func receiptReason(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.sent(a, "x")
	why := func(id string) sms.Receipt {
		rc := f.receipt(sms.PartUndelivered, id)
		rc.Reason, rc.Code = sms.ReasonAbsent, "027"
		return rc
	}
	early := f.send(a)
	f.apply(why("x"), why("early")) // the second one is held
	f.answered(early.Record, 1, "early")
	for _, id := range []sms.MessageID{early.ID - 1, early.ID} {
		r, _, events, err := f.s.Message(f.ctx, a, id)
		f.ok(err)
		last := events[len(events)-1]
		want(f, "message", []any{r.State, r.Reason, r.Code}, []any{sms.Undelivered, sms.ReasonAbsent, "027"})
		want(f, "event", []any{last.Reason, last.Code}, []any{sms.ReasonAbsent, "027"})
	}
}

func receiptNotes(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.subscriber(a, "s")
	said := func(state sms.PartState, raw string) sms.Receipt {
		rc := f.receipt(state, "x")
		rc.Raw = raw
		return rc
	}
	got := f.send(a)
	early := said(sms.PartSent, "stat:ENROUTE")
	f.apply(early) // held
	f.later(time.Second)
	f.answered(got.Record, 1, "x")
	f.later(time.Second)
	last, late := said(sms.PartDelivered, "stat:DELIVRD"), said(sms.PartUndelivered, "stat:UNDELIV err:077 0x1403=0007")
	f.apply(last, late)
	_, _, events, err := f.s.Message(f.ctx, a, got.ID)
	f.ok(err)
	var notes []*sms.ReceiptNote
	for _, e := range events {
		notes = append(notes, e.Receipt)
	}
	note := func(rc sms.Receipt) *sms.ReceiptNote {
		return &sms.ReceiptNote{State: rc.State, Raw: rc.Raw, At: rc.At}
	}
	want(f, "history", f.history(got.Record), "accept:queued claim:sending@3 answer:sent#1@3 evidence:sent#1@3 deliver:delivered#1@3 evidence:delivered#1@3")
	want(f, "notes", notes, []*sms.ReceiptNote{nil, nil, nil, note(early), note(last), note(late)})
	events[4].Receipt.Raw = "changed"
	_, _, events, err = f.s.Message(f.ctx, a, got.ID)
	f.ok(err)
	want(f, "what the caller changed is its own", events[4].Receipt, note(last))
	for _, e := range eventsOf(f.leased(s)) {
		want(f, "it is for those who read the history only", e.Receipt, nil)
	}
}

func receiptsOnLast(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(3), onDelivery, func(m *sms.Message) { m.ReceiptsOn = sms.ReceiptsLast })
	for seq, id := range []string{"one", "two", "three"} {
		f.answered(got.Record, seq+1, id)
	}
	want(f, "matched", f.apply(f.receipt(sms.PartDelivered, "three")), []store.Matched{store.ReceiptApplied})
	r := f.again(got.Record)
	want(f, "message", []any{r.State, r.ReceiptsOn, money(r)}, []any{sms.Delivered, sms.ReceiptsLast, "3/3/0"})
	want(f, "balance", f.balance(a)+" "+f.transfers(a), "97/0/97 topup 100 reserve 3 capture 3")
}
