// Package smsapi is the compatible smsAPI: the face that existing clients of
// that API talk to. The contract is shared/compat.md; Q1 to Q24 in comments and
// in the names of tests are its requirements. What users read is
// docs/compatibility.md.
//
// The wire layer, in the order in which a request meets it:
//
//	listener.go  accepts connections, plain or TLS, and wraps them
//	conn.go      the wrapped connection: hands bytes to net/http
//	repair.go    the state machine that finds request lines in those bytes and
//	             escapes what net/http would refuse (blanks, newlines)
//	page.go      on the way out, what net/http answers by itself as JSON
//	path.go      finds the face in a raw request target, before any ServeMux
//	params.go    decodes parameters by PHP's rules
//	body.go      takes parameters from urlencoded and multipart bodies
//	action.go    decides which of the four calls is meant
//
// Then the calls:
//
//	handler.go   one request: method, action, who calls; survives panics
//	sendsms.go   parameters to a flow.Request, and the guard against doubled calls
//	date.go      scheduledate
//	template.go  WhatsApp templates inside text
//	read.go      groupstatus, getinbox, balance
//	reply.go     error texts, and how a reply leaves
//	render.go    JSON objects of strings
//
// To find the proof of a requirement search the tests for its number: TestQ13…,
// and TestSection5… for the sections of the contract. fixtures_test.go has the
// request lines of real clients; testdata has what they are answered, to the
// byte. rig_test.go is the real stack behind them.
//
// This room must not know any database, connector or other face, and it decides
// nothing about messages: that is flow's. It must not use http.Request.ParseForm,
// FormValue or URL.Query for parameters of this API (they lose values that hold a
// lone % or ;), and it must not put credentials or message texts into a log or an
// error.
package smsapi
