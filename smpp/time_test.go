package smpp

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestParseReceiptTime(t *testing.T) {
	dhaka := time.FixedZone("", 6*3600)
	at := func(y, mo, d, h, mi, s int, loc *time.Location) time.Time {
		return time.Date(y, time.Month(mo), d, h, mi, s, 0, loc)
	}
	tests := []struct {
		in   string
		want time.Time
	}{
		{"0809011130", at(2008, 9, 1, 11, 30, 0, dhaka)},
		{"110206193041", at(2011, 2, 6, 19, 30, 41, dhaka)},
		{"201506201641", at(2015, 6, 20, 16, 41, 0, dhaka)},
		{"202611242215", at(2026, 11, 24, 22, 15, 0, dhaka)},
		{"201106193041", at(2020, 11, 6, 19, 30, 41, dhaka)}, // 30 is no hour
		{"20110314181534", at(2011, 3, 14, 18, 15, 34, dhaka)},
		{"180711070003912+", at(2018, 7, 11, 7, 0, 3, time.FixedZone("", 3*3600)).Add(900 * time.Millisecond)},
		{"2026-11-24 22:15:00", at(2026, 11, 24, 22, 15, 0, dhaka)},
		{"2026-11-24T22:15:00Z", at(2026, 11, 24, 22, 15, 0, time.UTC)},
		{"2402291200", at(2024, 2, 29, 12, 0, 0, dhaka)},
	}
	for _, tt := range tests {
		if got, ok := ParseReceiptTime(tt.in, dhaka); !ok || !got.Equal(tt.want) {
			t.Errorf("%s is %v (%v), want %v", tt.in, got, ok, tt.want)
		}
	}
	for _, bad := range []string{"", "null", "%s", "0000000000", "000000000000", "00000000000000", "2602291200", "2613011200", "2611242415", "261124221", "1", "00000100000000R", "000001000000000R"} {
		if got, ok := ParseReceiptTime(bad, dhaka); ok {
			t.Errorf("%q is %v", bad, got)
		}
	}
}

func TestTimes(t *testing.T) {
	now := time.Date(2026, 11, 24, 22, 15, 0, 0, time.UTC)
	for in, want := range map[string]time.Time{
		"":                 {},
		"261124221500000+": now,
		"261125041500024+": now,
		"261124171500520-": now.Add(500 * time.Millisecond),
		"000000010000000R": now.Add(time.Hour),
		"000001000030000R": now.AddDate(0, 0, 1).Add(30 * time.Second),
		"010200000000000R": now.AddDate(1, 2, 0),
	} {
		if got, err := ParseTime(in, now); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v (%v), want %v", in, got, err, want)
		}
	}
	for _, bad := range []string{"x", "261124221500000", "261124221500000X", "261324221500000+", "26112422150000a+", "261124221500049+", "2611242215000000+"} {
		if _, err := ParseTime(bad, now); err != ErrTime {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if FormatTime(time.Time{}) != "" || FormatRelative(0) != "" || FormatRelative(-time.Hour) != "" {
		t.Error("nothing is not the empty string")
	}
	for d, want := range map[time.Duration]string{
		time.Second: "000000000001000R", time.Millisecond: "000000000001000R", 90 * time.Minute: "000000013000000R", 24 * time.Hour: "000001000000000R",
		72 * time.Hour: "000003000000000R", 31 * 24 * time.Hour: "000101000000000R", 1 << 62: "010216000000000R",
	} {
		if got := FormatRelative(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
	if got := FormatTime(now.In(time.FixedZone("", 5*3600+20*60))); got != "261124221500000+" {
		t.Errorf("a zone that is no quarter of an hour: %s", got)
	}
	if got := FormatTime(now.In(time.FixedZone("", -3*3600-30*60))); got != "261124184500014-" {
		t.Errorf("a zone west of Greenwich: %s", got)
	}
}

func TestTimeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quarters := rapid.IntRange(-48, 48).Draw(t, "quarters")
		at := time.Unix(rapid.Int64Range(946684800, 4102444799).Draw(t, "unix"), rapid.Int64Range(0, 9).Draw(t, "tenths")*1e8).
			In(time.FixedZone("", quarters*900))
		if at.Year() < 2000 || at.Year() > 2099 {
			t.Skip("two digits of a year")
		}
		if got, err := ParseTime(FormatTime(at), time.Time{}); err != nil || !got.Equal(at) {
			t.Fatalf("%s is %v (%v), want %v", FormatTime(at), got, err, at)
		}
	})
}
