package flow

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// paced drains p as a sender's loop does, waking late by what late says, until
// the end, and returns when each part went.
func paced(p *pacer, from, end time.Time, late func() time.Duration, each func(now time.Time)) (sent []time.Time) {
	for now := from; now.Before(end); {
		at := p.next(now)
		if at.After(now) {
			now = at.Add(late())
			continue
		}
		sent = append(sent, now)
		now = now.Add(2 * time.Microsecond) // what a Send takes
		if each != nil {
			each(now)
		}
	}
	return sent
}

func punctual() time.Duration { return 0 }

// mostIn is the largest number of parts in any window of that length.
func mostIn(sent []time.Time, window time.Duration) (most int) {
	first := 0
	for i, at := range sent {
		for at.Sub(sent[first]) >= window {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// TestPaceNeverExceeds: in no window are there more parts than the contract
// allows and the tolerance adds, however late the loop wakes, however long the
// link was idle before.
func TestPaceNeverExceeds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0.2, 20_000).Draw(t, "rate")
		lateness := rapid.IntRange(0, 40_000).Draw(t, "microseconds late, at most")
		idle := rapid.IntRange(0, 3).Draw(t, "seconds idle in between")
		late := func() time.Duration {
			return time.Duration(rapid.IntRange(0, lateness).Draw(t, "late")) * time.Microsecond
		}
		if rate > 200 {
			late = func() time.Duration { return time.Duration(lateness) * time.Microsecond } // or rapid draws too often
		}
		p := newPacer(rate)
		half := time.Duration(min(2, 400/rate) * float64(time.Second))
		sent := paced(p, noon, noon.Add(half), late, nil)
		again := noon.Add(half + time.Duration(idle)*time.Second)
		sent = append(sent, paced(p, again, again.Add(half), late, nil)...)
		for _, window := range []time.Duration{10 * time.Millisecond, 100 * time.Millisecond, time.Second, 5 * time.Second} {
			allowed := rate*paceShare*(window+paceTolerance).Seconds() + 1
			if most := mostIn(sent, window); float64(most) > math.Ceil(allowed) {
				t.Fatalf("%d parts in %s at %.1f a second; at most %.1f are allowed", most, window, rate, allowed)
			}
		}
	})
}

// TestPaceKeepsTheContract: no second holds more than the rate and one part.
func TestPaceKeepsTheContract(t *testing.T) {
	for _, rate := range []float64{0.5, 1, 5, 30, 100, 1000, 5000} {
		sent := paced(newPacer(rate), noon, noon.Add(3*time.Second), func() time.Duration { return 30 * time.Millisecond }, nil)
		if most := mostIn(sent, time.Second); float64(most) > rate+1 {
			t.Errorf("%d parts in one second at %v a second", most, rate)
		}
	}
}

// TestPaceReachesTheRate: at least 95 % of it, although timers fire late.
func TestPaceReachesTheRate(t *testing.T) {
	for _, rate := range []float64{1, 7, 50, 333, 5000, 50_000} {
		for _, late := range []time.Duration{0, time.Millisecond, 15 * time.Millisecond} {
			seconds := max(3, 60/rate)
			end := noon.Add(time.Duration(seconds * float64(time.Second)))
			sent := paced(newPacer(rate), noon, end, func() time.Duration { return late }, nil)
			if got := float64(len(sent)) / seconds; got < 0.95*rate {
				t.Errorf("%.1f of %v a second when %s late", got, rate, late)
			}
		}
	}
}

func TestPaceUnlimited(t *testing.T) {
	p := newPacer(0)
	for range 1000 {
		if at := p.next(noon); !at.Equal(noon) {
			t.Fatalf("an unpaced link has to wait until %s", at)
		}
	}
}

