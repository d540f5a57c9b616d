package admin

import (
	"cmp"
	"maps"
	"slices"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// configured is what the check has seen of the configuration, and what hangs on it.
type configured struct {
	accounts map[int64]*sms.Account // nil: cannot be read
	routes   map[int64]bool
	waiting  map[int64]int   // in the queue, by route
	owner    map[int64]int64 // of a subscriber
	told     map[telling]int // messages
}

// telling is that messages of an account are to be told to a subscriber.
type telling struct{ account, subscriber int64 }

func newConfigured() configured {
	return configured{accounts: map[int64]*sms.Account{}, routes: map[int64]bool{}, waiting: map[int64]int{},
		owner: map[int64]int64{}, told: map[telling]int{}}
}

// doc checks that a noun can be read, is one that could be saved, and is filed
// under its own key.
func (c *checker) doc(d store.Doc) error {
	switch d.Kind {
	case sms.KindAccount:
		c.configured.accounts[d.ID] = nil
	case sms.KindRoute:
		c.configured.routes[d.ID] = true
	}
	n, err := store.Decode(d)
	if err != nil {
		c.find("%s %d (%s) cannot be read: %s", word(d.Kind), d.ID, d.Name, err)
		return nil
	}
	switch n := n.(type) {
	case *sms.Account:
		c.configured.accounts[d.ID] = n
	case *sms.Subscriber:
		c.configured.owner[d.ID] = n.AccountID
	}
	if err := n.Validate(); err != nil {
		c.find("%s %d (%s) is not valid: %s", word(d.Kind), d.ID, d.Name, err)
	} else if key := n.UniqueKey(); key != d.UniqueKey {
		c.find("%s %d (%s) is filed under a key that is not its own", word(d.Kind), d.ID, d.Name)
	}
	return nil
}

// needs counts a message that cannot go out without its route. Scheduled ones
// are looked at again when they are due.
func (c *checker) needs(r *sms.Record) {
	if r.State == sms.Queued {
		c.configured.waiting[r.RouteID]++
	}
	if r.SubscriberID != 0 {
		c.configured.told[telling{r.AccountID, r.SubscriberID}]++
	}
}

// closeNouns compares accounts with their balances, and looks for what hangs on
// nouns that are gone.
func (c *checker) closeNouns() {
	for _, id := range slices.Sorted(maps.Keys(c.ledger)) {
		b := c.ledger[id]
		a, exists := c.configured.accounts[id]
		switch {
		case b.have.AccountID == 0: // no balance, which was said
		case !exists:
			c.find("account %d has a balance (posted %s, reserved %s) but is not configured", id, b.have.Posted, b.have.Reserved)
		case a != nil && a.CreditLimit != b.have.CreditLimit:
			c.find("account %d (%s): its credit limit is %s, but its balance allows %s", id, a.Name, a.CreditLimit, b.have.CreditLimit)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.configured.accounts)) {
		if c.ledger[id] == nil {
			c.find("account %d is configured but has no balance", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.configured.waiting)) {
		if !c.configured.routes[id] {
			c.find("%d messages wait for route %d, which is gone: they can only expire", c.configured.waiting[id], id)
		}
	}
	c.closeTold()
}

// closeTold looks for messages of which another customer is told. A subscriber
// that was deleted is told nothing.
func (c *checker) closeTold() {
	for _, t := range slices.SortedFunc(maps.Keys(c.configured.told), func(a, b telling) int {
		return cmp.Or(cmp.Compare(a.account, b.account), cmp.Compare(a.subscriber, b.subscriber))
	}) {
		if owner, exists := c.configured.owner[t.subscriber]; exists && owner != t.account {
			c.find("%d messages of account %d are told to subscriber %d, which belongs to account %d", c.configured.told[t], t.account, t.subscriber, owner)
		}
	}
}

// attempts checks what the parts say of how they were sent.
func (c *checker) attempts(r *sms.Record) {
	for _, p := range r.Sub {
		if p.State != sms.PartPending && (p.Attempt == 0 || p.ConnectorID == 0) {
			c.find("message %s: part %d is %s by connector %d in attempt %d", r.ID, p.Seq, p.State, p.ConnectorID, p.Attempt)
		}
	}
	if r.Provisional && r.State != sms.Unknown && r.State != sms.Expired {
		c.find("message %s is provisionally %s, which only unknown and expired can be", r.ID, r.State)
	}
}
