package smppd

import (
	"context"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

const (
	// retryAfter is the pause after a step that failed.
	retryAfter = 250 * time.Millisecond
	// A hint makes every login with a receiver look into the store, since it does not
	// say whose rows there are. After it hints rest, the longer the more logins there
	// are: under load each commit gives one.
	hintRest = 2 * time.Millisecond
	hintEach = 100 * time.Microsecond
	// sweepEvery is how often the rows of logins that nobody is bound to are looked
	// through for what is too old, sweepMost of them at a time.
	sweepEvery = 10 * time.Minute
	sweepMost  = 500
)

// Told says that the store may have rows for subscribers. It does not block. It is
// a hint (flow.Options.OnTold): the loops look by themselves too.
func (s *Server) Told() {
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// Run delivers and follows the configuration until ctx ends, which should be after
// Serve has returned; then it writes what was learnt and gives back what was
// claimed.
func (s *Server) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	defer loops.Wait()
	tick, rest := time.NewTicker(poll), time.NewTimer(0)
	defer tick.Stop()
	defer rest.Stop()
	swept, bell := s.Now(), s.bell
	for {
		rung := false
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-rest.C:
			bell = s.bell
			continue
		case <-bell:
			rung = true
		}
		s.follow(s.Door.Catalog())
		deliverers := s.deliverers()
		if rung {
			bell = nil
			rest.Reset(min(poll, hintRest+time.Duration(len(deliverers))*hintEach))
		}
		for _, d := range deliverers {
			if rung {
				d.told()
			}
			if d.start() {
				loops.Go(func() { d.run(ctx) })
			}
		}
		if now := s.Now(); now.Sub(swept) >= sweepEvery {
			swept = now
			s.sweep(ctx, now)
		}
	}
}

// deliverers are those of the logins that have a receiver.
func (s *Server) deliverers() (list []*deliverer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.logins {
		if len(*l.receivers.Load()) > 0 {
			list = append(list, l.outgoing)
		}
	}
	return list
}

// start is true when the loop does not run yet, and then it counts as running.
func (d *deliverer) start() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running {
		return false
	}
	d.running, d.stopped, d.polled = true, false, time.Time{}
	return true
}

// run steps until ctx ends or no receiver is left.
func (d *deliverer) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	bell := d.bell
	for !d.idle() {
		select {
		case <-ctx.Done():
			d.end(ctx)
			return
		case <-timer.C:
		case <-bell:
		}
		now := d.server.Now()
		next, err := d.step(ctx, now)
		wait := poll
		bell = d.bell
		switch {
		case err != nil:
			if ctx.Err() == nil {
				d.server.complain("smpp: deliveries failed, will try again", "login", d.login.noun.Load().Name, "err", err)
			}
			wait, bell = retryAfter, nil // what it needs is out of order, however often it rings
		case !next.IsZero():
			wait = min(poll, max(0, next.Sub(d.server.Now())))
		}
		timer.Reset(wait)
	}
	d.end(ctx)
}

// idle says that no receiver is left and nothing is under way.
func (d *deliverer) idle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(*d.login.receivers.Load()) == 0 && d.underWay() == 0
}

// underWay counts deliveries that wait for an answer: not those in the middle of
// their parts that wait for a receiver. d.mu is held.
func (d *deliverer) underWay() int {
	n := d.flying
	for _, x := range d.ready {
		if x.next > 0 && x.open == 0 {
			n--
		}
	}
	return n
}

// endWithin is how long the store has at the end.
const endWithin = 3 * time.Second

// end sends nothing more, waits for the answers of what is under way, writes them,
// and gives back the rest.
func (d *deliverer) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.server.StopWithin+endWithin)
	defer cancel()
	d.mu.Lock()
	d.stopped = true
	d.mu.Unlock()
	d.await(d.server.StopWithin)
	if _, err := d.settle(ctx, d.server.Now(), true); err != nil {
		d.server.Log.Warn("smpp: acknowledgements were not stored; they will be delivered again", "login", d.login.noun.Load().Name, "err", err)
	}
	d.mu.Lock()
	ids := make([]int64, len(d.ready))
	for i, x := range d.ready {
		ids[i] = x.row.ID
		if x.next > 0 && x.open == 0 {
			d.flying--
		}
	}
	d.forget(ids)
	d.ready = nil
	d.running = false
	d.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	if err := d.server.Store.ReleaseDeliveries(ctx, ids); err != nil {
		d.server.Log.Warn("smpp: claimed deliveries were not given back; they wait for the end of their lease", "login", d.login.noun.Load().Name, "err", err)
	}
}

// await waits until nothing is under way.
func (d *deliverer) await(most time.Duration) {
	over := time.NewTimer(most)
	defer over.Stop()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		d.mu.Lock()
		n := d.underWay()
		d.mu.Unlock()
		if n == 0 {
			return
		}
		select {
		case <-over.C:
			return
		case <-look.C:
		}
	}
}

// sweep drops what is older than their logins keep, for those that nobody is bound
// to: nothing else would ever look at it.
func (s *Server) sweep(ctx context.Context, now time.Time) {
	for _, n := range s.Door.Catalog().Nouns() {
		noun, ok := n.(*sms.Subscriber)
		if !ok || noun.SMPP == nil || s.served(noun.ID) {
			continue
		}
		for ctx.Err() == nil {
			more, err := s.sweepLogin(ctx, noun, now)
			if err != nil {
				s.Log.Error("smpp: old deliveries could not be dropped, will try again", "login", noun.Name, "err", err)
			}
			if err != nil || !more {
				break
			}
		}
	}
}

// served says whether the login has a loop.
func (s *Server) served(id int64) bool {
	s.mu.Lock()
	l := s.logins[id]
	s.mu.Unlock()
	if l == nil {
		return false
	}
	l.outgoing.mu.Lock()
	defer l.outgoing.mu.Unlock()
	return l.outgoing.running
}

// sweepLogin looks at the oldest rows; more is true when all of them were too old.
func (s *Server) sweepLogin(ctx context.Context, noun *sms.Subscriber, now time.Time) (more bool, err error) {
	rows, err := s.Store.ClaimDeliveries(ctx, now, noun.ID, sweepMost, now.Add(leaseFor))
	if err != nil {
		return false, err
	}
	var old, young []int64
	for _, row := range rows {
		x := delivery{row: row}
		if now.Sub(x.at()) > noun.SMPP.Keep.Std() {
			old = append(old, row.ID)
			s.Meter.Delivered(x.what(), FateGivenUp)
		} else {
			young = append(young, row.ID)
		}
	}
	if len(young) > 0 {
		if err := s.Store.ReleaseDeliveries(ctx, young); err != nil {
			return false, err
		}
	}
	if len(old) == 0 {
		return false, nil
	}
	s.Log.Warn("smpp: receipts or replies given up, the customer did not bind in time", "login", noun.Name, "number", len(old))
	return len(old) == sweepMost, s.Store.AckDeliveries(ctx, old)
}
