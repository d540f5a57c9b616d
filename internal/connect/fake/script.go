package fake

import (
	"context"
	"slices"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// redeliverAfter is when a far end sends a receipt again that was refused.
const redeliverAfter = time.Second

// SetScript changes what happens to later submissions.
func (c *Connector) SetScript(s Script) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.script = s
}

// Got lists what was sent so far, in order, refused ones included.
func (c *Connector) Got() []connect.Submission {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// SetOracle lets the far end be asked; before that it cannot.
func (c *Connector) SetOracle(o Oracle) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.oracle = o
}

// Asked lists the questions so far, in order.
func (c *Connector) Asked() []connect.Query {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked)
}

// Query asks the oracle. What it answers without delay is reported before Query
// returns.
func (c *Connector) Query(ctx context.Context, q connect.Query) error {
	c.mu.Lock()
	oracle := c.oracle
	c.mu.Unlock()
	if oracle == nil {
		return connect.ErrNoQuery
	}
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	c.mu.Lock()
	c.asked = append(c.asked, q)
	c.mu.Unlock()
	r := oracle(q)
	if r == nil {
		return nil
	}
	receipt := sms.Receipt{ConnectorID: c.scope(), IDs: r.IDs, Forms: []string{"query"}, To: q.To, State: r.State, Code: r.Code, At: c.now().Add(r.After)}
	if len(receipt.IDs) == 0 {
		receipt.IDs = []string{q.UpstreamID}
	}
	if r.After == 0 {
		c.hand(ctx, receipt)
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at(&event{at: receipt.At, receipt: &receipt})
	return nil
}

func (c *Connector) scope() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.noun.Scope()
}

// Open lists the attempts without an outcome, in order of Send.
func (c *Connector) Open() []sms.AttemptRef {
	c.mu.Lock()
	defer c.mu.Unlock()
	refs := make([]sms.AttemptRef, len(c.open))
	for i, a := range c.open {
		refs[i] = a.s.Attempt
	}
	return refs
}

// Refusals counts the receipts that the sink refused.
func (c *Connector) Refusals() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refusals
}

// Resolve answers an open attempt now, whatever the script said. It is false
// when there is no such attempt.
func (c *Connector) Resolve(ref sms.AttemptRef, answer Answer) bool {
	c.mu.Lock()
	i := slices.IndexFunc(c.open, func(a *attempt) bool { return a.s.Attempt == ref })
	if i < 0 {
		c.mu.Unlock()
		return false
	}
	a := c.open[i]
	c.mu.Unlock()
	return c.resolve(a, answer)
}

// resolve reports an attempt with its receipts; false when it has its outcome.
func (c *Connector) resolve(a *attempt, answer Answer) bool {
	o := c.outcome(a, answer)
	c.mu.Lock()
	if !c.take(a) {
		c.mu.Unlock()
		return false
	}
	if o.Verdict == sms.VerdictAccepted && o.UpstreamID == "" {
		o.UpstreamID = c.nextID()
	}
	c.busy++
	c.mu.Unlock()
	defer c.done()
	var after []sms.Receipt
	if o.Verdict == sms.VerdictAccepted {
		after = c.receipts(a, answer, o)
	}
	c.sink.Outcomes([]sms.Outcome{o})
	for _, r := range after {
		c.hand(context.Background(), r)
	}
	return true
}

func (c *Connector) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	c.wake()
}

// receipts hands over those that come before the outcome, files those that come
// later, and returns those that follow at once.
func (c *Connector) receipts(a *attempt, answer Answer, o sms.Outcome) (after []sms.Receipt) {
	for _, r := range answer.Receipts {
		receipt := sms.Receipt{ConnectorID: c.scope(), IDs: r.IDs, To: a.s.To, State: r.State, Code: r.Code, At: o.At}
		if len(receipt.IDs) == 0 {
			receipt.IDs = []string{o.UpstreamID}
		}
		switch {
		case r.Before:
			c.hand(context.Background(), receipt)
		case r.After > 0:
			receipt.At = o.At.Add(r.After)
			c.mu.Lock()
			c.at(&event{at: receipt.At, receipt: &receipt})
			c.mu.Unlock()
		default:
			after = append(after, receipt)
		}
	}
	return after
}

// hand gives a receipt to the sink; a refused one comes again at a later Step.
func (c *Connector) hand(ctx context.Context, r sms.Receipt) {
	if err := c.sink.Receipts(ctx, []sms.Receipt{r}); err != nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refusals++
		c.at(&event{at: c.now().Add(redeliverAfter), receipt: &r})
	}
}

