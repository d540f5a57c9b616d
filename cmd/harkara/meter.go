package main

import (
	"time"

	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// What the faces are called in the metrics and in flow.Request.
const (
	smsapiFace = "smsapi"
	smppFace   = "smpp"
)

// meter hands what flow counts to the metrics.
type meter struct {
	faces      map[string]*obs.Face
	connectors *obs.Connectors
}

func newMeter(m obs.Metrics) *meter {
	codes := []string{string(sms.CodeInvalid), string(sms.CodeUnauthorized), string(sms.CodeForbidden), string(sms.CodeNotFound),
		string(sms.CodeConflict), string(sms.CodeCredit), string(sms.CodeTooLarge), string(sms.CodeThrottled),
		string(sms.CodeUnavailable), string(sms.CodeInternal)}
	faces := map[string]*obs.Face{}
	for _, face := range []string{smsapiFace, smppFace} {
		faces[face] = m.Calls.Face(face, codes...)
	}
	return &meter{connectors: m.Connectors, faces: faces}
}

func (m *meter) Accepted(face string, messages int, took time.Duration) {
	m.faces[face].Accepted(messages, took)
}

func (m *meter) Refused(face string, code sms.Code, took time.Duration) {
	m.faces[face].Refused(string(code), took)
}

// refusedAtOnce counts what a face refused itself: flow does not see it.
func (m *meter) refusedAtOnce(face string) func(sms.Code) {
	f := m.faces[face]
	return func(code sms.Code) { f.RefusedAtOnce(string(code)) }
}

var submitResults = map[sms.Verdict]obs.SubmitResult{sms.VerdictAccepted: obs.SubmitAccepted, sms.VerdictRetry: obs.SubmitRetry,
	sms.VerdictThrottle: obs.SubmitThrottle, sms.VerdictReject: obs.SubmitReject, sms.VerdictUnknown: obs.SubmitUnknown,
	sms.VerdictDown: obs.SubmitDown}

func (m *meter) Outcome(connector string, v sms.Verdict, n int) {
	m.connectors.Connector(connector).Submitted(submitResults[v], n)
}

var receiptResults = map[store.Matched]obs.ReceiptResult{store.ReceiptApplied: obs.ReceiptMatched,
	store.ReceiptEvidence: obs.ReceiptEvidence, store.ReceiptHeld: obs.ReceiptHeld, store.ReceiptReleased: obs.ReceiptEarly}

func (m *meter) Receipt(connector string, match store.Match, form, code string, reason sms.Reason, latency time.Duration) {
	if !match.First {
		latency = 0 // the handset was reached before
	}
	switch {
	case match.Matched == store.ReceiptHeld:
		reason, code = "", "" // counted if it finds its part; others' are no errors of ours
	case reason == "":
		code = "" // it arrived, or may yet: the code is no error
	}
	m.connectors.Connector(connector).Receipt(obs.Receipt{Result: receiptResults[match.Matched], Form: form, Code: code, Reason: string(reason), Latency: latency})
}

func (m *meter) Inbound(connector string, n int) { m.connectors.Connector(connector).Inbound(n) }

// Link counts the report only: how many links there are is asked at every scrape.
func (m *meter) Link(connector string, _ int) { m.connectors.Connector(connector).Changed() }

// snapshot is how things are, for the gauges. An enabled connector that does not
// run, because its settings cannot work, has no link.
func snapshot(cat *sms.Catalog, running []flow.ConnectorState, stats store.Stats, now time.Time) obs.Snapshot {
	s := obs.Snapshot{Links: map[string]int{}, InFlight: map[string]int64{}, Queued: map[string]int64{}, Waiting: map[string]int64{},
		Held: stats.Held, HeldReceipts: stats.HeldReceipts}
	for _, c := range cat.Connectors() {
		if c.Enabled {
			s.Links[c.Name] = 0
		}
	}
	for _, c := range running {
		s.Links[c.Name], s.InFlight[c.Name] = c.Link.Links, c.Open
	}
	for _, r := range cat.Routes() {
		s.Queued[r.Name] = stats.Queued[r.ID]
	}
	for _, n := range cat.Nouns() {
		if l, ok := n.(*sms.Subscriber); ok && l.SMPP != nil {
			s.Waiting[l.Name] = stats.Deliveries[l.ID]
		}
	}
	if !stats.OldestDue.IsZero() {
		s.OldestDue = max(0, now.Sub(stats.OldestDue)) // what is scheduled is due later
	}
	return s
}
