package smsapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/harkara/harkara/internal/connect/fake"
)

// The tests of this file and its neighbours carry the number of the requirement
// of compat.md that they prove. Q5, Q6, Q9 and Q22 on the wire are
// TestFixturesEndToEnd.

const who = "apikey=K&apitoken=T"

func TestQ01ActionByPresence(t *testing.T) {
	r := newRig(t)
	group := r.send().queued()
	replies := map[string]string{
		"sendsms":     `{"request":"sendsms","status":"queued"`,
		"groupstatus": `{"request":"groupstatus","status":"success"`,
		"getinbox":    `{"request":"getinbox","status":"success"`,
		"balance":     `{"balance":"`,
	}
	rest := who + "&groupid=" + group + "&from=ACME&to=8801712345678&text=x"
	for action, want := range replies {
		for _, value := range []string{"", "=", "=1", "=true", "=null", "=0", "=false", "=K", "=any%20thing"} {
			for _, target := range []string{action + value + "&" + rest, rest + "&" + action + value, who + "&" + action + value + "&" + rest} {
				if got := r.get("/smsAPI?" + target); got.status != 200 || !strings.HasPrefix(got.body, want) {
					t.Errorf("%s: %d %s", target, got.status, got.body)
				}
			}
		}
	}
}

func TestQ02GetAndPostAlike(t *testing.T) {
	const urlencoded = "application/x-www-form-urlencoded"
	multipartForm := strings.TrimSuffix(strings.TrimPrefix(multipartType, "Content-Type: "), "\r\n")
	const send = "sendsms&" + who + "&from=ACME&to=8801712345678"
	cases := []struct {
		name string
		call func(r *rig) reply
		text string
	}{
		{"GET", func(r *rig) reply { return r.get("/smsAPI?" + send + "&text=query") }, "query"},
		{"GET with a body", func(r *rig) reply {
			req := httptest.NewRequest(http.MethodGet, "/smsAPI?"+send+"&text=query", strings.NewReader("text=body"))
			req.Header.Set("Content-Type", urlencoded)
			return r.do(req)
		}, "body"},
		{"POST, all in the query", func(r *rig) reply { return r.post("/smsAPI?"+send+"&text=query", "", "") }, "query"},
		{"POST, all in the query, typed", func(r *rig) reply { return r.post("/smsAPI?"+send+"&text=query", urlencoded, "") }, "query"},
		{"POST, all in the body", func(r *rig) reply { return r.post("/smsAPI", urlencoded, send+"&text=body") }, "body"},
		{"POST, mixed, the body wins", func(r *rig) reply { return r.post("/smsAPI?"+send+"&text=query", urlencoded, "text=body") }, "body"},
		{"POST, the last duplicate wins", func(r *rig) reply { return r.post("/smsAPI", urlencoded, send+"&text=one&text=two") }, "two"},
		{"POST, multipart", func(r *rig) reply {
			return r.post("/smsAPI", multipartForm, form("sendsms", "", "apikey", "K", "apitoken", "T", "from", "ACME", "to", "8801712345678", "text", "parts"))
		}, "parts"},
		{"POST, multipart over the query", func(r *rig) reply { return r.post("/smsAPI?"+send+"&text=query", multipartForm, form("text", "parts")) }, "parts"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			group, messages := r.stored(c.call(r).queued())
			if group.Text != c.text || len(messages) != 1 || messages[0].To != "8801712345678" {
				t.Errorf("stored %q to %+v", group.Text, messages)
			}
		})
	}
}

func TestQ09WithoutQuestionMark(t *testing.T) {
	r := newRig(t)
	group := r.send().queued()
	r.inbound("hello")
	for _, prefix := range []string{"/smsAPI&", "/smsAPI?&", "/smsAPI/&", "/smsAPI/?&", "/smsAPI?"} {
		r.get(prefix + "sendsms&" + who + "&from=ACME&to=8801712345678&text=x").queued()
		if got := r.get(prefix + "groupstatus&" + who + "&groupid=" + group); got.word("group_id") != group {
			t.Errorf("%s: %s", prefix, got.body)
		}
		if got := r.get(prefix + "getinbox&" + who + "&list=all"); len(rows(got, "inbox")) != 1 {
			t.Errorf("%s: %s", prefix, got.body)
		}
		if got := r.get(prefix + "balance&" + who); got.word("balance") == "" {
			t.Errorf("%s: %s", prefix, got.body)
		}
	}
}

func TestQ10UnknownParametersAndActions(t *testing.T) {
	const unknown = "Unknown action; add one of the parameters sendsms, groupstatus, getinbox or balance"
	r := newRig(t)
	for _, target := range []string{"", "?", "?" + who, "?" + who + "&action=send-sms&to=1", "?SendSMS&" + who, "?getbalance&" + who, "&send&" + who, "?balance%00&" + who} {
		r.get("/smsAPI"+target).refused("", unknown)
	}
	r.untouched()
	r.send("unicode", "1", "callback", "https://example.com/?a=1", "_", "1754", "action", "x", "sms", "", "utf8[]", "1").queued()
}

