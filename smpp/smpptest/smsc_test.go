package smpptest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/harkara/harkara/smpp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var ctx = context.Background()

// pair starts an SMSC and an ESME that is bound to it, in memory.
func pair(t *testing.T, smsc Config, esme ESMEConfig) (*SMSC, *ESME) {
	t.Helper()
	smsc.NoListen = true
	c, err := Start(smsc)
	if err != nil {
		t.Fatal(err)
	}
	e := join(t, c, esme)
	t.Cleanup(func() { _ = c.Close() })
	return c, e
}

func join(t *testing.T, c *SMSC, esme ESMEConfig) *ESME {
	t.Helper()
	e, err := Connect(ctx, c, esme)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

// script is what a callback returns, changed by the test as it goes on.
type script[T any] struct{ atomic.Pointer[T] }

func text(s string) *smpp.SubmitSM {
	return &smpp.SubmitSM{Source: smpp.Address{Addr: "1000"}, Destination: smpp.Address{TON: 1, NPI: 1, Addr: "8801712345678"}, ShortMessage: []byte(s)}
}

func TestAccept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{Keep: 2}, ESMEConfig{})
		ids := map[string]bool{}
		for i := range 3 {
			id, err := e.Submit(ctx, text(fmt.Sprint("message ", i)))
			if err != nil || id == "" {
				t.Fatal(id, err)
			}
			ids[id] = true
		}
		if len(ids) != 3 {
			t.Errorf("message ids %v", ids)
		}
		if err := c.WaitReceived(ctx, 3); err != nil {
			t.Error(err)
		}
		got := c.Received()
		if len(got) != 2 || string(got[1].Text) != "message 1" || got[1].N != 2 || !ids[got[1].MessageID] || got[1].Destination.Addr != "8801712345678" ||
			got[1].Session.PeerSystemID() != "esme" {
			t.Errorf("received %+v", got)
		}
		if tot := c.Totals(); tot.Submits != 3 {
			t.Errorf("%+v", tot)
		}
		if c.Addr() != "" || len(c.Sessions()) != 1 || c.Server() == nil {
			t.Error("a server that does not listen has an address, or no session")
		}
	})
}

func TestKindsOfMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{OnOther: func(p smpp.PDU, r smpp.Responder) {
			_ = r.Respond(smpp.StatusOK, &smpp.QuerySMResp{MessageID: p.(*smpp.QuerySM).MessageID, State: smpp.StateEnroute})
		}}, ESMEConfig{})
		data := &smpp.DataSM{Source: smpp.Address{Addr: "1"}, Destination: smpp.Address{Addr: "2"}, RegisteredDelivery: 1}
		_ = data.TLVs.Add(smpp.TagMessagePayload, []byte("data"))
		multi := &smpp.SubmitMulti{Destinations: []smpp.Dest{{Address: smpp.Address{Addr: "3"}}, {List: "friends"}}}
		_ = multi.TLVs.Add(smpp.TagMessagePayload, []byte("multi"))
		for _, p := range []smpp.PDU{data, multi} {
			if _, err := e.Do(ctx, p); err != nil {
				t.Errorf("%s: %v", p.Command(), err)
			}
		}
		got := c.Received()
		if string(got[0].Text) != "data" || got[0].Destination.Addr != "2" || got[0].Registered != 1 || string(got[1].Text) != "multi" || got[1].Destination.Addr != "3" {
			t.Errorf("received %+v", got)
		}
		if p, err := e.Do(ctx, &smpp.QuerySM{MessageID: "7"}); err != nil || p.(*smpp.QuerySMResp).State != smpp.StateEnroute {
			t.Errorf("query: %v %v", p, err)
		}
		_, plain := pair(t, Config{}, ESMEConfig{})
		var se *smpp.StatusError
		if _, err := plain.Do(ctx, &smpp.CancelSM{}); !errors.As(err, &se) || se.Status != smpp.StatusInvMsgID {
			t.Errorf("cancel without OnOther: %v", err)
		}
	})
}

func TestReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reply script[Reply]
		smsc := Config{OnSubmit: func(*Message) Reply { return *reply.Load() }}
		esme := ESMEConfig{Bind: smpp.BindConfig{Session: smpp.Config{ResponseTimeout: time.Minute}}}
		c, e := pair(t, smsc, esme)
		status := func(r Reply) (string, smpp.Status, error) {
			reply.Store(&r)
			p, err := e.Do(ctx, text("x"))
			var se *smpp.StatusError
			if errors.As(err, &se) {
				return "", se.Status, nil
			}
			if resp, ok := p.(*smpp.SubmitSMResp); ok {
				return resp.MessageID, 0, err
			}
			return "", 0, err
		}
		if id, _, err := status(Reply{MessageID: "mine"}); err != nil || id != "mine" {
			t.Errorf("own id: %q %v", id, err)
		}
		if _, st, _ := status(Reply{Status: smpp.StatusMsgQFul}); st != smpp.StatusMsgQFul {
			t.Errorf("status: %v", st)
		}
		if _, st, _ := status(Reply{Nack: true, Status: smpp.StatusInvCmdID}); st != smpp.StatusInvCmdID {
			t.Errorf("nack: %v", st)
		}
		if id, _, err := status(Reply{Body: &smpp.SubmitSMResp{MessageID: "body"}}); err != nil || id != "body" {
			t.Errorf("body: %q %v", id, err)
		}
		began := time.Now()
		if _, _, err := status(Reply{Delay: 3 * time.Second}); err != nil || time.Since(began) != 3*time.Second {
			t.Errorf("delay: %v after %v", err, time.Since(began))
		}
		if _, _, err := status(Reply{NoResponse: true}); err != smpp.ErrTimeout {
			t.Errorf("no response: %v", err)
		}
		if _, _, err := status(Reply{Drop: true}); err != smpp.ErrLost {
			t.Errorf("drop: %v", err)
		}
		<-e.Done()
		e = join(t, c, esme)
		if id, _, err := status(Reply{DropAfter: true}); err != nil || id == "" {
			t.Errorf("drop after: %q %v", id, err)
		}
		<-e.Done()
		if got := c.Received(); got[1].Status != smpp.StatusMsgQFul || got[1].MessageID != "" || got[0].MessageID != "mine" {
			t.Errorf("received %+v", got)
		}
	})
}

func TestReceipts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		var mu = make(chan struct{}, 1)
		note := func(s string) { mu <- struct{}{}; order = append(order, s); <-mu }
		_, e := pair(t, Config{OnSubmit: func(*Message) Reply {
			return Reply{MessageID: "38601fa", Delay: time.Second, Receipts: []Receipt{
				{State: smpp.StateEnroute, Early: true},
				{State: smpp.StateDelivered, After: time.Minute, ID: "0059113978"},
				{State: smpp.StateUndeliverable, After: 2 * time.Minute, NoTLV: true, Err: "00B", Word: "FAILED"},
				{State: smpp.StateDelivered, After: 3 * time.Minute, TLVID: "-"},
				{After: 4 * time.Minute, PDU: &smpp.DeliverSM{ShortMessage: []byte("id:1 stat:EXPIRED")}},
			}}
		}}, ESMEConfig{OnDeliver: func(d *Delivery) DeliverReply {
			note(d.Receipt.ID + " " + d.Receipt.TLVID + " " + d.Receipt.Word + " " + d.Receipt.Err)
			return DeliverReply{}
		}})
		began := time.Now()
		if _, err := e.Submit(ctx, text("hello")); err != nil {
			t.Fatal(err)
		}
		note("response")
		if err := e.WaitDelivered(ctx, 5); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 4*time.Minute+time.Second {
			t.Errorf("took %v", took)
		}
		want := []string{"38601fa 38601fa ENROUTE 000", "response", "38601fa 38601fa DELIVRD 000", "38601fa  FAILED 00B", "38601fa  DELIVRD 000", "1  EXPIRED "}
		if got := strings.Join(order, "\n"); got != strings.Join(want, "\n") {
			t.Errorf("got\n%s", got)
		}
		if d := e.Deliveries(); len(d) != 5 || d[1].Receipt.TextID != "0059113978" || d[1].Receipt.Delivered != 1 || e.Delivered() != 5 {
			t.Errorf("deliveries %+v", d)
		}
	})
}

