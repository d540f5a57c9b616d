package smppd

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestUnknownThenOutOfOrder: a commit that was written, its answer lost, and then a
// database that is out of order: nobody may be told that nothing was kept.
func TestUnknownThenOutOfOrder(t *testing.T) {
	bubble(t, func(r *rig) {
		e := r.esme("shop", smpp.Transceiver)
		r.store.Inject(memory.VerbAccept, memory.Fault{Err: store.ErrCommitUnknown, Commit: true})
		for range 100 {
			r.store.Inject(memory.VerbAccept, memory.Fault{Err: sms.Unavailable("the database is closed", nil)})
		}
		if _, err := e.Submit(r.ctx, hello()); statusOf(err) != 0xFFFF {
			t.Errorf("answered %v for a message that is stored", err)
		}
	})
}

// queuedBehind sends first, and rest while that is in the store, and returns the
// texts that went into the store, and how the rest ended.
func queuedBehind(t *testing.T, fail func(flow.Request) error, first smpp.PDU, rest ...smpp.PDU) (tried []string, ends map[smpp.Outcome]int) {
	door := &slowDoor{}
	ends = map[smpp.Outcome]int{}
	bubble(t, func(r *rig) {
		var mu sync.Mutex
		door.open = make(chan struct{})
		door.fail = func(q flow.Request) error {
			mu.Lock()
			defer mu.Unlock()
			tried = append(tried, q.Text)
			return fail(q)
		}
		e := r.esme("shop", smpp.Transmitter)
		send := func(p smpp.PDU, done func(smpp.Result)) {
			if err := e.Send(r.ctx, p, smpp.CompleteFunc(done)); err != nil {
				t.Error(err)
			}
			synctest.Wait()
		}
		send(first, func(smpp.Result) {}) // the worker takes it alone
		for _, p := range rest {
			send(p, func(res smpp.Result) {
				mu.Lock()
				defer mu.Unlock()
				ends[res.Outcome]++
			})
		}
		close(door.open)
		<-e.Done()
		r.wait(time.Minute)
	}, func(_ *rig, o *Options) { o.Door = door })
	return tried, ends
}

func text(s string) *smpp.SubmitSM {
	return hello(func(p *smpp.SubmitSM) { p.ShortMessage = []byte(s) })
}

// TestNothingIsBegunBehindTheUnknown: what has queued behind a request whose
// outcome nobody knows, or that met a defect, is not stored, since the session ends
// and nobody would learn of it.
func TestNothingIsBegunBehindTheUnknown(t *testing.T) {
	for name, fail := range map[string]func(flow.Request) error{
		"unknown": func(flow.Request) error { return sms.Unavailable("not known", store.ErrCommitUnknown) },
		"panic":   func(flow.Request) error { panic("defect") },
	} {
		tried, ends := queuedBehind(t, fail, text("lost"), text("a"), text("b"), &smpp.QuerySM{MessageID: "1"}, text("c"))
		if fmt.Sprint(tried) != "[lost]" || ends[smpp.Lost] != 4 || len(ends) != 1 {
			t.Errorf("%s: tried %v, the others ended %v", name, tried, ends)
		}
	}
	// The same in one batch, behind a request that goes alone.
	lost := func(q flow.Request) error {
		if q.Text == "lost" {
			return sms.Unavailable("not known", store.ErrCommitUnknown)
		}
		return nil
	}
	tried, ends := queuedBehind(t, lost, text("first"), text("lost"), &smpp.QuerySM{MessageID: "1"}, text("c"))
	if fmt.Sprint(tried) != "[first lost]" || ends[smpp.Lost] != 3 || len(ends) != 1 {
		t.Errorf("in one batch: tried %v, the others ended %v", tried, ends)
	}
}

// TestEndingSessionTakesNothing: while it waits for what is under way before it
// unbinds, new requests are refused, and not kept.
func TestEndingSessionTakesNothing(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply { return smpptest.DeliverReply{NoResponse: true} }))
		r.submit(e, hello(), smpp.StatusOK)
		r.wait(time.Second) // its receipt has no answer
		r.edit(r.shop, func() { r.shop.SMPP.PasswordHash = r.hasher.Hash("shop", "new") })
		if e.Err() != nil {
			t.Fatalf("it has ended already: %v", e.Err())
		}
		r.submit(e, hello(), smpp.StatusThrottled)
		list, err := r.store.Messages(r.ctx, r.acme.ID, store.MessageFilter{Limit: 10})
		if err != nil || len(list) != 1 {
			t.Errorf("%d messages are kept: %v", len(list), err)
		}
		other := r.esme("other", smpp.Transmitter)
		b := r.sessions("other")[0].Data().(*bind)
		b.lost.Store(true) // as when it closes because an answer is not known
		r.submit(other, hello(), smpp.StatusThrottled)
	})
}

