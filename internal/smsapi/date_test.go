package smsapi

import (
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestQ12Formats(t *testing.T) {
	const dhaka, berlin, newYork = "Asia/Dhaka", "Europe/Berlin", "America/New_York"
	cases := []struct{ zone, text, want string }{ // want in UTC
		{dhaka, "2026-12-24 20:11:07", "2026-12-24T14:11:07Z"},
		{dhaka, "2026-12-24 20:11", "2026-12-24T14:11:00Z"},
		{dhaka, "2026-12-24", "2026-12-23T18:00:00Z"},
		{dhaka, " 2026-12-24   20:11:07\r\n", "2026-12-24T14:11:07Z"},
		{dhaka, "2026-12-24\t20:11:07", "2026-12-24T14:11:07Z"},
		{dhaka, "2026-2-1 8:5:7", "2026-02-01T02:05:07Z"},
		{dhaka, "2026-12-24 20:11:07.250", "2026-12-24T14:11:07.25Z"},
		{dhaka, "2026-12-24T20:11:07", "2026-12-24T14:11:07Z"},
		{dhaka, "2026-12-24T20:11", "2026-12-24T14:11:00Z"}, // a browser's datetime-local

		// An explicit zone wins.
		{dhaka, "2026-12-24T20:11:07Z", "2026-12-24T20:11:07Z"},
		{dhaka, "2026-12-24T20:11:07.000Z", "2026-12-24T20:11:07Z"}, // JavaScript's toISOString
		{dhaka, "2026-12-24T20:11:07+02:00", "2026-12-24T18:11:07Z"},
		{dhaka, "2026-12-24T20:11:07-05:00", "2026-12-25T01:11:07Z"},
		{dhaka, "2026-12-24T20:11:07+0200", "2026-12-24T18:11:07Z"},  // PHP's DATE_ISO8601
		{dhaka, "2026-12-24T20:11:07 02:00", "2026-12-24T18:11:07Z"}, // a raw + arrived as a blank
		{dhaka, "2026-12-24T20:11:07 0200", "2026-12-24T18:11:07Z"},
		{dhaka, "2026-12-24 20:11:07 02:00", "2026-12-24T18:11:07Z"},
		{dhaka, "2026-12-24 20:11:07  02:00", "2026-12-24T18:11:07Z"},
		{dhaka, "2026-12-24 20:11:07+02:00", "2026-12-24T18:11:07Z"},
		{dhaka, "2026-12-24 20:11:07 +02:00", "2026-12-24T18:11:07Z"},
		{dhaka, "2026-12-24 20:11:07 -0500", "2026-12-25T01:11:07Z"},
		{dhaka, "2026-12-24 20:11:07Z", "2026-12-24T20:11:07Z"},
		{dhaka, "2026-12-24 20:11:07 Z", "2026-12-24T20:11:07Z"},

		{dhaka, "Sun Jan 27 12:03:37 UTC 2019", "2019-01-27T12:03:37Z"},
		{dhaka, "Sun Jan  7 12:03:37 GMT 2026", "2026-01-07T12:03:37Z"},
		{dhaka, "Sun Jan 27 12:03:37 +06 2026", "2026-01-27T06:03:37Z"}, // how date(1) names the zone of Dhaka
		{berlin, "Sun Jan 27 12:03:37 +06 2026", "2026-01-27T06:03:37Z"},
		{berlin, "Sun Jan 27 12:03:37 -0330 2026", "2026-01-27T15:33:37Z"},
		{berlin, "Sun Jan 27 12:03:37 CET 2026", "2026-01-27T11:03:37Z"},
		{berlin, "Mon Jul 27 12:03:37 CEST 2026", "2026-07-27T10:03:37Z"},
		{newYork, "Mon Jul 27 12:03:37 EDT 2026", "2026-07-27T16:03:37Z"},
		{newYork, "Mon Jul 27 12:03:37 EST 2026", "2026-07-27T17:03:37Z"}, // what it says, not what is in force

		// A skipped time moves forward, a repeated one is the first.
		{berlin, "2027-03-28 01:59:59", "2027-03-28T00:59:59Z"},
		{berlin, "2027-03-28 02:00:00", "2027-03-28T01:00:00Z"}, // 03:00 summer time
		{berlin, "2027-03-28 02:30:00", "2027-03-28T01:30:00Z"}, // 03:30 summer time
		{berlin, "2027-03-28 03:00:00", "2027-03-28T01:00:00Z"},
		{berlin, "2026-10-25 01:59:59", "2026-10-24T23:59:59Z"},
		{berlin, "2026-10-25 02:30:00", "2026-10-25T00:30:00Z"},
		{berlin, "2026-10-25 02:59:59", "2026-10-25T00:59:59Z"},
		{berlin, "2026-10-25 03:00:00", "2026-10-25T02:00:00Z"},
		{newYork, "2027-03-14 02:30:00", "2027-03-14T07:30:00Z"}, // 03:30 EDT
		{newYork, "2027-03-14 03:00:00", "2027-03-14T07:00:00Z"},
		{newYork, "2026-11-01 01:30:00", "2026-11-01T05:30:00Z"}, // EDT
		{newYork, "2026-11-01 02:00:00", "2026-11-01T07:00:00Z"},
		{"Africa/Cairo", "2027-04-30", "2027-04-29T22:00:00Z"},              // midnight is skipped: 01:00
		{"Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:45:00Z"}, // a change of 30 minutes
		{"Australia/Lord_Howe", "2027-04-04 01:45", "2027-04-03T14:45:00Z"},
	}
	for _, c := range cases {
		got, err := parseDate(c.text, zone(t, c.zone))
		if err != nil || got.UTC().Format(time.RFC3339Nano) != c.want {
			t.Errorf("%s %q: %s, %v, want %s", c.zone, c.text, got.UTC().Format(time.RFC3339Nano), err, c.want)
		}
	}
}

func TestQ12Nonsense(t *testing.T) {
	for _, text := range []string{"now", "tomorrow", "0", "1", "null", "-1", "2026", "2026-13-01 10:00:00", "2026-02-30", "2026-12-24 25:00:00",
		"2026-12-24 24:00:00", "2026-12-24 10:60", "24-12-2026 10:00:00", "24/12/2026", "12/24/2026 10:00", "1798106400", "10:00:00",
		"2026-12-24 10:00:00 PM", "2026-12-24 20:11:07 25:00", "2026-12-24 20:11:07 Dhaka", "Sun Jan 27 12:03:37 2019", "Sun Jan 27 12:03:37 XYZ 2026",
		"Sun Jan 27 12:03:37 EST 2026", "0000-00-00 00:00:00", "2026-12-24 10:00:00; DROP", "২০২৬-১২-২৪"} {
		if got, err := parseDate(text, zone(t, "Asia/Dhaka")); err == nil {
			t.Errorf("%q was read as %s", text, got)
		} else if err.Error() != "scheduledate is not a date; write YYYY-MM-DD HH:mm:ss" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestQ12ThroughTheFace: empty, now and past are sent now, a later time is kept,
// in the account's zone; more than 365 days and nonsense are errors.
func TestQ12ThroughTheFace(t *testing.T) {
	r := newRig(t) // it is 18:00:00 in Dhaka
	for _, text := range []string{"", "   ", "2026-11-24 18:00:00", "2026-11-24 17:59:59", "2019-02-10 13:37:51", "2026-11-24", "2026-11-24T12:00:00Z", "Sun Jan 27 12:03:37 UTC 2019"} {
		if g, m := r.stored(r.send("scheduledate", text).queued()); !g.SendAt.IsZero() || m[0].State.String() != "queued" {
			t.Errorf("%q: at %s, %s, want now", text, g.SendAt, m[0].State)
		}
	}
	for text, want := range map[string]string{"2026-11-24 18:00:01": "2026-11-24T12:00:01Z", "2026-11-24T12:00:01Z": "2026-11-24T12:00:01Z",
		"2027-11-24 18:00:00": "2027-11-24T12:00:00Z"} {
		if g, m := r.stored(r.send("scheduledate", text).queued()); g.SendAt.Format(time.RFC3339) != want || m[0].State.String() != "scheduled" {
			t.Errorf("%q: at %s, %s, want %s", text, g.SendAt, m[0].State, want)
		}
	}
	before := r.balance()
	r.send("scheduledate", "2027-11-24 18:00:01").refused("sendsms", "scheduledate is too far away; at most 365 days ahead are allowed")
	r.send("scheduledate", "9999-12-31").refused("sendsms", "scheduledate is too far away; at most 365 days ahead are allowed")
	r.send("scheduledate", "soon").refused("sendsms", "scheduledate is not a date; write YYYY-MM-DD HH:mm:ss")
	if r.balance() != before {
		t.Error("a refused call moved credit")
	}

	newYork := newRig(t, func(r *rig) { r.acme.TimeZone = "America/New_York" })
	sent := newYork.send("scheduledate", "2027-03-14 02:30:00")
	if g, _ := newYork.stored(sent.queued()); g.SendAt.Format(time.RFC3339) != "2027-03-14T07:30:00Z" {
		t.Errorf("at %s", g.SendAt)
	}
	if date := sent.word("date"); date != "2026-11-24 07:00:00" {
		t.Errorf("date %s is not in the account's zone", date)
	}
}

// TestClockChanges holds inZone against its definition, for every minute around
// the changes of zones that have some.
func TestClockChanges(t *testing.T) {
	names := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Santiago", "Asia/Dhaka", "Pacific/Chatham", "Africa/Casablanca"}
	rapid.Check(t, func(rt *rapid.T) {
		z := zone(t, rapid.SampledFrom(names).Draw(rt, "zone"))
		minute := rapid.IntRange(0, 2*365*24*60).Draw(rt, "minute")
		clock := time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)
		got := inZone(clock, z)
		// The first instant whose clock shows that time, or a later one if none does.
		for u := clock.Add(-15 * time.Hour); ; u = u.Add(15 * time.Minute) {
			local := u.In(z)
			if !sameDay(local, clock) || clockMinutes(local)/15 != clockMinutes(clock)/15 {
				if u.After(clock.Add(15 * time.Hour)) {
					if !skipped(clock, got, z) {
						rt.Fatalf("%s in %s: got %s", clock, z, got)
					}
					return
				}
				continue
			}
			want := u.Add(time.Duration(clockMinutes(clock)-clockMinutes(local)) * time.Minute)
			if !got.Equal(want) {
				rt.Fatalf("%s in %s: got %s, want %s", clock, z, got, want.In(z))
			}
			return
		}
	})
}

func sameDay(a, b time.Time) bool  { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }
func clockMinutes(t time.Time) int { return 60*t.Hour() + t.Minute() }
func skipped(clock, got time.Time, z *time.Location) bool {
	_, before := got.Add(-3 * time.Hour).In(z).Zone()
	_, after := got.In(z).Zone()
	// Moved forward by the change: the offset before it gives the instant.
	return after > before && got.Equal(clock.Add(-time.Duration(before)*time.Second))
}
