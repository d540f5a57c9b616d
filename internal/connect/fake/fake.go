// Package fake is a connector without a wire, for tests of flow and for the
// deterministic simulation: a [Script] says what the far end does with each
// submission, and the test hands over receipts, inbound messages and link
// failures when it wants.
//
// It starts no goroutine and never sleeps. What a script answers without delay
// is reported before Send returns, on the caller's goroutine; the rest is
// reported when the test calls Step, Resolve, Down or Close. So one goroutine
// can run a whole simulation, and a seed replays exactly.
//
// It must not be built into the product: cmd/harkara/connectors.go does not list
// it.
package fake

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// Protocol is the name of the fake in sms.Connector.Protocol.
const Protocol = "fake"

// Answer is what the far end does with one submission.
type Answer struct {
	// Verdict is the outcome. Zero is no answer: the attempt stays open until
	// Resolve, Down or Close. VerdictDown takes it and never writes it.
	Verdict    sms.Verdict
	UpstreamID string        // of an acceptance; empty: the next number
	Reason     sms.Reason    // empty: the usual one of the verdict
	Code       string        // empty: the usual one of the verdict
	After      time.Duration // reported by the Step that is this much later; 0: before Send returns
	Refuse     error         // Send returns it, nothing is reported
	Unwritten  bool          // while open it waits in front of the wire: a lost link makes it Down, not Unknown
	Receipts   []Receipt     // that follow an acceptance
}

// Receipt is one receipt that a script sends.
type Receipt struct {
	State  sms.PartState
	Code   string
	IDs    []string      // candidate forms; empty: the upstream id
	Before bool          // handed over before the outcome
	After  time.Duration // after the outcome; 0: at once
}

// Script decides about one submission. n counts submissions from 1. It is called
// without a lock and must not keep s.
type Script func(n int, s *connect.Submission) Answer

// Accept is the script that accepts everything at once.
func Accept(int, *connect.Submission) Answer { return Answer{Verdict: sms.VerdictAccepted} }

// Deliver accepts everything and delivers it at once.
func Deliver(int, *connect.Submission) Answer {
	return Answer{Verdict: sms.VerdictAccepted, Receipts: []Receipt{{State: sms.PartDelivered}}}
}

// Hold answers nothing until the test does.
func Hold(int, *connect.Submission) Answer { return Answer{} }

// Oracle says what the far end answers when it is asked about a part; nil is no
// answer. IDs and After of the Receipt count, Before does not.
type Oracle func(q connect.Query) *Receipt

// Connector is the fake. Its zero value is not usable, see New.
type Connector struct {
	id   int64
	sink connect.Sink
	now  func() time.Time

	mu       sync.Mutex
	noun     sms.Connector
	script   Script
	oracle   Oracle
	asked    []connect.Query
	started  bool
	closing  bool // Close was called: nothing more is taken
	closed   bool
	up       bool
	reason   string
	got      []connect.Submission
	open     []*attempt // unanswered, in order of Send
	due      []*event   // in order of time, then of entry
	ids      int
	room     chan struct{} // closed and replaced when the window or the link changes
	busy     int           // calls of the sink that run
	refusals int
}

// attempt is a submission without an outcome.
type attempt struct {
	s      connect.Submission
	answer Answer
}

// event is something that a Step will do.
type event struct {
	at      time.Time
	attempt *attempt
	receipt *sms.Receipt
}

var _ interface {
	connect.Connector
	connect.Adjuster
	connect.Querier
} = (*Connector)(nil)

// New builds a fake that accepts everything. now stamps what it reports; nil is
// time.Now.
func New(c *sms.Connector, sink connect.Sink, now func() time.Time) *Connector {
	if now == nil {
		now = time.Now
	}
	return &Connector{id: c.ID, noun: *c, sink: sink, now: now, script: Accept, reason: "not connected yet", room: make(chan struct{})}
}

// Plugin is the fake as a plug-in of the text channels. Every connector that a
// host builds with it is first handed to built, which may script it.
func Plugin(now func() time.Time, built func(*Connector)) connect.Plugin {
	return connect.Plugin{Types: []sms.Type{sms.TypeSMS}, New: func(c *sms.Connector, sink connect.Sink) (connect.Connector, error) {
		f := New(c, sink, now)
		if built != nil {
			built(f)
		}
		return f, nil
	}}
}

