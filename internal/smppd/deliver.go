package smppd

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/smpp"
)

const (
	// poll is how long a loop that nobody wakes sleeps at most: another process may
	// have written what it should see.
	poll = 200 * time.Millisecond
	// leaseFor is longer than a deliver_sm waits for its answer.
	leaseFor = 3 * time.Minute
	// Acknowledged rows are removed when ackMost have gathered, or the first has
	// waited for ackWait: a crash in between delivers them again.
	ackMost = 500
	ackWait = 50 * time.Millisecond
	// claimMost rows are claimed at a time, claimLeast also for a small window. What
	// is claimed should be offered long before its lease ends.
	claimMost  = 1000
	claimLeast = 20
)

// deliverer brings a login what the store has for it, over any of its receivers,
// in order. It claims more rows than the windows hold, so that the next one goes
// out as soon as one is answered, without the database.
//
// What was lost with a session, or refused by a busy receiver, takes its old place
// again and is offered first. What is refused for itself goes back into the store
// until later, and the others pass it. Who does not answer is left out while
// another receiver does (see receiver).
type deliverer struct {
	server *Server
	login  *login
	bell   chan struct{}

	mu      sync.Mutex
	running bool
	stopped bool // nothing more is sent
	dry     bool // the last claim took all there was
	low     int  // as long as fewer are ready, more are claimed
	seq     uint64
	ready   []*delivery                 // claimed and to be sent, in order of seq
	held    map[int64]struct{}          // rows that are here, until the store knows what became of them
	flying  int                         // deliveries under way
	known   map[*smpp.Session]*receiver // those that were offered something
	turn    int                         // which receiver is next
	zone    *time.Location
	scratch smpp.DeliverSM

	paused time.Time // nothing is sent before
	busy   int       // pauses since something was taken

	acks    []int64
	ackedAt time.Time             // when the first of acks came
	later   map[time.Time][]int64 // rows by when they are due again
	givenUp []*delivery

	polled time.Time // when the store was last asked without a reason
}

func newDeliverer(s *Server, l *login) *deliverer {
	return &deliverer{server: s, login: l, bell: make(chan struct{}, 1), held: map[int64]struct{}{}, known: map[*smpp.Session]*receiver{},
		later: map[time.Time][]int64{}, zone: time.UTC}
}

// ring wakes the loop; ringing twice is ringing once.
func (d *deliverer) ring() {
	select {
	case d.bell <- struct{}{}:
	default:
	}
}

// told says that the store may have something new.
func (d *deliverer) told() {
	d.mu.Lock()
	d.dry = false
	d.mu.Unlock()
	d.ring()
}

