// Package store is the contract between Harkara and its database: small
// interfaces split by consumer, filters, and what their errors mean. The
// drivers (memory, sqlite, postgres) are its sub-packages; storetest is the
// suite they all pass.
//
// Rules every driver keeps:
//
//   - Each life-cycle verb is one transaction, durable when it returns nil: the
//     data survives kill -9 and power loss. A verb that returns an error wrote
//     nothing, except with ErrCommitUnknown, where nobody knows.
//   - Money, message, parts, event rows, delivery rows and idempotency key of
//     one change commit together.
//   - What a change does to a message is decided by the functions of sms.Record
//     inside the transaction; drivers load, call, write.
//   - Time comes in as now. Times are kept to the microsecond, in UTC.
//   - Errors are *sms.Error; storage that fails is sms.CodeUnavailable.
//   - Every method may be called from many goroutines.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// ErrCommitUnknown means that a commit was sent and its answer was lost. The
// caller asks again with the same idempotency key.
var ErrCommitUnknown = errors.New("store: commit outcome unknown")

// Accepted is the answer to one Call of Accept.
type Accepted struct {
	Group    sms.Group // with numbers filled in
	Replayed bool      // the key was known: Group is that of the first call
	Err      error     // this call was refused and left no trace
}

// Accepter takes messages in.
type Accepter interface {
	// Accept stores calls, each whole or not at all, in one transaction: it
	// reserves Need (refusing with sms.CodeCredit a call that the available
	// credit does not pay for, and only that call), raises the account's
	// counters, gives consecutive ids to the messages and writes their queue,
	// event and delivery rows. Messages come in state Queued, Scheduled or
	// Failed. A key that is known and not yet over answers with the first
	// group; calls of one batch see each other's keys. The answers stand in the
	// order of the calls. An unknown account is sms.CodeNotFound.
	Accept(ctx context.Context, now time.Time, calls []sms.Call) ([]Accepted, error)
}

// ClaimRequest asks for messages of one route for one connector.
type ClaimRequest struct {
	RouteID     int64
	ConnectorID int64
	Epoch       int64 // from Owner.Open
	Limit       int   // messages at the most
	Single      bool  // a message goes out as one submission, whatever its parts
	Alone       bool  // no other connector of the route is up: also take what avoids this one
	Spill       bool  // a better connector is up: take only what avoids another, or what only this one may send
}

// Claimed is a message with the intent to send stored, and the content of its
// group. Its parts in state sms.PartSending are the attempts to make.
type Claimed struct {
	sms.Record
	Group *sms.Group // shared by the messages of a group
}

// Sender is what the sending side needs.
type Sender interface {
	// Claim takes due messages of the route, the lowest lane first, then by due
	// time, then by id, and commits the intent to send (sms.Record.Claim).
	// It skips messages that only another connector may send (OnlyID), and those
	// that avoid this one (AvoidID) unless Alone. With Spill it takes those alone
	// that have this one as OnlyID, or another one as AvoidID; such messages are
	// rare and finding none must be cheap however long the queue. next is when the earliest message that is
	// left will be due (zero: none, or due already).
	Claim(ctx context.Context, now time.Time, r ClaimRequest) (got []Claimed, next time.Time, err error)

	// RecordOutcomes applies sms.Record.Outcome to each, in order. An upstream
	// id of an accepted part becomes findable under the connector's scope, and
	// receipts that came before it are applied in the same transaction: released
	// are those, in the order in which they were applied.
	// scopes maps connector to scope; a missing one is its own scope.
	// Outcomes of unknown messages are ignored.
	RecordOutcomes(ctx context.Context, now time.Time, scopes map[int64]int64, outcomes []sms.Outcome) (released []Released, err error)
}

// Released is a receipt that was held and has found its part: Match.Matched is
// ReceiptReleased. Its Forms were not kept, and of equal IDs one.
type Released struct {
	Scope   int64
	Receipt sms.Receipt
	Match   Match
}

// Orphan is an attempt whose owner is gone.
type Orphan struct {
	sms.AttemptRef
	ConnectorID int64
}

