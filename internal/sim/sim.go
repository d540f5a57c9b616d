// Package sim is the operator simulator: a real SMPP 3.4 SMSC on a TCP port
// whose behaviour is chosen by the last two digits of the recipient's number
// (behaviour.go). `harkara dev` runs one beside the server, `harkara sim` alone;
// tests script it further.
//
// It stands at the far end of the wire: it must know nothing of the product.
package sim

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/smpp"
	"github.com/harkara/harkara/smpp/smpptest"
)

// Options shape a Simulator. The zero value listens on a free loopback port,
// accepts every bind, answers at once and delivers at once.
type Options struct {
	Listen       string        // "127.0.0.1:2775"
	SystemID     string        // that may bind; empty: any
	Password     string        // of SystemID
	Latency      time.Duration // before each response
	ReceiptDelay time.Duration // from the response to the receipt
	Rate         int           // messages a second, more are throttled; 0: no limit
	Window       int           // unanswered messages a session may have, more are throttled; 0: no limit
	ReplyTo      string        // our number, for echoes of messages from an alphanumeric sender
	Record       io.Writer     // a JSON line for each submission, without its text; may be nil
	Keep         int           // submissions that Received remembers, 0: none
	Started      time.Time     // makes message ids differ from those of an earlier run; zero: now
}

// Simulator is a running SMSC.
type Simulator struct {
	Options
	smsc  *smpptest.SMSC
	base  uint64
	table *table

	mu    sync.Mutex
	sent  sentTable
	tries map[string]int // refusals of behaviours that refuse at first
	out   *json.Encoder
}

// submission is what Record gets.
type submission struct {
	At     time.Time `json:"at"`
	N      uint64    `json:"n"`
	Peer   string    `json:"system_id"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Part   int       `json:"part"`
	Parts  int       `json:"parts"`
	Ref    int       `json:"ref"`
	Coding uint8     `json:"data_coding"`
	Octets int       `json:"octets"`
	Does   string    `json:"behaviour"`
}

// Start starts a simulator.
func Start(o Options) (*Simulator, error) {
	if o.Started.IsZero() {
		o.Started = time.Now()
	}
	keep := o.Keep
	if keep == 0 {
		keep = -1
	}
	s := &Simulator{Options: o, base: uint64(o.Started.Unix()) << 24, table: newTable(), tries: map[string]int{}}
	s.sent.senders = map[string]string{}
	if o.Record != nil {
		s.out = json.NewEncoder(o.Record)
	}
	s.mu.Lock() // nobody who is quick may ask before it is complete
	defer s.mu.Unlock()
	smsc, err := smpptest.Start(smpptest.Config{
		Addr: o.Listen, SystemID: "harkara-sim", Authenticate: s.authenticate, OnSubmit: s.onSubmit, OnOther: s.onOther, NewID: s.id,
		Session: smpp.Config{Window: 1000, MaxInbound: o.Window}, Rate: o.Rate, Keep: keep,
		// What an ESME refuses or does not acknowledge comes again, as with a real operator.
		Redeliver: 1 << 20, RedeliverAfter: 200 * time.Millisecond,
	})
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	s.smsc = smsc
	return s, nil
}

// Addr is where it listens.
func (s *Simulator) Addr() string { return s.smsc.Addr() }

// Received are the submissions, in order, as far as Keep goes.
func (s *Simulator) Received() []smpptest.Message { return s.smsc.Received() }

// SMSC is what the simulator is built on, for tests that need more.
func (s *Simulator) SMSC() *smpptest.SMSC { return s.smsc }

// Close ends it at once.
func (s *Simulator) Close() error { return s.smsc.Close() }

// Shutdown unbinds its peers first.
func (s *Simulator) Shutdown(ctx context.Context) error { return s.smsc.Shutdown(ctx) }

func (s *Simulator) authenticate(b *smpp.BindRequest) smpp.Status {
	if s.SystemID == "" {
		return smpp.StatusOK
	}
	id := subtle.ConstantTimeCompare([]byte(b.SystemID), []byte(s.SystemID))
	password := subtle.ConstantTimeCompare([]byte(b.Password), []byte(s.Password))
	if id&password != 1 {
		return smpp.StatusBindFail
	}
	return smpp.StatusOK
}

// id is a decimal message id.
func (s *Simulator) id(n uint64) string { return strconv.FormatUint(s.base+n, 10) }

func (s *Simulator) onSubmit(m *smpptest.Message) smpptest.Reply {
	does := s.table.of(m.Destination.Addr)
	part := partOf(m)
	if s.out != nil {
		s.record(m, part, does)
	}
	reply := does.reply(s, m, part)
	if reply.Status == smpp.StatusOK && !reply.NoResponse && !reply.Drop {
		s.keep(m, does, &reply)
	}
	if reply.Delay == 0 {
		reply.Delay = s.Latency
	}
	return reply
}

// keep remembers an accepted message, for those who ask.
func (s *Simulator) keep(m *smpptest.Message, does *Behaviour, reply *smpptest.Reply) {
	due := m.Received.Add(s.Latency + s.ReceiptDelay)
	if n := len(reply.Receipts); n > 0 {
		due = m.Received.Add(s.Latency + reply.Receipts[n-1].After)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent.add(m, does, due)
}

func (s *Simulator) record(m *smpptest.Message, part gsm.Concat, does *Behaviour) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A record that cannot be written is the reader's loss; the operator goes on.
	_ = s.out.Encode(submission{At: m.Received, N: m.N, Peer: m.Session.PeerSystemID(), From: m.Source.Addr, To: m.Destination.Addr,
		Part: int(part.Seq), Parts: int(part.Total), Ref: int(part.Ref), Coding: m.DataCoding, Octets: len(m.Text), Does: does.Name})
}

// partOf reads the concatenation of a message, from UDH or SAR; a whole one is
// part 1 of 1.
func partOf(m *smpptest.Message) gsm.Concat {
	if m.ESMClass&smpp.EsmUDHI != 0 {
		if header, _, err := gsm.ParseUDH(m.Text); err == nil {
			if c, ok := header.Concat(); ok {
				return c
			}
		}
	}
	if sar, ok := m.TLVs.SAR(); ok {
		return gsm.Concat{Ref: sar.Ref, Bits: gsm.Ref16, Total: sar.Total, Seq: sar.Seq}
	}
	return gsm.Concat{Total: 1, Seq: 1}
}
