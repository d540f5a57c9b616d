// Package smppc is the connector for operators that speak SMPP 3.4: it binds as
// an ESME, submits the parts that flow gives it, and hands back receipts and
// inbound messages. The protocol itself is package smpp; here is what an
// operator of the platform configures and what a submission, a status, a
// receipt and an inbound message mean.
//
//	settings.go    the settings and their defaults (check.go: what cannot work, tls.go: the files)
//	smppc.go       the Connector: New, Connect, Send, Close
//	adjust.go      a changed noun while it lives
//	pool.go        which bind a submission goes to, and the window
//	bind.go        one bind that is kept up, and at which host
//	submit.go      sms submission → submit_sm (header.go: what stands before the text)
//	parameters.go  the operator's own optional parameters
//	attempt.go     a submission on its way, and what its response means
//	verdict.go     command_status → verdict and reason: the one table
//	outcomes.go    verdicts on their way to the Sink
//	query.go       query_sm → receipt
//	deliver.go     receipts and inbound messages on their way to the Sink
//	receipt.go     deliver_sm → receipt
//	reason.go      error codes → reason: the other table
//	inbound.go     deliver_sm → inbound message
//
// It must not decide what follows from a verdict, pace, retry or store anything;
// it must not write a text, a password or the content of a PDU into a log.
package smppc
