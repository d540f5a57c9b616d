// Package flow is the story of a message: taken in (accept.go, plan.go,
// content.go), replaced (replace.go), sent (send.go), answered (outcome.go),
// receipted (receipt.go) or asked about (ask.go), replied to (inbound.go), and
// ended by time (keeper.go). state.md beside these files draws its states.
//
// Every face enters through Accept. Every loop is a step(ctx, now), which does
// what is due and says when it wants to be called next, with a thin Run around
// it: the simulation calls the steps itself.
//
// flow decides; it must not know a protocol, SQL or a face. What a decision
// does to a message is a function of sms.Record, applied by the store inside
// its transaction.
package flow

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// Store is what flow needs of the database.
type Store interface {
	store.Accepter
	store.Sender
	store.Owner
	store.Receiver
	store.Keeper
	store.Canceler
	store.Replacer
	store.Docs
}

// Options are what a Flow is made of. Zero fields get the defaults named.
type Options struct {
	Store   Store
	Plugins connect.Plugins
	Node    string           // name of this node
	Log     *slog.Logger     // slog.Default
	Meter   Meter            // none
	Now     func() time.Time // time.Now
	Jitter  func() float64   // 0 to 1, math/rand/v2
	OnTold  func()           // called after a commit that may have written delivery rows for subscribers; a hint, which must not block

	MaxBatch     int           // calls and outcomes in one commit, 1000
	MaxDelay     time.Duration // how far ahead a message may be scheduled, 365 days
	PartialAfter time.Duration // when an incomplete long reply goes to the inbox, 1 hour
	CommitWait   time.Duration // how long a lost commit is asked after, 5 s
}

// Meter counts what passes, for obs.
type Meter interface {
	CallMeter
	LinkMeter
}

// CallMeter counts what faces hand in.
type CallMeter interface {
	Accepted(face string, messages int, took time.Duration)
	Refused(face string, code sms.Code, took time.Duration)
}

// LinkMeter counts what connectors report.
type LinkMeter interface {
	Outcome(connector string, v sms.Verdict, n int)
	// Receipt is called for each. form says how its id was made into the one that
	// found the part (connect), empty when none did; code and reason are the
	// operator's word; latency is since it took the part, 0 when that is not known.
	// One that is held is counted again when it has found its part
	// (store.ReceiptReleased).
	Receipt(connector string, m store.Match, form, code string, reason sms.Reason, latency time.Duration)
	Inbound(connector string, n int)
	Link(connector string, links int)
}

// Flow moves messages.
type Flow struct {
	Options
	node  string // prefix of the keys this run makes
	keys  atomic.Int64
	types func(protocol string) []sms.Type // Plugins.Types
	view  atomic.Pointer[view]

	accepts  *store.Batcher[sms.Call, store.Accepted]
	tenure   *tenure
	recorder *recorder
	host     *host
	keeper   *keeper
	watcher  *watcher

	receiptsLost, inboundLost *complaint
}

// New opens the node: it takes a fencing epoch, loads the catalog, and declares
// the outcome of every attempt that an earlier owner left behind unknown.
func New(ctx context.Context, o Options) (*Flow, error) {
	f := &Flow{Options: o.withDefaults()}
	f.types = f.Plugins.Types
	now := f.Now()
	epoch, err := f.Store.Open(ctx, now, f.Node)
	if err != nil {
		return nil, err
	}
	f.node = "node:" + strconv.FormatInt(epoch, 36) + ":"
	cat, err := store.Catalog(ctx, f.Store)
	if err != nil {
		return nil, err
	}
	f.follow(cat)
	f.accepts = store.NewBatcher(f.MaxBatch, f.storeCalls)
	f.tenure = newTenure(f, epoch)
	f.recorder = newRecorder(f)
	f.host = newHost(f)
	f.keeper = newKeeper(f)
	f.watcher = &watcher{flow: f}
	f.receiptsLost = f.trouble("receipts not stored, the operator will send them again")
	f.inboundLost = f.trouble("inbound messages not stored, the operator will send them again")
	if err := f.adoptOrphans(ctx, epoch); err != nil {
		return nil, fmt.Errorf("taking over what was being sent: %w", err)
	}
	return f, nil
}

// view is the present catalog and what follows from it.
type view struct {
	catalog *sms.Catalog
	scopes  map[int64]int64 // connectors whose upstream ids are kept under another's
}

// follow makes cat the present configuration.
func (f *Flow) follow(cat *sms.Catalog) {
	v := &view{catalog: cat}
	for _, c := range cat.Connectors() {
		if c.ScopeID != 0 {
			if v.scopes == nil {
				v.scopes = map[int64]int64{}
			}
			v.scopes[c.ID] = c.ScopeID
		}
	}
	f.view.Store(v)
}

func (f *Flow) scopes() map[int64]int64 { return f.view.Load().scopes }

// Catalog is the present configuration.
func (f *Flow) Catalog() *sms.Catalog { return f.view.Load().catalog }

// Work claims, sends, keeps time and follows the configuration until ctx ends;
// then claims end, links drain and what was not written is handed back, bounded
// by grace. Record must run meanwhile, and longer.
func (f *Flow) Work(ctx, grace context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { loop(ctx, f.Now, f.keeper.wake, f.keeper.step, f.complain("keeper")) })
	wg.Go(func() { loop(ctx, f.Now, nil, f.watcher.step, f.complain("catalog")) })
	f.host.run(ctx, grace)
	wg.Wait()
	return nil
}

// Record writes outcomes until ctx ends, and then those that are left, bounded
// by grace.
func (f *Flow) Record(ctx, grace context.Context) error { return f.recorder.run(ctx, grace) }

// Connectors shows the state of the connectors to an operator.
func (f *Flow) Connectors() []ConnectorState { return f.host.states() }

// complain is for the errors of a loop.
func (f *Flow) complain(what string) func(error) {
	c := f.trouble("step failed, will try again")
	return func(err error) { c.say(f.Now(), err, "loop", what) }
}

func (f *Flow) trouble(text string) *complaint { return &complaint{log: f.Log, text: text} }

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Meter == nil {
		o.Meter = noMeter{}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OnTold == nil {
		o.OnTold = func() {}
	}
	if o.Jitter == nil {
		o.Jitter = randomJitter
	}
	if o.MaxBatch == 0 {
		o.MaxBatch = 1000
	}
	if o.MaxDelay == 0 {
		o.MaxDelay = 365 * 24 * time.Hour
	}
	if o.PartialAfter == 0 {
		o.PartialAfter = time.Hour
	}
	if o.CommitWait == 0 {
		o.CommitWait = 5 * time.Second
	}
	return o
}

type noMeter struct{}

func (noMeter) Accepted(string, int, time.Duration)     {}
func (noMeter) Refused(string, sms.Code, time.Duration) {}
func (noMeter) Outcome(string, sms.Verdict, int)        {}
func (noMeter) Receipt(string, store.Match, string, string, sms.Reason, time.Duration) {
}
func (noMeter) Inbound(string, int) {}
func (noMeter) Link(string, int)    {}
