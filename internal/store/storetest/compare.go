package storetest

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
	"github.com/harkara/harkara/internal/store/memory"
)

// RunModel makes the same random calls on the store under test and on
// store/memory, and compares every answer and everything that can be seen.
func RunModel(t *testing.T, open func(t *testing.T) store.Store) {
	left, failed := modelRuns, false
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "rapid.checks" {
			left = int(^uint(0) >> 1)
		}
	})
	rapid.Check(t, func(r *rapid.T) {
		if left == 0 && !failed { // after a failure rapid needs every run to find the shortest story
			return
		}
		left--
		failed = true
		m := newModel(r, open(t))
		defer m.close()
		r.Repeat(m.actions())
		m.everything(r)
		failed = false
	})
}

// model is one story: two stores, one clock, and what happened so far in names
// that are good for both.
type model struct {
	ref, sut *world
	now      time.Time
	messages int       // accepted so far
	attempts []made    // claimed so far
	rows     []rowName // deliveries claimed so far
}

// world is a store with the numbers it gave to things. Messages, epochs and
// deliveries are named by the order in which they came.
type world struct {
	s         store.Store
	messages  []sms.MessageID
	names     map[sms.MessageID]int
	epochs    []int64
	transfers map[int64]string
	rows      map[rowName]int64
}

// made is an attempt to send.
type made struct {
	message, seq, attempt, epoch int
	connector                    int64
}

// rowName is a delivery: the nth event of a message, for a subscriber; or the
// nth message of an inbox, where message is noMessage.
type rowName struct {
	subscriber int64
	message, n int
}

const noMessage = -1

// The cast of every story: subscribers 1 and 2 hear of every event of account 1,
// the login of what it is told.
const modelAccounts, modelSubscribers, modelLogin = 3, 3, 3

func newModel(r *rapid.T, sut store.Store) *model {
	m := &model{now: noon}
	for _, s := range []store.Store{memory.New(memory.Options{}), sut} {
		w := &world{s: s, names: map[sms.MessageID]int{}, rows: map[rowName]int64{}}
		if m.ref == nil {
			m.ref = w
		} else {
			m.sut = w
		}
	}
	for i := range modelAccounts {
		a := &sms.Account{Head: sms.Head{Name: fmt.Sprintf("account %d", i+1)}, TimeZone: "UTC", GroupStart: int64(10 * i)}
		m.both(r, "account", func(w *world) (string, error) {
			n := *a
			err := store.Save(ctx, w.s, m.now, "model", &n)
			return show(n), err
		})
		m.post(r, sms.Transfer{AccountID: int64(i + 1), Kind: sms.TransferTopUp, Amount: sms.Money(20*(i+1)) * sms.Credit})
	}
	for i := range modelSubscribers {
		m.both(r, "subscriber", func(w *world) (string, error) {
			n := &sms.Subscriber{Head: sms.Head{AccountID: 1, Name: fmt.Sprintf("subscriber%d", i+1)}, Channel: sms.ChannelFeed}
			if i+1 == modelLogin {
				n.Channel, n.SMPP = sms.ChannelSMPP, &sms.SMPPLogin{PasswordHash: "x"}
			}
			return "", store.Save(ctx, w.s, m.now, "model", n)
		})
	}
	m.open(r)
	return m
}

// ctx of every call of a story.
var ctx = context.Background()

func (m *model) close() {
	m.ref.s.Close()
	m.sut.s.Close()
}

// both makes a call on both stores and compares the answers, or the codes of
// the errors.
func (m *model) both(r *rapid.T, what string, call func(w *world) (string, error)) {
	answer := func(w *world) string {
		text, err := call(w)
		if err != nil {
			return "error " + string(sms.CodeOf(err))
		}
		return text
	}
	if a, b := answer(m.ref), answer(m.sut); a != b {
		r.Fatalf("%s differs (- as in store/memory, + as in this store)\n%s", what, differences(a, b))
	}
}

// moments are by how much the clock jumps: past retries, validity, the end of
// waiting, the hold of receipts. The odd microseconds keep it off the limits,
// where nothing is promised.
var moments = []time.Duration{time.Microsecond, time.Second, time.Minute, 61 * time.Minute, 25 * time.Hour, 73 * time.Hour}

