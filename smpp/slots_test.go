package smpp

import (
	"testing"

	"pgregory.net/rapid"
)

// TestSlotTable holds the table against a map: numbers go up, none is given twice while it is open,
// and every number is known for what it is; growing changes nothing of that.
func TestSlotTable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		window := rapid.IntRange(1, 20).Draw(t, "window")
		last := rapid.SampledFrom([]uint32{0, 1, MaxSequence - 5, MaxSequence}).Draw(t, "last")
		table := newSlotTable(window, last)
		open := map[uint32]*slot{}
		var order []uint32
		var answered uint32 // the last one, while its slot is not used again
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 9).Draw(t, "grow") == 0 {
				window = min(2*window+1, 200)
				table.grow(window)
				for seq := range open {
					open[seq], _ = table.find(seq)
				}
				if answered != 0 && open[answered] == nil {
					if sl, kind := table.find(answered); sl != nil || kind != DuplicateResponse {
						t.Fatalf("after growing, answered request %#x is found as %v", answered, kind)
					}
				}
			}
			if len(open) < window+controlSlots && rapid.Bool().Draw(t, "add") {
				before := table.last
				sl := table.add()
				if open[sl.seq] != nil || sl.seq < 1 || sl.seq > MaxSequence || sl.seq <= before && before < MaxSequence-64 {
					t.Fatalf("number %#x after %#x", sl.seq, before)
				}
				if answered&table.mask == sl.seq&table.mask {
					answered = 0
				}
				open[sl.seq] = sl
				order = append(order, sl.seq)
			} else if len(order) > 0 {
				i := rapid.IntRange(0, len(order)-1).Draw(t, "which")
				seq := order[i]
				sl, _ := table.find(seq)
				if sl == nil || sl != open[seq] {
					t.Fatalf("open request %#x is not found", seq)
				}
				table.close(sl, slotAnswered)
				if again, kind := table.find(seq); again != nil || kind != DuplicateResponse {
					t.Fatalf("answered request %#x is found as %v", seq, kind)
				}
				delete(open, seq)
				answered = seq
				order = append(order[:i], order[i+1:]...)
			}
			if table.open != len(open) {
				t.Fatalf("%d open, want %d", table.open, len(open))
			}
			i := 0
			for sl := table.head; sl != nil; sl = sl.next {
				if i >= len(order) || sl.seq != order[i] {
					t.Fatalf("the list is out of order at %d", i)
				}
				i++
			}
			if i != len(order) || (table.tail == nil) != (i == 0) {
				t.Fatalf("the list has %d, want %d", i, len(order))
			}
		}
	})
}

func TestLateRequestsAreBounded(t *testing.T) {
	var l lateRequests
	done := CompleteFunc(func(Result) {})
	for i := range uint32(3 * lateKept) {
		l.add(i+1, done)
	}
	if len(l.by) != lateKept || len(l.ring) != lateKept {
		t.Errorf("%d kept", len(l.by))
	}
	if _, ok := l.take(1); ok {
		t.Error("the oldest is still known")
	}
	if got, ok := l.take(3 * lateKept); !ok || got == nil {
		t.Error("the newest is not known")
	}
	if _, ok := l.take(3 * lateKept); ok {
		t.Error("taken twice")
	}
}
