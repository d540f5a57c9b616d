//go:build !race

package storetest

// modelRuns is how many random stories RunModel tells; -rapid.checks overrides it.
const modelRuns = 40
