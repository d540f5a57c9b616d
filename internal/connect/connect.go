// Package connect is the contract between flow and the channels: SMPP links,
// HTTP providers, SIP trunks and the rest, one folder each. connecttest is the
// suite they all pass.
//
// A connector MUST
//
//  1. be silent about policy: it classifies an attempt (sms.Verdict) and never
//     retries, paces or reroutes a message;
//  2. tell sms.VerdictDown (certainly nothing of it reached the wire) from
//     sms.VerdictUnknown (something may have), and report every Submission it
//     took exactly once through Sink.Outcomes; only an attempt reported unknown
//     may be followed by one acceptance, marked Late, when its answer comes
//     after all;
//  3. acknowledge a receipt or an inbound message on the wire only after the
//     Sink method returned nil; on an error it asks the operator to send again;
//  4. reconnect its links by itself, with jittered backoff, until Close, and
//     report every change of usability through Sink.Link;
//  5. never put a message text or a secret into a log or an error.
//
// It MAY NOT import flow, a store or another connector.
package connect

import (
	"context"
	"errors"
	"time"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/sms"
)

// What Send returns when it took nothing.
var (
	ErrClosed = errors.New("connect: connector is closed")
	ErrDown   = errors.New("connect: no link is usable")
)

// Info is what a connector can do. It is constant, except that Adjust may change it.
type Info struct {
	Protocol string
	Window   int // submissions that can be unanswered at a time, all links together
}

// Submission is one part on its way out. The content is shared: read only.
type Submission struct {
	Attempt sms.AttemptRef
	Type    sms.Type
	From    string
	FromIs  sms.SenderKind
	To      string // E.164 digits without +, or a short code
	Short   bool   // To is a short code

	Encoding gsm.Encoding // with the national tables of a GSM-7 text, whose elements the connector adds to the header
	Payload  []byte       // GSM-7: one septet an octet; UCS-2: big endian; Octets: as they are; without UDH
	Concat   *gsm.Concat
	Long     sms.LongMode // how Concat, or a long Payload, is to be sent
	ValidTo  time.Time    // end of validity
	Receipt  bool         // ask for a receipt

	// Group is never nil: text, file, language, duration for channels that need
	// them; Coding and Protocol; and Raw of content that the caller made, whose
	// header has the concatenation and the national tables (Payload is its body).
	Group *sms.Group
}

// Link is the state of a connector as a whole.
type Link struct {
	Up     bool
	Links  int    // how many of its links are usable
	Reason string // why it is down, in words for an operator, without secrets
}

// Sink is where a connector reports to. All methods may be called from many
// goroutines.
type Sink interface {
	// Outcomes hands over what became of attempts. It does not wait for the
	// commit: a response needs no acknowledgement on the wire.
	Outcomes(outcomes []sms.Outcome)
	// Receipts returns nil only after all were committed.
	Receipts(ctx context.Context, receipts []sms.Receipt) error
	// Inbound returns nil only after all were committed.
	Inbound(ctx context.Context, in []sms.Inbound) error
	// Link reports a change of usability.
	Link(Link)
}

// Connector is a channel to one operator or provider. A Sink is given to its
// constructor.
type Connector interface {
	Info() Info
	// Connect starts to keep the links up and returns; an error is a setting
	// that cannot work. It is called once. ctx bounds the call only: links live
	// until Close.
	Connect(ctx context.Context) error
	// Send hands one submission to the channel, which may keep it until its
	// outcome is reported. It blocks while the window is full, and fails at once
	// (ErrDown) while no link is usable. A nil error means that the outcome will
	// be reported through the Sink; an error means that certainly nothing was
	// written and nothing will be reported. Content that the channel cannot
	// carry is an outcome (Reject, sms.ReasonContent), not an error.
	Send(ctx context.Context, s *Submission) error
	// Close lets unanswered submissions finish until ctx ends, reports the rest
	// as unknown, and closes the links; its last report is Link{Up: false}.
	// Nothing is reported after it returned. Closing again does nothing.
	Close(ctx context.Context) error
}

// Adjuster is a connector that takes some changes of its noun while it lives.
type Adjuster interface {
	// Adjust takes over the changed noun and is true, or it changes nothing and is
	// false: then the host replaces the connector. Pace and mode are the host's
	// own and no reason to refuse; Info may be another afterwards.
	Adjust(c *sms.Connector) bool
}

// Query asks the operator what became of a part that it took.
type Query struct {
	Attempt    sms.AttemptRef
	UpstreamID string // as the operator gave it
	From       string
	FromIs     sms.SenderKind
	To         string
}

// Querier is a connector whose operator can be asked (query_sm). The answer comes
// as a receipt through Sink.Receipts; an operator that does not know, or does
// not answer, brings nothing.
type Querier interface {
	// Query returns when the question is written. An error means that it was not
	// asked (ErrDown, or the connector is not set up for it: ErrNoQuery).
	Query(ctx context.Context, q Query) error
}

// ErrNoQuery is of a connector whose settings say that the operator cannot be asked.
var ErrNoQuery = errors.New("connect: the operator cannot be asked")

// Factory builds a connector of one protocol from its configured noun. An error
// says which setting is wrong.
type Factory func(c *sms.Connector, sink Sink) (Connector, error)

// Plugin is one protocol in the binary.
type Plugin struct {
	Types []sms.Type // channels it carries: sms, voice, mms, whatsapp
	New   Factory
	// Advise names what does not fit together in a route and one of its
	// connectors, one sentence each; nil for a protocol that has nothing to say.
	Advise func(*sms.Connector, *sms.Route) []string
}

// Plugins are the plug-ins of the binary by protocol; cmd/harkara/connectors.go
// is the only list.
type Plugins map[string]Plugin

// Types of a protocol, none for one that is not in the binary.
func (p Plugins) Types(protocol string) []sms.Type { return p[protocol].Types }

// Advise asks the plug-in of the connector.
func (p Plugins) Advise(c *sms.Connector, r *sms.Route) []string {
	if advise := p[c.Protocol].Advise; advise != nil {
		return advise(c, r)
	}
	return nil
}
