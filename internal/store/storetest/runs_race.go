//go:build race

package storetest

// modelRuns is smaller here: the race detector makes SQLite, which is Go, more
// than ten times slower.
const modelRuns = 10
