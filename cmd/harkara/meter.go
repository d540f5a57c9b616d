package main

import (
	"time"

	"github.com/harkara/harkara/internal/obs"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
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
	return &meter{connectors: m.Connectors, faces: map[string]*obs.Face{"smsapi": m.Calls.Face("smsapi", codes...)}}
}

func (m *meter) Accepted(face string, messages int, took time.Duration) {
	m.faces[face].Accepted(messages, took)
}

func (m *meter) Refused(face string, code sms.Code, took time.Duration) {
	m.faces[face].Refused(string(code), took)
}

var submitResults = map[sms.Verdict]obs.SubmitResult{sms.VerdictAccepted: obs.SubmitAccepted, sms.VerdictRetry: obs.SubmitRetry,
	sms.VerdictThrottle: obs.SubmitThrottle, sms.VerdictReject: obs.SubmitReject, sms.VerdictUnknown: obs.SubmitUnknown,
	sms.VerdictDown: obs.SubmitDown}

func (m *meter) Outcome(connector string, v sms.Verdict, n int) {
	m.connectors.Connector(connector).Submitted(submitResults[v], n)
}

var receiptResults = map[store.Matched]obs.ReceiptResult{store.ReceiptApplied: obs.ReceiptMatched,
	store.ReceiptEvidence: obs.ReceiptEvidence, store.ReceiptHeld: obs.ReceiptHeld}

func (m *meter) Receipt(connector string, r store.Matched, n int) {
	m.connectors.Connector(connector).Receipts(receiptResults[r], n)
}

func (m *meter) Inbound(connector string, n int) { m.connectors.Connector(connector).Inbound(n) }

func (m *meter) Link(connector string, links int) { m.connectors.Connector(connector).Up(links) }
