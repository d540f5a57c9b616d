package smppd

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

var acmeAddress = smpp.Address{TON: smpp.TONAlphanumeric, Addr: "ACME"}

// inAMinute is a submit_sm for in a minute, which can be canceled and replaced.
func inAMinute(p *smpp.SubmitSM) { p.ScheduleDeliveryTime = "000000000100000R" }

// do sends a request and wants the status.
func (r *rig) do(e *smpptest.ESME, p smpp.PDU, want smpp.Status) smpp.PDU {
	r.t.Helper()
	resp, err := e.Do(r.ctx, p)
	if got := statusOf(err); got != want {
		r.t.Errorf("%v: %v, want %v", p, err, want)
	}
	return resp
}

func TestQuery(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		id := r.submit(e, hello(inAMinute), smpp.StatusOK)
		q := &smpp.QuerySM{MessageID: id, Source: acmeAddress}
		if resp := r.do(e, q, smpp.StatusOK).(*smpp.QuerySMResp); resp.MessageID != id || resp.State != smpp.StateEnroute || resp.FinalDate != "" || resp.ErrorCode != 0 {
			t.Errorf("scheduled: %+v", resp)
		}
		r.operator(fake.Deliver)
		r.wait(2 * time.Minute)
		resp := r.do(e, q, smpp.StatusOK).(*smpp.QuerySMResp)
		if resp.State != smpp.StateDelivered || resp.ErrorCode != 0 {
			t.Errorf("delivered: %+v", resp)
		}
		rec, _ := r.message(id)
		if at, err := smpp.ParseTime(resp.FinalDate, time.Now()); err != nil || at.Sub(rec.UpdatedAt).Abs() > time.Second || !strings.HasSuffix(resp.FinalDate, "24+") {
			t.Errorf("final_date %q, want %v in the account's zone", resp.FinalDate, rec.UpdatedAt)
		}
		r.do(e, &smpp.QuerySM{MessageID: id}, smpp.StatusOK) // no source to compare
		r.do(e, &smpp.QuerySM{MessageID: id, Source: smpp.Address{Addr: "acme"}}, smpp.StatusOK)
		r.do(e, &smpp.QuerySM{MessageID: id, Source: smpp.Address{Addr: "OTHER"}}, smpp.StatusQueryFail)
		r.do(e, &smpp.QuerySM{MessageID: "4711", Source: acmeAddress}, smpp.StatusInvMsgID)
		r.do(e, &smpp.QuerySM{MessageID: "nonsense", Source: acmeAddress}, smpp.StatusInvMsgID)
		r.do(r.esme("other", smpp.Transceiver), q, smpp.StatusInvMsgID) // of another tenant
		five := r.esme("shop", smpp.Transceiver, func(c *smpptest.ESMEConfig) { c.Bind.Version = smpp.Version50 })
		id = r.submit(five, hello(inAMinute), smpp.StatusOK)
		if resp := r.do(five, &smpp.QuerySM{MessageID: id}, smpp.StatusOK).(*smpp.QuerySMResp); resp.State != smpp.StateScheduled {
			t.Errorf("SMPP 5.0: %+v", resp)
		}
	})
}

// TestHexIDs: the login's form everywhere.
func TestHexIDs(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver)
		id := r.submit(e, hello(), smpp.StatusOK)
		n, err := parseID(id, sms.IDHex)
		if rec, _, _, err2 := r.store.Message(r.ctx, r.acme.ID, n); err != nil || err2 != nil || rec.ID != n {
			t.Errorf("id %q: %v %v", id, err, err2)
		}
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		if rc := e.Deliveries()[0].Receipt; rc.TextID != id || rc.TLVID != id {
			t.Errorf("receipt of %+v", rc)
		}
		if resp := r.do(e, &smpp.QuerySM{MessageID: strings.ToUpper(id)}, smpp.StatusOK).(*smpp.QuerySMResp); resp.MessageID != strings.ToUpper(id) {
			t.Errorf("query of %q", resp.MessageID)
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.MessageID = sms.IDHex })
}

