package sqlite

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// TestClaimDeliveriesWritesNothing: it works while the writer is busy.
func TestClaimDeliveriesWritesNothing(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	sub := hook(t, s, a)
	accept(t, s, messages(a, 3, "k", noon))
	release := occupy(s)
	defer release()
	list, err := s.ClaimDeliveries(t.Context(), noon, sub, 2, noon.Add(time.Hour))
	ok(t, err)
	equal(t, "claimed", len(list), 2)
	ok(t, s.ReleaseDeliveries(t.Context(), []int64{list[1].ID}))
	list, err = s.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
	ok(t, err)
	equal(t, "the released and the last", len(list), 2)
}

// TestLeasesAreOfTheProcess: another one finds the rows due, as after a crash.
func TestLeasesAreOfTheProcess(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	sub := hook(t, s, a)
	accept(t, s, messages(a, 3, "k", noon))
	first, err := s.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
	ok(t, err)
	ok(t, s.RetryDeliveries(t.Context(), []int64{first[0].ID}, noon.Add(time.Minute)))
	again := openAt(t, s.path, Options{})
	list, err := again.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
	ok(t, err)
	equal(t, "due again but the retried one", len(list), 2)
}

// TestAcknowledgedIsNeverClaimed: acknowledging ends the lease, and a claim at
// the same moment must not see the row of before.
func TestAcknowledgedIsNeverClaimed(t *testing.T) {
	const events = 2000
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", events*sms.Credit)
	sub := hook(t, s, a)
	accept(t, s, messages(a, events, "k", noon))
	var all sync.WaitGroup
	var left atomic.Int64
	var mu sync.Mutex
	left.Store(events)
	times := map[int64]int{}
	for range 4 {
		all.Go(func() {
			for left.Load() > 0 {
				list, err := s.ClaimDeliveries(t.Context(), noon, sub, 25, noon.Add(time.Hour))
				if err != nil {
					t.Error(err)
					return
				}
				ids := make([]int64, len(list))
				mu.Lock()
				for i, d := range list {
					ids[i] = d.ID
					times[d.ID]++
				}
				mu.Unlock()
				if err := s.AckDeliveries(t.Context(), ids); err != nil {
					t.Error(err)
					return
				}
				left.Add(-int64(len(ids)))
			}
		})
	}
	all.Wait()
	equal(t, "rows", len(times), events)
	for id, n := range times {
		if n != 1 {
			t.Errorf("row %d was claimed %d times", id, n)
		}
	}
}

// TestLeasesAreForgotten when they ran out, also of rows that nobody claims again.
func TestLeasesAreForgotten(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	sub := hook(t, s, a)
	accept(t, s, messages(a, 3, "k", noon))
	_, err := s.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
	ok(t, err)
	equal(t, "leases", len(s.leases.until), 3)
	for _, at := range []time.Duration{time.Minute, time.Hour} {
		_, err = s.ClaimDeliveries(t.Context(), noon.Add(at), sub+1, 10, noon)
		ok(t, err)
		equal(t, fmt.Sprint("leases after ", at), len(s.leases.until), map[time.Duration]int{time.Minute: 3, time.Hour: 0}[at])
	}
}

// TestDeliveriesClaimFails: a claim that fails leaves no lease.
func TestDeliveriesClaimFails(t *testing.T) {
	s := fresh(t, Options{Readers: 1})
	a := newAccount(t, s, "a", 10*sms.Credit)
	sub := hook(t, s, a)
	accept(t, s, messages(a, 3, "k", noon))
	lose(t, s, `ALTER TABLE part RENAME TO elsewhere`)
	_, err := s.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
	refused(t, err, sms.CodeUnavailable)
	equal(t, "leases", len(s.leases.until), 0)
	lose(t, s, `ALTER TABLE elsewhere RENAME TO part`)
	list, err := s.ClaimDeliveries(t.Context(), noon, sub, 10, noon.Add(time.Hour))
	ok(t, err)
	equal(t, "claimed", len(list), 3)
}
