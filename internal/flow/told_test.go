package flow

import (
	"context"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// TestTold: whatever may have written a row for a subscriber gives the hint,
// after its commit: the row is there when it comes.
func TestTold(t *testing.T) {
	all := sms.NotifyDelivered | sms.NotifyFailed | sms.NotifyProgress
	for name, c := range map[string]struct {
		prepare func(*rig)
		do      func(r *rig, g int64)
	}{
		"an outcome": {nil, func(r *rig, _ int64) { r.step() }},
		"a receipt": {func(r *rig) { r.step() }, func(r *rig, g int64) {
			must(r, r.links["a"].Receipts(context.Background(), sms.Receipt{IDs: []string{r.one(g).Sub[0].UpstreamID}, State: sms.PartDelivered}))
		}},
		"a cancel": {nil, func(r *rig, g int64) {
			_, err := r.flow.Cancel(context.Background(), r.account.ID, []sms.MessageID{r.one(g).ID})
			must(r, err)
		}},
		"the end of the validity": {func(r *rig) { r.links["a"].Down("x"); r.links["b"].Down("x") }, func(r *rig, _ int64) { r.pass(72 * time.Hour) }},
		"a reply": {func(r *rig) { r.step() }, func(r *rig, _ int64) {
			must(r, r.links["a"].Inbound(context.Background(), sms.Inbound{From: number(1), To: "16247", Text: "hi"}))
		}},
		"the pieces of a reply": {func(r *rig) {
			r.step()
			must(r, r.links["a"].Inbound(context.Background(), sms.Inbound{From: number(1), To: "16247",
				Segment: &sms.Segment{Ref: 1, Total: 2, Seq: 1, Payload: []byte("half")}}))
		}, func(r *rig, _ int64) { r.pass(2 * time.Hour) }},
	} {
		t.Run(name, func(t *testing.T) {
			told, rows := 0, 0
			var r *rig
			var login int64
			r = newRig(t, func(r *rig) {
				login = r.saveLogin("acme-smpp")
				r.save(&sms.Number{Head: sms.Head{Name: "16247", AccountID: r.account.ID}})
			}, func(rig *rig) {
				rig.options.OnTold = func() {
					told++
					stats, err := rig.store.Stats(context.Background())
					must(rig, err)
					rows = int(stats.Deliveries[login])
				}
			})
			r.step()
			req := r.request(number(1))
			req.SubscriberID, req.Notify = login, all
			g := r.send(req)
			if c.prepare != nil {
				c.prepare(r)
			}
			told, rows = 0, 0
			before, err := r.store.Stats(context.Background())
			must(r, err)
			c.do(r, g)
			after, err := r.store.Stats(context.Background())
			must(r, err)
			if told == 0 || after.Deliveries[login] <= before.Deliveries[login] || rows != int(after.Deliveries[login]) {
				t.Errorf("told %d times, the last time of %d rows; %d before, %d after", told, rows, before.Deliveries[login], after.Deliveries[login])
			}
		})
	}
}

func must(r *rig, err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestRepliesOfALogin: they go to the logins of the account that want those to
// the number.
func TestRepliesOfALogin(t *testing.T) {
	var all, one, none int64
	r := newRig(t, func(r *rig) {
		for name, replies := range map[string][]string{"all": {sms.RepliesAll}, "one": {"16247"}, "none": nil} {
			s := &sms.Subscriber{Head: sms.Head{Name: name, AccountID: r.account.ID}, Channel: sms.ChannelSMPP,
				SMPP: &sms.SMPPLogin{PasswordHash: "00", Replies: replies}}
			r.save(s)
			*map[string]*int64{"all": &all, "one": &one, "none": &none}[name] = s.ID
		}
		for _, n := range []string{"16247", "16248"} {
			r.save(&sms.Number{Head: sms.Head{Name: n, AccountID: r.account.ID}})
		}
	})
	r.step()
	for _, to := range []string{"16247", "16248", "9"} {
		must(r, r.links["a"].Inbound(context.Background(), sms.Inbound{From: number(1), To: to, Text: "to " + to}))
	}
	for id, want := range map[int64]int{all: 2, one: 1, none: 0} {
		list, err := r.store.ClaimDeliveries(context.Background(), r.now, id, 10, r.now.Add(time.Minute))
		must(r, err)
		if len(list) != want {
			t.Errorf("login %d gets %d replies, want %d", id, len(list), want)
		}
	}
}

// receiptMeter notes what is counted of receipts.
type receiptMeter struct {
	noMeter
	list []counted
}

type counted struct {
	connector  string
	matched    store.Matched
	form, code string
	reason     sms.Reason
	latency    time.Duration
	first      bool
}

func (m *receiptMeter) Receipt(connector string, x store.Match, form, code string, reason sms.Reason, latency time.Duration) {
	m.list = append(m.list, counted{connector, x.Matched, form, code, reason, latency, x.First})
}

// TestReceiptsAreCounted with what the profile of a connector is made of.
func TestReceiptsAreCounted(t *testing.T) {
	meter := &receiptMeter{}
	r := newRig(t, func(r *rig) {
		r.options.Meter = meter
		r.script["a"] = func(int, *connect.Submission) fake.Answer {
			return fake.Answer{Verdict: sms.VerdictAccepted, UpstreamID: "ff"}
		}
	})
	r.send(r.request(number(1)))
	r.step()
	sent := r.now
	r.now = r.now.Add(90 * time.Second)
	receipt := func(ids, forms []string, state sms.PartState, reason sms.Reason, code string) {
		must(r, r.links["a"].Receipts(context.Background(), sms.Receipt{IDs: ids, Forms: forms, State: state, Reason: reason, Code: code, At: sent.Add(time.Minute)}))
	}
	receipt([]string{"255", "ff"}, []string{"same", "decimal to hex"}, sms.PartUndelivered, sms.ReasonAbsent, "27")
	receipt([]string{"ff"}, []string{"same"}, sms.PartUndelivered, sms.ReasonAbsent, "27")
	receipt([]string{"nobody"}, []string{"same"}, sms.PartDelivered, "", "000")
	receipt([]string{"ff"}, nil, sms.PartDelivered, "", "")
	want := []counted{
		{"a", store.ReceiptApplied, "decimal to hex", "27", sms.ReasonAbsent, time.Minute, true},
		{"a", store.ReceiptEvidence, "same", "27", sms.ReasonAbsent, 0, false},
		{"a", store.ReceiptHeld, "", "000", "", 0, false},
		{"a", store.ReceiptEvidence, "", "", "", 0, false},
	}
	if len(meter.list) != len(want) {
		t.Fatalf("counted %+v", meter.list)
	}
	for i, w := range want {
		if meter.list[i] != w {
			t.Errorf("receipt %d: counted %+v, want %+v", i, meter.list[i], w)
		}
	}
}
