package smsapi

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
)

// net/http answers what it cannot read as a request by itself, below every
// handler, in plain text: a head that is too large, a malformed one. Clients of
// this API read JSON whatever happens (Q4), so the wrapped connection puts the
// same answer into the shape of the others; see stream.Write.

// ownPage is how such an answer begins after its status line. Replies of
// handlers never begin so: they carry a Date.
const ownPage = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// statusAt is where the status code of a status line begins.
const statusAt = len("HTTP/1.1 ")

// inJSON returns the JSON form of an answer that net/http makes by itself, nil
// for everything else. An answer is one Write.
func inJSON(p []byte) []byte {
	if len(p) <= statusAt || p[statusAt] != '4' && p[statusAt] != '5' || !bytes.HasPrefix(p, []byte("HTTP/1.1 ")) {
		return nil
	}
	line, text, ok := bytes.Cut(p, []byte(ownPage))
	// The status and the whole text are one line each.
	if !ok || bytes.ContainsAny(line, "\r\n") || bytes.ContainsAny(text, "\r\n") {
		return nil
	}
	code, _, _ := bytes.Cut(line[statusAt:], []byte(" "))
	status, err := strconv.Atoi(string(code))
	if err != nil || http.StatusText(status) == "" {
		return nil
	}
	return page(status, unreadable(status, string(text)))
}

// unreadable says what to do about a request that net/http could not read. text
// is its own, such as "400 Bad Request: missing required Host header".
func unreadable(status int, text string) string {
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		return "Request line and header are too large; send many recipients by POST"
	case http.StatusNotImplemented:
		return "Unsupported transfer encoding; send the body with a Content-Length"
	case http.StatusHTTPVersionNotSupported:
		return "Unsupported protocol version; use HTTP/1.1"
	}
	if _, why, ok := strings.Cut(text, ": "); ok {
		return "Malformed HTTP request: " + why
	}
	return "Malformed HTTP request; check its first line and its header"
}

// page is a whole HTTP response that ends its connection.
func page(status int, message string) []byte {
	body := object("request", "", "status", "error", "message", message)
	b := []byte("HTTP/1.1 " + strconv.Itoa(status) + " " + http.StatusText(status) + "\r\n" +
		"Access-Control-Allow-Origin: *\r\nCache-Control: no-store\r\nConnection: close\r\n" +
		"Content-Length: " + strconv.Itoa(len(body)) + "\r\nContent-Type: " + contentType[0] + "\r\n\r\n")
	return append(b, body...)
}