// TestBusyIsForgotten: after something was taken the pauses begin anew.
func TestBusyIsForgotten(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		r.submitMany(tx, 2)
		r.wait(time.Second)
		began := time.Now()
		var tries []time.Duration
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) (reply smpptest.DeliverReply) {
			tries = append(tries, time.Since(began).Round(100*time.Millisecond))
			if d.N != 4 {
				reply.Status = smpp.StatusMsgQFul
			}
			if d.N == 7 {
				reply.Status = smpp.StatusOK
			}
			return reply
		}))
		r.wait(time.Minute)
		// Busy three times; the fourth is taken; then busy again, twice.
		if want := "[0s 500ms 1.5s 3.5s 3.5s 4s 5s]"; fmt.Sprint(tries) != want || rx.Delivered() != 7 {
			t.Errorf("tried at %v, want %v", tries, want)
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Window = 1 })
}

// TestClosingSessionHasLeft: its place is free as soon as it begins to end, however
// long the connection takes.
func TestClosingSessionHasLeft(t *testing.T) {
	bubble(t, func(r *rig) {
		gone := make(chan struct{})
		r.pipes.wrap = func(c from1) from1 {
			c.Conn = lingering{c.Conn, gone}
			return c
		}
		r.esme("shop", smpp.Receiver)
		old := r.sessions("shop")[0]
		_ = old.Close()
		synctest.Wait()
		select {
		case <-old.Done():
			t.Error("the connection does not linger")
		default:
		}
		r.pipes.wrap = nil
		e := r.esme("shop", smpp.Receiver)
		r.operator(fake.Deliver)
		r.replyFrom("8801912345678", "hi")
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Error(err)
		}
		close(gone)
	}, func(r *rig, _ *Options) { r.shop.SMPP.MaxBinds = 1 })
}

// TestOldNounIsNotPutBack: a bind that began before a change does not undo it.
func TestOldNounIsNotPutBack(t *testing.T) {
	s := New(Options{})
	noun := func(version int64, rate float64) *sms.Subscriber {
		return &sms.Subscriber{Head: sms.Head{ID: 1, Name: "shop", Version: version}, SMPP: &sms.SMPPLogin{Rate: rate}}
	}
	l := s.loginOf(noun(2, 20))
	for _, step := range []struct{ version, want int64 }{{1, 2}, {2, 2}, {3, 3}, {2, 3}} {
		if s.loginOf(noun(step.version, 1)) != l {
			t.Fatal("another login")
		}
		if got := l.noun.Load().Version; got != step.want {
			t.Errorf("after version %d it has %d, want %d", step.version, got, step.want)
		}
	}
}

// TestNothingOfThePDUIsKept: strings and octets that outlive the request would keep
// the whole frame they came in.
func TestNothingOfThePDUIsKept(t *testing.T) {
	v := newTestView()
	part := hello(func(p *smpp.SubmitSM) { p.ESMClass, p.ShortMessage = smpp.EsmUDHI, []byte{5, 0, 3, 1, 2, 1, 'a'} })
	for name, p := range map[string]*smpp.SubmitSM{"text": hello(), "part": part,
		"binary": hello(func(p *smpp.SubmitSM) { p.DataCoding = 4 })} {
		req, err := v.submitSM(p)
		if err != nil {
			t.Fatal(err)
		}
		kept := [][]byte{stringData(req.To[0]), stringData(req.Text)}
		if req.Raw != nil {
			kept = append(kept, req.Raw.Header, req.Raw.Body)
		}
		within(t, name, kept, stringData(p.Destination.Addr), p.ShortMessage)
	}
	multi := &smpp.SubmitMulti{Source: acmeAddress, ShortMessage: []byte("x"), Destinations: []smpp.Dest{{Address: smpp.Address{TON: 1, Addr: "8801712345678"}}}}
	req, addrs, err := v.submitMulti(multi)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "submit_multi", [][]byte{stringData(req.To[0]), stringData(addrs[0].Addr)}, stringData(multi.Destinations[0].Address.Addr))
	if a := kept(acmeAddress); a != acmeAddress {
		t.Errorf("kept is %v", a)
	} else {
		within(t, "kept", [][]byte{stringData(a.Addr)}, stringData(acmeAddress.Addr))
	}
}

// within fails when one of the kept begins inside of one of the PDU's.
func within(t *testing.T, name string, kept [][]byte, pdu ...[]byte) {
	t.Helper()
	for _, k := range kept {
		for _, p := range pdu {
			if len(k) > 0 && slices.ContainsFunc(pointers(p), func(at *byte) bool { return at == &k[0] }) {
				t.Errorf("%s: %q is memory of the PDU", name, k)
			}
		}
	}
}

func stringData(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

func pointers(b []byte) (list []*byte) {
	for i := range b {
		list = append(list, &b[i])
	}
	return list
}