// TestThrottledPace: answers halve the rate, those to one window once; it comes
// back by a twentieth a second.
func TestThrottledPace(t *testing.T) {
	rateIn := func(p *pacer, from time.Time) int {
		return len(paced(p, from, from.Add(time.Second), punctual, nil))
	}
	near := func(got int, want float64) bool { return math.Abs(float64(got)-want) < 0.06*want+2 }

	p := newPacer(1000)
	p.next(noon)
	for range 50 {
		p.heard(noon.Add(10*time.Millisecond), 1, 1) // one window
	}
	if n := rateIn(p, noon.Add(20*time.Millisecond)); !near(n, 515) {
		t.Errorf("%d in the second after a complaint, want about 515", n)
	}
	p.heard(noon.Add(1100*time.Millisecond), 1, 1)
	if n := rateIn(p, noon.Add(1100*time.Millisecond)); !near(n, 295) {
		t.Errorf("%d after a second complaint, want about 295", n)
	}
	if n := rateIn(p, noon.Add(30*time.Second)); !near(n, 980) {
		t.Errorf("%d half a minute later, want about 980", n)
	}
	for i := range 100 {
		p.heard(noon.Add(time.Minute+time.Duration(i)*slowOnce), 1, 1)
	}
	if n := rateIn(p, noon.Add(70*time.Second)); n < 15 || n > 60 {
		t.Errorf("%d a second at the floor; some must go, or nobody learns that it is over", n)
	}
}

// TestThrottledNumber: one answer in a hundred is no limit that was passed.
func TestThrottledNumber(t *testing.T) {
	p := newPacer(1000)
	sent := 0
	for at := noon; at.Before(noon.Add(30 * time.Second)); at = at.Add(time.Millisecond) {
		for p.next(at).Equal(at) {
			sent++
			refused := 0
			if sent%100 == 0 {
				refused = 1
			}
			p.heard(at, 1, refused)
		}
	}
	if rate := sent / 30; rate < 400 {
		t.Errorf("%d a second, want more than 400: one answer in a hundred is throttled", rate)
	}
}

// TestThrottledSlowLink: a slow link does not wait out a pause that was computed
// at its lowest rate.
func TestThrottledSlowLink(t *testing.T) {
	p := newPacer(1)
	p.next(noon)
	for i := range 20 {
		p.heard(noon.Add(time.Duration(i)*slowOnce), 1, 1)
	}
	if sent := paced(p, noon.Add(40*time.Second), noon.Add(50*time.Second), punctual, nil); len(sent) < 9 {
		t.Errorf("%d parts in 10 seconds, 40 seconds after the last complaint", len(sent))
	}
}

// TestThrottledUnpacedLink: a link without a pace gets one for a while.
func TestThrottledUnpacedLink(t *testing.T) {
	p := newPacer(0)
	p.heard(noon, 1, 1)
	if n := len(paced(p, noon, noon.Add(time.Second), punctual, nil)); n < 450 || n > 600 {
		t.Errorf("%d in the second after a complaint, want half of %v", n, paceGuess)
	}
	later := noon.Add(15 * time.Second)
	p.next(later)
	if at := p.next(later); !at.Equal(later) {
		t.Error("still paced 15 seconds later")
	}
}

// TestPaceWithClockSteps: a clock that goes back does not stop the link for ever.
func TestPaceWithClockSteps(t *testing.T) {
	p := newPacer(100)
	p.next(noon)
	back := noon.Add(-time.Second)
	if at := p.next(back); at.Sub(back) > time.Second {
		t.Errorf("asked to wait until %s", at)
	}
	if n := len(paced(p, noon, noon.Add(time.Second), punctual, nil)); n < 90 {
		t.Errorf("%d a second afterwards", n)
	}
}

// TestMeter: the speed of a link that went idle is forgotten step by step.
func TestMeter(t *testing.T) {
	var m meter
	for i := range 1000 {
		m.add(noon.Add(time.Duration(i)*100*time.Microsecond), 1)
	}
	if r := m.rate(noon.Add(100 * time.Millisecond)); r < 9900 || r > 10_100 {
		t.Errorf("rate %v, want 10,000", r)
	}
	now := noon.Add(100 * time.Millisecond)
	for range 40 {
		now = now.Add(meterSpan)
		m.rate(now)
	}
	if r := m.rate(now); r > 10 {
		t.Errorf("rate %v two seconds later", r)
	}
}
