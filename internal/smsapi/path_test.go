package smsapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

var targets = []struct {
	uri  string
	want Target
}{
	{"/smsAPI", Target{Match: Face}},
	{"/smsAPI/", Target{Match: Face}},
	{"/smsAPI//", Target{Match: Face}},
	{"/smsAPI?a=b", Target{Match: Face, Query: "a=b"}},
	{"/smsAPI?", Target{Match: Face}},
	{"/smsAPI/?a=b?c=/smsAPI/x", Target{Match: Face, Query: "a=b?c=/smsAPI/x"}},
	{"/smsAPI?&groupstatus&x", Target{Match: Face, Query: "&groupstatus&x"}},
	{"/SMSC/smsAPI?a", Target{Match: Face, Query: "a"}},
	{"/sadar/portal/smsAPI?a", Target{Match: Face, Query: "a"}},
	{"//smsAPI?a", Target{Match: Face, Query: "a"}},
	{"/a//b/smsAPI?a", Target{Match: Face, Query: "a"}},
	{"/smsAPI/v1/smsAPI?a", Target{Match: Face, Query: "a"}},
	{"/index.php/smsAPI?a", Target{Match: Face, Query: "a"}},
	{"http://host/smsAPI?a", Target{Match: Face, Query: "a"}},
	{"HTTPS://host:1/x/smsAPI?a", Target{Match: Face, Query: "a"}},

	{"/smsAPI&groupstatus&apikey=K", Target{Match: Face, Query: "groupstatus&apikey=K"}},
	{"/x/smsAPI&balance", Target{Match: Face, Query: "balance"}},
	{"/smsAPI/&balance&x", Target{Match: Face, Query: "balance&x"}},
	{"/smsAPI&", Target{Match: Face}},
	{"/smsAPI&sendsms&file=http://h/a/b.mp3&x=1", Target{Match: Face, Query: "sendsms&file=http://h/a/b.mp3&x=1"}},
	{"/smsAPI&text=a/smsAPI&b", Target{Match: Face, Query: "text=a/smsAPI&b"}},
	{"http://host/smsAPI&balance", Target{Match: Face, Query: "balance"}},
	{"/smsAPI&groupstatus?apikey=K&groupid=1", Target{Match: Face, Query: "groupstatus", Tail: "apikey=K&groupid=1"}},
	{"/smsAPI&groupstatus&apikey=K?x=1&groupid=1", Target{Match: Face, Query: "groupstatus&apikey=K", Tail: "x=1&groupid=1"}},
	{"/smsAPI&?balance", Target{Match: Face, Tail: "balance"}},
	{"/smsAPI&text=How are you? Fine&to=1", Target{Match: Face, Query: "text=How are you? Fine&to=1"}},
	{"/smsAPI&%20text=why?%20to do&to=1", Target{Match: Face, Query: "%20text=why?%20to do&to=1"}},
	{"/smsAPI&text=a?b?to=1", Target{Match: Face, Query: "text=a?b", Tail: "to=1"}},
	{"/smsAPI&text=a???sendsms&to=1", Target{Match: Face, Query: "text=a??", Tail: "sendsms&to=1"}},
	{"/smsAPI&text=a=b?c", Target{Match: Face, Query: "text=a=b?c"}},
	{"/smsAPI&text?to=1", Target{Match: Face, Query: "text", Tail: "to=1"}},
	{"/smsAPI&file=http://h/a?b=1?to=1", Target{Match: Face, Query: "file=http://h/a?b=1", Tail: "to=1"}},

	{"/smsapi?a", Target{Match: OtherCase, Query: "a"}},
	{"/x/SMSAPI/?a", Target{Match: OtherCase, Query: "a"}},
	{"/smsapi&sendsms&x", Target{Match: OtherCase, Query: "sendsms&x"}},
	{"http://h/SmsApi?a", Target{Match: OtherCase, Query: "a"}},
	{"/smsAPI/x?a", Target{Match: Below}},
	{"/p/smsAPI/v2/send", Target{Match: Below}},
	{"/smsAPI/smsapi?a", Target{Match: OtherCase, Query: "a"}},

	{"", Target{}},
	{"*", Target{}},
	{"/", Target{}},
	{"?smsAPI", Target{}},
	{"smsAPI?a", Target{}},
	{"/smsAPIs?a", Target{}},
	{"/smsAPI.php?a", Target{}},
	{"/xsmsAPI?a", Target{}},
	{"/sms%41PI?a", Target{}},
	{"/v1/messages?u=/smsAPI&balance", Target{}},
	{"/x&y/z?/smsAPI", Target{}},
	{"/smsapi/x", Target{}},
	{"/\u017fmsAPI", Target{}}, // a long s folds to s in Unicode, not here
	{"http://smsAPI", Target{}},
	{"http://smsAPI/", Target{}},
	{"http://smsAPI?a", Target{}},
	{"x?u=http://h/smsAPI?a", Target{}},
	{"://h/smsAPI", Target{}},
	{"h:443", Target{}},
}

