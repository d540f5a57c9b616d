package smsapi

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
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
	req := flow.Request{AccountID: c.account.ID, Face: "smsapi", From: c.params.Get(From),
		Text: readable(c.params.Get(Text)), File: c.params.Get(File), Language: c.params.Get(Language)}
	for _, fill := range []func(*flow.Request) error{c.readType, c.require, c.readDuration, c.readDate, c.readRoute, c.readRecipients} {
		if err := fill(&req); err != nil {
			return err
		}
	}
	if c.key.GuardSeconds > 0 {
		req.Key, req.KeyFor = c.guardKey(&req), time.Duration(c.key.GuardSeconds)*time.Second
	}
	done, err := c.Door.Accept(c.r.Context(), req)
	if err != nil {
		return err
	}
	_ = c.write(http.StatusOK, queuedReply{Request: c.action.String(), Status: "queued",
		GroupID: decimal(done.Group.Number), Date: c.date(done.Group.At)})
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

// require checks the parameters that each type cannot do without.
func (c *call) require(req *flow.Request) error {
	missing := func(names string) error { return invalid("Missing parameter: %s", names) }
	hasText := strings.TrimSpace(req.Text) != ""
	switch {
	case req.From == "":
		return missing("from")
	case c.params.Get(To) == "":
		return missing("to")
	case req.Type.Channel() == sms.TypeSMS && !hasText:
		return missing("text")
	case req.Type == sms.TypeVoice && req.File != "" && hasText:
		return invalid("A voice message has either a file or a text, not both")
	case req.Type == sms.TypeVoice && req.File == "" && !hasText:
		return missing("file, or text and language")
	case req.Type == sms.TypeVoice && req.File == "" && req.Language == "":
		return missing("language (for text to speech)")
	case req.File == "" && !hasText:
		return missing("file or text")
	}
	return nil
}

func (c *call) readDuration(req *flow.Request) error {
	if req.Type != sms.TypeVoice {
		return nil
	}
	text := c.params.Get(Duration)
	if text == "" {
		return invalid("Missing parameter: duration (seconds of the voice message)")
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 1 || seconds > maxVoice {
		return invalid("duration must be a whole number of seconds from 1 to %d", maxVoice)
	}
	req.Duration = time.Duration(seconds) * time.Second
	return nil
}

func (c *call) readDate(req *flow.Request) error {
	at, err := parseDate(c.params.Get(ScheduleDate), c.catalog.Zone(c.account.ID))
	if err == nil && at.After(c.now) {
		req.SendAt = at
	}
	return err
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
	country, _ := numplan.ByISO(c.account.Country)
	for to := range numplan.SplitRecipients(c.params.Get(To), country) {
		if len(req.To) == c.MaxRecipients {
			return invalid("Too many recipients; at most %d are allowed in one call", c.MaxRecipients)
		}
		req.To = append(req.To, to.Input)
	}
	return nil
}

// guardKey is the same for the same call of the same credential.
func (c *call) guardKey(req *flow.Request) string {
	h := sha256.New()
	for _, field := range append([]string{req.From, string(req.Type), req.Text, req.File, req.Language,
		decimal(int64(req.Duration)), decimal(req.RouteID), c.params.Get(ScheduleDate)}, req.To...) {
		h.Write([]byte(strconv.Itoa(len(field))))
		h.Write([]byte{':'})
		h.Write([]byte(field))
	}
	return "guard:" + decimal(c.key.ID) + ":" + hex.EncodeToString(h.Sum(nil)[:16])
}
