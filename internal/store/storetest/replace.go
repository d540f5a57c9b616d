package storetest

import (
	"errors"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func replaceCases() []testCase {
	return []testCase{
		{"text and everything that follows from it", replaceText},
		{"raw content by text, and text by raw content", replaceRaw},
		{"scheduled stays scheduled, until another time", replaceScheduled},
		{"a shorter life", replaceValidity},
		{"what decide is told", replaceTold},
		{"decide says no", replaceRefused},
		{"too late", replaceTooLate},
		{"handed back", replaceHandedBack},
		{"what costs more than was reserved", replaceDearer},
		{"one of several recipients", replaceShared},
		{"of another account, or of nobody", replaceForeign},
		{"claim and replace race", replaceRace},
	}
}

// content is a replacement of n parts.
func content(text string, n int) sms.Replacement {
	return sms.Replacement{Text: text, Encoding: gsm7, Parts: n, Units: n}
}

func (f *fix) replace(account int64, id sms.MessageID, x sms.Replacement) error {
	return f.s.Replace(f.ctx, f.now, account, id, func(*sms.Message, *sms.Group) (sms.Replacement, error) { return x, nil })
}

func replaceText(f *fix) {
	a := f.account("a", 100*sms.Credit)
	s := f.login(a, "esme")
	g := f.accept(f.call(a, 1, parts(3), by(s, sms.NotifyFailed)))
	old := f.read(a, g.FirstMessage)
	f.later(time.Second)
	x := content("new", 2)
	x.Encoding, x.Notify = 2, tellAll
	f.ok(f.replace(a, g.FirstMessage, x))
	r := f.read(a, g.FirstMessage)
	wanted := old
	wanted.Encoding, wanted.Parts, wanted.Units, wanted.Notify, wanted.UpdatedAt = 2, 2, 2, tellAll, f.now
	want(f, "message", r, wanted)
	want(f, "history", f.history(r), "accept:queued replace:queued")
	got := f.claim(store.ClaimRequest{Limit: 1})[0]
	want(f, "claimed", []any{got.Group.Text, len(got.Sub), got.Encoding}, []any{"new", 2, sms.Encoding(2)})
	again, _, err := f.s.Group(f.ctx, a, g.Number)
	f.ok(err)
	g.Text = "new"
	want(f, "group", again, g)
	f.answered(got.Record, 1, "x")
	f.answered(got.Record, 2, "y")
	f.apply(f.receipt(sms.PartDelivered, "x"), f.receipt(sms.PartDelivered, "y"))
	want(f, "told as it wanted last", f.heard(s), "answer:sent#2@3 deliver:delivered#2@3")
	r = f.again(got.Record)
	want(f, "what was too much is given back", money(r)+" "+f.balance(a), "3/2/1 98/0/98")
}

func replaceRaw(f *fix) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(f.call(a, 1))
	x := content("[3 octets]", 1)
	x.Raw = &sms.Raw{Header: []byte{3, 0x70, 0, 0}, Body: []byte{1, 0, 255}}
	f.ok(f.replace(a, g.FirstMessage, x))
	x.Raw.Body[0], x.Raw.Header[0] = 9, 9 // the caller's own again
	now := func() sms.Group {
		_, g, _, err := f.s.Message(f.ctx, a, g.FirstMessage)
		f.ok(err)
		return g
	}
	want(f, "text", now().Text, "[3 octets]")
	want(f, "raw", *now().Raw, sms.Raw{Header: []byte{3, 0x70, 0, 0}, Body: []byte{1, 0, 255}})
	x.Raw = &sms.Raw{Header: []byte{}, Body: []byte{}}
	f.ok(f.replace(a, g.FirstMessage, x))
	want(f, "an empty one", *now().Raw, sms.Raw{})
	f.ok(f.replace(a, g.FirstMessage, content("text", 1)))
	want(f, "text", []any{now().Text, now().Raw == nil}, []any{"text", true})
	want(f, "claimed", *f.claim(store.ClaimRequest{Limit: 1})[0].Group, now())
}

func replaceScheduled(f *fix) {
	a := f.account("a", 100*sms.Credit)
	at := f.now.Add(time.Hour)
	id := f.accept(f.call(a, 1, scheduled(at))).FirstMessage
	x := content("sooner", 1)
	x.DueAt = f.now.Add(time.Minute + 999*time.Nanosecond)
	f.ok(f.replace(a, id, x))
	r := f.read(a, id)
	want(f, "message", []any{r.State, r.DueAt, r.ExpiresAt}, []any{sms.Scheduled, f.now.Add(time.Minute), at.Add(validity)})
	want(f, "next to look at", f.expired(10, letGo).Next, f.now.Add(time.Minute))
	f.later(time.Minute)
	want(f, "started", f.expire(), 1)
	want(f, "claimed", f.claim(store.ClaimRequest{Limit: 1})[0].Group.Text, "sooner")
	later := f.accept(f.call(a, 1, scheduled(at))).FirstMessage
	x.DueAt = at.Add(time.Hour)
	f.ok(f.replace(a, later, x))
	f.now = at
	want(f, "not at the old time", f.expire(), 0)
	want(f, "but at the new one", f.expired(10, letGo).Next, at.Add(time.Hour))
}

func replaceValidity(f *fix) {
	a := f.account("a", 100*sms.Credit)
	id := f.accept(f.call(a, 1)).FirstMessage
	x := content("short-lived", 1)
	x.ExpiresAt = f.now.Add(time.Hour)
	f.ok(f.replace(a, id, x))
	r := f.read(a, id)
	want(f, "times", []time.Time{r.DueAt, r.ExpiresAt, r.CloseAt}, []time.Time{f.now, f.now.Add(time.Hour), f.now.Add(wait - validity + time.Hour)})
	want(f, "next to look at", f.expired(10, letGo).Next, f.now.Add(time.Hour))
	f.later(time.Hour)
	want(f, "over", []any{len(f.claim(store.ClaimRequest{Limit: 1})), f.expire(), f.read(a, id).State}, []any{0, 1, sms.Expired})
}

