package sqlite

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
	"github.com/harkara/harkara/internal/store/storetest"
)

// TestMigrateRows opens a database that an older Harkara filled, and goes on
// with its work.
func TestMigrateRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.db")
	dump, err := os.ReadFile(filepath.Join("testdata", "schema1.sql"))
	ok(t, err)
	c, err := engine.Open(path, engine.ReadWrite, time.Second)
	ok(t, err)
	ok(t, c.Script(string(dump)))
	ok(t, c.Close())
	before, err := schemaOf(path, time.Second)
	ok(t, err)
	equal(t, "schema of the file", before, 1)

	s := openAt(t, path, Options{})
	after, err := schemaOf(path, time.Second)
	ok(t, err)
	newest, err := newestSchema()
	ok(t, err)
	equal(t, "schema now", after, newest)
	equal(t, "findings", findings(t, s), "")
	storetest.Check(t, s)

	list, err := s.Messages(t.Context(), 1, store.MessageFilter{Limit: 100})
	ok(t, err)
	equal(t, "messages", len(list), 7)
	for _, m := range list {
		if m.ReceiptsOn != sms.ReceiptsAll || m.SubscriberID != 0 || m.Notify != 0 || !m.AskAt.IsZero() || m.To == "" || m.CloseAt.IsZero() {
			t.Errorf("message %+v", m)
		}
		_, g, _, err := s.Message(t.Context(), 1, m.ID)
		ok(t, err)
		if g.Raw != nil || g.Text == "" {
			t.Errorf("group %+v", g)
		}
	}
	scheduled, err := s.Messages(t.Context(), 0, store.MessageFilter{States: []sms.State{sms.Scheduled}, Limit: 9})
	ok(t, err)
	equal(t, "scheduled ones by their new index", len(scheduled), 1)

	rows, err := s.ClaimDeliveries(t.Context(), noon.Add(1000*time.Hour), 1, 100, noon.Add(2000*time.Hour))
	ok(t, err)
	equal(t, "deliveries", len(rows), 22)
	equal(t, "the first", rows[0].Event.Trigger, sms.OnAccept)
	mail, err := s.Inbox(t.Context(), 1, store.InboxFilter{Limit: 9})
	ok(t, err)
	equal(t, "inbox", len(mail), 1)

	// The receipt that it holds finds its message, and the life goes on.
	day := noon.Add(24 * time.Hour)
	got := claim(t, s, day, 10)
	equal(t, "claimed", len(got), 1)
	settle(t, s, day, sms.Outcome{ConnectorID: 3, Verdict: sms.VerdictAccepted, UpstreamID: "nobody's",
		AttemptRef: sms.AttemptRef{Message: got[0].ID, Seq: 1, Attempt: 1, Epoch: 1}})
	r, _, _, err := s.Message(t.Context(), 1, got[0].ID)
	ok(t, err)
	equal(t, "state", r.State, sms.Delivered)
	raw := oneMessage(1, "new", day)
	raw.Group.Raw = &sms.Raw{Body: []byte{1}}
	accept(t, s, raw)
	storetest.Check(t, s)
}