// TestIDsOfTheOtherForm: an id that was given before the login's form was changed
// still means its message; answers and receipts have the new form.
func TestIDsOfTheOtherForm(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		id := r.submit(e, hello(inAMinute), smpp.StatusOK)
		second := r.submit(e, hello(inAMinute), smpp.StatusOK)
		r.edit(r.shop, func() { r.shop.SMPP.MessageID = sms.IDHex })
		n, _ := parseID(id, sms.IDDecimal)
		if resp := r.do(e, &smpp.QuerySM{MessageID: id}, smpp.StatusOK).(*smpp.QuerySMResp); resp.MessageID != id {
			t.Errorf("the answer has %q", resp.MessageID)
		}
		r.do(e, &smpp.QuerySM{MessageID: idText(n, sms.IDHex)}, smpp.StatusOK)
		r.do(r.esme("other", smpp.Transceiver), &smpp.QuerySM{MessageID: id}, smpp.StatusInvMsgID)
		r.do(e, &smpp.ReplaceSM{MessageID: id, ShortMessage: []byte("new")}, smpp.StatusOK)
		if _, g := r.message(id); g.Text != "new" {
			t.Errorf("replaced with %q", g.Text)
		}
		r.do(e, &smpp.CancelSM{MessageID: second}, smpp.StatusOK)
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		n, _ = parseID(second, sms.IDDecimal)
		if rc := e.Deliveries()[0].Receipt; rc.ID != idText(n, sms.IDHex) {
			t.Errorf("the receipt is for %q", rc.ID)
		}
		r.store.FailNext(memory.VerbMessage, sms.Unavailable("disk full", nil))
		b := r.sessions("shop")[0].Data().(*bind)
		if _, _, err := b.owned(r.ctx, []sms.MessageID{n, n}, acmeAddress, smpp.StatusQueryFail); sms.CodeOf(err) != sms.CodeUnavailable {
			t.Errorf("a trouble of the store is no answer to the first form: %v", err)
		}
	})
}

func TestCancel(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		id := r.submit(e, hello(inAMinute), smpp.StatusOK)
		cancel := &smpp.CancelSM{MessageID: id, Source: acmeAddress}
		r.do(e, &smpp.CancelSM{MessageID: id, Source: smpp.Address{Addr: "OTHER"}}, smpp.StatusCancelFail)
		r.do(e, &smpp.CancelSM{MessageID: id, Source: acmeAddress, Destination: smpp.Address{TON: 1, Addr: "8801999999999"}}, smpp.StatusCancelFail)
		r.do(e, &smpp.CancelSM{MessageID: id, Destination: smpp.Address{TON: 8, Addr: "1"}}, smpp.StatusInvDstTON)
		r.do(e, &smpp.CancelSM{Source: acmeAddress}, smpp.StatusCancelFail)
		r.do(e, &smpp.CancelSM{MessageID: "99"}, smpp.StatusInvMsgID)
		r.do(r.esme("other", smpp.Transceiver), cancel, smpp.StatusInvMsgID)
		if rec, _ := r.message(id); rec.State != sms.Scheduled {
			t.Errorf("it is %v before", rec.State)
		}
		r.do(e, cancel, smpp.StatusOK)
		if rec, _ := r.message(id); rec.State != sms.Canceled {
			t.Errorf("it is %v", rec.State)
		}
		r.do(e, cancel, smpp.StatusCancelFail)
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		if rc := e.Deliveries()[0].Receipt; rc.ID != id || rc.State != smpp.StateDeleted {
			t.Errorf("told %+v", rc)
		}
		r.store.FailNext(memory.VerbCancel, sms.Unavailable("disk full", store.ErrCommitUnknown))
		id = r.submit(e, hello(inAMinute), smpp.StatusOK)
		if _, err := e.Do(r.ctx, &smpp.CancelSM{MessageID: id}); err == nil {
			t.Error("an answer that nobody knows")
		}
	})
}

