package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/harkara/harkara/internal/sms"
)

// groupHead is an accepted call as it is shown. Text and file only on demand.
type groupHead struct {
	Account  string     `json:"account"`
	Group    int64      `json:"group_id,string"` // of the smsAPI
	Count    int        `json:"messages_accepted"`
	Type     sms.Type   `json:"type"`
	From     string     `json:"from"`
	Face     string     `json:"face"`
	Accepted time.Time  `json:"accepted"`
	SendAt   *time.Time `json:"send_at,omitempty"` // a scheduled call
	Text     *string    `json:"text,omitempty"`
	File     string     `json:"file,omitempty"`
}

func newGroupHead(account string, g *sms.Group, text bool) groupHead {
	h := groupHead{Account: account, Group: g.Number, Count: g.Count, Type: g.Type, From: g.From, Face: g.Face, Accepted: g.At}
	if !g.SendAt.IsZero() {
		h.SendAt = &g.SendAt
	}
	if text {
		h.Text, h.File = &g.Text, g.File
	}
	return h
}

// messageHead is a message without its parts.
type messageHead struct {
	ID          sms.MessageID `json:"id"`
	Recipient   int64         `json:"recipient_id,string"` // of the smsAPI
	To          string        `json:"to"`
	Input       string        `json:"input"` // as the caller wrote it
	State       string        `json:"state"`
	Provisional bool          `json:"provisional"` // an end that a receipt may still replace
	Reason      sms.Reason    `json:"reason"`
	Retryable   bool          `json:"retryable"` // the same message may arrive if it is sent again later
	Code        string        `json:"code"`      // raw, behind reason
	Route       string        `json:"route"`
	Reserved    sms.Money     `json:"reserved"`
	Captured    sms.Money     `json:"captured"`
	Released    sms.Money     `json:"released"`
	Updated     time.Time     `json:"updated"`
}

func newMessageHead(n names, m *sms.Message, g *sms.Group) messageHead {
	return messageHead{ID: m.ID, Recipient: g.RecipientNumber(m.ID), To: m.To, Input: cmp.Or(m.Input, m.To), State: m.State.String(),
		Provisional: m.Provisional, Reason: m.Reason, Retryable: m.Reason.Retryable(), Code: m.Code, Route: named(n.routes, m.RouteID),
		Reserved: m.Reserved, Captured: m.Captured, Released: m.Released, Updated: m.UpdatedAt}
}

// stateWord marks an end that may still change.
func (m messageHead) stateWord() string {
	if m.Provisional {
		return m.State + " (provisional)"
	}
	return m.State
}

// reasonWords are the reason, and what may be done about it.
func (m messageHead) reasonWords() string {
	if m.Retryable && m.State != "queued" {
		return string(m.Reason) + " (it may arrive if it is sent again later)"
	}
	return string(m.Reason)
}

// groupDetail is a group with its messages.
type groupDetail struct {
	groupHead
	Messages []messageHead `json:"messages"`
}

func (d groupDetail) print(w io.Writer) {
	f := fields{}
	d.groupHead.fields(&f)
	f.print(w)
	fmt.Fprintln(w)
	p := printer{out: w}
	_ = p.table(nil, "ID RECIPIENT TO STATE REASON CODE ROUTE RESERVED CAPTURED RELEASED UPDATED", func(row func(...any)) {
		for _, m := range d.Messages {
			row(m.ID, m.Recipient, cmp.Or(m.To, m.Input), m.stateWord(), m.Reason, m.Code, m.Route, m.Reserved, m.Captured, m.Released, m.Updated)
		}
	})
}

func (h groupHead) fields(f *fields) {
	f.add("account", h.Account)
	f.add("group", fmt.Sprintf("%d, %d message(s)", h.Group, h.Count))
	f.add("type", string(h.Type))
	f.add("from", h.From)
	f.add("accepted", fmt.Sprintf("%s by %s", cell(h.Accepted), h.Face))
	if h.SendAt != nil {
		f.add("send at", cell(*h.SendAt))
	}
	if h.Text != nil {
		f.add("text", fmt.Sprintf("%q", *h.Text))
		f.add("file", h.File)
	}
}

// part is one submission to the operator.
type part struct {
	Part       int       `json:"part"`
	State      string    `json:"state"`
	Connector  string    `json:"connector"`
	Attempts   int       `json:"attempts"`
	Unknown    int       `json:"unknown_outcomes"` // attempts that may have reached the handset all the same
	UpstreamID string    `json:"upstream_id"`
	Code       string    `json:"code"`
	Captured   sms.Money `json:"captured"`
	At         time.Time `json:"at"`
}

