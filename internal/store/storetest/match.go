package storetest

import (
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func matchCases() []testCase {
	return []testCase{
		{"ids belong to a scope", matchScope},
		{"connectors that share a scope", matchSharedScope},
		{"a scope that is not in the map", matchOwnScope},
		{"the key, not the id as given", matchKey},
		{"byte for byte", matchBytes},
		{"no id", matchNoID},
		{"the first form that somebody has", matchForms},
		{"a reused id: the newest", matchNewest},
		{"a reused id: unfinished before finished", matchUnfinished},
		{"a reused id: the number decides", matchNumber},
		{"a number in national form", matchNational},
		{"a number that agrees with nobody", matchWrongNumber},
		{"a number that agrees in a later form", matchNumberForms},
		{"a held receipt waits for its number", matchHeldNumber},
		{"one id for all parts of a message", matchSameIDParts},
		{"what the answer says of the match", matchAnswer},
		{"what the answer says of parts", matchAnswerParts},
		{"what was held", matchReleased},
	}
}

func matchScope(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x")
	rc := f.receipt(sms.PartDelivered, "x")
	rc.ConnectorID = other
	want(f, "the same id of another scope", f.apply(rc), []store.Matched{store.ReceiptHeld})
	want(f, "state", f.again(r).State, sms.Sent)
	f.apply(f.receipt(sms.PartDelivered, "x"))
	want(f, "held of the other scope", f.stats().HeldReceipts, int64(1))
	// the other connector uses the same id for its own message
	f.accept(f.call(a, 1))
	second := f.claim(store.ClaimRequest{ConnectorID: other, Limit: 1})[0]
	f.answered(second.Record, 1, "x")
	want(f, "state of the other one", f.again(second.Record).State, sms.Delivered)
}

func matchSharedScope(f *fix) {
	const scope = int64(77)
	a := f.account("a", 100*sms.Credit)
	f.accept(f.call(a, 2))
	one, two := f.claim(store.ClaimRequest{Limit: 1})[0], f.claim(store.ClaimRequest{ConnectorID: other, Limit: 1})[0]
	early := f.receipt(sms.PartUndelivered, "two")
	early.ConnectorID = scope
	f.apply(early)
	f.later(time.Second)
	released := f.released(map[int64]int64{connector: scope, other: scope},
		f.outcome(one.Record, 1, sms.VerdictAccepted, upstream("one")), f.outcome(two.Record, 1, sms.VerdictAccepted, upstream("two")))
	want(f, "released", released, []store.Released{{Scope: scope, Receipt: early, Match: store.Match{Matched: store.ReceiptReleased, SentAt: f.now, First: true}}})
	want(f, "early receipt of the scope", f.again(two.Record).State, sms.Undelivered)
	late := f.receipt(sms.PartDelivered, "one")
	want(f, "under the connector's own number", f.apply(late), []store.Matched{store.ReceiptHeld})
	late.ConnectorID = scope
	want(f, "under the scope", f.apply(late), []store.Matched{store.ReceiptApplied})
}

func matchOwnScope(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.released(map[int64]int64{other: 77}, f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("x")))
	want(f, "matched", f.apply(f.receipt(sms.PartDelivered, "x")), []store.Matched{store.ReceiptApplied})
}

func matchKey(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	o := f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("0x00AB"))
	o.UpstreamKey = "ab"
	f.record(o)
	want(f, "as given, by key", f.apply(f.receipt(sms.PartDelivered, "0x00AB"), f.receipt(sms.PartDelivered, "ab")),
		[]store.Matched{store.ReceiptHeld, store.ReceiptApplied})
}

func matchBytes(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.sent(a, "aB")
	want(f, "other spellings", f.apply(f.receipt(sms.PartDelivered, "ab", "AB", " aB", "aB ")), []store.Matched{store.ReceiptHeld})
	want(f, "this one", f.apply(f.receipt(sms.PartDelivered, "aB")), []store.Matched{store.ReceiptApplied})
}

func matchNoID(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a)
	f.answered(got.Record, 1, "") // the operator gave none
	want(f, "state", f.again(got.Record).State, sms.Sent)
	want(f, "no candidates", f.apply(f.receipt(sms.PartDelivered)), []store.Matched{store.ReceiptHeld})
	want(f, "an empty one", f.apply(f.receipt(sms.PartDelivered, "")), []store.Matched{store.ReceiptHeld})
}