// Owner gives out the fencing epochs of those who claim.
type Owner interface {
	// Open registers a running node and returns its epoch, larger than every
	// earlier one. On an embedded database only one node runs at a time.
	Open(ctx context.Context, now time.Time, node string) (epoch int64, err error)

	// Orphans lists attempts in state sms.PartSending of epochs before epoch.
	Orphans(ctx context.Context, epoch int64, limit int) ([]Orphan, error)
}

// Matched says what became of a receipt.
type Matched uint8

// Match is the answer to one receipt.
type Match struct {
	Matched Matched
	Form    int       // which of IDs found the part, its index; of ReceiptHeld and ReceiptReleased 0
	SentAt  time.Time // when the operator took the part, zero when that is not known: for the latency of receipts
	First   bool      // the part had no final state before
}

// What becomes of a receipt.
const (
	ReceiptApplied  Matched = 1
	ReceiptEvidence Matched = 2 // matched, kept as evidence, changed no state
	ReceiptHeld     Matched = 3 // no such id yet: kept for HoldReceipts, then dropped by Purge
	ReceiptReleased Matched = 4 // was held, and has found its part: RecordOutcomes, see Released
)

// HoldReceipts is how long a receipt without a message is kept: the response
// may be stored later, or by another node.
const HoldReceipts = 72 * time.Hour

// Receiver is what comes back from operators.
type Receiver interface {
	// ApplyReceipts finds each receipt's part by (ConnectorID as scope, any of
	// IDs in order); among several messages with a reused id the newest whose
	// To agrees (sms.SameNumber), unfinished ones before finished ones.
	// It keeps the receipt as evidence and applies sms.Record.Receipt. The
	// answers stand in order.
	ApplyReceipts(ctx context.Context, now time.Time, receipts []sms.Receipt) ([]Match, error)

	// AddInbound puts messages into inboxes. Segments are kept until all of
	// (connector, from, to, ref, total) are there; a segment that comes twice
	// is kept once. rules decide the account and join a complete set. What is
	// nobody's (Owner says 0, or an account that does not exist) is kept under
	// account 0, numbered from 1, for an operator to see. A message in an inbox
	// gets a delivery row for each subscriber that Told names.
	AddInbound(ctx context.Context, now time.Time, in []sms.Inbound, rules InboundRules) error
}

// InboundRules are the pure decisions AddInbound needs inside its transaction.
type InboundRules struct {
	Owner  func(to, text string) int64
	Decode func(segments []sms.Segment) string    // in order of Seq
	Told   func(account int64, to string) []int64 // subscribers of the account that get what comes to our number; nil: none
}

// Keeper is what happens by itself as time passes.
type Keeper interface {
	// ExpireDue looks at up to limit messages whose Deadline has passed, the
	// earliest first: scheduled ones start (start may refuse one with a reason;
	// available is the account's available credit), the others go through
	// sms.Record.Expire; ask is called for those alone of which the operator is to
	// be asked now. It returns how many it changed, when the next deadline
	// is (zero: none), and those of which the operator is to be asked (an OnAsk
	// event was written).
	ExpireDue(ctx context.Context, now time.Time, limit int, start StartFunc, ask AskFunc) (Expired, error)

	// Purge removes what is no longer needed: keys that are over, receipts held
	// too long, and delivers incomplete inbound sets older than partialAfter as
	// partial messages. At most limit rows of each a call; n is how many.
	Purge(ctx context.Context, now time.Time, partialAfter time.Duration, limit int, rules InboundRules) (n int, err error)
}

// Expired is the answer of ExpireDue.
type Expired struct {
	N    int
	Next time.Time
	Ask  []Asking
}

// Asking is a message whose operator is to be asked what became of it: of the
// parts that Record.Unreceipted names.
type Asking struct {
	sms.Record
	From string // its sender
}

// StartFunc looks at a scheduled message at its due time; "" lets it go.
type StartFunc func(m *sms.Message, g *sms.Group, available sms.Money) sms.Reason

// AskFunc says whether the operators of the parts that Record.Unreceipted names
// can be asked now. It runs inside the transaction, must neither call the store
// nor change or keep r, and may be called again for the same message: then it
// gives the same answer.
type AskFunc func(r *sms.Record) bool

