package smsapi

import (
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

func guarded(seconds int) func(*rig) {
	return func(r *rig) {
		r.credential.GuardSeconds, r.acme.Routes = seconds, []int64{1, 2}
	}
}

func TestGuard(t *testing.T) {
	r := newRig(t, guarded(60))
	first := r.send("to", "8801712345678,8801812345678", "scheduledate", "2026-12-24 10:00:00")
	group, date := first.queued(), first.word("date")
	same := func(what string, got reply) {
		t.Helper()
		if id := got.queued(); id != group || got.word("date") != date {
			t.Errorf("%s: group %s at %s, want %s at %s again", what, id, got.word("date"), group, date)
		}
	}
	other := func(what string, got reply) {
		t.Helper()
		if id := got.queued(); id == group {
			t.Errorf("%s: group %s again, want a new one", what, id)
		}
	}
	again := func(pairs ...string) reply {
		return r.send(append([]string{"to", "8801712345678,8801812345678", "scheduledate", "2026-12-24 10:00:00"}, pairs...)...)
	}
	r.pass(59 * time.Second)
	same("the same", again())
	same("by POST", r.post("/smsAPI", "application/x-www-form-urlencoded", query("sendsms", "", "apikey", "K", "apitoken", "T", "from", "ACME",
		"text", "hello", "to", "8801712345678,8801812345678", "scheduledate", "2026-12-24 10:00:00")))
	same("the sender in another case", again("from", "acme"))
	same("the type written out", again("type", "SMS"))
	same("the numbers written otherwise", again("to", "+880 1712-345678; 01812345678"))
	same("the numbers turned round, one twice", again("to", "8801812345678,8801712345678,01812345678"))
	same("the time written otherwise", again("scheduledate", "2026-12-24T04:00:00Z"))
	same("by another route", again("route", "1"))
	if b := r.balance(); b.Reserved != 2*sms.Credit {
		t.Errorf("reserved %s, want 2: once", b.Reserved)
	}
	other("another text", again("text", "hello "))
	other("another type", again("type", "unicode"))
	other("other recipients", again("to", "8801712345678"))
	other("another time", again("scheduledate", "2026-12-24 10:00:01"))
	other("no time", again("scheduledate", ""))
	other("one recipient that looks like text and number", again("to", "8801712345678 hello"))
	r.pass(time.Second) // a minute since the first
	other("after the time", again())
}

// TestGuardIsOfACredential: another credential of the account, or an account
// without a guard, sends again.
func TestGuardIsOfACredential(t *testing.T) {
	r := newRig(t, guarded(60))
	second := r.newCredential("second", "S")
	second.AccountID, second.GuardSeconds = r.acme.ID, 60
	r.save(second)
	r.step()
	if a, b := r.send().queued(), r.send("apikey", "second", "apitoken", "S").queued(); a == b {
		t.Errorf("group %s for both credentials", a)
	}
	theirs := func() string {
		return r.callAs(otherKey, otherToken, "sendsms", "from", "ACME", "to", "8801712345678", "text", "hello").queued()
	}
	if a, b := theirs(), theirs(); a == b {
		t.Errorf("group %s twice without a guard", a)
	}
}

// TestGuardAfterARefusal: what was refused is not remembered.
func TestGuardAfterARefusal(t *testing.T) {
	r := newRig(t, guarded(60))
	r.topUp(r.acme, -100*sms.Credit)
	r.send().refused("sendsms", "Insufficient balance; top up the account or send to fewer recipients")
	r.topUp(r.acme, sms.Credit)
	group := r.send().queued()
	// The balance is used up; the retry is answered all the same.
	if id := r.send().queued(); id != group {
		t.Errorf("group %s, want %s", id, group)
	}
	r.topUp(r.acme, 100*sms.Credit)
}

// TestGuardRacing: of many equal calls at the same time one is sent, and all get
// its group.
func TestGuardRacing(t *testing.T) {
	r := newRig(t, guarded(60))
	const n = 32
	ids := make([]string, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			ids[i] = r.send().queued()
		})
	}
	close(start)
	all.Wait()
	for _, id := range ids {
		if id != ids[0] {
			t.Fatalf("groups %v", ids)
		}
	}
	if b := r.balance(); b.Reserved != sms.Credit {
		t.Errorf("reserved %s, want 1", b.Reserved)
	}
	r.step()
	if got := len(r.link.Got()); got != 1 {
		t.Errorf("%d sent", got)
	}
}
