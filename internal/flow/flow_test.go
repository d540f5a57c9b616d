package flow

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

func TestDelivered(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script["a"] = fake.Deliver })
	g := r.send(r.request("01712345678"))
	r.want(g, sms.Queued, "")
	r.wantMoney(100*sms.Credit, sms.Credit)
	r.step()
	m := r.want(g, sms.Delivered, "")
	r.wantMoney(99*sms.Credit, 0)
	if m.To != "8801712345678" || m.Input != "01712345678" {
		t.Errorf("to %q, input %q", m.To, m.Input)
	}
	if r.got("a") != 1 || r.got("b") != 0 {
		t.Errorf("a took %d, b %d; the better connector carries all", r.got("a"), r.got("b"))
	}
	if s := r.links["a"].Got()[0]; s.From != "ACME" || s.FromIs != sms.SenderAlpha || s.To != "8801712345678" || string(s.Payload) != "hello" || s.Concat != nil {
		t.Errorf("submission %+v", s)
	}
}

func TestLongTextKeepsItsReference(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.script["a"] = answers(verdict(sms.VerdictAccepted), verdict(sms.VerdictUnknown), verdict(sms.VerdictAccepted))
	})
	req := r.request(number(1))
	req.Text = strings.Repeat("0123456789", 40)
	g := r.send(req)
	r.wantMoney(100*sms.Credit, 3*sms.Credit)
	r.step()
	r.want(g, sms.Sent, "")
	r.wantMoney(97*sms.Credit, 0)
	got := r.links["a"].Got()
	if len(got) != 4 {
		t.Fatalf("%d submissions, want 3 parts and one again", len(got))
	}
	var text string
	for i, s := range got {
		if s.Concat == nil || s.Concat.Ref != got[0].Concat.Ref || s.Concat.Total != 3 {
			t.Fatalf("submission %d: %+v", i, s.Concat)
		}
		if i < 3 {
			text += string(s.Payload)
		}
	}
	if text != req.Text {
		t.Errorf("the parts do not add up to the text")
	}
	if got[3].Concat.Seq != 2 || string(got[3].Payload) != string(got[1].Payload) {
		t.Errorf("only the part of unknown outcome goes again, got part %d", got[3].Concat.Seq)
	}
}

func TestPayloadGoesAsOneSubmission(t *testing.T) {
	r := newRig(t, func(r *rig) {
		edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Long = sms.LongPayload })
	})
	req := r.request(number(1))
	req.Text = strings.Repeat("0123456789", 40)
	g := r.send(req)
	r.step()
	r.want(g, sms.Sent, "")
	r.wantMoney(97*sms.Credit, 0)
	if got := r.links["a"].Got(); len(got) != 1 || string(got[0].Payload) != req.Text || got[0].Long != sms.LongPayload {
		t.Errorf("%d submissions", len(got))
	}
}

