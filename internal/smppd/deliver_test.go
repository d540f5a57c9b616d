package smppd

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
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

// submitMany hands n messages in and returns their ids.
func (r *rig) submitMany(e *smpptest.ESME, n int) (ids []string) {
	r.t.Helper()
	for range n {
		ids = append(ids, r.submit(e, hello(), smpp.StatusOK))
	}
	return ids
}

// receiptIDs are those an ESME was told of, in order.
func receiptIDs(e *smpptest.ESME) (ids []string) {
	for _, d := range e.Deliveries() {
		if d.Receipt != nil {
			ids = append(ids, d.Receipt.ID)
		}
	}
	return ids
}

// onDeliver scripts an ESME.
func onDeliver(f func(d *smpptest.Delivery) smpptest.DeliverReply) func(*smpptest.ESMEConfig) {
	return func(c *smpptest.ESMEConfig) { c.OnDeliver = f }
}

// replyFrom is an inbound message to acme.
func (r *rig) replyFrom(from, text string) {
	r.t.Helper()
	if err := r.fake().Inbound(r.ctx, sms.Inbound{From: from, To: "8809601", Text: text, At: time.Now()}); err != nil {
		r.t.Fatal(err)
	}
}

// TestWaitsForABind: receipts and replies stay in the database until a receiver
// comes, and are delivered in the order in which they came to be.
func TestWaitsForABind(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		ids := r.submitMany(tx, 30)
		r.wait(time.Second)
		r.replyFrom("8801912345678", "stop")
		r.wait(time.Minute)
		if left := r.left(r.shop); left != 31 {
			t.Fatalf("%d rows wait, want 31", left)
		}
		rx := r.esme("shop", smpp.Receiver)
		if err := rx.WaitDelivered(r.ctx, 31); err != nil {
			t.Fatal(err)
		}
		if got := receiptIDs(rx); !slices.Equal(got, ids) {
			t.Errorf("receipts %v, want %v", got, ids)
		}
		last := rx.Deliveries()[30].PDU.(*smpp.DeliverSM)
		if last.Source != (smpp.Address{TON: 1, NPI: 1, Addr: "8801912345678"}) || string(last.ShortMessage) != "stop" || last.ESMClass != 0 {
			t.Errorf("the reply is %v", last)
		}
		r.wait(time.Second)
		if left := r.left(r.shop); left != 0 {
			t.Errorf("%d rows are left", left)
		}
		if n := r.meter.fate(Receipt, FateTaken) + 100*r.meter.fate(Reply, FateTaken); n != 130 {
			t.Errorf("counted %d", n)
		}
	})
}

// TestWithoutAHint: what another process wrote is found all the same.
func TestWithoutAHint(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver)
		r.wait(time.Second)
		began := time.Now()
		r.submit(e, hello(), smpp.StatusOK)
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 2*poll {
			t.Errorf("it took %v", took)
		}
	}, func(r *rig, _ *Options) { r.silent = true })
}

// TestOnlyItsOwn: a login is told of what came over it, and a tenant of nothing
// of another.
func TestOnlyItsOwn(t *testing.T) {
	bubble(t, func(r *rig) {
		second := r.newLogin("shop2")
		second.AccountID, second.SMPP.Replies = r.acme.ID, nil
		r.save(second)
		r.wait(time.Second)
		r.operator(fake.Deliver)
		shop, shop2, other := r.esme("shop", smpp.Transceiver), r.esme("shop2", smpp.Transceiver), r.esme("other", smpp.Transceiver)
		a, b := r.submitMany(shop, 1), r.submitMany(shop2, 1)
		r.replyFrom("8801912345678", "hi")
		r.wait(time.Second)
		if got := receiptIDs(shop); !slices.Equal(got, a) || shop.Delivered() != 2 {
			t.Errorf("shop got %v and %d", got, shop.Delivered())
		}
		if got := receiptIDs(shop2); !slices.Equal(got, b) || shop2.Delivered() != 1 {
			t.Errorf("shop2 got %v and %d", got, shop2.Delivered())
		}
		if other.Delivered() != 0 {
			t.Errorf("another account got %d", other.Delivered())
		}
	})
}

