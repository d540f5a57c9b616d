// Package sqlite keeps Harkara's data in one SQLite file: the store of a
// single machine. It implements the contract of package store.
//
// # One writer
//
// All changes go through one goroutine that owns one connection (writer.go). It
// runs every call that waits in one transaction and commits them with one sync
// of the disk, as soon as it is free and never on a timer. A call that fails
// does not take the others with it: if it wrote nothing the transaction goes on
// without it, otherwise the transaction is rolled back and its calls run again,
// each alone. Answers are given after COMMIT. Readers have connections of their
// own (reader.go) and see what was committed.
//
// # Durability
//
// Write-ahead log with synchronous=FULL: a commit has been synced when it is
// answered. If the sync of a commit fails nobody knows what the disk holds
// (store.ErrCommitUnknown), and the kernel may have thrown the pages away while
// it calls them clean, so that a second sync proves nothing: after an I/O error
// or found damage the writer refuses everything until the store is opened
// again. A full disk is not such an error: the call fails, nothing is kept, and
// the next one may succeed. A node that opens the store copies and empties the
// log first (Store.Open), so that nothing rests on pages of unknown fate.
//
// # Other processes
//
// The command line opens the same file while the server runs. What the writer
// remembers between transactions (mirror.go) is thrown away when another
// connection has written since; SQLite's data_version tells.
//
// # Where to look
//
//	migrations/     the schema, with comments
//	engine/         SQLite's C interface, typed
//	writer.go       group commit and what happens on failure
//	tx.go           one call's work: money, events, records, then SQL
//	mirror.go       rows the writer remembers
//	record.go       a message and its parts as rows
//	accept.go claim.go outcome.go receipt.go expire.go cancel.go replace.go   the verbs
//	delivery.go     who is told; lease.go  claims of deliveries, which write nothing
//	cold.go         the verbs that package sqlstore writes for all databases
//	read.go list.go sweep.go proof.go backup.go
//
// It must not decide what happens to a message: package sms does.
package sqlite