// Canceler ends messages that were not sent.
type Canceler interface {
	// Cancel applies sms.Record.Cancel to messages of the account and returns
	// those that were canceled.
	Cancel(ctx context.Context, now time.Time, account int64, ids []sms.MessageID) ([]sms.MessageID, error)
}

// Replacer changes what was not sent yet.
type Replacer interface {
	// Replace applies sms.Record.Replace to a message of the account and puts
	// the new Text and Raw into its group. decide makes the replacement from
	// what is stored. sms.CodeNotFound: no such message of the account;
	// sms.CodeConflict: it is not Replaceable, or its group has other messages.
	Replace(ctx context.Context, now time.Time, account int64, id sms.MessageID, decide ReplaceFunc) error
}

// ReplaceFunc plans new content for a message; an error ends the call and is
// its error.
type ReplaceFunc func(m *sms.Message, g *sms.Group) (sms.Replacement, error)

// Delivery is something on its way to a subscriber: an event of a message, or an
// inbound message.
type Delivery struct {
	ID           int64
	SubscriberID int64
	Attempts     int
	Event        sms.Event  // zero for an inbound message; SubscriberID is not kept
	Record       sms.Record // the message of the event, as it is now
	Group        *sms.Group // its content; may be shared
	Inbound      *sms.InboxMessage
}

// Deliverer hands events to subscribers. Every event of an account gets one
// delivery row for each subscriber that wants all (sms.Subscriber.EveryEvent)
// and one for Event.SubscriberID, in the event's own transaction; an inbound
// message for those that InboundRules.Told names, as far as they are the
// account's. Deleting a subscriber, or giving it to another account, drops its rows.
type Deliverer interface {
	// ClaimDeliveries leases up to limit due rows of the subscriber until the
	// given time, in order of commit. A lease need not survive the end of the
	// process on an embedded database.
	ClaimDeliveries(ctx context.Context, now time.Time, subscriber int64, limit int, until time.Time) ([]Delivery, error)
	// AckDeliveries removes rows.
	AckDeliveries(ctx context.Context, ids []int64) error
	// RetryDeliveries makes rows due again and counts an attempt.
	RetryDeliveries(ctx context.Context, ids []int64, due time.Time) error
	// ReleaseDeliveries gives leases back, for rows that were not offered after
	// all: they are due at once and no attempt is counted.
	ReleaseDeliveries(ctx context.Context, ids []int64) error
}

// MessageFilter chooses messages of an account, the newest first.
type MessageFilter struct {
	States []sms.State   // none: all
	Before sms.MessageID // pages back; 0: from the newest
	Limit  int
}

// InboxFilter chooses inbox messages. Before pages back (0: from the newest).
type InboxFilter struct {
	UnreadOnly bool // oldest first; otherwise newest first
	Before     int64
	Limit      int
}

// Lister finds messages by what they are.
type Lister interface {
	// Messages lists them without their parts; account 0 means all accounts, for
	// an operator. Unfinished states are found by index, however many messages
	// have ended.
	Messages(ctx context.Context, account int64, f MessageFilter) ([]sms.Message, error)
}

// Reader is what faces show. Everything is read in the account's name: nothing
// of another account is ever found (sms.CodeNotFound).
type Reader interface {
	Group(ctx context.Context, account, number int64) (sms.Group, []sms.Message, error)
	Inbox(ctx context.Context, account int64, f InboxFilter) ([]sms.InboxMessage, error)
	MarkRead(ctx context.Context, account int64, numbers []int64) error
	Balance(ctx context.Context, account int64) (sms.Balance, error)
	// Message with its parts, its group and its history, oldest first.
	Message(ctx context.Context, account int64, id sms.MessageID) (sms.Record, sms.Group, []sms.Event, error)
}

// Ledger is what the command line does with money.
type Ledger interface {
	// Post books a top-up, adjustment or refund (t.Kind) for t.AccountID. A
	// Key that was used answers with the first transfer. An adjustment may not
	// take more than is available (sms.CodeCredit).
	Post(ctx context.Context, now time.Time, t sms.Transfer) (sms.Transfer, error)
	// Transfers of an account, newest first, before an id (0: newest).
	Transfers(ctx context.Context, account, before int64, limit int) ([]sms.Transfer, error)
}

