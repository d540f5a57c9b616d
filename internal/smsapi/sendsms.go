package smsapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/harkara/harkara/gsm"
	"github.com/harkara/harkara/internal/flow"
	"github.com/harkara/harkara/internal/sms"
	"github.com/harkara/harkara/internal/sms/numplan"
)

// maxVoice is the longest voice message, in seconds.
const maxVoice = 3600

func (c *call) sendSMS() error {
	req := flow.Request{AccountID: c.account.ID, Face: "smsapi"}
	schedule, err := c.readRequest(&req)
	if err != nil {
		return err
	}
	if c.key.GuardSeconds > 0 {
		req.Key, req.KeyFor = c.guardKey(&req, schedule), time.Duration(c.key.GuardSeconds)*time.Second
	}
	done, err := c.Door.Accept(c.ctx, req)
	if err != nil {
		c.atDoor = true
		return err
	}
	_ = c.write(http.StatusOK, object("request", c.action.String(), "status", statusQueued,
		"group_id", decimal(done.Group.Number), "date", c.date(done.Group.At)))
	return nil
}

// readRequest turns the parameters into the request; the first that is wrong
// ends it. schedule is the time asked for, also one in the past; zero: none.
func (c *call) readRequest(req *flow.Request) (schedule time.Time, err error) {
	if err = c.readType(req); err != nil {
		return
	}
	if err = c.readSender(req); err != nil {
		return
	}
	if err = c.readContent(req); err != nil {
		return
	}
	if schedule, err = c.readDate(req); err != nil {
		return
	}
	if err = c.readRoute(req); err != nil {
		return
	}
	err = c.readRecipients(req)
	return
}

func (c *call) readType(req *flow.Request) error {
	req.Type = sms.Type(strings.ToLower(c.params.Get(Type)))
	if req.Type == "" {
		req.Type = sms.TypeSMS
	}
	if !sms.KnownType(req.Type) {
		return invalid("Unknown type; use sms, unicode, flash, voice, mms or whatsapp")
	}
	return nil
}

// readSender takes the sender. A number may have its + before it, which is not
// part of the sender ID.
func (c *call) readSender(req *flow.Request) error {
	req.From = c.params.Get(From)
	if req.From == "" {
		return missing("from")
	}
	if digits, ok := strings.CutPrefix(req.From, "+"); ok && strings.Trim(digits, "0123456789") == "" {
		req.From = digits
	}
	return nil
}

// readContent takes what is to be sent. Each type has its own required
// parameters; those of other types are ignored.
func (c *call) readContent(req *flow.Request) error {
	req.Text = readable(c.params.Get(Text))
	hasText := strings.TrimSpace(req.Text) != ""
	if req.Type.Channel() == sms.TypeSMS {
		if !hasText {
			return missing("text")
		}
		return nil
	}
	req.File = c.params.Get(File)
	switch {
	case req.Type == sms.TypeVoice:
		if err := c.readVoice(req, hasText); err != nil {
			return err
		}
	case req.File == "" && !hasText:
		return missing("text or file")
	}
	if req.File != "" && !isWebAddress(req.File) {
		return invalid("file must be a complete address that begins with http:// or https://")
	}
	if req.Type == sms.TypeWhatsApp {
		return checkTemplate(req.Text)
	}
	return nil
}

func (c *call) readVoice(req *flow.Request, hasText bool) error {
	req.Language = c.params.Get(Language)
	switch {
	case req.File != "" && hasText:
		return invalid("A voice message has either a file or a text; leave one out")
	case req.File == "" && !hasText:
		return missing("file, or text and language")
	case req.File == "" && req.Language == "":
		return missing("language (of the text to speak)")
	}
	text := c.params.Get(Duration)
	if text == "" {
		return missing("duration (seconds, 1 to 3600)")
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 || seconds > maxVoice {
		return invalid("duration must be a whole number of seconds from 1 to %d", maxVoice)
	}
	req.Duration = time.Duration(seconds) * time.Second
	return nil
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != ""
}

func (c *call) readDate(req *flow.Request) (time.Time, error) {
	t, err := parseDate(c.params.Get(ScheduleDate), c.catalog.Zone(c.account.ID))
	if err == nil && t.After(c.now) {
		req.SendAt = t
	}
	return t, err
}

func (c *call) readRoute(req *flow.Request) error {
	text := c.params.Get(Route)
	if text == "" {
		return nil
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 0 {
		return invalid("Unknown route; use route=0 for the default")
	}
	req.RouteID = id
	return nil
}

func (c *call) readRecipients(req *flow.Request) error {
	list := c.params.Get(To)
	if list == "" {
		return missing("to")
	}
	country, _ := numplan.ByISO(c.account.Country)
	most := c.MaxRecipients
	var to []string // not req.To: the loop is a closure, for which the whole request would leave the stack
	for one := range numplan.SplitRecipients(list, country) {
		if len(to) == most {
			return invalid("Too many recipients; at most %d are allowed in one call", most)
		}
		to = append(to, one.Input)
	}
	req.To = to
	return nil
}

// readable is text as UTF-8. Clients that send another charset send Latin-1.
func readable(text string) string {
	if utf8.ValidString(text) {
		return text
	}
	text, _ = gsm.Decode(gsm.CharsetLatin1, []byte(text))
	return text
}

// guardKey is the same for the same call of the same credential: sender,
// recipients, content, type and schedule, however they were written. A retry of
// a client that gave up waiting is then answered with the first group.
func (c *call) guardKey(req *flow.Request, schedule time.Time) string {
	h := sha256.New()
	field := func(text string) {
		h.Write(strconv.AppendInt(nil, int64(len(text)), 10))
		h.Write([]byte{':'})
		h.Write([]byte(text))
	}
	field(strings.ToLower(req.From))
	field(string(req.Type))
	field(req.Text)
	field(req.File)
	field(req.Language)
	if !schedule.IsZero() {
		field(decimal(schedule.Unix()))
	}
	country, _ := numplan.ByISO(c.account.Country)
	numbers := make([]string, len(req.To))
	for i, to := range req.To {
		numbers[i] = "to " + to
		if n, err := numplan.Normalize(to, country); err == nil {
			numbers[i] = "to " + n.E164
		}
	}
	slices.Sort(numbers)
	for _, to := range slices.Compact(numbers) {
		field(to)
	}
	return "guard:" + decimal(c.key.ID) + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}
