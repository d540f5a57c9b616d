package flow

import (
	"context"
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

// drawRequest is a call, good or bad.
func (w *world) drawRequest() Request {
	req := Request{AccountID: w.account.ID, Face: "test", Type: sms.TypeSMS,
		From: rapid.SampledFrom([]string{"acme", "acme", "codes", "onlyb", "nobody"}).Draw(w.rt, "from"), Text: w.drawText()}
	if rapid.IntRange(0, 6).Draw(w.rt, "raw") == 0 {
		req.Raw, req.Encoding = w.drawRaw()
	}
	if rapid.Bool().Draw(w.rt, "by smpp") {
		req.SubscriberID, req.Notify = w.login, sms.Notify(rapid.IntRange(0, 7).Draw(w.rt, "notify"))
		req.Urgent = rapid.IntRange(0, 3).Draw(w.rt, "urgent")
		req.ValidFor = time.Duration(rapid.IntRange(0, 5000).Draw(w.rt, "validity")) * time.Second
	}
	for range rapid.IntRange(1, 4).Draw(w.rt, "recipients") {
		req.To = append(req.To, rapid.SampledFrom([]string{number(1), number(2), number(3), "01812345678", "bad"}).Draw(w.rt, "to"))
	}
	switch rapid.IntRange(0, 5).Draw(w.rt, "kind") {
	case 0:
		req.SendAt = w.now.Add(time.Duration(rapid.IntRange(1, 7200).Draw(w.rt, "seconds ahead")) * time.Second)
	case 1:
		req.RouteID = w.names["named"]
	case 2:
		req.Key, req.KeyFor = fmt.Sprintf("key%d", rapid.IntRange(1, 5).Draw(w.rt, "key")), time.Hour
	}
	return req
}

func (w *world) drawText() string {
	return rapid.SampledFrom([]string{"hello", "নমস্কার", strings.Repeat("0123456789", 40), "", "Şu “ışık”", strings.Repeat("şğ", 60)}).Draw(w.rt, "text")
}

// drawRaw is a part of a long text, or octets, or too much.
func (w *world) drawRaw() (*sms.Raw, gsm.Encoding) {
	header := []byte{5, 0, 3, 7, 2, 1}
	switch rapid.IntRange(0, 2).Draw(w.rt, "content") {
	case 0:
		return &sms.Raw{Header: header, Body: []byte("hello")}, gsm.GSM7
	case 1:
		return &sms.Raw{Body: []byte{0, 255}}, gsm.Octets
	}
	return &sms.Raw{Header: header, Body: make([]byte, 140)}, gsm.Octets
}

// calls are several in one, as an SMPP session makes them.
func (w *world) calls() {
	var reqs []Request
	for range rapid.IntRange(1, 5).Draw(w.rt, "calls") {
		reqs = append(reqs, w.drawRequest())
	}
	for _, r := range w.flow.AcceptAll(context.Background(), reqs) {
		if r.Err == nil && !r.Replayed {
			w.groups = append(w.groups, r.Group.Number)
		}
	}
}

// replace changes a message that may be gone already.
func (w *world) replace() {
	if len(w.groups) == 0 {
		return
	}
	g := rapid.SampledFrom(w.groups).Draw(w.rt, "group")
	x := Replacement{Text: w.drawText(), Notify: sms.Notify(rapid.IntRange(0, 7).Draw(w.rt, "notify"))}
	if rapid.IntRange(0, 3).Draw(w.rt, "raw") == 0 {
		x.Raw, x.Encoding = w.drawRaw()
	}
	if rapid.Bool().Draw(w.rt, "later") {
		x.SendAt = w.now.Add(time.Duration(rapid.IntRange(-60, 3600).Draw(w.rt, "seconds ahead")) * time.Second)
	}
	if rapid.Bool().Draw(w.rt, "shorter") {
		x.ValidFor = time.Duration(rapid.IntRange(1, 5000).Draw(w.rt, "validity")) * time.Second
	}
	w.undisturbed(func() {
		before := w.money()
		_, messages, err := w.store.Group(context.Background(), w.account.ID, g)
		if err != nil {
			w.rt.Fatalf("group %d: %v", g, err)
		}
		err = w.flow.Replace(context.Background(), w.account.ID, messages[0].ID, x)
		if code := sms.CodeOf(err); err != nil && (code == sms.CodeInternal || code == sms.CodeUnavailable) {
			w.rt.Fatalf("replace: %v", err)
		}
		if w.money() != before {
			w.rt.Fatalf("a replacement (%v) changed the balance from %+v to %+v", err, before, w.money())
		}
	})
}

func (w *world) editConnector() {
	name := rapid.SampledFrom([]string{"a", "b"}).Draw(w.rt, "connector")
	what := rapid.IntRange(0, 6).Draw(w.rt, "edit")
	w.undisturbed(func() {
		edit(w.rig, sms.KindConnector, name, func(n *sms.Connector) {
			switch what {
			case 0:
				n.Enabled = !n.Enabled
			case 1:
				n.Window = 2 + w.dice(50)
			case 2:
				n.Pace = float64(w.dice(3) * 20)
			case 3:
				n.ScopeID = map[bool]int64{true: w.names["a"]}[n.ScopeID == 0]
			case 4:
				otherSettings(n)
			case 5, 6:
				n.Mode = []sms.ConnectorMode{sms.ModeRun, sms.ModePause, sms.ModeDrain}[w.dice(3)]
			}
		})
	})
}

func (w *world) editRoute() {
	what := rapid.IntRange(0, 8).Draw(w.rt, "edit")
	w.undisturbed(func() {
		edit(w.rig, sms.KindRoute, "main", func(n *sms.Route) {
			switch what {
			case 0:
				last := len(n.Connectors) - 1
				n.Connectors[0].ID, n.Connectors[last].ID = n.Connectors[last].ID, n.Connectors[0].ID
			case 1:
				n.Connectors[len(n.Connectors)-1].Priority = 1 + w.dice(2)
			case 2:
				n.Long = []sms.LongMode{sms.LongUDH8, sms.LongUDH16, sms.LongSAR, sms.LongPayload}[w.dice(4)]
			case 3:
				n.OnUnknown = []sms.UnknownPolicy{sms.UnknownHold, sms.UnknownResend}[w.dice(2)]
			case 4:
				n.MaxAttempts = 1 + w.dice(6)
			case 5:
				n.Receipts = sms.ReceiptMode(w.dice(3))
			case 6:
				n.QueryAfter = sms.Duration(time.Duration(w.dice(3)) * 10 * time.Minute)
			case 7:
				n.National = [][]gsm.Language{nil, {gsm.Turkish}, {gsm.Bengali, gsm.Turkish}}[w.dice(3)]
			case 8:
				n.Connectors = [][]sms.RouteConnector{of(w.names["a"], w.names["b"]), of(w.names["a"]), of(w.names["b"])}[w.dice(3)]
			}
		})
	})
}

func (w *world) editAccount() {
	what := rapid.IntRange(0, 3).Draw(w.rt, "edit")
	w.undisturbed(func() {
		switch what {
		case 0:
			edit(w.rig, sms.KindAccount, "acme", func(n *sms.Account) { n.Enabled = !n.Enabled })
		case 1:
			edit(w.rig, sms.KindAccount, "acme", func(n *sms.Account) { n.MaxParts = 1 + w.dice(5) })
		case 2:
			edit(w.rig, sms.KindAccount, "acme", func(n *sms.Account) { n.SmartText = !n.SmartText })
		case 3:
			edit(w.rig, sms.KindSender, "ACME", func(n *sms.Sender) {
				n.Status = map[bool]sms.SenderStatus{true: sms.SenderRefused, false: sms.SenderApproved}[n.Status == sms.SenderApproved]
			})
		}
	})
}
