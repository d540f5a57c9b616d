package storetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func (m *model) open(r *rapid.T) {
	m.both(r, "Open", func(w *world) (string, error) {
		epoch, err := w.s.Open(ctx, m.now, "model")
		if n := len(w.epochs); n > 0 && epoch <= w.epochs[n-1] {
			return "", fmt.Errorf("epoch %d after %d", epoch, w.epochs[n-1])
		}
		w.epochs = append(w.epochs, epoch)
		return "", err
	})
}

func drawAccount(r *rapid.T) int64 {
	return rapid.SampledFrom([]int64{1, 1, 1, 2, 3, 99}).Draw(r, "account")
}

func (m *model) drawMessage(r *rapid.T, account int64) sms.Message {
	msg := sms.Message{AccountID: account, To: rapid.SampledFrom(modelNumbers).Draw(r, "to"), State: sms.Queued, Encoding: gsm7,
		Parts: rapid.IntRange(1, 3).Draw(r, "parts"), Price: rapid.SampledFrom([]sms.Money{0, 1, 350_000, sms.Credit}).Draw(r, "price"),
		ChargeOn: sms.ChargeOn(rapid.IntRange(0, 1).Draw(r, "charge on")), RouteID: drawRoute(r), Lane: sms.Lane(rapid.IntRange(0, 2).Draw(r, "lane")),
		DueAt: m.now.Add(rapid.SampledFrom([]time.Duration{0, 0, time.Minute}).Draw(r, "due")), UpdatedAt: m.now}
	msg.Units = msg.Parts
	msg.SubscriberID = rapid.SampledFrom([]int64{0, 1, modelLogin, modelLogin, 99}).Draw(r, "subscriber")
	msg.Notify = sms.Notify(rapid.IntRange(0, int(tellAll)).Draw(r, "notify"))
	msg.ReceiptsOn = sms.ReceiptMode(rapid.IntRange(0, 2).Draw(r, "receipts on"))
	msg.Reserved = msg.Price * sms.Money(msg.Units)
	msg.ExpiresAt, msg.CloseAt = msg.DueAt.Add(validity), msg.DueAt.Add(wait)
	if rapid.Bool().Draw(r, "ask") {
		msg.AskAt = msg.DueAt.Add(time.Hour)
	}
	switch rapid.IntRange(0, 7).Draw(r, "state") {
	case 0:
		failed(&msg)
	case 1:
		scheduled(msg.DueAt.Add(time.Hour))(&msg)
	}
	return msg
}

var modelNumbers = []string{"8801711111111", "8801722222222", "8801733333333"}

func drawRoute(r *rapid.T) int64 { return rapid.SampledFrom([]int64{7, 7, 8}).Draw(r, "route") }

func drawConnector(r *rapid.T) int64 {
	return rapid.SampledFrom([]int64{1, 2, 3}).Draw(r, "connector")
}

// scopes: connectors 1 and 2 share one, 3 has its own.
var modelScopes = map[int64]int64{1: 10, 2: 10}

func (m *model) accept(r *rapid.T) {
	var calls []sms.Call
	for range rapid.IntRange(1, 3).Draw(r, "calls") {
		account := drawAccount(r)
		c := sms.Call{Key: rapid.SampledFrom([]string{"", "", "k", "l"}).Draw(r, "key"),
			KeyUntil: m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Hour}).Draw(r, "until")),
			Group: sms.Group{AccountID: account, Type: sms.TypeSMS, From: "ACME", Text: fmt.Sprintf("text %d", m.messages), At: m.now,
				Raw: drawRaw(r), Coding: rapid.Uint8Range(0, 2).Draw(r, "coding"), Protocol: rapid.Uint8Range(0, 2).Draw(r, "protocol")}}
		for range rapid.IntRange(1, 3).Draw(r, "messages") {
			msg := m.drawMessage(r, account)
			c.Messages = append(c.Messages, msg)
			c.Need += msg.Reserved
		}
		c.Group.Count = len(c.Messages)
		calls = append(calls, c)
	}
	m.both(r, "Accept", func(w *world) (string, error) {
		answers, err := w.s.Accept(ctx, m.now, calls)
		v := &viewer{n: w}
		for i, a := range answers {
			if a.Err != nil {
				v.add("refused %s", sms.CodeOf(a.Err))
				continue
			}
			for j := range calls[i].Messages {
				if id := a.Group.FirstMessage + sms.MessageID(j); !a.Replayed {
					w.names[id] = len(w.messages)
					w.messages = append(w.messages, id)
				}
			}
			v.add("replayed %v %s", a.Replayed, v.group(a.Group))
		}
		return strings.Join(v.lines, "\n"), err
	})
	m.messages = len(m.ref.messages)
}

