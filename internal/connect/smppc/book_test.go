package smppc_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/connect/smppc"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// book is a connector with a ledger behind it, and between them the little of the
// flow that decides what becomes of a message: it claims what is due, submits it,
// and records what comes back. Time stands still unless a test moves it.
type book struct {
	t *testing.T
	c connect.Connector

	mu      sync.Mutex
	ledger  ledger
	policy  sms.UnknownPolicy
	now     time.Time
	links   int
	inbox   []sms.Inbound
	found   []string // of each receipt: what became of it, by which form
	broken  error    // what the ledger answers to receipts
	changed chan struct{}
}

var bookTime = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const (
	bookConnector = 7
	bookWindow    = 10
)

// newBook connects to an SMSC. The pump runs until the test ends.
func newBook(t *testing.T, addr string, more map[string]any) *book {
	t.Helper()
	all := map[string]any{"hosts": []string{addr}}
	for k, v := range more {
		all[k] = v
	}
	b := &book{t: t, ledger: newLedger(), policy: sms.UnknownResend, now: bookTime, changed: make(chan struct{})}
	c, err := smppc.Options{Now: b.clock, Log: slog.New(slog.DiscardHandler)}.New(
		&sms.Connector{Head: sms.Head{ID: bookConnector, Name: "oper"}, Window: bookWindow, Settings: settings(all)}, b)
	if err != nil {
		t.Fatal(err)
	}
	b.c = c
	if err := c.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var pump sync.WaitGroup
	pump.Go(func() { b.pump(ctx) })
	t.Cleanup(func() {
		ended, end := context.WithCancel(context.Background())
		end()
		if err := c.Close(ended); err != nil {
			t.Error(err)
		}
		cancel()
		pump.Wait()
	})
	return b
}

func (b *book) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

// change runs what changes the book and wakes who waits.
func (b *book) change(what func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	what()
	close(b.changed)
	b.changed = make(chan struct{})
}

func (b *book) Outcomes(list []sms.Outcome) {
	b.change(func() {
		for _, o := range list {
			o.RetryAt, o.Resend = b.now, o.Verdict == sms.VerdictUnknown && b.policy == sms.UnknownResend
			b.ledger.outcome(o, b.now)
		}
	})
}

func (b *book) Receipts(_ context.Context, list []sms.Receipt) (err error) {
	b.change(func() {
		for _, rc := range list {
			if err = b.broken; err != nil {
				return
			}
			b.found = append(b.found, b.ledger.receipt(rc, b.now))
		}
	})
	return err
}

func (b *book) Inbound(_ context.Context, list []sms.Inbound) error {
	b.change(func() { b.inbox = append(b.inbox, list...) })
	return nil
}

func (b *book) Link(l connect.Link) { b.change(func() { b.links = l.Links }) }