// Sweep reads everything, for the check of invariants. The callbacks run over
// one consistent snapshot and stop at the first error they return.
type Sweep interface {
	Sweep(ctx context.Context, v Visitor) error
}

// Visitor receives the rows of a Sweep: docs and balances, then transfers, then
// records in order of id, then groups.
type Visitor struct {
	Doc      func(Doc) error
	Balance  func(b sms.Balance, counters Counters) error
	Transfer func(sms.Transfer) error
	Record   func(sms.Record) error
	Group    func(sms.Group) error
	// Queue is called for each queue row; it must be exactly the records in
	// state sms.Queued.
	Queue func(id sms.MessageID, route int64, lane sms.Lane, due time.Time) error
	// Finding reports damage only the driver can see (a failed integrity check).
	Finding func(text string) error
}

// Counters are the next numbers of an account.
type Counters struct{ Group, Recipient, Inbox int64 }

// AuthFailure is refused credentials, counted by who, from where and why: the
// caller is only told "Invalid user", an operator sees the reason here.
type AuthFailure struct {
	AccountID int64  // of a known key, 0 otherwise
	APIKey    string // known keys whole, others cut short
	From      string // address
	Reason    string
	Count     int64
	First     time.Time
	Last      time.Time
}

// Audit keeps refused credentials.
type Audit interface {
	// AddAuthFailures adds the counts to the rows of the same AccountID, APIKey,
	// From and Reason (First the earliest, Last the latest), and keeps no more
	// than the 10,000 rows with the latest Last.
	AddAuthFailures(ctx context.Context, failures []AuthFailure) error
	// AuthFailures lists the latest first; account 0 means all.
	AuthFailures(ctx context.Context, account int64, limit int) ([]AuthFailure, error)
}

// Stats are gauges for metrics and status commands.
type Stats struct {
	Queued       map[int64]int64 // queue rows by route
	HeldReceipts int64
	Held         int64           // messages in state sms.Held
	Deliveries   map[int64]int64 // rows by subscriber
	OldestDue    time.Time       // of the queue, zero when it is empty
}

// Gauge reads Stats.
type Gauge interface {
	Stats(ctx context.Context) (Stats, error)
	// Ping fails when the database cannot be written.
	Ping(ctx context.Context) error
}

// Doc is a configured noun as stored: the columns of its Head and its JSON.
type Doc struct {
	Kind      sms.Kind
	ID        int64
	AccountID int64
	Name      string
	UniqueKey string
	Version   int64
	UpdatedAt time.Time
	Body      []byte
}

// DocFilter chooses docs; zero fields match everything.
type DocFilter struct {
	Kind      sms.Kind
	ID        int64
	AccountID int64
	UniqueKey string
}

// DocChange is one change of a Doc: a new one (Version 0; ID 0 takes the next id
// of its kind, another ID is taken as given), a new version of one (Version as
// read), or a deletion. Ids count per kind, from 1, and are never used again.
type DocChange struct {
	Doc
	Delete bool
}

// Docs is what drivers implement for configured nouns; Nouns is what others use.
type Docs interface {
	// ReadDocs returns matching docs in order of id, and the version of the
	// whole configuration, from one snapshot.
	ReadDocs(ctx context.Context, f DocFilter) (docs []Doc, version int64, err error)
	// WriteDocs applies changes in one transaction, keeps the replaced versions
	// as history under the name by, and raises the configuration's version.
	// Accounts get (or keep) their row of balance and counters: credit limit
	// and, where larger than the present value, counter starts are copied to it.
	// A doc that changed since it was read, or whose ID or UniqueKey exists, is
	// sms.CodeConflict, with a message that names kind and name; one that is gone is sms.CodeNotFound. An account that
	// has messages or credit cannot be deleted (sms.CodeConflict).
	WriteDocs(ctx context.Context, now time.Time, by string, changes []DocChange) ([]Doc, error)
	// DocsVersion is the version of the whole configuration; it is cheap.
	DocsVersion(ctx context.Context) (int64, error)
}

// Store is everything a driver offers.
type Store interface {
	Accepter
	Sender
	Owner
	Receiver
	Keeper
	Canceler
	Replacer
	Deliverer
	Reader
	Lister
	Ledger
	Sweep
	Gauge
	Docs
	Audit
	Close() error
}