// TestAnyReceiver: all receivers of a login share the work, each within its window,
// and everything comes once.
func TestAnyReceiver(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		ids := r.submitMany(tx, 100)
		r.wait(time.Second)
		var mu sync.Mutex
		open, most := map[int]int{}, map[int]int{}
		slow := func(n int) func(*smpptest.ESMEConfig) {
			return onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply {
				mu.Lock()
				defer mu.Unlock()
				open[n]++
				most[n] = max(most[n], open[n])
				time.AfterFunc(999*time.Millisecond, func() {
					mu.Lock()
					defer mu.Unlock()
					open[n]--
				})
				return smpptest.DeliverReply{Delay: time.Second}
			})
		}
		a, b := r.esme("shop", smpp.Receiver, slow(1)), r.esme("shop", smpp.Transceiver, slow(2))
		r.wait(time.Minute)
		got := append(receiptIDs(a), receiptIDs(b)...)
		slices.Sort(got)
		slices.Sort(ids)
		if !slices.Equal(got, ids) {
			t.Errorf("%d receipts, want %d, each once", len(got), len(ids))
		}
		if a.Delivered() == 0 || b.Delivered() == 0 || most[1] > 10 || most[2] > 10 {
			t.Errorf("%d and %d delivered, at most %v open", a.Delivered(), b.Delivered(), most)
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Window = 10 })
}

// TestSlowReceiver: one that never answers holds nobody up but itself, and what it
// did not answer goes to the next one in the old order.
func TestSlowReceiver(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		dead := r.esme("shop", smpp.Transceiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply { return smpptest.DeliverReply{NoResponse: true} }))
		other := r.esme("other", smpp.Transceiver)
		ids := r.submitMany(dead, 20)
		began := time.Now()
		for range 20 {
			r.submit(other, hello(), smpp.StatusOK)
		}
		if err := other.WaitDelivered(r.ctx, 20); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("the other account waited %v", took)
		}
		r.wait(time.Second)
		if n := dead.Delivered(); n != 5 {
			t.Errorf("%d are under way, want the window of 5", n)
		}
		_ = dead.Close()
		next := r.esme("shop", smpp.Receiver)
		if err := next.WaitDelivered(r.ctx, 20); err != nil {
			t.Fatal(err)
		}
		if got := receiptIDs(next); !slices.Equal(got, ids) {
			t.Errorf("the next one got %v, want %v", got, ids)
		}
		if n := r.meter.fate(Receipt, FateLost); n != 5 {
			t.Errorf("%d counted as lost", n)
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Window = 5 })
}

// TestSilentReceiverTimesOut: without an answer in time it is offered again over
// the session that lives.
func TestSilentReceiverTimesOut(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		var silent sync.Once
		e := r.esme("shop", smpp.Transceiver, onDeliver(func(*smpptest.Delivery) (reply smpptest.DeliverReply) {
			silent.Do(func() { reply.NoResponse = true })
			return reply
		}))
		id := r.submit(e, hello(), smpp.StatusOK)
		r.wait(2 * time.Minute)
		if got := receiptIDs(e); !slices.Equal(got, []string{id, id}) {
			t.Errorf("got %v, want %s twice", got, id)
		}
		if left := r.left(r.shop); left != 0 {
			t.Errorf("%d rows are left", left)
		}
	})
}

// TestBusyReceiver: full queues and throttling make everything wait, longer each
// time, and nothing is passed over.
func TestBusyReceiver(t *testing.T) {
	for _, st := range []smpp.Status{smpp.StatusMsgQFul, smpp.StatusThrottled, smpp.StatusSysErr, smpp.StatusRxTAppn} {
		bubble(t, func(r *rig) {
			r.operator(fake.Deliver)
			tx := r.esme("shop", smpp.Transmitter)
			ids := r.submitMany(tx, 3)
			r.wait(time.Second)
			began := time.Now()
			var mu sync.Mutex
			var tries []time.Duration
			var taken []string
			r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) smpptest.DeliverReply {
				mu.Lock()
				defer mu.Unlock()
				if time.Since(began) < 5*time.Second {
					tries = append(tries, time.Since(began).Round(100*time.Millisecond))
					return smpptest.DeliverReply{Status: st}
				}
				taken = append(taken, d.Receipt.ID)
				return smpptest.DeliverReply{}
			}))
			r.wait(time.Minute)
			if !slices.Equal(taken, ids) {
				t.Errorf("%v: taken %v, want %v", st, taken, ids)
			}
			// All three at 0, 0.5, 1.5 and 3.5 seconds, and then at 7.5.
			if want := "[0s 0s 0s 500ms 500ms 500ms 1.5s 1.5s 1.5s 3.5s 3.5s 3.5s]"; fmt.Sprint(tries) != want {
				t.Errorf("%v: tried at %v, want %v", st, tries, want)
			}
		})
	}
}

