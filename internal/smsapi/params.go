package smsapi

import (
	"fmt"
	"log/slog"
	"strings"
)

// Name is a parameter this API knows. Every other parameter is ignored (Q10).
type Name uint8

// The known parameters. Names are compared with case, as PHP does.
const (
	SendSMS     Name = iota // action
	GroupStatus             // action
	GetInbox                // action
	Balance                 // action
	APIKey
	APIToken
	Type
	From
	To
	Text
	File
	Language
	ScheduleDate
	Duration
	Route
	GroupID
	List
	Before // extension: getinbox, pages back from an inbox id
	Detail // extension: groupstatus, finer words

	names // how many there are
)

// spelling holds the parameter names as they stand on the wire.
var spelling = [names]string{
	SendSMS: "sendsms", GroupStatus: "groupstatus", GetInbox: "getinbox", Balance: "balance",
	APIKey: "apikey", APIToken: "apitoken", Type: "type", From: "from", To: "to", Text: "text",
	File: "file", Language: "language", ScheduleDate: "scheduledate", Duration: "duration",
	Route: "route", GroupID: "groupid", List: "list", Before: "before", Detail: "detail",
}

// String returns the name as it stands on the wire.
func (n Name) String() string {
	if n < names {
		return spelling[n]
	}
	return ""
}

// maxSpelling is the length of the longest known name, scheduledate.
const maxSpelling = 12

// Params holds the decoded values of the known parameters of one call. The
// zero value is an empty set, ready for use.
//
// Printing Params with any verb, or logging it, shows only which names are
// present: the values hold credentials and message texts.
type Params struct {
	value [names]string
	set   uint32 // bit n: name n was given
}

// Get returns the decoded value, or "" when the parameter is absent, bare or
// empty. Blanks, tabs and newlines around every value but Text are removed
// (Q18); Text is kept to the byte (Q20). The bytes need not be valid UTF-8.
func (p *Params) Get(n Name) string {
	if n < names {
		return p.value[n]
	}
	return ""
}

// Has reports whether the parameter was given at all: bare, empty or with any
// value.
func (p *Params) Has(n Name) bool { return n < names && p.set&(1<<n) != 0 }

// put stores a value; the last one wins (Q2).
func (p *Params) put(n Name, v string) {
	if n != Text {
		v = trimBlanks(v)
	}
	p.value[n] = v
	p.set |= 1 << n
}

// AddQuery decodes a query string or a urlencoded body, without its leading
// question mark, by the rules of PHP: pieces are separated by & only, so that
// ; is an ordinary character; the first = ends the name; a piece without = is
// a name with an empty value; + is a space; %XX is a byte and a % not followed
// by two hexadecimal digits stays as it is; pieces without a name are ignored.
// Unlike PHP, blanks, tabs and newlines around names are dropped, not turned
// into underscores (Q18).
//
// Values given earlier are overwritten, so a body is added after the query.
// No input is an error. Values without an escape are views into q; all others
// of one call share one allocation.
func (p *Params) AddQuery(q string) {
	var arena strings.Builder
	for len(q) > 0 {
		piece := q
		if i := strings.IndexByte(q, '&'); i >= 0 {
			piece, q = q[:i], q[i+1:]
		} else {
			q = ""
		}
		raw, value, _ := strings.Cut(piece, "=")
		name, ok := lookup(raw)
		if !ok {
			continue
		}
		if strings.IndexByte(value, '%') >= 0 || strings.IndexByte(value, '+') >= 0 {
			if arena.Cap() == 0 {
				// A decoded value is never longer than its source, so this
				// is enough for all values still to come.
				arena.Grow(len(value) + len(q))
			}
			value = decodeInto(&arena, value)
		}
		p.put(name, value)
	}
}

// lookup finds the known parameter that the still encoded name stands for.
func lookup(raw string) (Name, bool) {
	if n, ok := exact(raw); ok {
		return n, true
	}
	if len(raw) == 0 {
		return 0, false
	}
	// Only an escape or a blank at either end can turn another spelling into
	// a known one.
	if strings.IndexByte(raw, '%') < 0 && strings.IndexByte(raw, '+') < 0 && !isBlank(raw[0]) && !isBlank(raw[len(raw)-1]) {
		return 0, false
	}
	var buf [maxSpelling]byte
	n, ended := 0, false
	for len(raw) > 0 {
		var c byte
		c, raw = decodeByte(raw)
		switch {
		case isBlank(c):
			ended = n > 0
		case ended || n == len(buf):
			return 0, false
		default:
			buf[n] = c
			n++
		}
	}
	return exact(string(buf[:n])) // compiled without an allocation
}

// exact finds a plainly written name.
func exact(s string) (Name, bool) {
	switch s {
	case "sendsms":
		return SendSMS, true
	case "groupstatus":
		return GroupStatus, true
	case "getinbox":
		return GetInbox, true
	case "balance":
		return Balance, true
	case "apikey":
		return APIKey, true
	case "apitoken":
		return APIToken, true
	case "type":
		return Type, true
	case "from":
		return From, true
	case "to":
		return To, true
	case "text":
		return Text, true
	case "file":
		return File, true
	case "language":
		return Language, true
	case "scheduledate":
		return ScheduleDate, true
	case "duration":
		return Duration, true
	case "route":
		return Route, true
	case "groupid":
		return GroupID, true
	case "list":
		return List, true
	case "before":
		return Before, true
	case "detail":
		return Detail, true
	}
	return 0, false
}

// decodeInto appends the decoded form of s to b and returns that part of b.
func decodeInto(b *strings.Builder, s string) string {
	start := b.Len()
	for len(s) > 0 {
		plain := 0
		for plain < len(s) && s[plain] != '%' && s[plain] != '+' {
			plain++
		}
		b.WriteString(s[:plain])
		if s = s[plain:]; len(s) > 0 {
			var c byte
			c, s = decodeByte(s)
			b.WriteByte(c)
		}
	}
	return b.String()[start:]
}

// decodeByte takes one decoded byte off a non-empty encoded string.
func decodeByte(s string) (byte, string) {
	switch c := s[0]; {
	case c == '+':
		return ' ', s[1:]
	case c == '%' && len(s) > 2 && isHex(s[1]) && isHex(s[2]):
		return unhex(s[1])<<4 | unhex(s[2]), s[3:]
	default:
		return c, s[1:]
	}
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unhex returns the value of a hexadecimal digit.
func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c&^0x20 - 'A' + 10
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func trimBlanks(s string) string {
	for len(s) > 0 && isBlank(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isBlank(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// given lists the names that are present.
func (p *Params) given() string {
	var b strings.Builder
	for n := range names {
		if p.Has(n) {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(n.String())
		}
	}
	return b.String()
}

// Format prints the names that are present and none of the values.
func (p Params) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "smsapi.Params{%s}", p.given()) }

// LogValue logs the names that are present and none of the values.
func (p Params) LogValue() slog.Value { return slog.StringValue(p.given()) }
