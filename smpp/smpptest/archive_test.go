package smpptest

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/harkara/harkara/smpp"
)

var from = smpp.Address{Addr: "1000"}

// refusedWith tells whether a request was answered with this status.
func refusedWith(err error, st smpp.Status) bool {
	var se *smpp.StatusError
	return errors.As(err, &se) && se.Status == st
}

func TestQuery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{Remember: 10, OnSubmit: Always(Reply{Receipts: []Receipt{
			{State: smpp.StateAccepted, After: 10 * time.Second}, {State: smpp.StateUndeliverable, Err: "27", After: time.Minute}}})}, ESMEConfig{})
		id, err := e.Submit(ctx, text("x"))
		if err != nil {
			t.Fatal(err)
		}
		scheduled := text("later")
		scheduled.ScheduleDeliveryTime = "000001000000000R"
		second, err := e.Submit(ctx, scheduled)
		if err != nil {
			t.Fatal(err)
		}
		query := func(id string) smpp.QuerySMResp {
			t.Helper()
			p, err := e.Do(ctx, &smpp.QuerySM{MessageID: id, Source: from})
			if err != nil {
				t.Fatal(err)
			}
			return *p.(*smpp.QuerySMResp)
		}
		if got := query(id); got.MessageID != id || got.State != smpp.StateEnroute || got.FinalDate != "" {
			t.Errorf("at first %v", &got)
		}
		if got := query(second); got.State != smpp.StateScheduled {
			t.Errorf("the scheduled one is %v", &got)
		}
		time.Sleep(30 * time.Second)
		if got := query(id); got.State != smpp.StateAccepted || got.FinalDate != "" {
			t.Errorf("after 30 s %v", &got)
		}
		time.Sleep(time.Minute)
		got := query(id)
		if got.State != smpp.StateUndeliverable || got.ErrorCode != 27 {
			t.Errorf("in the end %v", &got)
		}
		if at, err := smpp.ParseTime(got.FinalDate, time.Now()); err != nil || time.Since(at).Round(time.Second) != 30*time.Second {
			t.Errorf("final_date %q is %s ago (%v)", got.FinalDate, time.Since(at), err)
		}
		for _, q := range []*smpp.QuerySM{{MessageID: "nobody's", Source: from}, {MessageID: id, Source: smpp.Address{Addr: "2000"}}} {
			if _, err := e.Do(ctx, q); !refusedWith(err, smpp.StatusInvMsgID) {
				t.Errorf("%v: %v", q, err)
			}
		}
		if !c.SetState(second, smpp.StateRejected) || query(second).State != smpp.StateRejected || c.SetState("nobody's", 0) {
			t.Error("SetState")
		}
		if _, err := e.Do(ctx, &smpp.BroadcastSM{}); !refusedWith(err, smpp.StatusInvMsgID) {
			t.Errorf("a broadcast: %v", err)
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{Remember: 10, OnSubmit: Always(Reply{Receipts: []Receipt{{State: smpp.StateDelivered, After: time.Minute}}})}, ESMEConfig{})
		submit := func(to string, registered uint8) string {
			p := text("x")
			p.Destination.Addr, p.RegisteredDelivery = to, registered
			id, err := e.Submit(ctx, p)
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		cancel := func(id, to string) error {
			_, err := e.Do(ctx, &smpp.CancelSM{MessageID: id, Source: from, Destination: smpp.Address{Addr: to}})
			return err
		}
		a, b, quiet, other := submit("111", smpp.ReceiptAlways), submit("111", smpp.ReceiptAlways), submit("111", smpp.ReceiptNone), submit("222", smpp.ReceiptAlways)
		if err := cancel(a, ""); err != nil {
			t.Error(err)
		}
		if err := cancel(a, ""); !refusedWith(err, smpp.StatusCancelFail) {
			t.Errorf("canceled again: %v", err)
		}
		if err := cancel("nobody's", ""); !refusedWith(err, smpp.StatusInvMsgID) {
			t.Errorf("an unknown id: %v", err)
		}
		if err := cancel("", "111"); err != nil {
			t.Errorf("all to one number: %v", err)
		}
		if err := cancel("", "111"); !refusedWith(err, smpp.StatusCancelFail) {
			t.Errorf("when there are none left: %v", err)
		}
		time.Sleep(2 * time.Minute)
		got := map[string]string{}
		for _, d := range e.Deliveries() {
			got[d.Receipt.ID] += d.Receipt.Word + " "
		}
		want := map[string]string{a: "DELETED ", b: "DELETED ", other: "DELIVRD "}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("receipts %v, want %v", got, want)
		}
		if s, ok := c.Stored(quiet); !ok || s.State != smpp.StateDeleted || s.FinalDate.IsZero() {
			t.Errorf("the one without a receipt is %+v", s)
		}
	})
}

func TestReplace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{Remember: 2}, ESMEConfig{})
		var ids []string
		for range 3 {
			id, err := e.Submit(ctx, text("old"))
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		replace := func(id string) error {
			_, err := e.Do(ctx, &smpp.ReplaceSM{MessageID: id, Source: from, ShortMessage: []byte("new"), RegisteredDelivery: 1})
			return err
		}
		if err := replace(ids[0]); !refusedWith(err, smpp.StatusInvMsgID) {
			t.Errorf("one that was forgotten: %v", err)
		}
		if err := replace(ids[1]); err != nil {
			t.Error(err)
		}
		if s, ok := c.Stored(ids[1]); !ok || string(s.Message.Text) != "new" || s.Message.Registered != 1 {
			t.Errorf("replaced: %+v", s)
		}
		c.SetState(ids[2], smpp.StateDelivered)
		if err := replace(ids[2]); !refusedWith(err, smpp.StatusReplaceFail) {
			t.Errorf("one that was delivered: %v", err)
		}
		if _, ok := c.Stored(ids[0]); ok || len(c.archive.by) != 2 {
			t.Errorf("%d messages are remembered", len(c.archive.by))
		}
	})
}