// TestRefused: one that the customer cannot take is offered later, and the others
// pass it; after the login's keep it is given up.
func TestRefused(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		ids := r.submitMany(tx, 3)
		r.wait(time.Second)
		var mu sync.Mutex
		var tries []time.Duration
		began := time.Now()
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) smpptest.DeliverReply {
			mu.Lock()
			defer mu.Unlock()
			if d.Receipt.ID == ids[1] {
				tries = append(tries, time.Since(began).Round(time.Minute))
				return smpptest.DeliverReply{Status: smpp.StatusRxPAppn}
			}
			return smpptest.DeliverReply{}
		}))
		r.wait(time.Second)
		if rx.Delivered() != 3 || r.left(r.shop) != 1 {
			t.Fatalf("%d offered, %d left", rx.Delivered(), r.left(r.shop))
		}
		r.wait(40 * time.Minute)
		if want := "[0s 1m0s 3m0s 7m0s 15m0s]"; fmt.Sprint(tries) != want {
			t.Errorf("tried at %v, want %v", tries, want)
		}
		if r.left(r.shop) != 0 || r.meter.fate(Receipt, FateGivenUp) != 1 {
			t.Errorf("%d left, %d given up", r.left(r.shop), r.meter.fate(Receipt, FateGivenUp))
		}
		if !strings.Contains(r.logs.String(), ids[1]) {
			t.Error("the log does not say which one was given up")
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Keep = sms.Duration(20 * time.Minute) })
}

// TestNobodyComes: what is older than the login keeps is dropped, also when it
// never binds.
func TestNobodyComes(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		r.submitMany(tx, 2)
		r.wait(8 * time.Minute)
		r.replyFrom("8801912345678", "hi")
		if r.left(r.shop) != 3 {
			t.Fatalf("%d rows", r.left(r.shop))
		}
		r.wait(13 * time.Minute)
		if r.left(r.shop) != 1 || r.meter.fate(Receipt, FateGivenUp) != 2 {
			t.Errorf("%d left, %d given up", r.left(r.shop), r.meter.fate(Receipt, FateGivenUp))
		}
		rx := r.esme("shop", smpp.Receiver) // the young one was not lost by being looked at
		if err := rx.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		_ = rx.Unbind(r.ctx)
		r.wait(time.Second)
		r.submitMany(tx, 1)
		r.wait(14 * time.Minute)
		r.server.sweep(r.ctx, time.Now()) // nothing is too old yet
		r.wait(2 * time.Minute)
		rx = r.esme("shop", smpp.Receiver) // too old when it is claimed
		r.wait(time.Second)
		if rx.Delivered() != 0 || r.left(r.shop) != 0 {
			t.Errorf("%d delivered, %d left", rx.Delivered(), r.left(r.shop))
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Keep = sms.Duration(15 * time.Minute) })
}

// TestLongReply: its parts have a header, and are all sent again when one of them
// was not taken.
func TestLongReply(t *testing.T) {
	bubble(t, func(r *rig) {
		text := strings.Repeat("0123456789", 40)
		var mu sync.Mutex
		refuse := 2
		e := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) smpptest.DeliverReply {
			mu.Lock()
			defer mu.Unlock()
			if refuse--; refuse == 0 {
				return smpptest.DeliverReply{Status: smpp.StatusMsgQFul}
			}
			return smpptest.DeliverReply{}
		}))
		r.replyFrom("8801912345678", text)
		r.wait(time.Minute)
		parts := map[byte]string{}
		ref := map[byte]bool{}
		for _, d := range e.Deliveries() {
			p := d.PDU.(*smpp.DeliverSM)
			if p.ESMClass != smpp.EsmUDHI {
				t.Fatalf("no header in %v", p)
			}
			ref[p.ShortMessage[3]] = true
			parts[p.ShortMessage[5]] = string(p.ShortMessage[6:])
		}
		if parts[1]+parts[2]+parts[3] != text || len(ref) != 1 || e.Delivered() < 5 {
			t.Errorf("%d deliveries with %d references make %q", e.Delivered(), len(ref), parts)
		}
		if r.left(r.shop) != 0 {
			t.Errorf("%d rows are left", r.left(r.shop))
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Window = 1 })
}

