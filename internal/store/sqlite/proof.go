package sqlite

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// provenMost is how many rows one proof reports: the first ones tell what
// happened, and a damaged table may have millions.
const provenMost = 100

// proof is something that must not be in the tables. Its query yields what is
// wrong, two numbers a row, which say puts into words. Every query walks its
// table once, in the table's own order, and looks others up by their keys.
type proof struct{ say, query string }

// proofs are about rows that a Visitor does not see. What it does see is proved
// by its consumer, for all drivers.
var proofs = []proof{
	{"part %[2]d of message %[1]d belongs to no message",
		`SELECT message_id, seq FROM part WHERE NOT EXISTS (SELECT 1 FROM message WHERE id = part.message_id)`},
	{"delivery %[1]d goes to subscriber %[2]d, which does not exist",
		`SELECT id, id >> 42 FROM delivery WHERE NOT EXISTS (SELECT 1 FROM noun WHERE kind = 'subscriber' AND noun.id = delivery.id >> 42)`},
	{"delivery %[1]d is of an event of message %[2]d that does not exist",
		`SELECT id, message_id FROM delivery
			WHERE message_id <> 0 AND NOT EXISTS (SELECT 1 FROM event WHERE event.message_id = delivery.message_id AND seq = delivery.id & 4398046511103)`},
	{"delivery %[1]d is of inbox message %[2]d that does not exist, or not under its number",
		`SELECT id, coalesce(inbox_number, 0) FROM delivery WHERE message_id = 0 AND NOT EXISTS
			(SELECT 1 FROM inbox WHERE account_id = inbox_account AND number = inbox_number AND seq = delivery.id & 4398046511103)`},
	{"inbox message %[2]d belongs to account %[1]d, which does not exist",
		`SELECT account_id, number FROM inbox WHERE account_id <> 0 AND NOT EXISTS (SELECT 1 FROM account WHERE id = inbox.account_id)`},
	{"account %[1]d: its inbox counter stands at or below number %[2]d, which was given out",
		`SELECT id, (SELECT max(number) FROM inbox WHERE account_id = account.id) AS last FROM account WHERE last >= next_inbox`},
	{"the counter of nobody's inbox stands at %[1]d, below number %[2]d, which was given out",
		`SELECT nobodys_inbox, (SELECT max(number) FROM inbox WHERE account_id = 0) AS last FROM sequence WHERE last > nobodys_inbox`},
	{"the counter of transfers stands at %[1]d, below transfer %[2]d, which was given out",
		`SELECT transfer, (SELECT max(id) FROM transfer) AS last FROM sequence WHERE last > transfer`},
	// bucket visits the last message of each shard and day, without reading the others.
	{"the counter of message ids of day %[1]d stands at or below that of message %[2]d, which was given out",
		`WITH RECURSIVE bucket (last) AS (
			SELECT (SELECT max(id) FROM message WHERE id <= (SELECT min(id) FROM message) | 137438953471)
			UNION ALL
			SELECT (SELECT max(id) FROM message WHERE id <= (SELECT min(id) FROM message WHERE id > last) | 137438953471)
				FROM bucket WHERE last IS NOT NULL)
		SELECT last >> 37 & 65535 AS of, last FROM bucket
			WHERE last & 137438953471 >= coalesce((SELECT next FROM message_day WHERE day = last >> 37 & 65535), 1)`},
	{"noun_sequence: the next id stands at or below id %[2]d, which %[1]d configured things have",
		`SELECT count(*), max(id) AS last FROM noun GROUP BY kind
			HAVING last >= coalesce((SELECT next_id FROM noun_sequence WHERE noun_sequence.kind = noun.kind), 1)`},
	{"a key of account %[1]d answers with group %[2]d, which does not exist",
		`SELECT account_id, group_number FROM idempotency WHERE NOT EXISTS
			(SELECT 1 FROM message_group WHERE message_group.account_id = idempotency.account_id AND number = group_number)`},
	{"a receipt of connector %[2]d that waits for its message (%[1]d) is gone, its keys are not",
		`SELECT held_id, scope FROM held_receipt_key WHERE NOT EXISTS (SELECT 1 FROM held_receipt WHERE id = held_id)`},
}

