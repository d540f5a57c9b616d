package sms

import (
	"strconv"
	"time"
)

// MessageID is 10 bits shard · 16 bits day · 37 bits counter, so that shard and
// daily partition can be read off the id. It is always a string in JSON.
type MessageID int64

const (
	counterBits = 37
	dayBits     = 16
	maxCounter  = 1<<counterBits - 1
)

// NewMessageID puts an id together. day counts from 1970-01-01 UTC.
func NewMessageID(shard uint16, day uint16, counter int64) MessageID {
	return MessageID(int64(shard&0x3FF)<<(dayBits+counterBits) | int64(day)<<counterBits | counter&maxCounter)
}

// DayOf is the day number of t as ids carry it.
func DayOf(t time.Time) uint16 { return uint16(t.Unix() / 86400) }

// Shard of the id.
func (id MessageID) Shard() uint16 { return uint16(id >> (dayBits + counterBits)) }

// Day of the id: days since 1970-01-01 UTC.
func (id MessageID) Day() uint16 { return uint16(id >> counterBits) }

// Counter of the id within its shard and day.
func (id MessageID) Counter() int64 { return int64(id) & maxCounter }

// String is the decimal form.
func (id MessageID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText makes JSON carry the id as a string: it does not fit a double.
func (id MessageID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what MarshalText printed.
func (id *MessageID) UnmarshalText(b []byte) error {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err == nil {
		*id = MessageID(n)
	}
	return err
}
