package smppd

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// TestSilentReceiverIsLeftOut: what one does not answer goes to the one that does,
// and no more is lost with it than one now and then, until it answers again.
func TestSilentReceiverIsLeftOut(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		var answers atomic.Bool
		dead := r.esme("shop", smpp.Receiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply {
			return smpptest.DeliverReply{NoResponse: !answers.Load()}
		}))
		live := r.esme("shop", smpp.Receiver)
		ids := r.submitMany(tx, 40)
		r.wait(answerWithin + time.Second)
		got := receiptIDs(live)
		slices.Sort(got)
		if slices.Sort(ids); !slices.Equal(got, ids) {
			t.Errorf("after one timeout the live one has %d of 40", len(got))
		}
		first := dead.Delivered()
		if first == 0 || first > 20 {
			t.Fatalf("the silent one was offered %d", first)
		}
		r.submitMany(tx, 40)
		r.wait(5 * time.Second)
		if n := live.Delivered(); n != 80 || dead.Delivered() != first {
			t.Errorf("the live one has %d of 80; the silent one was offered %d more", n, dead.Delivered()-first)
		}
		for range 60 { // in an hour it is tried after 30 s, 60 s, ... and then every 10 minutes
			r.submitMany(tx, 4)
			r.wait(time.Minute)
		}
		if n := dead.Delivered() - first; n < 5 || n > 12 {
			t.Errorf("the silent one was tried %d times in an hour", n)
		}
		answers.Store(true)
		for range 11 {
			r.submitMany(tx, 4)
			r.wait(time.Minute)
		}
		first = dead.Delivered()
		r.submitMany(tx, 40)
		r.wait(time.Second)
		if n := dead.Delivered() - first; n != 20 {
			t.Errorf("it answers again and got %d of 40", n)
		}
		r.wait(time.Minute)
		if left := r.left(r.shop); left != 0 {
			t.Errorf("%d rows are left", left)
		}
		_ = dead.Close()
		r.submitMany(tx, 1)
		r.wait(time.Second)
		d := r.server.loginOf(r.shop).outgoing
		if d.mu.Lock(); len(d.known) != 1 {
			t.Errorf("%d receivers are remembered", len(d.known))
		}
		d.mu.Unlock()
	})
}

// TestAllReceiversAreSilent: then all are tried, one PDU at a time, and the first
// that answers gets everything.
func TestAllReceiversAreSilent(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		var answers atomic.Bool
		silent := func(*smpptest.Delivery) smpptest.DeliverReply { return smpptest.DeliverReply{NoResponse: true} }
		a := r.esme("shop", smpp.Receiver, onDeliver(silent))
		b := r.esme("shop", smpp.Receiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply {
			return smpptest.DeliverReply{NoResponse: !answers.Load()}
		}))
		r.submitMany(tx, 30)
		r.wait(answerWithin + time.Second)
		// Who times out last may get what the other had. After that there is one at a time.
		if n := a.Delivered() + b.Delivered(); n < 31 || n > 47 {
			t.Errorf("%d were offered", n)
		}
		answers.Store(true)
		r.wait(2 * answerWithin)
		if left := r.left(r.shop); left != 0 {
			t.Errorf("%d rows are left", left)
		}
	})
}

// TestLateReceiver: one that works off its window too slowly is not flooded with
// the same again and again.
func TestLateReceiver(t *testing.T) {
	bubble(t, func(r *rig) {
		r.operator(fake.Deliver)
		tx := r.esme("shop", smpp.Transmitter)
		ids := r.submitMany(tx, 300)
		r.wait(time.Second)
		var mu sync.Mutex
		var free time.Time
		rx := r.esme("shop", smpp.Receiver, onDeliver(func(*smpptest.Delivery) smpptest.DeliverReply {
			mu.Lock()
			defer mu.Unlock()
			if now := time.Now(); free.Before(now) {
				free = now
			}
			free = free.Add(300 * time.Millisecond)
			return smpptest.DeliverReply{Delay: time.Until(free)}
		}))
		r.wait(3 * time.Minute) // 300 take a minute and a half
		if left := r.left(r.shop); left != 0 {
			t.Errorf("%d rows are left", left)
		}
		got := receiptIDs(rx)
		slices.Sort(got)
		if twice := len(got) - len(slices.Compact(got)); len(got)-twice != len(ids) || twice > len(ids)/2 {
			t.Errorf("%d receipts, %d of them again", len(got), twice)
		}
	})
}

func TestReceiver(t *testing.T) {
	const window, waited = 100, 15 * time.Second
	r, now := receiver{open: 99}, noon
	if !r.takes(now, false) {
		t.Error("a good one is held back")
	}
	for range 10 { // a window of them
		r.timedOut(now, window, waited)
	}
	if r.silent != 1 || r.most != window/2 || !r.aside.Equal(now.Add(asideFirst)) {
		t.Errorf("after a window of timeouts %+v", r)
	}
	if r.open = 1; r.takes(now.Add(time.Hour), true) {
		t.Error("a silent one gets more than one at a time")
	}
	if r.open = 0; r.takes(now, false) || !r.takes(now, true) || !r.takes(r.aside, false) {
		t.Error("a silent one is left out for a while, unless it is alone")
	}
	now = r.aside
	r.timedOut(now, window, waited)
	if r.silent != 2 || !r.aside.Equal(now.Add(2*asideFirst)) || r.most != window/2 {
		t.Errorf("after the second time %+v", r)
	}
	r.answered(window)
	if r.open = window / 2; r.silent != 0 || r.takes(now, false) {
		t.Errorf("after an answer %+v", r)
	}
	n := 1
	for ; r.most > 0 && n < 10_000; n++ {
		r.answered(window)
	}
	if r.open = window; n < 3000 || n > 5000 || !r.takes(now, false) {
		t.Errorf("it has its window again after %d answers: %+v", n, r)
	}
	for range 20 {
		now = now.Add(time.Hour)
		r.timedOut(now, window, waited)
	}
	if r.most != window/2 || !r.aside.Equal(now.Add(asideMost)) {
		t.Errorf("silent for long %+v", r)
	}
	for range 20 {
		now = now.Add(waited)
		r.answered(window)
		r.timedOut(now, window, waited)
		r.answered(window)
		r.timedOut(now, window, waited) // of the same window
	}
	if r.most < 1 || r.most > 3 {
		t.Errorf("late again and again %+v", r)
	}
}