// pump claims and submits until ctx ends.
func (b *book) pump(ctx context.Context) {
	for {
		var claimed []sms.Record
		b.mu.Lock()
		if b.links > 0 {
			claimed = b.ledger.claim(bookConnector, 1, b.now)
		}
		changed := b.changed
		b.mu.Unlock()
		for i := range claimed {
			b.submit(ctx, &claimed[i])
		}
		if len(claimed) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// submit sends the parts that were claimed.
func (b *book) submit(ctx context.Context, m *sms.Record) {
	for _, p := range m.Sub {
		if p.State != sms.PartSending {
			continue
		}
		ref := sms.AttemptRef{Message: m.ID, Seq: p.Seq, Attempt: p.Attempt, Epoch: p.Epoch, Tries: m.Attempts}
		payload, _ := gsm.AppendGSM7(nil, fmt.Sprintf("part %d", p.Seq))
		s := &connect.Submission{Group: &sms.Group{}, Attempt: ref, Type: sms.TypeSMS, From: "Harkara", FromIs: sms.SenderAlpha, To: m.To,
			Encoding: gsm.GSM7, Payload: payload, Long: sms.LongUDH8, Receipt: m.ReceiptsOn.Asked(p.Seq, len(m.Sub))}
		if len(m.Sub) > 1 {
			s.Concat = &gsm.Concat{Ref: uint16(m.ID.Counter()), Total: uint8(len(m.Sub)), Seq: uint8(p.Seq)}
		}
		switch err := b.c.Send(ctx, s); {
		case err == nil:
		case errors.Is(err, connect.ErrDown), errors.Is(err, connect.ErrClosed), errors.Is(err, context.Canceled):
			b.Outcomes([]sms.Outcome{{AttemptRef: ref, ConnectorID: bookConnector, Verdict: sms.VerdictDown, Reason: sms.ReasonLinkDown}})
		default:
			b.t.Errorf("Send: %v", err)
		}
	}
}

// accept takes n messages of so many parts and gives their ids.
func (b *book) accept(n, parts int, edit ...func(*sms.Message)) (ids []sms.MessageID) {
	b.change(func() {
		for i := range n {
			m := sms.Message{ID: sms.MessageID(len(b.ledger.records) + 1), AccountID: 1, To: number(sms.MessageID(i + 1)), State: sms.Queued,
				Encoding: gsm.GSM7, Parts: parts, Units: parts, Price: sms.Credit, Reserved: sms.Credit * sms.Money(parts), SubscriberID: 1,
				Notify: sms.NotifyDelivered | sms.NotifyFailed, DueAt: b.now, ExpiresAt: b.now.Add(24 * time.Hour), CloseAt: b.now.Add(72 * time.Hour)}
			for _, e := range edit {
				e(&m)
			}
			b.ledger.add(m)
			ids = append(ids, m.ID)
		}
	})
	return ids
}

// await waits until ok, which is called under the lock.
func (b *book) await(what string, ok func() bool) {
	b.t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		done, changed := ok(), b.changed
		b.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			b.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// message as it is now.
func (b *book) message(id sms.MessageID) sms.Record {
	b.mu.Lock()
	defer b.mu.Unlock()
	r := *b.ledger.records[id]
	r.Sub = slices.Clone(r.Sub)
	return r
}

// reaches waits until each message is in the state.
func (b *book) reaches(want sms.State, ids ...sms.MessageID) {
	b.t.Helper()
	for _, id := range ids {
		b.await(fmt.Sprintf("message %s to be %s", id, want), func() bool { return b.ledger.records[id].State == want })
	}
}

func (b *book) line(id sms.MessageID) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.line(id)
}

// want compares the line of each message.
func (b *book) want(line string, ids ...sms.MessageID) {
	b.t.Helper()
	for _, id := range ids {
		if got := b.line(id); got != line {
			b.t.Errorf("message %s\n got %s\nwant %s", id, got, line)
		}
	}
}

// receipts waits for as many as there are words, and compares what became of them.
func (b *book) receipts(words ...string) {
	b.t.Helper()
	b.await(fmt.Sprintf("%d receipts", len(words)), func() bool { return len(b.found) >= len(words) })
	b.mu.Lock()
	defer b.mu.Unlock()
	if !slices.Equal(b.found, words) {
		b.t.Errorf("receipts %q, want %q", b.found, words)
	}
}

// told is how often the customer's system is told something.
func (b *book) told() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ledger.told
}

// up waits for so many links.
func (b *book) up(links int) {
	b.t.Helper()
	b.await(fmt.Sprintf("%d links", links), func() bool { return b.links == links })
}

// later moves the clock and lets our own timers run.
func (b *book) later(d time.Duration) {
	b.change(func() {
		b.now = b.now.Add(d)
		b.ledger.expire(b.now)
	})
}

// deliver sends a receipt over whatever bind the SMSC chooses, and wants it to be
// acknowledged.
func deliver(t *testing.T, far *smpptest.SMSC, text string) {
	t.Helper()
	if err := far.Deliver(t.Context(), "harkara", receiptPDU(text)); err != nil {
		t.Errorf("not acknowledged: %v", err)
	}
}

func receiptPDU(text string) *smpp.DeliverSM {
	return &smpp.DeliverSM{ESMClass: smpp.EsmReceipt, Source: smpp.Address{TON: 1, NPI: 1, Addr: number(1)},
		Destination: smpp.Address{Addr: "Harkara"}, ShortMessage: []byte(text)}
}
