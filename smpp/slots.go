package smpp

import "math/bits"

// slotTable holds the open requests of one direction. A request's place is its sequence number modulo
// the size of the table, a power of two: the low bits are the slot and the high bits its generation,
// and numbers still go up one by one as SMPP 3.4 §3.2 wants. A slot remembers its last request,
// so a response that comes twice, or too late, is known for what it is and never taken for another's.
//
// It grows with the window and never shrinks. It is not safe for concurrent use; Session guards it.
type slotTable struct {
	slots      []slot
	mask       uint32
	last       uint32 // last sequence number given out
	open       int
	head, tail *slot // open requests, oldest first
	late       lateRequests
}

type slotState uint8

const (
	slotUnused slotState = iota
	slotOpen
	slotAnswered
	slotTimedOut
)

type slot struct {
	state      slotState
	windowed   bool // holds a place of the window
	seq        uint32
	cmd        CommandID
	done       Completer
	deadline   int64  // nanoseconds of the session's clock
	offset     uint64 // of the first octet in the stream of everything written
	prev, next *slot
}

// controlSlots is room for requests outside the window: unbind and one enquire_link.
const controlSlots = 2

func newSlotTable(window int, lastSeq uint32) slotTable {
	size := slotCount(window)
	return slotTable{slots: make([]slot, size), mask: uint32(size - 1), last: lastSeq}
}

// slotCount is the size of the table for a window: a power of two, and at least twice the window, so
// that a slow old request is seldom in the way of a new number.
func slotCount(window int) int { return 1 << bits.Len(uint(2*(window+controlSlots)-1)) }

// grow makes room for a greater window. Open requests and what is known of the others stay: numbers
// that differ modulo the old size differ modulo the new one too.
func (t *slotTable) grow(window int) {
	size := slotCount(window)
	if size <= len(t.slots) {
		return
	}
	old, oldest := t.slots, t.head
	t.slots, t.mask, t.head, t.tail = make([]slot, size), uint32(size-1), nil, nil
	for i := range old {
		if s := &old[i]; s.state == slotAnswered || s.state == slotTimedOut {
			t.slots[s.seq&t.mask] = *s
		}
	}
	for s := oldest; s != nil; s = s.next {
		sl := &t.slots[s.seq&t.mask]
		*sl = *s
		sl.next = nil
		t.link(sl)
	}
}

// link puts an open request at the end of the list.
func (t *slotTable) link(sl *slot) {
	sl.prev = t.tail
	if t.tail != nil {
		t.tail.next = sl
	} else {
		t.head = sl
	}
	t.tail = sl
}

// add opens a request under the next free number. The caller has checked that the window has room.
func (t *slotTable) add() *slot {
	for {
		t.last = t.last%MaxSequence + 1
		sl := &t.slots[t.last&t.mask]
		if sl.state == slotOpen {
			continue
		}
		*sl = slot{state: slotOpen, seq: t.last}
		t.link(sl)
		t.open++
		return sl
	}
}

// find gives the slot of an open request, or nil and what is known of the number.
func (t *slotTable) find(seq uint32) (*slot, UnexpectedKind) {
	sl := &t.slots[seq&t.mask]
	if sl.seq != seq || seq == 0 {
		return nil, UnknownSequence
	}
	switch sl.state {
	case slotOpen:
		return sl, 0
	case slotAnswered:
		return nil, DuplicateResponse
	}
	return nil, UnknownSequence
}

// close ends a request; its slot may be used again.
func (t *slotTable) close(sl *slot, as slotState) Completer {
	if sl.prev != nil {
		sl.prev.next = sl.next
	} else {
		t.head = sl.next
	}
	if sl.next != nil {
		sl.next.prev = sl.prev
	} else {
		t.tail = sl.prev
	}
	done := sl.done
	*sl = slot{state: as, seq: sl.seq}
	t.open--
	return done
}

// lateKept is how many timed-out requests are remembered for a late response.
const lateKept = 4096

// lateRequests remembers requests that timed out, the newest lateKept of them.
type lateRequests struct {
	by   map[uint32]Completer
	ring []uint32
	next int
}

func (l *lateRequests) add(seq uint32, done Completer) {
	if l.by == nil {
		l.by = make(map[uint32]Completer)
	}
	if len(l.ring) < lateKept {
		l.ring = append(l.ring, seq)
	} else {
		delete(l.by, l.ring[l.next])
		l.ring[l.next] = seq
		l.next = (l.next + 1) % lateKept
	}
	l.by[seq] = done
}

func (l *lateRequests) take(seq uint32) (Completer, bool) {
	done, ok := l.by[seq]
	delete(l.by, seq)
	return done, ok
}
