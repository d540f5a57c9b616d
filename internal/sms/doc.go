// Package sms is the domain of Harkara: the nouns (account, sender, route,
// message, part, receipt, ...), the rules that need no I/O (which state follows
// which, what is charged when, which price and which route apply) and the error
// codes. Everybody imports it; it imports only gsm and the number plan.
//
// It must not do I/O, read a clock, hold a lock or know a protocol: time comes
// in as an argument, and a change goes out as a value that a store writes.
//
// Where to look:
//
//	state.go    the states of a message and the table of what follows what
//	message.go  Group, Message, Part, Record (a message with its parts)
//	evidence.go what operators say: Outcome of an attempt, Receipt
//	change.go   what claims, outcomes and receipts do to a Record
//	due.go      what time and the customer do to it: start, expiry, cancel, replace
//	word.go     the state that its parts add up to, where one part speaks for all
//	settle.go   what follows from its parts: state, money, notices
//	money.go    Money and Transfer
//	nouns.go    what an operator configures
//	catalog.go  an immutable, indexed snapshot of those nouns
package sms