// TestMailbox: what cannot be delivered waits, goes to another session, or is tried again.
func TestMailbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var status atomic.Uint32
		var outcomes atomic.Int32
		c, tx := pair(t, Config{Redeliver: 2, RedeliverAfter: time.Minute, OnDeliverResp: func(*smpp.DeliverSM, smpp.Result) { outcomes.Add(1) }},
			ESMEConfig{Bind: smpp.BindConfig{Mode: smpp.Transmitter}})
		if err := c.Post("esme", &smpp.DeliverSM{ShortMessage: []byte("early")}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		onDeliver := func(*Delivery) DeliverReply { return DeliverReply{Status: smpp.Status(status.Load())} }
		rx1 := join(t, c, ESMEConfig{Bind: smpp.BindConfig{Mode: smpp.Receiver}, OnDeliver: onDeliver})
		if err := rx1.WaitDelivered(ctx, 1); err != nil {
			t.Fatal(err)
		}
		rx2 := join(t, c, ESMEConfig{Bind: smpp.BindConfig{Mode: smpp.Receiver}, OnDeliver: onDeliver})
		for range 4 {
			if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{ShortMessage: []byte("both")}); err != nil {
				t.Fatal(err)
			}
		}
		if rx1.Delivered() != 3 || rx2.Delivered() != 2 || tx.Delivered() != 0 {
			t.Errorf("delivered %d, %d and %d", rx1.Delivered(), rx2.Delivered(), tx.Delivered())
		}
		status.Store(uint32(smpp.StatusRxTAppn))
		var se *smpp.StatusError
		if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{}); !errors.As(err, &se) || se.Status != smpp.StatusRxTAppn {
			t.Errorf("refused: %v", err)
		}
		began, before := time.Now(), rx1.Delivered()+rx2.Delivered()
		if err := c.Post("esme", &smpp.DeliverSM{ShortMessage: []byte("again")}); err != nil {
			t.Fatal(err)
		}
		if err := c.WaitFor(ctx, func() bool { return rx1.Delivered()+rx2.Delivered() == before+3 }); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 2*time.Minute {
			t.Errorf("two more tries took %v", took)
		}
		synctest.Wait()
		if tot := c.Totals(); tot.Delivered != 5 || tot.Refused != 4 || tot.Lost != 0 || outcomes.Load() != 9 {
			t.Errorf("%+v, %d outcomes", tot, outcomes.Load())
		}
	})
}

// TestMailboxEnds: a session that unbinds, what cannot be sent, nobody there, and the end of the SMSC.
func TestMailboxEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, rx1 := pair(t, Config{}, ESMEConfig{})
		rx2 := join(t, c, ESMEConfig{})
		if err := rx1.Unbind(ctx); err != nil { // the other one takes all
			t.Error(err)
		}
		for range 3 {
			if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{}); err != nil {
				t.Error(err)
			}
		}
		if rx2.Delivered() != 3 {
			t.Errorf("%d delivered", rx2.Delivered())
		}
		var fe *smpp.FieldError
		if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{ServiceType: "too long"}); !errors.As(err, &fe) {
			t.Errorf("what cannot be encoded: %v", err)
		}
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if err := c.Deliver(short, "nobody", &smpp.DeliverSM{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody is bound: %v", err)
		}
		synctest.Wait()
		if tot := c.Totals(); tot.Delivered != 3 || tot.Lost != 0 {
			t.Errorf("%+v", tot)
		}
		_ = c.Close()
		if err := c.Post("esme", &smpp.DeliverSM{}); err != smpp.ErrServerClosed {
			t.Errorf("Post after Close: %v", err)
		}
		if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{}); err != smpp.ErrServerClosed {
			t.Errorf("Deliver after Close: %v", err)
		}
		_ = c.Close()
	})
}

// TestESMEReplies: an ESME that is slow, silent, or gone.
func TestESMEReplies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var reply script[DeliverReply]
		reply.Store(&DeliverReply{Delay: 5 * time.Second})
		c, e := pair(t, Config{Session: smpp.Config{ResponseTimeout: time.Minute}}, ESMEConfig{Keep: -1, OnDeliver: func(*Delivery) DeliverReply { return *reply.Load() }})
		began := time.Now()
		if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{}); err != nil || time.Since(began) != 5*time.Second {
			t.Errorf("slow: %v after %v", err, time.Since(began))
		}
		reply.Store(&DeliverReply{NoResponse: true})
		if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{}); err != smpp.ErrTimeout {
			t.Errorf("silent: %v", err)
		}
		reply.Store(&DeliverReply{Drop: true})
		if err := c.Deliver(ctx, "esme", &smpp.DeliverSM{}); err != smpp.ErrLost {
			t.Errorf("gone: %v", err)
		}
		if len(e.Deliveries()) != 0 || e.Delivered() != 3 {
			t.Errorf("%d kept, %d delivered", len(e.Deliveries()), e.Delivered())
		}
	})
}

func TestMuteRateAndDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, e := pair(t, Config{Rate: 10}, ESMEConfig{Bind: smpp.BindConfig{Session: smpp.Config{Window: 50, ResponseTimeout: time.Minute}}})
		p := text("x")
		load, err := e.SubmitMany(ctx, 30, func(int) *smpp.SubmitSM { return p })
		if err != nil || load.Sent != 30 || load.Statuses[smpp.StatusOK] != 10 || load.Statuses[smpp.StatusThrottled] != 20 {
			t.Errorf("rate: %+v %v", load, err)
		}
		time.Sleep(time.Second)
		c.Mute(true)
		load, _ = e.SubmitMany(ctx, 5, func(int) *smpp.SubmitSM { return p })
		if load.Outcomes[smpp.TimedOut] != 5 {
			t.Errorf("mute: %+v", load)
		}
		if e.Err() != nil {
			t.Errorf("the link is down: %v", e.Err())
		}
		c.Mute(false)
		if _, err := e.Submit(ctx, p); err != nil {
			t.Errorf("after Mute: %v", err)
		}
		c.Drop()
		<-e.Done()
		if _, err := e.SubmitMany(ctx, 5, func(int) *smpp.SubmitSM { return p }); err != smpp.ErrClosed {
			t.Errorf("after Drop: %v", err)
		}
		if _, err := e.Submit(ctx, p); err != smpp.ErrClosed {
			t.Errorf("Submit after Drop: %v", err)
		}
		if tot := c.Totals(); tot.Throttled != 20 || tot.Submits != 36 {
			t.Errorf("%+v", tot)
		}
	})
}

func TestBinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bound []string
		c, _ := pair(t, Config{SystemID: "operator", OnBind: func(s *smpp.Session) { bound = append(bound, s.PeerSystemID()) },
			Authenticate: func(b *smpp.BindRequest) smpp.Status {
				if b.Password != "pw" {
					return smpp.StatusInvPaswd
				}
				return smpp.StatusOK
			}}, ESMEConfig{Bind: smpp.BindConfig{SystemID: "good", Password: "pw"}})
		var se *smpp.StatusError
		if _, err := Connect(ctx, c, ESMEConfig{Bind: smpp.BindConfig{SystemID: "bad"}}); !errors.As(err, &se) || se.Status != smpp.StatusInvPaswd {
			t.Errorf("%v", err)
		}
		if err := c.WaitFor(ctx, func() bool { return len(c.Refused()) > 0 }); err != nil {
			t.Fatal(err)
		}
		if r := c.Refused(); r[0].SystemID != "bad" || r[0].Why == nil {
			t.Errorf("refused %+v", r)
		}
		if len(bound) != 1 || bound[0] != "good" {
			t.Errorf("bound %q", bound)
		}
		if err := c.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if _, err := Connect(ctx, c, ESMEConfig{}); err == nil {
			t.Error("a closed SMSC accepts a bind")
		}
	})
}

func TestOverTCP(t *testing.T) {
	c, err := Start(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := Start(Config{Addr: c.Addr()}); err == nil {
		t.Error("two SMSCs listen on one port")
	}
	e, err := Dial(ctx, c.Addr(), ESMEConfig{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if _, err := e.Submit(ctx, text("over TCP")); err != nil {
		t.Error(err)
	}
	bare, err := DialConn(c.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer bare.Close()
	if st, err := bare.Bind(&smpp.Bind{SystemID: "bare"}); err != nil || st != smpp.StatusOK {
		t.Errorf("bare: %v %v", st, err)
	}
	if err := bare.Send(smpp.StatusOK, 2, &smpp.SubmitSM{ServiceType: "too long"}); err == nil {
		t.Error("sent what cannot be encoded")
	}
	if _, err := Dial(ctx, "127.0.0.1:1", ESMEConfig{}); err == nil {
		t.Error("bound to nobody")
	}
	if _, err := DialConn("127.0.0.1:1"); err == nil {
		t.Error("connected to nobody")
	}
}

func TestConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe()
		go func() { _ = a.Send(0, 9, &smpp.EnquireLink{}) }() // AcceptBind fails without it
		if _, err := b.AcceptBind(); err != smpp.ErrWrongBody {
			t.Errorf("a link test instead of a bind: %v", err)
		}
		go func() { _, _ = a.Write([]byte{0, 0, 0, 16, 0, 0, 1, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5}) }() // Next fails without it
		if h, p, err := b.Next(); err != nil || p != nil || h.Sequence != 5 {
			t.Errorf("an unknown command: %v %v %v", h, p, err)
		}
		_ = a.Close()
		if _, err := b.AcceptBind(); err == nil {
			t.Error("a bind from nobody")
		}
		if _, err := b.Bind(&smpp.Bind{}); err == nil {
			t.Error("a bind to nobody")
		}
		if _, err := (Dribble{b.Conn}).Write([]byte("x")); err == nil {
			t.Error("a write to nobody")
		}
	})
}

// TestSchedule: by time, then by order of arrival; what is not due at the end does not run.
func TestSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSchedule()
		var got []int
		for i, d := range []time.Duration{3, 1, 2, 1, 1000} {
			s.after(d*time.Second, func() { got = append(got, i) })
		}
		time.Sleep(10 * time.Second)
		s.close()
		s.close()
		if fmt.Sprint(got) != "[1 3 2 0]" {
			t.Errorf("ran %v", got)
		}
	})
}