func TestReplace(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		id := r.submit(e, hello(inAMinute), smpp.StatusOK)
		replace := func(change func(*smpp.ReplaceSM)) *smpp.ReplaceSM {
			p := &smpp.ReplaceSM{MessageID: id, Source: acmeAddress, ShortMessage: []byte("better"), RegisteredDelivery: smpp.ReceiptAlways}
			if change != nil {
				change(p)
			}
			return p
		}
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.Source.Addr = "OTHER" }), smpp.StatusReplaceFail)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.SMDefaultMsgID = 1 }), smpp.StatusInvDftMsgID)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.ScheduleDeliveryTime = "soon" }), smpp.StatusInvSched)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.ShortMessage = []byte{0xFF} }), smpp.StatusSubmitFail)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.ShortMessage = nil }), smpp.StatusInvMsgLen)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.MessageID = "99" }), smpp.StatusInvMsgID)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.MessageID = "x" }), smpp.StatusInvMsgID)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.ShortMessage = []byte(strings.Repeat("long", 60)) }), smpp.StatusReplaceFail) // costs more
		r.do(r.esme("other", smpp.Transceiver), replace(nil), smpp.StatusInvMsgID)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.ScheduleDeliveryTime = "000000000200000R" }), smpp.StatusOK)
		if rec, g := r.message(id); g.Text != "better" || rec.State != sms.Scheduled || time.Until(rec.DueAt) < 90*time.Second {
			t.Errorf("%v %q due in %v", rec.State, g.Text, time.Until(rec.DueAt))
		}
		r.operator(fake.Deliver)
		r.wait(3 * time.Minute)
		if got := r.fake().Got(); len(got) != 1 || string(got[0].Payload) != "better" {
			t.Errorf("sent %+v", got)
		}
		r.do(e, replace(nil), smpp.StatusReplaceFail) // it was sent
		id = r.submit(e, hello(inAMinute, func(p *smpp.SubmitSM) { p.DataCoding, p.ShortMessage = 8, ucs2("পুরোনো") }), smpp.StatusOK)
		r.do(e, replace(func(p *smpp.ReplaceSM) { p.ShortMessage = ucs2("নতুন") }), smpp.StatusOK)
		if _, g := r.message(id); g.Text != "নতুন" {
			t.Errorf("UCS-2 is replaced with %q", g.Text)
		}
		for _, c := range []struct {
			coding    uint8
			old, text []byte
			want      string
		}{
			{3, []byte("old"), []byte("a@b_$ caf\xe9"), "a@b_$ café"},
			{1, []byte("old"), []byte("c@d"), "c@d"},
			{0, []byte("old"), []byte("\x00"), "@"}, // septets
			{6, []byte("\xbf"), []byte("\xbf\xe0"), "Пр"},
			{0x18, ucs2("flash"), ucs2("flash ✓"), "flash ✓"},
			{0x11, []byte("old"), []byte("new"), "new"},
		} {
			id = r.submit(e, hello(inAMinute, func(p *smpp.SubmitSM) { p.DataCoding, p.ShortMessage, p.ProtocolID = c.coding, c.old, 0x40 }), smpp.StatusOK)
			r.do(e, replace(func(p *smpp.ReplaceSM) { p.ShortMessage = c.text }), smpp.StatusOK)
			if _, g := r.message(id); g.Text != c.want || g.Coding != c.coding || g.Protocol != 0x40 {
				t.Errorf("data_coding %#x is replaced with %q, and is %#x with protocol_id %#x", c.coding, g.Text, g.Coding, g.Protocol)
			}
		}
		id = r.submit(e, hello(inAMinute, func(p *smpp.SubmitSM) { p.DataCoding = 4 }), smpp.StatusOK)
		r.do(e, replace(nil), smpp.StatusReplaceFail) // binary
	})
}