func (m *model) claim(r *rapid.T) {
	req := store.ClaimRequest{RouteID: drawRoute(r), ConnectorID: drawConnector(r), Limit: rapid.IntRange(1, 6).Draw(r, "limit"),
		Single: rapid.IntRange(0, 3).Draw(r, "single") == 0, Alone: rapid.Bool().Draw(r, "alone"), Spill: rapid.IntRange(0, 3).Draw(r, "spill") == 0}
	epoch := len(m.ref.epochs) - 1
	var got []store.Claimed
	m.both(r, "Claim", func(w *world) (string, error) {
		req := req
		req.Epoch = w.epochs[epoch]
		list, next, err := w.s.Claim(ctx, m.now, req)
		v := &viewer{n: w}
		if err == nil {
			err = w.readTransfers()
		}
		for _, c := range list {
			v.add("%s with %s", v.record(c.Record), v.group(*c.Group))
		}
		v.add("next %s", next)
		got = list
		return strings.Join(v.lines, "\n"), err
	})
	for _, c := range got {
		for _, p := range c.Sub {
			if p.State == sms.PartSending {
				m.attempts = append(m.attempts, made{m.sut.names[c.ID], p.Seq, p.Attempt, epoch, p.ConnectorID})
			}
		}
	}
}

func drawRaw(r *rapid.T) *sms.Raw {
	if rapid.IntRange(0, 3).Draw(r, "raw") > 0 {
		return nil
	}
	octets := rapid.SliceOfN(rapid.Byte(), 0, 3)
	return &sms.Raw{Header: octets.Draw(r, "header"), Body: octets.Draw(r, "body")}
}

var modelIDs = []string{"", "a", "b", "c", "d", "e"}

// outcomes mostly speaks of the latest attempts, sometimes of any.
func (m *model) outcomes(r *rapid.T) {
	if len(m.attempts) == 0 {
		r.Skip("nothing was claimed")
	}
	type said struct {
		made
		sms.Outcome
	}
	var batch []said
	for range rapid.IntRange(1, 5).Draw(r, "outcomes") {
		back := rapid.IntRange(0, min(len(m.attempts)-1, 8)).Draw(r, "which")
		a := m.attempts[len(m.attempts)-1-back]
		o := sms.Outcome{ConnectorID: a.connector, UpstreamID: rapid.SampledFrom(modelIDs).Draw(r, "id"), At: m.now,
			Verdict: sms.Verdict(rapid.SampledFrom([]int{1, 1, 1, 2, 3, 4, 5, 5, 6}).Draw(r, "verdict")),
			Resend:  rapid.Bool().Draw(r, "resend"), Code: "0x1"}
		if o.UpstreamID != "" && rapid.Bool().Draw(r, "keyed") {
			o.UpstreamID, o.UpstreamKey = strings.ToUpper(o.UpstreamID), o.UpstreamID
		}
		if o.Verdict != sms.VerdictAccepted {
			o.Reason, o.RetryAt = sms.ReasonRetrying, m.now.Add(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(r, "retry"))
			o.AvoidID = rapid.SampledFrom([]int64{0, a.connector}).Draw(r, "avoid")
		}
		batch = append(batch, said{a, o})
	}
	m.both(r, "RecordOutcomes", func(w *world) (string, error) {
		var list []sms.Outcome
		for _, x := range batch {
			o := x.Outcome
			o.AttemptRef = w.ref(x.made)
			list = append(list, o)
		}
		released, err := w.s.RecordOutcomes(ctx, m.now, modelScopes, list)
		return fmt.Sprintf("%+v", released), err
	})
}

// orphans are what a new owner finds; half of the time it clears them up.
func (m *model) orphans(r *rapid.T) {
	clear := rapid.Bool().Draw(r, "clear")
	m.both(r, "Orphans", func(w *world) (string, error) {
		list, err := w.s.Orphans(ctx, w.epochs[len(w.epochs)-1], 1000)
		slices.SortFunc(list, func(a, b store.Orphan) int {
			return cmp.Or(cmp.Compare(a.Message, b.Message), cmp.Compare(a.Seq, b.Seq))
		})
		v := &viewer{n: w}
		var outcomes []sms.Outcome
		for _, o := range list {
			outcomes = append(outcomes, sms.Outcome{AttemptRef: o.AttemptRef, ConnectorID: o.ConnectorID, Verdict: sms.VerdictUnknown,
				Reason: sms.ReasonOutcome, Resend: true, RetryAt: m.now})
			v.add("%s/%d attempt %d epoch %s route %d tries %d connector %d", w.message(o.Message), o.Seq, o.Attempt, w.epoch(o.Epoch), o.RouteID, o.Tries, o.ConnectorID)
		}
		if err == nil && clear {
			_, err = w.s.RecordOutcomes(ctx, m.now, modelScopes, outcomes)
		}
		return strings.Join(v.lines, "\n"), err
	})
}

