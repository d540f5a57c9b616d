package smpp

import (
	"fmt"
	"testing"
	"time"
)

func TestBindLimiter(t *testing.T) {
	now := time.Unix(1_000_000, 0)
	l := newBindLimiter(3)
	l.now = func() time.Time { return now }
	for range 3 {
		if !l.allow("10.0.0.1", "acme") {
			t.Fatal("refused too early")
		}
		l.failed("10.0.0.1", "acme")
	}
	if l.allow("10.0.0.1", "acme") {
		t.Error("a fourth try is allowed")
	}
	if !l.allow("10.0.0.2", "acme") {
		t.Error("the true peer is locked out by failures from another address")
	}
	if !l.allow("10.0.0.1", "other") {
		t.Error("another customer behind the same address is locked out")
	}
	for i := range 12 {
		l.failed("10.0.0.1", fmt.Sprint("guess", i))
	}
	if l.allow("10.0.0.1", "other") {
		t.Error("15 failures with many system_ids do not stop the address")
	}
	now = now.Add(time.Minute)
	if !l.allow("10.0.0.1", "acme") || len(l.buckets) > 13 {
		t.Errorf("after a minute: still refused, or %d buckets", len(l.buckets))
	}
}

func TestBindLimiterIsBounded(t *testing.T) {
	l := newBindLimiter(3)
	now := time.Unix(1_000_000, 0)
	l.now = func() time.Time { return now }
	for i := range 2 * mostBuckets {
		l.failed(fmt.Sprint(i), "x")
	}
	if len(l.buckets) > mostBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
	off := newBindLimiter(-1)
	for range 100 {
		off.failed("a", "b")
	}
	if !off.allow("a", "b") {
		t.Error("a limiter that is off refuses")
	}
}
