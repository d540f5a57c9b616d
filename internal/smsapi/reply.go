package smsapi

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// dateLayout is how replies print a time, in the account's zone.
const dateLayout = "2006-01-02 15:04:05"

// The values of "status" in a reply.
const (
	statusQueued  = "queued"
	statusSuccess = "success"
	statusError   = "error"
)

func (c *call) date(t time.Time) string { return t.In(c.catalog.Zone(c.account.ID)).Format(dateLayout) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

// failure is the body of an error reply.
func (c *call) failure(message string) []byte {
	return object("request", c.action.String(), "status", statusError, "message", message)
}

func invalid(format string, args ...any) error {
	return sms.Fail(sms.CodeInvalid, fmt.Sprintf(format, args...))
}

func missing(names string) error { return invalid("Missing parameter: %s", names) }

func bodyError(err error) error {
	if errors.Is(err, ErrBodyTooLarge) {
		return invalid("Request is too large; send fewer recipients in one call")
	}
	return invalid("Request did not arrive whole; send it again")
}

// The texts of errors that have one whatever is behind them.
const (
	textInternal    = "Internal error; try again later"
	textUnavailable = "Service is temporarily unavailable; try again later"
)

// words is what a caller reads of an error. Refused credentials have one text,
// whatever the reason (compat.md §5); our own failures say nothing of the inside.
func (c *call) words(err error) string {
	known, ok := errors.AsType[*sms.Error](err)
	switch {
	case !ok || known.Code == sms.CodeInternal:
		c.complain(err)
		return textInternal
	case known.Code == sms.CodeUnavailable && known.Retryable:
		c.complain(err)
		return textUnavailable
	case known.Code == sms.CodeUnauthorized:
		return "Invalid user"
	case known.Code == sms.CodeCredit:
		return "Insufficient balance; top up the account or send to fewer recipients"
	}
	return known.Message
}

// complain logs a failure that is ours and not the caller's.
func (c *call) complain(err error) {
	c.Log.Error("smsapi: a call failed", "request", c.action.String(), "code", string(sms.CodeOf(err)), "err", err, "cause", errors.Unwrap(err))
}

// write sends a reply and reports whether it left without an error. net/http
// keeps the body back on HEAD.
func (c *call) write(status int, body []byte) error {
	c.wrote = true
	head := c.w.Header()
	head["Content-Type"] = contentType
	head["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.w.WriteHeader(status)
	_, err := c.w.Write(body)
	return err
}
