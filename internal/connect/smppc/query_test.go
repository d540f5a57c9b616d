package smppc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// asker is a connector that may ask.
func ask(t *testing.T, r *rig, id string) error {
	t.Helper()
	return r.c.(connect.Querier).Query(t.Context(), connect.Query{Attempt: sms.AttemptRef{Message: 1, Seq: 1},
		UpstreamID: id, From: "Harkara", FromIs: sms.SenderAlpha, To: number(1)})
}

// The answer to a question comes as a receipt; what says nothing brings none, and
// nothing keeps its place in the window.
func TestQuery(t *testing.T) {
	answers := []struct {
		status smpp.Status
		body   *smpp.QuerySMResp
		want   *sms.Receipt
	}{
		{0, &smpp.QuerySMResp{State: smpp.StateDelivered, FinalDate: "261124120000000+"}, &sms.Receipt{State: sms.PartDelivered,
			Raw: `query_sm_resp message_state=02 final_date="261124120000000+" error_code=0`}},
		{smpp.StatusQueryFail, nil, nil},
		{0, &smpp.QuerySMResp{State: smpp.StateEnroute}, &sms.Receipt{State: sms.PartSent, Raw: `query_sm_resp message_state=01 final_date="" error_code=0`}},
		{smpp.StatusInvMsgID, nil, nil},
		{0, &smpp.QuerySMResp{State: smpp.StateUndeliverable, ErrorCode: 27}, &sms.Receipt{State: sms.PartUndelivered, Code: "27", Reason: sms.ReasonAbsent,
			Raw: `query_sm_resp message_state=05 final_date="" error_code=27`}},
		{0, &smpp.QuerySMResp{State: smpp.StateUnknown}, nil},
		{smpp.StatusInvCmdID, nil, nil},
		{0, &smpp.QuerySMResp{State: 77}, nil},
		{0, &smpp.QuerySMResp{State: smpp.StateRejected}, &sms.Receipt{State: sms.PartRejected, Code: "0x08",
			Raw: `query_sm_resp message_state=08 final_date="" error_code=0`}},
	}
	n := 0
	far := smsc(t, smpptest.Config{OnOther: func(p smpp.PDU, r smpp.Responder) {
		q := p.(*smpp.QuerySM)
		if q.MessageID != "00AB" || q.Source != (smpp.Address{TON: smpp.TONAlphanumeric, Addr: "Harkara"}) {
			t.Errorf("asked %+v", q)
		}
		a := answers[n]
		n++
		if a.body == nil {
			_ = r.Respond(a.status, nil)
			return
		}
		a.body.MessageID = q.MessageID
		_ = r.Respond(a.status, a.body)
	}})
	r := to(t, far.Addr(), 1, map[string]any{"query": "on", "receipt_reasons": map[string]string{"027": "absent_subscriber"}})
	var want []sms.Receipt
	for _, a := range answers {
		if err := ask(t, r, "00AB"); err != nil {
			t.Fatal(err)
		}
		if a.want != nil {
			a.want.ConnectorID, a.want.IDs, a.want.Forms, a.want.To = 7, []string{"ab"}, []string{"query"}, number(1)
			want = append(want, *a.want)
		}
	}
	r.send(1) // the window of one is free
	r.awaitOutcomes(1)
	r.await("the answers", func() bool { return len(r.receipts) == len(want) })
	for i, got := range r.receipts {
		if w := want[i]; got.State != w.State || got.Code != w.Code || got.Reason != w.Reason || got.Raw != w.Raw || got.To != w.To ||
			got.ConnectorID != w.ConnectorID || !slices.Equal(got.IDs, w.IDs) || !slices.Equal(got.Forms, w.Forms) || got.At.IsZero() {
			t.Errorf("receipt %+v\nwant %+v", got, w)
		}
	}
	r.close(time.Minute)
	if log := r.log.String(); strings.Count(log, "does not say what became of a part") != 1 {
		t.Errorf("log:\n%s", log)
	}
}

// The answer is of the connectors that share their ids, as a receipt would be.
func TestQueryIsAnsweredForTheScope(t *testing.T) {
	far := smsc(t, smpptest.Config{OnOther: func(p smpp.PDU, r smpp.Responder) {
		_ = r.Respond(smpp.StatusOK, &smpp.QuerySMResp{MessageID: p.(*smpp.QuerySM).MessageID, State: smpp.StateDelivered})
	}})
	more := map[string]any{"hosts": []string{far.Addr()}, "query": "on"}
	r := to(t, far.Addr(), 1, more)
	if !r.c.(connect.Adjuster).Adjust(&sms.Connector{Head: sms.Head{ID: 7}, ScopeID: 5, Window: 1, Settings: settings(more)}) {
		t.Fatal("not taken")
	}
	if err := ask(t, r, "00AB"); err != nil {
		t.Fatal(err)
	}
	r.await("the answer", func() bool { return len(r.receipts) == 1 })
	if got := r.receipts[0].ConnectorID; got != 5 {
		t.Errorf("the answer is of scope %d, want 5", got)
	}
}

// When it is not asked.
func TestQueryIsNotAsked(t *testing.T) {
	far := smsc(t, smpptest.Config{OnOther: func(smpp.PDU, smpp.Responder) { t.Error("it was asked") }})
	if err := ask(t, to(t, far.Addr(), 1, nil), "1"); !errors.Is(err, connect.ErrNoQuery) {
		t.Errorf("not set up: %v", err)
	}
	r := to(t, far.Addr(), 1, map[string]any{"query": "on"})
	if err := ask(t, r, strings.Repeat("x", 100)); err == nil {
		t.Error("an id that no query_sm can hold was asked for")
	}
	r.send(1) // the place was given back
	r.awaitOutcomes(1)
	r.close(time.Minute)
	if err := ask(t, r, "1"); !errors.Is(err, connect.ErrClosed) {
		t.Errorf("closed: %v", err)
	}
}

// A question whose link is lost brings nothing, and the link is asked again later.
func TestQueryOnALostLink(t *testing.T) {
	far := smsc(t, smpptest.Config{OnOther: func(_ smpp.PDU, r smpp.Responder) { _ = r.Session().Close() }})
	r := to(t, far.Addr(), 1, map[string]any{"query": "on"})
	if err := ask(t, r, "1"); err != nil {
		t.Fatal(err)
	}
	r.await("the link's end", func() bool { return len(r.links) > 1 })
	r.sendUp(1)
	if o := r.awaitOutcomes(1)[1]; o.Verdict != sms.VerdictAccepted || len(r.receipts) != 0 {
		t.Errorf("outcome %+v, receipts %+v", o, r.receipts)
	}
}
