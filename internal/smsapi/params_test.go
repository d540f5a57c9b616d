package smsapi

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// collect returns the parameters that are present.
func collect(p *Params) map[Name]string {
	m := map[Name]string{}
	for n := range names {
		if p.Has(n) {
			m[n] = p.Get(n)
		}
	}
	return m
}

// TestAddQuery is what PHP makes of a query string, and where Q18 differs.
func TestAddQuery(t *testing.T) {
	cases := []struct {
		name, query string
		want        map[Name]string
	}{
		{"empty", "", map[Name]string{}},
		{"plus is a space", "text=a+b", map[Name]string{Text: "a b"}},
		{"escapes in both cases", "text=%2b%2B%e0%A6%85", map[Name]string{Text: "++অ"}},
		{"lone percent", "text=100%", map[Name]string{Text: "100%"}},
		{"bad escapes stay", "text=%zz%4%%20%4g%", map[Name]string{Text: "%zz%4% %4g%"}},
		{"double encoding is undone once", "text=%2520", map[Name]string{Text: "%20"}},
		{"%00", "text=a%00b", map[Name]string{Text: "a\x00b"}},
		{"bytes that are no UTF-8", "text=%E9\xe9", map[Name]string{Text: "\xe9\xe9"}},
		{"semicolon is ordinary", "text=a;b&to=1;2", map[Name]string{Text: "a;b", To: "1;2"}},
		{"first = ends the name", "text=a=b==c", map[Name]string{Text: "a=b==c"}},
		{"encoded separators", "text=a%26b%3Dc", map[Name]string{Text: "a&b=c"}},
		{"question mark and hash are ordinary", "text=a?b#c", map[Name]string{Text: "a?b#c"}},
		{"bare names", "sendsms&text&to", map[Name]string{SendSMS: "", Text: "", To: ""}},
		{"empty values", "sendsms=&text=", map[Name]string{SendSMS: "", Text: ""}},
		{"pieces without a name", "&&=x&=&%20=y&+&to=1&", map[Name]string{To: "1"}},
		{"last duplicate wins", "to=1&to=2&text=a&text", map[Name]string{To: "2", Text: ""}},
		{"unknown parameters", "x=1&textt=2&tex=3&text2=4&to%5B%5D=5&to[]=6", map[Name]string{}},
		{"stray pieces of a text", "text=a & b& balance due&to=1", map[Name]string{Text: "a ", To: "1"}},
		{"case of names counts", "TEXT=a&Text=b&apiKey=c", map[Name]string{}},
		{"encoded name", "%74ext=a&t%6f=b", map[Name]string{Text: "a", To: "b"}},
		{"blanks around names", " text =a&%20%09to%0d%0A=1&+type+=sms&++from=F&\tlist\n=all", map[Name]string{Text: "a", To: "1", Type: "sms", From: "F", List: "all"}},
		{"blanks inside names", "te xt=a&te%20xt=b&send+sms", map[Name]string{}},
		{"many blanks before a name", strings.Repeat("%20", 300) + "text=a&" + strings.Repeat("+", 300) + "to" + strings.Repeat("%0A", 300) + "=1", map[Name]string{Text: "a", To: "1"}},
		{"long names", strings.Repeat("%61", 300) + "=1&scheduledates%20=2&scheduledate%20=3", map[Name]string{ScheduleDate: "3"}},
		{"a name in other bytes", "text%00=a&\x00text=b&text\xc2\xa0=c", map[Name]string{}},
		{"values are trimmed", "apikey=%20K%09&apitoken=\tT\r\n&type=+SMS&route=%0A0&groupid=1+&list=+unread&to=+88+1+&from=+My+Shop+&scheduledate=+&language=+en", map[Name]string{
			APIKey: "K", APIToken: "T", Type: "SMS", Route: "0", GroupID: "1", List: "unread", To: "88 1", From: "My Shop", ScheduleDate: "", Language: "en"}},
		{"text is not trimmed", "text=+%0A a %0D%0A+", map[Name]string{Text: " \n a \r\n "}},
		{"every name", "sendsms=a&groupstatus=b&getinbox=c&balance=d&apikey=e&apitoken=f&type=g&from=h&to=i&text=j&file=k&language=l&scheduledate=m&duration=n&route=o&groupid=p&list=q&before=r&detail=s", map[Name]string{
			SendSMS: "a", GroupStatus: "b", GetInbox: "c", Balance: "d", APIKey: "e", APIToken: "f", Type: "g", From: "h", To: "i", Text: "j", File: "k", Language: "l", ScheduleDate: "m", Duration: "n", Route: "o", GroupID: "p", List: "q", Before: "r", Detail: "s"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var p Params
			p.AddQuery(c.query)
			if got := collect(&p); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q\ngot  %q\nwant %q", c.query, got, c.want)
			}
			if got := reference(c.query); !reflect.DeepEqual(got, c.want) {
				t.Errorf("the reference makes %q", got)
			}
		})
	}
}

