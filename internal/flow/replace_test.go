package flow

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// pending accepts a message that is due in an hour.
func pending(r *rig, change func(*Request)) (group int64, id sms.MessageID) {
	r.t.Helper()
	req := r.request(number(1))
	req.SendAt = r.now.Add(time.Hour)
	req.Text = strings.Repeat("x", 200)
	change(&req)
	group = r.send(req)
	return group, r.one(group).ID
}

func TestReplace(t *testing.T) {
	const validity = 48 * time.Hour
	raw := &sms.Raw{Header: ported, Body: []byte{1, 2}}
	for name, c := range map[string]struct {
		x       Replacement
		due     time.Duration // from noon
		expires time.Duration // from due
		check   func(m sms.Record, g sms.Group) bool
	}{
		"a text": {Replacement{Text: "new", Notify: sms.NotifyFailed}, time.Hour, validity, func(m sms.Record, g sms.Group) bool {
			return g.Text == "new" && m.Parts == 1 && m.Units == 1 && m.Encoding == gsm.GSM7 && m.Notify == sms.NotifyFailed
		}},
		"as long as it was":         {Replacement{Text: strings.Repeat("আ", 100)}, time.Hour, validity, func(m sms.Record, _ sms.Group) bool { return m.Parts == 2 && m.Encoding == gsm.UCS2 }},
		"as it is":                  {Replacement{Raw: raw, Encoding: gsm.Octets}, time.Hour, validity, func(m sms.Record, g sms.Group) bool { return m.Parts == 1 && g.Raw != nil && g.Text == "" }},
		"later":                     {Replacement{Text: "new", SendAt: noon.Add(9 * time.Hour)}, 9 * time.Hour, validity, nil},
		"now":                       {Replacement{Text: "new", SendAt: noon.Add(-time.Hour)}, 0, validity, nil},
		"shorter":                   {Replacement{Text: "new", ValidFor: time.Minute}, time.Hour, time.Minute, nil},
		"later and shorter":         {Replacement{Text: "new", SendAt: noon.Add(2 * time.Hour), ValidFor: time.Minute}, 2 * time.Hour, time.Minute, nil},
		"longer than the route has": {Replacement{Text: "new", ValidFor: 999 * time.Hour}, time.Hour, validity, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig) {
				edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Validity = sms.Duration(validity) })
			})
			g, id := pending(r, func(*Request) {})
			if err := r.flow.Replace(context.Background(), r.account.ID, id, c.x); err != nil {
				t.Fatal(err)
			}
			m, group, _, err := r.store.Message(context.Background(), r.account.ID, id)
			if err != nil {
				t.Fatal(err)
			}
			if m.DueAt.Sub(noon) != c.due || m.ExpiresAt.Sub(m.DueAt) != c.expires {
				t.Errorf("due %v, expires %v after that", m.DueAt.Sub(noon), m.ExpiresAt.Sub(m.DueAt))
			}
			if c.check != nil && !c.check(m, group) {
				t.Errorf("message %+v, group %+v", m, group)
			}
			r.now = m.DueAt
			r.step()
			got := r.links["a"].Got()
			if len(got) != m.Parts || group.Raw == nil && m.Parts == 1 && string(got[0].Payload) != "new" {
				t.Fatalf("%d submissions of %d parts", len(got), m.Parts)
			}
			r.want(g, sms.Sent, "")
			rest := sms.Money(2-m.Parts) * sms.Credit // is released at the end
			r.wantMoney(98*sms.Credit+rest, rest)
			for _, p := range r.one(g).Sub {
				if err := r.links["a"].Receipts(context.Background(), sms.Receipt{IDs: []string{p.UpstreamID}, State: sms.PartDelivered}); err != nil {
					t.Fatal(err)
				}
			}
			r.wantMoney(98*sms.Credit+rest, 0)
		})
	}
}

// TestReplaceWakes: what is due now is sent without a poll.
func TestReplaceWakes(t *testing.T) {
	r := newRig(t)
	g, id := pending(r, func(*Request) {})
	r.step()
	if err := r.flow.Replace(context.Background(), r.account.ID, id, Replacement{Text: "new", SendAt: noon}); err != nil {
		t.Fatal(err)
	}
	if !r.flow.keeper.wake.rung() {
		t.Error("nobody was woken")
	}
	r.step()
	r.want(g, sms.Sent, "")
}

