package flow

import (
	"context"
	"fmt"
	"slices"
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
	mu    sync.Mutex
	taken map[partKey]int             // by an operator, so that a handset may show it
	said  map[partKey][]sms.PartState // what receipts were made for it
	given map[string]partKey          // by the ids that the operators gave
	scale time.Duration               // how slow the operators are
	ids   int
}

type partKey struct {
	message sms.MessageID
	seq     int
}

func newCopies() *copies {
	return &copies{taken: map[partKey]int{}, said: map[partKey][]sms.PartState{}, given: map[string]partKey{}, scale: time.Millisecond}
}

func keyOf(s *connect.Submission) partKey { return partKey{s.Attempt.Message, s.Attempt.Seq} }

// took notes a part that an operator has.
func (c *copies) took(s *connect.Submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.taken[keyOf(s)]++
}

// says notes a receipt that will come, if the link lives.
func (c *copies) says(key partKey, state sms.PartState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said[key] = append(c.said[key], state)
}

// id is the next id of an operator, for a part; no two submissions share one.
func (c *copies) id(key partKey) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids++
	id := fmt.Sprintf("id%d", c.ids)
	c.given[id] = key
	return id
}

// oracle answers a question about an id that was given, if it is in the mood.
func (c *copies) oracle(q connect.Query, dice func(n int) int) *fake.Receipt {
	c.mu.Lock()
	key, known := c.given[q.UpstreamID]
	c.mu.Unlock()
	states := []sms.PartState{sms.PartSent, sms.PartDelivered, sms.PartUndelivered}
	i := dice(len(states) + 1)
	if !known || i == len(states) {
		return nil
	}
	c.says(key, states[i])
	return &fake.Receipt{State: states[i], After: time.Duration(dice(3)) * c.scale}
}

// deliver is what an operator in a good mood does.
func (c *copies) deliver(s *connect.Submission) fake.Answer {
	c.took(s)
	a := fake.Answer{Verdict: sms.VerdictAccepted, UpstreamID: c.id(keyOf(s))}
	if s.Receipt {
		c.says(keyOf(s), sms.PartDelivered)
		a.Receipts = []fake.Receipt{{State: sms.PartDelivered, After: c.scale}}
	}
	return a
}

// answer is what an operator of moods does with a submission; dice(n) is 0 to n-1.
func (c *copies) answer(s *connect.Submission, dice func(n int) int) fake.Answer {
	a := fake.Answer{After: time.Duration(dice(4)) * c.scale}
	switch dice(12) {
	case 0:
		a.Verdict = sms.VerdictRetry
	case 1:
		a.Verdict = sms.VerdictThrottle
	case 2:
		a.Verdict = sms.VerdictReject
	case 3: // no answer; it may have been taken all the same
		a.Verdict, a.After = sms.VerdictUnknown, time.Duration(1+dice(50))*c.scale
		if dice(2) == 0 {
			c.took(s)
		}
	case 4: // the link is lost before it is written
		a.Verdict = sms.VerdictDown
	case 5:
		return fake.Answer{Refuse: connect.ErrDown}
	default:
		a.Verdict, a.UpstreamID = sms.VerdictAccepted, c.id(keyOf(s))
		c.took(s)
		if s.Receipt {
			a.Receipts = c.receipts(s, dice)
		}
	}
	return a
}

func (c *copies) receipts(s *connect.Submission, dice func(n int) int) []fake.Receipt {
	r := fake.Receipt{State: sms.PartDelivered, Before: dice(6) == 0, After: time.Duration(dice(30)) * c.scale}
	list := []fake.Receipt{r}
	switch dice(8) {
	case 0:
		return nil
	case 1:
		list[0].State = sms.PartUndelivered
	case 2:
		list = []fake.Receipt{{State: sms.PartSent}, r, r} // intermediate, and twice
	case 3:
		list[0].State = sms.PartExpired
	}
	for _, r := range list {
		c.says(keyOf(s), r.State)
	}
	return list
}

// compare holds the store against the truth.
func (c *copies) compare(t testing.TB, s store.Sweep) {
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
			switch p.State {
			case sms.PartSent:
				if c.taken[key] == 0 {
					t.Errorf("part %d of message %s is sent, and no operator has it", p.Seq, r.ID)
				}
			case sms.PartDelivered, sms.PartUndelivered, sms.PartExpired:
				said := c.said[key]
				if r.ReceiptsOn != sms.ReceiptsAll { // the receipt of one part is the word on all
					said = append(slices.Clone(said), c.said[partKey{r.ID, 1}]...)
					said = append(said, c.said[partKey{r.ID, len(r.Sub)}]...)
				}
				if !slices.Contains(said, p.State) {
					t.Errorf("part %d of message %s is %s, and the operators said %v", p.Seq, r.ID, p.State, said)
				}
			}
		}
		return nil
	}})
	if err != nil {
		t.Error(err)
	}
}