func (m *model) receipts(r *rapid.T) {
	var batch []sms.Receipt
	for range rapid.IntRange(1, 3).Draw(r, "receipts") {
		batch = append(batch, sms.Receipt{ConnectorID: rapid.SampledFrom([]int64{10, 10, 3, 1}).Draw(r, "scope"),
			IDs:   rapid.SliceOfN(rapid.SampledFrom(modelIDs[1:]), 1, 3).Draw(r, "ids"),
			To:    rapid.SampledFrom(append([]string{"", "", "01722222222"}, modelNumbers...)).Draw(r, "to"),
			State: rapid.SampledFrom([]sms.PartState{4, 5, 5, 5, 6, 7, 8, 10}).Draw(r, "state"), Code: "7", At: m.now,
			Reason: rapid.SampledFrom([]sms.Reason{"", sms.ReasonAbsent}).Draw(r, "reason")})
	}
	m.both(r, "ApplyReceipts", func(w *world) (string, error) {
		got, err := w.s.ApplyReceipts(ctx, m.now, batch)
		return fmt.Sprintf("%+v", got), err
	})
}

// modelRules give each sender's messages to an account of its own, so that an
// inbox never gets two incomplete sets in one Purge.
var modelRules = store.InboundRules{
	Owner:  func(to, _ string) int64 { return int64(to[len(to)-1] - '0') },
	Decode: rules(0).Decode,
	Told:   func(account int64, to string) []int64 { return []int64{2, modelLogin, modelLogin + 1, 99} },
}

func (m *model) inbound(r *rapid.T) {
	var batch []sms.Inbound
	for range rapid.IntRange(1, 3).Draw(r, "inbound") {
		in := sms.Inbound{ConnectorID: 1, From: "+880171", To: fmt.Sprintf("262%d", rapid.IntRange(0, 4).Draw(r, "to")), At: m.now}
		if rapid.Bool().Draw(r, "whole") {
			in.Text = "hello"
		} else {
			in.Segment = &sms.Segment{Ref: 1, Total: 3, Seq: uint8(rapid.IntRange(1, 3).Draw(r, "seq")), Payload: []byte{byte(rapid.IntRange('a', 'z').Draw(r, "text"))}}
		}
		batch = append(batch, in)
	}
	m.both(r, "AddInbound", func(w *world) (string, error) { return "", w.s.AddInbound(ctx, m.now, batch, modelRules) })
}

func (m *model) expire(r *rapid.T) {
	refuse := rapid.SampledFrom(append(modelNumbers, "")).Draw(r, "refuse")
	mute := rapid.SampledFrom(append(modelNumbers, "")).Draw(r, "cannot be asked about")
	m.both(r, "ExpireDue", func(w *world) (string, error) {
		x, err := w.s.ExpireDue(ctx, m.now, 1000, func(msg *sms.Message, g *sms.Group, _ sms.Money) sms.Reason {
			if msg.To == refuse || g.AccountID != msg.AccountID {
				return sms.ReasonSender
			}
			return ""
		}, func(r *sms.Record) bool { return r.To != mute })
		v := &viewer{n: w}
		for _, a := range x.Ask {
			v.add("ask of %s from %s", v.record(a.Record), a.From)
		}
		slices.Sort(v.lines) // those of one moment stand in any order
		return fmt.Sprint(x.N, x.Next, strings.Join(v.lines, "\n")), err
	})
}

func (m *model) purge(r *rapid.T) {
	m.both(r, "Purge", func(w *world) (string, error) {
		n, err := w.s.Purge(ctx, m.now, time.Hour, 1000, modelRules)
		return fmt.Sprint(n > 0), err
	})
}

func (m *model) cancel(r *rapid.T) {
	if m.messages == 0 {
		r.Skip("no messages")
	}
	account, picked := drawAccount(r), rapid.SliceOfN(rapid.IntRange(0, m.messages-1), 1, 4).Draw(r, "messages")
	m.both(r, "Cancel", func(w *world) (string, error) {
		var ids []sms.MessageID
		for _, n := range picked {
			ids = append(ids, w.messages[n])
		}
		got, err := w.s.Cancel(ctx, m.now, account, ids)
		slices.Sort(got)
		var names []string
		for _, id := range got {
			names = append(names, w.message(id))
		}
		return strings.Join(names, " "), err
	})
}