// TestReplacedValidity: an absolute validity_period ends when it says, and a
// relative one is from now, whenever the message is sent.
func TestReplacedValidity(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		at := func(d time.Duration) string { return smpp.FormatTime(time.Now().Add(d)) }
		for _, c := range []struct {
			schedule, validity string
			want               smpp.Status
			ends               time.Duration // from now
		}{
			{"", at(3 * time.Hour), smpp.StatusOK, 3 * time.Hour},
			{"", "000000030000000R", smpp.StatusOK, 3 * time.Hour},
			{"", at(time.Hour), smpp.StatusInvExpiry, 0}, // before it is sent
			{"", "000000010000000R", smpp.StatusInvExpiry, 0},
			{"", "soon", smpp.StatusInvExpiry, 0},
			{at(4 * time.Hour), at(5 * time.Hour), smpp.StatusOK, 5 * time.Hour},
			{at(4 * time.Hour), at(3 * time.Hour), smpp.StatusInvExpiry, 0},
			{at(time.Hour), at(90 * time.Minute), smpp.StatusOK, 90 * time.Minute},
			{"", "", smpp.StatusOK, 150 * time.Minute}, // as it was
		} {
			id := r.submit(e, hello(func(p *smpp.SubmitSM) {
				p.ScheduleDeliveryTime, p.ValidityPeriod = at(2*time.Hour), at(150*time.Minute)
			}), smpp.StatusOK)
			before, _ := r.message(id)
			r.do(e, &smpp.ReplaceSM{MessageID: id, ScheduleDeliveryTime: c.schedule, ValidityPeriod: c.validity, ShortMessage: []byte("new")}, c.want)
			rec, _ := r.message(id)
			want := before.ExpiresAt
			if c.ends != 0 {
				want = time.Now().Add(c.ends)
			}
			if rec.ExpiresAt.Sub(want).Abs() > time.Second {
				t.Errorf("%q %q: ends in %v, want %v", c.schedule, c.validity, time.Until(rec.ExpiresAt), time.Until(want))
			}
		}
	})
}

