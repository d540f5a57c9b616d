package connecttest

import (
	"cmp"
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/harkara/harkara/internal/connect"
	"github.com/harkara/harkara/internal/sms"
)

// Harness is what a connector brings to the suite.
type Harness struct {
	// New builds a connector that was not connected yet and the far end it will
	// connect to. Whatever it starts it ends with t.Cleanup. It may be called
	// several times in one test.
	New func(t *testing.T, o Options) (connect.Connector, FarEnd)

	// Secrets are the passwords and tokens that New configures. None of them may
	// show up in a log, a link report, an outcome or an error.
	Secrets []string

	// Type is what the suite submits; sms.TypeSMS when empty.
	Type sms.Type

	// Links is how many links the connector has when all is well; 1 when zero.
	Links int

	// Patience is how long the suite waits for what must happen; 15 s when zero.
	// A connector that passes never makes it wait that long.
	Patience time.Duration

	NoReceipts bool // the channel has no receipts
	NoInbound  bool // the channel brings no messages in
}

// Options are what New builds a connector with.
type Options struct {
	Noun *sms.Connector // with ID, Name and Window; New adds protocol and settings
	Sink connect.Sink
	Log  *slog.Logger // for whatever the connector logs
}

// FarEnd is the operator's side of a connector.
type FarEnd interface {
	// Next waits for the next submission that arrived, in order of arrival.
	Next(ctx context.Context) (Request, error)
	// Receipt hands over a receipt and waits for its acknowledgement. acked is
	// false when the connector asked to have it again; err says that no link
	// carried it.
	Receipt(ctx context.Context, r Receipt) (acked bool, err error)
	// Inbound hands over a message from a handset in the same way.
	Inbound(ctx context.Context, m Inbound) (acked bool, err error)
	// Drop cuts every link without a goodbye and lets nobody in until Restore.
	Drop()
	// Restore lets the connector in again after Drop.
	Restore()
}

// Request is a submission that arrived at the far end.
type Request interface {
	// To is the recipient in digits.
	To() string
	// Answer answers with a verdict: sms.VerdictAccepted with the id, or
	// VerdictRetry, VerdictThrottle, VerdictReject. Answering after the link is
	// gone, or twice, does nothing that the connector may notice.
	Answer(v sms.Verdict, id string)
}

// Seen is a Request of a text channel that shows what it carries. The suite then
// looks at it.
type Seen interface {
	Header() []byte // user data header with its length octet, empty: none
	Body() []byte   // what follows it
	Receipt() bool  // whether a receipt was asked for
}

// Oracle is a FarEnd that can be asked what became of a submission. One whose
// connector is a connect.Querier and may ask (its settings allow it) has it.
type Oracle interface {
	// Know lets it answer questions about the id it gave. About others it knows nothing.
	Know(id string, state sms.PartState)
}

// Receipt is one that the far end sends.
type Receipt struct {
	ID    string
	To    string
	State sms.PartState // sms.PartDelivered or sms.PartUndelivered
}

// Inbound is a message that the far end sends.
type Inbound struct{ From, To, Text string }

// Run runs the whole suite.
func Run(t *testing.T, h Harness) {
	h.Type = cmp.Or(h.Type, sms.TypeSMS)
	h.Links = cmp.Or(h.Links, 1)
	h.Patience = cmp.Or(h.Patience, 15*time.Second)
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"Info", testInfo},
		{"Verdicts", testVerdicts},
		{"OutcomesExactlyOnce", testExactlyOnce},
		{"ContentIsReadOnly", testReadOnly},
		{"WindowBlocks", testWindowBlocks},
		{"WindowHonoursContext", testWindowContext},
		{"LostLinkIsUnknown", testLostLink},
		{"LostLinkWakesSend", testLostLinkWakesSend},
		{"LostLinkUnderLoad", testLostLinkUnderLoad},
		{"SendWithoutLink", testSendWithoutLink},
		{"LinkIsReported", testLinkReported},
		{"CloseWaits", testCloseWaits},
		{"CloseReportsTheRest", testCloseReportsRest},
		{"CloseWithoutConnect", testCloseWithoutConnect},
		{"CloseUnderLoad", testCloseUnderLoad},
		{"NothingSecretIsSaid", testNothingSecret},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
	if h.Type.Channel() == sms.TypeSMS {
		t.Run("RawGoesOutAsItIs", func(t *testing.T) { testRaw(t, h) })
		t.Run("ReceiptWhereAsked", func(t *testing.T) { testReceiptAsked(t, h) })
	}
	runAbilities(t, h)
	if !h.NoReceipts {
		t.Run("ReceiptAcknowledgedAfterCommit", func(t *testing.T) { testAckAfterCommit(t, h, receiptDelivery) })
		t.Run("ReceiptRefusedOnError", func(t *testing.T) { testRefusedOnError(t, h, receiptDelivery) })
		t.Run("ReceiptDuringClose", func(t *testing.T) { testDeliveryDuringClose(t, h, receiptDelivery) })
		t.Run("ReceiptSaysWhatWasSent", testReceiptContent(h))
	}
	if !h.NoInbound {
		t.Run("InboundAcknowledgedAfterCommit", func(t *testing.T) { testAckAfterCommit(t, h, inboundDelivery) })
		t.Run("InboundRefusedOnError", func(t *testing.T) { testRefusedOnError(t, h, inboundDelivery) })
		t.Run("InboundDuringClose", func(t *testing.T) { testDeliveryDuringClose(t, h, inboundDelivery) })
		t.Run("InboundSaysWhatWasSent", testInboundContent(h))
	}
}
