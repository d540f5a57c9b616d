package smpp

import "time"

// keepLoop owns the timers and the end of the session. Nobody wakes it when a request is sent: it
// wakes by itself no later than the earliest moment at which anything sent from now on could expire.
func (s *Session) keepLoop() {
	k := keeper{s: s}
	timer := time.NewTimer(k.check())
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			timer.Reset(k.check())
		case <-s.closing:
			s.settle()
			return
		}
	}
}

// keeper is the state of the timers.
type keeper struct {
	s        *Session
	asked    int64 // when the open enquire_link was sent; 0: none
	askedSeq uint32
	misses   int
}

// check does what is due and says when to come back.
func (k *keeper) check() time.Duration {
	now := k.s.now()
	next := time.Hour
	for _, timer := range [...]func(int64) time.Duration{k.unfinishedPDU, k.responses, k.enquire, k.inactivity} {
		if d := timer(now); d > 0 {
			next = min(next, d)
		}
	}
	return next
}

// remains is what is left of a timer that began at since, negative or 0 when it is over.
func remains(now, since int64, d time.Duration) time.Duration {
	return d - time.Duration(now-since)
}

func (k *keeper) unfinishedPDU(now int64) time.Duration {
	limit := k.s.cfg.PDUTimeout
	if limit <= 0 {
		return 0
	}
	since := k.s.partial.Load()
	if since == 0 {
		return limit
	}
	left := remains(now, since, limit)
	if left <= 0 {
		k.s.shutdown(ErrPDUTimeout)
	}
	return left
}

// responses ends the requests that waited too long. All wait equally long, so the oldest is first.
func (k *keeper) responses(now int64) time.Duration {
	s := k.s
	if s.cfg.ResponseTimeout <= 0 {
		return 0
	}
	for {
		s.mu.Lock()
		sl := s.slots.head
		if sl == nil || sl.deadline > now {
			left := s.cfg.ResponseTimeout
			if sl != nil {
				left = time.Duration(sl.deadline - now)
			}
			s.mu.Unlock()
			return left
		}
		res := Result{Outcome: TimedOut, Sequence: sl.seq}
		windowed := sl.windowed
		done := s.slots.close(sl, slotTimedOut)
		s.slots.late.add(res.Sequence, done)
		s.wakeDrainedLocked(false)
		s.mu.Unlock()
		s.counters.timeouts.Add(1)
		s.complete(done, windowed, res)
	}
}

// enquire asks a silent peer whether it lives. It does not need a place in the window.
func (k *keeper) enquire(now int64) time.Duration {
	s := k.s
	if s.cfg.EnquireInterval <= 0 {
		return 0
	}
	if k.asked != 0 {
		if s.lastRx.Load() >= k.asked { // any sign of life will do
			k.asked, k.misses = 0, 0
		} else if left := remains(now, k.asked, s.cfg.EnquireTimeout); left > 0 {
			return min(left, s.cfg.EnquireInterval) // an answer starts the next interval
		} else if k.misses++; k.misses >= s.cfg.EnquireMisses {
			s.shutdown(ErrDeadPeer)
			return 0
		} else {
			return k.ask(now)
		}
	}
	quiet := min(s.lastRx.Load(), s.lastTx.Load())
	if left := remains(now, quiet, s.cfg.EnquireInterval); left > 0 {
		return left
	}
	return k.ask(now)
}

func (k *keeper) ask(now int64) time.Duration {
	k.forget()
	seq, err := k.s.enqueueRequest(linkTest, nil, false)
	if err == nil {
		k.asked, k.askedSeq = now, seq
	}
	return min(k.s.cfg.EnquireTimeout, k.s.cfg.EnquireInterval)
}

// forget closes the last enquire_link, so that there is never more than one.
func (k *keeper) forget() {
	k.s.mu.Lock()
	defer k.s.mu.Unlock()
	if sl, _ := k.s.slots.find(k.askedSeq); sl != nil && sl.cmd == CmdEnquireLink {
		k.s.slots.close(sl, slotTimedOut)
		k.s.wakeDrainedLocked(false)
	}
}

func (k *keeper) inactivity(now int64) time.Duration {
	limit := k.s.cfg.InactivityTimeout
	if limit <= 0 {
		return 0
	}
	left := remains(now, k.s.lastTraffic.Load(), limit)
	if left <= 0 {
		k.s.shutdown(ErrInactive)
	}
	return left
}