// replace tries it on any message.
func (m *model) replace(r *rapid.T) {
	if m.messages == 0 {
		r.Skip("no messages")
	}
	account, picked := drawAccount(r), rapid.IntRange(0, m.messages-1).Draw(r, "message")
	x := sms.Replacement{Text: "replaced", Raw: drawRaw(r), Encoding: 2, Parts: rapid.IntRange(1, 3).Draw(r, "parts"), Notify: sms.Notify(rapid.IntRange(0, int(tellAll)).Draw(r, "notify"))}
	x.Units = x.Parts
	if rapid.Bool().Draw(r, "times") {
		x.DueAt, x.ExpiresAt = m.now.Add(time.Minute), m.now.Add(time.Hour)
	}
	m.both(r, "Replace", func(w *world) (string, error) {
		v := &viewer{n: w}
		err := w.s.Replace(ctx, m.now, account, w.messages[picked], func(msg *sms.Message, g *sms.Group) (sms.Replacement, error) {
			v.add("%s with %s", v.record(sms.Record{Message: *msg}), v.group(*g))
			return x, nil
		})
		return strings.Join(v.lines, "\n"), err
	})
}

// list compares a page of messages.
func (m *model) list(r *rapid.T) {
	account := rapid.SampledFrom([]int64{0, 0, 1, 2, 99}).Draw(r, "account")
	f := store.MessageFilter{Limit: rapid.IntRange(0, 6).Draw(r, "limit"), States: rapid.SliceOfN(rapid.SampledFrom(sms.States()), 0, 3).Draw(r, "states")}
	if rapid.Bool().Draw(r, "open") {
		f.States = []sms.State{sms.Scheduled, sms.Queued, sms.Sending, sms.Held, sms.Sent}
	}
	before := -1
	if m.messages > 0 && rapid.Bool().Draw(r, "back") {
		before = rapid.IntRange(0, m.messages-1).Draw(r, "before")
	}
	m.both(r, "Messages", func(w *world) (string, error) {
		if before >= 0 {
			f.Before = w.messages[before]
		}
		list, err := w.s.Messages(ctx, account, f)
		v := &viewer{n: w}
		for _, msg := range list {
			v.add("%s", v.record(sms.Record{Message: msg}))
		}
		return strings.Join(v.lines, "\n"), err
	})
}

// deliveries compares what a subscriber gets. The order of the events of one
// message is promised, that of different messages of one call is not.
func (m *model) deliveries(r *rapid.T) {
	subscriber := rapid.Int64Range(1, modelSubscribers+1).Draw(r, "subscriber")
	until := m.now.Add(rapid.SampledFrom([]time.Duration{time.Second, time.Hour}).Draw(r, "lease"))
	var names []rowName
	m.both(r, "ClaimDeliveries", func(w *world) (string, error) {
		list, err := w.s.ClaimDeliveries(ctx, m.now, subscriber, 100_000, until)
		if err == nil {
			err = w.readTransfers()
		}
		slices.SortStableFunc(list, func(a, b store.Delivery) int { return cmp.Compare(a.Event.MessageID, b.Event.MessageID) })
		v := &viewer{n: w}
		names = nil
		for _, d := range list {
			name, err := w.rowName(d)
			if err != nil {
				return "", err
			}
			w.rows[name] = d.ID
			names = append(names, name)
			if d.Inbound != nil {
				v.add("%+v attempts %d %+v", name, d.Attempts, *d.Inbound)
			} else {
				v.add("%+v attempts %d %s of %s with %s", name, d.Attempts, v.event(d.Event), v.record(d.Record), v.group(*d.Group))
			}
		}
		return strings.Join(v.lines, "\n"), err
	})
	m.rows = append(m.rows, names...)
}