// tries tells of a resend.
func (p part) tries() string {
	text := fmt.Sprintf("%d attempts", p.Attempts)
	if p.Attempts == 1 {
		text = "1 attempt"
	}
	if p.Unknown > 0 {
		text += fmt.Sprintf(", %d of unknown outcome", p.Unknown)
	}
	return text
}

// event is a line of the history.
type event struct {
	At        time.Time  `json:"at"`
	Event     string     `json:"event"`
	Part      int        `json:"part"`  // 0: the whole message
	State     string     `json:"state"` // of the message after it
	Connector string     `json:"connector"`
	Reason    sms.Reason `json:"reason"`
	Code      string     `json:"code"`
	Receipt   *receipt   `json:"receipt,omitempty"` // behind it
}

// receipt is what an operator said of a part, whether it changed anything or not.
type receipt struct {
	Says    string    `json:"says"` // state of the part
	Arrived time.Time `json:"arrived"`
	Raw     string    `json:"raw"` // as it came, without the message's text
}

func newReceipt(n *sms.ReceiptNote) *receipt {
	if n == nil {
		return nil
	}
	return &receipt{Says: n.State.String(), Arrived: n.At, Raw: n.Raw}
}

// messageDetail is all that is known of a message.
type messageDetail struct {
	groupHead
	messageHead
	Encoding string    `json:"encoding"`
	Raw      *raw      `json:"raw,omitempty"` // content that went out as it came
	Parts    int       `json:"parts"`         // as counted at acceptance
	Receipts string    `json:"receipts"`      // of which parts the operator is asked for one
	Login    string    `json:"smpp_login,omitempty"`
	Notify   []string  `json:"notify,omitempty"` // what that login wants to know
	Asked    time.Time `json:"ask_at,omitzero"`  // when the operator is asked what became of it
	Price    sms.Money `json:"price"`            // of one unit
	Units    int       `json:"units"`
	ChargeOn string    `json:"charge_on"`
	Pinned   bool      `json:"route_asked_for"`
	Refused  int       `json:"refused_attempts"` // counted against the route's max_attempts
	Only     string    `json:"only_connector"`   // that may send it, after an unknown outcome
	Avoid    string    `json:"avoid_connector"`  // that just refused it
	Due      time.Time `json:"due"`
	Expires  time.Time `json:"expires"` // end of validity
	Closes   time.Time `json:"closes"`  // end of waiting for receipts
	Sub      []part    `json:"submissions"`
	Events   []event   `json:"events"`
}

// raw is what is shown of content that the caller had cut or that is no text.
type raw struct {
	Header   string `json:"header"` // hex
	Octets   int    `json:"octets"`
	Coding   uint8  `json:"data_coding"` // as it came
	Protocol uint8  `json:"protocol_id"`
	Body     string `json:"body,omitempty"` // hex, on demand
}

func newRaw(g *sms.Group, body bool) *raw {
	r := g.Raw
	if r == nil {
		return nil
	}
	shown := &raw{Header: fmt.Sprintf("%x", r.Header), Octets: len(r.Body), Coding: g.Coding, Protocol: g.Protocol}
	if body {
		shown.Body = fmt.Sprintf("%x", r.Body)
	}
	return shown
}

// notifyWords names what a subscriber wants to know.
func notifyWords(n sms.Notify) (words []string) {
	for _, w := range []struct {
		bit  sms.Notify
		word string
	}{{sms.NotifyProgress, "sent"}, {sms.NotifyDelivered, "delivered"}, {sms.NotifyFailed, "failed"}} {
		if n&w.bit != 0 {
			words = append(words, w.word)
		}
	}
	return words
}

func newMessageDetail(n names, account string, r *sms.Record, g *sms.Group, events []sms.Event, text bool) messageDetail {
	m := messageDetail{groupHead: newGroupHead(account, g, text), messageHead: newMessageHead(n, &r.Message, g),
		Encoding: r.Encoding.String(), Parts: r.Parts, Price: r.Price, Units: r.Units, ChargeOn: "accepted", Pinned: r.Pinned, Refused: r.Attempts,
		Only: named(n.connectors, r.OnlyID), Avoid: named(n.connectors, r.AvoidID), Due: r.DueAt, Expires: r.ExpiresAt, Closes: r.CloseAt,
		Raw: newRaw(g, text), Receipts: r.ReceiptsOn.String(), Login: named(n.logins, r.SubscriberID), Notify: notifyWords(r.Notify), Asked: r.AskAt,
		Sub: make([]part, 0, len(r.Sub)), Events: make([]event, 0, len(events))}
	if r.ChargeOn == sms.ChargeDelivered {
		m.ChargeOn = "delivered"
	}
	for _, p := range r.Sub {
		m.Sub = append(m.Sub, part{p.Seq, p.State.String(), named(n.connectors, p.ConnectorID), p.Attempt, p.Unknowns, p.UpstreamID, p.Code, p.Captured, p.At})
	}
	for _, e := range events {
		m.Events = append(m.Events, event{e.At, e.Trigger.String(), e.Part, e.State.String(), named(n.connectors, e.ConnectorID), e.Reason, e.Code, newReceipt(e.Receipt)})
	}
	return m
}

