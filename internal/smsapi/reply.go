package smsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// The replies, with their keys in the documented order. Every scalar is a
// string (Q8).
type (
	errorReply struct {
		Request string `json:"request"`
		Status  string `json:"status"`
		Message string `json:"message"`
	}
	queuedReply struct {
		Request string `json:"request"`
		Status  string `json:"status"`
		GroupID string `json:"group_id"`
		Date    string `json:"date"`
	}
	statusReply struct {
		Request     string           `json:"request"`
		Status      string           `json:"status"`
		GroupID     string           `json:"group_id"`
		GroupStatus string           `json:"group_status"`
		Recipients  []recipientReply `json:"recipients"`
		Date        string           `json:"date"`
	}
	recipientReply struct {
		ID     string `json:"id"`
		To     string `json:"to"`
		Status string `json:"status"`
		*detailReply
	}
	// detailReply is our own extension, behind detail=1.
	detailReply struct {
		Input  string `json:"input"`
		Detail string `json:"detail"`
		Reason string `json:"reason"`
	}
	inboxReply struct {
		Request string         `json:"request"`
		Status  string         `json:"status"`
		Inbox   []messageReply `json:"inbox"`
	}
	messageReply struct {
		ID      string `json:"id"`
		From    string `json:"from"`
		To      string `json:"to"`
		Message string `json:"message"`
		Date    string `json:"date"`
	}
	balanceReply struct {
		Balance string `json:"balance"`
	}
)

const dateLayout = "2006-01-02 15:04:05"

func (c *call) date(t time.Time) string { return t.In(c.catalog.Zone(c.account.ID)).Format(dateLayout) }

func decimal(n int64) string { return strconv.FormatInt(n, 10) }

func (c *call) failure(message string) errorReply {
	return errorReply{Request: c.action.String(), Status: "error", Message: message}
}

func invalid(format string, args ...any) error {
	return sms.Fail(sms.CodeInvalid, fmt.Sprintf(format, args...))
}

func bodyError(err error) error {
	if errors.Is(err, ErrBodyTooLarge) {
		return invalid("Request is too large; send fewer recipients in one call")
	}
	return invalid("Request did not arrive whole; send it again")
}

// words is what a caller reads of an error. Refused credentials have one text,
// whatever the reason (compat.md §5); our own failures say nothing of the inside.
func (c *call) words(err error) string {
	switch code := sms.CodeOf(err); code {
	case sms.CodeUnauthorized:
		return "Invalid user"
	case sms.CodeCredit:
		return "Insufficient balance"
	case sms.CodeInternal, sms.CodeUnavailable:
		c.Log.Error("smsapi: a call failed", "request", c.action.String(), "code", string(code), "err", err, "cause", errors.Unwrap(err))
		if code == sms.CodeInternal {
			return "Internal error; try again later"
		}
	}
	return err.Error()
}

// write sends the reply and reports whether it left without an error.
func (c *call) write(status int, reply any) error {
	body, err := json.Marshal(reply)
	if err != nil {
		return err
	}
	c.w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.w.WriteHeader(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	_, err = c.w.Write(body)
	return err
}