// sweepProofs looks for what the table lists.
func (s *Store) sweepProofs(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Finding == nil {
		return nil
	}
	for _, p := range proofs {
		err := c.Query(p.query+` LIMIT ?`, []any{int64(provenMost)}, func(scan func(...any) error) error {
			var a, b int64
			if err := scan(&a, &b); err != nil {
				return err
			}
			return visited(v.Finding(fmt.Sprintf(p.say, a, b)))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// finder reports the findings of one walk, up to provenMost.
type finder struct {
	v store.Visitor
	n int
}

func (f *finder) find(format string, args ...any) error {
	if f.n++; f.n > provenMost {
		return nil
	}
	return visited(f.v.Finding(fmt.Sprintf(format, args...)))
}

const (
	everyEvent = `SELECT message.id, message.state, event.seq, event.trigger, event.state FROM message
		LEFT JOIN event ON event.message_id = message.id ORDER BY message.id, event.seq`
	everyUpstream = `SELECT message_id, seq FROM upstream`
	everyPart     = `SELECT message_id, seq, upstream_id <> '' FROM part`
)

// history is how far the walk through the events of one message has come.
type history struct {
	id    int64
	state sms.State // of the message
	last  sms.State // after the last event, 0 before the first
	said  bool
}

// sweepHistory proves that what happened to each message leads from its
// acceptance to its state, and that no event is missing: their numbers have no
// gaps, since a call that fails takes its numbers back.
func (s *Store) sweepHistory(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Finding == nil {
		return nil
	}
	f := &finder{v: v}
	var h history
	var count, last int64
	events, err := c.Stmt(everyEvent)
	if err != nil {
		return err
	}
	defer events.Reset()
	for {
		more, err := events.Next()
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if id, state := events.GetInt(), sms.State(events.GetInt()); id != h.id {
			if err := h.end(f); err != nil {
				return err
			}
			h = history{id: id, state: state}
		}
		seq, trigger, state := events.GetInt(), sms.Trigger(events.GetInt()), sms.State(events.GetInt())
		if seq == 0 {
			continue // the join's row of a message without events
		}
		count, last = count+1, max(last, seq)
		if err := h.step(f, trigger, state); err != nil {
			return err
		}
	}
	if err := h.end(f); err != nil {
		return err
	}
	return countNumbers(c, f, count, last)
}

// countEvents reads how many numbers of events were given out, and which of them
// inbox messages have.
const countEvents = `SELECT event, (SELECT count(seq) FROM inbox), (SELECT max(seq) FROM inbox) FROM sequence`

// countNumbers proves that every number of an event is some row's.
func countNumbers(c *engine.Conn, f *finder, count, last int64) error {
	return c.Query(countEvents, nil, func(scan func(...any) error) error {
		var given, mail, lastMail int64
		if err := scan(&given, &mail, &lastMail); err != nil {
			return err
		}
		count, last = count+mail, max(last, lastMail)
		switch {
		case last > given:
			return visited(f.v.Finding(fmt.Sprintf("the counter of events stands at %d, below event %d, which was given out", given, last)))
		case count != given:
			return visited(f.v.Finding(fmt.Sprintf("%d events were given out, but messages have %d: the history has holes", given, count)))
		}
		return nil
	})
}

// step takes the next event of the message.
func (h *history) step(f *finder, trigger sms.Trigger, to sms.State) (err error) {
	from := h.last
	if from.Final() && from != sms.Delivered {
		from = sms.Sent // a provisional end may be replaced
	}
	switch {
	case h.said:
	case h.last == 0 && trigger != sms.OnAccept:
		h.said, err = true, f.find("message %d: its history begins with %q, not with its acceptance", h.id, trigger)
	case h.last != 0 && h.last != to && !sms.Leads(from, to):
		h.said, err = true, f.find("message %d: its history goes from %s to %s", h.id, h.last, to)
	}
	h.last = to
	return err
}

// end compares the message with its history.
func (h *history) end(f *finder) error {
	switch {
	case h.id == 0 || h.said || h.last == h.state:
		return nil
	case h.last == 0:
		return f.find("message %d is %s and has no history", h.id, h.state)
	}
	return f.find("message %d is %s, but its history ends with %s", h.id, h.state, h.last)
}

// sweepUpstream proves that receipts find their parts: the id that an operator
// gave is in upstream, in its canonical form, which is why only the place it
// points to is compared.
func (s *Store) sweepUpstream(_ context.Context, c *engine.Conn, v store.Visitor) error {
	if v.Finding == nil {
		return nil
	}
	f, known := &finder{v: v}, partSet{}
	err := c.Query(everyUpstream, nil, func(scan func(...any) error) error {
		var id, seq int64
		err := scan(&id, &seq)
		known.add(id, seq)
		return err
	})
	if err != nil {
		return err
	}
	err = c.Query(everyPart, nil, func(scan func(...any) error) error {
		var id, seq int64
		var named bool
		if err := scan(&id, &seq, &named); err != nil {
			return err
		}
		if !known.take(id, seq) && named {
			return f.find("part %d of message %d has an operator's id by which no receipt would find it", seq, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	left := 0
	for _, chunk := range known {
		for _, word := range chunk {
			left += bits.OnesCount64(word)
		}
	}
	if left > 0 {
		return visited(v.Finding(fmt.Sprintf("%d operator's ids point to parts that do not exist", left)))
	}
	return nil
}

// partSet is a set of parts in about one bit each, since ids of messages are
// dense: millions of parts must fit into memory.
type partSet map[partChunk]*[64]uint64

// partChunk are parts of one place in 4096 neighbouring messages.
type partChunk struct{ from, seq int64 }

func (s partSet) add(id, seq int64) {
	k := partChunk{id >> 12, seq}
	if s[k] == nil {
		s[k] = new([64]uint64)
	}
	s[k][id>>6&63] |= 1 << (id & 63)
}

// take removes a part and says whether it was there.
func (s partSet) take(id, seq int64) bool {
	chunk, bit := s[partChunk{id >> 12, seq}], uint64(1)<<(id&63)
	if chunk == nil || chunk[id>>6&63]&bit == 0 {
		return false
	}
	chunk[id>>6&63] &^= bit
	return true
}