func matchForms(f *fix) {
	a := f.account("a", 100*sms.Credit)
	one, two := f.sent(a, "31"), f.sent(a, "1f")
	f.apply(f.receipt(sms.PartDelivered, "001F", "1f", "31"))
	want(f, "the earlier form", []sms.State{f.again(one).State, f.again(two).State}, []sms.State{sms.Sent, sms.Delivered})
	f.apply(f.receipt(sms.PartUndelivered, "31", "1f"))
	want(f, "the other", []sms.State{f.again(one).State, f.again(two).State}, []sms.State{sms.Undelivered, sms.Delivered})
}

func matchNewest(f *fix) {
	a := f.account("a", 100*sms.Credit)
	older, newer := f.sent(a, "x"), f.sent(a, "x")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	want(f, "first receipt", []sms.State{f.again(older).State, f.again(newer).State}, []sms.State{sms.Sent, sms.Delivered})
	f.apply(f.receipt(sms.PartUndelivered, "x"))
	want(f, "second receipt", []sms.State{f.again(older).State, f.again(newer).State}, []sms.State{sms.Undelivered, sms.Delivered})
	want(f, "third receipt", f.apply(f.receipt(sms.PartDelivered, "x")), []store.Matched{store.ReceiptEvidence})
	want(f, "goes to the newest", f.history(newer), "accept:queued claim:sending@3 answer:sent#1@3 deliver:delivered#1@3 evidence:delivered#1@3")
}

func matchUnfinished(f *fix) {
	a := f.account("a", 100*sms.Credit)
	older, newer := f.send(a), f.send(a)
	f.answered(newer.Record, 1, "x")
	f.apply(f.receipt(sms.PartDelivered, "x"))
	f.answered(older.Record, 1, "x")
	want(f, "state", f.again(older.Record).State, sms.Sent)
	want(f, "matched", f.apply(f.receipt(sms.PartUndelivered, "x")), []store.Matched{store.ReceiptApplied})
	want(f, "the older one was open", f.again(older.Record).State, sms.Undelivered)
}

// to gives the message another number.
func to(number string) func(*sms.Message) { return func(m *sms.Message) { m.To = number } }

// toward says whom the receipt speaks of.
func toward(rc sms.Receipt, number string) sms.Receipt {
	rc.To = number
	return rc
}

func matchNumber(f *fix) {
	a := f.account("a", 100*sms.Credit)
	older, newer := f.sent(a, "x", to("8801700000001")), f.sent(a, "x", to("8801700000002"))
	f.apply(toward(f.receipt(sms.PartDelivered, "x"), "8801700000001"))
	want(f, "states", []sms.State{f.again(older).State, f.again(newer).State}, []sms.State{sms.Delivered, sms.Sent})
	want(f, "a finished message with the number before an open one without", f.apply(toward(f.receipt(sms.PartUndelivered, "x"), "8801700000001")),
		[]store.Matched{store.ReceiptEvidence})
	want(f, "the other stays", f.again(newer).State, sms.Sent)
}

func matchNational(f *fix) {
	a := f.account("a", 100*sms.Credit)
	for _, number := range []string{"8801711222333", "+8801711222333", "008801711222333", "01711222333", "1711222333", ""} {
		r := f.sent(a, "id"+number, to("8801711222333"))
		f.sent(a, "id"+number, to("8801711222334"))
		f.apply(toward(f.receipt(sms.PartDelivered, "id"+number), number))
		want(f, number, f.again(r).State == sms.Delivered, number != "") // without a number the newer one gets it
	}
}

func matchWrongNumber(f *fix) {
	a := f.account("a", 100*sms.Credit)
	r := f.sent(a, "x", to("8801700000001"))
	want(f, "matched", f.apply(toward(f.receipt(sms.PartDelivered, "x"), "8801700000009")), []store.Matched{store.ReceiptHeld})
	want(f, "state", f.again(r).State, sms.Sent)
	want(f, "without a number it matches", f.apply(f.receipt(sms.PartDelivered, "x")), []store.Matched{store.ReceiptApplied})
}

func matchNumberForms(f *fix) {
	a := f.account("a", 100*sms.Credit)
	hex, dec := f.sent(a, "1f", to("8801700000001")), f.sent(a, "31", to("8801700000002"))
	f.apply(toward(f.receipt(sms.PartDelivered, "1f", "31"), "8801700000002"))
	want(f, "states", []sms.State{f.again(hex).State, f.again(dec).State}, []sms.State{sms.Sent, sms.Delivered})
}

func matchHeldNumber(f *fix) {
	a := f.account("a", 100*sms.Credit)
	one, two := f.send(a, to("8801700000001")), f.send(a, to("8801700000002"))
	f.apply(toward(f.receipt(sms.PartDelivered, "x"), "8801700000002"))
	f.answered(one.Record, 1, "x")
	want(f, "not the other number's", []any{f.again(one.Record).State, f.stats().HeldReceipts}, []any{sms.Sent, int64(1)})
	f.later(time.Second)
	f.answered(two.Record, 1, "x")
	want(f, "its own", []any{f.again(two.Record).State, f.stats().HeldReceipts}, []any{sms.Delivered, int64(0)})
	want(f, "the other still waits", f.again(one.Record).State, sms.Sent)
}

