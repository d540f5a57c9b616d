package main

import (
	"reflect"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

func TestSnapshot(t *testing.T) {
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	cat := sms.NewCatalog(1, []sms.Noun{
		&sms.Connector{Head: sms.Head{ID: 1, Name: "runs"}, Enabled: true},
		&sms.Connector{Head: sms.Head{ID: 2, Name: "cannot start"}, Enabled: true},
		&sms.Connector{Head: sms.Head{ID: 3, Name: "disabled"}},
		&sms.Route{Head: sms.Head{ID: 7, Name: "main"}},
		&sms.Route{Head: sms.Head{ID: 8, Name: "spare"}},
		&sms.Subscriber{Head: sms.Head{ID: 4, Name: "acme"}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{}},
		&sms.Subscriber{Head: sms.Head{ID: 5, Name: "bank"}, Channel: sms.ChannelSMPP, SMPP: &sms.SMPPLogin{}},
		&sms.Subscriber{Head: sms.Head{ID: 6, Name: "hook"}, Channel: sms.ChannelWebhook},
	})
	running := []flow.ConnectorState{{ID: 1, Name: "runs", Link: connect.Link{Up: true, Links: 2}, Waiting: 3, Open: 9}}
	want := obs.Snapshot{
		Links:    map[string]int{"runs": 2, "cannot start": 0},
		InFlight: map[string]int64{"runs": 9},
		Queued:   map[string]int64{"main": 5, "spare": 0},
		Waiting:  map[string]int64{"acme": 12, "bank": 0},
		Held:     3,
	}
	for _, test := range []struct {
		name   string
		due    time.Time
		oldest time.Duration
	}{
		{"empty queue", time.Time{}, 0},
		{"waits", now.Add(-time.Minute), time.Minute},
		{"scheduled for later", now.Add(time.Hour), 0},
	} {
		want.OldestDue, want.HeldReceipts = test.oldest, 4
		stats := store.Stats{Queued: map[int64]int64{7: 5, 99: 1}, HeldReceipts: 4, Held: 3, Deliveries: map[int64]int64{4: 12, 6: 1, 99: 1}, OldestDue: test.due}
		if got := snapshot(cat, running, stats, now); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.name, got, want)
		}
	}
}
