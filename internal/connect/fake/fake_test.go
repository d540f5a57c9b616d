package fake_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/fake"
	"github.com/harkara/harkara/internal/sms"
)

// diary is a sink that writes down what it is told, in order.
type diary struct {
	lines  []string
	refuse error
}

func (d *diary) Outcomes(list []sms.Outcome) {
	for _, o := range list {
		d.lines = append(d.lines, fmt.Sprintf("%d %v %s", o.Message, o.Verdict, o.UpstreamID+string(o.Reason)))
	}
}

func (d *diary) Receipts(_ context.Context, list []sms.Receipt) error {
	for _, r := range list {
		d.lines = append(d.lines, fmt.Sprintf("receipt %v %v at %v", r.IDs, r.State, r.At.Sub(epoch)))
	}
	return d.refuse
}

func (d *diary) Inbound(_ context.Context, list []sms.Inbound) error {
	for _, m := range list {
		d.lines = append(d.lines, "inbound from "+m.From)
	}
	return d.refuse
}

func (d *diary) Link(l connect.Link) {
	d.lines = append(d.lines, fmt.Sprintf("up %v %s", l.Up, l.Reason))
}

func (d *diary) take() []string {
	lines := d.lines
	d.lines = nil
	return lines
}

type world struct {
	*diary
	t   *testing.T
	now time.Time
	c   *fake.Connector
}

func newWorld(t *testing.T, script fake.Script) *world {
	w := &world{diary: &diary{}, t: t, now: epoch}
	w.c = fake.New(&sms.Connector{Head: sms.Head{ID: 3}, Window: 3}, w.diary, func() time.Time { return w.now })
	w.c.SetScript(script)
	if err := w.c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.want("up true ")
	return w
}

func (w *world) want(lines ...string) {
	w.t.Helper()
	if got := w.take(); len(got)+len(lines) > 0 && !reflect.DeepEqual(got, lines) {
		w.t.Errorf("\n got %q\nwant %q", got, lines)
	}
}

func (w *world) send(id sms.MessageID) {
	w.t.Helper()
	if err := w.c.Send(w.t.Context(), &connect.Submission{Attempt: sms.AttemptRef{Message: id, Seq: 1}, To: "123"}); err != nil {
		w.t.Errorf("Send: %v", err)
	}
}

func (w *world) step(after time.Duration) time.Time {
	w.now = w.now.Add(after)
	return w.c.Step(w.t.Context(), w.now)
}

func TestAnswersBeforeSendReturns(t *testing.T) {
	w := newWorld(t, fake.Deliver)
	w.send(1)
	w.want("1 accepted 1", "receipt [1] delivered at 0s")
	if got := w.c.Got(); len(got) != 1 || got[0].To != "123" {
		t.Errorf("recorded %+v", got)
	}
}

func TestVerdictsHaveReasons(t *testing.T) {
	verdicts := []sms.Verdict{sms.VerdictRetry, sms.VerdictThrottle, sms.VerdictReject, sms.VerdictUnknown, sms.VerdictDown}
	w := newWorld(t, func(n int, _ *connect.Submission) fake.Answer { return fake.Answer{Verdict: verdicts[n-1]} })
	for i := range verdicts {
		w.send(sms.MessageID(i + 1))
	}
	w.want("1 retry retrying", "2 throttle throttled", "3 reject operator_rejected", "4 unknown outcome_unknown", "5 down link_down")
}

