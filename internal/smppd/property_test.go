package smppd

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestEverySubmitIsAnsweredOnce: through bad messages, full windows, lost links and
// a database that fails, each submit_sm has one end. What was answered ESME_ROK is
// in the store, once, under the id of the answer; what was refused is not; what had
// no answer may be, once. And in the end each kept message that wanted it has
// its receipt.
func TestEverySubmitIsAnsweredOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		plan := drawPlan(rt)
		bubble(t, func(r *rig) {
			ends := play(r, plan)
			r.verify(ends)
		}, func(r *rig, _ *Options) { r.shop.SMPP.Window = plan.window })
	})
}

// plan is what happens in one run.
type plan struct {
	window int
	steps  []string
}

func drawPlan(t *rapid.T) plan {
	kinds := []string{"good", "good", "good", "good", "bad sender", "bad number", "too long", "settle", "link lost", "store down", "commit unknown", "unbind", "claim fails", "ack fails"}
	return plan{rapid.IntRange(1, 20).Draw(t, "window"), rapid.SliceOfN(rapid.SampledFrom(kinds), 1, 80).Draw(t, "steps")}
}

// end of one submit_sm.
type end struct {
	text    string
	good    bool // nothing is wrong with it
	outcome smpp.Outcome
	status  smpp.Status
	id      string
	times   int
}

func play(r *rig, p plan) []*end {
	r.operator(fake.Deliver)
	var mu sync.Mutex
	var ends []*end
	bind := func() *smpptest.ESME {
		return r.esme("shop", smpp.Transceiver, func(c *smpptest.ESMEConfig) { c.Bind.Session.Window = 30 })
	}
	e := bind()
	for i, step := range p.steps {
		switch step {
		case "settle":
			synctest.Wait()
		case "link lost":
			_ = e.Close()
			e = bind()
		case "unbind":
			_ = e.Unbind(r.ctx)
			e = bind()
		case "store down":
			r.store.FailNext(memory.VerbAccept, sms.Unavailable("disk full", nil))
		case "commit unknown":
			r.store.FailNext(memory.VerbAccept, store.ErrCommitUnknown)
		case "claim fails":
			r.store.FailNext(memory.VerbClaimDeliveries, sms.Unavailable("disk full", nil))
		case "ack fails":
			r.store.FailNext(memory.VerbAckDeliveries, sms.Unavailable("disk full", nil))
		default:
			x := &end{text: fmt.Sprintf("message %d", i), good: step == "good", outcome: 99}
			pdu := hello(func(p *smpp.SubmitSM) { p.ShortMessage = []byte(x.text) })
			switch step {
			case "bad sender":
				pdu.Source.Addr = "NOBODY"
			case "bad number":
				pdu.Destination.Addr = "123456"
			case "too long":
				pdu.ShortMessage = nil
				_ = pdu.TLVs.Add(smpp.TagMessagePayload, []byte(strings.Repeat(x.text, 5000)))
			}
			ends = append(ends, x)
			err := e.Send(r.ctx, pdu, smpp.CompleteFunc(func(res smpp.Result) {
				mu.Lock()
				defer mu.Unlock()
				x.outcome, x.status = res.Outcome, res.Status
				x.times++
				if resp, ok := res.Response.(*smpp.SubmitSMResp); ok {
					x.id = strings.Clone(resp.MessageID)
				}
			}))
			if err != nil {
				r.t.Errorf("send: %v", err)
			}
		}
	}
	r.wait(5 * time.Minute)
	mu.Lock()
	defer mu.Unlock()
	return ends
}

// verify compares the ends with the store.
func (r *rig) verify(ends []*end) {
	r.t.Helper()
	kept := map[string][]string{} // ids by text
	list, err := r.store.Messages(r.ctx, r.acme.ID, store.MessageFilter{Limit: 10_000})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, m := range list {
		_, g := r.message(m.ID.String())
		kept[g.Text] = append(kept[g.Text], m.ID.String())
	}
	told := map[string]bool{}
	for _, e := range r.esmes {
		for _, id := range receiptIDs(e) {
			told[id] = true
		}
	}
	for _, x := range ends {
		ids := kept[x.text]
		delete(kept, x.text)
		answered := x.outcome == smpp.Answered
		switch {
		case x.times != 1:
			r.t.Errorf("%q ended %d times", x.text, x.times)
		case len(ids) > 1:
			r.t.Errorf("%q is kept %d times", x.text, len(ids))
		case answered && x.status == smpp.StatusOK && (len(ids) != 1 || ids[0] != x.id):
			r.t.Errorf("%q has id %s and is kept as %v", x.text, x.id, ids)
		case answered && x.status != smpp.StatusOK && len(ids) != 0:
			r.t.Errorf("%q got %v and is kept", x.text, x.status)
		case !x.good && len(ids) != 0, !x.good && answered && x.status == smpp.StatusOK:
			r.t.Errorf("%q is kept and should not be", x.text)
		case x.good && answered && x.status != smpp.StatusOK && x.status != smpp.StatusThrottled && x.status != smpp.StatusSysErr:
			r.t.Errorf("%q got %v", x.text, x.status)
		case len(ids) == 1 && !told[ids[0]]:
			r.t.Errorf("%q was delivered and has no receipt", x.text)
		}
	}
	if len(kept) != 0 {
		r.t.Errorf("nobody sent %v", kept)
	}
	if left := r.left(r.shop); left != 0 {
		r.t.Error(errors.New("rows are left"), left)
	}
}
