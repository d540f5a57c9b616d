package flow

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// copies is what the operators know: how often they really took each part, and
// what they really said of it. It is the truth that the store is held against.
type copies struct {
	mu        sync.Mutex
	taken     map[partKey]int // by an operator, so that a handset may show it
	unsure    map[partKey]int // of those, without an answer
	delivered map[partKey]bool
	ids       int
}

type partKey struct {
	message sms.MessageID
	seq     int
}

func newCopies() *copies {
	return &copies{taken: map[partKey]int{}, unsure: map[partKey]int{}, delivered: map[partKey]bool{}}
}

func keyOf(s *connect.Submission) partKey { return partKey{s.Attempt.Message, s.Attempt.Seq} }

// took notes a part that an operator has; unsure, that it did not say so.
func (c *copies) took(s *connect.Submission, unsure bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken[keyOf(s)]++
	if unsure {
		c.unsure[keyOf(s)]++
	}
	c.delivered[keyOf(s)] = true
}

// id is the next id of an operator; no two submissions share one.
func (c *copies) id() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids++
	return fmt.Sprintf("id%d", c.ids)
}

// answer is what an operator of moods does with a submission; dice(n) is 0 to n-1.
func (c *copies) answer(s *connect.Submission, dice func(n int) int) fake.Answer {
	a := fake.Answer{After: time.Duration(dice(4)) * time.Millisecond}
	switch dice(12) {
	case 0:
		a.Verdict = sms.VerdictRetry
	case 1:
		a.Verdict = sms.VerdictThrottle
	case 2:
		a.Verdict = sms.VerdictReject
	case 3: // no answer ever; it may have been taken
		a.Verdict, a.After = sms.VerdictUnknown, time.Duration(1+dice(50))*time.Millisecond
		if dice(2) == 0 {
			c.took(s, true)
		}
	case 4: // the link is lost before it is written
		a.Verdict = sms.VerdictDown
	default:
		a.Verdict, a.UpstreamID = sms.VerdictAccepted, c.id()
		c.took(s, false)
		a.Receipts = c.receipts(dice)
	}
	return a
}

func (c *copies) receipts(dice func(n int) int) []fake.Receipt {
	r := fake.Receipt{State: sms.PartDelivered, Before: dice(6) == 0, After: time.Duration(dice(30)) * time.Millisecond}
	switch dice(8) {
	case 0:
		return nil
	case 1:
		r.State = sms.PartUndelivered
	case 2:
		return []fake.Receipt{{State: sms.PartSent}, r, r} // intermediate, and twice
	}
	return []fake.Receipt{r}
}

// check holds the store against the truth.
func (c *copies) check(t testing.TB, s store.Sweep) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	err := s.Sweep(context.Background(), store.Visitor{Record: func(r sms.Record) error {
		for _, p := range r.Sub {
			key := partKey{r.ID, p.Seq}
			// A link that was cut, a lost answer or a restart makes an attempt
			// unknown; only such a part may have been taken more than once, and
			// only once more.
			if n := c.taken[key]; n > 1+min(1, p.Unknowns) {
				t.Errorf("part %d of message %s was taken %d times, with %d unknown outcomes", p.Seq, r.ID, n, p.Unknowns)
			}
			if (p.State == sms.PartSent || p.State == sms.PartDelivered) && c.taken[key] == 0 {
				t.Errorf("part %d of message %s is %s, and no operator has it", p.Seq, r.ID, p.State)
			}
		}
		return nil
	}})
	if err != nil {
		t.Error(err)
	}
}
