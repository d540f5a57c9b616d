// Package memory is the reference model of a store: plain maps and sorted sets
// behind one mutex, and one plain function per verb. It is what the other
// drivers are compared with, and what tests and the simulation run on.
//
// A verb either applies whole or leaves no trace: every change it makes goes
// through put, drop, add or remove (tx.go), which remember how to take it back.
//
// It must stay simple and obviously right rather than fast, and it must not
// decide anything about a message: that is what the functions of sms.Record do.
// Nothing outlives the process, so it is no store for production.
//
// Where to look:
//
//	tx.go       begin, commit, roll back; the four ways to change the state
//	state.go    everything the store knows
//	ordered.go  the sorted set
//	record.go   writing what a life-cycle function did to a message
//	the rest    one file per interface of the contract
package memory

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

var _ store.Store = (*Store)(nil)

// Options of a Store.
type Options struct {
	// Shard goes into the message ids; 10 bits.
	Shard uint16
	// Fault is asked at the end of every call what is to happen to it, in the
	// order of the calls. It runs under the store's lock and must not call it.
	Fault func(Verb) Fault
}

// Fault is a failure at the moment of commit. The zero Fault is none.
type Fault struct {
	Err    error // what the caller gets
	Commit bool  // whether the call is written all the same
}

// Verb names a method of the contract.
type Verb string

// The verbs.
const (
	VerbAccept            Verb = "Accept"
	VerbClaim             Verb = "Claim"
	VerbRecordOutcomes    Verb = "RecordOutcomes"
	VerbOpen              Verb = "Open"
	VerbOrphans           Verb = "Orphans"
	VerbApplyReceipts     Verb = "ApplyReceipts"
	VerbAddInbound        Verb = "AddInbound"
	VerbExpireDue         Verb = "ExpireDue"
	VerbPurge             Verb = "Purge"
	VerbCancel            Verb = "Cancel"
	VerbClaimDeliveries   Verb = "ClaimDeliveries"
	VerbAckDeliveries     Verb = "AckDeliveries"
	VerbRetryDeliveries   Verb = "RetryDeliveries"
	VerbReleaseDeliveries Verb = "ReleaseDeliveries"
	VerbReplace           Verb = "Replace"
	VerbMessages          Verb = "Messages"
	VerbGroup             Verb = "Group"
	VerbInbox             Verb = "Inbox"
	VerbMarkRead          Verb = "MarkRead"
	VerbBalance           Verb = "Balance"
	VerbMessage           Verb = "Message"
	VerbPost              Verb = "Post"
	VerbTransfers         Verb = "Transfers"
	VerbSweep             Verb = "Sweep"
	VerbStats             Verb = "Stats"
	VerbPing              Verb = "Ping"
	VerbReadDocs          Verb = "ReadDocs"
	VerbWriteDocs         Verb = "WriteDocs"
	VerbDocsVersion       Verb = "DocsVersion"
	VerbAddAuthFailures   Verb = "AddAuthFailures"
	VerbAuthFailures      Verb = "AuthFailures"
)

// Store keeps everything in memory. Make one with New.
type Store struct {
	fault func(Verb) Fault

	mu     sync.Mutex
	state  *state
	faults map[Verb][]Fault
	closed bool
}

// New makes an empty store.
func New(o Options) *Store {
	return &Store{fault: o.Fault, state: newState(o.Shard), faults: map[Verb][]Fault{}}
}

// FailNext makes the next call of verb fail with err. The call is rolled back,
// except with store.ErrCommitUnknown, where it is written and only its answer is
// lost. Several faults of a verb are used one after the other.
func (s *Store) FailNext(verb Verb, err error) {
	s.Inject(verb, Fault{Err: err, Commit: errors.Is(err, store.ErrCommitUnknown)})
}

// Inject is FailNext with the choice whether the call is written, so that an
// unknown outcome can also be one that was lost.
func (s *Store) Inject(verb Verb, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[verb] = append(s.faults[verb], f)
}

// Close makes every later call fail with sms.CodeUnavailable.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return nil
}

// run executes one call: all of it is written, or nothing.
func (s *Store) run(ctx context.Context, verb Verb, now time.Time, do func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return sms.Unavailable("the store is closed", nil)
	}
	if err := ctx.Err(); err != nil {
		return sms.Unavailable("the call was canceled before it reached the store; try again", err)
	}
	t := begin(s.state, micro(now))
	defer t.end() // also when a callback panics
	if err := do(t); err != nil {
		return err
	}
	f := s.takeFault(verb)
	if f.Err == nil || f.Commit {
		t.commit()
	}
	return f.Err
}

// look executes a call that changes nothing.
func (s *Store) look(ctx context.Context, verb Verb, do func(*tx) error) error {
	return s.run(ctx, verb, time.Time{}, do)
}

func (s *Store) takeFault(verb Verb) Fault {
	if list := s.faults[verb]; len(list) > 0 {
		s.faults[verb] = list[1:]
		return list[0]
	}
	if s.fault != nil {
		return s.fault(verb)
	}
	return Fault{}
}

// micro is the form in which times are kept: UTC, to the microsecond.
func micro(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}
