package smsapi

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// inboxMost is how many messages one getinbox returns.
const inboxMost = 1000

// rowSize is room for one recipient or a short inbox message, in bytes.
const rowSize = 128

func (c *call) groupStatus() error {
	text := c.params.Get(GroupID)
	if text == "" {
		return missing("groupid")
	}
	unknown := sms.Fail(sms.CodeNotFound, "Unknown group; use the group_id that sendsms returned")
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return unknown
	}
	group, messages, err := c.Store.Group(c.ctx, c.account.ID, number)
	if err != nil {
		if sms.CodeOf(err) == sms.CodeNotFound {
			return unknown
		}
		return err
	}
	words := make([]string, len(messages))
	for i := range messages {
		words[i] = messages[i].Word()
	}
	b := append(make([]byte, 0, rowSize*(len(messages)+2)), '{')
	b = appendPairs(b, "request", c.action.String(), "status", statusSuccess,
		"group_id", decimal(group.Number), "group_status", sms.GroupWord(words))
	b = append(b, `,"recipients":[`...)
	detail := c.params.Has(Detail) && c.params.Get(Detail) != "0"
	for i := range messages {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendRecipient(b, &group, &messages[i], words[i], detail)
	}
	b = append(b, `],`...)
	_ = c.write(http.StatusOK, append(appendPairs(b, "date", c.date(group.At)), '}'))
	return nil
}

// appendRecipient appends one row of recipients. detail adds our own extension:
// the number as the caller wrote it, the fine status and the reason.
func appendRecipient(b []byte, g *sms.Group, m *sms.Message, word string, detail bool) []byte {
	id, to := decimal(g.RecipientNumber(m.ID)), m.To
	if to == "" {
		to = m.Input // no number, and so given back as it came
	}
	if !detail {
		return appendObject(b, "id", id, "to", to, "status", word)
	}
	input := m.Input
	if input == "" {
		input = m.To
	}
	return appendObject(b, "id", id, "to", to, "status", word,
		"input", input, "detail", m.State.String(), "reason", string(m.Reason))
}

func (c *call) getInbox() error {
	f, err := c.inboxFilter()
	if err != nil {
		return err
	}
	messages, err := c.Store.Inbox(c.ctx, c.account.ID, f)
	if err != nil {
		return err
	}
	b := append(make([]byte, 0, rowSize*(len(messages)+1)), '{')
	b = append(appendPairs(b, "request", c.action.String(), "status", statusSuccess), `,"inbox":[`...)
	numbers := make([]int64, len(messages))
	for i, m := range messages {
		if i > 0 {
			b = append(b, ',')
		}
		numbers[i] = m.Number
		b = appendObject(b, "id", decimal(m.Number), "from", m.From, "to", m.To, "message", m.Text, "date", c.date(m.At))
	}
	// HEAD marks nothing, since it shows nothing; nor does an empty reply.
	marks := f.UnreadOnly && len(numbers) > 0 && c.r.Method != http.MethodHead
	gone := c.r.Context().Err()
	err = c.write(http.StatusOK, append(b, `]}`...))
	if marks {
		c.markRead(numbers, errors.Join(gone, err))
	}
	return nil
}

func (c *call) inboxFilter() (store.InboxFilter, error) {
	f := store.InboxFilter{Limit: inboxMost}
	switch strings.ToLower(c.params.Get(List)) {
	case "", "unread":
		f.UnreadOnly = true
	case "all":
		if text := c.params.Get(Before); text != "" {
			before, err := strconv.ParseInt(text, 10, 64)
			if err != nil || before < 1 {
				return f, invalid("before must be the id of an inbox message")
			}
			f.Before = before
		}
	default:
		return f, invalid("list must be unread or all")
	}
	return f, nil
}

// markRead marks what the client was given, once it has left. lost is why it
// may not have arrived: the client had gone before the write (looked at before,
// since a client may go as soon as it has the reply), or the write failed. What
// cannot be marked is given again: at least once.
func (c *call) markRead(numbers []int64, lost error) {
	if lost == nil {
		lost = http.NewResponseController(c.w).Flush()
	}
	if lost == nil {
		lost = c.Store.MarkRead(c.ctx, c.account.ID, numbers)
	}
	if lost != nil {
		c.Log.Warn("smsapi: inbox messages stay unread", "account", c.account.ID, "messages", len(numbers), "err", lost)
	}
}

func (c *call) balance() error {
	b, err := c.Store.Balance(c.ctx, c.account.ID)
	if err == nil {
		_ = c.write(http.StatusOK, object("balance", decimal(b.Available().Whole())))
	}
	return err
}
