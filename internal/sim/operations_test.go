package sim

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// status does a request and gives the status of its answer.
func status(t *testing.T, e *smpptest.ESME, p smpp.PDU) (smpp.PDU, smpp.Status) {
	t.Helper()
	answer, err := e.Do(t.Context(), p)
	if refused, ok := errors.AsType[*smpp.StatusError](err); ok {
		return nil, refused.Status
	}
	if err != nil {
		t.Fatal(err)
	}
	return answer, smpp.StatusOK
}

var acme = smpp.Address{TON: smpp.TONAlphanumeric, Addr: "ACME"}

// What query_sm says of each behaviour, when its end has come.
func TestQuery(t *testing.T) {
	_, e := start(t, Options{})
	for digits, want := range map[string]string{
		"00": "2/0", "80": "5/1", "81": "3/27", "82": "8/11", "83": "1/0", "87": "2/0", "88": "2/0", "89": "2/0", "92": "2/0",
		"94": "1/0", // not yet
		"95": "2/0", "96": "2/0", "97": "5/27",
	} {
		id, err := e.Submit(t.Context(), to("88017000000"+digits))
		if err != nil {
			t.Fatal(err)
		}
		answer, st := status(t, e, &smpp.QuerySM{MessageID: id, Source: acme})
		if st != smpp.StatusOK {
			t.Errorf("%s: %s", digits, st)
			continue
		}
		a := answer.(*smpp.QuerySMResp)
		if got := fmt.Sprintf("%d/%d", a.State, a.ErrorCode); got != want || a.MessageID != id || (a.FinalDate != "") != a.State.Final() {
			t.Errorf("%s: %s with id %s and date %q, want %s with id %s", digits, got, a.MessageID, a.FinalDate, want, id)
		}
	}
}

func TestQueryRefuses(t *testing.T) {
	_, e := start(t, Options{})
	id, err := e.Submit(t.Context(), to("8801700000000"))
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]*smpp.QuerySM{
		"an id nobody has":  {MessageID: "1", Source: acme},
		"no number":         {MessageID: "x-y", Source: acme},
		"no id":             {Source: acme},
		"another sender":    {MessageID: id, Source: smpp.Address{Addr: "OTHER"}},
		"an id of tomorrow": {MessageID: id + "0", Source: acme},
	} {
		if _, st := status(t, e, q); st != smpp.StatusQueryFail {
			t.Errorf("%s: %s", name, st)
		}
	}
	if _, err := e.Submit(t.Context(), to("8801700000086")); err == nil {
		t.Error("86 was accepted")
	}
	if _, st := status(t, e, &smpp.QuerySM{MessageID: increment(t, id), Source: acme}); st != smpp.StatusQueryFail {
		t.Errorf("a refused message: %s", st)
	}
}

// increment is the id of the next message.
func increment(t *testing.T, id string) string {
	t.Helper()
	var n uint64
	if _, err := fmt.Sscan(id, &n); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(n + 1)
}

// What stays in the SMSC can be replaced, and canceled once; what has its end cannot.
func TestCancelAndReplace(t *testing.T) {
	_, e := start(t, Options{})
	stays, err := e.Submit(t.Context(), to("8801700000083"))
	if err != nil {
		t.Fatal(err)
	}
	gone, err := e.Submit(t.Context(), to("8801700000096"))
	if err != nil {
		t.Fatal(err)
	}
	cancel := func(id string) smpp.PDU { return &smpp.CancelSM{MessageID: id, Source: acme} }
	replace := func(id string) smpp.PDU {
		return &smpp.ReplaceSM{MessageID: id, Source: acme, ShortMessage: []byte("new")}
	}
	for _, step := range []struct {
		what string
		pdu  smpp.PDU
		want smpp.Status
	}{
		{"replace what stays", replace(stays), smpp.StatusOK},
		{"replace what is gone", replace(gone), smpp.StatusReplaceFail},
		{"cancel what is gone", cancel(gone), smpp.StatusCancelFail},
		{"cancel what nobody knows", cancel("1"), smpp.StatusCancelFail},
		{"cancel what stays", cancel(stays), smpp.StatusOK},
		{"cancel it again", cancel(stays), smpp.StatusCancelFail},
		{"replace what was canceled", replace(stays), smpp.StatusReplaceFail},
		{"something else", &smpp.BroadcastSM{MessageID: "1"}, smpp.StatusInvCmdID},
	} {
		if _, st := status(t, e, step.pdu); st != step.want {
			t.Errorf("%s: %s, want %s", step.what, st, step.want)
		}
	}
	if r := receipts(t, e, 1)[0]; r.ID != stays || r.State != smpp.StateDeleted {
		t.Errorf("receipt %+v", r)
	}
	if a, _ := status(t, e, &smpp.QuerySM{MessageID: stays, Source: acme}); a.(*smpp.QuerySMResp).State != smpp.StateDeleted {
		t.Errorf("query says %v", a)
	}
}

// The table forgets the oldest, and never grows.
func TestSentTableForgets(t *testing.T) {
	s := &Simulator{base: 1000}
	s.sent.senders = map[string]string{}
	other := newTable().other
	for n := uint64(1); n <= mostSent+1; n++ {
		s.sent.add(&smpptest.Message{N: n, Source: smpp.Address{Addr: fmt.Sprint(n % 3000)}}, other, time.Time{})
	}
	for id, want := range map[string]bool{"1001": false, "1002": true, fmt.Sprint(1000 + mostSent + 1): true} {
		var n uint64
		if _, err := fmt.Sscan(id, &n); err != nil {
			t.Fatal(err)
		}
		if got := s.find(id, fmt.Sprint((n-1000)%3000)) != nil; got != want {
			t.Errorf("%s: found %v", id, got)
		}
	}
	if len(s.sent.senders) > 1001 {
		t.Errorf("%d senders are kept", len(s.sent.senders))
	}
}
