package sms

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMessageID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shard := rapid.Uint16Range(0, 1023).Draw(t, "shard")
		day := rapid.Uint16().Draw(t, "day")
		counter := rapid.Int64Range(0, 1<<37-1).Draw(t, "counter")
		id := NewMessageID(shard, day, counter)
		if id < 0 || id.Shard() != shard || id.Day() != day || id.Counter() != counter {
			t.Fatalf("%d/%d/%d became %d = %d/%d/%d", shard, day, counter, int64(id), id.Shard(), id.Day(), id.Counter())
		}
		if counter < maxCounter && NewMessageID(shard, day, counter+1) != id+1 {
			t.Fatal("ids of one shard and day are not consecutive")
		}
		b, err := json.Marshal(map[string]MessageID{"id": id})
		var got map[string]MessageID
		if err = errors.Join(err, json.Unmarshal(b, &got)); err != nil || got["id"] != id || string(b) != `{"id":"`+id.String()+`"}` {
			t.Fatalf("JSON is %s, read %v, %v", b, got, err)
		}
	})
	var id MessageID = 5
	for _, bad := range []string{`"x"`, `""`, `"99999999999999999999"`} {
		if err := json.Unmarshal([]byte(bad), &id); err == nil || id != 5 {
			t.Errorf("%s was read as %s, %v", bad, id, err)
		}
	}
}

// TestMessageIDOverflow: numbers that are too large do not reach the neighbours.
func TestMessageIDOverflow(t *testing.T) {
	if id := NewMessageID(1024+5, 2, 1<<37+9); id.Shard() != 5 || id.Day() != 2 || id.Counter() != 9 {
		t.Errorf("%d/%d/%d", id.Shard(), id.Day(), id.Counter())
	}
}

func TestDayOf(t *testing.T) {
	for text, want := range map[string]uint16{"1970-01-01T00:00:00Z": 0, "1970-01-01T23:59:59Z": 0, "1970-01-02T00:00:00Z": 1,
		"2026-11-24T23:59:59Z": 20781, "2026-11-25T03:00:00+06:00": 20781} {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || DayOf(at) != want {
			t.Errorf("%s is day %d, want %d (%v)", text, DayOf(at), want, err)
		}
	}
}

func TestChannel(t *testing.T) {
	want := map[Type]Type{TypeSMS: TypeSMS, TypeUnicode: TypeSMS, TypeFlash: TypeSMS, TypeVoice: TypeVoice, TypeMMS: TypeMMS, TypeWhatsApp: TypeWhatsApp}
	for _, typ := range Types() {
		if typ.Channel() != want[typ] || !KnownType(typ) {
			t.Errorf("%s goes over %s, known: %v", typ, typ.Channel(), KnownType(typ))
		}
	}
	if len(Types()) != len(want) || KnownType("") || KnownType("SMS") {
		t.Error("types that are none are known, or some are missing")
	}
}

func TestLanes(t *testing.T) {
	for class, want := range map[Class]Lane{ClassOTP: LaneFirst, ClassTransactional: LaneNormal, ClassPromotional: LaneBulk, "": LaneNormal} {
		if got := class.Lane(); got != want {
			t.Errorf("class %q goes in lane %d, want %d", class, got, want)
		}
	}
	for i, lane := range Lanes() {
		if int(lane) != i {
			t.Errorf("lane %d is claimed at place %d", lane, i)
		}
	}
}

func TestRecipientNumber(t *testing.T) {
	g := Group{FirstMessage: NewMessageID(1, 2, 3), FirstRecipient: 90_000}
	if got := g.RecipientNumber(g.FirstMessage + 4); got != 90_004 {
		t.Errorf("recipient %d", got)
	}
}

func TestDeadline(t *testing.T) {
	m := Message{DueAt: noon, ExpiresAt: noon.Add(time.Hour), CloseAt: noon.Add(2 * time.Hour)}
	for _, s := range States() {
		m.State = s
		want := map[State]time.Time{Scheduled: m.DueAt, Queued: m.ExpiresAt, Sending: m.CloseAt, Held: m.CloseAt, Sent: m.CloseAt}[s]
		if at, ok := m.Deadline(); ok == s.Final() || !at.Equal(want) {
			t.Errorf("%s: %s, %v", s, at, ok)
		}
	}
}

// TestWord holds compat.md §5: exactly three words.
func TestWord(t *testing.T) {
	want := map[State]string{Scheduled: "queued", Queued: "queued", Sending: "queued", Held: "queued", Sent: "sent", Delivered: "sent",
		PartiallyDelivered: "sent", Read: "sent", Undelivered: "failed", Expired: "failed", Rejected: "failed", Canceled: "failed", Failed: "failed", Unknown: "failed"}
	for _, s := range States() {
		m := Message{State: s}
		if got := m.Word(); got != want[s] {
			t.Errorf("%s is %s, want %s", s, got, want[s])
		}
	}
	if m := (Message{State: Unknown, Answered: true}); m.Word() != "sent" {
		t.Errorf("unknown after a response is %s", m.Word())
	}
}

func TestGroupWord(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"failed", "sent", "queued"}, "sent"}, // the documented sample
		{[]string{"queued", "failed"}, "queued"}, {[]string{"failed", "queued"}, "queued"}, {[]string{"queued", "sent"}, "sent"},
		{[]string{"failed"}, "failed"}, {[]string{"failed", "failed"}, "failed"}, {nil, "failed"},
	} {
		if got := GroupWord(c.words); got != c.want {
			t.Errorf("%v is %s, want %s", c.words, got, c.want)
		}
	}
}

func TestErrors(t *testing.T) {
	cause := errors.New("ENOSPC")
	err := fmt.Errorf("accept: %w", Unavailable("storage is full; try later", cause))
	if CodeOf(err) != CodeUnavailable || !errors.Is(err, cause) {
		t.Errorf("code %s of %v", CodeOf(err), err)
	}
	var e *Error
	if !errors.As(err, &e) || !e.Retryable || e.Error() != "storage is full; try later" {
		t.Errorf("%+v: the cause is for the log only", e)
	}
	if f := Fail(CodeNotFound, "no such group"); f.Retryable || CodeOf(f) != CodeNotFound {
		t.Errorf("%+v", f)
	}
	if CodeOf(cause) != CodeInternal || CodeOf(nil) != CodeInternal {
		t.Error("an error without a code is ours")
	}
}
