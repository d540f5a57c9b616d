// Package smsapi is the compatible smsAPI: the face that existing clients of
// that API talk to. The contract is shared/compat.md; Q1 to Q24 in comments
// are its requirements.
//
// The wire layer, in the order in which a request meets it:
//
//	listener.go  accepts connections, plain or TLS, and wraps them
//	conn.go      the wrapped connection: hands bytes to net/http
//	repair.go    the state machine that finds request lines in those bytes and
//	             escapes what net/http would refuse (blanks, newlines)
//	path.go      finds the face in a raw request target, before any ServeMux
//	params.go    decodes parameters by PHP's rules
//	body.go      takes parameters from urlencoded and multipart bodies
//	action.go    decides which of the four calls is meant
//
// This room must not know any database, connector or other face. It must not
// use http.Request.ParseForm, FormValue or URL.Query for parameters of this
// API (they lose values that hold a lone % or ;), and it must not put
// credentials or message texts into a log or an error.
package smsapi
