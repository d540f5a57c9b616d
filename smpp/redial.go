package smpp

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait between attempts to bind. The zero value is 1 s growing to 60 s.
type Backoff struct {
	Min time.Duration // first pause (default 1 s)
	Max time.Duration // greatest pause (default 60 s)
	// Refused is the least pause after a wrong system_id or password, which another try will not
	// make right (default 5 min; it may be above Max).
	Refused time.Duration
	// Stable is how long a session must have lived for the pauses to begin at Min again (default
	// 60 s). A session that is dropped before counts as a failure, however good its bind was.
	Stable time.Duration
}

func (b Backoff) withDefaults() Backoff {
	orDefault(&b.Min, time.Second)
	orDefault(&b.Max, time.Minute)
	orDefault(&b.Refused, 5*time.Minute)
	orDefault(&b.Stable, time.Minute)
	b.Max = max(b.Max, b.Min)
	return b
}

// Pause is the pause after so many failures in a row (1, 2, …): it doubles up to Max, and half of it
// is random, so that many peers do not come back at one instant.
func (b Backoff) Pause(failures int) time.Duration {
	b = b.withDefaults()
	d := b.Min
	for i := 1; i < failures && d < b.Max; i++ {
		d *= 2
	}
	return jitter(min(d, b.Max))
}

func jitter(d time.Duration) time.Duration {
	half := d / 2
	return half + rand.N(half+1)
}

// pauseAfter is Pause, longer after a refused bind.
func (b Backoff) pauseAfter(failures int, err error) time.Duration {
	pause := b.Pause(failures)
	var se *StatusError
	if errors.As(err, &se) {
		switch se.Status {
		case StatusInvPaswd, StatusInvSysID, StatusInvSysTyp: // not ESME_RBINDFAIL: many say so when all binds are taken
			pause = max(pause, jitter(b.withDefaults().Refused))
		}
	}
	return pause
}

// Redial keeps one session alive.
type Redial struct {
	// Dial makes a session; required.
	Dial func(ctx context.Context) (*Session, error)
	// Backoff is how long to wait between tries.
	Backoff Backoff
	// Up is told of every session, when it is bound. It should return soon. May be nil.
	Up func(*Session)
	// Down is told of every failure to bind (s is nil) and of every end of a session, with the
	// pause before the next try. May be nil.
	Down func(s *Session, why error, pause time.Duration)
}

// Run dials, waits for the end of the session, pauses and dials again, until ctx ends. It then closes
// the session, unless somebody unbinds it first: to leave in good order, Unbind the session and then
// cancel ctx.
func (r *Redial) Run(ctx context.Context) error {
	backoff := r.Backoff.withDefaults()
	failures := 0
	for ctx.Err() == nil {
		began := time.Now()
		s, err := r.Dial(ctx)
		if err == nil {
			began = time.Now()
			if r.Up != nil {
				r.Up(s)
			}
			select {
			case <-s.Done():
			case <-ctx.Done():
				_ = s.Close() // never fails
				<-s.Done()
			}
			err = s.Err()
		}
		if ctx.Err() != nil {
			break
		}
		if s != nil && time.Since(began) >= backoff.Stable {
			failures = 0
		}
		failures++
		pause := backoff.pauseAfter(failures, err)
		if r.Down != nil {
			r.Down(s, err, pause)
		}
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
	}
	return ctx.Err()
}
