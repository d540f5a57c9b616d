package smppc_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// ledger is the least of a store: it keeps records and finds the part of a
// receipt. What a change does to a message is decided by the functions of
// sms.Record, as in every store (whose own suite holds them to the same rules).
type ledger struct {
	records map[sms.MessageID]*sms.Record
	events  map[sms.MessageID][]sms.Event
	parts   map[string][]ledgerPart // by upstream key
	held    []sms.Receipt           // whose part is not known yet
	told    int                     // events that are for the customer's system
}

type ledgerPart struct {
	record *sms.Record
	seq    int
}

func newLedger() ledger {
	return ledger{records: map[sms.MessageID]*sms.Record{}, events: map[sms.MessageID][]sms.Event{}, parts: map[string][]ledgerPart{}}
}

func (l *ledger) add(m sms.Message) {
	l.records[m.ID] = &sms.Record{Message: m}
	l.events[m.ID] = []sms.Event{{Trigger: sms.OnAccept, State: m.State}}
}

// write notes what a change did, and applies receipts that waited for it.
func (l *ledger) write(r *sms.Record, c sms.Change, now time.Time) {
	l.events[r.ID] = append(l.events[r.ID], c.Events...)
	for _, e := range c.Events {
		if e.SubscriberID != 0 {
			l.told++
		}
	}
	for i, key := range c.IDs {
		l.parts[key] = append(l.parts[key], ledgerPart{r, c.Upstream[i] + 1})
	}
	if len(c.IDs) == 0 {
		return
	}
	waiting := l.held
	l.held = nil
	for _, rc := range waiting {
		l.receipt(rc, now)
	}
}

// claim makes the intent to send of every message that is due.
func (l *ledger) claim(connector, epoch int64, now time.Time) (claimed []sms.Record) {
	for _, id := range l.ids() {
		r := l.records[id]
		if r.State != sms.Queued || r.DueAt.After(now) {
			continue
		}
		l.write(r, r.Claim(connector, epoch, r.Parts, now), now)
		copied := *r
		copied.Sub = slices.Clone(r.Sub)
		claimed = append(claimed, copied)
	}
	return claimed
}

func (l *ledger) outcome(o sms.Outcome, now time.Time) {
	r := l.records[o.Message]
	l.write(r, r.Outcome(o, now), now)
}

// receipt says what became of one, and by which form its part was found.
func (l *ledger) receipt(rc sms.Receipt, now time.Time) string {
	for i, key := range rc.IDs {
		found := slices.DeleteFunc(slices.Clone(l.parts[key]), func(p ledgerPart) bool { return !sms.SameNumber(rc.To, p.record.To) })
		if len(found) == 0 {
			continue
		}
		p := slices.MinFunc(found, func(a, b ledgerPart) int { return sms.CompareMatch(a.record, a.seq, b.record, b.seq) })
		c := p.record.Receipt(p.seq, rc, now)
		l.write(p.record, c, now)
		if c.Touched {
			return "applied " + rc.Forms[i]
		}
		return "evidence " + rc.Forms[i]
	}
	l.held = append(l.held, rc)
	return "held"
}

func (l *ledger) expire(now time.Time) {
	for _, id := range l.ids() {
		r := l.records[id]
		l.write(r, r.Expire(now, true), now)
	}
}

// ids of all messages, the oldest first.
func (l *ledger) ids() (ids []sms.MessageID) {
	for id := range l.records {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare)
	return ids
}

// line is a message in one line: its story, then its reason and what was charged
// and given back. Claims that were handed back unwritten are left out: whether the
// end of a link is seen before or after a claim is chance.
func (l *ledger) line(id sms.MessageID) string {
	r := l.records[id]
	words := make([]string, 0, len(l.events[id]))
	for _, e := range l.events[id] {
		w := e.Trigger.String() + ":" + e.State.String()
		if e.Part != 0 && len(r.Sub) > 1 {
			w += fmt.Sprintf("#%d", e.Part)
		}
		words = append(words, w)
	}
	story := strings.ReplaceAll(strings.Join(words, " "), " claim:sending hand_back:queued", "")
	return fmt.Sprintf("%s | %s | %s charged, %s released", story, r.Reason, r.Captured, r.Released)
}