var phpEscape = regexp.MustCompile(`\+|%[0-9A-Fa-f]{2}`)

// reference decodes by the same rules in the plainest way.
func reference(query string) map[Name]string {
	decode := func(s string) string {
		return string(phpEscape.ReplaceAllFunc([]byte(s), func(e []byte) []byte {
			if e[0] == '+' {
				return []byte{' '}
			}
			v, err := strconv.ParseUint(string(e[1:]), 16, 8)
			if err != nil {
				panic(err)
			}
			return []byte{byte(v)}
		}))
	}
	known := map[string]Name{}
	for n, s := range spelling {
		known[s] = Name(n)
	}
	m := map[Name]string{}
	for _, piece := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(piece, "=")
		n, ok := known[strings.Trim(decode(name), " \t\r\n")]
		if !ok {
			continue
		}
		m[n] = decode(value)
		if n != Text {
			m[n] = strings.Trim(m[n], " \t\r\n")
		}
	}
	return m
}

func FuzzAddQuery(f *testing.F) {
	for _, q := range []string{"sendsms&text=100%&to=+88", "%20text%20=a%%20b&=&&;", "to%0A=%2b&to", "te%78t=%zz"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		var p Params
		p.AddQuery(q)
		if got, want := collect(&p), reference(q); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q\ngot  %q\nwant %q", q, got, want)
		}
	})
}

// TestEncodedValuesComeBack: whatever a correct client encodes arrives.
func TestEncodedValuesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.MapOf(rapid.SampledFrom(spelling[:]), rapid.String()).Draw(t, "values")
		form := url.Values{}
		for n, v := range values {
			form.Set(n, v)
		}
		var p Params
		p.AddQuery(form.Encode())
		for n := range names {
			want, ok := values[n.String()]
			if n != Text {
				want = strings.Trim(want, " \t\r\n")
			}
			if p.Has(n) != ok || p.Get(n) != want {
				t.Fatalf("%v: got %q %v, want %q %v", n, p.Get(n), p.Has(n), want, ok)
			}
		}
	})
}

func TestNames(t *testing.T) {
	for n := range names {
		if got, ok := exact(n.String()); !ok || got != n || len(n.String()) > maxSpelling {
			t.Errorf("%q is found as %v, %v", n.String(), got, ok)
		}
	}
	var p Params
	if names.String() != "" || p.Has(names) || p.Get(names) != "" || p.Has(200) {
		t.Error("a name out of range is known")
	}
}

func TestAllocations(t *testing.T) {
	cases := []struct {
		name, query string
		want        float64
	}{
		{"nothing to decode", "sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=Hello&route=0", 0},
		{"much to decode", "sendsms&apikey=K&from=A+B&to=%2B8801711111111%2C8801711111112&text=Your+code+%26c&scheduledate=2026-11-24+20%3A11%3A07", 1},
		{"encoded names", "%20%20sendsms%20%20&+apikey=K", 0},
	}
	for _, c := range cases {
		var p Params
		if got := testing.AllocsPerRun(100, func() { p.AddQuery(c.query) }); got != c.want {
			t.Errorf("%s: %v allocations, want %v", c.name, got, c.want)
		}
	}
}

// TestParamsAreNotPrinted: no verb and no logger shows a value.
func TestParamsAreNotPrinted(t *testing.T) {
	var p Params
	p.AddQuery("sendsms&apikey=secretkey&apitoken=secrettoken&text=secrettext")
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("call", "params", p, "ptr", &p)
	slog.New(slog.NewTextHandler(&logged, nil)).Info("call", "params", p, "ptr", &p)
	out := logged.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb, p) + fmt.Sprintf(verb, &p) + fmt.Sprintf(verb, []Params{p})
	}
	if strings.Contains(out, "secret") || strings.Contains(out, "736563") {
		t.Errorf("a value is shown: %s", out)
	}
	if !strings.Contains(out, "sendsms apikey apitoken text") {
		t.Errorf("the names are not shown: %s", out)
	}
}
