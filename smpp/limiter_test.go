package smpp

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// limiterAt is a limiter whose clock the test moves.
func limiterAt(perMinute int) (*bindLimiter, *time.Time) {
	now := time.Unix(1_000_000, 0)
	l := newBindLimiter(perMinute)
	l.now = func() time.Time { return now }
	return l, &now
}

func TestBindLimiter(t *testing.T) {
	l, now := limiterAt(3)
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
	*now = now.Add(time.Minute)
	if !l.allow("10.0.0.1", "acme") || len(l.buckets) > 24 {
		t.Errorf("after a minute: still refused, or %d buckets", len(l.buckets))
	}
}

// TestBindLimiterBySystemID: guesses from many addresses stop those that are new, and not the customer.
func TestBindLimiterBySystemID(t *testing.T) {
	l, now := limiterAt(3)
	l.succeeded("192.0.2.1", "acme")
	tried := 0
	for i := range 1000 {
		if address := fmt.Sprint("10.0.", i/256, ".", i%256); l.allow(address, "acme") {
			tried++
			l.failed(address, "acme")
		}
	}
	if tried != 30 {
		t.Errorf("%d guesses from 1000 addresses, want 30", tried)
	}
	if !l.allow("192.0.2.1", "acme") {
		t.Error("the customer is locked out by the guesses of others")
	}
	if !l.allow("10.0.0.1", "other") {
		t.Error("another system_id is locked out")
	}
	for range 3 {
		l.failed("192.0.2.1", "acme")
	}
	if l.allow("192.0.2.1", "acme") {
		t.Error("a known address may guess for ever")
	}
	*now = now.Add(knownFor)
	for range 30 {
		l.failed("10.9.9.9", "acme")
	}
	if l.allow("192.0.2.1", "acme") {
		t.Error("an address of last month is still known")
	}
}

// TestBindLimiterDebt: binds tried at the same time all pass, but they are paid for.
func TestBindLimiterDebt(t *testing.T) {
	l, now := limiterAt(3)
	for range 10 {
		if !l.allow("10.0.0.1", "acme") {
			t.Fatal("refused before the first failure")
		}
	}
	for range 10 {
		l.failed("10.0.0.1", "acme")
	}
	*now = now.Add(2 * time.Minute)
	if l.allow("10.0.0.1", "acme") {
		t.Error("10 failures are forgiven after 2 minutes at 3 a minute")
	}
	*now = now.Add(time.Minute)
	if !l.allow("10.0.0.1", "acme") {
		t.Error("10 failures are not forgiven after 3 minutes at 3 a minute")
	}
	for range 1000 {
		l.failed("10.0.0.1", "acme")
	}
	*now = now.Add((mostDebt + 1) * time.Minute)
	if !l.allow("10.0.0.1", "acme") {
		t.Error("the debt has no limit")
	}
}

// TestBindLimiterIsBounded: 100,000 addresses take no more than so much memory, do not push out who is
// stopped, and leave no piece of a read buffer behind.
func TestBindLimiterIsBounded(t *testing.T) {
	l, now := limiterAt(3)
	for range 20 {
		l.failed("192.0.2.1", "other")
	}
	frame := []byte("acme\x00" + strings.Repeat("x", 1000))
	systemID := aliasString(frame[:4])
	for i := range 100_000 {
		address := fmt.Sprint("10.", i>>16, ".", i>>8&255, ".", i&255)
		l.failed(address, systemID)
		if i < 2*mostBuckets {
			l.succeeded(address, systemID)
		}
	}
	if len(l.buckets) > mostBuckets || len(l.known) > mostBuckets {
		t.Errorf("%d buckets, %d known", len(l.buckets), len(l.known))
	}
	if l.allow("192.0.2.1", "other") {
		t.Error("who is stopped was forgotten")
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(frame)))
	inFrame := func(k bindKey) bool {
		at := uintptr(unsafe.Pointer(unsafe.StringData(k.systemID)))
		return at >= start && at < start+uintptr(len(frame))
	}
	for k := range l.buckets {
		if inFrame(k) {
			t.Fatal("a bucket holds on to a read buffer")
		}
	}
	for k := range l.known {
		if inFrame(k) {
			t.Fatal("a known peer holds on to a read buffer")
		}
	}
	*now = now.Add(time.Hour)
	l.failed("10.0.0.1", "acme") // full ones go when they are met
	if len(l.buckets) > mostBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
	off := newBindLimiter(-1)
	for range 100 {
		off.failed("a", "b")
		off.succeeded("a", "b")
	}
	if !off.allow("a", "b") || len(off.buckets)+len(off.known) != 0 {
		t.Error("a limiter that is off refuses or remembers")
	}
}

func TestLimitAddress(t *testing.T) {
	tcp := func(s string) net.Addr {
		a, err := net.ResolveTCPAddr("tcp", s)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	tests := []struct {
		addr net.Addr
		want string
	}{
		{nil, ""},
		{tcp("192.0.2.1:2775"), "192.0.2.1"},
		{tcp("[::ffff:192.0.2.1]:2775"), "192.0.2.1"},
		{tcp("[2001:db8:1:2:3:4:5:6]:2775"), "2001:db8:1:2::/64"},
		{tcp("[2001:db8:1:2::9]:1"), "2001:db8:1:2::/64"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Zone: "eth0", Port: 1}, "fe80::/64"},
		{&net.UnixAddr{Name: "/run/smpp", Net: "unix"}, "/run/smpp"},
		{&net.UnixAddr{Name: "host:1", Net: "unix"}, "host"},
	}
	for _, tt := range tests {
		if got := limitAddress(tt.addr); got != tt.want {
			t.Errorf("%v counts as %q, want %q", tt.addr, got, tt.want)
		}
	}
}