// pickRows chooses among the deliveries that were claimed, also acknowledged ones.
func (m *model) pickRows(r *rapid.T) func(w *world) []int64 {
	if len(m.rows) == 0 {
		r.Skip("no deliveries were claimed")
	}
	picked := rapid.SliceOfN(rapid.IntRange(0, len(m.rows)-1), 1, 10).Draw(r, "rows")
	return func(w *world) (ids []int64) {
		for _, n := range picked {
			if id := w.rows[m.rows[n]]; !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		return ids
	}
}

func (m *model) ack(r *rapid.T) {
	ids := m.pickRows(r)
	m.both(r, "AckDeliveries", func(w *world) (string, error) { return "", w.s.AckDeliveries(ctx, ids(w)) })
}

func (m *model) release(r *rapid.T) {
	ids := m.pickRows(r)
	m.both(r, "ReleaseDeliveries", func(w *world) (string, error) { return "", w.s.ReleaseDeliveries(ctx, ids(w)) })
}

func (m *model) retry(r *rapid.T) {
	ids, due := m.pickRows(r), m.now.Add(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(r, "due"))
	m.both(r, "RetryDeliveries", func(w *world) (string, error) { return "", w.s.RetryDeliveries(ctx, ids(w), due) })
}

func (m *model) read(r *rapid.T) {
	account, numbers := drawAccount(r), rapid.SliceOfN(rapid.Int64Range(1, 12), 1, 4).Draw(r, "numbers")
	f := store.InboxFilter{UnreadOnly: rapid.Bool().Draw(r, "unread"), Limit: rapid.IntRange(1, 5).Draw(r, "limit")}
	if !f.UnreadOnly {
		f.Before = rapid.Int64Range(0, 12).Draw(r, "before")
	}
	m.both(r, "MarkRead", func(w *world) (string, error) { return "", w.s.MarkRead(ctx, account, numbers) })
	m.both(r, "Inbox", func(w *world) (string, error) {
		list, err := w.s.Inbox(ctx, account, f)
		return fmt.Sprintf("%+v", list), err
	})
}

func drawTransfer(r *rapid.T) sms.Transfer {
	return sms.Transfer{AccountID: drawAccount(r), Kind: sms.TransferKind(rapid.IntRange(0, 6).Draw(r, "kind")), Reason: "model", By: "model",
		Amount: rapid.SampledFrom([]sms.Money{-100 * sms.Credit, -sms.Credit, 0, 1, 5 * sms.Credit}).Draw(r, "amount"),
		Key:    rapid.SampledFrom([]string{"", "", "k"}).Draw(r, "key")}
}

func (m *model) post(r *rapid.T, t sms.Transfer) {
	m.both(r, "Post", func(w *world) (string, error) {
		got, err := w.s.Post(ctx, m.now, t)
		got.ID = 0
		return fmt.Sprintf("%+v", got), err
	})
}

// docs changes an account, or tries to delete it.
func (m *model) docs(r *rapid.T) {
	id, limit := rapid.Int64Range(1, modelAccounts).Draw(r, "account"), rapid.SampledFrom([]sms.Money{0, 5 * sms.Credit}).Draw(r, "limit")
	start, remove := rapid.Int64Range(1, 30).Draw(r, "start"), rapid.IntRange(0, 5).Draw(r, "delete") == 0
	m.both(r, "WriteDocs", func(w *world) (string, error) {
		a, err := store.Get[*sms.Account](ctx, w.s, sms.KindAccount, store.DocFilter{ID: id})
		if err != nil {
			return "", err
		}
		a.CreditLimit, a.GroupStart, a.RecipientStart, a.InboxStart = limit, start, 2*start, start
		if remove {
			return "", store.Delete(ctx, w.s, m.now, "model", a)
		}
		return "", store.Save(ctx, w.s, m.now, "model", a)
	})
}

// subscriber deletes one that is there, or makes one.
func (m *model) subscriber(r *rapid.T) {
	account := drawAccount(r)
	m.both(r, "subscriber", func(w *world) (string, error) {
		key := (&sms.Subscriber{Head: sms.Head{AccountID: account, Name: "late"}}).UniqueKey()
		n, err := store.Get[*sms.Subscriber](ctx, w.s, sms.KindSubscriber, store.DocFilter{UniqueKey: key})
		if err == nil {
			return "deleted", store.Delete(ctx, w.s, m.now, "model", n)
		}
		n = &sms.Subscriber{Head: sms.Head{AccountID: account, Name: "late"}, Channel: "feed"}
		err = store.Save(ctx, w.s, m.now, "model", n)
		return fmt.Sprint("made ", n.ID), err
	})
}

func (m *model) audit(r *rapid.T) {
	x := store.AuthFailure{AccountID: drawAccount(r), APIKey: "k", Reason: rapid.SampledFrom([]string{"token", "address"}).Draw(r, "reason"),
		Count: 1, First: m.now, Last: m.now}
	m.both(r, "AddAuthFailures", func(w *world) (string, error) { return "", w.s.AddAuthFailures(ctx, []store.AuthFailure{x}) })
}