func (m messageDetail) print(w io.Writer) {
	f := fields{}
	f.add("message", fmt.Sprintf("%s (recipient %d)", m.ID, m.Recipient))
	f.add("state", m.stateWord())
	f.add("reason", m.reasonWords())
	f.add("code", m.Code)
	f.add("to", cmp.Or(m.To, "not a number"))
	if m.Input != m.To {
		f.add("input", m.Input)
	}
	m.groupHead.fields(&f)
	m.content(&f)
	f.add("route", m.Route)
	if m.Pinned {
		f.add("", "(the call asked for this route)")
	}
	f.add("only over", m.Only)
	f.add("not over", m.Avoid)
	if m.Refused > 0 {
		f.add("refused", fmt.Sprintf("%d attempt(s)", m.Refused))
	}
	f.add("price", fmt.Sprintf("%s × %d unit(s), charged when %s", m.Price, m.Units, m.ChargeOn))
	f.add("money", fmt.Sprintf("%s reserved, %s captured, %s released", m.Reserved, m.Captured, m.Released))
	f.add("due", cell(m.Due))
	f.add("expires", cell(m.Expires))
	f.add("ask", cell(m.Asked))
	f.add("closes", cell(m.Closes))
	f.add("updated", cell(m.Updated))
	f.print(w)

	p := printer{out: w}
	if len(m.Sub) > 0 {
		fmt.Fprintln(w)
		_ = p.table(nil, "PART STATE CONNECTOR ATTEMPTS UPSTREAM_ID CODE CAPTURED AT", func(row func(...any)) {
			for _, x := range m.Sub {
				row(x.Part, x.State, x.Connector, x.tries(), x.UpstreamID, x.Code, x.Captured, x.At)
			}
		})
	}
	fmt.Fprintln(w)
	_ = p.table(nil, "AT EVENT PART STATE CONNECTOR REASON CODE", func(row func(...any)) {
		for _, e := range m.Events {
			of := "all"
			if e.Part > 0 {
				of = fmt.Sprint(e.Part)
			}
			row(e.At, e.Event, of, e.State, e.Connector, e.Reason, e.Code)
		}
	})
	m.printReceipts(w)
}

// printReceipts lists what the operator said, with those that are evidence only.
func (m messageDetail) printReceipts(w io.Writer) {
	if !slices.ContainsFunc(m.Events, func(e event) bool { return e.Receipt != nil }) {
		return
	}
	fmt.Fprintln(w)
	_ = printer{out: w}.table(nil, "ARRIVED PART SAYS CODE TAKEN_AS RECEIPT", func(row func(...any)) {
		for _, e := range m.Events {
			if r := e.Receipt; r != nil {
				row(r.Arrived, e.Part, r.Says, e.Code, e.Event, r.Raw)
			}
		}
	})
}

func (m messageDetail) content(f *fields) {
	f.add("content", fmt.Sprintf("%s, %d part(s)", m.Encoding, m.Parts))
	if r := m.Raw; r != nil {
		f.add("", fmt.Sprintf("(as it came: header %s, %d octets, data_coding %d, protocol_id %d)", cmp.Or(r.Header, "none"), r.Octets, r.Coding, r.Protocol))
		f.add("body", r.Body)
	}
	if m.Receipts != sms.ReceiptsAll.String() {
		f.add("receipts", "of the "+m.Receipts+" part only")
	}
	if m.Login != "" {
		f.add("told", fmt.Sprintf("SMPP login %s: %s", m.Login, cmp.Or(strings.Join(m.Notify, ", "), "nothing")))
	}
}

// fields are lines of a name and a value; those without a value are left out.
type fields struct{ lines []string }

func (f *fields) add(name, value string) {
	if value != "" {
		f.lines = append(f.lines, name+"\t"+visible(value))
	}
}

func (f *fields) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.Join(f.lines, "\n"))
	tw.Flush()
}
