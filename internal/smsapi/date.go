package smsapi

import (
	"strings"
	"time"
)

// Layouts of scheduledate without a zone: read in the account's. Months, days
// and hours may have one digit, seconds a fraction.
var localLayouts = []string{"2006-1-2 15:4:5", "2006-1-2 15:4", "2006-1-2", "2006-1-2T15:4:5", "2006-1-2T15:4"}

// Layouts with a zone of their own, which wins.
var zonedLayouts = []string{"2006-1-2T15:4:5Z07:00", "2006-1-2T15:4:5-0700", "2006-1-2 15:4:5Z07:00", "2006-1-2 15:4:5-0700",
	"2006-1-2 15:4:5 Z07:00", "2006-1-2 15:4:5 -0700"}

// What date(1) and many languages print: with the name of a zone, or with its
// offset where it has no name.
const (
	namedLayout  = "Mon Jan _2 15:04:05 MST 2006"
	offsetLayout = "Mon Jan _2 15:04:05 -0700 2006"
	hourLayout   = "Mon Jan _2 15:04:05 -07 2006"
)

// parseDate reads a scheduledate (Q12). Empty is the zero time. Nonsense is an
// error, never "now".
func parseDate(text string, zone *time.Location) (time.Time, error) {
	text = strings.Join(strings.Fields(text), " ")
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range localLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			return inZone(t, zone), nil
		}
	}
	// An unescaped + before the offset arrives as a blank.
	plus := text
	if i := strings.LastIndexByte(text, ' '); i > 0 {
		plus = text[:i] + "+" + text[i+1:]
	}
	for _, layout := range zonedLayouts {
		for _, text := range []string{text, plus} {
			if t, err := time.Parse(layout, text); err == nil {
				return t, nil
			}
		}
	}
	if t, ok := unixDate(text, zone); ok {
		return t, nil
	}
	return time.Time{}, invalid("scheduledate is not a date; write YYYY-MM-DD HH:mm:ss")
}

// unixDate reads the layouts of date(1). A name of a zone is understood if it is
// UTC, GMT, or one that the account's zone uses; any other could mean several.
func unixDate(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range []string{offsetLayout, hourLayout} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	t, err := time.ParseInLocation(namedLayout, text, zone)
	if err != nil {
		return time.Time{}, false
	}
	name, offset := t.Zone()
	known := t.Location() == zone || offset != 0 || name == "UTC" || name == "GMT"
	return t, known
}

// inZone reads the clock of t in zone. A time that a clock change skips moves
// forward by the change; of a time that comes twice the first is meant.
func inZone(t time.Time, zone *time.Location) time.Time {
	const day = 24 * time.Hour
	before, after := shift(t, zone, -day), shift(t, zone, day)
	first, second := before, after
	if second.Before(first) {
		first, second = second, first
	}
	switch {
	case sameClock(first, t):
		return first
	case sameClock(second, t):
		return second
	}
	return before
}

// shift reads the clock of t with the offset that zone has around t.
func shift(t time.Time, zone *time.Location, around time.Duration) time.Time {
	_, offset := t.Add(around).In(zone).Zone()
	return t.Add(-time.Duration(offset) * time.Second).In(zone)
}

func sameClock(a, b time.Time) bool {
	return a.Format(dateLayout) == b.Format(dateLayout)
}
