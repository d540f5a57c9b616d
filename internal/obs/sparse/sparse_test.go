package sparse

import (
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	var l Line
	if _, ok := l.Allow(noon); !ok {
		t.Error("the first line is left out")
	}
	for range 3 {
		if _, ok := l.Allow(noon.Add(9 * time.Second)); ok {
			t.Error("too many lines")
		}
	}
	if n, ok := l.Allow(noon.Add(10 * time.Second)); !ok || n != 3 {
		t.Errorf("%v with %d suppressed, want 3", ok, n)
	}
}