func TestParseTarget(t *testing.T) {
	for _, c := range targets {
		if got := ParseTarget(c.uri); got != c.want {
			t.Errorf("%q\ngot  %+v\nwant %+v", c.uri, got, c.want)
		}
		if n := testing.AllocsPerRun(10, func() { ParseTarget(c.uri) }); n != 0 {
			t.Errorf("%q: %v allocations", c.uri, n)
		}
	}
}

// FuzzParseTarget: never a panic, and what is returned stands in the target.
func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"/smsAPI&text=a?to=1", "http://h/smsAPI/&x", "/a/smsAPI/b", "/smsapi"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		got := ParseTarget(uri)
		if !strings.HasSuffix(uri, got.Query+"?"+got.Tail) && !strings.HasSuffix(uri, got.Query) {
			t.Fatalf("%q: %+v", uri, got)
		}
		ours := strings.Contains(strings.ToLower(uri), "/smsapi")
		if got.Match == NotOurs && got != (Target{}) || got.Match != NotOurs && !ours {
			t.Fatalf("%q: %+v", uri, got)
		}
	})
}

// TestTargetIsLinear: no target of the longest kind that http.Server takes
// makes the work grow with the square of its length. A square would show as
// 4096 times the work for 64 times the length.
func TestTargetIsLinear(t *testing.T) {
	const long, times = 1 << 20, 64
	work := func(uri string) time.Duration {
		best := time.Hour
		for range 5 {
			start := time.Now()
			target := ParseTarget(uri)
			var p Params
			p.AddQuery(target.Query)
			best = min(best, time.Since(start))
		}
		return best
	}
	for name, build := range map[string]func(n int) string{
		"? in a text":              func(n int) string { return "/smsAPI&text=" + strings.Repeat("?", n) },
		"? and blanks in a text":   func(n int) string { return "/smsAPI&text=" + strings.Repeat("?+", n/2) },
		"many texts":               func(n int) string { return "/smsAPI&" + strings.Repeat("text=?x&", n/8) },
		"long names":               func(n int) string { return "/smsAPI?" + strings.Repeat("+", n) + "=" },
		"many escapes":             func(n int) string { return "/smsAPI?" + strings.Repeat("text=%2&", n/8) },
		"elements":                 func(n int) string { return strings.Repeat("/smsAPI", n/7) + "/x" },
		"elements and end slashes": func(n int) string { return strings.Repeat("/smsAPI", n/14) + strings.Repeat("/", n/2) },
		"slashes":                  func(n int) string { return strings.Repeat("/", n) },
	} {
		a, b := work(build(long/times)), work(build(long))
		if b > a*times*16+time.Millisecond {
			t.Errorf("%s: %v for %d bytes, %v for %d", name, a, long/times, b, long)
		}
	}
}

func TestFront(t *testing.T) {
	face := func(w http.ResponseWriter, _ *http.Request, target Target) {
		w.Header().Set("Face", target.Query)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Next", "yes") })
	h := Front(face, mux)
	for uri, ours := range map[string]bool{"//smsAPI?q": true, "/smsAPI&q": true, "/portal": false, "/portal?smsAPI": false} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RequestURI = uri
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Face") == "q"; got != ours || (w.Header().Get("Next") == "yes") == ours {
			t.Errorf("%q: face %v, want %v", uri, got, ours)
		}
	}
}