func TestReplaceRefused(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(r *rig, id sms.MessageID)
		x       Replacement
		code    sms.Code
		reason  sms.Reason
	}{
		"empty":          {nil, Replacement{}, sms.CodeInvalid, sms.ReasonContent},
		"too long":       {nil, Replacement{Text: strings.Repeat("x", 9999)}, sms.CodeTooLarge, sms.ReasonContent},
		"too long on it": {func(r *rig, _ sms.MessageID) { allowParts(r, 1) }, Replacement{Text: strings.Repeat("ışık", 50)}, sms.CodeTooLarge, sms.ReasonContent},
		"too dear":       {nil, Replacement{Text: strings.Repeat("x", 400)}, sms.CodeConflict, ""},
		"too distant":    {nil, Replacement{Text: "x", SendAt: noon.Add(9999 * time.Hour)}, sms.CodeInvalid, ""},
		"over":           {nil, Replacement{Text: "x", ValidFor: -1}, sms.CodeInvalid, sms.ReasonValidity},
		"sent": {func(r *rig, _ sms.MessageID) { r.now = r.now.Add(2 * time.Hour); r.step() }, Replacement{Text: "x"},
			sms.CodeConflict, ""},
		"canceled": {func(r *rig, id sms.MessageID) {
			if _, err := r.flow.Cancel(context.Background(), r.account.ID, []sms.MessageID{id}); err != nil {
				r.t.Fatal(err)
			}
		}, Replacement{Text: "x"}, sms.CodeConflict, ""},
		"account": {func(r *rig, _ sms.MessageID) {
			edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.Enabled = false })
			r.step()
		}, Replacement{Text: "x"}, sms.CodeUnauthorized, sms.ReasonAccount},
		"route": {func(r *rig, _ sms.MessageID) {
			edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Enabled = false })
			r.step()
		}, Replacement{Text: "x"}, sms.CodeForbidden, sms.ReasonNoRoute},
		"an answer is lost": {func(r *rig, _ sms.MessageID) { r.store.FailNext(memory.VerbReplace, store.ErrCommitUnknown) },
			Replacement{Text: "x"}, sms.CodeUnavailable, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			_, id := pending(r, func(*Request) {})
			r.step()
			if c.prepare != nil {
				c.prepare(r, id)
			}
			before, _, _, _ := r.store.Message(context.Background(), r.account.ID, id)
			err := r.flow.Replace(context.Background(), r.account.ID, id, c.x)
			if err == nil || sms.CodeOf(err) != c.code || sms.ReasonOf(err) != c.reason {
				t.Errorf("%v (%s, %s), want %s, %s", err, sms.CodeOf(err), sms.ReasonOf(err), c.code, c.reason)
			}
			after, _, _, _ := r.store.Message(context.Background(), r.account.ID, id)
			if known := c.code != sms.CodeUnavailable; known && (after.UpdatedAt != before.UpdatedAt || after.Parts != before.Parts) {
				t.Error("the message was changed all the same")
			}
		})
	}
	t.Run("another's", func(t *testing.T) {
		r := newRig(t)
		_, id := pending(r, func(*Request) {})
		err := r.flow.Replace(context.Background(), r.account.ID+1000, id, Replacement{Text: "x"})
		if sms.CodeOf(err) != sms.CodeNotFound {
			t.Errorf("%v", err)
		}
	})
	t.Run("one of many", func(t *testing.T) {
		r := newRig(t)
		g := r.send(Request{AccountID: r.account.ID, Face: "test", Type: sms.TypeSMS, From: "acme", Text: "x", To: []string{number(1), number(2)}, SendAt: noon.Add(time.Hour)})
		_, messages, err := r.store.Group(context.Background(), r.account.ID, g)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.flow.Replace(context.Background(), r.account.ID, messages[0].ID, Replacement{Text: "y"}); sms.CodeOf(err) != sms.CodeConflict {
			t.Errorf("%v", err)
		}
	})
}

// allowParts lets the account send so many, on a route that makes fewer parts of
// some texts.
func allowParts(r *rig, n int) {
	edit(r, sms.KindAccount, "acme", func(a *sms.Account) { a.MaxParts = n })
	edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.National = []gsm.Language{gsm.Turkish} })
	r.step()
}