func matchSameIDParts(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	f.record(f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("x")), f.outcome(got.Record, 2, sms.VerdictAccepted, upstream("x")))
	rc := f.receipt(sms.PartDelivered, "x")
	want(f, "matched", f.apply(rc, rc, rc), []store.Matched{store.ReceiptApplied, store.ReceiptApplied, store.ReceiptEvidence})
	want(f, "state", f.again(got.Record).State, sms.Delivered)
}

func matchAnswer(f *fix) {
	a := f.account("a", 100*sms.Credit)
	f.sent(a, "x")
	sentAt := f.now
	f.later(90 * time.Second)
	delivered, none := f.receipt(sms.PartDelivered, "no", "neither", "x"), f.receipt(sms.PartDelivered, "nobody's")
	want(f, "an intermediate one", f.matches(f.receipt(sms.PartSent, "x")), []store.Match{{Matched: store.ReceiptEvidence, SentAt: sentAt, First: true}})
	f.later(time.Second)
	want(f, "the first, one that is held, and the first again", f.matches(delivered, none, delivered), []store.Match{
		{Matched: store.ReceiptApplied, Form: 2, SentAt: sentAt, First: true}, {Matched: store.ReceiptHeld}, {Matched: store.ReceiptEvidence, Form: 2}})
	sending := f.send(a)
	f.record(f.outcome(sending.Record, 1, sms.VerdictUnknown, resendAt(f.now)))
	again := f.claim(store.ClaimRequest{Limit: 1})[0]
	f.answered(again.Record, 1, "y")
	f.apply(f.receipt(sms.PartUndelivered, "y"))
	f.record(f.outcome(sending.Record, 1, sms.VerdictAccepted, upstream("z"))) // the first copy's answer
	want(f, "of the copy", f.matches(f.receipt(sms.PartDelivered, "z")), []store.Match{{Matched: store.ReceiptEvidence}})
}

func matchAnswerParts(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	at := f.now
	f.answered(got.Record, 1, "one")
	f.later(time.Minute)
	f.answered(got.Record, 2, "two")
	f.later(time.Minute)
	want(f, "each since its own answer", f.matches(f.receipt(sms.PartDelivered, "two"), f.receipt(sms.PartDelivered, "one")), []store.Match{
		{Matched: store.ReceiptApplied, SentAt: at.Add(time.Minute), First: true}, {Matched: store.ReceiptApplied, SentAt: at, First: true}})
}

func matchReleased(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2), to("8801700000001"))
	reasoned := f.receipt(sms.PartUndelivered, "no", "one")
	reasoned.To, reasoned.Reason, reasoned.Code, reasoned.Raw, reasoned.Forms = "01700000001", sms.ReasonAbsent, "027", "stat:UNDELIV", []string{"same", "hex to decimal"}
	again, others := toward(f.receipt(sms.PartDelivered, "one"), ""), toward(f.receipt(sms.PartDelivered, "one"), "8801700000009")
	two := f.receipt(sms.PartDelivered, "two")
	f.apply(reasoned, again, others, two)
	f.later(time.Second)
	want(f, "none for what is refused or handed back", len(f.released(nil, f.outcome(got.Record, 1, sms.VerdictDown), f.outcome(got.Record, 2, sms.VerdictUnknown))), 0)
	first := f.released(nil, f.outcome(got.Record, 1, sms.VerdictAccepted, upstream("one")), f.outcome(got.Record, 2, sms.VerdictAccepted, upstream("none")))
	reasoned.Forms = nil
	want(f, "in order", first, []store.Released{
		{Scope: connector, Receipt: reasoned, Match: store.Match{Matched: store.ReceiptReleased, SentAt: f.now, First: true}},
		{Scope: connector, Receipt: again, Match: store.Match{Matched: store.ReceiptReleased}}})
	next := f.send(a)
	want(f, "another message", f.released(nil, f.outcome(next.Record, 1, sms.VerdictAccepted, upstream("two"))), []store.Released{
		{Scope: connector, Receipt: two, Match: store.Match{Matched: store.ReceiptReleased, SentAt: f.now, First: true}}})
	want(f, "once", len(f.released(nil, f.outcome(next.Record, 1, sms.VerdictAccepted, upstream("two")))), 0)
	want(f, "somebody else's", f.stats().HeldReceipts, int64(1))
}
