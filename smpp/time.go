package smpp

import (
	"errors"
	"fmt"
	"time"
)

// ErrTime is returned for a time that is neither empty nor of SMPP 3.4 §7.1.1.
var ErrTime = errors.New("smpp: a time is YYMMDDhhmmsstnn with + or - (absolute) or R (relative) behind it")

// FormatTime gives the absolute time format of SMPP 3.4 §7.1.1, "YYMMDDhhmmsstnnp", in the zone of t.
// Zones that are no multiple of a quarter of an hour are shifted to UTC.
func FormatTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	_, offset := t.Zone()
	if offset%(15*60) != 0 || offset/(15*60) > 48 || offset/(15*60) < -48 {
		t, offset = t.UTC(), 0
	}
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	return fmt.Sprintf("%s%d%02d%c", t.Format("060102150405"), t.Nanosecond()/1e8, offset/(15*60), sign)
}

// FormatRelative gives the relative time format of SMPP 3.4 §7.1.1: so long after the SMSC's present
// time, in whole seconds, rounded up. Months count 30 days and years 365; the greatest value is 63
// weeks (OpenSMSC and others refuse longer), anything above is cut to it.
func FormatRelative(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	s := int64((min(d, maxRelative) + time.Second - 1) / time.Second)
	days := s / 86400
	s %= 86400
	years, days := days/365, days%365
	months, days := days/30, days%30
	return fmt.Sprintf("%02d%02d%02d%02d%02d%02d000R", years, months, days, s/3600, s/60%60, s%60)
}

const maxRelative = 63 * 7 * 24 * time.Hour // what TP-VP of TS 23.040 §9.2.3.12.1 can say

// ParseTime reads both formats; a relative time counts from now. The empty string is the zero time,
// which means immediately, or the SMSC's default.
func ParseTime(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if len(s) != 16 || !allDigits(s[:15]) {
		return time.Time{}, ErrTime
	}
	var f [7]int // YY MM DD hh mm ss, and nn
	for i := range 6 {
		f[i] = number(s[2*i : 2*i+2])
	}
	tenths := int(s[12] - '0')
	f[6] = number(s[13:15])
	if s[15] == 'R' {
		return now.AddDate(f[0], f[1], f[2]).Add(time.Duration(f[3])*time.Hour +
			time.Duration(f[4])*time.Minute + time.Duration(f[5])*time.Second), nil
	}
	offset := f[6] * 15 * 60
	switch {
	case f[6] > 48:
		return time.Time{}, ErrTime
	case s[15] == '-':
		offset = -offset
	case s[15] != '+':
		return time.Time{}, ErrTime
	}
	zone := time.UTC
	if offset != 0 {
		zone = time.FixedZone("", offset)
	}
	t, ok := date(2000+f[0], f[1], f[2], f[3], f[4], f[5], zone)
	if !ok {
		return time.Time{}, ErrTime
	}
	return t.Add(time.Duration(tenths) * 100 * time.Millisecond), nil
}

// date is time.Date that does not accept 31 February.
func date(y, mo, d, h, mi, s int, loc *time.Location) (time.Time, bool) {
	if mo < 1 || mo > 12 || d < 1 || h > 23 || mi > 59 || s > 59 {
		return time.Time{}, false
	}
	if last := time.Date(y, time.Month(mo)+1, 0, 0, 0, 0, 0, time.UTC).Day(); d > last {
		return time.Time{}, false
	}
	return time.Date(y, time.Month(mo), d, h, mi, s, 0, loc), true
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// number reads a few digits.
func number(s string) int {
	n := 0
	for i := range len(s) {
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// ParseReceiptTime reads "submit date" and "done date" of a receipt text, which have no zone: loc is
// the SMSC's. It knows YYMMDDhhmm (SMPP 3.4 appendix B), YYMMDDhhmmss, YYYYMMDDhhmm, YYYYMMDDhhmmss, the
// format of §7.1.1 and ISO 8601. False when it is none of these, as the all-zero date of messages that
// have not been delivered.
//
// Twelve digits can be read in two ways; those that begin with "20" and are a date are taken as
// YYYYMMDDhhmm, since the other reading would be of the year 2020.
func ParseReceiptTime(s string, loc *time.Location) (time.Time, bool) {
	if !allDigits(s) {
		if t, err := ParseTime(s, time.Time{}); err == nil && s != "" && s[len(s)-1] != 'R' {
			return t, true
		}
		for _, layout := range [...]string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
			if t, err := time.ParseInLocation(layout, s, loc); err == nil {
				return t, true
			}
		}
		return time.Time{}, false
	}
	switch len(s) {
	case 10:
		return digitTime(2000+number(s[:2]), s[2:], loc)
	case 12:
		if s[:2] == "20" {
			if t, ok := digitTime(number(s[:4]), s[4:], loc); ok {
				return t, true
			}
		}
		return digitTime(2000+number(s[:2]), s[2:], loc)
	case 14:
		return digitTime(number(s[:4]), s[4:], loc)
	}
	return time.Time{}, false
}

// digitTime reads MMDDhhmm or MMDDhhmmss.
func digitTime(year int, s string, loc *time.Location) (time.Time, bool) {
	sec := 0
	if len(s) == 10 {
		sec = number(s[8:])
	}
	if year == 0 {
		return time.Time{}, false
	}
	return date(year, number(s[:2]), number(s[2:4]), number(s[4:6]), number(s[6:8]), sec, loc)
}