// TestSubmitMulti: one answer, one id, each recipient on its own.
func TestSubmitMulti(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver)
		multi := func(numbers ...string) *smpp.SubmitMulti {
			p := &smpp.SubmitMulti{Source: acmeAddress, RegisteredDelivery: smpp.ReceiptAlways, ShortMessage: []byte("all")}
			for _, n := range numbers {
				p.Destinations = append(p.Destinations, smpp.Dest{Address: smpp.Address{TON: 1, NPI: 1, Addr: n}})
			}
			return p
		}
		p := multi("8801712345678", "4915112345678", "8801712345679", "88017")
		p.Destinations = append(p.Destinations, smpp.Dest{Address: smpp.Address{TON: smpp.TONAlphanumeric, Addr: "name"}})
		resp := r.do(e, p, smpp.StatusOK).(*smpp.SubmitMultiResp)
		want := map[string]smpp.Status{"4915112345678": smpp.StatusSubmitFail, "88017": smpp.StatusInvDstAdr, "name": smpp.StatusInvDstAdr}
		if len(resp.Unsuccess) != len(want) {
			t.Errorf("unsuccess %v", resp.Unsuccess)
		}
		for _, u := range resp.Unsuccess {
			if want[u.Address.Addr] != u.Status {
				t.Errorf("%s got %v", u.Address.Addr, u.Status)
			}
		}
		if u := resp.Unsuccess[len(resp.Unsuccess)-1]; u.Address != p.Destinations[4].Address {
			t.Errorf("the address comes back as %+v", u.Address)
		}
		if err := e.WaitDelivered(r.ctx, 2); err != nil {
			t.Fatal(err)
		}
		told := map[string]string{}
		for _, d := range e.Deliveries() {
			told[d.PDU.(*smpp.DeliverSM).Source.Addr] = d.Receipt.ID
		}
		if len(told) != 2 || told["8801712345678"] != resp.MessageID || told["8801712345679"] != resp.MessageID {
			t.Errorf("receipts %v of %s", told, resp.MessageID)
		}

		r.do(e, multi("88017", "4915112345678"), smpp.StatusSubmitFail) // nobody can be reached
		r.do(e, &smpp.SubmitMulti{Source: acmeAddress, ShortMessage: []byte("x"), Destinations: []smpp.Dest{{List: "friends"}}}, smpp.StatusCntSubDL)
		bad := multi("8801712345678")
		bad.ReplaceIfPresent = 1
		r.do(e, bad, smpp.StatusInvSubRep)
		bad = multi("8801712345678")
		bad.DataCoding = 0x0B
		r.do(e, bad, smpp.StatusSubmitFail)

		r.operator(fake.Hold)
		scheduled := multi("8801712345678", "8801712345679", "8801712345680")
		scheduled.ScheduleDeliveryTime = "000000000100000R"
		id := r.do(e, scheduled, smpp.StatusOK).(*smpp.SubmitMultiResp).MessageID
		r.do(e, &smpp.CancelSM{MessageID: id, Source: acmeAddress, Destination: smpp.Address{TON: 1, Addr: "8801712345679"}}, smpp.StatusOK)
		if got := r.states(id); got != "scheduled canceled scheduled" {
			t.Errorf("after one was canceled: %s", got)
		}
		r.do(e, &smpp.CancelSM{MessageID: id, Source: acmeAddress}, smpp.StatusOK)
		if got := r.states(id); got != "canceled canceled canceled" {
			t.Errorf("after all were canceled: %s", got)
		}
	})
}

// states are those of the messages of a group.
func (r *rig) states(id string) string {
	r.t.Helper()
	_, g := r.message(id)
	_, messages, err := r.store.Group(r.ctx, r.acme.ID, g.Number)
	if err != nil {
		r.t.Fatal(err)
	}
	var words []string
	for _, m := range messages {
		words = append(words, m.State.String())
	}
	return strings.Join(words, " ")
}

// TestSubmitMultiCountsForItsRate: by recipients.
func TestSubmitMultiCountsForItsRate(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transmitter)
		p := &smpp.SubmitMulti{Source: acmeAddress, ShortMessage: []byte("all")}
		for _, n := range []string{"8801712345670", "8801712345671", "8801712345672", "8801712345673"} {
			p.Destinations = append(p.Destinations, smpp.Dest{Address: smpp.Address{TON: 1, Addr: n}})
		}
		r.do(e, p, smpp.StatusOK)
		r.submit(e, hello(), smpp.StatusThrottled)
		r.wait(2 * time.Second)
		r.submit(e, hello(), smpp.StatusOK)
	}, func(r *rig, _ *Options) { r.shop.SMPP.Rate = 2 })
}

// TestSubmitMultiIsKeptAllTheSame when the refused ones cannot be read.
func TestSubmitMultiIsKeptAllTheSame(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transmitter)
		p := &smpp.SubmitMulti{Source: acmeAddress, ShortMessage: []byte("all"), Destinations: []smpp.Dest{
			{Address: smpp.Address{TON: 1, Addr: "8801712345670"}}, {Address: smpp.Address{TON: 1, Addr: "88017"}}}}
		r.store.FailNext(memory.VerbGroup, sms.Unavailable("disk full", nil))
		resp := r.do(e, p, smpp.StatusOK).(*smpp.SubmitMultiResp)
		synctest.Wait()
		if _, g := r.message(resp.MessageID); g.Count != 2 || len(resp.Unsuccess) != 0 {
			t.Errorf("%d kept, %v", g.Count, resp.Unsuccess)
		}
	})
}