// step writes what was learnt, claims what there is room for, and sends. next is
// when it wants to be called again (zero: when woken).
func (d *deliverer) step(ctx context.Context, now time.Time) (next time.Time, err error) {
	next, err = d.settle(ctx, now, false)
	if err != nil {
		return next, err
	}
	d.mu.Lock()
	if now.Sub(d.polled) >= d.server.pollEvery() {
		d.dry, d.polled = false, now
	}
	d.mu.Unlock()
	want := d.want(now)
	if want > 0 {
		rows, err := d.server.Store.ClaimDeliveries(ctx, now, d.login.id, want, now.Add(leaseFor))
		if err != nil {
			return next, err
		}
		d.take(rows, want, now)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pump(now)
	if d.paused.After(now) && (next.IsZero() || d.paused.Before(next)) {
		next = d.paused
	}
	return next, nil
}

// want is how many rows to claim now.
func (d *deliverer) want(now time.Time) int {
	room := 0
	for _, s := range *d.login.receivers.Load() {
		room += s.Window()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if room == 0 || d.stopped || d.dry || now.Before(d.paused) {
		return 0
	}
	most := min(claimMost, max(claimLeast, 2*room))
	d.low = most / 2
	if len(d.ready) > d.low {
		return 0
	}
	return most - len(d.ready)
}

// take puts claimed rows behind those that are ready. What is older than the login
// keeps is given up.
func (d *deliverer) take(rows []store.Delivery, want int, now time.Time) {
	zone := d.server.Door.Catalog().Zone(d.login.noun.Load().AccountID)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.zone = zone
	d.dry = len(rows) < want
	for _, row := range rows {
		if _, ok := d.held[row.ID]; ok {
			continue // its lease ended while it is still here
		}
		d.seq++
		x := &delivery{deliverer: d, row: row, seq: d.seq}
		d.held[row.ID] = struct{}{}
		if d.expired(x, now) {
			d.giveUp(x)
			continue
		}
		d.ready = append(d.ready, x)
	}
}

// expired says that the login does not want it any more. d.mu is held, here and
// below.
func (d *deliverer) expired(x *delivery, now time.Time) bool {
	return now.Sub(x.at()) > d.login.noun.Load().SMPP.Keep.Std()
}

// pump sends what is ready, as far as the windows go. While a session ends it
// waits for all that was under way there, which comes before the rest.
func (d *deliverer) pump(now time.Time) {
	if d.stopped || now.Before(d.paused) {
		return
	}
	for s, r := range d.known {
		select {
		case <-s.Closing():
			if r.open > 0 {
				return
			}
			delete(d.known, s)
		default:
		}
	}
	receivers := *d.login.receivers.Load()
	alone := !slices.ContainsFunc(receivers, func(s *smpp.Session) bool { return d.known[s] == nil || d.known[s].silent == 0 })
	for len(d.ready) > 0 {
		x := d.ready[0]
		done, ok := d.send(x, receivers, now, alone)
		if !ok {
			return
		}
		if done {
			d.ready[0] = nil
			d.ready = d.ready[1:]
		}
	}
}

// send offers the next PDU of x to the receivers in turn. ok is false when none
// has room, done is true when x needs no more sending. alone: all of them are
// silent.
func (d *deliverer) send(x *delivery, receivers []*smpp.Session, now time.Time, alone bool) (done, ok bool) {
	if x.failed() { // in the middle of a long one; its other parts are still under way
		return true, true
	}
	for range receivers {
		d.turn = (d.turn + 1) % len(receivers)
		s := receivers[d.turn]
		r := d.known[s]
		if r != nil && !r.takes(now, alone) {
			continue
		}
		p := x.pdu(s.Version())
		err := s.TrySend(p, flight{x, s})
		if err == nil {
			if x.next == 0 {
				d.flying++
			}
			last := x.last()
			x.next++
			x.open++
			if r == nil {
				r = new(receiver)
				d.known[s] = r
			}
			r.open++
			return last, true
		}
		if field := (*smpp.FieldError)(nil); errors.As(err, &field) {
			// No receiver will ever take it: an operator gave it an address that
			// deliver_sm has no room for.
			d.server.Log.Error("smpp: a message cannot be written as deliver_sm", "login", d.login.noun.Load().Name, "message", x.name(), "err", err)
			d.giveUp(x)
			return true, true
		}
	}
	return false, false
}

// finish sorts out a delivery whose PDUs are all answered or lost.
func (d *deliverer) finish(x *delivery, now time.Time) {
	d.flying--
	meter := d.server.Meter
	switch {
	case !x.failed():
		meter.Delivered(x.what(), FateTaken)
		d.busy = 0
		d.ack(x, now)
		return
	case x.status == smpp.StatusOK:
		meter.Delivered(x.what(), FateLost)
	default:
		meter.Delivered(x.what(), FateRefused)
	}
	switch st := x.status; {
	case d.expired(x, now):
		d.remove(x)
		d.giveUp(x)
	case st != smpp.StatusOK && !soon(st):
		d.remove(x)
		due := now.Add(doubled(refusedFirst, refusedMost, x.row.Attempts)).Truncate(time.Second) // so that many have one
		d.later[due] = append(d.later[due], x.row.ID)
	default:
		if st != smpp.StatusOK && !now.Before(d.paused) { // one pause for a whole window of refusals
			d.paused = now.Add(doubled(busyFirst, busyMost, d.busy))
			d.busy++
		}
		d.again(x)
	}
}

// again puts x back to its place, if it is not there still.
func (d *deliverer) again(x *delivery) {
	x.next, x.open, x.status, x.lost = 0, 0, smpp.StatusOK, false
	if at, found := d.place(x); !found {
		d.ready = slices.Insert(d.ready, at, x)
	}
}

// remove takes x out of what is ready: it was in the middle of its parts.
func (d *deliverer) remove(x *delivery) {
	if at, found := d.place(x); found {
		d.ready = slices.Delete(d.ready, at, at+1)
	}
}

func (d *deliverer) place(x *delivery) (at int, found bool) {
	return slices.BinarySearchFunc(d.ready, x, func(a, b *delivery) int { return cmp.Compare(a.seq, b.seq) })
}

func (d *deliverer) ack(x *delivery, now time.Time) {
	if len(d.acks) == 0 {
		d.ackedAt = now
	}
	d.acks = append(d.acks, x.row.ID)
}

// giveUp drops x: its row goes with the acknowledged ones.
func (d *deliverer) giveUp(x *delivery) {
	d.server.Meter.Delivered(x.what(), FateGivenUp)
	d.givenUp = append(d.givenUp, x)
	d.ack(x, time.Time{})
}

// wanted says whether the loop has something to do.
func (d *deliverer) wanted(now time.Time) bool {
	return len(d.later) > 0 || len(d.acks) == 1 || len(d.acks) >= ackMost || len(d.ready) < d.low && !d.dry || now.Before(d.paused)
}

// settle writes acknowledgements and retries to the store; what it does not take
// is kept for the next time. Acknowledgements wait for others unless all is set.
func (d *deliverer) settle(ctx context.Context, now time.Time, all bool) (next time.Time, err error) {
	d.mu.Lock()
	acks, retries, givenUp := d.acks, d.later, d.givenUp
	if due := d.ackedAt.Add(ackWait); !all && len(acks) > 0 && len(acks) < ackMost && now.Before(due) {
		acks, next = nil, due
	} else {
		d.acks = nil
	}
	if len(retries) > 0 {
		d.later = map[time.Time][]int64{}
	}
	d.givenUp = nil
	d.mu.Unlock()
	if len(givenUp) > 0 {
		d.server.Log.Warn("smpp: receipts or replies given up, the customer did not take them in time",
			"login", d.login.noun.Load().Name, "number", len(givenUp), "first", givenUp[0].name())
	}
	if len(acks) > 0 {
		err = d.server.Store.AckDeliveries(ctx, acks)
		d.mu.Lock()
		if err != nil {
			d.acks = append(acks, d.acks...)
		} else {
			d.forget(acks)
		}
		d.mu.Unlock()
	}
	for due, ids := range retries {
		rerr := d.server.Store.RetryDeliveries(ctx, ids, due)
		d.mu.Lock()
		if rerr != nil {
			err = rerr
			d.later[due] = append(d.later[due], ids...)
		} else {
			d.forget(ids)
		}
		d.mu.Unlock()
	}
	return next, err
}

func (d *deliverer) forget(ids []int64) {
	for _, id := range ids {
		delete(d.held, id)
	}
}