func TestFailover(t *testing.T) {
	t.Run("down", func(t *testing.T) {
		r := newRig(t)
		r.step()
		r.links["a"].Down("test")
		g := r.send(r.request(number(1)))
		r.step()
		r.want(g, sms.Sent, "")
		if r.got("a") != 0 || r.got("b") != 1 {
			t.Errorf("a took %d, b %d", r.got("a"), r.got("b"))
		}
		r.links["a"].Up()
		r.send(r.request(number(2)))
		r.step()
		if r.got("a") != 1 || r.got("b") != 1 {
			t.Errorf("after a is back: a took %d, b %d", r.got("a"), r.got("b"))
		}
	})
	t.Run("refused for a passing reason", func(t *testing.T) {
		r := newRig(t, func(r *rig) { r.script["a"] = answers(verdict(sms.VerdictRetry)) })
		g := r.send(r.request(number(1)))
		r.step()
		m := r.want(g, sms.Sent, "")
		if r.got("a") != 1 || r.got("b") != 1 || m.Attempts != 1 {
			t.Errorf("a took %d, b %d, %d attempts counted", r.got("a"), r.got("b"), m.Attempts)
		}
		r.wantMoney(99*sms.Credit, 0)
	})
	t.Run("alone it goes by the same again", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.script["a"] = answers(verdict(sms.VerdictRetry), verdict(sms.VerdictRetry), verdict(sms.VerdictAccepted))
		})
		r.step()
		r.links["b"].Down("test")
		g := r.send(r.request(number(1)))
		r.pass(time.Minute)
		r.want(g, sms.Sent, "")
		if r.got("a") != 3 {
			t.Errorf("a took %d", r.got("a"))
		}
	})
	t.Run("attempts run out", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.script["a"], r.script["b"] = answers(verdict(sms.VerdictRetry)), answers(verdict(sms.VerdictRetry))
			edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.MaxAttempts = 4 })
		})
		g := r.send(r.request(number(1)))
		r.pass(time.Hour)
		r.want(g, sms.Rejected, sms.ReasonAttempts)
		r.wantMoney(100*sms.Credit, 0)
		if n := r.got("a") + r.got("b"); n != 4 {
			t.Errorf("%d attempts", n)
		}
	})
}

func TestRejectedIsReleased(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.script["a"] = answers(fake.Answer{Verdict: sms.VerdictReject, Reason: sms.ReasonOperator, Code: "0x0000000B"})
	})
	g := r.send(r.request(number(1)))
	r.step()
	if m := r.want(g, sms.Rejected, sms.ReasonOperator); m.Code != "0x0000000B" {
		t.Errorf("code %q", m.Code)
	}
	r.wantMoney(100*sms.Credit, 0)
}

func TestUnknownOutcome(t *testing.T) {
	t.Run("resend goes once, by the same connector", func(t *testing.T) {
		r := newRig(t, func(r *rig) { r.script["a"] = answers(verdict(sms.VerdictUnknown)) })
		g := r.send(r.request(number(1)))
		r.pass(time.Second)
		r.want(g, sms.Held, sms.ReasonOutcome)
		if r.got("a") != 2 || r.got("b") != 0 {
			t.Errorf("a took %d, b %d", r.got("a"), r.got("b"))
		}
		r.wantMoney(100*sms.Credit, sms.Credit)
		r.pass(80 * time.Hour)
		m := r.want(g, sms.Unknown, sms.ReasonOutcome)
		if !m.Provisional || m.Word() != "failed" {
			t.Errorf("provisional %t, word %s", m.Provisional, m.Word())
		}
		r.wantMoney(100*sms.Credit, 0)
	})
	t.Run("hold does not resend", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.script["a"] = answers(verdict(sms.VerdictUnknown))
			edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.OnUnknown = sms.UnknownHold })
		})
		g := r.send(r.request(number(1)))
		r.pass(time.Second)
		r.want(g, sms.Held, sms.ReasonOutcome)
		if r.got("a") != 1 {
			t.Errorf("a took %d", r.got("a"))
		}
	})
	t.Run("a link that drops", func(t *testing.T) {
		r := newRig(t, func(r *rig) {
			r.script["a"] = func(n int, _ *connect.Submission) fake.Answer { return fake.Answer{Unwritten: n > 2} }
		})
		var groups []int64
		for i := range 4 {
			groups = append(groups, r.send(r.request(number(i))))
		}
		r.step()
		r.links["a"].Down("test")
		r.step()
		for i, g := range groups {
			if i < 2 { // written: only a may send them again
				r.want(g, sms.Queued, sms.ReasonOutcome)
			} else { // never written: b takes them at once
				r.want(g, sms.Sent, "")
			}
		}
		if r.got("b") != 2 {
			t.Errorf("b took %d", r.got("b"))
		}
	})
}