func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"":           m.look,
		"time":       func(r *rapid.T) { m.now = m.now.Add(rapid.SampledFrom(moments).Draw(r, "by") + time.Microsecond) },
		"open":       m.open,
		"accept":     m.accept,
		"accept 2":   m.accept,
		"claim":      m.claim,
		"claim 2":    m.claim,
		"outcomes":   m.outcomes,
		"outcomes 2": m.outcomes,
		"orphans":    m.orphans,
		"receipts":   m.receipts,
		"receipts 2": m.receipts,
		"inbound":    m.inbound,
		"expire":     m.expire,
		"purge":      m.purge,
		"cancel":     m.cancel,
		"replace":    m.replace,
		"list":       m.list,
		"release":    m.release,
		"deliveries": m.deliveries,
		"ack":        m.ack,
		"retry":      m.retry,
		"read":       m.read,
		"transfer":   func(r *rapid.T) { m.post(r, drawTransfer(r)) },
		"docs":       m.docs,
		"subscriber": m.subscriber,
		"audit":      m.audit,
	}
}

// look compares what is cheap to see, after every call.
func (m *model) look(r *rapid.T) {
	m.both(r, "what can be seen", func(w *world) (string, error) {
		v := &viewer{n: w}
		if err := w.readTransfers(); err != nil {
			return "", err
		}
		if err := w.s.Sweep(ctx, v.visitor()); err != nil {
			return "", err
		}
		slices.Sort(v.transfers)
		slices.Sort(v.queue)
		err := v.readStats(ctx, w.s)
		return strings.Join(slices.Concat(v.lines, v.transfers, v.queue), "\n"), err
	})
}

// everything compares the rest, and checks the invariants, at the end.
func (m *model) everything(r *rapid.T) {
	for _, w := range []*world{m.ref, m.sut} {
		for _, finding := range sweepFindings(ctx, w.s) {
			r.Errorf("invariant broken: %s", finding)
		}
	}
	m.both(r, "everything", func(w *world) (string, error) {
		if err := w.readTransfers(); err != nil {
			return "", err
		}
		return seen(ctx, w.s, w)
	})
	for a := range int64(modelAccounts) {
		m.both(r, "transfers", func(w *world) (string, error) {
			rows, err := w.s.Transfers(ctx, a+1, 0, 10_000)
			var words []string
			for _, row := range rows {
				words = append(words, w.transfer(row.ID))
			}
			slices.Sort(words) // the order of two of one call is nobody's business
			return strings.Join(words, "\n"), err
		})
	}
}

// world names its numbers for a viewer.

func (w *world) doc(_ sms.Kind, id int64) string { return fmt.Sprint(id) }

func (w *world) message(id sms.MessageID) string {
	if n, ok := w.names[id]; ok {
		return fmt.Sprintf("#%d", n)
	}
	return "nobody"
}

func (w *world) transfer(id int64) string { return w.transfers[id] }

func (w *world) epoch(n int64) string { return fmt.Sprint(slices.Index(w.epochs, n)) }

// readTransfers describes each transfer by what it does.
func (w *world) readTransfers() error {
	w.transfers = map[int64]string{}
	return w.s.Sweep(ctx, store.Visitor{Transfer: func(t sms.Transfer) error {
		w.transfers[t.ID] = fmt.Sprintf("[%s %s of %d at %s]", t.Kind, t.Amount, t.AccountID, t.At)
		return nil
	}})
}

// ref names an attempt for the store.
func (w *world) ref(a made) sms.AttemptRef {
	return sms.AttemptRef{Message: w.messages[a.message], Seq: a.seq, Attempt: a.attempt, Epoch: w.epochs[a.epoch]}
}

// rowName names a delivery.
func (w *world) rowName(d store.Delivery) (rowName, error) {
	if d.Inbound != nil {
		return rowName{d.SubscriberID, noMessage, int(d.Inbound.Number)}, nil
	}
	_, _, events, err := w.s.Message(ctx, d.Event.AccountID, d.Event.MessageID)
	n := slices.IndexFunc(events, func(have sms.Event) bool { return have.Seq == d.Event.Seq })
	return rowName{d.SubscriberID, w.names[d.Event.MessageID], n}, err
}