// TestLongReplyLosesItsReceiver: in the middle of the parts.
func TestLongReplyLosesItsReceiver(t *testing.T) {
	bubble(t, func(r *rig) {
		first := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) smpptest.DeliverReply {
			return smpptest.DeliverReply{Drop: d.N == 2}
		}))
		r.replyFrom("8801912345678", strings.Repeat("0123456789", 40))
		<-first.Done()
		r.wait(time.Second)
		second := r.esme("shop", smpp.Receiver)
		if err := second.WaitDelivered(r.ctx, 3); err != nil {
			t.Fatal(err)
		}
		r.wait(time.Second)
		if second.Delivered() != 3 || r.left(r.shop) != 0 {
			t.Errorf("%d delivered, %d left", second.Delivered(), r.left(r.shop))
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Window = 1 })
}

// TestCannotBeWritten: an address that deliver_sm has no room for does not stop
// what comes behind it.
func TestCannotBeWritten(t *testing.T) {
	bubble(t, func(r *rig) {
		r.replyFrom("a-sender-name-that-is-longer-than-any-field", "hi")
		r.replyFrom("8801912345678", "behind")
		e := r.esme("shop", smpp.Receiver)
		if err := e.WaitDelivered(r.ctx, 1); err != nil {
			t.Fatal(err)
		}
		r.wait(time.Second)
		if e.Delivered() != 1 || r.left(r.shop) != 0 || r.meter.fate(Reply, FateGivenUp) != 1 {
			t.Errorf("%d delivered, %d left", e.Delivered(), r.left(r.shop))
		}
	})
}

// TestStopGivesBack: what was claimed and not sent is there for the next process
// at once, what was acknowledged is gone, and what is under way is waited for.
func TestStopGivesBack(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		r.submitMany(tx, 20)
		r.wait(time.Second)
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) smpptest.DeliverReply {
			return smpptest.DeliverReply{Delay: time.Second}
		}))
		r.wait(1500 * time.Millisecond) // two were answered, two are under way
		r.stop()
		if rx.Delivered() != 4 || r.left(r.shop) != 16 {
			t.Errorf("%d delivered, %d left", rx.Delivered(), r.left(r.shop))
		}
		rows, err := r.store.ClaimDeliveries(r.ctx, time.Now(), r.shop.ID, 100, time.Now().Add(time.Minute))
		if err != nil || len(rows) != 16 {
			t.Errorf("%d rows can be claimed: %v", len(rows), err)
		}
	}, func(r *rig, _ *Options) { r.shop.SMPP.Window = 2 })
}

// TestStoreTroubles: nothing is lost and nothing forgotten while the database is
// away.
func TestStoreTroubles(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		ids := r.submitMany(tx, 3)
		r.wait(time.Second)
		down := sms.Unavailable("disk full", nil)
		for _, verb := range []memory.Verb{memory.VerbClaimDeliveries, memory.VerbAckDeliveries, memory.VerbRetryDeliveries, memory.VerbReleaseDeliveries} {
			r.store.FailNext(verb, down)
		}
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) smpptest.DeliverReply {
			if d.N == 1 {
				return smpptest.DeliverReply{Status: smpp.StatusRxRAppn}
			}
			return smpptest.DeliverReply{}
		}))
		r.wait(2 * time.Minute)
		if got := receiptIDs(rx); len(got) != 4 || !slices.Equal(got[1:], []string{ids[1], ids[2], ids[0]}) {
			t.Errorf("delivered %v, want %v with the first again", got, ids)
		}
		if r.left(r.shop) != 0 || !strings.Contains(r.logs.String(), "will try again") {
			t.Errorf("%d rows are left", r.left(r.shop))
		}
	})
}

// awayStore does not take acknowledgements and retries until it is back.
type awayStore struct {
	Store
	back atomic.Bool
}

func (s *awayStore) AckDeliveries(ctx context.Context, ids []int64) error {
	if !s.back.Load() {
		return sms.Unavailable("away", nil)
	}
	return s.Store.AckDeliveries(ctx, ids)
}

func (s *awayStore) RetryDeliveries(ctx context.Context, ids []int64, due time.Time) error {
	if !s.back.Load() {
		return sms.Unavailable("away", nil)
	}
	return s.Store.RetryDeliveries(ctx, ids, due)
}