func TestRestartTakesOver(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script["a"] = fake.Hold })
	g := r.send(r.request(number(1)))
	r.step()
	r.want(g, sms.Sending, "")
	r.script["a"] = fake.Accept
	r.open() // the old Flow is gone without a word
	r.want(g, sms.Queued, sms.ReasonOutcome)
	r.step()
	if m := r.want(g, sms.Sent, ""); m.Sub[0].Unknowns != 1 || m.Sub[0].Attempt != 2 {
		t.Errorf("part %+v", m.Sub[0])
	}
	r.wantMoney(99*sms.Credit, 0)
}

func TestThrottleSlowsTheLink(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.script["a"] = answers(verdict(sms.VerdictThrottle), verdict(sms.VerdictThrottle), verdict(sms.VerdictAccepted))
		edit(r, sms.KindConnector, "b", func(n *sms.Connector) { n.Enabled = false })
	})
	g := r.send(r.request(number(1)))
	r.step()
	r.want(g, sms.Queued, sms.ReasonThrottled)
	r.pass(5 * time.Second)
	if m := r.want(g, sms.Sent, ""); m.Attempts != 0 {
		t.Errorf("throttling counted as %d attempts", m.Attempts)
	}
}

func TestSchedule(t *testing.T) {
	at := noon.Add(time.Hour)
	t.Run("starts at its time", func(t *testing.T) {
		r := newRig(t)
		req := r.request(number(1))
		req.SendAt = at
		g := r.send(req)
		r.want(g, sms.Scheduled, "")
		r.pass(59 * time.Minute)
		r.want(g, sms.Scheduled, "")
		r.pass(time.Minute)
		m := r.want(g, sms.Sent, "")
		if want := at.Add(24 * time.Hour); !m.ExpiresAt.Equal(want) {
			t.Errorf("expires %s, want %s: validity starts when due", m.ExpiresAt, want)
		}
	})
	refusals := map[string]struct {
		change func(*rig)
		reason sms.Reason
	}{
		"account disabled":   {func(r *rig) { edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.Enabled = false }) }, sms.ReasonAccount},
		"sender withdrawn":   {func(r *rig) { edit(r, sms.KindSender, "ACME", func(n *sms.Sender) { n.Status = sms.SenderRefused }) }, sms.ReasonSender},
		"credit limit lower": {func(r *rig) { edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.CreditLimit = 0 }) }, sms.ReasonCredit},
	}
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(r *rig) {
				edit(r, sms.KindAccount, "acme", func(n *sms.Account) { n.CreditLimit = 10 * sms.Credit })
			})
			req := r.request()
			for i := range 105 {
				req.To = append(req.To, number(i))
			}
			req.SendAt = at
			r.send(req)
			c.change(r)
			r.pass(2 * time.Hour)
			_, messages, err := r.store.Group(context.Background(), r.account.ID, 1)
			if err != nil {
				t.Fatal(err)
			}
			rejected := 0
			for _, m := range messages {
				if m.State == sms.Rejected && m.Reason == c.reason {
					rejected++
				}
			}
			if want := map[sms.Reason]int{sms.ReasonCredit: 5}[c.reason]; rejected != want && (want != 0 || rejected != len(messages)) {
				t.Errorf("%d of %d rejected", rejected, len(messages))
			}
		})
	}
}

func TestExpiry(t *testing.T) {
	r := newRig(t)
	r.step()
	r.links["a"].Down("test")
	r.links["b"].Down("test")
	g := r.send(r.request(number(1)))
	r.pass(25 * time.Hour)
	r.want(g, sms.Expired, sms.ReasonValidity)
	r.wantMoney(100*sms.Credit, 0)
	r.links["a"].Up()
	r.pass(time.Second)
	if r.got("a") != 0 {
		t.Error("an expired message was sent")
	}
}