func (c *Connector) outcome(a *attempt, answer Answer) sms.Outcome {
	o := sms.Outcome{AttemptRef: a.s.Attempt, ConnectorID: c.id, Verdict: answer.Verdict, Reason: answer.Reason,
		Code: answer.Code, At: c.now()}
	usual := usuals[answer.Verdict]
	if o.Verdict == sms.VerdictAccepted {
		o.UpstreamID = answer.UpstreamID
	}
	if o.Reason == "" {
		o.Reason = usual.reason
	}
	if o.Code == "" {
		o.Code = usual.code
	}
	return o
}

// usuals are the reason and the raw code of a verdict when a script names none.
var usuals = map[sms.Verdict]struct {
	reason sms.Reason
	code   string
}{
	sms.VerdictRetry:    {sms.ReasonRetrying, "0x00000008"},
	sms.VerdictThrottle: {sms.ReasonThrottled, "0x00000058"},
	sms.VerdictReject:   {sms.ReasonOperator, "0x0000000B"},
	sms.VerdictUnknown:  {sms.ReasonOutcome, ""},
	sms.VerdictDown:     {sms.ReasonLinkDown, ""},
}

// Late reports an acceptance of an attempt that was reported as Unknown before:
// the answer that comes after its timeout.
func (c *Connector) Late(ref sms.AttemptRef, id string) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	c.sink.Outcomes([]sms.Outcome{{AttemptRef: ref, ConnectorID: c.id, Verdict: sms.VerdictAccepted, UpstreamID: id, Late: true, At: c.now()}})
	return nil
}

// Step does everything that is due at now, in order of time, and returns when
// the next thing is due (zero: nothing is). While the link is down nothing is.
func (c *Connector) Step(ctx context.Context, now time.Time) (next time.Time) {
	for ctx.Err() == nil {
		c.mu.Lock()
		if len(c.due) == 0 || !c.up {
			c.mu.Unlock()
			return time.Time{}
		}
		e := c.due[0]
		if e.at.After(now) {
			c.mu.Unlock()
			return e.at
		}
		if e.attempt != nil {
			c.mu.Unlock()
			c.resolve(e.attempt, e.attempt.answer)
			continue
		}
		c.due = c.due[1:]
		c.busy++
		c.mu.Unlock()
		c.hand(ctx, *e.receipt)
		c.done()
	}
	return now
}

// Down loses the link: what is open becomes Unknown, or Down where the script
// said Unwritten.
func (c *Connector) Down(reason string) { c.lose(reason, true) }

func (c *Connector) lose(reason string, report bool) {
	c.mu.Lock()
	c.up, c.reason = false, reason
	open := c.open
	c.open = nil
	for _, a := range open {
		c.due = slices.DeleteFunc(c.due, func(e *event) bool { return e.attempt == a })
	}
	c.busy++
	c.wake()
	c.mu.Unlock()
	defer c.done()
	var outcomes []sms.Outcome
	for _, a := range open {
		v := sms.VerdictUnknown
		if a.answer.Unwritten {
			v = sms.VerdictDown
		}
		outcomes = append(outcomes, c.outcome(a, Answer{Verdict: v}))
	}
	if len(outcomes) > 0 {
		c.sink.Outcomes(outcomes)
	}
	if report {
		c.sink.Link(connect.Link{Reason: reason})
	}
}

// Up brings the link back.
func (c *Connector) Up() {
	c.mu.Lock()
	if c.closing || c.up || !c.started {
		if !c.started {
			c.reason = "not connected yet"
		}
		c.mu.Unlock()
		return
	}
	c.up, c.reason = true, ""
	c.busy++
	c.wake()
	c.mu.Unlock()
	defer c.done()
	c.sink.Link(connect.Link{Up: true, Links: 1})
}

// Receipts hands receipts over, as one batch, and returns the sink's error. They
// are not sent again by themselves. ConnectorID and At are filled in.
func (c *Connector) Receipts(ctx context.Context, receipts ...sms.Receipt) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	scope := c.scope()
	for i := range receipts {
		receipts[i].ConnectorID = scope
		if receipts[i].At.IsZero() {
			receipts[i].At = c.now()
		}
	}
	return c.sink.Receipts(ctx, receipts)
}

// Inbound hands messages over, as one batch, and returns the sink's error.
func (c *Connector) Inbound(ctx context.Context, in ...sms.Inbound) error {
	if err := c.begin(); err != nil {
		return err
	}
	defer c.done()
	for i := range in {
		in[i].ConnectorID = c.id
		if in[i].At.IsZero() {
			in[i].At = c.now()
		}
	}
	return c.sink.Inbound(ctx, in)
}

// begin counts a call of the sink, so that Close can wait for it.
func (c *Connector) begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usable(); err != nil {
		return err
	}
	c.busy++
	return nil
}
