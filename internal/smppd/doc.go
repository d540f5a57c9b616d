// Package smppd is the face for customers who speak SMPP: they bind to us, hand
// messages in, and are told what became of them.
//
// The way in, in the order in which a PDU meets it:
//
//	server.go    listeners, binds, and what a changed configuration does to them
//	login.go     one customer's login: its binds, its rate
//	session.go   one bind: window and rate, the queue to its worker, the answers
//	submit.go    submit_sm, data_sm to a flow.Request
//	content.go   data_coding, user data headers, SAR: octets to text or sms.Raw
//	address.go   TON and NPI, both ways
//	multi.go     submit_multi
//	manage.go    query_sm, cancel_sm, replace_sm
//	status.go    the one table from errors to command_status
//
// The way out:
//
//	deliver.go   what is under way to a login's receivers, in order
//	receiver.go  who of them answers, and how much he is offered
//	delivery.go  one row of the store as deliver_sm PDUs, and what its answers mean
//	receipt.go   delivery receipts (SMPP 3.4 appendix B)
//	reply.go     inbound messages
//	run.go       the loops behind them
//
// meter.go is what is counted, complain.go what is logged of troubles.
//
// A submit_sm is answered when the message is durable and not before. Each bind
// has one worker, which takes all that has queued while it was in the store, so
// that one commit serves a whole window.
//
// This room decides nothing about messages (flow does), and it must not know any
// database, connector or other face. Passwords and message texts reach no log
// and no error.
package smppd