func TestNoReceipt(t *testing.T) {
	r := newRig(t)
	g := r.send(r.request(number(1)))
	r.pass(73 * time.Hour)
	m := r.want(g, sms.Unknown, sms.ReasonNoReceipt)
	if m.Word() != "sent" {
		t.Errorf("word %s", m.Word())
	}
	// Real evidence replaces the provisional end, once; money stays.
	receipt := sms.Receipt{IDs: []string{m.Sub[0].UpstreamID}, State: sms.PartDelivered}
	if err := r.links["a"].Receipts(context.Background(), receipt); err != nil {
		t.Fatal(err)
	}
	r.want(g, sms.Delivered, "")
	receipt.State = sms.PartUndelivered
	if err := r.links["a"].Receipts(context.Background(), receipt); err != nil {
		t.Fatal(err)
	}
	r.want(g, sms.Delivered, "")
	r.wantMoney(99*sms.Credit, 0)
}

func TestReceiptBeforeResponse(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.script["a"] = answers(fake.Answer{Verdict: sms.VerdictAccepted, Receipts: []fake.Receipt{{State: sms.PartDelivered, Before: true}}})
	})
	g := r.send(r.request(number(1)))
	r.step()
	r.want(g, sms.Delivered, "")
	r.wantMoney(99*sms.Credit, 0)
}

func TestCommitUnknownIsAskedAgain(t *testing.T) {
	r := newRig(t)
	r.store.Inject(memory.VerbAccept, memory.Fault{Err: store.ErrCommitUnknown, Commit: true})
	g := r.send(r.request(number(1)))
	r.step()
	r.want(g, sms.Sent, "")
	r.wantMoney(99*sms.Credit, 0)
	if _, _, err := r.store.Group(context.Background(), r.account.ID, g+1); sms.CodeOf(err) != sms.CodeNotFound {
		t.Error("the call was stored twice")
	}
}

func TestFailingStoreRefuses(t *testing.T) {
	r := newRig(t)
	r.store.FailNext(memory.VerbAccept, errors.New("disk is full"))
	if _, err := r.flow.Accept(context.Background(), r.request(number(1))); err == nil {
		t.Fatal("accepted although nothing was stored")
	}
	r.wantMoney(100*sms.Credit, 0)
}

func TestOutcomesSurviveAFailingStore(t *testing.T) {
	r := newRig(t)
	g := r.send(r.request(number(1)))
	r.store.FailNext(memory.VerbRecordOutcomes, errors.New("disk is full"))
	if _, err := r.flow.Step(context.Background(), r.now); err == nil {
		t.Fatal("the step should report the failure")
	}
	r.want(g, sms.Sending, "")
	r.step()
	r.want(g, sms.Sent, "")
	if r.got("a") != 1 {
		t.Errorf("sent %d times", r.got("a"))
	}
}

func TestChangedConnectorTakesOver(t *testing.T) {
	r := newRig(t)
	r.step()
	first := r.links["a"]
	edit(r, sms.KindConnector, "a", otherSettings)
	r.step()
	if r.links["a"] == first {
		t.Fatal("the connector was not replaced")
	}
	g := r.send(r.request(number(1)))
	r.step()
	r.want(g, sms.Sent, "")
	edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Enabled = false })
	r.step()
	r.send(r.request(number(2)))
	r.step()
	if r.got("b") != 1 {
		t.Errorf("b took %d", r.got("b"))
	}
}

func TestStopHandsBack(t *testing.T) {
	r := newRig(t, func(r *rig) {
		edit(r, sms.KindConnector, "a", func(n *sms.Connector) { n.Pace = 50 })
		edit(r, sms.KindConnector, "b", func(n *sms.Connector) { n.Enabled = false })
	})
	var groups []int64
	for i := range 5 {
		groups = append(groups, r.send(r.request(number(i))))
	}
	r.step() // claims, and paces out the first
	if err := r.flow.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	sent, queued := 0, 0
	for _, g := range groups {
		switch m := r.one(g); m.State {
		case sms.Sent:
			sent++
		case sms.Queued:
			queued++
		default:
			t.Errorf("message is %s (%s)", m.State, m.Reason)
		}
	}
	if sent != r.got("a") || sent == 0 || queued == 0 {
		t.Errorf("%d sent, %d queued, %d taken", sent, queued, r.got("a"))
	}
}