// TestAcknowledgementsWait: longer than the leases, and nothing is delivered twice
// that was taken.
func TestAcknowledgementsWait(t *testing.T) {
	away := &awayStore{}
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		ids := r.submitMany(tx, 4)
		r.wait(time.Second)
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(d *smpptest.Delivery) (reply smpptest.DeliverReply) {
			if d.N == 4 {
				reply.Status = smpp.StatusRxPAppn
			}
			return reply
		}))
		r.wait(2 * leaseFor)
		away.back.Store(true)
		r.wait(2 * time.Minute)
		if got := receiptIDs(rx); !slices.Equal(got, append(ids, ids[3])) {
			t.Errorf("delivered %v, want %v and the last again", got, ids)
		}
		if r.left(r.shop) != 0 {
			t.Errorf("%d rows are left", r.left(r.shop))
		}
	}, func(r *rig, o *Options) { away.Store, o.Store = r.store, away })
}

// TestManyAtOnce: with a window and the latency of a network, the database is not
// in the way.
func TestManyAtOnce(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		load, err := tx.SubmitMany(r.ctx, 3000, func(int) *smpp.SubmitSM { return hello() })
		if err != nil || load.Statuses[smpp.StatusOK] != 3000 {
			t.Fatalf("%+v %v", load, err)
		}
		r.wait(time.Second)
		began := time.Now()
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply {
			return smpptest.DeliverReply{Delay: 10 * time.Millisecond}
		}))
		if err := rx.WaitDelivered(r.ctx, 3000); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 500*time.Millisecond { // 3000 / 100 x 10 ms
			t.Errorf("it took %v", took)
		}
		r.wait(time.Second)
		seen := map[string]bool{}
		for _, id := range receiptIDs(rx) {
			seen[id] = true
		}
		if len(seen) != 3000 || r.left(r.shop) != 0 {
			t.Errorf("%d receipts, %d left", len(seen), r.left(r.shop))
		}
	})
}

// TestLeasesThatEnd: a row that is still here is not sent twice because its lease
// ended.
func TestLeasesThatEnd(t *testing.T) {
	s := New(Options{Door: &slowDoor{}})
	l := s.newLogin(&sms.Subscriber{Head: sms.Head{ID: 1, Name: "x"}, SMPP: &sms.SMPPLogin{Keep: sms.Duration(time.Hour)}})
	s.Door = catalogDoor{}
	row := store.Delivery{ID: 5, Event: sms.Event{At: noon}}
	l.outgoing.take([]store.Delivery{row}, 2, noon)
	l.outgoing.take([]store.Delivery{row}, 2, noon.Add(time.Minute))
	if n := len(l.outgoing.ready); n != 1 {
		t.Errorf("%d are ready", n)
	}
}

type catalogDoor struct{ Door }

func (catalogDoor) Catalog() *sms.Catalog { return sms.NewCatalog(1, nil) }

// TestIntermediate: the operator took it, then it arrived.
func TestIntermediate(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver)
		r.submit(e, hello(func(p *smpp.SubmitSM) { p.RegisteredDelivery = smpp.ReceiptOnSuccess | smpp.RequestIntermediate }), smpp.StatusOK)
		r.submit(e, hello(func(p *smpp.SubmitSM) { p.RegisteredDelivery = smpp.ReceiptOnFailure }), smpp.StatusOK)
		r.submit(e, hello(func(p *smpp.SubmitSM) { p.RegisteredDelivery = 0 }), smpp.StatusOK)
		r.wait(time.Second)
		var got []string
		for _, d := range e.Deliveries() {
			got = append(got, d.Receipt.State.String()+" "+strconv.FormatBool(d.Receipt.Intermediate))
		}
		if fmt.Sprint(got) != "[ENROUTE true DELIVERED false]" {
			t.Errorf("told %v", got)
		}
	})
}

// TestStopWithoutAnAnswer: a receiver that never answers does not keep the process.
func TestStopWithoutAnAnswer(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		e := r.esme("shop", smpp.Transceiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply { return smpptest.DeliverReply{NoResponse: true} }))
		r.submitMany(e, 1)
		synctest.Wait()
		began := time.Now()
		r.stop()
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("it took %v", took)
		}
		if rows, err := r.store.ClaimDeliveries(context.Background(), time.Now().Add(time.Hour), r.shop.ID, 10, time.Now()); err != nil || len(rows) != 1 {
			t.Errorf("%d rows: %v", len(rows), err)
		}
	}, func(_ *rig, o *Options) { o.StopWithin = 2 * time.Second })
}