// Info of the fake.
func (c *Connector) Info() connect.Info {
	c.mu.Lock()
	defer c.mu.Unlock()
	return connect.Info{Protocol: Protocol, Window: c.window()}
}

func (c *Connector) window() int { return max(c.noun.Window, 1) }

// Adjust takes every change but one of protocol or settings.
func (c *Connector) Adjust(noun *sms.Connector) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if noun.Protocol != c.noun.Protocol || !bytes.Equal(noun.Settings, c.noun.Settings) {
		return false
	}
	c.noun = *noun
	c.wake()
	return true
}

// Connect brings the link up, unless Down was called before.
func (c *Connector) Connect(context.Context) error {
	c.mu.Lock()
	if c.started || c.closing {
		c.mu.Unlock()
		return errors.New("fake: Connect was called before")
	}
	c.started = true
	goUp := c.reason == "not connected yet"
	c.mu.Unlock()
	if goUp {
		c.Up()
	}
	return nil
}

// Send gives the submission to the script.
func (c *Connector) Send(ctx context.Context, s *connect.Submission) error {
	c.mu.Lock()
	for c.up && !c.closing && len(c.open) >= c.window() {
		room := c.room
		c.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.mu.Lock()
	}
	if err := c.usable(); err != nil {
		c.mu.Unlock()
		return err
	}
	a := &attempt{s: *s}
	c.got = append(c.got, a.s)
	n, script := len(c.got), c.script
	c.open = append(c.open, a)
	c.mu.Unlock()

	answer := script(n, s)
	c.mu.Lock()
	a.answer = answer
	switch {
	case answer.Refuse != nil:
		c.take(a)
		c.mu.Unlock()
		return answer.Refuse
	case answer.Verdict == 0:
		c.mu.Unlock()
	case answer.After > 0:
		c.at(&event{at: c.now().Add(answer.After), attempt: a})
		c.mu.Unlock()
	default:
		c.mu.Unlock()
		c.resolve(a, answer)
	}
	return nil
}

func (c *Connector) usable() error {
	switch {
	case c.closing:
		return connect.ErrClosed
	case !c.up:
		return connect.ErrDown
	}
	return nil
}

// Close reports what is open as Unknown (Down where it waited in front of the
// wire) when ctx ends before the test answered it.
func (c *Connector) Close(ctx context.Context) error {
	c.mu.Lock()
	c.closing = true
	c.wake()
	for !c.closed && len(c.open) > 0 && ctx.Err() == nil {
		room := c.room
		c.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
		}
		c.mu.Lock()
	}
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	started := c.started
	c.closed, c.due = true, nil
	c.mu.Unlock()
	c.lose("closed", false)
	c.mu.Lock()
	for c.busy > 0 { // calls of the sink on other goroutines
		room := c.room
		c.mu.Unlock()
		<-room
		c.mu.Lock()
	}
	c.mu.Unlock()
	if started {
		c.sink.Link(connect.Link{Reason: "closed"})
	}
	return nil
}

// take removes an open attempt; false when it has its outcome. The lock is held.
func (c *Connector) take(a *attempt) bool {
	i := slices.Index(c.open, a)
	if i < 0 {
		return false
	}
	c.open = slices.Delete(c.open, i, i+1)
	c.due = slices.DeleteFunc(c.due, func(e *event) bool { return e.attempt == a })
	c.wake()
	return true
}

func (c *Connector) wake() {
	close(c.room)
	c.room = make(chan struct{})
}

// at files an event behind those of the same time. The lock is held.
func (c *Connector) at(e *event) {
	if c.closed {
		return
	}
	i, _ := slices.BinarySearchFunc(c.due, e, func(have, e *event) int {
		if have.at.After(e.at) {
			return 1
		}
		return -1
	})
	c.due = slices.Insert(c.due, i, e)
}

func (c *Connector) nextID() string {
	c.ids++
	return strconv.Itoa(c.ids)
}
