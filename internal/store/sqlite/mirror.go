package sqlite

import (
	"github.com/harkara/harkara/internal/sms"
)

// mirror is what the writer remembers of the database between transactions, so
// that a message is not read again for each step of its life. It is exactly
// what the rows say: the writer changes both, and throws the mirror away when a
// transaction is rolled back or when another connection has written.
type mirror struct {
	version int64 // data_version for which all this holds

	counted  bool // event, transfer are known
	event    int64
	transfer int64
	days     map[uint16]int64 // next counter of message ids

	accounts   map[int64]*account
	records    generations[sms.MessageID, *record]
	groups     generations[groupKey, *sms.Group]
	subscribed bool                   // subscriber is known
	subscriber map[int64][]subscriber // by account
	noneHeld   bool                   // there is certainly no held receipt
}

// account is the row the hot verbs work on.
type account struct {
	sms.Balance
	nextGroup     int64
	nextRecipient int64
	changed       bool
}

// subscriber is what the writing of deliveries knows of one.
type subscriber struct {
	id    int64
	every bool // it gets all events of its account
}

type groupKey struct{ account, number int64 }

// How much is remembered. A record with one part takes about 700 bytes; two
// generations of 20,000 span some seconds of full traffic, in which most
// responses and many receipts arrive.
const (
	mirrorRecords  = 20_000
	mirrorGroups   = 10_000
	mirrorAccounts = 50_000
)

func newMirror() *mirror {
	m := &mirror{version: -1}
	m.forget()
	return m
}

// forget empties the mirror.
func (m *mirror) forget() {
	*m = mirror{version: m.version, days: map[uint16]int64{}, accounts: map[int64]*account{}}
}

// trim keeps the mirror's size in bounds. It is called between transactions
// only: within one, nothing that was changed may be forgotten.
func (m *mirror) trim() {
	m.records.trim(mirrorRecords)
	m.groups.trim(mirrorGroups)
	if len(m.accounts) > mirrorAccounts {
		clear(m.accounts)
	}
	if len(m.days) > 8 {
		clear(m.days)
	}
}

// generations is a cache in two halves: when the young half is full it becomes
// the old one, and what was not used meanwhile is dropped.
type generations[K comparable, V any] struct{ young, old map[K]V }

func (g *generations[K, V]) get(k K) (V, bool) {
	if v, ok := g.young[k]; ok {
		return v, true
	}
	v, ok := g.old[k]
	if ok {
		g.put(k, v)
	}
	return v, ok
}

func (g *generations[K, V]) put(k K, v V) {
	if g.young == nil {
		g.young = map[K]V{}
	}
	g.young[k] = v
}

func (g *generations[K, V]) trim(limit int) {
	if len(g.young) >= limit {
		g.old, g.young = g.young, make(map[K]V, limit)
	}
}
