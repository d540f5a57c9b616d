package flow

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// bound is messages that only connector a may send, which is down.
func bound(r *rig, n int) (groups []int64) {
	r.t.Helper()
	edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.OnUnknown = sms.UnknownResend })
	r.step()
	for i := range n {
		groups = append(groups, r.send(r.request(number(i))))
	}
	r.step()
	r.links["a"].Down("for ever") // what was written is of unknown outcome
	r.step()
	for _, g := range groups {
		if m := r.want(g, sms.Queued, sms.ReasonOutcome); m.OnlyID != r.names["a"] {
			r.t.Fatalf("only %d may send it", m.OnlyID)
		}
	}
	return groups
}

func holding(r *rig) {
	r.script["a"] = answers(verdict(0))
	r.topUp(1000 * sms.Credit)
}

// TestReleased: a message that only one connector may send goes by another when
// that one is off the route, or is no more, and not before.
func TestReleased(t *testing.T) {
	remove := func(r *rig) {
		edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors = of(r.names["b"]) })
	}
	for name, c := range map[string]struct {
		change func(r *rig)
		gone   bool
	}{
		"off the route": {remove, true},
		"no more": {func(r *rig) {
			remove(r)
			must(r, deleteNoun(r, sms.KindConnector, "a"))
		}, true},
		"disabled":   {off("a"), false},
		"in a pause": {func(r *rig) { mode(r, "a", sms.ModePause) }, false},
		"replaced":   {func(r *rig) { edit(r, sms.KindConnector, "a", otherSettings) }, false},
		"second best": {func(r *rig) {
			edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors = of(r.names["b"], r.names["a"]) })
		}, false},
		"taken off and put back": {func(r *rig) {
			before := r.flow.Catalog()
			r.flow.keeper.release.compare(before, sms.NewCatalog(9, append([]sms.Noun{&sms.Route{Head: sms.Head{ID: r.names["main"]}}}, nounsWithout(before)...)))
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, holding)
			groups := bound(r, 3)
			c.change(r)
			r.pass(time.Minute)
			for _, g := range groups {
				if c.gone {
					r.want(g, sms.Sent, "")
				} else if m := r.one(g); r.got("b") != 0 || m.State != sms.Queued && m.State != sms.Sending {
					t.Errorf("message is %s, b took %d", m.State, r.got("b"))
				}
			}
		})
	}
}

// nounsWithout are those of a catalog but for its routes.
func nounsWithout(cat *sms.Catalog) (list []sms.Noun) {
	for _, c := range cat.Connectors() {
		list = append(list, c)
	}
	return list
}

// deleteNoun removes a noun from the store.
func deleteNoun(r *rig, kind sms.Kind, name string) error {
	for _, n := range r.flow.Catalog().Nouns() {
		if n.Kind() == kind && n.Meta().Name == name {
			return store.Delete(context.Background(), r.store, r.now, "test", n)
		}
	}
	return errors.New("there is no " + name)
}

// TestReleasedInBatches, and again after an answer that was lost: nothing stays
// behind and nothing goes twice.
func TestReleasedInBatches(t *testing.T) {
	for name, fault := range map[string]memory.Fault{
		"":                         {},
		"a claim fails":            {Err: errors.New("disk is full")},
		"a claim's answer is lost": {Err: store.ErrCommitUnknown, Commit: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, holding)
			groups := bound(r, 2*releaseBatch+1)
			edit(r, sms.KindRoute, "main", func(n *sms.Route) { n.Connectors = of(r.names["b"]) })
			faults := 3 // of the claims of b, and of those in the name of a
			r.fault = func(v memory.Verb) memory.Fault {
				if v != memory.VerbClaim || faults == 0 {
					return memory.Fault{}
				}
				faults--
				return fault
			}
			r.pass(time.Minute)
			for _, g := range groups {
				r.want(g, sms.Sent, "")
			}
			if r.got("b") != len(groups) {
				t.Errorf("b took %d of %d", r.got("b"), len(groups))
			}
		})
	}
}
