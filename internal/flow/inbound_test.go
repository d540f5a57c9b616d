package flow

import (
	"context"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

func piece(ref uint16, total, seq, dcs uint8, octets string) sms.Segment {
	return sms.Segment{Ref: ref, Total: total, Seq: seq, DCS: dcs, Payload: []byte(octets)}
}

// TestJoin: whatever the segments hold, a text comes of it and nothing is dropped.
func TestJoin(t *testing.T) {
	for name, c := range map[string]struct {
		segments []sms.Segment
		want     string
	}{
		"GSM-7":                            {[]sms.Segment{piece(1, 2, 1, 0, "hello "), piece(1, 2, 2, 0, "world")}, "hello world"},
		"an escape over the border":        {[]sms.Segment{piece(1, 2, 1, 0, "5 \x1b"), piece(1, 2, 2, 0, "e")}, "5 €"},
		"a surrogate pair over the border": {[]sms.Segment{piece(1, 2, 1, 8, "\x00a\xd8\x3d"), piece(1, 2, 2, 8, "\xdc\x4d\x00b")}, "a👍b"},
		"one is missing":                   {[]sms.Segment{piece(1, 3, 1, 0, "one "), piece(1, 3, 3, 0, "three")}, "one three"},
		"a reserved data coding":           {[]sms.Segment{piece(1, 1, 1, 0x8F, "hello")}, "hello"},
		"octets":                           {[]sms.Segment{piece(1, 1, 1, 4, "a\xe9")}, "aé"},
		"two encodings":                    {[]sms.Segment{piece(1, 2, 1, 0, "one "), piece(1, 2, 2, 8, "\x00t\x00w\x00o")}, "one two"},
		"segments that do not agree":       {[]sms.Segment{piece(1, 2, 1, 0, "one "), piece(2, 3, 2, 0, "two")}, "one two"},
		"zero characters":                  {[]sms.Segment{piece(1, 1, 1, 8, "\x00a\x00\x00\x00b")}, "ab"},
		"nothing":                          {nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := join(c.segments); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// TestReplies reach the inbox of the number's owner, whole or in segments, and
// are refused while they cannot be stored.
func TestReplies(t *testing.T) {
	r := newRig(t, func(r *rig) {
		r.save(&sms.Number{Head: sms.Head{Name: "16247", AccountID: r.account.ID}})
	})
	r.step()
	ctx := context.Background()
	a := r.links["a"]
	second := piece(7, 2, 2, 0, "world")
	first := piece(7, 2, 1, 0, "hello ")
	for _, in := range []sms.Inbound{{From: number(1), To: "16247", Text: "stop\x00"}, {From: number(1), To: "16247", Segment: &second},
		{From: number(1), To: "16247", Segment: &first}, {From: number(1), To: "999", Text: "whose?"}} {
		r.store.FailNext(memory.VerbAddInbound, sms.Unavailable("the database cannot serve now", nil))
		if err := a.Inbound(ctx, in); err == nil {
			t.Fatal("acknowledged and not stored")
		}
		if err := a.Inbound(ctx, in); err != nil {
			t.Fatal(err)
		}
	}
	for account, want := range map[int64][]string{r.account.ID: {"stop", "hello world"}, 0: {"whose?"}} {
		list, err := r.store.Inbox(ctx, account, store.InboxFilter{UnreadOnly: true, Limit: 10})
		if err != nil || len(list) != len(want) {
			t.Fatalf("account %d has %+v, %v", account, list, err)
		}
		for i, m := range list {
			if m.Text != want[i] || m.ConnectorID != r.names["a"] {
				t.Errorf("account %d: %+v", account, m)
			}
		}
	}
}
