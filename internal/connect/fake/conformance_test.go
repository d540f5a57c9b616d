package fake_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/connecttest"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	connecttest.Run(t, connecttest.Harness{New: newFarEnd})
}

// farEnd drives the fake as if there were an operator behind it.
type farEnd struct {
	c    *fake.Connector
	log  func(msg string, args ...any)
	mu   sync.Mutex
	know map[string]sms.PartState
	seen []request
	more chan struct{}
}

type request struct {
	c *fake.Connector
	s connect.Submission
}

func (r request) To() string { return r.s.To }

func (r request) Answer(v sms.Verdict, id string) {
	r.c.Resolve(r.s.Attempt, fake.Answer{Verdict: v, UpstreamID: id})
}

func (r request) Header() []byte {
	if r.s.Group.Raw == nil {
		return nil
	}
	return r.s.Group.Raw.Header
}

func (r request) Body() []byte { return r.s.Payload }

func (r request) Receipt() bool { return r.s.Receipt }

func newFarEnd(t *testing.T, o connecttest.Options) (connect.Connector, connecttest.FarEnd) {
	f := &farEnd{more: make(chan struct{}), log: o.Log.Info, know: map[string]sms.PartState{}}
	f.c = fake.New(o.Noun, o.Sink, nil)
	f.c.SetScript(func(_ int, s *connect.Submission) fake.Answer {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.seen = append(f.seen, request{f.c, *s})
		close(f.more)
		f.more = make(chan struct{})
		return fake.Answer{}
	})
	f.c.SetOracle(func(q connect.Query) *fake.Receipt {
		f.mu.Lock()
		defer f.mu.Unlock()
		if state, known := f.know[q.UpstreamID]; known {
			return &fake.Receipt{State: state}
		}
		return nil
	})
	return f.c, f
}

func (f *farEnd) Know(id string, state sms.PartState) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.know[id] = state
}

func (f *farEnd) Next(ctx context.Context) (connecttest.Request, error) {
	for {
		f.mu.Lock()
		if len(f.seen) > 0 {
			r := f.seen[0]
			f.seen = f.seen[1:]
			f.mu.Unlock()
			return r, nil
		}
		more := f.more
		f.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *farEnd) Receipt(ctx context.Context, r connecttest.Receipt) (bool, error) {
	return acked(f.c.Receipts(ctx, sms.Receipt{IDs: []string{r.ID}, To: r.To, State: r.State}))
}

func (f *farEnd) Inbound(ctx context.Context, m connecttest.Inbound) (bool, error) {
	return acked(f.c.Inbound(ctx, sms.Inbound{From: m.From, To: m.To, Text: m.Text}))
}

func acked(err error) (bool, error) {
	switch err {
	case nil:
		return true, nil
	case connect.ErrDown, connect.ErrClosed:
		return false, err
	}
	return false, nil
}

func (f *farEnd) Drop()    { f.c.Down("cut by the test") }
func (f *farEnd) Restore() { f.c.Up() }

var epoch = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
