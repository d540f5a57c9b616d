package sqlite

import (
	"fmt"
	"testing"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store/sqlite/engine"
)

// TestUseIndexes: messages in state sent are looked for among the unfinished
// ones while those are few.
func TestUseIndexes(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 10*sms.Credit)
	accept(t, s, messages(a, 3, "k", noon))
	for _, test := range []struct {
		few    int64
		states []sms.State
		want   bool
	}{
		{3, []sms.State{sms.Sent}, true}, {2, []sms.State{sms.Sent}, false}, {2, []sms.State{sms.Sending, sms.Sent}, false},
		{2, []sms.State{sms.Held, sms.Queued}, true}, {3, []sms.State{sms.Held, sms.Failed}, false}, {3, nil, false},
	} {
		ok(t, s.readers.read(t.Context(), func(c *engine.Conn) error {
			got, err := useIndexes(c, test.states, test.few)
			equal(t, fmt.Sprint(test), got, test.want)
			return err
		}))
	}
}