func TestReceiptsBeforeAndAfterTheOutcome(t *testing.T) {
	w := newWorld(t, func(int, *connect.Submission) fake.Answer {
		return fake.Answer{Verdict: sms.VerdictAccepted, UpstreamID: "ab", After: time.Second, Receipts: []fake.Receipt{
			{State: sms.PartSent, Before: true},
			{State: sms.PartDelivered, After: 2 * time.Second, IDs: []string{"171", "ab"}},
		}}
	})
	w.send(1)
	w.want()
	if next := w.step(0); !next.Equal(epoch.Add(time.Second)) {
		t.Errorf("next is %v", next)
	}
	w.want()
	if next := w.step(time.Second); !next.Equal(epoch.Add(3 * time.Second)) {
		t.Errorf("next is %v", next)
	}
	w.want("receipt [ab] sent at 1s", "1 accepted ab")
	if next := w.step(time.Minute); !next.IsZero() {
		t.Errorf("next is %v, nothing is left", next)
	}
	w.want("receipt [171 ab] delivered at 3s")
}

func TestStepsInOrderOfTime(t *testing.T) {
	delays := []time.Duration{3, 1, 2}
	w := newWorld(t, func(n int, _ *connect.Submission) fake.Answer {
		return fake.Answer{Verdict: sms.VerdictAccepted, After: delays[n-1] * time.Second}
	})
	for i := range delays {
		w.send(sms.MessageID(i + 1))
	}
	w.step(time.Minute)
	w.want("2 accepted 1", "3 accepted 2", "1 accepted 3")
}

func TestLostLink(t *testing.T) {
	w := newWorld(t, func(n int, _ *connect.Submission) fake.Answer {
		return fake.Answer{Unwritten: n == 2, Verdict: map[bool]sms.Verdict{true: sms.VerdictAccepted}[n == 3], After: time.Hour}
	})
	w.send(1)
	w.send(2)
	w.send(3)
	w.c.Down("cut")
	w.want("1 unknown outcome_unknown", "2 down link_down", "3 unknown outcome_unknown", "up false cut")
	if err := w.c.Send(t.Context(), &connect.Submission{}); !errors.Is(err, connect.ErrDown) {
		t.Errorf("Send without a link: %v", err)
	}
	if next := w.step(2 * time.Hour); !next.IsZero() {
		t.Errorf("something is due at %v without a link", next)
	}
	if err := w.c.Late(sms.AttemptRef{Message: 1}, "x"); !errors.Is(err, connect.ErrDown) {
		t.Errorf("a late answer without a link: %v", err)
	}
	w.c.Up()
	if err := w.c.Late(sms.AttemptRef{Message: 1}, "x"); err != nil {
		t.Error(err)
	}
	w.want("up true ", "1 accepted x")
}

func TestReceiptsWaitForTheLink(t *testing.T) {
	w := newWorld(t, func(int, *connect.Submission) fake.Answer {
		return fake.Answer{Verdict: sms.VerdictAccepted, Receipts: []fake.Receipt{{State: sms.PartDelivered, After: time.Second}}}
	})
	w.send(1)
	w.c.Down("cut")
	w.want("1 accepted 1", "up false cut")
	w.step(time.Minute)
	w.want()
	w.c.Up()
	w.step(0)
	w.want("up true ", "receipt [1] delivered at 1s")
}

func TestRefusedReceiptComesAgain(t *testing.T) {
	w := newWorld(t, fake.Deliver)
	w.refuse = errors.New("no")
	w.send(1)
	w.want("1 accepted 1", "receipt [1] delivered at 0s")
	next := w.step(0)
	w.want()
	w.refuse = nil
	w.step(next.Sub(w.now))
	w.want("receipt [1] delivered at 0s")
	if w.c.Refusals() != 1 {
		t.Errorf("%d refusals", w.c.Refusals())
	}
}

func TestResolve(t *testing.T) {
	w := newWorld(t, fake.Hold)
	w.send(1)
	w.send(2)
	refs := w.c.Open()
	if len(refs) != 2 || refs[0].Message != 1 {
		t.Fatalf("open: %v", refs)
	}
	if !w.c.Resolve(refs[1], fake.Answer{Verdict: sms.VerdictReject}) || w.c.Resolve(refs[1], fake.Answer{Verdict: sms.VerdictReject}) {
		t.Error("an attempt is resolved once")
	}
	w.want("2 reject operator_rejected")
}

