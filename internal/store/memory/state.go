package memory

import (
	"cmp"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// state is everything the store knows. Tables are maps, orders are sorted sets
// that a query walks.
type state struct {
	shard uint16
	last  sequences

	accounts  map[int64]account
	groups    map[numbered]sms.Group
	records   map[sms.MessageID]*sms.Record // copied before they are changed
	history   map[sms.MessageID][]sms.Event
	queue     *ordered[queueRow]
	spill     *ordered[queueRow] // those of queue with OnlyID or AvoidID
	deadlines *ordered[deadline]
	sending   *ordered[attempt]

	keys   map[callKey]keyRow
	keyEnd *ordered[keyOver]

	upstream map[upstreamID][]partRef
	evidence map[sms.MessageID][]sms.Receipt
	notes    map[int64]sms.ReceiptNote // by number of the event
	held     map[int64]heldReceipt
	heldBy   map[upstreamID][]int64

	sets   map[setKey]segmentSet
	inbox  map[numbered]sms.InboxMessage
	mail   *ordered[numbered] // keys of inbox
	unread *ordered[numbered]

	transfers map[int64]sms.Transfer
	booklet   *ordered[numbered] // transfers by account and id
	postKeys  map[callKey]int64

	subscribers map[int64][]subscriber // by account
	deliveries  map[int64]delivery
	outbox      *ordered[pending] // deliveries by subscriber, in order of commit

	docs     map[docKey]store.Doc
	docNames map[docName]int64
	docLast  map[sms.Kind]int64 // highest id ever used
	replaced []Replaced
	version  int64

	failures     map[failureKey]store.AuthFailure
	failureOrder *ordered[failureAge]
}

// sequences are the last numbers given out.
type sequences struct {
	message, event, transfer, delivery, held, nobody, epoch int64
}

func newState(shard uint16) *state {
	return &state{
		shard:        shard,
		accounts:     map[int64]account{},
		groups:       map[numbered]sms.Group{},
		records:      map[sms.MessageID]*sms.Record{},
		history:      map[sms.MessageID][]sms.Event{},
		queue:        newOrdered(queueRow.compare),
		spill:        newOrdered(queueRow.compare),
		deadlines:    newOrdered(deadline.compare),
		sending:      newOrdered(attempt.compare),
		keys:         map[callKey]keyRow{},
		keyEnd:       newOrdered(keyOver.compare),
		upstream:     map[upstreamID][]partRef{},
		evidence:     map[sms.MessageID][]sms.Receipt{},
		notes:        map[int64]sms.ReceiptNote{},
		held:         map[int64]heldReceipt{},
		heldBy:       map[upstreamID][]int64{},
		sets:         map[setKey]segmentSet{},
		inbox:        map[numbered]sms.InboxMessage{},
		mail:         newOrdered(numbered.compare),
		unread:       newOrdered(numbered.compare),
		transfers:    map[int64]sms.Transfer{},
		booklet:      newOrdered(numbered.compare),
		postKeys:     map[callKey]int64{},
		subscribers:  map[int64][]subscriber{},
		deliveries:   map[int64]delivery{},
		outbox:       newOrdered(pending.compare),
		docs:         map[docKey]store.Doc{},
		docNames:     map[docName]int64{},
		docLast:      map[sms.Kind]int64{},
		failures:     map[failureKey]store.AuthFailure{},
		failureOrder: newOrdered(failureAge.compare),
	}
}

// account is the row of balance and counters.
type account struct {
	balance sms.Balance
	next    store.Counters
	groups  int // calls accepted
	mail    int // inbox messages
}

// numbered is a thing that an account counts: group, inbox message, transfer.
type numbered struct{ account, number int64 }

func (a numbered) compare(b numbered) int {
	return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.number, b.number))
}

// queueRow is a message in state Queued, in the order in which it is claimed.
type queueRow struct {
	route int64
	lane  sms.Lane
	due   int64 // Unix microseconds
	id    sms.MessageID
}

func (a queueRow) compare(b queueRow) int {
	return cmp.Or(cmp.Compare(a.route, b.route), cmp.Compare(a.lane, b.lane), cmp.Compare(a.due, b.due), cmp.Compare(a.id, b.id))
}

// deadline is an open message, by the time at which it needs attention.
type deadline struct {
	at int64 // Unix microseconds
	id sms.MessageID
}

func (a deadline) compare(b deadline) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.id, b.id))
}

// attempt is a part in state sms.PartSending.
type attempt struct {
	epoch int64
	id    sms.MessageID
	seq   int
}

func (a attempt) compare(b attempt) int {
	return cmp.Or(cmp.Compare(a.epoch, b.epoch), cmp.Compare(a.id, b.id), cmp.Compare(a.seq, b.seq))
}

// callKey is an idempotency key of an account.
type callKey struct {
	account int64
	key     string
}

type keyRow struct {
	group int64
	until time.Time
}

type keyOver struct {
	until int64 // Unix microseconds
	callKey
}

func (a keyOver) compare(b keyOver) int {
	return cmp.Or(cmp.Compare(a.until, b.until), cmp.Compare(a.account, b.account), cmp.Compare(a.key, b.key))
}

// upstreamID is an operator's id under the scope in which it is unique.
type upstreamID struct {
	scope int64
	key   string
}

type partRef struct {
	id  sms.MessageID
	seq int
}

type heldReceipt struct {
	receipt sms.Receipt
	at      time.Time
}

// setKey names the segments that belong together.
type setKey struct {
	connector int64
	from, to  string
	ref       uint16
	total     uint8
}

func (a setKey) compare(b setKey) int {
	return cmp.Or(cmp.Compare(a.connector, b.connector), cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to),
		cmp.Compare(a.ref, b.ref), cmp.Compare(a.total, b.total))
}

type segmentSet struct {
	since    time.Time // arrival of the first segment
	at       time.Time // earliest At
	segments []sms.Segment
}

type delivery struct {
	store.Delivery
	mail  numbered // the inbox message it is of, zero: it is of Event
	due   time.Time
	lease time.Time // until when somebody has it
}

// subscriber is what the writing of deliveries knows of one.
type subscriber struct {
	id    int64
	every bool // it gets all events of its account
}

// pending is a delivery: ids count in order of commit.
type pending struct{ subscriber, id int64 }

func (a pending) compare(b pending) int {
	return cmp.Or(cmp.Compare(a.subscriber, b.subscriber), cmp.Compare(a.id, b.id))
}

type docKey struct {
	kind sms.Kind
	id   int64
}

func (a docKey) compare(b docKey) int {
	return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.kind, b.kind))
}

type docName struct {
	kind sms.Kind
	key  string
}

type failureKey struct {
	account              int64
	apiKey, from, reason string
}

type failureAge struct {
	last int64 // Unix microseconds
	failureKey
}

func (a failureAge) compare(b failureAge) int {
	return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.account, b.account), cmp.Compare(a.apiKey, b.apiKey),
		cmp.Compare(a.from, b.from), cmp.Compare(a.reason, b.reason))
}