func TestQ15LastPathElement(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/smsAPI", "/smsAPI/", "//smsAPI", "/SMSC/smsAPI", "/app/smsAPI/", "/sadar/portal/smsAPI", "/a/b/../smsAPI", "/smsAPI//", "/index.php/smsAPI"} {
		if got := r.get(path + "?balance&" + who); got.status != 200 || got.body != `{"balance":"100"}` {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	for path, message := range map[string]string{
		"/smsapi?balance&" + who:      "The path is case-sensitive: call /smsAPI, not /smsapi",
		"/app/SMSAPI/?balance&" + who: "The path is case-sensitive: call /smsAPI, not /smsapi",
		"/smsAPI/v2?balance&" + who:   "There is nothing at this path; call /smsAPI",
		"/smsAPI/balance":             "There is nothing at this path; call /smsAPI",
	} {
		got := r.get(path)
		want := `{"request":"","status":"error","message":"` + message + `"}`
		if got.status != 404 || got.body != want || got.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/elsewhere?balance&"+who, nil))
	if strings.Contains(w.Body.String(), "balance") {
		t.Errorf("another path was answered: %s", w.Body)
	}
}

func TestQ16Browsers(t *testing.T) {
	r := newRig(t)
	anyone := func(what string, h http.Header) {
		t.Helper()
		if h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: header %v", what, h)
		}
	}
	for _, path := range []string{"/smsAPI", "/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=x", "/smsAPI&getinbox&" + who} {
		req := httptest.NewRequest(http.MethodOptions, path, nil)
		req.Header.Set("Origin", "https://shop.example")
		req.Header.Set("Access-Control-Request-Method", "POST")
		req.Header.Set("Access-Control-Request-Headers", "content-type, x-requested-with")
		got := r.do(req)
		anyone("preflight", got.header)
		if got.status != 204 || got.body != "" || !strings.Contains(got.header.Get("Access-Control-Allow-Methods"), "POST") ||
			got.header.Get("Access-Control-Allow-Headers") != "*" || got.header.Get("Allow") == "" {
			t.Errorf("preflight: %d %q %v", got.status, got.body, got.header)
		}
	}
	r.untouched()

	img := httptest.NewRequest(http.MethodGet, "/smsAPI?sendsms&"+who+"&from=ACME&to=8801712345678&text=from+an+img", nil)
	img.Header.Set("Accept", "image/avif,image/webp,image/*,*/*;q=0.8")
	img.Header.Set("Sec-Fetch-Dest", "image")
	got := r.do(img)
	anyone("img", got.header)
	if group, _ := r.stored(got.queued()); group.Text != "from an img" {
		t.Errorf("stored %q", group.Text)
	}
	anyone("error", r.call("balance", "apikey", "wrong").header)
	anyone("404", r.get("/smsAPI/x").header)
}

// TestQ17ReplyAtOnce: the reply needs no operator. The link is down, and nobody
// has stepped the flow, when the call is answered.
func TestQ17ReplyAtOnce(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script = fake.Hold })
	r.link.Down("test")
	group := r.send().queued()
	if got := r.call("groupstatus", "groupid", group); got.word("group_status") != "queued" {
		t.Errorf("reply %s", got.body)
	}
	if n := len(r.link.Got()); n != 0 {
		t.Errorf("%d submissions", n)
	}
}

func TestQ18BlanksAround(t *testing.T) {
	r := newRig(t, func(r *rig) { r.script = fake.Deliver })
	r.edit(r.acme, func() { r.acme.Routes = []int64{r.route.ID} })
	for _, blank := range []string{"%20", "+", "%09", "%0A", "%0D%0A", "%20%20%0A"} {
		around := func(s string) string { return blank + s + blank }
		sent := r.get("/smsAPI?" + around("sendsms") + "&" + around("apikey") + "=" + around("K") + "&" + around("apitoken") + "=" + around("T") +
			"&" + around("type") + "=" + around("Unicode") + "&" + around("from") + "=" + around("acme") + "&" + around("to") + "=" + around("8801712345678") +
			"&" + around("text") + "=" + around("hi") + "&" + around("route") + "=" + around(decimal(r.route.ID)) + "&" + around("scheduledate") + "=" + around("2026-11-24"))
		group, messages := r.stored(sent.queued())
		if group.Type != "unicode" || group.From != "ACME" || len(group.Text) < len(" hi ") || !messages[0].Pinned {
			t.Errorf("blank %s: stored %+v", blank, group)
		}
		if got := r.get("/smsAPI?groupstatus&" + who + "&groupid=" + around(decimal(group.Number))); got.word("status") != "success" {
			t.Errorf("blank %s: %s", blank, got.body)
		}
		if got := r.get("/smsAPI?getinbox&" + who + "&list=" + around("All")); got.word("status") != "success" {
			t.Errorf("blank %s: %s", blank, got.body)
		}
	}
}

// TestMethods: what is neither GET nor POST changes nothing.
func TestMethods(t *testing.T) {
	r := newRig(t)
	r.inbound("one")
	const send = "/smsAPI?sendsms&" + who + "&from=ACME&to=8801712345678&text=x"
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete, "PROPFIND"} {
		r.do(httptest.NewRequest(method, send, nil)).refused("sendsms", "Method not supported; use GET or POST")
		r.do(httptest.NewRequest(method, "/smsAPI?getinbox&"+who, nil)).refused("getinbox", "Method not supported; use GET or POST")
	}
	r.do(httptest.NewRequest(http.MethodHead, send, nil)).refused("sendsms", "HEAD sends nothing; use GET or POST")
	r.untouched()
	if got := rows(r.call("getinbox"), "inbox"); len(got) != 1 {
		t.Errorf("%d unread, want 1", len(got))
	}
}

// TestDefaults: what is left out of the options.
func TestDefaults(t *testing.T) {
	h := NewHandler(Options{})
	if h.Now == nil || h.Log == nil || h.MaxRecipients != DefaultMaxRecipients {
		t.Errorf("handler %+v", h.Options)
	}
}