func replaceTold(f *fix) {
	a := f.account("a", 100*sms.Credit)
	g := f.accept(f.call(a, 1))
	stored := f.read(a, g.FirstMessage)
	f.ok(f.s.Replace(f.ctx, f.now, a, g.FirstMessage, func(m *sms.Message, group *sms.Group) (sms.Replacement, error) {
		want(f, "message", *m, stored.Message)
		want(f, "group", *group, g)
		m.To, m.State, group.From = "changed", sms.Delivered, "changed" // must not reach the store
		return content("new", 1), nil
	}))
	r, group, _, err := f.s.Message(f.ctx, a, g.FirstMessage)
	f.ok(err)
	want(f, "message", []any{r.To, r.State, group.From, group.Text}, []any{stored.To, sms.Queued, "ACME", "new"})
}

func replaceRefused(f *fix) {
	a := f.account("a", 100*sms.Credit)
	id := f.accept(f.call(a, 1)).FirstMessage
	before := view(f)
	for _, no := range []error{sms.Fail(sms.CodeInvalid, "too long"), errors.New("not of the domain")} {
		err := f.s.Replace(f.ctx, f.now, a, id, func(*sms.Message, *sms.Group) (sms.Replacement, error) { return content("new", 1), no })
		want(f, "error", err == no, true)
	}
	want(f, "nothing changed", view(f), before)
}

// never fails the case when decide is asked.
func (f *fix) never(*sms.Message, *sms.Group) (sms.Replacement, error) {
	f.Error("decide is asked about what cannot be replaced")
	return sms.Replacement{}, nil
}

func replaceTooLate(f *fix) {
	a := f.account("a", 100*sms.Credit)
	unknown := f.send(a)
	f.record(f.outcome(unknown.Record, 1, sms.VerdictUnknown, resendAt(f.now.Add(time.Hour))))
	ids := []sms.MessageID{f.send(a).ID, f.sent(a, "x").ID, unknown.ID, f.accept(f.call(a, 1, failed)).FirstMessage}
	canceled := f.accept(f.call(a, 1)).FirstMessage
	f.cancel(a, canceled)
	before := view(f)
	for _, id := range append(ids, canceled) {
		f.refused(f.s.Replace(f.ctx, f.now, a, id, f.never), sms.CodeConflict)
	}
	want(f, "nothing changed", view(f), before)
}

// replaceHandedBack: its parts have rows of their own by now.
func replaceHandedBack(f *fix) {
	a := f.account("a", 100*sms.Credit)
	got := f.send(a, parts(2))
	f.record(f.outcome(got.Record, 1, sms.VerdictDown), f.outcome(got.Record, 2, sms.VerdictDown))
	f.refused(f.s.Replace(f.ctx, f.now, a, got.ID, f.never), sms.CodeConflict)
}

func replaceDearer(f *fix) {
	a := f.account("a", 100*sms.Credit)
	id := f.accept(f.call(a, 1, parts(2))).FirstMessage
	before := view(f)
	f.refused(f.replace(a, id, content("long", 3)), sms.CodeConflict)
	want(f, "nothing changed", view(f), before)
	f.ok(f.replace(a, id, content("just", 2)))
	free := f.accept(f.call(a, 1, func(m *sms.Message) { m.Price, m.Reserved = 0, 0 })).FirstMessage
	f.ok(f.replace(a, free, content("long", 255)))
}

func replaceShared(f *fix) {
	a := f.account("a", 100*sms.Credit)
	id := f.accept(f.call(a, 2)).FirstMessage
	before := view(f)
	f.refused(f.s.Replace(f.ctx, f.now, a, id, f.never), sms.CodeConflict)
	want(f, "nothing changed", view(f), before)
}

func replaceForeign(f *fix) {
	a, b := f.account("a", 100*sms.Credit), f.account("b", 100*sms.Credit)
	id := f.accept(f.call(a, 1)).FirstMessage
	before := view(f)
	f.refused(f.s.Replace(f.ctx, f.now, b, id, f.never), sms.CodeNotFound)
	f.refused(f.s.Replace(f.ctx, f.now, a, id+1, f.never), sms.CodeNotFound)
	want(f, "nothing changed", view(f), before)
}

func replaceRace(f *fix) {
	const messages = 40
	a := f.account("a", messages*sms.Credit)
	var ids []sms.MessageID
	for range messages {
		ids = append(ids, f.accept(f.call(a, 1)).FirstMessage)
	}
	sent, replaced := map[sms.MessageID]string{}, map[sms.MessageID]bool{}
	together(2, func(i int) error {
		for n := range messages {
			if i == 0 {
				list, _, err := f.s.Claim(f.ctx, f.now, store.ClaimRequest{RouteID: route, ConnectorID: connector, Epoch: f.epoch, Limit: 1})
				if err != nil {
					f.Errorf("Claim: %v", err)
				}
				for _, m := range list {
					sent[m.ID] = m.Group.Text
				}
				continue
			}
			switch err := f.replace(a, ids[messages-1-n], content("new", 1)); {
			case err == nil:
				replaced[ids[messages-1-n]] = true
			case sms.CodeOf(err) != sms.CodeConflict:
				f.Errorf("Replace: %v", err)
			}
		}
		return nil
	})
	want(f, "all were claimed", len(sent), messages)
	for id, text := range sent {
		want(f, "text that is sent", text == "new", replaced[id])
	}
}
