package smsapi

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/store"
)

// inboxMost is how many messages one getinbox returns.
const inboxMost = 1000

func (c *call) groupStatus() error {
	text := c.params.Get(GroupID)
	if text == "" {
		return invalid("Missing parameter: groupid")
	}
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return unknownGroup()
	}
	group, messages, err := c.Store.Group(c.r.Context(), c.account.ID, number)
	if sms.CodeOf(err) == sms.CodeNotFound && err != nil {
		return unknownGroup()
	}
	if err != nil {
		return err
	}
	detail := c.params.Has(Detail) && c.params.Get(Detail) != "0"
	reply := statusReply{Request: c.action.String(), Status: "success", GroupID: decimal(group.Number),
		Recipients: make([]recipientReply, len(messages)), Date: c.date(group.At)}
	words := make([]string, len(messages))
	for i := range messages {
		m := &messages[i]
		words[i] = m.Word()
		reply.Recipients[i] = recipient(&group, m, words[i], detail)
	}
	reply.GroupStatus = sms.GroupWord(words)
	_ = c.write(http.StatusOK, reply)
	return nil
}

func unknownGroup() error {
	return sms.Fail(sms.CodeNotFound, "Unknown group; use the group_id that sendsms returned")
}

func recipient(g *sms.Group, m *sms.Message, word string, detail bool) recipientReply {
	r := recipientReply{ID: decimal(g.RecipientNumber(m.ID)), To: m.To, Status: word}
	if r.To == "" {
		r.To = m.Input
	}
	if detail {
		r.detailReply = &detailReply{Input: m.Input, Detail: m.State.String(), Reason: string(m.Reason)}
		if m.Input == "" {
			r.Input = m.To
		}
	}
	return r
}

// getInbox marks unread messages read only when the reply has been written: an
// aborted write repeats them.
func (c *call) getInbox() error {
	f := store.InboxFilter{Limit: inboxMost}
	switch strings.ToLower(c.params.Get(List)) {
	case "", "unread":
		f.UnreadOnly = true
	case "all":
		if text := c.params.Get(Before); text != "" {
			before, err := strconv.ParseInt(text, 10, 64)
			if err != nil || before < 1 {
				return invalid("before must be the id of an inbox message")
			}
			f.Before = before
		}
	default:
		return invalid("list must be unread or all")
	}
	messages, err := c.Store.Inbox(c.r.Context(), c.account.ID, f)
	if err != nil {
		return err
	}
	reply := inboxReply{Request: c.action.String(), Status: "success", Inbox: make([]messageReply, len(messages))}
	numbers := make([]int64, len(messages))
	for i, m := range messages {
		numbers[i] = m.Number
		reply.Inbox[i] = messageReply{ID: decimal(m.Number), From: m.From, To: m.To, Message: m.Text, Date: c.date(m.At)}
	}
	err = c.write(http.StatusOK, reply)
	if f.UnreadOnly && len(numbers) > 0 && c.r.Method != http.MethodHead {
		c.markRead(numbers, err)
	}
	return nil
}

// markRead marks what the client was given. What cannot be marked is given
// again: at least once.
func (c *call) markRead(numbers []int64, written error) {
	if written == nil {
		written = http.NewResponseController(c.w).Flush()
	}
	if written == nil {
		written = c.Store.MarkRead(c.r.Context(), c.account.ID, numbers)
	}
	if written != nil {
		c.Log.Warn("smsapi: inbox messages stay unread", "account", c.account.ID, "messages", len(numbers), "err", written)
	}
}

func (c *call) balance() error {
	b, err := c.Store.Balance(c.r.Context(), c.account.ID)
	if err == nil {
		_ = c.write(http.StatusOK, balanceReply{Balance: decimal(b.Available().Whole())})
	}
	return err
}
