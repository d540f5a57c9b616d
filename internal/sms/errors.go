package sms

import "errors"

// Code is a class of error. Each face has one table from Code to its own words
// (HTTP status, SMPP command_status, smsAPI text), so there are few of them.
type Code string

// The codes.
const (
	CodeInvalid      Code = "invalid"             // the request is wrong; the message says what to do
	CodeUnauthorized Code = "unauthorized"        // who are you: bad key, token, disabled account, address
	CodeForbidden    Code = "forbidden"           // known, but not allowed: sender, route, type
	CodeNotFound     Code = "not_found"           // no such thing for this account
	CodeConflict     Code = "conflict"            // exists already, or changed meanwhile
	CodeCredit       Code = "insufficient_credit" // balance does not pay for the call
	CodeTooLarge     Code = "too_large"           // over a documented limit
	CodeThrottled    Code = "throttled"           // too fast; try later
	CodeUnavailable  Code = "unavailable"         // storage or a connector cannot serve now; nothing was kept
	CodeInternal     Code = "internal"            // a defect of ours
)

// Error is the error every room hands upward. Message is a short English
// sentence that says what to do; it never holds a secret or a message text.
type Error struct {
	Code      Code
	Message   string
	Reason    Reason // finer than Code where a face may need it, else empty
	Retryable bool
	Err       error // the cause, for the log only
}

// Error returns the message; the cause is not part of it.
func (e *Error) Error() string { return e.Message }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Fail makes an Error that trying again does not mend.
func Fail(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Because adds the reason, for faces with words of their own for it.
func (e *Error) Because(r Reason) *Error {
	e.Reason = r
	return e
}

// ReasonOf is the reason of err, empty for errors that carry none.
func ReasonOf(err error) Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// Unavailable makes a retryable Error with the cause kept for the log.
func Unavailable(message string, cause error) *Error {
	return &Error{Code: CodeUnavailable, Message: message, Retryable: true, Err: cause}
}

// CodeOf is the code of err, CodeInternal for errors that carry none.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
