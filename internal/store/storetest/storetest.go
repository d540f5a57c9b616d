// Package storetest is the suite that every driver of package store passes. The
// contract comments of package store are the specification; each sentence of
// them has a case here.
//
//	Run        every verb, one small story a case
//	RunReopen  what must be there after a restart, for drivers with a directory
//	RunModel   random calls on the driver and on store/memory, compared
//	Check      the invariants of money and queue; Run calls it after every case
//
// It must not know how a driver works: it speaks only through the contract.
//
// Where to look: fixture.go (a case's tools), check.go, view.go (everything that
// can be seen of a store, as text), compare*.go (RunModel), and a file of cases per verb.
package storetest

import (
	"testing"

	"github.com/harkara/harkara/internal/store"
)

// testCase is a story about one sentence of the contract.
type testCase struct {
	name string
	run  func(f *fix)
}

// verbs are the cases in the order in which a newcomer reads them.
func verbs() []struct {
	name  string
	cases []testCase
} {
	return []struct {
		name  string
		cases []testCase
	}{
		{"Accept", acceptCases()},
		{"AcceptMoney", acceptMoneyCases()},
		{"Claim", claimCases()},
		{"RecordOutcomes", outcomeCases()},
		{"ApplyReceipts", receiptCases()},
		{"ApplyReceiptsMatch", matchCases()},
		{"AddInbound", inboundCases()},
		{"ExpireDue", expireCases()},
		{"Purge", purgeCases()},
		{"Cancel", cancelCases()},
		{"Replace", replaceCases()},
		{"Deliveries", deliveryCases()},
		{"Told", toldCases()},
		{"Owner", ownerCases()},
		{"Reader", readerCases()},
		{"Messages", listCases()},
		{"Ledger", ledgerCases()},
		{"Docs", docCases()},
		{"Sweep", sweepCases()},
		{"Audit", auditCases()},
		{"Rules", ruleCases()},
	}
}

// Run tests every verb. open makes a fresh, empty store each time, which it
// closes by itself with t.Cleanup; it is called from parallel tests. A store
// must allow Close to be called twice.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, verb := range verbs() {
		t.Run(verb.name, func(t *testing.T) {
			for _, c := range verb.cases {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.run(newFix(t, open(t)))
				})
			}
		})
	}
}