func TestRefusedSend(t *testing.T) {
	no := errors.New("no")
	w := newWorld(t, func(int, *connect.Submission) fake.Answer { return fake.Answer{Refuse: no} })
	if err := w.c.Send(t.Context(), &connect.Submission{}); !errors.Is(err, no) {
		t.Errorf("Send: %v", err)
	}
	w.want()
	if len(w.c.Open()) != 0 {
		t.Error("a refused submission stays in the window")
	}
}

func TestDownBeforeConnect(t *testing.T) {
	d := &diary{}
	c := fake.New(&sms.Connector{}, d, nil)
	c.Down("the operator is closed")
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Send(t.Context(), &connect.Submission{}); !errors.Is(err, connect.ErrDown) {
		t.Errorf("Send: %v", err)
	}
	c.Up()
	if err := c.Send(t.Context(), &connect.Submission{}); err != nil {
		t.Errorf("Send: %v", err)
	}
	if err := c.Connect(t.Context()); err == nil {
		t.Error("Connect works twice")
	}
}

func TestQuery(t *testing.T) {
	w := newWorld(t, fake.Accept)
	q := connect.Query{UpstreamID: "ab", To: "123"}
	if err := w.c.Query(t.Context(), q); !errors.Is(err, connect.ErrNoQuery) {
		t.Errorf("asked without an oracle: %v", err)
	}
	answers := []*fake.Receipt{nil, {State: sms.PartDelivered}, {State: sms.PartUndelivered, IDs: []string{"x"}, After: time.Second}}
	n := 0
	w.c.SetOracle(func(connect.Query) *fake.Receipt { n++; return answers[n-1] })
	for range answers {
		if err := w.c.Query(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	w.want("receipt [ab] delivered at 0s")
	if next := w.step(time.Second); !next.IsZero() {
		t.Errorf("next is %v", next)
	}
	w.want("receipt [x] undelivered at 1s")
	w.c.Down("cut")
	if err := w.c.Query(t.Context(), q); !errors.Is(err, connect.ErrDown) {
		t.Errorf("asked without a link: %v", err)
	}
	w.want("up false cut")
	if got := w.c.Asked(); len(got) != 3 || got[0] != q {
		t.Errorf("asked %+v", got)
	}
}

func TestAdjust(t *testing.T) {
	w := newWorld(t, fake.Hold)
	for id := range sms.MessageID(3) {
		w.send(id + 1) // the window
	}
	noun := sms.Connector{Head: sms.Head{ID: 3, Version: 2}, Window: 4, ScopeID: 9}
	if !w.c.Adjust(&noun) || w.c.Info().Window != 4 {
		t.Fatalf("the window is %d", w.c.Info().Window)
	}
	w.send(4)
	noun.Settings = []byte("{}")
	noun.Window = 9
	if w.c.Adjust(&noun) || w.c.Info().Window != 4 {
		t.Error("other settings were taken")
	}
	noun.Settings, noun.Protocol = nil, "smpp"
	if w.c.Adjust(&noun) {
		t.Error("another protocol was taken")
	}
	w.want()
	w.c.Resolve(w.c.Open()[0], fake.Answer{Verdict: sms.VerdictAccepted, Receipts: []fake.Receipt{{State: sms.PartDelivered}}})
	w.want("1 accepted 1", "receipt [1] delivered at 0s")
}

func TestPlugin(t *testing.T) {
	var built []*fake.Connector
	p := fake.Plugin(nil, func(c *fake.Connector) { built = append(built, c) })
	c, err := p.New(&sms.Connector{Window: 7}, &diary{})
	if err != nil || len(built) != 1 || connect.Connector(built[0]) != c || c.Info().Window != 7 || len(p.Types) != 1 {
		t.Errorf("built %v, %v", built, err)
	}
	if p, _ := fake.Plugin(nil, nil).New(&sms.Connector{}, &diary{}); p.Info().Window != 1 {
		t.Error("a window of zero carries nothing")
	}
}
